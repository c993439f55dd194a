"""Exact reading: a line that the templates could have said, and the act that it says."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from recosim.acts import SystemAct, UserAct
from recosim.language.context import Context
from recosim.language.forms import (
    SINGLE,
    SLOT,
    SLOTS,
    SYSTEM_FORMS,
    Cases,
    Slots,
    makes_sense,
    read_system,
    read_user,
    user_forms,
)
from recosim.language.labels import Labels, normalised
from recosim.language.phrases import PHRASES, STYLES

__all__ = ["read_system_exactly", "read_user_exactly"]


class Pattern(NamedTuple):
    """One wording of a row of cases: literals[0], slot 0, literals[1], slot 1, ..."""

    literals: tuple[str, ...]  # normalised, but with the spaces next to slots
    names: tuple[str, ...]  # of the slots, one fewer than literals


def read_user_exactly(
    marked: str, context: Context, labels: Labels, facet_of: Any
) -> UserAct | None:
    """The act of the user that a template said in a line, or None if none did.

    Args:
        marked: the line (`Labels.mark`).
        facet_of: the facet of each attribute, int (n_attributes,).
    """

    def can_be_meant(cases: Cases, slots: Slots) -> bool:
        return makes_sense(cases, slots, context, facet_of)

    said = _read("user", marked, user_forms(context), labels, can_be_meant)
    return read_user(*said, context) if said else None


def read_system_exactly(marked: str, labels: Labels) -> SystemAct | None:
    """The act of the recommender that a template said in a line, or None if none did."""
    said = _read("system", marked, SYSTEM_FORMS, labels, lambda *_: True)
    return read_system(*said) if said else None


def _read(
    side: str,
    text: str,
    forms: tuple[Cases, ...],
    labels: Labels,
    can_be_meant: Callable[[Cases, Slots], bool],
) -> tuple[Cases, Slots] | None:
    """The first row of cases that fits, and its slots.

    What can be read without the names that are bare `plainly` only is read so: then no name can
    be taken for words of the phrases.
    """
    fitting = [
        (cases, pattern.names, parts)
        for cases in forms
        for pattern in _patterns(side, cases)
        if (parts := _fit(pattern.literals, text)) is not None
    ]
    for plainly in (False, True):
        for cases, names, parts in fitting:
            slots = _read_slots(names, parts, labels, plainly)
            if slots is not None and can_be_meant(cases, slots):
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


def _read_slots(
    names: tuple[str, ...], parts: list[str], labels: Labels, plainly: bool
) -> Slots | None:
    slots: dict[str, tuple[int, ...]] = {}
    for name, part in zip(names, parts, strict=True):
        ids: tuple[int, ...] | None
        if not SLOTS[name]:
            ids = (int(part),) if part.isdecimal() and len(part) < 6 else None
        else:
            ids = labels.read_all(SLOTS[name], part, plainly)
        if ids is None or (name in SINGLE and len(ids) != 1):
            return None
        slots[name] = ids
    return slots
