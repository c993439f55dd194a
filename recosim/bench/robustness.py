"""How agents do as users err more: the same environment under several behaviours in one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recosim.bench.plots import DPI, FAINT, INK, agent_colours
from recosim.bench.schema import EnvResult, EnvSetup, Results
from recosim.bench.stats import Estimate
from recosim.bench.tables import Table, estimate
from recosim.errors import MissingExtraError
from recosim.files import atomic_write

__all__ = ["Sweep", "sweep_table", "sweeps", "write_sweep_plot"]

Setting = Literal["answer_noise", "dont_know"]
LABELS: dict[Setting, str] = {
    "answer_noise": "answer noise: probability that an answer is flipped",
    "dont_know": "probability of the answer 'I don't know'",
}


@dataclass(frozen=True)
class Sweep:
    """One environment under several values of one setting of its users.

    Attributes:
        name: of the environment without its users.
        setting: the setting that varies.
        values: ascending.
        environments: the result at each value.
    """

    name: str
    setting: Setting
    values: tuple[float, ...]
    environments: tuple[EnvResult, ...]

    @property
    def agents(self) -> list[str]:
        """Names of the agents that ran at every value, best mean SR first."""
        shared = [
            agent.name
            for agent in self.environments[0].agents
            if all(any(a.name == agent.name for a in env.agents) for env in self.environments)
        ]
        return sorted(shared, key=lambda name: -sum(e.value for e in self.rates(name)))

    def rates(self, agent: str) -> list[Estimate]:
        """SR@max_turns of an agent at each value."""
        return [env.agent(agent).summary.success_rate[-1] for env in self.environments]


def sweeps(results: Results) -> list[Sweep]:
    """The sweeps that a run holds: at least two environments that differ in one setting alone."""
    found = []
    settings: tuple[Setting, ...] = ("answer_noise", "dont_know")
    for setting in settings:
        groups: dict[str, list[EnvResult]] = {}
        for env in results.environments:
            groups.setdefault(_all_but(env.setup, setting), []).append(env)
        for group in groups.values():
            if len(group) > 1:
                ordered = sorted(
                    group, key=lambda env: float(getattr(env.setup.behaviour, setting))
                )
                values = tuple(float(getattr(e.setup.behaviour, setting)) for e in ordered)
                found.append(Sweep(_name(ordered[0].setup), setting, values, tuple(ordered)))
    return found


def sweep_table(sweep: Sweep) -> Table:
    """SR@max_turns of every agent at every value."""
    turns = sweep.environments[0].setup.rules.max_turns
    head = (f"SR@{turns}", *(f"{sweep.setting} {value:g}" for value in sweep.values))
    rows = [(name, *(estimate(rate, 3) for rate in sweep.rates(name))) for name in sweep.agents]
    return Table(head, rows)


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
    figure.suptitle(f"{group[0].name}: success as users err more", x=0.012, ha="left", color=INK)
    for axes, sweep in zip(figure.subplots(1, len(group), squeeze=False)[0], group, strict=True):
        for name in sweep.agents:
            rates = sweep.rates(name)
            privileged = sweep.environments[0].privileged(name)
            values = [rate.value for rate in rates]
            axes.plot(
                sweep.values,
                values,
                color=colours[name],
                linestyle=(0, (4, 2)) if privileged else "-",
                marker="o",
                markersize=4,
                label=f"{name}  {values[0]:.2f} → {values[-1]:.2f}",
            )
            if all(rate.low is not None for rate in rates):
                axes.fill_between(
                    sweep.values,
                    [rate.low or 0.0 for rate in rates],
                    [rate.high or 0.0 for rate in rates],
                    color=colours[name],
                    alpha=0.15,
                    linewidth=0,
                )
        axes.set_xlabel(LABELS[sweep.setting])
        axes.set_ylabel(f"SR@{sweep.environments[0].setup.rules.max_turns}")
        axes.set_ylim(0, 1.02)
        axes.set_xticks(sweep.values)
        axes.grid(color=FAINT, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
    metadata = {"Software": None}
    atomic_write(path, lambda part: figure.savefig(part, format="png", dpi=DPI, metadata=metadata))


def _all_but(setup: EnvSetup, setting: Setting) -> str:
    """All that an environment is but for one setting of its users, and its key and agents."""
    users = setup.behaviour.model_copy(update={setting: 0.0})
    shared = setup.model_copy(update={"behaviour": users, "key": "key", "agents": ()})
    return shared.model_dump_json()


def _value(env: EnvResult, setting: Setting) -> float:
    return float(getattr(env.setup.behaviour, setting))


def _name(setup: EnvSetup) -> str:
    short = setup.env.split("/", 1)[1]
    return f"{short} ({setup.world.name}, estimator {setup.estimator.name})"
