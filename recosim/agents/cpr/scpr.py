"""`SCPR`: walks from attribute to attribute, and learns when to stop walking and recommend."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from recosim.agents.cpr.dqn import TwoWayDQN
from recosim.envs.cpr.dialogues import Dialogues
from recosim.world.world import World

__all__ = ["SCPR", "friends_attributes"]

BITS = 20  # of the number of candidates


class SCPR(TwoWayDQN):
    """Simple conversational path reasoning (Lei et al. 2020, KDD).

    **Questions** (section 4.3). The walk stands on the attribute that was accepted last. It may ask
    what is adjacent to it: attributes of a candidate item that also has the attribute it stands on
    and, where the world knows friends, attributes of what the user's friends took; of those that
    the protocol lets it ask, the one of the highest weighted entropy (eq. 10). Every candidate has
    all accepted attributes as long as no answer names what no candidate has, and then every
    attribute that can be asked is adjacent: the constraint binds only where users err in questions
    about facets. It is a claim about how to search, and costs nothing under the rules of this
    family.

    **Ask or recommend** (section 4.4). Deep Q-learning over the two acts. The state is the outcome
    of each turn so far (yes 1, no -1, miss -2, hit 2, "don't know" 3) and the number of candidates
    as 20 bits. Recommending shows the estimator's best candidates.

    **Path.** The attributes that the user confirmed, in that order, are the path that leads to a
    recommendation: `info["path"]` in the environments, `recosim.envs.cpr.columns.paths`
    of a trace.

    **Deviations.** The public code takes one gradient step after each move of one conversation;
    here `batch` conversations move together and `updates` steps follow, of a network of two hidden
    layers of 128 in place of 512. Copies into the target
    network come every `target_every` gradient steps in place of every 20 conversations. The
    share of random choices falls over the training as a whole.

    Args: see `TwoWayDQN`.
    """

    name = "scpr"
    version = 1

    def bind(self, batch: Dialogues) -> None:
        super().bind(batch)
        self._here = np.full(batch.arrays["accepted"].shape, -1, dtype=np.int32)

    def reset(self, rows: NDArray[np.bool_]) -> None:
        self._stand(rows)

    def observe(self, rows: NDArray[np.bool_]) -> None:
        self._stand(rows & (self.batch.arrays["n_accepted"] > 0))

    def _stand(self, rows: NDArray[np.bool_]) -> None:
        """Stand on the attributes that the last move accepted (several in a facet question)."""
        a = self.batch.arrays
        width = a["accepted"].shape[1]
        places = np.arange(width) < a["n_accepted"][rows][:, None]
        self._here[rows] = np.where(places, a["accepted"][rows], -1)

    @property
    def state_size(self) -> int:
        return self.batch.protocol.max_turns + BITS

    def states(self) -> NDArray[np.float32]:
        a = self.batch.arrays
        # As many as 2^20 candidates: more would need another code.
        candidates = np.minimum(a["n_candidates"], 2**BITS - 1)
        bits = (candidates[:, None] >> np.arange(BITS)) & 1
        return np.concatenate([a["history"], bits], axis=1).astype(np.float32)

    def asks(self) -> NDArray[np.int64]:
        d = self.batch
        asks = d.best_asks("weighted_entropy")
        bound = self._bound_rows() & (asks >= 0)
        if bound.any():
            asks = asks.copy()
            legal = d.legal_actions()
            for row in np.flatnonzero(bound):
                asks[row] = self._best_adjacent(int(row), legal[row, : d.n_askables] > 0)
        return asks

    def _bound_rows(self) -> NDArray[np.bool_]:
        """Rows in which a candidate lacks an attribute that the walk stands on; bool (B,)."""
        a = self.batch.arrays
        counts = np.take_along_axis(a["counts"], np.maximum(self._here, 0), axis=1)
        lacks = (counts < a["n_candidates"][:, None]) & (self._here >= 0)
        bound: NDArray[np.bool_] = lacks.any(axis=1) & (a["done"] == 0)
        return bound

    def _best_adjacent(self, row: int, legal: NDArray[np.bool_]) -> int:
        """The adjacent ask of the highest weighted entropy, smallest id on ties, -1 for none."""
        d = self.batch
        world, a = d.world, d.arrays
        near = self.adjacent(row) & (a["status"][row] == 0)
        values = np.where(near, a["weighted_entropy"][row], 0.0)
        if d.protocol.question == "facet":
            members, facets = np.flatnonzero(near), world.attribute_facet[near]
            inside = facets >= 0
            scores = np.bincount(
                facets[inside], weights=values[members[inside]], minlength=d.n_askables
            )
            reach = np.bincount(facets[inside], minlength=d.n_askables) > 0
        else:
            scores, reach = values, near
        able = reach & legal
        return int(np.argmax(np.where(able, scores, -1.0))) if able.any() else -1

    def adjacent(self, row: int) -> NDArray[np.bool_]:
        """Attributes adjacent to where the walk of a row stands; bool (n_attributes,)."""
        d = self.batch
        world = d.world
        here = self._here[row][self._here[row] >= 0]
        near = np.zeros(world.n_attributes, dtype=np.bool_)
        table = world.item_attributes
        for item in d.candidate_ids(row):
            attributes = table.row(int(item))
            if np.isin(here, attributes).any():
                near[attributes] = True
        if world.friends.links:
            near |= friends_attributes(world)[d.arrays["user"][row]]
        return near


_liked: WeakKeyDictionary[World, NDArray[np.bool_]] = WeakKeyDictionary()


def friends_attributes(world: World) -> NDArray[np.bool_]:
    """Whether a friend of each user took, in train, an item with each attribute.

    bool (n_users, n_attributes).
    """
    if world not in _liked:
        own = np.zeros((world.n_users, world.n_attributes), dtype=np.bool_)
        users, items = world.train.pairs()
        links = world.item_attributes
        degrees = links.degrees()[items]
        starts = np.repeat(links.indptr[items], degrees)
        steps = np.arange(degrees.sum()) - np.repeat(np.cumsum(degrees) - degrees, degrees)
        own[np.repeat(users, degrees), links.indices[starts + steps]] = True
        theirs = np.zeros_like(own)
        for user in range(world.n_users):
            theirs[user] = own[world.friends.row(user)].any(axis=0)
        _liked[world] = theirs
    return _liked[world]
