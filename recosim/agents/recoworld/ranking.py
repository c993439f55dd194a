"""Lists out of candidates: the best, the first that were not shown, and diverse ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.kernels.compiling import cached, kernel
from recosim.world.csr import Csr

__all__ = ["first_unseen", "pick_best", "pick_diverse"]

# Candidates of each group that diverse lists are made of: the first that were not shown.
WIDTH = 96
# Between two groups of candidates lies more than any two values differ by.
APART = 1e6


def pick_best(
    values: NDArray[np.floating[Any]],
    pool: NDArray[np.int32],
    withheld: NDArray[np.uint64],
    top_k: int,
    groups: NDArray[np.int8] | None = None,
) -> NDArray[np.int32]:
    """The items of the highest values, the first in the pool on ties; int32 (B, top_k), -1 padded.

    Args:
        values: (B, n), -inf for what is not to be shown. pool: int32 (B, n).
        withheld: uint64 (B, words), the items that were shown before.
        groups: int8 (B, n), those of a lower group come first.
    """
    lists = np.full((len(pool), top_k), -1, dtype=np.int32)
    _pick(np.asarray(values, dtype=np.float32), pool, withheld, _some(groups), lists)
    return lists


def pick_diverse(
    values: NDArray[np.floating[Any]],
    pool: NDArray[np.int32],
    withheld: NDArray[np.uint64],
    top_k: int,
    relevance: float,
    links: Csr,
    groups: NDArray[np.int8] | None = None,
) -> NDArray[np.int32]:
    """Lists by maximal marginal relevance: see `Diversify`; int32 (B, top_k), -1 padded.

    Args:
        relevance: how much the value counts, 0 to 1, beside the similarity to what is in the list.
        links: the attributes of each item. The rest as in `pick_best`.
    """
    lists = np.full((len(pool), top_k), -1, dtype=np.int32)
    scores = np.asarray(values, dtype=np.float32)
    parts = (links.indptr, links.indices)
    _pick_diverse(scores, pool, withheld, relevance, *parts, _some(groups), lists)
    return lists


def first_unseen(
    order: NDArray[np.int32], withheld: NDArray[np.uint64], top_k: int
) -> NDArray[np.int32]:
    """The first items of one order that a row was not shown yet; int32 (B, top_k), -1 padded."""
    lists = np.full((len(withheld), top_k), -1, dtype=np.int32)
    _first(order, withheld, lists)
    return lists


def _some(groups: NDArray[np.int8] | None) -> NDArray[np.int8]:
    return np.zeros((0, 0), dtype=np.int8) if groups is None else groups


@kernel
def _is_in(words: Any, v: int) -> bool:
    found: bool = (words[v >> 6] >> np.uint64(v & 63)) & np.uint64(1) != np.uint64(0)
    return found


@cached(nogil=True, error_model="numpy")
def _first(order: Any, withheld: Any, lists: Any) -> None:
    for b in range(lists.shape[0]):
        n = 0
        for v in order:
            if not _is_in(withheld[b], v):
                lists[b, n] = v
                n += 1
                if n == lists.shape[1]:
                    break


@cached(nogil=True, error_model="numpy")
def _pick(values: Any, pool: Any, withheld: Any, groups: Any, lists: Any) -> None:
    k = lists.shape[1]
    best = np.empty(k, dtype=np.float64)
    for b in range(pool.shape[0]):
        n = 0
        for i in range(pool.shape[1]):
            v, value = pool[b, i], np.float64(values[b, i])
            if groups.shape[0]:
                value -= APART * groups[b, i]
            if value == -np.inf or (n == k and value <= best[k - 1]) or _is_in(withheld[b], v):
                continue
            place = min(n, k - 1)
            while place > 0 and best[place - 1] < value:
                best[place], lists[b, place] = best[place - 1], lists[b, place - 1]
                place -= 1
            best[place], lists[b, place] = value, v
            n = min(n + 1, k)


@kernel
def _shared(indptr: Any, indices: Any, v: int, w: int) -> int:
    """How many attributes two items share; both are sorted."""
    i, j, n = indptr[v], indptr[w], 0
    while i < indptr[v + 1] and j < indptr[w + 1]:
        if indices[i] == indices[j]:
            n += 1
            i += 1
            j += 1
        elif indices[i] < indices[j]:
            i += 1
        else:
            j += 1
    return n


@cached(nogil=True, error_model="numpy")
def _pick_diverse(
    values: Any,
    pool: Any,
    withheld: Any,
    relevance: float,
    indptr: Any,
    indices: Any,
    groups: Any,
    lists: Any,
) -> None:
    n = pool.shape[1]
    open_ = np.empty(n, dtype=np.bool_)
    held = np.empty(3, dtype=np.int64)
    nearest = np.empty(n, dtype=np.float64)
    for b in range(pool.shape[0]):
        held[:] = 0
        for i in range(n):
            group = groups[b, i] if groups.shape[0] else 0
            open_[i] = held[group] < WIDTH and not _is_in(withheld[b], pool[b, i])
            held[group] += open_[i]
            nearest[i] = 0.0
        for place in range(lists.shape[1]):
            best, most = -1, -np.inf
            for i in range(n):
                if not open_[i]:
                    continue
                value = relevance * values[b, i] - (1.0 - relevance) * nearest[i]
                if groups.shape[0]:
                    value -= APART * groups[b, i]
                if value > most:
                    best, most = i, value
            if best < 0:
                break
            w = pool[b, best]
            lists[b, place] = w
            open_[best] = False
            size = indptr[w + 1] - indptr[w]
            for i in range(n):
                v = pool[b, i]
                shared = _shared(indptr, indices, v, w) if open_[i] else 0
                if shared:
                    cosine = shared / math.sqrt(size * (indptr[v + 1] - indptr[v]))
                    nearest[i] = max(nearest[i], cosine)
