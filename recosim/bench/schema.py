"""What the JSON files of a results folder hold: closed schemas, checked when written and when read.

`Run` (run.json) says what is to be run, `Results` (results.json) what came of it. Neither holds a
time, a host or a path outside the folder, so equal runs are equal bytes.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from recosim.bench.metrics import Comparison, Summary
from recosim.envs.cpr.protocol import Protocol
from recosim.errors import RecosimError, ResultsError, unknown
from recosim.users import Population
from recosim.users.llm_settings import llm_settings
from recosim.world.world import World

__all__ = [
    "AgentResult",
    "AgentSetup",
    "BootstrapInfo",
    "CheckpointInfo",
    "EnvResult",
    "EnvSetup",
    "EstimatorInfo",
    "FORMAT",
    "Results",
    "Run",
    "SeedResult",
    "Timing",
    "Timings",
    "Users",
    "WorldInfo",
]

FORMAT = 1  # of all files of the folder; each model repeats it as a literal
NAME = r"^[A-Za-z0-9_][A-Za-z0-9._-]*$"  # becomes part of a file name


class Model(BaseModel):
    """Base of everything in the JSON files: closed, immutable, finite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class WorldInfo(Model):
    """Which world, and how large it is."""

    name: str
    fingerprint: str
    users: int
    items: int
    attributes: int
    facets: int
    interactions: int

    @staticmethod
    def of(world: World) -> WorldInfo:
        return WorldInfo(
            name=world.name,
            fingerprint=world.fingerprint,
            users=world.n_users,
            items=world.n_items,
            attributes=world.n_attributes,
            facets=world.n_facets,
            interactions=world.n_interactions,
        )


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
    """Which estimator, with which settings."""

    name: str
    settings: dict[str, JsonValue] = {}


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
    """An agent, its settings, and whether it sees the target (then it is a ceiling, no rival).

    Attributes:
        checkpoints: one for each seed of the run; none for an agent that does not learn.
    """

    name: str = Field(pattern=NAME)
    implementation: str = ""  # "module:Class"
    settings: dict[str, JsonValue] = {}
    privileged: bool = False
    checkpoints: tuple[CheckpointInfo, ...] = ()


class EnvSetup(Model):
    """Everything that the conversations of one environment depend on.

    Attributes:
        key: name of its folders and plots; unique in a run, e.g. "CPR-LastFM-v0".
        env: the registered id, e.g. "recosim/CPR-LastFM-v0".
        protocol: `Protocol.to_dict()`.
        illegal: what an illegal move of an agent does: "raise" stops the run, "penalise" wastes a
            turn and is counted.
        conversations: conversations with each agent and seed.
        available: conversations that the split has; more than `conversations` if they were sampled.
    """

    key: str = Field(pattern=NAME)
    env: str
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
    def rules(self) -> Protocol:
        return Protocol.from_dict(dict(self.protocol))


class Run(Model):
    """run.json: what is to be run.

    Attributes:
        versions: of every package that the outcomes depend on: recosim, numpy, numba.
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
    """One seed of one agent: its file of outcomes, and the headline metrics without interval."""

    seed: int
    episodes: str
    sha256: str
    success_rate: float
    average_turns: float
    hdcg: float


class AgentResult(Model):
    """One agent: metrics over all seeds with intervals, and each seed."""

    name: str
    summary: Summary
    seeds: tuple[SeedResult, ...]


class EnvResult(Model):
    """One environment: its setup, its agents in that order, and every pair of them compared."""

    setup: EnvSetup
    agents: tuple[AgentResult, ...]
    comparisons: tuple[Comparison, ...]

    @model_validator(mode="after")
    def _consistent(self) -> EnvResult:
        names = [agent.name for agent in self.setup.agents]
        if [agent.name for agent in self.agents] != names:
            raise ValueError(f"{self.setup.key}: the agents are not those of its setup")
        turns = self.setup.rules.max_turns
        if any(agent.summary.max_turns != turns for agent in self.agents):
            raise ValueError(f"{self.setup.key}: SR@t is not given for t = 1 to {turns}")
        pairs = {(pair.a, pair.b) for pair in self.comparisons}
        if pairs != {(a, b) for n, a in enumerate(names) for b in names[n + 1 :]}:
            raise ValueError(f"{self.setup.key}: the comparisons are not those of its agents")
        return self

    def agent(self, name: str) -> AgentResult:
        """The result of one agent. Raises `UnknownNameError`."""
        for agent in self.agents:
            if agent.name == name:
                return agent
        raise unknown("agent of this run", name, [agent.name for agent in self.agents])

    def privileged(self, name: str) -> bool:
        """Whether an agent sees the target."""
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

    format: Literal[1] = 1
    versions: dict[str, str]
    bootstrap: BootstrapInfo
    environments: tuple[EnvResult, ...] = Field(min_length=1)


class Timing(Model):
    """How long one agent took with one seed: wall-clock seconds, and moves per second of them."""

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
