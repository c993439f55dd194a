"""`recosim bench`: agents on environments, with intervals, tables and plots."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from recosim.cli.options import PlotsOption, ProtocolOption, WorldOption
from recosim.errors import OptionError
from recosim.progress import show_progress

__all__ = ["bench"]


def bench(
    environments: Annotated[
        list[str],
        typer.Argument(help="Environments by id or short name, e.g. CPR-LastFM EAR-Yelp."),
    ],
    agents: Annotated[
        str, typer.Option(help="Agents, separated by commas; 'all' for every agent card.")
    ] = "all",
    seeds: Annotated[int, typer.Option(help="How many seeds: 0, 1, ...", min=1)] = 1,
    episodes: Annotated[
        int | None,
        typer.Option(help="Sample so many conversations; the whole split by default.", min=1),
    ] = None,
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "test",
    out: Annotated[
        Path | None,
        typer.Option(help="Results folder; results/ENV+... by default. An unfinished run resumes."),
    ] = None,
    world: WorldOption = None,
    protocol: ProtocolOption = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A choice of the protocol, e.g. --set on_reject=remove; may be repeated.",
        ),
    ] = None,
    estimator: Annotated[str | None, typer.Option(help="Another estimator.")] = None,
    answer_noise: Annotated[
        float | None, typer.Option(help="Probability that an answer is flipped.")
    ] = None,
    dont_know: Annotated[
        float | None, typer.Option(help="Probability of the answer 'I don't know'.")
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(help="Conversations advanced at once; by default what fits well.", min=1),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of a batch.", min=1)] = None,
    traces: Annotated[bool, typer.Option(help="Keep every move as Parquet.")] = True,
    plots: PlotsOption = True,
) -> None:
    """Compare agents: who needs the fewest turns?

    Every agent meets the same users with the same luck. A killed run goes on where it was when the
    same command is given again. The folder gets results.json, report.md, plots and traces.

    Examples:

      recosim bench CPR-LastFM --agents all

      recosim bench CPR-LastFM CPR-Yelp --agents logic,max_entropy --seeds 5 --episodes 2000

      recosim bench CPR-LastFM --world my-lastfm --set on_reject=remove
    """
    from recosim.bench.report import render_report
    from recosim.bench.run import prepare_env, run_bench
    from recosim.cli.report import output, print_results

    overrides: dict[str, Any] = {
        "world": world,
        "protocol": protocol,
        "protocol_options": _options(option or []) or None,
        "estimator": estimator,
        "answer_noise": answer_noise,
        "dont_know": dont_know,
    }
    names = [name.strip() for name in agents.split(",") if name.strip()]
    envs = [
        prepare_env(name, split=split, episodes=episodes, overrides=overrides)
        for name in environments
    ]
    folder = out or Path("results") / "+".join(env.key for env in envs)
    with show_progress("bench", unit="conversations") as progress:
        run_bench(
            envs,
            names,
            folder,
            seeds=range(seeds),
            batch=batch,
            threads=threads,
            traces=traces,
            progress=progress,
        )
    print_results(render_report(folder, plots=plots), output())


def _options(given: list[str]) -> dict[str, Any]:
    """`name=value` pairs; a value is read as TOML where it can be, else as a word."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    options: dict[str, Any] = {}
    for entry in given:
        name, separator, value = entry.partition("=")
        if not separator or not name:
            raise OptionError(f"--set takes name=value, e.g. on_reject=remove; given {entry!r}.")
        try:
            options[name.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            options[name.strip()] = value.strip()
    return options
