"""Exact reading: a line that the templates could have said, and the act that it says."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from recosim.language.forms import SINGLE, SLOTS, Cases, Slots
from recosim.language.labels import Labels, normalised
from recosim.language.phrases import PHRASES, STYLES
from recosim.language.templates import SLOT

__all__ = ["read_exactly"]


class Pattern(NamedTuple):
    """One wording of a row of cases: literals[0], slot 0, literals[1], slot 1, ..."""

    literals: tuple[str, ...]  # normalised, but with the spaces next to slots
    names: tuple[str, ...]  # of the slots, one fewer than literals


def read_exactly(
    text: str,
    side: str,
    forms: tuple[Cases, ...],
    labels: Labels,
    makes_sense: Callable[[Cases, Slots], bool],
) -> tuple[Cases, Slots] | None:
    """The cases and slots of a line, or None if no template says it.

    Args:
        text: marked (`Labels.mark`).
        side: "user" or "system".
        forms: the rows of cases that can be meant; the first that fits is.
        makes_sense: whether recognised cases can be meant here.
    """
    for cases in forms:
        for pattern in _patterns(side, cases):
            parts = _fit(pattern.literals, text)
            if parts is None:
                continue
            slots = _read_slots(pattern.names, parts, labels)
            if slots is not None and makes_sense(cases, slots):
                return cases, slots
    return None


@cache
def _patterns(side: str, cases: Cases) -> tuple[Pattern, ...]:
    """Every wording of a row of cases. One utterance keeps to one style."""
    wordings: dict[Pattern, None] = {}
    for style in STYLES:
        for phrases in itertools.product(*(PHRASES[side][case][style] for case in cases)):
            pieces = SLOT.split(normalised(" ".join(phrases)))  # literal, name, "or", literal, ...
            wordings[Pattern(tuple(pieces[::3]), tuple(pieces[1::3]))] = None
    return tuple(wordings)


def _fit(literals: tuple[str, ...], text: str) -> list[str] | None:
    """What stands between the literals if the text is made of them, in this order."""
    first, last = literals[0], literals[-1]
    if len(literals) == 1:
        return [] if text == first else None
    if not text.startswith(first) or not text.endswith(last):
        return None
    at, end = len(first), len(text) - len(last)
    parts = []
    for literal in literals[1:-1]:
        # A literal between slots has a word or a mark that no bare name has: its first place is it.
        found = text.find(literal, at, end)
        if found < 0:
            return None
        parts.append(text[at:found])
        at = found + len(literal)
    if at >= end:
        return None
    return [*parts, text[at:end]]


def _read_slots(names: tuple[str, ...], parts: list[str], labels: Labels) -> Slots | None:
    slots: dict[str, tuple[int, ...]] = {}
    for name, part in zip(names, parts, strict=True):
        ids: tuple[int, ...] | None
        if not SLOTS[name]:
            ids = (int(part),) if part.isdecimal() and len(part) < 6 else None
        else:
            ids = labels.read_all(SLOTS[name], part)
        if ids is None or (name in SINGLE and len(ids) != 1):
            return None
        slots[name] = ids
    return slots
