"""The results folder of a bench: what a run is, what came of it, and how both lie on disk.

    run.json                               what is to be run; written first, never changed
    episodes/<env>/<agent>-<seed>.parquet  outcomes of each conversation; a finished unit of work
    traces/<env>/<agent>-<seed>.parquet    every move (`recosim.trace`)
    results.json                           metrics, intervals, comparisons; written last
    timings.json                           seconds and speed; alone differs between equal runs
    report.md, plots/<env>.png             drawn from results.json alone (`recosim.bench.report`)

A runner needs four calls: `claim_run` (new folder, or the same run to be resumed), `has_episodes`
and `write_episodes` for each unit of work, and `finish_run`, which computes results.json from the
files alone. So a run that was killed and resumed ends with the same bytes as an undisturbed one.

The outcomes of single conversations lie in Parquet beside results.json, which names each file and
the sha256 of its content: the Yelp test split makes 6 million of them with six agents and five
seeds, hundreds of megabytes as JSON. The digest is of the values, not of the file, whose bytes
change between versions of pyarrow.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from recosim.bench.metrics import average_turns, compare_and_summarise, hdcg, success_rate
from recosim.bench.schema import (
    FORMAT,
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
from recosim.trace import Episodes

__all__ = [
    "claim_run",
    "episodes_path",
    "finish_run",
    "has_episodes",
    "read_episodes",
    "read_results",
    "read_run",
    "read_timings",
    "trace_path",
    "verify_results",
    "write_episodes",
    "write_timings",
]

ModelT = TypeVar("ModelT", bound=BaseModel)


def claim_run(folder: Path, environments: Sequence[EnvSetup], versions: Mapping[str, str]) -> Run:
    """Make `folder` the folder of this run, or find that it is, to resume it.

    Raises:
        ResultsError: the folder belongs to another run (the first difference is named) or version,
            or holds other files.
    """
    wanted = Run(versions=dict(versions), environments=tuple(environments))
    path = folder / "run.json"
    if path.exists():
        difference = _difference(read_run(folder).model_dump(mode="json"), _json(wanted))
        if difference:
            raise ResultsError(
                f"{folder} holds the results of another run: {difference}. Give another folder, "
                f"or remove this one to start anew."
            )
        return wanted
    if folder.exists() and not folder.is_dir():
        raise ResultsError(f"{folder} is not a folder. Give another one for the results.")
    others = (
        sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if (folder.exists())
        else []
    )
    if others:
        raise ResultsError(
            f"{folder} is not a results folder, but it holds files ({', '.join(others[:3])}"
            f"{', ...' if len(others) > 3 else ''}). Give a new or an empty folder."
        )
    write_json(path, _json(wanted))
    return wanted


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
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: getattr(episodes, name) for name in COLUMNS})
    path = episodes_path(folder, key, agent, seed)
    atomic_write(path, lambda part: pq.write_table(table, part, compression="zstd"))


def read_episodes(folder: Path, key: str, agent: str, seed: int) -> Episodes:
    """Read the outcomes of one agent and seed.

    Raises:
        ResultsError: the file is missing, damaged, or has other columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = episodes_path(folder, key, agent, seed)
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
    given = {name: table.schema.field(name).type.to_pandas_dtype() for name in table.schema.names}
    if given != {name: dtype.type for name, dtype in COLUMNS.items()} or any(
        column.null_count for column in table.columns
    ):
        raise ResultsError(
            f"{path} is not a file of outcomes of this version of RecoSim: it has the columns "
            f"{', '.join(given)}; {', '.join(COLUMNS)} are needed."
        )
    return Episodes(**{name: table.column(name).to_numpy() for name in COLUMNS})


def finish_run(folder: Path, bootstrap: Bootstrap | None = None) -> Results:
    """Compute the results from run.json and the outcomes, and write results.json.

    Raises:
        ResultsError: outcomes are missing, damaged, or not those of the run.
    """
    results = _compute(folder, bootstrap or Bootstrap())
    write_json(folder / "results.json", _json(results))
    return results


def read_results(folder: Path) -> Results:
    """Read results.json.

    Raises:
        ResultsError: the file is missing, damaged, or of another version.
    """
    path = folder / "results.json"
    if not path.exists() and (folder / "run.json").exists():
        raise ResultsError(
            f"the run in {folder} is not finished: it has no results.json yet. Start the same "
            f"bench again with this folder: it goes on where it stopped."
        )
    return _read(path, Results)


def read_run(folder: Path) -> Run:
    """Read run.json. Raises `ResultsError` as `read_results` does."""
    return _read(folder / "run.json", Run)


def verify_results(folder: Path) -> Results:
    """Read results.json and compute it anew from the outcomes of the conversations.

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
    difference = _difference(_json(results), _json(computed), ("results.json", "the outcomes"))
    if difference:
        raise ResultsError(
            f"{folder / 'results.json'} does not follow from its files: {difference}."
        )
    return results


def write_timings(folder: Path, timings: Sequence[Timing]) -> None:
    """Write timings.json, ordered by environment, agent and seed as given."""
    write_json(folder / "timings.json", _json(Timings(timings=tuple(timings))))


def read_timings(folder: Path) -> list[Timing]:
    """Read timings.json; nothing if there is none. Raises `ResultsError` if it is damaged."""
    path = folder / "timings.json"
    return list(_read(path, Timings).timings) if path.exists() else []


# Column -> dtype of a file of outcomes: the fields of `Episodes`, in that order.
COLUMNS: dict[str, np.dtype[Any]] = {
    field.name: np.dtype(
        {
            "conversation": np.int32,
            "user": np.int32,
            "target": np.int32,
            "supported": np.float64,
            "reward": np.float64,
            "nothing_left": np.bool_,
            "left": np.bool_,
        }.get(field.name, np.int16)
    )
    for field in dataclasses.fields(Episodes)
}


def _compute(folder: Path, bootstrap: Bootstrap) -> Results:
    run = read_run(folder)
    return Results(
        versions=run.versions,
        bootstrap=BootstrapInfo(**dataclasses.asdict(bootstrap)),
        environments=tuple(_compute_env(folder, env, bootstrap) for env in run.environments),
    )


def _compute_env(folder: Path, setup: EnvSetup, bootstrap: Bootstrap) -> EnvResult:
    turns = setup.rules.max_turns
    episodes: dict[str, dict[int, Episodes]] = {}
    seeds: dict[str, list[SeedResult]] = {}
    for agent in setup.agents:
        episodes[agent.name], seeds[agent.name] = {}, []
        for seed in setup.seeds:
            rows = read_episodes(folder, setup.key, agent.name, seed)
            path = episodes_path(folder, setup.key, agent.name, seed)
            if len(rows) != setup.conversations:
                raise ResultsError(
                    f"{path} holds {len(rows)} conversations, the run has {setup.conversations}. "
                    f"Remove it and start the same bench again."
                )
            episodes[agent.name][seed] = rows
            seeds[agent.name].append(
                SeedResult(
                    seed=seed,
                    episodes=path.relative_to(folder).as_posix(),
                    sha256=_digest(rows),
                    success_rate=float(success_rate(rows, turns)[-1]),
                    average_turns=average_turns(rows, turns),
                    hdcg=hdcg(rows),
                )
            )
    try:
        summaries, comparisons = compare_and_summarise(episodes, turns, bootstrap)
    except ResultsError as error:
        raise ResultsError(f"{folder}, environment {setup.key}: {error}") from None
    return EnvResult(
        setup=setup,
        agents=tuple(
            AgentResult(name=name, summary=summaries[name], seeds=tuple(seeds[name]))
            for name in summaries
        ),
        comparisons=tuple(comparisons),
    )


def _digest(rows: Episodes) -> str:
    """sha256 over the names, dtypes, lengths and little-endian bytes of the columns, as hex."""
    digest = hashlib.sha256(f"recosim episodes {FORMAT}".encode())
    for name, dtype in COLUMNS.items():
        little = np.ascontiguousarray(getattr(rows, name), dtype=dtype.newbyteorder("<"))
        digest.update(f"\n{name} {little.dtype.str} {len(little)}\n".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def _digests(results: Results) -> dict[str, str]:
    """Path of each file of outcomes -> the sha256 of its content."""
    agents = [agent for env in results.environments for agent in env.agents]
    return {seed.episodes: seed.sha256 for agent in agents for seed in agent.seeds}


def _json(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json")


def _read(path: Path, model: type[ModelT]) -> ModelT:
    """Read one JSON file of the folder; say what is wrong with it, and what to do."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultsError(
            f"{path.parent} has no {path.name}: it is not a folder of `recosim bench`."
        ) from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} cannot be read: {error}. Run the bench again.") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        given = data.get("format") if isinstance(data, dict) else None
        raise ResultsError(
            f"{path} has the format {given!r}; this version of RecoSim reads format {FORMAT}. Use "
            f"the version that wrote it, or run the bench again."
        )
    try:
        return model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ResultsError(
            f"{path} was changed or is damaged: {where}: {first['msg']}. Run the bench again."
        ) from None


def _difference(
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
    return next((d for p, a, b in pairs if (d := _difference(a, b, labels, p))), "")


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
