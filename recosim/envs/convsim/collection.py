"""What the kernels of ConvSim read of a collection, made once for each; and who is in a split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from recosim.envs.convsim.lexicon import index_for
from recosim.envs.convsim.rules import ROOM, SearchRules
from recosim.envs.options import check_option
from recosim.errors import OptionError
from recosim.progress import show_progress
from recosim.retrieval.index import Index
from recosim.world.arrays import SPLITS
from recosim.world.topics import Topics
from recosim.world.world import World

__all__ = ["KEYS", "MOST_FACETS", "Collection", "collection_of", "count_facets", "first_terms"]

MOST_FACETS = 32
KEYS = 32  # terms that a document is about

Arrays = dict[str, NDArray[Any]]


class Collection:
    """A world to search in, as the rules see it.

    Attributes:
        index: of its texts, with the tokeniser of the rules.
        arrays: by the names of `recosim.envs.convsim.fields`: documents, terms, needs.
    """

    def __init__(self, world: World, index: Index) -> None:
        assert world.topics is not None
        assert world.judgements is not None
        self.index, self.topics, self.judgements = index, world.topics, world.judgements
        needs = [first_terms(index, text) for text in self.topics.needs]
        self._said: dict[tuple[str, int], Arrays] = {}
        self._judged: dict[int, Arrays] = {}
        topics = np.arange(self.topics.n_topics + 1)
        keys = key_terms(index)
        self.arrays: Arrays = {
            "doc_indptr": index.doc_indptr,
            "doc_terms": index.doc_terms,
            "key_terms": keys,
            "key_idf": np.where(keys >= 0, index.idf[keys], 0.0),
            "idf": index.idf,
            "turn_topic": np.ascontiguousarray(self.topics.turn_topic),
            "topic_first": np.searchsorted(self.topics.turn_topic, topics).astype(np.int64),
            "term_facets": facets_of_terms(world, index),
            **_packed("need", needs),
            **trigrams(index.vocabulary),
        }

    @property
    def wanting(self) -> NDArray[np.bool_]:
        """The turns that somebody can search for: a relevant document, and a known need."""
        known = np.diff(self.arrays["need_indptr"]) > 0
        able: NDArray[np.bool_] = known & self.judgements.answerable()
        return able

    def said(self, rules: SearchRules) -> Arrays:
        """The first query of every turn, where it does not hang on luck."""
        key = (rules.start, rules.before)
        if rules.start == "partial":
            key = ("partial", 0)
        if key not in self._said:
            rows = [
                first_terms(self.index, text) if rules.start != "partial" else {}
                for text in _texts(self.topics, rules)
            ]
            self._said[key] = _packed("said", rows)
        return self._said[key]

    def judged(self, cut: int) -> Arrays:
        """The judgements, and the DCG of the best list of `cut` documents."""
        if cut not in self._judged:
            documents, grade = self.judgements
            rows, _ = documents.pairs()
            discounts = 1.0 / np.log2(np.arange(cut) + 2.0)
            ideal = np.zeros(documents.rows)
            for turn in range(documents.rows):
                best = np.sort(grade[documents.indptr[turn] : documents.indptr[turn + 1]])
                best = best[::-1][:cut]
                ideal[turn] = (best * discounts[: len(best)]).sum()
            counts = np.bincount(rows[grade > 0], minlength=documents.rows)
            self._judged[cut] = {
                "judged_indptr": np.ascontiguousarray(documents.indptr),
                "judged": np.ascontiguousarray(documents.indices),
                "grade": np.ascontiguousarray(grade),
                "ideal": ideal,
                "relevant": counts.astype(np.int64),
            }
        return self._judged[cut]

    def turns_of(self, split: str) -> NDArray[np.int32]:
        """The turns of the topics of a split that somebody can search for, ascending.

        Raises:
            UnknownNameError: no such split.
        """
        check_option("split", split, SPLITS)
        chosen = self.topics.split[self.topics.turn_topic] == SPLITS.index(split)
        return np.flatnonzero(chosen & self.wanting).astype(np.int32)

    def check_start(self, world: World, rules: SearchRules) -> None:
        """Hold that there is something left to say.

        Raises:
            OptionError: every need is said as a whole at the start.
        """
        if rules.start == "partial" or not self.wanting.any():
            return
        said, a = self.said(rules), self.arrays
        for turn in np.flatnonzero(self.wanting):
            need = a["need_terms"][a["need_indptr"][turn] : a["need_indptr"][turn + 1]]
            first = said["said_terms"][said["said_indptr"][turn] : said["said_indptr"][turn + 1]]
            if not np.isin(need, first).all():
                return
        raise OptionError(
            f"in the world {world.name!r} every search would begin with the whole need (start = "
            f"{rules.start!r}), so that there is nothing to ask and nothing to say. Take "
            "protocol='partial' (or start='partial'), under which the first query holds the need "
            "in part."
        )


_KNOWN: WeakKeyDictionary[World, dict[bool, Collection]] = WeakKeyDictionary()


def collection_of(world: World, rules: SearchRules) -> Collection:
    """A collection under some rules; shared by all batches of the same world."""
    known = _KNOWN.setdefault(world, {})
    if rules.plurals not in known:
        with show_progress(world.name) as report:
            known[rules.plurals] = Collection(world, index_for(world, rules.plurals, report))
    return known[rules.plurals]


def count_facets(world: World) -> int:
    """F: facets that are asked about."""
    return min(MOST_FACETS, len(world.facet_names)) if world.n_attributes else 0


def facets_of_terms(world: World, index: Index) -> NDArray[np.uint64]:
    """A bit for each facet that a term is a word of, uint64 (terms,)."""
    bits = np.zeros(max(1, index.n_terms), dtype=np.uint64)
    if not count_facets(world):
        return bits
    for name, facet in zip(world.attribute_names, world.attribute_facet.tolist(), strict=True):
        if facet < MOST_FACETS:
            for term in index.counted(name):
                bits[term] |= np.uint64(1 << facet)
    return bits


def key_terms(index: Index) -> NDArray[np.int32]:
    """The `KEYS` terms of highest count times idf of each document, int32 (documents, KEYS).

    The best first, ties by the smaller term; -1 padded.
    """
    sizes = np.diff(index.doc_indptr)
    owner = np.repeat(np.arange(index.n_documents), sizes)
    values = index.doc_counts * index.idf[index.doc_terms]
    order = np.lexsort((index.doc_terms, -values, owner))
    place = np.arange(len(order)) - np.repeat(index.doc_indptr[:-1], sizes)
    kept = place < KEYS
    keys = np.full((index.n_documents, KEYS), -1, dtype=np.int32)
    keys[owner[kept], place[kept]] = index.doc_terms[order[kept]]
    return keys


def first_terms(index: Index, text: str) -> dict[int, float]:
    """The first `ROOM` distinct terms of a text in its order, and how often it has each."""
    return dict(list(index.counted(text).items())[:ROOM])


def trigrams(words: Iterable[str]) -> Arrays:
    """Character trigrams of each word between two "#", as numbers, ascending."""
    rows, number = [], dict[str, int]()
    for word in words:
        padded = f"#{word}#"
        grams = {padded[k : k + 3] for k in range(len(padded) - 2)}
        rows.append(sorted(number.setdefault(gram, len(number)) for gram in grams))
    indptr = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=indptr[1:])
    flat = np.fromiter((gram for row in rows for gram in row), np.int32, int(indptr[-1]))
    return {"gram_indptr": indptr, "grams": flat}


def _texts(topics: Topics, rules: SearchRules) -> Iterable[str]:
    """What is said first, turn by turn."""
    for turn in range(topics.n_turns):
        if rules.start == "rewrite":
            yield topics.rewrites[turn] or topics.utterances[turn]
        else:
            yield " ".join([*topics.earlier(turn, rules.before), topics.utterances[turn]])


def _packed(name: str, rows: list[Mapping[int, float]] | list[dict[int, float]]) -> Arrays:
    indptr = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=indptr[1:])
    terms = np.fromiter((t for row in rows for t in row), np.int32, int(indptr[-1]))
    counts = np.fromiter((w for row in rows for w in row.values()), np.float64, int(indptr[-1]))
    return {f"{name}_indptr": indptr, f"{name}_terms": terms, f"{name}_counts": counts}
