"""The results folder of a bench: what a run is, what came of it, and how both lie on disk.

    run.json                               what is to be run; written first
    episodes/<env>/<agent>-<seed>.parquet  outcomes of each episode; a finished unit of work
    traces/<env>/<agent>-<seed>.parquet    every move (`recosim.trace`)
    joint/<env>/<agent>-<seed>.json        what all episodes give together, in families that say so
    results.json                           metrics, intervals, comparisons; written last
    timings.json                           seconds and speed; alone differs between equal runs
    report.md, plots/<env>.png             drawn from results.json alone (`recosim.bench.report`)

A runner needs four calls: `recosim.bench.claim.claim_run` (new folder, or the same run to be
resumed), `has_episodes` and `write_episodes` (after `write_joint`) for each unit of work, and
`finish_run`, which computes results.json from the files alone. So a run that was killed and resumed
ends with the same bytes as an undisturbed one.

The outcomes of single episodes lie in Parquet beside results.json, which names each file and
the sha256 of its content: the Yelp test split makes 6 million of them with six agents and five
seeds, hundreds of megabytes as JSON. The digest is of the values, not of the file, whose bytes
change between versions of pyarrow.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ValidationError

from recosim.bench.metrics import compare_and_summarise
from recosim.bench.older import from_format_1
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
from recosim.errors import ResultsError
from recosim.files import atomic_write, write_json
from recosim.metrics import Episodes, headlines, value_of
from recosim.trace import Columns, filled

__all__ = [
    "difference",
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
    "write_timings",
]

ModelT = TypeVar("ModelT", bound=BaseModel)


def episodes_path(folder: Path, key: str, agent: str, seed: int) -> Path:
    """Where the outcomes of one agent and seed lie."""
    return folder / "episodes" / key / f"{agent}-{seed}.parquet"


def trace_path(folder: Path, key: str, agent: str, seed: int) -> Path:
    """Where the trace of one agent and seed lies."""
    return folder / "traces" / key / f"{agent}-{seed}.parquet"


def has_episodes(folder: Path, key: str, agent: str, seed: int) -> bool:
    """Whether this unit of work is done: files appear whole or not at all."""
    return episodes_path(folder, key, agent, seed).exists()


def write_episodes(folder: Path, key: str, agent: str, seed: int, episodes: Episodes) -> None:
    """Write the outcomes of one agent and seed, atomically. Write the trace before, if any."""
    table = pa.table(dict(episodes.columns))
    path = episodes_path(folder, key, agent, seed)
    atomic_write(path, lambda part: pq.write_table(table, part, compression="zstd"))


def progress_of(folder: Path) -> str:
    """How much of a run a folder holds, and how to go on, in words."""
    if not (folder / "run.json").exists():
        return "Nothing was begun; the same command starts anew."
    run = read_run(folder)
    units = [
        (env.key, agent.name, seed)
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
    key: str,
    agent: str,
    seed: int,
    measured: Mapping[str, float | list[float] | None],
) -> None:
    """Write what all episodes give together, atomically; before the episodes."""
    write_json(joint_path(folder, key, agent, seed), dict(measured))


def read_joint(folder: Path, key: str, agent: str, seed: int) -> dict[str, Any]:
    """The same; nothing where there is none. Raises `ResultsError` if it is damaged."""
    path = joint_path(folder, key, agent, seed)
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ResultsError(
            f"{path} is damaged ({error}). Remove it and "
            f"{episodes_path(folder, key, agent, seed)}, and start the same bench again: only this "
            f"part is run anew."
        ) from None
    return found


def read_episodes(folder: Path, setup: EnvSetup, agent: str, seed: int) -> tuple[Episodes, str]:
    """Read the outcomes of one agent and seed; columns that are newer than the file are filled.

    Returns:
        The outcomes, and the sha256 of the content of the file.

    Raises:
        ResultsError: the file is missing, damaged, or has other columns than the family.
    """
    path = episodes_path(folder, setup.key, agent, seed)
    try:
        table = pq.read_table(path, partitioning=None)
    except FileNotFoundError:
        raise ResultsError(
            f"{path}: these conversations are missing; the run is not finished. Start the same "
            f"bench again with this folder: it goes on where it stopped."
        ) from None
    except (pa.ArrowException, OSError) as error:
        raise ResultsError(
            f"{path} is damaged ({error}). Remove it and start the same bench again: only this "
            f"part is run anew."
        ) from None
    return _checked(table, setup.columns, path), _digest(table)


def _checked(table: pa.Table, columns: Columns, path: Path) -> Episodes:
    """The episodes in a table. Raises `ResultsError` where it has other columns."""
    needed = {column.name: column.type for column in columns.outcomes}
    given = dict(zip(table.schema.names, table.schema.types, strict=True))
    whole = not any(column.null_count for column in table.columns)
    try:
        if not whole or any(needed.get(name) != kind for name, kind in given.items()):
            raise ResultsError("they are of other types, unknown, or not whole.")
        table = filled(table, columns.outcomes)
    except ResultsError as error:
        raise ResultsError(
            f"{path} is not a file of outcomes of this version of RecoSim: it has the columns "
            f"{', '.join(given)}; {', '.join(needed)} are needed: {error}"
        ) from None
    return Episodes({name: table.column(name).to_numpy() for name in table.schema.names})


def finish_run(folder: Path, bootstrap: Bootstrap | None = None) -> Results:
    """Compute the results from run.json and the outcomes, and write results.json.

    Raises:
        ResultsError: outcomes are missing, damaged, or not those of the run.
    """
    results = _compute(folder, bootstrap or Bootstrap())
    write_json(folder / "results.json", _json(results))
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
    write_json(folder / "timings.json", _json(Timings(timings=tuple(timings))))


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
                    joint=read_joint(folder, setup.key, agent.name, seed),
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


def _digest(table: pa.Table) -> str:
    """sha256 over the names, dtypes, lengths and little-endian bytes of the columns, as hex.

    It covers the columns that a file has, so that those of a later version change no old digest.
    """
    digest = hashlib.sha256(b"recosim episodes 1")
    for name in table.schema.names:
        values = table.column(name).to_numpy()
        little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
        digest.update(f"\n{name} {little.dtype.str} {len(little)}\n".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


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
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultsError(
            f"{path.parent} has no {path.name}: it is not a folder of `recosim bench`."
        ) from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} cannot be read: {error}. Run the bench again.") from None
    current = model.model_fields["format"].default
    known = [current - 1, current] if older else [current]
    given = data.get("format") if isinstance(data, dict) else None
    if given not in known:
        raise ResultsError(
            f"{path} has the format {given!r}; this version of RecoSim reads format "
            f"{' and '.join(map(str, known))}. Use the version that wrote it, or run the bench "
            f"again."
        )
    if older is not None and given != current:
        try:
            data = older(data)
        except ResultsError as error:
            raise ResultsError(f"{path} was changed or is damaged: {error}") from None
    try:
        return model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ResultsError(
            f"{path} was changed or is damaged: {where}: {first['msg']}. Run the bench again."
        ) from None


def difference(
    there: Any, here: Any, labels: tuple[str, str] = ("the folder", "this run"), where: str = ""
) -> str:
    """The first difference of two JSON values as a clause; "" if they are equal."""
    if isinstance(there, dict) and isinstance(here, dict) and set(there) == set(here):
        pairs = [(f"{where}.{key}" if where else key, there[key], here[key]) for key in there]
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        pairs = [(f"{where}[{n}]", a, b) for n, (a, b) in enumerate(zip(there, here, strict=True))]
    elif there == here:
        return ""
    else:
        return f"{where} is {_short(there)} in {labels[0]} and {_short(here)} in {labels[1]}"
    return next((d for p, a, b in pairs if (d := difference(a, b, labels, p))), "")


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
