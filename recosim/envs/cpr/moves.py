"""The system's two parts of a move: `pose` the question, and `settle` what follows the answer.

A rule user answers in between (`recosim.envs.cpr.answers`); or a person, an LLM or another player
does, by writing `outcome`, `accepted`, `rank`, `taken`, `notes`, `inquired`, `left`, and in `asked`
what they criticise. The rules are in docs/protocols.md, "A move".
"""

from __future__ import annotations

import numpy as np

from recosim.acts import Outcome, Verb
from recosim.envs.cpr import fields as f
from recosim.envs.cpr.asks import best_ask, name_choices
from recosim.envs.cpr.candidates import (
    NO_QUESTIONS,
    any_candidate_has,
    can_reflect,
    drop_items,
    fill_mask,
    intersect,
    keep_chosen,
    refresh,
    remove,
    trait,
)
from recosim.envs.cpr.scores import accept_in_query, reflect, top_items
from recosim.envs.cpr.wishes import narrow_targets, strike_noted, strike_taken, utility
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table
from recosim.users.behaviour import TRAITS

__all__ = ["is_ignored", "is_legal", "pose", "settle"]

ASK, RECOMMEND, REFLECT = int(Verb.ASK), int(Verb.RECOMMEND), int(Verb.REFLECT)
IGNORED, ILLEGAL_MOVE = int(Verb.IGNORED), int(Verb.ILLEGAL)
YES, NO, UNSURE = int(Outcome.YES), int(Outcome.NO), int(Outcome.UNSURE)
HIT, MISS, ILLEGAL, NOTHING = (
    int(Outcome.HIT),
    int(Outcome.MISS),
    int(Outcome.ILLEGAL),
    int(Outcome.NOTHING),
)
# Positions in `rewards` (the order of `recosim.envs.cpr.protocol.Rewards`) and in `reward_terms`.
R_YES, R_NO, R_UNSURE, R_HIT, R_MISS, R_TIMEOUT, R_NOTHING_LEFT, R_ILLEGAL, R_LEAVE = range(9)
T_ASK, T_RECOMMEND, T_TIMEOUT, T_NOTHING_LEFT, T_ILLEGAL, T_LEAVE = range(6)
FACET, CHOICE = 1, 2
TAKES = TRAITS.index("takes")


@kernel
def is_ignored(t: Table, b: int) -> bool:
    """Whether the protocol ignores the next move: that of the last turn, under a known quirk."""
    return f.turn(t)[b] == f.max_turns(t) and f.last_turn_acts(t) == 0


@kernel
def is_legal(t: Table, b: int, action: int) -> bool:
    """Whether an action may be done now. -1 asks the best; see `fields.action`."""
    asks = f.askables(t)
    if is_ignored(t, b):
        return True
    if action == asks:
        return f.n_candidates(t)[b] > 0
    if action == asks + 1:
        return can_reflect(t, b)
    if f.question(t) == NO_QUESTIONS:
        return False
    if action == -1:
        return best_ask(t, b, False) >= 0
    if f.fresh(t)[b]:
        return f.mask(t)[b, action] != 0
    if f.question(t) != FACET:
        return f.status(t)[b, action] == 0 and any_candidate_has(t, b, action)
    if f.facet_asked(t)[b, action]:
        return False
    for k in range(f.facet_indptr(t)[action], f.facet_indptr(t)[action + 1]):
        if any_candidate_has(t, b, np.int64(f.facet_indices(t)[k])):
            return True
    return False


@kernel
def pose(t: Table, b: int) -> None:
    """The system's half: what is asked or shown, into the fields of the move."""
    action, asks = f.action(t)[b], f.askables(t)
    f.step(t)[b] += 1
    f.asked(t)[b, :] = -1
    f.asked_facet(t)[b] = -1
    if f.n_shown(t)[b] > 0:
        f.shown(t)[b, :] = -1
        f.notes(t)[b, :] = 0
        f.taken(t)[b, :] = 0
        f.inquired(t)[b] = -1
        f.n_shown(t)[b] = 0
    f.n_accepted(t)[b] = 0
    f.rank(t)[b] = 0
    f.left(t)[b] = 0
    f.outcome(t)[b] = NOTHING
    if is_ignored(t, b):
        f.verb(t)[b] = IGNORED
    elif not is_legal(t, b, action):
        f.verb(t)[b] = ILLEGAL_MOVE
        f.outcome(t)[b] = ILLEGAL
    elif action == asks:
        f.verb(t)[b] = RECOMMEND
        n = np.int64(f.n_slate(t)[b])
        if n > 0:
            f.shown(t)[b, :n] = f.slate(t)[b, :n]
        else:
            n = top_items(t, b, f.shown(t)[b], f.best_scores(t)[b])
        f.n_shown(t)[b] = n
        f.aspects(t)[b, :] = f.reasons(t)[b]
    elif action == asks + 1:
        f.verb(t)[b] = REFLECT
    else:
        f.verb(t)[b] = ASK
        if action == -1:
            action = best_ask(t, b, f.ask_best_by(t) == 1)
        if f.question(t) == FACET:
            f.asked_facet(t)[b] = action
        elif f.question(t) == CHOICE:
            name_choices(t, b, action)
        else:
            f.asked(t)[b, 0] = action


@kernel
def _accept(t: Table, b: int, a: int) -> None:
    if f.status(t)[b, a] == 1:  # said before, and said again in the answer to a facet
        return
    f.status(t)[b, a] = 1
    narrow_targets(t, b, a)
    accept_in_query(t, b, a)
    intersect(t, b, a)


@kernel
def _reject(t: Table, b: int, a: int) -> None:
    f.status(t)[b, a] = -1
    if f.penalise_rejected(t):
        f.weighed(t)[b] = 0
    if f.on_reject_remove(t):
        remove(t, b, a)


@kernel
def _was_accepted(t: Table, b: int, a: int) -> bool:
    accepted = f.accepted(t)[b]
    for k in range(f.n_accepted(t)[b]):  # noqa: SIM110 (numba compiles no generators)
        if accepted[k] == a:
            return True
    return False


@kernel
def _accept_all(t: Table, b: int) -> None:
    for k in range(f.n_accepted(t)[b]):
        _accept(t, b, np.int64(f.accepted(t)[b, k]))


@kernel
def _settle_feedback(t: Table, b: int) -> None:
    """What the user said was wrong with a list: less of one attribute, more of another."""
    if f.asked(t)[b, 0] >= 0:
        _reject(t, b, np.int64(f.asked(t)[b, 0]))
    _accept_all(t, b)


@kernel
def _pay(t: Table, b: int, term: int, reward: int) -> None:
    """Add a reward of the protocol to a term and to the sum."""
    f.reward_terms(t)[b, term] += f.rewards(t)[reward]
    f.reward(t)[b] += f.rewards(t)[reward]


@kernel
def _settle_ask(t: Table, b: int) -> None:
    status, outcome = f.status(t)[b], f.outcome(t)[b]
    facet = np.int64(f.asked_facet(t)[b])
    which = R_YES if outcome == YES else (R_NO if outcome == NO else R_UNSURE)
    if f.question(t) == CHOICE:
        _settle_choice(t, b)
    elif facet < 0:
        a = np.int64(f.asked(t)[b, 0])
        if outcome == UNSURE:
            status[a] = 2
        elif _was_accepted(t, b, a):
            _accept(t, b, a)
        else:
            _reject(t, b, a)
        _accept_all(t, b)  # what the user added to the answer too
    else:
        f.facet_asked(t)[b, facet] = 1
        if outcome == YES:
            _accept_all(t, b)
        for k in range(f.facet_indptr(t)[facet], f.facet_indptr(t)[facet + 1]):
            a = np.int64(f.facet_indices(t)[k])
            if status[a] == 0:
                if outcome == UNSURE:
                    status[a] = 2
                else:
                    _reject(t, b, a)
        if outcome != YES:
            _accept_all(t, b)
    if f.question(t) != CHOICE:
        _pay(t, b, T_ASK, which)


@kernel
def _settle_choice(t: Table, b: int) -> None:
    """Each attribute that the question names pays; the candidates are cut once."""
    status, asked, unsure = f.status(t)[b], f.asked(t)[b], f.outcome(t)[b] == UNSURE
    for k in range(asked.shape[0]):
        a = np.int64(asked[k])
        if a < 0:
            continue
        if unsure:
            status[a] = 2
            _pay(t, b, T_ASK, R_UNSURE)
        elif _was_accepted(t, b, a):
            status[a] = 1
            accept_in_query(t, b, a)
            _pay(t, b, T_ASK, R_YES)
        else:
            status[a] = -1
            if f.penalise_rejected(t):
                f.weighed(t)[b] = 0
            _pay(t, b, T_ASK, R_NO)
    if not unsure:
        keep_chosen(t, b)
    _accept_all(t, b)  # what the user added to the answer


@kernel
def _take(t: Table, b: int, leaves: bool) -> bool:
    """What the user got; whether they want more. `leaves`: the list leaves the candidates."""
    f.taken(t)[b, f.rank(t)[b] - 1] = 1
    for k in range(f.n_shown(t)[b]):
        if f.taken(t)[b, k]:
            f.n_taken(t)[b] += 1
            f.worth(t)[b] += utility(t, b, np.int64(f.shown(t)[b, k]))
    takes = trait(t, b, TAKES)
    # Whoever answers in the user's place may take more than these would.
    f.utility(t)[b] = f.worth(t)[b] / max(takes, np.float64(f.n_taken(t)[b]))
    if f.hit_turn(t)[b] == 0:
        f.hit_turn(t)[b] = f.turn(t)[b]
    return f.n_taken(t)[b] < takes and strike_taken(t, b, leaves)


@kernel
def _settle_recommendation(t: Table, b: int) -> None:
    if f.outcome(t)[b] == UNSURE:  # a question about an item is all that was said
        f.n_shown_last(t)[b] = 0
        return
    hit = f.outcome(t)[b] == HIT
    _pay(t, b, T_RECOMMEND, R_HIT if hit else R_MISS)
    strike_noted(t, b)
    leaves = f.drop_always(t) != 0 or f.n_candidates(t)[b] > f.top_k(t)
    if hit and not _take(t, b, leaves):
        f.terminated(t)[b] = 1
        return
    shown, n, n_left = f.shown(t)[b], f.n_shown(t)[b], 0
    if leaves:
        drop_items(t, b, shown, n)
    for k in range(n):
        noted = f.notes(t)[b, k] != 0
        if not leaves and (noted or (hit and f.taken(t)[b, k])):
            drop_items(t, b, shown[k : k + 1], 1)
        if not (hit or noted):
            f.shown_last(t)[b, n_left] = shown[k]
            n_left += 1
    f.shown_last(t)[b, n_left:] = -1
    f.n_shown_last(t)[b] = n_left
    _settle_feedback(t, b)


@kernel
def _finish_turn(t: Table, b: int) -> None:
    """History, turn and the ends of a conversation, in their order."""
    f.history(t)[b, f.turn(t)[b] - 1] = f.outcome(t)[b]
    last = f.turn(t)[b] == f.max_turns(t)
    f.turn(t)[b] += 1
    if f.terminated(t)[b]:
        return
    if f.left(t)[b]:
        _pay(t, b, T_LEAVE, R_LEAVE)
        f.terminated(t)[b] = 1
    elif f.n_candidates(t)[b] == 0:  # without candidates nothing is askable either
        _pay(t, b, T_NOTHING_LEFT, R_NOTHING_LEFT)
        f.terminated(t)[b] = 1
    elif last:
        _pay(t, b, T_TIMEOUT, R_TIMEOUT)
        f.truncated(t)[b] = 1


@kernel
def settle(t: Table, b: int) -> None:
    """What follows from the answer: candidates, rewards, the turn, the end."""
    verb = f.verb(t)[b]
    f.terminated(t)[b] = 0
    f.truncated(t)[b] = 0
    f.reward(t)[b] = 0.0
    terms = f.reward_terms(t)[b]
    for k in range(terms.shape[0]):
        terms[k] = 0.0
    before = f.n_candidates(t)[b]
    if verb == ASK:
        _settle_ask(t, b)
        _finish_turn(t, b)
    elif verb == RECOMMEND:
        _settle_recommendation(t, b)
        _finish_turn(t, b)
    elif verb == ILLEGAL_MOVE:
        _pay(t, b, T_ILLEGAL, R_ILLEGAL)
        _finish_turn(t, b)
    elif verb == REFLECT:
        reflect(t, b)
        if f.outcome(t)[b] != NOTHING:  # the user was asked what was wrong
            _settle_feedback(t, b)
            _finish_turn(t, b)
    elif verb == IGNORED:
        _pay(t, b, T_TIMEOUT, R_TIMEOUT)
        f.truncated(t)[b] = 1
    f.done(t)[b] = f.terminated(t)[b] | f.truncated(t)[b]
    _refresh_after(t, b, f.n_candidates(t)[b] != before)


@kernel
def _refresh_after(t: Table, b: int, cut: bool) -> None:
    """Bring entropies and mask up to date, touching only what the move changed where it can."""
    if cut or f.question(t) == FACET or f.fresh(t)[b] == 0:
        f.fresh(t)[b] = 0
        if f.track(t):
            refresh(t, b)
        return
    asks, mask = f.askables(t), f.mask(t)[b]
    for k in range(f.asked(t).shape[1]):
        _close_question(t, b, np.int64(f.asked(t)[b, k]))
    for k in range(f.n_accepted(t)[b]):
        _close_question(t, b, np.int64(f.accepted(t)[b, k]))
    if f.done(t)[b]:
        fill_mask(t, b)
    else:
        mask[asks + 1] = can_reflect(t, b)


@kernel
def _close_question(t: Table, b: int, a: int) -> None:
    """An attribute whose status is known now is asked no more; -1 is none."""
    if a >= 0:
        f.entropy(t)[b, a] = 0.0
        f.mask(t)[b, a] = 0
