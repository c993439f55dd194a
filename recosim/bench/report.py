"""The report of a results folder: report.md and the plots, drawn from results.json alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from recosim.bench import tables
from recosim.bench.panels import panels_alt, write_panels
from recosim.bench.plots import agent_colours, write_plot
from recosim.bench.results import read_results
from recosim.bench.robustness import Sweep, sweep_table, sweeps, write_sweep_plot
from recosim.bench.schema import EnvResult, Results
from recosim.checked import DIGEST, read_json
from recosim.errors import MissingExtraError, ResultsError
from recosim.files import write_text
from recosim.metrics import curve_of, ranking

__all__ = [
    "Block",
    "Heading",
    "Picture",
    "Report",
    "render_report",
    "report_blocks",
    "report_markdown",
]


@dataclass(frozen=True)
class Report:
    """What was written.

    Attributes:
        results: the results it was drawn from.
        markdown: the report.
        plots: one PNG file for each environment, and a second one where its family declares plots;
            then one for each whose users were varied; none without matplotlib.
        notes: what could not be done, in words for the user.
    """

    results: Results
    markdown: Path
    plots: tuple[Path, ...]
    notes: tuple[str, ...]


def render_report(folder: Path, out: Path | None = None, *, plots: bool = True) -> Report:
    """Write report.md and plots/<env>.png, beside it <env>.panels.png and <env>.users.png.

    Panels are the plots that a family declares; the third is drawn where users were varied.

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
    if DIGEST not in read_json(folder / "results.json", ResultsError, ""):
        notes.append(
            f"{folder / 'results.json'} was written before results carried a digest; recosim "
            "report --check computes it anew from the outcomes, and compares."
        )
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
        if env.setup.plots:
            panels = path.with_name(f"{_panels_plot(env)}.png")
            write_panels(env, panels, colours)
            drawn.append(panels)
    for group in _sweep_groups(results) if drawn else ():
        path = out / "plots" / f"{_users_plot(group)}.png"
        write_sweep_plot(group, path)
        drawn.append(path)
    text = report_markdown(results, [path.stem for path in drawn])
    markdown = out / "report.md"
    write_text(markdown, text)
    return Report(results, markdown, tuple(drawn), tuple(notes))


class Heading(NamedTuple):
    """A title of a part of the report; the report itself has level 1."""

    text: str
    level: int = 2


class Picture(NamedTuple):
    """A plot, by the name of its file without its ending; words for those who do not see it."""

    stem: str
    alt: str


Block = Heading | Picture | tables.Table | str  # a text is a paragraph, names in backticks


def report_markdown(results: Results, plotted: list[str] | None = None) -> str:
    """The text of report.md; `plotted` are the names of the plots that there are."""
    return "\n\n".join(map(_markdown, report_blocks(results, plotted))) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {block.text}"
    if isinstance(block, Picture):
        return f"![{block.alt}](plots/{block.stem}.png)"
    return block if isinstance(block, str) else tables.markdown(block)


def report_blocks(results: Results, plotted: list[str] | None = None) -> list[Block]:
    """The report, part by part, whatever it is written as.

    Args:
        plotted: the names of the plots that there are.
    """
    how = results.bootstrap
    blocks: list[Block] = [Heading("Results", 1)]
    for env in results.environments:
        blocks += _section(env, how.level, plotted or [])
    blocks += _sweep_blocks(results, plotted or [])
    versions = ", ".join(f"{name} {number}" for name, number in sorted(results.versions.items()))
    setups = [env.setup for env in results.environments]
    units = _shared([setup.record.unit for setup in setups], "episodes")
    cluster = _shared([setup.columns.cluster for setup in setups], "cluster")
    reading = (
        f"Intervals: {100 * how.level:g} %, bootstrap over {cluster}s with {how.resamples:,} "
        f"draws. All {units} of a {cluster}, of all seeds, are drawn together, and all agents see "
        f"the same draws. The intervals speak about other {cluster}s of the same kind, with these "
        f"seeds. Tables of different worlds, protocols or users cannot be compared."
    )
    return [*blocks, Heading("How to read this"), reading, f"Made with {versions}."]


def _shared(words: list[str], otherwise: str) -> str:
    """The word of all environments, where they have the same."""
    return words[0] if len(set(words)) == 1 else otherwise


def _users_plot(group: list[Sweep]) -> str:
    """The file name of the plot of the sweeps of one environment, without its ending."""
    return f"{group[0].environments[0].setup.key}.users"


def _panels_plot(env: EnvResult) -> str:
    """The file name of the plots that its family declares, without its ending."""
    return f"{env.setup.key}.panels"


def _sweep_groups(results: Results) -> list[list[Sweep]]:
    """The sweeps of a run, by environment."""
    groups: dict[str, list[Sweep]] = {}
    for sweep in sweeps(results):
        groups.setdefault(sweep.name, []).append(sweep)
    return list(groups.values())


def _sweep_blocks(results: Results, plotted: list[str]) -> list[Block]:
    blocks: list[Block] = []
    for group in _sweep_groups(results):
        first = group[0]
        blocks.append(Heading(first.title))
        if _users_plot(group) in plotted:
            alt = f"{first.label} against how often users err"
            blocks.append(Picture(_users_plot(group), alt))
        blocks += [sweep_table(sweep) for sweep in group]
    return blocks


def _section(env: EnvResult, level: float, plotted: list[str]) -> list[Block]:
    key = env.setup.key
    blocks: list[Block] = [
        Heading(key),
        tables.header(env),
        tables.leader_sentence(env, level),
        tables.main_table(env),
    ]
    if key in plotted:
        gap = ranking(env.metrics).spoken.gap.format(leader="the leader")
        curve = next((point.curve for point in curve_of(env.metrics)), None)
        seen = gap if curve is None else f"{curve.alt}, and {gap[0].lower()}{gap[1:]}"
        blocks.append(Picture(key, f"{seen} on {key}"))
    if _panels_plot(env) in plotted:
        blocks.append(Picture(_panels_plot(env), f"{panels_alt(env)} on {key}"))
    if len(env.agents) > 1:
        blocks += [Heading("Pairs", 3), tables.comparison_table(env)]
    joint, together = env.setup.joint, tables.joint_table(env)
    if joint is not None and together is not None:
        blocks += [Heading(joint.title, 3), together]
    return [*blocks, Heading("What the agents did", 3), tables.behaviour_table(env)]
