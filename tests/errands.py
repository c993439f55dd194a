"""Work for actors of Ray, which import it by its name: sums, failures, and sudden death."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from recosim.errors import OptionError


def begin(context):
    """Gives what adds the context to a unit, and does what the unit says besides.

    A unit is a number, or (number, what to do, a file): "fail", "break", "wait", "die" (until the
    file is there), "die always".
    """

    def work(unit, tell):
        number, what, file = unit if isinstance(unit, tuple) else (unit, "", "")
        if what == "fail":
            raise OptionError(f"{number} is no good.")
        if what == "break":
            raise ZeroDivisionError(f"a defect in {number}")
        if what == "wait":
            tell(40 + number, "waiting")
            time.sleep(4)
        if what == "die always" or (what == "die" and not Path(file).exists()):
            if file:
                Path(file).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return context + number

    return work


def begin_badly(context):
    raise OptionError(f"{context} is no way to begin.")
