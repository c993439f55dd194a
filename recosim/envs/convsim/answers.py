"""What rule users say to questions and of lists, and whether they go (docs/convsim.md, 3)."""

from __future__ import annotations

import numpy as np

from recosim.acts import Level, Outcome, Verb
from recosim.envs.convsim import fields as f
from recosim.envs.convsim.naming import name_terms, stray
from recosim.envs.convsim.rules import Kind
from recosim.envs.convsim.terms import holds, is_meant, luck, needed
from recosim.envs.traits import trait_reader
from recosim.kernels.compiling import kernel
from recosim.kernels.random import EXAMINE, INFORM, NOISE, OFF_TOPIC, UNSURE
from recosim.kernels.random import VAGUE as VAGUELY
from recosim.kernels.table import Table
from recosim.users.behaviour import WORDS

__all__ = ["answer", "disappoints", "outcome_of", "words_of"]

ASK, RECOMMEND = np.int8(Verb.ASK), np.int8(Verb.RECOMMEND)
NOTHING, YES, NO_BARE, NO_INFORM, VALUE, STRAY, DONT_KNOW, POSITIVE, BARE, VAGUE, REFINE = (
    int(kind) for kind in Kind
)
UP, DOWN = np.int8(Level.ACCEPT), np.int8(Level.SKIP)
HEARD_YES, HEARD_NO, HEARD_UNSURE, HIT, MISS, SILENCE = (
    int(code)
    for code in (
        Outcome.YES, Outcome.NO, Outcome.UNSURE, Outcome.HIT, Outcome.MISS, Outcome.NOTHING,
    )
)  # fmt: skip
NONE, UNARY, CRITIQUE, EDIT = (
    WORDS["feedback"].index(word) for word in ("none", "unary", "critique", "edit")
)
RISING, FALLING = (WORDS["cooperation_trend"].index(word) for word in ("rising", "falling"))
SATISFIED, IMPATIENT = 1, 2
STRAY_PLACE = 8  # behind those of the terms that are named

trait = trait_reader(f.traits, f.user)
cooperativeness, cooperation_trend = trait("cooperativeness"), trait("cooperation_trend")
similarity, dont_know, answer_noise = trait("similarity"), trait("dont_know"), trait("answer_noise")
off_topic, like_share, satisfied_share = (
    trait("off_topic"), trait("like_share"), trait("satisfied_share"),
)  # fmt: skip
vague, examination, feedback = trait("vague"), trait("examination"), trait("feedback")
patience, question_patience = trait("patience"), trait("question_patience")


@kernel
def answer(t: Table, b: int) -> None:
    """What the rule user says to the move, and whether they go."""
    verb = f.verb(t)[b]
    if verb == ASK:
        f.kind(t)[b] = answer_question(t, b)
    elif verb == RECOMMEND:
        f.kind(t)[b] = judge_list(t, b)
    else:
        return
    if f.leaving(t)[b] == 0:
        upset = f.disappointments(t)[b] + disappoints(verb, f.kind(t)[b])
        tired = verb == ASK and f.asked(t)[b] + 1 >= question_patience(t, b)
        if upset >= patience(t, b) or tired:
            f.leaving(t)[b] = IMPATIENT


@kernel
def outcome_of(kind: int, verb: int) -> int:
    if kind in (YES, VALUE):
        return HEARD_YES
    if kind in (NO_BARE, NO_INFORM):
        return HEARD_NO
    if kind in (STRAY, DONT_KNOW):
        return HEARD_UNSURE
    if kind == POSITIVE:
        return HIT
    return MISS if verb == RECOMMEND else SILENCE


@kernel
def disappoints(verb: int, kind: int) -> int:
    """1 where a move disappoints a user whom it does not satisfy."""
    if verb == ASK:
        return 1 if kind in (NO_BARE, NO_INFORM, DONT_KNOW, STRAY) else 0
    return 1 if verb == RECOMMEND else 0


@kernel
def words_of(t: Table, b: int) -> int:
    """Words that the user said with the move."""
    kind = f.kind(t)[b]
    n = 1 if kind in (YES, NO_BARE, NO_INFORM, DONT_KNOW, VAGUE) else 0
    for j in range(f.named(t).shape[1]):
        n += 1 if f.named(t)[b, j] >= 0 else 0
    return n + (1 if f.removed(t)[b] >= 0 else 0)


@kernel
def informs(t: Table, b: int) -> bool:
    """Whether they make the effort of naming what is missing."""
    c, trend = cooperativeness(t, b), np.int64(cooperation_trend(t, b))
    x = (f.turn(t)[b] - 1) / max(1, f.max_turns(t) - 1)
    if trend == RISING:
        c *= x
    elif trend == FALLING:
        c *= 1.0 - x
    return bool(luck(t, b, INFORM, f.turn(t)[b], 0) < c)


@kernel
def answer_question(t: Table, b: int) -> int:
    turn, a = f.turn(t)[b], np.int64(f.term(t)[b])
    if luck(t, b, UNSURE, turn, 0) < dont_know(t, b):
        return DONT_KNOW
    if a < 0:
        if informs(t, b) and name_terms(t, b, np.int64(f.facet(t)[b])) > 0:
            return VALUE
        return DONT_KNOW
    if luck(t, b, OFF_TOPIC, turn, STRAY_PLACE) < off_topic(t, b):
        other = stray(t, b, turn, STRAY_PLACE)
        if other >= 0:
            f.named(t)[b, 0] = other
            return STRAY
    meant = is_meant(t, b, a, similarity(t, b))
    if luck(t, b, NOISE, turn, 0) < answer_noise(t, b):
        meant = not meant
    if meant:
        return YES
    return NO_INFORM if informs(t, b) and name_terms(t, b, -1) > 0 else NO_BARE


@kernel
def judge_list(t: Table, b: int) -> int:
    """Look at the list from the top, and say what is missing."""
    satisfied, richness = look(t, b), np.int64(feedback(t, b))
    kind = POSITIVE if satisfied else refusal(t, b, richness)
    levels = f.levels(t)[b]
    if satisfied:
        f.leaving(t)[b] = SATISFIED
    if richness == NONE:
        levels[:] = -1
        return NOTHING
    if richness == UNARY:
        for j in range(levels.shape[0]):
            if levels[j] == DOWN:
                levels[j] = -1
    return kind


@kernel
def look(t: Table, b: int) -> bool:
    """Thumbs for the documents that are looked at; whether one of them is all that is needed."""
    need, turn, levels = needed(t, b), f.turn(t)[b], f.levels(t)[b]
    satisfied = False
    for j in range(min(f.reads(t), np.int64(f.n_shown(t)[b]))):
        if j > 0 and luck(t, b, EXAMINE, turn, j - 1) >= examination(t, b):
            break
        item, held = np.int64(f.shown(t)[b, j]), 0
        for k in range(need.shape[0]):
            held += 1 if holds(t, item, need[k]) else 0
        share = held / need.shape[0]
        satisfied = satisfied or share >= satisfied_share(t, b)
        up = share >= like_share(t, b)
        if luck(t, b, NOISE, turn, 1 + j) < answer_noise(t, b):
            up = not up
        levels[j] = UP if up else DOWN
    return satisfied


@kernel
def refusal(t: Table, b: int, richness: int) -> int:
    """What is said of a list that does not satisfy."""
    if richness < CRITIQUE:
        return BARE
    if informs(t, b) and name_terms(t, b, -1) > 0:
        if richness == EDIT:
            f.removed(t)[b] = misleading(t, b)
        return REFINE
    return VAGUE if luck(t, b, VAGUELY, f.turn(t)[b], 0) < vague(t, b) else BARE


@kernel
def misleading(t: Table, b: int) -> int:
    """The first term of the query that is like none of the need, -1: there is none."""
    for k in range(f.n_query(t)[b]):
        a = int(f.query_terms(t)[b, k])
        if f.query_weights(t)[b, k] > 0.0 and not is_meant(t, b, a, similarity(t, b)):
            return a
    return -1
