"""`recosim population`: many users, several platforms, simulated weeks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recosim.cli.clusters import (
    RayAddressOption,
    RayOption,
    ShardsOption,
    ThreadsOption,
    cluster_of,
)
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
from recosim.errors import MissingExtraError, OptionError
from recosim.progress import show_progress
from recosim.terminal import tell

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
    creators: Annotated[
        int,
        typer.Option(
            help="Creators, who release items day by day. All users live at once then, so that a "
            "killed run begins anew.",
            min=0,
        ),
    ] = 0,
    creator_rules: Annotated[
        str,
        typer.Option(
            help="What creators do: still, chase_clicks, chase_retention; several, separated by "
            "commas, take turns."
        ),
    ] = "still",
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
        int | None,
        typer.Option(
            help="Users of a part, which a kill can lose and a shard takes at once; 16,384 by "
            "default, with --ray fewer where there are few users. It changes no result.",
            min=1,
        ),
    ] = None,
    rows: Annotated[
        int, typer.Option(help="Users advanced at once. It changes no result.", min=1)
    ] = 1024,
    threads: ThreadsOption = None,
    ray: RayOption = False,
    shards: ShardsOption = None,
    ray_address: RayAddressOption = None,
    plots: PlotsOption = True,
) -> None:
    """Who wins the users? A population lives with several recommenders for weeks.

    Each user opens a session on the days on which they come back, and chooses a platform: one of
    which they have good memories is likelier. What a platform learned of them stays with it; mood,
    boredom and fatigue go along. Sessions run as in the environment, so that one platform alone is
    the environment itself.

    A killed run goes on where it was when the same command is given again. With --ray the users are
    spread over processes, on this machine or on several; one that dies is replaced, and the results
    are the same bytes for any number of shards. The folder gets
    summary.json, daily.parquet (by platform and day), cohorts.parquet (by first platform),
    items.parquet (exposure), plots, and the traces where they are wanted; with creators also
    creators.parquet and offer.parquet.

    Examples:

      recosim population RecoWorld-LastFM --users 100000 --days 30 --platforms follow,static

      recosim population RecoWorld-LastFM --platforms follow,static --population voiceless

      recosim population RecoWorld-LastFM --users 2000 --creators 50 --creator-rules chase_clicks

      recosim population RecoWorld-LastFM --platforms static --user-set voice=0 --out alone

      recosim population RecoWorld-LastFM --users 1000000 --days 30 --ray --shards 8
    """
    from recosim.bench.population import draw_population, population_tables
    from recosim.cli.report import output
    from recosim.multi.plan import Plan
    from recosim.multi.running import run_population
    from recosim.multi.whole import run_whole

    cluster = cluster_of(ray, shards, ray_address)
    if cluster is not None and creators:
        raise OptionError(
            "--ray has users apart from one another, and creators look at all users day by day: "
            "they live at once, in one process. Leave out --ray or --creators."
        )
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
        creators=_creators(creators, split_names(creator_rules)),
    )
    folder = out or Path("results") / f"{plan.environment}.population"
    shared: dict[str, Any] = {
        "threads": threads,
        "notice": tell,
    }
    with show_progress("population", unit="days" if creators else "users") as progress:
        if creators:
            run_whole(plan, folder, progress=progress, **shared)
        else:
            run_population(
                plan, folder, chunk=chunk, rows=rows, cluster=cluster, progress=progress, **shared
            )
    console = output()
    for table in population_tables(folder):
        console.print(table)
    written = [folder / "summary.json"]
    if plots:
        try:
            written.append(draw_population(folder))
        except MissingExtraError as error:  # the run is done all the same
            console.print(str(error), style="yellow")
    for path in written:
        console.print(f"wrote {path}", soft_wrap=True)


def _creators(n: int, rules: list[str]) -> tuple[str, ...]:
    """The rule of each of n creators: those named, in turns."""
    if n and not rules:
        raise OptionError("--creator-rules names none; still, chase_clicks, chase_retention.")
    return tuple(rules[k % len(rules)] for k in range(n))
