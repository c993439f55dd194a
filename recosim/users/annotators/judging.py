"""Annotators rate lists and compare them; docs/annotators.md has the rules.

What an annotator answers hangs on the list, the user, the annotator and the seed, and on nothing
else: who else is asked, and in which order, changes no answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from recosim.kernels.random import CHOOSE, NOISE, UNSURE, draw_units
from recosim.progress import Progress
from recosim.users.annotators.aspects import Scale, Sight
from recosim.users.annotators.lists import Lists
from recosim.users.annotators.settings import ASPECTS, Annotators
from recosim.users.behaviour import trait_column
from recosim.users.population import Population
from recosim.world.world import World

__all__ = ["Annotation", "Pool", "annotate"]

# What the luck of people comes from, beside the seed of their population.
WEIGHTS, TASTE, LENIENCY = 1, 2, 3

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Annotation:
    """What a pool of annotators said of lists.

    Attributes:
        lists: what they were shown.
        first, second: int64 (pairs,), the two lists of each comparison: positions in `lists`.
        ratings: int8 (lists, annotators), levels from 1.
        comparisons: int8 (pairs, annotators): 1 the first is better, -1 the second, 0 equal.
        truth: float64 (lists,), what each list is truly worth to its user.
        levels: of the rating scale.
    """

    lists: Lists
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    ratings: NDArray[np.int8]
    comparisons: NDArray[np.int8]
    truth: Floats
    levels: int = 7

    @property
    def annotators(self) -> int:
        """How many annotators there were."""
        return self.ratings.shape[1]

    @property
    def by_rating(self) -> NDArray[np.int8]:
        """What the ratings of an annotator say of each pair, as `comparisons`."""
        difference = self.ratings[self.first].astype(np.int64) - self.ratings[self.second]
        return np.sign(difference).astype(np.int8)

    @property
    def by_truth(self) -> NDArray[np.int8]:
        """Which list of each pair is truly worth more to its user, as `comparisons`: (pairs,)."""
        return np.sign(self.truth[self.first] - self.truth[self.second]).astype(np.int8)


class Pool:
    """The annotators of a population in a world: what makes each of them different.

    Attributes:
        settings: the table `[annotators]` of the population.
        taste: int64 (pool,), the user of the world whose taste is each annotator's own.
        rate, compare: float64 (pool, aspects), weights.
        leniency, flip, unsure, examination, temperature: float64 (pool,).
    """

    def __init__(self, population: Population, world: World) -> None:
        self.settings: Annotators = population.annotators
        of, n = self.settings, self.settings.pool
        own = of.spread * _normal(population.seed, WEIGHTS, (n, len(ASPECTS)))
        self.rate = of.weights("rate") + own
        self.compare = of.weights("compare") + own
        self.leniency = of.leniency * _normal(population.seed, LENIENCY, (n,))
        luck = np.random.default_rng([population.seed, TASTE])
        self.taste = luck.integers(0, max(1, world.n_users), size=n)
        traits = population.traits(n)
        table = np.repeat(traits, n, axis=0) if len(traits) == 1 else traits
        self.flip, self.unsure, self.examination, self.temperature = (
            trait_column(table, name).astype(np.float64)
            for name in ("answer_noise", "dont_know", "examination", "choice_temperature")
        )


def annotate(
    world: World,
    population: Population,
    lists: Lists,
    *,
    seed: int = 0,
    scale: Scale | None = None,
    progress: Progress | None = None,
) -> Annotation:
    """Show lists to all annotators of a population: each rates all of them and compares all pairs.

    Args:
        seed: of the chance in answers. Who the annotators are hangs on the population alone.
        scale: the units of aspects, where they are known already; `Scale.of(world)`.
        progress: called with (annotators done, annotators in all, what is happening).

    Raises:
        OptionError: nobody has a taste in this world.
    """
    sight = Sight(world, lists)
    scale = scale or Scale.of(world)
    pool = Pool(population, world)
    of = pool.settings
    first, second = lists.pairs()
    ratings = np.empty((len(lists), of.pool), dtype=np.int8)
    comparisons = np.empty((len(first), of.pool), dtype=np.int8)
    plain = scale(sight.aspects())
    for k in range(of.pool):
        if progress is not None:
            progress(k, of.pool, f"annotator {k}")
        aspects = plain
        if of.own_taste or pool.examination[k] < 1:
            own = of.own_taste
            fit = (
                sight.fit
                if not own
                else (1 - own) * sight.fit + own * sight.fit_of(int(pool.taste[k]))
            )
            aspects = scale(sight.aspects(fit, pool.examination[k]))
        ratings[:, k] = _rated(aspects @ pool.rate[k], pool, k, lists, seed)
        felt = aspects @ pool.compare[k]
        margin = felt[first] - felt[second]
        comparisons[:, k] = _compared(margin, pool, k, lists, first, second, seed)
    if progress is not None:
        progress(of.pool, of.pool, "done")
    return Annotation(lists, first, second, ratings, comparisons, sight.truth, of.levels)


def _rated(felt: Floats, pool: Pool, k: int, lists: Lists, seed: int) -> NDArray[np.int8]:
    """Levels from 1; the middle of the scale stands for a list that is as most are."""
    of = pool.settings
    felt = felt + pool.leniency[k]
    if of.rating_noise:
        luck = _luck(seed, lists.user, k, lists.place, lists.place, CHOOSE)
        felt = felt + of.rating_noise * ndtri(np.clip(luck, 2.0**-53, None))
    level = np.floor((of.levels + 1) / 2 + felt / of.step + 0.5)
    return np.clip(level, 1, of.levels).astype(np.int8)


def _compared(
    margin: Floats,
    pool: Pool,
    k: int,
    lists: Lists,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    seed: int,
) -> NDArray[np.int8]:
    user, place = lists.user[first], lists.place

    def luck(purpose: int) -> Floats:
        return _luck(seed, user, k, place[first], place[second], purpose)

    label = np.sign(margin)
    if (heat := pool.temperature[k]) > 0:
        label = np.where(luck(CHOOSE) < expit(margin / heat), 1.0, -1.0)
    label = np.where(luck(NOISE) < pool.flip[k], -label, label)
    # Who cannot tell the two apart has nothing to err about.
    label = np.where(
        (luck(UNSURE) < pool.unsure[k]) | (np.abs(margin) <= pool.settings.tie), 0, label
    )
    return label.astype(np.int8)


def _luck(
    seed: int,
    user: NDArray[np.int32],
    annotator: int,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    purpose: int,
) -> Floats:
    """A number in [0, 1) for each pair of lists of a user; a list with itself is its rating."""
    turns = (annotator << 20) | (a << 10) | b
    return draw_units(np.full(len(user), seed, dtype=np.uint64), user, turns, purpose)


def _normal(seed: int, purpose: int, shape: tuple[int, ...]) -> Floats:
    """Normal numbers by annotator: those of one do not hang on how many there are."""
    return np.random.default_rng([seed, purpose]).standard_normal(shape)
