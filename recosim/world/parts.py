"""Parts of the users of a world: who is learned from, and who is held out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recosim.errors import unknown
from recosim.kernels.random import USER, draw_units
from recosim.world.arrays import SPLITS, WorldArrays

__all__ = ["split_users"]

# Shares of the users of a world that are in the splits.
SHARES = {"train": (0.0, 0.6), "valid": (0.6, 0.8), "test": (0.8, 1.0)}


def split_users(world: WorldArrays, split: str) -> NDArray[np.int32]:
    """The users of a split, ascending, int32: those with interactions, divided by their number.

    A policy that learned on the lives of some users is judged on those of others: a fixed draw for
    each user puts them into "train" (60 %), "valid" or "test" (20 % each).

    Raises:
        UnknownNameError: no such split.
    """
    if split not in SHARES:
        raise unknown("value of split", split, SPLITS)
    low, high = SHARES[split]
    numbers = np.arange(world.n_users)
    luck = draw_units(np.zeros(world.n_users, np.uint64), numbers, np.zeros(world.n_users), USER)
    active = sum(world.split(name).degrees() for name in SPLITS) > 0
    return np.flatnonzero((luck >= low) & (luck < high) & active).astype(np.int32)
