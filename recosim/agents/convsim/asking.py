"""Rules that ask before they show: while a question parts the list well, or up to a budget."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves
from recosim.agents.convsim.base import SearchAgent
from recosim.agents.convsim.shortlist import place_of, shortlister
from recosim.envs.convsim.searches import Searches
from recosim.errors import OptionError

__all__ = ["AlwaysAsk", "Clarify", "check_budget", "facet_splits"]


class AlwaysAsk(SearchAgent):
    """Asks for the best of its shortlist until its budget of questions is spent, then shows.

    Where the shortlist is empty it asks the open question. What was said it reflects at once.

    Args:
        most: questions of a search; the last turn always shows.
        shortlist: whose terms: "found", those of the environment, or "model", the strongest of the
            relevance model (`recosim.agents.convsim.shortlist`).
    """

    name = "always_ask"

    def __init__(self, most: int = 4, shortlist: str = "found") -> None:
        self.most = check_budget("most", most)
        self.shortlist = shortlist
        self._shortlister = shortlister(shortlist)

    def settings(self) -> dict[str, Any]:
        return {"most": self.most, "shortlist": self.shortlist}

    def act(self) -> Moves:
        b = self.batch
        ask = (b.arrays["asked"] < self.most) & ~self.last_turn()
        if self.shortlist == "found":
            return self.ask_or_show(ask, np.full(b.size, -1))
        asks = ask & ~self.unheard() & (b.arrays["done"] == 0)
        terms = self._shortlister.questions(b)
        best = terms[:, 0].copy() if terms.shape[1] else np.full(b.size, -1, dtype=np.int32)
        return self.ask_or_show(ask, place_of(b, asks, best))


class Clarify(SearchAgent):
    """Asks for the term or facet that parts the documents found best, while one parts them well.

    How well is 4 p (1 - p), p the share of the score of the documents that have it: 1 in the
    middle. Of a facet the best of its attributes counts.

    Args:
        least: how well a question must part them, 0 to 1.
        most: questions of a search; the last turn always shows.
    """

    name = "clarify"

    def __init__(self, least: float = 0.75, most: int = 4) -> None:
        if not 0 <= least <= 1:
            raise OptionError(f"least is {least!r}; a number from 0 to 1 is needed.")
        self.least, self.most = float(least), check_budget("most", most)

    def settings(self) -> dict[str, Any]:
        return {"least": self.least, "most": self.most}

    def act(self) -> Moves:
        b, a = self.batch, self.batch.arrays
        splits = self.splits()
        best = splits.argmax(axis=1) if splits.shape[1] else np.full(b.size, -1)
        value = splits.max(axis=1, initial=-1.0)
        ask = (value >= self.least) & (value >= 0) & (a["asked"] < self.most) & ~self.last_turn()
        return self.ask_or_show(ask, best)

    def splits(self) -> NDArray[np.float64]:
        """How well each question parts the documents found, -1 if not legal; (B, Q + F)."""
        b, a = self.batch, self.batch.arrays
        p = a["question_shares"].astype(np.float64)
        values = np.concatenate([4.0 * p * (1.0 - p), facet_splits(b)], axis=1)
        legal = b.legal_actions()[:, : values.shape[1]] > 0
        return np.where(legal, values, -1.0)


def facet_splits(batch: Searches) -> NDArray[np.float64]:
    """How well each facet parts the documents found: of its attributes the best; float64 (B, F)."""
    a, world = batch.arrays, batch.world
    n_facets = batch.n_askables - a["questions"].shape[1] - 1
    out = np.zeros((batch.size, n_facets))
    if not n_facets:
        return out
    width = batch.protocol.split_over
    items, scores = a["found_items"][:, :width], a["found_scores"][:, :width]
    weights = np.where((items >= 0) & (scores > 0), scores, 0.0)
    total = weights.sum(axis=1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    links, facet = world.item_attributes, world.attribute_facet
    rows, places = np.nonzero(weights > 0)
    ids = items[rows, places]
    degrees = np.asarray(links.indptr[ids + 1] - links.indptr[ids])
    owner = np.repeat(np.arange(len(ids)), degrees)
    first = np.cumsum(degrees) - degrees
    at = links.indptr[ids][owner] + np.arange(degrees.sum()) - first[owner]
    attributes = links.indices[at]
    mass = np.zeros((batch.size, world.n_attributes))
    np.add.at(mass, (rows[owner], attributes), weights[rows, places][owner])
    split = 4.0 * mass * (1.0 - mass)
    for f in range(n_facets):
        mine = facet == f
        if mine.any():
            out[:, f] = split[:, mine].max(axis=1)
    return out


def check_budget(name: str, value: int) -> int:
    """A number of questions. Raises `OptionError`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise OptionError(f"{name} is {value!r}; a whole number from 0 is needed.")
    return value
