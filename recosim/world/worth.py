"""What an item is worth, what it promises and how long it takes: ranges, and numbers to count with.

`World.item_worth` and `World.item_minutes` are made here (docs/recoworld.md, section 2).
"""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.errors import OptionError, unknown
from recosim.world.arrays import WorldArrays

__all__ = ["RANGES", "Worth", "in_range", "minutes_of", "standardised"]

Worth = Literal["quality", "appeal"]

# What is allowed of each, in words, for errors.
RANGES = {
    "length": "a finite number of minutes, 0 or more, or unknown",
    "quality": "0 to 1, or unknown",
    "appeal": "0 to 1, or unknown",
}


def in_range(kind: str, values: ArrayLike) -> NDArray[np.bool_]:
    """Whether known values are ones that `RANGES` allows; a world holds them as float32."""
    with np.errstate(over="ignore"):
        known = np.asarray(values, dtype=np.float32)
    if kind == "length":
        return np.isfinite(known) & (known >= 0)
    return np.asarray((known >= 0) & (known <= 1))


def standardised(world: WorldArrays, kind: Worth) -> NDArray[np.float64]:
    """See `World.item_worth`."""
    if kind not in get_args(Worth):
        raise unknown("worth of an item", kind, get_args(Worth))
    values: NDArray[Any] = getattr(world, f"item_{kind}").astype(np.float64)
    # A world stored by an older version may hold infinities, which say nothing of the others.
    known = np.isfinite(values)
    out = np.zeros(len(values))
    # Not by the deviation: rounding can leave it above 0 where all values are equal.
    if known.any() and values[known].min() < values[known].max():
        out[known] = (values[known] - values[known].mean()) / values[known].std()
    return out


def minutes_of(world: WorldArrays, usual: float = 4.0) -> NDArray[np.float64]:
    """See `World.item_minutes`."""
    if not (math.isfinite(usual) and usual > 0):
        raise OptionError(
            f"{usual!r} minutes are no length of an item; allowed: a finite number above 0."
        )
    length = world.item_length.astype(np.float64)
    # Nothing takes no time: collections write 0 where they do not know.
    return np.where(np.isfinite(length) & (length > 0), length, float(usual))
