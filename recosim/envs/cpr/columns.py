"""Recording a batch of conversations, move by move, into a `Trace`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recosim.acts import Verb
from recosim.envs.cpr.dialogues import Dialogues
from recosim.standing import standing_codes
from recosim.trace import SCHEMA, Trace

__all__ = ["Recorder", "Words"]

Words = tuple[NDArray[np.object_], NDArray[np.object_]]

_PLAIN = (
    "conversation",
    "step",
    "turn",
    "user",
    "verb",
    "asked_facet",
    "outcome",
    "rank",
    "reward",
    "n_candidates",
    "terminated",
    "truncated",
    "left",
)
_LISTS = {"asked": None, "accepted": "n_accepted", "shown": "n_shown", "aspects": None}

_WORDS = ("told", "said")
_LIST_COLUMNS = {
    "asked": "asked",
    "accepted": "accepted",
    "standing": "standing",
    "shown": "items",
    "aspects": "because",
}


class Recorder:
    """Copies what happened in the running rows after the opening and after each move."""

    def __init__(self, dialogues: Dialogues) -> None:
        self.batch = dialogues
        self.moves: list[dict[str, NDArray[Any]]] = []

    def clear(self) -> None:
        self.moves.clear()

    def record(self, rows: NDArray[np.bool_] | None = None, words: Words | None = None) -> None:
        """Copy the last move of some rows (bool (B,)), or of all.

        Args:
            words: what was told and said in it, an object array (B,) each, None for nothing.
        """
        a = self.batch.arrays
        chosen: Any = slice(None) if rows is None or rows.all() else np.flatnonzero(rows)
        move = {name: a[name][chosen].copy() for name in _PLAIN}
        if words is not None:
            move |= {name: texts[chosen].copy() for name, texts in zip(_WORDS, words, strict=True)}
        move["target"] = a["targets"][chosen, 0].copy()
        move["supported"] = self._supported(chosen)
        move["row"] = np.arange(self.batch.size, dtype=np.int64)[chosen]
        codes = standing_codes(a["standing"][chosen])
        spoken = (codes >= 0) & (move["verb"] == Verb.OPEN)[:, None]
        move["standing"], move["n_standing"] = codes[spoken], spoken.sum(axis=1)
        for name, length in _LISTS.items():
            values = a[name][chosen]
            if name == "aspects":  # those of the last list, until there is another
                keep = (values >= 0) & (move["verb"] == Verb.RECOMMEND)[:, None]
            elif length is None:
                keep = values >= 0
            else:
                keep = np.arange(values.shape[1]) < a[length][chosen][:, None]
            move[name] = values[keep]
            move[f"n_{name}"] = keep.sum(axis=1)
        self.moves.append(move)

    def _supported(self, chosen: Any) -> NDArray[np.float32]:
        """How far the reasons for the lists of some rows hold; see `recosim.trace`."""
        a, bitsets = self.batch.arrays, self.batch.world.bitsets
        items, reasons = a["shown"][chosen], a["aspects"][chosen]
        share = np.full(len(items), np.nan, dtype=np.float32)
        if reasons.shape[1]:
            pairs = (reasons[:, :, None] >= 0) & (items[:, None, :] >= 0)
            word, bit = items >> 6, (items & 63).astype(np.uint64)
            has = bitsets[reasons[:, :, None], word[:, None, :]] >> bit[:, None, :] & np.uint64(1)
            given = pairs.sum(axis=(1, 2))
            told = (a["verb"][chosen] == Verb.RECOMMEND) & (given > 0)
            share[told] = ((has > 0) & pairs).sum(axis=(1, 2))[told] / given[told]
        return share

    def _words(self, name: str, order: NDArray[Any]) -> pa.Array:
        if not any(name in move for move in self.moves):
            return pa.nulls(len(order), pa.string())
        silent = [np.full(len(move["row"]), None, dtype=object) for move in self.moves]
        words = [move.get(name, none) for move, none in zip(self.moves, silent, strict=True)]
        return pa.array(np.concatenate(words)[order], pa.string())

    def trace(
        self, agent: str = "", seed: int = 0, metadata: Mapping[str, Any] | None = None
    ) -> Trace:
        """Everything recorded, ordered by row, then step."""
        if not self.moves:
            return Trace(SCHEMA.empty_table(), dict(metadata or {}))

        def joined(name: str) -> NDArray[Any]:
            return np.concatenate([move[name] for move in self.moves])

        order = np.argsort(joined("row"), kind="stable")
        columns: dict[str, Any] = {
            name: joined(name)[order] for name in (*_PLAIN, "target", "supported")
        }
        n = len(order)
        first = self.batch.protocol.first_turn
        ignored = columns["verb"] == Verb.IGNORED
        arrays = {
            "agent": pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(n, np.int32)), pa.array([agent])
            ),
            "seed": np.full(n, seed, dtype=np.int32),
            "conversation": columns["conversation"].astype(np.int32),
            "step": columns["step"].astype(np.int16),
            "move": (columns["turn"] - first + ignored).astype(np.int16),
            "user": columns["user"],
            "target": columns["target"],
            "verb": columns["verb"],
            "facet": columns["asked_facet"],
            "supported": pa.array(columns["supported"], from_pandas=True),  # NaN is no value
            "outcome": columns["outcome"],
            "rank": columns["rank"].astype(np.int16),
            "reward": columns["reward"].astype(np.float32),
            "candidates": columns["n_candidates"],
            "terminated": columns["terminated"].astype(bool),
            "truncated": columns["truncated"].astype(bool),
            "left": columns["left"].astype(bool),
            "told": self._words("told", order),
            "said": self._words("said", order),
        }
        for name, column in _LIST_COLUMNS.items():
            arrays[column] = _lists(joined(name), joined(f"n_{name}"), order)
        ordered = [
            value if isinstance(value, pa.Array) else pa.array(value)
            for value in (arrays[field.name] for field in SCHEMA)
        ]
        return Trace(pa.table(ordered, schema=SCHEMA), dict(metadata or {}))


def _lists(values: NDArray[Any], lengths: NDArray[Any], order: NDArray[Any]) -> pa.Array:
    """A list column: the values of entry `order[0]`, then of `order[1]`, and so on."""
    ends = np.cumsum(lengths)
    starts = ends - lengths
    n = lengths[order]
    offsets = np.concatenate([[0], np.cumsum(n)])
    # Position of each output value: where its entry starts, plus its place in the entry.
    places = np.repeat(starts[order] - offsets[:-1], n) + np.arange(offsets[-1])
    return pa.ListArray.from_arrays(
        pa.array(offsets.astype(np.int32)), pa.array(values[places].astype(np.int32))
    )
