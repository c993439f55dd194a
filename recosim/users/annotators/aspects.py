"""What a list is judged by: five aspects, and the unit that each of them is measured in.

docs/annotators.md, "Aspects", has the formulas. An aspect of a list is a number that hangs on the
list and on who looks; weights over aspects make of it what a list is felt to be worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from recosim.errors import OptionError
from recosim.users.annotators.lists import Lists, draw_lists, fit_matrix
from recosim.users.annotators.settings import ASPECTS
from recosim.world.parts import split_users
from recosim.world.world import World

__all__ = ["Scale", "Sight"]

UNIT_SEED = 20240601  # of the lists that units are taken from: the same for everybody
UNIT_USERS, UNIT_LISTS = 250, 8
BLOCK = 1 << 22  # cells that are gathered at once

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """The unit of each aspect in a world: of many lists drawn for its train users, as
    `draw_lists` draws them, mean and standard deviation.

    Attributes:
        mean, unit: float64 (aspects,); a unit is 1 where all lists are alike.
    """

    mean: Floats
    unit: Floats

    @staticmethod
    def of(world: World) -> Scale:
        """Measured on lists of 3 to 12 items, whatever is judged later."""
        users = split_users(world, "train")
        if not len(users):
            users = np.arange(world.n_users, dtype=np.int32)
        chosen = np.random.default_rng(UNIT_SEED).permutation(users)[:UNIT_USERS]
        lists = draw_lists(world, np.sort(chosen), UNIT_LISTS, seed=UNIT_SEED)
        measured = Sight(world, lists).aspects()
        spread = measured.std(axis=0)
        # What all lists have alike (no world but a generated one knows an appeal) has no unit.
        alike = spread <= 1e-9 * np.maximum(1.0, np.abs(measured.mean(axis=0)))
        return Scale(measured.mean(axis=0), np.where(alike, 1.0, spread))

    def __call__(self, measured: Floats) -> Floats:
        """Aspects in units from the mean."""
        return np.asarray((measured - self.mean) / self.unit, dtype=np.float64)


class Sight:
    """Lists and all that is seen of them: made once, looked at by each annotator.

    Raises:
        OptionError: the world has no users and attributes, so that nobody has a taste.
    """

    def __init__(self, world: World, lists: Lists) -> None:
        if not world.n_users or not world.n_attributes:
            raise OptionError(
                f"the world {world.name!r} has no users with a taste; annotators need one, e.g. "
                "lastfm-small."
            )
        self.world, self.lists = world, lists
        self.here = lists.items >= 0
        self._at = np.maximum(lists.items, 0)

    @cached_property
    def fit(self) -> Floats:
        """How well each item fits the taste of the list's user: float64 (lists, width)."""
        rows, width = self.lists.items.shape
        out = np.empty((rows, width))
        step = max(1, BLOCK // max(1, width * self.world.n_attributes))
        for first in range(0, rows, step):
            part = slice(first, first + step)
            has = self._has[self._at[part].ravel()]
            taste = np.repeat(self.world.taste[self.lists.user[part]], width, axis=0)
            out[part] = np.asarray(has.multiply(taste).sum(axis=1)).reshape(-1, width)
        return out

    def fit_of(self, user: int) -> Floats:
        """How well each item would fit another user: float64 (lists, width)."""
        of_item = np.asarray(self._has @ self.world.taste[user].astype(np.float64))
        return np.asarray(of_item[self._at])

    def worth(self, fit: Floats | None = None) -> Floats:
        """True utility of each item, as RecoWorld's users have it: float64 (lists, width)."""
        return np.asarray(expit((self.fit if fit is None else fit) + self._quality[self._at]))

    @cached_property
    def truth(self) -> Floats:
        """What each list is truly worth to its user: the mean of its items, float64 (lists,)."""
        return _mean(self.worth(), self.here.astype(np.float64))

    def aspects(self, fit: Floats | None = None, examination: float = 1.0) -> Floats:
        """The aspects of each list as somebody sees them.

        Args:
            fit: of each item to the taste that judges; that of the list's user by default.
            examination: how much an item counts beside the one above it.

        Returns:
            float64 (lists, aspects), in the order of `ASPECTS`.
        """
        place = np.cumsum(self.here, axis=1) - 1
        weight = np.where(self.here, float(examination) ** np.maximum(place, 0), 0.0)
        found = {
            "worth": _mean(self.worth(fit), weight),
            "appeal": _mean(self._appeal[self._at], weight),
            "popularity": _mean(self._popularity[self._at], weight),
            "length": np.log(np.maximum(self.here.sum(axis=1), 1)),
            "variety": self._variety,
        }
        return np.stack([found[aspect] for aspect in ASPECTS], axis=1)

    @cached_property
    def _has(self) -> Any:
        return fit_matrix(self.world)

    @cached_property
    def _quality(self) -> Floats:
        return self.world.item_worth("quality")

    @cached_property
    def _appeal(self) -> Floats:
        return self.world.item_worth("appeal")

    @cached_property
    def _popularity(self) -> Floats:
        return np.log1p(self.world.popularity.astype(np.float64))

    @cached_property
    def _variety(self) -> Floats:
        """1 - the mean likeness (Jaccard) of two items of a list; 0 of fewer than two."""
        rows, width = self.lists.items.shape
        out = np.empty(rows)
        step = max(1, BLOCK // max(1, width * self.world.n_attributes))
        for first in range(0, rows, step):
            part = slice(first, first + step)
            out[part] = _varied(self._attributes(self._at[part]), self.here[part])
        return out

    def _attributes(self, items: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which attributes items have, bool (rows, width, attributes)."""
        bits, place = self.world.bitsets, (items & 63).astype(np.uint64)
        words = [row[items >> 6] >> place & np.uint64(1) for row in bits]
        return np.stack(words, axis=-1).astype(bool)


def _varied(has: NDArray[np.bool_], here: NDArray[np.bool_]) -> Floats:
    total, pairs = np.zeros(len(has)), np.zeros(len(has))
    size = has.sum(axis=2)
    for i in range(has.shape[1]):
        for j in range(i + 1, has.shape[1]):
            both = (has[:, i] & has[:, j]).sum(axis=1)
            either = size[:, i] + size[:, j] - both
            real = here[:, i] & here[:, j]
            total += np.where(real, 1 - both / np.maximum(either, 1), 0.0)
            pairs += real
    return total / np.maximum(pairs, 1)


def _mean(values: Floats, weight: Floats) -> Floats:
    return np.asarray((values * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-12))
