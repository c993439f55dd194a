"""What may be asked: candidates, the shortlist, legality (docs/convsim.md, section 5)."""

from __future__ import annotations

from typing import Any

import numpy as np

from recosim.envs.convsim import fields as f
from recosim.envs.convsim.terms import holds, place_of
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table

__all__ = [
    "best_ask",
    "find_candidates",
    "is_legal",
    "make_shortlist",
    "measure_questions",
    "update_mask",
]


@kernel
def find_candidates(t: Table, b: int, mass: Any, met: Any) -> None:
    """The terms that tell the documents found apart, the best first.

    Args:
        mass: float64 (terms,), zeros, and zeros again afterwards. met: int32 (terms,), scratch.
    """
    items, scores = f.found_items(t)[b], f.found_scores(t)[b]
    indptr, terms = f.doc_indptr(t), f.doc_terms(t)
    total, n = 0.0, 0
    for j in range(min(f.split_over(t), items.shape[0])):
        if items[j] < 0 or scores[j] <= 0.0:
            break
        total += scores[j]
        for p in range(indptr[items[j]], indptr[items[j] + 1]):
            a = terms[p]
            if mass[a] == 0.0:
                met[n] = a
                n += 1
            mass[a] += scores[j]
    rank_candidates(t, b, mass, met[:n], total)
    for k in range(n):
        mass[met[k]] = 0.0


@kernel
def rank_candidates(t: Table, b: int, mass: Any, met: Any, total: float) -> None:
    """The best 64 by their value; ties by the smaller term."""
    best, shares, idf = f.candidates(t)[b], f.candidate_shares(t)[b], f.idf(t)
    room, n, least = best.shape[0], 0, 0.0
    values = np.empty(room, dtype=np.float64)
    for k in range(met.shape[0]):
        a = met[k]
        p = mass[a] / total
        if mass[a] == total:  # all of them hold it: the same scores in the same order
            continue
        value = p * idf[a] if f.likely(t) else ((4.0 * p) * (1.0 - p)) * idf[a]
        if n == room and value < least:
            continue
        at = n if n < room else room - 1
        if n == room and not (value > values[at] or (value == values[at] and a < best[at])):
            continue
        while at > 0 and (value > values[at - 1] or (value == values[at - 1] and a < best[at - 1])):
            values[at], best[at], shares[at] = values[at - 1], best[at - 1], shares[at - 1]
            at -= 1
        values[at], best[at], shares[at] = value, a, np.float32(p)
        n = min(n + 1, room)
        least = values[n - 1]
    best[n:] = -1
    shares[n:] = np.float32(0.0)


@kernel
def make_shortlist(t: Table, b: int) -> None:
    """The first candidates of which nothing was said yet."""
    questions, n = f.questions(t)[b], 0
    for k in range(f.candidates(t).shape[1]):
        a = f.candidates(t)[b, k]
        if n == questions.shape[0] or a < 0:
            break
        if place_of(f.query_terms(t)[b], f.n_query(t)[b], a) >= 0:
            continue
        if place_of(f.heard_terms(t)[b], f.n_heard(t)[b], a) >= 0:
            continue
        questions[n] = a
        f.question_shares(t)[b, n] = f.candidate_shares(t)[b, k]
        f.question_idf(t)[b, n] = np.float32(f.idf(t)[a])
        n += 1
    questions[n:] = -1
    f.question_shares(t)[b, n:] = np.float32(0.0)
    f.question_idf(t)[b, n:] = np.float32(0.0)


@kernel
def measure_questions(t: Table, b: int) -> None:
    """The shares of what stands on the shortlist, after an agent has put terms of its own there."""
    items, scores = f.found_items(t)[b], f.found_scores(t)[b]
    for k in range(f.places(t)):
        a, total, mass = np.int64(f.questions(t)[b, k]), 0.0, 0.0
        if a < 0:
            f.question_shares(t)[b, k], f.question_idf(t)[b, k] = 0.0, 0.0
            continue
        for j in range(min(f.split_over(t), items.shape[0])):
            if items[j] < 0 or scores[j] <= 0.0:
                break
            total += scores[j]
            if holds(t, np.int64(items[j]), a):
                mass += scores[j]
        f.question_shares(t)[b, k] = mass / total if total > 0.0 else 0.0
        f.question_idf(t)[b, k] = f.idf(t)[a]


@kernel
def update_mask(t: Table, b: int) -> None:
    mask, q, n = f.mask(t)[b], f.places(t), f.facets(t)
    if f.done(t)[b]:
        mask[:] = 1
        return
    for k in range(q):
        mask[k] = 1 if f.questions(t)[b, k] >= 0 else 0
    for k in range(n):
        asked = (f.asked_facets(t)[b] >> np.uint64(k)) & np.uint64(1)
        mask[q + k] = 0 if asked else 1
    mask[q + n], mask[q + n + 1] = 1, 1
    mask[q + n + 2] = f.fresh(t)[b]


@kernel
def best_ask(t: Table, b: int) -> int:
    """The first question of the shortlist, or the open one."""
    for k in range(f.places(t)):
        if f.questions(t)[b, k] >= 0:
            return k
    return f.places(t) + f.facets(t)


@kernel
def is_legal(t: Table, b: int, action: int) -> bool:
    return bool(action < 0 or f.mask(t)[b, action] == 1)
