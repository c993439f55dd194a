"""What the environment shows where nobody names items (docs/recoworld.md, "Retrieval")."""

from __future__ import annotations

import numpy as np

from recosim.envs.recoworld import fields as f
from recosim.envs.recoworld.instructions import (
    ATTRIBUTE,
    AVOID,
    CONDITION,
    DIRECTIVE,
    SLOTS,
    WIDTH,
    counts_for,
)
from recosim.envs.recoworld.maths import has, in_set
from recosim.kernels.compiling import cached, kernel
from recosim.kernels.table import Table

__all__ = ["rank_pools", "retrieve"]


@kernel
def group_of(t: Table, b: int, v: int) -> int:
    """0: meets a heeded want and breaks nothing; 1: breaks nothing; 2: breaks what is heeded."""
    rows, heeded = f.instructions(t)[b], f.heeded(t)[b]
    group = 1
    for k in range(SLOTS):
        i = k * WIDTH
        if rows[i + DIRECTIVE] < 0:
            break
        if not heeded[k] or not has(t, v, rows[i + ATTRIBUTE]):
            continue
        if counts_for(t, v, rows[i + CONDITION]):
            if rows[i + DIRECTIVE] == AVOID:
                return 2
            group = 0
    return group


@kernel
def heeds(t: Table, b: int) -> bool:
    found = False
    for k in range(SLOTS):
        found = found or f.heeded(t)[b, k] != 0
    return found


@kernel
def retrieve(t: Table, b: int, because: int, found: np.ndarray) -> int:
    """The list of a row into `found`, padded with -1; returns its length."""
    k = found.shape[0]
    found[:] = -1
    pool, withheld = f.pools(t)[f.user(t)[b]], f.withheld(t)[b]
    n = 0
    if heeds(t, b):
        rest = np.empty((2, k), dtype=np.int32)
        n_rest = np.zeros(2, dtype=np.int64)
        for i in range(pool.shape[0]):
            v = np.int64(pool[i])
            if in_set(withheld, v) or (because >= 0 and not has(t, v, because)):
                continue
            group = group_of(t, b, v)
            if group == 0:
                found[n] = v
                n += 1
                if n == k:
                    return n
            elif n_rest[group - 1] < k:
                rest[group - 1, n_rest[group - 1]] = v
                n_rest[group - 1] += 1
        for group in range(2):
            for i in range(n_rest[group]):
                if n < k:
                    found[n] = rest[group, i]
                    n += 1
    else:
        for i in range(pool.shape[0]):
            v = np.int64(pool[i])
            if in_set(withheld, v) or (because >= 0 and not has(t, v, because)):
                continue
            found[n] = v
            n += 1
            if n == k:
                return n
    return n if n == k else fill_up(t, b, because, found, n)


@kernel
def fill_up(t: Table, b: int, because: int, found: np.ndarray, n: int) -> int:
    """Where the pool is used up: the most popular of the other items."""
    withheld, order = f.withheld(t)[b], f.by_popularity(t)
    pool = f.pools(t)[f.user(t)[b]]
    if pool.shape[0] == order.shape[0]:
        return n  # every item is in the pool
    for i in range(order.shape[0]):
        if n == found.shape[0]:
            break
        v = np.int64(order[i])
        if in_set(withheld, v) or (because >= 0 and not has(t, v, because)):
            continue
        there = False
        for j in range(n):  # what of the pool may be shown is in the list already
            there = there or found[j] == v
        if not there:
            found[n] = v
            n += 1
    return n


@cached(nogil=True, error_model="numpy")
def rank_pools(
    chosen: np.ndarray,
    users: np.ndarray,
    columns: np.ndarray,
    bias: np.ndarray,
    pools: np.ndarray,
) -> None:
    """The items of the highest scores of some users into their rows of `pools`, best first.

    Scores are `bias + <user, item>`, summed in one fixed order, so that they are the same whoever
    asks for them; the smallest id comes first on ties.

    Args:
        chosen: int64 (n,). users: float32 (users, d). columns: float32 (d, items), the vectors of
            the items, column by column. bias: (items,).
        pools: int32 (users, size), size at most the number of items.
    """
    size, n = pools.shape[1], columns.shape[1]
    scores = np.empty(n, dtype=np.float32)
    for user in chosen:
        scores[:] = bias
        for k in range(columns.shape[0]):
            weight, column = users[user, k], columns[k]
            for v in range(n):  # item by item alike, so that it vectorises and stays in order
                scores[v] += weight * column[v]
        if size < n:
            least = np.partition(scores, n - size)[n - size]
            sure, tied = np.flatnonzero(scores > least), np.flatnonzero(scores == least)
            kept = np.concatenate((sure, tied[: size - sure.shape[0]]))
        else:
            kept = np.arange(n)
        # By falling score, the smallest id on ties: a stable sort of ascending ids.
        kept = np.sort(kept)
        order = np.argsort(-scores[kept], kind="mergesort")
        pools[user, :] = kept[order].astype(np.int32)
