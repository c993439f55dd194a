"""Which phrases an act is made of, and which act phrases make: the grammar of the templates.

An utterance is one to three cases of `recosim.language.phrases` in a row, with values in their
slots. `write_*` goes from an act to (cases, slots), `read_*` back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from recosim.acts import (
    Answer,
    Ask,
    Critique,
    Edit,
    Instruct,
    Leave,
    Pass,
    React,
    Recommend,
    Reflect,
    Request,
    SystemAct,
    UserAct,
)
from recosim.errors import OptionError
from recosim.language.context import Context

__all__ = [
    "SLOT",
    "SLOTS",
    "SYSTEM_FORMS",
    "read_system",
    "read_user",
    "user_forms",
    "write_system",
    "write_user",
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
}
SINGLE = {"attribute", "item", "facet", "number"}

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


def user_forms(context: Context) -> tuple[Cases, ...]:
    """The rows of cases that a user can say in a context."""
    if isinstance(context.answers, Ask):
        return (*_ANSWERS, *_ANY_TIME)
    if isinstance(context.answers, Recommend):
        return (("take",), ("take_it",), ("refuse",), *_CRITIQUES, *_ANY_TIME)
    if isinstance(context.answers, Reflect):
        return (*_CRITIQUES, ("unsure",), ("no",), ("unsure", "also"), ("no", "also"), *_ANY_TIME)
    return (*_REQUESTS, *_ANY_TIME)


# ---- the user ------------------------------------------------------------------------------------


def write_user(act: UserAct, context: Context, facet_of: Any) -> tuple[Cases, Slots]:
    """The cases and slots of an act of the user.

    Args:
        facet_of: the facet of each attribute, int (n_attributes,).

    Raises:
        OptionError: an act that answers nothing in this context, or that says nothing.
    """
    cases, slots = _user_parts(act, context, facet_of)
    if cases not in user_forms(context):
        said_to = type(context.answers).__name__ if context.answers else "nothing (the opening)"
        raise OptionError(
            f"{act} cannot be said in answer to {said_to}: a Request opens, an Answer answers an "
            "Ask, a React a Recommend, a Critique a Recommend or a Reflect."
        )
    return cases, {name: ids for name, ids in slots.items() if ids}


def _user_parts(act: UserAct, context: Context, facet_of: Any) -> tuple[Cases, Slots]:
    if isinstance(act, Request):
        case = "request" if act.attributes else "request_any"
        if act.facet is not None:
            case = "request_facet" if act.attributes else "request_facet_any"
        return (case,), {"attributes": act.attributes, "facet": _one(act.facet)}
    if isinstance(act, Answer):
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
    if isinstance(act, React):
        if act.accepted is None:
            return ("refuse",), {}
        if context.items == (act.accepted,):
            return ("take_it",), {}
        place = context.items.index(act.accepted) + 1 if act.accepted in context.items else None
        return ("take",), {"item": (act.accepted,), "number": _one(place)}
    if isinstance(act, Critique):
        item = _one(act.item)
        case = f"{act.direction}_item" if item else act.direction
        return (case,), {"attribute": (act.attribute,), "item": item}
    if isinstance(act, Instruct):
        if not act.attributes:
            raise OptionError(f"{act} is about no attribute; name one.")
        cases = (*("if",) * bool(act.condition), act.directive, act.scope)
        return cases, {"attributes": act.attributes, "condition": act.condition}
    if isinstance(act, Edit):
        if act.add and act.remove:
            case = "edit_both"
        else:
            case = "add" if act.add else "remove" if act.remove else "edit_nothing"
        return (case,), {"add": act.add, "remove": act.remove}
    if isinstance(act, Leave):
        return (act.reason,), {}
    raise OptionError(f"{act!r} is no act of the user.")


def can_accept(accepted: tuple[int, ...], context: Context, facet_of: Any) -> bool:
    """Whether a yes can accept these: of the attributes asked, of the facet asked, or of all."""
    if context.asked:
        return bool(accepted) and set(accepted) <= set(context.asked)
    if context.asked_facet is not None:
        return bool(accepted) and all(int(facet_of[a]) == context.asked_facet for a in accepted)
    return True


def read_user(cases: Cases, slots: Mapping[str, tuple[int, ...]], context: Context) -> UserAct:
    """The act of the user that cases with these slots say; the inverse of `write_user`."""
    first = cases[0]

    def get(name: str) -> tuple[int, ...]:
        return slots.get(name, ())

    if first.startswith("request"):
        return Request(get("attributes"), _only(get("facet")))
    if first in ("no", "unsure"):
        return Answer("no" if first == "no" else "unsure", also=get("also"))
    if first in ("yes", "yes_all"):
        return Answer("yes", context.asked, get("also"))
    if first == "yes_some":
        return Answer("yes", get("accepted"), get("also"))
    if first == "take":
        place = _only(get("number"))
        return React(_only(get("item")) if place is None else context.items[place - 1])
    if first == "take_it":
        return React(context.items[0])
    if first == "refuse":
        return React(None)
    if first in ("less", "less_item"):
        return Critique(get("attribute")[0], "less", _only(get("item")))
    if first in ("more", "more_item"):
        return Critique(get("attribute")[0], "more", _only(get("item")))
    if first in ("add", "remove", "edit_both", "edit_nothing"):
        return Edit(get("add"), get("remove"))
    if first in _LEAVING:
        return Leave(first)  # type: ignore[arg-type]
    directive, scope = cases[-2:]
    return Instruct(directive, get("attributes"), get("condition"), scope)  # type: ignore[arg-type]


def makes_sense(
    cases: Cases, slots: Mapping[str, tuple[int, ...]], context: Context, facet_of: Any
) -> bool:
    """Whether cases that were recognised can be meant: "yes" to five items, say, cannot."""
    first = cases[0]
    if first == "yes":
        return len(context.asked) == 1 or (context.asked_facet is None and not context.asked)
    if first == "yes_all":
        return len(context.asked) >= 2
    if first == "yes_some":
        return can_accept(slots["accepted"], context, facet_of)
    if first == "take" and "number" in slots:
        return 1 <= slots["number"][0] <= len(context.items)
    if first == "take_it":
        return len(context.items) == 1
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
