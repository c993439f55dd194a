"""Importer of any collection that is laid out as CSV or Parquet tables.

    interactions     user, item [, timestamp] [, split]     needed
    item_attributes  item, attribute [, facet]              needed
    items            item [, name] [, text] [, length] [, quality] [, appeal]
    friends          user, friend

Each is `<name>.csv` or `<name>.parquet` in one folder. Ids are any strings or numbers. A folder
that has a table of documents is a collection to search in: see `table_topics`.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import ImportDataError
from recosim.progress import Progress
from recosim.world.arrays import SPLITS
from recosim.world.csr import csr_from_pairs
from recosim.world.importers.collection import TopicsSplit
from recosim.world.importers.interactions import SplitBy, Splits, distinct, split_by_user
from recosim.world.importers.source import bad, find_file, need_file, refusing
from recosim.world.importers.table_topics import import_collection_tables, is_collection
from recosim.world.world import World, build_world
from recosim.world.worth import RANGES, in_range

__all__ = ["import_table"]

COLUMNS = {
    "interactions": (("user", "item"), ("timestamp", "split")),
    "item_attributes": (("item", "attribute"), ("facet",)),
    "items": (("item",), ("name", "text", "length", "quality", "appeal")),
    "friends": (("user", "friend"), ()),
}
NO_FACET = ""

Columns = dict[str, list[str]]


def import_table(
    path: Path,
    name: str,
    *,
    split_by: SplitBy = "random",
    seed: int = 0,
    licence: str = "",
    topics_split: TopicsSplit = "source",
    progress: Progress | None = None,
) -> World:
    """A world from tables in one folder: `interactions`, `item_attributes`, `items`, `friends`.

    Or a collection to search in, from `documents`, `topics`, `judgements` and perhaps
    `item_attributes`. A topic has one turn, or those that name it in the column `topic`, in the
    order of the column `turn` or else of the table; each stands on the turns before it.

    Ids are numbered in the order of their first appearance (items: that of the `items` table where
    there is one). Lengths are minutes, qualities and appeals 0 to 1, all of them empty where
    unknown. An attribute is told apart by its facet and its name; an empty facet is none;
    without the column all attributes are in one facet. The column `split` holds train, valid or
    test; without it each user's interactions are split 70/15/15.

    Args:
        split_by: "random", or "time" by the column `timestamp` (numbers, or ISO dates).
        seed: of the split; neither is used where the column `split` is there.
        licence: under which terms the data may be used, kept with the world.
        topics_split: of a collection: by the "source" (the column `split` of its topics; 70/15/15
            by the seed without it), by the "seed", or all in "test".

    Raises:
        ImportDataError: a table is missing, has a malformed row, an unknown column or an empty
            cell; an item occurs twice in `items`, or is used but not listed there, or has a length,
            quality or appeal out of its range; a friend who has no interactions; a pair in two
            splits; an empty split; no attributes.
    """
    path = Path(path)
    if is_collection(path):
        return import_collection_tables(
            path, name, licence=licence, topics_split=topics_split, seed=seed, progress=progress
        )
    files: dict[str, Path] = {}
    tables: dict[str, Columns] = {}
    for done, (kind, (columns, _)) in enumerate(COLUMNS.items()):
        if progress is not None:
            progress(done, len(COLUMNS) + 1, kind)
        names = [f"{kind}.csv", f"{kind}.parquet"]
        if kind in ("interactions", "item_attributes"):
            files[kind] = need_file(path, names, f"the table {kind} ({', '.join(columns)}, ...)")
        elif (file := find_file(path, names, kind, needed=False)) is not None:
            files[kind] = file
        if kind in files:
            tables[kind] = _read(files[kind], kind)
    if progress is not None:
        progress(len(COLUMNS), len(COLUMNS) + 1, "checks and derived arrays")

    item_of = _items(files, tables)
    rows = tables["interactions"]
    user_of: dict[str, int] = {}
    users = np.array([user_of.setdefault(u, len(user_of)) for u in rows["user"]], dtype=np.int64)
    items = np.array([item_of[i] for i in rows["item"]], dtype=np.int64)
    dropped: Counter[str] = Counter()
    if "split" in rows:
        splits = _given_splits(files["interactions"], rows, users, items, len(user_of), dropped)
    else:
        time = _times(files["interactions"], rows) if split_by == "time" else None
        once = distinct(users, items)
        dropped["repeated interactions"] += len(users) - len(once)
        splits = split_by_user(
            users[once],
            items[once],
            len(user_of),
            seed=seed,
            by=split_by,
            time=None if time is None else time[once],
        )

    links = tables["item_attributes"]
    facets = links.get("facet", ["attribute"] * len(links["item"]))
    facet_of: dict[str, int] = {NO_FACET: -1}
    for facet in facets:
        facet_of.setdefault(facet, len(facet_of) - 1)
    attribute_of: dict[tuple[str, str], int] = {}
    ids = [
        attribute_of.setdefault(pair, len(attribute_of))
        for pair in zip(facets, links["attribute"], strict=True)
    ]
    item_attributes = csr_from_pairs([item_of[i] for i in links["item"]], ids, len(item_of))
    dropped["repeated item attributes"] += len(ids) - item_attributes.links
    details = _details(files, tables, item_of)
    with refusing(path):
        return build_world(
            name=name,
            item_attributes=item_attributes,
            n_attributes=len(attribute_of),
            **splits,
            friends=_friends(files, tables, user_of),
            attribute_facet=[facet_of[facet] for facet, _ in attribute_of],
            facet_names=[f for f in facet_of if f != NO_FACET],
            attribute_names=[attribute for _, attribute in attribute_of],
            **details,
            source=f"imported from tables ({path.name})",
            licence=licence,
            settings={
                "importer": "table",
                "split_by": "given" if "split" in rows else split_by,
                "seed": seed,
                "dropped": {k: n for k, n in dropped.items() if n},
            },
        )


def _read(path: Path, kind: str) -> Columns:
    """The columns of a table as strings, checked against what the table may hold."""
    import pyarrow as pa
    import pyarrow.compute as pc

    needed, optional = COLUMNS[kind]
    table = _open(path)
    names = table.column_names
    for column in needed:
        if column not in names:
            raise bad(path, f"the column {column!r} is missing; found {', '.join(names)}", 1)
    for column in names:
        if column not in (*needed, *optional):
            allowed = ", ".join((*needed, *optional))
            raise bad(path, f"unknown column {column!r}; allowed: {allowed}", 1)
    out: Columns = {}
    for column in names:
        values = pc.fill_null(table[column].cast(pa.string()), "").to_pylist()
        if column in needed and "" in values:
            raise bad(path, f"the column {column!r} is empty", _line(path, values.index("")))
        out[column] = values
    return out


def _open(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    try:
        if path.suffix == ".parquet":
            return pa.parquet.read_table(path)
        header = path.open(encoding="utf-8-sig").readline().rstrip("\r\n")
        columns = [c.strip('"') for c in header.split(",")]
        return pa.csv.read_csv(
            path,
            # One thread: only then does an error name its row.
            read_options=pa.csv.ReadOptions(use_threads=False),
            parse_options=pa.csv.ParseOptions(newlines_in_values=False),
            convert_options=pa.csv.ConvertOptions(
                column_types={c: pa.string() for c in columns}, strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowTypeError, OSError, UnicodeDecodeError) as error:
        text = str(error).splitlines()[0]
        row = re.search(r"[Rr]ow #(\d+)", text)
        raise bad(path, f"cannot be read: {text}", int(row[1]) if row else None) from None


def _line(path: Path, row: int) -> int:
    """The line of a data row, counted from 0; a Parquet file has no header line."""
    return row + (1 if path.suffix == ".parquet" else 2)


def _items(files: dict[str, Path], tables: dict[str, Columns]) -> dict[str, int]:
    """Item id -> position, in the order of the items table or else of first appearance."""
    item_of: dict[str, int] = {}
    if "items" in tables:
        for row, item in enumerate(tables["items"]["item"]):
            if item in item_of:
                raise bad(files["items"], f"item {item!r} occurs twice", _line(files["items"], row))
            item_of[item] = len(item_of)
    for kind in ("item_attributes", "interactions"):
        for row, item in enumerate(tables[kind]["item"]):
            if item in item_of:
                continue
            if "items" in tables:
                problem = f"item {item!r} is not in {files['items'].name}"
                raise bad(files[kind], problem, _line(files[kind], row))
            item_of[item] = len(item_of)
    return item_of


def _given_splits(
    path: Path,
    rows: Columns,
    users: NDArray[np.int64],
    items: NDArray[np.int64],
    n_users: int,
    dropped: Counter[str],
) -> Splits:
    labels = np.array(rows["split"], dtype=object)
    for row, label in enumerate(rows["split"]):
        if label not in SPLITS:
            problem = f"split {label!r} is none of {', '.join(SPLITS)}"
            raise bad(path, problem, _line(path, row))
    train, valid, test = (
        csr_from_pairs(users[labels == s], items[labels == s], n_users) for s in SPLITS
    )
    dropped["repeated interactions"] += len(users) - train.links - valid.links - test.links
    return Splits(train=train, valid=valid, test=test)


def _times(path: Path, rows: Columns) -> NDArray[np.float64]:
    """The timestamps as numbers that grow with time."""
    import pyarrow as pa

    if "timestamp" not in rows:
        raise bad(path, "splitting by time needs the column 'timestamp'; or use split_by=random", 1)
    texts = pa.array(rows["timestamp"])
    for kind in (pa.float64(), pa.timestamp("us")):
        try:
            values = texts.cast(kind)
        except pa.ArrowInvalid:
            continue
        if pa.types.is_timestamp(kind):
            values = values.cast(pa.int64())
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)
    for row, text in enumerate(rows["timestamp"]):
        try:
            pa.array([text]).cast(pa.timestamp("us"))
        except pa.ArrowInvalid:
            problem = f"timestamp {text!r} is neither a number nor an ISO date like the others"
            raise bad(path, problem, _line(path, row)) from None
    raise ImportDataError(f"{path}: the timestamps mix numbers and dates.")


def _friends(files: dict[str, Path], tables: dict[str, Columns], user_of: dict[str, int]) -> Any:
    if "friends" not in tables:
        return None
    ends: dict[str, list[int]] = {"user": [], "friend": []}
    for column, ids in ends.items():
        for row, user in enumerate(tables["friends"][column]):
            if user not in user_of:
                problem = f"{column} {user!r} has no interactions"
                raise bad(files["friends"], problem, _line(files["friends"], row))
            ids.append(user_of[user])
    return csr_from_pairs(ends["user"], ends["friend"], len(user_of))


def _details(
    files: dict[str, Path], tables: dict[str, Columns], item_of: dict[str, int]
) -> dict[str, Any]:
    """Names, texts, lengths, qualities and appeals; an item without a name is called by its id."""
    table = tables.get("items", {})
    details: dict[str, Any] = {
        "item_names": [n or i for n, i in zip(table.get("name", item_of), item_of, strict=True)]
    }
    if "text" in table:
        details["item_texts"] = table["text"]
    for column in ("length", "quality", "appeal"):
        if column not in table:
            continue
        values = np.full(len(item_of), np.nan)
        for row, text in enumerate(table[column]):
            try:
                values[row] = float(text) if text else np.nan
            except ValueError:
                problem = f"{column} {text!r} is not a number; allowed: {RANGES[column]} (empty)"
                raise bad(files["items"], problem, _line(files["items"], row)) from None
        for row in np.flatnonzero(~np.isnan(values) & ~in_range(column, values))[:1].tolist():
            problem = f"{column} {table[column][row]!r}; allowed: {RANGES[column]} (empty)"
            raise bad(files["items"], problem, _line(files["items"], row))
        details[f"item_{column}"] = values
    return details
