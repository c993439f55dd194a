"""What compiling costs: a word on stderr for whoever waits, and seconds that clocks leave out.

numba tells when it compiles a function, and not when it opens one that it keeps. A function of ours
compiles for seconds to a minute, once on a machine: who waits should know for what.
"""

from __future__ import annotations

import time
from typing import Any

from numba.core import event

from recosim.terminal import tell

__all__ = ["working_time"]

OURS = "recosim."


class _Watch(event.Listener):
    """Adds up the time of whole compilations: what is compiled within one belongs to it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth, self._began = 0, 0.0

    def on_start(self, event: Any) -> None:
        self._depth += 1  # numba compiles under a lock: there is one thread here
        if self._depth == 1:
            self._began = time.perf_counter()
            self._tell(event.data["dispatcher"].py_func)

    def on_end(self, event: Any) -> None:
        self._depth -= 1
        if not self._depth:
            self.seconds += time.perf_counter() - self._began

    def _tell(self, function: Any) -> None:
        module = str(function.__module__)
        if module.startswith(OURS):
            part = ".".join(module.removeprefix(OURS).split(".")[:2])
            tell(f"recosim: compiling {function.__name__!r} of {part}, once on this machine ...")


_watch = _Watch()
event.register("numba:compile", _watch)  # type: ignore[no-untyped-call]


def working_time() -> float:
    """`time.perf_counter` without the seconds that this process has spent on compiling."""
    return time.perf_counter() - _watch.seconds
