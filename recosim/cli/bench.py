"""`recosim bench`: agents on environments, with intervals, tables and plots."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recosim.cli.options import (
    CheckpointsOption,
    EstimatorOption,
    EstimatorSetOption,
    PlotsOption,
    ProtocolOption,
    SetOption,
    UserSetsOption,
    WorldOption,
    crowds_of,
    environment_overrides,
    split_names,
)
from recosim.errors import unknown
from recosim.progress import show_progress
from recosim.terminal import tell

__all__ = ["bench"]


def bench(
    environments: Annotated[
        list[str],
        typer.Argument(help="Environments by id or short name, e.g. CPR-LastFM EAR-Yelp."),
    ],
    agents: Annotated[
        str,
        typer.Option(
            help="Agents, separated by commas; 'rules' for those that do not learn, 'all' for "
            "every agent that can run here."
        ),
    ] = "all",
    seeds: Annotated[int, typer.Option(help="How many seeds: 0, 1, ...", min=1)] = 1,
    episodes: Annotated[
        int | None,
        typer.Option(help="Sample so many conversations; the whole split by default.", min=1),
    ] = None,
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "test",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Results folder; results/ENV+... by default, with a digest of what else "
            "is not as usual. An unfinished run resumes."
        ),
    ] = None,
    world: WorldOption = None,
    protocol: ProtocolOption = None,
    option: SetOption = None,
    estimator: EstimatorOption = None,
    estimator_set: EstimatorSetOption = None,
    users: Annotated[
        str | None,
        typer.Option(
            help="Populations of users: one, or several separated by commas, e.g. ideal,typical."
        ),
    ] = None,
    user_set: UserSetsOption = None,
    checkpoints: CheckpointsOption = None,
    illegal: Annotated[
        str,
        typer.Option(
            help="What an illegal move of an agent does: 'raise' stops the run, 'penalise' wastes "
            "the turn and is counted."
        ),
    ] = "raise",
    batch: Annotated[
        int | None,
        typer.Option(help="Conversations advanced at once; by default what fits well.", min=1),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of a batch.", min=1)] = None,
    traces: Annotated[bool, typer.Option(help="Keep every move as Parquet.")] = True,
    plots: PlotsOption = True,
) -> None:
    """Compare agents on the same users: who is best, and by how much?

    Every agent meets the same users with the same luck. A killed run goes on where it was when the
    same command is given again. The folder gets results.json, report.md, plots and traces.

    Agents that learn are trained first: `recosim train`. Seed k is played by training seed k.

    Examples:

      recosim bench CPR-LastFM --agents all

      recosim bench CPR-LastFM CPR-Yelp --agents logic,max_entropy --seeds 5 --episodes 2000

      recosim bench CPR-LastFM --world my-lastfm --set on_reject=remove

      recosim bench CPR-LastFM --user-set answer_noise=0,0.1,0.2 --user-set patience=4,8,none

      recosim bench CPR-LastFM --users ideal,typical,terse,erratic,picky,chatty
    """
    from recosim.bench.report import render_report
    from recosim.bench.run import run_bench
    from recosim.bench.setup import prepare_env, usual_folder
    from recosim.cli.report import output, print_results

    if illegal not in ("raise", "penalise"):
        raise unknown("value of --illegal", illegal, ("raise", "penalise"))
    envs = [
        prepare_env(
            name,
            split=split,
            episodes=episodes,
            overrides=environment_overrides(
                world=world,
                protocol=protocol,
                option=option,
                estimator=estimator,
                estimator_set=estimator_set,
                **crowd._asdict(),
            ),
        )
        for name in environments
        for crowd in crowds_of(users, user_set)
    ]
    names = split_names(agents)
    folder = out or Path("results") / usual_folder(envs, illegal=illegal, checkpoints=checkpoints)
    with show_progress("bench", unit="conversations") as progress:
        run_bench(
            envs,
            names,
            folder,
            seeds=range(seeds),
            batch=batch,
            threads=threads,
            traces=traces,
            checkpoints=checkpoints,
            illegal="raise" if illegal == "raise" else "penalise",
            progress=progress,
            notice=tell,
        )
    print_results(render_report(folder, plots=plots), output())
