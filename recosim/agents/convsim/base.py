"""`SearchAgent`: what agents that search have in common: they hear, and search again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Verb
from recosim.agents.base import Agent
from recosim.retrieval.queries import Queries

if TYPE_CHECKING:
    from recosim.envs.convsim.searches import Searches

__all__ = ["SearchAgent", "appended", "marked"]


class SearchAgent(Agent):
    """Base of the agents that are made for ConvSim.

    An agent reads what `Searches` says an agent may read: the query, what is found, what was said
    of terms and of documents; neither the need nor a judgement.
    """

    family = "convsim"

    @property
    def batch(self) -> Searches:
        """The searches this agent is bound to."""
        batch: Searches = super().batch
        return batch

    def unheard(self) -> NDArray[np.bool_]:
        """Running rows in which something was said that the query does not know; bool (B,)."""
        a = self.batch.arrays
        heard: NDArray[np.bool_] = (a["fresh"] > 0) & (a["done"] == 0)
        return heard

    def last_turn(self) -> NDArray[np.bool_]:
        """Rows whose next turn is the last one, so that only a list is of use; bool (B,)."""
        last: NDArray[np.bool_] = self.batch.arrays["turn"] >= self.batch.protocol.max_turns
        return last

    def ask_or_show(self, ask: NDArray[np.bool_], about: NDArray[np.int64]) -> Moves:
        """Reflect where something is unheard; of the other rows ask in some, show in the rest.

        Args:
            ask: bool (B,). about: int64 (B,), what these ask about, -1 for the best.
        """
        verb = np.where(ask, Verb.ASK, Verb.RECOMMEND)
        verb = np.where(self.unheard(), Verb.REFLECT, verb).astype(np.int8)
        return Moves(verb, np.where(verb == Verb.ASK, about, -1).astype(np.int64))


def appended(batch: Searches, rows: NDArray[np.int64]) -> Queries:
    """The first query with what was said of terms: without what is not wanted, plus what is.

    It is what Reflect makes under `rewrite = append` (docs/convsim.md, section 4), for n rows.
    """
    a, out = batch.arrays, []
    against = float(batch.protocol.no_weight)
    for b in rows.tolist():
        start, heard = a["n_start"][b], a["n_heard"][b]
        terms = a["start_terms"][b, :start].tolist()
        query = dict(zip(terms, a["start_weights"][b, :start].tolist(), strict=True))
        values = zip(
            a["heard_terms"][b, :heard].tolist(), a["heard_values"][b, :heard].tolist(), strict=True
        )
        for term, value in values:
            if value > 0:
                query.setdefault(term, 1.0)
            elif value < 0:
                query.pop(term, None)
                if against:
                    query[term] = -against
        out.append(query)
    return Queries.of(out)


def marked(batch: Searches, rows: NDArray[np.int64]) -> tuple[list[list[int]], list[list[int]]]:
    """The documents of some rows that got a thumb up, and those that got one down."""
    a = batch.arrays
    up, down = [], []
    for b in rows.tolist():
        n = int(a["n_marked"][b])
        items, likes = a["marked_items"][b, :n], a["marked_up"][b, :n]
        up.append(items[likes > 0].tolist())
        down.append(items[likes == 0].tolist())
    return up, down
