"""Which phrases an act is made of, and which act phrases make: the grammar of the templates.

What says one part of a line (`recosim.language.turns`) is one to three cases of
`recosim.language.phrases` in a row, with values in their slots. `write_*` goes from a part to
(cases, slots), `read_*` back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Critique,
    Edit,
    Inquire,
    Instruct,
    Leave,
    Note,
    Pass,
    Recommend,
    Reflect,
    Request,
    SystemAct,
    UserAct,
)
from recosim.errors import OptionError
from recosim.language.context import Context
from recosim.language.turns import Part

__all__ = [
    "SLOT",
    "SLOTS",
    "SYSTEM_FORMS",
    "makes_sense",
    "read_part",
    "read_system",
    "turn_forms",
    "user_forms",
    "write_part",
    "write_system",
]

# A slot in a phrase: its name, and whether "or" joins its list.
SLOT = re.compile(r"\{(\w+)(?::(or))?\}")
# The kind of thing that a slot names: attributes, items, facet; "": a place in the list shown.
SLOTS = {
    "attributes": "a",
    "attribute": "a",
    "accepted": "a",
    "also": "a",
    "condition": "a",
    "add": "a",
    "remove": "a",
    "because": "a",
    "items": "i",
    "item": "i",
    "facet": "f",
    "number": "",
    # of the style "human": what was asked, repeated; an item by its name alone, or its place
    "asked": "a",
    "named": "i",
}
SINGLE = {"attribute", "item", "facet", "number", "named"}

Cases = tuple[str, ...]
Slots = dict[str, tuple[int, ...]]

_LEAVING = ("impatient", "satisfied", "other")
_SCOPES = ("turn", "session", "always")

_ANY_TIME: tuple[Cases, ...] = (
    *((d, s) for d in ("want", "avoid") for s in _SCOPES),
    *(("if", d, s) for d in ("want", "avoid") for s in _SCOPES),
    ("add",), ("remove",), ("edit_both",), ("edit_nothing",),
    *((reason,) for reason in _LEAVING),
)  # fmt: skip
_REQUESTS: tuple[Cases, ...] = (
    ("request",), ("request_facet",), ("request_facet_any",), ("request_any",),
)  # fmt: skip
_ANSWERS: tuple[Cases, ...] = tuple(
    (kind, *tail)
    for kind in ("yes", "yes_all", "no", "unsure", "yes_some")
    for tail in ((), ("also",))
)
_CRITIQUES: tuple[Cases, ...] = (("less",), ("more",), ("less_item",), ("more_item",))

SYSTEM_FORMS: tuple[Cases, ...] = (
    ("ask_any",), ("reflect",), ("pass",), ("recommend_best",), ("recommend_best", "because"),
    ("ask_facet",), ("ask_facet_of",), ("recommend",), ("recommend", "because"), ("ask",),
)  # fmt: skip


_ABOUT = ("content", "quality", "maker")
_NOTES = {note: f"note_{note.name.lower()}" for note in Note}
_COURTESIES = {
    "thanks": "thanks",
    "greeting": "greeting",
    "goodbye": "goodbye",
    "other": "courtesy_other",
}
# What a line of one act has never been made of: these stand in lines of several parts.
_ANY_TIME_TOO: tuple[Cases, ...] = (
    *((f"inquire_{about}",) for about in _ABOUT),
    *((f"inquire_{about}_any",) for about in _ABOUT),
    *((case,) for case in _COURTESIES.values()),
)
_REQUESTS_TOO: tuple[Cases, ...] = (
    ("request", "like"), ("request_facet", "like"), ("request_facet_any", "like"),
    ("request_item",),
)  # fmt: skip
_LISTS_TOO: tuple[Cases, ...] = (("take_several",), *((case,) for case in _NOTES.values()))


# Of lives (`Context.walks`).
_OF_LIST = {"want": "more_of", "avoid": "none_of"}
_HOLDS = {"turn": "for_turn", "session": "for_session", "always": "for_ever"}
_GOING = ("tired", "disappointed")
_IN_LIVES: tuple[Cases, ...] = (
    *((wish, scope) for wish in _OF_LIST.values() for scope in _HOLDS.values()),
    *(("when_it", wish, scope) for wish in _OF_LIST.values() for scope in _HOLDS.values()),
    *((reason,) for reason in _GOING),
    *((reason, "for_good") for reason in (*_LEAVING, *_GOING)),
    ("back_tomorrow",), ("back_days",),
)  # fmt: skip
_WALKS: tuple[Cases, ...] = (
    ("walked",), ("tried",), ("enjoyed",), ("loved",), ("take_several",), ("note_seen",),
)  # fmt: skip


def turn_forms(context: Context) -> tuple[Cases, ...]:
    """The rows of cases that parts of a line can be, in a context."""
    forms = (*user_forms(context), *_ANY_TIME_TOO)
    if context.walks:
        forms = (*forms, *_IN_LIVES)
        if isinstance(context.answers, Recommend):
            return (*forms, *_WALKS)
    if isinstance(context.answers, Recommend):
        return (*forms, *_LISTS_TOO)
    if isinstance(context.answers, (Ask, Reflect)):
        return forms
    return (*forms, *_REQUESTS_TOO)


def user_forms(context: Context) -> tuple[Cases, ...]:
    """The rows of cases that a line of one act is, but for the acts of `turn_forms` alone."""
    if isinstance(context.answers, Ask):
        return (*_ANSWERS, *_ANY_TIME)
    if isinstance(context.answers, Recommend):
        return (("take",), ("take_it",), ("refuse",), *_CRITIQUES, *_ANY_TIME)
    if isinstance(context.answers, Reflect):
        return (*_CRITIQUES, ("unsure",), ("no",), ("unsure", "also"), ("no", "also"), *_ANY_TIME)
    return (*_REQUESTS, *_ANY_TIME)


# ---- the user ------------------------------------------------------------------------------------


def write_part(part: Part, context: Context, facet_of: Any) -> tuple[Cases, Slots]:
    """The cases and slots of a part of what the user says.

    Args:
        facet_of: the facet of each attribute, int (n_attributes,).

    Raises:
        OptionError: an act that answers nothing in this context, or that says nothing.
    """
    cases, slots = _pieces(part, context) or _act(part.act, context, facet_of)
    if cases not in turn_forms(context):
        said_to = type(context.answers).__name__ if context.answers else "nothing (the opening)"
        said = part.act if part.act is not None else "A reaction to a list"
        raise OptionError(
            f"{said} cannot be said in answer to {said_to}: a Request opens, an Answer answers an "
            "Ask, a React a Recommend, a Critique a Recommend or a Reflect."
        )
    return cases, {name: ids for name, ids in slots.items() if ids}


def _pieces(part: Part, context: Context) -> tuple[Cases, Slots] | None:
    """A part that is no whole act."""
    if part.kind == "refuse":
        return ("refuse",), {}
    if part.kind == "note":
        return (_NOTES[Note(part.ids[1])],), {"item": part.ids[:1]}
    if part.kind == "walked":
        return ("walked",), {"number": part.ids}
    if part.kind in ("tried", "enjoyed", "loved"):
        return (part.kind,), {"items": part.ids}
    if part.kind == "take" and len(part.ids) > 1:
        return ("take_several",), {"items": part.ids}
    if part.kind == "take":
        if context.items == part.ids:
            return ("take_it",), {}
        (item,) = part.ids
        place = context.items.index(item) + 1 if item in context.items else None
        return ("take",), {"item": part.ids, "number": _one(place)}
    return None


def _act(act: object, context: Context, facet_of: Any) -> tuple[Cases, Slots]:
    """A part that is a whole act."""
    if isinstance(act, Request):
        case = "request" if act.attributes else "request_any"
        if act.facet is not None:
            case = "request_facet" if act.attributes else "request_facet_any"
        cases: Cases = (case,) if act.item is None else (case, "like")
        if cases == ("request_any", "like"):
            cases = ("request_item",)
        item = _one(act.item)
        return cases, {"attributes": act.attributes, "facet": _one(act.facet), "item": item}
    if isinstance(act, Answer):
        return _answer(act, context, facet_of)
    if isinstance(act, Inquire):
        case = f"inquire_{act.about}" if act.item is not None else f"inquire_{act.about}_any"
        return (case,), {"item": _one(act.item)}
    if isinstance(act, Critique):
        case = f"{act.direction}_item" if act.item is not None else act.direction
        return (case,), {"attribute": (act.attribute,), "item": _one(act.item)}
    if isinstance(act, Instruct):
        if not act.attributes:
            raise OptionError(f"{act} is about no attribute; name one.")
        if context.walks:
            wish = _OF_LIST[act.directive], _HOLDS[act.scope]
            cases = (*("when_it",) * bool(act.condition), *wish)
            return cases, {"attributes": act.attributes, "condition": act.condition}
        cases = (*("if",) * bool(act.condition), act.directive, act.scope)
        return cases, {"attributes": act.attributes, "condition": act.condition}
    if isinstance(act, Edit):
        if act.add and act.remove:
            case = "edit_both"
        else:
            case = "add" if act.add else "remove" if act.remove else "edit_nothing"
        return (case,), {"add": act.add, "remove": act.remove}
    if isinstance(act, Courtesy):
        if act.days:
            case = "back_tomorrow" if act.days == 1 else "back_days"
            return (case,), {"number": (act.days,) * (act.days > 1)}
        return (_COURTESIES[act.kind],), {}
    if isinstance(act, Leave):
        return (act.reason, *("for_good",) * act.for_good), {}
    raise OptionError(f"{act!r} is no act of the user.")


def _answer(act: Answer, context: Context, facet_of: Any) -> tuple[Cases, Slots]:
    tail = ("also",) * bool(act.also)
    slots: Slots = {"also": act.also}
    if act.kind != "yes":
        if act.accepted:
            raise OptionError(f"{act} accepts something without a yes; use `also`.")
        return (act.kind, *tail), slots
    if not can_accept(act.accepted, context, facet_of):
        raise OptionError(
            f"{act} does not accept some of what was asked: {context.answers}. What the user "
            "wants beside it goes into `also`."
        )
    if act.accepted == context.asked and len(act.accepted) < 2:
        return ("yes", *tail), slots
    if act.accepted == context.asked and len(act.accepted) == 2:
        return ("yes_all", *tail), slots
    return ("yes_some", *tail), {**slots, "accepted": act.accepted}


def can_accept(accepted: tuple[int, ...], context: Context, facet_of: Any) -> bool:
    """Whether a yes can accept these: of the attributes asked, of the facet asked, or of all."""
    if context.asked:
        return bool(accepted) and set(accepted) <= set(context.asked)
    if context.asked_facet is not None:
        return bool(accepted) and all(int(facet_of[a]) == context.asked_facet for a in accepted)
    return True


def read_part(cases: Cases, slots: Mapping[str, tuple[int, ...]], context: Context) -> Part:
    """What cases with these slots say; the inverse of `write_part`."""
    first = cases[0]

    def get(name: str) -> tuple[int, ...]:
        return slots.get(name, ())

    if first == "take":
        place = _only(get("number"))
        return Part("take", get("item") if place is None else (context.items[place - 1],))
    if first == "take_several":
        return Part("take", get("items"))
    if first == "walked" or first in ("tried", "enjoyed", "loved"):
        return Part(first, get("number") or get("items"))
    if first == "take_it":
        return Part("take", context.items[:1])
    if first in ("refuse", "refuse_named"):
        return Part("refuse")
    if first.startswith("note_"):
        return Part("note", (*get("item"), int(Note[first[5:].upper()])))
    if first in ("like", "also"):
        return Part(first, get("item") or get("also"))
    return Part("act", act=_read_act(cases, get, context))


def _read_act(cases: Cases, get: Callable[[str], tuple[int, ...]], context: Context) -> UserAct:
    first = cases[0]
    if first.startswith("request"):
        return Request(get("attributes"), _only(get("facet")), _only(get("item")))
    if first in ("no", "no_named", "unsure"):
        return Answer("unsure" if first == "unsure" else "no", also=get("also"))
    if first in ("yes", "yes_all"):
        return Answer("yes", context.asked, get("also"))
    if first == "yes_some":
        return Answer("yes", get("accepted"), get("also"))
    if first.startswith("inquire_"):
        return Inquire(_only(get("item") or get("named")), first.split("_")[1])  # type: ignore[arg-type]
    if first in ("less", "less_item"):
        return Critique(get("attribute")[0], "less", _only(get("item") or get("named")))
    if first in ("more", "more_item"):
        return Critique(get("attribute")[0], "more", _only(get("item") or get("named")))
    if first in ("add", "remove", "edit_both", "edit_nothing"):
        return Edit(get("add"), get("remove"))
    if first in _COURTESIES.values():
        (kind,) = (kind for kind, case in _COURTESIES.items() if case == first)
        return Courtesy(kind)  # type: ignore[arg-type]
    if first in ("back_tomorrow", "back_days"):
        return Courtesy("greeting", (get("number") or (1,))[0])
    if first in _LEAVING or first in _GOING:
        return Leave(first, cases[-1] == "for_good")  # type: ignore[arg-type]
    directive, scope = cases[-2:]
    if scope in _HOLDS.values():
        (directive,) = (name for name, case in _OF_LIST.items() if case == directive)
        (scope,) = (name for name, case in _HOLDS.items() if case == scope)
    return Instruct(directive, get("attributes"), get("condition"), scope)  # type: ignore[arg-type]


def makes_sense(
    cases: Cases, slots: Mapping[str, tuple[int, ...]], context: Context, facet_of: Any
) -> bool:
    """Whether cases that were recognised can be meant: "yes" to five items, say, cannot."""
    first = cases[0]
    if first == "yes":
        return len(context.asked) == 1 or (context.asked_facet is None and not context.asked)
    if first == "yes_all":  # it may be "both"; of more, `recosim.language.answers` reads "all"
        return len(context.asked) == 2
    if first == "yes_some":
        return can_accept(slots["accepted"], context, facet_of)
    if first == "back_days":
        return slots["number"][0] > 1
    if first == "walked" or (first == "take" and "number" in slots):
        return 1 <= slots["number"][0] <= len(context.items)
    if first == "take_it":
        return len(context.items) == 1
    if first == "take_several":
        return len(slots["items"]) > 1
    if first == "refuse_named":
        return context.items == slots["item"]
    if first == "no_named":
        return bool(context.asked) and set(slots["asked"]) == set(context.asked)
    return True


# ---- the recommender -----------------------------------------------------------------------------


def write_system(act: SystemAct) -> tuple[Cases, Slots]:
    """The cases and slots of an act of the recommender."""
    if isinstance(act, Ask):
        case = "ask" if act.attributes else "ask_any"
        if act.facet is not None:
            case = "ask_facet_of" if act.attributes else "ask_facet"
        slots: Slots = {"attributes": act.attributes, "facet": _one(act.facet)}
        return (case,), {name: ids for name, ids in slots.items() if ids}
    if isinstance(act, Recommend):
        cases = ("recommend" if act.items else "recommend_best", *("because",) * bool(act.because))
        slots = {"items": act.items, "because": act.because}
        return cases, {name: ids for name, ids in slots.items() if ids}
    if isinstance(act, Reflect):
        return ("reflect",), {}
    if isinstance(act, Pass):
        return ("pass",), {}
    raise OptionError(f"{act!r} is no act of the recommender.")


def read_system(cases: Cases, slots: Mapping[str, tuple[int, ...]]) -> SystemAct:
    """The act of the recommender that cases with these slots say."""
    first = cases[0]

    def get(name: str) -> tuple[int, ...]:
        return slots.get(name, ())

    if first.startswith("ask"):
        return Ask(get("attributes"), _only(get("facet")))
    if first.startswith("recommend"):
        return Recommend(get("items"), get("because"))
    return Reflect() if first == "reflect" else Pass()


def _one(i: int | None) -> tuple[int, ...]:
    return () if i is None else (i,)


def _only(ids: tuple[int, ...]) -> int | None:
    return ids[0] if ids else None
