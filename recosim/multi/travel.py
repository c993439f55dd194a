"""What a user takes along from one platform to another, and what stays behind."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.envs.recoworld import fields as f
from recosim.envs.recoworld.instructions import end_of_session, give_row
from recosim.envs.recoworld.lives import Lives
from recosim.kernels.compiling import entry
from recosim.kernels.table import Table

__all__ = ["MIND", "travel"]

# What is the user's own, wherever they are. All else of a row (what was shown and taken, what was
# said and is in force, answers, loyalty) belongs to the platform that the row is of.
MIND = (
    *("theta", "mindset", "satiation", "fatigue", "letdown", "intended", "ideal", "consumed"),
    *("session_gain", "session_minutes", "session_regret", "n_consumed", "utility"),
    *("day", "session", "turn", "step"),
)
OPENING = 2  # the row of `given` that holds what is said at the opening of a session


@entry
def arrive(t: Table, lo: int, hi: int) -> None:
    """Users marked in `to_open` open their session here: what they say at openings is said here.

    What was said to hold for a session that was opened elsewhere ends first.
    """
    for b in range(lo, hi):
        if f.to_open(t)[b]:
            f.to_open(t)[b] = 0
            end_of_session(t, b)
            give_row(t, b, 2)


def travel(old: Lives, new: Lives, rows: NDArray[np.int64], away: NDArray[Any]) -> None:
    """Users whose next session was opened in `old` open it in `new` instead.

    Args:
        rows: int64 (n,). away: int (n,), days since their last session in `new`; 0: they come for
            the first time.
    """
    for name in MIND:
        new.arrays[name][rows] = old.arrays[name][rows]
    said = new.arrays["given"]
    said[rows, OPENING] = old.arrays["given"][rows, OPENING]
    new.arrays["gap"][rows] = away
    new.arrays["to_open"][rows] = 1
    new.run(arrive)
    old.arrays["done"][rows] = 1
    new.arrays["done"][rows] = 0
