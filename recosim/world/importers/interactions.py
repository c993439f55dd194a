"""Filtering and splitting of (user, item) tables, and how an import ends, for all importers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.errors import ImportDataError, OptionError, unknown
from recosim.world.csr import Csr, csr_from_pairs
from recosim.world.importers.source import Log, refusing
from recosim.world.world import World, build_world

__all__ = [
    "Overlap",
    "SplitBy",
    "Splits",
    "core",
    "distinct",
    "fifths",
    "finish",
    "renumber",
    "split_by_user",
    "without_overlap",
]

SplitBy = Literal["random", "time"]


class Splits(TypedDict):
    """The interactions of each split, rows = users, ids = items."""

    train: Csr
    valid: Csr
    test: Csr


VALID_SHARE = TEST_SHARE = 0.15  # the shares of the prepared LastFM and Yelp sets, about 70/15/15


def core(
    users: NDArray[np.int64], items: NDArray[np.int64], min_user: int, min_item: int
) -> NDArray[np.bool_]:
    """Mask of the rows that stay when users and items below a minimum are removed until none is.

    Args:
        users, items: ids from 0, shape (rows,), each (user, item) once.
        min_user: least interactions of a user; min_item: least users of an item.
    """
    keep = np.ones(len(users), dtype=bool)
    n_users = int(users.max(initial=-1)) + 1
    n_items = int(items.max(initial=-1)) + 1
    while True:
        by_user = np.bincount(users[keep], minlength=n_users)
        by_item = np.bincount(items[keep], minlength=n_items)
        stay = keep & (by_user[users] >= min_user) & (by_item[items] >= min_item)
        if stay.sum() == keep.sum():
            return keep
        keep = stay


def distinct(
    users: NDArray[np.int64], items: NDArray[np.int64], order: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Positions of one row for each (user, item), in ascending order: the earliest by `order`."""
    rank: NDArray[Any] = order if order is not None else np.arange(len(users))
    by = np.lexsort((rank, items, users))
    first = np.ones(len(by), dtype=bool)
    same_user = users[by][1:] == users[by][:-1]
    first[1:] = ~(same_user & (items[by][1:] == items[by][:-1]))
    return np.sort(by[first])


def renumber(ids: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(kept ids in ascending order, new id of each old id or -1) of the ids that occur."""
    kept = np.unique(ids)
    new = np.full(size, -1, dtype=np.int64)
    new[kept] = np.arange(len(kept))
    return kept, new


def split_by_user(
    users: ArrayLike,
    items: ArrayLike,
    n_users: int,
    *,
    seed: int,
    by: SplitBy = "random",
    time: Sequence[float] | NDArray[np.float64] | NDArray[np.int64] | None = None,
) -> Splits:
    """Split each user's interactions 70/15/15 into train, valid and test.

    Args:
        users, items: int, shape (rows,), each (user, item) once.
        seed: of the shuffle; also decides ties of equal times.
        by: "random" shuffles; "time" takes each user's latest for test, those before for valid.
        time: a number for each row, later is larger; needed by "time".

    Returns:
        "train", "valid" and "test", `Csr` of n_users rows. A user's test and valid shares are
        rounded to the nearest; a user of fewer than three interactions has them all in train.

    Raises:
        UnknownNameError: not a way to split. OptionError: "time" without times.
    """
    if by not in ("random", "time"):
        raise unknown("split", by, ("random", "time"))
    if by == "time" and time is None:
        raise OptionError("splitting by time needs a timestamp for each interaction; use 'random'.")
    rows, ids = np.asarray(users, dtype=np.int64), np.asarray(items, dtype=np.int64)
    by_id = np.lexsort((ids, rows))  # so that the split does not depend on the order of the file
    rows, ids = rows[by_id], ids[by_id]
    shuffle = np.random.default_rng(seed).random(len(rows))
    keys = (shuffle, rows) if by == "random" else (shuffle, np.asarray(time)[by_id], rows)
    order = np.lexsort(keys)
    rows, ids = rows[order], ids[order]
    count = np.bincount(rows, minlength=n_users)
    start = np.cumsum(count) - count
    from_end = (start + count)[rows] - 1 - np.arange(len(rows))  # 0 is the user's last
    n_test = np.where(count < 3, 0, np.maximum(1, np.rint(TEST_SHARE * count)))
    n_valid = np.where(count < 3, 0, np.maximum(1, np.rint(VALID_SHARE * count)))
    test = from_end < n_test[rows]
    valid = ~test & (from_end < (n_test + n_valid)[rows])

    def part(mask: NDArray[np.bool_]) -> Csr:
        return csr_from_pairs(rows[mask], ids[mask], n_users)

    return Splits(train=part(~test & ~valid), valid=part(valid), test=part(test))


def fifths(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """0 to 4 by quintile; equal values share the tier of their middle rank."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    not_above = np.searchsorted(ordered, values, side="right")
    return np.minimum(4, (5 * (below + not_above) / 2 / max(len(values), 1)).astype(np.int64))


Overlap = Literal["refuse", "out_of_train"]


def without_overlap(path: Path, splits: Splits, log: Log, overlap: Overlap = "refuse") -> Splits:
    """The splits as they are where none overlap; else refused, or each taken out of the earlier.

    Args:
        overlap: "refuse", or "out_of_train": what is in train and in another split leaves train,
            what is in valid and in test leaves valid. The counts of each pair are noted.

    Raises:
        UnknownNameError: another word. ImportDataError: splits overlap and are to be refused; the
            counts of each pair of splits are named.
    """
    if overlap not in get_args(Overlap):
        raise unknown("overlap", overlap, get_args(Overlap))
    keys: dict[str, NDArray[np.int64]] = {}
    for name, links in splits.items():
        rows, ids = cast(Csr, links).pairs()
        keys[name] = rows.astype(np.int64) << 32 | ids
    found: dict[str, int] = {}
    first = ""
    for earlier, later in (("train", "valid"), ("train", "test"), ("valid", "test")):
        both = np.intersect1d(keys[earlier], keys[later], assume_unique=True)
        if len(both):
            found[f"{earlier} and {later}"] = len(both)
            user, item = int(both[0] >> 32), int(both[0] & 0xFFFFFFFF)
            first = first or f"user {user} and item {item} are in two splits, {earlier} and {later}"
    if not found:
        return splits
    if overlap == "refuse":
        counts = ", ".join(f"{n:,} in {pair}" for pair, n in found.items())
        raise ImportDataError(
            f"{path}: splits overlap: {counts} ({first}). Mend them, or import with "
            "overlap=out_of_train (--overlap out_of_train), which takes them out of the earlier "
            "split."
        )
    for pair, n in found.items():
        log.notes[f"interactions in {pair}, taken out of {pair.split()[0]}"] += n
    n_users = splits["train"].rows
    valid = np.setdiff1d(keys["valid"], keys["test"], assume_unique=True)
    train = np.setdiff1d(
        np.setdiff1d(keys["train"], keys["valid"], assume_unique=True),
        keys["test"],
        assume_unique=True,
    )

    def table(kept: NDArray[np.int64]) -> Csr:
        return csr_from_pairs(kept >> 32, kept & 0xFFFFFFFF, n_users)

    return Splits(train=table(train), valid=table(valid), test=splits["test"])


MOST_FACETS = 32_767  # a facet is an int16


def finish(path: Path, log: Log, *, settings: Mapping[str, Any], **parts: Any) -> World:
    """`build_world` for an importer: what is wrong names the source, what was dropped is kept.

    `World.settings` gets "dropped", "notes" and "interactions_with_attributes", the share of the
    interactions whose item has an attribute. Facets without an attribute and users without an
    interaction are noted.

    Raises:
        ImportDataError: see `build_world`; more than 32,767 facets; no interaction is with an item
            that has an attribute: then the ids of the two do not meet.
    """
    facet_names = parts.get("facet_names") or ()
    if len(facet_names) > MOST_FACETS:
        raise ImportDataError(
            f"{path}: {len(facet_names):,} facets; allowed: {MOST_FACETS:,}. A facet is a kind of "
            "attribute (colour, size) and not the attribute (red, small)."
        )
    tables: list[Csr] = [parts["train"], parts["valid"], parts["test"]]
    able = parts["item_attributes"].degrees() > 0
    taken = np.concatenate([table.indices for table in tables])
    share = 1.0
    if len(taken) and able.any():
        share = float(able[taken].mean())
        if not share:
            raise ImportDataError(
                f"{path}: none of the {len(taken):,} interactions is with an item that has an "
                "attribute; are items called alike in both files?"
            )
    degrees = np.sum([table.degrees() for table in tables], axis=0)
    if idle := int(np.sum(degrees == 0)):
        log.notes["users without interactions"] += idle
    if (facet := parts.get("attribute_facet")) is not None:
        used = set(np.asarray(facet, dtype=np.int64).tolist())
        for number, label in enumerate(facet_names):
            if number not in used:
                log.notes[f"facet without an attribute: {label}"] += 1
    with refusing(path):
        return build_world(
            **parts,
            settings={
                **settings,
                "interactions_with_attributes": round(share, 4),
                **log.settings(),
            },
        )
