"""Kernels of a Bayesian belief over the items that a user may have in mind.

The belief of row b is over its *support*: the postings of one attribute that the user named at the
opening. `miss[b, k]` counts the answers that contradict the k-th item of the support, `OUT` rules
it out; `prior[b, k]` is the logarithm of its prior probability, up to a constant.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from recosim.acts import Outcome, Verb
from recosim.standing import AVOIDED, HOLDS, WANTED

__all__ = ["Graph", "OUT", "Rows", "look", "open_belief", "prior_moments", "revise"]

OUT = np.int8(127)  # ruled out for good
MOST = np.int8(120)  # contradictions are counted up to here

ASK, RECOMMEND = int(Verb.ASK), int(Verb.RECOMMEND)
NO, UNSURE = int(Outcome.NO), int(Outcome.UNSURE)


class Graph(NamedTuple):
    """The world as the kernels need it.

    Attributes:
        item_indptr, item_indices: attributes of each item. posting_indptr, posting_indices: items
            of each attribute. bitsets: (n_attributes, words), the postings as sets.
        train_indptr, train_indices: items that each user took in train.
        friend_indptr, friend_indices: friends of each user.
        facet_of: (n_attributes,). facet_indptr, facet_indices: attributes of each facet.
        groups: (n_items, n_facets) int32, which set of attributes the item has in a facet, as a
            number among all sets of all facets.
        group_sets: how many there are.
        facts: (n_items, 3) float32: log(1 + popularity), 1 if nobody took it in train, log of the
            number of attributes.
        opening: (n_items,) float32, log probability of each opening of the item.
    """

    item_indptr: NDArray[np.int64]
    item_indices: NDArray[np.int32]
    posting_indptr: NDArray[np.int64]
    posting_indices: NDArray[np.int32]
    bitsets: NDArray[np.uint64]
    train_indptr: NDArray[np.int64]
    train_indices: NDArray[np.int32]
    friend_indptr: NDArray[np.int64]
    friend_indices: NDArray[np.int32]
    facet_of: NDArray[np.int16]
    facet_indptr: NDArray[np.int64]
    facet_indices: NDArray[np.int32]
    groups: NDArray[np.int32]
    group_sets: int
    facts: NDArray[np.float32]
    opening: NDArray[np.float32]


class Rows(NamedTuple):
    """The belief of each row; B rows, S the longest support.

    Attributes:
        first: (B,) int64, where the support begins in the postings. size: (B,) int32.
        miss: (B, S) int8. prior: (B, S) float32. answered: (B,) int32, answers that count.
    """

    first: NDArray[np.int64]
    size: NDArray[np.int32]
    miss: NDArray[np.int8]
    prior: NDArray[np.float32]
    answered: NDArray[np.int32]


@njit(cache=True, nogil=True)
def _has(g: Graph, v: int, a: int) -> bool:
    return (g.bitsets[a, v >> 6] >> np.uint64(v & 63)) & np.uint64(1) != np.uint64(0)


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _count_friends(g: Graph, user: int, taken: NDArray[np.float32], step: float) -> None:
    """Add `step` for every friend who took an item in train."""
    for j in range(g.friend_indptr[user], g.friend_indptr[user + 1]):
        friend = g.friend_indices[j]
        for k in range(g.train_indptr[friend], g.train_indptr[friend + 1]):
            taken[g.train_indices[k]] += step


@njit(cache=True, nogil=True)
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
    what goes against an instruction that was given with the request and holds.
    """
    friends = np.zeros(g.groups.shape[0], dtype=np.float32)
    features = np.empty(theta.shape[0], dtype=np.float64)
    for b in chosen:
        support = accepted[b, 0]
        for k in range(1, n_accepted[b]):
            a = accepted[b, k]
            if (
                g.posting_indptr[a + 1] - g.posting_indptr[a]
                < g.posting_indptr[support + 1] - g.posting_indptr[support]
            ):
                support = a
        first = g.posting_indptr[support]
        size = g.posting_indptr[support + 1] - first
        rows.first[b], rows.size[b], rows.answered[b] = first, size, 0
        user = users[b]
        _count_friends(g, user, friends, 1.0)
        for k in range(g.train_indptr[user], g.train_indptr[user + 1]):
            friends[g.train_indices[k]] = -1.0
        facet = facets[b]
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
                if fits and n == n_accepted[b]:
                    wanted = g.groups[v, facet]
                    break
        for k in range(size):
            v = g.posting_indices[first + k]
            rows.miss[b, k] = 0
            out = friends[v] < 0.0
            if facet >= 0:
                out = out or g.groups[v, facet] != wanted
            if standing[b, HOLDS] == 1:
                more, less = standing[b, WANTED], standing[b, AVOIDED]
                out = out or (more >= 0 and not _has(g, v, more))
                out = out or (less >= 0 and _has(g, v, less))
            if out:
                rows.miss[b, k] = OUT
                continue
            _features(g, v, user_vectors[user], queries[b], vectors, bias, friends[v], features)
            value = 0.0
            for j in range(theta.shape[0]):
                value += theta[j] * features[j]
            if use_opening:
                value += g.opening[v]
            rows.prior[b, k] = value
        _clear_friends(g, user, friends)


@njit(cache=True, nogil=True)
def _clear_friends(g: Graph, user: int, taken: NDArray[np.float32]) -> None:
    for j in range(g.friend_indptr[user], g.friend_indptr[user + 1]):
        friend = g.friend_indices[j]
        for k in range(g.train_indptr[friend], g.train_indptr[friend + 1]):
            taken[g.train_indices[k]] = 0.0
    for k in range(g.train_indptr[user], g.train_indptr[user + 1]):
        taken[g.train_indices[k]] = 0.0


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def revise(
    g: Graph,
    rows: Rows,
    chosen: NDArray[np.int64],
    verb: NDArray[np.int8],
    outcome: NDArray[np.int8],
    asked: NDArray[np.int32],
    asked_facet: NDArray[np.int16],
    accepted: NDArray[np.int32],
    n_accepted: NDArray[np.int32],
    shown: NDArray[np.int32],
    n_shown: NDArray[np.int32],
    several: bool,
) -> None:
    """What the last move of some rows tells: answers count against items, refused items are out.

    An answer is an error with a probability that is the same for all items: the answer that fits an
    item has probability 1 - eps, the one that an error makes of it eps, and any other 0. So is what
    the user says about a list: less of one attribute, more of another. Which of the attributes that
    would do they name is taken to tell nothing. What they add to a no is no error.

    Args:
        several: the user may have several targets: no answer rules an item out then.
    """
    worse = np.int8(1) if several else OUT
    for b in chosen:
        if verb[b] == RECOMMEND:
            for j in range(n_shown[b]):
                for k in range(rows.size[b]):
                    if g.posting_indices[rows.first[b] + k] == shown[b, j]:
                        rows.miss[b, k] = OUT
        feedback = verb[b] != ASK and (asked[b, 0] >= 0 or n_accepted[b] > 0)
        if not feedback and (verb[b] != ASK or outcome[b] == UNSURE):
            continue
        rows.answered[b] += 1
        facet = asked_facet[b]
        added = not feedback and outcome[b] == NO and n_accepted[b] > 0
        n_answered = 0 if added else n_accepted[b]
        for k in range(rows.size[b]):
            if rows.miss[b, k] == OUT:
                continue
            v = g.posting_indices[rows.first[b] + k]
            against = np.int8(0)
            if added and not _has(g, v, accepted[b, 0]):
                against = worse
            elif feedback or facet < 0:
                against = _against_named(g, v, asked[b], accepted[b], n_answered, feedback, worse)
            else:
                against = _against_facet(g, v, facet, accepted[b], n_answered, worse)
                if against == 1 and n_answered == 1:
                    # An erring "no" names any attribute of the facet.
                    members = g.facet_indptr[facet + 1] - g.facet_indptr[facet]
                    rows.prior[b, k] -= math.log(members)
            if against == OUT or rows.miss[b, k] >= MOST:
                rows.miss[b, k] = OUT
            else:
                rows.miss[b, k] += against


@njit(cache=True, nogil=True)
def _against_named(
    g: Graph,
    v: int,
    asked: NDArray[np.int32],
    accepted: NDArray[np.int32],
    n_accepted: int,
    feedback: bool,
    worse: np.int8,
) -> np.int8:
    """0 if what was said of attributes by name fits an item, 1 if all of it is wrong, else `worse`.

    `feedback` names what there should be more of in `accepted` alone, and not in `asked` too.
    """
    wrong, n = 0, 0
    for j in range(asked.shape[0]):
        a = asked[j]
        if a >= 0:
            n += 1
            yes = False
            for i in range(n_accepted):
                yes = yes or accepted[i] == a
            if _has(g, v, a) != yes:
                wrong += 1
    if feedback:
        for i in range(n_accepted):
            n += 1
            if not _has(g, v, accepted[i]):
                wrong += 1
    if wrong == 0:
        return np.int8(0)
    return np.int8(1) if wrong == n else worse  # an error flips both answers or none


@njit(cache=True, nogil=True)
def _against_facet(
    g: Graph, v: int, facet: int, named: NDArray[np.int32], n_named: int, worse: np.int8
) -> np.int8:
    """0 if the answer to a facet fits an item, 1 if an error makes it of the item, else `worse`."""
    n, common = 0, 0
    for j in range(g.item_indptr[v], g.item_indptr[v + 1]):
        a = g.item_indices[j]
        if g.facet_of[a] == facet:
            n += 1
            for i in range(n_named):
                if named[i] == a:
                    common += 1
    if n == n_named and common == n:
        return np.int8(0)
    if n_named == 0 or (n == 0 and n_named == 1):
        return np.int8(1)
    return worse


@njit(cache=True, nogil=True)
def _entropy(share: float) -> float:
    """Binary entropy in bits."""
    if share <= 0.0 or share >= 1.0:
        return 0.0
    return -(share * math.log2(share) + (1.0 - share) * math.log2(1.0 - share))


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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
