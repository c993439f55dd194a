"""Replay memories: rings of arrays of what was seen, and which of it is drawn again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.agents.learner import Arrays
from recosim.errors import CheckpointError, OptionError

__all__ = ["PrioritisedReplay", "Replay"]

Fields = Mapping[str, tuple[tuple[int, ...], Any]]


class Replay:
    """The last `capacity` transitions; all are equally likely to be drawn.

    Args:
        capacity: transitions that are kept.
        fields: shape and dtype of one entry of each array, by name.

    Attributes:
        size: transitions that are held. added: transitions ever added.
    """

    def __init__(self, capacity: int, fields: Fields) -> None:
        if capacity < 1:
            raise OptionError(f"capacity is {capacity}; at least 1 transition is needed.")
        self.capacity = capacity
        self.arrays = {
            name: np.zeros((capacity, *shape), dtype=dtype)
            for name, (shape, dtype) in fields.items()
        }
        self.added = 0

    @property
    def size(self) -> int:
        return min(self.added, self.capacity)

    def add(self, batch: Mapping[str, NDArray[Any]]) -> None:
        """Add transitions: every array of shape (n, ...), n at most `capacity`."""
        places = self._next_places(len(next(iter(batch.values()))))
        for name, array in self.arrays.items():
            array[places] = batch[name]

    def sample(self, n: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        """`n` transitions, drawn with replacement.

        Beside the fields: "indices", int64 (n,), for `update`, and "weights", float32 (n,), with
        which their errors count.
        """
        indices = rng.integers(0, self.size, n)
        return self._at(indices, np.ones(n, dtype=np.float32))

    def state(self) -> Arrays:
        """All that it holds: copies."""
        held = {name: array[: self.size].copy() for name, array in self.arrays.items()}
        return held | {"added": np.array(self.added)}

    def set_state(self, state: Arrays) -> None:
        """Take back a `state`. Raises `CheckpointError` for one of other arrays."""
        missing = [name for name in (*self.arrays, "added") if name not in state]
        if missing:
            raise CheckpointError(f"the replay memory lacks {', '.join(missing)}.")
        self.added = int(state["added"])
        for name, array in self.arrays.items():
            array[: self.size] = state[name]

    def _next_places(self, n: int) -> NDArray[np.int64]:
        if n > self.capacity:
            raise OptionError(f"{n} transitions do not fit into a memory of {self.capacity}.")
        places: NDArray[np.int64] = (self.added + np.arange(n)) % self.capacity
        self.added += n
        return places

    def _at(
        self, indices: NDArray[np.int64], weights: NDArray[np.float32]
    ) -> dict[str, NDArray[Any]]:
        drawn = {name: array[indices] for name, array in self.arrays.items()}
        return drawn | {"indices": indices, "weights": weights}


class PrioritisedReplay(Replay):
    """Proportional prioritised replay (Schaul et al. 2016, section 3.3).

    A transition is drawn with probability p^alpha / sum of p^alpha, p its last error + `floor`; its
    error counts with (size * probability)^-beta, relative to the largest weight of the draw. New
    transitions have the highest priority so far.

    The sums stand in a binary tree in one array, leaf k at position `leaves + k`; draws and updates
    walk all their paths at once.

    Args:
        alpha: 0 draws evenly, 1 in proportion to the errors.
        beta: how far the weights make up for it, 0 to 1.
        floor: added to every error.
    """

    def __init__(
        self,
        capacity: int,
        fields: Fields,
        *,
        alpha: float = 0.6,
        beta: float = 0.4,
        floor: float = 0.01,
    ) -> None:
        super().__init__(capacity, fields)
        self.alpha, self.beta, self.floor = alpha, beta, floor
        self.leaves = 1 << (capacity - 1).bit_length()
        self.tree = np.zeros(2 * self.leaves)
        self.highest = 1.0

    def add(self, batch: Mapping[str, NDArray[Any]]) -> None:
        start = self.added
        super().add(batch)
        places = np.arange(start, self.added) % self.capacity
        self._set(places, np.full(len(places), self.highest))

    def sample(self, n: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        # One draw from each of n equal parts of the total.
        mass = (np.arange(n) + rng.random(n)) * (self.tree[1] / n)
        nodes = np.ones(n, dtype=np.int64)
        while nodes[0] < self.leaves:  # all leaves are equally deep
            left = self.tree[2 * nodes]
            right = mass >= left
            mass = np.where(right, mass - left, mass)
            nodes = 2 * nodes + right
        # Rounding may walk into the empty leaf behind the last one.
        indices = np.minimum(nodes - self.leaves, self.size - 1)
        probability = self.tree[self.leaves + indices] / self.tree[1]
        weights = (self.size * np.maximum(probability, 1e-12)) ** -self.beta
        return self._at(indices, (weights / weights.max()).astype(np.float32))

    def update(self, indices: NDArray[np.int64], errors: NDArray[np.floating[Any]]) -> None:
        """New priorities of transitions: the sizes of their errors, float (n,)."""
        priorities = (np.abs(np.asarray(errors, dtype=np.float64)) + self.floor) ** self.alpha
        self.highest = max(self.highest, float(priorities.max()))
        self._set(indices, priorities)

    def state(self) -> Arrays:
        leaves = self.tree[self.leaves : self.leaves + self.size].copy()
        return super().state() | {"priorities": leaves, "highest": np.array(self.highest)}

    def set_state(self, state: Arrays) -> None:
        super().set_state(state)
        if "priorities" not in state or "highest" not in state:
            raise CheckpointError("the replay memory lacks its priorities.")
        self.highest = float(state["highest"])
        self.tree[:] = 0
        self._set(np.arange(self.size), state["priorities"])

    def _set(self, indices: NDArray[np.int64], priorities: NDArray[np.float64]) -> None:
        self.tree[self.leaves + indices] = priorities
        nodes = np.unique(self.leaves + indices) >> 1
        while nodes[0] >= 1:
            self.tree[nodes] = self.tree[2 * nodes] + self.tree[2 * nodes + 1]
            nodes = np.unique(nodes >> 1)
