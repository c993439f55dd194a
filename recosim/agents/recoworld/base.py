"""`LifeAgent`: what agents that live with users have in common: candidates, and lists of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Verb
from recosim.agents.base import Agent
from recosim.agents.recoworld.ranking import pick_best
from recosim.envs.recoworld.lives import Lives

__all__ = ["LifeAgent"]


class LifeAgent(Agent):
    """Base of the agents that are made for RecoWorld.

    It ranks the best items of the estimator for the user that were not shown before (as far as
    `repeats` keeps that). An agent reads what `Lives` says an agent may read; of an item it knows
    attributes, popularity, length and appeal, and not its quality: that shows once it is consumed.

    Attributes:
        depth: items of the estimator's pool that it ranks, at most.
        pool: int32 (B, n), the candidates of each row, the estimator's best first.
        scores: float32 (B, n), what the estimator says of them, of mean 0 and deviation 1 in a row.
    """

    family = "recoworld"
    depth = 512

    @property
    def batch(self) -> Lives:
        """The lives this agent is bound to."""
        batch: Lives = super().batch
        return batch

    def bind(self, batch: Lives) -> None:
        super().bind(batch)
        width = min(self.depth, batch.pool_of().shape[1])
        self.pool = np.zeros((batch.size, width), dtype=np.int32)
        self.scores = np.zeros((batch.size, width), dtype=np.float32)
        self._scale = np.zeros((batch.size, 2), dtype=np.float32)  # mean and deviation of scores
        self._scale[:, 1] = 1.0

    def reset(self, rows: NDArray[np.bool_]) -> None:
        self.pool[rows] = self.batch.pool_of()[rows, : self.pool.shape[1]]
        vectors, users = self.batch.vectors, self.batch.arrays["user"]
        for b in np.flatnonzero(rows):  # one by one: all vectors at once would fill the memory
            items = self.pool[b]
            raw = vectors.item[items] @ vectors.user[users[b]] + vectors.item_bias[items]
            self._scale[b] = raw.mean(), max(float(raw.std()), 1e-6)
            self.scores[b] = (raw - self._scale[b, 0]) / self._scale[b, 1]

    def scores_of(self, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """`scores` of any items, int32 (B, n) with -1 for none; float32 (B, n)."""
        vectors, users = self.batch.vectors, self.batch.arrays["user"]
        raw = np.einsum("bkd,bd->bk", vectors.item[items], vectors.user[users])
        raw += vectors.item_bias[items]
        scaled: NDArray[np.float32] = (raw - self._scale[:, :1]) / self._scale[:, 1:]
        return scaled

    def lists_in(self, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of some rows showed a list with the move; bool (B,)."""
        shown: NDArray[np.bool_] = rows & (self.batch.arrays["verb"] == Verb.RECOMMEND)
        return shown

    def show(
        self, values: NDArray[np.floating[Any]], groups: NDArray[np.int8] | None = None
    ) -> Moves:
        """Recommend the candidates of the highest values.

        Args:
            values: (B, n), of `pool`.
            groups: int8 (B, n): those of a lower group come first, whatever their values.
        """
        b = self.batch
        pool, withheld, k = self.pool, b.arrays["withheld"], b.protocol.top_k
        rows = np.flatnonzero(b.arrays["done"] == 0)
        if len(rows) == b.size:
            lists = pick_best(values, pool, withheld, k, groups)
        else:  # lists are looked at in running rows alone, which may be few
            lists = np.full((b.size, k), -1, dtype=np.int32)
            some = None if groups is None else groups[rows]
            lists[rows] = pick_best(values[rows], pool[rows], withheld[rows], k, some)
        return Moves.all_of(Verb.RECOMMEND, b.size, lists)
