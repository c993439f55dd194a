"""Cluster bootstrap: intervals for ratios of sums, where the rows of one user belong together.

The conversations of one user resemble each other, so the user is what is drawn again (Davison and
Hinkley, "Bootstrap Methods and Their Application", 1997). Every agent is evaluated
under the same draws of the same users: the difference of two agents in one draw is then a paired
difference, and its interval is as narrow as the pairing allows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy import stats

from recosim.errors import OptionError

__all__ = ["Bootstrap", "Estimate", "interval", "resampled_totals"]

# Weights of one block of draws, at most: 64 MB. Larger blocks are no faster, smaller ones slower.
BLOCK = 8_000_000


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made.

    Attributes:
        resamples: draws of all users with replacement.
        level: share of intervals that hold the true value in the long run.
        seed: seed of the draws. It is fixed, so that the same outcomes give the same intervals.
    """

    resamples: int = 2000
    level: float = 0.95
    seed: int = 20240601

    def __post_init__(self) -> None:
        if not isinstance(self.resamples, int) or self.resamples < 100:
            raise OptionError(
                f"resamples is {self.resamples!r}; a whole number from 100 is needed."
            )
        if not 0.5 <= self.level < 1:
            raise OptionError(f"level is {self.level!r}; a number from 0.5 to below 1 is needed.")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise OptionError(f"seed is {self.seed!r}; a whole number from 0 is needed.")


class Estimate(BaseModel):
    """A value and the ends of its interval; both ends are None where there is but one user.

    An interval of no width says that no draw of the users changed the value (an agent that always
    succeeds), not that the value is known exactly.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    value: float
    low: float | None = None
    high: float | None = None

    def excludes_zero(self) -> bool:
        """Whether 0 lies outside the interval."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def __neg__(self) -> Estimate:
        if self.low is None or self.high is None:
            return Estimate(value=0.0 - self.value)
        return Estimate(value=0.0 - self.value, low=0.0 - self.high, high=0.0 - self.low)


def resampled_totals(
    sums: NDArray[np.float64], *, resamples: int, seed: int
) -> NDArray[np.float64]:
    """Totals over as many clusters, drawn with replacement, as there are.

    Args:
        sums: float64, shape (clusters, columns), the sum of each column within each cluster.

    Returns:
        float64, shape (resamples, columns). The draws depend on `seed` and the number of clusters
        alone, so every column, and every later call, sees the same ones.
    """
    clusters, columns = sums.shape
    totals = np.empty((resamples, columns))
    if clusters == 0:
        totals[:] = 0.0
        return totals
    whole, exponents = _fixed_point(sums)
    generator = np.random.Generator(np.random.PCG64(seed))
    weights = np.empty((min(resamples, max(1, BLOCK // clusters)), clusters))
    for first in range(0, resamples, len(weights)):
        block = weights[: resamples - first]
        for draw in block:  # one draw at a time stays in the cache
            drawn = generator.integers(0, clusters, size=clusters, dtype=np.int32)
            draw[:] = np.bincount(drawn, minlength=clusters)
        totals[first : first + len(block)] = block @ whole
    return np.ldexp(totals, -exponents)


def interval(
    draws: NDArray[np.float64], clusters: int, level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends of the expanded percentile interval of each column.

    The plain percentile interval is too short for few clusters: it lacks the factor n / (n - 1) of
    the variance and uses the normal where Student's t belongs. Both are put back by taking
    quantiles further out (Hesterberg, "What Teachers Should Know About the Bootstrap", 2015).

    Args:
        draws: float64, shape (resamples, columns); draws that are NaN are left out.
        clusters: how many clusters were drawn from, at least 2.

    Returns:
        low, high: float64, shape (columns,); NaN for a column without draws.
    """
    t = stats.t.ppf((1 - level) / 2, clusters - 1)
    tail = float(stats.norm.cdf(np.sqrt(clusters / (clusters - 1)) * t))
    ends = np.full((2, draws.shape[1]), np.nan)
    whole = ~np.isnan(draws).any(axis=0)
    ends[:, whole] = np.quantile(draws[:, whole], (tail, 1 - tail), axis=0)
    for column in np.flatnonzero(~whole):
        kept = draws[~np.isnan(draws[:, column]), column]
        if len(kept):
            ends[:, column] = np.quantile(kept, (tail, 1 - tail))
    return ends[0], ends[1]


def _fixed_point(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Each column as whole numbers times a power of two, so small that no total exceeds 2**52.

    Sums of such numbers are exact in float64, whatever the order: intervals then have the same
    bytes under any number of threads and any matrix library. The rounding is at most half a unit
    for each cluster, below 1e-11 of the largest total; whole numbers are not rounded at all.
    """
    bound = np.abs(sums).max(axis=0, initial=0.0) * len(sums)
    _, above = np.frexp(bound)  # bound < 2**above
    exponents = np.where(bound > 0, 52 - above, 0).astype(np.int64)
    return np.rint(np.ldexp(sums, exponents)), exponents
