"""The columns that ConvSim adds to a trace, and what its searches are: docs/convsim.md, section 9.

Names are those of the arrays where a copy is all there is to it; what tells of the move alone is
called shortly: `at_turn` is `turn` here, `move_words` is `words`. Terms are numbers of the
vocabulary of the collection's index. Traces are read by evaluators: they hold what agents must not
see, the need and the judgements' figures among it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recosim.acts import Level, Outcome, Verb
from recosim.envs.convsim.rules import STARTS, Kind, SearchRules
from recosim.metrics import Episodes
from recosim.trace import Column, Columns, Trace, totals

__all__ = ["COLUMNS", "IMPATIENT", "MOST_LISTS", "SATISFIED", "SearchColumns", "after_round"]

SATISFIED, IMPATIENT = 1, 2  # in `leaving`
# Lists of a search, at most: `rounds` is 50 at most, and there is one before the first round.
MOST_LISTS = 51

_INTS = pa.list_(pa.int32())

EXTRA = (
    Column("turn", pa.int16(), "turn of the move, from 1; that of the next one for a reflection"),
    Column("need", pa.int32(), "turn of `World.topics` that the search is about", of="needs"),
    Column(
        "about",
        pa.int32(),
        "number of the question among the actions that ask; -1 for no question",
    ),
    Column("term", pa.int32(), "the term that was asked about; -1 for none"),
    Column(
        "facet", pa.int16(), "the facet that was asked about; -1 for none", of="facets", least=-1
    ),
    Column("kind", pa.int8(), "what the user said: `recosim.envs.convsim.rules.Kind`", of=Kind),
    Column("named", _INTS, "the terms that the user named"),
    Column("removed", pa.int32(), "the term that the user wants out of the query; -1 for none"),
    Column("items", _INTS, "the documents shown, best first", of="items"),
    Column(
        "levels",
        pa.list_(pa.int8()),
        "`recosim.acts.Level` of each of them; -1 where it was not looked at, or nothing was told",
        of=Level,
        least=-1,
    ),
    Column(
        "query",
        _INTS,
        "the terms of the query in force, of the opening (the first query), of a list (what it was "
        "found with, if the agent did not choose it) and of a reflection (what it made)",
    ),
    Column("weights", pa.list_(pa.float64()), "the weight of each of them"),
    Column("words", pa.int16(), "words that the user said, as effort counts them"),
    Column("lists", pa.int16(), "lists so far"),
    Column("outcome", pa.int8(), "`recosim.acts.Outcome`", of=Outcome),
    Column("ndcg", pa.float64(), "nDCG of the list; null for no list", None),
    Column(
        "reciprocal_rank",
        pa.float64(),
        "1 / the place of its first relevant document, 0 where it has none; null for no list",
        None,
    ),
    Column(
        "recall",
        pa.float64(),
        "share of all relevant documents that it holds; null for no list",
        None,
    ),
    Column("gain", pa.float64(), "nDCG of the list less that of the list before; 0 for no list"),
    Column(
        "start_ndcg",
        pa.float64(),
        "nDCG of what the first query finds; of the opening alone, else null",
        None,
    ),
    Column("ceiling", pa.float64(), "the same of the need as query", None),
    Column("leaving", pa.int8(), "the user goes: 1 satisfied, 2 impatient; 0 stays"),
    Column(
        "plurals", pa.bool_(), "of the rules: in which of the two vocabularies terms are numbers"
    ),
    Column("start", pa.int8(), "of the rules: what the first query holds, a place of `STARTS`"),
)

OUTCOMES = (
    Column("conversation", pa.int32(), "number of the search"),
    Column("user", pa.int32(), "the user: the number of the topic"),
    Column("topic", pa.int32(), "the topic: searches of a topic belong together"),
    Column("need", pa.int32(), "turn of `World.topics`"),
    Column("steps", pa.int16(), "acts of the system"),
    Column("turns", pa.int16(), "acts that took a turn"),
    Column("reward", pa.float64(), "the sum of all rewards"),
    Column("truncated", pa.bool_(), "the rounds or the turns ran out"),
    Column("lists", pa.int16(), "lists"),
    Column("questions", pa.int16(), "questions"),
    Column("valid", pa.int16(), "questions that were answered with yes, or with a term"),
    Column("reflects", pa.int16(), "reflections"),
    Column("illegal", pa.int16(), "moves that were penalised"),
    Column("words", pa.int32(), "words that the user said"),
    Column("named", pa.int32(), "terms that the user named"),
    Column("start_ndcg", pa.float64(), "nDCG of what the first query finds"),
    Column("ceiling", pa.float64(), "nDCG of what the need as query finds"),
    Column("ndcg", pa.float64(), "nDCG of the last list, 0 where there was none"),
    Column("rank", pa.int16(), "place of its first relevant document, from 1; 0 for none"),
    Column("best_rank", pa.int16(), "the best of these places over all lists; 0 for none"),
    Column("recall", pa.float64(), "share of all relevant documents that the last list holds"),
    Column("leaving", pa.int8(), "the user went: 1 satisfied, 2 impatient; 0 did not"),
    *(
        Column(
            f"ndcg_{r}",
            pa.float64(),
            f"nDCG of list {r + 1}, or of the last one before it; 0 where there was none",
        )
        for r in range(MOST_LISTS)
    ),
)

# Array of the batch -> column, where a copy is all there is to it.
_PLAIN = {
    "at_turn": "turn",
    "move_words": "words",
    **{
        name: name
        for name in ("need", "term", "facet", "kind", "removed", "lists", "outcome", "leaving")
    },
}
# Columns that tell of a list, null elsewhere.
_OF_LIST = ("ndcg", "reciprocal_rank", "recall")
# And those of the opening.
_OF_START = ("start_ndcg", "ceiling")


class SearchColumns(Columns):
    """ConvSim's columns; see `EXTRA` and `OUTCOMES`."""

    extra = EXTRA
    outcomes = OUTCOMES
    cluster = "topic"
    endings = (
        "satisfied",
        "left impatiently",
        "stopped by the oracle",
        "rounds or turns ran out",
        "unfinished",
    )

    def copy(self, batch: Any, rows: Any, verb: NDArray[np.int8]) -> dict[str, Any]:
        """See `Columns.copy`."""
        a = batch.arrays
        move: dict[str, Any] = {column: a[name][rows].copy() for name, column in _PLAIN.items()}
        listed, opened = verb == Verb.RECOMMEND, verb == Verb.OPEN
        move["about"] = np.where(verb == Verb.ASK, a["about"][rows], -1)
        rules = batch.protocol
        move["plurals"] = np.full(len(move["about"]), rules.plurals)
        move["start"] = np.full(len(move["about"]), STARTS.index(rules.start), dtype=np.int8)
        named = a["named"][rows]
        move["named"] = _kept(named, named >= 0)
        items = a["shown"][rows]  # those of the last list, until there is another
        here = _first(a["n_shown"][rows], items.shape[1]) & listed[:, None]
        move["items"], move["levels"] = _kept(items, here), _kept(a["levels"][rows], here)
        terms = a["query_terms"][rows]
        used = listed | opened | (verb == Verb.REFLECT)
        there = _first(a["n_query"][rows], terms.shape[1]) & used[:, None]
        move["query"] = _kept(terms, there)
        move["weights"] = _kept(a["query_weights"][rows], there)
        move |= {name: np.where(listed, a[name][rows], np.nan) for name in _OF_LIST}
        move |= {name: np.where(opened, a[name][rows], np.nan) for name in _OF_START}
        move["gain"] = np.where(listed, a["gain"][rows], 0.0)
        return move

    def summarise(
        self, trace: Trace, starts: NDArray[np.int64], last: NDArray[np.int64]
    ) -> dict[str, NDArray[Any]]:
        """See `Columns.summarise`."""
        verb, kind = trace.column("verb"), trace.column("kind")
        asked = verb == Verb.ASK
        rank = _ranks(trace.column("reciprocal_rank"))
        ending = _last_lists(verb, starts)
        shown = ending >= 0
        named = np.asarray(trace.table.column("named").combine_chunks().value_lengths())

        def count(moves: NDArray[np.bool_]) -> NDArray[np.int64]:
            return totals(moves.astype(np.int64), starts)

        def of_last(values: NDArray[Any]) -> NDArray[Any]:
            """Of the last list of each search; 0 where there was none."""
            return np.where(shown, values[np.maximum(ending, 0)], 0) if len(starts) else values[:0]

        user = trace.column("user")[starts]
        return {
            "conversation": trace.column("conversation")[starts],
            "user": user,
            "topic": user,
            "need": trace.column("need")[starts],
            "steps": trace.column("step")[last],
            "turns": count(asked | (verb == Verb.RECOMMEND) | (verb == Verb.ILLEGAL)),
            "reward": totals(trace.column("reward").astype(np.float64), starts),
            "truncated": trace.column("truncated")[last],
            "lists": trace.column("lists")[last],
            "questions": count(asked),
            "valid": count(asked & ((kind == Kind.YES) | (kind == Kind.VALUE))),
            "reflects": count(verb == Verb.REFLECT),
            "illegal": count(verb == Verb.ILLEGAL),
            "words": totals(trace.column("words").astype(np.int64), starts),
            "named": totals(named.astype(np.int64), starts),
            "start_ndcg": trace.column("start_ndcg")[starts],
            "ceiling": trace.column("ceiling")[starts],
            "ndcg": of_last(trace.column("ndcg")),
            "rank": of_last(rank),
            "best_rank": _best(rank, starts),
            "recall": of_last(trace.column("recall")),
            "leaving": trace.column("leaving")[last],
            **_by_round(trace, starts),
        }

    def check(self, episodes: Episodes, rules: SearchRules) -> str:
        """See `Columns.check`."""
        if not len(episodes):
            return ""
        lists, steps, turns = (int(episodes[name].max()) for name in ("lists", "steps", "turns"))
        if lists > rules.rounds + 1:
            return f"{lists} lists in a search, but it has {rules.rounds + 1} at most"
        if turns > rules.max_turns:
            return f"{turns} turns in a search, but it has {rules.max_turns} at most"
        if steps > rules.acting_turns:
            return f"{steps} acts in a search, but it has {rules.acting_turns} at most"
        if (episodes["valid"] > episodes["questions"]).any():
            return "more questions answered than asked"
        for name in ("ndcg", "start_ndcg", "ceiling", "recall"):
            if (episodes[name] < 0).any() or (episodes[name] > 1 + 1e-9).any():
                return f"{name} is not between 0 and 1"
        return ""

    def ending(self, last: pa.Table) -> NDArray[np.int64]:
        """See `Columns.ending`."""
        satisfied, impatient, stopped, short, unfinished = range(len(self.endings))
        terminated, truncated = (
            np.asarray(last.column(name).to_numpy(), dtype=bool)
            for name in ("terminated", "truncated")
        )
        leaving = np.asarray(last.column("leaving").to_numpy())
        gone = np.where(leaving == IMPATIENT, impatient, stopped)
        kinds = np.where(leaving == SATISFIED, satisfied, gone)
        return np.where(terminated, kinds, np.where(truncated, short, unfinished)).astype(np.int64)


COLUMNS = SearchColumns()


def after_round(r: int) -> str:
    """The column of episodes that holds the nDCG after round r: of list r + 1, if it came to it."""
    return f"ndcg_{r}"


def _first(number: NDArray[np.int32], places: int) -> NDArray[np.bool_]:
    """The first so many places of each row: bool (rows, places)."""
    return np.arange(places) < number[:, None]


def _kept(values: NDArray[Any], keep: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Some values of each row, one row after the other, and how many each has."""
    return values[keep], keep.sum(axis=1)


def _ranks(reciprocal: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places of the first relevant document, from 1; 0 where there is none, or no list."""
    ranks = np.zeros(len(reciprocal), dtype=np.int64)
    found = np.nan_to_num(reciprocal) > 0
    ranks[found] = np.rint(1 / reciprocal[found]).astype(np.int64)
    return ranks


def _best(ranks: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The least place of each search that is one, 0 where there is none."""
    if not len(starts):
        return ranks[:0]
    none = np.iinfo(np.int64).max
    best = np.minimum.reduceat(np.where(ranks > 0, ranks, none), starts)
    return np.where(best == none, 0, best)


def _last_lists(verb: NDArray[np.int8], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The row of the last list of each search, -1 where there was none; int64 (searches,)."""
    if not len(starts):
        return np.zeros(0, dtype=np.int64)
    rows = np.where(verb == Verb.RECOMMEND, np.arange(len(verb)), -1)
    return np.maximum.reduceat(rows, starts)


def _by_round(trace: Trace, starts: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """The nDCG after each round, carried forward to the rounds that a search does not come to."""
    rows = np.flatnonzero(trace.column("verb") == Verb.RECOMMEND)
    search = np.searchsorted(starts, rows, side="right") - 1
    # Column 0 is before the first list.
    values = np.zeros((len(starts), MOST_LISTS + 1))
    known = np.zeros(values.shape, dtype=np.int64)
    places = trace.column("lists")[rows].astype(np.int64)
    values[search, places] = trace.column("ndcg")[rows]
    known[search, places] = places
    known = np.maximum.accumulate(known, axis=1)
    carried = np.take_along_axis(values, known, axis=1)
    return {after_round(r): carried[:, r + 1] for r in range(MOST_LISTS)}
