"""Acts: the typed moves of both sides. The act is the truth; text and numbers are views of it.

System: `Ask`, `Recommend`, `Reflect`, `Pass`. User: `Request`, `Answer`, `React`, `Leave`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

__all__ = [
    "Answer",
    "Ask",
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
    """The user's answer: yes with the attributes accepted, no, or unsure."""

    kind: Literal["yes", "no", "unsure"]
    accepted: tuple[int, ...] = ()


@dataclass(frozen=True)
class React:
    """The user's reaction to a list: the item taken, or None for none of them."""

    accepted: int | None = None


@dataclass(frozen=True)
class Leave:
    """The user ends the conversation."""

    reason: str


SystemAct = Ask | Recommend | Reflect | Pass
UserAct = Request | Answer | React | Leave
