"""How agents do with other users: the same environment under several kinds of them in one run."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recosim.bench.plots import CHARACTERS, DPI, FAINT, INK, agent_colours, settle_layout
from recosim.bench.schema import EnvResult, EnvSetup, Results, Users
from recosim.bench.stats import Estimate
from recosim.bench.tables import Table, estimate
from recosim.errors import MissingExtraError
from recosim.files import atomic_write
from recosim.metrics import Metric, curve_of, ranking
from recosim.users.behaviour import TRAITS, setting_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Sweep", "sweep_table", "sweeps", "write_sweep_plot"]

USERS = "users"  # what varies where populations are compared
LABEL_WIDTH = 72  # characters of a line under an axis
WIDE = 7.0  # inches of one plot


@dataclass(frozen=True)
class Sweep:
    """One environment under several values of one setting of its users.

    Attributes:
        name: of the environment without its users.
        setting: the setting that varies; "users" is the whole population.
        values: numbers ascending, words in the order of their declaration, populations by name in
            the order of the run; no end of patience is infinity.
        environments: the result at each value.
    """

    name: str
    setting: str
    values: tuple[float | str, ...]
    environments: tuple[EnvResult, ...]

    @property
    def labels(self) -> list[str]:
        """What stands over each column of a table."""
        named = self.setting == USERS
        return self.ticks if named else [f"{self.setting} {tick}" for tick in self.ticks]

    @property
    def ticks(self) -> list[str]:
        """The values as text."""
        if self.setting == USERS:
            return [str(value) for value in self.values]
        return [setting_of(self.setting).text(value) for value in self.values]

    @property
    def axis(self) -> list[float] | None:
        """The values as places on an axis; None where they are not all numbers with an end."""
        numbers = [value for value in self.values if not isinstance(value, str)]
        finite = len(numbers) == len(self.values) and all(map(math.isfinite, numbers))
        return numbers if finite else None

    @property
    def varied(self) -> str:
        """What varies, in words."""
        if self.setting == USERS:
            return "population of users"
        words = f"{self.setting.replace('_', ' ')}: {setting_of(self.setting).help}"
        return textwrap.fill(words, LABEL_WIDTH)

    @property
    def metric(self) -> Metric:
        """What is shown: the end of the family's curve, or the metric that ranks."""
        metrics = self.environments[0].metrics
        return [ranking(metrics), *curve_of(metrics)][-1]

    @property
    def label(self) -> str:
        """What is shown, in words."""
        metric = self.metric
        return metric.label if metric.curve is None else metric.curve.label

    @property
    def title(self) -> str:
        """The environment, and what is shown."""
        curve = self.metric.curve
        return f"{self.name}: {self.label if curve is None else curve.name} by kind of users"

    @property
    def agents(self) -> list[str]:
        """Names of the agents that ran at every value, the best on average first."""
        shared = [
            agent.name
            for agent in self.environments[0].agents
            if all(any(a.name == agent.name for a in env.agents) for env in self.environments)
        ]
        sign = self.metric.sign
        return sorted(shared, key=lambda name: sign * sum(e.value for e in self.rates(name)))

    def rates(self, agent: str) -> list[Estimate]:
        """The metric of an agent at each value."""
        return [env.agent(agent).estimate(self.metric) for env in self.environments]


def sweeps(results: Results) -> list[Sweep]:
    """The sweeps that a run holds: at least two environments that differ in one setting alone."""
    found = []
    for setting in (USERS, *TRAITS):
        groups: dict[str, dict[float | str, EnvResult]] = {}
        for env in results.environments:
            value = _value(env.setup, setting)
            if value is not None:
                # The first of each value: a run begins with users as their card has them.
                groups.setdefault(_all_but(env.setup, setting), {}).setdefault(value, env)
        for group in groups.values():
            if len(group) > 1:
                values = _in_order(setting, list(group))
                environments = tuple(group[value] for value in values)
                found.append(Sweep(_name(environments[0].setup), setting, values, environments))
    return found


def _in_order(setting: str, values: list[float | str]) -> tuple[float | str, ...]:
    if setting == USERS:
        return tuple(values)
    kind = setting_of(setting).kind
    return tuple(sorted(values, key=kind.number))


def sweep_table(sweep: Sweep) -> Table:
    """The metric of every agent at every value."""
    metric = sweep.metric
    rows = [
        (name, *(estimate(rate, metric.digits) for rate in sweep.rates(name)))
        for name in sweep.agents
    ]
    return Table((metric.label, *sweep.labels), rows)


def write_sweep_plot(group: Sequence[Sweep], path: Path) -> None:
    """Draw the sweeps of one environment side by side into a PNG file, atomically.

    Numbers are places on an axis, and agents lines; words (populations) are rows, and agents points
    with intervals.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "drawing the results") from None
    names = sorted({name for sweep in group for name in sweep.agents})
    colours = agent_colours(names)
    rows = max([len(s.values) * _row_of(s) for s in group if s.axis is None], default=0)
    figure = Figure(figsize=(WIDE * len(group), max(5.6, rows + 1.6)), layout="constrained")
    FigureCanvasAgg(figure)
    room = int(CHARACTERS * WIDE * len(group))
    title = textwrap.fill(group[0].title, room)
    figure.suptitle(title, x=0.012, ha="left", color=INK, linespacing=1.4)
    for axes, sweep in zip(figure.subplots(1, len(group), squeeze=False)[0], group, strict=True):
        if sweep.axis is None:
            _draw_rows(axes, sweep, colours)
        else:
            _draw_lines(axes, sweep, sweep.axis, colours)
        axes.spines[["top", "right"]].set_visible(False)
    settle_layout(figure)
    metadata = {"Software": None}
    atomic_write(path, lambda part: figure.savefig(part, format="png", dpi=DPI, metadata=metadata))


def _draw_lines(axes: Axes, sweep: Sweep, places: list[float], colours: dict[str, str]) -> None:
    """A line of each agent over the values of a setting, with the band of its intervals."""
    for name in sweep.agents:
        rates = sweep.rates(name)
        values = [rate.value for rate in rates]
        axes.plot(
            places,
            values,
            color=colours[name],
            linestyle=(0, (4, 2)) if sweep.environments[0].privileged(name) else "-",
            marker="o",
            markersize=4,
            label=f"{name}  {values[0]:.2f} → {values[-1]:.2f}",
        )
        if all(rate.low is not None for rate in rates):
            axes.fill_between(
                places,
                [rate.low or 0.0 for rate in rates],
                [rate.high or 0.0 for rate in rates],
                color=colours[name],
                alpha=0.15,
                linewidth=0,
            )
    axes.set_xlabel(sweep.varied)
    axes.set_ylabel(sweep.metric.label)
    if _is_share(sweep):
        axes.set_ylim(0, 1.02)
    axes.set_xticks(places, sweep.ticks)
    axes.grid(color=FAINT, linewidth=0.6)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)


def _draw_rows(axes: Axes, sweep: Sweep, colours: dict[str, str]) -> None:
    """A row of each population, in it a point of each agent with its interval, the best on top."""
    agents = sweep.agents
    step = 0.8 / max(len(agents) - 1, 1) if len(agents) > 1 else 0.0
    for n, name in enumerate(agents):
        rates, colour = sweep.rates(name), colours[name]
        heights = [k + (n - (len(agents) - 1) / 2) * step for k in range(len(rates))]
        for rate, height in zip(rates, heights, strict=True):
            if rate.low is not None and rate.high is not None:
                axes.plot([rate.low, rate.high], [height] * 2, color=colour, linewidth=1.4)
        axes.plot(
            [rate.value for rate in rates],
            heights,
            "o",
            color=colour,
            markerfacecolor="white" if sweep.environments[0].privileged(name) else colour,
            markersize=4.5,
            label=name,
        )
    for k in range(len(sweep.values) - 1):
        axes.axhline(k + 0.5, color=FAINT, linewidth=0.6)
    axes.set_yticks(range(len(sweep.values)), sweep.ticks, fontsize=10)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(sweep.values) - 0.5, -0.5)
    axes.set_xlabel(sweep.metric.label)
    if sweep.setting != USERS:
        axes.set_ylabel(sweep.setting.replace("_", " "))
    if _is_share(sweep):
        axes.set_xlim(-0.02, 1.02)
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)


def _row_of(sweep: Sweep) -> float:
    """Inches that one row needs."""
    return 0.25 + 0.11 * len(sweep.agents)


def _is_share(sweep: Sweep) -> bool:
    curve = sweep.metric.curve
    return curve is not None and bool(curve.steps)


def _all_but(setup: EnvSetup, setting: str) -> str:
    """All that an environment is but for one setting of its users, and its key and agents."""
    kept = {k: v for k, v in setup.users.settings.items() if k != setting}
    users = Users() if setting == USERS else setup.users.model_copy(update={"settings": kept})
    shared = setup.model_copy(update={"users": users, "key": "key", "agents": ()})
    return shared.model_dump_json()


def _value(setup: EnvSetup, setting: str) -> float | str | None:
    """The value of a setting that is one for all users, or the name of the population."""
    if setting == USERS:
        return setup.users.name
    return setup.users.population.constant(setting)


def _name(setup: EnvSetup) -> str:
    short = setup.env.split("/", 1)[1]
    return f"{short} ({', '.join(filter(None, (setup.world.name, setup.estimator.told)))})"
