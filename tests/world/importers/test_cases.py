"""Sources as people have them: each kind of fault is read rightly, or refused with its place."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sources
from sources import BUSINESS, N_ITEMS, N_USERS, REVIEW, USER, YELP

from recosim.errors import ImportDataError, RecosimError, UnknownNameError
from recosim.world.importers import import_data
from recosim.world.world import World

CASES = Path(__file__).parents[4] / "shared" / "cases"
MOVIES = {"min_user_items": 1}
TRAIN = "UI_Interaction_data/review_dict_train.json"
VALID = "UI_Interaction_data/review_dict_valid.json"
TEST = "UI_Interaction_data/review_dict_test.json"
ITEMS = "Graph_generate_data/item_dict.json"


def change(path: Path, make: Callable[[bytes], bytes]) -> None:
    path.write_bytes(make(path.read_bytes()))


def replace(path: Path, old: str, new: str, count: int = 1) -> None:
    data = path.read_bytes()
    assert old.encode() in data
    path.write_bytes(data.replace(old.encode(), new.encode(), count))


def names(world: World, item: int) -> set[str]:
    return {world.attribute_names[a] for a in world.item_attributes.row(item)}


def noted(world: World) -> str:
    return " ".join(f"{n} {what}" for what, n in world.settings.get("notes", {}).items())


def dropped(world: World) -> str:
    return " ".join(f"{n} {what}" for what, n in world.settings["dropped"].items())


def refused(kind: str, folder: Path, problem: str, **options: Any) -> None:
    with pytest.raises(ImportDataError, match=problem) as told:
        import_data(kind, folder, "x", **options)
    assert len(str(told.value)) < len(str(folder)) * 2 + 800


# --- the inputs that failed once ---

RIGHT: dict[str, Any] = {
    "movielens-reordered": (8, 29),
    "movielens-movies_reordered": (8, 29),
    "movielens-float_time": (8, 29),
    "movielens-iso_time_kaggle20m": (8, 29),
    "movielens-ml100k": (8, 29),
    "scpr-bom": (8, 20),
    "scpr-overlap": "splits overlap: 8 in train and test",
    "scpr-name_surrogate": (8, 20),
    "yelp-surrogate": (10, 20),
    "table-float-ids": (8, 14),
    "table-isbn-float": (8, 14),
    "table-attribute-spelling": (8, 14),
    "table-unclosed-quote": r"interactions\.csv:37: the quote that opens in this line",
    "table-unclosed-quote-items": r"items\.csv:7: the quote that opens in this line",
    "table-list-column": (8, 14),
    "table-binary-not-utf8": r"interactions\.parquet:1: the column 'item'.* not UTF-8",
    "table-33000-facets": r"item_attributes\.csv:32769: more than 32,767 facets",
    "yelp-user_list": r"review\.json:3: the column 'user_id': a list is no id",
    "yelp-corrupt_gz": r"review\.json\.gz: the gzip file is damaged",
    "table-iso-zone": (8, 14),
    "table-timestamp-tz": (8, 14),
    "table-quality-130-length-inf": r"items\.csv:\d+: (quality|length) .*; allowed",
    "yelp-attributes_old_2015": (10, 20),
    "yelp-attributes_str_literal": (10, 20),
    "yelp-date_us": r"review\.json:1: date '1/2/2018' can be two dates",
    "yelp-nan": (10, 20),
    "yelp-infinity_review": (10, 20),
    "yelp-user_null": (10, 20),
    "yelp-lfs": "a pointer of Git LFS and not the file",
}


@pytest.mark.parametrize("case", sorted(RIGHT))
def test_the_inputs_that_failed_are_answered_rightly(case: str) -> None:
    if not (CASES / case).is_dir():
        pytest.skip(f"the input {case} is not at {CASES}")
    kind = case.split("-")[0]
    options: dict[str, Any] = {"movielens": MOVIES}.get(kind, {})
    if kind == "yelp":
        kind, options = "yelp-open", {**YELP, "min_user_items": 3}
    if any(word in case for word in ("time", "zone", "date", "tz")):
        options = {**options, "split_by": "time"}
    if isinstance(RIGHT[case], str):
        refused(kind, CASES / case, RIGHT[case], **options)
    else:
        world = import_data(kind, CASES / case, "x", **options)
        assert (world.n_users, world.n_items) == RIGHT[case]
        assert len(world.dialogues("test"))


# --- any file: what it is, and how it is encoded ---

Build = Callable[[Path], Path]
READERS: list[tuple[str, Build, str, dict[str, Any]]] = [
    ("table", sources.table, "interactions.csv", {}),
    ("movielens", sources.movielens, "movies.csv", MOVIES),
    ("movielens", sources.ml100k, "u.data", MOVIES),
    ("scpr", sources.scpr, TRAIN, {}),
    ("yelp-open", sources.yelp, REVIEW, YELP),
    ("hetrec", sources.hetrec, "user_artists.dat", sources.HETREC),
]
each = pytest.mark.parametrize(("kind", "build", "file", "options"), READERS)


@each
def test_a_right_folder_is_read(
    tmp_path: Path, kind: str, build: Build, file: str, options: dict[str, Any]
) -> None:
    world = import_data(kind, build(tmp_path), "x", **options)
    assert (world.n_users, world.n_items) == (N_USERS, N_ITEMS)
    assert world.settings["interactions_with_attributes"] == 1.0
    assert "lone" not in noted(world)


@each
@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "Git LFS"),
        (b"PK\x03\x04rest", "zip archive; unpack it"),
        (b"\n<!DOCTYPE html>\n<html>", "a web page and not the file"),
        (b"\x1f\x8b\x08\x00rubbish rubbish", "the gzip file is damaged"),
        (gzip.compress(b"a line without an end")[:-9], "the gzip file is damaged"),
        (b"", "."),
        (b"\x00\x01\x02\x03", "zero byte|not a gzip"),
    ],
    ids=["lfs", "zip", "page", "gzip rubbish", "gzip cut", "empty", "zeros"],
)
def test_a_file_that_is_not_what_its_name_says_is_named_for_what_it_is(
    tmp_path: Path,
    kind: str,
    build: Build,
    file: str,
    options: dict[str, Any],
    head: bytes,
    problem: str,
) -> None:
    (build(tmp_path) / file).write_bytes(head)
    refused(kind, tmp_path, problem, **options)
    with pytest.raises(ImportDataError, match=Path(file).name.split(".")[0]):
        import_data(kind, tmp_path, "x", **options)


@each
def test_marks_of_the_byte_order_utf16_and_gzip_read_alike(
    tmp_path: Path, kind: str, build: Build, file: str, options: dict[str, Any]
) -> None:
    plain = import_data(kind, build(tmp_path), "x", **options)
    data = (tmp_path / file).read_bytes()
    for form in (
        b"\xef\xbb\xbf" + data,
        data.decode().encode("utf-16"),
        data.replace(b"\n", b"\r\n").replace(b"\r\r", b"\r"),
        gzip.compress(data),  # without .gz in its name
    ):
        (tmp_path / file).write_bytes(form)
        assert import_data(kind, tmp_path, "x", **options).fingerprint == plain.fingerprint


@pytest.mark.parametrize(
    ("kind", "build", "file", "old", "options"),
    [
        ("table", sources.table, "items.csv", "Thing, 3", {}),
        ("movielens", sources.movielens, "movies.csv", "Film 3", MOVIES),
        ("movielens", sources.ml100k, "u.item", "Caf", MOVIES),
        ("yelp-open", sources.yelp, BUSINESS, "Place 3", YELP),
        ("hetrec", sources.hetrec, "artists.dat", "Band3", sources.HETREC),
    ],
)
def test_bytes_that_are_not_utf8_are_read_as_latin1_and_said(
    tmp_path: Path, kind: str, build: Build, file: str, old: str, options: dict[str, Any]
) -> None:
    build(tmp_path)
    change(tmp_path / file, lambda data: data.replace(old.encode(), b"Caf\xe9", 1))
    world = import_data(kind, tmp_path, "x", **options)
    assert any("Café" in name for name in world.item_names)
    assert "not UTF-8, read as latin-1" in noted(world)
    assert file in noted(world)


@pytest.mark.parametrize("kind", ["yelp-open", "scpr"])
@pytest.mark.parametrize("half", [b'"a\\ud83d"', b'"a\\ud83d b"', b'"a\xed\xa0\xbd"'])
def test_half_a_character_is_replaced_and_said(tmp_path: Path, kind: str, half: bytes) -> None:
    if kind == "scpr":
        file = sources.scpr(tmp_path) / "ID_map_info" / "tag_reverse_map.json"
        change(file, lambda data: data.replace(b'"red"', half))
        world = import_data(kind, tmp_path, "x")
        assert any("\ufffd" in name for name in world.attribute_names)
    else:
        change(sources.yelp(tmp_path) / BUSINESS, lambda d: d.replace(b'"Place 3"', half))
        world = import_data(kind, tmp_path, "x", **YELP)
        assert any("\ufffd" in name for name in world.item_names)
    assert "lone surrogates" in noted(world)


# --- ids that meet ---


def test_whole_number_floats_blanks_and_composed_letters_are_one_id(tmp_path: Path) -> None:
    sources.write(
        tmp_path / "interactions.csv",
        ["user,item"] + [f" {u}.0 ,{i}.0" for u, i in sources.pairs()] + ["9,é", "9,007.0"],
    )
    rows = [f"{i} ,red" for i in range(N_ITEMS)]
    sources.write(tmp_path / "item_attributes.csv", ["item,attribute", *rows, "e\u0301,red"])
    world = import_data("table", tmp_path, "x")
    assert world.n_items == N_ITEMS + 2  # é is one; 007 is another than 7
    assert world.settings["interactions_with_attributes"] == round(57 / 58, 4)


@pytest.mark.parametrize("dtype", ["int64", "float64", "str", "category", "Int64", "object"])
def test_parquet_ids_of_any_type_meet_those_of_a_text(tmp_path: Path, dtype: str) -> None:
    pd = pytest.importorskip("pandas")
    users, items = zip(*sources.pairs(), strict=True)
    frame = pd.DataFrame({"user": users, "item": items})
    frame["item"] = frame["item"].astype(dtype)
    frame.to_parquet(tmp_path / "interactions.parquet")
    rows = [f"{i},red" for i in range(N_ITEMS)]
    sources.write(tmp_path / "item_attributes.csv", ["item,attribute", *rows])
    world = import_data("table", tmp_path, "x")
    assert (world.n_items, world.settings["interactions_with_attributes"]) == (N_ITEMS, 1.0)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "csv:2: the column 'item' is empty"),
        ("NaN", "csv:2: the column 'item' is empty .*stands for a missing id"),
        ("null", "csv:2: the column 'item' is empty"),
        ('"a\nb"', "csv:2: the column 'item': .*line break"),
        ("9.78014E+12", "csv:2: the column 'item': .*lost digits"),
    ],
)
def test_what_can_be_no_id_is_refused_with_its_line(
    tmp_path: Path, value: str, problem: str
) -> None:
    replace(sources.table(tmp_path) / "interactions.csv", "u0,i11", f"u0,{value}")
    refused("table", tmp_path, problem)


@pytest.mark.parametrize("value", [[1], {"a": 1}, True, None, float("inf"), 1e300, b"\xff", (1,)])
def test_a_parquet_cell_that_can_be_no_id_is_refused(tmp_path: Path, value: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    sources.table(tmp_path)
    (tmp_path / "friends.csv").unlink()
    (tmp_path / "interactions.csv").unlink()
    columns = {"user": [1, 2], "item": pa.array([value, value])}
    pa.parquet.write_table(pa.table(columns), tmp_path / "interactions.parquet")
    refused("table", tmp_path, r"interactions\.parquet(:1)?: the column 'item'")


def test_items_that_do_not_meet_are_refused_and_few_are_warned_of(tmp_path: Path) -> None:
    sources.table(tmp_path)
    (tmp_path / "items.csv").unlink()
    file = tmp_path / "item_attributes.csv"
    right = file.read_bytes()
    change(file, lambda data: data.replace(b"\ni", b"\nx"))
    refused("table", tmp_path, "none of the 56 interactions is with an item that has an attribute")
    file.write_bytes(b"".join(right.splitlines(keepends=True)[:6]))
    with pytest.warns(UserWarning, match=r"only \d+\.\d% of the interactions"):
        world = import_data("table", tmp_path, "x")
    assert 0 < world.settings["interactions_with_attributes"] < 0.9


# --- rows ---


def test_columns_are_found_by_name_wherever_there_is_a_header(tmp_path: Path) -> None:
    def turned(file: Path, mark: str) -> None:
        lines = file.read_text(encoding="utf-8").splitlines()
        rows = (mark.join(reversed(line.split(mark))) for line in lines)
        sources.write(file, rows)

    for kind, build, file, mark, options in (
        ("movielens", sources.movielens, "ratings.csv", ",", MOVIES),
        ("movielens", sources.movielens, "movies.csv", ",", MOVIES),
        ("table", sources.table, "interactions.csv", ",", {}),
        ("hetrec", sources.hetrec, "user_artists.dat", "\t", sources.HETREC),
        ("hetrec", sources.hetrec, "user_taggedartists.dat", "\t", sources.HETREC),
    ):
        folder = build(tmp_path / f"{kind}-{file}")
        plain = import_data(kind, folder, "x", **options)
        turned(folder / file, mark)
        assert import_data(kind, folder, "x", **options).fingerprint == plain.fingerprint


def test_a_header_in_another_spelling_and_more_columns_are_read(tmp_path: Path) -> None:
    plain = import_data("movielens", sources.movielens(tmp_path), "x", **MOVIES)
    replace(tmp_path / "ratings.csv", "userId,movieId", "user_id, Movie ID")
    lines = (tmp_path / "ratings.csv").read_text().splitlines()
    sources.write(tmp_path / "ratings.csv", (f"{k},{line}" for k, line in enumerate(lines)))
    world = import_data("movielens", tmp_path, "x", **MOVIES)
    assert world.fingerprint == plain.fingerprint
    replace(tmp_path / "ratings.csv", "timestamp", "rating")
    refused("movielens", tmp_path, r"ratings\.csv:1: the column 'rating' is there twice", **MOVIES)


def test_a_quoted_line_break_beyond_a_megabyte_is_read(tmp_path: Path) -> None:
    sources.table(tmp_path)
    text = "a line\n\n" * 200_000
    rows = [f'i{i},"{text if i == 3 else i}"' for i in range(N_ITEMS)]
    sources.write(tmp_path / "items.csv", ["item,text", *rows])
    world = import_data("table", tmp_path, "x")
    assert world.item_texts[3] == text.strip()
    assert world.item_texts[4] == "4"


@pytest.mark.parametrize(
    ("kind", "build", "file", "options"),
    [
        ("table", sources.table, "interactions.csv", {}),
        ("table", sources.table, "item_attributes.csv", {}),
        ("table", sources.table, "items.csv", {}),
        ("table", sources.table, "friends.csv", {}),
        ("movielens", sources.movielens, "ratings.csv", MOVIES),
        ("movielens", sources.movielens, "movies.csv", MOVIES),
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_a_quote_that_stays_open_is_refused_with_the_line_in_which_it_opens(
    tmp_path: Path, kind: str, build: Build, file: str, options: dict[str, Any], later: bool
) -> None:
    lines = (build(tmp_path) / file).read_text(encoding="utf-8").replace('"', "").splitlines()
    lines = [line.replace("Thing, ", "Thing ") for line in lines]
    lines[2] = lines[2].replace(",", ',"', 1)
    if later and len(lines) > 5:  # another one, which seems to close it
        lines[5] = lines[5].replace(",", ',"', 1)
    sources.write(tmp_path / file, lines)
    refused(kind, tmp_path, rf"{file}:3: the quote that opens in this line is", **options)


def test_a_line_break_in_an_attribute_is_refused(tmp_path: Path) -> None:
    replace(sources.table(tmp_path) / "item_attributes.csv", "red,", '"re\nd",')
    refused("table", tmp_path, r"item_attributes\.csv:2: a line break in the column 'attribute'")


def test_another_delimiter_is_named_and_can_be_said(tmp_path: Path) -> None:
    plain = import_data("table", sources.table(tmp_path), "x")
    for file in tmp_path.iterdir():
        change(file, lambda d: d.replace(b"Thing, ", b"Thing ").replace(b",", b";"))
    refused("table", tmp_path, r"csv:1: the column 'user' is missing.*delimiter=';'")
    world = import_data("table", tmp_path, "x", delimiter=";")
    assert np.array_equal(world.train.indices, plain.train.indices)


def test_old_macintosh_line_ends_are_read(tmp_path: Path) -> None:
    plain = import_data("table", sources.table(tmp_path), "x")
    change(tmp_path / "interactions.csv", lambda data: data.replace(b"\n", b"\r"))
    assert import_data("table", tmp_path, "x").fingerprint == plain.fingerprint


# --- times ---


@pytest.mark.parametrize(
    "form",
    [
        "2020-01-{d:02}T10:00:00Z",
        "2020-01-{d:02} 10:00:00+02:00",
        "2020-01-{d:02}T10:00:00.123456-0700",
        "2020/01/{d:02}",
        "01/{d:02}/2020 10:00 PM",
        "{d:02}.01.2020",
        "January {d}, 2020",
        "{d} Jan 2020 10:00:00 GMT",
        "Wed Jan {d:02} 11:37:04 -0700 2020",
        "01 {d}, 2020",
        "157{d:02}00000.0",
    ],
)
@pytest.mark.parametrize("kind", ["table", "movielens", "yelp-open"])
def test_times_are_read_in_each_form(tmp_path: Path, form: str, kind: str) -> None:
    # The days go down with the item, so that the test split is the first item of each user.
    stamps = [f'"{form.format(d=28 - i)}"' for i in range(6)]
    if kind == "yelp-open":
        rows = [
            {"user_id": "u", "business_id": f"b{i}", "stars": 5, "date": json.loads(stamps[i])}
            for i in range(6)
        ]
        sources.write_rows(sources.yelp(tmp_path) / REVIEW, rows)
        (tmp_path / USER).unlink()
        world = import_data(kind, tmp_path, "x", **YELP, split_by="time")
    elif kind == "movielens":
        rows_ = [f"1,{i + 1},5,{stamps[i]}" for i in range(6)]
        file = sources.movielens(tmp_path) / "ratings.csv"
        sources.write(file, ["userId,movieId,rating,timestamp", *rows_])
        world = import_data(kind, tmp_path, "x", **MOVIES, split_by="time")
    else:
        rows_ = [f"u,i{i},{stamps[i]}" for i in range(6)]
        sources.table(tmp_path)
        sources.write(tmp_path / "interactions.csv", ["user,item,timestamp", *rows_])
        (tmp_path / "friends.csv").unlink()
        world = import_data(kind, tmp_path, "x", split_by="time")
    assert world.test.row(0).tolist() == [0]
    assert world.valid.row(0).tolist() == [1]


@pytest.mark.parametrize(
    ("stamps", "problem"),
    [
        (["1/2/2018", "3/4/2018"], ":2: timestamp '1/2/2018' can be two dates"),
        (["13/2/2018", "2/13/2018"], ":2: .* has the day first, '2/13/2018' .line 3. has the mon"),
        (["2018-01-01", "1514764800"], ":3: timestamp mixes numbers and dates"),
        (["2018-13-01", "2018-01-01"], ":2: .*neither a number nor an ISO date"),
        (["", "2018-01-01"], r":2: timestamp \(empty\)"),
        (["nan", "1"], ":2: timestamp 'nan' is not a time"),
        (["soon", "1"], ":2: timestamp 'soon' is neither"),
        (["1/2/18", "1"], ":2: timestamp '1/2/18' is neither"),
    ],
)
def test_a_time_that_can_be_two_or_none_is_refused(
    tmp_path: Path, stamps: list[str], problem: str
) -> None:
    sources.table(tmp_path)
    rows = [f"u0,i{k},{stamp}" for k, stamp in enumerate(stamps)]
    sources.write(tmp_path / "interactions.csv", ["user,item,timestamp", *rows])
    refused("table", tmp_path, rf"interactions\.csv{problem}", split_by="time")


def test_one_date_of_a_column_says_how_the_others_are_meant(tmp_path: Path) -> None:
    sources.table(tmp_path)
    (tmp_path / "friends.csv").unlink()
    stamps = ["13/01/2018", "2/5/2018", "3/4/2018"]  # the day first: 2 May is the latest
    rows = [f"u0,i{k},{stamp}" for k, stamp in enumerate(stamps)]
    sources.write(tmp_path / "interactions.csv", ["user,item,timestamp", *rows])
    assert import_data("table", tmp_path, "x", split_by="time").test.row(0).tolist() == [1]


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet_timestamps_are_read_with_and_without_a_zone(
    tmp_path: Path, zone: str | None, unit: str
) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    sources.table(tmp_path)
    for name in ("interactions.csv", "friends.csv"):
        (tmp_path / name).unlink()
    times = pa.array([9000, 8000, 7000, 6000, 5000], pa.int64()).cast(pa.timestamp(unit, tz=zone))
    columns = {"user": ["u"] * 5, "item": [f"i{i}" for i in range(5)], "timestamp": times}
    pa.parquet.write_table(pa.table(columns), tmp_path / "interactions.parquet")
    assert import_data("table", tmp_path, "x", split_by="time").test.row(0).tolist() == [0]


# --- tables ---


def test_spellings_of_an_attribute_and_a_facet_are_joined_and_said(tmp_path: Path) -> None:
    plain = import_data("table", sources.table(tmp_path), "x")
    file = tmp_path / "item_attributes.csv"
    replace(file, "i3,red,colour", "i3, RED ,Colour")
    replace(file, "i6,red,colour", "i6,Red,colour")
    world = import_data("table", tmp_path, "x")
    assert world.fingerprint == plain.fingerprint  # the most frequent spelling stands
    assert "attributes in several spellings, joined (the first: 'red', 'RED'" in noted(world)
    assert "facets in several spellings, joined" in noted(world)


@pytest.mark.parametrize("nested", ["list", "large_list", "dictionary"])
def test_a_list_column_is_an_attribute_an_entry(tmp_path: Path, nested: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    sources.table(tmp_path)
    (tmp_path / "item_attributes.csv").unlink()
    items = pa.array([f"i{i}" for i in range(N_ITEMS)])
    if nested == "dictionary":
        values = pa.array([COLOUR] * N_ITEMS).dictionary_encode()
    else:
        kind = (pa.list_ if nested == "list" else pa.large_list)(pa.string())
        values = pa.array([[COLOUR, "small", None]] * N_ITEMS, kind)
    frame = pa.table({"item": items, "attribute": values})
    pa.parquet.write_table(frame, tmp_path / "item_attributes.parquet")
    wanted = {COLOUR} if nested == "dictionary" else {COLOUR, "small"}
    assert names(import_data("table", tmp_path, "x"), 4) == wanted


COLOUR = "rouge"


def test_a_struct_or_map_column_is_refused_by_name(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    sources.table(tmp_path)
    (tmp_path / "item_attributes.csv").unlink()
    for kind, value in (
        (pa.struct([("a", pa.string())]), {"a": "x"}),
        (pa.map_(pa.string(), pa.string()), [("a", "x")]),
    ):
        frame = pa.table({"item": ["i0"], "attribute": pa.array([value], kind)})
        pa.parquet.write_table(frame, tmp_path / "item_attributes.parquet")
        refused("table", tmp_path, r"attributes\.parquet: the column 'attribute' holds (str|map)")


def test_bytes_of_a_parquet_column_are_text_or_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    sources.table(tmp_path)
    (tmp_path / "item_attributes.csv").unlink()
    for value, right in (("né".encode(), True), (b"n\xff", False)):
        columns = {"item": [f"i{i}".encode() for i in range(12)], "attribute": [value] * 12}
        pa.parquet.write_table(pa.table(columns), tmp_path / "item_attributes.parquet")
        if right:
            assert names(import_data("table", tmp_path, "x"), 0) == {"né"}
        else:
            refused(
                "table", tmp_path, r"attributes\.parquet:1: the column 'attribute': .* not UTF-"
            )


@pytest.mark.parametrize("data", [b"PAR1rubbishPAR1", b"user,item\n", b"", b"PAR1"])
def test_a_damaged_parquet_file_is_named(tmp_path: Path, data: bytes) -> None:
    sources.table(tmp_path)
    (tmp_path / "interactions.csv").unlink()
    (tmp_path / "interactions.parquet").write_bytes(data)
    refused("table", tmp_path, r"interactions\.parquet: cannot be read as Parquet")


def test_more_facets_than_a_facet_number_holds_are_refused(tmp_path: Path) -> None:
    sources.table(tmp_path)
    rows = [f"i{i % N_ITEMS},v{i},f{i}" for i in range(32_768)]
    sources.write(tmp_path / "item_attributes.csv", ["item,attribute,facet", *rows])
    refused("table", tmp_path, r"item_attributes\.csv:32769: more than 32,767 facets")
    facets = {f"f{i}": [0] for i in range(32_768)}
    path = sources.scpr(tmp_path / "s") / "Graph_generate_data" / "2-layer taxonomy.json"
    sources.write_json(path, facets)
    refused("scpr", tmp_path / "s", r"taxonomy\.json: 32,768 facets; allowed: 32,767")


def test_a_table_in_two_files_is_refused(tmp_path: Path) -> None:
    sources.table(tmp_path)
    (tmp_path / "items.tsv").write_text("item\n")
    refused("table", tmp_path, r"holds items\.csv and items\.tsv; keep one")


# --- scpr and its kin ---


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("null", "entry '0' needs an id and a list of ids"),
        ("[null]", "entry '0' needs an id and a list of ids"),
        ("[[1]]", "entry '0' needs an id and a list of ids"),
        ("[NaN]", "entry '0' needs an id and a list of ids"),
        ("[1.5]", "entry '0' needs an id and a list of ids"),
        ("[true]", "entry '0' needs an id and a list of ids"),
        ("[-1]", r"names item -1, which does not exist"),
        ("[99999999999999999999]", r"names item 9+, which does not exist"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply|Too many nested"),
        ("[" + "9" * 5000 + "]", "a number is too long"),
    ],
)
def test_scpr_refuses_what_is_no_list_of_ids(tmp_path: Path, value: str, problem: str) -> None:
    (sources.scpr(tmp_path) / TRAIN).write_text(f'{{"0": {value}}}')
    refused("scpr", tmp_path, rf"review_dict_train\.json(:1)?: .*({problem})")


def test_scpr_reads_whole_number_floats_as_ids(tmp_path: Path) -> None:
    plain = import_data("scpr", sources.scpr(tmp_path), "x")
    rows = json.loads((tmp_path / TRAIN).read_text())
    floats = {f"{key}.0": [float(i) for i in row] for key, row in rows.items()}
    sources.write_json(tmp_path / TRAIN, floats)
    assert import_data("scpr", tmp_path, "x").fingerprint == plain.fingerprint


def test_splits_that_overlap_are_counted_by_pair_and_can_leave_the_earlier(
    tmp_path: Path,
) -> None:
    plain = import_data("scpr", sources.scpr(tmp_path), "x")
    rows = {name: json.loads((tmp_path / name).read_text()) for name in (TRAIN, VALID, TEST)}
    rows[TRAIN]["0"] += rows[TEST]["0"] + rows[VALID]["0"]
    rows[TRAIN]["1"] += rows[TEST]["1"]
    rows[VALID]["2"] += rows[TEST]["2"]
    for name, value in rows.items():
        sources.write_json(tmp_path / name, value)
    counts = "1 in train and valid, 2 in train and test, 1 in valid and test"
    refused("scpr", tmp_path, f"splits overlap: {counts}.*overlap=out_of_train")
    world = import_data("scpr", tmp_path, "x", overlap="out_of_train")
    assert world.fingerprint == plain.fingerprint
    assert "2 interactions in train and test, taken out of train" in noted(world)
    with pytest.raises(UnknownNameError, match="out_of_train"):
        import_data("scpr", tmp_path, "x", overlap="out")


def test_users_without_interactions_are_counted(tmp_path: Path) -> None:
    users = json.loads((sources.scpr(tmp_path) / "Graph_generate_data/user_dict.json").read_text())
    users[str(N_USERS)] = {"friends": [0]}
    sources.write_json(tmp_path / "Graph_generate_data/user_dict.json", users)
    assert "1 users without interactions" in noted(import_data("scpr", tmp_path, "x"))
    (tmp_path / "Graph_generate_data/user_dict.json").unlink()
    rows = json.loads((tmp_path / TRAIN).read_text())
    rows[str(N_USERS + 2)] = [0]  # the two between are in no file
    sources.write_json(tmp_path / TRAIN, rows)
    assert "2 users without interactions" in noted(import_data("scpr", tmp_path, "x"))
    rows["999999"] = [0]
    sources.write_json(tmp_path / TRAIN, rows)
    refused("scpr", tmp_path, "user 999999 is there, and only 10 users; number them from 0")


# --- yelp ---


@pytest.mark.parametrize(
    "attributes",
    [
        {"RestaurantsPriceRange2": "2"},
        {"RestaurantsPriceRange2": "u'2'"},
        {"RestaurantsPriceRange2": 2.0},
        {"Price Range": 2, "Ambience": {"romantic": True}},
        {"RestaurantsPriceRange": "$$"},
        "{'RestaurantsPriceRange2': '2', 'Ambience': \"{'a': True}\"}",
        '{"Price Range": 2}',
        ["Alcohol: none", "RestaurantsPriceRange2: 2"],
        [{"name": "Price Range", "value": 2}],
        [{"Price Range": 2}],
        [["Price Range", 2]],
    ],
)
def test_yelp_price_is_read_in_each_form(tmp_path: Path, attributes: Any) -> None:
    rows = sources.businesses()
    rows[3]["attributes"] = attributes
    sources.write_rows(sources.yelp(tmp_path) / BUSINESS, rows)
    assert "price 2" in names(import_data("yelp-open", tmp_path, "x", **YELP), 3)


@pytest.mark.parametrize("categories", ["Bars, Food", ["Bars", "Food"], "['Bars', 'Food']"])
def test_yelp_categories_are_read_in_each_form(tmp_path: Path, categories: Any) -> None:
    rows = sources.businesses()
    rows[3]["categories"] = categories
    sources.write_rows(sources.yelp(tmp_path) / BUSINESS, rows)
    assert {"Bars", "Food"} <= names(import_data("yelp-open", tmp_path, "x", **YELP), 3)


def test_yelp_spellings_of_one_city_are_joined_and_said(tmp_path: Path) -> None:
    rows = sources.businesses()
    cities = ["Las Vegas"] * 3 + ["las vegas ", "LAS  VEGAS", "Las Vegas, NV"]
    cities += ["N. Las Vegas", "North Las Vegas", "Montréal", "Montreal", "St. Paul", "Saint Paul"]
    for row, city in zip(rows, cities, strict=True):
        row["city"] = city
    sources.write_rows(sources.yelp(tmp_path) / BUSINESS, rows)
    world = import_data("yelp-open", tmp_path, "x", **YELP)
    found = [world.attribute_names[a] for a in world.facet_attributes.row(1)]
    assert found == ["Las Vegas", "Montréal", "N. Las Vegas", "St. Paul"]
    assert "4 cities in several spellings, joined" in noted(world)


def test_yelp_says_that_a_facet_is_empty(tmp_path: Path) -> None:
    rows = [{**row, "attributes": {"Take-out": True}} for row in sources.businesses()]
    sources.write_rows(sources.yelp(tmp_path) / BUSINESS, rows)
    world = import_data("yelp-open", tmp_path, "x", **YELP)
    assert "facet without an attribute: price" in noted(world)


def test_yelp_numbers_that_are_not_finite_and_missing_ids_are_dropped_and_counted(
    tmp_path: Path,
) -> None:
    rows = sources.reviews()
    rows[0]["stars"], rows[1]["stars"], rows[2]["stars"] = float("nan"), float("inf"), 130
    rows[3]["user_id"], rows[4]["user_id"], rows[5]["business_id"] = None, "", None
    shops = sources.businesses()
    shops[2]["stars"] = float("nan")
    sources.yelp(tmp_path)
    sources.write_rows(tmp_path / REVIEW, rows)
    sources.write_rows(tmp_path / BUSINESS, shops)
    world = import_data("yelp-open", tmp_path, "x", **YELP)
    assert world.n_interactions == len(rows) - 6
    assert "3 reviews whose stars are no number from 0 to 5" in dropped(world)
    assert "2 reviews without a user" in dropped(world)
    assert not any("nan" in name for name in world.attribute_names)
    assert "1 stars of businesses that are no finite number" in noted(world)


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [
        (REVIEW, "user_id", [1]),
        (REVIEW, "business_id", {"a": 1}),
        (REVIEW, "stars", [5]),
        (BUSINESS, "business_id", None),
        (BUSINESS, "name", ["a"]),
        (BUSINESS, "city", {"a": 1}),
        (BUSINESS, "categories", 5),
        (BUSINESS, "attributes", 5),
        (USER, "friends", 5),
        (USER, "friends", [[1]]),
        (USER, "user_id", [1]),
    ],
)
def test_yelp_refuses_other_types_with_the_line(
    tmp_path: Path, file: str, key: str, value: Any
) -> None:
    lines = (sources.yelp(tmp_path) / file).read_text().splitlines()
    lines[2] = json.dumps({**json.loads(lines[2]), key: value})
    sources.write(tmp_path / file, lines)
    refused("yelp-open", tmp_path, rf"{file}:3: ", **YELP)


# --- movielens ---


@pytest.mark.parametrize("value", ["nan", "inf", "", "good", "-inf"])
def test_movielens_refuses_ratings_that_are_no_finite_number(tmp_path: Path, value: str) -> None:
    lines = (sources.movielens(tmp_path) / "ratings.csv").read_text().splitlines()
    fields = lines[4].split(",")
    lines[4] = ",".join([*fields[:2], value, fields[3]])
    sources.write(tmp_path / "ratings.csv", lines)
    refused("movielens", tmp_path, r"ratings\.csv:5: expected a rating", **MOVIES)


def test_movielens_100k_reads_genres_of_flags_and_refuses_others(tmp_path: Path) -> None:
    world = import_data("movielens", sources.ml100k(tmp_path), "x", **MOVIES)
    assert {"Comedy", "Drama", "1990s"} <= names(world, 0)
    assert world.item_names[0] == "Café 0 (1995)"
    change(tmp_path / "u.item", lambda data: data.replace(b"|0\n", b"|2\n", 1))
    refused("movielens", tmp_path, r"u\.item:1: expected 0 or 1 for each genre", **MOVIES)


def test_errors_are_those_of_recosim(tmp_path: Path) -> None:
    assert issubclass(ImportDataError, RecosimError)
    (tmp_path / "interactions.csv").mkdir()
    sources.write(tmp_path / "item_attributes.csv", ["item,attribute"])
    refused("table", tmp_path, "does not hold the table interactions")
