"""What somebody says in place of the rule user, as the fields of the move that was posed.

docs/recoworld.md, "Leaving": what was given as an answer from outside replaces what the rules would
have drawn. Its consequences are those of any other answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recosim.acts import (
    Answer,
    Courtesy,
    Critique,
    Edit,
    Inquire,
    Instruct,
    Leave,
    Level,
    Outcome,
    React,
    UserAct,
    Verb,
)
from recosim.errors import OptionError
from recosim.language.walks import as_walked

__all__ = ["true_share", "write_answer"]

MOST_GIVEN = 2  # instructions of a move
_SCOPES = ("turn", "session", "always")
_ANSWERS = {"yes": Outcome.YES, "no": Outcome.NO, "unsure": Outcome.UNSURE}
_DISAPPOINTED = ("disappointed", "impatient")
Row = tuple[int, int, int, int]


class _Heard:
    """What an answer puts into the fields of the move.

    Attributes:
        levels, minutes: by place in the list. given: instructions. said: less of, more of.
    """

    def __init__(self) -> None:
        self.outcome = Outcome.NOTHING
        self.levels: list[int] = []
        self.minutes: list[float] = []
        self.given: list[Row] = []
        self.said = [-1, -1]


def true_share(batch: Any, row: int, item: int) -> float:
    """The share of an item that its user consumes by the rules: its true utility, 0 to 1."""
    a, rules = batch.arrays, batch.protocol
    has = batch.world.item_attributes.row(item)
    fit = float(a["theta"][row][has].astype(np.float64).sum()) / math.sqrt(max(1, len(has)))
    x = rules.utility_bias + fit + rules.quality_weight * float(a["quality"][item])
    return 1.0 / (1.0 + math.exp(-x))


def write_answer(batch: Any, row: int, move: Mapping[str, Any], acts: Sequence[UserAct]) -> None:
    """Put what an outsider said into the fields of the move that was posed (`Lives.pose`).

    A list is answered with one `React`, a question with one `Answer`; a list may go without where
    something else is said of it: then nothing of it was taken. An item that was consumed for a time
    that nobody gave is consumed for the share that the rules give it, its true utility. Beside the
    answer there may be instructions, two at most (a `Critique` or an `Edit` of a list is one for
    the session), and a `Leave`; a politeness says nothing. In answer to a reflection a `Critique`
    and an `Edit` correct what is believed and instruct nothing.

    Nothing is changed if an error is raised.

    Args:
        batch: lives. move: what was posed (`LifeActs.last_move`).
        acts: of the user; at least one.

    Raises:
        OptionError: they do not answer the move, or name what it does not hold.
    """
    if not acts:
        raise OptionError("an answer is needed; none was given.")
    heard, verb = _Heard(), move["verb"]
    leaves = [act for act in acts if isinstance(act, Leave)]
    if len(leaves) > 1:
        raise OptionError("leaving is said once; it was said several times.")
    wishes = [act for act in acts if isinstance(act, (Instruct, Critique, Edit))]
    answers = [act for act in acts if isinstance(act, (Answer, React))]
    known = (*leaves, *wishes, *answers)
    for act in acts:
        if act not in known and not isinstance(act, Courtesy):
            raise OptionError(f"{_named(act)} answers nothing here. {_EXPECTED[verb]}")
    if not known and verb in (Verb.ASK, Verb.RECOMMEND):
        raise OptionError(f"{acts[0]} is a politeness and answers nothing. {_EXPECTED[verb]}")
    if verb == Verb.ASK:
        _read_answer(move, answers, bool(leaves) or bool(wishes), heard)
    elif verb == Verb.RECOMMEND:
        _read_walk(batch, row, move["items"], answers, heard)
    elif any(not isinstance(act, Answer) or act.kind == "yes" for act in answers):
        raise OptionError(f"{_named(answers[0])} answers nothing here. {_EXPECTED[verb]}")
    for wish in wishes:
        _read_wish(batch.world, wish, verb, heard)
    if len(heard.given) > MOST_GIVEN:
        raise OptionError(
            f"{len(heard.given)} instructions were given; a move takes {MOST_GIVEN} at most."
        )
    _write(batch.arrays, row, verb, heard, leaves[0] if leaves else None)


_EXPECTED = {
    Verb.ASK: "Say yes, no or don't know.",
    Verb.RECOMMEND: "Say what you did with the items, what should change, or that you leave.",
    Verb.REFLECT: "Say what should change, or that you leave.",
    Verb.PASS: "Say what should change, or that you leave.",
    Verb.ILLEGAL: "Nothing was said; only leaving is possible.",
}


def _named(act: UserAct) -> str:
    return "a question about an item" if isinstance(act, Inquire) else str(act)


def _read_answer(
    move: Mapping[str, Any], answers: Sequence[UserAct], silent: bool, heard: _Heard
) -> None:
    if not answers and silent:
        heard.outcome = Outcome.UNSURE
        return
    if len(answers) != 1:
        raise OptionError(f"one answer to a question is needed; {len(answers)} were given.")
    (act,) = answers
    if not isinstance(act, Answer):
        raise OptionError(f"{act} does not answer a question. {_EXPECTED[Verb.ASK]}")
    if strangers := set(act.accepted) - {move["about"]}:
        raise OptionError(
            f"a yes to attribute {min(strangers)} does not answer the question, which is about "
            f"attribute {move['about']}; say yes, and what else you want as an instruction."
        )
    heard.outcome = _ANSWERS[act.kind]
    heard.given += [(1, int(a), -1, 1) for a in act.also]


def _read_walk(
    batch: Any, row: int, items: Sequence[int], answers: Sequence[UserAct], heard: _Heard
) -> None:
    if len(answers) > 1:
        raise OptionError("one reaction to a list is needed; several were given.")
    react = answers[0] if answers else React()
    if not isinstance(react, React):
        raise OptionError(f"{react} does not answer a list. {_EXPECTED[Verb.RECOMMEND]}")
    for item, level in react.levels:
        if not 0 <= level <= Level.LOVE:
            raise OptionError(f"item {item} has the level {level}; levels are 0 to 4, see Level.")
    walked = as_walked(react, items)
    levels, spent = dict(walked.levels), dict(react.minutes)
    for item in (*levels, *spent):
        if item not in items:
            raise OptionError(f"item {item} was not shown; shown: {list(items)}.")
    for item in items:
        went = levels.get(item)
        heard.levels.append(-1 if went is None else int(went))
        heard.minutes.append(_minutes(batch, row, item, went, spent.get(item)))
    consumed = any(level >= Level.CLICK for level in levels.values())
    heard.outcome = Outcome.HIT if consumed else Outcome.MISS


def _minutes(batch: Any, row: int, item: int, level: Level | None, given: float | None) -> float:
    """Minutes spent with an item: what was said, else what the rules give."""
    longest = float(batch.arrays["length"][item])
    if level is None or level < Level.CLICK:
        if given:
            raise OptionError(f"item {item} was not consumed; {given} minutes cannot go to it.")
        return 0.0
    if given is None:
        return true_share(batch, row, item) * longest
    if not 0.0 <= given <= longest:
        raise OptionError(
            f"item {item} was consumed for {given} minutes; it is {longest:g} minutes long."
        )
    return float(given)


def _read_wish(world: Any, wish: Instruct | Critique | Edit, verb: int, heard: _Heard) -> None:
    if isinstance(wish, Instruct):
        rows = _rows(wish)
    elif isinstance(wish, Critique):
        rows = [(int(wish.direction == "more"), wish.attribute, -1, 1)]
    else:
        rows = [(0, a, -1, 1) for a in wish.remove] + [(1, a, -1, 1) for a in wish.add]
    for _, attribute, condition, _ in rows:
        for a in (attribute, condition):
            if not -1 <= a < world.n_attributes or a == attribute == -1:
                last = world.n_attributes - 1
                raise OptionError(f"attribute {a} does not exist; attributes are 0 to {last}.")
    if verb != Verb.REFLECT or isinstance(wish, Instruct):
        heard.given += [each for each in rows if each not in heard.given]
        return
    for directive, attribute, *_ in rows:
        if heard.said[directive] not in (-1, attribute):
            kind = "more" if directive else "less"
            raise OptionError(f"say one thing that there should be {kind} of; two were named.")
        heard.said[directive] = attribute


def _rows(wish: Instruct) -> list[Row]:
    """The rows of an instruction: one for each attribute."""
    if not wish.attributes:
        raise OptionError("an instruction names what it is about; no attribute was given.")
    if len(wish.condition) > 1:
        raise OptionError(
            f"an instruction has one condition at most; {len(wish.condition)} were given."
        )
    if set(wish.condition) & set(wish.attributes):
        raise OptionError("what is wanted or avoided cannot be its own condition.")
    condition = int(wish.condition[0]) if wish.condition else -1
    directive, scope = int(wish.directive == "want"), _SCOPES.index(wish.scope)
    return [(directive, int(a), condition, scope) for a in dict.fromkeys(wish.attributes)]


def _write(a: Any, row: int, verb: int, heard: _Heard, leave: Leave | None) -> None:
    if verb in (Verb.ASK, Verb.RECOMMEND):
        a["outcome"][row] = heard.outcome
    if verb == Verb.RECOMMEND:
        n = len(heard.levels)
        a["levels"][row, :n], a["minutes"][row, :n] = heard.levels, heard.minutes
    a["given"][row, :MOST_GIVEN] = -1
    a["given"][row, : len(heard.given)] = np.array(heard.given, np.int32).reshape(-1, 4)
    a["said"][row] = heard.said
    a["ended"][row] = 0 if leave is None else 2 if leave.reason in _DISAPPOINTED else 1
    a["gone"][row] = leave is not None and leave.for_good
