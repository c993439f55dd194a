"""What one shows who knows the user's mind: the myopic oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recosim.acts import Moves, Verb
from recosim.users.behaviour import trait_column

if TYPE_CHECKING:
    from recosim.envs.recoworld.lives import Lives

__all__ = ["solve"]

Floats = NDArray[np.float64]

# The least heat of the chance of a click: where clicks are certain, what is nearly clicked counts.
LEAST_HEAT = 0.25


def solve(batch: Lives) -> Moves:
    """Lists of the highest chance of a click times true utility, of items not shown before.

    It reads `theta`, `mindset`, `satiation` and the instructions of each row, and looks one list
    ahead. Items that break an instruction in force come last.
    """
    world, rules, a = batch.world, batch.protocol, batch.arrays
    tables = batch.memory.arrays
    links = world.item_attributes
    scaled = np.repeat(tables["item_scale"], links.degrees())
    has = csr_array((scaled, links.indices, links.indptr), (world.n_items, world.n_attributes))
    rows = np.minimum(a["user"], len(tables["traits"]) - 1)

    def trait(name: str) -> Floats:
        column: Floats = trait_column(tables["traits"], name)[rows][:, None]
        return column

    def fit(weights: NDArray[np.float32]) -> Floats:
        found: Floats = np.asarray(has @ weights.astype(np.float64).T).T
        return found

    worth = rules.utility_bias + fit(a["theta"]) + rules.quality_weight * tables["quality"]
    now = a["mindset"] - trait("boredom") * a["satiation"]
    logit = trait("click_bias") + fit(now) + trait("appeal_pull") * tables["appeal"]
    logit += trait("wish_weight") * _wishes(batch)
    clicked = _sigma(logit / np.maximum(trait("choice_temperature"), LEAST_HEAT))
    value = clicked * _sigma(worth)
    bits = np.unpackbits(a["withheld"].view(np.uint8), axis=1, bitorder="little")
    value[bits[:, : world.n_items].astype(bool)] = -1.0
    k = min(rules.top_k, world.n_items)
    items = np.full((batch.size, rules.top_k), -1, dtype=np.int32)
    best = np.sort(np.argpartition(-value, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(-np.take_along_axis(value, best, axis=1), axis=1, kind="stable")
    items[:, :k] = np.take_along_axis(best, order, axis=1)
    return Moves.all_of(Verb.RECOMMEND, batch.size, items)


def _wishes(batch: Lives) -> Floats:
    """Instructions that items meet, less those that they break: float64 (B, items)."""
    world = batch.world
    total = np.zeros((batch.size, world.n_items))
    for row, rules in enumerate(batch.arrays["instructions"]):
        for directive, attribute, condition, *_ in rules[rules[:, 0] >= 0]:
            counts = _having(batch, attribute)
            if condition >= 0:
                counts = counts & _having(batch, condition)
            total[row] += np.where(counts, 1.0 if directive else -1.0, 0.0)
    return total


def _having(batch: Lives, attribute: int) -> NDArray[np.bool_]:
    words = batch.world.bitsets[attribute]
    bits = np.unpackbits(words.view(np.uint8), bitorder="little")
    return bits[: batch.world.n_items].astype(bool)


def _sigma(x: Floats) -> Floats:
    found: Floats = 1.0 / (1.0 + np.exp(-x))
    return found
