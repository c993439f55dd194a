"""What the RecoWorld environments show of a life: observations and infos."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from recosim.acts import Level, Outcome, Verb
from recosim.envs.observer import Info, Observer

__all__ = ["LifeObserver"]

# Key -> array of the batch, where a view of it is what is shown.
_ARRAYS = {
    "shown_items": "shown",
    "levels": "levels",
    "minutes": "minutes",
    "instructions": "instructions",
    "answers": "answers",
    "shown_counts": "shown_counts",
    "taken_counts": "taken_counts",
    "preference": "preference",
}
_NUMBERS = {"day": "day", "session": "session", "away": "gap", "verb": "verb", "outcome": "outcome"}
_FLOAT = np.finfo(np.float32).max


class LifeObserver(Observer):
    """What the environments show of `Lives`; see the docstring of `RecoWorldEnv` for each key."""

    KEYS: ClassVar[tuple[str, ...]] = (
        "day",
        "session",
        "turn",
        "away",
        "verb",
        "outcome",
        "shown_items",
        "levels",
        "minutes",
        "instructions",
        "answers",
        "shown_counts",
        "taken_counts",
        "preference",
        "action_mask",
    )
    INFOS: ClassVar[tuple[Info, ...]] = (
        Info("shown_items", "shown", idle=-1),
        Info("levels", "levels", idle=-1),
        Info("minutes", "minutes", idle=0.0),
        Info("day", "day", int),
        Info("session", "session", int),
        Info("away", "gap", int, idle=0),
        Info("ended", "ended", int, idle=0),
        Info("left", "left", bool, idle=False),
        Info("gone", "gone", bool),
        Info("regret_minutes", "regret", float, idle=0.0),
        Info("ndcg", "ndcg", float, idle=0.0),
        Info("true_utility", "utility", float),
    )
    NARROW: ClassVar[tuple[str, ...]] = (
        "day",
        "session",
        "turn",
        "away",
        "verb",
        "outcome",
        "levels",
        "minutes",
        "action_mask",
    )
    COSTLY: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def space_of(cls, key: str, batch: Any, view: str) -> spaces.Box:
        rules, world = batch.protocol, batch.world
        a, k = world.n_attributes, rules.top_k
        longest = np.iinfo(np.int32).max
        found: dict[str, tuple[float, float, int, Any]] = {
            "day": (0, rules.horizon, 1, np.int32),
            "session": (0, rules.horizon, 1, np.int32),
            "away": (-1, rules.horizon, 1, np.int32),
            "verb": (0, max(Verb), 1, np.int8),
            "outcome": (min(Outcome), max(Outcome), 1, np.int8),
            "shown_items": (-1, world.n_items - 1, k, np.int32),
            "levels": (-1, max(Level), k, np.int8),
            "minutes": (0.0, _FLOAT, k, np.float32),
            "instructions": (-1, longest, 40, np.int32),
            "answers": (-1, 3, a, np.int8),
            "shown_counts": (0, longest, a, np.int32),
            "taken_counts": (0, longest, a, np.int32),
            "preference": (-_FLOAT, _FLOAT, a, np.float32),
        }
        if key not in found:
            return super().space_of(key, batch, view)
        low, high, width, dtype = found[key]
        return spaces.Box(low, high, (width,), dtype=dtype)

    def array(self, key: str) -> NDArray[Any] | None:
        a = self.batch.arrays
        if key in _ARRAYS:
            table: NDArray[Any] = a[_ARRAYS[key]].reshape(self.batch.size, -1)
            return table
        if key in _NUMBERS:
            column: NDArray[Any] = a[_NUMBERS[key]][:, None]
            return column
        return super().array(key)

    def privileged(self) -> dict[str, NDArray[Any]]:
        names = ("user", "seed", "conversation")
        hidden = ("theta", "mindset", "satiation", "fatigue", "letdown", "loyalty", "intended")
        return {name: self.batch.arrays[name] for name in (*names, *hidden)}
