"""The pool of a split: the interactions that conversations are drawn from."""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError
from recosim.world.world import World

__all__ = ["Pool", "pool_of"]


class Pool(NamedTuple):
    """The interactions of a split that a conversation can be opened with, by user."""

    users: NDArray[np.int32]  # (pool users,) ascending
    indptr: NDArray[np.int64]  # (pool users + 1,)
    items: NDArray[np.int32]  # (links,) ascending within a user

    def pairs(self) -> NDArray[np.int32]:
        """(user, item) of each interaction, int32 of shape (links, 2), ordered by user, item."""
        users = np.repeat(self.users, np.diff(self.indptr))
        return np.stack([users, self.items], axis=1)

    def of(self, user: int) -> NDArray[np.int32]:
        """The items of one user, ascending; empty where the user is not in the pool."""
        row = int(np.searchsorted(self.users, user))
        if row >= len(self.users) or self.users[row] != user:
            return self.items[:0]
        return self.items[self.indptr[row] : self.indptr[row + 1]]


def pool_of(world: World, split: str, facets_only: bool) -> Pool:
    """The interactions of a split whose item has an attribute (or one in a facet) to open with.

    Made once for each world.

    Raises:
        OptionError: there is none.
    """
    pools = _pools.setdefault(world, {})
    if (split, facets_only) not in pools:
        pools[split, facets_only] = _make_pool(world, split, facets_only)
    return pools[split, facets_only]


def _make_pool(world: World, split: str, facets_only: bool) -> Pool:
    degrees = world.item_attributes.degrees()
    if facets_only:
        items, attributes = world.item_attributes.pairs()
        faceted = world.attribute_facet[attributes] >= 0
        degrees = np.bincount(items[faceted], minlength=world.n_items)
    users, ids = world.split(split).pairs()
    able = degrees[ids] > 0
    if not able.any():
        raise OptionError(
            f"no interaction of the {split} split of world {world.name!r} can be opened with "
            f"{'a facet' if facets_only else 'an attribute'} of its item."
        )
    degrees = np.bincount(users[able], minlength=world.n_users)
    present = np.flatnonzero(degrees)
    indptr = np.concatenate([[0], np.cumsum(degrees[present])])
    return Pool(present.astype(np.int32), indptr, ids[able])


_pools: WeakKeyDictionary[World, dict[tuple[str, bool], Pool]] = WeakKeyDictionary()
