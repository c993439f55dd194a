"""Kernels that read a belief: the best question, the best list, and what to decide by."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from recosim.agents.cpr.belief.arrays import OUT, Graph, Rows
from recosim.kernels.compiling import cached

__all__ = ["look"]


@cached(nogil=True)
def look(
    g: Graph,
    rows: Rows,
    chosen: NDArray[np.int64],
    errors: NDArray[np.float64],
    chances: NDArray[np.float64],
    legal: NDArray[np.int8],
    facet_question: bool,
    moves_left: NDArray[np.int32],
    top_k: int,
    ask: NDArray[np.int64],
    top: NDArray[np.int32],
    summary: NDArray[np.float32],
) -> None:
    """The posterior of some rows: the best question, the best list, and what to decide by.

    Args:
        errors, chances: (E,), values of the error rate and their prior probabilities.
        legal: (B, n_askables + 2), what may be asked.
        ask: (B,), filled with the legal question of the highest information, smallest id on ties;
            -1 where none divides the belief.
        top: (B, top_k), filled with the likeliest items, -1 to the end.
        summary: (B, 7), filled with: mass of the `top_k` likeliest items; of twice as many; of as
            many as all moves left can show; of as many as all moves left but one can show; entropy
            in bits over log2 of the items of the world; information of `ask` in bits; expected
            error rate.
    """
    n_attributes = g.bitsets.shape[0]
    mass = np.zeros(n_attributes)
    sets = np.zeros(g.group_sets)
    for b in chosen:
        size, first, answered = rows.size[b], rows.first[b], rows.answered[b]
        # log of the probability of m errors among the answers, and the expected error rate then.
        weight_of = np.empty(answered + 1)
        error_of = np.empty(answered + 1)
        for m in range(answered + 1):
            total, weighted = 0.0, 0.0
            for e in range(errors.shape[0]):
                eps = errors[e]
                if eps == 0.0:
                    value = chances[e] if m == 0 else 0.0
                else:
                    value = chances[e] * eps**m * (1.0 - eps) ** (answered - m)
                total += value
                weighted += value * eps
            weight_of[m] = math.log(total) if total > 0.0 else -np.inf
            error_of[m] = weighted / total if total > 0.0 else 0.0
        weights = np.zeros(size)
        highest = -np.inf
        for k in range(size):
            m = rows.miss[b, k]
            if m != OUT:
                weights[k] = rows.prior[b, k] + weight_of[min(m, answered)]
                if weights[k] > highest:
                    highest = weights[k]
        ask[b] = -1
        top[b, :] = -1
        summary[b, :] = 0.0
        if highest == -np.inf:
            continue
        total, error = 0.0, 0.0
        for k in range(size):
            m = rows.miss[b, k]
            if m != OUT:
                weights[k] = math.exp(weights[k] - highest)
                total += weights[k]
                error += weights[k] * error_of[min(m, answered)]
            else:
                weights[k] = 0.0
        error /= total
        entropy = 0.0
        touched = 0
        for k in range(size):
            weights[k] /= total
            w = weights[k]
            if w < 1e-9:
                continue
            touched += 1
            entropy -= w * math.log2(w)
            v = g.posting_indices[first + k]
            if facet_question:
                for facet in range(g.groups.shape[1]):
                    sets[g.groups[v, facet]] += w
            else:
                for j in range(g.item_indptr[v], g.item_indptr[v + 1]):
                    mass[g.item_indices[j]] += w
        best = 0.0
        if facet_question:
            best = _best_facet(g, rows, b, weights, sets, legal[b], ask)
        else:
            for a in range(n_attributes):
                if mass[a] > 0.0:
                    share = mass[a]
                    if legal[b, a] and share < 1.0 - 1e-9:
                        # What is asked is answered wrongly with the probability of an error.
                        said = share * (1.0 - error) + (1.0 - share) * error
                        gain = _entropy(said) - _entropy(error)
                        if gain > best + 1e-12:
                            best, ask[b] = gain, a
                    mass[a] = 0.0
        order = _ordered(weights, touched)
        filled = 0
        running, second, later, all_left = 0.0, 0.0, 0.0, 0.0
        for place in range(order.shape[0]):
            w = weights[order[place]]
            if place < top_k:
                top[b, place] = g.posting_indices[first + order[place]]
                running += w
                filled += 1
            if place < 2 * top_k:
                second += w
            if place < (moves_left[b] - 1) * top_k:
                later += w
            if place < moves_left[b] * top_k:
                all_left += w
        summary[b, 0] = running
        summary[b, 1] = second
        summary[b, 2] = all_left
        summary[b, 3] = later
        summary[b, 4] = entropy / math.log2(g.groups.shape[0] + 1.0)
        summary[b, 5] = best
        summary[b, 6] = error


@njit(nogil=True)
def _entropy(share: float) -> float:
    """Binary entropy in bits."""
    if share <= 0.0 or share >= 1.0:
        return 0.0
    return -(share * math.log2(share) + (1.0 - share) * math.log2(1.0 - share))


@njit(nogil=True)
def _best_facet(
    g: Graph,
    rows: Rows,
    b: int,
    weights: NDArray[np.float64],
    sets: NDArray[np.float64],
    legal: NDArray[np.int8],
    ask: NDArray[np.int64],
) -> float:
    """The facet whose answer, a set of attributes, has the highest entropy; empties `sets`."""
    n_facets = g.groups.shape[1]
    gains = np.zeros(n_facets)
    for k in range(rows.size[b]):
        if weights[k] < 1e-9:
            continue
        v = g.posting_indices[rows.first[b] + k]
        for facet in range(n_facets):
            place = g.groups[v, facet]
            share = sets[place]
            if share > 0.0:
                gains[facet] -= share * math.log2(share)
                sets[place] = 0.0
    best = 1e-12
    for facet in range(n_facets):
        if legal[facet] and gains[facet] > best + 1e-12:
            best, ask[b] = gains[facet], facet
    return best


@njit(nogil=True)
def _ordered(weights: NDArray[np.float64], touched: int) -> NDArray[np.int64]:
    """The places of the positive weights by falling weight, smallest place on ties."""
    places = np.empty(touched, dtype=np.int64)
    keys = np.empty(touched)
    n = 0
    for k in range(weights.shape[0]):
        if weights[k] >= 1e-9:
            places[n], keys[n] = k, -weights[k]
            n += 1
    return places[np.argsort(keys, kind="mergesort")]
