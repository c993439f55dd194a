"""`recosim warmup`: compile and build ahead what the first use would wait for."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from recosim.cli.complete import complete_environments
from recosim.cli.report import output
from recosim.progress import show_progress

__all__ = ["warmup"]


def warmup(
    environments: Annotated[
        list[str] | None,
        typer.Argument(
            help="Environments by id or short name; by default one small one of each family.",
            autocompletion=complete_environments,
        ),
    ] = None,
) -> None:
    """Compile the kernels and build the worlds ahead, so that nothing waits for them later.

    Kernels are compiled once on a machine and kept on disk, until their code changes; so are worlds
    and fitted estimators. In an image or on a node of a cluster, run it once while it is set up.

    Examples:

      recosim warmup

      recosim warmup CPR-LastFM RecoWorld-LastFM
    """
    from recosim.bench.warm import warm_up

    names = environments or _one_of_each_family()
    started = time.perf_counter()
    log = f"recosim: compiling and building for {', '.join(names)}: minutes, once on a machine"
    with show_progress("warmup", unit="steps", log=log) as progress:
        warm_up(names, progress)
    output().print(
        f"ready after {time.perf_counter() - started:.0f} s: {', '.join(names)}",
        soft_wrap=True,
    )


def _one_of_each_family() -> list[str]:
    """The environment of the smallest world of each family: kernels do not hang on the world."""
    from recosim.envs.registration import env_cards

    found: dict[str, str] = {}
    for card in sorted(env_cards().values(), key=lambda c: (not c.name.endswith("-Small"), c.id)):
        found.setdefault(card.family, card.name)
    return sorted(found.values())
