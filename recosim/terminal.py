"""The one way to a terminal: what steers it or is read as markup is taken out of every text.

Names, paths, and the words of people and of language models come from files and servers of others.
In a terminal some of their characters would be commands: set the clipboard or the title (OSC),
write over lines that stand there (CSI, carriage returns), reorder a line (overrides of direction).
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

__all__ = ["clean", "guarded", "terminal", "tell"]

# Whole CSI sequences (colours, moves of the cursor), then every character that steers: C0 but for
# tab and line feed, DEL and C1, marks and overrides of direction, separators of lines.
_STEERS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
_UNSAFE = re.compile(rf"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|{_STEERS}")
# What rich itself writes: colours, and the moves of a progress bar.
_OURS = r"\x1b\[[0-9;]*m|\x1b\[\?25[hl]|\r?\x1b\[(?:2K|1A)"
_STREAM = re.compile(rf"({_OURS})|{_STEERS}")
_LONE = re.compile(r"[\ud800-\udfff]")  # half of a pair: a byte of a path that is not UTF-8


def clean(text: str) -> str:
    """The text without what would steer a terminal; tabs and line feeds stay.

    Payloads of sequences stay too, as harmless text: one who reads shall see that they were there.
    """
    if text.isprintable():
        return text
    return _LONE.sub("\ufffd", _UNSAFE.sub("", text))


class _Terminal(Console):
    """A console all of whose texts are clean; what it draws itself keeps its colours."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(clean(segment.text), segment.style)


def terminal(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console for texts of any origin: no markup, no emoji codes, no guessed highlights.

    Args:
        stderr: write to stderr instead of stdout.
        width: in columns; that of the window by default.
    """
    return _Terminal(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def tell(text: object, style: str | None = None) -> None:
    """One notice on stderr, not broken at the width of the window."""
    terminal(stderr=True).print(str(text), style=style, soft_wrap=True)


class _Stream:
    """A text stream that lets only the sequences of rich through.

    It stands below everything, also below warnings, tracebacks and what other packages print.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(text if text.isprintable() else _STREAM.sub(_keep, text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _keep(found: re.Match[str]) -> str:
    return found[1] or ""


@contextmanager
def guarded() -> Iterator[None]:
    """While it lasts, nothing that this process prints steers the terminal, or fails to encode."""
    before = sys.stdout, sys.stderr
    for stream in before:
        with suppress(AttributeError, io.UnsupportedOperation):  # not of this kind
            cast(io.TextIOWrapper, stream).reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = (cast(TextIO, _Stream(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
