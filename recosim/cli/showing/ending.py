"""How a conversation ended, in one word."""

from __future__ import annotations

from enum import Enum

__all__ = ["Ending"]


class Ending(str, Enum):
    """What a reader of conversations chooses by."""

    found = "found"  # the user took an item
    failed = "failed"  # the turns ran out, or nothing was left to ask or recommend
    left = "left"  # the user left
    unfinished = "unfinished"  # the recording stops before an end: a person quit
