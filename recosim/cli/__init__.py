"""The command line: `recosim ...`.

A command module is attached with one line below: `app.add_typer(module.app, name=...)` for a group,
`app.command()(function)` for one command. Command modules import only typer and rich at the top and
what they run inside their functions, so that `recosim --help` stays quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from recosim.cli import (
    audit,
    bench,
    data,
    listing,
    new,
    play,
    population,
    report,
    show,
    train,
    users,
    warmup,
)
from recosim.errors import RecosimError
from recosim.terminal import guarded, terminal

__all__ = ["app", "main"]

ERROR_STATUS = 2  # the status of a wrong call, as typer itself uses it

app = typer.Typer(
    name="recosim",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(listing.list_names)
app.command()(new.new)
app.command()(warmup.warmup)
app.command()(train.train)
app.command()(bench.bench)
app.command()(report.report)
app.command()(population.population)
app.command()(play.play)
app.command()(show.show)
app.command()(audit.audit)
app.add_typer(data.app, name="data")
app.add_typer(users.app, name="users")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"recosim {version('recosim')}")
        raise typer.Exit


@app.callback()
def recosim(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Simulate the people that a conversational recommender talks to."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; `arguments` are those of the process by default.

    An error that RecoSim raises on purpose, and one of the system (disk full, no permission), is
    told on stderr with status 2; a traceback is for a defect.
    """
    with guarded():
        try:
            app(args=None if arguments is None else list(arguments), prog_name="recosim")
        except (RecosimError, OSError) as error:
            if isinstance(error, BrokenPipeError):  # the reader of our output is gone: `... | head`
                raise
            message = "\n".join(" ".join(line.split()) for line in str(error).splitlines())
            told = Text.assemble(("error:", "red"), f" {message}")
            terminal(stderr=True).print(told, soft_wrap=True)
            sys.exit(ERROR_STATUS)
