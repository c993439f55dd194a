"""Acts: the typed moves of both sides. The act is the truth; text and numbers are views of it.

System: `Ask`, `Recommend`, `Reflect`, `Pass`. User: `Request`, `Answer`, `React`, `Critique`,
`Instruct`, `Edit`, `Leave`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

from recosim.errors import IllegalActionError

__all__ = [
    "Answer",
    "Ask",
    "Critique",
    "Edit",
    "Instruct",
    "Leave",
    "Outcome",
    "Pass",
    "React",
    "Recommend",
    "Reflect",
    "Request",
    "SystemAct",
    "UserAct",
    "Verb",
    "from_view",
    "to_view",
]


class Verb(IntEnum):
    """What a move does; the codes of the "verb" view of actions and of traces."""

    ASK = 0
    RECOMMEND = 1
    REFLECT = 2
    # Only in traces:
    OPEN = 3  # the user's opening
    IGNORED = 4  # the move of the last turn, where the protocol ignores it
    ILLEGAL = 5  # a move that was penalised


class Outcome(IntEnum):
    """What came of a move; the codes of the `history` observation (0: nothing yet)."""

    NOTHING = 0
    YES = 1
    NO = -1
    HIT = 2
    MISS = -2
    UNSURE = 3
    ILLEGAL = -3


@dataclass(frozen=True)
class Ask:
    """Ask about attributes, or about a whole facet ("which of these would you like?")."""

    attributes: tuple[int, ...] = ()
    facet: int | None = None


@dataclass(frozen=True)
class Recommend:
    """Show items. Without items: the estimator's best candidates."""

    items: tuple[int, ...] = ()
    because: tuple[int, ...] = ()


@dataclass(frozen=True)
class Reflect:
    """Revise what is believed about the user from the items refused last."""


@dataclass(frozen=True)
class Pass:
    """Do nothing."""


@dataclass(frozen=True)
class Request:
    """The user's opening: the attributes that they name first."""

    attributes: tuple[int, ...]
    facet: int | None = None


@dataclass(frozen=True)
class Answer:
    """The user's answer: yes with the attributes accepted, no, or unsure.

    `also` are attributes that the user says they want although nobody asked: what a cooperative
    user adds to a no.
    """

    kind: Literal["yes", "no", "unsure"]
    accepted: tuple[int, ...] = ()
    also: tuple[int, ...] = ()


@dataclass(frozen=True)
class React:
    """The user's reaction to a list: the item taken, or None for none of them."""

    accepted: int | None = None


@dataclass(frozen=True)
class Critique:
    """What is wrong with what was shown: less of an attribute, or more.

    `item` is the item that is meant; None: the list as a whole.
    """

    attribute: int
    direction: Literal["less", "more"] = "less"
    item: int | None = None


@dataclass(frozen=True)
class Instruct:
    """A directive: want or avoid attributes; whenever the `condition`, or in any case.

    Args:
        directive: "want" or "avoid".
        attributes: what is wanted or avoided.
        condition: attributes that a request must name for it to hold; (): it always holds.
        scope: how long it holds: for the next turn, this session (conversation), or always.
    """

    directive: Literal["want", "avoid"]
    attributes: tuple[int, ...]
    condition: tuple[int, ...] = ()
    scope: Literal["turn", "session", "always"] = "session"


@dataclass(frozen=True)
class Edit:
    """A correction of what the recommender believes: attributes to add, and to take out."""

    add: tuple[int, ...] = ()
    remove: tuple[int, ...] = ()


@dataclass(frozen=True)
class Leave:
    """The user ends the conversation."""

    reason: Literal["impatient", "satisfied", "other"] = "other"


SystemAct = Ask | Recommend | Reflect | Pass
UserAct = Request | Answer | React | Critique | Instruct | Edit | Leave


def to_view(act: SystemAct, view: str, n_askables: int, top_k: int) -> Any:
    """An act as an action of a view ("flat", "verb" or "slate") of the CPR environments.

    What a view cannot say is left to the environment: "verb" asks and recommends the best, "flat"
    recommends the best. A question about two attributes is asked by its first.

    Raises:
        IllegalActionError: an act that the CPR family does not have, or a question about nothing.
    """
    if isinstance(act, Ask):
        asked = act.facet if act.facet is not None else next(iter(act.attributes), None)
        if asked is None:
            raise IllegalActionError(f"{act} asks about nothing; name an attribute or a facet.")
        verb, flat = Verb.ASK, asked
    elif isinstance(act, Recommend):
        asked, verb, flat = 0, Verb.RECOMMEND, n_askables
    elif isinstance(act, Reflect):
        asked, verb, flat = 0, Verb.REFLECT, n_askables + 1
    else:
        raise IllegalActionError(f"{act} is no act of these environments: ask, recommend, reflect.")
    if view == "flat":
        return flat
    if view == "verb":
        return int(verb)
    items = act.items if isinstance(act, Recommend) else ()
    padded = [*items, *[-1] * (top_k - len(items))]
    return {"verb": int(verb), "attribute": asked, "items": padded}


def from_view(action: Any, view: str, n_askables: int, *, facets: bool = False) -> SystemAct:
    """The act that an action of a view stands for; the inverse of `to_view`.

    `Ask()` and `Recommend()` without anything named leave the choice to the environment.

    Args:
        facets: whether questions are about facets, as in `question="facet"`.
    """
    if view == "flat":
        code = int(action)
        verb = Verb.ASK if code < n_askables else Verb(code - n_askables + 1)
        asked: int | None = code
    elif view == "verb":
        verb, asked = Verb(int(action)), None
    else:
        verb, asked = Verb(int(action["verb"])), int(action.get("attribute", 0))
    if verb == Verb.ASK:
        if asked is None:
            return Ask()
        return Ask(facet=asked) if facets else Ask((asked,))
    if verb == Verb.RECOMMEND:
        items = action.get("items", ()) if view == "slate" else ()
        return Recommend(tuple(int(v) for v in items if v >= 0))
    return Reflect()
