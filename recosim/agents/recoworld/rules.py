"""Rules that learn nothing: what is popular, what the estimator likes, and what users instruct."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Verb
from recosim.agents.recoworld.base import LifeAgent
from recosim.agents.recoworld.heed import Ledger, group_items, read_instructions
from recosim.agents.recoworld.ranking import first_unseen, pick_diverse
from recosim.envs.recoworld.lives import Lives
from recosim.errors import OptionError

__all__ = ["ApplyAll", "Clickbait", "Diversify", "Follow", "FollowDiversify", "Popular", "Static"]


class Popular(LifeAgent):
    """The items of most train interactions that were not shown before."""

    name = "popular"

    def bind(self, batch: Lives) -> None:
        self._batch = batch
        # A stable sort: the smallest id first among items of the same popularity.
        order = np.argsort(-batch.world.popularity.astype(np.int64), kind="stable")
        self._order = order.astype(np.int32)

    def reset(self, rows: NDArray[np.bool_]) -> None:
        pass

    def act(self) -> Moves:
        b = self.batch
        lists = first_unseen(self._order, b.arrays["withheld"], b.protocol.top_k)
        return Moves.all_of(Verb.RECOMMEND, b.size, lists)


class Static(LifeAgent):
    """The environment's own retrieval, round after round: what it knew of users on the first day.

    It never reflects, so that the retrieval heeds no instruction.
    """

    name = "static"

    def bind(self, batch: Lives) -> None:
        self._batch = batch

    def reset(self, rows: NDArray[np.bool_]) -> None:
        pass

    def act(self) -> Moves:
        return Moves.all_of(Verb.RECOMMEND, self.batch.size)


class Follow(LifeAgent):
    """`static` that does what it is told, as long as and where it is told so.

    Items that break an instruction in force come last, those that meet a wish first; within each
    group by the estimator's score. Nothing else tells it from `static`.
    """

    name = "follow"
    depth = 2**20  # all of the pool, as the retrieval has it

    def act(self) -> Moves:
        # The order of the pool is that of the retrieval, to the last tie.
        order = np.broadcast_to(-np.arange(self.pool.shape[1], dtype=np.float32), self.pool.shape)
        return self.show(order, self.groups())

    def groups(self) -> NDArray[np.int8]:
        """What the instructions in force say of each candidate: `group_items`; int8 (B, n)."""
        return self._grouped(self.batch.arrays["instructions"])

    def _grouped(self, told: NDArray[np.int32]) -> NDArray[np.int8]:
        """The groups that instructions make, of running rows: most have none in force."""
        b = self.batch
        found = np.ones(self.pool.shape, dtype=np.int8)
        rows = np.flatnonzero((b.arrays["done"] == 0) & (told[:, :, 0] >= 0).any(axis=1))
        if len(rows):
            found[rows] = group_items(*read_instructions(told[rows], self.pool[rows], b.world))
        return found


class ApplyAll(Follow):
    """Does what it was ever told, for ever and in every case: scopes and conditions are not heard.

    Of each attribute the latest word counts. Otherwise it is `follow`.
    """

    name = "apply_all"

    def bind(self, batch: Lives) -> None:
        super().bind(batch)
        self._ledger = Ledger(batch.size, batch.world.n_attributes)

    def reset(self, rows: NDArray[np.bool_]) -> None:
        super().reset(rows)
        self._ledger.forget(rows)
        self.observe(rows)

    def observe(self, rows: NDArray[np.bool_]) -> None:
        self._ledger.write(self.batch.arrays["given"], rows)

    def groups(self) -> NDArray[np.int8]:
        return self._grouped(self._ledger.instructions)


class Diversify(LifeAgent):
    """Maximal marginal relevance (Carbonell and Goldstein 1998) over the estimator's scores.

    Item by item the list takes the candidate of the highest
    `relevance * score - (1 - relevance) * similarity`, the similarity being the largest cosine of
    its attributes with those of an item that is in the list. The candidates are the 96 of the
    highest scores.

    Args:
        relevance: how much the score counts, 0 to 1.
    """

    name = "diversify"

    def __init__(self, relevance: float = 0.5) -> None:
        if not 0 <= relevance <= 1:
            raise OptionError(f"relevance is {relevance!r}; a number from 0 to 1 is needed.")
        self.relevance = float(relevance)

    def settings(self) -> dict[str, Any]:
        return {"relevance": self.relevance}

    def act(self) -> Moves:
        b = self.batch
        lists = pick_diverse(
            self.scores,
            self.pool,
            b.arrays["withheld"],
            b.protocol.top_k,
            self.relevance,
            b.world.item_attributes,
            self.groups(),
        )
        return Moves.all_of(Verb.RECOMMEND, b.size, lists)

    def groups(self) -> NDArray[np.int8] | None:
        """Candidates of a lower group come first, int8 (B, n); None: all are in one."""
        return None


class FollowDiversify(Diversify):
    """`diversify` within each group of candidates that the instructions in force make."""

    name = "follow_diversify"

    def groups(self) -> NDArray[np.int8] | None:
        b = self.batch
        return group_items(*read_instructions(b.arrays["instructions"], self.pool, b.world))


class Clickbait(LifeAgent):
    """Shows what promises most: the estimator's score and, twice as much, appeal.

    The control for what it costs to be clicked and not to be worth it.
    """

    name = "clickbait"

    def bind(self, batch: Lives) -> None:
        super().bind(batch)
        self._appeal = batch.world.item_worth("appeal").astype(np.float32)

    def act(self) -> Moves:
        return self.show(self.scores + 2.0 * self._appeal[self.pool])
