"""Short lists of the best, sorted by falling value, then by rising id."""

from __future__ import annotations

from typing import Any

from recosim.kernels.compiling import kernel

__all__ = ["insert"]


@kernel
def insert(best: Any, values: Any, n: int, v: int, value: float) -> int:
    """Put v into a sorted list of length n, if it is among the best; returns its new length.

    Args:
        best, values: ids and values, arrays of one length: the most that the list holds.
    """
    k = best.shape[0]
    if n == k:
        if value < values[k - 1] or (value == values[k - 1] and v > best[k - 1]):
            return n
        n -= 1
    place = n
    while place > 0 and (
        values[place - 1] < value or (values[place - 1] == value and best[place - 1] > v)
    ):
        values[place] = values[place - 1]
        best[place] = best[place - 1]
        place -= 1
    values[place] = value
    best[place] = v
    return n + 1
