"""BM25 with weighted and negative terms, over an inverted index.

Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and beyond", in the form
of Lucene: Kamphuis et al. (2020), "Which BM25 do you mean?".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError
from recosim.retrieval.index import Index, index_of
from recosim.retrieval.queries import Queries
from recosim.retrieval.retriever import Ranking, empty_ranking
from recosim.retrieval.tokens import Tokeniser
from recosim.world.world import World

__all__ = ["BM25"]


class BM25:
    """Scores `sum over terms of weight * idf * tf / (tf + k1 (1 - b + b length / mean length))`.

    Documents that hold no term of positive weight are not ranked. Terms of negative weight lower
    the documents that hold them, below 0 where they outweigh the others.

    Attributes of the object:
        index: what is searched. k1, b: how soon a term saturates, how much length counts.
        impacts: float32 (postings,), what a term of weight 1 adds to each of its documents.
    """

    def __init__(self, index: Index, k1: float = 1.5, b: float = 0.75) -> None:
        """
        Raises:
            OptionError: k1 is outside 0 to 1000, b outside 0 to 1.
        """
        if not 0 <= k1 <= 1000 or not 0 <= b <= 1:
            raise OptionError(f"k1 is {k1}, b is {b}; allowed: k1 0 to 1000, b 0 to 1.")
        self.index, self.k1, self.b = index, float(k1), float(b)
        self.name = f"bm25(k1={k1:g}, b={b:g})"
        self.impacts = _impacts(index, self.k1, self.b)

    @staticmethod
    def of(
        world: World, *, k1: float = 1.5, b: float = 0.75, tokeniser: Tokeniser | None = None
    ) -> BM25:
        """Over the index of a world, which is built where there is none yet."""
        return BM25(index_of(world, tokeniser), k1, b)

    def search(self, texts: Sequence[str], k: int) -> Ranking:
        """The best k items for each text: see `Retriever`."""
        return self.rank(self.index.queries(texts), k)

    def rank(self, queries: Queries, k: int) -> Ranking:
        """The best k items for each query; exact, equal scores go to the smaller id.

        Returns:
            items int32 (B, min(k, n)), -1 where fewer match; scores float64, 0 there.

        Raises:
            OptionError: k is below 1, a term that the index does not have, or a weight that is
                not finite or so near to 0 that it would vanish in a sum (below 1e-100).
        """
        from recosim.retrieval.scoring import search_postings

        index, found = self.index, empty_ranking(queries.n, k, self.index.n_documents)
        if len(queries.terms):
            if not 0 <= int(queries.terms.min()) <= int(queries.terms.max()) < index.n_terms:
                raise OptionError(f"a query has a term outside 0..{index.n_terms - 1}.")
            # The kernel knows by a sum above 0 that it has met a document before.
            size = np.abs(queries.weights)
            if not (size.min() >= 1e-100 and size.max() <= 1e100):
                raise OptionError("the weight of a term is outside 1e-100 to 1e100, both ways.")
        search_postings(
            index.indptr,
            index.documents,
            self.impacts,
            *queries,
            index.n_documents,
            *found,
        )
        return found


def _impacts(index: Index, k1: float, b: float) -> NDArray[np.float32]:
    mean = max(float(index.length.mean()), 1e-9) if index.n_documents else 1.0
    usual = k1 * (1 - b + b * index.length / mean)
    counts = index.counts.astype(np.float64)
    idf = np.repeat(index.idf, index.frequency)
    impacts: NDArray[np.float32] = (idf * counts / (counts + usual[index.documents])).astype(
        np.float32
    )
    impacts.flags.writeable = False
    return impacts
