"""The arrays that UNICORN's states are made from, and the states."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Graph", "States", "Talks"]


class States(NamedTuple):
    """The states of n conversations: what the networks and the replay memory need of a graph.

    Attributes:
        joined: float32 (n, d), the convolution's sum over the neighbours of an accepted attribute.
        around: float32 (n, d), the same of the user.
        users: int32 (n,).
        tokens: int32 (n, t), accepted attributes: p where p is joined to the candidates, -2 - p
            where it is joined to none, -1 pads.
        asks: int32 (n, m), the askables to choose from, best first, -1 pads.
        items: int32 (n, top_k), the candidates to choose from, best first, -1 pads.
    """

    joined: NDArray[np.float32]
    around: NDArray[np.float32]
    users: NDArray[np.int32]
    tokens: NDArray[np.int32]
    asks: NDArray[np.int32]
    items: NDArray[np.int32]

    def take(self, rows: NDArray[Any] | slice) -> States:
        """The states of some conversations."""
        return States(**{name: part[rows] for name, part in self._asdict().items()})

    def spread(self, rows: NDArray[np.bool_]) -> States:
        """These states at the rows (bool) that are true, 0 in the others."""
        spread = {}
        for name, part in self._asdict().items():
            spread[name] = np.zeros((len(rows), *part.shape[1:]), dtype=part.dtype)
            spread[name][rows] = part
        return States(**spread)


class Graph(NamedTuple):
    """What never changes; read-only arrays."""

    item_indptr: NDArray[np.int64]
    item_indices: NDArray[np.int32]
    bitsets: NDArray[np.uint64]
    facet_indptr: NDArray[np.int64]
    facet_indices: NDArray[np.int32]
    user: NDArray[np.float32]  # (users, d)
    item: NDArray[np.float32]  # (items, d)
    attribute: NDArray[np.float32]  # (attributes, d)
    item_bias: NDArray[np.float32]  # (items,)
    ask: NDArray[np.float32]  # (askables, d)
    penalty: NDArray[np.float32]  # (item links,), sigmoid(<attribute, item>) of each link


class Talks(NamedTuple):
    """The live arrays of a batch of conversations; see `recosim.envs.cpr.fields`."""

    user: NDArray[np.int32]
    status: NDArray[np.int8]
    own: NDArray[np.uint8]
    opening: NDArray[np.int32]
    candidates: NDArray[np.uint64]
    facet_asked: NDArray[np.uint8]
