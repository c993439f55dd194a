"""`Gains`: what the answer to a question is expected to add to the nDCG of the last list."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "WIDTHS", "Gains", "State", "of_facet", "of_open", "of_term"]

Floats = NDArray[np.float64]
KINDS = ("term", "facet", "open")
WIDTHS = {"term": 14, "facet": 8, "open": 7}


class State(NamedTuple):
    """What is known of some searches beside the question; each float64 (n,).

    Attributes:
        helps: chance that the user names something when they may.
        left: share of the lists that are still to come.
        asked: logarithm of 1 and the questions so far.
        short: 1 / sqrt(terms of the query).
        sure: share of the first document in the score of the first ten.
        tired: disappointments so far, in tens.
    """

    helps: Floats
    left: Floats
    asked: Floats
    short: Floats
    sure: Floats
    tired: Floats


def of_term(s: State, chance: Floats, idf: Floats, share: Floats) -> Floats:
    """Features of questions about a term; all (n,) or (n, C), `State` broadcast; (..., 14).

    What is learned comes by a yes, or by what is named with a no: all is a multiple of their
    chances, so that an answer that says nothing adds nothing. It may cost the user's patience.
    """
    helps, left, asked, short, sure, tired = (_like(x, chance) for x in s)
    no = (1.0 - chance) * helps
    parts = [chance, chance * idf, chance * share]
    for much in (chance, no):
        parts += [much * short, much * left, much * asked, much * sure]
    return np.stack([*parts, no, *_patience(1.0 - chance, tired)], axis=-1)


def of_open(s: State) -> Floats:
    """Features of the open question; (n, 7)."""
    h = s.helps
    parts = [h, h * s.short, h * s.left, h * s.asked, h * s.sure]
    return np.stack([*parts, *_patience(1.0 - h, s.tired)], axis=-1)


def of_facet(s: State, missed: Floats, split: Floats) -> Floats:
    """Features of questions about facets that are missed with some chance; (n, F, 8)."""
    left, asked, short, sure, tired = (_like(x, missed) for x in s[1:])
    parts = [missed, missed * short, missed * left, missed * asked, missed * sure, missed * split]
    return np.stack([*parts, *_patience(1.0 - missed, tired)], axis=-1)


def _patience(fails: Floats, tired: Floats) -> tuple[Floats, Floats]:
    """A question that fails disappoints, and with some disappointment they leave without a list."""
    return fails * tired, fails * tired**2


def _like(values: Floats, shape: Floats) -> Floats:
    wide: Floats = values[(...,) + (None,) * (shape.ndim - 1)] * np.ones(shape.shape)
    return wide


class Gains:
    """Ridge regression for each kind of question, kept as sums: learning goes on from them exactly.

    Attributes:
        products: kind -> float64 (d, d), the sum of x x' and the ridge.
        sums: kind -> float64 (d,), the sum of x times what the answer added.
    """

    def __init__(self, ridge: float = 3.0) -> None:
        self.products = {kind: ridge * np.eye(d) for kind, d in WIDTHS.items()}
        self.sums = {kind: np.zeros(d) for kind, d in WIDTHS.items()}
        self.solve()

    def solve(self) -> None:
        """The weights that the sums give."""
        self._weights = {k: np.linalg.solve(self.products[k], self.sums[k]) for k in KINDS}

    def learn(self, kind: str, features: Floats, added: Floats) -> None:
        """From questions of a kind: features (n, d), what the answers added (n,)."""
        self.products[kind] += features.T @ features
        self.sums[kind] += features.T @ added

    def of(self, kind: str, features: Floats) -> Floats:
        """What is expected; of features (..., d)."""
        expected: Floats = features @ self._weights[kind]
        return expected
