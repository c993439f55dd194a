"""Maximum likelihood: the optimum, its standard errors, and likelihoods of users who differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize
from scipy.sparse import csr_array
from scipy.special import betaincinv, betaln, expit, logit

from recosim.users.fitting.occasions import Occasions

__all__ = [
    "Counts",
    "Maximum",
    "beta_binomial",
    "beta_nodes",
    "beta_of",
    "logit_of",
    "maximise",
    "mixture",
    "share_of",
    "spread_of",
    "upper_end",
]

Floats = NDArray[np.float64]

NODES = 64  # of a beta distribution, where there is no closed form
TINY = 1e-12


@dataclass(frozen=True)
class Maximum:
    """The most likely parameters.

    Attributes:
        at: float64 (parameters,).
        value: the log-likelihood there.
        covariance: float64 (parameters, parameters), the inverse of the observed information; NaN
            where the likelihood is flat.
    """

    at: Floats
    value: float
    covariance: Floats

    def error(self, figure: Callable[[Floats], float]) -> float:
        """The standard error of a figure of the parameters, by the delta method."""
        slope = np.array([_slope(figure, self.at, k) for k in range(len(self.at))])
        variance = float(slope @ self.covariance @ slope)
        return float(np.sqrt(variance)) if variance >= 0 else float("nan")


def maximise(
    likelihood: Callable[[Floats], float],
    starts: Sequence[Sequence[float]],
    bounds: Sequence[tuple[float, float]],
) -> Maximum:
    """The best optimum from several starts, by L-BFGS-B.

    Args:
        likelihood: the logarithm, of parameters on scales on which a step of 1 is large.
    """

    def loss(x: NDArray[Any]) -> float:
        return -likelihood(x)

    best = None
    for start in starts:
        found = minimize(loss, np.asarray(start), method="L-BFGS-B", jac="3-point", bounds=bounds)
        if best is None or found.fun < best.fun:
            best = found
    assert best is not None  # there is at least one start
    at = np.asarray(best.x, dtype=np.float64)
    return Maximum(at, -float(best.fun), _covariance(likelihood, at))


def _covariance(likelihood: Callable[[Floats], float], at: Floats) -> Floats:
    n, h = len(at), 1e-3
    steps = np.eye(n) * h
    information = np.empty((n, n))
    for i in range(n):
        for j in range(i, n):
            corners = (
                likelihood(at + a * steps[i] + b * steps[j]) * a * b
                for a in (1, -1)
                for b in (1, -1)
            )
            information[i, j] = information[j, i] = -sum(corners) / (4 * h * h)
    try:
        inverse = np.asarray(np.linalg.inv(information), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full((n, n), np.nan)
    return inverse if (np.diag(inverse) > 0).all() else np.full((n, n), np.nan)


def _slope(figure: Callable[[Floats], float], at: Floats, k: int) -> float:
    step = np.zeros(len(at))
    step[k] = 1e-4
    return (figure(at + step) - figure(at - step)) / 2e-4


def upper_end(likelihood: Callable[[float], float], at: float, highest: float) -> float:
    """How far up a parameter may lie: where the log-likelihood is 2 below that of `at`.

    At the end of its range an optimum has no curvature; half of this is its standard error, as two
    standard errors are where a normal log-likelihood has lost 2.
    """
    best = likelihood(at)
    if likelihood(highest) > best - 2:
        return highest
    return float(brentq(lambda x: likelihood(x) - best + 2, at, highest))


# ---- users who differ --------------------------------------------------------------------------


def beta_of(mean: float, size: float) -> tuple[float, float]:
    """The parameters of a beta distribution by its mean and a + b."""
    return max(mean * size, 1e-9), max((1 - mean) * size, 1e-9)


def spread_of(a: float, b: float) -> float:
    """The standard deviation of a beta distribution."""
    return float(np.sqrt(a * b / ((a + b) ** 2 * (a + b + 1))))


def beta_nodes(a: float, b: float) -> Floats:
    """Values that stand for a beta distribution, equally likely: float64 (NODES,)."""
    middles = (np.arange(NODES) + 0.5) / NODES
    return np.asarray(betaincinv(a, b, middles), dtype=np.float64)


@dataclass(frozen=True)
class Counts:
    """How often each user had each kind of occasion and did it, or not.

    Attributes:
        given: what the cells are, by name float64 (cells,).
        did, did_not: sparse, users x cells.
    """

    given: dict[str, Floats]
    did: csr_array
    did_not: csr_array

    @staticmethod
    def of(own: Occasions) -> Counts:
        """Those of occasions with two outcomes."""
        cells = own.cells()
        _, users = np.unique(own.user, return_inverse=True)
        shape = (int(users.max()) + 1, len(cells))

        def count(which: NDArray[np.bool_]) -> csr_array:
            ones = np.ones(int(which.sum()))
            return csr_array((ones, (users[which], cells.of[which])), shape=shape)

        return Counts(dict(cells.given), count(own.outcome == 1), count(own.outcome == 0))

    def likelihoods(self, chance: Floats) -> Floats:
        """The log-likelihood of each user under each of M behaviours: float64 (users, M).

        Args:
            chance: float64 (cells, M), that it happens.
        """
        p = np.clip(chance, TINY, 1 - TINY)
        return np.asarray(self.did @ np.log(p) + self.did_not @ np.log1p(-p))


def mixture(likelihoods: Floats, weights: ArrayLike | None = None) -> float:
    """The log-likelihood of users of whom each is one of M behaviours.

    Args:
        likelihoods: float64 (users, M), logarithms.
        weights: of the behaviours, (M,); None: alike.
    """
    m = likelihoods.shape[1]
    share = np.full(m, 1 / m) if weights is None else np.asarray(weights, dtype=np.float64)
    # Of the behaviours that there are: one that nobody has must not set the scale.
    top = np.where(share > 0, likelihoods, -np.inf).max(axis=1)
    return float((top + np.log(np.exp(likelihoods - top[:, None]) @ share)).sum())


def beta_binomial(a: float, b: float, did: Floats, tried: Floats) -> float:
    """The log-likelihood of counts of users whose probability is drawn from a beta distribution."""
    return float((betaln(did + a, tried - did + b) - betaln(a, b)).sum())


def share_of(x: float) -> float:
    """A probability by its logit."""
    return float(expit(x))


def logit_of(p: float) -> float:
    """The logit of a probability, kept finite."""
    return float(logit(np.clip(p, 1e-9, 1 - 1e-9)))
