"""Scores of items, the best K, weighted entropy (SCPR section 4.3), reflection (EAR section 4.3).

The score of an item is bias + <query, item vector>, where the query is the conversation's user
vector plus the vectors of the accepted attributes: one inner product whatever was accepted.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from recosim.envs.cpr import fields as f
from recosim.envs.cpr.candidates import (
    NO_QUESTIONS,
    count_candidates,
    current_words,
    item_has,
    refresh,
)
from recosim.kernels.bits import trailing_zeros
from recosim.kernels.compiling import kernel
from recosim.kernels.ordered import insert
from recosim.kernels.table import Table

__all__ = [
    "accept_in_query",
    "best_ask",
    "choice_partner",
    "live_targets",
    "narrow_targets",
    "reflect",
    "start_query",
    "top_items",
    "weigh",
]

ONE = np.uint64(1)


@njit(nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
def dot(x: np.ndarray, y: np.ndarray) -> np.float32:
    """Inner product of two float32 vectors; free to sum in any order, so that it vectorises."""
    total = np.float32(0.0)
    for k in range(x.shape[0]):
        total += x[k] * y[k]
    return total


@kernel
def sigmoid(x: np.float32) -> np.float32:
    return np.float32(1.0) / (np.float32(1.0) + np.float32(math.exp(-x)))


@kernel
def start_query(t: Table, b: int) -> None:
    vector = f.user_vectors(t)[f.user(t)[b]]
    f.user_vector(t)[b, :] = vector
    f.query(t)[b, :] = vector


@kernel
def accept_in_query(t: Table, b: int, a: int) -> None:
    query, vector = f.query(t)[b], f.attribute_vectors(t)[a]
    for k in range(query.shape[0]):
        query[k] += vector[k]
    f.weighed(t)[b] = 0


@kernel
def penalty(t: Table, b: int, v: int) -> np.float32:
    """What the rejected attributes of an item take off its score (UNICORN)."""
    value = np.float32(0.0)
    status, vectors, vector = f.status(t)[b], f.attribute_vectors(t), f.item_vectors(t)[v]
    indptr, indices = f.item_indptr(t), f.item_indices(t)
    for k in range(indptr[v], indptr[v + 1]):
        if status[indices[k]] == -1:
            value += sigmoid(dot(vectors[indices[k]], vector))
    return value


@kernel
def top_items(t: Table, b: int, best: np.ndarray, scores: np.ndarray) -> int:
    """The candidates of the highest scores, smallest id on ties, into `best`; returns how many."""
    opening = f.opening(t)[b]
    n_postings = f.posting_indptr(t)[opening + 1] - f.posting_indptr(t)[opening]
    if 2 * f.n_candidates(t)[b] < n_postings:
        return _top_of_few(t, b, best, scores)
    return _top_of_many(t, b, best, scores)


@kernel
def _top_of_few(t: Table, b: int, best: np.ndarray, scores: np.ndarray) -> int:
    """Scores every candidate."""
    k, n = best.shape[0], 0
    vectors, query, bias = f.item_vectors(t), f.query(t)[b], f.item_bias(t)
    penalise = f.penalise_rejected(t) != 0
    words = current_words(t, b)
    for w in range(words.shape[0]):
        word = words[w]
        while word != np.uint64(0):
            v = (w << 6) + trailing_zeros(word)
            word &= word - ONE
            s = bias[v] + dot(query, vectors[v])
            if penalise:
                s -= penalty(t, b, v)
            if n < k or s >= scores[k - 1]:
                n = insert(best, scores, n, v, s)
    return n


@kernel
def _top_of_many(t: Table, b: int, best: np.ndarray, scores: np.ndarray) -> int:
    """Walks the postings of the opening by falling length of the item vectors.

    Stops where |query| * length can reach the list no more (Cauchy-Schwarz): at the first list of a
    conversation after a fifth to a quarter of the candidates, on the built-in worlds.
    """
    k, n = best.shape[0], 0
    opening = f.opening(t)[b]
    first, last = f.posting_indptr(t)[opening], f.posting_indptr(t)[opening + 1]
    places, items, lengths = f.posting_places(t), f.place_item(t), f.place_length(t)
    vectors, query, bias = f.place_vectors(t), f.query(t)[b], f.place_bias(t)
    penalise, own, words = f.penalise_rejected(t) != 0, f.own(t)[b] != 0, f.candidates(t)[b]
    # A little more than the length, since the inner products are rounded.
    reach = np.float32(math.sqrt(dot(query, query)) * 1.00001)
    slack = np.float32(f.reals(t)[1] + 1e-5)
    lowest = np.float32(-np.inf)  # score of the last of a full list
    for link in range(first, last):
        place = np.int64(places[link])
        if reach * lengths[place] + slack < lowest:
            break
        v = np.int64(items[place])
        if own and (words[v >> 6] >> np.uint64(v & 63)) & ONE == np.uint64(0):
            continue
        s = bias[place] + dot(query, vectors[place])
        if penalise:
            s -= penalty(t, b, v)
        if s >= lowest:
            n = insert(best, scores, n, v, s)
            if n == k:
                lowest = scores[k - 1]
    return n


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


BLOCK = 128


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
    weights = f.weighted_entropy(t)[b]
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
    for a in range(weights.shape[0]):
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
    for a in range(f.attributes(t)):
        if status[a] == 0 and counts[a] > 0:
            # Whole numbers: rounding must not decide between attributes of one entropy.
            value = weighted_entropy(t, b, a) if weighted else np.float64(n - balance(counts[a], n))
            if value > highest:
                best, highest = a, value
    return best


@kernel
def choice_partner(t: Table, b: int, a: int) -> int:
    """The second attribute of a choice question, -1 for none (docs/protocols.md, `choice`)."""
    facet = f.facet_of(t)[a]
    if facet < 0:
        return -1
    count_candidates(t, b)
    counts, status, n = f.counts(t)[b], f.status(t)[b], np.int64(f.n_candidates(t)[b])
    indptr, indices = f.facet_indptr(t), f.facet_indices(t)
    best, lowest = -1, n + 1
    for k in range(indptr[facet], indptr[facet + 1]):
        other = np.int64(indices[k])
        if other != a and status[other] == 0 and counts[other] > 0:
            value = balance(counts[other], n)
            if value < lowest:
                best, lowest = other, value
    return best


@kernel
def reflect(t: Table, b: int) -> None:
    """Revise the user vector: BPR steps of the user's train items over the refused items."""
    first, last = f.train_indptr(t)[f.user(t)[b]], f.train_indptr(t)[f.user(t)[b] + 1]
    n, m = last - first, np.int64(f.n_shown_last(t)[b])
    if n > 0 and m > 0:
        liked, refused = f.train_indices(t), f.shown_last(t)[b]
        vectors, bias = f.item_vectors(t), f.item_bias(t)
        vector, query = f.user_vector(t)[b], f.query(t)[b]
        d = vector.shape[0]
        rate = f.reals(t)[0]
        x_refused = np.empty(m, dtype=np.float64)
        pull = np.empty(m, dtype=np.float64)
        gradient = np.empty(d, dtype=np.float64)
        for _ in range(f.reflect_steps(t)):
            gradient[:] = 0.0
            pull[:] = 0.0
            for j in range(m):
                x_refused[j] = dot(vector, vectors[refused[j]]) + bias[refused[j]]
            for i in range(first, last):
                v = liked[i]
                x = np.float64(dot(vector, vectors[v]) + bias[v])
                push = 0.0
                for j in range(m):
                    w = 1.0 / (1.0 + math.exp(x - x_refused[j]))
                    push += w
                    pull[j] += w
                for k in range(d):
                    gradient[k] += push * vectors[v, k]
            for j in range(m):
                for k in range(d):
                    gradient[k] -= pull[j] * vectors[refused[j], k]
            for k in range(d):
                change = np.float32(rate * gradient[k] / (n * m))
                vector[k] += change
                query[k] += change
        f.weighed(t)[b] = 0
    f.n_shown_last(t)[b] = 0


@kernel
def live_targets(t: Table, b: int) -> np.uint64:
    """Which targets the user still means, as bits; all if none fits the accepted attributes."""
    live = f.live(t)[b]
    if live == np.uint64(0):
        return (ONE << np.uint64(f.n_targets(t)[b])) - ONE
    return live


@kernel
def narrow_targets(t: Table, b: int, a: int) -> None:
    """An attribute was accepted: targets that lack it are no longer meant."""
    targets = f.targets(t)[b]
    for k in range(f.n_targets(t)[b]):
        if not item_has(t, targets[k], a):
            f.live(t)[b] &= ~(ONE << np.uint64(k))
