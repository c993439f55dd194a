"""How a search begins: the first query, and everything else at nothing (docs/convsim.md, 2)."""

from __future__ import annotations

import numpy as np

from recosim.acts import Verb
from recosim.envs.convsim import fields as f
from recosim.envs.convsim.terms import luck
from recosim.kernels.compiling import kernel
from recosim.kernels.random import START
from recosim.kernels.table import Table

__all__ = ["OPENED", "REWRITTEN", "clear_move", "open_search"]

OPEN = np.int8(Verb.OPEN)
# Why a query is to be searched, in `to_search` (1: an agent has put it in force).
REWRITTEN, OPENED = 2, 3


@kernel
def open_search(t: Table, b: int) -> None:
    """Row b has a new need."""
    f.user(t)[b] = f.turn_topic(t)[f.need(t)[b]]
    f.turn(t)[b], f.step(t)[b], f.done(t)[b] = 1, 0, 0
    f.lists(t)[b], f.asked(t)[b], f.words(t)[b], f.disappointments(t)[b] = 0, 0, 0, 0
    f.n_heard(t)[b], f.n_marked(t)[b], f.fresh(t)[b] = 0, 0, 0
    f.asked_facets(t)[b] = np.uint64(0)
    for row in (f.start_terms(t)[b], f.query_terms(t)[b], f.heard_terms(t)[b]):
        row[:] = -1
    f.marked_items(t)[b, :] = -1
    f.start_weights(t)[b, :] = 0.0
    f.query_weights(t)[b, :] = 0.0
    f.heard_values(t)[b, :] = 0
    f.marked_up(t)[b, :] = 0
    if f.partial(t):
        say_part(t, b)
    else:
        say(t, b)
    n = f.n_start(t)[b]
    f.n_query(t)[b] = n
    f.query_terms(t)[b, :n] = f.start_terms(t)[b, :n]
    f.query_weights(t)[b, :n] = f.start_weights(t)[b, :n]
    f.to_search(t)[b] = OPENED
    clear_move(t, b)
    f.at_turn(t)[b], f.verb(t)[b] = 0, OPEN
    f.shown(t)[b, :] = -1
    f.levels(t)[b, :] = -1
    f.n_shown(t)[b] = 0
    f.ndcg(t)[b], f.reciprocal_rank(t)[b], f.recall(t)[b], f.utility(t)[b] = 0.0, 0.0, 0.0, 0.0
    f.reward(t)[b], f.terminated(t)[b], f.truncated(t)[b] = 0.0, 0, 0
    f.reward_terms(t)[b, :] = 0.0


@kernel
def clear_move(t: Table, b: int) -> None:
    """The fields of a move, before it is made."""
    f.at_turn(t)[b] = f.turn(t)[b]
    f.about(t)[b], f.term(t)[b], f.facet(t)[b] = -1, -1, -1
    f.kind(t)[b], f.outcome(t)[b], f.leaving(t)[b], f.left(t)[b] = 0, 0, 0, 0
    f.named(t)[b, :] = -1
    f.removed(t)[b], f.move_words(t)[b], f.gain(t)[b] = -1, 0, 0.0


@kernel
def say(t: Table, b: int) -> None:
    """The first query is what was said."""
    w = f.need(t)[b]
    lo, hi = f.said_indptr(t)[w], f.said_indptr(t)[w + 1]
    f.n_start(t)[b] = hi - lo
    f.start_terms(t)[b, : hi - lo] = f.said_terms(t)[lo:hi]
    f.start_weights(t)[b, : hi - lo] = f.said_counts(t)[lo:hi]


@kernel
def say_part(t: Table, b: int) -> None:
    """The first query is the need without some of its terms."""
    w = f.need(t)[b]
    lo, hi = f.need_indptr(t)[w], f.need_indptr(t)[w + 1]
    n = hi - lo
    unsaid = min(np.int64(np.floor(f.dropped(t)[0] * n + 0.5)), n - 1)
    chance = np.empty(n, dtype=np.float64)
    for k in range(n):
        chance[k] = luck(t, b, START, 0, k)
    said = 0
    for k in range(n):
        before = 0  # terms that go before this one
        for j in range(n):
            if chance[j] < chance[k] or (chance[j] == chance[k] and j < k):
                before += 1
        if before >= unsaid:
            f.start_terms(t)[b, said] = f.need_terms(t)[lo + k]
            f.start_weights(t)[b, said] = f.need_counts(t)[lo + k]
            said += 1
    f.n_start(t)[b] = said
