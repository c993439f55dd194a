"""The plots that a family declares beside the usual ones: one figure, a panel for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recosim.bench.plots import FAINT, INK, agent_colours, env_title, plain, write_figure
from recosim.bench.schema import AgentResult, EnvResult
from recosim.bench.tables import joint_mean, ranked
from recosim.errors import MissingExtraError
from recosim.metrics import Line, Metric, Scatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

__all__ = ["draw_panels", "panels_alt", "write_panels"]

_SIZE = 5.2  # inches of a panel, both ways
# Where a name may stand around its point, in points, best first; how it is aligned; and whether it
# is so far off that a line must lead to it.
_AROUND = [
    (dx * far, dy * far, ha, va, far > 1)
    for far in (1.0, 2.2, 3.6)
    for dx, dy, ha, va in (
        (7, 0, "left", "center"),
        (-7, 0, "right", "center"),
        (0, 8, "center", "bottom"),
        (0, -8, "center", "top"),
        (6, 7, "left", "bottom"),
        (6, -7, "left", "top"),
        (-6, 7, "right", "bottom"),
        (-6, -7, "right", "top"),
    )
]
_LEAD = {"arrowstyle": "-", "linewidth": 0.8, "alpha": 0.8, "shrinkA": 0, "shrinkB": 3}


def panels_alt(env: EnvResult) -> str:
    """What the figure shows, in words."""
    told = [panel.alt or panel.title for panel in env.setup.plots]
    text = "; ".join(told)
    return f"{text[:1].upper()}{text[1:]}"


def write_panels(env: EnvResult, path: Path, colours: dict[str, str] | None = None) -> None:
    """Draw what the family of an environment declares into a PNG file, atomically.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    write_figure(draw_panels(env, colours), path)


def draw_panels(env: EnvResult, colours: dict[str, str] | None = None) -> Figure:
    """The figure of what the family of an environment declares, at least one plot.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "drawing the results") from None
    agents, panels = ranked(env), env.setup.plots
    colours = colours or agent_colours([agent.name for agent in agents])
    figure = Figure(
        figsize=(_SIZE * len(panels), _SIZE + 0.6),
        layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08, wspace=0.05),
    )
    FigureCanvasAgg(figure)
    title = env_title(env, _SIZE * len(panels))
    figure.suptitle(title, x=0.008, ha="left", fontsize=12, color=INK, linespacing=1.5)
    drawn = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, panel in zip(drawn, panels, strict=True):
        axes.set_title(panel.title, loc="left", fontsize=11, color=INK)
        plain(axes)
        if isinstance(panel, Line):
            draw_line(axes, agents, panel, colours)
        else:
            draw_scatter(axes, env, agents, panel, colours)
    # Names find their places once the axes have theirs.
    figure.draw_without_rendering()
    for axes, panel in zip(drawn, panels, strict=True):
        if isinstance(panel, Scatter):
            name_points(axes, env, agents, panel, colours)
    return figure


def draw_line(
    axes: Axes, agents: Sequence[AgentResult], panel: Line, colours: dict[str, str]
) -> None:
    """A line of each agent, mean over its seeds, and the line of what is even."""
    axes.plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle=(0, (3, 3)))
    for agent in agents:
        lines = [
            line for seed in agent.seeds if isinstance(line := seed.joint.get(panel.of), tuple)
        ]
        if not lines:
            continue
        figure = joint_mean(agent, panel.figure) if panel.figure else None
        label = agent.name if figure is None else f"{agent.name}  {figure:.2f}"
        heights = np.mean(lines, axis=0)
        places = np.linspace(0, 1, len(heights))
        axes.plot(places, heights, color=colours[agent.name], linewidth=1.8, label=label)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel(panel.x, fontsize=9.5, color=INK)
    axes.set_ylabel(panel.y, fontsize=9.5, color=INK)
    axes.grid(color=FAINT, linewidth=0.7)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, fontsize=8.5, loc="upper left", labelcolor="linecolor")


def draw_scatter(
    axes: Axes,
    env: EnvResult,
    agents: Sequence[AgentResult],
    panel: Scatter,
    colours: dict[str, str],
) -> None:
    """A point of each agent that has both metrics, with both intervals."""
    across, up = (_metric(env, name) for name in (panel.x, panel.y))
    there = _points(agents, panel)
    for agent in there:
        colour = colours[agent.name]
        for bar in _bars(agent, panel):
            axes.plot(*bar, color=colour, linewidth=1.2, alpha=0.5)
    for agent in there:
        x, y, colour = agent.estimate(across), agent.estimate(up), colours[agent.name]
        inside = "white" if env.privileged(agent.name) else colour
        axes.plot([x.value], [y.value], "o", color=colour, markerfacecolor=inside, markersize=6.5)
    axes.margins(0.16)
    axes.set_xlabel(across.label, fontsize=9.5, color=INK)
    axes.set_ylabel(up.label, fontsize=9.5, color=INK)
    axes.grid(color=FAINT, linewidth=0.7)
    if panel.corners and there:
        for draw, metric in ((axes.axvline, across), (axes.axhline, up)):
            middle = float(np.median([agent.estimate(metric).value for agent in there]))
            draw(middle, color="#888888", linewidth=1, linestyle=(0, (3, 3)))
        spots = ((0.02, 0.98), (0.98, 0.98), (0.02, 0.02), (0.98, 0.02))
        for (x_spot, y_spot), text in zip(spots, panel.corners, strict=True):
            axes.text(
                x_spot,
                y_spot,
                text,
                transform=axes.transAxes,
                ha="left" if x_spot < 0.5 else "right",
                va="bottom" if y_spot < 0.5 else "top",
                fontsize=8.5,
                style="italic",
                color="#777777",
            )


def name_points(
    axes: Axes,
    env: EnvResult,
    agents: Sequence[AgentResult],
    panel: Scatter,
    colours: dict[str, str],
) -> None:
    """Names beside the points, each where it hides least of the others."""
    from matplotlib.transforms import Bbox

    across, up = (_metric(env, name) for name in (panel.x, panel.y))
    there = _points(agents, panel)
    spots = (
        axes.transData.transform(
            [(agent.estimate(across).value, agent.estimate(up).value) for agent in there]
        )
        if there
        else np.empty((0, 2))
    )
    taken: list[Bbox] = [text.get_window_extent() for text in axes.texts]
    bars = [
        Bbox(axes.transData.transform(np.transpose(bar)))
        for agent in there
        for bar in _bars(agent, panel)
    ]
    for agent in there:
        best, least = None, np.inf
        for dx, dy, ha, va, far in _AROUND:
            text = axes.annotate(
                agent.name,
                xy=(agent.estimate(across).value, agent.estimate(up).value),
                xytext=(dx, dy),
                textcoords="offset points",
                ha=ha,
                va=va,
                fontsize=9,
                fontweight="bold",
                color=colours[agent.name],
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.6, "pad": 0.5},
                arrowprops=_LEAD | {"color": colours[agent.name]} if far else None,
            )
            text.set_in_layout(False)
            box = _written(text)
            crossed = sum(_cross(box, bar) for bar in bars)
            cost = _hidden(box, axes.bbox, taken, spots) + 0.15 * crossed
            cost += 0.004 * np.hypot(dx, dy)
            if cost < least:
                if best is not None:
                    best.remove()
                best, least = text, cost
            else:
                text.remove()
        assert best is not None
        taken.append(_written(best))


def _written(text: Annotation) -> Bbox:
    """Where the words of a name are, without the line that leads to them."""
    from matplotlib.text import Text

    text.get_window_extent()  # moves it to its place
    return Text.get_window_extent(text)


def _hidden(box: Bbox, frame: Bbox, taken: Sequence[Bbox], spots: np.ndarray) -> float:
    """How bad it is to write there: names and points that are hidden, and what sticks out."""
    covered = sum(box.overlaps(other) for other in taken)
    points = sum(box.x0 - 4 < x < box.x1 + 4 and box.y0 - 4 < y < box.y1 + 4 for x, y in spots)
    outside = box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
    return float(covered + points + 1.5 * outside)


def _cross(box: Bbox, bar: Bbox) -> bool:
    """Whether an interval, a box of no width, goes through a name."""
    return bool(
        min(bar.x0, bar.x1) < box.x1
        and max(bar.x0, bar.x1) > box.x0
        and min(bar.y0, bar.y1) < box.y1
        and max(bar.y0, bar.y1) > box.y0
    )


def _bars(agent: AgentResult, panel: Scatter) -> list[tuple[list[float], list[float]]]:
    """The intervals of a point, across and up, as far as there are some: x, y of both ends."""
    x, y = agent.estimate(panel.x), agent.estimate(panel.y)
    bars = []
    if x.low is not None and x.high is not None:
        bars.append(([x.low, x.high], [y.value, y.value]))
    if y.low is not None and y.high is not None:
        bars.append(([x.value, x.value], [y.low, y.high]))
    return bars


def _points(agents: Sequence[AgentResult], panel: Scatter) -> list[AgentResult]:
    """The agents that have both metrics."""
    return [
        agent
        for agent in agents
        if agent.metrics.get(panel.x) is not None and agent.metrics.get(panel.y) is not None
    ]


def _metric(env: EnvResult, name: str) -> Metric:
    return next(metric for metric in env.metrics if metric.name == name)
