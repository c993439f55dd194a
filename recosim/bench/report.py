"""The report of a results folder: report.md and the plots, drawn from results.json alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recosim.bench import tables
from recosim.bench.plots import agent_colours, write_plot
from recosim.bench.results import read_results
from recosim.bench.schema import EnvResult, Results
from recosim.errors import MissingExtraError
from recosim.files import write_text

__all__ = ["Report", "render_report", "report_markdown"]


@dataclass(frozen=True)
class Report:
    """What was written.

    Attributes:
        results: the results it was drawn from.
        markdown: the report.
        plots: one PNG file for each environment; none without matplotlib.
        notes: what could not be done, in words for the user.
    """

    results: Results
    markdown: Path
    plots: tuple[Path, ...]
    notes: tuple[str, ...]


def render_report(folder: Path, out: Path | None = None, *, plots: bool = True) -> Report:
    """Write report.md and plots/<env>.png.

    Args:
        folder: a results folder.
        out: where to write; the results folder itself by default.
        plots: draw plots. Without matplotlib the report has none, and a note says so.

    Raises:
        ResultsError: the folder holds no finished results, or damaged ones.
    """
    results = read_results(folder)
    out = out or folder
    drawn: list[Path] = []
    notes: list[str] = []
    colours = agent_colours(
        sorted({agent.name for env in results.environments for agent in env.agents})
    )
    for env in results.environments if plots else ():
        path = out / "plots" / f"{env.setup.key}.png"
        try:
            write_plot(env, path, colours)
        except MissingExtraError as error:
            notes.append(f"No plots were drawn: {error}")
            break
        drawn.append(path)
    text = report_markdown(results, [path.stem for path in drawn])
    markdown = out / "report.md"
    write_text(markdown, text)
    return Report(results, markdown, tuple(drawn), tuple(notes))


def report_markdown(results: Results, plotted: list[str] | None = None) -> str:
    """The text of report.md; `plotted` are the keys of the environments that have a plot."""
    how = results.bootstrap
    sections = [
        _section(env, how.level, env.setup.key in (plotted or ())) for env in results.environments
    ]
    versions = ", ".join(f"{name} {number}" for name, number in sorted(results.versions.items()))
    reading = (
        f"Intervals: {100 * how.level:g} %, bootstrap over users with {how.resamples:,} draws. "
        f"All conversations of a user, of all seeds, are drawn together, and all agents see the "
        f"same draws. The intervals speak about other users of the same kind, with these seeds. "
        f"Tables of different worlds, protocols or users cannot be compared."
    )
    parts = ["# Results", *sections, "## How to read this", reading, f"Made with {versions}."]
    return "\n\n".join(parts) + "\n"


def _section(env: EnvResult, level: float, plotted: bool) -> str:
    parts = [
        f"## {env.setup.key}",
        tables.header(env),
        tables.leader_sentence(env, level),
        tables.markdown(tables.main_table(env)),
    ]
    if plotted:
        parts.append(
            f"![Success rate by turn, turns to the hit, and turns more than the leader on "
            f"{env.setup.key}](plots/{env.setup.key}.png)"
        )
    if len(env.agents) > 1:
        parts += ["### Pairs", tables.markdown(tables.comparison_table(env))]
    parts += ["### What the agents did", tables.markdown(tables.behaviour_table(env))]
    return "\n\n".join(parts)
