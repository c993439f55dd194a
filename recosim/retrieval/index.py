"""The inverted index of a collection: built once, kept beside the world, memory-mapped.

Beside a stored world it is the folder `index.<key>`; the key is of the format, the world's
fingerprint and the tokeniser, so that an index of anything else is not found, and a new one is
built (`recosim.retrieval.beside`).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.progress import Progress
from recosim.retrieval.beside import kept_beside
from recosim.retrieval.queries import Queries
from recosim.retrieval.tokens import Tokeniser
from recosim.world.strings import StringTable
from recosim.world.world import World

__all__ = ["Index", "build_index", "index_of", "searched_text"]

FORMAT = 1  # goes up with anything that changes what is stored, or what it means
EVERY = 1000  # documents between two reports of progress


@dataclass(frozen=True, eq=False)
class Index:
    """Which term is in which document how often, from both sides. All arrays are read-only.

    Attributes:
        vocabulary: the terms, in alphabetical order; a term is its position.
        indptr, documents, counts: postings: those of term t are `[indptr[t]:indptr[t + 1]]` of
            `documents` (int32, ascending) and `counts` (int32, how often it is there).
        doc_indptr, doc_terms, doc_counts: the same by document, terms ascending.
        length: int32 (n_documents,), the terms of each document with repetitions.
    """

    vocabulary: StringTable
    indptr: NDArray[np.int64]
    documents: NDArray[np.int32]
    counts: NDArray[np.int32]
    doc_indptr: NDArray[np.int64]
    doc_terms: NDArray[np.int32]
    doc_counts: NDArray[np.int32]
    length: NDArray[np.int32]
    tokeniser: Tokeniser

    @property
    def n_documents(self) -> int:
        return len(self.length)

    @property
    def n_terms(self) -> int:
        return len(self.vocabulary)

    @cached_property
    def term_of(self) -> dict[str, int]:
        """Term -> its number; made when it is first needed."""
        return {term: t for t, term in enumerate(self.vocabulary)}

    @cached_property
    def frequency(self) -> NDArray[np.int64]:
        """Documents that hold each term, int64 (n_terms,)."""
        return np.diff(self.indptr)

    @cached_property
    def idf(self) -> NDArray[np.float64]:
        """`ln(1 + (N - df + 1/2) / (df + 1/2))`, float64 (n_terms,): Lucene's, never below 0."""
        df = self.frequency
        return np.log1p((self.n_documents - df + 0.5) / (df + 0.5))

    def queries(self, texts: Iterable[str]) -> Queries:
        """Texts as queries: each known term with how often it is said. Unknown ones are left out.

        A text without a known term is an empty query, which finds nothing.
        """
        return Queries.of([self.counted(text) for text in texts])

    def counted(self, text: str) -> dict[int, float]:
        """Term -> how often a text has it, of the terms that the collection knows."""
        return self.count(self.tokeniser(text))

    def count(self, words: Iterable[str]) -> dict[int, float]:
        """Term -> how often it is among words that are tokens already."""
        known = self.term_of
        row: dict[int, float] = {}
        for word in words:
            term = known.get(word)
            if term is not None:
                row[term] = row.get(term, 0.0) + 1.0
        return row

    def words(self, terms: Iterable[int]) -> list[str]:
        """Terms as words."""
        return [self.vocabulary[int(t)] for t in terms]


ARRAYS = ("indptr", "documents", "counts", "doc_indptr", "doc_terms", "doc_counts", "length")


def searched_text(world: World, item: int) -> str:
    """What is searched of an item: its name and its text; the text alone where it opens with it.

    An item that has no name but the id of its source is searched by its text.
    """
    name, text = world.item_names[item], world.item_texts[item]
    if world.item_ids is not None and name == world.item_ids[item]:
        return str(text)
    if " ".join(text.split()).startswith(" ".join(name.split())):
        return str(text)
    return f"{name}\n{text}"


def index_of(
    world: World, tokeniser: Tokeniser | None = None, progress: Progress | None = None
) -> Index:
    """The index of a world: the one that is stored beside it, or built and stored now.

    A folder that cannot be written to gets none, and a world that is not stored has none: then it
    is built in memory.
    """
    chosen = tokeniser or Tokeniser()

    def make() -> dict[str, Any]:
        texts = [searched_text(world, item) for item in range(world.n_items)]
        index = build_index(texts, chosen, progress)
        words = {"offsets": index.vocabulary.offsets, "blob": index.vocabulary.blob}
        return {**{name: getattr(index, name) for name in ARRAYS}, **words}

    arrays = kept_beside(world, "index", FORMAT, chosen.to_dict(), make)
    vocabulary = StringTable(arrays["offsets"], arrays["blob"])
    return Index(vocabulary=vocabulary, tokeniser=chosen, **{name: arrays[name] for name in ARRAYS})


def build_index(
    texts: Sequence[str], tokeniser: Tokeniser | None = None, progress: Progress | None = None
) -> Index:
    """The index of texts, in memory; document d is `texts[d]`."""
    tokeniser = tokeniser or Tokeniser()
    number: dict[str, int] = {}
    flat, lengths = array("i"), []
    for d, text in enumerate(texts):
        words = tokeniser(text)
        lengths.append(len(words))
        flat.extend([number.setdefault(word, len(number)) for word in words])
        if progress is not None and d % EVERY == 0:
            progress(d, len(texts), "building the index")
    length = np.array(lengths, dtype=np.int32)
    ordered = sorted(number)
    rank = np.empty(len(ordered), dtype=np.int64)
    rank[[number[word] for word in ordered]] = np.arange(len(ordered))
    terms = rank[np.frombuffer(flat, dtype=np.int32)] if len(flat) else np.zeros(0, np.int64)
    owner = np.repeat(np.arange(len(length), dtype=np.int64), length)
    keys, counts = np.unique(owner * max(len(ordered), 1) + terms, return_counts=True)
    rows, ids = np.divmod(keys, max(len(ordered), 1))
    by_term = np.argsort(ids, kind="stable")  # within a term the documents stay in order
    parts: dict[str, NDArray[Any]] = {
        "indptr": _starts(ids, len(ordered)),
        "documents": rows[by_term].astype(np.int32),
        "counts": counts[by_term].astype(np.int32),
        "doc_indptr": _starts(rows, len(length)),
        "doc_terms": ids.astype(np.int32),
        "doc_counts": counts.astype(np.int32),
        "length": length,
    }
    for part in parts.values():
        part.flags.writeable = False
    return Index(vocabulary=StringTable.of(ordered), tokeniser=tokeniser, **parts)


def _starts(rows_of: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    starts = np.zeros(rows + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows_of, minlength=rows), out=starts[1:])
    return starts
