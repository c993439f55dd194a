"""`run_bench`: agents meet the same users, in batches; what happened goes into a results folder.

A unit of work is one agent with one seed in one environment (`recosim.bench.rollout`); what a
folder holds already is not run again.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from llvmlite.binding import get_host_cpu_name

from recosim.agents.checkpoints import checkpoint_root
from recosim.agents.learner import Learner
from recosim.agents.registry import agent_card, agent_names, make_agent
from recosim.bench.afar import check_afar, run_units
from recosim.bench.claim import claimed_run
from recosim.bench.entrants import Entrant, enter, train_command
from recosim.bench.results import finish_run, has_episodes, read_timings, write_timings
from recosim.bench.rollout import Clock, Unit, run_unit
from recosim.bench.schema import EnvSetup, Results, Users, WorldInfo
from recosim.bench.setup import BenchEnv
from recosim.chat.share import MAX_FALLBACKS, check_share
from recosim.cluster import Cluster
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
    max_fallbacks: float = MAX_FALLBACKS,
    agent_settings: Mapping[str, Mapping[str, Any]] | None = None,
    cluster: Cluster | None = None,
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
        max_fallbacks: where language models speak, decide or move, the run stops if more than this
            share of what they were asked for was done by templates or rules in their place; 1:
            never. It is no part of what the run is: a stopped run goes on with another one.
        agent_settings: by name of an agent, settings that differ from its card's.
        cluster: where units of work are done; default: in this process, one after another.
        progress: called with conversations done, in all, and what is running.
        notice: called with what a person should know: which agents were left out and why, which
            actor died.

    Raises:
        UnknownNameError: no such agent. ResultsError: the folder holds another run.
        CheckpointError: a named agent is not trained; the text says how to train it.
        IllegalActionError: an agent made an illegal move; what was finished is kept.
        FallbackError: see `max_fallbacks`; what was finished is kept.
        MissingExtraError, ClusterError, WorldError: see `recosim.spread.spread`. OptionError: a
            language model takes part, and there is a cluster.
    """
    everyone = list(agents) in (["all"], ["rules"])
    if progress is not None:  # those that learn import what they need: seconds
        least = sum(len(env.conversations) for env in environments) * len(seeds)
        progress(0, least, "getting the agents ready")
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
        _enter_all(
            env,
            names,
            seeds,
            checkpoints,
            (notice or _silence) if everyone else None,
            agent_settings or {},
        )
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
    learned = any(agent.checkpoints for setup in setups for agent in setup.agents)
    versions = versions_here(learned)
    if cluster is not None:
        for env, entered in zip(environments, entrants, strict=True):
            check_afar(env, entered)
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

        units = [
            Unit(
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
                check_share(max_fallbacks),
            )
            for env, setup, entered in zip(environments, setups, entrants, strict=True)
            for entrant in entered
            for seed in seeds
        ]
        left = [u for u in units if not has_episodes(folder, u.setup, u.entrant.name, u.seed)]
        if len(left) < len(units):
            tell(in_all - sum(len(unit.env.conversations) for unit in left), "done before")
        if cluster is not None:
            run_units(left, cluster, tell, clock, notice or _silence)
        else:
            for unit in left:
                run_unit(unit, tell, clock)
                write_timings(folder, clock.in_order())
        return finish_run(folder)


def versions_here(learned: bool) -> dict[str, str]:
    """What the outcomes of a run depend on beside its settings: packages, Python, the processor.

    Args:
        learned: whether an agent has learned, so that torch is among them.
    """
    packages = ("recosim", "numpy", "numba", *(["torch"] if learned else []))
    found = {package: version(package) for package in packages}
    return {**found, "python": platform.python_version(), "cpu": str(get_host_cpu_name())}


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
    settings: Mapping[str, Mapping[str, Any]],
) -> list[Entrant]:
    """The agents that run in an environment; with `notice` those that cannot are left out.

    Raises:
        CheckpointError: without `notice`, all agents that are not trained, and how to train them.
        OptionError: an agent that does not fit; or none is left.
    """
    entered, missing = [], []
    untrained: list[str] = []
    lacking: dict[str, list[str]] = {}  # extra -> agents
    for name in names:
        try:
            own = settings.get(name, {})
            if why := make_agent(name, env.name, **own).misfit_of(env.setup):
                if notice is None:
                    raise OptionError(f"agent {name!r} does not fit {env.key}: {why}.")
                continue  # nobody asked for it by name
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
                    own,
                )
            )
        except CheckpointError as error:
            untrained.append(name)
            # Seed k of a run needs the training with seed k: train up to the highest.
            command = train_command(name, env.name, max(seeds) + 1, env.overrides, root)
            missing.append(f"{str(error).rstrip('.')}. Train it with: {command}")
        except MissingExtraError as error:
            if notice is None:
                raise
            if _made_for(name, env):
                lacking.setdefault(error.extra, []).append(name)
    if missing and notice is None:
        raise CheckpointError(f"{env.key}: " + "\n".join(missing))
    if notice is not None and (said := _left_out(env, untrained, lacking, seeds, root)):
        notice(said)
    if not entered:
        raise OptionError(
            f"{env.key}: none of the agents can run here. `recosim list agents --env {env.name}` "
            "shows those that are made for it."
        )
    return entered


def _made_for(name: str, env: BenchEnv) -> bool:
    """Whether the card of an agent that cannot be made says nothing against an environment."""
    family = agent_card(name).family
    return not family or family in env.setup.family.lineage()


def _left_out(
    env: BenchEnv,
    untrained: Sequence[str],
    lacking: Mapping[str, Sequence[str]],
    seeds: Sequence[int],
    root: Path | None,
) -> str:
    """One line of the agents that are made for an environment and cannot run; "" for none."""
    told = [f"{', '.join(names)} (pip install 'recosim[{x}]')" for x, names in lacking.items()]
    if untrained:
        names = ",".join(untrained)
        command = train_command(names, env.name, max(seeds) + 1, env.overrides, root)
        told.insert(0, f"{', '.join(untrained)} (not trained: {command})")
    return f"{env.key}: without {'; '.join(told)}" if told else ""


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
