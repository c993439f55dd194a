"""What the CPR environments show: observations, infos, and the path that led to a list."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from recosim.envs.observer import Info, Observer, Tracker
from recosim.standing import HOLDS, WANTED

__all__ = ["CPRObserver", "PathTracker", "log2_sizes"]

# As a plain number: numpy asks a member of an enum what it is, which takes as long as a move.


def log2_sizes(n_items: int) -> NDArray[np.float32]:
    """log2 of each number of candidates 0..n_items (0 for none), float32 (n_items + 1,).

    A table, because what numpy and math compute may differ in the last bit, and a batch has to give
    what a single conversation gives.
    """
    return np.log2(np.maximum(np.arange(n_items + 1), 1)).astype(np.float32)


class PathTracker(Tracker):
    """`path`: the attributes that the user confirmed so far, in that order (SCPR's path).

    int32, -1 padded: it has room for all that an opening and each turn can name.
    """

    def __init__(self, batch: Any) -> None:
        super().__init__(batch)
        accepted = batch.arrays["accepted"][0]
        self._named = accepted, batch.arrays["n_accepted"].item
        self._room = (batch.protocol.max_turns + 1) * len(accepted) + 1
        self.memory: NDArray[np.int32] = np.full(self._room, -1, np.int32)

    def open(self) -> None:
        self.memory = np.full(self._room, -1, np.int32)
        self._append(self._confirmed())

    def move(self) -> None:
        accepted, n = self._named
        if count := n(0):
            self._append(accepted[:count])

    def info(self) -> dict[str, Any]:
        return {"path": self.memory.copy()}

    def _append(self, more: Sequence[int] | NDArray[np.int32]) -> None:
        place = int(np.count_nonzero(self.memory >= 0))
        self.memory[place : place + len(more)] = more

    def _confirmed(self) -> tuple[int, ...]:
        """The attributes that the opening confirms, by an instruction that holds too."""
        a, (accepted, n) = self.batch.arrays, self._named
        named = tuple(accepted[: n(0)].tolist())
        if a["standing"].item(0, HOLDS) != 1:
            return named
        wanted = a["standing"].item(0, WANTED)
        return named if wanted < 0 or wanted in named else (*named, wanted)


class CPRObserver(Observer):
    """What the environments show of `Dialogues`; see the docstring of `CPREnv` for each key."""

    KEYS: ClassVar[tuple[str, ...]] = (
        "turn",
        "history",
        "attributes",
        "entropy",
        "log2_candidates",
        "action_mask",
    )
    INFOS: ClassVar[tuple[Info, ...]] = (
        Info("shown_items", "shown", idle=-1),
        Info("rank", "rank", int, idle=0),
        Info("candidates", "n_candidates", int),
        Info("left", "left", bool),
        Info("true_utility", "utility", float),
    )
    NARROW: ClassVar[tuple[str, ...]] = ("turn", "history", "log2_candidates", "action_mask")
    tracker = PathTracker
    COSTLY: ClassVar[frozenset[str]] = frozenset({"entropy", "action_mask"})

    def __init__(self, batch: Any, keys: Sequence[str] | None, view: str) -> None:
        super().__init__(batch, keys, view)
        self._log2_sizes = log2_sizes(batch.world.n_items)

    @classmethod
    def space_of(cls, key: str, batch: Any, view: str) -> spaces.Box:
        protocol, world = batch.protocol, batch.world
        if key == "history":
            return spaces.Box(-3, 3, (protocol.max_turns,), dtype=np.int8)
        if key == "attributes":
            return spaces.Box(-1, 2, (world.n_attributes,), dtype=np.int8)
        if key == "entropy":
            bits = 1.0
            if protocol.question == "facet":
                bits = float(max(1, world.facet_attributes.degrees().max()))
            return spaces.Box(0.0, bits, (batch.n_askables,), dtype=np.float32)
        if key == "log2_candidates":
            most = float(math.ceil(math.log2(world.n_items + 1)))
            return spaces.Box(0.0, most, (1,), dtype=np.float32)
        return super().space_of(key, batch, view)

    def array(self, key: str) -> NDArray[Any] | None:
        names = {"history": "history", "attributes": "status"}
        if key in names:
            array: NDArray[Any] = self.batch.arrays[names[key]]
            return array
        if key == "entropy":
            # Live, and up to date whenever the batch is tracked.
            return self.batch.arrays["entropy"] if self.batch.track else None
        return super().array(key)

    def read(self, key: str, rows: Any) -> NDArray[Any]:
        if key == "log2_candidates":
            return self._log2_sizes[self.batch.arrays["n_candidates"][rows, None]]
        if key == "entropy":
            entropy: NDArray[np.float32] = self.batch.entropy()[rows]
            return entropy
        return super().read(key, rows)

    def scalar_reader(self, key: str) -> Callable[[], NDArray[Any]] | None:
        if key != "log2_candidates":
            return None
        sizes, n = self._log2_sizes, self.batch.arrays["n_candidates"].item

        def read() -> NDArray[np.float32]:
            k = n(0)
            return sizes[k : k + 1].copy()

        return read

    def privileged(self) -> dict[str, NDArray[Any]]:
        a = self.batch.arrays
        return {
            "user": a["user"],
            "targets": _padded(a["targets"], a["n_targets"]),
            "acceptable": _padded(a["acceptable"], a["n_acceptable"]),
            "musts": a["musts"],
            "seed": a["seed"],
            "conversation": a["conversation"],
        }


def _padded(lists: NDArray[np.int32], lengths: NDArray[np.int32]) -> NDArray[np.int32]:
    """Lists padded with -1: what lies there is left from earlier conversations."""
    used = np.arange(lists.shape[1]) < lengths[:, None]
    return np.where(used, lists, np.int32(-1))
