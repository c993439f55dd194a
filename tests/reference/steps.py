"""What comes of a move of `ReferenceConversation`, and what makes one malformed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reference.users import Feedback, Known

from recosim.acts import Outcome
from recosim.errors import IllegalActionError

__all__ = ["Step", "check_list", "what_was_said"]


@dataclass(frozen=True)
class Step:
    """What came of one move.

    Attributes:
        reward: sum of the rewards of the events of this move.
        outcome: the history code of the move; NOTHING for a free reflection and an ignored move.
        asked: the attributes asked about by name; empty for a facet question.
        accepted: the attributes the user accepted in this move, ascending for a facet; after a no
            what they named unasked, in place of an answer what they said instead, of a list or a
            reflection what they want more of.
        criticised: the attribute that the user wants less of, after a refused list.
        items: the items shown, best first.
        rank: 1-based position in `items` of the first item that was taken; 0 if none was.
        further: those of the other items that were taken, ascending.
        known: the item that the user says they know already, and how.
        inquired: the item that the user asked about.
        left: the user has left with this move.
        nothing_left: the conversation has ended because there is nothing to ask or recommend.
        ignored: the protocol ignored the move, because it was the one of the last turn.
    """

    reward: float
    outcome: Outcome
    terminated: bool = False
    truncated: bool = False
    asked: tuple[int, ...] = ()
    accepted: tuple[int, ...] = ()
    criticised: int | None = None
    items: tuple[int, ...] = ()
    rank: int = 0
    further: tuple[int, ...] = ()
    known: Known | None = None
    inquired: int | None = None
    left: bool = False
    nothing_left: bool = False
    ignored: bool = False


def check_list(of: str, given: Sequence[int], least: int, most: int, n: int) -> None:
    if not least <= len(given) <= most or len(set(given)) < len(given):
        raise IllegalActionError(f"{given} is not {least} to {most} distinct {of}.")
    if any(v not in range(n) for v in given):
        raise IllegalActionError(f"{given} has {of} outside 0..{n - 1}.")


def what_was_said(said: Feedback) -> dict[str, Any]:
    """Feedback as the fields of a step."""
    return {
        "criticised": said.less,
        "accepted": () if said.more is None else (said.more,),
    }
