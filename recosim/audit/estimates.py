"""Values of measures with intervals: shares, means, medians, and how varied texts are.

A share has Wilson's interval with as many observations as the users are worth
(`recosim.envs.shares`); means, medians and the share of distinct texts have intervals over users
(conversations, where nobody knows who is who), who are drawn again or left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import gammaln

from recosim.audit.masking import Mask
from recosim.bench.stats import interval, resampled_totals
from recosim.envs.shares import share

__all__ = ["DISTINCT_OF", "Estimate", "Statistic", "estimate"]

# JSON values: `value`, `low` and `high` (None where there is no interval), `of`: observations.
Estimate = dict[str, Any]
Statistic = Literal["share", "mean", "median", "distinct"]

DISTINCT_OF = 500  # texts of which the distinct ones are counted
RESAMPLES, PARTS, SEED = 1000, 20, 20240601


def estimate(statistic: Statistic, pairs: Sequence[tuple[Any, str]], mask: Mask) -> Estimate:
    """The value of a measure.

    Args:
        pairs: (observation, its user), at least one; observations are texts where distinct ones are
            counted, numbers or truth values else.
        mask: takes out of texts what is talked about.
    """
    values, users = [value for value, _ in pairs], [user for _, user in pairs]
    if statistic == "share":
        return share(values, users)
    who: NDArray[np.int64] = np.unique(np.asarray(users), return_inverse=True)[1].astype(np.int64)
    if statistic == "distinct":
        return _distinct([" ".join(mask.tokens(text)) for text in values], who)
    numbers = np.asarray(values, dtype=np.float64)
    return _mean(numbers, who) if statistic == "mean" else _median(numbers, who)


def _mean(values: NDArray[np.float64], users: NDArray[np.int64]) -> Estimate:
    n = int(users.max()) + 1
    found: Estimate = {"value": float(values.mean()), "low": None, "high": None, "of": len(values)}
    if n > 1:
        sums = np.stack([np.bincount(users, weights=values), np.bincount(users)], axis=1)
        drawn = resampled_totals(sums.astype(np.float64), resamples=RESAMPLES, seed=SEED)
        low, high = interval((drawn[:, 0] / drawn[:, 1])[:, None], n, 0.95)
        found |= {"low": float(low[0]), "high": float(high[0])}
    return found


def _median(values: NDArray[np.float64], users: NDArray[np.int64]) -> Estimate:
    n = int(users.max()) + 1
    found: Estimate = {
        "value": float(np.median(values)),
        "low": None,
        "high": None,
        "of": len(values),
    }
    if n > 1:
        order = np.argsort(values, kind="stable")
        ordered, whose = values[order], users[order]
        luck = np.random.default_rng(SEED)
        drawn = np.empty((RESAMPLES, 1))
        for draw in drawn:
            times = np.bincount(luck.integers(0, n, size=n), minlength=n)[whose]
            below = np.cumsum(times)
            draw[0] = ordered[np.searchsorted(below, below[-1] / 2)]
        low, high = interval(drawn, n, 0.95)
        found |= {"low": float(low[0]), "high": float(high[0])}
    return found


def _distinct(texts: Sequence[str], users: NDArray[np.int64]) -> Estimate:
    """The share of distinct texts that `DISTINCT_OF` of them are expected to hold.

    The share falls with how much is said, so that it is of the same number for all: rarefaction
    (Hurlbert 1971). Users who are left out in turn give the error (a jackknife by groups): drawing
    users again would repeat their words.
    """
    of = min(DISTINCT_OF, len(texts))
    value = _rarefied(texts, of)
    found: Estimate = {"value": value, "low": None, "high": None, "of": len(texts)}
    n = int(users.max()) + 1
    if n > 1:
        parts = min(PARTS, n)
        part = np.random.default_rng(SEED).permutation(n)[users] % parts
        without = []
        for k in range(parts):
            kept = [text for text, p in zip(texts, part.tolist(), strict=True) if p != k]
            without.append(_rarefied(kept, min(of, len(kept))))
        spread = np.sqrt((parts - 1) / parts * np.sum((np.array(without) - np.mean(without)) ** 2))
        reach = float(spread * stats.t.ppf(0.975, parts - 1))
        found |= {"low": max(0.0, value - reach), "high": min(1.0, value + reach)}
    return found


def _rarefied(texts: Sequence[str], of: int) -> float:
    """The expected share of distinct texts among `of` that are drawn without replacement."""
    if of == 0:
        return 0.0
    n, times = len(texts), np.array(list(Counter(texts).values()))
    # Of those n - c texts that are not this one, how many ways there are to draw all `of`.
    left = n - times
    can = left >= of
    log = gammaln(left[can] + 1) - gammaln(left[can] - of + 1)
    log -= gammaln(n + 1) - gammaln(n - of + 1)
    return float((len(times) - np.exp(log).sum()) / of)
