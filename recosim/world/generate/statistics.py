"""Measure on a world the figures that a data card's `[statistics]` can ask for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.world.world import World

__all__ = ["Comparison", "compare", "measure"]

PERCENTS = (0, 5, 10, 25, 50, 75, 90, 95, 99, 100)
LARGEST = 10  # shares of so many attributes


class Comparison(NamedTuple):
    """One figure: what the card asks for, what the world has, and whether that is near enough."""

    figure: str
    wanted: float
    measured: float
    near: bool


def measure(world: World, percents: Iterable[int] = PERCENTS) -> dict[str, Any]:
    """The figures of a world, under the names that `[statistics]` uses.

    Counts are of the whole world: `interactions` of all splits, `friend_links` the sum of the
    lengths of all friend lists, `item_facet_links` the (item, facet) pairs in which the item has
    an attribute. Degrees count all splits, and items that nobody took count as 0.
    """
    per_item = world.item_attributes.degrees()
    per_attribute = world.attribute_items.degrees()
    per_user = world.train.degrees() + world.valid.degrees() + world.test.degrees()
    taken = np.concatenate([world.train.indices, world.valid.indices, world.test.indices])
    popularity = np.bincount(taken, minlength=world.n_items)
    items, attributes = world.item_attributes.pairs()
    facets = world.attribute_facet[attributes].astype(np.int64)
    pairs = items.astype(np.int64)[facets >= 0] * max(world.n_facets, 1) + facets[facets >= 0]
    largest = np.sort(per_attribute)[::-1][:LARGEST] / world.n_items
    percents = tuple(percents)
    return {
        "users": world.n_users,
        "items": world.n_items,
        "interactions": world.n_interactions,
        "attributes": world.n_attributes,
        "facets": world.n_facets,
        "item_attribute_links": world.item_attributes.links,
        "item_facet_links": len(np.unique(pairs)),
        "friend_links": world.friends.links,
        "items_without_interactions": int((popularity == 0).sum()),
        "train": world.train.links,
        "valid": world.valid.links,
        "test": world.test.links,
        "largest_shares": [round(float(share), 4) for share in largest],
        "attributes_per_item": _distribution(per_item, percents),
        "items_per_attribute": _distribution(per_attribute, percents),
        "user_degree": _distribution(per_user, percents),
        "item_degree": _distribution(popularity, percents),
    }


def compare(world: World, wanted: dict[str, Any], tolerance: float) -> list[Comparison]:
    """Each figure of a `[statistics]` table (as plain values) beside the world's own.

    Near is within the relative tolerance; a quantile of whole numbers may also be off by one.
    """
    asked = [int(p) for value in wanted.values() if isinstance(value, dict)
             for p in value.get("quantiles", {})]  # fmt: skip
    measured = _flat(measure(world, {*PERCENTS, *asked}))
    rows = []
    for figure, value in _flat(wanted).items():
        found = measured[figure]
        slack = max(tolerance * value, 1.0 if ".quantiles." in figure else 0.0)
        rows.append(Comparison(figure, value, found, bool(abs(found - value) <= slack + 1e-12)))
    return rows


def _distribution(values: NDArray[np.int64], percents: tuple[int, ...]) -> dict[str, Any]:
    if not len(values):  # a collection has no users, and may have no attributes
        return {"mean": 0.0, "quantiles": {str(p): 0.0 for p in percents}}
    quantiles = np.percentile(values, percents)
    return {
        "mean": round(float(values.mean()), 4),
        "quantiles": {str(p): float(q) for p, q in zip(percents, quantiles, strict=True)},
    }


def _flat(figures: dict[str, Any]) -> dict[str, float]:
    flat: dict[str, float] = {}
    for name, value in figures.items():
        if isinstance(value, dict):
            inner = {k: v for k, v in value.items() if v is not None}
            flat.update({f"{name}.{k}": v for k, v in _flat(inner).items()})
        elif isinstance(value, list):
            flat.update({f"{name}.{i}": float(v) for i, v in enumerate(value)})
        elif value is not None:
            flat[name] = float(value)
    return flat
