"""`recosim report`: show the tables of a results folder, and draw its report and plots again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.text import Text

from recosim.cli.options import PlotsOption, check_file, check_folder
from recosim.errors import OptionError
from recosim.terminal import clean, terminal

if TYPE_CHECKING:
    from rich.console import Console

    from recosim.bench.report import Report
    from recosim.bench.schema import Results

__all__ = [
    "CsvOption",
    "Form",
    "HtmlOption",
    "IntervalsOption",
    "JsonOption",
    "LatexOption",
    "form_of",
    "output",
    "print_results",
    "report",
]

CsvOption = Annotated[
    bool, typer.Option("--csv", help="Print the figures as CSV, intervals too, and nothing else.")
]
LatexOption = Annotated[
    bool, typer.Option("--latex", help="Print the tables for LaTeX (booktabs), and nothing else.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the figures as JSON, and nothing else.")
]
IntervalsOption = Annotated[
    bool | None,
    typer.Option(
        "--intervals/--no-intervals",
        help="Intervals in the tables; by default where the window is wide enough.",
    ),
]
HtmlOption = Annotated[
    Path | None,
    typer.Option(help="Write the whole report into one HTML file too, with the plots in it."),
]


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
    intervals: IntervalsOption = None,
    html: HtmlOption = None,
    csv: CsvOption = False,
    latex: LatexOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the tables of a results folder, and write its report.md and plots again.

    Examples:

      recosim report results/CPR-LastFM-v0

      recosim report results/CPR-LastFM-v0 --html report.html

      recosim report results/CPR-LastFM-v0 --csv > figures.csv
    """
    from recosim.bench.report import render_report
    from recosim.bench.results import verify_results

    form = form_of(html, csv=csv, latex=latex, json=as_json, intervals=intervals)
    check_folder(out)
    if check:
        verify_results(folder)
        form.notices().print("Every figure follows from the outcomes of the conversations.")
    print_results(render_report(folder, out, plots=plots), form)


class Form(NamedTuple):
    """How results are told.

    Attributes:
        html: a page to write.
        export: what makes the only thing on stdout of the results; None: tables for people.
        intervals: in the tables; None: where there is room.
    """

    html: Path | None = None
    export: Callable[[Results], str] | None = None
    intervals: bool | None = None

    def notices(self) -> Console:
        """Where all goes that is no result: out of the way of what another program reads."""
        return output() if self.export is None else terminal(stderr=True)


def form_of(
    html: Path | None, *, csv: bool, latex: bool, json: bool, intervals: bool | None
) -> Form:
    """The form that options name.

    Raises:
        OptionError: several at once, or a page that cannot be written.
    """
    from recosim.bench import export

    check_file(html, ".html", ".htm")
    makers = {"--csv": export.as_csv, "--latex": export.as_latex, "--json": export.as_json}
    wanted = [makers[name] for name, given in zip(makers, (csv, latex, json), strict=True) if given]
    if len(wanted) > 1:
        raise OptionError("--csv, --latex and --json each print alone; give one of them.")
    return Form(html, wanted[0] if wanted else None, intervals)


def output() -> Console:
    """The console for tables: as wide as they are where nobody looks through a window."""
    return terminal(width=None if sys.stdout.isatty() else PIPED)


PIPED = 1_000  # columns of a line that a program reads


def print_results(written: Report, form: Form) -> None:
    """Print the tables of a report, where it was written, and what could not be done."""
    from recosim.bench import tables
    from recosim.bench.page import write_report_page
    from recosim.bench.robustness import sweep_table, sweeps
    from recosim.cli.tables import fitted, parted, print_table
    from recosim.metrics import headlines, ranking

    files = [written.markdown, *written.plots]
    if form.html is not None:
        write_report_page(form.html, written)
        files.append(form.html)
    if form.export is not None:
        sys.stdout.write(clean(form.export(written.results)))
        sys.stdout.flush()
    else:
        console, level = output(), written.results.bootstrap.level
        for env in written.results.environments:
            ranks = ranking(env.metrics)
            first = [metric.label for metric in (ranks, *headlines(env.metrics))]
            table = fitted(tables.main_table(env), console.width, first, intervals=form.intervals)
            console.print()
            console.print(Text(tables.header(env), "bold"))
            print_table(console, table)
            console.print(Text(tables.leader_sentence(env, level).replace("`", "")))
        for sweep in sweeps(written.results):
            console.print()
            console.print(Text(sweep.title, "bold"))
            for part in parted(sweep_table(sweep), console.width, intervals=form.intervals):
                print_table(console, part)
        console.print()
    notices = form.notices()
    for path in files:
        notices.print(Text(f"wrote {path}"), soft_wrap=True)
    for note in written.notes:
        notices.print(Text(note, "yellow"), soft_wrap=True)
