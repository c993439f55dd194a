"""`Recorder`: a batch recorded move by move into a `Trace`, whatever its family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recosim.family import family
from recosim.trace import CORE, FORMAT, Column, Columns, Trace

__all__ = ["Recorder", "Words"]

Words = tuple[NDArray[np.object_], NDArray[np.object_]]

_WORDS = ("told", "said")
# Columns of the core that every batch keeps in an array of the same name.
_KEPT = ("conversation", "step", "user", "verb", "reward", "terminated", "truncated")


class Recorder:
    """Copies what happened in the running rows after the opening and after each move.

    Args:
        batch: it names its `family`, and its `arrays` hold what `recosim.trace` calls the core.
    """

    def __init__(self, batch: Any) -> None:
        self.batch = batch
        self.columns: Columns = family(batch.family).load("columns")
        self.moves: list[dict[str, Any]] = []

    def clear(self) -> None:
        self.moves.clear()

    def record(self, rows: NDArray[np.bool_] | None = None, words: Words | None = None) -> None:
        """Copy the last move of some rows (bool (B,)), or of all.

        Args:
            words: what was told and said in it, an object array (B,) each, None for nothing.
        """
        a = self.batch.arrays
        chosen: Any = slice(None) if rows is None or rows.all() else np.flatnonzero(rows)
        move = {name: a[name][chosen].copy() for name in _KEPT}
        move["row"] = np.arange(self.batch.size, dtype=np.int64)[chosen]
        if words is not None:
            move |= {name: texts[chosen].copy() for name, texts in zip(_WORDS, words, strict=True)}
        move |= self.columns.copy(self.batch, chosen, move["verb"])
        self.moves.append(move)

    def trace(
        self, agent: str = "", seed: int = 0, metadata: Mapping[str, Any] | None = None
    ) -> Trace:
        """Everything recorded, ordered by row, then step."""
        meta = {"format": FORMAT, "family": self.batch.family, **(metadata or {})}
        schema = self.columns.schema
        if not self.moves:
            return Trace(schema.empty_table(), meta)
        order = np.argsort(self._joined("row"), kind="stable")
        arrays = {
            "agent": pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(len(order), np.int32)), pa.array([agent])
            ),
            "seed": pa.array(np.full(len(order), seed, dtype=np.int32)),
            **{name: self._words(name, order) for name in _WORDS},
        }
        ordered = [
            arrays[column.name] if column.name in arrays else self._ordered(column, order)
            for column in (*CORE, *self.columns.extra)
        ]
        return Trace(pa.table(ordered, schema=schema), meta)

    def _joined(self, name: str) -> NDArray[Any]:
        return np.concatenate([move[name] for move in self.moves])

    def _ordered(self, column: Column, order: NDArray[np.int64]) -> pa.Array:
        """A column of numbers, or of lists of them."""
        if pa.types.is_list(column.type):
            parts = [move[column.name] for move in self.moves]
            values, lengths = (np.concatenate(part) for part in zip(*parts, strict=True))
            return _lists(values, lengths, order, column.type)
        numbers = self._joined(column.name)[order].astype(column.dtype, copy=False)
        # NaN is no value in a column that may lack one.
        return pa.array(numbers, column.type, from_pandas=column.default is None)

    def _words(self, name: str, order: NDArray[np.int64]) -> pa.Array:
        if not any(name in move for move in self.moves):
            return pa.nulls(len(order), pa.string())
        silent = [np.full(len(move["row"]), None, dtype=object) for move in self.moves]
        words = [move.get(name, none) for move, none in zip(self.moves, silent, strict=True)]
        return pa.array(np.concatenate(words)[order], pa.string())


def _lists(
    values: NDArray[Any], lengths: NDArray[Any], order: NDArray[np.int64], of: pa.ListType
) -> pa.Array:
    """A list column: the values of entry `order[0]`, then of `order[1]`, and so on."""
    ends = np.cumsum(lengths)
    starts = ends - lengths
    n = lengths[order]
    offsets = np.concatenate([[0], np.cumsum(n)])
    # Position of each output value: where its entry starts, plus its place in the entry.
    places = np.repeat(starts[order] - offsets[:-1], n) + np.arange(offsets[-1])
    return pa.ListArray.from_arrays(
        pa.array(offsets.astype(np.int32)), pa.array(values[places], of.value_type)
    )
