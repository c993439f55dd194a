"""The picture of one episode, as an RGB array or a PNG file. What is drawn is the family's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recosim.envs.words import words_of
from recosim.errors import MissingExtraError, OptionError
from recosim.family import family_of
from recosim.files import atomic_write
from recosim.trace import Trace
from recosim.world.world import World

if TYPE_CHECKING:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

__all__ = [
    "HEIGHT",
    "WIDTH",
    "check_picture_path",
    "conversation_picture",
    "draw_conversation",
    "draw_words",
]

WIDTH, HEIGHT, DPI = 900, 600, 100  # pixels, pixels, pixels per inch
_MOST_LINES = 28  # of words, in a picture of them


def conversation_picture(trace: Trace, world: World) -> NDArray[np.uint8]:
    """Draw one episode, finished or not. What is hidden is not given away before the end.

    Args:
        trace: one episode, from its opening on.
        world: the world that it was recorded on.

    Returns:
        uint8 of shape (600, 900, 3), RGB. The same trace and world give the same picture.

    Raises:
        MissingExtraError: matplotlib is not installed.
        OptionError: the trace does not hold exactly one episode.
    """
    with _canvas(trace, world) as canvas:
        canvas.draw()  # type: ignore[no-untyped-call]
        rgba = np.asarray(canvas.buffer_rgba(), dtype=np.uint8)  # type: ignore[no-untyped-call]
        picture: NDArray[np.uint8] = rgba[:, :, :3].copy()
    return picture


def draw_conversation(trace: Trace, world: World, path: Path) -> Path:
    """Write the picture of one episode as a PNG file, atomically; see `conversation_picture`.

    Raises:
        MissingExtraError: matplotlib is not installed.
        OptionError: the trace does not hold exactly one episode, or the file is no `.png`.
    """
    path = Path(path)
    check_picture_path(path)
    with _canvas(trace, world) as canvas:
        # The version of matplotlib is no part of the picture: equal pictures are equal bytes.
        plain = {"Software": None}
        save = canvas.figure.savefig
        atomic_write(path, lambda part: save(part, format="png", dpi=DPI, metadata=plain))
    return path


def check_picture_path(path: Path) -> None:
    """Raise `OptionError` unless a file is named as a PNG."""
    if path.suffix.lower() != ".png":
        raise OptionError(
            f"the picture is a PNG; name a file that ends in .png, not {path.name!r}."
        )


def draw_words(figure: Figure, moves: Sequence[Mapping[str, Any]], world: World) -> None:
    """The episode in words, for families that draw nothing of their own; its last lines."""
    words = words_of(str(moves[0]["family"]))
    lines = [line for row in moves for line in words.describe_move(row, world, shorten=3)]
    text = figure.text(
        *(0.02, 0.97), "\n".join(lines[-_MOST_LINES:]), va="top", family="monospace", fontsize=9
    )
    text.set_parse_math(False)


@contextmanager
def _canvas(trace: Trace, world: World) -> Iterator[FigureCanvasAgg]:
    """The drawn figure, under matplotlib's own defaults whatever the user's settings are."""
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "Drawing a conversation") from None
    import warnings

    moves = trace.table.to_pylist()
    openings = sum(row["step"] == 0 for row in moves)
    if openings != 1 or moves[0]["step"] != 0:
        raise OptionError(
            f"a picture shows one conversation from its opening on; this trace holds {openings}."
        )
    record = family_of(trace.metadata)
    for row in moves:
        row["family"] = record.name
    with matplotlib.rc_context(), warnings.catch_warnings():
        # Names in scripts that the font lacks are drawn as boxes; that is no fault of the caller.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        matplotlib.rcdefaults()
        figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
        canvas = FigureCanvasAgg(figure)
        record.load("picture")(figure, moves, world)
        yield canvas
