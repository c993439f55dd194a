"""The kernels of `state.py` beside this file: one pass over the candidates for a whole state.

`g`, `t` and `out` are the `Graph`, `Talks` and `States` of `arrays.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from recosim.agents.cpr.unicorn.arrays import Graph, States, Talks
from recosim.kernels.bits import trailing_zeros
from recosim.kernels.compiling import cached
from recosim.kernels.ordered import insert

__all__ = ["PAD", "build_states"]

PAD = -1
ONE = np.uint64(1)
_FREE = {"reassoc", "contract", "nsz", "arcp"}  # sums in any order, so that they vectorise


@njit(nogil=True, error_model="numpy", fastmath=_FREE)
def _dot(x: Any, y: Any) -> Any:
    total = np.float32(0.0)
    for k in range(x.shape[0]):
        total += x[k] * y[k]
    return total


@njit(nogil=True, error_model="numpy")
def _entropy(share: float) -> float:
    """Binary entropy in bits."""
    if share <= 0.0 or share >= 1.0:
        return 0.0
    return -(share * math.log(share) + (1.0 - share) * math.log(1.0 - share)) / math.log(2.0)


@njit(nogil=True, error_model="numpy", fastmath=_FREE)
def _walk_candidates(
    g: Any,
    status: Any,
    words: Any,
    query: Any,
    joined: Any,
    around: Any,
    items: Any,
    sums: Any,
    touched: Any,
) -> tuple[int, float, int]:
    """One pass over the candidates of a conversation.

    Adds up the two convolutions (not divided by the degree of their own node yet), the weights of
    the candidates by attribute, and the best candidates.

    Returns:
        Candidates, the sum of their weights, and the attributes they have (the first of `touched`).
    """
    n, total, n_items, n_touched = 0, 0.0, 0, 0
    values = np.empty(items.shape[0], dtype=np.float32)
    for w in range(words.shape[0]):
        word = words[w]
        while word != np.uint64(0):
            v = (w << 6) + trailing_zeros(word)
            word &= word - ONE
            vector = g.item[v]
            score = g.item_bias[v] + _dot(query, vector)
            degree = 0
            for link in range(g.item_indptr[v], g.item_indptr[v + 1]):
                known = status[g.item_indices[link]]
                if known == -1:
                    score -= g.penalty[link]
                elif known != 2:
                    degree += 1
            # Never 0: a sum of 0 means an attribute that no candidate has.
            weight = max(1.0 / (1.0 + math.exp(-np.float64(score))), 1e-30)
            share = np.float32(1.0 / math.sqrt(degree + weight))
            user_share = np.float32(weight) * share
            for k in range(vector.shape[0]):
                joined[k] += share * vector[k]
                around[k] += user_share * vector[k]
            for link in range(g.item_indptr[v], g.item_indptr[v + 1]):
                a = g.item_indices[link]
                if sums[a] == 0.0:
                    touched[n_touched] = a
                    n_touched += 1
                sums[a] += weight
            n_items = insert(items, values, n_items, v, score)
            total += weight
            n += 1
    return n, total, n_touched


@njit(nogil=True, error_model="numpy")
def _select_attributes(
    g: Any,
    status: Any,
    query: Any,
    sums: Any,
    total: float,
    touched: Any,
    by: int,
    asks: Any,
) -> None:
    """The attributes to choose from: not asked yet, in the candidates, of the highest value."""
    n = 0
    values = np.empty(asks.shape[0], dtype=np.float64)
    for k in range(touched.shape[0]):
        a = touched[k]
        if status[a] == 0:
            if by == 0:
                # Falls as the binary entropy of sums[a] / total does.
                value = -abs(2.0 * sums[a] - total)
            else:
                value = np.float64(_dot(query, g.ask[a]))
            n = insert(asks, values, n, a, value)


@njit(nogil=True, error_model="numpy")
def _select_facets(
    g: Any,
    status: Any,
    asked: Any,
    query: Any,
    sums: Any,
    total: float,
    by: int,
    asks: Any,
) -> None:
    """The facets to choose from: not asked yet, with an attribute that a candidate has."""
    n = 0
    values = np.empty(asks.shape[0], dtype=np.float64)
    for facet in range(asked.shape[0]):
        if asked[facet]:
            continue
        value, present = 0.0, False
        for k in range(g.facet_indptr[facet], g.facet_indptr[facet + 1]):
            a = g.facet_indices[k]
            if sums[a] > 0.0:
                present = True
                if status[a] == 0:
                    value += _entropy(sums[a] / total)
        if present:
            if by != 0:
                value = np.float64(_dot(query, g.ask[facet]))
            n = insert(asks, values, n, facet, value)


@cached(nogil=True, error_model="numpy")
def build_states(
    g: Graph, t: Talks, facets: bool, by: int, rows: Any, lo: int, hi: int, out: States
) -> None:
    """The states lo..hi-1, of the conversations `rows`, into `out`."""
    d, n_attributes = g.item.shape[1], g.attribute.shape[0]
    query = np.empty(d, dtype=np.float32)
    sums = np.empty(n_attributes, dtype=np.float64)
    touched = np.empty(n_attributes, dtype=np.int32)
    for i in range(lo, hi):
        b = rows[i]
        status, joined, around = t.status[b], out.joined[i], out.around[i]
        query[:] = g.user[t.user[b]]
        for a in range(n_attributes):
            if status[a] == 1:
                query += g.attribute[a]
        joined[:] = 0.0
        around[:] = 0.0
        sums[:] = 0.0
        out.items[i, :] = PAD
        out.asks[i, :] = PAD
        out.tokens[i, :] = PAD
        words = t.candidates[b] if t.own[b] else g.bitsets[t.opening[b]]
        n, total, n_touched = _walk_candidates(
            g, status, words, query, joined, around, out.items[i], sums, touched
        )
        if n > 0:
            joined /= np.float32(math.sqrt(n))
            around /= np.float32(math.sqrt(total))
        if facets:
            _select_facets(g, status, t.facet_asked[b], query, sums, total, by, out.asks[i])
        else:
            _select_attributes(g, status, query, sums, total, touched[:n_touched], by, out.asks[i])
        place = 0
        for a in range(n_attributes):
            if status[a] == 1 and place < out.tokens.shape[1]:
                out.tokens[i, place] = a if sums[a] > 0.0 else -2 - a
                place += 1
