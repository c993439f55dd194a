"""The results folder of a bench: what a run is, what came of it, and how both lie on disk.

    run.json                               what is to be run; written first
    episodes/<env>/<agent>-<seed>.parquet  outcomes of each episode; a finished unit of work
    traces/<env>/<agent>-<seed>.parquet    every move (`recosim.trace`)
    joint/<env>/<agent>-<seed>.json        what all episodes give together, in families that say so
    own/<env>/<agent>-<seed>.json          what a language model said, decided and moved itself
    results.json                           metrics, intervals, comparisons; written last
    timings.json                           seconds and speed; alone differs between equal runs
    report.md, plots/<env>.png             drawn from results.json alone (`recosim.bench.report`)

A runner needs four calls: `recosim.bench.claim.claimed_run` (new folder, or the same run to be
resumed; held for the time of the run), `has_episodes` and `write_episodes` (after `write_joint`)
for each unit of work, and `finish_run`, which computes results.json from the files alone. So a run
that was killed and resumed ends with the same bytes as an undisturbed one.

Every file carries a digest of what it holds, and each unit its set-up, so that none of another run
is taken for one of this (`recosim.checked`).

The outcomes of single episodes lie in Parquet beside results.json, which names each file and
the sha256 of its content: the Yelp test split makes 6 million of them with six agents and five
seeds, hundreds of megabytes as JSON. The digest is of the values, not of the file, whose bytes
change between versions of pyarrow.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
from pydantic import BaseModel, ValidationError

from recosim.bench.essence import difference, essence_of, unit_digest, unit_setup
from recosim.bench.metrics import compare_and_summarise
from recosim.bench.older import from_format_1
from recosim.bench.own import own_path, read_own
from recosim.bench.schema import (
    AgentResult,
    BootstrapInfo,
    EnvResult,
    EnvSetup,
    Results,
    Run,
    SeedResult,
    Timing,
    Timings,
)
from recosim.bench.stats import Bootstrap
from recosim.checked import (
    read_checked,
    read_table,
    table_digest,
    write_checked,
    write_table,
)
from recosim.errors import ResultsError, shown
from recosim.metrics import Episodes, headlines, value_of
from recosim.trace import Columns, filled

__all__ = [
    "episodes_path",
    "finish_run",
    "has_episodes",
    "progress_of",
    "read_episodes",
    "read_results",
    "read_run",
    "read_timings",
    "trace_path",
    "verify_results",
    "write_episodes",
    "write_joint",
    "write_run",
    "write_timings",
]

ModelT = TypeVar("ModelT", bound=BaseModel)


def episodes_path(folder: Path, key: str, agent: str, seed: int) -> Path:
    """Where the outcomes of one agent and seed lie."""
    return folder / "episodes" / key / f"{agent}-{seed}.parquet"


def trace_path(folder: Path, key: str, agent: str, seed: int) -> Path:
    """Where the trace of one agent and seed lies."""
    return folder / "traces" / key / f"{agent}-{seed}.parquet"


def has_episodes(folder: Path, setup: EnvSetup, agent: str, seed: int) -> bool:
    """Whether this unit of work is done: files appear whole or not at all.

    Raises:
        ResultsError: what is there is damaged, or of another set-up.
    """
    path = episodes_path(folder, setup.key, agent, seed)
    if not path.exists():
        return False
    read_episodes(folder, setup, agent, seed)
    return True


def write_episodes(
    folder: Path, setup: EnvSetup, agent: str, seed: int, episodes: Episodes
) -> None:
    """Write the outcomes of one agent and seed, with their set-up, atomically.

    Write the trace before, if any.
    """
    table = pa.table(dict(episodes.columns))
    path = episodes_path(folder, setup.key, agent, seed)
    write_table(path, table, {"setup": _unit(setup, agent, seed)}, compression="zstd")


def progress_of(folder: Path) -> str:
    """How much of a run a folder holds, and how to go on, in words."""
    if not (folder / "run.json").exists():
        return "Nothing was begun; the same command starts anew."
    run = read_run(folder)
    units = [
        (env, agent.name, seed)
        for env in run.environments
        for agent in env.agents
        for seed in env.seeds
    ]
    done = sum(has_episodes(folder, *unit) for unit in units)
    part = any(folder.glob("traces/*/*.parts/*.parquet")) * ", and chunks of the next"
    return (
        f"{folder} keeps {done} of {len(units)} units (an agent with a seed){part}; "
        "the same command goes on from there."
    )


def joint_path(folder: Path, key: str, agent: str, seed: int) -> Path:
    """Where lies what all episodes of one agent and seed give together."""
    return folder / "joint" / key / f"{agent}-{seed}.json"


def write_joint(
    folder: Path,
    setup: EnvSetup,
    agent: str,
    seed: int,
    measured: Mapping[str, float | list[float] | None],
) -> None:
    """Write what all episodes give together, with their set-up, atomically; before the episodes."""
    body = {"measured": dict(measured), "setup": _unit(setup, agent, seed)}
    write_checked(joint_path(folder, setup.key, agent, seed), body)


def read_joint(folder: Path, setup: EnvSetup, agent: str, seed: int) -> dict[str, Any]:
    """The same; nothing where there is none.

    Raises:
        ResultsError: it is damaged, or of another set-up.
    """
    path = joint_path(folder, setup.key, agent, seed)
    advice = (
        f"Remove it and {episodes_path(folder, setup.key, agent, seed)}, and start the same bench "
        "again: only this part is run anew."
    )
    try:
        found, whole = read_checked(path, ResultsError, advice)
    except FileNotFoundError:
        return {}
    if whole:
        _check_unit(path, setup, agent, seed, found.get("setup"), advice)
        found = found.get("measured")  # type: ignore[assignment]
    # Written before it had a digest, it is the measures themselves.
    if not isinstance(found, dict) or not all(map(_is_measure, found.values())):
        raise ResultsError(f"{path} is damaged: it holds {shown(found)}. {advice}")
    return found


def _is_measure(value: Any) -> bool:
    several = value if isinstance(value, list) else [value]
    return all(each is None or type(each) in (int, float) for each in several)


def read_episodes(folder: Path, setup: EnvSetup, agent: str, seed: int) -> tuple[Episodes, str]:
    """Read the outcomes of one agent and seed; columns that are newer than the file are filled.

    Returns:
        The outcomes, and the sha256 of the content of the file.

    Raises:
        ResultsError: the file is missing, damaged, of another set-up, or has other columns than
            the family.
    """
    path = episodes_path(folder, setup.key, agent, seed)
    advice = "Remove it and start the same bench again: only this part is run anew."
    try:
        table, about, whole = read_table(path, ResultsError, advice)
    except FileNotFoundError:
        raise ResultsError(
            f"{path}: these conversations are missing; the run is not finished. Start the same "
            f"bench again with this folder: it goes on where it stopped."
        ) from None
    if whole:  # older versions did not say of which set-up they are
        _check_unit(path, setup, agent, seed, (about or {}).get("setup"), advice)
    episodes = _checked(table, setup.columns, path)
    try:
        return episodes, table_digest(table, b"recosim episodes 1")
    except Exception as error:
        raise ResultsError(f"{path} is damaged ({error}). {advice}") from None


def _unit(setup: EnvSetup, agent: str, seed: int) -> dict[str, Any]:
    """All that one agent with one seed depends on, as JSON values."""
    return _json(unit_setup(setup, agent, seed))


def _check_unit(
    path: Path, setup: EnvSetup, agent: str, seed: int, found: Any, advice: str
) -> None:
    """Hold that a stored unit is of this set-up.

    Raises:
        ResultsError: the first difference is named.
    """
    try:
        theirs = EnvSetup.model_validate_json(json.dumps(found))
    except ValidationError as error:
        raise ResultsError(
            f"{path} does not say what it was run with: {_first(error)}. {advice}"
        ) from None
    here = essence_of(unit_setup(setup, agent, seed))
    if wrong := difference(essence_of(theirs), here, ("the file", "this run")):
        raise ResultsError(f"{path} is of another run: {wrong}. {advice}")


def _checked(table: pa.Table, columns: Columns, path: Path) -> Episodes:
    """The episodes in a table. Raises `ResultsError` where it has other columns."""
    needed = {column.name: column.type for column in columns.outcomes}
    given = dict(zip(table.schema.names, table.schema.types, strict=True))
    whole = not any(column.null_count for column in table.columns)
    try:
        if not whole or any(needed.get(name) != kind for name, kind in given.items()):
            raise ResultsError("they are of other types, unknown, or not whole.")
        table = filled(table, columns.outcomes)
    except (ResultsError, pa.ArrowException, ValueError) as error:
        raise ResultsError(
            f"{path} is not a file of outcomes of this version of RecoSim: it has the columns "
            f"{', '.join(given)[:400]}; {', '.join(needed)} are needed: {error}"
        ) from None
    return Episodes({name: table.column(name).to_numpy() for name in table.schema.names})


def finish_run(folder: Path, bootstrap: Bootstrap | None = None) -> Results:
    """Compute the results from run.json and the outcomes, and write results.json.

    Raises:
        ResultsError: outcomes are missing, damaged, or not those of the run.
    """
    results = _compute(folder, bootstrap or Bootstrap())
    write_checked(folder / "results.json", _json(results))
    return results


def read_results(folder: Path) -> Results:
    """Read results.json, of this format or an older one.

    Raises:
        ResultsError: the file is missing, damaged, or of another version.
    """
    path = folder / "results.json"
    if not path.exists() and (folder / "run.json").exists():
        raise ResultsError(
            f"the run in {folder} is not finished: it has no results.json yet. Start the same "
            f"bench again with this folder: it goes on where it stopped."
        )
    return _read(path, Results, from_format_1)


def read_run(folder: Path) -> Run:
    """Read run.json. Raises `ResultsError` as `read_results` does."""
    return _read(folder / "run.json", Run)


def write_run(folder: Path, run: Run) -> None:
    """Write run.json."""
    write_checked(folder / "run.json", _json(run))


def verify_results(folder: Path) -> Results:
    """Read results.json and compute it anew from the outcomes of the episodes.

    Metrics that are newer than the file are no difference.

    Raises:
        ResultsError: something differs (the first difference is named) or is missing.
    """
    results = read_results(folder)
    computed = _compute(folder, Bootstrap(**results.bootstrap.model_dump()))
    stored, found = _digests(results), _digests(computed)
    for path in sorted(stored.keys() & found.keys()):
        if stored[path] != found[path]:
            raise ResultsError(
                f"{folder / path} is not the file that results.json was made from: its content has "
                f"the sha256 {found[path][:12]}..., results.json says {stored[path][:12]}..."
            )
    here, there = _json(results), _known(_json(computed), _json(results))
    if wrong := difference(here, there, ("results.json", "the outcomes")):
        raise ResultsError(f"{folder / 'results.json'} does not follow from its files: {wrong}.")
    return results


def write_timings(folder: Path, timings: Sequence[Timing]) -> None:
    """Write timings.json, ordered by environment, agent and seed as given."""
    write_checked(folder / "timings.json", _json(Timings(timings=tuple(timings))))


def read_timings(folder: Path) -> list[Timing]:
    """Read timings.json; nothing if there is none. Raises `ResultsError` if it is damaged."""
    path = folder / "timings.json"
    return list(_read(path, Timings).timings) if path.exists() else []


def _known(computed: Any, stored: Any) -> Any:
    """What was computed, without the metrics that what is stored does not have."""
    if isinstance(computed, list) and isinstance(stored, list) and len(computed) == len(stored):
        return [_known(*pair) for pair in zip(computed, stored, strict=True)]
    if not isinstance(computed, dict) or not isinstance(stored, dict):
        return computed
    return {
        name: {k: v for k, v in value.items() if k in stored[name]}
        if name in ("metrics", "differences")
        else _known(value, stored.get(name))
        for name, value in computed.items()
    }


def _compute(folder: Path, bootstrap: Bootstrap) -> Results:
    run = read_run(folder)
    return Results(
        versions=run.versions,
        bootstrap=BootstrapInfo(**dataclasses.asdict(bootstrap)),
        environments=tuple(_compute_env(folder, env, bootstrap) for env in run.environments),
    )


def _compute_env(folder: Path, setup: EnvSetup, bootstrap: Bootstrap) -> EnvResult:
    metrics, columns, rules = setup.metrics, setup.columns, setup.rules
    episodes: dict[str, dict[int, Episodes]] = {}
    seeds: dict[str, list[SeedResult]] = {}
    for agent in setup.agents:
        episodes[agent.name], seeds[agent.name] = {}, []
        for seed in setup.seeds:
            rows, digest = read_episodes(folder, setup, agent.name, seed)
            path = episodes_path(folder, setup.key, agent.name, seed)
            if len(rows) != setup.conversations:
                raise ResultsError(
                    f"{path} holds {len(rows)} conversations, the run has {setup.conversations}. "
                    f"Remove it and start the same bench again."
                )
            if wrong := columns.check(rows, rules):
                raise ResultsError(f"{path}: {wrong}.")
            episodes[agent.name][seed] = rows
            seeds[agent.name].append(
                SeedResult(
                    seed=seed,
                    episodes=path.relative_to(folder).as_posix(),
                    sha256=digest,
                    metrics={m.name: value_of(m, rows) for m in headlines(metrics)},
                    joint=read_joint(folder, setup, agent.name, seed),
                    own=read_own(
                        own_path(folder, setup.key, agent.name, seed),
                        unit_digest(setup, agent.name, seed),
                    ),
                )
            )
    try:
        summaries, comparisons = compare_and_summarise(
            episodes, metrics, bootstrap, cluster=columns.cluster
        )
    except ResultsError as error:
        raise ResultsError(f"{folder}, environment {setup.key}: {error}") from None
    return EnvResult(
        setup=setup,
        agents=tuple(
            AgentResult(name=name, metrics=summaries[name], seeds=tuple(seeds[name]))
            for name in summaries
        ),
        comparisons=tuple(comparisons),
    )


def _digests(results: Results) -> dict[str, str]:
    """Path of each file of outcomes -> the sha256 of its content."""
    agents = [agent for env in results.environments for agent in env.agents]
    return {seed.episodes: seed.sha256 for agent in agents for seed in agent.seeds}


def _json(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json")


def _read(
    path: Path,
    model: type[ModelT],
    older: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> ModelT:
    """Read one JSON file of the folder; say what is wrong with it, and what to do.

    Args:
        older: makes the content of the format before from its own.
    """
    current = model.model_fields["format"].default
    known = (current - 1, current) if older else (current,)
    try:
        data, _ = read_checked(path, ResultsError, "Run the bench again.", formats=known)
    except FileNotFoundError:
        raise ResultsError(
            f"{path.parent} has no {path.name}: it is not a folder of `recosim bench`."
        ) from None
    if older is not None and data["format"] != current:
        try:
            data = older(data)
        except ResultsError as error:
            raise ResultsError(f"{path} was changed or is damaged: {error}") from None
    try:
        return model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise ResultsError(
            f"{path} was changed or is damaged: {_first(error)}. Run the bench again."
        ) from None


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{where}: {first['msg']}"
