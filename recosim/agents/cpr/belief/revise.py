"""Kernels that revise a belief by what the user said."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from recosim.acts import Outcome, Verb
from recosim.agents.cpr.belief.arrays import MOST, OUT, Graph, Rows, has
from recosim.kernels.compiling import cached

__all__ = ["revise"]

ASK, RECOMMEND = int(Verb.ASK), int(Verb.RECOMMEND)
YES, UNSURE = int(Outcome.YES), int(Outcome.UNSURE)


@cached(nogil=True)
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
    would do they name is taken to tell nothing. What they add to a no is no error, nor is what they
    say in place of an answer. Items that they know already leave with the list that had them, and
    tell nothing of others; a question about an item tells nothing.

    Args:
        several: the user may have several targets: no answer rules an item out then.
    """
    worse = np.int8(1) if several else OUT
    for b in chosen:
        if verb[b] == RECOMMEND and outcome[b] != UNSURE:
            for j in range(n_shown[b]):
                for k in range(rows.size[b]):
                    if g.posting_indices[rows.first[b] + k] == shown[b, j]:
                        rows.miss[b, k] = OUT
        feedback = verb[b] != ASK and (asked[b, 0] >= 0 or n_accepted[b] > 0)
        said = outcome[b] != UNSURE or n_accepted[b] > 0
        if not feedback and (verb[b] != ASK or not said):
            continue
        facet = asked_facet[b]
        added = not feedback and outcome[b] != YES and n_accepted[b] > 0
        evaded = added and outcome[b] == UNSURE
        if several or not evaded:
            rows.answered[b] += 1
        n_answered = 0 if added else n_accepted[b]
        for k in range(rows.size[b]):
            if rows.miss[b, k] == OUT:
                continue
            v = g.posting_indices[rows.first[b] + k]
            against = np.int8(0)
            if added and not has(g, v, accepted[b, 0]):
                against = worse
            elif evaded:
                against = np.int8(0)
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


@njit(nogil=True)
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
            if has(g, v, a) != yes:
                wrong += 1
    if feedback:
        for i in range(n_accepted):
            n += 1
            if not has(g, v, accepted[i]):
                wrong += 1
    if wrong == 0:
        return np.int8(0)
    return np.int8(1) if wrong == n else worse  # an error flips both answers or none


@njit(nogil=True)
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
