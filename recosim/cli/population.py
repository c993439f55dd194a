"""`recosim population`: many users, several platforms, simulated weeks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recosim.cli.options import (
    EstimatorOption,
    EstimatorSetOption,
    PlotsOption,
    ProtocolOption,
    SetOption,
    UserSetOption,
    WorldOption,
    environment_overrides,
    split_names,
    user_settings,
)
from recosim.progress import show_progress

__all__ = ["population"]


def population(
    environment: Annotated[
        str, typer.Argument(help="An environment of lives, e.g. RecoWorld-LastFM.")
    ],
    users: Annotated[int, typer.Option(help="How many users live.", min=1)] = 10_000,
    days: Annotated[
        int | None, typer.Option(help="For how many days; those of the environment by default.")
    ] = None,
    platforms: Annotated[
        str,
        typer.Option(
            help="The recommender of each platform, separated by commas: an agent (static, follow, "
            "gardener, greedy_clicks, ...) or a ranking (relevance, novelty, service)."
        ),
    ] = "follow,static",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Results folder; results/ENV.population by default. An unfinished run resumes."
        ),
    ] = None,
    population: Annotated[
        str | None,
        typer.Option(help="Who the users are: typical, voiceless, loyal, vocal, binger, ..."),
    ] = None,
    user_set: UserSetOption = None,
    choice_pull: Annotated[
        float,
        typer.Option(help="How much loyalty counts when users choose a platform; 0: not at all."),
    ] = 4.0,
    seed: Annotated[int, typer.Option(help="Seed of all luck.", min=0)] = 0,
    split: Annotated[str, typer.Option(help="Whose lives: train, valid or test.")] = "test",
    world: WorldOption = None,
    protocol: ProtocolOption = None,
    option: SetOption = None,
    estimator: EstimatorOption = None,
    estimator_set: EstimatorSetOption = None,
    traces: Annotated[
        bool, typer.Option(help="Keep every move as Parquet parts (about 3 kB a user).")
    ] = False,
    chunk: Annotated[
        int,
        typer.Option(help="Users of a part, which a kill can lose. It changes no result.", min=1),
    ] = 16_384,
    rows: Annotated[
        int, typer.Option(help="Users advanced at once. It changes no result.", min=1)
    ] = 1024,
    threads: Annotated[int | None, typer.Option(help="Threads of a batch.", min=1)] = None,
    plots: PlotsOption = True,
) -> None:
    """Who wins the users? A population lives with several recommenders for weeks.

    Each user opens a session on the days on which they come back, and chooses a platform: one of
    which they have good memories is likelier. What a platform learned of them stays with it; mood,
    boredom and fatigue go along. Sessions run as in the environment, so that one platform alone is
    the environment itself.

    A killed run goes on where it was when the same command is given again. The folder gets
    summary.json, daily.parquet (by platform and day), cohorts.parquet (by first platform),
    items.parquet (exposure), plots, and the traces where they are wanted.

    Examples:

      recosim population RecoWorld-LastFM --users 100000 --days 30 --platforms follow,static

      recosim population RecoWorld-LastFM --platforms follow,static --population voiceless

      recosim population RecoWorld-LastFM --platforms static --user-set voice=0 --out alone
    """
    from recosim.bench.population import draw_population, population_tables
    from recosim.cli.report import output
    from recosim.multi.running import Plan, run_population

    settings: dict[str, Any] = user_settings(user_set)
    plan = Plan.make(
        environment,
        split_names(platforms),
        users,
        days=days,
        overrides=environment_overrides(
            world=world,
            protocol=protocol,
            option=option,
            estimator=estimator,
            estimator_set=estimator_set,
            users=population,
            settings=settings,
        ),
        split=split,
        seed=seed,
        choice_pull=choice_pull,
        traces=traces,
    )
    folder = out or Path("results") / f"{plan.environment}.population"
    with show_progress("population", unit="users") as progress:
        run_population(
            plan,
            folder,
            chunk=chunk,
            rows=rows,
            threads=threads,
            progress=progress,
            notice=lambda text: typer.echo(text, err=True),
        )
    console = output()
    for table in population_tables(folder):
        console.print(table)
    written = [folder / "summary.json"]
    if plots:
        written.append(draw_population(folder))
    for path in written:
        console.print(f"wrote {path}", soft_wrap=True, markup=False)
