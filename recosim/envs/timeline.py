"""`Timeline`: how long episodes are parted for those who read them: sessions, chapters, topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from recosim.world.world import World

__all__ = ["Timeline"]

Row = Mapping[str, Any]


class Timeline:
    """What is told of the parts of an episode, by the rows of its trace alone.

    Attributes:
        part: what one is called.
        column: the column of the trace that numbers the parts of an episode, from 0.
    """

    part: str = "part"
    column: str = "part"

    def parts(self, rows: Sequence[Row]) -> list[list[Row]]:
        """The rows of an episode, part by part."""
        return [list(inside) for _, inside in groupby(rows, key=lambda row: row[self.column])]

    def number(self, rows: Sequence[Row]) -> int:
        """The number of a part for people: from 1."""
        return int(rows[0][self.column]) + 1

    def heading(self, rows: Sequence[Row], before: Row | None, world: World) -> str:
        """What stands above a part.

        Args:
            rows: of the part.
            before: the last row of the part before it; None of the first.
        """
        return f"{self.part} {self.number(rows)}"

    def summary(self, rows: Sequence[Row], world: World) -> str:
        """A part in one line."""
        return f"{len(rows)} moves"

    def marks(self, row: Row) -> list[str]:
        """What the user did with each item that a move shows, in a word; "" for nothing."""
        return ["" for _ in row["items"]]
