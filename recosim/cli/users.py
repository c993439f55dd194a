"""`recosim users`: fit users to logs; `annotate` is in a module of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from recosim.cli.annotate import annotate
from recosim.cli.options import WorldOption
from recosim.errors import OptionError
from recosim.terminal import terminal

if TYPE_CHECKING:
    from rich.console import Console

    from recosim.users.fitting import Findings, Held, Selection

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Users: fit them to logs, and let them annotate lists.",
    epilog="Example: recosim users fit iard.json --out my_users.toml",
)


@app.callback()
def users() -> None:
    """Users: fit them to logs, and let them annotate lists."""


app.command()(annotate)


@app.command()
def fit(
    context: typer.Context,
    log: Annotated[
        Path,
        typer.Argument(
            help="What people or users did: a trace, dialogues with acts, lists and choices, "
            "or sessions."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="The card to write, NAME.toml: a population called NAME.")
    ],
    against: Annotated[
        str, typer.Option(help="The population that the fit is held against.")
    ] = "typical",
    world: WorldOption = None,
    folds: Annotated[
        int, typer.Option(help="Parts in which the conversations are held out.", min=2)
    ] = 5,
    select: Annotated[
        float | None,
        typer.Option(
            help="Also fit to such a share of the log, chosen by what models are unsure of, and "
            "to random ones: 0.1 is a tenth."
        ),
    ] = None,
    select_seeds: Annotated[int, typer.Option(help="How often that is tried.", min=2)] = 5,
    seed: Annotated[int, typer.Option(help="Seed of what is held out.", min=0)] = 0,
    report: Annotated[
        Path | None, typer.Option(help="A JSON file for all figures, with their errors.")
    ] = None,
) -> None:
    """Fit a population to a log: settings, their spread, their standard errors.

    LOG is one of

      a trace of recosim bench (.parquet; its world must be here);

      dialogues: IARD (.json), ReDial (.jsonl), or turns of your own (.csv with
      conversation, turn, role, act, and user, item, attributes, text);

      lists and what was taken (.csv or .parquet with user, list, taken, and
      utilities; or --world, which knows what users took later);

      sessions (.csv or .parquet with user, time, item or list, and reaction,
      position, minutes, session where they are known): how likely users are to
      leave after a round, to come back on a day, to read on, to click.

    Settings are fitted by maximum likelihood. What the log cannot tell is said,
    and left out of the card. Every conversation (of sessions: every user) is held
    out once: the fit to the others foretells it, beside an unfitted card and
    beside constant guesses.

    Examples:

      recosim users fit iard.json --out film_people.toml

      recosim users fit results/run/traces/CPR-LastFM-v0/max_entropy-0.parquet --out refound.toml

      recosim users fit clicks.csv --out readers.toml --select 0.1 --report readers.json

      recosim users fit sessions.csv --out listeners.toml
    """
    from recosim.cli.showing.source import world_of
    from recosim.files import held, write_json
    from recosim.progress import show_progress
    from recosim.users.fitting import check_card_path, fit_users, judge, write_card
    from recosim.users.fitting import select as select_part
    from recosim.users.fitting.reading import read_log
    from recosim.users.population import population
    from recosim.world.catalog import open_world

    # Of two fits of one card one runs.
    lock = held(out.with_name(f".{out.name}.lock"), OptionError, "Name another card with --out.")
    context.with_resource(lock)
    check_card_path(out)
    unfitted = population(against)
    given = open_world(world) if world else None
    own = read_log(log, given, lambda trace, path: world_of(trace, path, world))
    with show_progress("fit", unit="fits", log=f"fitting users to {log}") as progress:
        progress(0, folds + 1, "all conversations")
        found = fit_users(own)
        judged = judge(
            own,
            unfitted,
            folds=folds,
            seed=seed,
            progress=lambda done, total, what: progress(done + 1, total + 1, what),
        )
    chosen = None
    if select is not None:
        with show_progress("select", unit="seeds", log="choosing a part of the log") as progress:
            chosen = select_part(own, select, seeds=select_seeds, progress=progress)
    write_card(out, found, own, judged)
    if report is not None:
        values = _values(found, judged, chosen)
        write_json(report, {"log": own.source, "against": against, **values})
    console = terminal()
    console.print(own.source, style="dim", soft_wrap=True)
    console.print(f"{own.conversations:,} {own.unit}, {own.total:,} occasions")
    _print_settings(console, found)
    _print_held(console, judged, against)
    if chosen is not None:
        _print_selection(console, chosen)
    console.print(f"wrote {out}", soft_wrap=True)
    console.print(
        f"To use it: put it into a folder `users` of RECOSIM_PATH, and say --users {out.stem}.",
        style="dim",
        soft_wrap=True,
    )


def _values(found: Findings, held: Held, chosen: Selection | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        "settings": {name: own.to_dict() for name, own in found.estimates.items()},
        "not_identified": dict(found.unknown),
        "held_out": held.to_dict(),
    }
    return values if chosen is None else {**values, "selection": chosen.to_dict()}


def _print_settings(console: Console, found: Findings) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1), title="Settings", title_justify="left")
    table.add_column("setting", no_wrap=True)
    table.add_column("fitted (standard error)")
    for column in ("occasions", "users"):
        table.add_column(column, justify="right", no_wrap=True)
    for own in found.estimates.values():
        told = ", ".join(map(str, own.figures)) or str(own.value)
        if isinstance(own.value, str):
            told = own.value
        note = f"; {own.note}" if own.note else ""
        table.add_row(own.setting, told + note, f"{own.occasions:,}", f"{own.users:,}")
    console.print(table)
    reasons: dict[str, list[str]] = {}
    for name, why in found.unknown.items():
        reasons.setdefault(why, []).append(name)
    console.print("Not identified, and left out of the card:")
    for why, names in reasons.items():
        console.print(f"  {', '.join(names)}: {why}", soft_wrap=True)


def _print_held(console: Console, held: Held, against: str) -> None:
    from recosim.users.fitting import MODELS
    from recosim.users.fitting.kinds import KINDS

    titles = {"fitted": "fitted", "unfitted": against, "shares": "shares", "alike": "even"}
    title = f"{held.unit.capitalize()} held out, in {held.folds} parts: log-loss, nats"
    table = Table(box=None, pad_edge=False, padding=(0, 1), title=title, title_justify="left")
    table.add_column("what the user does")
    for name in MODELS:
        table.add_column(titles[name], justify="right", no_wrap=True)
    for kind, own in held.by_kind.items():
        table.add_row(KINDS[kind].title, *(f"{own[name].log_loss:.3f}" for name in MODELS))
    for label, figure in (
        ("all of these", "log_loss"),
        ("  accuracy", "accuracy"),
        ("  calibration error", "calibration_error"),
    ):
        table.add_row(label, *(f"{getattr(held.overall[name], figure):.3f}" for name in MODELS))
    console.print(table)
    console.print(
        f"{against}: the card as it is. shares, even: guesses that are always the same, "
        f"the shares in the other {held.unit}, and all outcomes alike.",
        style="dim",
        soft_wrap=True,
    )
    verdict = "better" if held.gain > 0 else "worse"
    console.print(
        f"The fit is {verdict} than {against} by {abs(held.gain):.3f} nats an occasion "
        f"(standard error {held.gain_error:.3f}, over users).",
        soft_wrap=True,
    )


def _print_selection(console: Console, chosen: Selection) -> None:
    gain, error = chosen.gain
    informative, random, whole = (
        sum(own) / len(own) for own in (chosen.informative, chosen.random, chosen.whole)
    )
    console.print(
        f"Fits to {100 * chosen.share:g} % of the occasions, {len(chosen.random)} times: log-loss "
        f"{informative:.4f} where half of them were chosen by model uncertainty, {random:.4f} at "
        f"random, {whole:.4f} with all; gain {gain:.4f} (standard error {error:.4f}).",
        soft_wrap=True,
    )
