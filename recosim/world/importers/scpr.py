"""Importer of the folders of SCPR and UNICORN: LastFM, LastFM*, Yelp, Yelp* and their kin.

Layout (public SCPR and UNICORN code): `Graph_generate_data/` with the items' attributes and the
users' friends, `UI_Interaction_data/` with the splits, `ID_map_info/` with names. The attribute of
a conversation is `feature_index`; the field `categories` of LastFM holds raw tag ids and is not it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import ImportDataError
from recosim.progress import Progress
from recosim.world.arrays import SPLITS
from recosim.world.csr import csr_from_lists
from recosim.world.importers.cells import id_of, label_of, shown
from recosim.world.importers.interactions import (
    MOST_FACETS,
    Overlap,
    Splits,
    finish,
    without_overlap,
)
from recosim.world.importers.source import (
    Log,
    bad,
    find_file,
    line_of_key,
    need_file,
    read_json,
)
from recosim.world.world import World

__all__ = [
    "attribute_names",
    "check_ids",
    "id_table",
    "import_scpr",
    "item_names",
    "whole",
    "wholes",
]

GRAPH, SPLIT, NAMES = "Graph_generate_data", "UI_Interaction_data", "ID_map_info"

# The enumerated (Yelp) form keeps the small attributes in a file of their own. The spelling of the
# last name is that of the published files.
ITEM_FILES = ("item_dict-original_tag.json", "item_dict.json")
MOST_IDS = 2**31 - 1
TAXONOMY = "2-layer taxonomy.json"
TAG_MAPS = ("second-layer_oringinal_tag_map.json", "original_tag_map.json", "merged_tag_map.json")


def import_scpr(
    path: Path,
    name: str,
    *,
    overlap: Overlap = "refuse",
    progress: Progress | None = None,
) -> World:
    """A world from a prepared folder of the SCPR family, ids and splits as published.

    Where the folder has a two-layer taxonomy, its first layer gives the facets. An attribute that
    the taxonomy puts into several facets stays in the first; one that it leaves out has none.
    Without a taxonomy all attributes are in one facet, `tag`. Links that occur twice are counted in
    `world.settings["dropped"]`.

    Args:
        overlap: what to do where splits overlap, as those of some later papers do: "refuse", or
            "out_of_train": each is taken out of the earlier split, and the counts are noted.

    Raises:
        ImportDataError: a file is missing or not JSON, an id occurs twice, is missing between
            others or names nothing, splits overlap, a split is empty, no attributes.
    """
    path = Path(path)
    item_file = need_file(path, _places(GRAPH, *ITEM_FILES), "the items' attributes")
    split_files = {
        split: need_file(
            path, _places(SPLIT, f"review_dict_{split}.json"), f"the {split} interactions"
        )
        for split in SPLITS
    }
    user_file = find_file(path, _places(GRAPH, "user_dict.json"), "the users", needed=False)
    log = Log()
    step = _steps(progress, total=6)

    step("items")
    item_rows = id_table(item_file, "feature_index", log)
    n_items = _dense(item_file, "item", item_rows.keys())
    names, n_named = attribute_names(path, log)
    used = max((a for row in item_rows.values() for a in row), default=-1) + 1
    n_attributes = max(used, n_named)
    if used > n_named > 0:
        raise bad(item_file, f"attribute {used - 1} is not in the tag map (0..{n_named - 1})")

    splits = {}
    for split, file in split_files.items():
        step(f"{split} interactions")
        splits[split] = id_table(file, None, log)
        check_ids(file, splits[split], n_items, "item")
    step("users and friends")
    friend_rows = id_table(user_file, "friends", log) if user_file is not None else {}
    users = set(friend_rows).union(*splits.values())
    n_users = _count_users(split_files["train"], users)
    if user_file is not None:
        check_ids(user_file, friend_rows, n_users, "user")

    step("checks and derived arrays")
    tables = {"item_attributes": item_rows, **splits, "friends": friend_rows}
    for label, rows in tables.items():
        log.dropped[f"repeated {label}"] += sum(len(row) - len(set(row)) for row in rows.values())
    facet, facet_names, overlaps = _facets(path, n_attributes, log)
    parts = without_overlap(
        path,
        Splits(
            train=_csr(splits["train"], n_users),
            valid=_csr(splits["valid"], n_users),
            test=_csr(splits["test"], n_users),
        ),
        log,
        overlap,
    )
    return finish(
        path,
        log,
        name=name,
        item_attributes=_csr(item_rows, n_items),
        **parts,
        friends=_csr(friend_rows, n_users),
        n_attributes=n_attributes,
        attribute_facet=facet,
        facet_names=facet_names or ["tag"],
        attribute_names=names or None,
        item_names=item_names(path, n_items, log),
        source=f"imported from an SCPR/UNICORN folder ({path.name})",
        licence="that of the collection; the prepared files state none",
        settings={
            "importer": "scpr",
            "overlap": overlap,
            "attributes_in_several_facets": overlaps,
        },
    )


def _places(folder: str, *names: str) -> list[str]:
    """Relative paths to try: in the layout's sub-folder, then directly in the folder."""
    return [f"{folder}/{n}" for n in names] + list(names)


def _steps(progress: Progress | None, total: int) -> Callable[[str], None]:
    done = -1

    def step(what: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total, what)

    return step


def id_table(path: Path, field: str | None, log: Log) -> dict[int, list[int]]:
    """Id -> list of ids of a JSON file; `field` picks one list of an object."""
    rows: dict[int, list[int]] = {}
    for key, value in read_json(path, log).items():
        entry: Any = value
        if field is not None and isinstance(value, dict):
            entry = value.get(field)
        row, ids = whole(key), wholes(entry)
        if row is None or ids is None:
            wanted = f"a list of ids under {field!r}" if field else "a list of ids"
            raise bad(path, f"entry {shown(key)} needs an id and {wanted}", line_of_key(path, key))
        if row in rows:
            raise bad(path, f"the id {row} occurs twice", line_of_key(path, key))
        rows[row] = ids
    return rows


def whole(value: Any) -> int | None:
    """A whole number from 0, as `7`, `"7"` or `7.0`; None for anything else."""
    if type(value) is int:
        return value if 0 <= value < MOST_IDS else None
    try:
        text = id_of(value)
    except ValueError:
        return None
    decimal = text is not None and text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if text is not None and decimal and int(text) < MOST_IDS else None


def wholes(entry: Any) -> list[int] | None:
    if not isinstance(entry, list):
        return None
    if all(type(i) is int for i in entry):
        return entry  # out of range is told with the range
    ids = [whole(i) for i in entry]
    return None if None in ids else [i for i in ids if i is not None]


def _dense(path: Path, kind: str, ids: Any) -> int:
    """The number of ids, which are to be 0..n-1."""
    known = set(ids)
    if not known:
        raise bad(path, f"there is no {kind}")
    missing = next((i for i in range(len(known)) if i not in known), None)
    if missing is not None:
        raise bad(
            path,
            f"{kind} ids are to be 0..n-1; {missing} is missing although {max(known)} is there",
        )
    return len(known)


def _count_users(path: Path, ids: set[int]) -> int:
    """How many users there are; those that no file has took nothing, and are counted as such."""
    if not ids:
        raise bad(path, "there is no user")
    if max(ids) >= 2 * len(ids) + 1000:
        problem = f"user {max(ids)} is there, and only {len(ids)} users; number them from 0"
        raise bad(path, problem)
    return max(ids) + 1


def check_ids(path: Path, rows: Mapping[int, list[int]], limit: int, kind: str) -> None:
    for key, row in rows.items():
        for i in row:
            if not 0 <= i < limit:
                raise bad(
                    path,
                    f"entry {key} names {kind} {i}, which does not exist (0..{limit - 1})",
                    line_of_key(path, str(key)),
                )


def _csr(rows: Mapping[int, list[int]], n: int) -> Any:
    return csr_from_lists((rows.get(i, ()) for i in range(n)), n)


def item_names(path: Path, n_items: int, log: Log) -> list[str] | None:
    names = _reverse_map(path, "item_reverse_map.json", log)
    return [names.get(i, f"item {i}") for i in range(n_items)] if names else None


def attribute_names(path: Path, log: Log) -> tuple[list[str], int]:
    """(names, how many attributes the maps know); no names where no map is there."""
    names = _reverse_map(path, "tag_reverse_map.json", log)
    if names:
        n = max(names) + 1
        if n > MOST_IDS // 2:
            raise ImportDataError(f"{path}: the tag map names attribute {max(names):,}.")
        return [names.get(a, f"attribute {a}") for a in range(n)], n
    file = find_file(path, _places(GRAPH, *TAG_MAPS), "the tag map", needed=False)
    if file is None:
        return [], 0
    ids = {}
    for label, given in read_json(file, log).items():
        index = whole(given)
        if index is None or index in ids:
            raise bad(file, f"{shown(label)} needs an id of its own", line_of_key(file, label))
        ids[index] = label
    n = _dense(file, "attribute", ids)
    cities = _cities(path, log)
    return [_readable(ids[a], cities) for a in range(n)], n


def _reverse_map(path: Path, file_name: str, log: Log) -> dict[int, str]:
    """Id -> name of `{"0": {"real_id": [...], "real_name": ["..."]}}`; empty if it is absent."""
    file = find_file(path, _places(NAMES, file_name), "names", needed=False)
    if file is None:
        return {}
    names: dict[int, str] = {}
    for key, entry in read_json(file, log).items():
        row = whole(key)
        given = entry.get("real_name") if isinstance(entry, dict) else None
        if row is None or not isinstance(given, list) or not given:
            problem = f"entry {shown(key)} needs an id and a 'real_name'"
            raise bad(file, problem, line_of_key(file, key))
        # Nameless items are there as "None"; they get the name of their number instead.
        if given[0] not in (None, "None"):
            names[row] = given[0] if isinstance(given[0], str) else _label(file, key, given[0])
    return names


def _label(file: Path, key: str, value: Any) -> str:
    try:
        return label_of(value)
    except ValueError as error:
        problem = f"the name of entry {shown(key)}: {error}"
        raise bad(file, problem, line_of_key(file, key)) from None


def _cities(path: Path, log: Log) -> dict[str, str]:
    file = find_file(path, _places(NAMES, "city_map.json"), "cities", needed=False)
    if file is None:
        return {}
    return {f"city_{shown(index)}": label for label, index in read_json(file, log).items()}


def _readable(label: str, cities: Mapping[str, str]) -> str:
    """`category_Tapas` -> `Tapas`, `city_3` -> the city, `stars_4.0` -> `stars 4.0`."""
    if label in cities:
        return cities[label]
    return label.removeprefix("category_").replace("_", " ")


def _facets(
    path: Path, n_attributes: int, log: Log
) -> tuple[NDArray[np.int16] | None, list[str] | None, int]:
    """(facet of each attribute, names, how many were in several); None without a taxonomy."""
    file = find_file(path, _places(GRAPH, TAXONOMY), "the taxonomy", needed=False)
    if file is None:
        return None, None, 0
    facet = np.full(n_attributes, -1, dtype=np.int16)
    names, several = [], set()
    taxonomy = read_json(file, log)
    if len(taxonomy) > MOST_FACETS:
        raise bad(file, f"{len(taxonomy):,} facets; allowed: {MOST_FACETS:,}")
    for index, (label, listed) in enumerate(taxonomy.items()):
        names.append(label.replace("_", " "))
        attributes = wholes(listed)
        if attributes is None:
            problem = f"facet {label!r} needs a list of attribute ids"
            raise bad(file, problem, line_of_key(file, label))
        for a in attributes:
            if not 0 <= a < n_attributes:
                problem = f"facet {label!r} names attribute {a}, of which there are {n_attributes}"
                raise bad(file, problem, line_of_key(file, label))
            if facet[a] >= 0 and facet[a] != index:
                several.add(a)
            else:
                facet[a] = index
    if not names:
        raise ImportDataError(
            f"{file}: the taxonomy is empty; remove the file to do without facets."
        )
    return facet, names, len(several)
