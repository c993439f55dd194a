"""The formats that people bring, each on a small folder made here."""

from __future__ import annotations

import gzip
import json
import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sources
from sources import FEW, N_ITEMS, N_USERS

from recosim import World
from recosim.errors import ImportDataError, OptionError
from recosim.world.importers import import_data
from recosim.world.importers.pickles import read_pickle


def names(world: World, item: int) -> set[str]:
    return {world.attribute_names[a] for a in world.item_attributes.row(item)}


def item(world: World, name: str) -> set[str]:
    return names(world, list(world.item_names).index(name))


def refused(kind: str, folder: Path, problem: str, **options: Any) -> None:
    with pytest.raises(ImportDataError, match=problem):
        import_data(kind, folder, "x", **options)


# --- recbole ---


def test_recbole_takes_facets_from_token_columns_and_relations(tmp_path: Path) -> None:
    world = import_data("recbole", sources.recbole(tmp_path), "x")
    assert (world.n_users, world.n_items, world.n_interactions) == (N_USERS, N_ITEMS, 56)
    assert list(world.facet_names) == ["release_year", "class", "film.genre"]
    assert item(world, 'The "3') == {"1990", "Drama", "War1", "m.101"}
    assert world.friends.links == 2
    assert world.settings["dropped"] == {
        "friend links of users that were left out": 1,
        "triples whose head is no item": 1,
    }
    assert "numbers that are no attributes: the column 'length'" in world.settings["notes"]


def test_recbole_filters_by_rating_and_chooses_columns(tmp_path: Path) -> None:
    sources.recbole(tmp_path)
    for end in ("kg", "link", "net"):
        (tmp_path / f"ml.{end}").unlink()
    options = {"attributes": "class", "name_column": "item_id", "min_rating": 4.0}
    world = import_data("recbole", tmp_path, "x", **options, split_by="time")
    assert list(world.facet_names) == ["class"]
    assert world.n_interactions == sum(k % 3 > 0 for k in range(56))
    assert set(world.item_names) <= {f"i{i}" for i in range(N_ITEMS)}
    refused("recbole", tmp_path, r"ml\.item:1: expected the column genre", attributes="genre")
    with pytest.raises(OptionError, match="separator"):
        import_data("recbole", tmp_path, "x", separator="")


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("ml.inter", "user_id:token", "user_id", r"ml\.inter:1: expected a header of name:type"),
        ("ml.inter", "user_id:token", "user_id:text", r"ml\.inter:1: expected a header of name:t"),
        ("ml.inter", "user_id:token", "uid:token", r"ml\.inter:1: expected the column user_id"),
        ("ml.inter", "u0\t", "", r"ml\.inter:2: expected 4 fields, found 3"),
        ("ml.inter", "u0\t", "\t", r"ml\.inter:2: the column 'user_id' is empty"),
        ("ml.item", "i1\t", "i0\t", r"ml\.item:3: item 'i0' occurs twice"),
        ("ml.kg", "tail_id", "end", r"ml\.kg:1: expected the column tail_id"),
    ],
)
def test_recbole_names_the_place_of_what_is_wrong(
    tmp_path: Path, file: str, old: str, new: str, problem: str
) -> None:
    text = (sources.recbole(tmp_path) / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1))
    refused("recbole", tmp_path, problem)
    (tmp_path / "other.inter").write_text("")
    refused("recbole", tmp_path, r"holds ml\.inter, other\.inter; keep one dataset")


# --- amazon and goodreads ---


def test_amazon_reads_literals_and_json_of_each_edition(tmp_path: Path) -> None:
    world = import_data("amazon", sources.amazon(tmp_path), "x", **FEW, split_by="time")
    assert (world.n_users, world.n_items, world.n_interactions) == (N_USERS, N_ITEMS, 56)
    assert list(world.facet_names) == ["category", "brand", "price"]
    assert item(world, "Toy 4's") == {"Toys", "green", "Games", "Brand 0", "under 10"}
    (tmp_path / "reviews_Toys_5.json").unlink()
    (tmp_path / "meta_Toys.json").unlink()
    rows = [  # 2023
        {"user_id": f"A{u}", "asin": "variant", "parent_asin": f"B{i}", "rating": 5, "timestamp": k}
        for k, (u, i) in enumerate(sources.pairs())
    ]
    rows[0]["user_id"] = None
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (tmp_path / "Toys.jsonl.gz").write_bytes(gzip.compress(data))
    listed = (
        {
            "parent_asin": f"B{i}",
            "title": f"Toy {i}",
            "main_category": "Toys",
            "categories": ["Toys", "Games"] if i else [],
            "store": "Lego",
            "price": "$1,299.00" if i else None,
        }
        for i in range(N_ITEMS)
    )
    sources.write_rows(tmp_path / "meta_Toys.jsonl", listed)
    world = import_data("amazon", tmp_path, "x", **FEW)
    assert item(world, "Toy 4") == {"Toys", "Games", "Lego", "100 or more"}
    assert item(world, "Toy 0") == {"Toys", "Lego"}
    (lost,) = world.settings["dropped"]
    assert lost.startswith("reviews without a user, a product or stars (the first: Toys.jsonl.gz:1")


def test_a_literal_that_would_run_something_is_refused(tmp_path: Path) -> None:
    file = sources.amazon(tmp_path) / "meta_Toys.json"
    mark = tmp_path / "ran"
    line = f"{{'asin': 'B0', 'title': open({str(mark)!r}, 'w')}}"
    file.write_text(file.read_text() + line + "\n")
    refused("amazon", tmp_path, r"meta_Toys\.json:13: not valid JSON", **FEW)
    assert not mark.exists()


def test_goodreads_has_shelves_or_genres_authors_decades(tmp_path: Path) -> None:
    world = import_data("goodreads", sources.goodreads(tmp_path), "x", **FEW, split_by="time")
    assert (world.n_users, world.n_items, world.n_interactions) == (N_USERS, N_ITEMS, 56)
    assert list(world.facet_names) == ["shelf", "author", "decade", "language", "format"]
    assert item(world, "Book 4") == {"green", "Poet 0", "1990s", "eng", "Paperback"}
    sources.write_rows(
        tmp_path / "goodreads_book_genres_initial.json",
        ({"book_id": str(i), "genres": {"history, biography": 3}} for i in range(N_ITEMS)),
    )
    world = import_data("goodreads", tmp_path, "x", **FEW)
    assert item(world, "Book 0") == {"history", "biography", "Poet 0", "1990s", "eng"}


def test_goodreads_counts_what_is_no_rating(tmp_path: Path) -> None:
    file = sources.goodreads(tmp_path) / "goodreads_interactions_poetry.json"
    file.write_text(file.read_text().replace('"rating": 4', '"rating": 0', 3))
    world = import_data("goodreads", tmp_path, "x", **FEW)
    assert world.settings["dropped"]["interactions without a rating (0)"] == 3
    (tmp_path / "goodreads_books_poetry.json").unlink()
    refused("goodreads", tmp_path, "does not hold .* of books", **FEW)


# --- last.fm 360k ---


def test_lastfm360k_asks_about_listeners_of_train_alone(tmp_path: Path) -> None:
    options = {"min_user_items": 1, "min_item_users": 1}
    world = import_data("lastfm360k", sources.lastfm360k(tmp_path), "x", **options)
    assert (world.n_users, world.n_items, world.n_interactions) == (N_USERS, N_ITEMS, 56)
    assert list(world.facet_names) == ["popularity", "listeners' country", "listeners' age"]
    best = int(world.popularity.argmax())
    assert "very popular" in names(world, best)
    assert names(world, best) & {"Spain", "Peru"}
    assert world.settings["notes"] == {"users without an age from 5 to 99": 1}
    some = import_data("lastfm360k", tmp_path, "x", **options, min_plays=20)
    assert some.n_interactions == 56 - 15
    with (tmp_path / "usersha1-profile.tsv").open("a") as file:
        file.write("user1\tm\t20\tPeru\tFeb 1, 2007\n")
    refused("lastfm360k", tmp_path, r"profile\.tsv:9: user 'user1' occurs twice", **options)


# --- mcmipl and metacrs ---


def test_mcmipl_reads_pickles_of_classes_that_are_not_here(tmp_path: Path) -> None:
    plain = import_data("scpr", sources.scpr(tmp_path / "scpr"), "x")
    world = import_data("mcmipl", sources.mcmipl(tmp_path / "m"), "x")
    assert list(world.facet_names) == ["kind 7", "kind 9"]
    assert world.attribute_facet.tolist() == [0, 0, 0, 1, 1]
    for field in ("item_attributes", "train", "test", "friends"):
        assert np.array_equal(getattr(world, field).indices, getattr(plain, field).indices)
    assert list(world.attribute_names) == list(plain.attribute_names)
    other = import_data("metacrs", tmp_path / "m", "x")
    assert list(other.facet_names) == ["tag"]


@pytest.mark.parametrize("file", ["fea_item/item_feature.pkl", "Graph_generate_data/item_fea.pkl"])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_mcmipl_reads_the_attributes_of_items_from_each_file(
    tmp_path: Path, file: str, protocol: int
) -> None:
    plain = import_data("mcmipl", sources.mcmipl(tmp_path), "x")
    (tmp_path / "kg.pkl").unlink()
    rows = OrderedDict((i, np.array([i % 3, 3 + i % 2])) for i in range(N_ITEMS))
    (tmp_path / file).write_bytes(pickle.dumps(rows, protocol=protocol))
    world = import_data("mcmipl", tmp_path, "x")
    assert np.array_equal(world.item_attributes.indices, plain.item_attributes.indices)
    (tmp_path / file).unlink()
    refused("mcmipl", tmp_path, r"the attributes of items: expected .*kg\.pkl")


class Trap:
    """What an attacker would put into a pickle."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


def test_nothing_in_a_pickle_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    for number, value in enumerate(
        (
            Trap(f"touch {mark}"),
            {"G": {"item": {0: Trap(f"touch {mark}")}}},
            [Trap(f"touch {mark}")] * 3,
        )
    ):
        file = tmp_path / f"{number}.pkl"
        file.write_bytes(pickle.dumps(value))
        read_pickle(file)
    # Names that would fetch functions or modules are plain too.
    for text in (b"cbuiltins\neval\n(S'1/0'\ntR.", b"cos\nsystem\n(S'touch x'\ntR."):
        file.write_bytes(text)
        assert read_pickle(file) == {}
    assert not mark.exists()


@pytest.mark.parametrize(
    "data",
    [b"", b"text", b"\x80\x05.", b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x80\xff"],
)
def test_a_damaged_pickle_is_named(tmp_path: Path, data: bytes) -> None:
    (sources.mcmipl(tmp_path) / "kg.pkl").write_bytes(data)
    refused("mcmipl", tmp_path, r"kg\.pkl: (cannot be read as a pickle|expected a graph)")


def test_a_pickle_of_numpy_is_read_as_lists(tmp_path: Path) -> None:
    file = tmp_path / "a.pkl"
    for array in (
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([True, False]),
        np.array([1, 2], dtype=">i4"),
        np.array([None, "a"], dtype=object),
    ):
        for protocol in range(pickle.HIGHEST_PROTOCOL):
            file.write_bytes(pickle.dumps(array, protocol=protocol))
            assert read_pickle(file) == array.tolist()


# --- tables ---


def test_table_maps_columns_and_separates_attributes(tmp_path: Path) -> None:
    rows = [f"{k};A{u};B{i};{3 + k % 3}" for k, (u, i) in enumerate(sources.pairs())]
    sources.write(tmp_path / "interactions.csv", ["n;userId;asin;stars", *rows])
    rows = [f"B{i};{sources.COLOURS[i % 3]} | small" for i in range(N_ITEMS)]
    sources.write(tmp_path / "item_attributes.csv", ["asin;genres", *rows])
    options = {
        "columns": "user=userId, item=asin, rating=stars, attribute=genres",
        "delimiter": ";",
        "separator": "|",
    }
    world = import_data("table", tmp_path, "x", **options, min_rating=4)
    assert world.n_interactions == sum(k % 3 > 0 for k in range(56))
    assert item(world, "B4") == {"green", "small"}
    assert "columns that were left out: 'n' of interactions.csv" in world.settings["notes"]
    assert world.settings["dropped"]["ratings below 4"] == 19
    refused("table", tmp_path, "nothing is left", **options, min_user_items=9)
    refused(
        "table", tmp_path, "the column 'user' is missing", **{**options, "columns": "item=asin"}
    )
    for columns in ("user", "user=", "person=userId", "user=a,user=b"):
        with pytest.raises(OptionError, match="is no mapping"):
            import_data("table", tmp_path, "x", columns=columns)
    with pytest.raises(OptionError, match="allowed: one character"):
        import_data("table", tmp_path, "x", delimiter="::")


@pytest.mark.parametrize("end", [".tsv", ".csv.gz", ".tsv.gz"])
def test_table_reads_tabs_and_gzip(tmp_path: Path, end: str) -> None:
    plain = import_data("table", sources.table(tmp_path), "x")
    for file in list(tmp_path.iterdir()):
        data = file.read_bytes().replace(b'"', b"").replace(b"Thing, ", b"Thing ")
        if "tsv" in end:
            data = data.replace(b",", b"\t")
        file.unlink()
        packed = gzip.compress(data) if end.endswith(".gz") else data
        (tmp_path / f"{file.stem}{end}").write_bytes(packed)
    world = import_data("table", tmp_path, "x")
    assert np.array_equal(world.train.indices, plain.train.indices)
    assert world.friends.links == plain.friends.links


def test_table_minima_leave_out_users_items_and_their_links(tmp_path: Path) -> None:
    sources.table(tmp_path)
    with (tmp_path / "interactions.csv").open("a") as file:
        file.write("lone,i0,5\n")
    (tmp_path / "friends.csv").write_text("user,friend\nu0,lone\nu0,u1\n")
    world = import_data("table", tmp_path, "x", min_user_items=2, min_item_users=3)
    assert world.n_users == N_USERS
    assert world.friends.links == 2
    assert world.settings["dropped"] == {"friend links of users that were left out": 1}
    assert (world.popularity + 3 > 0).all()


def test_given_splits_that_overlap_can_leave_train(tmp_path: Path) -> None:
    sources.table(tmp_path)
    (tmp_path / "friends.csv").unlink()
    rows = ["u0,i0,train", "u0,i1,train", "u0,i1,test", "u0,i2,valid"]
    sources.write(tmp_path / "interactions.csv", ["user,item,split", *rows])
    refused("table", tmp_path, "splits overlap: 1 in train and test")
    world = import_data("table", tmp_path, "x", overlap="out_of_train")
    assert [world.train.links, world.valid.links, world.test.links] == [1, 1, 1]


def test_a_world_is_made_from_frames_of_pandas(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    plain = import_data("table", sources.table(tmp_path), "x")
    frames = {file.stem: pd.read_csv(file) for file in tmp_path.iterdir()}
    world = World.from_pandas(
        frames["interactions"],
        frames["item_attributes"],
        "x",
        items=frames["items"],
        friends=frames["friends"],
    )
    assert world.fingerprint == plain.fingerprint
    listed = frames["item_attributes"].groupby("item")["attribute"].apply(list).reset_index()
    world = World.from_pandas(frames["interactions"], listed, "x", split_by="time")
    assert list(world.facet_names) == ["attribute"]
    frames["interactions"].loc[3, "item"] = None
    with pytest.raises(ImportDataError, match="interactions:4: the column 'item' is empty"):
        World.from_pandas(frames["interactions"], listed, "x")
    with pytest.raises(OptionError, match="interactions is a list; allowed: a frame of pandas"):
        World.from_pandas([1], listed, "x")
