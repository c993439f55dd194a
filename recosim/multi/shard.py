"""`Shard`: parts of a population played in one process, one after another, apart from one another.

The process may be the one that asked, or an actor of Ray on another machine (`open_shard`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recosim.envs.parcel import Parcel
from recosim.envs.recorder import Recorder
from recosim.errors import ClusterError
from recosim.multi.market import Market
from recosim.multi.parts import differing
from recosim.multi.plan import Plan, labels
from recosim.multi.platforms import make_platforms
from recosim.multi.tally import Tally
from recosim.spread import Tell
from recosim.trace import Trace

__all__ = ["Errand", "Part", "Played", "Shard", "Tracer", "open_shard", "play_chunk"]


class Part(NamedTuple):
    """Users who are played together: numbers `start` to `stop - 1`, the k-th of such parts."""

    k: int
    start: int
    stop: int

    def __str__(self) -> str:
        return f"users {self.start} to {self.stop - 1}"


class Played(NamedTuple):
    """What came of a part: counts by name (`Tally.arrays`), and the Parquet file of its moves."""

    counts: dict[str, NDArray[np.int64]]
    trace: bytes | None


class Shard:
    """A market that plays one part after another; none of them leaves anything to the next.

    Args:
        rows: users at once. threads: of each batch.
    """

    def __init__(self, plan: Plan, rows: int, threads: int | None) -> None:
        platforms = make_platforms(plan.platforms, plan.setup, plan.environment, apart=True)
        pull = plan.choice_pull
        self.plan = plan
        self.market = Market(plan.setup, platforms, rows, choice_pull=pull, threads=threads)
        self.tally = Tally.of(self.market)
        self.tracer = Tracer(self.market, plan) if plan.traces else None

    def play(self, part: Part) -> Played:
        self.tally.clear()
        play_chunk(self.market, np.arange(part.start, part.stop), self.plan.seed)
        counts = {name: array.copy() for name, array in self.tally.arrays.items()}
        return Played(counts, None if self.tracer is None else _bytes_of(self.tracer.take()))


def _bytes_of(trace: Trace) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "moves.parquet"
        trace.write(path)
        return path.read_bytes()


# ---- in another process --------------------------------------------------------------------------


@dataclass(frozen=True)
class Errand:
    """What an actor needs to play parts of a plan as they would be played where it was made.

    Attributes:
        parcel: the set-up of the plan. rest: its other fields.
        described: what the plan says of itself (`Plan.describe`) there.
        rows: users at once. threads: of each batch.
    """

    parcel: Parcel
    rest: Mapping[str, Any]
    described: dict[str, Any]
    rows: int
    threads: int

    @staticmethod
    def of(plan: Plan, rows: int, threads: int | None) -> Errand:
        rest = {k: v for k, v in vars(plan).items() if k != "setup"}
        # An actor has one core for itself.
        return Errand(Parcel.of(plan.setup), rest, plan.describe(), rows, threads or 1)


def open_shard(errand: Errand) -> Callable[[Part, Tell], Played]:
    """Begin in an actor; gives what plays a part.

    Raises:
        WorldError: this machine does not have the world. ClusterError: the plan comes out as
            another one here, say by another card of an agent.
    """
    plan = Plan(setup=errand.parcel.open(), **errand.rest)
    if names := differing(errand.described, plan.describe()):
        raise ClusterError(
            f"the plan is another one where an actor runs; these differ: {', '.join(names)}. "
            "Give every machine the same version of RecoSim and the same RECOSIM_PATH."
        )
    shard = Shard(plan, errand.rows, errand.threads)
    return lambda part, tell: shard.play(part)


# ---- lives ---------------------------------------------------------------------------------------


def play_chunk(market: Market, numbers: NDArray[np.int64], seed: int) -> None:
    """Whole lives, by their numbers: rows whose life has ended are given to the next ones."""
    n = min(market.size, len(numbers))
    market.open(np.arange(n), numbers[:n], seed)
    waiting = numbers[n:]
    few = max(1, market.size // 8)  # lives begin in groups: each opening has its price
    while True:
        free = np.flatnonzero(market.at < 0) if len(waiting) else waiting
        if len(free) >= min(few, len(waiting)) and len(waiting):
            free = free[: len(waiting)]
            market.open(free, waiting[: len(free)], seed)
            waiting = waiting[len(free) :]
        if not market.running.any():
            break
        market.step()


class Tracer:
    """Records the moves of a market: of each life in order, wherever the user was.

    `agent` of a row is the platform. Rows of one platform alone are those of its environment.
    """

    def __init__(self, market: Market, plan: Plan) -> None:
        self.recorders = [Recorder(batch) for batch in market.lives]
        self.names, self.seed = labels(plan.platforms), plan.seed
        self.metadata = plan.setup.metadata(plan.env)
        market.followers.append(self)

    def opened(self, market: Market, rows: NDArray[np.int64]) -> None:
        for m in range(len(self.recorders)):
            self.moved(market, m, rows[market.at[rows] == m])

    def moved(self, market: Market, platform: int, rows: NDArray[np.int64]) -> None:
        if len(rows):
            chosen = np.zeros(market.size, dtype=np.bool_)
            chosen[rows] = True
            recorder = self.recorders[platform]
            recorder.record(chosen)
            recorder.moves[-1]["row"] = market.numbers[np.flatnonzero(chosen)].copy()

    def chose(self, market: Market, rows: NDArray[np.int64]) -> None:
        """Where a session was opened is told by its moves."""

    def ended(self, market: Market, rows: NDArray[np.int64]) -> None:
        """The last move says so."""

    def take(self) -> Trace:
        """All moves since the last call, ordered by life, then step."""
        traces = [
            recorder.trace(name, self.seed, self.metadata)
            for recorder, name in zip(self.recorders, self.names, strict=True)
        ]
        for recorder in self.recorders:
            recorder.clear()
        whole = Trace.concat(traces)
        keys = [("conversation", "ascending"), ("step", "ascending")]
        order: pa.Array = pc.sort_indices(whole.table, sort_keys=keys)
        return Trace(whole.table.take(order), whole.metadata)
