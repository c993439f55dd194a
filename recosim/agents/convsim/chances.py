"""`Chance`: how likely a term is in the need of a user, and how likely they name one themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from recosim.envs.convsim.searches import Searches

__all__ = ["HELPS", "MISSED", "WANTED", "Chance", "candidates_of", "facet_words", "features_of"]

Floats = NDArray[np.float64]
# What is believed before anything was learned. Of a candidate: one in eight is wanted, more where
# more documents agree. Of users: one in two names something, more of those who did before.
WANTED = np.array([-2.0, 0.5, 0.0, 0.0, 0.0, 0.0])
HELPS = np.array([-1.0, 2.0, 0.0, 0.0, 0.0])
# Of facets: one in three is missed, more by those who help; a number for each facet comes behind.
MISSED = np.array([-1.5, 0.0, 0.0, 2.0, 0.0])
DOUBT = 1.0  # variance of each weight then
NEWTON = 8  # steps; the function is convex


def candidates_of(batch: Searches, rows: NDArray[np.int64]) -> NDArray[np.int32]:
    """The candidates of some rows that neither the query holds nor were heard; int32 (n, C).

    Others are -1, in their places.
    """
    a = batch.arrays
    terms = a["candidates"][rows]
    known = np.zeros(terms.shape, dtype=np.bool_)
    for name, count in (("query_terms", "n_query"), ("heard_terms", "n_heard")):
        held, n = a[name][rows], a[count][rows]
        width = int(n.max(initial=0))
        inside = np.arange(width) < n[:, None]
        held = np.where(inside, held[:, :width], -2)
        known |= (terms[:, :, None] == held[:, None, :]).any(axis=2)
    return np.where(known, -1, terms).astype(np.int32)


def features_of(
    batch: Searches, rows: NDArray[np.int64], terms: NDArray[np.int32], accepted: Floats
) -> Floats:
    """What tells whether a candidate is in the need; float64 (n, C, d).

    One; the logarithm of p, the share of the score of the documents found that hold it; its idf;
    both together; p; the share of "yes" among the answers so far.
    """
    p = batch.arrays["candidate_shares"][rows].astype(np.float64)
    log = np.log(np.maximum(p, 0.01))
    idf = np.where(terms >= 0, batch.index.idf[np.maximum(terms, 0)], 0.0) / 5.0
    ones = np.ones(terms.shape)
    return np.stack([ones, log, idf, p * idf, p, ones * accepted[:, None]], axis=2)


def facet_words(batch: Searches) -> NDArray[np.bool_]:
    """Which terms of the index are words of the attributes of each facet; bool (F, terms)."""
    index, world = batch.index, batch.world
    n_facets = batch.n_askables - batch.arrays["questions"].shape[1] - 1
    words = np.zeros((n_facets, index.n_terms), dtype=np.bool_)
    for a, f in enumerate(world.attribute_facet.tolist()):
        if 0 <= f < n_facets:
            words[f, list(index.counted(world.attribute_names[a]))] = True
    return words


class Chance:
    """Logistic regression that learns from answers, one round after another.

    After each round the weights are normal around the mode, with the curvature there (Laplace); the
    next round begins from that. Nothing is forgotten, and nothing but mean and precision is kept.

    Args:
        prior: float64 (d,), the weights before anything was learned.

    Attributes:
        mean: float64 (d,). precision: float64 (d, d).
    """

    def __init__(self, prior: Floats) -> None:
        self.mean = prior.copy()
        self.precision = np.eye(len(prior)) / DOUBT

    def of(self, features: Floats) -> Floats:
        """The probability of each; of features (..., d)."""
        chance: Floats = 1.0 / (1.0 + np.exp(-features @ self.mean))
        return chance

    def learn(self, features: Floats, said_yes: Floats) -> None:
        """From answers: features (n, d), 1 for yes and 0 for no (n,)."""
        if not len(features):
            return
        start, before = self.mean.copy(), self.precision
        precision = before
        for _ in range(NEWTON):
            p = self.of(features)
            slope = features.T @ (said_yes - p) - before @ (self.mean - start)
            precision = before + (features * (p * (1.0 - p))[:, None]).T @ features
            self.mean = self.mean + np.linalg.solve(precision, slope)
        self.precision = precision
