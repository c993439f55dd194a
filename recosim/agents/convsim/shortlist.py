"""`Shortlister`: which terms to ask about, apart from when to ask.

An agent puts terms on the shortlist of the environment with `Searches.offer`. Those of a
shortlister are `int32 (B, Q)`, best first, -1 where there are fewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from recosim.errors import unknown
from recosim.retrieval.expansion import rm3
from recosim.retrieval.retriever import Ranking

if TYPE_CHECKING:
    from recosim.envs.convsim.searches import Searches

__all__ = [
    "SHORTLISTERS",
    "Found",
    "Model",
    "Shortlister",
    "known_terms",
    "place_of",
    "shortlister",
]


class Shortlister(Protocol):
    """What proposes terms to ask about."""

    def questions(self, batch: Searches) -> NDArray[np.int32]:
        """Terms for each row, int32 (B, Q), best first, -1 where there are fewer.

        Only what an agent may read is read. A term that the query holds or that was heard is no
        question.
        """
        ...


class Found:
    """The shortlist of the environment: what parts the documents found, or what they are about."""

    def questions(self, batch: Searches) -> NDArray[np.int32]:
        own: NDArray[np.int32] = batch.arrays["questions"]
        return own


class Model:
    """The strongest terms of the relevance model of the documents found, as RM3 has them.

    Abdul-Jaleel et al. (2004), after Lavrenko and Croft (2001): each document speaks with the share
    of its score, and each of its words with its share of the document.

    Args:
        documents: how many are used.
    """

    def __init__(self, documents: int = 10) -> None:
        self.documents = documents

    def questions(self, batch: Searches) -> NDArray[np.int32]:
        a, width = batch.arrays, batch.arrays["questions"].shape[1]
        out = np.full((batch.size, width), -1, dtype=np.int32)
        rows = np.flatnonzero(a["done"] == 0)
        if not (width and len(rows)):
            return out
        ranking = Ranking(a["found_items"][rows], a["found_scores"][rows])
        query = batch.queries(rows)
        # As many as are asked for stay when those that are known have gone.
        most = width + int((a["n_query"] + a["n_heard"])[rows].max())
        model = rm3(batch.index, query, ranking, documents=self.documents, terms=most, original=0.0)
        for k, b in enumerate(rows.tolist()):
            known = known_terms(batch, b)
            strong = [(-w, t) for t, w in model.row(k).items() if t not in known]
            best = [t for _, t in sorted(strong)[:width]]
            out[b, : len(best)] = best
        return out


def known_terms(batch: Searches, row: int) -> set[int]:
    """Terms that the query in force holds, or that something was said of."""
    a = batch.arrays
    held = a["query_terms"][row, : a["n_query"][row]].tolist()
    return {*held, *a["heard_terms"][row, : a["n_heard"][row]].tolist()}


def place_of(
    batch: Searches, rows: NDArray[np.bool_], terms: NDArray[np.int32]
) -> NDArray[np.int64]:
    """The places at which some rows ask about terms, which are offered where they have none.

    Args:
        rows: bool (B,), rows that ask. terms: int32 (B,), -1 for none.

    Returns:
        int64 (B,), -1, the best of the environment, where there is no term.
    """
    places = np.full(batch.size, -1, dtype=np.int64)
    wanted = rows & (terms >= 0)
    there = batch.arrays["questions"] == terms[:, None]
    missing = np.flatnonzero(wanted & ~there.any(axis=1))
    if len(missing):
        batch.offer(terms[missing, None], missing)
    there = batch.arrays["questions"] == terms[:, None]
    places[wanted] = there[wanted].argmax(axis=1)
    return places


SHORTLISTERS: dict[str, type[Found] | type[Model]] = {"found": Found, "model": Model}


def shortlister(name: str) -> Shortlister:
    """A shortlister by its name. Raises `UnknownNameError`."""
    if name not in SHORTLISTERS:
        raise unknown("shortlist", name, SHORTLISTERS)
    return SHORTLISTERS[name]()
