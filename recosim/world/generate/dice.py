"""Luck for what is drawn piece by piece, sentences and wishes: made of uniform numbers alone.

See `draws.py` for the reason, and for what is drawn by the array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from recosim.world.generate.draws import stream

__all__ = ["Dice"]

T = TypeVar("T")
BLOCK = 4096


class Dice:
    """A stream of uniform numbers of its own, for one purpose."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._rng = stream(seed, purpose)
        self._numbers: list[float] = []

    def unit(self) -> float:
        """A number from 0 up to and without 1."""
        if not self._numbers:
            self._numbers = self._rng.random(BLOCK)[::-1].tolist()
        return self._numbers.pop()

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1."""
        return int(self.unit() * n)

    def pick(self, things: Sequence[T]) -> T:
        return things[self.below(len(things))]

    def weighted(self, weights: Sequence[float]) -> int:
        """A position, in proportion to the weights."""
        left = self.unit() * sum(weights)
        for position, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return position
        return len(weights) - 1

    def some(self, things: Sequence[T], n: int) -> list[T]:
        """n different ones (all, if there are fewer), in a random order."""
        left = list(things)
        return [left.pop(self.below(len(left))) for _ in range(min(n, len(left)))]
