"""What the rules are made of: fit, true utility, luck (docs/recoworld.md, sections 2 and 3)."""

from __future__ import annotations

import math

import numpy as np

from recosim.envs.recoworld import fields as f
from recosim.envs.recoworld.settings import real
from recosim.kernels import random
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table

__all__ = ["fit", "has", "in_set", "luck", "put_in", "shifted", "sigma", "utility_of"]

ONE = np.uint64(1)

utility_bias = real("utility_bias")
quality_weight = real("quality_weight")


@kernel
def sigma(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


@kernel
def shifted(p: float, by: float) -> float:
    """A probability whose logit is moved; 0 and 1 stay what they are."""
    if p <= 0.0 or p >= 1.0:
        return p
    return sigma(math.log(p / (1.0 - p)) + by)


@kernel
def luck(t: Table, b: int, purpose: int, turn: int, place: int) -> float:
    """A number in [0, 1) for a purpose in a round of the current session, and a place in a list."""
    key = (np.int64(f.session(t)[b]) << 20) + (np.int64(turn) << 8) + np.int64(place)
    return random.draw_unit(f.seed(t)[b], f.conversation(t)[b], key, purpose)


@kernel
def fit(t: Table, weights: np.ndarray, v: int) -> float:
    """How well an item fits weights of attributes; summed by ascending attribute."""
    indptr, indices = f.item_indptr(t), f.item_indices(t)
    total = 0.0
    for k in range(indptr[v], indptr[v + 1]):
        total += weights[indices[k]]
    return float(total * f.item_scale(t)[v])


@kernel
def utility_of(t: Table, b: int, v: int) -> float:
    """What the user of a row gets from consuming an item whole, 0 to 1."""
    x = fit(t, f.theta(t)[b], v)
    return sigma(utility_bias(t) + x + quality_weight(t) * f.quality(t)[v])


@kernel
def has(t: Table, v: int, a: int) -> bool:
    """Whether an item has an attribute."""
    return in_set(f.bitsets(t)[a], v)


@kernel
def in_set(words: np.ndarray, v: int) -> bool:
    return bool((words[v >> 6] >> np.uint64(v & 63)) & ONE != np.uint64(0))


@kernel
def put_in(words: np.ndarray, v: int) -> None:
    words[v >> 6] |= ONE << np.uint64(v & 63)
