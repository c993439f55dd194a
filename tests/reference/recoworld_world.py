"""What plain-Python lives are built from: a world as lists and sets, and where their luck is from.

docs/recoworld.md, sections 2 and 3. Sums run over the attributes of an item in ascending order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np

from recosim.envs.recoworld.rules import LifeRules
from recosim.kernels.random import PURPOSES, draw_unit
from recosim.world.csr import Csr
from recosim.world.world import World

__all__ = ["LifeTables", "Luck", "float32", "luck_of", "sigma", "standardised"]

# Gives a number 0 <= u < 1, for (purpose, session, round, place).
Luck = Callable[[str, int, int, int], float]

# What a user has in mind without any interaction: this many of everybody's, spread as they are.
PSEUDO_INTERACTIONS = 10


def luck_of(seed: int, conversation: int) -> Luck:
    """The luck of one life, the same numbers that the kernels draw."""
    key = np.uint64(seed), np.int64(conversation)

    def luck(purpose: str, session: int, round_: int, place: int) -> float:
        turn = session * 2**20 + round_ * 2**8 + place
        return float(draw_unit(*key, np.int64(turn), np.int64(PURPOSES[purpose])))

    return luck


def float32(x: float) -> float:
    """What is left of a number that is stored as float32."""
    return float(np.float32(x))


def sigma(x: float) -> float:
    if x >= -700:
        return 1 / (1 + math.exp(-x))
    return 0.0  # e**700 is near the largest float


def logit(p: float) -> float:
    if p in (0, 1):
        return math.inf if p else -math.inf
    return math.log(p / (1 - p))


def standardised(values: Iterable[float]) -> list[float]:
    """Mean 0 and standard deviation 1 over what is known; 0 where it is not (NaN)."""
    values = [float(x) for x in values]
    known = [x for x in values if not math.isnan(x)]
    if len(known) < 2:
        return [0.0] * len(values)
    mean = sum(known) / len(known)
    deviation = math.sqrt(sum((x - mean) ** 2 for x in known) / len(known))
    if deviation < 1e-12:  # all the same but for rounding
        return [0.0] * len(values)
    return [0.0 if math.isnan(x) else (x - mean) / deviation for x in values]


class LifeTables:
    """A world under some rules as lists and sets; make it once and share it between lives.

    Attributes:
        item_attributes: of each item, its attributes in ascending order.
        attribute_items: of each attribute, the set of its items.
        train: of each user, the set of their train items.
        quality, appeal: of each item, standardised.
        minutes: the length of each item.
        popularity: of each item, its number of train interactions.
        train_share: of each attribute, the share of train interactions whose item has it.
    """

    def __init__(self, world: World, rules: LifeRules) -> None:
        self.n_items, self.n_attributes = world.n_items, world.n_attributes
        self.item_attributes = _rows(world.item_attributes)
        self.attribute_items = [set(row) for row in _rows(world.attribute_items)]
        self.train = [set(row) for row in _rows(world.train)]
        self.quality = standardised(world.item_quality)
        self.appeal = standardised(world.item_appeal)
        self.minutes = [float(x) if x > 0 else rules.usual_minutes for x in world.item_length]
        in_train = [v for row in self.train for v in row]
        self.popularity = [0] * self.n_items
        for v in in_train:
            self.popularity[v] += 1
        self.train_share = [n / len(in_train) for n in self._counts(in_train)]
        self._interactions = [
            [v for split in splits for v in split]
            for splits in zip(*map(_rows, (world.train, world.valid, world.test)), strict=True)
        ]
        everybodys = [v for row in self._interactions for v in row]
        self._share = [n / len(everybodys) for n in self._counts(everybodys)]
        self._taste: dict[int, list[float]] = {}

    def taste(self, user: int) -> list[float]:
        """How much more often a user chose each attribute than everybody: a shrunken log-lift."""
        if user not in self._taste:
            chosen = self._interactions[user]
            pairs = zip(self._counts(chosen), self._share, strict=True)
            self._taste[user] = [float32(_lift(c, p, len(chosen))) for c, p in pairs]
        return self._taste[user]

    def _counts(self, items: Iterable[int]) -> list[int]:
        """How many of some items have each attribute."""
        counts = [0] * self.n_attributes
        for v in items:
            for a in self.item_attributes[v]:
                counts[a] += 1
        return counts

    def fit(self, weights: Sequence[float], v: int) -> float:
        """How well an item fits what each attribute is worth."""
        has = self.item_attributes[v]
        if not has:
            return 0.0
        total = 0.0
        for a in has:
            total += weights[a]
        return total / math.sqrt(len(has))

    def some_item_has(self, attributes: Collection[int]) -> bool:
        return bool(set.intersection(*(self.attribute_items[a] for a in attributes)))


def _lift(count: int, popularity: float, n: int) -> float:
    if popularity == 0:
        return 0.0
    expected = PSEUDO_INTERACTIONS * popularity
    lift = math.log((count + expected) / ((n + PSEUDO_INTERACTIONS) * popularity))
    return min(max(lift, -3.0), 3.0)


def _rows(table: Csr) -> list[list[int]]:
    return [table.row(r).tolist() for r in range(table.rows)]
