"""How far long work is: the callback that it reports to, and a bar for a person who waits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Progress", "show_progress"]

# Called with (done, in all, what is happening). The unit is the work's own: steps, bytes of a file,
# conversations.
Progress = Callable[[int, int, str], None]


@contextmanager
def show_progress(
    title: str, given: Progress | None = None, *, unit: str = "", log: str = ""
) -> Iterator[Progress]:
    """The caller's own callback, or a bar on stderr that is gone when the block ends.

    Args:
        title: stands before what is happening.
        given: what the caller passed; it is used as it is, and nothing is shown.
        unit: what is counted. With it the bar shows numbers and the time left, else percents.
        log: a line for stderr where it is not a terminal (a pipe, a log file) and a bar would be
            noise; "" for silence.
    """
    if given is not None:
        yield given
    elif sys.stderr.isatty():
        with _bar(title, unit) as report:
            yield report
    else:
        if log:
            from recosim.terminal import tell

            tell(log)
        yield lambda done, total, what: None


@contextmanager
def _bar(title: str, unit: str) -> Iterator[Progress]:
    from rich import progress as rich

    from recosim.terminal import terminal

    # Names and paths may hold brackets, which rich would read as markup.
    text = rich.TextColumn("{task.description}", markup=False)
    amount: tuple[rich.ProgressColumn, ...] = (rich.TaskProgressColumn(),)
    if unit:
        amount = (
            rich.MofNCompleteColumn(),
            rich.TextColumn(unit, markup=False),
            rich.TimeRemainingColumn(),
        )
    columns = (rich.SpinnerColumn(), text, rich.BarColumn(), *amount, rich.TimeElapsedColumn())
    with rich.Progress(*columns, console=terminal(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def report(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{title}: {what}")

        yield report
