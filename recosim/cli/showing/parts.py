"""Long episodes part by part: which parts are shown, and whether move by move or in one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from recosim.cli.showing.conversations import Conversations
from recosim.envs.timeline import Timeline
from recosim.envs.words import words_of
from recosim.errors import OptionError
from recosim.family import Family, family_of
from recosim.world.world import World

__all__ = ["Parts", "parted_lines", "parts_of", "timeline_of"]


class Parts(NamedTuple):
    """Which parts of an episode are shown, and how.

    Attributes:
        first, last: numbers of parts, from 1, both included; None: all.
        brief: one line for each; None: where several episodes are shown.
    """

    first: int | None = None
    last: int | None = None
    brief: bool | None = None

    def holds(self, number: int) -> bool:
        """Whether a part is shown."""
        return (self.first is None or number >= self.first) and (
            self.last is None or number <= self.last
        )


def parts_of(text: str | None, brief: bool | None) -> Parts:
    """What `--part` and `--brief` say.

    Raises:
        OptionError: no number and no range of numbers.
    """
    if text is None:
        return Parts(brief=brief)
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text.strip())
    if found is None:
        raise OptionError(
            f"--part {text!r} is no number of a part, and no range: give one like 3, or 2-5."
        )
    first = int(found[1])
    last = int(found[2] or first)
    if last < first:
        raise OptionError(f"--part {text} ends before it begins; turn the numbers round.")
    return Parts(first, last, brief)


def timeline_of(record: Family) -> Timeline | None:
    """How the episodes of a family are parted; None where they are not."""
    found: Timeline | None = record.load("timeline") or None
    return found


def parted_lines(
    shown: Conversations, world: World, timeline: Timeline, parts: Parts
) -> Iterator[str]:
    """The lines of episodes: a heading for each part, below it its moves, or one line.

    Raises:
        OptionError: no episode has such a part.
    """
    brief = len(shown) > 1 if parts.brief is None else parts.brief
    words = words_of(family_of(shown.trace.metadata).name)
    some, last = False, 0
    for n, rows in enumerate(_episodes(shown)):
        lines, *later = (words.describe_move(row, world) for row in rows)
        yield from ["", lines[0]] if n else lines[:1]
        told = iter([lines[1:], *later])
        before: Mapping[str, Any] | None = None
        begun = False
        for inside in timeline.parts(rows):
            moves = [line for _ in inside for line in next(told)]
            number = timeline.number(inside)
            last = max(last, number)
            if parts.holds(number):
                # A move tells itself what begins with it; the first that is shown cannot.
                if brief or (before is not None and not begun):
                    yield timeline.heading(inside, before, world)
                yield from [f"    {timeline.summary(inside, world)}"] if brief else moves
                some = begun = True
            before = inside[-1]
        if brief and before is not None and (end := words.ending_text(before, world)):
            yield f"    {end}"
    if len(shown) and not some:
        raise OptionError(
            f"none of these has a {timeline.part} {parts.first}; they have 1 to {last}."
        )


def _episodes(shown: Conversations) -> Iterator[Sequence[Mapping[str, Any]]]:
    ends = [0]
    for start, stop in zip(shown.start, shown.stop, strict=True):
        ends.append(ends[-1] + int(stop - start))
    rows = shown.rows().table.to_pylist()
    return (rows[a:b] for a, b in pairwise(ends))
