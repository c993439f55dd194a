"""`recosim users annotate`: a pool of annotators rates lists and compares them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recosim.cli.options import PlotsOption, UserSetOption, WorldOption, user_settings
from recosim.errors import MissingExtraError, OptionError

if TYPE_CHECKING:
    from recosim.audit.agreement import Agreement, Ranking
    from recosim.users.annotators.lists import Lists
    from recosim.world.world import World

__all__ = ["annotate"]


def annotate(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WORLD|TRACE|RESULTS",
            help="A world to draw lists from, a trace (.parquet), or a folder of recosim bench.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    population: Annotated[
        str, typer.Option(help="Who annotates: alpacafarm, peering, or a card of yours.")
    ] = "alpacafarm",
    split: Annotated[
        str, typer.Option(help="Of a world: for whose sake lists are judged: train, valid or test.")
    ] = "test",
    users: Annotated[
        int | None, typer.Option(help="How many of these users; all by default.", min=1)
    ] = None,
    lists: Annotated[
        int | None,
        typer.Option(
            help="Lists of each user (of a trace: of each agent and user, the first ones); 4 of a "
            "world, 4 of one trace, 1 of several agents.",
            min=1,
        ),
    ] = None,
    size: Annotated[
        str, typer.Option(help="Of a world: items of a list, e.g. 5, or 3-12 for any of these.")
    ] = "3-12",
    user_set: UserSetOption = None,
    annotator_set: Annotated[
        list[str] | None,
        typer.Option(
            "--annotator-set",
            help="A setting of the annotators, e.g. --annotator-set spread=0 or --annotator-set "
            "rate=worth:1,length:0.5; may be repeated.",
        ),
    ] = None,
    env: Annotated[
        str | None, typer.Option(help="Of results: the environment, where there are several.")
    ] = None,
    world: WorldOption = None,
    seed: Annotated[
        int, typer.Option(help="Seed of lists that are drawn, and of answers.", min=0)
    ] = 0,
    plots: PlotsOption = True,
) -> None:
    """Rate lists and compare them, as a pool of annotators does, and see how far they agree.

    Every annotator of the population (the table [annotators] of its card) rates every list and
    compares every pair of lists of one user; of several agents, lists of different agents. Then
    it prints how often two annotators agree, one with the majority, ratings with comparisons, and
    all of them with what the lists are truly worth, with 95 % intervals over users.

    The folder gets lists.parquet, ratings.parquet, comparisons.parquet, annotation.json and a
    picture; recosim.users.annotators.files reads them back as preference pairs and slates.

    Examples:

      recosim users annotate lastfm-small --population alpacafarm --out labels

      recosim users annotate lastfm-small --population peering --out ratings

      recosim users annotate lastfm-small --out steady --user-set answer_noise=0

      recosim users annotate results/RecoWorld-LastFM --population alpacafarm --out ranked
    """
    from dataclasses import replace

    from recosim.audit.agreement import agreement, ranking
    from recosim.audit.agreement_picture import draw_agreement
    from recosim.progress import show_progress
    from recosim.users import population as population_of
    from recosim.users.annotators.files import check_folder, write_annotation
    from recosim.users.annotators.judging import annotate as ask
    from recosim.users.annotators.settings import READ
    from recosim.users.behaviour import check_settings

    check_folder(out)
    named: dict[str, Any] = user_settings(user_set)
    check_settings(tuple(named), "annotators", READ)
    crowd = population_of(population).with_settings(**named)
    judging = _judging(annotator_set or [])
    crowd = replace(crowd, annotators=replace(crowd.annotators, **judging))
    place, shown = _shown(what, split, users, lists, size, env, world, seed)
    with show_progress("annotate", unit="annotators", log="asking annotators") as progress:
        said = ask(place, crowd, shown, seed=seed, progress=progress)
    figures, ranks = agreement(said), ranking(said)
    about = {
        "of": what,
        "world": place.name,
        "fingerprint": place.fingerprint,
        "population": crowd.to_dict(),
        "annotators": crowd.annotators.to_dict(),
        "seed": seed,
        "agreement": {own.name: own.estimate.model_dump() for own in figures},
    }
    write_annotation(out, said, about)
    written = [out]
    console = Console(highlight=False)
    people = f"{said.annotators} annotator{'s' if said.annotators > 1 else ''} ({crowd.name})"
    console.print(
        f"{len(set(shown.user.tolist())):,} users, {len(shown):,} lists, "
        f"{len(said.first):,} pairs, {people} in {place.name}",
        style="dim",
        soft_wrap=True,
    )
    _print_agreement(console, figures)
    if ranks is not None:
        _print_ranking(console, ranks)
    if plots:
        try:
            written.append(draw_agreement(said, figures, out / "agreement.png"))
        except MissingExtraError as error:  # the answers are there all the same
            console.print(escape(str(error)), style="yellow")
    for path in written:
        console.print(f"wrote {path}", soft_wrap=True, markup=False)


def _shown(
    what: str,
    split: str,
    users: int | None,
    lists: int | None,
    size: str,
    env: str | None,
    world: str | None,
    seed: int,
) -> tuple[World, Lists]:
    """The lists to judge, and their world."""
    from recosim.cli.showing.source import choose_units, units_in, world_of
    from recosim.trace import Trace
    from recosim.users.annotators.lists import draw_lists, first_users, lists_of_traces
    from recosim.world.catalog import open_world
    from recosim.world.parts import split_users

    path = Path(what)
    if path.suffix == ".parquet":
        trace = Trace.read(path)
        agents = trace.table.column("agent").unique().to_pylist()
        name = str(agents[0]) if len(agents) == 1 else path.stem
        return world_of(trace, path, world), first_users(
            lists_of_traces([(name, trace)], lists or 4), users
        )
    if (path / "run.json").is_file():
        units = choose_units(units_in(path), env, None, None)
        keys = sorted({unit.setup.key for unit in units})
        if len(keys) > 1:
            raise OptionError(
                f"{path} holds {len(keys)} environments; name one with --env: {keys}."
            )
        first = [unit for unit in units if unit.seed == min(own.seed for own in units)]
        traces = [(unit.agent, unit.trace()) for unit in first]
        place = world_of(traces[0][1], first[0].path, world)
        number = lists or (1 if len(traces) > 1 else 4)
        return place, first_users(lists_of_traces(traces, number), users)
    place = open_world(world or what)
    chosen = split_users(place, split)[:users]
    if not len(chosen):
        raise OptionError(f"no user of {place.name!r} is in the split {split!r}; give another one.")
    return place, draw_lists(place, chosen, lists or 4, sizes=_sizes(size), seed=seed)


def _sizes(given: str) -> tuple[int, int]:
    low, dash, high = given.partition("-")
    if not low.strip().isdigit() or (dash and not high.strip().isdigit()):
        raise OptionError(f"--size is {given!r}; a whole number or two are needed: 5, or 3-12.")
    return int(low), int(high) if dash else int(low)


def _judging(given: list[str]) -> dict[str, Any]:
    """Settings of annotators as they were typed."""
    from recosim.users.annotators.settings import typed

    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise OptionError(
                f"--annotator-set is {text!r}; NAME=VALUE is needed, e.g. spread=0.2."
            )
        found[name.strip()] = typed(name.strip(), value.strip())
    return found


def _print_agreement(console: Console, figures: list[Agreement]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1), title="Agreement", title_justify="left")
    table.add_column("figure")
    table.add_column("share", justify="right")
    table.add_column("95 % over users", no_wrap=True)
    for own in figures:
        e = own.estimate
        ends = "" if e.low is None else f"[{e.low:.3f}, {e.high:.3f}]"
        table.add_row(own.title, f"{e.value:.3f}", escape(ends))
    console.print(table)
    if not figures:
        console.print("Each user has one list: there is nothing to compare.", style="yellow")


def _print_ranking(console: Console, ranks: Ranking) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1), title="Agents", title_justify="left")
    table.add_column("agent")
    for column in ("comparisons won", "mean rating", "true worth"):
        table.add_column(column, justify="right")
    for k in sorted(range(len(ranks.agents)), key=lambda k: -ranks.wins[k]):
        table.add_row(
            escape(ranks.agents[k]),
            f"{ranks.wins[k]:.3f}",
            f"{ranks.ratings[k]:.2f}",
            f"{ranks.truth[k]:.4f}",
        )
    console.print(table)
    for name, own in zip(("comparisons", "ratings"), ranks.spearman, strict=True):
        if own is None:
            console.print(f"Spearman of {name} and truth: none, as all stand alike.")
            continue
        ends = "" if own.low is None else f" [{own.low:.2f}, {own.high:.2f}]"
        console.print(escape(f"Spearman of {name} and truth: {own.value:.2f}{ends}"))
