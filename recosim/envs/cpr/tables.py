"""What the kernels of the CPR core read of a world and an estimator: arrays made once for each."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from recosim.envs.cpr.candidates import COLUMNS
from recosim.estimators.base import Vectors
from recosim.world.world import World

__all__ = ["joint_arrays", "ranking", "sparse_width", "world_arrays"]

# Up to this many attributes an item is added to their sums as a dense row.
_DENSE_LIMIT = 64
# From this many on, the attributes that the candidates of a conversation have are kept as a list:
# few of all have one.
_SPARSE_FROM = 2049
# Pairs of attributes of one item up to which all pairs are counted beforehand: 128 MB at most.
_JOINT_LIMIT = 2**24


def world_arrays(world: World) -> dict[str, NDArray[Any]]:
    """The arrays of a world as the kernels name them (`recosim.envs.cpr.fields`)."""
    if world not in _of_world:
        _of_world[world] = _make_world_arrays(world)
    return _of_world[world]


def _make_world_arrays(world: World) -> dict[str, NDArray[Any]]:
    facets = world.facet_attributes
    n = np.arange(world.n_items + 1, dtype=np.float64)
    columns, long_items = _columns(world)
    return {
        "item_columns": columns,
        "long_items": long_items,
        "item_indptr": world.item_attributes.indptr,
        "item_indices": world.item_attributes.indices,
        "posting_indptr": world.attribute_items.indptr,
        "bitsets": world.bitsets,
        "cooccurrence": world.cooccurrence,
        "dense_attributes": _dense_attributes(world),
        "facet_of": world.attribute_facet,
        "facet_indptr": facets.indptr,
        "facet_indices": facets.indices,
        "train_indptr": world.train.indptr,
        "train_indices": world.train.indices,
        "n_log_n": n * np.log2(np.maximum(n, 1)),
    }


def sparse_width(world: World) -> int:
    """Room for a list of the attributes of the candidates; 0 in worlds that need none."""
    return world.n_attributes if world.n_attributes >= _SPARSE_FROM else 0


def joint_arrays(world: World, width: int) -> dict[str, NDArray[Any]]:
    """How many items have each two attributes, as lists by the first; empty where `width` is 0.

    It is the co-occurrence table of worlds too large for one: counts at the opening of a
    conversation are read from it. Empty too where items have so many attributes that it would be
    large; they are counted then.
    """
    if not width:
        return _joint_lists()
    if world not in _joint:
        _joint[world] = _make_joint_arrays(world)
    return _joint[world]


def _make_joint_arrays(world: World) -> dict[str, NDArray[Any]]:
    from scipy.sparse import csr_array

    table = world.item_attributes
    if (table.degrees().astype(np.int64) ** 2).sum() > _JOINT_LIMIT:
        return _joint_lists()
    ones = np.ones(table.links, dtype=np.int32)
    shape = (world.n_items, world.n_attributes)
    has = csr_array((ones, table.indices, table.indptr), shape=shape)
    joint = (has.T @ has).tocsr()
    joint.sort_indices()
    return _joint_lists(joint.indptr, joint.indices, joint.data)


def _joint_lists(indptr: Any = (), indices: Any = (), counts: Any = ()) -> dict[str, NDArray[Any]]:
    return {
        "joint_indptr": np.asarray(indptr, dtype=np.int64),
        "joint_indices": np.asarray(indices, dtype=np.int32),
        "joint_counts": np.asarray(counts, dtype=np.int32),
    }


def ranking(world: World, vectors: Vectors) -> dict[str, NDArray[Any]]:
    """What lets `top_items` read the promising candidates first, and in the order of memory."""
    if world not in _of_vectors or _of_vectors[world][0] is not vectors:
        _of_vectors[world] = (vectors, _make_ranking(world, vectors))
    return _of_vectors[world][1]


def _make_ranking(world: World, vectors: Vectors) -> dict[str, NDArray[Any]]:
    length = np.sqrt((vectors.item.astype(np.float64) ** 2).sum(axis=1))
    order = np.argsort(-length, kind="stable")
    # Links of the items in that order, then brought together by attribute in a stable sort.
    table = world.item_attributes
    degrees = table.degrees()[order]
    ends = np.cumsum(degrees)
    links = np.repeat(table.indptr[:-1][order] - (ends - degrees), degrees) + np.arange(table.links)
    attributes = table.indices[links]
    if world.n_attributes < np.iinfo(np.int16).max:
        attributes = attributes.astype(np.int16)  # numpy sorts these in linear time
    places = np.repeat(np.arange(world.n_items, dtype=np.int32), degrees)
    rounded_up = np.nextafter(length[order].astype(np.float32), np.float32(np.inf))
    return {
        "place_item": order.astype(np.int32),
        "place_length": rounded_up,
        "place_bias": vectors.item_bias[order],
        "place_vectors": vectors.item[order],
        "posting_places": places[np.argsort(attributes, kind="stable")],
    }


def _dense_attributes(world: World) -> NDArray[np.float32]:
    """Items by attributes as 0 and 1, padded to a multiple of 8; no columns in worlds of many."""
    width = -(-world.n_attributes // 8) * 8
    if width > _DENSE_LIMIT:
        return np.zeros((world.n_items, 0), dtype=np.float32)
    table = np.zeros((world.n_items, width), dtype=np.float32)
    table[world.item_attributes.pairs()] = 1.0
    return table


def _columns(world: World) -> tuple[NDArray[np.uint16], NDArray[np.uint64]]:
    """The table of the first attributes of each item, and the set of those that have more.

    Both are empty in worlds of few attributes, which are counted by sets, and of too many.
    """
    table, n = world.item_attributes, world.n_attributes
    if n <= _DENSE_LIMIT or n >= np.iinfo(np.uint16).max:
        return np.zeros((0, COLUMNS), dtype=np.uint16), np.zeros(0, dtype=np.uint64)
    columns = np.full((world.n_items, COLUMNS), n, dtype=np.uint16)
    items, attributes = table.pairs()
    places = np.arange(len(items)) - table.indptr[items]
    first = places < COLUMNS
    columns[items[first], places[first]] = attributes[first]
    more = np.zeros(64 * world.bitsets.shape[1], dtype=bool)
    more[: world.n_items] = table.degrees() > COLUMNS
    return columns, np.packbits(more, bitorder="little").view(np.uint64)


_of_world: WeakKeyDictionary[World, dict[str, NDArray[Any]]] = WeakKeyDictionary()
_joint: WeakKeyDictionary[World, dict[str, NDArray[Any]]] = WeakKeyDictionary()
_of_vectors: WeakKeyDictionary[World, tuple[Vectors, dict[str, NDArray[Any]]]] = WeakKeyDictionary()
