"""A saved conversation, shown again."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
from rich.console import Console
from rich.text import Text

from recosim.envs.picture import draw_conversation
from recosim.envs.transcript import transcript
from recosim.errors import OptionError, ResultsError, UnknownNameError
from recosim.trace import Trace
from recosim.world.catalog import open_world
from recosim.world.world import World

__all__ = ["show_saved"]


def show_saved(
    path: Path,
    world_name: str | None,
    conversation: int | None,
    picture: Path | None,
    console: Console,
) -> None:
    """Print the conversations of a trace, or one of them, and draw it if a picture is wanted.

    Args:
        world_name: the world's name or folder, where it is not the one that the trace names.
        conversation: the number of the only one to show.

    Raises:
        ResultsError: no trace, a damaged one, or one of another world.
        UnknownNameError: its world is not here.
        OptionError: no such conversation; or a picture of several.
    """
    trace = Trace.read(path)
    world = _world_of(trace, path, world_name)
    if conversation is not None:
        chosen = trace.table.filter(pc.equal(trace.table["conversation"], conversation))
        if not chosen.num_rows:
            numbers = trace.column("conversation")
            raise OptionError(
                f"{path} has no conversation {conversation}; it has {len(set(numbers.tolist()))}, "
                f"numbered {numbers.min()} to {numbers.max()}."
            )
        trace = Trace(chosen, trace.metadata)
    for line in transcript(trace, world):
        console.print(Text(line), soft_wrap=True)
    if picture is not None:
        draw_conversation(trace, world, picture)
        console.print(Text(f"wrote {picture}"), soft_wrap=True)


def _world_of(trace: Trace, path: Path, name: str | None) -> World:
    """The world that a trace was recorded on."""
    recorded, fingerprint = trace.metadata.get("world"), trace.metadata.get("fingerprint")
    if not recorded or not fingerprint:
        raise ResultsError(f"{path} does not say which world it was recorded on.")
    try:
        world = open_world(name or str(recorded))
    except UnknownNameError as error:
        if name is not None:
            raise
        raise UnknownNameError(
            f"{path} was recorded on the world {recorded!r}, which is not here: {error} Or give "
            "its folder with --world."
        ) from None
    if world.fingerprint != fingerprint:
        raise ResultsError(
            f"{path} was recorded on the world {recorded!r} with fingerprint {fingerprint[:12]}; "
            f"{world.name!r} here has {world.fingerprint[:12]}, so its ids mean other things. Give "
            "the right world with --world, or build it again with the version of RecoSim that "
            f"recorded it ({trace.metadata.get('version', 'unknown')})."
        )
    return world
