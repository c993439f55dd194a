"""Exact reading: a line that the templates could have said, and the acts that it says."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

from recosim.acts import SystemAct
from recosim.language.context import Context
from recosim.language.forms import (
    SINGLE,
    SLOT,
    SLOTS,
    SYSTEM_FORMS,
    Cases,
    Slots,
    makes_sense,
    read_part,
    read_system,
    turn_forms,
    user_forms,
)
from recosim.language.human_reader import read_human
from recosim.language.human_system import read_human_system
from recosim.language.labels import FIRST_WORD, SPOKEN, Labels, normalised
from recosim.language.life_phrases import LIFE_PHRASES
from recosim.language.phrases import LISTED, PHRASES
from recosim.language.turn_phrases import TURN_PHRASES
from recosim.language.turns import AsActs, Part, acts_of

__all__ = ["phrases_of", "read_act_exactly", "read_system_exactly", "read_user_exactly"]


MOST = 64  # readings of the rest of a line that are followed


class Pattern(NamedTuple):
    """One wording of a row of cases: literals[0], slot 0, literals[1], slot 1, ..."""

    literals: tuple[str, ...]  # normalised, but with the spaces next to slots
    names: tuple[str, ...]  # of the slots, one fewer than literals


def read_user_exactly(
    marked: str, context: Context, labels: Labels, facet_of: Any
) -> AsActs | None:
    """The acts of the user that templates said in a line, or None if they said none.

    A line that can be read in several ways is read in none.

    Args:
        marked: the line (`Labels.mark`).
        facet_of: the facet of each attribute, int (n_attributes,).
    """

    one = read_act_exactly(marked, context, labels, facet_of)
    if one is not None:
        return one
    several = _read_parts(marked, context, labels, facet_of)
    return several or read_human(marked, context, labels, facet_of)


def read_act_exactly(marked: str, context: Context, labels: Labels, facet_of: Any) -> AsActs | None:
    """The one act of a line that is one phrase, or phrases in the order of one act; else None.

    Args: see `read_user_exactly`.
    """

    def can_be_meant(cases: Cases, slots: Slots) -> bool:
        return makes_sense(cases, slots, context, facet_of)

    said = _read("user", marked, user_forms(context), labels, can_be_meant)
    return acts_of([read_part(*said, context)], context) if said else None


def phrases_of(side: str, case: str, style: str) -> tuple[str, ...]:
    """The paraphrases of a case."""
    for phrases in (TURN_PHRASES, LIFE_PHRASES):
        if side == "user" and case in phrases:
            return phrases[case][style]
    return PHRASES[side][case][style]


def read_system_exactly(marked: str, labels: Labels) -> SystemAct | None:
    """The act of the recommender that a template said in a line, or None if none did."""
    said = _read("system", marked, SYSTEM_FORMS, labels, lambda *_: True)
    return read_system(*said) if said else read_human_system(marked, labels)


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


def _read_parts(text: str, context: Context, labels: Labels, facet_of: Any) -> AsActs | None:
    """The acts of a line whose parts stand in a row, with spaces between them."""
    for plainly in (False, True):
        readings: set[AsActs] = set()
        for style in LISTED:
            row = _Row(text, context, labels, facet_of, style, plainly)
            readings.update(acts for parts in row.rest(0) if (acts := acts_of(parts, context)))
        if readings:
            return readings.pop() if len(readings) == 1 else None
    return None


class _Row:
    """All readings of a line as parts in a row, in one style."""

    def __init__(
        self,
        text: str,
        context: Context,
        labels: Labels,
        facet_of: Any,
        style: str,
        plainly: bool,
    ) -> None:
        self.text, self.context, self.labels, self.facet_of = text, context, labels, facet_of
        self.plainly = plainly
        self._wordings = _wordings(turn_forms(context), style)
        self._ends = [at for at, letter in enumerate(text) if letter == " "] + [len(text)]
        self._rest: dict[int, list[tuple[Part, ...]]] = {len(text) + 1: [()]}

    def rest(self, at: int) -> list[tuple[Part, ...]]:
        """The parts from a place on, in every way in which they can be read."""
        if at not in self._rest:
            found: dict[tuple[Part, ...], None] = {}
            begins = [*self._wordings.get(self.text[at : at + _KEY], ()), *self._wordings["short"]]
            if self._may_be_named(at):
                begins += self._wordings[""]
            for cases, pattern in begins:
                if self.text.startswith(pattern.literals[0], at):
                    for end, part in self._parts(cases, pattern, at):
                        found |= {(part, *more): None for more in self.rest(end + 1)}
            self._rest[at] = list(found)[:MOST]
        return self._rest[at]

    def _may_be_named(self, at: int) -> bool:
        """Whether a mark, a number or a bare name can begin at a place: all do with their word."""
        found = FIRST_WORD.match(self.text, at)
        if found is None:
            return True
        word = found[0].replace("'", "")
        return word.isdecimal() or any(
            first in self.labels.lengths for first in SPOKEN.findall(word)[:1]
        )

    def _parts(self, cases: Cases, pattern: Pattern, at: int) -> Iterator[tuple[int, Part]]:
        """What a wording says that begins at a place: where it ends, and the part."""
        first, last = pattern.literals[0], pattern.literals[-1]
        only = at + len(first)
        if not pattern.names:
            if only in self._ends and makes_sense(cases, {}, self.context, self.facet_of):
                yield only, read_part(cases, {}, self.context)
            return
        for end in self._ends:
            if end < at + len(first) or not self.text.endswith(last, at, end):
                continue
            said = _fit(pattern.literals, self.text[at:end])
            if said is None:
                continue
            slots = _read_slots(pattern.names, said, self.labels, self.plainly)
            if slots is not None and makes_sense(cases, slots, self.context, self.facet_of):
                yield end, read_part(cases, slots, self.context)


_KEY = 3  # letters by which wordings are found


@cache
def _wordings(forms: tuple[Cases, ...], style: str) -> dict[str, list[tuple[Cases, Pattern]]]:
    """The wordings of some rows by how they begin: with few letters, "short"; with a slot, ""."""
    found: dict[str, list[tuple[Cases, Pattern]]] = {"": [], "short": []}
    for cases in forms:
        for pattern in _patterns("user", cases, (style,)):
            begin = pattern.literals[0][:_KEY]
            key = "short" if 0 < len(begin) < _KEY else begin
            found.setdefault(key, []).append((cases, pattern))
    return found


@cache
def _patterns(side: str, cases: Cases, styles: tuple[str, ...] = LISTED) -> tuple[Pattern, ...]:
    """Every wording of a row of cases. One utterance keeps to one style."""
    wordings: dict[Pattern, None] = {}
    for style in styles:
        for phrases in itertools.product(*(phrases_of(side, case, style) for case in cases)):
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
