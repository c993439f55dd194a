"""Importer of the folders of MCMIPL and MetaCRS, kin of SCPR's: some of their files are pickles.

Layout (their public code): `data/NAME/UI_Interaction_data/review_dict_{train,valid,test}.json`; the
attributes of items in `Graph_generate_data/item_dict.json`, `fea_item/item_feature.pkl`,
`Graph_generate_data/item_fea.pkl`, or in the graph `kg.pkl` (`tmp/NAME/kg.pkl`); MCMIPL's kinds of
attributes in `fea_item/small_to_large.pkl`, `Graph_generate_data/fea_large.pkl` or the graph. Both
files of a dataset go into one folder, or the folder of the repository is named with `dataset`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recosim.errors import ImportDataError
from recosim.progress import Progress
from recosim.world.arrays import SPLITS
from recosim.world.csr import csr_from_lists
from recosim.world.importers.cells import shown
from recosim.world.importers.interactions import (
    MOST_FACETS,
    Overlap,
    Splits,
    finish,
    without_overlap,
)
from recosim.world.importers.pickles import read_pickle
from recosim.world.importers.scpr import (
    attribute_names,
    check_ids,
    id_table,
    item_names,
    whole,
    wholes,
)
from recosim.world.importers.source import Log, bad, find_file, need_file
from recosim.world.world import World

__all__ = ["import_mcmipl", "import_metacrs"]

SPLIT, GRAPH, FEATURES = "UI_Interaction_data", "Graph_generate_data", "fea_item"
ITEM_PICKLES = ("fea_item/item_feature.pkl", "Graph_generate_data/item_fea.pkl", "item_fea.pkl")
KIND_PICKLES = ("fea_item/small_to_large.pkl", "Graph_generate_data/fea_large.pkl")
FRIEND_PICKLES = ("Graph_generate_data/user_friends.pkl", "user_friends.pkl")


def import_mcmipl(
    path: Path,
    name: str,
    *,
    overlap: Overlap = "refuse",
    progress: Progress | None = None,
) -> World:
    """A world from a folder of MCMIPL (Zhang et al., WWW 2022): LastFM*, Yelp*, Book, Movie.

    A facet is a kind of attribute as MCMIPL groups them (`small_to_large`), named by its number;
    without it all attributes are in one facet, `tag`. Pickles are read as plain containers, and
    nothing in them is run.

    Args:
        overlap: what to do where splits overlap: "refuse", or "out_of_train" (each is taken out of
            the earlier split; the counts are noted).

    Raises:
        ImportDataError: a file is missing or damaged, or ids name nothing.
    """
    return _import(Path(path), name, "mcmipl", overlap, progress)


def import_metacrs(
    path: Path,
    name: str,
    *,
    overlap: Overlap = "refuse",
    progress: Progress | None = None,
) -> World:
    """A world from a folder of MetaCRS (Chu et al., WSDM 2023): LastFM, Book, Movie.

    As `import_mcmipl`; MetaCRS has no kinds of attributes, so all are in one facet.

    Args:
        overlap: as in `import_mcmipl`.

    Raises:
        ImportDataError: a file is missing or damaged, or ids name nothing.
    """
    return _import(Path(path), name, "metacrs", overlap, progress)


def _import(
    path: Path, name: str, importer: str, overlap: Overlap, progress: Progress | None
) -> World:
    log = Log()
    what = "a folder of MCMIPL" if importer == "mcmipl" else "a folder of MetaCRS"
    files = {
        split: need_file(
            path,
            [f"{SPLIT}/review_dict_{split}.json", f"review_dict_{split}.json"],
            f"the {split} interactions of {what}",
        )
        for split in SPLITS
    }
    if progress is not None:
        progress(0, 3, "items")
    graph = _graph(path)
    item_file, item_rows = _items(path, graph, log)
    kinds = _kinds(path, graph) if importer == "mcmipl" else {}
    if progress is not None:
        progress(1, 3, "interactions")
    rows = {split: id_table(file, None, log) for split, file in files.items()}
    friends = _friends(path, graph, log)
    used = {i for table in rows.values() for row in table.values() for i in row}
    n_items = max([*item_rows, *used], default=-1) + 1
    n_users = max((u for table in rows.values() for u in table), default=-1) + 1
    names, n_named = attribute_names(path, log)
    n_attributes = max([n_named, *(a + 1 for row in item_rows.values() for a in row)])
    most = len(item_rows) + len(used) + 1_000_000
    if max(n_items, n_attributes) > most or n_users > len(rows["train"]) + 1_000_000:
        raise bad(item_file, f"ids up to {max(n_items, n_users, n_attributes):,} leave most out")
    for split, file in files.items():
        check_ids(file, rows[split], n_items, "item")
    for label, table in {"item_attributes": item_rows, **rows}.items():
        log.dropped[f"repeated {label}"] += sum(len(r) - len(set(r)) for r in table.values())
    if unlisted := n_items - len(item_rows):
        log.notes["items without attributes"] += unlisted
    if progress is not None:
        progress(2, 3, "checks and derived arrays")
    train, valid, test = (
        csr_from_lists((rows[split].get(u, ()) for u in range(n_users)), n_users)
        for split in SPLITS
    )
    splits = without_overlap(path, Splits(train=train, valid=valid, test=test), log, overlap)
    facet, facet_names = _facets(item_file, kinds, n_attributes)
    return finish(
        path,
        log,
        name=name,
        item_attributes=csr_from_lists((item_rows.get(i, ()) for i in range(n_items)), n_items),
        **splits,
        friends=csr_from_lists(
            ([f for f in friends.get(u, ()) if f < n_users] for u in range(n_users)), n_users
        ),
        n_attributes=n_attributes,
        attribute_facet=facet,
        facet_names=facet_names,
        attribute_names=[*names, *(f"attribute {a}" for a in range(len(names), n_attributes))],
        item_names=item_names(path, n_items, log),
        source=f"imported from {what} ({path.name})",
        licence="that of the collection; the prepared files state none",
        settings={"importer": importer, "overlap": overlap},
    )


def _graph(path: Path) -> tuple[Path, dict[Any, Any]] | None:
    """`G` of kg.pkl, {"user": ..., "item": ..., "feature": ...}; None where there is none."""
    file = find_file(path, ["kg.pkl", f"tmp/{path.name}/kg.pkl"], "the graph", needed=False)
    if file is None:
        return None
    value = read_pickle(file)
    inner = value.get("G", value) if isinstance(value, dict) else None
    if not isinstance(inner, dict) or not isinstance(inner.get("item"), dict):
        raise bad(file, "expected a graph with G['item'], as MCMIPL and MetaCRS store it")
    return file, inner


def _items(
    path: Path, graph: tuple[Path, dict[Any, Any]] | None, log: Log
) -> tuple[Path, dict[int, list[int]]]:
    """The attributes of each item, from the first file that has them."""
    listed = [f"{GRAPH}/item_dict.json", "item_dict.json"]
    file = find_file(path, listed, "the attributes of items", needed=False)
    if file is not None:
        return file, id_table(file, "feature_index", log)
    file = find_file(path, ITEM_PICKLES, "the attributes of items", needed=False)
    if file is not None:
        return file, _rows(file, read_pickle(file), "feature_index")
    if graph is None:
        need_file(path, [*listed, *ITEM_PICKLES, "kg.pkl"], "the attributes of items")
    assert graph is not None  # need_file raised otherwise
    return graph[0], _rows(graph[0], graph[1]["item"], "belong_to")


def _rows(file: Path, value: Any, field: str) -> dict[int, list[int]]:
    """Id -> ids of a dictionary or list of lists, or of dictionaries with such a list."""
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict) or not value:
        raise bad(file, f"expected a dictionary of lists of ids, found {shown(value)}")
    rows: dict[int, list[int]] = {}
    for key, entry in value.items():
        inner = entry.get(field) if isinstance(entry, dict) else entry
        if isinstance(inner, (set, tuple)):
            inner = sorted(inner, key=repr)
        row, ids = whole(key), wholes(inner)
        if row is None or ids is None or any(i < 0 for i in ids):
            raise bad(file, f"entry {shown(key)} needs an id and a list of ids ({field!r})")
        if row in rows:
            raise bad(file, f"the id {row} occurs twice")
        rows[row] = ids
    return rows


def _kinds(path: Path, graph: tuple[Path, dict[Any, Any]] | None) -> dict[int, int]:
    """Attribute -> its kind; empty where no file says."""
    file = find_file(path, KIND_PICKLES, "the kinds of attributes", needed=False)
    value: Mapping[Any, Any] = {}
    field = "link_to_feature"
    if file is not None:
        value = read_pickle(file)
    elif graph is not None and isinstance(graph[1].get("feature"), dict):
        file, value = graph[0], graph[1]["feature"]
    if file is None:
        return {}
    kinds: dict[int, int] = {}
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        raise bad(file, f"expected a dictionary of kinds, found {shown(value)}")
    for key, entry in value.items():
        inner = entry.get(field) if isinstance(entry, dict) else entry
        if isinstance(inner, (list, tuple)):
            inner = inner[0] if inner else None
        attribute, kind = whole(key), whole(inner) if inner is not None else -1
        if attribute is None or kind is None:
            raise bad(file, f"entry {shown(key)} needs an attribute and the number of its kind")
        if kind >= 0:
            kinds[attribute] = kind
    return kinds


def _friends(
    path: Path, graph: tuple[Path, dict[Any, Any]] | None, log: Log
) -> dict[int, list[int]]:
    file = find_file(path, [f"{GRAPH}/user_dict.json"], "the users", needed=False)
    if file is not None:
        return id_table(file, "friends", log)
    file = find_file(path, FRIEND_PICKLES, "the friends", needed=False)
    if file is not None:
        return _rows(file, read_pickle(file), "friends")
    if graph is not None and isinstance(graph[1].get("user"), dict):
        users = graph[1]["user"].items()
        known = {u: e for u, e in users if isinstance(e, dict) and e.get("friends")}
        return _rows(graph[0], known, "friends") if known else {}
    return {}


def _facets(file: Path, kinds: dict[int, int], n_attributes: int) -> tuple[Any, list[str]]:
    if not kinds:
        return None, ["tag"]
    order = sorted(set(kinds.values()))
    if len(order) > MOST_FACETS:
        raise ImportDataError(f"{file}: {len(order):,} kinds; allowed: {MOST_FACETS:,}.")
    number = {kind: k for k, kind in enumerate(order)}
    facet = np.full(n_attributes, -1, dtype=np.int16)
    for attribute, kind in kinds.items():
        if attribute < n_attributes:
            facet[attribute] = number[kind]
    return facet, [f"kind {kind}" for kind in order]
