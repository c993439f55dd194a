"""Compiled scoring: the documents of weighted terms, and the best k of them, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.kernels.compiling import cached, kernel

__all__ = ["best_dense", "keep", "search_postings", "sort_best"]


@kernel
def worse(value: float, document: int, other: float, other_document: int) -> bool:
    """Whether the first of two is ranked below the second."""
    return value < other or (value == other and document > other_document)


@kernel
def sink(items: Any, scores: Any, size: int, document: int, value: float) -> None:
    """Put something better in place of the root of a heap whose root is the worst."""
    at = 0
    while True:
        down = 2 * at + 1
        if down >= size:
            break
        right = down + 1
        if right < size and worse(scores[right], items[right], scores[down], items[down]):
            down = right
        if not worse(scores[down], items[down], value, document):
            break
        items[at], scores[at] = items[down], scores[down]
        at = down
    items[at], scores[at] = document, value


@kernel
def rise(items: Any, scores: Any, size: int, document: int, value: float) -> None:
    """Add to a heap of `size` entries whose root is the worst."""
    at = size
    while at > 0:
        up = (at - 1) // 2
        if not worse(value, document, scores[up], items[up]):
            break
        items[at], scores[at] = items[up], scores[up]
        at = up
    items[at], scores[at] = document, value


@kernel
def keep(items: Any, scores: Any, size: int, item: int, value: float) -> int:
    """Offer something to a heap of the best that there is room for; returns its new size."""
    if size < items.shape[0]:
        rise(items, scores, size, item, value)
        return size + 1
    if worse(scores[0], items[0], value, item):
        sink(items, scores, size, item, value)
    return size


@kernel
def sort_best(items: Any, scores: Any, size: int) -> None:
    """Turn the heap into a list, best first."""
    for last in range(size - 1, 0, -1):
        worst, value = items[0], scores[0]
        moved, its = items[last], scores[last]
        sink(items, scores, last, moved, its)
        items[last], scores[last] = worst, value


@kernel
def _subtract(
    indptr: Any,
    documents: Any,
    impacts: Any,
    terms: Any,
    weights: Any,
    lo: int,
    hi: int,
    touched: Any,
    seen: Any,
    total: Any,
) -> None:
    """Add the terms of negative weight, lo..hi-1, to the documents that were touched."""
    for i in range(len(touched)):
        seen[touched[i]] = True
    for e in range(lo, hi):
        if weights[e] < 0.0:
            for p in range(indptr[terms[e]], indptr[terms[e] + 1]):
                if seen[documents[p]]:
                    total[documents[p]] += weights[e] * impacts[p]
    for i in range(len(touched)):
        seen[touched[i]] = False


@cached(nogil=True, error_model="numpy")
def search_postings(
    indptr: NDArray[np.int64],
    documents: NDArray[np.int32],
    impacts: NDArray[np.float32],
    query_indptr: NDArray[np.int64],
    terms: NDArray[np.int32],
    weights: NDArray[np.float64],
    n_documents: int,
    items: NDArray[np.int32],
    scores: NDArray[np.float64],
) -> None:
    """Rank for each query the documents that hold a term of positive weight.

    Args:
        indptr, documents: postings of the terms; impacts: what a term of weight 1 adds to each.
        query_indptr, terms, weights: `Queries`.
        items, scores: (B, k), written: best first, ties by the smaller id, -1 and 0 where fewer
            match.
    """
    k = items.shape[1]
    total = np.zeros(n_documents, dtype=np.float64)
    seen = np.zeros(n_documents, dtype=np.bool_)
    touched = np.empty(n_documents, dtype=np.int32)
    least = 0.0  # the score of the worst of the best k
    for b in range(items.shape[0]):
        n, against = 0, False
        for e in range(query_indptr[b], query_indptr[b + 1]):
            weight, t = weights[e], terms[e]
            if weight <= 0.0:
                against = against or weight < 0.0
                continue
            for p in range(indptr[t], indptr[t + 1]):
                d = documents[p]
                before = total[d]
                if before == 0.0:  # an impact is above 0, so that this is its first
                    touched[n] = d
                    n += 1
                total[d] = before + weight * impacts[p]
        if against:
            _subtract(
                indptr, documents, impacts, terms, weights, query_indptr[b], query_indptr[b + 1],
                touched[:n], seen, total,
            )  # fmt: skip
        # A heap of the best k so far, the worst of them at its root.
        size = 0
        for i in range(n):
            d = touched[i]
            value = total[d]
            total[d] = 0.0
            if size < k:
                rise(items[b], scores[b], size, d, value)
                size += 1
                least = scores[b, 0]
            elif value >= least and worse(least, items[b, 0], value, d):
                sink(items[b], scores[b], size, d, value)
                least = scores[b, 0]
        sort_best(items[b], scores[b], size)
        for i in range(size, k):
            items[b, i], scores[b, i] = -1, 0.0


@cached(nogil=True, error_model="numpy")
def best_dense(
    values: NDArray[np.float32], items: NDArray[np.int32], scores: NDArray[np.float64]
) -> None:
    """The best k of a dense table (B, n) of scores; ties by the smaller id.

    Args:
        items, scores: (B, k), written; -1 and 0 where there are fewer than k.
    """
    k = items.shape[1]
    for b in range(items.shape[0]):
        size = min(k, values.shape[1])
        for d in range(size):
            rise(items[b], scores[b], d, d, np.float64(values[b, d]))
        for d in range(size, values.shape[1]):
            value = np.float64(values[b, d])
            if worse(scores[b, 0], items[b, 0], value, d):
                sink(items[b], scores[b], size, d, value)
        sort_best(items[b], scores[b], size)
        for i in range(size, k):
            items[b, i], scores[b, i] = -1, 0.0
