"""Queries made anew from documents: Rocchio from what was marked, RM3 from what was ranked first.

Rocchio (1971), "Relevance feedback in information retrieval"; Abdul-Jaleel et al. (2004), "UMass at
TREC 2004: novelty and HARD", for RM3, after Lavrenko and Croft (2001).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError
from recosim.retrieval.index import Index
from recosim.retrieval.queries import Queries
from recosim.retrieval.retriever import Ranking

__all__ = ["rm3", "rocchio"]

# A term of more documents than this share tells them too little apart to be added to a query.
COMMON = 0.1


def rm3(
    index: Index,
    queries: Queries,
    ranking: Ranking,
    *,
    documents: int = 10,
    terms: int = 10,
    original: float = 0.5,
    common: float = COMMON,
) -> Queries:
    """Mix each query with the words of the documents that it ranks first.

    The model of a query's feedback is `sum over documents d of p(d) tf(w, d) / length(d)`, where
    `p(d)` is its score's share of those above 0. Its `terms` strongest words (ties by the smaller
    term) are scaled to the weight of the query (the sum of its weights above 0), and the new query
    is `original` times the old plus `1 - original` times the model.

    Args:
        ranking: what the queries found, at least `documents` wide to be of full use.
        documents, terms: how many of each are used.
        common: words of a larger share of all documents are not added.

    Raises:
        OptionError: `original` outside 0 to 1, a number below 1, or a ranking of other queries.
    """
    _check(documents, terms, common)
    if not 0 <= original <= 1:
        raise OptionError(f"original is {original}; allowed: 0 to 1.")
    if len(ranking.items) != queries.n:
        raise OptionError(f"a ranking of {len(ranking.items)} queries is not of these {queries.n}.")
    items, scores = ranking.items[:, :documents], ranking.scores[:, :documents]
    used = (items >= 0) & (scores > 0)
    total = np.where(used, scores, 0.0).sum(axis=1, keepdims=True)
    share = np.divide(scores, total, out=np.zeros_like(scores), where=used)
    length = np.maximum(index.length, 1).astype(np.float64)
    rows, _ = np.nonzero(used)
    model = _mixture(index, rows, items[used], share[used] / length[items[used]], queries.n)
    added = _strongest(index, model, terms, common)
    out = []
    for b, strong in enumerate(added):
        old = queries.row(b)
        weight, mass = sum(w for w in old.values() if w > 0), sum(strong.values())
        new = {t: original * w for t, w in old.items()} if strong else old
        for term, value in strong.items():
            new[term] = new.get(term, 0.0) + (1 - original) * weight * value / mass
        out.append(new)
    return Queries.of(out)


def rocchio(
    index: Index,
    queries: Queries,
    relevant: Sequence[Iterable[int]],
    irrelevant: Sequence[Iterable[int]] | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 0.75,
    gamma: float = 0.15,
    terms: int = 10,
    common: float = COMMON,
) -> Queries:
    """Move each query towards the documents marked relevant and away from the others.

    `alpha q + beta mean(relevant) - gamma mean(irrelevant)`, all as vectors of unit length; that of
    a document is of its term counts. Of each sum over documents the `terms` strongest words are
    used. Nothing changes (but the scale) for a query of which nothing was marked.

    Args:
        relevant, irrelevant: the items that were marked for each query.
        common: words of a larger share of all documents are not added.

    Raises:
        OptionError: not one list for each query, an item that is none, or a number below 1.
    """
    _check(1, terms, common)
    irrelevant = irrelevant if irrelevant is not None else [()] * queries.n
    towards = _strongest(index, _mean(index, relevant, queries.n), terms, common)
    away = _strongest(index, _mean(index, irrelevant, queries.n), terms, common)
    out = []
    for b in range(queries.n):
        old = queries.row(b)
        norm = float(np.sqrt(sum(w * w for w in old.values()))) or 1.0
        new = {term: alpha * weight / norm for term, weight in old.items()}
        for scale, side in ((beta, towards[b]), (-gamma, away[b])):
            for term, value in side.items():
                new[term] = new.get(term, 0.0) + scale * value
        out.append(new)
    return Queries.of(out)


def _check(documents: int, terms: int, common: float) -> None:
    if documents < 1 or terms < 1:
        raise OptionError(f"documents is {documents}, terms is {terms}; 1 or more is needed.")
    if not 0 < common <= 1:
        raise OptionError(f"common is {common}; allowed: above 0, to 1.")


def _mean(index: Index, marked: Sequence[Iterable[int]], n: int) -> Any:
    """The mean of the unit vectors of marked documents, a sparse table (B, n_terms)."""
    lists = [sorted(set(items)) for items in marked]
    if len(lists) != n:
        raise OptionError(f"{len(lists)} lists of marked items for {n} queries.")
    items = np.array([v for items in lists for v in items], dtype=np.int64)
    if len(items) and not (items.min() >= 0 and items.max() < index.n_documents):
        raise OptionError(f"a marked item is outside 0..{index.n_documents - 1}.")
    rows = np.repeat(np.arange(n), [len(items) for items in lists])
    sizes = np.array([len(items) for items in lists], dtype=np.float64)
    squares = np.zeros(index.n_documents)
    owner = np.repeat(np.arange(index.n_documents), np.diff(index.doc_indptr))
    np.add.at(squares, owner, index.doc_counts.astype(np.float64) ** 2)
    norm = np.sqrt(np.maximum(squares, 1.0))
    return _mixture(index, rows, items, 1.0 / (sizes[rows] * norm[items]), n)


def _mixture(
    index: Index, rows: NDArray[Any], items: NDArray[Any], weights: NDArray[np.float64], n: int
) -> Any:
    """`sum of weight * counts` of the documents of each row, a sparse table (n, n_terms)."""
    from scipy.sparse import csr_array

    counts = csr_array(
        (index.doc_counts.astype(np.float64), index.doc_terms, index.doc_indptr),
        shape=(index.n_documents, index.n_terms),
    )
    mixed = csr_array((weights, (rows, items)), shape=(n, index.n_documents)) @ counts
    return mixed.tocsr()


def _strongest(index: Index, table: Any, terms: int, common: float) -> list[dict[int, float]]:
    """The strongest terms of each row that are not in too many documents, ties by the smaller."""
    limit = max(common * index.n_documents, 1.0)
    rows = []
    for b in range(table.shape[0]):
        lo, hi = table.indptr[b], table.indptr[b + 1]
        ids, values = table.indices[lo:hi], table.data[lo:hi]
        kept = (index.frequency[ids] <= limit) & (values > 0)
        ids, values = ids[kept], values[kept]
        order = np.lexsort((ids, -values))[:terms]
        rows.append(dict(zip(ids[order].tolist(), values[order].tolist(), strict=True)))
    return rows
