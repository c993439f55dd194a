"""The rule user's half of a move: what they answer, take, add, criticise, and whether they leave.

The rules are in docs/protocols.md, "A move" and "Users". A rule user writes the fields of the move
that `recosim.envs.cpr.moves.settle` reads, and nothing else of the conversation but their own side:
what they want, and their counts of questions, refused lists and disappointments.
"""

from __future__ import annotations

import math

import numpy as np

from recosim.acts import Note, Outcome, Verb
from recosim.envs.cpr import fields as f
from recosim.envs.cpr.candidates import item_has, trait
from recosim.envs.cpr.wishes import (
    change_mind,
    has_themselves,
    is_must,
    is_target,
    liking,
    live_targets,
    utility,
    weighs_by_liking,
    weights,
    would_take,
)
from recosim.kernels import random
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table
from recosim.users.behaviour import TRAITS, WORDS

__all__ = ["answer"]

ONE = np.uint64(1)
FACET = 1
ASK, RECOMMEND, REFLECT = int(Verb.ASK), int(Verb.RECOMMEND), int(Verb.REFLECT)
YES, NO, UNSURE = int(Outcome.YES), int(Outcome.NO), int(Outcome.UNSURE)
HIT, MISS = int(Outcome.HIT), int(Outcome.MISS)
KNOWN, KNOWN_AND_LIKED = int(Note.SEEN), int(Note.LIKED)
# Columns of `traits`.
NOISE, DONT_KNOW = TRAITS.index("answer_noise"), TRAITS.index("dont_know")
COOPERATIVENESS, TREND = TRAITS.index("cooperativeness"), TRAITS.index("cooperation_trend")
PATIENCE, LEAVE_HAZARD = TRAITS.index("patience"), TRAITS.index("leave_hazard")
QUESTION_PATIENCE = TRAITS.index("question_patience")
BAD_LIST_HAZARD, BAD_LIST_RISE = TRAITS.index("bad_list_hazard"), TRAITS.index("bad_list_rise")
DEFLECTS = TRAITS.index("deflects")
SEEN, ASKS_ABOUT, TAKES = (TRAITS.index(name) for name in ("seen", "asks_about", "takes"))
CRITIQUE_UNASKED, WANT_UNASKED = TRAITS.index("critique_unasked"), TRAITS.index("want_unasked")
EXAMINATION, TEMPERATURE = TRAITS.index("examination"), TRAITS.index("choice_temperature")
DRIFT = TRAITS.index("drift")
FEEDBACK, CRITIC = TRAITS.index("feedback"), TRAITS.index("critic")
# Words of `traits`.
RISING, FALLING = (WORDS["cooperation_trend"].index(word) for word in ("rising", "falling"))
BINARY, CRITIQUE, INSTRUCTION, EDIT = (
    WORDS["feedback"].index(word) for word in ("binary", "critique", "instruction", "edit")
)
SALIENT, ANY = (WORDS["critic"].index(word) for word in ("salient", "random"))


@kernel
def answer(t: Table, b: int) -> None:
    """`outcome`, `accepted`, what is criticised (`asked`) and `left` of the move.

    Of a list also `rank`, `taken`, `notes` and `inquired`.

    Before that the user may have changed their mind, which changes the target.
    """
    verb = f.verb(t)[b]
    says_what_was_wrong = (
        verb == REFLECT and not f.feedback_on_refusal(t) and trait(t, b, FEEDBACK) > BINARY
    )
    speaks = verb in (ASK, RECOMMEND) or says_what_was_wrong
    if (
        speaks
        and f.turn(t)[b] > f.first_turn(t)
        and _chance(t, b, random.DRIFT, trait(t, b, DRIFT))
    ):
        change_mind(t, b)
    if verb == ASK:
        _answer_question(t, b)
        f.n_questions(t)[b] += 1
        if f.n_questions(t)[b] >= trait(t, b, QUESTION_PATIENCE):
            f.left(t)[b] = 1
    elif verb == RECOMMEND:
        _judge(t, b)
    elif says_what_was_wrong:
        _give_feedback(t, b, f.shown_last(t)[b, : f.n_shown_last(t)[b]])
        if f.n_accepted(t)[b] > 0:
            f.outcome(t)[b] = YES
        else:
            f.outcome(t)[b] = NO if f.asked(t)[b, 0] >= 0 else UNSURE
    refused = f.outcome(t)[b] == MISS
    if refused or (verb == ASK and f.outcome(t)[b] in (NO, UNSURE)):
        _bear(t, b)
    if refused:
        _bear_list(t, b)


@kernel
def _chance(t: Table, b: int, purpose: int, probability: float) -> bool:
    """Whether something of a probability happens in this turn."""
    if probability <= 0.0:
        return False
    seed, conversation, turn = f.seed(t)[b], f.conversation(t)[b], f.turn(t)[b]
    return random.draw_unit(seed, conversation, turn, purpose) < probability


@kernel
def _pick(t: Table, b: int, purpose: int, n: int) -> int:
    """A whole number in 0..n-1, drawn for this turn."""
    return random.draw_index(f.seed(t)[b], f.conversation(t)[b], f.turn(t)[b], purpose, n)


@kernel
def _meant(t: Table, b: int) -> int:
    """The first live target."""
    live, k = live_targets(t, b), 0
    while not (live >> np.uint64(k)) & ONE:
        k += 1
    return np.int64(f.targets(t)[b, k])


# ---- questions -----------------------------------------------------------------------------------


@kernel
def _answer_question(t: Table, b: int) -> None:
    if _chance(t, b, random.UNSURE, trait(t, b, DONT_KNOW)):
        f.outcome(t)[b] = UNSURE
        return
    if f.question(t) != FACET and _chance(t, b, random.DEFLECT, trait(t, b, DEFLECTS)):
        f.outcome(t)[b] = UNSURE
        _add_wish(t, b)
        return
    flip = _chance(t, b, random.NOISE, trait(t, b, NOISE))
    if f.question(t) == FACET:
        _answer_facet(t, b, flip)
    else:
        _answer_named(t, b, flip)
    if f.n_accepted(t)[b] > 0:
        f.outcome(t)[b] = YES
        return
    f.outcome(t)[b] = NO
    if _chance(t, b, random.INFORM, _cooperativeness(t, b)):
        _add_wish(t, b)


@kernel
def _cooperativeness(t: Table, b: int) -> float:
    c, trend = trait(t, b, COOPERATIVENESS), trait(t, b, TREND)
    x = (f.turn(t)[b] - 1) / (f.max_turns(t) - 1)
    if trend == RISING:
        return c * x
    return c * (1.0 - x) if trend == FALLING else c


@kernel
def _add_wish(t: Table, b: int) -> None:
    """An attribute of the target that the question was not about, beside a no or in its place."""
    target, status, facet = _meant(t, b), f.status(t)[b], f.asked_facet(t)[b]
    first, last = f.item_indptr(t)[target], f.item_indptr(t)[target + 1]
    eligible, n = np.empty(last - first, dtype=np.int32), 0
    for k in range(first, last):
        a = f.item_indices(t)[k]
        about = facet >= 0 and f.facet_of(t)[a] == facet
        for j in range(f.asked(t).shape[1]):
            about = about or f.asked(t)[b, j] == a
        if status[a] == 0 and not about:
            eligible[n] = a
            n += 1
    if n == 0:
        return
    f.n_accepted(t)[b] = 1
    if not weighs_by_liking(t, b):
        f.accepted(t)[b, 0] = eligible[_pick(t, b, random.ALSO, n)]
        return
    weight, best = weights(t, b), eligible[0]
    for k in range(1, n):
        if weight[eligible[k]] > weight[best]:
            best = eligible[k]
    f.accepted(t)[b, 0] = best


@kernel
def _wants(t: Table, b: int, a: int, live: np.uint64) -> bool:
    """Whether one of the live targets has an attribute; and the user, where they must too."""
    targets = f.targets(t)[b]
    if f.user_has_too(t) and not has_themselves(t, b, a):
        return False
    for k in range(f.n_targets(t)[b]):
        if (live >> np.uint64(k)) & ONE and item_has(t, targets[k], a):
            return True
    return False


@kernel
def _answer_named(t: Table, b: int, flip: bool) -> None:
    """Answers to the attributes that the question names."""
    accepted, n = f.accepted(t)[b], 0
    live = live_targets(t, b)
    for k in range(f.asked(t).shape[1]):
        a = np.int64(f.asked(t)[b, k])
        if a >= 0 and _wants(t, b, a, live) != flip:
            accepted[n] = a
            n += 1
    f.n_accepted(t)[b] = n


@kernel
def _answer_facet(t: Table, b: int, flip: bool) -> None:
    """The attributes that the first live target with any in the facet has there.

    Where the user must have them too, those that both have.
    """
    facet = np.int64(f.asked_facet(t)[b])
    first, last = f.facet_indptr(t)[facet], f.facet_indptr(t)[facet + 1]
    attributes, accepted, n = f.facet_indices(t), f.accepted(t)[b], 0
    live, targets = live_targets(t, b), f.targets(t)[b]
    for j in range(f.n_targets(t)[b]):
        if n == 0 and (live >> np.uint64(j)) & ONE:
            for k in range(first, last):
                a = np.int64(attributes[k])
                if item_has(t, targets[j], a) and (
                    not f.user_has_too(t) or has_themselves(t, b, a)
                ):
                    accepted[n] = a
                    n += 1
    if flip and n > 0:
        n = 0
    elif flip:
        accepted[0], n = attributes[first + _pick(t, b, random.FLIP, last - first)], 1
    f.n_accepted(t)[b] = n


# ---- lists ---------------------------------------------------------------------------------------


@kernel
def _judge(t: Table, b: int) -> None:
    """What is said of a list, and whether it is taken: what is known, a question, the reaction."""
    if _chance(t, b, random.SEEN, trait(t, b, SEEN)):
        _note_known(t, b)
    if _chance(t, b, random.INQUIRE, trait(t, b, ASKS_ABOUT)):
        _ask_about(t, b)
        if f.inquired(t)[b] >= 0 and f.inquiries_take_turn(t):
            f.notes(t)[b, :] = 0
            f.outcome(t)[b] = UNSURE
            return
    _react(t, b)
    if f.outcome(t)[b] != MISS:
        return
    if f.feedback_on_refusal(t):
        _give_feedback(t, b, _not_noted(t, b))
    if trait(t, b, CRITIQUE_UNASKED) > 0.0 or trait(t, b, WANT_UNASKED) > 0.0:
        _volunteer(t, b)


@kernel
def _took_in_train(t: Table, b: int, v: int) -> bool:
    user, items = f.user(t)[b], f.train_indices(t)
    low, high = f.train_indptr(t)[user], f.train_indptr(t)[user + 1]
    while low < high:
        middle = (low + high) // 2
        if items[middle] < v:
            low = middle + 1
        else:
            high = middle
    return low < f.train_indptr(t)[user + 1] and items[low] == v


@kernel
def _note_known(t: Table, b: int) -> None:
    """An item of the list that the user knows already; no target is."""
    shown, n = f.shown(t)[b], 0
    for k in range(f.n_shown(t)[b]):
        v = np.int64(shown[k])
        if not is_target(t, b, v):
            if _took_in_train(t, b, v):
                f.notes(t)[b, k] = KNOWN_AND_LIKED
                return
            n += 1
    if n == 0:
        return
    pick = _pick(t, b, random.SEEN_ITEM, n)
    for k in range(f.n_shown(t)[b]):
        if not is_target(t, b, np.int64(shown[k])):
            if pick == 0:
                f.notes(t)[b, k] = KNOWN
                return
            pick -= 1


@kernel
def _not_noted(t: Table, b: int) -> np.ndarray:
    """The list without the items that the user said something of, int32."""
    items, n = np.empty(f.n_shown(t)[b], dtype=np.int32), 0
    for k in range(f.n_shown(t)[b]):
        if f.notes(t)[b, k] == 0:
            items[n] = f.shown(t)[b, k]
            n += 1
    return items[:n]


@kernel
def _ask_about(t: Table, b: int) -> None:
    """The item of the list that the user asks about, if any is left to ask about."""
    items = _not_noted(t, b)
    if items.shape[0] > 0:
        f.inquired(t)[b] = items[_pick(t, b, random.INQUIRE_ITEM, items.shape[0])]


@kernel
def _react(t: Table, b: int) -> None:
    """Take the first item that is read and would do, and more if more are wanted; or refuse."""
    f.outcome(t)[b] = MISS
    missing = np.int64(trait(t, b, TAKES)) - f.n_taken(t)[b]
    examination, temperature = trait(t, b, EXAMINATION), trait(t, b, TEMPERATURE)
    how_far = 0.0
    if examination < 1.0:
        seed, conversation, turn = f.seed(t)[b], f.conversation(t)[b], f.turn(t)[b]
        how_far = random.draw_unit(seed, conversation, turn, random.EXAMINE)
    reach = 1.0  # probability of reading as far as this position
    shown = f.shown(t)[b]
    for position in range(f.n_shown(t)[b]):
        if how_far >= reach:
            return
        v = np.int64(shown[position])
        if f.notes(t)[b, position] == 0 and would_take(t, b, v):
            if temperature > 0.0 and not _chance(
                t, b, random.CHOOSE, 1.0 / (1.0 + math.exp(-utility(t, b, v) / temperature))
            ):
                return
            if f.outcome(t)[b] == MISS:
                f.rank(t)[b] = position + 1
                f.outcome(t)[b] = HIT
            f.taken(t)[b, position] = 1
            missing -= 1
            if missing <= 0:
                return
        reach *= examination


# ---- what was wrong with a list ------------------------------------------------------------------


@kernel
def _give_feedback(t: Table, b: int, items: np.ndarray) -> None:
    """Into `asked` what there should be less of, into `accepted` what there should be more of."""
    feedback = trait(t, b, FEEDBACK)
    if feedback <= BINARY or items.shape[0] == 0:
        return
    if _chance(t, b, random.UNSURE, trait(t, b, DONT_KNOW)):
        return
    errs = _chance(t, b, random.NOISE, trait(t, b, NOISE))
    shown = _counts_of(t, items)
    if feedback in (CRITIQUE, EDIT):
        f.asked(t)[b, 0] = _less(t, b, shown, _meant(t, b), errs)
    if feedback in (INSTRUCTION, EDIT):
        _ask_for_more(t, b, shown, items.shape[0], errs)


@kernel
def _volunteer(t: Table, b: int) -> None:
    """A criticism that comes with a refusal unasked, or else a want; of what is not noted."""
    if f.asked(t)[b, 0] >= 0 or f.n_accepted(t)[b] > 0:
        return
    items = _not_noted(t, b)
    less = _chance(t, b, random.UNASKED_LESS, trait(t, b, CRITIQUE_UNASKED))
    more = _chance(t, b, random.UNASKED_MORE, trait(t, b, WANT_UNASKED))
    if items.shape[0] == 0 or not (less or more):
        return
    errs = _chance(t, b, random.NOISE, trait(t, b, NOISE))
    shown = _counts_of(t, items)
    if less:
        f.asked(t)[b, 0] = _less(t, b, shown, _meant(t, b), errs)
    if more and f.asked(t)[b, 0] < 0:
        _ask_for_more(t, b, shown, items.shape[0], errs)


@kernel
def _counts_of(t: Table, items: np.ndarray) -> np.ndarray:
    """How many of some items have each attribute, int32 (attributes,)."""
    counts = np.zeros(f.attributes(t), dtype=np.int32)
    for j in range(items.shape[0]):
        v = np.int64(items[j])
        for k in range(f.item_indptr(t)[v], f.item_indptr(t)[v + 1]):
            counts[f.item_indices(t)[k]] += 1
    return counts


@kernel
def _ask_for_more(t: Table, b: int, shown: np.ndarray, n_items: int, errs: bool) -> None:
    more = _more(t, b, shown, n_items, _meant(t, b), errs)
    if more >= 0:
        f.accepted(t)[b, 0] = more
        f.n_accepted(t)[b] = 1


@kernel
def _can_be_criticised(
    t: Table, b: int, shown: np.ndarray, target: int, errs: bool, a: int
) -> bool:
    status = f.status(t)[b, a]
    return shown[a] > 0 and (status == 0 or status == 2) and item_has(t, target, a) == errs


@kernel
def _less(t: Table, b: int, shown: np.ndarray, target: int, errs: bool) -> int:
    """The attribute that is criticised, -1 for none."""
    reasons, justified = f.aspects(t)[b], False
    for k in range(reasons.shape[0]):
        a = np.int64(reasons[k])
        justified = justified or (a >= 0 and _can_be_criticised(t, b, shown, target, errs, a))
    eligible, n = np.empty(shown.shape[0], dtype=np.int64), 0
    for a in range(shown.shape[0]):
        if _can_be_criticised(t, b, shown, target, errs, a):
            meant = not justified
            for k in range(reasons.shape[0]):
                meant = meant or reasons[k] == a
            if meant:
                eligible[n] = a
                n += 1
    if n == 0:
        return -1
    critic = trait(t, b, CRITIC)
    if critic == ANY:
        return eligible[_pick(t, b, random.CRITIC, n)]
    cost = -shown if critic == SALIENT else liking(t, b)
    best = eligible[0]
    for k in range(1, n):
        if cost[eligible[k]] < cost[best]:
            best = eligible[k]
    return best


@kernel
def _more(t: Table, b: int, shown: np.ndarray, n_items: int, target: int, errs: bool) -> int:
    """The attribute that is asked for, -1 for none.

    A must that an item of the list lacks goes first, then what weighs most, then what the fewest
    items of the list have.
    """
    weight, best, best_is_must = weights(t, b), np.int64(-1), False
    # What the target has; of one who errs, what it has not and the list has.
    first, last = f.item_indptr(t)[target], f.item_indptr(t)[target + 1]
    for k in range(shown.shape[0] if errs else last - first):
        a = np.int64(k) if errs else np.int64(f.item_indices(t)[first + k])
        status = f.status(t)[b, a]
        if (status != 0 and status != 2) or (errs and (shown[a] == 0 or item_has(t, target, a))):
            continue
        must = shown[a] < n_items and is_must(t, b, a)
        if best < 0 or must != best_is_must:
            better = best < 0 or must
        elif weight[a] != weight[best]:
            better = weight[a] > weight[best]
        else:
            better = shown[a] < shown[best]
        if better:
            best, best_is_must = a, must
    return best


# ---- leaving -------------------------------------------------------------------------------------


@kernel
def _bear(t: Table, b: int) -> None:
    """One more disappointment: the last that the user bears, or the moment that they leave."""
    f.disappointments(t)[b] += 1
    if f.disappointments(t)[b] >= trait(t, b, PATIENCE) or _chance(
        t, b, random.LEAVE, trait(t, b, LEAVE_HAZARD)
    ):
        f.left(t)[b] = 1


@kernel
def _bear_list(t: Table, b: int) -> None:
    """One more refused list: the more there were, the likelier that the user leaves."""
    hazard = trait(t, b, BAD_LIST_HAZARD) + f.n_refused(t)[b] * trait(t, b, BAD_LIST_RISE)
    f.n_refused(t)[b] += 1
    if _chance(t, b, random.BAD_LIST, hazard):
        f.left(t)[b] = 1
