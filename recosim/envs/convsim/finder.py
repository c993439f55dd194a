"""`Finder`: the retriever and the reranker of the rules, behind one call (docs/convsim.md, 4)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.envs.convsim.rules import ROOM, SearchRules
from recosim.retrieval.bm25 import BM25
from recosim.retrieval.expansion import rm3, rocchio
from recosim.retrieval.index import Index
from recosim.retrieval.queries import Queries
from recosim.retrieval.retriever import Ranking
from recosim.world.world import World

__all__ = ["Finder", "kept_terms"]

MARKED_TERMS = 5  # that rocchio takes from the documents that were marked
FEEDBACK_DOCUMENTS, FEEDBACK_TERMS = 10, 10  # of rm3


class Finder:
    """Finds documents for queries under some rules.

    Attributes:
        index: whose terms the queries are of.
    """

    def __init__(self, world: World, index: Index, rules: SearchRules) -> None:
        """
        Raises:
            UnknownNameError: no encoder of this name. MissingExtraError: its package is missing.
        """
        self.world, self.index, self.rules = world, index, rules
        self.bm25 = BM25(index, rules.k1, rules.b)
        if "dense" in (rules.retriever, rules.reranker):
            _ = self.dense  # its package is looked for now, not at the first search

    @cached_property
    def dense(self) -> Any:
        """Vectors of the documents by the encoder of the rules."""
        from recosim.retrieval.dense import Dense

        return Dense(self.world, self.rules.encoder)

    def find(self, queries: Queries, k: int) -> Ranking:
        """The best k documents of each query; see `recosim.retrieval.retriever.Retriever`.

        Terms of a query may stand in any order; their order is that of the words for `dense`.
        """
        found = self.retrieve(queries, k)
        return self._reranked(queries, found) if self.rules.reranker == "dense" else found

    def retrieve(self, queries: Queries, k: int) -> Ranking:
        """The same as the retriever ranks them, before anything is reranked."""
        if self.rules.retriever == "dense":
            found: Ranking = self.dense.search(self._texts(queries), k)
            for b, (lo, hi) in enumerate(_spans(queries)):
                if not (queries.weights[lo:hi] > 0).any():
                    found.items[b], found.scores[b] = -1, 0.0
            return found
        return self.bm25.rank(ascending(queries), k)

    def expand(self, queries: Queries, up: list[list[int]], down: list[list[int]]) -> Queries:
        """Queries made anew by the `rewrite` of the rules, their terms ascending.

        Args:
            up, down: the documents that were marked for each.
        """
        if self.rules.rewrite == "rocchio":
            made = rocchio(self.index, ascending(queries), up, down, terms=MARKED_TERMS)
        else:
            ranking = self.retrieve(queries, FEEDBACK_DOCUMENTS)
            made = rm3(
                self.index,
                ascending(queries),
                ranking,
                documents=FEEDBACK_DOCUMENTS,
                terms=FEEDBACK_TERMS,
            )
        return kept_terms(made)

    def _texts(self, queries: Queries) -> list[str]:
        words = self.index.vocabulary
        return [
            " ".join(
                words[int(t)]
                for t, w in zip(queries.terms[lo:hi], queries.weights[lo:hi], strict=True)
                if w > 0
            )
            for lo, hi in _spans(queries)
        ]

    def _reranked(self, queries: Queries, found: Ranking) -> Ranking:
        """The same documents by the cosine of their vectors with the query's."""
        vectors = self.dense.encode(self._texts(queries))
        scores = np.einsum("bd,bkd->bk", vectors, self.dense.vectors[found.items])
        scores = np.where(found.items >= 0, scores.astype(np.float64), -np.inf)
        order = np.lexsort((found.items, -scores), axis=1)
        ranked = np.take_along_axis(scores, order, axis=1)
        items = np.take_along_axis(found.items, order, axis=1)
        return Ranking(items, np.where(items >= 0, ranked, 0.0))


def ascending(queries: Queries) -> Queries:
    """The same queries, their terms in ascending order."""
    owner = np.repeat(np.arange(queries.n), np.diff(queries.indptr))
    order = np.lexsort((queries.terms, owner))
    return Queries(queries.indptr, queries.terms[order], queries.weights[order])


def kept_terms(queries: Queries) -> Queries:
    """The same queries with at most `ROOM` terms: those of the greatest absolute weight."""
    if not len(queries.terms) or np.diff(queries.indptr).max() <= ROOM:
        return queries
    rows = []
    for b in range(queries.n):
        pairs = sorted(queries.row(b).items(), key=lambda pair: (-abs(pair[1]), pair[0]))
        rows.append(dict(pairs[:ROOM]))
    return Queries.of(rows)


def _spans(queries: Queries) -> list[tuple[int, int]]:
    ends: NDArray[np.int64] = queries.indptr
    return list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))
