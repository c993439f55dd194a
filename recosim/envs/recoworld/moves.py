"""A move of the recommender: what is legal, what it puts, what follows (section 5)."""

from __future__ import annotations

import numpy as np

from recosim.acts import Outcome, Verb
from recosim.envs.recoworld import fields as f
from recosim.envs.recoworld.instructions import SLOTS, age_and_end, give_row, in_force
from recosim.envs.recoworld.leaving import (
    DISAPPOINTED,
    LEFT,
    OUT_OF_ROUNDS,
    leave_or_stay,
    say_what_to_change,
    wanted,
)
from recosim.envs.recoworld.maths import luck, put_in
from recosim.envs.recoworld.retrieval import retrieve
from recosim.envs.recoworld.sessions import clear_measures, close_session, update_mask
from recosim.envs.recoworld.settings import trait
from recosim.envs.recoworld.walk import CLICKED, consequences, walk
from recosim.kernels.compiling import kernel
from recosim.kernels.random import NOISE, UNSURE
from recosim.kernels.table import Table
from recosim.users.behaviour import WORDS

__all__ = ["answer", "best_ask", "is_legal", "pose", "settle"]

ASK, RECOMMEND, REFLECT, PASS, BAD = (
    np.int8(verb) for verb in (Verb.ASK, Verb.RECOMMEND, Verb.REFLECT, Verb.PASS, Verb.ILLEGAL)
)
YES, NO, DONT_KNOW, WRONG = (
    int(code) for code in (Outcome.YES, Outcome.NO, Outcome.UNSURE, Outcome.ILLEGAL)
)
BINARY, CRITIQUE, INSTRUCTION = (
    WORDS["feedback"].index(word) for word in ("binary", "critique", "instruction")
)
YES_FROM = 0.5

dont_know, answer_noise = trait("dont_know"), trait("answer_noise")
feedback, boredom_decay = trait("feedback"), trait("boredom_decay")


@kernel
def best_ask(t: Table, b: int) -> int:
    """The attribute to ask about that the estimator likes most, the smallest id on ties; or -1."""
    best = -1
    for a in range(f.attributes(t)):
        asked = f.answers(t)[b, a] != 0
        if not asked and (best < 0 or f.preference(t)[b, a] > f.preference(t)[b, best]):
            best = a
    return best


@kernel
def is_legal(t: Table, b: int, action: int) -> bool:
    if action < 0:
        return best_ask(t, b) >= 0
    return bool(f.mask(t)[b, action] == 1)


@kernel
def pose(t: Table, b: int) -> None:
    """The question or the list of a move into its fields."""
    n, action = f.attributes(t), f.action(t)[b]
    legal = is_legal(t, b, action)
    f.at_day(t)[b], f.at_session(t)[b] = f.day(t)[b], f.session(t)[b]
    f.at_turn(t)[b] = f.turn(t)[b]
    f.gap(t)[b], f.ended(t)[b], f.gone(t)[b], f.left(t)[b] = 0, 0, 0, 0
    f.felt(t)[b], f.outcome(t)[b], f.about(t)[b] = 0, 0, -1
    f.given(t)[b, :] = -1
    f.said(t)[b, :] = -1
    clear_measures(t, b)
    if not legal:
        f.verb(t)[b], f.outcome(t)[b] = BAD, WRONG
    elif action < n:
        f.verb(t)[b] = ASK
        f.about(t)[b] = best_ask(t, b) if action < 0 else action
    elif action == n + 1:
        f.verb(t)[b] = REFLECT
    elif action == n + 2:
        f.verb(t)[b] = PASS
    else:
        f.verb(t)[b] = RECOMMEND
        show(t, b, action - n - 3 if action > n else np.int64(f.reason(t)[b]))


@kernel
def show(t: Table, b: int, because: int) -> None:
    """A list: the recommender's own, or the best that there is."""
    shown = f.shown(t)[b]
    f.about(t)[b] = because
    f.levels(t)[b, :] = -1
    f.minutes(t)[b, :] = np.float32(0.0)
    if f.n_slate(t)[b] > 0:
        shown[:] = f.slate(t)[b]
        f.n_shown(t)[b] = f.n_slate(t)[b]
    else:
        f.n_shown(t)[b] = retrieve(t, b, because, shown)


@kernel
def free(t: Table, b: int) -> bool:
    """Whether the move takes no round: a reflection to which the user has nothing to add."""
    return f.verb(t)[b] == REFLECT and feedback(t, b) <= BINARY


@kernel
def answer(t: Table, b: int, for_good: bool) -> None:
    """What the rule user does and says, and whether they go.

    They go by what the move has made of them, so its consequences are drawn first. They stay drawn
    where the answer is `for_good`; else they are taken back, since somebody may answer otherwise.
    """
    verb = f.verb(t)[b]
    if free(t, b):
        return
    if verb == ASK:
        f.outcome(t)[b] = answer_question(t, b, f.about(t)[b])
    elif verb == RECOMMEND:
        walk(t, b)
    elif verb == REFLECT:
        answer_reflection(t, b)
    fatigue, letdown = f.fatigue(t)[b], f.letdown(t)[b]
    if verb == RECOMMEND and not for_good:
        f.mindset_before(t)[b, :] = f.mindset(t)[b]
        f.satiation_before(t)[b, :] = f.satiation(t)[b]
    consequences(t, b)
    leave_or_stay(t, b)
    f.left(t)[b] = 1 if f.ended(t)[b] > 0 else 0
    if for_good:
        f.felt(t)[b] = 1
        return
    f.fatigue(t)[b], f.letdown(t)[b] = fatigue, letdown
    if verb == RECOMMEND:
        f.mindset(t)[b, :] = f.mindset_before(t)[b]
        f.satiation(t)[b, :] = f.satiation_before(t)[b]


@kernel
def answer_question(t: Table, b: int, a: int) -> int:
    """Are you in the mood for it?"""
    turn, w = f.turn(t)[b], wanted(t, b, a)
    said = YES if w > YES_FROM else NO if w < 0.0 else DONT_KNOW
    if luck(t, b, UNSURE, turn, 0) < dont_know(t, b):
        return DONT_KNOW
    if said != DONT_KNOW and luck(t, b, NOISE, turn, 0) < answer_noise(t, b):
        return NO if said == YES else YES
    return said


@kernel
def answer_reflection(t: Table, b: int) -> None:
    """How is this going? As an instruction, or as a critique or an edit of what is believed."""
    given, said, kind = f.given(t)[b], f.said(t)[b], np.int64(feedback(t, b))
    say_what_to_change(t, b)
    if kind == INSTRUCTION:
        return
    for row in range(2):
        k = 4 * row
        if given[k] == 0:
            said[0] = given[k + 1]
        elif given[k] == 1 and kind != CRITIQUE:
            said[1] = given[k + 1]
        given[k : k + 4] = -1


@kernel
def settle(t: Table, b: int) -> None:
    """What follows from an answer, wherever it came from."""
    verb, takes_round = f.verb(t)[b], not free(t, b)
    if not f.felt(t)[b] and takes_round:
        clear_measures(t, b)
        consequences(t, b)
    keep_counts(t, b)
    if verb == RECOMMEND:
        age_and_end(t, b)
        f.reflectable(t)[b] = 1
    give_row(t, b, 0)
    give_row(t, b, 1)
    if verb == ASK:
        f.answers(t)[b, f.about(t)[b]] = f.outcome(t)[b]
    elif verb == REFLECT:
        reflect(t, b)
    if takes_round:
        decay = boredom_decay(t, b)
        for a in range(f.attributes(t)):
            f.satiation(t)[b, a] *= decay
    finish(t, b, takes_round)


@kernel
def reflect(t: Table, b: int) -> None:
    """The recommender takes up what was said: from now on it is heeded."""
    f.reflectable(t)[b] = 0
    said, answers = f.said(t)[b], f.answers(t)[b]
    if said[0] >= 0:
        answers[said[0]] = NO
    if said[1] >= 0:
        answers[said[1]] = YES
    n = in_force(t, b)
    for k in range(SLOTS):
        f.heeded(t)[b, k] = 1 if k < n else 0


@kernel
def keep_counts(t: Table, b: int) -> None:
    """What is kept of a list beyond the move."""
    if f.verb(t)[b] != RECOMMEND:
        return
    indptr, indices = f.item_indptr(t), f.item_indices(t)
    for j in range(f.n_shown(t)[b]):
        v = np.int64(f.shown(t)[b, j])
        if f.repeats(t) != 2:
            put_in(f.withheld(t)[b], v)
        used = f.levels(t)[b, j] >= CLICKED
        if used:
            put_in(f.consumed(t)[b], v)
        for k in range(indptr[v], indptr[v + 1]):
            f.shown_counts(t)[b, indices[k]] += 1
            if used:
                f.taken_counts(t)[b, indices[k]] += 1
    worth, n = f.move_utility(t)[b], f.clicks(t)[b]
    f.session_gain(t)[b] += 2.0 * worth - n
    f.session_minutes(t)[b] += f.move_minutes(t)[b]
    f.session_regret(t)[b] += np.float64(f.regret(t)[b])
    f.utility(t)[b] += worth
    f.n_consumed(t)[b] += n


@kernel
def finish(t: Table, b: int, takes_round: bool) -> None:
    """The round, the session or the life ends; the reward."""
    ended = f.ended(t)[b]
    if takes_round and ended == 0 and f.turn(t)[b] >= f.max_turns(t):
        ended = OUT_OF_ROUNDS
    f.ended(t)[b] = ended
    f.left(t)[b] = 1 if ended in (LEFT, DISAPPOINTED) else 0
    f.step(t)[b] += 1
    comeback = 0.0
    if ended > 0:
        if close_session(t, b):
            comeback = 1.0
        else:
            f.terminated(t)[b], f.done(t)[b] = 1, 1
    elif takes_round:
        f.turn(t)[b] += 1
    if not f.done(t)[b] and f.step(t)[b] >= f.max_steps(t):
        f.truncated(t)[b], f.done(t)[b] = 1, 1
    pay(t, b, comeback)
    update_mask(t, b, ended > 0 or f.verb(t)[b] == ASK or f.verb(t)[b] == REFLECT)


@kernel
def pay(t: Table, b: int, comeback: float) -> None:
    """The reward: a sum of terms, in the order of `REWARD_TERMS`, by the rules' `Rewards`."""
    worth, terms, verb = f.rewards(t), f.reward_terms(t)[b], f.verb(t)[b]
    terms[0] = worth[0] * f.clicks(t)[b]
    terms[1] = worth[1] * f.move_minutes(t)[b]
    terms[2] = worth[2] * comeback
    terms[3] = worth[3] * f.move_utility(t)[b]
    terms[4] = worth[4] * np.float64(f.regret(t)[b])
    terms[5] = worth[5] if verb == ASK else 0.0
    terms[6] = worth[6] if verb == BAD else 0.0
    total = 0.0
    for k in range(terms.shape[0]):
        total += terms[k]
    f.reward(t)[b] = total
