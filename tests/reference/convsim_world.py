"""What plain-Python searches are made from: a collection as lists and sets, and their luck.

docs/convsim.md, sections 2 and 4. A query is a dictionary, term -> weight, in the order of the
query. The index and the ranking of one query are those of `recosim.retrieval`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np

from recosim.envs.convsim.rules import ROOM, SearchRules
from recosim.kernels.random import PURPOSES, draw_unit
from recosim.retrieval.bm25 import BM25
from recosim.retrieval.dense import Dense
from recosim.retrieval.evaluate import ndcg
from recosim.retrieval.expansion import rm3, rocchio
from recosim.retrieval.index import index_of
from recosim.retrieval.queries import Queries
from recosim.retrieval.retriever import Ranking
from recosim.world.world import World

__all__ = ["Found", "Luck", "Query", "SearchTables", "luck_of", "strongest"]

# Gives a number 0 <= u < 1, for (purpose, turn, k).
Luck = Callable[[str, int, int], float]
Query = dict[int, float]
# Documents and their scores, the best first.
Found = list[tuple[int, float]]

MOST_FACETS = 32
KEYS = 32  # key terms of a document


def luck_of(seed: int, conversation: int) -> Luck:
    """The luck of one search, the same numbers that the kernels draw."""
    key = np.uint64(seed), np.int64(conversation)

    def luck(purpose: str, turn: int, k: int) -> float:
        return float(draw_unit(*key, np.int64(128 * turn + k), np.int64(PURPOSES[purpose])))

    return luck


def strongest(query: Query) -> Query:
    """The `ROOM` terms of greatest absolute weight, ascending; the smaller term on ties."""
    kept = sorted(query, key=lambda term: (-abs(query[term]), term))[:ROOM]
    return {term: query[term] for term in sorted(kept)}


class SearchTables:
    """A collection under some rules as lists and sets; make it once and share it between searches.

    Args:
        find: what ranks the documents of one query in place of the retriever of the rules:
            (query, k) -> the best k.

    Attributes:
        words: of each term, the word. idf: of each term.
        holds: of each document, the set of its terms. keys: of each, its key terms.
        needs: of each turn, the terms of its need, in order.
        topic: of each turn, its topic.
        facet_terms: of each facet that can be asked about, the terms that are words of it.
        found: documents that a search finds.
    """

    def __init__(
        self, world: World, rules: SearchRules, find: Callable[[Query, int], Found] | None = None
    ) -> None:
        assert world.topics is not None
        assert world.judgements is not None
        self.world, self.rules, self.topics = world, rules, world.topics
        self.judgements = world.judgements
        index = self.index = index_of(world, rules.tokeniser)
        self.bm25 = BM25(index, rules.k1, rules.b)
        encodes = "dense" in (rules.retriever, rules.reranker)
        self.dense = Dense(world, rules.encoder) if encodes else None
        self._find = find
        self.n_documents = index.n_documents
        self.found = min(max(rules.depth, rules.top_k), self.n_documents)
        self.words = list(index.vocabulary)
        self.idf = index.idf.tolist()
        ends = index.doc_indptr.tolist()
        self.holds = [frozenset(index.doc_terms[lo:hi].tolist()) for lo, hi in pairwise(ends)]
        counts = index.doc_counts.tolist()
        self.keys = [
            self._keys(dict(zip(index.doc_terms[lo:hi].tolist(), counts[lo:hi], strict=True)))
            for lo, hi in pairwise(ends)
        ]
        self.needs = [list(self.counted([need])) for need in self.topics.needs]
        self.topic = self.topics.turn_topic.tolist()
        facets = world.attribute_facet.tolist()
        names = list(world.attribute_names)
        self.facet_terms = [
            set(index.counted("\n".join(n for n, f in zip(names, facets, strict=True) if f == g)))
            for g in range(min(MOST_FACETS, len(world.facet_names)) if names else 0)
        ]

    def _keys(self, counts: dict[int, int]) -> frozenset[int]:
        """What a document is about: its terms of highest count times idf."""
        ranked = sorted(counts, key=lambda term: (-counts[term] * self.idf[term], term))
        return frozenset(ranked[:KEYS])

    # ---------------------------------------------------------------- texts as queries

    def counted(self, texts: Iterable[str]) -> Query:
        """How often some texts say each term; the first `ROOM` terms in the order of mention."""
        counts = self.index.counted("\n".join(texts))
        return {term: counts[term] for term in list(counts)[:ROOM]}

    def first_query(self, need: int, luck: Luck) -> Query:
        """What a search for a need begins with."""
        rules, topics = self.rules, self.topics
        if rules.start == "said":
            earlier = topics.earlier(need)
            last = earlier[max(0, len(earlier) - rules.before) :]
            return self.counted([*last, topics.utterances[need]])
        if rules.start == "rewrite":
            return self.counted([topics.rewrites[need] or topics.utterances[need]])
        whole = self.counted([topics.needs[need]])
        n = len(whole)
        unsaid = max(0, min(int(rules.dropped * n + 0.5), n - 1))
        by_luck = sorted(range(n), key=lambda k: (luck("start", 0, k), k))
        dropped = set(by_luck[:unsaid])
        return {term: count for k, (term, count) in enumerate(whole.items()) if k not in dropped}

    def turns_of_others(self, need: int) -> list[int]:
        """The turns of all other topics, in order."""
        return [t for t, topic in enumerate(self.topic) if topic != self.topic[need]]

    # ---------------------------------------------------------------- search

    def find(self, query: Query, k: int) -> Found:
        """The best k documents, put in order by the reranker if the rules have one."""
        found = self.retrieve(query, k)
        if self.rules.reranker == "none" or not found:
            return found
        assert self.dense is not None
        cosines = self.dense.vectors @ self.dense.encode([self.spoken(query)])[0]
        again = [(v, float(cosines[v])) for v, _ in found]
        return sorted(again, key=lambda each: (-each[1], each[0]))

    def retrieve(self, query: Query, k: int) -> Found:
        """The best k documents of the retriever; none where no term has a positive weight."""
        spoken = self.spoken(query)
        if not spoken:
            return []
        if self._find is not None:
            return self._find(query, k)
        if self.rules.retriever == "dense":
            assert self.dense is not None
            ranking = self.dense.search([spoken], k)
        else:
            ranking = self.bm25.rank(Queries.of([query]), k)
        pairs = zip(ranking.items[0].tolist(), ranking.scores[0].tolist(), strict=True)
        return [(v, score) for v, score in pairs if v >= 0]

    def spoken(self, query: Query) -> str:
        """The words of positive weight, in their order."""
        return " ".join(self.words[term] for term, weight in query.items() if weight > 0)

    def rewritten(self, query: Query, marks: dict[int, bool]) -> Query:
        """The appended query after what the rules have a reflection do to it."""
        if self.rules.rewrite == "append":
            return query
        old = Queries.of([query])
        if self.rules.rewrite == "rocchio":
            liked = [v for v, up in marks.items() if up]
            others = [v for v, up in marks.items() if not up]
            new = rocchio(self.index, old, [liked], [others], terms=5)
        else:
            best = self.retrieve(query, 10)
            items = np.array([[v for v, _ in best]], dtype=np.int32).reshape(1, -1)
            scores = np.array([[s for _, s in best]], dtype=np.float64).reshape(1, -1)
            new = rm3(self.index, old, Ranking(items, scores), documents=10, terms=10)
        return strongest(new.row(0))

    # ---------------------------------------------------------------- judgements

    def ndcg(self, items: Sequence[int], need: int) -> float:
        """Of a ranking, at the cut-off of the rules."""
        if not items:
            return 0.0
        return float(ndcg([list(items)], self.judgements, [need], self.rules.ndcg_at)[0])

    def relevant(self, need: int) -> set[int]:
        return {v for v, grade in self.judgements.of(need).items() if grade > 0}
