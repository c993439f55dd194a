"""Whose a results folder is: a new one, that of the same run, or one that grows.

A folder can grow by agents and by seeds: what is there stays, and is not run again. Everything else
of a run is what it was, or the folder is that of another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recosim.bench.essence import difference, essence_of
from recosim.bench.results import read_run, write_run
from recosim.bench.schema import EnvSetup, Run
from recosim.errors import ResultsError
from recosim.files import LOCK, clear_parts, held

__all__ = ["check_owner", "claim_run", "claimed_run"]


@contextmanager
def claimed_run(
    folder: Path, environments: Sequence[EnvSetup], versions: Mapping[str, str]
) -> Iterator[Run]:
    """`claim_run`, and the folder is this process's for the time of the block.

    What a killed process has left half written is cleared away.

    Raises:
        BusyError: another process is at a run in it. ResultsError: see `claim_run`.
    """
    check_owner(folder)
    with held(folder / LOCK, ResultsError, "Give another folder for the results."):
        clear_parts(folder)
        yield claim_run(folder, environments, versions)


def claim_run(folder: Path, environments: Sequence[EnvSetup], versions: Mapping[str, str]) -> Run:
    """Make `folder` the folder of this run, or find that it is, to resume it or to let it grow.

    Raises:
        ResultsError: the folder belongs to another run (the first difference is named) or version,
            or holds other files.
    """
    wanted = Run(versions=dict(versions), environments=tuple(environments))
    if (folder / "run.json").exists():
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
            write_run(folder, wanted)
        return wanted
    check_owner(folder)
    write_run(folder, wanted)
    return wanted


def check_owner(folder: Path) -> None:
    """Raise `ResultsError` where a folder, if it is there, is none of results."""
    if (folder / "run.json").exists():
        return
    if folder.exists() and not folder.is_dir():
        raise ResultsError(f"{folder} is not a folder. Give another one for the results.")
    there_already = folder.iterdir() if folder.exists() else ()
    others = sorted(p.name for p in there_already if not p.name.startswith("."))
    if others:
        raise ResultsError(
            f"{folder} is not a results folder, but it holds files ({', '.join(others[:3])}"
            f"{', ...' if len(others) > 3 else ''}). Give a new or an empty folder."
        )


def _essence(run: Run) -> dict[str, Any]:
    """What outcomes depend on, as JSON values."""
    values: dict[str, Any] = run.model_dump(mode="json")
    # Which machine it was is told, and is no other run: a folder may go on on another one.
    values["versions"] = {k: v for k, v in run.versions.items() if k not in ("python", "cpu")}
    values["environments"] = [essence_of(env) for env in run.environments]
    return values


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
    environments = tuple(_shared(*pair) for pair in pairs)
    # torch is named once an agent that learns is there: those that were there did without.
    torch_is_new = "torch" not in there.versions
    versions = {k: v for k, v in wanted.versions.items() if k != "torch" or not torch_is_new}
    return wanted.model_copy(update={"environments": environments, "versions": versions})


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
