"""What the kernels of RecoWorld read of a world, made once for each."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from recosim.world.world import World

__all__ = ["world_arrays"]


def world_arrays(world: World, usual_minutes: float) -> dict[str, NDArray[Any]]:
    """The arrays of a world as the kernels name them (`recosim.envs.recoworld.fields`)."""
    if world not in _of_world:
        _of_world[world] = _make(world)
    return {**_of_world[world], "length": world.item_minutes(usual_minutes)}


def _make(world: World) -> dict[str, NDArray[Any]]:
    degrees = world.item_attributes.degrees()
    popularity = world.popularity
    items = world.train.indices
    links = world.item_attributes
    # Interactions with items that have each attribute, over all interactions.
    users_of = np.zeros(world.n_attributes)
    np.add.at(users_of, links.indices, np.repeat(popularity, degrees).astype(np.float64))
    return {
        "item_indptr": links.indptr,
        "item_indices": links.indices,
        "item_scale": np.where(degrees > 0, 1.0 / np.sqrt(np.maximum(degrees, 1)), 0.0),
        "posting_indptr": world.attribute_items.indptr,
        "bitsets": world.bitsets,
        "train_indptr": world.train.indptr,
        "train_indices": items,
        "attribute_share": users_of / max(1, len(items)),
        "by_popularity": np.argsort(-popularity, kind="stable").astype(np.int32),
        "quality": world.item_worth("quality"),
        "appeal": world.item_worth("appeal"),
        "taste": np.ascontiguousarray(world.taste),
    }


_of_world: WeakKeyDictionary[World, dict[str, NDArray[Any]]] = WeakKeyDictionary()
