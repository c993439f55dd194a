"""`run_bench`: agents meet the same users, in batches; what happened goes into a results folder.

A unit of work is one agent with one seed in one environment (`recosim.bench.rollout`); what a
folder holds already is not run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from recosim.agents.checkpoints import checkpoint_root
from recosim.agents.learner import Learner
from recosim.agents.registry import agent_names, make_agent
from recosim.bench.claim import claimed_run
from recosim.bench.entrants import Entrant, enter, train_command
from recosim.bench.results import finish_run, has_episodes, read_timings, write_timings
from recosim.bench.rollout import Clock, Unit, run_unit
from recosim.bench.schema import EnvSetup, Results, Users, WorldInfo
from recosim.bench.setup import BenchEnv
from recosim.envs.talk import speaker_of
from recosim.errors import CheckpointError, MissingExtraError, OptionError
from recosim.progress import Progress

__all__ = ["rule_agents", "run_bench"]


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

    The folder of a run with fewer agents or seeds grows: what it holds stays.

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
        env.key: speaker_of(env.setup) for env in environments if env.setup.users.llm is not None
    }
    versions = {package: version(package) for package in ("recosim", "numpy", "numba")}
    with claimed_run(folder, setups, versions):
        clock = Clock({(t.env, t.agent, t.seed): t for t in read_timings(folder)})
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

        for env, setup, entered in zip(environments, setups, entrants, strict=True):
            for entrant in entered:
                for seed in seeds:
                    if has_episodes(folder, setup, entrant.name, seed):
                        tell(len(env.conversations), f"{env.key} {entrant.name} (done before)")
                        continue
                    unit = Unit(
                        env,
                        setup,
                        entrant,
                        seed,
                        folder,
                        batch,
                        threads,
                        traces,
                        illegal == "raise",
                        speakers.get(env.key),
                    )
                    run_unit(unit, tell, clock)
                    write_timings(folder, clock.in_order())
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
            if why := make_agent(name, env.name).misfit_of(env.setup):
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
        family=env.setup.family.name,
        world=WorldInfo.of(env.setup.world),
        protocol=env.setup.protocol.to_dict(),
        users=Users(**env.setup.users.to_dict()),
        estimator=env.estimator,
        split=env.setup.split,
        illegal=illegal,
        conversations=len(env.conversations),
        available=len(env.units),
        seeds=tuple(seeds),
        agents=tuple(entrant.setup for entrant in entrants),
    )
