"""`Searches`: a batch of ConvSim searches as a struct of arrays that kernels advance at once.

This is the core that the scalar environment (one row), the vector environment, the bench and the
agents share. Kernels answer, judge and keep the books; documents are found by a retriever for all
rows whose query has changed at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.acts import Moves, Verb, whole_numbers
from recosim.envs.batch import Units, whole_options
from recosim.envs.compiled import CompiledBatch
from recosim.envs.convsim import entries
from recosim.envs.convsim.collection import Collection, collection_of, count_facets
from recosim.envs.convsim.fields import fields
from recosim.envs.convsim.finder import Finder, kept_terms
from recosim.envs.convsim.opening import OPENED, REWRITTEN
from recosim.envs.convsim.rules import CANDIDATES, ROOM, SearchRules
from recosim.envs.lists import check_lists
from recosim.errors import IllegalActionError, OptionError
from recosim.estimators.base import Vectors
from recosim.kernels.random import PURPOSES, draw_units
from recosim.kernels.table import Memory
from recosim.kernels.threads import default_threads
from recosim.retrieval.evaluate import ndcg
from recosim.retrieval.index import Index
from recosim.retrieval.queries import Queries
from recosim.retrieval.retriever import Ranking
from recosim.users import Behaviour, Population, population
from recosim.world.world import World

__all__ = ["REWARD_TERMS", "Searches"]

REWARD_TERMS = ("gain", "questions", "words", "illegal")

# What the need of each turn finds as a query, by world and rules of retrieval: nDCG, NaN unknown.
_CEILINGS: WeakKeyDictionary[World, dict[Any, NDArray[np.float64]]] = WeakKeyDictionary()


class Searches(CompiledBatch):
    """B searches under one set of rules. Rows are independent; row b is at index b of each array.

    docs/convsim.md, section 9, says what each array holds, and what an agent may read: all but
    `need`, `user`, `disappointments` and what the evaluator sees (`ndcg` and the like).

    Who answers a move that was posed writes `kind`, `named`, `removed`, `levels` and
    `leaving`, and settles.

    Args:
        world: the collection. vectors: nothing is read of them. protocol: the rules. size: B.
        users: how rule users answer: all alike, or a population that draws one for each topic.
        split: whose needs: the topics of a world are in "train", "valid" or "test".
        raise_illegal: refuse a batch with an illegal action; else the action is penalised.
        open_ended: `step` begins the next search in rows that have ended.
        threads: threads that share a large batch; default: up to 4, by the processors.
        settings: `track` is taken and means nothing here: everything is up to date.

    Attributes:
        index: the index of the collection, whose terms all terms here are.
        finder: what finds documents.
    """

    family = "convsim"
    fields: ClassVar = fields
    entries: ClassVar = entries
    reward_terms = REWARD_TERMS
    solvable = 0.5  # the need as a query finds nothing relevant at the top of some collections
    protocol: SearchRules

    def __init__(
        self,
        world: World,
        vectors: Vectors,
        protocol: SearchRules,
        size: int,
        *,
        users: Behaviour | Population | None = None,
        split: str = "valid",
        raise_illegal: bool = True,
        open_ended: bool = False,
        threads: int | None = None,
        **settings: Any,
    ) -> None:
        if size < 1:
            raise OptionError(f"size is {size}; at least 1 search is needed.")
        self.world, self.vectors, self.protocol = world, vectors, protocol
        self.size, self.split = size, split
        self.users = population(users or Behaviour())
        self.n_askables = self.count_askables(protocol, world)
        self.n_actions = self.n_askables + len(self.verbs) - 1
        self.threads = threads if threads is not None else default_threads()
        self.open_ended = open_ended
        self.collection: Collection = collection_of(world, protocol)
        self.collection.check_start(world, protocol)
        self.index: Index = self.collection.index
        self.finder = Finder(world, self.index, protocol)
        self._units = self.units()
        self._ceilings = self._known_ceilings()
        given = {
            **self.collection.arrays,
            **self.collection.said(protocol),
            **self.collection.judged(protocol.ndcg_at),
            "rewards": np.array(astuple(protocol.rewards), dtype=np.float64),
            "traits": self.users.traits(self.collection.topics.n_topics),
            **{
                name: np.array([getattr(protocol, name)], dtype=np.float64)
                for name in ("dropped", "no_weight", "stop_at")
            },
        }
        self.memory = Memory(fields, self._sizes(given, raise_illegal), given)
        self.table = self.memory.table
        self.arrays = dict(self.memory.arrays)
        self.arrays["done"][:] = 1  # until it is opened, a row has ended
        self.arrays["mask"][:] = 1

    def _sizes(self, given: dict[str, NDArray[Any]], raise_illegal: bool) -> dict[str, int]:
        index, topics, rules = self.index, self.collection.topics, self.protocol
        return {
            "rows": self.size,
            "terms": len(given["term_facets"]),
            "terms_plus_1": len(given["gram_indptr"]),
            "documents": index.n_documents,
            "documents_plus_1": index.n_documents + 1,
            "turns": topics.n_turns,
            "turns_plus_1": topics.n_turns + 1,
            "topics_plus_1": topics.n_topics + 1,
            "n_doc_terms": len(index.doc_terms),
            "keys": given["key_terms"].shape[1],
            "n_grams": len(given["grams"]),
            "n_need_terms": len(given["need_terms"]),
            "n_said_terms": len(given["said_terms"]),
            "n_judged": len(given["judged"]),
            "top_k": rules.top_k,
            "found": self.n_found,
            "places": rules.questions,
            "facets": count_facets(self.world),
            "actions": self.n_actions,
            "room": ROOM,
            "kept": CANDIDATES,
            "four": 4,
            "n_rewards": len(given["rewards"]),
            "n_terms": len(REWARD_TERMS),
            "n_traits": given["traits"].shape[1],
            "trait_rows": given["traits"].shape[0],
            "one": 1,
            "max_turns": rules.max_turns,
            "rounds": rules.rounds,
            "reads": rules.reads,
            "partial": int(rules.start == "partial"),
            "expands": int(rules.rewrite != "append"),
            "likely": int(rules.shortlist == "likely"),
            "split_over": rules.split_over,
            "ndcg_at": rules.ndcg_at,
            "oracle_stop": int(rules.oracle_stop),
            "raise_illegal": int(raise_illegal),
        }

    @property
    def n_found(self) -> int:
        """P: documents that a search finds, at most."""
        return min(max(self.protocol.depth, self.protocol.top_k), self.world.n_items)

    @classmethod
    def count_askables(cls, protocol: Any, world: Any) -> int:
        return int(protocol.questions) + count_facets(world) + 1

    def _known_ceilings(self) -> NDArray[np.float64]:
        p = self.protocol
        key = (p.retriever, p.reranker, p.encoder, p.k1, p.b, p.plurals, p.ndcg_at, self.n_found)
        known = _CEILINGS.setdefault(self.world, {})
        return known.setdefault(key, np.full(self.collection.topics.n_turns, np.nan))

    # ---- opening ---------------------------------------------------------------------------------

    def open(
        self,
        rows: Any = slice(None),
        *,
        seeds: ArrayLike | None = None,
        conversations: ArrayLike | None = None,
        units: ArrayLike | None = None,
    ) -> None:
        a, chosen = self.arrays, self._key_rows(rows, seeds, conversations)
        if units is None:
            zeros = np.zeros(len(chosen))
            luck = draw_units(a["seed"][chosen], a["conversation"][chosen], zeros, PURPOSES["user"])
            units = self._units.table[(luck * len(self._units)).astype(np.int64)]
        a["need"][chosen] = np.asarray(units)[:, 0]
        a["to_open"][chosen] = 1
        self.run(entries.open_rows)
        self._renew()
        self._find_ceilings(np.unique(a["need"][chosen]))
        a["ceiling"][chosen] = self._ceilings[a["need"][chosen]]

    def _find_ceilings(self, needs: NDArray[np.int32]) -> None:
        """What the needs find as queries, where nobody has looked yet."""
        new = needs[np.isnan(self._ceilings[needs])]
        if len(new):
            found, cut = self.finder.find(self.needs_of(new), self.n_found), self.protocol.ndcg_at
            turns = new.astype(np.int64)
            self._ceilings[new] = ndcg(found.items, self.collection.judgements, turns, cut)

    def needs_of(self, turns: NDArray[np.integer[Any]]) -> Queries:
        """Needs as queries: what nobody but the evaluator and the oracle may search."""
        return _picked(self.collection.arrays, "need", turns)

    def reset_options(self, options: Mapping[str, Any] | None) -> dict[str, Any]:
        """`need`: any turn of the collection that has a relevant document, of whatever split."""
        if not options:
            return {}
        need = whole_options(options, ("need",))["need"]
        able = self.collection.wanting
        if not 0 <= need < len(able) or not able[need]:
            raise OptionError(
                f"reset option 'need' is {need}; allowed are the turns 0 to {len(able) - 1} of "
                f"world {self.world.name!r} that have a relevant document and a need of known "
                f"words, such as {', '.join(map(str, np.flatnonzero(able)[:8]))}."
            )
        return {"units": [[need]]}

    def units(self) -> Units:
        turns = self.collection.turns_of(self.split)
        if not len(turns):
            raise OptionError(
                f"the {self.split} split of world {self.world.name!r} has no turn with a relevant "
                "document and a need of known words; choose another split."
            )
        return Units(("need",), turns[:, None], self.collection.topics.turn_topic[turns])

    # ---- moves -----------------------------------------------------------------------------------

    def step(self, moves: Moves) -> None:
        ended = np.flatnonzero(self.arrays["done"]) if self.open_ended else ()
        super().step(moves)
        if len(ended):
            self.arrays["conversation"][ended] += 1
            self.open(ended)
        else:
            self._renew()

    def step_one(self, move: Any) -> None:
        a, (code, items, _) = self.arrays, move
        if items is None:
            a["n_slate"][0] = 0
        else:
            check_lists("items", items[None], (1, self.protocol.top_k), self.world.n_items)
            a["slate"][0] = items
            a["n_slate"][0] = (items >= 0).sum()
        a["action"][0] = code
        if entries.advance(self.table, 0, 1) >= 0:
            raise IllegalActionError(self.explain_illegal(0, code))
        self._renew()

    def settle(self) -> None:
        super().settle()
        self._renew()

    def _write(self, moves: Moves) -> None:
        """Moves into the fields of the core, once they are checked."""
        a, n, size = self.arrays, self.n_askables, self.size
        codes = whole_numbers("actions", moves.to_flat(n, self.verbs))
        if codes.shape != (size,):
            raise IllegalActionError(
                f"moves have shape {codes.shape}; one for each of {size} rows is needed."
            )
        if codes.min() < -1 or codes.max() >= self.n_actions:
            Moves.from_flat(codes, n, verbs=self.verbs)
        shows = codes == n
        a["n_slate"][:] = 0
        if moves.items is not None:
            lists = np.asarray(moves.items)
            check_lists("items", lists, (size, self.protocol.top_k), self.world.n_items, shows)
            a["slate"][:] = lists
            a["n_slate"][:] = np.where(shows, (lists >= 0).sum(axis=1), 0)
        a["action"][:] = codes

    def _renew(self) -> None:
        """Search where a query has changed; candidates, shortlists and masks."""
        a = self.arrays
        rows = np.flatnonzero(a["to_search"])
        if len(rows):
            if self.protocol.rewrite != "append":
                self._expand(rows[a["to_search"][rows] == REWRITTEN])
            found = self.finder.find(self.queries(rows), self.n_found)
            a["found_items"][rows], a["found_scores"][rows] = found
            a["to_rank"][rows] = np.where(a["to_search"][rows] == OPENED, OPENED, 1)
            a["to_search"][rows] = 0
        self.run(entries.renew_rows)

    def _expand(self, rows: NDArray[np.int64]) -> None:
        a = self.arrays
        if not len(rows):
            return
        marked = np.arange(ROOM) < a["n_marked"][rows, None]
        up, down = (
            [
                items[there].tolist()
                for items, there in zip(
                    a["marked_items"][rows], marked & (a["marked_up"][rows] == way), strict=True
                )
            ]
            for way in (1, 0)
        )
        self._put(self.finder.expand(self.queries(rows), up, down), rows)

    def _put(self, queries: Queries, rows: NDArray[np.int64]) -> None:
        """Queries of at most `ROOM` terms as those in force."""
        a, sizes = self.arrays, np.diff(queries.indptr)
        a["n_query"][rows] = sizes
        for name, empty, values in (
            ("query_terms", -1, queries.terms),
            ("query_weights", 0.0, queries.weights),
        ):
            part = np.full((len(rows), ROOM), empty, dtype=a[name].dtype)
            part[np.arange(ROOM) < sizes[:, None]] = values
            a[name][rows] = part

    def why_illegal(self, row: int, action: int) -> str:
        q, n = self.protocol.questions, self.n_askables
        if action < q:
            return f"the place {action} of the shortlist holds no term"
        if action < n - 1:
            return f"{self.world.facet_names[action - q]!r} was asked about in this search already"
        return "a reflection needs something that was said or marked since the query was rewritten"

    def success(self) -> NDArray[np.bool_]:
        """Whether the search has ended and its last list has a relevant document at the top."""
        a = self.arrays
        top: NDArray[np.bool_] = a["reciprocal_rank"] >= 1.0 / self.protocol.ndcg_at
        return top & (a["done"] > 0)

    def logged(self) -> dict[str, NDArray[np.floating[Any]]]:
        a = self.arrays
        words = a["words"].astype(float)
        return {"success": self.success().astype(float), "ndcg": a["ndcg"], "words": words}

    def solve(self) -> Moves:
        """The list that the need finds as a query."""
        found = self.finder.find(self.needs_of(self.arrays["need"]), self.protocol.top_k)
        items = np.full((self.size, self.protocol.top_k), -1, dtype=np.int32)
        items[:, : found.items.shape[1]] = found.items
        return Moves.all_of(Verb.RECOMMEND, self.size, items)

    # ---- what an agent may read and do -----------------------------------------------------------

    def legal_actions(self) -> NDArray[np.int8]:
        """Legal actions of the "flat" view, int8 (B, n_actions), 1 is legal; live."""
        return self.arrays["mask"]

    def best_items(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        k, a = self.protocol.top_k, self.arrays
        items = np.full((self.size, k), -1, dtype=np.int32)
        scores = np.zeros((self.size, k), dtype=np.float32)
        some = min(k, self.n_found)
        items[:, :some], scores[:, :some] = a["found_items"][:, :k], a["found_scores"][:, :k]
        return items, scores

    def queries(self, rows: Any = slice(None)) -> Queries:
        """The queries in force of some rows, their terms in the order of `query_terms`."""
        a, sizes = self.arrays, self.arrays["n_query"][rows]
        kept = np.arange(ROOM) < sizes[:, None]
        indptr = np.zeros(len(sizes) + 1, dtype=np.int64)
        np.cumsum(sizes, out=indptr[1:])
        return Queries(indptr, a["query_terms"][rows][kept], a["query_weights"][rows][kept])

    def search(self, queries: Queries, k: int) -> Ranking:
        """What the retriever of the rules finds; changes nothing."""
        return self.finder.find(queries, k)

    def set_query(self, queries: Queries, rows: Any = slice(None)) -> None:
        """Put queries of the agent's own in force, and search.

        Args:
            queries: one for each row; of more than `ROOM` terms those of the greatest absolute
                weight are kept.

        Raises:
            OptionError: not one query for each row, or a term that the index does not have.
        """
        chosen = np.arange(self.size)[rows]
        if queries.n != len(chosen):
            raise OptionError(f"{queries.n} queries were given for {len(chosen)} rows.")
        self._check_terms(queries.terms)
        self._put(kept_terms(queries), chosen)
        self.arrays["fresh"][chosen] = 0
        self.arrays["to_search"][chosen] = 1
        self._renew()

    def offer(self, terms: ArrayLike, rows: Any = slice(None)) -> None:
        """Put terms of the agent's own on the last places of the shortlist, until the next turn.

        Args:
            terms: int (rows, n), n at most `questions` of the rules; -1 leaves a place as it is.

        Raises:
            OptionError: of another shape, or a term that the index does not have.
        """
        a, chosen = self.arrays, np.arange(self.size)[rows]
        given = np.asarray(terms)
        shaped = given.ndim == 2 and len(given) == len(chosen)
        if not shaped or given.shape[1] > self.protocol.questions:
            raise OptionError(
                f"terms have shape {given.shape}; ({len(chosen)}, n) is needed, n at most "
                f"{self.protocol.questions}."
            )
        self._check_terms(given[given != -1])
        last = a["questions"][chosen, self.protocol.questions - given.shape[1] :]
        first = self.protocol.questions - given.shape[1]
        a["questions"][chosen, first:] = np.where(given >= 0, given, last)
        a["to_measure"][chosen] = 1
        self._renew()

    def _check_terms(self, terms: NDArray[Any]) -> None:
        known = terms.dtype.kind in "iu" and ((terms >= 0) & (terms < self.index.n_terms)).all()
        if len(terms) and not known:
            raise OptionError(f"terms are whole numbers of 0..{self.index.n_terms - 1}.")


def _picked(arrays: Mapping[str, NDArray[Any]], name: str, rows: NDArray[Any]) -> Queries:
    """Some rows of packed terms and counts as queries."""
    starts, ends = arrays[f"{name}_indptr"][rows], arrays[f"{name}_indptr"][rows.astype(int) + 1]
    indptr = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(ends - starts, out=indptr[1:])
    flat = np.repeat(starts - indptr[:-1], ends - starts) + np.arange(indptr[-1])
    return Queries(indptr, arrays[f"{name}_terms"][flat], arrays[f"{name}_counts"][flat])
