"""The columns that RecoWorld adds to a trace, and what its lives are: docs/recoworld.md, section 9.

Names are those of the arrays where a copy is all there is to it; what the core of a trace calls
otherwise, or has already, is renamed: `at_day` is `day` here, for a row tells of its own move.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recosim.acts import Level, Outcome, Verb
from recosim.envs.recoworld.rules import LifeRules
from recosim.metrics import Episodes
from recosim.trace import Column, Columns, Flag, Kind, Trace, totals
from recosim.world.world import World

__all__ = ["COLUMNS", "HEAD", "LifeColumns", "long_tail"]

# The share of items that is the head of a world, by train interactions; the others are its tail.
HEAD = 0.2

_INTS = pa.list_(pa.int32())


class Scope(IntEnum):
    """How long an instruction holds; the places of `recosim.envs.recoworld.acts.SCOPES`."""

    TURN = 0
    SESSION = 1
    ALWAYS = 2


# The numbers of an instruction.
_PARTS: tuple[Kind, ...] = (Flag, "attributes", "attributes", Scope)

EXTRA = (
    Column("day", pa.int16(), "day of the move, from 0"),
    Column("session", pa.int16(), "session of the move, from 0"),
    Column("round", pa.int16(), "round of the move in its session, from 1"),
    Column("used", pa.bool_(), "the move used a round; an opening uses none"),
    Column(
        "about",
        pa.int32(),
        "the attribute asked about; -1 for no question",
        of="attributes",
        least=-1,
    ),
    Column(
        "because", _INTS, "the attribute that was given as the reason for the list", of="attributes"
    ),
    Column("items", _INTS, "the items shown, best first", of="items"),
    Column(
        "levels",
        pa.list_(pa.int8()),
        "`recosim.acts.Level` of each of them; -1 where it was not read",
        of=Level,
        least=-1,
    ),
    Column("minutes", pa.list_(pa.float32()), "minutes spent with each of them"),
    Column("tail", pa.int8(), "how many of them are in the long tail (see `long_tail`)"),
    Column("length", pa.float32(), "minutes that all of them are long"),
    Column("outcome", pa.int8(), "`recosim.acts.Outcome`", of=Outcome),
    Column(
        "given",
        _INTS,
        "instructions given with the move: directive (1 want, 0 avoid), attribute, condition (-1 "
        "for none), scope (0 turn, 1 session, 2 always), directive, ...",
        of=_PARTS,
        least=(0, 0, -1, 0),
    ),
    Column(
        "at_opening",
        _INTS,
        "the same of those given at the opening of a session that it led to",
        of=_PARTS,
        least=(0, 0, -1, 0),
    ),
    Column(
        "less",
        pa.int32(),
        "the attribute that a reflection was answered with, less of it; -1",
        of="attributes",
        least=-1,
    ),
    Column("more", pa.int32(), "the same, more of it; -1", of="attributes", least=-1),
    Column("obeyed", pa.int16(), "instructions in force that the list obeyed"),
    Column("ignored", pa.int16(), "instructions in force that it ignored"),
    Column("first_obeyed", pa.int16(), "of those given since the list before: obeyed"),
    Column("first_ignored", pa.int16(), "of those given since the list before: ignored"),
    Column("over_lists", pa.int16(), "instructions to avoid that hold no longer"),
    Column("over_obeyed", pa.int16(), "those that the list obeyed nevertheless"),
    Column("over_base", pa.float32(), "how many of them it would obey by chance"),
    Column("ndcg", pa.float32(), "nDCG of the list against true utility; null for no list", None),
    Column("let_down", pa.float32(), "utility that was expected and not got"),
    Column("regret", pa.float32(), "minutes beyond those that the user meant to stay"),
    Column("utility", pa.float64(), "true utility so far"),
    Column("ended", pa.int8(), "the session ended: 1 left, 2 disappointed, 3 rounds ran out; 0 no"),
    Column("gone", pa.bool_(), "the user left for good with this move"),
    Column("gap", pa.int16(), "days until the next session; 0 the same goes on, -1 there is none"),
)

OUTCOMES = (
    Column("conversation", pa.int32(), "number of the life"),
    Column("user", pa.int32(), "the user"),
    Column("steps", pa.int16(), "acts of the recommender"),
    Column("rounds", pa.int16(), "acts that used a round"),
    Column("sessions", pa.int16(), "sessions; of a day there is one at most: days with a session"),
    Column("last_day", pa.int16(), "day of the last session"),
    Column("first_gap", pa.int16(), "days from the first session to the second; 0: there is none"),
    Column("left", pa.int16(), "sessions that the user left"),
    Column("exits", pa.int16(), "of these, out of disappointment"),
    Column("gone", pa.bool_(), "left for good"),
    Column("lists", pa.int16(), "lists"),
    Column("asks", pa.int16(), "questions"),
    Column("yes", pa.int16(), "questions answered with yes"),
    Column("reflects", pa.int16(), "reflections"),
    Column("passes", pa.int16(), "moves that showed nothing"),
    Column("illegal", pa.int16(), "moves that were penalised"),
    Column("justified", pa.int16(), "lists for which a reason was given"),
    Column("shown", pa.int32(), "items shown"),
    Column("read", pa.int32(), "items read"),
    Column("clicks", pa.int32(), "items consumed"),
    Column("likes", pa.int32(), "items liked"),
    Column("minutes", pa.float64(), "minutes with items"),
    Column("regret", pa.float64(), "minutes beyond those that the user meant to stay"),
    Column("voiced", pa.int16(), "moves that were answered with an instruction"),
    Column("instructions", pa.int16(), "instructions, those given unasked included"),
    Column("first_obeyed", pa.int32(), "instructions obeyed by the list that came next"),
    Column("first_ignored", pa.int32(), "instructions ignored by it"),
    Column("obeyed", pa.int32(), "instructions in force, list by list: obeyed"),
    Column("ignored", pa.int32(), "instructions in force, list by list: ignored"),
    Column("over_lists", pa.int32(), "instructions that hold no longer, list by list"),
    Column("over_obeyed", pa.int32(), "those that were obeyed nevertheless"),
    Column("over_base", pa.float64(), "how many would be obeyed by chance"),
    Column("utility", pa.float64(), "true utility"),
    Column("let_down", pa.float64(), "utility that was expected and not got"),
    Column("ndcg", pa.float64(), "the sum of the nDCG of all lists"),
    Column("tail", pa.int32(), "items shown that are in the long tail"),
    Column("length", pa.float64(), "minutes that all items shown are long"),
    Column("reward", pa.float64(), "the sum of all rewards"),
    Column("truncated", pa.bool_(), "the acts ran out"),
)

# Array of the batch -> column, where a copy is all there is to it.
_PLAIN = {
    "at_day": "day",
    "at_session": "session",
    "at_turn": "round",
    **{
        name: name
        for name in (
            *("outcome", "obeyed", "ignored", "first_obeyed", "first_ignored"),
            *("over_lists", "over_obeyed", "over_base", "let_down", "regret", "utility"),
            *("ended", "gap"),
        )
    },
}
_SUMMED = ("first_obeyed", "first_ignored", "obeyed", "ignored", "over_lists", "over_obeyed")
_SUMMED_REAL = ("over_base", "let_down", "regret", "length", "reward")


class LifeColumns(Columns):
    """RecoWorld's columns; see `EXTRA` and `OUTCOMES`."""

    extra = EXTRA
    outcomes = OUTCOMES
    endings = ("stayed", "left for good", "cut short", "unfinished")

    def copy(self, batch: Any, rows: Any, verb: NDArray[np.int8]) -> dict[str, Any]:
        """See `Columns.copy`."""
        a = batch.arrays
        move: dict[str, Any] = {column: a[name][rows].copy() for name, column in _PLAIN.items()}
        moved = (a["turn"][rows] != move["round"]) | (a["session"][rows] != move["session"])
        move["used"] = (moved | (move["ended"] > 0)) & (verb != Verb.OPEN)
        move["gone"] = a["gone"][rows] > 0
        listed, about = verb == Verb.RECOMMEND, a["about"][rows]
        move["about"] = np.where(verb == Verb.ASK, about, -1)
        move["because"] = (about[listed & (about >= 0)], (listed & (about >= 0)).astype(np.int64))
        items = a["shown"][rows]  # those of the last list, until there is another
        here = (np.arange(items.shape[1]) < a["n_shown"][rows][:, None]) & listed[:, None]
        for column, values in (
            ("items", items),
            ("levels", a["levels"]),
            ("minutes", a["minutes"]),
        ):
            move[column] = _kept(values if column == "items" else values[rows], here)
        figures, places = _figures(batch.world, batch.protocol), np.where(here, items, 0)
        move["tail"] = (figures.tail[places] & here).sum(axis=1)
        move["length"] = np.where(here, figures.minutes[places], 0.0).sum(axis=1)
        move["ndcg"] = np.where(listed, a["ndcg"][rows], np.nan)
        given = a["given"][rows]
        move["given"], move["at_opening"] = _instructions(given[:, :2]), _instructions(given[:, 2:])
        move["less"], move["more"] = a["said"][rows].T.copy()
        return move

    def summarise(
        self, trace: Trace, starts: NDArray[np.int64], last: NDArray[np.int64]
    ) -> dict[str, NDArray[Any]]:
        """See `Columns.summarise`."""
        verb, gap, ended = (trace.column(name) for name in ("verb", "gap", "ended"))
        levels, rows = _values(trace, "levels")
        given, told = (_values(trace, name)[1] for name in ("given", "at_opening"))

        def count(moves: NDArray[np.bool_]) -> NDArray[np.int64]:
            return totals(moves.astype(np.int64), starts)

        def number(of: NDArray[np.int64]) -> NDArray[np.int64]:
            """How many values of a list column each life has, by the rows of the values."""
            return totals(np.bincount(of, minlength=len(trace)), starts)

        minutes, spent = _values(trace, "minutes")
        each = np.bincount(spent, weights=minutes.astype(np.float64), minlength=len(trace))
        return {
            "conversation": trace.column("conversation")[starts],
            "user": trace.column("user")[starts],
            "steps": trace.column("step")[last],
            "rounds": count(trace.column("used")),
            "sessions": 1 + count(gap > 0),
            "last_day": trace.column("day")[last] + np.maximum(gap[last], 0),
            "first_gap": _first_gaps(gap, starts),
            "left": count((ended == LEFT) | (ended == DISAPPOINTED)),
            "exits": count(ended == DISAPPOINTED),
            "gone": trace.column("gone")[last],
            "lists": count(verb == Verb.RECOMMEND),
            "asks": count(verb == Verb.ASK),
            "yes": count((verb == Verb.ASK) & (trace.column("outcome") == Outcome.YES)),
            "reflects": count(verb == Verb.REFLECT),
            "passes": count(verb == Verb.PASS),
            "illegal": count(verb == Verb.ILLEGAL),
            "justified": number(_values(trace, "because")[1]),
            "shown": number(rows),
            "read": number(rows[levels >= 0]),
            "clicks": number(rows[levels >= Level.CLICK]),
            "likes": number(rows[levels >= Level.ACCEPT]),
            "minutes": totals(each, starts),
            "voiced": count(np.bincount(given, minlength=len(trace)) > 0),
            "instructions": (number(given) + number(told)) // len(_PARTS),
            "utility": trace.column("utility")[last],
            "ndcg": totals(np.nan_to_num(trace.column("ndcg").astype(np.float64)), starts),
            "tail": totals(trace.column("tail").astype(np.int64), starts),
            "truncated": trace.column("truncated")[last],
            **{name: totals(trace.column(name).astype(np.int64), starts) for name in _SUMMED},
            **{name: totals(trace.column(name).astype(float), starts) for name in _SUMMED_REAL},
        }

    def check(self, episodes: Episodes, rules: LifeRules) -> str:
        """See `Columns.check`."""
        if not len(episodes):
            return ""
        most = int(episodes["last_day"].max())
        if most >= rules.horizon:
            return f"a session on day {most}, but a life has {rules.horizon} days"
        steps = int(episodes["steps"].max())
        if steps > rules.max_steps:
            return f"{steps} acts in a life, but it has {rules.max_steps} at most"
        if (episodes["sessions"] > episodes["last_day"] + 1).any():
            return "more sessions than days"
        if (episodes["likes"] > episodes["clicks"]).any():
            return "more items liked than consumed"
        return "more items consumed than shown" if _more(episodes, "clicks", "shown") else ""

    def ending(self, last: pa.Table) -> NDArray[np.int64]:
        """See `Columns.ending`."""
        stayed, gone, short, unfinished = range(len(self.endings))
        terminated, truncated, left = (
            np.asarray(last.column(name).to_numpy(), dtype=bool)
            for name in ("terminated", "truncated", "gone")
        )
        kinds = np.where(left, gone, stayed)
        return np.where(terminated, kinds, np.where(truncated, short, unfinished)).astype(np.int64)


LEFT, DISAPPOINTED = 1, 2  # in `ended`

COLUMNS = LifeColumns()


def long_tail(world: World) -> NDArray[np.bool_]:
    """The items outside the most popular fifth by train interactions; bool (n_items,).

    On ties the smaller id is the more popular.
    """
    order = np.argsort(-world.popularity, kind="stable")
    tail = np.ones(world.n_items, dtype=bool)
    tail[order[: int(np.ceil(HEAD * world.n_items))]] = False
    return tail


class _Figures(NamedTuple):
    """Of each item whether it is in the long tail, and how long it is: bool, float64 (n_items,)."""

    tail: NDArray[np.bool_]
    minutes: NDArray[np.float64]


_kept_figures: WeakKeyDictionary[World, dict[float, _Figures]] = WeakKeyDictionary()


def _figures(world: World, rules: LifeRules) -> _Figures:
    """They are the same for every move, and a column is copied thousands of times."""
    known = _kept_figures.setdefault(world, {})
    if rules.usual_minutes not in known:
        minutes = world.item_length.astype(np.float64)
        minutes[np.isnan(minutes)] = rules.usual_minutes
        known[rules.usual_minutes] = _Figures(long_tail(world), minutes)
    return known[rules.usual_minutes]


def _kept(values: NDArray[Any], keep: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Some values of each row, one row after the other, and how many each has."""
    return values[keep], keep.sum(axis=1)


def _instructions(given: NDArray[np.int32]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Instructions int32 (rows, places, 4) as a list column; an unused place is -1."""
    there = given[:, :, 1] >= 0
    return given[there].ravel(), len(_PARTS) * there.sum(axis=1)


def _values(trace: Trace, name: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The values of a list column, and the row of each."""
    column = trace.table.column(name).combine_chunks()
    lengths = np.asarray(column.value_lengths())
    return np.asarray(column.flatten()), np.repeat(np.arange(len(lengths)), lengths)


def _first_gaps(gap: NDArray[np.int16], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The days of each life until its second session, 0 where there is none; int64 (lives,)."""
    if not len(starts):
        return np.zeros(0, dtype=np.int64)
    rows = np.where(gap > 0, np.arange(len(gap)), len(gap))
    first = np.minimum.reduceat(rows, starts)
    return np.where(first < len(gap), gap[np.minimum(first, len(gap) - 1)], 0).astype(np.int64)


def _more(episodes: Episodes, name: str, than: str) -> bool:
    return bool((episodes[name] > episodes[than]).any())
