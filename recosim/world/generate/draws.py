"""Random draws for the generators, all made of uniform numbers.

numpy keeps the uniform stream of a bit generator the same from version to version, and not those
of its other distributions; a world has to be the same everywhere.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

__all__ = ["choose", "correlated", "gumbel", "normal", "permutation", "stream"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A generator of its own for each purpose, so that one part does not shift another."""
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(purpose.encode())]))


def _open(rng: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
    """Uniform in (0, 1), both ends out."""
    return np.clip(rng.random(shape), 2.0**-53, 1 - 2.0**-53)


def normal(rng: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
    return np.asarray(ndtri(_open(rng, shape)))


def correlated(rng: np.random.Generator, values: NDArray[Any], correlation: float) -> Floats:
    """Standard normal numbers that go with the ranks of some values: a Gaussian copula.

    Ties among the values are broken at random, then ranks become normal scores, and what is drawn
    has this correlation with them.
    """
    n = len(values)
    rank = np.empty(n)
    rank[np.lexsort((rng.random(n), values))] = np.arange(n)
    spread = np.sqrt(max(0.0, 1 - correlation**2))
    return np.asarray(correlation * ndtri((rank + 0.5) / n) + spread * normal(rng, n))


def gumbel(rng: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
    """Standard Gumbel: the top k of log-weights plus this are k draws without replacement."""
    return np.asarray(-np.log(-np.log(_open(rng, shape))))


def permutation(rng: np.random.Generator, n: int) -> Ints:
    return np.argsort(rng.random(n), kind="stable").astype(np.int64)


def choose(rng: np.random.Generator, weights: ArrayLike, n: int) -> Ints:
    """n indices, drawn with replacement in proportion to the weights."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn: Ints = np.searchsorted(edges, rng.random(n) * edges[-1], side="right").astype(np.int64)
    return np.minimum(drawn, len(edges) - 1)
