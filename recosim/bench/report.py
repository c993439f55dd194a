"""The report of a results folder: report.md and the plots, drawn from results.json alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recosim.bench import tables
from recosim.bench.panels import panels_alt, write_panels
from recosim.bench.plots import agent_colours, write_plot
from recosim.bench.results import read_results
from recosim.bench.robustness import Sweep, sweep_table, sweeps, write_sweep_plot
from recosim.bench.schema import EnvResult, Results
from recosim.errors import MissingExtraError
from recosim.files import write_text
from recosim.metrics import curve_of, ranking

__all__ = ["Report", "render_report", "report_markdown"]


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


def report_markdown(results: Results, plotted: list[str] | None = None) -> str:
    """The text of report.md; `plotted` are the names of the plots that there are."""
    how = results.bootstrap
    sections = [_section(env, how.level, plotted or []) for env in results.environments]
    sections += _sweep_sections(results, plotted or [])
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
    parts = ["# Results", *sections, "## How to read this", reading, f"Made with {versions}."]
    return "\n\n".join(parts) + "\n"


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


def _sweep_sections(results: Results, plotted: list[str]) -> list[str]:
    sections = []
    for group in _sweep_groups(results):
        first = group[0]
        parts = [f"## {first.title}"]
        if _users_plot(group) in plotted:
            parts.append(
                f"![{first.label} against how often users err](plots/{_users_plot(group)}.png)"
            )
        parts += [tables.markdown(sweep_table(sweep)) for sweep in group]
        sections.append("\n\n".join(parts))
    return sections


def _section(env: EnvResult, level: float, plotted: list[str]) -> str:
    parts = [
        f"## {env.setup.key}",
        tables.header(env),
        tables.leader_sentence(env, level),
        tables.markdown(tables.main_table(env)),
    ]
    if env.setup.key in plotted:
        gap = ranking(env.metrics).spoken.gap.format(leader="the leader")
        curve = next((point.curve for point in curve_of(env.metrics)), None)
        seen = gap if curve is None else f"{curve.alt}, and {gap[0].lower()}{gap[1:]}"
        parts.append(f"![{seen} on {env.setup.key}](plots/{env.setup.key}.png)")
    if _panels_plot(env) in plotted:
        parts.append(f"![{panels_alt(env)} on {env.setup.key}](plots/{_panels_plot(env)}.png)")
    if len(env.agents) > 1:
        parts += ["### Pairs", tables.markdown(tables.comparison_table(env))]
    joint, together = env.setup.joint, tables.joint_table(env)
    if joint is not None and together is not None:
        parts += [f"### {joint.title}", tables.markdown(together)]
    parts += ["### What the agents did", tables.markdown(tables.behaviour_table(env))]
    return "\n\n".join(parts)
