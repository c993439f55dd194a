"""Populations of any size: users in chunks, one after another, resumed where a run was stopped.

Platforms that follow rules look at one user at a time, so users can live apart: chunk by chunk,
in flat memory. Luck hangs on the user, and what is counted are whole numbers, so that the results
are the same bytes for any size of the chunks and of the batch, and after any interruption.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recosim.envs.recorder import Recorder
from recosim.envs.registration import env_card
from recosim.envs.setup import Setup
from recosim.errors import OptionError, ResultsError
from recosim.files import atomic_write, write_json
from recosim.multi.market import Market
from recosim.multi.measures import write_tables
from recosim.multi.platforms import make_platforms
from recosim.multi.tally import Tally
from recosim.progress import Progress
from recosim.trace import Trace
from recosim.users.behaviour import is_given

__all__ = [
    "FORMAT",
    "Plan",
    "Tracer",
    "claim_folder",
    "labels",
    "play_chunk",
    "run_population",
]

FORMAT = 1
CHUNK = 16_384  # users of one chunk: what a kill can lose
ROWS = 1024  # users at once


@dataclass(frozen=True)
class Plan:
    """A population and the platforms that it lives with.

    Attributes:
        env: id of the environment. setup: its parts.
        platforms: recommenders by name (`recosim.multi.platforms.make_platforms`).
        users: lives, numbered 0, 1, ...; which user of the world lives it is drawn from the split.
        seed: of all luck. choice_pull: see `Market`.
        environment: short name of the environment, for settings of agents that hang on it.
        traces: whether every move is kept.
        creators: the rule of each; with creators all users live at once (`recosim.multi.whole`).
    """

    env: str
    setup: Setup
    platforms: tuple[str, ...]
    users: int
    seed: int = 0
    choice_pull: float = 4.0
    environment: str = ""
    traces: bool = False
    creators: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, low, high in (("users", 1, 2**31 - 1), ("seed", 0, 2**31 - 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise OptionError(
                    f"{name} is {value!r}; a whole number from {low} to {high} is needed."
                )

    @staticmethod
    def make(
        name: str,
        platforms: Sequence[str],
        users: int,
        *,
        days: int | None = None,
        overrides: Mapping[str, Any] | None = None,
        split: str = "test",
        **rest: Any,
    ) -> Plan:
        """A plan by the id or short name of an environment.

        Args:
            days: how many; those of the environment by default.
            overrides: arguments of the environment that differ from its card.
            split: whose lives. rest: `seed`, `choice_pull`, `traces`, `creators`.

        Raises:
            UnknownNameError, OptionError: see `recosim.envs.setup.Setup.prepare`; an environment
                without days.
        """
        card = env_card(name)
        changed = {key: value for key, value in (overrides or {}).items() if is_given(key, value)}
        if days is not None:
            if not hasattr(card.record.load("rules")(), "horizon"):
                raise OptionError(f"{card.name} has no days; name an environment of lives.")
            options = {**(changed.get("protocol_options") or {}), "horizon": days}
            changed["protocol_options"] = options
        setup = Setup.prepare(card.record, **{**card.arguments, **changed, "split": split})
        plan = Plan(card.id, setup, tuple(platforms), users, environment=card.name, **rest)
        plan.describe()  # platforms that cannot be are refused before anything is written
        return plan

    def describe(self) -> dict[str, Any]:
        """The set-up as JSON values: what the results hang on."""
        if not self.platforms:
            raise OptionError(
                "a market needs a platform; name a recommender for each, e.g. follow."
            )
        apart = not self.creators
        agents = make_platforms(self.platforms, self.setup, self.environment, apart=apart)
        return {
            "format": FORMAT,
            "setup": self.setup.metadata(self.env),
            "platforms": [
                {"name": label, "recommender": agent.name, "settings": agent.settings()}
                for label, agent in zip(labels(self.platforms), agents, strict=True)
            ],
            "users": self.users,
            "seed": self.seed,
            "choice_pull": float(self.choice_pull),
            "traces": self.traces,
        }


def labels(names: Sequence[str]) -> list[str]:
    """A name for each platform: that of its recommender, numbered where several have the same."""
    return [
        name if (n := list(names[: k + 1]).count(name)) == 1 else f"{name}-{n}"
        for k, name in enumerate(names)
    ]


def run_population(
    plan: Plan,
    folder: Path,
    *,
    chunk: int = CHUNK,
    rows: int = ROWS,
    threads: int | None = None,
    progress: Progress = lambda done, total, what: None,
    notice: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Run a population, or what is left of it, and write what came of it into a folder.

    The folder gets `run.json` (the set-up), `chunks/` (what is counted of each chunk, whole numbers
    by name, with the digest of the set-up), `traces/` (Parquet parts, where wanted), and the tables
    of `recosim.multi.measures.write_tables`.

    Args:
        chunk: users of a part. rows: users at once.
        progress: called with (users done, users in all, what happens).
        notice: called with a line for the user, e.g. that a run is resumed.

    Returns:
        What `summary.json` holds.

    Raises:
        OptionError: an impossible size. ResultsError: the folder holds another run, or a damaged
            part.
    """
    for name, value in (("chunk", chunk), ("rows", rows)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise OptionError(f"{name} is {value!r}; a whole number from 1 is needed.")
    described = plan.describe()
    digest = sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
    claim_folder(folder, {**described, "chunk": chunk}, notice)
    market = Market(
        plan.setup,
        make_platforms(plan.platforms, plan.setup, plan.environment, apart=True),
        min(rows, chunk, plan.users),
        choice_pull=plan.choice_pull,
        threads=threads,
    )
    tally = Tally.of(market)
    tracer = Tracer(market, plan) if plan.traces else None
    total = Tally(
        len(market.lives),
        plan.setup.protocol.horizon,
        plan.setup.world.n_items,
        plan.setup.world.n_attributes,
    )
    for k, start in enumerate(range(0, plan.users, chunk)):
        numbers = np.arange(start, min(start + chunk, plan.users))
        part = folder / "chunks" / f"{k:06d}.npz"
        trace = folder / "traces" / f"{k:06d}.parquet"
        if part.exists() and (tracer is None or trace.exists()):
            total.add(_read_part(part, digest, total))
            progress(int(numbers[-1]) + 1, plan.users, "done before")
            continue
        tally.clear()
        play_chunk(market, numbers, plan.seed)
        if tracer is not None:
            tracer.take().write(trace)
        _write_part(part, digest, tally.arrays)
        total.add(tally.arrays)
        progress(int(numbers[-1]) + 1, plan.users, ", ".join(labels(plan.platforms)))
    return write_tables(folder, total.arrays, labels(plan.platforms), described)


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


# ---- the folder ----------------------------------------------------------------------------------


def claim_folder(folder: Path, described: dict[str, Any], notice: Callable[[str], None]) -> None:
    """The folder is this run's from now on. Raises `ResultsError` if it is that of another."""
    path = folder / "run.json"
    if not path.exists():
        if folder.exists() and any(folder.iterdir()):
            raise ResultsError(f"{folder} holds files and no run.json; name a new folder.")
        write_json(path, described)
        return
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ResultsError(f"{path} cannot be read: {error}. Name a new folder.") from None
    if known != described:
        names = ", ".join(_differing(known, described)) or "the set-up"
        raise ResultsError(
            f"{folder} holds another run; these differ: {names}. Give the same command to go on "
            "with it, or name a new folder."
        )
    notice(f"resuming {folder}")


def _differing(known: Any, given: Any, name: str = "") -> list[str]:
    if isinstance(known, dict) and isinstance(given, dict):
        return [
            line
            for key in sorted(known.keys() | given.keys())
            for line in _differing(known.get(key), given.get(key), f"{name}.{key}".strip("."))
        ]
    return [] if known == given else [f"{name} ({known!r}, now {given!r})"]


def _write_part(path: Path, digest: str, arrays: dict[str, NDArray[np.int64]]) -> None:
    def write(part: Path) -> None:
        with part.open("wb") as file:
            np.savez_compressed(file, digest=np.array(digest), **arrays)  # type: ignore[arg-type]

    atomic_write(path, write)


def _read_part(path: Path, digest: str, total: Tally) -> dict[str, NDArray[np.int64]]:
    try:
        with np.load(path) as file:
            found = {name: file[name] for name in file.files}
        ours = str(found.pop("digest")) == digest
        fits = all(found[name].shape == array.shape for name, array in total.arrays.items())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ResultsError(
            f"{path} is damaged: {error}. Delete it; the run makes it anew."
        ) from None
    if not ours or not fits:
        raise ResultsError(f"{path} is of another run. Delete it, or name a new folder.")
    return found
