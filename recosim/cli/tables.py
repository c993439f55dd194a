"""Tables in a window: as much as fits into its width, and what was left out is said."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recosim.bench.tables import Table

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["fitted", "parted", "print_table"]

GAP = 3  # columns of the window between two of a table
_ENDS = re.compile(r" \[[^\]]*\]$")


def fitted(
    table: Table, width: int, first: Sequence[str] = (), *, intervals: bool | None = None
) -> Table:
    """The table with so many of its columns as a width has room for.

    Intervals go first, then columns from the right, those of `first` last of all. The name in the
    first column always stays.

    Args:
        first: titles of the columns that matter most, in that order.
        intervals: print them, whatever else must go; None: where there is room.
    """
    notes = table.notes
    if intervals is False or (intervals is None and _width(table) > width):
        bare = _without_intervals(table)
        if intervals is None and bare.rows != list(table.rows):
            notes = (*notes, "Intervals: --intervals, or a wider window.")
        table = bare
    left_out: list[str] = []
    rank = {title: n for n, title in enumerate(dict.fromkeys(first))}
    while _width(table) > width and len(table.columns) > 2:
        k = max(
            range(1, len(table.columns)),
            key=lambda k: (rank.get(table.columns[k], len(rank)), k),
        )
        left_out.insert(0, table.columns[k])
        table = table._replace(
            columns=_without(table.columns, k), rows=[_without(row, k) for row in table.rows]
        )
    if left_out:
        said = f"Not shown for lack of room: {', '.join(left_out)}."
        notes = (*notes, said)
    return table._replace(notes=notes)


def parted(table: Table, width: int, *, intervals: bool | None = None) -> list[Table]:
    """The table in so many parts, side by side columns one below the other, as a width needs.

    Intervals are printed where the whole then fits, or where they are asked for.
    """
    notes = table.notes
    if intervals is False or (intervals is None and _width(table) > width):
        table = _without_intervals(table)
    parts: list[list[int]] = [[]]
    for k in range(1, len(table.columns)):
        if parts[-1] and _width(_part(table, [*parts[-1], k])) > width:
            parts.append([])
        parts[-1].append(k)
    *first, last = (_part(table, columns)._replace(notes=()) for columns in parts)
    return [*first, last._replace(notes=notes)]


def print_table(console: Console, table: Table) -> None:
    """Print a table, its titles over as many lines as keep the columns narrow, and its notes."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    there = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for k, column in enumerate(table.columns):
        title = "\n".join(_broken(column, _cells(table, k)))
        there.add_column(Text(title), justify="right" if k else "left", vertical="bottom")
    for row in table.rows:
        there.add_row(*map(Text, row))
    console.print()
    console.print(there)
    console.print()
    if table.notes:
        console.print(Text(" ".join(table.notes), "dim"))


def _without_intervals(table: Table) -> Table:
    rows = [tuple(_ENDS.sub("", cell) for cell in row) for row in table.rows]
    return table._replace(rows=rows)


def _part(table: Table, columns: Sequence[int]) -> Table:
    """The first column and some others."""
    keep = (0, *columns)
    rows = [tuple(row[k] for k in keep) for row in table.rows]
    return Table(tuple(table.columns[k] for k in keep), rows, table.notes)


def _without(cells: Sequence[str], k: int) -> tuple[str, ...]:
    return (*cells[:k], *cells[k + 1 :])


def _cells(table: Table, k: int) -> int:
    """The width of what stands below the title of a column."""
    return max((len(row[k]) for row in table.rows), default=0)


def _broken(title: str, width: int) -> list[str]:
    longest = max(map(len, title.split()), default=1)
    return textwrap.wrap(title, max(width, longest), break_long_words=False) or [title]


def _width(table: Table) -> int:
    widths = (_cells(table, k) for k in range(len(table.columns)))
    return GAP * (len(table.columns) - 1) + sum(
        max(width, *map(len, _broken(title, width)))
        for title, width in zip(table.columns, widths, strict=True)
    )
