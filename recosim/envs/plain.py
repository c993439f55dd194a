"""`PlainBatch`: a batch in plain numpy, for families whose rules need no compiled kernels.

A family fills in what differs: which arrays a row has beside the common ones (`more_arrays`), how
rows begin (`begin`), what may be done (`legal`), and the two halves of a move (`answer`,
`consequences`). Everything else is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.acts import Moves, Verb
from recosim.envs.batch import Batch, Units
from recosim.envs.rules import Rules
from recosim.errors import IllegalActionError, OptionError
from recosim.estimators.base import Vectors
from recosim.kernels.random import PURPOSES, draw_units
from recosim.users.behaviour import Behaviour, trait_column
from recosim.users.population import Population, population
from recosim.world.world import World

__all__ = ["PlainBatch", "interactions"]


class PlainBatch(Batch):
    """B episodes that recommend lists, advanced by numpy.

    Args:
        world, vectors, protocol, size, users, split: see `Batch`.
        raise_illegal: refuse a batch with an illegal action; else the row's turn is lost.
        open_ended: `step` begins the next episode in rows that have ended.
        settings: `track` and `threads` are taken and mean nothing here: there is one way to work.
    """

    def __init__(
        self,
        world: World,
        vectors: Vectors,
        protocol: Rules,
        size: int,
        *,
        users: Behaviour | Population | None = None,
        split: str = "valid",
        raise_illegal: bool = True,
        open_ended: bool = False,
        **settings: Any,
    ) -> None:
        if size < 1:
            raise OptionError(f"size is {size}; at least 1 episode is needed.")
        self.world, self.vectors, self.protocol = world, vectors, protocol
        self.users, self.split, self.size = population(users or Behaviour()), split, size
        self.n_askables = self.count_askables(protocol, world)
        self.n_actions = self.n_askables + len(self.verbs) - 1
        self.threads = 1
        self.raise_illegal, self.open_ended = raise_illegal, open_ended
        self._units = self.units()
        self._traits = self.users.traits(world.n_users)
        b, k = (size,), (size, protocol.top_k)
        self.arrays = {
            "seed": np.zeros(b, np.uint64),
            "conversation": np.zeros(b, np.int64),
            "user": np.zeros(b, np.int32),
            "unit": np.zeros((size, len(self._units.names)), np.int32),
            "turn": np.ones(b, np.int32),
            "step": np.zeros(b, np.int32),
            "done": np.ones(b, np.uint8),
            "verb": np.full(b, Verb.OPEN, np.int8),
            "about": np.full(b, -1, np.int64),
            "shown": np.full(k, -1, np.int32),
            "rank": np.zeros(b, np.int32),
            "left": np.zeros(b, np.uint8),
            "reward": np.zeros(b),
            "reward_terms": np.zeros((size, len(self.reward_terms))),
            "terminated": np.zeros(b, np.uint8),
            "truncated": np.zeros(b, np.uint8),
            "utility": np.zeros(b),
            "mask": np.ones((size, self.n_actions), np.int8),
            **self.more_arrays(),
        }

    # ---- what a family fills in ------------------------------------------------------------------

    def more_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays of the family's own, first axis the rows."""
        return {}

    def units(self) -> Units:
        return interactions(self.world, self.split)

    def begin(self, rows: NDArray[np.int64]) -> None:
        """Rows (n,) have a new unit; the common arrays are reset. Set the family's own."""

    def legal(self) -> NDArray[np.bool_]:
        """What may be done in each row, bool (B, n_actions); by default everything."""
        return np.ones((self.size, self.n_actions), dtype=bool)

    def answer(self) -> None:
        raise NotImplementedError

    def consequences(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """What follows the answer in rows (n,): their reward terms, float64 (n, terms).

        Sets `terminated` and `utility`; turns and their end are counted by the caller.
        """
        raise NotImplementedError

    def success(self) -> NDArray[np.bool_]:
        return (self.arrays["rank"] > 0) & (self.arrays["terminated"] > 0)

    # ---- episodes --------------------------------------------------------------------------------

    def open(
        self,
        rows: Any = slice(None),
        *,
        seeds: ArrayLike | None = None,
        conversations: ArrayLike | None = None,
        units: ArrayLike | None = None,
    ) -> None:
        a, chosen = self.arrays, self._key_rows(rows, seeds, conversations)
        if units is None:
            luck = self.luck("item", chosen, turn=0)
            units = self._units.table[(luck * len(self._units)).astype(np.int64)]
        a["unit"][chosen] = units
        if "user" in self._units.names:
            a["user"][chosen] = a["unit"][chosen, self._units.names.index("user")]
        for name, value in {"turn": 1, "verb": Verb.OPEN, "about": -1, "shown": -1}.items():
            a[name][chosen] = value
        zero = ("step", "done", "rank", "left", "reward", "reward_terms", "utility")
        for name in (*zero, "terminated", "truncated"):
            a[name][chosen] = 0
        self.begin(chosen)
        self._refresh()

    # ---- moves -----------------------------------------------------------------------------------

    def step(self, moves: Moves) -> None:
        ended = np.flatnonzero(self.arrays["done"] > 0)
        self.pose(moves)
        self.answer()
        self.settle()
        a = self.arrays
        a["reward"][ended], a["reward_terms"][ended] = 0, 0
        if self.open_ended and len(ended):
            a["conversation"][ended] += 1
            self.open(ended)

    def step_one(self, move: Any) -> None:
        self.step(move.moves(self))

    def pose(self, moves: Moves) -> None:
        a, running = self.arrays, self.arrays["done"] == 0
        codes = moves.to_flat(self.n_askables, self.verbs)
        if codes.shape != (self.size,):
            raise IllegalActionError(
                f"moves have shape {codes.shape}; one for each of {self.size} rows is needed."
            )
        may, n = self.legal(), self.n_askables
        legal = np.take_along_axis(may, np.maximum(codes, 0)[:, None], axis=1)[:, 0]
        legal = np.where(codes < 0, may[:, :n].any(axis=1), legal)  # -1 asks the best
        wrong = np.flatnonzero(running & ~legal)
        if len(wrong) and self.raise_illegal:
            row = int(wrong[0])
            raise IllegalActionError(self.explain_illegal(row, int(codes[row])))
        verb = np.where(legal, moves.verb, np.int8(Verb.ILLEGAL))
        a["verb"][running], a["about"][running] = verb[running], np.asarray(moves.about)[running]
        a["step"][running] += 1
        for name, value in {"shown": -1, "rank": 0, "left": 0}.items():
            a[name][running] = value
        shows = np.flatnonzero(running & (verb == Verb.RECOMMEND))
        if len(shows):
            best = self.best_items()[0]
            own = best if moves.items is None else np.asarray(moves.items)
            empty = (own < 0).all(axis=1, keepdims=True)
            a["shown"][shows] = np.where(empty, best, own)[shows]

    def settle(self) -> None:
        a, rows = self.arrays, np.flatnonzero(self.arrays["done"] == 0)
        a["terminated"][rows], a["truncated"][rows] = 0, 0
        terms = self.consequences(rows)
        a["reward_terms"][rows], a["reward"][rows] = terms, terms.sum(axis=1)
        late = (a["turn"][rows] >= self.protocol.max_turns) & (a["terminated"][rows] == 0)
        a["truncated"][rows[late]] = 1
        a["turn"][rows] += 1
        a["done"][rows] = a["terminated"][rows] | a["truncated"][rows]
        self._refresh()

    def luck(
        self, purpose: str, rows: Any = slice(None), turn: int | None = None
    ) -> NDArray[np.float64]:
        """A number in [0, 1) for each of some rows, fixed by (seed, conversation, turn, purpose).

        Args:
            purpose: a name of `recosim.kernels.random.PURPOSES`.
            turn: default: that of each row.
        """
        a = self.arrays
        turns = a["turn"][rows] if turn is None else np.full(len(a["turn"][rows]), turn)
        return draw_units(a["seed"][rows], a["conversation"][rows], turns, PURPOSES[purpose])

    def solve(self) -> Moves | None:
        """The item of the unit, where units have one."""
        if "item" not in self._units.names:
            return None
        items = np.full_like(self.arrays["shown"], -1)
        items[:, 0] = self.arrays["unit"][:, self._units.names.index("item")]
        return Moves.all_of(Verb.RECOMMEND, self.size, items)

    def trait(self, name: str) -> NDArray[np.float64]:
        """A setting of the users of all rows, as kernels read it: float64 (B,)."""
        column = trait_column(self._traits, name)
        values: NDArray[np.float64] = column[np.minimum(self.arrays["user"], len(column) - 1)]
        return values

    # ---- what an agent may read ------------------------------------------------------------------

    def _refresh(self) -> None:
        ended = self.arrays["done"][:, None] > 0
        # Once an episode has ended nothing matters any more: a mask is never all zero.
        self.arrays["mask"][:] = self.legal() | ended

    def legal_actions(self) -> NDArray[np.int8]:
        return self.arrays["mask"]

    def scores(self) -> NDArray[np.float32]:
        """The estimator's scores of all items for the user of each row, float32 (B, items)."""
        v = self.vectors
        scores: NDArray[np.float32] = v.user[self.arrays["user"]] @ v.item.T + v.item_bias
        return scores

    def best_items(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        scores, k = self.scores(), min(self.protocol.top_k, self.world.n_items)
        best = np.full((self.size, self.protocol.top_k), -1, dtype=np.int32)
        values = np.zeros((self.size, self.protocol.top_k), dtype=np.float32)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]  # the smallest id on ties
        best[:, :k], values[:, :k] = order, np.take_along_axis(scores, order, axis=1)
        return best, values

    def set_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        super().set_state(state)
        self._refresh()


def interactions(world: World, split: str) -> Units:
    """The interactions of a split as units: (user, item), together by user.

    Raises:
        OptionError: the split has none.
    """
    users, items = world.split(split).pairs()
    if not len(users):
        raise OptionError(f"the {split} split of world {world.name!r} has no interactions.")
    return Units(("user", "item"), np.stack([users, items], axis=1).astype(np.int32), users)
