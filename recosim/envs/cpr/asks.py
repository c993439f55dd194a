"""What to ask: weighted entropy (SCPR section 4.3), the best askable, what a choice names."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from recosim.envs.cpr import fields as f
from recosim.envs.cpr.candidates import NO_QUESTIONS, count_candidates, current_words, refresh
from recosim.envs.cpr.scores import dot, penalty
from recosim.kernels.bits import trailing_zeros
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table

__all__ = ["best_ask", "name_choices", "weigh"]

ONE = np.uint64(1)
# Items that are weighed together.
BLOCK = 128


@kernel
def _entropy_of_share(share: float) -> float:
    """Binary entropy in bits."""
    if share <= 0.0 or share >= 1.0:
        return 0.0
    nats = -share * math.log(share) - (1.0 - share) * math.log(1.0 - share)
    return nats * 1.4426950408889634


@njit(nogil=True, error_model="numpy", fastmath={"contract", "arcp", "afn"})
def sigmoids(x: np.ndarray, n: int, bits: np.ndarray) -> None:
    """sigmoid of x[:n] in place, float32, to 1e-7: e**-x is 2**whole times a polynomial.

    Arithmetic alone, so that it vectorises. x is cut to +-80, where the sigmoid is 0 or 1. `bits`
    is int32 scratch of the same length: the exponents of the powers of 2.
    """
    powers = bits.view(np.float32)
    for k in range(n):
        z = min(max(x[k], np.float32(-80.0)), np.float32(80.0)) * np.float32(-1.4426950408889634)
        whole = np.floor(z + np.float32(0.5))
        bits[k] = (np.int32(whole) + np.int32(127)) << np.int32(23)
        r = (z - whole) * np.float32(0.6931471805599453)
        # Taylor series of e**r for |r| <= ln(2) / 2; the next term is below 1e-8.
        p = np.float32(1.0 / 5040.0)
        p = p * r + np.float32(1.0 / 720.0)
        p = p * r + np.float32(1.0 / 120.0)
        p = p * r + np.float32(1.0 / 24.0)
        p = p * r + np.float32(1.0 / 6.0)
        p = p * r + np.float32(0.5)
        p = p * r + np.float32(1.0)
        x[k] = p * r + np.float32(1.0)
    for k in range(n):
        x[k] = np.float32(1.0) / (np.float32(1.0) + x[k] * powers[k])


@kernel
def _add_dense(
    t: Table, items: np.ndarray, values: np.ndarray, n: int, weights: np.ndarray
) -> None:
    """Add the values of some items to the sums of their attributes, in worlds of few attributes."""
    rows = f.dense_attributes(t)
    sums = np.zeros(f.dense_width(t), dtype=np.float32)
    for j in range(n):
        row, value = rows[items[j]], values[j]
        for a in range(sums.shape[0]):
            sums[a] += value * row[a]
    for a in range(weights.shape[0]):
        weights[a] += np.float64(sums[a])


@kernel
def _add_sparse(
    t: Table,
    items: np.ndarray,
    values: np.ndarray,
    n: int,
    weights: np.ndarray,
    other: np.ndarray,
) -> None:
    """The same by the lists of attributes, in worlds of many.

    Two sums in turn: an attribute of many items would wait for its last addition.
    """
    indptr, indices = f.item_indptr(t), f.item_indices(t)
    for j in range(n):
        sums = other if j & 1 else weights
        value, v = np.float64(values[j]), np.uint64(items[j])
        # Signed indices would be compared with 0 each time, since -1 would be the last.
        for k in range(np.uint64(indptr[v]), np.uint64(indptr[v + ONE])):
            sums[np.uint64(indices[k])] += value


@kernel
def weigh(t: Table, b: int) -> None:
    """Weighted entropy of every attribute (SCPR eq. 10): shares of the sum of sigmoid(score)."""
    if f.weighed(t)[b]:
        return
    weights, sparse = f.weighted_entropy(t)[b], f.sparse_attributes(t) > 0
    if sparse:
        count_candidates(t, b)
        for k in range(f.n_present(t)[b]):
            weights[f.present(t)[b, k]] = 0.0
        f.has_weights(t)[b] = 1
    else:
        weights[:] = 0.0
    total = 0.0
    vectors, query, bias = f.item_vectors(t), f.query(t)[b], f.item_bias(t)
    penalise, dense = f.penalise_rejected(t) != 0, f.dense_width(t) > 0
    other = np.zeros(weights.shape[0], dtype=np.float64)
    items = np.empty(BLOCK, dtype=np.int64)
    values = np.empty(BLOCK, dtype=np.float32)
    bits = np.empty(BLOCK, dtype=np.int32)
    words = current_words(t, b)
    n = 0
    for w in range(words.shape[0]):
        word = words[w]
        while word != np.uint64(0):
            v = (w << 6) + trailing_zeros(word)
            word &= word - ONE
            items[n] = v
            values[n] = bias[v] + dot(query, vectors[v])
            if penalise:
                values[n] -= penalty(t, b, v)
            n += 1
        # A word adds at most 64: weigh the block before it could overflow.
        if n > BLOCK - 64 or w == words.shape[0] - 1:
            sigmoids(values, n, bits)
            for j in range(n):
                total += np.float64(values[j])
            if dense:
                _add_dense(t, items, values, n, weights)
            else:
                _add_sparse(t, items, values, n, weights, other)
            n = 0
    for k in range(f.n_present(t)[b] if sparse else weights.shape[0]):
        a = np.int64(f.present(t)[b, k]) if sparse else k
        share = (weights[a] + other[a]) / total if total > 0.0 else 0.0
        weights[a] = _entropy_of_share(share)
    f.weighed(t)[b] = 1


@kernel
def weighted_entropy(t: Table, b: int, askable: int) -> float:
    """Weighted entropy in bits of an askable (0 for a known one) of a row that was weighed."""
    values, status = f.weighted_entropy(t)[b], f.status(t)[b]
    if f.question(t) != 1:
        return values[askable] if status[askable] == 0 else 0.0
    value = 0.0
    if f.facet_asked(t)[b, askable] == 0:
        for k in range(f.facet_indptr(t)[askable], f.facet_indptr(t)[askable + 1]):
            a = f.facet_indices(t)[k]
            if status[a] == 0:
                value += values[a]
    return value


@kernel
def balance(count: int, n: int) -> int:
    """Twice how far a count is from n / 2: the smaller, the higher its entropy, exactly."""
    return abs(2 * count - n)


@kernel
def best_ask(t: Table, b: int, weighted: bool) -> int:
    """The askable of the highest (weighted) entropy, smallest id on ties, -1 if there is none."""
    if weighted:
        weigh(t, b)
    best, highest = -1, -1.0
    if f.question(t) == 1:
        refresh(t, b)
        entropy, mask = f.entropy(t)[b], f.mask(t)[b]
        for facet in range(f.askables(t)):
            if mask[facet]:
                value = weighted_entropy(t, b, facet) if weighted else np.float64(entropy[facet])
                if value > highest:
                    best, highest = facet, value
        return best
    if f.question(t) == NO_QUESTIONS:
        return best
    count_candidates(t, b)
    counts, status, n = f.counts(t)[b], f.status(t)[b], np.int64(f.n_candidates(t)[b])
    sparse = f.sparse_attributes(t) > 0
    for k in range(f.n_present(t)[b] if sparse else f.attributes(t)):
        a = np.int64(f.present(t)[b, k]) if sparse else k
        if status[a] == 0 and counts[a] > 0:
            # Whole numbers: rounding must not decide between attributes of one entropy.
            value = weighted_entropy(t, b, a) if weighted else np.float64(n - balance(counts[a], n))
            if value > highest or (sparse and value == highest and a < best):
                best, highest = a, value
    return best


@kernel
def name_choices(t: Table, b: int, a: int) -> None:
    """Into `asked`, which holds nothing yet: `a` and the best others of its facet.

    docs/protocols.md, `choice`.
    """
    asked = f.asked(t)[b]
    asked[0] = a
    facet = f.facet_of(t)[a]
    if facet < 0:
        return
    count_candidates(t, b)
    counts, status, n = f.counts(t)[b], f.status(t)[b], np.int64(f.n_candidates(t)[b])
    indptr, indices = f.facet_indptr(t), f.facet_indices(t)
    for place in range(1, f.choices(t)):
        best, lowest = -1, n + 1
        for k in range(indptr[facet], indptr[facet + 1]):
            other = np.int64(indices[k])
            if status[other] == 0 and counts[other] > 0:
                value = balance(counts[other], n)
                for j in range(place):
                    if asked[j] == other:
                        value = n + 1
                if value < lowest:
                    best, lowest = other, value
        if best < 0:
            return
        asked[place] = best
