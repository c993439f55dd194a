"""A line of several acts as parts, and back: what the words of a line come to, one after the other.

A part is what one piece of a line says: an item taken or noted, an answer, an addition to it. Acts
are cut into parts to be said (`parts_of`), and parts that were read are put together (`acts_of`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from recosim.acts import (
    Answer,
    Ask,
    Critique,
    Edit,
    Instruct,
    Level,
    Note,
    React,
    Recommend,
    Reflect,
    Request,
    UserAct,
)
from recosim.errors import OptionError
from recosim.language.context import Context
from recosim.language.walks import WALKED, as_walked, walk_of, walked_pieces

__all__ = ["AsActs", "Part", "acts_of", "as_heard", "check_turn", "parts_of"]


class Part(NamedTuple):
    """What one piece of a line says.

    Attributes:
        kind: "act", or the piece of one: "take", "refuse", "note", "like", "also"; of a walk also
            "walked", "tried", "enjoyed", "loved".
        ids: of a piece: the items taken; the item liked; the attributes wanted as well; the item
            noted and its `Note`; how many items were read.
        act: of a whole one.
    """

    kind: str
    ids: tuple[int, ...] = ()
    act: UserAct | None = None


AsActs = tuple[UserAct, ...]

_ONCE = (React, Answer, Request, Edit)  # acts of which a line has one at most


def as_heard(act: UserAct, context: Context | None = None) -> UserAct:
    """An act without what words do not tell: how far a user went with items that they left.

    Of a walk (`Context.walks`) they tell all but the minutes.
    """
    if isinstance(act, React) and context is not None and context.walks:
        return as_walked(act, context.items)
    if isinstance(act, React) and act.levels:
        further = tuple((item, Level.ACCEPT) for item in act.taken if item != act.accepted)
        if act.accepted is not None or not further:
            return React(act.accepted, further, act.notes)
        return React(further[0][0], further[1:], act.notes)
    return act


def check_turn(acts: Sequence[UserAct]) -> None:
    """Raise OptionError for acts that are never said in one line: two answers, say."""
    if not acts:
        raise OptionError("a line needs an act; none was given.")
    for kind in _ONCE:
        if sum(isinstance(act, kind) for act in acts) > 1:
            raise OptionError(f"a line has one {kind.__name__} at most; given: {tuple(acts)}.")


def parts_of(act: UserAct, context: Context) -> list[Part]:
    """The parts of an act, in the order in which templates say them."""
    act = as_heard(act, context)
    if isinstance(act, React) and context.walks:
        return [Part(*piece) for piece in walked_pieces(act, context.items)]
    if isinstance(act, React):
        notes = [Part("note", (item, int(note))) for item, note in act.notes]
        if act.accepted is not None:
            return [Part("take", act.taken), *notes]
        # Who has said of all that was shown why they do not take it now has refused it.
        noted = {item for item, _ in act.notes}
        refused = not noted or not set(context.items) <= noted
        return [*[Part("refuse")] * refused, *notes]
    return [Part("act", act=act)]


def acts_of(parts: Iterable[Part], context: Context) -> AsActs | None:
    """The acts that parts come to, or None if they cannot be said in one line, or here."""
    acts: list[UserAct] = []
    walk: list[tuple[str, tuple[int, ...]]] = []
    decided = False  # whether the reaction says what becomes of the list
    for kind, ids, act in parts:
        last = acts[-1] if acts else None
        if context.walks and kind in WALKED:
            if walk and not isinstance(last, React):
                return None
            if not walk:
                acts.append(React())
            walk.append((kind, ids))
            if (walked := walk_of(walk, context.items)) is None:
                return None
            acts[-1] = walked
        elif kind in ("take", "refuse", "note"):
            if not isinstance(last, React):
                if any(isinstance(other, React) for other in acts):
                    return None
                acts.append(last := React())
            if kind == "note":
                note = (ids[0], Note(ids[1]))
                if ids[0] in dict(last.notes):
                    return None
                acts[-1] = React(last.accepted, last.levels, (*last.notes, note))
            elif decided:
                return None
            else:
                decided = True
                if kind == "take":
                    if len(set(ids)) < len(ids):
                        return None
                    levels = tuple((item, Level.ACCEPT) for item in ids[1:])
                    acts[-1] = React(ids[0], levels, last.notes)
        elif kind == "also":
            if not isinstance(last, Answer) or last.also:
                return None
            acts[-1] = Answer(last.kind, last.accepted, ids)
        elif kind == "like":
            if not isinstance(last, Request) or last.item is not None:
                return None
            acts[-1] = Request(last.attributes, last.facet, ids[0])
        else:
            assert act is not None
            if isinstance(act, _ONCE) and any(isinstance(other, type(act)) for other in acts):
                return None
            acts.append(act)
    if not acts or not all(_fits(act, context) for act in acts):
        return None
    return tuple(acts)


def _fits(act: UserAct, context: Context) -> bool:
    """Whether an act can be said in answer to what was said."""
    answers = context.answers
    if isinstance(act, Answer):
        return isinstance(answers, Ask) or (isinstance(answers, Reflect) and act.kind != "yes")
    if isinstance(act, React):
        return isinstance(answers, Recommend) and dict(act.notes).keys().isdisjoint(act.taken)
    if isinstance(act, Critique):
        return isinstance(answers, (Recommend, Reflect))
    if isinstance(act, Request):
        return not isinstance(answers, (Ask, Recommend, Reflect))
    if isinstance(act, Edit):
        return True
    return not isinstance(act, Instruct) or bool(act.attributes)
