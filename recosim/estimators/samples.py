"""Training samples of the factorisation machine: interactions with their two kinds of negatives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.world.world import World

__all__ = ["PairSampler", "Samples"]

Ids = NDArray[np.int64]

# Draws of a negative before it is given up.
TRIES = 30


class Samples(NamedTuple):
    """One epoch: each train interaction once, in random order. All int64.

    Attributes:
        user, item: (n,), the interaction.
        known: (n, max_known), attributes of the item that the user has accepted, padded with
            `n_attributes`.
        other: (n,), an item that the user did not take in train.
        candidate: (n,), one among the candidates, the items that have all known attributes; -1
            where none was found.
        attribute: (n,), an attribute of the item. not_attribute: (n,), one that it lacks.
    """

    user: Ids
    item: Ids
    known: Ids
    other: Ids
    candidate: Ids
    attribute: Ids
    not_attribute: Ids


class PairSampler:
    """Draws the samples of EAR's attribute-aware pairwise objective (section 4.2.1, eq. 2 to 4).

    Args:
        world: only its train split and its item attributes are read.
        max_known: accepted attributes of a sample, at most. Their number is drawn evenly from 1 to
            the smaller of this and the attributes of the item.
        seed: of all draws.
    """

    def __init__(self, world: World, max_known: int, seed: int) -> None:
        self.max_known = max_known
        self.n_items, self.n_attributes = world.n_items, world.n_attributes
        self.rng = np.random.default_rng(seed)
        self.links = world.item_attributes
        self.postings = world.attribute_items
        self.bitsets = world.bitsets
        users, items = world.train.pairs()
        # (user, item) as one number, ascending: looked up by bisection.
        self.taken_pairs = np.sort(users.astype(np.int64) * world.n_items + items)
        self.degrees = self.links.degrees().astype(np.int64)
        described = self.degrees[items] > 0
        self.users = users[described].astype(np.int64)
        self.items = items[described].astype(np.int64)

    def __len__(self) -> int:
        return len(self.users)

    def epoch(self) -> Samples:
        """Samples of one pass over the train interactions."""
        order = self.rng.permutation(len(self.users))
        user, item = self.users[order], self.items[order]
        known = self._known(item)
        other = self._other_item(user)
        not_attribute = self._other_attribute(item)
        candidate = self._candidates(user, known)
        attribute = self._attribute_of(item)
        return Samples(user, item, known, other, candidate, attribute, not_attribute)

    def taken(self, user: Ids, item: Ids) -> NDArray[np.bool_]:
        """Whether the user took the item in train."""
        pairs = user * self.n_items + item
        places = np.searchsorted(self.taken_pairs, pairs)
        places[places == len(self.taken_pairs)] = 0
        found: NDArray[np.bool_] = self.taken_pairs[places] == pairs
        return found

    def has(self, item: Ids, attribute: Ids) -> NDArray[np.bool_]:
        """Whether the item has the attribute."""
        words = self.bitsets[attribute, item >> 6]
        found: NDArray[np.bool_] = (words >> (item & 63).astype(np.uint64)) & np.uint64(1) > 0
        return found

    def _attribute_of(self, item: Ids) -> Ids:
        offset = (self.rng.random(len(item)) * self.degrees[item]).astype(np.int64)
        drawn: Ids = self.links.indices[self.links.indptr[item] + offset].astype(np.int64)
        return drawn

    def _known(self, item: Ids) -> Ids:
        """Some attributes of each item: drawn with replacement, repetitions left out."""
        most = np.minimum(self.degrees[item], self.max_known)
        wanted = 1 + (self.rng.random(len(item)) * most).astype(np.int64)
        known = np.full((len(item), self.max_known), self.n_attributes, dtype=np.int64)
        for k in range(self.max_known):
            rows = np.flatnonzero(k < wanted)
            known[rows, k] = self._attribute_of(item[rows])
        known.sort(axis=1)  # padding last: it is the largest
        known[:, 1:][known[:, 1:] == known[:, :-1]] = self.n_attributes
        return known

    def _other_item(self, user: Ids) -> Ids:
        """An item that the user did not take, each equally likely."""
        drawn = self.rng.integers(0, self.n_items, len(user))
        for _ in range(TRIES):
            bad = np.flatnonzero(self.taken(user, drawn))
            if not len(bad):
                break
            drawn[bad] = self.rng.integers(0, self.n_items, len(bad))
        return drawn

    def _other_attribute(self, item: Ids) -> Ids:
        """An attribute that the item lacks, each equally likely."""
        drawn = self.rng.integers(0, self.n_attributes, len(item))
        for _ in range(TRIES):
            bad = np.flatnonzero(self.has(item, drawn))
            if not len(bad):
                break
            drawn[bad] = self.rng.integers(0, self.n_attributes, len(bad))
        return drawn

    def _candidates(self, user: Ids, known: Ids) -> Ids:
        """An item with all known attributes that the user did not take, -1 where none is found.

        Drawn from the items of the rarest known attribute until one has the others too.
        """
        sizes = np.append(self.postings.degrees(), np.iinfo(np.int64).max)
        rarest = known[np.arange(len(known)), np.argmin(sizes[known], axis=1)]
        start, size = self.postings.indptr[rarest], sizes[rarest]
        found = np.full(len(user), -1, dtype=np.int64)
        rows = np.arange(len(user))
        for _ in range(TRIES):
            offset = (self.rng.random(len(rows)) * size[rows]).astype(np.int64)
            drawn = self.postings.indices[start[rows] + offset].astype(np.int64)
            good = ~self.taken(user[rows], drawn)
            for k in range(self.max_known):
                attribute = known[rows, k]
                padding = attribute == self.n_attributes
                good &= padding | self.has(drawn, np.where(padding, 0, attribute))
            found[rows[good]] = drawn[good]
            rows = rows[~good]
            if not len(rows):
                break
        return found
