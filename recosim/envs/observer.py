"""`Observer`: what environments show of a batch, whoever asks: observations and infos, by key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from recosim.envs.batch import Batch

__all__ = ["Info", "Observations", "Observer", "Tracker"]

Observations = dict[str, NDArray[Any]]


class Info(NamedTuple):
    """An entry of `info` that is an array of the batch.

    Attributes:
        name: its key.
        array: the array of the batch.
        kind: what the scalar environment makes of one entry: `int`, `float` or `bool`; None: a
            copy of the row.
        idle: what it says of a call that was no move; None: it stays as it is.
    """

    name: str
    array: str
    kind: type | None = None
    idle: Any = None


class Tracker:
    """Entries of `info` of the scalar environment that need the past of an episode; none here.

    Args:
        batch: of one row.
    """

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.memory: Any = None  # what is pickled

    def open(self) -> None:
        """An episode has begun."""

    def move(self) -> None:
        """A move was settled."""

    def info(self) -> dict[str, Any]:
        """The entries."""
        return {}


class Observer:
    """What the environments show of a batch; an agent that was trained on them sees the same.

    A family gives a subclass with its `KEYS`, their spaces and arrays, and its infos.

    Args:
        batch: what is shown.
        keys: keys of the observation, in their order; None: all.
        view: of the actions: "flat", "verb" or "slate".
    """

    # Keys of the observation, in their order.
    KEYS: ClassVar[tuple[str, ...]] = ("turn", "action_mask")
    INFOS: ClassVar[tuple[Info, ...]] = (
        Info("shown_items", "shown", idle=-1),
        Info("rank", "rank", int, idle=0),
        Info("left", "left", bool),
        Info("true_utility", "utility", float),
    )
    tracker: ClassVar[type[Tracker]] = Tracker
    # Those whose width does not grow with what can be asked about.
    NARROW: ClassVar[tuple[str, ...]] = ("turn", "action_mask")
    # Keys that cost work after every move: batches that show none of them need not be tracked.
    COSTLY: ClassVar[frozenset[str]] = frozenset({"action_mask"})

    def __init__(self, batch: Any, keys: Sequence[str] | None, view: str) -> None:
        self.batch, self.view = batch, view
        self.keys = tuple(self.KEYS if keys is None else keys)

    # ---- observations ----------------------------------------------------------------------------

    @classmethod
    def space_of(cls, key: str, batch: Any, view: str) -> spaces.Box:
        """The space of a key for one episode.

        Args:
            batch: a batch, or what stands for one: its sizes and rules.
        """
        if key == "turn":
            return spaces.Box(1, batch.protocol.max_turns + 1, (1,), dtype=np.int32)
        if key == "action_mask":
            n = len(batch.verbs) if view == "verb" else batch.n_actions
            return spaces.Box(0, 1, (n,), dtype=np.int8)
        raise NotImplementedError(f"the observer has no space for {key!r}")

    @classmethod
    def space(cls, batch: Any, keys: Sequence[str], view: str) -> spaces.Dict:
        """The observation space of one episode."""
        return spaces.Dict({key: cls.space_of(key, batch, view) for key in keys})

    def array(self, key: str) -> NDArray[Any] | None:
        """The live array of a key with one row for each episode; None: it is computed by `read`."""
        if key != "turn":
            return None
        column: NDArray[np.int32] = self.batch.arrays["turn"][:, None]
        return column

    def read(self, key: str, rows: Any) -> NDArray[Any]:
        """A key of some rows: live where `array` gives one and rows are a slice."""
        live = self.mask() if key == "action_mask" else self.array(key)
        assert live is not None, key
        part: NDArray[Any] = live[rows]
        return part

    def mask(self) -> NDArray[np.int8]:
        """Legal actions of the view, int8 (B, actions); live but for the "verb" view."""
        mask: NDArray[np.int8] = self.batch.legal_actions()
        if self.view != "verb":
            return mask
        n = self.batch.n_askables
        # Nothing matters once an episode has ended, so a mask is all ones then.
        ended = self.batch.arrays["done"][:, None] > 0
        can_ask = mask[:, :n].any(axis=1, keepdims=True) | ended
        others = mask[:, n : n + len(self.batch.verbs) - 1]
        return np.concatenate([can_ask, others], axis=1)

    def observation(self, rows: Any = slice(None)) -> Observations:
        """The observations of some rows; a slice gives live views, numbers give copies."""
        return {key: self.read(key, rows) for key in self.keys}

    def scalar_readers(self) -> list[tuple[str, Callable[[], NDArray[Any]]]]:
        """Each key of the first row as a copy, by a call: what a scalar environment returns."""
        return [(key, self.scalar_reader(key) or self._copier(key)) for key in self.keys]

    def scalar_reader(self, key: str) -> Callable[[], NDArray[Any]] | None:
        """A quicker way to a copy of a key of the first row, where there is one."""
        return None

    def _copier(self, key: str) -> Callable[[], NDArray[Any]]:
        live = self.array(key)
        if live is not None:
            row: NDArray[Any] = live[0]
            return row.copy
        if key == "action_mask" and self.view != "verb":
            return lambda: self.batch.legal_actions()[0].copy()
        return lambda: self.read(key, slice(0, 1))[0].copy()

    # ---- infos -----------------------------------------------------------------------------------

    def privileged(self) -> dict[str, NDArray[Any]]:
        """Hidden state, one row for each episode; lists are padded with -1."""
        names = ("user", "seed", "conversation")
        return {name: self.batch.arrays[name] for name in names}

    def idle(self, information: dict[str, Any]) -> dict[str, Any]:
        """The entries of the scalar `info` that say that nothing was done."""
        silent = {info.name: info.idle for info in self.INFOS if info.idle is not None}
        return {
            name: np.full_like(information[name], value)
            if isinstance(information[name], np.ndarray)
            else value
            for name, value in silent.items()
        }

    def scalar_getters(self) -> list[tuple[str, Callable[[], Any]]]:
        """The infos of the first row as Python values and copies, each by a call."""
        return [
            (info.name, _getter(self.batch.arrays[info.array], info.kind)) for info in self.INFOS
        ]


def _getter(array: NDArray[Any], kind: type | None) -> Callable[[], Any]:
    """Reads the first entry of a live array."""
    if kind is None:
        row: NDArray[Any] = array[0]
        return row.copy
    return partial((array.view(np.bool_) if kind is bool else array).item, 0)
