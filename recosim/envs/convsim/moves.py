"""A move of the system: what it puts, and what follows from the answer (docs/convsim.md, 8)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from recosim.acts import Outcome, Verb
from recosim.envs.convsim import fields as f
from recosim.envs.convsim.answers import disappoints, outcome_of, words_of
from recosim.envs.convsim.opening import REWRITTEN, clear_move
from recosim.envs.convsim.rules import Kind
from recosim.envs.convsim.shortlist import best_ask, is_legal
from recosim.envs.convsim.terms import place_of, put_heard, put_mark
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table

__all__ = ["ndcg_of", "pose", "settle"]

ASK, RECOMMEND, REFLECT, BAD = (
    np.int8(verb) for verb in (Verb.ASK, Verb.RECOMMEND, Verb.REFLECT, Verb.ILLEGAL)
)
WRONG = int(Outcome.ILLEGAL)
YES, NO_BARE, NO_INFORM = int(Kind.YES), int(Kind.NO_BARE), int(Kind.NO_INFORM)


@kernel
def pose(t: Table, b: int) -> None:
    """The question or the list of a move into its fields."""
    asks, action = f.places(t) + f.facets(t) + 1, f.action(t)[b]
    legal = is_legal(t, b, action)
    clear_move(t, b)
    if not legal:
        f.verb(t)[b], f.outcome(t)[b] = BAD, WRONG
    elif action == asks:
        f.verb(t)[b] = RECOMMEND
        show(t, b)
    elif action == asks + 1:
        f.verb(t)[b] = REFLECT
    else:
        about = best_ask(t, b) if action < 0 else action
        f.verb(t)[b], f.about(t)[b] = ASK, about
        if about < f.places(t):
            f.term(t)[b] = f.questions(t)[b, about]
        elif about < asks - 1:
            f.facet(t)[b] = about - f.places(t)


@kernel
def show(t: Table, b: int) -> None:
    """A list: the system's own, or the first documents that were found."""
    shown, n = f.shown(t)[b], 0
    f.levels(t)[b, :] = -1
    if f.n_slate(t)[b] > 0:
        shown[:] = f.slate(t)[b]
        f.n_shown(t)[b] = f.n_slate(t)[b]
        return
    shown[:] = -1
    for j in range(min(shown.shape[0], f.found_items(t).shape[1])):
        if f.found_items(t)[b, j] < 0:
            break
        shown[j] = f.found_items(t)[b, j]
        n += 1
    f.n_shown(t)[b] = n


@kernel
def settle(t: Table, b: int) -> None:
    """What follows from an answer, wherever it came from."""
    verb = f.verb(t)[b]
    if verb in (ASK, RECOMMEND):
        f.outcome(t)[b] = outcome_of(f.kind(t)[b], verb)
    if verb == ASK:
        f.asked(t)[b] += 1
        hear_answer(t, b)
    elif verb == RECOMMEND:
        f.lists(t)[b] += 1
        hear_feedback(t, b)
        judge_list(t, b)
    elif verb == REFLECT:
        rewrite(t, b)
    if verb != REFLECT:
        f.to_list(t)[b] = 1
    said = words_of(t, b)
    f.move_words(t)[b] = said
    f.words(t)[b] += said
    if f.leaving(t)[b] != 1:
        f.disappointments(t)[b] += disappoints(verb, f.kind(t)[b])
    pay(t, b)
    finish(t, b)


@kernel
def hear_answer(t: Table, b: int) -> None:
    kind, a = f.kind(t)[b], np.int64(f.term(t)[b])
    if a >= 0:
        put_heard(t, b, a, 1 if kind == YES else -1 if kind in (NO_BARE, NO_INFORM) else 0)
    elif f.facet(t)[b] >= 0:
        f.asked_facets(t)[b] |= np.uint64(1) << np.uint64(f.facet(t)[b])
    hear_named(t, b)


@kernel
def hear_named(t: Table, b: int) -> None:
    for j in range(f.named(t).shape[1]):
        if f.named(t)[b, j] >= 0:
            put_heard(t, b, np.int64(f.named(t)[b, j]), 1)


@kernel
def hear_feedback(t: Table, b: int) -> None:
    hear_named(t, b)
    if f.removed(t)[b] >= 0:
        put_heard(t, b, np.int64(f.removed(t)[b]), -1)
    for j in range(f.n_shown(t)[b]):
        if f.levels(t)[b, j] >= 0:
            put_mark(t, b, np.int64(f.shown(t)[b, j]), 1 if f.levels(t)[b, j] > 0 else 0)


@kernel
def rewrite(t: Table, b: int) -> None:
    """The query from all that was said; what is to be expanded is so before it is searched."""
    room = f.query_terms(t).shape[1]
    terms, weights = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float64)
    n = append(t, b, terms, weights)
    same = n == f.n_query(t)[b]
    for k in range(n):
        same = (
            same and terms[k] == f.query_terms(t)[b, k] and weights[k] == f.query_weights(t)[b, k]
        )
    f.fresh(t)[b], f.to_list(t)[b] = 0, 1
    if same and not f.expands(t):  # it finds what was found
        return
    f.query_terms(t)[b, :n], f.query_terms(t)[b, n:] = terms[:n], -1
    f.query_weights(t)[b, :n], f.query_weights(t)[b, n:] = weights[:n], 0.0
    f.n_query(t)[b] = n
    f.to_search(t)[b] = REWRITTEN


@kernel
def append(t: Table, b: int, terms: Any, weights: Any) -> int:
    """The first query with what was said since; returns the number of its terms."""
    heard, values, said = f.heard_terms(t)[b], f.heard_values(t)[b], f.n_heard(t)[b]
    n = 0
    for k in range(f.n_start(t)[b]):
        at = place_of(heard, said, f.start_terms(t)[b, k])
        if at >= 0 and values[at] == -1:
            continue
        terms[n], weights[n] = f.start_terms(t)[b, k], f.start_weights(t)[b, k]
        n += 1
    for sign in (1, -1):
        weight = 1.0 if sign == 1 else -f.no_weight(t)[0]
        for k in range(said):
            if values[k] != sign or weight == 0.0 or n == terms.shape[0]:
                continue
            first = place_of(f.start_terms(t)[b], f.n_start(t)[b], heard[k]) >= 0
            if sign == 1 and first:
                continue
            terms[n], weights[n] = heard[k], weight
            n += 1
    return n


@kernel
def judge(t: Table, b: int, item: int) -> int:
    """The grade of a document for the need of a row, 0 where nobody judged it."""
    w = f.need(t)[b]
    lo, hi = f.judged_indptr(t)[w], f.judged_indptr(t)[w + 1]
    end, judged = hi, f.judged(t)
    while lo < hi:
        mid = (lo + hi) >> 1
        if judged[mid] < item:
            lo = mid + 1
        else:
            hi = mid
    return np.int64(f.grade(t)[lo]) if lo < end and judged[lo] == item else 0


@kernel
def ndcg_of(t: Table, b: int, items: Any, n: int) -> float:
    """nDCG of the first n of some documents, by the judgements."""
    dcg = 0.0
    for j in range(min(n, f.ndcg_at(t))):
        grade = judge(t, b, np.int64(items[j])) if items[j] >= 0 else 0
        if grade > 0:
            dcg += grade / math.log2(j + 2.0)
    return float(dcg / f.ideal(t)[f.need(t)[b]])


@kernel
def judge_list(t: Table, b: int) -> None:
    """How good the list is, by the judgements."""
    hits, first, before = 0, 0, f.ndcg(t)[b]
    for j in range(f.n_shown(t)[b]):
        if judge(t, b, np.int64(f.shown(t)[b, j])) > 0:
            hits += 1
            first = j + 1 if first == 0 else first
    f.ndcg(t)[b] = ndcg_of(t, b, f.shown(t)[b], np.int64(f.n_shown(t)[b]))
    f.gain(t)[b] = f.ndcg(t)[b] - before
    f.reciprocal_rank(t)[b] = 1.0 / first if first > 0 else 0.0
    f.recall(t)[b] = hits / f.relevant(t)[f.need(t)[b]]
    f.utility(t)[b] = f.ndcg(t)[b]


@kernel
def pay(t: Table, b: int) -> None:
    """The reward: a sum of terms, in the order of `REWARD_TERMS`, by the rules' `Rewards`."""
    worth, terms, verb = f.rewards(t), f.reward_terms(t)[b], f.verb(t)[b]
    terms[0] = worth[0] * f.gain(t)[b]
    terms[1] = worth[1] if verb == ASK else 0.0
    terms[2] = worth[2] * f.move_words(t)[b]
    terms[3] = worth[3] if verb == BAD else 0.0
    total = 0.0
    for k in range(terms.shape[0]):
        total += terms[k]
    f.reward(t)[b] = total


@kernel
def finish(t: Table, b: int) -> None:
    """The turn or the search ends."""
    verb, leaving = f.verb(t)[b], f.leaving(t)[b]
    f.step(t)[b] += 1
    f.left(t)[b] = 1 if leaving == 2 else 0
    if verb == REFLECT:
        return
    listed = verb == RECOMMEND
    good = listed and f.oracle_stop(t) and f.ndcg(t)[b] >= f.stop_at(t)[0]
    if leaving != 0 or good:
        f.terminated(t)[b], f.done(t)[b] = 1, 1
    elif (listed and f.lists(t)[b] > f.rounds(t)) or f.turn(t)[b] >= f.max_turns(t):
        f.truncated(t)[b], f.done(t)[b] = 1, 1
    f.turn(t)[b] += 1
