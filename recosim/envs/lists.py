"""Lists of ids that recommenders give: different numbers, then -1 to the end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import IllegalActionError

__all__ = ["check_lists", "malformed"]


def check_lists(
    what: str,
    lists: NDArray[Any],
    shape: tuple[int, int],
    n: int,
    rows: NDArray[np.bool_] | None = None,
) -> None:
    """Refuse lists that are not well-formed.

    Args:
        what: what is listed, for the error.
        lists: one in each row. shape: that they need. n: how many things there are.
        rows: bool (B,), those that are looked at; None: all.

    Raises:
        IllegalActionError: of another shape, no whole numbers, unknown or repeated ones.
    """
    if lists.shape != shape or lists.dtype.kind not in "iu":
        raise IllegalActionError(
            f"{what} have shape {lists.shape} and dtype {lists.dtype}; whole numbers of shape "
            f"{shape} are needed, padded with -1."
        )
    looked_at = lists if rows is None else lists[rows]
    wrong = malformed(looked_at, n)
    if wrong.any():
        raise IllegalActionError(
            f"{what} {looked_at[int(np.argmax(wrong))].tolist()}: a list must hold up to "
            f"{shape[1]} different numbers of 0..{n - 1}, then -1 to the end."
        )


def malformed(lists: NDArray[Any], n: int) -> NDArray[np.bool_]:
    """Which rows are not different numbers of 0..n-1, then -1 to the end; bool (rows,)."""
    ordered = np.sort(lists, axis=1)
    repeated = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    gap = (lists[:, 1:] >= 0) & (lists[:, :-1] < 0)
    outside = (lists >= n) | (lists < -1)
    wrong: NDArray[np.bool_] = outside.any(axis=1) | repeated.any(axis=1) | gap.any(axis=1)
    return wrong
