"""Whole numbers that follow a curve of quantiles and add up to a given total."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recosim.errors import CardError

__all__ = ["counts_from_curve", "zipf_shares"]

FINE = 1 << 20  # steps of the stretch factor: whole, so that no rounding decides a count


def counts_from_curve(
    curve: Sequence[tuple[float, float]], n: int, total: int, what: str
) -> NDArray[np.int64]:
    """`n` whole numbers in ascending order, with the quantiles of the curve and the given sum.

    Between two knots the logarithm of (value + 1) is linear in the share. What is missing to the
    sum, or too much, stretches or shrinks the distance of each value from the smallest one.

    Args:
        curve: (share, value) knots, both ascending, from share 0 to share 1.
        what: names the numbers in an error.

    Raises:
        CardError: knots out of order, or a total that the curve cannot be stretched to.
    """
    shares, values = (np.array(column, dtype=np.float64) for column in zip(*curve, strict=True))
    if (
        shares[0] != 0
        or shares[-1] != 1
        or (np.diff(shares) < 0).any()
        or (np.diff(values) < 0).any()
    ):
        raise CardError(
            f"the curve of {what} must rise from share 0 to share 1; given {list(curve)}."
        )
    at = (np.arange(n) + 0.5) / n
    smooth = np.expm1(np.interp(at, shares, np.log1p(values)))
    low, excess = values[0], smooth - values[0]

    def stretched(step: int) -> NDArray[np.int64]:
        whole: NDArray[np.int64] = np.floor(low + excess * (step / FINE) + 0.5).astype(np.int64)
        return whole

    least, most = 0, 64 * FINE
    if not stretched(least).sum() <= total < stretched(most).sum():
        raise CardError(
            f"{what}: {n} numbers from {low:g} up cannot add up to {total} (on average "
            f"{total / n:.4g}) along the curve {list(curve)}. Change the total or the curve."
        )
    while most - least > 1:
        middle = (least + most) // 2
        if stretched(middle).sum() <= total:
            least = middle
        else:
            most = middle
    counts = stretched(least)
    missing = total - int(counts.sum())
    counts[n - missing :] += 1  # a step of the stretch moves fewer numbers than there are
    return counts


def zipf_shares(shares: Sequence[float], size: int, per_item: float | None) -> NDArray[np.float64]:
    """The given shares, then a Zipf tail 1 / (rank + shift) that brings the sum to `per_item`.

    The shift is 1, or as much more as keeps the tail below the smallest share given.

    Raises:
        CardError: the shares alone are more than `per_item`, or the tail cannot be that heavy.
    """
    given = np.array(shares, dtype=np.float64)
    rest = size - len(given)
    if rest == 0:
        return given
    assert per_item is not None  # the schema of the card holds this
    missing = per_item - given.sum()
    cap = float(given.min(initial=1.0))
    if not 0 < missing < cap * rest:
        raise CardError(
            f"the {rest} attributes without a share have {missing:.4g} of {per_item:g} per item "
            f"left to them, and none may have more than {cap:.4g}. Change 'shares' or 'per_item'."
        )
    ranks = np.arange(1, rest + 1, dtype=np.float64)
    shift = 1.0
    while missing / (1 + shift) > cap * (1 / (ranks + shift)).sum():
        shift *= 1.25
    tail = 1 / (ranks + shift)
    return np.concatenate([given, missing * tail / tail.sum()])
