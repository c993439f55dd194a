"""Importer of any collection that is laid out as tables: CSV, TSV, Parquet, or frames of pandas.

    interactions     user, item [, timestamp] [, rating] [, split]     needed
    item_attributes  item, attribute [, facet]                         needed
    items            item [, name] [, text] [, length] [, quality] [, appeal]
    friends          user, friend

Each is `<name>.csv`, `.tsv` or `.parquet` in one folder, the texts gzipped or not. Ids are any
strings or numbers; `9`, `9.0` and ` 9 ` are one. A folder that has a table of documents is a
collection to search in: see `table_topics`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import ImportDataError, OptionError
from recosim.progress import Progress
from recosim.world.arrays import SPLITS
from recosim.world.csr import Csr, csr_from_pairs
from recosim.world.importers.cells import decimal_of, join_spellings, shown
from recosim.world.importers.collection import TopicsSplit
from recosim.world.importers.interactions import (
    MOST_FACETS,
    Overlap,
    SplitBy,
    Splits,
    core,
    distinct,
    finish,
    renumber,
    split_by_user,
    without_overlap,
)
from recosim.world.importers.sheets import COLUMNS, Sheet, find_sheets, read_sheet
from recosim.world.importers.source import Log, bad
from recosim.world.importers.table_topics import import_collection_tables, is_collection
from recosim.world.importers.times import Times
from recosim.world.world import World
from recosim.world.worth import RANGES, in_range

__all__ = ["import_table", "world_of_sheets"]

NO_FACET = ""


def import_table(
    path: Path,
    name: str,
    *,
    columns: str = "",
    delimiter: str = "",
    separator: str = "",
    min_rating: float | None = None,
    min_user_items: int = 1,
    min_item_users: int = 1,
    overlap: Overlap = "refuse",
    split_by: SplitBy = "random",
    seed: int = 0,
    licence: str = "",
    topics_split: TopicsSplit = "source",
    progress: Progress | None = None,
) -> World:
    """A world from tables in one folder: `interactions`, `item_attributes`, `items`, `friends`.

    Or a collection to search in, from `documents`, `topics`, `judgements` and perhaps
    `item_attributes`. A topic has one turn, or those that name it in the column `topic`, in the
    order of the column `turn` or else of the table; each stands on the turns before it. Of the
    options only `licence`, `topics_split` and `seed` are for one.

    Ids are numbered in the order of their first appearance (items: that of the `items` table where
    there is one). Lengths are minutes, qualities and appeals 0 to 1, all of them empty where
    unknown. An attribute is told apart by its facet and its name, in whatever case; an empty facet
    is none; without the column all attributes are in one facet. A list in the column `attribute` is
    an attribute an entry. The column `split` holds train, valid or test; without it each user's
    interactions are split 70/15/15.

    Args:
        columns: what the columns are called in the files, "user=userId,item=asin"; others of the
            files are then left out, and named.
        delimiter: between the columns of a text; without it a comma, in `.tsv` a tab.
        separator: between the attributes of one cell, e.g. "|"; without it a cell is one attribute.
        min_rating: least rating that counts as an interaction; needs the column `rating`.
        min_user_items, min_item_users: users and items below are removed, again and again until
            none is below.
        overlap: what to do where given splits overlap: "refuse", or "out_of_train".
        split_by: "random", or "time" by the column `timestamp` (numbers or dates).
        seed: of the split; neither is used where the column `split` is there.
        licence: under which terms the data may be used, kept with the world.
        topics_split: of a collection: by the "source" (the column `split` of its topics; 70/15/15
            by the seed without it), by the "seed", or all in "test".

    Raises:
        OptionError: a mapping of columns or a delimiter that is none.
        ImportDataError: a table is missing, has a malformed row, an unknown column or an empty
            cell; an item occurs twice in `items`, or is used but not listed there, or has a length,
            quality or appeal out of its range; a friend who has no interactions; a pair in two
            splits; an empty split; no attributes; too little is left.
    """
    path = Path(path)
    if is_collection(path):
        return import_collection_tables(
            path, name, licence=licence, topics_split=topics_split, seed=seed, progress=progress
        )
    log = Log()
    if len(delimiter) > 1 or delimiter in ('"', "\r", "\n", "\0"):
        raise OptionError(f"delimiter {delimiter!r}; allowed: one character, e.g. ';' or a tab.")
    mapping = _mapping(columns)
    files = find_sheets(path)
    sheets: dict[str, Sheet] = {}
    for done, (kind, file) in enumerate(files.items()):
        if progress is not None:
            progress(done, len(files) + 1, kind)
        sheets[kind] = read_sheet(file, kind, mapping, delimiter, separator, log)
    if progress is not None:
        progress(len(files), len(files) + 1, "checks and derived arrays")
    return world_of_sheets(
        path,
        name,
        sheets,
        log,
        min_rating=min_rating,
        min_user_items=min_user_items,
        min_item_users=min_item_users,
        overlap=overlap,
        split_by=split_by,
        seed=seed,
        licence=licence,
        source=f"imported from tables ({path.name})",
    )


def _mapping(text: str) -> dict[str, str]:
    """Ours -> theirs of "user=userId,item=asin"."""
    ours = {c for needed, optional in COLUMNS.values() for c in (*needed, *optional)}
    mapping: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, theirs = (p.strip() for p in part.partition("="))
        if not equals or not theirs or name not in ours or name in mapping:
            raise OptionError(
                f"columns: {part!r} is no mapping; allowed: ours=theirs, e.g. user=userId, each of "
                f"{', '.join(sorted(ours))} once."
            )
        mapping[name] = theirs
    return mapping


def world_of_sheets(
    path: Path,
    name: str,
    sheets: Mapping[str, Sheet],
    log: Log,
    *,
    min_rating: float | None,
    min_user_items: int,
    min_item_users: int,
    overlap: Overlap,
    split_by: SplitBy,
    seed: int,
    source: str,
    licence: str = "",
    importer: str = "table",
    names: Mapping[str, str] | None = None,
    only_taken: bool = False,
    min_attribute_items: int = 1,
    more: Mapping[str, Any] | None = None,
) -> World:
    """The world of tables that were read; see `import_table`.

    Args:
        importer: who read them; for the settings.
        names: what items are called, where there is no table `items`.
        only_taken: leave out items without an interaction that counts.
        min_attribute_items: drop attributes of fewer items.
        more: what else goes into the settings.
    """
    item_of = _items(sheets)
    rows = sheets["interactions"]
    user_of: dict[str, int] = {}
    users = np.array([user_of.setdefault(u, len(user_of)) for u in rows["user"]], dtype=np.int64)
    items = np.array([item_of[i] for i in rows["item"]], dtype=np.int64)
    liked = _liked(rows, min_rating, log)
    times = _times(rows) if split_by == "time" and "split" not in rows else None
    kept = np.flatnonzero(liked)
    if times is not None or "split" not in rows:
        order = None if times is None else times[kept]
        once = kept[distinct(users[kept], items[kept], order)]
        log.dropped["repeated interactions"] += len(kept) - len(once)
        kept = once
    if only_taken or min_user_items > 1 or min_item_users > 1 or min_rating is not None:
        kept, user_of, item_of, users, items = _enough(
            path,
            kept,
            (users, items),
            (user_of, item_of),
            (min_user_items, min_item_users),
            min_rating,
            only_taken or min_item_users > 1,
        )
    if "split" in rows:
        splits = _given_splits(rows, kept, users, items, len(user_of), log)
        splits = without_overlap(path, splits, log, overlap)
    else:
        splits = split_by_user(
            users[kept],
            items[kept],
            len(user_of),
            seed=seed,
            by=split_by,
            time=None if times is None else times[kept],
        )
    attributes = _attributes(sheets["item_attributes"], item_of, min_attribute_items, log)
    return finish(
        path,
        log,
        name=name,
        **splits,
        **attributes,
        friends=_friends(sheets, user_of, log),
        **_details(sheets, item_of, names or {}),
        source=source,
        licence=licence,
        settings={
            "importer": importer,
            "split_by": "given" if "split" in rows else split_by,
            "seed": seed,
            **({} if min_rating is None else {"min_rating": min_rating}),
            **({} if min_user_items <= 1 else {"min_user_items": min_user_items}),
            **({} if min_item_users <= 1 else {"min_item_users": min_item_users}),
            **(more or {}),
        },
    )


def _items(sheets: Mapping[str, Sheet]) -> dict[str, int]:
    """Item id -> position, in the order of the items table or else of first appearance."""
    item_of: dict[str, int] = {}
    listed = sheets.get("items")
    if listed is not None:
        for row, item in enumerate(listed["item"]):
            if item in item_of:
                raise bad(listed.path, f"item {shown(item)} occurs twice", listed.line(row))
            item_of[item] = len(item_of)
    for kind in ("item_attributes", "interactions"):
        sheet = sheets[kind]
        for row, item in enumerate(sheet["item"]):
            if item in item_of:
                continue
            if listed is not None:
                problem = f"item {shown(item)} is not in {listed.path.name}"
                raise bad(sheet.path, problem, sheet.line(row))
            item_of[item] = len(item_of)
    return item_of


def _liked(rows: Sheet, min_rating: float | None, log: Log) -> NDArray[np.bool_]:
    """Mask of the rows that are interactions."""
    liked = np.ones(len(rows["user"]), dtype=bool)
    if min_rating is None:
        if "rating" in rows:
            log.notes["ratings that are not looked at (without min_rating all count)"] += len(liked)
        return liked
    if "rating" not in rows:
        raise bad(rows.path, "min_rating needs the column 'rating'; or leave the option out", 1)
    for row, value in enumerate(rows["rating"]):
        try:
            rating = decimal_of(value if value != "" else None)
        except ValueError:
            rating = None
        if rating is None:
            problem = f"rating {shown(value)} is not a finite number"
            raise bad(rows.path, problem, rows.line(row))
        liked[row] = rating >= min_rating
    log.dropped[f"ratings below {min_rating:g}"] += int((~liked).sum())
    return liked


def _enough(
    path: Path,
    kept: NDArray[np.int64],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    numbers: tuple[dict[str, int], dict[str, int]],
    minima: tuple[int, int],
    min_rating: float | None,
    only_taken: bool,
) -> tuple[NDArray[np.int64], dict[str, int], dict[str, int], NDArray[np.int64], NDArray[np.int64]]:
    """Rows, users and items that are left by the minima, with new numbers."""
    (users, items), (user_of, item_of), (min_user, min_item) = pairs, numbers, minima
    once = kept[distinct(users[kept], items[kept])]  # given splits may repeat a pair
    once = once[core(users[once], items[once], min_user, min_item)]
    stay = np.isin(users, users[once]) & np.isin(items, items[once])
    kept = kept[stay[kept]]
    if not len(kept):
        raise ImportDataError(
            f"{path}: nothing is left with min_rating={min_rating}, min_user_items={min_user} and "
            f"min_item_users={min_item}; lower one of them."
        )
    _, new_user = renumber(users[kept], len(user_of))
    left_users = {key: int(new_user[u]) for key, u in user_of.items() if new_user[u] >= 0}
    new_item = np.arange(len(item_of))
    left_items = item_of
    if only_taken:
        _, new_item = renumber(items[kept], len(item_of))
        left_items = {key: int(new_item[i]) for key, i in item_of.items() if new_item[i] >= 0}
    return kept, left_users, left_items, new_user[users], new_item[items]


def _given_splits(
    rows: Sheet,
    kept: NDArray[np.int64],
    users: NDArray[np.int64],
    items: NDArray[np.int64],
    n_users: int,
    log: Log,
) -> Splits:
    labels = np.array(rows["split"], dtype=object)
    for row, label in enumerate(rows["split"]):
        if label not in SPLITS:
            problem = f"split {shown(label)} is none of {', '.join(SPLITS)}"
            raise bad(rows.path, problem, rows.line(row))
    labels, users, items = labels[kept], users[kept], items[kept]
    train, valid, test = (
        csr_from_pairs(users[labels == s], items[labels == s], n_users) for s in SPLITS
    )
    repeated = len(users) - train.links - valid.links - test.links
    log.dropped["repeated interactions"] += repeated
    return Splits(train=train, valid=valid, test=test)


def _times(rows: Sheet) -> NDArray[np.float64]:
    """The timestamps as numbers that grow with time."""
    if "timestamp" not in rows:
        problem = "splitting by time needs the column 'timestamp'; or use split_by=random"
        raise bad(rows.path, problem, 1)
    times = Times(rows.path, "timestamp")
    for row, value in enumerate(rows["timestamp"]):
        times.add(value, rows.line(row))
    return times.values()


def _attributes(links: Sheet, item_of: dict[str, int], min_items: int, log: Log) -> dict[str, Any]:
    """The attributes of the items, each in its facet."""
    labels = links["attribute"]
    facets = links["facet"] if "facet" in links else ["attribute"] * len(labels)
    facet_names = join_spellings((("", f) for f in facets), log, "facets")
    facets = [facet_names["", f] for f in facets]
    here = [item in item_of for item in links["item"]]  # not left out by a minimum
    spelt = [
        pair for pair, kept in zip(zip(facets, labels, strict=True), here, strict=True) if kept
    ]
    names = join_spellings(spelt, log)
    if min_items > 1:
        counts = Counter((facet, names[facet, label]) for facet, label in spelt)
        rare = {pair for pair, n in counts.items() if n < min_items}
        log.dropped[f"attributes of fewer than {min_items} items"] += len(rare)
    else:
        rare = set()
    facet_of: dict[str, int] = {NO_FACET: -1}
    attribute_of: dict[tuple[str, str], int] = {}
    items: list[int] = []
    ids: list[int] = []
    for row, (item, facet, label) in enumerate(zip(links["item"], facets, labels, strict=True)):
        if not here[row] or (facet, names[facet, label]) in rare:
            continue
        if facet not in facet_of:
            facet_of[facet] = len(facet_of) - 1
            if facet_of[facet] >= MOST_FACETS:
                problem = (
                    f"more than {MOST_FACETS:,} facets; a facet is a kind of attribute (colour) "
                    "and not the attribute (red)"
                )
                raise bad(links.path, problem, links.line(row))
        pair = facet, names[facet, label]
        items.append(item_of[item])
        ids.append(attribute_of.setdefault(pair, len(attribute_of)))
    for facet in dict.fromkeys(facets):
        if facet not in facet_of:
            log.note(f"facet without an attribute: {facet[:60]}")
    item_attributes = csr_from_pairs(items, ids, len(item_of))
    log.dropped["repeated item attributes"] += len(ids) - item_attributes.links
    return {
        "item_attributes": item_attributes,
        "n_attributes": len(attribute_of),
        "attribute_facet": [facet_of[facet] for facet, _ in attribute_of],
        "facet_names": [f for f in facet_of if f != NO_FACET],
        "attribute_names": [attribute for _, attribute in attribute_of],
    }


def _friends(sheets: Mapping[str, Sheet], user_of: dict[str, int], log: Log) -> Csr | None:
    sheet = sheets.get("friends")
    if sheet is None:
        return None
    known = set(sheets["interactions"]["user"])
    ends: list[tuple[int, int]] = []
    for row, pair in enumerate(zip(sheet["user"], sheet["friend"], strict=True)):
        for column, user in zip(("user", "friend"), pair, strict=True):
            if user not in known:
                problem = f"{column} {shown(user)} has no interactions"
                raise bad(sheet.path, problem, sheet.line(row))
        a, b = (user_of.get(user) for user in pair)
        if a is None or b is None:
            log.drop("friend links of users that were left out")
        else:
            ends.append((a, b))
    return csr_from_pairs([a for a, _ in ends], [b for _, b in ends], len(user_of))


def _details(
    sheets: Mapping[str, Sheet], item_of: dict[str, int], names: Mapping[str, str]
) -> dict[str, Any]:
    """Names, texts, lengths, qualities and appeals; an item without a name is called by its id."""
    sheet = sheets.get("items")
    details: dict[str, Any] = {"item_names": [names.get(item) or item for item in item_of]}
    if sheet is None:
        return details
    rows = [row for row, item in enumerate(sheet["item"]) if item in item_of]
    if "name" in sheet:
        details["item_names"] = [sheet["name"][row] or sheet["item"][row] for row in rows]
    if "text" in sheet:
        details["item_texts"] = [sheet["text"][row] for row in rows]
    for column in ("length", "quality", "appeal"):
        if column not in sheet:
            continue
        values = np.full(len(item_of), np.nan)
        for position, row in enumerate(rows):
            value = sheet[column][row]
            try:
                values[position] = float(value) if value != "" else np.nan
            except (TypeError, ValueError, OverflowError):
                problem = (
                    f"{column} {shown(value)} is not a number; allowed: {RANGES[column]} (empty)"
                )
                raise bad(sheet.path, problem, sheet.line(row)) from None
            missing = np.isnan(values[position])
            if not missing and not in_range(column, values[position : position + 1])[0]:
                problem = f"{column} {shown(value)}; allowed: {RANGES[column]} (empty)"
                raise bad(sheet.path, problem, sheet.line(row))
        details[f"item_{column}"] = values
    return details
