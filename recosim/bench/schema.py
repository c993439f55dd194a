"""What the JSON files of a results folder hold: closed schemas, checked when written and when read.

`Run` (run.json) says what is to be run, `Results` (results.json) what came of it. Neither holds a
time, a host or a path outside the folder, so equal runs are equal bytes.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from recosim.bench.stats import Estimate
from recosim.errors import RecosimError, ResultsError, unknown
from recosim.estimators.base import NO_ESTIMATOR
from recosim.family import UNNAMED, Family, family
from recosim.metrics import Joint, Line, Metric, Scatter, curve_of, headlines
from recosim.trace import Columns
from recosim.users import Population
from recosim.users.llm_settings import llm_settings
from recosim.world.world import World

__all__ = [
    "AgentResult",
    "AgentSetup",
    "BootstrapInfo",
    "CheckpointInfo",
    "Comparison",
    "EnvResult",
    "EnvSetup",
    "EstimatorInfo",
    "Results",
    "Run",
    "SeedResult",
    "Timing",
    "Timings",
    "Users",
    "WorldInfo",
]

NAME = r"^[A-Za-z0-9_][A-Za-z0-9._-]*$"  # becomes part of a file name


class Model(BaseModel):
    """Base of everything in the JSON files: closed, immutable, finite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class WorldInfo(Model):
    """Which world, and how large it is.

    Attributes:
        topics, needs: of a collection to search in; left out of the file where there are none.
    """

    name: str
    fingerprint: str
    users: int
    items: int
    attributes: int
    facets: int
    interactions: int
    topics: int = 0
    needs: int = 0

    @staticmethod
    def of(world: World) -> WorldInfo:
        topics = world.topics
        return WorldInfo(
            name=world.name,
            fingerprint=world.fingerprint,
            users=world.n_users,
            items=world.n_items,
            attributes=world.n_attributes,
            facets=world.n_facets,
            interactions=world.n_interactions,
            topics=0 if topics is None else topics.n_topics,
            needs=0 if topics is None else topics.n_turns,
        )

    @property
    def told(self) -> str:
        """How large it is, in words."""
        if not self.topics:
            return f"{self.users:,} users, {self.items:,} items, {self.attributes:,} attributes"
        return f"{self.topics:,} topics, {self.needs:,} needs, {self.items:,} documents"

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        searched = ("topics", "needs")
        return {k: v for k, v in data.items() if v or k not in searched}


class Users(Model):
    """How the users answer (docs/protocols.md, "Users"): `Population.to_dict()`.

    Attributes:
        name: of the population.
        settings: those that differ from the users of the papers; a table is a distribution.
        seed: of the draws, where users differ.
        llm: of the language model that speaks for them: what it decides, model, sampling, style.
    """

    name: str = "ideal"
    settings: dict[str, JsonValue] = {}
    seed: int | None = None
    llm: dict[str, JsonValue] | None = None

    @model_validator(mode="after")
    def _possible(self) -> Users:
        try:
            self.population.to_dict()
        except RecosimError as error:
            raise ValueError(f"users: {error}") from None
        return self

    @property
    def population(self) -> Population:
        llm = dict(self.llm or {})
        style = str(llm.pop("style", "plain"))
        spoken = llm_settings(llm) if llm else None
        return Population(self.name, self.settings, style, self.seed or 0, spoken)


class EstimatorInfo(Model):
    """Which estimator, with which settings; `NO_ESTIMATOR` where there is nothing to fit one to."""

    name: str
    settings: dict[str, JsonValue] = {}

    @property
    def told(self) -> str:
        """The same within a list, "" where there is none."""
        return "" if self.name == NO_ESTIMATOR else f"estimator {self.name}"


class CheckpointInfo(Model):
    """What an agent had learned: by which seed, for how many rounds, from which users.

    Attributes:
        sha256: of the file of its weights.
    """

    seed: int
    rounds: int
    users: Users
    sha256: str


class AgentSetup(Model):
    """An agent, its settings, and whether it sees what users hide (a ceiling then, and no rival).

    Attributes:
        checkpoints: one for each seed of the run; none for an agent that does not learn.
    """

    name: str = Field(pattern=NAME)
    implementation: str = ""  # "module:Class"
    settings: dict[str, JsonValue] = {}
    privileged: bool = False
    checkpoints: tuple[CheckpointInfo, ...] = ()


class EnvSetup(Model):
    """Everything that the episodes of one environment depend on.

    Attributes:
        key: name of its folders and plots; unique in a run, e.g. "CPR-LastFM-v0".
        env: the registered id, e.g. "recosim/CPR-LastFM-v0".
        family: of the environment; it says what the protocol is, and what is measured.
        protocol: `to_dict()` of its rules.
        illegal: what an illegal move of an agent does: "raise" stops the run, "penalise" wastes a
            turn and is counted.
        conversations: episodes with each agent and seed.
        available: episodes that the split has; more than `conversations` if they were sampled.
    """

    key: str = Field(pattern=NAME)
    env: str
    family: str = UNNAMED
    world: WorldInfo
    protocol: dict[str, JsonValue]
    users: Users
    estimator: EstimatorInfo
    split: Literal["train", "valid", "test"]
    illegal: Literal["raise", "penalise"] = "raise"
    conversations: int = Field(ge=1)
    available: int = Field(ge=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    agents: tuple[AgentSetup, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> EnvSetup:
        names = [agent.name for agent in self.agents]
        if len(set(names)) < len(names) or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"{self.key}: an agent or a seed is named twice")
        if self.conversations > self.available:
            raise ValueError(f"{self.key}: {self.conversations} of {self.available} conversations")
        try:
            self.rules.to_dict()
        except RecosimError as error:
            raise ValueError(f"{self.key}: protocol: {error}") from None
        return self

    @property
    def record(self) -> Family:
        """What the family provides."""
        return family(self.family)

    @property
    def rules(self) -> Any:
        """The rules that `protocol` describes."""
        return self.record.load("rules").from_dict(dict(self.protocol))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What is measured under these rules."""
        found: tuple[Metric, ...] = self.record.load("metrics")(self.rules)
        return found

    @property
    def joint(self) -> Joint | None:
        """What all episodes of an agent give together; None where the family says nothing."""
        found: Joint | None = self.record.load("joint") or None
        return found

    @property
    def plots(self) -> tuple[Scatter | Line, ...]:
        """What is drawn beside the usual plots."""
        made = self.record.load("plots")
        return tuple(made(self.rules)) if made else ()

    @property
    def columns(self) -> Columns:
        """The columns of traces and episodes."""
        found: Columns = self.record.load("columns")
        return found


class Run(Model):
    """run.json: what is to be run.

    Attributes:
        versions: of every package that the outcomes depend on: recosim, numpy, numba, and torch
            where an agent has learned; then `python` and `cpu`, the machine that wrote it last.
    """

    format: Literal[1] = 1
    versions: dict[str, str]
    environments: tuple[EnvSetup, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Run:
        keys = [env.key for env in self.environments]
        if len(set(keys)) < len(keys):
            raise ValueError(f"an environment key is used twice: {', '.join(keys)}")
        return self

    def env(self, key: str) -> EnvSetup:
        """The environment of a key. Raises `UnknownNameError`."""
        for env in self.environments:
            if env.key == key:
                return env
        raise unknown("environment of this run", key, [env.key for env in self.environments])


class SeedResult(Model):
    """One seed of one agent: its file of outcomes, and the headline metrics without interval.

    Attributes:
        joint: what all its episodes give together (`recosim.metrics.Joint`).
        own: kind of what a language model was asked for ("words", "decisions" of users, "moves")
            -> (how many are its own, how many were asked for).

    `joint` and `own` are left out of the file where there is nothing.
    """

    seed: int
    episodes: str
    sha256: str
    metrics: dict[str, float | None]
    joint: dict[str, float | tuple[float, ...] | None] = {}
    own: dict[str, tuple[int, int]] = {}

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        return {k: v for k, v in data.items() if v or k not in ("joint", "own")}


class AgentResult(Model):
    """One agent: metrics over all seeds with intervals, and each seed.

    Attributes:
        metrics: by name; None for one without a value, such as a share of questions of an agent
            that never asks.
    """

    name: str
    metrics: dict[str, Estimate | None]
    seeds: tuple[SeedResult, ...]

    def estimate(self, metric: Metric | str) -> Estimate:
        """A metric. Raises `ResultsError` where it has no value."""
        name = metric if isinstance(metric, str) else metric.name
        if name not in self.metrics:
            raise unknown("metric of these results", name, self.metrics)
        found = self.metrics[name]
        if found is None:
            raise ResultsError(f"{name} of agent {self.name!r} has no value in these results.")
        return found


class Comparison(Model):
    """Agent `a` minus agent `b`, episode by episode.

    Attributes:
        differences: of the headline metrics, by name.
        wins, ties, losses: episodes (of all seeds) in which `a` does better than `b` by the metric
            that ranks, as well, and worse.
    """

    a: str
    b: str
    differences: dict[str, Estimate]
    wins: int
    ties: int
    losses: int

    def reversed(self) -> Comparison:
        """The same comparison seen from `b`."""
        return Comparison(
            a=self.b,
            b=self.a,
            differences={name: -difference for name, difference in self.differences.items()},
            wins=self.losses,
            ties=self.ties,
            losses=self.wins,
        )


class EnvResult(Model):
    """One environment: its setup, its agents in that order, and every pair of them compared."""

    setup: EnvSetup
    agents: tuple[AgentResult, ...]
    comparisons: tuple[Comparison, ...]

    @model_validator(mode="after")
    def _consistent(self) -> EnvResult:
        key, names = self.setup.key, [agent.name for agent in self.setup.agents]
        if [agent.name for agent in self.agents] != names:
            raise ValueError(f"{key}: the agents are not those of its setup")
        self._complete()
        pairs = {(pair.a, pair.b) for pair in self.comparisons}
        if pairs != {(a, b) for n, a in enumerate(names) for b in names[n + 1 :]}:
            raise ValueError(f"{key}: the comparisons are not those of its agents")
        return self

    def _complete(self) -> None:
        """What tables and plots are made of is there; a metric that is newer than a file is not."""
        declared = self.setup.metrics
        names, points = {metric.name for metric in declared}, curve_of(declared)
        needed = {metric.name for metric in (*points, *headlines(declared))}
        for agent in self.agents:
            if wrong := sorted(needed - set(agent.metrics) | set(agent.metrics) - names):
                curve = (
                    f"; {points[0].label} and on is given for t = {points[0].at} to {points[-1].at}"
                    if points
                    else ""
                )
                raise ValueError(
                    f"{self.setup.key}, agent {agent.name}: {', '.join(wrong)}: missing, or no "
                    f"metric of its protocol{curve}"
                )

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What was measured."""
        return self.setup.metrics

    def agent(self, name: str) -> AgentResult:
        """The result of one agent. Raises `UnknownNameError`."""
        for agent in self.agents:
            if agent.name == name:
                return agent
        raise unknown("agent of this run", name, [agent.name for agent in self.agents])

    def privileged(self, name: str) -> bool:
        """Whether an agent sees what users hide."""
        return any(agent.privileged for agent in self.setup.agents if agent.name == name)

    def compare(self, a: str, b: str) -> Comparison:
        """Agent `a` minus agent `b`, whichever way round it is stored."""
        self.agent(a), self.agent(b)
        for pair in self.comparisons:
            if (pair.a, pair.b) == (a, b):
                return pair
            if (pair.a, pair.b) == (b, a):
                return pair.reversed()
        raise ResultsError(f"{a!r} was not compared with itself.")


class BootstrapInfo(Model):
    """How the intervals were made (`recosim.bench.stats.Bootstrap`)."""

    resamples: int
    level: float
    seed: int


class Results(Model):
    """results.json: no time, host or path is in it, so equal runs are equal bytes."""

    format: Literal[2] = 2
    versions: dict[str, str]
    bootstrap: BootstrapInfo
    environments: tuple[EnvResult, ...] = Field(min_length=1)


class Timing(Model):
    """How long one agent took with one seed: wall-clock seconds, and moves per second of them.

    Kernels that are compiled meanwhile, once on a machine, are no part of it.
    """

    env: str
    agent: str
    seed: int
    seconds: float
    moves: int
    moves_per_second: float


class Timings(Model):
    """timings.json."""

    format: Literal[1] = 1
    timings: tuple[Timing, ...]
