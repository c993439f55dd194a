"""`Orchard`: the gardener who knows the fruit, from the lives of other users."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Level
from recosim.agents.learner import Arrays, Learner
from recosim.agents.recoworld.gardener import Gardener
from recosim.envs.recoworld.lives import Lives
from recosim.errors import CheckpointError
from recosim.kernels.compiling import cached

__all__ = ["Orchard"]

CLICK = int(Level.CLICK)
# Variance of what a consumed item tells of its quality: taste is not known exactly.
TELLING = 0.05
# While it learns: how much doubt about the quality of an item counts for it.
EXPLORES = 0.5


class Orchard(Gardener, Learner):
    """A gardener that has learned what items are worth from what other users made of them.

    The share of an item that a user consumes tells of its quality beside their taste. In training
    it lives with users of another split as `gardener`, drawn to items that few have consumed, and
    keeps for each item the sum of what shares tell beyond taste. Quality is then normal around what
    appeal tells, given these observations. Nothing else is learned.

    Args:
        rounds, batch: see `Learner`; a round is `batch` lives.
        settings: those of `Gardener`.
    """

    name = "orchard"
    version = 1

    def __init__(self, *, rounds: int = 8, batch: int = 256, **settings: float) -> None:
        Learner.__init__(self, rounds=rounds, batch=batch)
        Gardener.__init__(self, **settings)

    def settings(self) -> dict[str, Any]:
        return {"rounds": self.rounds, "batch": self.batch_size, **Gardener.settings(self)}

    def bind(self, batch: Lives) -> None:
        super().bind(batch)
        items = self.belief.items
        self._start = items.quality.copy(), items.doubt.copy()
        self._sums = np.zeros(batch.world.n_items)
        self._counts = np.zeros(batch.world.n_items)

    def act(self) -> Any:
        self.need_weights()
        return super().act()

    # ---- training -------------------------------------------------------------------------------

    def start(self, seed: int) -> None:
        super().start(seed)
        self._sums[:] = self._counts[:] = 0.0
        self._know()

    def train_round(self, number: int) -> dict[str, float]:
        d = self.batch
        self.open_round(number)
        self.explores = EXPLORES
        while (running := d.arrays["done"] == 0).any():
            d.step(self.act())
            self._tally(self.lists_in(running))
            self.observe(running)
        self.explores = 0.0
        self._know()
        return self.round_metrics() | {"known": float((self._counts > 0).mean())}

    def _tally(self, rows: NDArray[np.bool_]) -> None:
        a, b = self.batch.arrays, self.belief
        _tally(
            rows, a["shown"], a["levels"], a["minutes"], b.items, b.manners.utility_bias,
            b.taste, self._sums, self._counts,
        )  # fmt: skip

    def _know(self) -> None:
        """Quality of items given all that was told, into what the belief holds of items."""
        mean, variance = self._start
        items = self.belief.items
        items.doubt[:] = 1.0 / (1.0 / variance + self._counts / TELLING)
        items.quality[:] = items.doubt * (mean / variance + self._sums / TELLING)

    # ---- what was learned -----------------------------------------------------------------------

    def weights(self) -> Arrays:
        return {"sums": self._sums.copy(), "counts": self._counts.copy()}

    def take_weights(self, weights: Arrays) -> None:
        for name, own in (("sums", self._sums), ("counts", self._counts)):
            given = weights.get(name)
            if given is None or given.shape != own.shape:
                found = "missing" if given is None else f"of shape {given.shape}"
                raise CheckpointError(
                    f"{name} is {found}, shape {own.shape} is needed; the checkpoint is of another "
                    "world."
                )
            own[:] = given
        self._know()

    def training_state(self) -> Arrays:
        return {}

    def set_training_state(self, state: Arrays) -> None:
        """All of it is in the weights."""


@cached(nogil=True, error_model="numpy")
def _tally(
    rows: Any, shown: Any, levels: Any, minutes: Any, items: Any, bias: float, taste: Any,
    sums: Any, counts: Any,
) -> None:  # fmt: skip
    for b in range(rows.shape[0]):
        if not rows[b]:
            continue
        for j in range(shown.shape[1]):
            v = shown[b, j]
            if v < 0 or levels[b, j] < CLICK:
                continue
            first, last = items.indptr[v], items.indptr[v + 1]
            fit = 0.0
            for k in range(first, last):
                fit += taste[b, items.indices[k]]
            fit /= math.sqrt(max(last - first, 1))
            share = min(max(np.float64(minutes[b, j]) / items.minutes[v], 0.003), 0.997)
            sums[v] += math.log(share / (1.0 - share)) - bias - fit
            counts[v] += 1.0
