"""The columns that CPR adds to a trace, its episodes, and the paths to its recommendations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recosim.acts import Note, Outcome, Verb
from recosim.envs.cpr.protocol import Protocol
from recosim.metrics import Episodes
from recosim.standing import standing_codes, wanted_by_standing
from recosim.trace import Column, Columns, Flag, Trace, totals

__all__ = ["COLUMNS", "CPRColumns", "paths"]

_INTS = pa.list_(pa.int32())

EXTRA = (
    Column("move", pa.int16(), "moves so far that used a turn (a reflection uses none)"),
    Column(
        "target",
        pa.int32(),
        "the (first) target item; that of this row, where users change their mind",
        of="items",
    ),
    Column(
        "facet",
        pa.int16(),
        "the facet that was asked or opened with; -1 for none",
        of="facets",
        least=-1,
    ),
    Column(
        "asked",
        _INTS,
        "attributes asked about by name (none in a facet question); of a list or a reflection: the "
        "one that the user wants less of",
        of="attributes",
    ),
    Column(
        "accepted",
        _INTS,
        "the attributes that the user accepted or asked for in this move",
        of="attributes",
    ),
    Column(
        "standing",
        _INTS,
        "the instruction given with a request: 1 (want) or 0 (avoid), the attribute, and the "
        "condition if there is one (an attribute that a request must name)",
        [],
        of=(Flag, "attributes", "attributes"),
    ),
    Column(
        "items",
        _INTS,
        "the items shown, best first; of the opening: the item that it names",
        of="items",
    ),
    Column(
        "taken", _INTS, "the items of the list that the user took, in its order", [], of="items"
    ),
    Column(
        "notes",
        _INTS,
        "what the user said of items of the list: item, `recosim.acts.Note`, item, ...",
        [],
        of=("items", Note),
    ),
    Column(
        "inquired",
        pa.int32(),
        "the item that the user asked about; -1 for none, -2 for the list as a whole",
        -1,
        of="items",
        least=-2,
    ),
    Column("gathered", pa.int16(), "items taken so far in the conversation", 0),
    Column(
        "because",
        _INTS,
        "the attributes that were given as the reason for the list",
        [],
        of="attributes",
    ),
    Column(
        "supported",
        pa.float32(),
        "share of the (item, reason) pairs of the list in which the item has the attribute; null "
        "where no reason was given",
        None,
    ),
    Column("outcome", pa.int8(), "`recosim.acts.Outcome`", of=Outcome),
    Column(
        "rank", pa.int16(), "1-based position in `items` of the first item taken, 0 if none was"
    ),
    Column("candidates", pa.int32(), "candidates left after this move"),
    Column("left", pa.bool_(), "the user left with this move", False),
)

OUTCOMES = (
    Column("conversation", pa.int32(), "number of the conversation"),
    Column("user", pa.int32(), "the user"),
    Column("target", pa.int32(), "the target; that of the end, where users change their mind"),
    Column("hit_move", pa.int16(), "number of the first move that hit; 0 for a failure"),
    Column("rank", pa.int16(), "position of the item taken in the list that hit; 0 for a failure"),
    Column("taken", pa.int16(), "items taken; 0 in results from before users took several", 0),
    Column("moves", pa.int16(), "moves that used a turn"),
    Column("asks", pa.int16(), "questions"),
    Column("yes", pa.int16(), "questions answered with yes"),
    Column("recommends", pa.int16(), "lists"),
    Column("reflects", pa.int16(), "reflections"),
    Column("illegal", pa.int16(), "moves that were penalised"),
    Column("justified", pa.int16(), "lists for which a reason was given", 0),
    Column("supported", pa.float64(), "the sum of `supported` over these", 0.0),
    Column("reward", pa.float64(), "the sum of all rewards"),
    Column("nothing_left", pa.bool_(), "ended because there was nothing to ask or recommend"),
    Column("left", pa.bool_(), "ended because the user left", False),
)

# Array of the batch -> column, where a copy is all there is to it.
_PLAIN = {
    "asked_facet": "facet",
    "outcome": "outcome",
    "rank": "rank",
    "n_candidates": "candidates",
    "left": "left",
    "inquired": "inquired",
    "n_taken": "gathered",
}
# Array -> (column, array of the lengths); without lengths, -1 is no value.
_LISTS = {
    "asked": ("asked", None),
    "accepted": ("accepted", "n_accepted"),
    "shown": ("items", "n_shown"),
}


class CPRColumns(Columns):
    """CPR's columns; see `EXTRA` and `OUTCOMES`."""

    extra = EXTRA
    outcomes = OUTCOMES
    endings = ("found", "failed", "left", "unfinished")

    def copy(self, batch: Any, rows: Any, verb: NDArray[np.int8]) -> dict[str, Any]:
        """See `Columns.copy`."""
        a = batch.arrays
        move: dict[str, Any] = {column: a[name][rows].copy() for name, column in _PLAIN.items()}
        move["target"] = a["targets"][rows, 0].copy()
        move["move"] = a["turn"][rows] - batch.protocol.first_turn + (verb == Verb.IGNORED)
        move["supported"] = _supported(batch, rows, verb)
        codes = standing_codes(a["standing"][rows])
        move["standing"] = _kept(codes, (codes >= 0) & (verb == Verb.OPEN)[:, None])
        for name, (column, length) in _LISTS.items():
            values = a[name][rows]
            if length is None:
                move[column] = _kept(values, values >= 0)
            else:
                move[column] = _kept(values, np.arange(values.shape[1]) < a[length][rows][:, None])
        move["items"] = _with_opening(a["opening_item"][rows], verb, *move["items"])
        shown, notes = a["shown"][rows], a["notes"][rows]
        move["taken"] = _kept(shown, a["taken"][rows] > 0)
        pairs = np.stack([shown, notes], axis=2).reshape(len(shown), -1)
        move["notes"] = _kept(pairs, np.repeat(notes > 0, 2, axis=1))
        reasons = a["aspects"][rows]  # those of the last list, until there is another
        move["because"] = _kept(reasons, (reasons >= 0) & (verb == Verb.RECOMMEND)[:, None])
        return move

    def summarise(
        self, trace: Trace, starts: NDArray[np.int64], last: NDArray[np.int64]
    ) -> dict[str, NDArray[Any]]:
        """See `Columns.summarise`."""
        verb, outcome = trace.column("verb"), trace.column("outcome")
        supported = trace.column("supported")
        first, found = _first_hits(outcome, starts, last)
        hit = outcome[last] == Outcome.HIT
        moves = trace.column("move")
        move, left = moves[last], trace.column("left")[last]

        def count(moves: NDArray[np.bool_]) -> NDArray[np.int16]:
            return totals(moves.astype(np.int16), starts)

        return {
            "conversation": trace.column("conversation")[starts],
            "user": trace.column("user")[starts],
            "target": trace.column("target")[last],
            "hit_move": np.where(found, moves[first], 0),
            "rank": np.where(found, trace.column("rank")[first], 0),
            "taken": trace.column("gathered")[last],
            "moves": move,
            "asks": count(verb == Verb.ASK),
            "yes": count((verb == Verb.ASK) & (outcome == Outcome.YES)),
            "recommends": count(verb == Verb.RECOMMEND),
            "reflects": count(verb == Verb.REFLECT),
            "illegal": count(verb == Verb.ILLEGAL),
            "justified": count(~np.isnan(supported)),
            "supported": totals(np.nan_to_num(supported.astype(np.float64)), starts),
            "reward": totals(trace.column("reward").astype(np.float64), starts),
            "nothing_left": trace.column("terminated")[last] & ~hit & ~left,
            "left": left,
        }

    def check(self, episodes: Episodes, rules: Protocol) -> str:
        """See `Columns.check`."""
        moves, rank = episodes["hit_move"], episodes["rank"]
        if len(episodes) and not (moves.min() >= 0 and moves.max() <= rules.max_turns):
            return (
                f"a hit at move {int(moves.max())}, but a conversation has {rules.max_turns} turns"
            )
        return "a hit without a rank" if (rank[moves > 0] < 1).any() else ""

    def ending(self, last: pa.Table) -> NDArray[np.int64]:
        """See `Columns.ending`."""
        found, failed, left, unfinished = range(len(self.endings))
        column = {
            name: np.asarray(last.column(name).to_numpy())
            for name in ("terminated", "truncated", "left", "outcome", "gathered")
        }
        ended = column["terminated"] | column["truncated"]
        gone = column["left"]
        hit = (column["outcome"] == Outcome.HIT) | (column["gathered"] > 0)
        kinds = np.where(hit, found, np.where(gone, left, failed))
        return np.where(ended, kinds, unfinished).astype(np.int64)


COLUMNS = CPRColumns()


def paths(trace: Trace) -> pa.Table:
    """What led to each recommendation: SCPR's path through the graph.

    Returns:
        A table with one row for each list that was shown: `agent`, `seed`, `conversation` and
        `step` of the move; `path`, the attributes that the user had confirmed until then in that
        order (list of int32); `items`, the list; `outcome`. Rows of the trace must be ordered by
        conversation, then step.
    """
    read = ("step", "verb", "accepted", "standing")
    path: list[int] = []
    found, chosen = [], []
    columns = (trace.table.column(name).to_pylist() for name in read)
    for row, (step, verb, accepted, standing) in enumerate(zip(*columns, strict=True)):
        if step == 0:
            path = [*accepted, *wanted_by_standing(standing, accepted)]
        else:
            path = [*path, *accepted]
        if verb == Verb.RECOMMEND:
            chosen.append(row)
            found.append(path)
    shown = trace.table.take(pa.array(chosen, pa.int64())).select(
        ["agent", "seed", "conversation", "step", "items", "outcome"]
    )
    return shown.add_column(4, "path", pa.array(found, _INTS))


def _kept(values: NDArray[Any], keep: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Some values of each row, one row after the other, and how many each has."""
    return values[keep], keep.sum(axis=1)


def _with_opening(
    named: NDArray[np.int32],
    verb: NDArray[np.int8],
    values: NDArray[np.int32],
    lengths: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Lists of items, with the item that a request names as that of its opening.

    Args:
        named: int32 (rows,), -1 for none.
        values, lengths: see `_kept`; an opening shows none.
    """
    opening = (verb == Verb.OPEN) & (named >= 0)
    if not opening.any():
        return values, lengths
    places = (np.cumsum(lengths) - lengths)[opening]
    return np.insert(values, places, named[opening]), lengths + opening


def _first_hits(
    outcome: NDArray[np.int8], starts: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The row of the first hit of each episode, its last row where there is none; and whether."""
    if not len(starts):
        return last, np.zeros(0, dtype=bool)
    rows = np.where(outcome == Outcome.HIT, np.arange(len(outcome)), len(outcome))
    first = np.minimum.reduceat(rows, starts)
    found = first < len(outcome)
    return np.where(found, first, last), found


def _supported(batch: Any, rows: Any, verb: NDArray[np.int8]) -> NDArray[np.float32]:
    """How far the reasons for the lists of some rows hold, NaN where there are none."""
    a, bitsets = batch.arrays, batch.world.bitsets
    items, reasons = a["shown"][rows], a["aspects"][rows]
    share = np.full(len(items), np.nan, dtype=np.float32)
    if reasons.shape[1]:
        pairs = (reasons[:, :, None] >= 0) & (items[:, None, :] >= 0)
        word, bit = items >> 6, (items & 63).astype(np.uint64)
        has = bitsets[reasons[:, :, None], word[:, None, :]] >> bit[:, None, :] & np.uint64(1)
        given = pairs.sum(axis=(1, 2))
        told = (verb == Verb.RECOMMEND) & (given > 0)
        share[told] = ((has > 0) & pairs).sum(axis=(1, 2))[told] / given[told]
    return share
