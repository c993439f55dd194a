"""`run_bench`: agents meet the same users, in batches; what happened goes into a results folder.

A unit of work is one agent with one seed in one environment. It runs in chunks whose traces are
written as they end, so that a killed run loses one chunk at most and does nothing twice. Luck hangs
on (seed, conversation), so neither batches nor chunks nor interruptions change an outcome.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recosim.agents.base import Agent
from recosim.agents.checkpoints import checkpoint_root
from recosim.agents.learner import Learner
from recosim.agents.registry import agent_names, make_agent
from recosim.bench.entrants import Entrant, enter, train_command
from recosim.bench.results import (
    claim_run,
    finish_run,
    has_episodes,
    read_timings,
    trace_path,
    write_episodes,
    write_timings,
)
from recosim.bench.schema import (
    EnvSetup,
    EstimatorInfo,
    Results,
    Timing,
    Users,
    WorldInfo,
)
from recosim.envs.cpr.columns import Recorder
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.registration import env_card
from recosim.envs.setup import Setup
from recosim.envs.talk import Talk, speaker_of
from recosim.errors import CheckpointError, IllegalActionError, MissingExtraError, OptionError
from recosim.estimators.registry import estimator as make_estimator
from recosim.files import write_json
from recosim.progress import Progress
from recosim.trace import Trace
from recosim.users import Population, population
from recosim.users.behaviour import is_given
from recosim.users.speaker import Speaker

__all__ = [
    "BenchEnv",
    "play_batch",
    "prepare_env",
    "rule_agents",
    "run_bench",
    "sample_conversations",
]

# Conversations of one chunk: what a kill can lose, and what is held in memory at once.
CHUNK = 16_384
BATCH_BYTES = 256 * 1024**2


@dataclass
class BenchEnv:
    """An environment of a bench: its parts, and which conversations are run."""

    key: str
    place: str  # the key without its users: where agents trained for it are kept
    usual: Population  # the users of its card
    id: str
    name: str
    setup: Setup
    conversations: NDArray[np.int64]  # rows of `pairs`, ascending
    pairs: NDArray[np.int32]  # (available, 2): user and item of each conversation of the split
    estimator: EstimatorInfo
    overrides: Mapping[str, Any] = field(default_factory=dict)  # what differs from its card

    @property
    def fitted(self) -> dict[str, Any]:
        """Name and settings of the estimator, as checkpoints know it."""
        return self.estimator.model_dump(mode="json")


@dataclass
class _Clock:
    """Adds up the time of each unit, over resumed runs too."""

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


def sample_conversations(available: int, wanted: int | None) -> NDArray[np.int64]:
    """Which conversations of a split are run: all, or a sample that hangs on their number alone."""
    if wanted is None or wanted >= available:
        return np.arange(available)
    if wanted < 1:
        raise OptionError(f"episodes is {wanted}; at least 1 is needed.")
    chosen = np.random.default_rng(20_240_229).permutation(available)[:wanted]
    return np.sort(chosen)


def prepare_env(
    name: str,
    *,
    split: str = "test",
    episodes: int | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> BenchEnv:
    """The parts of one environment by its id or short name.

    Args:
        overrides: arguments of the environment that differ from its card: `world`, `protocol`,
            `protocol_options`, `question`, `estimator`, `estimator_options`, `users`,
            and settings of users by name.
    """
    card = env_card(name)
    changed = {k: v for k, v in (overrides or {}).items() if is_given(k, v)}
    arguments: dict[str, Any] = {**card.arguments, **changed, "split": split}
    options = dict(changed.get("protocol_options") or {})
    if "question" in options:  # said last, it counts: not what the card says
        arguments["question"] = options["question"]
    fitter = make_estimator(
        arguments.get("estimator", "mf"), **arguments.get("estimator_options", {})
    )
    estimator = EstimatorInfo(
        name=fitter.name, settings={**fitter.settings(), "version": fitter.version}
    )
    arguments["protocol_name"] = arguments.pop("protocol", "scpr")
    setup = Setup.prepare(**arguments)
    pairs = setup.batch(1, threads=1).pool.pairs()
    key = card.id.split("/", 1)[1]
    if "world" in changed:
        key += f".{setup.world.name}"
    place, users = key, setup.users
    usual = population(card.arguments.get("users", "ideal"))
    if users.name != usual.name:
        key += f".{users.name}"
    key = ".".join([key, *users.labels(changed)])
    return BenchEnv(
        key=key,
        place=place,
        usual=usual,
        id=card.id,
        name=card.name,
        setup=setup,
        conversations=sample_conversations(len(pairs), episodes),
        pairs=pairs,
        estimator=estimator,
        overrides=changed,
    )


def run_bench(
    environments: Sequence[BenchEnv],
    agents: Sequence[str],
    folder: Path,
    *,
    seeds: Sequence[int] = (0,),
    batch: int | None = None,
    threads: int | None = None,
    traces: bool = True,
    checkpoints: Path | None = None,
    illegal: Literal["raise", "penalise"] = "raise",
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
) -> Results:
    """Run every agent in every environment with every seed, resume what a folder already holds.

    Args:
        environments: from `prepare_env`.
        agents: names of agent cards; "rules" stands for every card whose agent does not learn,
            "all" for every card that can run here: agents that are not trained, or need a package
            that is not installed, are left out with a notice.
        folder: the results folder; new, or that of the same run.
        seeds: seeds of the users' and agents' luck: opening attributes, noise, random choices. An
            agent that learns plays seed k with what its training with seed k has learned.
        batch: conversations advanced at once; by default what fits into 256 MB, at most 4,096.
        threads: threads that share a batch.
        traces: keep the trace of every unit.
        checkpoints: where trained agents are; default: the cache folder.
        illegal: what an illegal move of an agent does: "raise" ends the run, "penalise" wastes the
            turn, and the results count it.
        progress: called with conversations done, in all, and what is running.
        notice: called with what a person should know: which agents were left out and why.

    Raises:
        UnknownNameError: no such agent. ResultsError: the folder holds another run.
        CheckpointError: a named agent is not trained; the text says how to train it.
        IllegalActionError: an agent made an illegal move; what was finished is kept.
    """
    everyone = list(agents) in (["all"], ["rules"])
    names = agent_names() if list(agents) == ["all"] else list(dict.fromkeys(agents))
    if names == ["rules"]:
        names = rule_agents()
    if not names or not environments or not seeds:
        raise OptionError("a bench needs at least one environment, one agent and one seed.")
    keys = [env.key for env in environments]
    for key in keys:
        if keys.count(key) > 1:
            raise OptionError(f"the environment {key} is named twice; a run has each of them once.")
    entrants = [
        _enter_all(env, names, seeds, checkpoints, (notice or _silence) if everyone else None)
        for env in environments
    ]
    setups = [
        _env_setup(env, entered, seeds, illegal)
        for env, entered in zip(environments, entrants, strict=True)
    ]
    # Before anything is written: a server that is down ends the run here.
    speakers = {
        env.key: speaker_of(env.setup.world, env.setup.users)
        for env in environments
        if env.setup.users.llm is not None
    }
    versions = {package: version(package) for package in ("recosim", "numpy", "numba")}
    claim_run(folder, setups, versions)
    clock = _Clock({(t.env, t.agent, t.seed): t for t in _old_timings(folder)})
    done = 0
    in_all = sum(
        len(env.conversations) * len(entered) * len(seeds)
        for env, entered in zip(environments, entrants, strict=True)
    )

    def tell(conversations: int, what: str) -> None:
        nonlocal done
        done += conversations
        if progress is not None:
            progress(done, in_all, what)

    for env, entered in zip(environments, entrants, strict=True):
        for entrant in entered:
            for seed in seeds:
                if has_episodes(folder, env.key, entrant.name, seed):
                    tell(len(env.conversations), f"{env.key} {entrant.name} (done before)")
                    continue
                unit = _Unit(
                    env,
                    entrant,
                    seed,
                    folder,
                    batch,
                    threads,
                    traces,
                    illegal == "raise",
                    speakers.get(env.key),
                )
                _run_unit(unit, tell, clock)
                write_timings(folder, [clock.timings[k] for k in sorted(clock.timings)])
    return finish_run(folder)


def _silence(text: str) -> None:
    """A notice that nobody waits for."""


def rule_agents() -> list[str]:
    """The names of the agents that neither learn nor ask a server, sorted."""
    names = []
    for name in agent_names():
        # What needs a package that is not installed is no rule: rules need none.
        with suppress(MissingExtraError):
            agent = make_agent(name)
            if not isinstance(agent, Learner) and not agent.asks_server:
                names.append(name)
    return names


def _enter_all(
    env: BenchEnv,
    names: Sequence[str],
    seeds: Sequence[int],
    root: Path | None,
    notice: Callable[[str], None] | None,
) -> list[Entrant]:
    """The agents that run in an environment; with `notice` those that cannot are left out.

    Raises:
        CheckpointError: without `notice`, all agents that are not trained, and how to train them.
    """
    entered, missing = [], []
    for name in names:
        try:
            if why := make_agent(name, env.name).misfit(env.setup.protocol):
                if notice is None:
                    raise OptionError(f"agent {name!r} does not fit {env.key}: {why}.")
                missing.append(f"{name!r} does not fit: {why}")
                continue
            entered.append(
                enter(
                    name,
                    env.name,
                    env.place,
                    env.setup,
                    env.usual,
                    env.fitted,
                    seeds,
                    root or checkpoint_root(),
                )
            )
        except CheckpointError as error:
            # Seed k of a run needs the training with seed k: train up to the highest.
            command = train_command(name, env.name, max(seeds) + 1, env.overrides, root)
            missing.append(f"{str(error).rstrip('.')}. Train it with: {command}")
        except MissingExtraError as error:
            if notice is None:
                raise
            missing.append(f"{name}: {error}")
    if missing and notice is None:
        raise CheckpointError(f"{env.key}: " + "\n".join(missing))
    if notice is not None:
        for text in missing:
            notice(f"{env.key}: left out: {text}")
    if not entered:
        raise OptionError(f"{env.key}: none of the agents can run here.")
    return entered


def _env_setup(
    env: BenchEnv,
    entrants: Sequence[Entrant],
    seeds: Sequence[int],
    illegal: Literal["raise", "penalise"],
) -> EnvSetup:
    return EnvSetup(
        key=env.key,
        env=env.id,
        world=WorldInfo.of(env.setup.world),
        protocol=env.setup.protocol.to_dict(),
        users=Users(**env.setup.users.to_dict()),
        estimator=env.estimator,
        split=env.setup.split,
        illegal=illegal,
        conversations=len(env.conversations),
        available=len(env.pairs),
        seeds=tuple(seeds),
        agents=tuple(entrant.setup for entrant in entrants),
    )


@dataclass(frozen=True)
class _Unit:
    """One agent with one seed in one environment, and how it is run."""

    env: BenchEnv
    entrant: Entrant
    seed: int
    folder: Path
    batch: int | None
    threads: int | None
    traces: bool
    raise_illegal: bool
    speaker: Speaker | None


def _run_unit(unit: _Unit, tell: Callable[[int, str], None], clock: _Clock) -> None:
    """Chunk by chunk, then the whole."""
    env, name, seed = unit.env, unit.entrant.name, unit.seed
    size = min(unit.batch or _roomy_batch(env.setup), len(env.conversations))
    dialogues = env.setup.batch(
        size, track=unit.entrant.track, threads=unit.threads, raise_illegal=unit.raise_illegal
    )
    agent = unit.entrant.ready(dialogues, seed)
    talk = None if unit.speaker is None else Talk(dialogues, unit.speaker)
    path = trace_path(unit.folder, env.key, name, seed)
    parts = path.with_name(f"{path.stem}.parts")
    metadata = env.setup.metadata(env.id)
    chunks = [env.conversations[i : i + CHUNK] for i in range(0, len(env.conversations), CHUNK)]
    pieces = []
    for k, chunk in enumerate(chunks):
        part = parts / f"{k}.parquet"
        if part.exists():
            pieces.append(Trace.read(part))
            tell(len(chunk), f"{env.key} {name} (done before)")
            continue
        started = time.perf_counter()
        recorder = Recorder(dialogues)
        batches = []
        for rows in _batches(chunk, size):
            try:
                with _threads_of(agent):
                    play_batch(dialogues, agent, env.pairs, rows, seed, recorder, talk)
            except IllegalActionError as error:
                raise IllegalActionError(
                    f"agent {name!r} in {env.key}, seed {seed}: {error}"
                ) from None
            batches.append(recorder.trace(name, seed, metadata))
            recorder.clear()
            tell(len(rows), f"{env.key} {name} seed {seed}")
        trace = Trace.concat(batches)
        pieces.append(trace)
        if len(chunks) > 1:
            trace.write(part)
        clock.add(env.key, name, seed, time.perf_counter() - started, len(trace) - len(chunk))
    reports = unit.folder / "reports" / env.key
    if report := agent.report():
        write_json(reports / f"{name}-{seed}.json", report)
    if unit.speaker is not None:  # of all agents so far, in this process
        write_json(reports / "users.json", unit.speaker.report())
    started = time.perf_counter()
    whole = Trace.concat(pieces)
    if unit.traces:
        whole.write(path)
    write_episodes(unit.folder, env.key, name, seed, whole.episodes())
    shutil.rmtree(parts, ignore_errors=True)
    clock.add(env.key, name, seed, time.perf_counter() - started, 0)


def _threads_of(agent: Agent) -> AbstractContextManager[None]:
    """torch on one thread for an agent that learns: its moves must not hang on the machine."""
    if not isinstance(agent, Learner):
        return nullcontext()
    from recosim.agents.torch_learner import one_thread

    return one_thread()


def _roomy_batch(setup: Setup) -> int:
    """As many conversations as fit into a budget of memory: each call of a kernel has its price."""
    row = sum(array.nbytes for array in setup.batch(1, threads=1).state().values())
    return int(np.clip(BATCH_BYTES // row, 64, 4096))


def _batches(conversations: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(conversations), size):
        yield conversations[start : start + size]


def play_batch(
    dialogues: Dialogues,
    agent: Agent,
    pairs: NDArray[np.int32],
    conversations: NDArray[np.int64],
    seed: int,
    recorder: Recorder,
    talk: Talk | None = None,
) -> None:
    """Play some conversations to their ends in the first rows of a batch, and record them.

    Args:
        pairs: (available, 2), user and item by the number of the conversation.
        conversations: (n,) numbers, n at most the size of the batch.
        seed: seed of all luck.
        talk: of the batch, where users talk.
    """
    n = len(conversations)
    running = np.arange(dialogues.size) < n
    rows = slice(0, n)
    dialogues.arrays["done"][:] = 1
    dialogues.open(
        rows,
        seeds=np.full(n, seed, dtype=np.uint64),
        conversations=conversations,
        users=pairs[conversations, 0],
        items=pairs[conversations, 1],
    )
    if talk is not None:
        talk.open(running)
    step, words = (dialogues.step, None) if talk is None else (talk.step, talk.words)
    recorder.record(running, words)
    agent.reset(running)
    while running.any():
        step(*agent.act())
        recorder.record(running, words)
        agent.observe(running)
        running = dialogues.arrays["done"] == 0


def _old_timings(folder: Path) -> list[Timing]:
    return read_timings(folder) if (folder / "timings.json").exists() else []
