"""How good rankings are, by judgements: nDCG, reciprocal rank, recall, success.

Gains are the grades and discounts `1 / log2(rank + 1)`, as trec_eval has them (Jarvelin and
Kekalainen 2002). For the evaluator and the reward alone: nothing that speaks or searches reads it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.errors import OptionError
from recosim.world.topics import Judgements

__all__ = ["grades_of", "ndcg", "recall", "reciprocal_rank", "success"]

Floats = NDArray[np.float64]


def grades_of(
    items: ArrayLike, judgements: Judgements, turns: Sequence[int] | NDArray[np.int64]
) -> NDArray[np.int64]:
    """The grade of every ranked item, int64 (B, k); 0 where it is not judged, or -1.

    Raises:
        OptionError: not one row of items for each turn.
    """
    ranked = np.asarray(items, dtype=np.int64)
    if ranked.ndim != 2 or len(ranked) != len(turns):
        raise OptionError(f"items of shape {ranked.shape} are no ranking of {len(turns)} turns.")
    documents, grade = judgements
    rows, ids = documents.pairs()
    keys = rows.astype(np.int64) << 32 | ids  # ascending, as rows and ids are
    wanted = np.asarray(turns, dtype=np.int64)[:, None] << 32 | np.maximum(ranked, 0)
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    hit = (keys[at] == wanted) & (ranked >= 0) if len(keys) else np.zeros(ranked.shape, bool)
    return np.where(hit, grade[at] if len(keys) else 0, 0).astype(np.int64)


def ndcg(
    items: ArrayLike,
    judgements: Judgements,
    turns: Sequence[int] | NDArray[np.int64],
    k: int,
) -> Floats:
    """nDCG@k of each ranking, float64 (B,); NaN for a turn that has no relevant item."""
    gained = _discounted(grades_of(items, judgements, turns), k)
    best = [np.sort(_grades(judgements, t))[::-1] for t in turns]
    ideal = np.array([_discounted(row[None, :], k)[0] for row in best])
    return _shares(gained, ideal)


def reciprocal_rank(
    items: ArrayLike, judgements: Judgements, turns: Sequence[int] | NDArray[np.int64]
) -> Floats:
    """1 / rank of the first relevant item, 0 where none is ranked; NaN as in `ndcg`."""
    hit = grades_of(items, judgements, turns) > 0
    first = np.where(hit.any(axis=1), 1.0 / (1.0 + hit.argmax(axis=1)), 0.0)
    return np.where(_relevant(judgements, turns) > 0, first, np.nan)


def recall(
    items: ArrayLike, judgements: Judgements, turns: Sequence[int] | NDArray[np.int64], k: int
) -> Floats:
    """The share of the relevant items among the first k; NaN as in `ndcg`."""
    hits = (grades_of(items, judgements, turns)[:, :k] > 0).sum(axis=1)
    all_of = _relevant(judgements, turns)
    return _shares(hits.astype(np.float64), all_of)


def success(
    items: ArrayLike, judgements: Judgements, turns: Sequence[int] | NDArray[np.int64], k: int
) -> Floats:
    """1 where a relevant item is among the first k, else 0; NaN as in `ndcg`."""
    hit = (grades_of(items, judgements, turns)[:, :k] > 0).any(axis=1).astype(np.float64)
    return np.where(_relevant(judgements, turns) > 0, hit, np.nan)


def _discounted(grades: NDArray[np.int64], k: int) -> Floats:
    shown = grades[:, :k].astype(np.float64)
    sums: Floats = (shown / np.log2(np.arange(shown.shape[1]) + 2.0)).sum(axis=1)
    return sums


def _shares(part: Floats, whole: Floats) -> Floats:
    """`part / whole`, NaN where the whole is 0."""
    shares: Floats = np.full(len(whole), np.nan)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares


def _grades(judgements: Judgements, turn: int) -> NDArray[np.int64]:
    lo, hi = judgements.documents.indptr[turn], judgements.documents.indptr[turn + 1]
    return judgements.grade[lo:hi].astype(np.int64)


def _relevant(judgements: Judgements, turns: Sequence[int] | NDArray[np.int64]) -> Floats:
    return np.array([(_grades(judgements, t) > 0).sum() for t in turns], dtype=np.float64)
