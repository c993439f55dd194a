"""The picture of one environment: the family's curve, its steps, and the distance from the leader.

A family without a curve gets its ranking metric in place of it. Figures are made without pyplot, so
that no window system is touched and no figure leaks.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recosim.bench.schema import AgentResult, EnvResult
from recosim.bench.tables import leader, ranked, users_label
from recosim.errors import MissingExtraError
from recosim.files import atomic_write
from recosim.metrics import Metric, curve_of, ranking

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

__all__ = ["agent_colours", "draw_env", "env_title", "plain", "write_figure", "write_plot"]

# Okabe and Ito's palette, told apart under the common kinds of colour blindness. Agents that many
# runs share keep their colour in all of them.
FIXED = {
    "random": "#8C8C8C",
    "abs_greedy": "#E69F00",
    "max_entropy": "#0072B2",
    "weighted_entropy": "#009E73",
    "logic": "#D55E00",
    "oracle": "#000000",
    "crm": "#CC79A7",
    "ear": "#56B4E9",
    "scpr": "#7A4FA3",
    "unicorn": "#B8A500",
    "maskable_ppo": "#8B4513",
    "pathfinder": "#C2003C",
}
OTHERS = (
    *("#004D40", "#6B8E23", "#5F6B8C", "#D98880", "#2F8F9D", "#A0522D"),
    *("#6A1B9A", "#C0A000", "#1A5FB4", "#E05A9C", "#3D3D3D", "#7FB800", "#B5541C", "#8FA7D6"),
)
INK, FAINT, FAILED = "#222222", "#D9D9D9", "#BDBDBD"
DPI = 150
CHARACTERS = 11  # of a title, in an inch
LONGEST_NAME = 16  # letters of a name of an agent that the usual width has room for
LINE = 0.28  # inches from one name at the end of a line to the next


def agent_colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each agent: the fixed one, or the next of the others in the order of names."""
    free = [name for name in sorted(set(names)) if name not in FIXED]
    given = {name: OTHERS[n % len(OTHERS)] for n, name in enumerate(free)}
    return {name: FIXED.get(name) or given[name] for name in names}


def write_plot(env: EnvResult, path: Path, colours: dict[str, str] | None = None) -> None:
    """Draw an environment into a PNG file, atomically; equal results give equal bytes.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    write_figure(draw_env(env, colours), path)


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file, atomically; equal figures give equal bytes."""
    settle_layout(figure)
    metadata = {"Software": None}  # the version of matplotlib is no part of the result
    atomic_write(path, lambda part: figure.savefig(part, format="png", dpi=DPI, metadata=metadata))


def settle_layout(figure: Figure) -> None:
    """Lay a figure out and hold it there, on a grid of a thousandth of its size.

    The solver of constrained layouts works in the order of addresses in memory, so that its last
    bits, and with them a pixel here and there, differ from one drawing to the next.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    parts: list[Any] = [*figure.subfigs]
    while parts:
        part = parts.pop()
        parts += part.subfigs
        box = part.bbox_relative
        box.p0, box.p1 = np.round(box.p0, 3), np.round(box.p1, 3)
    for axes in figure.get_axes():
        left, bottom, width, height = (round(float(s), 3) for s in axes.get_position().bounds)
        axes.set_position((left, bottom, width, height))


def draw_env(env: EnvResult, colours: dict[str, str] | None = None) -> Figure:
    """The figure of an environment.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "drawing the results") from None
    agents = ranked(env)
    colours = colours or agent_colours([agent.name for agent in agents])
    metric, points = ranking(env.metrics), curve_of(env.metrics)
    best, behind, tied = leader(env)
    forest = bool(behind or tied) and best is not None and best.estimate(metric).low is not None
    lower = 0.75 + 0.27 * len(behind + tied) if forest else 0.0
    steps = bool(points) and points[0].curve is not None and bool(points[0].curve.steps)
    upper = 0.9 + 0.62 * len(agents) if steps else 0.0
    longest = max(len(agent.name) for agent in agents)
    width = 12 + 0.18 * max(0, longest - LONGEST_NAME)  # names stand beside both columns
    figure = Figure(
        figsize=(width, max(5.4, upper + lower + 0.7)),
        layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08),
    )
    FigureCanvasAgg(figure)
    figure.suptitle(
        env_title(env, width), x=0.012, ha="left", fontsize=12, color=INK, linespacing=1.5
    )
    widths = (1.08, 1) if steps or forest else (1,)
    sides = figure.subfigures(1, len(widths), squeeze=False, width_ratios=widths)[0]
    if points:
        draw_curve(sides[0].subplots(), env, agents, points, colours, figure.get_figheight())
    else:
        draw_values(sides[0].subplots(), env, agents, metric, colours)
    if steps and forest:
        heights = (upper, lower + 0.4)
        top, bottom = sides[1].subfigures(2, 1, squeeze=False, height_ratios=heights)[:, 0]
        draw_steps(top, env, agents, points, colours)
        draw_forest(bottom.subplots(), env, metric, colours)
    elif steps:
        draw_steps(sides[1], env, agents, points, colours)
    elif forest:
        draw_forest(sides[1].subplots(), env, metric, colours)
    return figure


def draw_curve(
    axes: Axes,
    env: EnvResult,
    agents: Sequence[AgentResult],
    points: Sequence[Metric],
    colours: dict[str, str],
    inches: float,
) -> None:
    """The family's curve with interval bands; each line is named at its end.

    Args:
        inches: how high the plot is, about.
    """
    curve = points[0].curve
    assert curve is not None
    places = [point.at for point in points]
    first, last = places[0], places[-1]
    for agent in agents:
        rates = [agent.estimate(point) for point in points]
        colour = colours[agent.name]
        dashed = env.privileged(agent.name)
        axes.plot(
            places,
            [rate.value for rate in rates],
            color=colour,
            linewidth=1.5 if dashed else 2.2,
            linestyle=(0, (4, 2)) if dashed else "-",
            marker="o" if first == last else None,  # a line of one point is none
        )
        if all(rate.low is not None and rate.high is not None for rate in rates):
            axes.fill_between(
                places,
                [rate.low or 0.0 for rate in rates],
                [rate.high or 0.0 for rate in rates],
                color=colour,
                alpha=min(0.18, 1.1 / len(agents)),  # many lie on each other
                linewidth=0,
            )
    for metric in (m for m in env.metrics if m.name in curve.levels):
        draw_level(axes, agents, metric)
    if curve.steps:
        axes.set_ylim(0, 1.02)  # a share
    low, high = axes.get_ylim()
    ends = [agent.estimate(points[-1]).value for agent in agents]
    gap = min(LINE / inches, 1 / max(len(agents), 1))
    heights = _apart([(end - low) / (high - low) * 1.02 for end in ends], gap)
    for agent, end, height in zip(agents, ends, heights, strict=True):
        axes.annotate(
            f"{_label(env, agent.name)}  {end:.{points[-1].digits}f}",
            xy=(last, end),
            xytext=(last * 1.035 + 0.15, low + height / 1.02 * (high - low)),
            va="center",
            fontsize=9.5,
            color=colours[agent.name],
            fontweight="bold",
            arrowprops={
                "arrowstyle": "-",
                "color": colours[agent.name],
                "linewidth": 0.8,
                "shrinkA": 0,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
            annotation_clip=False,
        )
    axes.set_xlim(first if last > first else first - 0.5, last)
    axes.set_ylim(low, high)
    axes.set_xticks(_ticks(first, last))
    axes.set_xlabel(curve.axis, fontsize=9.5, color=INK)
    axes.set_title(curve.title, loc="left", fontsize=11, color=INK)
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    plain(axes)


def draw_level(axes: Axes, agents: Sequence[AgentResult], metric: Metric) -> None:
    """A level line, named at its left end, of a metric that is the same for all agents."""
    found = next((a.metrics[metric.name] for a in agents if a.metrics.get(metric.name)), None)
    if found is None:
        return
    axes.axhline(found.value, color="#888888", linewidth=1.2, linestyle=(0, (1, 2)))
    axes.annotate(
        f"{metric.label}  {found.value:.{metric.digits}f}",
        xy=(0, found.value),
        xycoords=axes.get_yaxis_transform(),
        xytext=(5, 3),
        textcoords="offset points",
        fontsize=8.5,
        color="#666666",
    )


def draw_values(
    axes: Axes,
    env: EnvResult,
    agents: Sequence[AgentResult],
    metric: Metric,
    colours: dict[str, str],
) -> None:
    """The metric that ranks, of every agent, with intervals."""
    for row, agent in enumerate(agents):
        found = agent.metrics[metric.name]
        if found is None:
            continue
        colour = colours[agent.name]
        if found.low is not None and found.high is not None:
            axes.plot([found.low, found.high], [row, row], "|-", color=colour, linewidth=2)
        axes.plot([found.value], [row], "o", color=colour, markersize=5.5)
        axes.annotate(
            f"{found.value:.{metric.digits}f}",
            xy=(found.value, row),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
            color=INK,
        )
    axes.set_yticks(range(len(agents)), [_label(env, agent.name) for agent in agents])
    axes.set_ylim(len(agents) - 0.4, -0.6)
    axes.set_title(metric.label, loc="left", fontsize=11, color=INK)
    _rows(axes, [colours[agent.name] for agent in agents])


def draw_steps(
    figure: SubFigure,
    env: EnvResult,
    agents: Sequence[AgentResult],
    points: Sequence[Metric],
    colours: dict[str, str],
) -> None:
    """Bars for each agent: what each step adds to the curve; beside them, what it never reaches.

    Agents that are not privileged share one scale, so that their bars compare; each row names its
    highest bar.
    """
    curve = points[0].curve
    assert curve is not None
    places = [point.at for point in points]
    rivals = [agent for agent in agents if not env.privileged(agent.name)]
    added = {agent.name: _steps(agent, points) for agent in agents}
    shared = max((max(added[agent.name]) for agent in rivals), default=1.0)
    grid = figure.subplots(
        len(agents), 2, sharex="col", squeeze=False, gridspec_kw={"width_ratios": (4.2, 1)}
    )
    for (bars, failures), agent in zip(grid, agents, strict=True):
        shares = added[agent.name]
        colour = colours[agent.name]
        highest = max(shares)
        bars.bar(places, shares, width=0.86, color=colour)
        scale = shared if agent in rivals else highest
        bars.set_ylim(0, 1.35 * scale if scale > 0 else 1)
        if highest > 0:
            bars.annotate(
                _percent(highest),
                xy=(places[shares.index(highest)], highest),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=INK,
            )
        bars.set_ylabel(
            _label(env, agent.name).replace(" (", "\n("),
            rotation=0,
            ha="right",
            va="center",
            color=colour,
            fontweight="bold",
            fontsize=9.5,
        )
        failed = 1 - agent.estimate(points[-1]).value
        failures.barh([0], [1], height=0.5, color="#EFEFEF")
        failures.barh([0], [failed], height=0.5, color=FAILED)
        failures.annotate(
            _percent(failed), xy=(0.5, 0), ha="center", va="center", fontsize=8.5, color=INK
        )
        failures.set_ylim(-0.7, 0.7)
        for axes in (bars, failures):
            axes.set_yticks([])
            plain(axes)
            axes.spines["left"].set_visible(False)
        if agent is not agents[-1]:
            bars.tick_params(axis="x", length=0)
        failures.spines["bottom"].set_visible(False)
        failures.set_xticks([])
    grid[0, 0].set_title(curve.steps, loc="left", fontsize=11, color=INK)
    grid[0, 1].set_title(curve.rest, loc="center", fontsize=11, color=INK)
    grid[-1, 0].set_xlim(places[0] - 0.7, places[-1] + 0.7)
    grid[-1, 0].set_xticks(_ticks(places[0], places[-1]))
    grid[-1, 0].set_xlabel(curve.step, fontsize=9.5, color=INK)
    grid[-1, 1].set_xlim(0, 1)


def _steps(agent: AgentResult, points: Sequence[Metric]) -> list[float]:
    """What each point of a rising share adds to the one before."""
    rates = [0.0, *(agent.estimate(point).value for point in points)]
    return [max(0.0, b - a) for a, b in pairwise(rates)]


def draw_forest(axes: Axes, env: EnvResult, metric: Metric, colours: dict[str, str]) -> None:
    """How far each agent is from the leader, with paired intervals."""
    best, behind, tied = leader(env)
    assert best is not None
    others = [agent.name for agent in ranked(env) if agent.name in (*behind, *tied)]
    for row, name in enumerate(others):
        more = env.compare(name, best.name).differences[metric.name]
        low, high = (more.value if end is None else end for end in (more.low, more.high))
        axes.plot([low, high], [row, row], "|-", color=colours[name], linewidth=2)
        axes.plot(
            [more.value],
            [row],
            "o",
            color=colours[name],
            markerfacecolor="white" if name in tied else colours[name],
            markersize=5.5,
        )
        # On the side that the leader is not on.
        below = more.value < 0
        axes.annotate(
            f"{more.value:+.{metric.digits}f}",
            xy=(low if below else high, row),
            xytext=(-6 if below else 6, 0),
            textcoords="offset points",
            ha="right" if below else "left",
            va="center",
            fontsize=8.5,
            color=INK,
        )
    axes.axvline(0, color=colours[best.name], linewidth=1.6)
    axes.set_yticks(range(len(others)), others)
    axes.set_ylim(len(others) - 0.4, -0.6)
    axes.margins(x=0.05)
    low, high = axes.get_xlim()
    room = 0.12 * (high - low)  # for the values
    left = [env.compare(n, best.name).differences[metric.name].value < 0 for n in others]
    axes.set_xlim(low - room * any(left), high + room * (not all(left)))
    gap = metric.spoken.gap.format(leader=best.name)
    hollow = "; hollow: not separable" if tied else ""
    title = textwrap.fill(f"{gap} (paired{hollow})", 44)
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    _rows(axes, [colours[name] for name in others])


def _rows(axes: Axes, colours: Sequence[str]) -> None:
    """The look of a plot with one named row for each agent."""
    axes.grid(axis="x", color=FAINT, linewidth=0.7)
    plain(axes)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for text, colour in zip(axes.get_yticklabels(), colours, strict=True):
        text.set(color=colour, fontsize=9.5, fontweight="bold")


def env_title(env: EnvResult, inches: float = 12) -> str:
    """What stands over the plots of an environment: its id, then as many lines as need be.

    Args:
        inches: how wide the figure is.
    """
    setup = env.setup
    parts = [f"world {setup.world.name}", f"protocol {setup.rules.label}"]
    if (users := users_label(setup.users)) != "ideal":
        parts.append(f"users {users}")
    seeds = f"{len(setup.seeds)} seed{'s' if len(setup.seeds) > 1 else ''}"
    parts.append(f"{setup.conversations:,} {setup.split} {setup.record.unit}, {seeds}")
    told = textwrap.fill(" · ".join(parts), int(CHARACTERS * inches), break_long_words=False)
    return f"{setup.env}\n{told}"


def _label(env: EnvResult, name: str) -> str:
    if not env.privileged(name):
        return name
    return f"{name} (sees {ranking(env.metrics).spoken.hidden.removeprefix('the ')})"


def _percent(share: float) -> str:
    if share < 0.0005:
        return "<0.1 %" if share > 0 else "0 %"
    return f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"


def _ticks(first: int, last: int) -> list[int]:
    """At most about 15 whole-numbered ticks that hold the first and the last place."""
    step = max(1, -(-(last - first + 1) // 15))
    ticks = list(range(first, last + 1, step))
    return ticks if ticks[-1] == last else [*ticks[:-1], last]


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """Heights of labels, moved apart to at least `gap`, in the same order, within 0 and 1."""
    order = sorted(range(len(heights)), key=lambda n: heights[n])
    placed = [heights[n] for n in order]
    for _ in range(200):  # relax pairs that are too close; settles in a few rounds
        moved = False
        for n in range(len(placed) - 1):
            missing = gap - (placed[n + 1] - placed[n])
            if missing > 1e-6:
                placed[n] -= missing / 2
                placed[n + 1] += missing / 2
                moved = True
        low, high = min(0.0, placed[0]), max(1.0, placed[-1])
        placed = [p - low if p < gap else p - (high - 1.0) if p > 1 - gap else p for p in placed]
        if not moved:
            break
    out = [0.0] * len(heights)
    for place, n in zip(placed, order, strict=True):
        out[n] = place
    return out


def plain(axes: Axes) -> None:
    """The look of all axes: two thin spines."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#888888")
    axes.tick_params(colors="#444444", labelsize=9)
