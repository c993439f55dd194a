"""Whose a results folder is: a new one, that of the same run, or one that grows.

A folder can grow by agents and by seeds: what is there stays, and is not run again. Everything else
of a run is what it was, or the folder is that of another one.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from recosim.agents.registry import make_agent
from recosim.bench.results import difference, read_run
from recosim.bench.schema import AgentSetup, EnvSetup, Run
from recosim.errors import RecosimError, ResultsError
from recosim.estimators.registry import estimator
from recosim.files import write_json

__all__ = ["check_owner", "claim_run"]


def claim_run(folder: Path, environments: Sequence[EnvSetup], versions: Mapping[str, str]) -> Run:
    """Make `folder` the folder of this run, or find that it is, to resume it or to let it grow.

    Raises:
        ResultsError: the folder belongs to another run (the first difference is named) or version,
            or holds other files.
    """
    wanted = Run(versions=dict(versions), environments=tuple(environments))
    path = folder / "run.json"
    if path.exists():
        there = read_run(folder)
        if found := difference(_essence(there), _essence(_part_of(wanted, there))):
            raise ResultsError(
                f"{folder} holds the results of another run: {found}. A folder grows by agents and "
                f"seeds alone, if those that it has are named again. Give another folder, or "
                f"remove this one to start anew."
            )
        if _grows(there, wanted):
            # The results of what was there speak of a smaller run: gone before the run is larger.
            (folder / "results.json").unlink(missing_ok=True)
            write_json(path, wanted.model_dump(mode="json"))
        return wanted
    check_owner(folder)
    write_json(path, wanted.model_dump(mode="json"))
    return wanted


def check_owner(folder: Path) -> None:
    """Raise `ResultsError` where a folder, if it is there, is none of results."""
    if (folder / "run.json").exists():
        return
    if folder.exists() and not folder.is_dir():
        raise ResultsError(f"{folder} is not a folder. Give another one for the results.")
    others = (
        sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if folder.exists()
        else []
    )
    if others:
        raise ResultsError(
            f"{folder} is not a results folder, but it holds files ({', '.join(others[:3])}"
            f"{', ...' if len(others) > 3 else ''}). Give a new or an empty folder."
        )


def _grows(there: Run, wanted: Run) -> bool:
    """Whether an environment has more agents or seeds than it had, or has them in another order."""
    old, new = (
        [([agent.name for agent in env.agents], env.seeds) for env in run.environments]
        for run in (there, wanted)
    )
    return old != new


def _part_of(wanted: Run, there: Run) -> Run:
    """The part of a run that has the agents and seeds of another; the run itself if it lacks some.

    The order is that of the other run.
    """
    if len(wanted.environments) != len(there.environments):
        return wanted
    pairs = zip(wanted.environments, there.environments, strict=True)
    return wanted.model_copy(update={"environments": tuple(_shared(*pair) for pair in pairs)})


def _shared(wanted: EnvSetup, there: EnvSetup) -> EnvSetup:
    agents = {agent.name: agent for agent in wanted.agents}
    update: dict[str, Any] = {}
    if set(there.seeds) <= set(wanted.seeds):
        update["seeds"] = there.seeds
        agents = {
            name: agent.model_copy(
                update={"checkpoints": tuple(c for c in agent.checkpoints if c.seed in there.seeds)}
            )
            for name, agent in agents.items()
        }
    if {agent.name for agent in there.agents} <= set(agents):
        update["agents"] = tuple(agents[agent.name] for agent in there.agents)
    return wanted.model_copy(update=update)


# ---- what a run is, whichever version wrote it ---------------------------------------------------


def _essence(run: Run) -> dict[str, Any]:
    """What outcomes depend on, as JSON values.

    What a later version lets choose is not in an older file: choices of the protocol are filled in,
    settings that are at their default are left out.
    """
    values: dict[str, Any] = run.model_dump(mode="json")
    for setup, env in zip(run.environments, values["environments"], strict=True):
        del env["family"]  # the id says it; older files do not
        env["protocol"] = setup.rules.to_dict()
        with suppress(RecosimError):  # an estimator that is not here any more
            usual = estimator(setup.estimator.name).settings()
            env["estimator"]["settings"] = _other_than(usual, setup.estimator.settings)
        for agent, entry in zip(setup.agents, env["agents"], strict=True):
            # Where a class lies is not what it does.
            entry["implementation"] = agent.implementation.rpartition(":")[2]
            entry["settings"] = _other_than(_usual_settings(agent), agent.settings)
            entry["checkpoints"] = sorted(entry["checkpoints"], key=lambda c: int(c["seed"]))
    return values


def _other_than(usual: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are not at their default."""
    same = json.loads(json.dumps(usual, default=str))  # as they lie in the file
    return {k: v for k, v in given.items() if k not in same or same[k] != v}


def _usual_settings(agent: AgentSetup) -> dict[str, Any]:
    """The defaults of an agent's class; none where its card is not here any more."""
    usual: dict[str, Any] = {}
    with suppress(RecosimError):
        for kind in reversed(type(make_agent(agent.name)).__mro__[:-1]):
            for name, entry in inspect.signature(kind).parameters.items():
                if entry.default is not inspect.Parameter.empty:
                    usual[name] = entry.default
    return usual
