"""Moves of a life as typed acts, and the answer of an outsider as fields of the move.

`LifeActs` reads one move, of a batch or of a trace (`recosim.envs.recoworld.columns`), and writes
what a person, a language model or another player answers in place of the rule user
(`recosim.envs.recoworld.outsiders`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import numpy as np

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Critique,
    Edit,
    Instruct,
    Leave,
    Level,
    Note,
    Outcome,
    Pass,
    React,
    Recommend,
    Reflect,
    SystemAct,
    UserAct,
    Verb,
)
from recosim.envs.acts import Acts, Hidden, Move, Portrait
from recosim.envs.batch import Decoded
from recosim.envs.recoworld.outsiders import write_answer
from recosim.envs.words import attribute_label, listed
from recosim.errors import NotUnderstood
from recosim.language import Context
from recosim.language.labels import Labels
from recosim.world.world import World

__all__ = ["ACTS", "LifeActs", "instruction_text", "instructions_of"]

DIRECTIVES: tuple[Literal["avoid", "want"], ...] = ("avoid", "want")  # by their codes
SCOPES: tuple[Literal["turn", "session", "always"], ...] = ("turn", "session", "always")
_HELD = {"turn": "in the next list", "session": "for now", "always": "from now on"}
_WIDTH = 4  # numbers of an instruction
_REASONS: dict[int, Literal["tired", "disappointed"]] = {1: "tired", 2: "disappointed"}
_OFFERED = 8  # questions and items that a text observation offers
_FAVOURITES = 5  # attributes that a portrait names, of those liked and of those disliked
_WEARY = 0.5  # fatigue, or share of the tolerance for disappointment, of who is about to tire


def instructions_of(given: Sequence[int]) -> tuple[Instruct, ...]:
    """Instructions from their numbers, four each: directive, attribute, condition, scope."""
    rows = [given[k : k + _WIDTH] for k in range(0, len(given), _WIDTH)]
    return tuple(
        Instruct(
            DIRECTIVES[directive], (attribute,), (condition,) * (condition >= 0), SCOPES[scope]
        )
        for directive, attribute, condition, scope in rows
        if attribute >= 0
    )


def instruction_text(act: Instruct, world: World) -> str:
    """An instruction: "When it is rock [a3]: no more mellow [a9], for now."."""
    named = listed(act.attributes, world, attribute_label, "or")
    wish = f"{'more' if act.directive == 'want' else 'no more'} {named}, {_HELD[act.scope]}."
    if act.condition:
        return f"When it is {listed(act.condition, world, attribute_label, 'and')}: {wish}"
    return f"{wish[0].upper()}{wish[1:]}"


class LifeActs(Acts):
    """How the moves of RecoWorld are read and written."""

    # ---- reading a move --------------------------------------------------------------------------

    def last_move(self, batch: Any, row: int) -> dict[str, Any]:
        a = batch.arrays
        verb, about = int(a["verb"][row]), int(a["about"][row])
        listed = verb == Verb.RECOMMEND
        n = int(a["n_shown"][row])
        less, more = a["said"][row].tolist()
        # Between the two halves of a move `day` and its like are still those of this move.
        return {
            "verb": verb,
            "day": int(a["at_day"][row]),
            "session": int(a["at_session"][row]),
            "round": int(a["at_turn"][row]),
            "used": verb not in (Verb.OPEN, Verb.REFLECT) or self._is_answered(batch, row),
            "about": about if verb == Verb.ASK else -1,
            "because": [about] if listed and about >= 0 else [],
            "items": a["shown"][row, :n].tolist() if listed or verb == Verb.REFLECT else [],
            "levels": a["levels"][row, :n].tolist() if listed else [],
            "minutes": a["minutes"][row, :n].tolist() if listed else [],
            "outcome": int(a["outcome"][row]),
            "given": _flat(a["given"][row, :2]),
            "at_opening": _flat(a["given"][row, 2:]),
            "less": less,
            "more": more,
            "ended": int(a["ended"][row]),
            "gone": bool(a["gone"][row]),
            "gap": int(a["gap"][row]),
        }

    def _is_answered(self, batch: Any, row: int) -> bool:
        """Whether the user of a row adds something to a reflection, so that it takes a round."""
        if batch.arrays["verb"][row] == Verb.OPEN:
            return False
        user = int(batch.arrays["user"][row])
        return batch.users.behaviour(user).feedback not in ("none", "unary", "binary")

    def system_act(self, move: Move) -> SystemAct | None:
        verb = move["verb"]
        if verb == Verb.ASK:
            return Ask((move["about"],))
        if verb == Verb.RECOMMEND:
            return Recommend(tuple(move["items"]), tuple(move["because"]))
        if verb == Verb.REFLECT:
            return Reflect()
        return Pass() if verb == Verb.PASS else None

    def user_acts(self, move: Move) -> tuple[UserAct, ...]:
        if move["verb"] == Verb.OPEN:
            return (Courtesy("greeting"), *instructions_of(move["at_opening"]))
        return (*_answer(move), *instructions_of(move["given"]), *_going(move))

    def return_acts(self, move: Move) -> tuple[UserAct, ...]:
        if move["gap"] < 1:
            return ()
        return (Courtesy("greeting", move["gap"]), *instructions_of(move["at_opening"]))

    def return_note(self, move: Move) -> str:
        days = "a day" if move["gap"] == 1 else f"{move['gap']} days"
        return f"{days} later: day {move['day'] + move['gap']}, session {move['session'] + 2}"

    def context(self, move: Move, rules: Any) -> Context:
        return Context(self.system_act(move), tuple(move["items"]), walks=True)

    def invites_feedback(self, batch: Any, move: Move) -> bool:
        return bool(move["verb"] in (Verb.RECOMMEND, Verb.REFLECT, Verb.PASS))

    def hidden(self, batch: Any, row: int) -> Hidden:
        return Hidden()  # nothing is in mind that must not be named

    def portrait(self, batch: Any, row: int) -> Portrait:
        a = batch.arrays
        theta = a["theta"][row].astype(float)
        now = a["mindset"][row] - _trait(batch, row, "boredom") * a["satiation"][row]
        order = np.argsort(-theta, kind="stable")
        likes = [int(i) for i in order[:_FAVOURITES] if theta[i] > 0]
        dislikes = [int(i) for i in order[::-1][:_FAVOURITES] if theta[i] < 0]
        moods = np.argsort(-(now - theta), kind="stable")[:2]
        tolerance = _trait(batch, row, "tolerance")
        weary = a["fatigue"][row] > _WEARY or a["letdown"][row] > _WEARY * tolerance
        return Portrait(
            tuple(likes),
            tuple(dislikes),
            tuple(int(i) for i in moods if now[i] > theta[i] and now[i] > 0),
            bool(weary),
            tuple(float(x) for x in a["length"][a["shown"][row, : a["n_shown"][row]]]),
        )

    def summary(self, moves: Sequence[Move]) -> str:
        """One line about a session that is over, from its moves."""
        lists = [move for move in moves if move["verb"] == Verb.RECOMMEND]
        levels = [level for move in lists for level in move["levels"]]
        minutes = sum(sum(move["minutes"]) for move in lists)
        told = [
            f"{len(moves)} rounds",
            f"{sum(level >= Level.CLICK for level in levels)} of "
            f"{sum(len(move['items']) for move in lists)} items consumed",
            f"{sum(level >= Level.ACCEPT for level in levels)} liked",
            f"{minutes:.0f} minutes",
        ]
        wishes = sum(len(instructions_of(move["given"])) for move in moves)
        told += [f"{wishes} wishes said"] * bool(wishes)
        how = {1: "left", 2: "left disappointed", 3: "stayed to the end"}
        last = moves[-1]
        return f"Day {last['day']}: {', '.join(told)}; {how.get(last['ended'], 'over')}."

    # ---- writing one -----------------------------------------------------------------------------

    def write_answer(self, batch: Any, row: int, acts: Sequence[UserAct]) -> None:
        write_answer(batch, row, self.last_move(batch, row), acts)

    def decode(self, batch: Any, text: str, act: SystemAct, row: int = 0) -> Decoded:
        if isinstance(act, Pass):
            return Decoded(batch.n_askables + batch.verbs.index(Verb.PASS) - 1)
        return super().decode(batch, text, act, row)

    def decode_list(self, batch: Any, text: str, act: Recommend) -> Decoded:
        if act.because and not act.items:
            if len(act.because) > 1:
                raise NotUnderstood(text, "One reason at a time, please. Which one?")
            return Decoded(batch.n_askables + len(batch.verbs) - 1 + act.because[0])
        return super().decode_list(batch, text, act)

    def decode_question(self, batch: Any, text: str, act: Ask, row: int) -> Decoded:
        if act.facet is not None and not act.attributes:
            facet = Labels.of(batch.world).say("f", act.facet, plainly=True)
            raise NotUnderstood(text, f"Which {facet} do you ask about? Name one.")
        if len(act.attributes) > 1:
            raise NotUnderstood(text, "One question at a time, please. Which one first?")
        return super().decode_question(batch, text, act, row)

    # ---- what a conversation in text offers ------------------------------------------------------

    task = (
        "You recommend to one user over a month. They open a session on the days on which they "
        "come back. Each round you make one move: recommend a list (the best, or the best because "
        "of an attribute), ask whether they are in the mood for something, reflect, which takes up "
        "what they told you to change, or pass. What counts is that they come back: do what they "
        "instruct as long as it holds, show what they will be glad of, and do not wear them out."
    )

    def situation(self, batch: Any, row: int) -> list[str]:
        a, rules, labels = batch.arrays, batch.protocol, Labels.of(batch.world)
        day, session, turn = (int(a[name][row]) for name in ("day", "session", "turn"))
        told = [
            f"Day {day} of {rules.horizon}, session {session + 1}, round {turn} of "
            f"{rules.max_turns}. Moves left: {rules.max_steps - int(a['step'][row])}."
        ]
        if shown := a["shown"][row, : a["n_shown"][row]].tolist():
            named = "; ".join(labels.say("i", v, plainly=True) for v in shown)
            told.append(f"The last list, from the top: {named}.")
        if held := self.in_force(batch, row):
            told.append(f"In force: {' '.join(held)}")
        return told

    def likely_asks(self, batch: Any, row: int, most: int) -> list[int]:
        asks = np.flatnonzero(batch.legal_actions()[row, : batch.n_askables])
        liked = batch.arrays["preference"][row][asks]
        found: list[int] = asks[np.argsort(-liked, kind="stable")][:most].tolist()
        return found

    def likely_reasons(self, batch: Any, row: int, most: int) -> list[int]:
        """What the user wants by an instruction, then what the estimator says that they like."""
        a, first = batch.arrays, batch.n_askables + 3
        told = a["instructions"][row]
        wanted = told[told[:, 0] == 1, 1][::-1].tolist()
        liked = np.argsort(-a["preference"][row], kind="stable").tolist()
        legal = batch.legal_actions()[row, first:]
        return [i for i in dict.fromkeys(wanted + liked) if legal[i]][:most]

    def footer(self, batch: Any, row: int) -> list[str]:
        if batch.arrays["done"][row]:
            return ["The life has ended."]
        n, labels = batch.n_askables, Labels.of(batch.world)
        told = self.situation(batch, row)
        legal = batch.legal_actions()[row]
        if asks := self.likely_asks(batch, row, _OFFERED):
            named = "; ".join(labels.say("a", i, plainly=True) for i in asks)
            told.append(f"Ask, for instance: {named}.")
        best = batch.best_items()[0][row]
        best = best[best >= 0][:_OFFERED]
        named = "; ".join(labels.say("i", int(v), plainly=True) for v in best)
        told.append(f"Recommend, best first: {named}." if named else "Nothing is left to show.")
        others = ["reflect on the last list"] * bool(legal[n + 1]) + ["pass"]
        told.append(f"Or {', or '.join(others)}.")
        return told

    def in_force(self, batch: Any, row: int) -> list[str]:
        """The instructions that hold, in words, with how many lists were shown since."""
        told = []
        for *numbers, age in batch.arrays["instructions"][row].tolist():
            for act in instructions_of(numbers):
                lists = "1 list ago" if age == 1 else f"{age} lists ago"
                told.append(f"{instruction_text(act, batch.world)[:-1]} ({lists}).")
        return told


def _flat(rows: Any) -> list[int]:
    return [int(x) for row in rows.tolist() if row[1] >= 0 for x in row]


def _answer(move: Move) -> tuple[UserAct, ...]:
    """What the user did with the list, or said to the question."""
    verb, outcome = move["verb"], move["outcome"]
    if verb == Verb.ASK:
        if outcome == Outcome.YES:
            return (Answer("yes", (move["about"],)),)
        return (Answer("no" if outcome == Outcome.NO else "unsure"),)
    if verb == Verb.RECOMMEND:
        return (_reaction(move),)
    less, more = move["less"], move["more"]
    if less >= 0 and more >= 0:
        return (Edit(add=(more,), remove=(less,)),)
    if less >= 0:
        return (Critique(less, "less"),)
    if more >= 0:
        return (Edit(add=(more,)),)
    asked = verb == Verb.REFLECT and move["used"] and not move["given"]
    return (Answer("unsure"),) if asked else ()


def _reaction(move: Move) -> React:
    """The levels of the items that were read, and the minutes of those that were consumed."""
    triples = list(zip(move["items"], move["levels"], move["minutes"], strict=True))
    levels = tuple((item, Level(level)) for item, level, _ in triples if level >= 0)
    return React(
        next((item for item, level in levels if level >= Level.ACCEPT), None),
        levels,
        tuple((item, Note.SEEN) for item, level in levels if level == Level.SEEN),
        tuple((item, float(minutes)) for item, level, minutes in triples if level >= Level.CLICK),
    )


def _going(move: Move) -> tuple[UserAct, ...]:
    reason = _REASONS.get(move["ended"])
    return () if reason is None else (Leave(reason, bool(move["gone"])),)


def _trait(batch: Any, row: int, name: str) -> float:
    return float(cast(Any, getattr(batch.users.behaviour(int(batch.arrays["user"][row])), name)))


ACTS = LifeActs()
