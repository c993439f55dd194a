"""Give items their attributes: coherent within scenes and circles, as frequent as the card says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recosim.world.csr import Csr, csr_from_pairs
from recosim.world.generate.degrees import counts_from_curve, zipf_shares
from recosim.world.generate.draws import (
    choose,
    correlated,
    gumbel,
    normal,
    permutation,
    stream,
)
from recosim.world.generate.settings import FacetSettings, GeneratorSettings

__all__ = ["Circles", "ItemAttributes", "assign_attributes", "draw_circles"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 8192  # items at a time: 8192 x 400 scores are 26 MB
FITTING_ROUNDS = 25


@dataclass(frozen=True)
class Circles:
    """Circles of taste, numbered scene by scene.

    Attributes:
        scene: int64 (circles,), the scene of each circle.
        weight: float64 (circles,), relative sizes.
    """

    scene: Ints
    weight: Floats

    @property
    def count(self) -> int:
        return len(self.scene)


@dataclass(frozen=True)
class ItemAttributes:
    """What `assign_attributes` decides.

    Attributes:
        links: `Csr` of the items' attributes.
        facet: int16 (n_attributes,), the facet of each attribute, in the order of the card.
        home: int64 (n_items,), which attribute of the home facet an item has; 0 without one.
        grade: float64 (n_items,), 0 to 1, place among the grades; NaN without such a facet.
    """

    links: Csr
    facet: NDArray[np.int16]
    home: Ints
    grade: Floats


def draw_circles(settings: GeneratorSettings) -> Circles:
    taste = settings.taste
    rank = np.arange(1, taste.scenes + 1, dtype=np.float64)
    inner = np.arange(1, taste.circles + 1, dtype=np.float64)
    weight = np.outer(rank**-taste.skew, inner**-taste.skew).ravel()
    scene = np.repeat(np.arange(taste.scenes, dtype=np.int64), taste.circles)
    return Circles(scene, weight / weight.sum())


def assign_attributes(
    settings: GeneratorSettings, circles: Circles, circle: Ints, popularity: Ints
) -> ItemAttributes:
    """Choose the attributes of each item.

    Args:
        circle: (n_items,), the circle in which each item is at home.
        popularity: (n_items,), planned interactions of each item.

    Raises:
        CardError: shares or curves that cannot be met.
    """
    sizes = [facet.size for facet in settings.facets]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    home = np.zeros(settings.items, dtype=np.int64)
    grade = np.full(settings.items, np.nan)
    items: list[Ints] = []
    attributes: list[Ints] = []
    for f, facet in enumerate(settings.facets):
        if facet.choose == "one":
            which = _choose_one(settings, facet, circles, circle)
            with_one = np.flatnonzero(which >= 0)
            items.append(with_one)
            attributes.append(starts[f] + which[with_one])
            if facet.home:
                home = np.maximum(which, 0)
            if facet.grades:
                grade = np.where(which >= 0, which / max(facet.size - 1, 1), np.nan)
    rows, columns = _choose_many(settings, circles, circle, popularity, starts)
    links = csr_from_pairs(
        np.concatenate([*items, rows]), np.concatenate([*attributes, columns]), settings.items
    )
    facet_of = np.repeat(np.arange(len(sizes), dtype=np.int16), sizes)
    return ItemAttributes(links, facet_of, home, grade)


def _choose_one(
    settings: GeneratorSettings, facet: FacetSettings, circles: Circles, circle: Ints
) -> Ints:
    """The one attribute of each item in a facet, -1 for none; the shares are met exactly.

    Items are put in an order in which scenes differ, and the order is cut into the shares, so that
    neighbouring grades have similar scenes. Homes are the same for all scenes.
    """
    rng = stream(settings.seed, f"facet {facet.name}")
    shares = zipf_shares(facet.shares, facet.size, facet.per_item)
    strength = 0.0 if facet.home else settings.taste.facet_strength
    by_scene = strength * normal(rng, settings.taste.scenes)
    latent = by_scene[circles.scene[circle]] + normal(rng, settings.items)
    n_with = round(min(float(shares.sum()), 1.0) * settings.items)
    with_one = permutation(rng, settings.items)[:n_with]
    order = with_one[np.argsort(latent[with_one], kind="stable")]
    edges = np.round(np.cumsum(shares) / shares.sum() * n_with).astype(np.int64)
    which = np.full(settings.items, -1, dtype=np.int64)
    which[order] = np.searchsorted(edges, np.arange(n_with), side="right")
    return which


def _choose_many(
    settings: GeneratorSettings,
    circles: Circles,
    circle: Ints,
    popularity: Ints,
    starts: Ints,
) -> tuple[Ints, Ints]:
    """(item, attribute) pairs of the facets that are chosen "many"."""
    rng = stream(settings.seed, "attributes")
    many = [f for f, facet in enumerate(settings.facets) if facet.choose == "many"]
    facets = [settings.facets[f] for f in many]
    ids = np.concatenate([np.arange(starts[f], starts[f + 1]) for f in many])
    facet_of = np.repeat(np.arange(len(many)), [facet.size for facet in facets])
    shares = np.concatenate([zipf_shares(f.shares, f.size, f.per_item) for f in facets])
    number = _numbers(settings, popularity, round(float(shares.sum()) * settings.items))
    log_odds = _log_odds(settings, circles, facet_of)

    # What makes the attributes as frequent as asked for is found on the first items.
    offset = np.log(shares)
    scores = _scores(settings, rng, log_odds, circle[:CHUNK], facet_of)
    wanted = shares * number[:CHUNK].sum() / shares.sum()
    for _ in range(FITTING_ROUNDS):
        _, got = _best(scores + offset, number[:CHUNK])
        offset += np.log((wanted + 0.5) / (np.bincount(got, minlength=len(ids)) + 0.5))
    rows, columns = [], []
    for start in range(0, settings.items, CHUNK):
        part = slice(start, start + CHUNK)
        if start:
            scores = _scores(settings, rng, log_odds, circle[part], facet_of)
        row, column = _best(scores + offset, number[part])
        rows.append(row + start)
        columns.append(column)
    row, column = np.concatenate(rows), np.concatenate(columns)
    missing = np.flatnonzero(np.bincount(column, minlength=len(ids)) == 0)
    row = np.concatenate([row, choose(rng, np.ones(settings.items), len(missing))])
    column = np.concatenate([column, missing])
    return row, ids[column]


def _numbers(settings: GeneratorSettings, popularity: Ints, total: int) -> Ints:
    """How many "many" attributes each item has: more for popular items."""
    rng = stream(settings.seed, "attribute numbers")
    n = settings.items
    counts = counts_from_curve(
        settings.attributes_per_item, n, total, "attributes per item (facets with choose = 'many')"
    )
    key = correlated(rng, popularity, settings.attributes_popularity)
    number = np.empty(n, dtype=np.int64)
    number[np.argsort(key, kind="stable")] = counts
    return number


def _log_odds(settings: GeneratorSettings, circles: Circles, facet_of: Ints) -> Floats:
    """How much each circle likes each "many" attribute, shape (circles, attributes)."""
    rng = stream(settings.seed, "circles")
    taste = settings.taste
    n_facets, n_attributes = int(facet_of.max()) + 1, len(facet_of)
    by_facet = taste.facet_strength * normal(rng, (taste.scenes, n_facets))[:, facet_of]
    by_scene = taste.scene_strength * normal(rng, (taste.scenes, n_attributes))
    by_circle = taste.circle_strength * normal(rng, (circles.count, n_attributes))
    return np.asarray((by_facet + by_scene)[circles.scene] + by_circle)


def _scores(
    settings: GeneratorSettings,
    rng: np.random.Generator,
    log_odds: Floats,
    circle: Ints,
    facet_of: Ints,
) -> Floats:
    """Log-weight plus Gumbel noise of each attribute for some items, shape (items, attributes)."""
    scores = gumbel(rng, (len(circle), len(facet_of)))
    scores += log_odds[circle]
    if settings.taste.item_facet_strength:
        by_facet = normal(rng, (len(circle), int(facet_of.max()) + 1))
        scores += settings.taste.item_facet_strength * by_facet[:, facet_of]
    return scores


def _best(scores: Floats, number: Ints) -> tuple[Ints, Ints]:
    """(row, column) of the `number[row]` highest scores of each row."""
    most = min(int(number.max(initial=0)), scores.shape[1])
    top: NDArray[np.intp] = np.argpartition(-scores, most - 1, axis=1)[:, :most]
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    ranked = np.take_along_axis(top, order, axis=1)
    rows, places = np.nonzero(np.arange(most) < number[:, None])
    return rows.astype(np.int64), ranked[rows, places].astype(np.int64)
