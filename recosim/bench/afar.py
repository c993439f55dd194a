"""Units of a bench on actors of Ray: what each writes is brought back, and kept by who asked.

An actor runs a unit into a folder of its own, which is gone afterwards. So the results folder needs
to be on no shared disk, and a unit is there as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from recosim.agents.learner import Arrays
from recosim.agents.registry import make_agent
from recosim.bench.entrants import Entrant
from recosim.bench.results import write_timings
from recosim.bench.rollout import Clock, Unit, run_unit
from recosim.bench.schema import Timing
from recosim.bench.setup import BenchEnv
from recosim.cluster import Cluster
from recosim.envs.parcel import Parcel
from recosim.errors import OptionError
from recosim.spread import Tell, bring_files, lay_files, spread

__all__ = ["check_afar", "run_units"]

Env = tuple[BenchEnv, Parcel]  # the environment without its set-up, which is in the parcel


class Far(NamedTuple):
    """A unit on its way: what all units of an environment share travels once."""

    key: str
    unit: Unit


@dataclass(frozen=True)
class InHand:
    """Weights that were read already: the checkpoint is on another machine."""

    arrays: Arrays

    def weights(self) -> Arrays:
        return self.arrays


class Done(NamedTuple):
    """What came of a unit: the files that it wrote by their path in the folder, and its time."""

    files: dict[str, bytes]
    timing: Timing


def check_afar(env: BenchEnv, entrants: Sequence[Entrant]) -> None:
    """Raise `OptionError` where a language model takes part."""
    who = [f"users {env.setup.users.name!r}"] if env.setup.users.llm is not None else []
    who += [f"agent {e.name!r}" for e in entrants if make_agent(e.name, e.environment).asks_server]
    if who:
        raise OptionError(
            f"{env.key}: {', '.join(who)}: a language model takes part, whose budget and cassette "
            "are of one process. Leave out --ray; its server is asked many at once anyway."
        )


def run_units(
    units: Sequence[Unit],
    cluster: Cluster,
    tell: Callable[[int, str], None],
    clock: Clock,
    notice: Callable[[str], None],
) -> None:
    """Run units on actors, and keep what comes of each in its folder as it comes.

    Args:
        tell: called with conversations that were done since the last call, and what is running.
        clock: gets the time of each unit.

    Raises:
        Whatever `recosim.spread.spread`, `Parcel.open` and a unit raise.
    """
    without: Any = None  # a set-up travels in a parcel, and a speaker not at all
    envs = {
        unit.env.key: (replace(unit.env, setup=without), Parcel.of(unit.env.setup))
        for unit in units
    }
    finished = told = 0

    def said(running: int, what: str) -> None:
        nonlocal told
        if (now := finished + running) > told:
            tell(now - told, what)
            told = now

    doing = spread(cluster, open_envs, envs, units, pack=_far, tell=said, notice=notice)
    with closing(doing):
        for unit, (files, timing) in doing:
            lay_files(files, unit.folder, last="episodes")  # they say that a unit is done
            clock.add(timing.env, timing.agent, timing.seed, timing.seconds, timing.moves)
            write_timings(unit.folder, clock.in_order())
            finished += len(unit.env.conversations)
            said(0, str(unit))


def _far(unit: Unit) -> Far:
    learned: dict[int, Any] = {
        seed: InHand(checkpoint.weights())
        for seed, checkpoint in unit.entrant.checkpoints.items()
        if seed == unit.seed
    }
    without: Any = None
    entrant = replace(unit.entrant, checkpoints=learned)
    return Far(
        unit.env.key,
        # An actor has one core for itself.
        replace(unit, env=without, entrant=entrant, folder=Path(), threads=unit.threads or 1),
    )


def open_envs(envs: dict[str, Env]) -> Callable[[Far, Tell], Done]:
    """Begin in an actor; gives what runs a unit. An environment is opened when it is first met."""
    opened: dict[str, BenchEnv] = {}

    def run(far: Far, tell: Tell) -> Done:
        if far.key not in opened:
            env, parcel = envs[far.key]
            opened[far.key] = replace(env, setup=parcel.open())
        done = 0

        def said(conversations: int, what: str) -> None:
            nonlocal done
            done += conversations
            tell(done, what)

        clock = Clock()
        with TemporaryDirectory() as folder:
            run_unit(replace(far.unit, env=opened[far.key], folder=Path(folder)), said, clock)
            (timing,) = clock.in_order()
            (Path(folder) / "timings.json").unlink()  # of this unit alone
            return Done(bring_files(Path(folder)), timing)

    return run
