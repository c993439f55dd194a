"""How well an estimator ranks what was held out: the area under the ROC curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError
from recosim.estimators.base import Vectors
from recosim.world.world import World

__all__ = ["auc"]

TRIES = 30


def auc(world: World, vectors: Vectors, split: str = "valid", seed: int = 0) -> float:
    """Share of held-out interactions that score above an item that the user did not take.

    As in a conversation: one attribute of the held-out item is named at random and enters the
    score, and the other item is drawn from those that have it too and that the user has in no
    split. Ties count for half. .5 is chance.

    Args:
        split: "train", "valid" or "test".
        seed: of attributes and other items.

    Raises:
        OptionError: the split has no interaction with an item that has attributes.
    """
    rng = np.random.default_rng(seed)
    users, items = (ids.astype(np.int64) for ids in world.split(split).pairs())
    links, postings = world.item_attributes, world.attribute_items
    degrees = links.degrees()
    able = degrees[items] > 0
    users, items = users[able], items[able]
    if not len(items):
        raise OptionError(f"the {split} split of world {world.name!r} has nothing to rank.")
    named = links.indices[
        links.indptr[items] + (rng.random(len(items)) * degrees[items]).astype(np.int64)
    ].astype(np.int64)
    known = np.unique(
        np.concatenate(
            [
                u.astype(np.int64) * world.n_items + v
                for u, v in (world.split(name).pairs() for name in ("train", "valid", "test"))
            ]
        )
    )
    sizes = postings.degrees()
    others = np.full(len(items), -1, dtype=np.int64)
    rows = np.arange(len(items))
    for _ in range(TRIES):
        place = (rng.random(len(rows)) * sizes[named[rows]]).astype(np.int64)
        drawn = postings.indices[postings.indptr[named[rows]] + place].astype(np.int64)
        pairs = users[rows] * world.n_items + drawn
        at = np.minimum(np.searchsorted(known, pairs), len(known) - 1)
        good = known[at] != pairs
        others[rows[good]] = drawn[good]
        rows = rows[~good]
        if not len(rows):
            break
    found = others >= 0
    query = vectors.user[users[found]] + vectors.attribute[named[found]]

    def score(ids: NDArray[np.int64]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = (query * vectors.item[ids]).sum(1) + vectors.item_bias[ids]
        return scores

    difference = score(items[found]) - score(others[found])
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())
