"""Rules that never ask: nothing is heard, or what users say of lists goes into the next query."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Verb
from recosim.agents.convsim.base import SearchAgent, appended, marked
from recosim.errors import OptionError
from recosim.retrieval.expansion import rm3, rocchio
from recosim.retrieval.queries import Queries

__all__ = ["RM3", "Append", "Rocchio", "ShowOnly"]


class ShowOnly(SearchAgent):
    """Shows what the first query finds, whatever is said: the control without feedback."""

    name = "bm25"

    def act(self) -> Moves:
        return Moves.all_of(Verb.RECOMMEND, self.batch.size)


class Append(SearchAgent):
    """Reflects whenever something was said, else shows: the environment rewrites the query."""

    name = "append"

    def act(self) -> Moves:
        nobody = np.zeros(self.batch.size, dtype=np.bool_)
        return self.ask_or_show(nobody, np.full(self.batch.size, -1))


class _Rewriter(SearchAgent):
    """Puts a query of its own in place of the one in force whenever something was said."""

    def act(self) -> Moves:
        rows = np.flatnonzero(self.unheard())
        if len(rows):
            self.batch.set_query(self.rewrite(rows), rows)
        return Moves.all_of(Verb.RECOMMEND, self.batch.size)

    def rewrite(self, rows: NDArray[np.int64]) -> Queries:
        """A query for each of some rows."""
        raise NotImplementedError


class Rocchio(_Rewriter):
    """What was said of terms is appended, and the query moves towards documents with a thumb up.

    Rocchio (1971), "Relevance feedback in information retrieval".

    Args:
        terms: words that each side of the documents gives.
        beta, gamma: how much documents with a thumb up and down count.
    """

    name = "rocchio"

    def __init__(self, terms: int = 5, beta: float = 0.75, gamma: float = 0.15) -> None:
        self.terms = _at_least_one("terms", terms)
        for name, value in (("beta", beta), ("gamma", gamma)):
            if not 0 <= value <= 100:
                raise OptionError(f"{name} is {value!r}; a number from 0 to 100 is needed.")
        self.beta, self.gamma = float(beta), float(gamma)

    def settings(self) -> dict[str, Any]:
        return {"terms": self.terms, "beta": self.beta, "gamma": self.gamma}

    def rewrite(self, rows: NDArray[np.int64]) -> Queries:
        up, down = marked(self.batch, rows)
        query = appended(self.batch, rows)
        return rocchio(
            self.batch.index, query, up, down, terms=self.terms, beta=self.beta, gamma=self.gamma
        )


class RM3(_Rewriter):
    """What was said of terms is appended, and the words of the best documents are mixed in.

    Abdul-Jaleel et al. (2004), "UMass at TREC 2004: novelty and HARD".

    Args:
        documents, terms: how many of each are used.
        original: weight of the query beside these words, 0 to 1.
    """

    name = "rm3"

    def __init__(self, documents: int = 10, terms: int = 10, original: float = 0.5) -> None:
        self.documents = _at_least_one("documents", documents)
        self.terms = _at_least_one("terms", terms)
        if not 0 <= original <= 1:
            raise OptionError(f"original is {original!r}; a number from 0 to 1 is needed.")
        self.original = float(original)

    def settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("documents", "terms", "original")}

    def rewrite(self, rows: NDArray[np.int64]) -> Queries:
        query = appended(self.batch, rows)
        found = self.batch.search(query, self.documents)
        return rm3(
            self.batch.index,
            query,
            found,
            documents=self.documents,
            terms=self.terms,
            original=self.original,
        )


def _at_least_one(name: str, value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise OptionError(f"{name} is {value!r}; a whole number from 1 is needed.")
    return value
