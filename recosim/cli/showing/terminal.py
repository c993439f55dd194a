"""Conversations in the terminal, and the table of what a results folder holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from shlex import quote

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recosim.cli.showing.conversations import Conversations
from recosim.cli.showing.header import describe, one_line
from recosim.cli.showing.parts import Parts, parted_lines, timeline_of
from recosim.cli.showing.source import Unit
from recosim.envs.words import words_of
from recosim.family import family_of
from recosim.world.world import World

__all__ = ["print_conversations", "print_units"]


def print_conversations(
    conversations: Conversations,
    world: World,
    most: int,
    console: Console,
    *,
    pager: bool = False,
    parts: Parts | None = None,
) -> None:
    """Print the header, the first conversations, and how many more there are.

    Args:
        most: print at most so many.
        pager: show them page by page.
        parts: which parts of long ones, and how.
    """
    with console.pager() if pager else nullcontext():
        for line in _lines(conversations, world, most, parts or Parts()):
            # Names and words come from files and models: what would steer a terminal goes.
            shown = "".join(c if c.isprintable() else " " for c in line)
            console.print(Text(shown), soft_wrap=True)


def _lines(conversations: Conversations, world: World, most: int, parts: Parts) -> Iterator[str]:
    yield one_line(describe(conversations, world))
    shown = conversations.first(most)
    if len(shown):
        yield ""
    record = family_of(conversations.trace.metadata)
    timeline = timeline_of(record)
    if timeline is not None:
        yield from parted_lines(shown, world, timeline, parts)
    else:
        yield from words_of(record.name).transcript(shown.rows(), world)
    yield ""
    more, ends = len(conversations) - len(shown), "|".join(map(quote, conversations.known[:-1]))
    if more:
        yield (
            f"{more:,} more: --first {len(conversations)} shows all; --conversation N, --user U or "
            f"--outcome {ends} chooses; --html FILE makes a page to search in."
        )
    elif not len(conversations):
        yield "The trace holds no conversations."


def print_units(units: Sequence[Unit], console: Console) -> None:
    """Print what a results folder holds, and how to choose one."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("environment", "agent", "seed", "conversations", "trace"):
        numeric = column in ("seed", "conversations")
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for unit in units:
        number = f"{unit.setup.conversations:,}"
        cells = (unit.setup.key, unit.agent, str(unit.seed), number, unit.state)
        table.add_row(*cells)
    console.print(table)
    example = next((unit for unit in units if unit.state == "recorded"), units[0])
    console.print(Text(f"Choose one, for example: {example.options}"), soft_wrap=True)
