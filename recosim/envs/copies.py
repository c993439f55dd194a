"""Copies of live arrays, into the memory of earlier copies that nobody holds any more."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Copies"]

# An environment, its caller's last observation, and one that the caller compares it with.
_MOST = 3
# Bytes below which a new array is as cheap.
_LARGE = 2**21


class Copies:
    """Gives copies of arrays by name, like `array.copy()`, which a caller may keep and change.

    A large new array costs more than copying into it: the system hands out its pages one by one,
    cleared. So a copy is reused as soon as this object alone refers to it, views of it and tensors
    on its memory included, as Python's reference counts tell. Without those (no global interpreter
    lock, another Python) every copy is a new array.
    """

    def __init__(self) -> None:
        self._kept: dict[str, list[NDArray[Any]]] = {}

    def of(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        """A copy of an array; those of one name share memory in turn."""
        if array.nbytes < _LARGE:
            small: NDArray[Any] = array.copy()
            return small
        kept = self._kept.setdefault(name, [])
        for place in range(len(kept)):
            if (
                sys.getrefcount(kept[place]) == _UNUSED
                and kept[place].shape == array.shape
                and kept[place].dtype == array.dtype
            ):
                np.copyto(kept[place], array)
                return kept[place]
        copy: NDArray[Any] = array.copy()
        if _UNUSED and len(kept) < _MOST:
            kept.append(copy)
        return copy


def _references_of_unused() -> int:
    """What `sys.getrefcount` says, in the form used above, of an array that only a list holds."""
    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return 0
    kept = [np.zeros(1)]
    place = 0
    return sys.getrefcount(kept[place])


_UNUSED = _references_of_unused()
