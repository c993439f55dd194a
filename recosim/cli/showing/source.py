"""Where recorded conversations lie: a trace's world, and the traces of a results folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recosim.bench.results import episodes_path, read_run, trace_path
from recosim.bench.schema import EnvSetup
from recosim.errors import ResultsError, UnknownNameError, unknown
from recosim.trace import Trace
from recosim.world.catalog import open_world
from recosim.world.world import World

__all__ = ["Unit", "choose_units", "units_in", "world_of"]


@dataclass(frozen=True)
class Unit:
    """The trace of one agent and seed in an environment of a results folder.

    Attributes:
        setup: the environment, as run.json has it.
        path: the Parquet file of the trace.
        state: "recorded"; "not run yet"; or "not kept": the bench ran with --no-traces.
    """

    setup: EnvSetup
    agent: str
    seed: int
    path: Path
    state: str

    @property
    def options(self) -> str:
        """The options of `recosim show` that choose it."""
        return f"--env {self.setup.key} --agent {self.agent} --seed {self.seed}"

    def trace(self) -> Trace:
        """The trace.

        Raises:
            ResultsError: it is not there, or damaged.
        """
        if self.state == "not run yet":
            raise ResultsError(
                f"{self.path}: no such trace: the run is not finished. Start the same bench again "
                "with this folder: it goes on where it stopped."
            )
        if self.state == "not kept":
            raise ResultsError(
                f"{self.path}: no such trace, though the conversations were run: the bench kept no "
                "traces (--no-traces). Run it again with --traces, into another folder."
            )
        return Trace.read(self.path)


def units_in(folder: Path) -> list[Unit]:
    """Every unit of a results folder, in the order of its run.

    Raises:
        ResultsError: not a folder of `recosim bench`, a damaged one, or of another version.
    """
    return [
        Unit(setup, agent.name, seed, path, _state(folder, setup.key, agent.name, seed))
        for setup in read_run(folder).environments
        for agent in setup.agents
        for seed in setup.seeds
        for path in [trace_path(folder, setup.key, agent.name, seed)]
    ]


def choose_units(
    units: list[Unit], env: str | None, agent: str | None, seed: int | None
) -> list[Unit]:
    """The units of an environment, an agent and a seed; None: of any.

    Args:
        env: the key of an environment of the run ("CPR-LastFM-v0.typical"), or an id or a short
            name, which stands for every environment of this id ("CPR-LastFM").

    Raises:
        UnknownNameError: the run has no such environment, agent or seed.
    """
    if env is not None:
        keys = {unit.setup.key for unit in units}
        same = [unit for unit in units if unit.setup.key == env or _names(unit.setup, env)]
        exact = [unit for unit in units if unit.setup.key == env]
        if not same:
            raise unknown("environment of this run", env, keys)
        units = exact or same
    if agent is not None:
        names = {unit.agent for unit in units}
        if agent not in names:
            raise unknown("agent of this run", agent, names)
        units = [unit for unit in units if unit.agent == agent]
    if seed is not None:
        seeds = sorted({unit.seed for unit in units})
        if seed not in seeds:
            listed = ", ".join(map(str, seeds))
            raise UnknownNameError(f"this run has no seed {seed}. Allowed: {listed}.")
        units = [unit for unit in units if unit.seed == seed]
    return units


def world_of(trace: Trace, path: Path, name: str | None) -> World:
    """The world that a trace was recorded on.

    Args:
        path: of the trace, for the errors.
        name: the world's name or folder, where it is not the one that the trace names.

    Raises:
        ResultsError: the trace names no world, or the world here is another one.
        UnknownNameError: the world is not here.
    """
    recorded, fingerprint = trace.metadata.get("world"), trace.metadata.get("fingerprint")
    if not (
        recorded and fingerprint and isinstance(recorded, str) and isinstance(fingerprint, str)
    ):
        raise ResultsError(f"{path} does not say which world it was recorded on.")
    try:
        world = open_world(name or str(recorded))
    except UnknownNameError as error:
        if name is not None:
            raise
        raise UnknownNameError(
            f"{path} was recorded on the world {recorded!r}, which is not here: {error} Or give "
            "its folder with --world."
        ) from None
    if not world.known_as(str(fingerprint)):
        raise ResultsError(
            f"{path} was recorded on the world {recorded!r} with fingerprint {fingerprint[:12]}; "
            f"{world.name!r} here has {world.fingerprint[:12]}, so its ids mean other things. Give "
            "the right world with --world, or build it again with the version of RecoSim that "
            f"recorded it ({trace.metadata.get('version', 'unknown')})."
        )
    trace.check(world, path)
    return world


def _names(setup: EnvSetup, given: str) -> bool:
    """Whether what was typed is the id of an environment, with or without namespace and version."""
    name = setup.env.split("/", 1)[-1]
    return given in (setup.env, name, name.rsplit("-v", 1)[0])


def _state(folder: Path, key: str, agent: str, seed: int) -> str:
    if trace_path(folder, key, agent, seed).is_file():
        return "recorded"
    return "not kept" if episodes_path(folder, key, agent, seed).is_file() else "not run yet"
