"""`recosim show`: recorded conversations, in the terminal or as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recosim.cli.options import WorldOption
from recosim.terminal import terminal

if TYPE_CHECKING:
    from rich.console import Console

    from recosim.trace import Trace

__all__ = ["show"]

TERMINAL, PAGE = 10, 500  # how many conversations are shown where nobody says how many


def show(
    trace: Annotated[
        Path,
        typer.Argument(help="A trace (Parquet), or a results folder of `recosim bench`."),
    ],
    env: Annotated[
        str | None, typer.Option(help="Of a results folder: the environment, e.g. CPR-LastFM.")
    ] = None,
    agent: Annotated[str | None, typer.Option(help="The agent.")] = None,
    seed: Annotated[int | None, typer.Option(help="The seed.")] = None,
    conversation: Annotated[
        int | None, typer.Option(help="Only the conversation of this number.")
    ] = None,
    user: Annotated[int | None, typer.Option(help="Only conversations of this user.")] = None,
    outcome: Annotated[
        str | None,
        typer.Option(help="Only conversations that ended like this, e.g. found or unfinished."),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(help="Of long ones: only this session (3), or these (2-5)."),
    ] = None,
    brief: Annotated[
        bool | None,
        typer.Option(
            "--brief/--moves",
            help="Of long ones: a line for each session, or every move; by default a line where "
            "several are shown.",
        ),
    ] = None,
    first: Annotated[
        int | None,
        typer.Option(
            help=f"Show so many; by default {TERMINAL} in the terminal, {PAGE} on a page.", min=1
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page, one file that needs no network, instead.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(help="Draw the one conversation into a PNG file (needs the extra `plot`)."),
    ] = None,
    pager: Annotated[bool, typer.Option("--pager", help="Show them page by page.")] = False,
    world: WorldOption = None,
) -> None:
    """Read what was said: the conversations of a trace, move by move.

    A trace is what `recosim play --save` writes and what `recosim bench` keeps
    of each agent and seed. Of a results folder, choose one with --env, --agent
    and --seed; without them the folder's content is listed.

    Each act is one line; names carry their ids. Where the two sides were worded,
    by templates or by a language model, the words stand below. What users hide
    is named at the end, not before. Of lives, which are long, several are told by
    a line for each session, and one move by move.

    The page has a list to search in, chat bubbles, and a button that reveals what
    was hidden. It is one file: send it, print it, open it from a disk.

    Examples:

      recosim show talk.parquet

      recosim show results/CPR-LastFM-v0

      recosim show results/CPR-LastFM-v0 --agent logic --seed 0 --outcome failed

      recosim show results/CPR-LastFM-v0 --agent logic --seed 0 --html logic.html

      recosim show life.parquet --part 2-4 --moves

      recosim show talk.parquet --picture talk.png
    """
    from recosim.cli.showing.conversations import Conversations
    from recosim.cli.showing.parts import parts_of
    from recosim.cli.showing.source import world_of
    from recosim.cli.showing.terminal import print_conversations
    from recosim.errors import OptionError

    console = terminal()
    _check_targets(html, picture, pager)
    parts = parts_of(part, brief)
    if html is not None and parts != parts_of(None, None):
        raise OptionError("a page has every session and every move; leave out --part and --brief.")
    found = _open(trace, env, agent, seed, html or picture, console)
    if found is None:
        return
    path, recorded = found
    _check_parts(recorded, part, brief)
    there = world_of(recorded, path, world)
    chosen = Conversations.of(recorded).choose(
        agent=agent,
        seed=seed,
        conversation=conversation,
        user=user,
        outcome=outcome,
    )
    if picture is not None:
        from recosim.envs.picture import draw_conversation

        if len(chosen) != 1:
            raise OptionError(
                f"--picture draws one conversation, and {len(chosen):,} are chosen; choose one "
                "with --conversation."
            )
        draw_conversation(chosen.rows(), there, picture)
    if html is None:
        print_conversations(chosen, there, first or TERMINAL, console, pager=pager, parts=parts)
    else:
        from recosim.cli.showing.page import write_page

        most = first or PAGE
        write_page(html, chosen, there, most, path.name)
        shown = f"{min(most, len(chosen)):,} of {len(chosen):,}"
        more = "; --first N takes more" if most < len(chosen) else ""
        console.print(f"wrote {html}: {shown} conversations{more}", soft_wrap=True)
    if picture is not None:
        console.print(f"wrote {picture}", soft_wrap=True)


def _check_targets(html: Path | None, picture: Path | None, pager: bool) -> None:
    """Raise before anything is read."""
    from recosim.errors import OptionError

    if html is not None:
        from recosim.cli.showing.page import check_page_path

        check_page_path(html)
        if pager:
            raise OptionError("--html writes a page and prints nothing to page; leave out --pager.")
    if picture is not None:
        from recosim.cli.options import check_picture

        check_picture(picture)


def _check_parts(recorded: Trace, part: str | None, brief: bool | None) -> None:
    """Raise where parts are asked for of episodes that have none."""
    from recosim.cli.showing.parts import timeline_of
    from recosim.errors import OptionError
    from recosim.family import family_of

    if (part, brief) != (None, None) and timeline_of(family_of(recorded.metadata)) is None:
        raise OptionError(
            "these conversations have no sessions: leave out --part, --brief and --moves."
        )


def _open(
    path: Path,
    env: str | None,
    agent: str | None,
    seed: int | None,
    wanted: Path | None,
    console: Console,
) -> tuple[Path, Trace] | None:
    """The trace and its file; or None, after listing the content of a results folder.

    Args:
        wanted: a file that is to be written, for which one trace must have been chosen.
    """
    from recosim.cli.showing.source import choose_units, units_in
    from recosim.cli.showing.terminal import print_units
    from recosim.errors import OptionError
    from recosim.trace import Trace

    if not path.is_dir():
        if env is not None:
            raise OptionError(f"--env chooses in a results folder; {path} is none, leave it out.")
        return path, Trace.read(path)
    units = choose_units(units_in(path), env, agent, seed)
    if len(units) == 1 and (env, agent, seed) != (None, None, None):
        return units[0].path, units[0].trace()
    print_units(units, console)
    if wanted is not None:
        raise OptionError(
            f"{wanted} was not written: choose one of these {len(units)} traces with --env, "
            "--agent and --seed."
        )
    return None
