"""`Features`: items as vectors for linear models of one life, and the kernels of such models.

The vector of an item for a user is (1, the estimator's score, appeal, what it has). What it has are
its attributes, each 1 / sqrt(their number). A world of more than `FEW` attributes has these
projected onto the principal directions of its items, as Zhang et al. (2020) do.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recosim.kernels.compiling import cached, kernel
from recosim.kernels.random import AGENT, draw_unit
from recosim.world.world import World

__all__ = [
    "ALONE",
    "Features",
    "doubt",
    "learn",
    "learn_linear",
    "mean_products",
    "normals",
    "predict",
    "products",
]

FEW, DIRECTIONS = 64, 48
# Places of a vector that stand before what the item has: 1, score, appeal.
ALONE = 3


class Features(NamedTuple):
    """What items are to a linear model.

    Attributes:
        indptr, indices, values: int64 (items + 1,), int32, float64: what each item has.
        appeal: float64 (items,), of mean 0 and deviation 1 where it is known, else 0.
        attributes: float64 (attributes, width), the vector of each attribute.
        width: d, of the whole vector of an item.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: NDArray[np.float64]
    appeal: NDArray[np.float64]
    attributes: NDArray[np.float64]
    width: int

    @staticmethod
    def of(world: World) -> Features:
        """The features of a world."""
        links, n = world.item_attributes, world.n_attributes
        degrees = links.degrees()
        values = np.repeat(1.0 / np.sqrt(np.maximum(degrees, 1)), degrees)
        indptr, indices = np.asarray(links.indptr), np.asarray(links.indices)
        directions = np.eye(n)
        if n > FEW:
            table = csr_array((values, indices, indptr), shape=(world.n_items, n))
            _, vectors = np.linalg.eigh((table.T @ table).toarray())
            directions = vectors[:, : -DIRECTIONS - 1 : -1]
            values = np.ascontiguousarray(table @ directions).ravel()
            indptr = np.arange(world.n_items + 1, dtype=np.int64) * DIRECTIONS
            indices = np.tile(np.arange(DIRECTIONS, dtype=np.int32), world.n_items)
        width = ALONE + directions.shape[1]
        attributes = np.zeros((n, width))
        attributes[:, 0] = 1.0
        attributes[:, ALONE:] = directions
        appeal = world.item_worth("appeal")
        return Features(indptr, indices, values, appeal, attributes, width)

    @property
    def table(self) -> tuple[NDArray[Any], ...]:
        """What the kernels read of it."""
        return self.indptr, self.indices, self.values, self.appeal


def mean_products(features: Features, world: World) -> NDArray[np.float64]:
    """The mean vector of the items that have an attribute, scores being 0; (attributes, d)."""
    out = np.zeros((world.n_attributes, features.width))
    table = csr_array(
        (features.values, features.indices, features.indptr),
        shape=(world.n_items, features.width - ALONE),
    )
    links = world.attribute_items
    ones = np.ones(links.links)
    has = csr_array((ones, links.indices, links.indptr), shape=(links.rows, world.n_items))
    counts = np.maximum(links.degrees(), 1)[:, None]
    out[:, 0] = 1.0
    out[:, 2] = (has @ features.appeal) / counts[:, 0]
    out[:, ALONE:] = (has @ table).toarray() / counts
    return out


@kernel
def _vector(v: int, score: float, table: Any, places: Any, x: Any) -> int:
    """The vector of an item as places and values; returns how many there are."""
    indptr, indices, values, appeal = table
    x[0], x[1], x[2] = 1.0, score, appeal[v]
    places[0], places[1], places[2] = 0, 1, 2
    n = 3
    for k in range(indptr[v], indptr[v + 1]):
        places[n], x[n] = 3 + indices[k], values[k]
        n += 1
    return n


@cached(nogil=True, error_model="numpy")
def predict(weights: Any, items: Any, scores: Any, table: Any, out: Any) -> None:
    """`<weights of the row, vector of the item>` into `out` (B, n).

    Args:
        weights: float64 (B, d). items: int32 (B, n). scores: float32 (B, n).
        table: of `Features`.
    """
    places, x = np.empty(weights.shape[1], np.int64), np.empty(weights.shape[1])
    for b in range(items.shape[0]):
        for i in range(items.shape[1]):
            n = _vector(items[b, i], scores[b, i], table, places, x)
            total = 0.0
            for k in range(n):
                total += weights[b, places[k]] * x[k]
            out[b, i] = total


@cached(nogil=True, error_model="numpy")
def doubt(form: Any, items: Any, scores: Any, table: Any, out: Any) -> None:
    """`sqrt(x' F x)` of each item into `out` (B, n), with the form F of the row, (B, d, d)."""
    places, x = np.empty(form.shape[1], np.int64), np.empty(form.shape[1])
    for b in range(items.shape[0]):
        for i in range(items.shape[1]):
            n = _vector(items[b, i], scores[b, i], table, places, x)
            total = 0.0
            for k in range(n):  # the form is symmetric
                half = 0.5 * x[k] * form[b, places[k], places[k]]
                for j in range(k):
                    half += x[j] * form[b, places[k], places[j]]
                total += 2.0 * x[k] * half
            out[b, i] = math.sqrt(max(total, 0.0))


@cached(nogil=True, error_model="numpy")
def learn(
    weights: Any,
    spread: Any,
    items: Any,
    scores: Any,
    heard: Any,
    noise: float,
    table: Any,
) -> None:
    """Least squares, one observation after another, with the covariance of each row.

    Args:
        weights: float64 (B, d), the means. spread: float64 (B, d, d), the covariances.
        items: int32 (B, n). scores: float32 (B, n).
        heard: float64 (B, n), what was observed of an item, NaN: nothing.
        noise: variance of an observation.
    """
    d = weights.shape[1]
    places, x, gain = np.empty(d, np.int64), np.empty(d), np.empty(d)
    for b in range(items.shape[0]):
        for i in range(items.shape[1]):
            if math.isnan(heard[b, i]) or items[b, i] < 0:
                continue
            n = _vector(items[b, i], scores[b, i], table, places, x)
            expected, size = 0.0, noise
            for j in range(d):
                total = 0.0
                for k in range(n):
                    total += spread[b, j, places[k]] * x[k]
                gain[j] = total
            for k in range(n):
                expected += weights[b, places[k]] * x[k]
                size += gain[places[k]] * x[k]
            surprise = (heard[b, i] - expected) / size
            for j in range(d):
                weights[b, j] += gain[j] * surprise
                for k in range(d):
                    spread[b, j, k] -= gain[j] * gain[k] / size


@cached(nogil=True, error_model="numpy")
def learn_linear(
    inverse: Any,
    sums: Any,
    start: Any,
    items: Any,
    scores: Any,
    heard: Any,
    weight: float,
    table: Any,
) -> None:
    """Ridge regression, kept as an inverse and a sum, with a weight on each observation.

    Args:
        inverse: float64 (B, d, d), of the regularisation plus `weight` times the sum of x x'.
        sums: float64 (B, d), `weight` times the sum of x times what was heard beyond `<start, x>`.
        items, scores, heard: as in `learn`.
    """
    d = sums.shape[1]
    places, x, gain = np.empty(d, np.int64), np.empty(d), np.empty(d)
    for b in range(items.shape[0]):
        for i in range(items.shape[1]):
            if items[b, i] < 0 or math.isnan(heard[b, i]):
                continue
            n = _vector(items[b, i], scores[b, i], table, places, x)
            expected, size = 0.0, 1.0 / weight
            for j in range(d):
                total = 0.0
                for k in range(n):
                    total += inverse[b, j, places[k]] * x[k]
                gain[j] = total
            for k in range(n):
                expected += start[b, places[k]] * x[k]
                size += gain[places[k]] * x[k]
            for k in range(n):
                sums[b, places[k]] += weight * x[k] * (heard[b, i] - expected)
            for j in range(d):
                for k in range(d):
                    inverse[b, j, k] -= gain[j] * gain[k] / size


def products(
    items: NDArray[np.int32], scores: NDArray[np.float32], features: Features
) -> NDArray[np.float64]:
    """The sum of x x' over the items of each row, int32 (B, n); float64 (B, d, d)."""
    out = np.zeros((len(items), features.width, features.width))
    _products(items, scores, features.table, out)
    return out


@cached(nogil=True, error_model="numpy")
def _products(items: Any, scores: Any, table: Any, out: Any) -> None:
    places, x = np.empty(out.shape[1], np.int64), np.empty(out.shape[1])
    for b in range(items.shape[0]):
        for i in range(items.shape[1]):
            n = _vector(items[b, i], scores[b, i], table, places, x)
            for k in range(n):
                for j in range(n):
                    out[b, places[k], places[j]] += x[k] * x[j]


@cached(nogil=True, error_model="numpy")
def normals(seeds: Any, conversations: Any, steps: Any, out: Any) -> None:
    """Standard normal numbers, fixed by seed, life and step, into `out` (B, n): Box and Muller."""
    for b in range(out.shape[0]):
        for i in range(0, out.shape[1], 2):
            key = (np.int64(steps[b]) << 10) + i
            u = 1.0 - draw_unit(seeds[b], conversations[b], key, AGENT)
            angle = 2.0 * math.pi * draw_unit(seeds[b], conversations[b], key + 1, AGENT)
            radius = math.sqrt(-2.0 * math.log(u))
            out[b, i] = radius * math.cos(angle)
            if i + 1 < out.shape[1]:
                out[b, i + 1] = radius * math.sin(angle)
