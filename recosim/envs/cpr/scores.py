"""Scores of items, the best K of them, and reflection (EAR section 4.3).

The score of an item is bias + <query, item vector>, where the query is the conversation's user
vector plus the vectors of the accepted attributes and of the item that the request names: one inner
product whatever was said.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from recosim.envs.cpr import fields as f
from recosim.envs.cpr.candidates import current_words
from recosim.kernels.bits import trailing_zeros
from recosim.kernels.compiling import kernel
from recosim.kernels.ordered import insert
from recosim.kernels.table import Table

__all__ = [
    "accept_in_query",
    "dot",
    "penalty",
    "reflect",
    "start_query",
    "top_items",
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
    """The user's vector, and that of the item that the request names, as an example."""
    vector, query = f.user_vectors(t)[f.user(t)[b]], f.query(t)[b]
    f.user_vector(t)[b, :] = vector
    query[:] = vector
    named = np.int64(f.opening_item(t)[b])
    if named >= 0:
        for k in range(query.shape[0]):
            query[k] += f.item_vectors(t)[named, k]


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
    n_postings = np.int64(f.items(t))
    if opening >= 0:
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
    """Walks the postings of the opening (all items without one) by falling length of their vectors.

    Stops where |query| * length can reach the list no more (Cauchy-Schwarz): at the first list of a
    conversation after a fifth to a quarter of the candidates, on the built-in worlds.
    """
    k, n = best.shape[0], 0
    opening = f.opening(t)[b]
    first, last = np.int64(0), np.int64(f.items(t))
    if opening >= 0:
        first, last = f.posting_indptr(t)[opening], f.posting_indptr(t)[opening + 1]
    places, items, lengths = f.posting_places(t), f.place_item(t), f.place_length(t)
    vectors, query, bias = f.place_vectors(t), f.query(t)[b], f.place_bias(t)
    penalise, own, words = f.penalise_rejected(t) != 0, f.own(t)[b] != 0, f.candidates(t)[b]
    # A little more than the length, since the inner products are rounded.
    reach = np.float32(math.sqrt(dot(query, query)) * 1.00001)
    slack = np.float32(f.reals(t)[1] + 1e-5)
    lowest = np.float32(-np.inf)  # score of the last of a full list
    for link in range(first, last):
        place = np.int64(places[link]) if opening >= 0 else link
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
