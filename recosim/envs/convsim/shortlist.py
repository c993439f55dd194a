"""What may be asked: candidates, the shortlist, legality (docs/convsim.md, section 5)."""

from __future__ import annotations

from typing import Any

import numpy as np

from recosim.envs.convsim import fields as f
from recosim.envs.convsim.terms import place_of
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table
from recosim.retrieval.scoring import keep, sort_best

__all__ = [
    "best_ask",
    "find_candidates",
    "is_legal",
    "make_shortlist",
    "measure_questions",
    "room_for_keys",
    "update_mask",
]


@kernel
def room_for_keys(t: Table) -> int:
    """Places of a table that holds all key terms of the documents looked at, at most half full."""
    size = 64
    while size < 2 * f.split_over(t) * f.keys(t):
        size *= 2
    return size


@kernel
def place_for(keys: Any, a: int) -> int:
    """Where a term is in an open-addressed table, or the free place that is for it."""
    last = keys.shape[0] - 1
    at = (a * 40503) & last
    while keys[at] >= 0 and keys[at] != a:
        at = (at + 1) & last
    return int(at)


@kernel
def find_candidates(t: Table, b: int, keys: Any, mass: Any, rarity: Any, met: Any) -> None:
    """The terms that tell the documents found apart, the best first.

    Sums are kept in a small table, as an array over all terms would miss the cache at each of them.

    Args:
        keys: int32 (places,), all -1, and again afterwards: the terms that were met.
        mass, rarity: float64 (places,), scratch: sum of scores, idf. met: int32 (places,), scratch.
    """
    items, scores = f.found_items(t)[b], f.found_scores(t)[b]
    total, n = 0.0, 0
    for j in range(min(f.split_over(t), items.shape[0])):
        item = items[j]
        if item < 0 or scores[j] <= 0.0:
            break
        total += scores[j]
        terms, idf = f.key_terms(t)[item], f.key_idf(t)[item]
        for k in range(terms.shape[0]):
            a = terms[k]
            if a < 0:
                break
            at = place_for(keys, np.int64(a))
            if keys[at] < 0:
                keys[at], mass[at], rarity[at] = a, 0.0, idf[k]
                met[n] = at
                n += 1
            mass[at] += scores[j]
    rank_candidates(t, b, keys, mass, rarity, met[:n], total)
    for k in range(n):
        keys[met[k]] = -1


@kernel
def rank_candidates(
    t: Table, b: int, keys: Any, mass: Any, rarity: Any, met: Any, total: float
) -> None:
    """The best of them by their value; ties by the smaller term."""
    best, shares, likely, n = f.candidates(t)[b], f.candidate_shares(t)[b], f.likely(t), 0
    values = np.empty(best.shape[0], dtype=np.float64)
    for k in range(met.shape[0]):
        at = met[k]
        if mass[at] == total:  # a key of all: the same scores in the same order
            continue
        p = mass[at] / total
        value = p * rarity[at] if likely else ((4.0 * p) * (1.0 - p)) * rarity[at]
        n = keep(best, values, n, keys[at], value)
    sort_best(best, values, n)
    for k in range(n):
        shares[k] = np.float32(mass[place_for(keys, np.int64(best[k]))] / total)
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
            if place_of(f.key_terms(t)[items[j]], f.keys(t), a) >= 0:
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
