"""`Queries`: a batch of weighted terms as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError

__all__ = ["Queries"]


class Queries(NamedTuple):
    """B queries: of each its distinct terms, ascending, and their weights.

    A weight is what a term counts for: 1 for a word said once, 2 for twice, below 0 for what the
    user does not want.
    """

    indptr: NDArray[np.int64]  # (B + 1,)
    terms: NDArray[np.int32]  # (entries,)
    weights: NDArray[np.float64]  # (entries,)

    @property
    def n(self) -> int:
        return len(self.indptr) - 1

    def row(self, b: int) -> dict[int, float]:
        """Term -> weight of one query."""
        lo, hi = self.indptr[b], self.indptr[b + 1]
        return dict(zip(self.terms[lo:hi].tolist(), self.weights[lo:hi].tolist(), strict=True))

    @staticmethod
    def of(rows: Sequence[Mapping[int, float]]) -> Queries:
        """From one mapping (term -> weight) each; a weight of 0 is no term.

        Raises:
            OptionError: a weight that is not finite, or a term below 0.
        """
        kept = [sorted((t, w) for t, w in row.items() if w != 0) for row in rows]
        indptr = np.zeros(len(kept) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in kept], out=indptr[1:])
        terms = np.array([t for row in kept for t, _ in row], dtype=np.int32)
        weights = np.array([w for row in kept for _, w in row], dtype=np.float64)
        if not np.isfinite(weights).all() or (terms < 0).any():
            raise OptionError("queries need terms from 0 and finite weights.")
        return Queries(indptr, terms, weights)

    def plus(self, other: Queries, scale: float = 1.0) -> Queries:
        """Query by query the sum of the weights, those of `other` times `scale`.

        Raises:
            OptionError: not as many queries.
        """
        if other.n != self.n:
            raise OptionError(f"{other.n} queries cannot be added to {self.n}.")
        rows = []
        for b in range(self.n):
            row = self.row(b)
            for term, weight in other.row(b).items():
                row[term] = row.get(term, 0.0) + scale * weight
            rows.append(row)
        return Queries.of(rows)
