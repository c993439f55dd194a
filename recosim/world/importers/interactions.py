"""Filtering and splitting of (user, item) tables, shared by the importers of raw collections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.errors import OptionError, unknown
from recosim.world.csr import Csr, csr_from_pairs

__all__ = ["SplitBy", "Splits", "core", "distinct", "renumber", "split_by_user"]

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
    users: NDArray[np.int64], items: NDArray[np.int64], order: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Positions of one row for each (user, item), in ascending order: the earliest by `order`."""
    rank = order if order is not None else np.arange(len(users))
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
