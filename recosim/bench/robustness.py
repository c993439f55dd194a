"""How agents do with other users: the same environment under several kinds of them in one run."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recosim.bench.plots import DPI, FAINT, INK, agent_colours, settle_layout
from recosim.bench.schema import EnvResult, EnvSetup, Results, Users
from recosim.bench.stats import Estimate
from recosim.bench.tables import Table, estimate
from recosim.errors import MissingExtraError
from recosim.files import atomic_write
from recosim.metrics import Metric, curve_of, ranking
from recosim.users.behaviour import TRAITS, setting_of

__all__ = ["Sweep", "sweep_table", "sweeps", "write_sweep_plot"]

USERS = "users"  # what varies where populations are compared
LABEL_WIDTH = 72  # characters of a line under an axis


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
    figure = Figure(figsize=(6.6 * len(group), 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(group[0].title, x=0.012, ha="left", color=INK)
    for axes, sweep in zip(figure.subplots(1, len(group), squeeze=False)[0], group, strict=True):
        axis = sweep.axis
        places = axis or list(range(len(sweep.values)))
        for name in sweep.agents:
            rates = sweep.rates(name)
            privileged = sweep.environments[0].privileged(name)
            values = [rate.value for rate in rates]
            axes.plot(
                places,
                values,
                color=colours[name],
                # Between two words there is nothing: the line only leads the eye.
                linestyle=(0, (4, 2)) if privileged else "-" if axis else ":",
                marker="o",
                markersize=4,
                label=f"{name}  {values[0]:.2f} → {values[-1]:.2f}",
            )
            if axis and all(rate.low is not None for rate in rates):
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
        if sweep.metric.curve is not None and sweep.metric.curve.steps:
            axes.set_ylim(0, 1.02)  # a share
        axes.set_xticks(places, sweep.ticks)
        axes.grid(color=FAINT, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
    settle_layout(figure)
    metadata = {"Software": None}
    atomic_write(path, lambda part: figure.savefig(part, format="png", dpi=DPI, metadata=metadata))


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
