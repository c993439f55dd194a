"""Moves of the CPR core as typed acts, and the answer of an outsider as fields of the move.

`system_act` and `user_acts` read one move, `context_of` says what its answer answers.
`write_answer` is their inverse for a user who is no rule: a person, a language model, a player.
`CPRActs` gives them to what knows no family.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Critique,
    Edit,
    Inquire,
    Instruct,
    Leave,
    Level,
    Note,
    Outcome,
    React,
    Recommend,
    Reflect,
    Request,
    SystemAct,
    UserAct,
    Verb,
)
from recosim.envs.acts import Acts, Hidden, Move
from recosim.envs.batch import Decoded
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.reasons import reasons
from recosim.errors import NotUnderstood, OptionError
from recosim.language import Context
from recosim.language.labels import Labels
from recosim.standing import standing_acts, standing_codes
from recosim.world.world import World

__all__ = ["ACTS", "CPRActs", "context_of", "last_move", "system_act", "user_acts", "write_answer"]

THE_LIST = -2  # in `inquired`: the user asks about the list as a whole


def last_move(dialogues: Dialogues, row: int) -> dict[str, Any]:
    """The opening or the last move of a row, with the keys of a trace that acts are read from."""
    a = dialogues.arrays
    verb = int(a["verb"][row])
    shown = a["shown_last" if verb == Verb.REFLECT else "shown"][row].tolist()
    if verb == Verb.OPEN:
        shown = [int(a["opening_item"][row])]
    notes, taken = a["notes"][row].tolist(), a["taken"][row].tolist()
    reasons = a["aspects"][row] if verb == Verb.RECOMMEND else ()
    return {
        "verb": verb,
        "facet": int(a["asked_facet"][row]),
        "asked": [int(i) for i in a["asked"][row] if i >= 0],
        "standing": _codes(a["standing"][row]) if verb == Verb.OPEN else [],
        "accepted": a["accepted"][row, : a["n_accepted"][row]].tolist(),
        "items": [v for v in shown if v >= 0]
        if verb in (Verb.OPEN, Verb.RECOMMEND, Verb.REFLECT)
        else [],
        "taken": [v for v, was in zip(shown, taken, strict=False) if was],
        "notes": [x for pair in zip(shown, notes, strict=False) if pair[1] for x in pair],
        "inquired": int(a["inquired"][row]),
        "because": [int(i) for i in reasons if i >= 0],
        "outcome": int(a["outcome"][row]),
        "rank": int(a["rank"][row]),
        "left": bool(a["left"][row]),
    }


def _codes(standing: NDArray[np.int32]) -> list[int]:
    return [int(code) for code in standing_codes(standing[None])[0] if code >= 0]


def system_act(move: Move) -> SystemAct | None:
    """What the recommender did; None for the opening, and for moves that nobody hears."""
    if move["verb"] == Verb.ASK:
        facet = move["facet"] if move["facet"] >= 0 else None
        return Ask(() if facet is not None else tuple(move["asked"]), facet)
    if move["verb"] == Verb.RECOMMEND:
        return Recommend(tuple(move["items"]), tuple(move["because"]))
    return Reflect() if move["verb"] == Verb.REFLECT else None


def context_of(move: Move, *, facets: bool = False) -> Context:
    """What the user's words in a move answer.

    Args:
        move: of `last_move`; of a trace only where it is no reflection (a trace does not repeat the
            list that was refused).
        facets: whether questions are about facets.
    """
    return Context(system_act(move), tuple(move["items"]), facets)


def user_acts(move: Move) -> tuple[UserAct, ...]:
    """What the user said in a move, in the order in which they say it; () for nothing."""
    said = _said(move)
    return (*said, Leave("impatient")) if move["left"] else said


def _said(move: Move) -> tuple[UserAct, ...]:
    verb, outcome = move["verb"], move["outcome"]
    accepted, asked = tuple(move["accepted"]), tuple(move["asked"])
    if verb == Verb.OPEN:
        facet = move["facet"] if move["facet"] >= 0 else None
        request = Request(accepted, facet, next(iter(move["items"]), None))
        return (request, *standing_acts(move["standing"]))
    if verb == Verb.ASK:
        if outcome == Outcome.YES:
            if move["facet"] >= 0:
                return (Answer("yes", accepted),)
            inside = tuple(a for a in accepted if a in asked)
            return (Answer("yes", inside, tuple(a for a in accepted if a not in asked)),)
        return (Answer("no" if outcome == Outcome.NO else "unsure", also=accepted),)
    if verb == Verb.RECOMMEND:
        # Traces from before users said more of a list have none of this.
        pairs, inquired = move.get("notes") or (), move.get("inquired", -1)
        questions: tuple[UserAct, ...] = ()
        if inquired is not None and inquired != -1:
            questions = (Inquire(inquired if inquired >= 0 else None),)
        if outcome == Outcome.UNSURE:  # the question is all that was said
            return questions or (Inquire(None),)
        notes = tuple((v, Note(note)) for v, note in zip(pairs[::2], pairs[1::2], strict=True))
        if outcome == Outcome.HIT:
            first = move["items"][move["rank"] - 1]
            more = tuple((v, Level.ACCEPT) for v in move.get("taken") or () if v != first)
            return (React(first, more, notes), *questions, *_feedback(asked, accepted))
        return (React(None, (), notes), *questions, *_feedback(asked, accepted))
    if verb == Verb.REFLECT and outcome != Outcome.NOTHING:
        return _feedback(asked, accepted) or (Answer("unsure"),)
    return ()


def _feedback(less: tuple[int, ...], more: tuple[int, ...]) -> tuple[UserAct, ...]:
    if less and more:
        return (Edit(add=more, remove=less),)
    if less:
        return (Critique(less[0], "less"),)
    return (Instruct("want", more),) if more else ()


# ---- answers from outside ------------------------------------------------------------------------


@dataclass
class _Heard:
    """What an answer from outside puts into the fields of the move.

    Attributes:
        less: the attribute that there should be less of, -1 for none. more: those accepted.
        taken, notes: by position in the list. inquired: see `fields.inquired`.
    """

    outcome: Outcome = Outcome.MISS
    less: int = -1
    more: tuple[int, ...] = ()
    taken: tuple[int, ...] = ()
    notes: tuple[tuple[int, int], ...] = ()
    inquired: int = -1


def write_answer(dialogues: Dialogues, row: int, acts: Sequence[UserAct]) -> None:
    """Put what an outsider said into the fields of the move that was posed (`Dialogues.pose`).

    Several acts may come at once: items taken and items noted, a question about an item, what is
    wrong with the list, what there should be more of. `Leave` may stand alone or beside an answer.
    What is wrong with a list goes with a reaction, or alone: then it refuses the list. A politeness
    says nothing beside another act, and is no answer alone.

    A question about an item that stands alone leaves the list unjudged: the outcome is unsure and
    the turn is used, also under `inquiries = "free"`. There whoever asks on behalf of the user (a
    seat at the terminal) answers it and has them judge the list before the move is settled.

    Nothing is changed if an error is raised.

    Args:
        acts: of the user; at least one.

    Raises:
        OptionError: they do not answer the move, or name what it does not hold.
    """
    leaves = any(isinstance(act, Leave) for act in acts)
    answers = [act for act in acts if not isinstance(act, (Leave, Courtesy))]
    move = last_move(dialogues, row)
    read = {Verb.ASK: _read_answer, Verb.RECOMMEND: _read_reaction, Verb.REFLECT: _read_feedback}
    heard = _Heard()
    if answers:
        heard = read[Verb(move["verb"])](dialogues, move, answers)
    elif leaves:
        if move["verb"] != Verb.RECOMMEND:
            heard.outcome = Outcome.UNSURE
    elif acts:
        raise OptionError(f"{acts[0]} is a politeness and answers nothing; answer the move too.")
    else:
        raise OptionError("an answer is needed; none was given.")
    a = dialogues.arrays
    more, room = heard.more, a["accepted"].shape[1]
    if len(more) > room:
        raise OptionError(f"{len(more)} attributes were named; an answer holds up to {room}.")
    a["outcome"][row], a["left"][row] = heard.outcome, leaves
    a["rank"][row] = 1 + min(heard.taken) if heard.taken else 0
    a["accepted"][row, : len(more)] = more
    a["n_accepted"][row] = len(more)
    if move["verb"] == Verb.ASK:
        return
    a["asked"][row, 0] = heard.less
    if move["verb"] == Verb.RECOMMEND:
        a["taken"][row], a["notes"][row], a["inquired"][row] = 0, 0, heard.inquired
        a["taken"][row, list(heard.taken)] = 1
        for place, note in heard.notes:
            a["notes"][row, place] = note


def _read_answer(dialogues: Dialogues, move: Move, acts: Sequence[UserAct]) -> _Heard:
    """An answer, and what is wanted beside it."""
    wants = [act for act in acts if isinstance(act, Instruct) and act.directive == "want"]
    others = [act for act in acts if act not in wants] or wants[:1]
    (act,) = _only(others, "a question")
    if not isinstance(act, Answer):
        raise OptionError(f"{act} does not answer a question; yes, no or don't know does.")
    also = (*act.also, *(a for want in wants for a in want.attributes))
    if act.kind != "yes":
        outcome = Outcome.NO if act.kind == "no" else Outcome.UNSURE
        return _Heard(outcome, more=tuple(dict.fromkeys(also)))
    inside = move["asked"]
    if move["facet"] >= 0:
        inside = dialogues.world.facet_attributes.row(move["facet"]).tolist()
    accepted = act.accepted or (tuple(inside) if move["facet"] < 0 and len(inside) == 1 else ())
    strangers = [i for i in accepted if i not in inside]
    if strangers or not accepted:
        names = dialogues.world.attribute_names
        what = ", ".join(names[i] for i in strangers) or "nothing"
        raise OptionError(f"a yes to {what} does not answer the question; name what it asks about.")
    return _Heard(Outcome.YES, more=tuple(dict.fromkeys((*accepted, *also))))


def _read_reaction(dialogues: Dialogues, move: Move, acts: Sequence[UserAct]) -> _Heard:
    """What was taken and noted, a question, and what is wrong with the list, in any order."""
    reactions = [act for act in acts if isinstance(act, React)]
    questions = [act for act in acts if isinstance(act, Inquire)]
    wishes = [act for act in acts if not isinstance(act, (React, Inquire))]
    if len(reactions) > 1:
        raise OptionError("one reaction to a list is needed; several were given.")
    if len(questions) > 1:
        raise OptionError("one question about an item at a time; several were given.")
    heard = _Heard()
    for act in reactions:
        _read_list(move["items"], act, heard)
    for question in questions:
        heard.inquired = _place(move["items"], question)
    if wishes:
        heard.less, heard.more = _read_wishes(wishes)
    if questions and not reactions and not wishes:
        heard.outcome = Outcome.UNSURE
    return heard


def _read_list(items: Sequence[int], act: React, heard: _Heard) -> None:
    """The items taken and noted, by their places."""
    for item in (*act.taken, *(item for item, _ in act.notes)):
        if item not in items:
            raise OptionError(f"item {item} was not shown; shown: {items}.")
    notes: dict[int, Note] = {}
    for item, note in act.notes:
        if item in act.taken:
            raise OptionError(
                f"item {item} is taken and noted ({note.name}); do one of the two with it."
            )
        if notes.setdefault(item, note) != note:
            raise OptionError(f"item {item} is noted as {notes[item].name} and as {note.name}.")
    heard.taken = tuple(items.index(item) for item in act.taken)
    heard.notes = tuple((items.index(item), int(note)) for item, note in notes.items())
    heard.outcome = Outcome.HIT if heard.taken else Outcome.MISS


def _place(items: Sequence[int], question: Inquire) -> int:
    """What a question is about, as `fields.inquired` has it."""
    if question.item is None:
        return items[0] if len(items) == 1 else THE_LIST
    if question.item not in items:
        raise OptionError(f"item {question.item} was not shown; shown: {items}.")
    return question.item


def _read_feedback(dialogues: Dialogues, move: Move, acts: Sequence[UserAct]) -> _Heard:
    if all(isinstance(act, Answer) for act in acts):
        (act,) = _only(acts, "a question")
        assert isinstance(act, Answer)
        outcome = Outcome.YES if act.also else Outcome.UNSURE
        return _Heard(outcome, more=tuple(dict.fromkeys(act.also)))
    less, more = _read_wishes(acts)
    return _Heard(Outcome.YES if more else Outcome.NO, less, more)


def _read_wishes(acts: Sequence[UserAct]) -> tuple[int, tuple[int, ...]]:
    """What there should be less of, -1 for none, and more of."""
    less: tuple[int, ...] = ()
    more: tuple[int, ...] = ()
    for act in acts:
        if isinstance(act, Critique):
            named: tuple[int, ...] = (act.attribute,)
            less, more = (less + named, more) if act.direction == "less" else (less, more + named)
        elif isinstance(act, Instruct):
            named = act.attributes
            less, more = (less + named, more) if act.directive == "avoid" else (less, more + named)
        elif isinstance(act, Edit):
            less, more = less + act.remove, more + act.add
        else:
            raise OptionError(
                f"{act} does not answer a list; take one, or say what is wrong with it."
            )
    less = tuple(dict.fromkeys(less))
    if len(less) > 1:
        raise OptionError("say one thing that there should be less of; more than one was named.")
    return (less[0] if less else -1), tuple(a for a in dict.fromkeys(more) if a not in less)


def _only(acts: Sequence[UserAct], what: str) -> Sequence[UserAct]:
    if len(acts) != 1:
        raise OptionError(f"one answer to {what} is needed; {len(acts)} were given.")
    return acts


# ---- for what knows no family --------------------------------------------------------------------

OFFERED = 8  # questions and items that a text observation offers


class CPRActs(Acts):
    """The functions above as the acts of the family, and what a conversation in text offers."""

    def last_move(self, batch: Any, row: int) -> dict[str, Any]:
        return last_move(batch, row)

    def system_act(self, move: Move) -> SystemAct | None:
        return system_act(move)

    def user_acts(self, move: Move) -> tuple[UserAct, ...]:
        return user_acts(move)

    def context(self, move: Move, rules: Any) -> Context:
        facets = rules.question == "facet"
        opening = move["verb"] == Verb.OPEN
        return Context(facets=facets) if opening else context_of(move, facets=facets)

    def hidden(self, batch: Any, row: int) -> Hidden:
        a = batch.arrays
        targets = tuple(a["targets"][row, : a["n_targets"][row]].tolist())
        others = tuple(a["acceptable"][row, : a["n_acceptable"][row]].tolist())
        wants = tuple(batch.world.item_attributes.row(targets[0]).tolist()) if targets else ()
        if a["verb"][row] == Verb.ASK:
            wants = tuple(batch.wanted(row).tolist())
        return Hidden((*targets, *others), wants)

    def secrets(self, move: Move) -> tuple[int, ...]:
        return (move["target"],)

    def invites_feedback(self, batch: Any, move: Move) -> bool:
        return batch.protocol.feedback_on == "refusal" or move["verb"] == Verb.REFLECT

    def write_answer(self, batch: Any, row: int, acts: Sequence[UserAct]) -> None:
        write_answer(batch, row, acts)

    def decode_question(self, batch: Any, text: str, act: Ask, row: int) -> Decoded:
        question, labels = batch.protocol.question, Labels.of(batch.world)
        if question == "none":
            raise NotUnderstood(
                text, "I would rather see things than answer. What do you recommend?"
            )
        if act == Ask():
            return Decoded(-1)
        if question == "facet":
            if act.facet is None:
                kinds = labels.say_all("f", range(min(4, batch.n_askables)), "or", True)
                raise NotUnderstood(text, f"Which of {kinds} do you ask about?")
            return Decoded(act.facet)
        if act.facet is not None and not act.attributes:
            facet = labels.say("f", act.facet, plainly=True)
            raise NotUnderstood(text, f"Which {facet} do you ask about? Name one.")
        if len(act.attributes) > 1 and question == "binary":
            raise NotUnderstood(text, "One question at a time, please. Which one first?")
        return Decoded(act.attributes[0])

    task = (
        "You recommend to a user who has one item in mind. Each turn you make one move: ask the "
        "user about one of the questions listed, or recommend a list of items; a reflection "
        "revises what the system believes after a refused list. Recommend once few candidates are "
        "left, or in the last turns."
    )

    def likely_asks(self, batch: Any, row: int, most: int) -> list[int]:
        entropy = batch.entropy()[row]
        asks = np.flatnonzero(batch.legal_actions()[row, : batch.n_askables])
        found: list[int] = asks[np.argsort(-entropy[asks], kind="stable")][:most].tolist()
        return found

    def reasons(self, batch: Any, lists: NDArray[np.int32]) -> NDArray[np.int32] | None:
        return reasons(batch, lists) if batch.protocol.aspects else None

    def footer(self, batch: Any, row: int) -> list[str]:
        d = batch
        a, protocol = d.arrays, d.protocol
        if a["done"][row]:
            return ["The conversation has ended."]
        left = protocol.first_turn + protocol.acting_turns - int(a["turn"][row])
        n = int(a["n_candidates"][row])
        told = [f"Moves left: {left}. Candidates: {n}."]
        legal, asks = d.legal_actions()[row], self.likely_asks(d, row, OFFERED)
        if asks:
            kind = "f" if protocol.question == "facet" else "a"
            told.append(f"Ask, for instance: {_named(d.world, kind, asks)}.")
        if legal[d.n_askables]:
            best = d.best_items()[0][row]
            named = _named(d.world, "i", best[best >= 0][:OFFERED])
            told.append(f"Recommend, best first: {named}.")
        if legal[d.n_askables + 1]:
            told.append("Or reflect on what was refused.")
        return told


def _named(world: World, kind: str, ids: Iterable[int]) -> str:
    labels = Labels.of(world)
    return "; ".join(labels.say(kind, int(i), plainly=True) for i in ids)


ACTS = CPRActs()
