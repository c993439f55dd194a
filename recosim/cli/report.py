"""`recosim report`: show the tables of a results folder, and draw its report and plots again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recosim.cli.options import PlotsOption
from recosim.terminal import terminal

if TYPE_CHECKING:
    from rich.console import Console

    from recosim.bench.report import Report

__all__ = ["output", "print_results", "report"]


def report(
    folder: Annotated[Path, typer.Argument(help="A folder written by `recosim bench`.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write report.md and plots/; the folder itself by default."),
    ] = None,
    plots: PlotsOption = True,
    check: Annotated[
        bool,
        typer.Option("--check", help="Compute every figure anew from the outcomes, and compare."),
    ] = False,
) -> None:
    """Show the tables of a results folder, and write its report.md and plots again."""
    from recosim.bench.report import render_report
    from recosim.bench.results import verify_results

    console = output()
    if check:
        verify_results(folder)
        console.print("Every figure follows from the outcomes of the conversations.")
    written = render_report(folder, out, plots=plots)
    print_results(written, console)


def output() -> Console:
    """The console for tables: wide enough for them where nobody looks through a window."""
    return terminal(width=None if sys.stdout.isatty() else 130)


def print_results(written: Report, console: Console) -> None:
    """Print the tables of a report, where it was written, and what could not be done."""
    from recosim.bench import tables

    level = written.results.bootstrap.level
    for env in written.results.environments:
        console.print()
        console.print(tables.header(env), style="bold")
        console.print(tables.rich_table(tables.main_table(env)))
        console.print(tables.leader_sentence(env, level).replace("`", ""))
    console.print()
    for path in (written.markdown, *written.plots):
        console.print(f"wrote {path}", soft_wrap=True)
    for note in written.notes:
        console.print(note, style="yellow")
