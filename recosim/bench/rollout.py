"""A unit of work of a bench: one agent with one seed in one environment, chunk by chunk.

Chunks are written as they end, so that a killed run loses one at most. Luck hangs on (seed, number
of the episode), so neither batches nor chunks nor interruptions change an outcome.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recosim.agents.base import Agent
from recosim.agents.learner import Learner
from recosim.bench.entrants import Entrant
from recosim.bench.essence import unit_digest
from recosim.bench.own import OwnCounts, own_path
from recosim.bench.results import trace_path, write_episodes, write_joint, write_timings
from recosim.bench.schema import EnvSetup, Timing
from recosim.bench.setup import BenchEnv
from recosim.envs.batch import Batch
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.envs.talk import Talk
from recosim.errors import IllegalActionError, ResultsError
from recosim.files import write_json
from recosim.kernels.watch import working_time
from recosim.trace import Trace
from recosim.users.speaker import Speaker

__all__ = ["Clock", "Unit", "play_batch", "run_unit"]

# Episodes of one chunk: what a kill can lose, and what is held in memory at once.
CHUNK = 16_384
BATCH_BYTES = 256 * 1024**2


@dataclass
class Clock:
    """Adds up the time of each unit, over resumed runs too; compiling kernels is none of it."""

    timings: dict[tuple[str, str, int], Timing] = field(default_factory=dict)

    def add(self, key: str, agent: str, seed: int, seconds: float, moves: int) -> None:
        before = self.timings.get((key, agent, seed))
        if before is not None:
            seconds, moves = seconds + before.seconds, moves + before.moves
        self.timings[key, agent, seed] = Timing(
            env=key,
            agent=agent,
            seed=seed,
            seconds=seconds,
            moves=moves,
            moves_per_second=moves / max(seconds, 1e-9),
        )

    def in_order(self) -> list[Timing]:
        """By environment, agent and seed."""
        return [self.timings[key] for key in sorted(self.timings)]


@dataclass(frozen=True)
class Unit:
    """One agent with one seed in one environment, and how it is run."""

    env: BenchEnv
    setup: EnvSetup
    entrant: Entrant
    seed: int
    folder: Path
    batch: int | None
    threads: int | None
    traces: bool
    raise_illegal: bool
    speaker: Speaker | None
    max_fallbacks: float = 1.0

    def __str__(self) -> str:
        return f"{self.env.key} {self.entrant.name} seed {self.seed}"


def run_unit(unit: Unit, tell: Callable[[int, str], None], clock: Clock) -> None:
    """Chunk by chunk, then the whole."""
    env, name, seed = unit.env, unit.entrant.name, unit.seed
    size = min(unit.batch or _roomy_batch(env.setup), len(env.conversations))
    batch = env.setup.batch(
        size, track=unit.entrant.track, threads=unit.threads, raise_illegal=unit.raise_illegal
    )
    agent = unit.entrant.ready(batch, seed)
    talk = (
        None if unit.speaker is None else Talk(batch, unit.speaker, env.setup.family.load("acts"))
    )
    path = trace_path(unit.folder, env.key, name, seed)
    parts = path.with_name(f"{path.stem}.parts")
    # What a trace is of, so that no part of another run is taken for one of this.
    metadata = {**env.setup.metadata(env.id), "unit": unit_digest(unit.setup, name, seed)}
    chunks = [env.conversations[i : i + CHUNK] for i in range(0, len(env.conversations), CHUNK)]
    pieces = []
    own = OwnCounts((agent, unit.speaker), unit.max_fallbacks, metadata["unit"])
    for k, chunk in enumerate(chunks):
        part = parts / f"{k}.parquet"
        if (kept := _kept(part, metadata["unit"])) is not None:
            pieces.append(kept)
            own.read(part.with_suffix(".own.json"))
            tell(len(chunk), f"{env.key} {name} (done before)")
            continue
        started = working_time()
        own.begin()
        recorder = Recorder(batch)
        batches = []
        for rows in _batches(chunk, size):
            try:
                with _threads_of(agent):
                    play_batch(batch, agent, env.units, rows, seed, recorder, talk)
            except IllegalActionError as error:
                raise IllegalActionError(
                    f"agent {name!r} in {env.key}, seed {seed}: {error}"
                ) from None
            batches.append(recorder.trace(name, seed, metadata))
            recorder.clear()
            tell(len(rows), f"{env.key} {name} seed {seed}")
        trace = Trace.concat(batches)
        pieces.append(trace)
        own.end()
        if len(chunks) > 1:
            own.write(part.with_suffix(".own.json"), last=True)
            trace.write(part)
        clock.add(env.key, name, seed, working_time() - started, len(trace) - len(chunk))
        write_timings(unit.folder, clock.in_order())  # a chunk that is kept keeps its time
    reports = unit.folder / "reports" / env.key
    if report := agent.report():
        write_json(reports / f"{name}-{seed}.json", report)
    if unit.speaker is not None:  # of all agents so far, in this process
        write_json(reports / "users.json", unit.speaker.report())
    started = working_time()
    whole = Trace.concat(pieces)
    if unit.traces:
        whole.write(path)
    if joint := env.setup.family.load("joint"):
        write_joint(unit.folder, unit.setup, name, seed, joint.measure(whole, env.setup.world))
    own.write(own_path(unit.folder, env.key, name, seed))
    write_episodes(unit.folder, unit.setup, name, seed, whole.episodes())
    shutil.rmtree(parts, ignore_errors=True)
    clock.add(env.key, name, seed, working_time() - started, 0)


def _kept(part: Path, unit: str) -> Trace | None:
    """The part of a trace that was written before; None where it is to be played (again)."""
    try:
        found = Trace.read(part)
    except ResultsError:  # not there, or damaged
        return None
    return found if found.metadata.get("unit") == unit else None


def _threads_of(agent: Agent) -> AbstractContextManager[None]:
    """torch on one thread for an agent that learns: its moves must not hang on the machine."""
    if not isinstance(agent, Learner):
        return nullcontext()
    from recosim.agents.torch_learner import one_thread

    return one_thread()


def _roomy_batch(setup: Setup) -> int:
    """As many episodes as fit into a budget of memory: each call of a kernel has its price."""
    row = sum(array.nbytes for array in setup.batch(1, threads=1).state().values())
    return int(np.clip(BATCH_BYTES // row, 64, 4096))


def _batches(chosen: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(chosen), size):
        yield chosen[start : start + size]


def play_batch(
    batch: Batch,
    agent: Agent,
    units: NDArray[np.int32],
    chosen: NDArray[np.int64],
    seed: int,
    recorder: Recorder,
    talk: Talk | None = None,
) -> None:
    """Play some episodes to their ends in the first rows of a batch, and record them.

    Args:
        units: (available, k), what an episode is about, by its number.
        chosen: (n,) numbers of the episodes, n at most the size of the batch.
        seed: seed of all luck.
        talk: of the batch, where users talk.
    """
    running = np.arange(batch.size) < len(chosen)
    batch.arrays["done"][:] = 1
    batch.open(
        slice(0, len(chosen)),
        seeds=np.full(len(chosen), seed, dtype=np.uint64),
        conversations=chosen,
        units=units[chosen],
    )
    if talk is not None:
        talk.open(running)
    step, words = (batch.step, None) if talk is None else (talk.step, talk.words)
    recorder.record(running, words)
    agent.reset(running)
    while running.any():
        step(agent.act())
        recorder.record(running, words)
        agent.observe(running)
        running = batch.arrays["done"] == 0
