"""What the ConvSim environments show of a search: observations and infos."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from recosim.acts import Level, Outcome, Verb
from recosim.envs.convsim.rules import ROOM, Kind
from recosim.envs.observer import Info, Observer

__all__ = ["SearchObserver"]

# Key -> array of the batch, where a view of it is what is shown.
_ARRAYS = {
    "shown_items": "shown",
    "levels": "levels",
    "named": "named",
    "query_terms": "query_terms",
    "heard_terms": "heard_terms",
    "heard_values": "heard_values",
    "questions": "questions",
    "question_shares": "question_shares",
    "question_idf": "question_idf",
}
_NUMBERS = {
    "lists": "lists",
    "asked": "asked",
    "words": "words",
    "verb": "verb",
    "kind": "kind",
    "outcome": "outcome",
}
_FLOAT = np.finfo(np.float32).max


class SearchObserver(Observer):
    """What the environments show of `Searches`; the docstring of `ConvSimEnv` has each key."""

    KEYS: ClassVar[tuple[str, ...]] = (
        "turn",
        "lists",
        "asked",
        "words",
        "verb",
        "kind",
        "outcome",
        "shown_items",
        "levels",
        "named",
        "query_terms",
        "query_weights",
        "heard_terms",
        "heard_values",
        "scores",
        "questions",
        "question_shares",
        "question_idf",
        "action_mask",
    )
    INFOS: ClassVar[tuple[Info, ...]] = (
        Info("shown_items", "shown", idle=-1),
        Info("levels", "levels", idle=-1),
        Info("kind", "kind", int, idle=0),
        Info("named", "named", idle=-1),
        Info("words", "words", int),
        Info("left", "left", bool, idle=False),
        Info("ndcg", "ndcg", float),
        Info("start_ndcg", "start_ndcg", float),
        Info("ceiling", "ceiling", float),
        Info("true_utility", "utility", float),
    )
    NARROW: ClassVar[tuple[str, ...]] = (
        "turn",
        "lists",
        "asked",
        "words",
        "verb",
        "kind",
        "outcome",
        "levels",
        "scores",
        "question_shares",
        "question_idf",
        "action_mask",
    )
    COSTLY: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def space_of(cls, key: str, batch: Any, view: str) -> spaces.Box:
        rules, world = batch.protocol, batch.world
        q, k, longest = rules.questions, rules.top_k, np.iinfo(np.int32).max
        found: dict[str, tuple[float, float, int, Any]] = {
            "lists": (0, rules.rounds + 1, 1, np.int32),
            "asked": (0, rules.max_turns, 1, np.int32),
            "words": (0, 6 * rules.max_turns, 1, np.int32),
            "verb": (0, max(Verb), 1, np.int8),
            "kind": (0, max(Kind), 1, np.int8),
            "outcome": (min(Outcome), max(Outcome), 1, np.int8),
            "shown_items": (-1, world.n_items - 1, k, np.int32),
            "levels": (-1, max(Level), k, np.int8),
            "named": (-1, longest, 4, np.int32),
            "query_terms": (-1, longest, ROOM, np.int32),
            "query_weights": (-_FLOAT, _FLOAT, ROOM, np.float32),
            "heard_terms": (-1, longest, ROOM, np.int32),
            "heard_values": (-1, 1, ROOM, np.int8),
            "scores": (-_FLOAT, _FLOAT, k, np.float32),
            "questions": (-1, longest, q, np.int32),
            "question_shares": (0.0, 1.0, q, np.float32),
            "question_idf": (0.0, _FLOAT, q, np.float32),
        }
        if key not in found:
            return super().space_of(key, batch, view)
        low, high, width, dtype = found[key]
        return spaces.Box(low, high, (width,), dtype=dtype)

    def array(self, key: str) -> NDArray[Any] | None:
        a = self.batch.arrays
        if key in _ARRAYS:
            table: NDArray[Any] = a[_ARRAYS[key]]
            return table
        if key in _NUMBERS:
            column: NDArray[Any] = a[_NUMBERS[key]][:, None]
            return column
        return super().array(key)

    def read(self, key: str, rows: Any) -> NDArray[Any]:
        if key == "query_weights":
            weights: NDArray[np.float32] = self.batch.arrays[key][rows].astype(np.float32)
            return weights
        if key == "scores":
            k, scores = self.batch.protocol.top_k, self.batch.arrays["found_scores"][rows]
            shown = np.zeros((len(scores), k), dtype=np.float32)
            shown[:, : scores.shape[1]] = scores[:, :k]
            return shown
        return super().read(key, rows)

    def privileged(self) -> dict[str, NDArray[Any]]:
        names = ("user", "seed", "conversation", "need", "disappointments")
        return {name: self.batch.arrays[name] for name in names}
