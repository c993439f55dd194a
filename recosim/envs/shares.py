"""`share`: a share with its interval, where what belongs to one user is not independent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

__all__ = ["Share", "bare", "share"]

# JSON values: `value`; `low` and `high`, the ends of its 95 % interval, None where there is none;
# `of`, how many it is a share of.
Share = dict[str, Any]

LEVEL = 0.95
FEW = 10


def share(holds: ArrayLike, users: ArrayLike | None = None) -> Share:
    """The share of what holds, with an interval that speaks about other users.

    Wilson's interval (1927), which has a width at 0 and 1 too, with Student's t and with as many
    observations as they are worth: their number over the design effect of drawing users (Kish,
    "Survey Sampling", 1965). Where fewer than `FEW` users have one that holds, or one that does
    not, that effect cannot be told, and a user counts for one observation at most.

    Args:
        holds: bool (n,). users: int (n,), whose each is; default: each is of another user.
    """
    held = np.asarray(holds, dtype=np.float64)
    n = len(held)
    if n == 0:
        return bare(0, 0)
    of = np.arange(n) if users is None else np.unique(np.asarray(users), return_inverse=True)[1]
    sizes = np.bincount(of)
    hits, clusters = np.bincount(of, weights=held), len(sizes)
    p = float(held.mean())
    if clusters < 2:
        return bare(int(held.sum()), n)
    spread = float(((hits - p * sizes) ** 2).sum()) * clusters / (clusters - 1) / n**2
    worth = min(p * (1 - p) / spread, n) if spread > 0 else n
    if min((hits > 0).sum(), (hits < sizes).sum()) < FEW:
        worth = min(worth, clusters)
    z2 = float(stats.t.ppf((1 + LEVEL) / 2, clusters - 1)) ** 2
    middle = (p + z2 / (2 * worth)) / (1 + z2 / worth)
    reach = math.sqrt(z2) / (1 + z2 / worth) * math.sqrt(p * (1 - p) / worth + z2 / (4 * worth**2))
    low, high = max(0.0, middle - reach), min(1.0, middle + reach)
    # At the ends the formula is exact but for the last bits.
    return {"value": p, "low": 0.0 if p == 0 else low, "high": 1.0 if p == 1 else high, "of": n}


def bare(count: int, of: int) -> Share:
    """A share without an interval: of counts whose users are not known, or of one user."""
    return {"value": count / of if of else 0.0, "low": None, "high": None, "of": of}
