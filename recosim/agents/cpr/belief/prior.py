"""Kernels of the prior of a belief: what items a user may mean before the first question."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from recosim.agents.cpr.belief.arrays import OUT, Graph, Rows, has
from recosim.kernels.compiling import cached
from recosim.standing import AVOIDED, HOLDS, WANTED

__all__ = ["open_belief", "prior_moments"]


@cached(nogil=True)
def open_belief(
    g: Graph,
    rows: Rows,
    chosen: NDArray[np.int64],
    users: NDArray[np.int32],
    accepted: NDArray[np.int32],
    n_accepted: NDArray[np.int32],
    facets: NDArray[np.int16],
    standing: NDArray[np.int32],
    queries: NDArray[np.float32],
    user_vectors: NDArray[np.float32],
    vectors: NDArray[np.float32],
    bias: NDArray[np.float32],
    theta: NDArray[np.float64],
    use_opening: bool,
) -> None:
    """Begin the belief of some rows: the prior over all items that fit the opening.

    The arrays by row have B rows. The opening is what the user truly wants, so an item that lacks a
    named attribute, or has another one of the opening facet, is out; so is what the user took, and
    what goes against an instruction that was given with the request and holds. Where no attribute
    was named the support is all items, and the opening tells of them what the query has of it: the
    vector of an item that was named.
    """
    everything = g.posting_indptr[g.posting_indptr.shape[0] - 1]
    friends = np.zeros(g.groups.shape[0], dtype=np.float32)
    features = np.empty(theta.shape[0], dtype=np.float64)
    for b in chosen:
        first, size = everything, np.int64(g.groups.shape[0])
        for k in range(n_accepted[b]):
            a = accepted[b, k]
            if k == 0 or g.posting_indptr[a + 1] - g.posting_indptr[a] < size:
                first = g.posting_indptr[a]
                size = g.posting_indptr[a + 1] - first
        rows.first[b], rows.size[b], rows.answered[b] = first, size, 0
        user = users[b]
        _count_friends(g, user, friends, 1.0)
        for k in range(g.train_indptr[user], g.train_indptr[user + 1]):
            friends[g.train_indices[k]] = -1.0
        facet = facets[b]
        inside = n_accepted[b]  # attributes named in the opening facet
        if facet >= 0:
            inside = 0
            for i in range(n_accepted[b]):
                inside += g.facet_of[accepted[b, i]] == facet
        wanted = -1
        if facet >= 0:
            # The set that was named, by an item that has it: every item of that set fits.
            for k in range(size):
                v = g.posting_indices[first + k]
                fits = True
                n = 0
                for j in range(g.item_indptr[v], g.item_indptr[v + 1]):
                    a = g.item_indices[j]
                    if g.facet_of[a] == facet:
                        n += 1
                        named = False
                        for i in range(n_accepted[b]):
                            named = named or accepted[b, i] == a
                        fits = fits and named
                if fits and n == inside:
                    wanted = g.groups[v, facet]
                    break
        for k in range(size):
            v = g.posting_indices[first + k]
            rows.miss[b, k] = 0
            out = friends[v] < 0.0
            if facet >= 0:
                out = out or g.groups[v, facet] != wanted
            degree = g.item_indptr[v + 1] - g.item_indptr[v]
            out = out or degree == 0  # it cannot be talked about
            for i in range(n_accepted[b]):
                if facet < 0 or g.facet_of[accepted[b, i]] != facet:
                    out = out or not has(g, v, accepted[b, i])
            if standing[b, HOLDS] == 1:
                more, less = standing[b, WANTED], standing[b, AVOIDED]
                out = out or (more >= 0 and not has(g, v, more))
                out = out or (less >= 0 and has(g, v, less))
            if out:
                rows.miss[b, k] = OUT
                continue
            _features(g, v, user_vectors[user], queries[b], vectors, bias, friends[v], features)
            value = 0.0
            for j in range(theta.shape[0]):
                value += theta[j] * features[j]
            if use_opening and n_accepted[b] > 0:
                value += g.opening[v]
                for i in range(inside if facet >= 0 else 1, n_accepted[b]):
                    # One more of those not named yet.
                    value -= math.log(max(degree - i, 1))
            rows.prior[b, k] = value
        _clear_friends(g, user, friends)


@cached(nogil=True)
def prior_moments(
    g: Graph,
    rows: Rows,
    b: int,
    target: int,
    user: int,
    query: NDArray[np.float32],
    user_vectors: NDArray[np.float32],
    vectors: NDArray[np.float32],
    bias: NDArray[np.float32],
    gradient: NDArray[np.float64],
    curvature: NDArray[np.float64],
) -> float:
    """Log prior probability of a target in an opened row; adds its gradient and curvature by theta.

    Returns:
        The log probability, or 0 where the target is not in the support.
    """
    n = gradient.shape[0]
    friends = np.zeros(g.groups.shape[0], dtype=np.float32)
    _count_friends(g, user, friends, 1.0)
    features, at_target = np.empty(n), np.zeros(n)
    mean, square = np.zeros(n), np.zeros((n, n))
    highest, total, own = -np.inf, 0.0, -np.inf
    for k in range(rows.size[b]):
        if rows.miss[b, k] != OUT and rows.prior[b, k] > highest:
            highest = rows.prior[b, k]
    for k in range(rows.size[b]):
        if rows.miss[b, k] == OUT:
            continue
        v = g.posting_indices[rows.first[b] + k]
        _features(g, v, user_vectors[user], query, vectors, bias, friends[v], features)
        weight = math.exp(rows.prior[b, k] - highest)
        total += weight
        for i in range(n):
            mean[i] += weight * features[i]
            for j in range(n):
                square[i, j] += weight * features[i] * features[j]
        if v == target:
            own = rows.prior[b, k] - highest
            at_target[:] = features
    if own == -np.inf:
        return 0.0
    for i in range(n):
        gradient[i] += at_target[i] - mean[i] / total
        for j in range(n):
            curvature[i, j] += square[i, j] / total - mean[i] * mean[j] / total**2
    return own - math.log(total)


@njit(nogil=True)
def _features(
    g: Graph,
    v: int,
    user: NDArray[np.float32],
    query: NDArray[np.float32],
    vectors: NDArray[np.float32],
    bias: NDArray[np.float32],
    friends: float,
    out: NDArray[np.float64],
) -> None:
    """What the prior is a function of: estimator (user, what was named), item, friends."""
    own, named = np.float32(0.0), np.float32(0.0)
    for k in range(user.shape[0]):
        own += user[k] * vectors[v, k]
        named += (query[k] - user[k]) * vectors[v, k]
    out[0] = own + bias[v]
    out[1] = named
    out[2] = g.facts[v, 0]
    out[3] = g.facts[v, 1]
    out[4] = g.facts[v, 2]
    out[5] = math.log1p(friends)


@njit(nogil=True)
def _count_friends(g: Graph, user: int, taken: NDArray[np.float32], step: float) -> None:
    """Add `step` for every friend who took an item in train."""
    for j in range(g.friend_indptr[user], g.friend_indptr[user + 1]):
        friend = g.friend_indices[j]
        for k in range(g.train_indptr[friend], g.train_indptr[friend + 1]):
            taken[g.train_indices[k]] += step


@njit(nogil=True)
def _clear_friends(g: Graph, user: int, taken: NDArray[np.float32]) -> None:
    for j in range(g.friend_indptr[user], g.friend_indptr[user + 1]):
        friend = g.friend_indices[j]
        for k in range(g.train_indptr[friend], g.train_indptr[friend + 1]):
            taken[g.train_indices[k]] = 0.0
    for k in range(g.train_indptr[user], g.train_indptr[user + 1]):
        taken[g.train_indices[k]] = 0.0
