"""`Trace`: everything that happened, typed. Metrics, plots, exports and replays read nothing else.

A trace is a table with one row for each move, ordered by agent, seed, conversation and step:

| column | type | meaning |
|---|---|---|
| agent | string (dictionary) | name of the agent |
| seed | int32 | seed of the run |
| conversation | int32 | its number: in a bench its row in `Dialogues.pool` |
| step | int16 | 0 the user's opening, then 1, 2, ... for each call of the agent |
| move | int16 | moves so far that used a turn (a reflection uses none) |
| user | int32 | the user |
| target | int32 | the (first) target item; that of this row, where users change their mind |
| verb | int8 | `recosim.acts.Verb` |
| facet | int16 | the facet that was asked or opened with; -1 for none |
| asked | list of int32 | attributes asked about by name (none in a facet question); of a list or a
reflection: the one that the user wants less of |
| accepted | list of int32 | the attributes that the user accepted or asked for in this move |
| standing | list of int32 | the instruction given with a request: 1 (want) or 0 (avoid), the
attribute, and the condition if there is one (an attribute that a request must name) |
| items | list of int32 | the items shown, best first |
| because | list of int32 | the attributes that were given as the reason for the list |
| supported | float32 | share of the (item, reason) pairs of the list in which the item has the
attribute; null where no reason was given |
| outcome | int8 | `recosim.acts.Outcome` |
| rank | int16 | 1-based position in `items` of the item taken, 0 if none was |
| reward | float32 | reward of this move, dimensionless |
| candidates | int32 | candidates left after this move |
| terminated, truncated | bool | how the conversation ended, both false before its last row |
| left | bool | the user left with this move |
| told | string | the recommender's words, where the move was worded; else null |
| said | string | the user's words, where they talk (`recosim.envs.talk`); else null |

The metadata of the table holds JSON under the key `recosim`: the world's name and fingerprint, the
protocol, the environment and the version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recosim.acts import Outcome, Verb
from recosim.errors import ResultsError
from recosim.files import atomic_write
from recosim.standing import wanted_by_standing

__all__ = ["Episodes", "SCHEMA", "Trace"]

SCHEMA = pa.schema(
    [
        ("agent", pa.dictionary(pa.int32(), pa.string())),
        ("seed", pa.int32()),
        ("conversation", pa.int32()),
        ("step", pa.int16()),
        ("move", pa.int16()),
        ("user", pa.int32()),
        ("target", pa.int32()),
        ("verb", pa.int8()),
        ("facet", pa.int16()),
        ("asked", pa.list_(pa.int32())),
        ("accepted", pa.list_(pa.int32())),
        ("standing", pa.list_(pa.int32())),
        ("items", pa.list_(pa.int32())),
        ("because", pa.list_(pa.int32())),
        ("supported", pa.float32()),
        ("outcome", pa.int8()),
        ("rank", pa.int16()),
        ("reward", pa.float32()),
        ("candidates", pa.int32()),
        ("terminated", pa.bool_()),
        ("truncated", pa.bool_()),
        ("left", pa.bool_()),
        ("told", pa.string()),
        ("said", pa.string()),
    ]
)


@dataclass(frozen=True)
class Episodes:
    """One entry for each conversation of one agent and seed; all arrays of shape (conversations,).

    Attributes:
        conversation: int32, the number of the conversation.
        user: int32. target: int32, that of the end, where users change their mind.
        hit_move: int16, the number of the move that hit; 0 for a failure.
        rank: int16, position of the item taken in the list that hit; 0 for a failure.
        moves, asks, yes, recommends, reflects: int16 counts.
        illegal: int16, moves that were penalised.
        justified: int16, lists for which a reason was given.
        supported: float64, the sum of `supported` over these.
        reward: float64, the sum of all rewards.
        nothing_left: bool, ended because there was nothing to ask or recommend.
        left: bool, ended because the user left.
    """

    conversation: NDArray[np.int32]
    user: NDArray[np.int32]
    target: NDArray[np.int32]
    hit_move: NDArray[np.int16]
    rank: NDArray[np.int16]
    moves: NDArray[np.int16]
    asks: NDArray[np.int16]
    yes: NDArray[np.int16]
    recommends: NDArray[np.int16]
    reflects: NDArray[np.int16]
    illegal: NDArray[np.int16]
    justified: NDArray[np.int16]
    supported: NDArray[np.float64]
    reward: NDArray[np.float64]
    nothing_left: NDArray[np.bool_]
    left: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.conversation)


@dataclass(frozen=True)
class Trace:
    """A table of moves (see the module's docstring) and what it was recorded on."""

    table: pa.Table
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def write(self, path: Path) -> None:
        """Write one Parquet file, atomically."""
        meta = {b"recosim": json.dumps(dict(self.metadata), sort_keys=True).encode()}
        table = self.table.replace_schema_metadata(meta)
        options = {"compression": "lz4", "use_dictionary": ["agent"], "write_statistics": False}
        atomic_write(path, lambda part: pq.write_table(table, part, **options))

    @staticmethod
    def read(path: Path) -> Trace:
        """Read a trace.

        Raises:
            ResultsError: the file is missing, damaged, or not a trace of this version.
        """
        try:
            table = pq.read_table(path)
        except FileNotFoundError:
            raise ResultsError(f"{path}: no such trace.") from None
        except (pa.ArrowInvalid, OSError) as error:
            raise ResultsError(f"{path} is not a readable Parquet file: {error}") from None
        meta = (table.schema.metadata or {}).get(b"recosim")
        missing = [name for name in SCHEMA.names if name not in table.schema.names]
        if meta is None or missing:
            raise ResultsError(
                f"{path} is not a RecoSim trace"
                + (f": the columns {', '.join(missing)} are missing." if missing else ".")
            )
        try:
            return Trace(table.select(SCHEMA.names).cast(SCHEMA), json.loads(meta))
        except (pa.ArrowException, ValueError) as error:
            raise ResultsError(f"{path} is not a RecoSim trace: {error}") from None

    @staticmethod
    def concat(traces: Sequence[Trace]) -> Trace:
        """Several traces of the same metadata as one."""
        tables = [trace.table for trace in traces]
        return Trace(pa.concat_tables(tables).unify_dictionaries(), traces[0].metadata)

    def column(self, name: str) -> NDArray[Any]:
        """A column that is not a list, as a numpy array."""
        return np.asarray(self.table.column(name).to_numpy())

    def paths(self) -> pa.Table:
        """What led to each recommendation: SCPR's path through the graph.

        Returns:
            A table with one row for each list that was shown: `agent`, `seed`, `conversation` and
            `step` of the move; `path`, the attributes that the user had confirmed until then in
            that order (list of int32); `items`, the list; `outcome`. Rows of the trace must be
            ordered by conversation, then step.
        """
        read = ("step", "verb", "accepted", "standing")
        path: list[int] = []
        paths, chosen = [], []
        columns = (self.table.column(name).to_pylist() for name in read)
        for row, (step, verb, accepted, standing) in enumerate(zip(*columns, strict=True)):
            if step == 0:
                path = [*accepted, *wanted_by_standing(standing, accepted)]
            else:
                path = [*path, *accepted]
            if verb == Verb.RECOMMEND:
                chosen.append(row)
                paths.append(path)
        shown = self.table.take(pa.array(chosen, pa.int64())).select(
            ["agent", "seed", "conversation", "step", "items", "outcome"]
        )
        return shown.add_column(4, "path", pa.array(paths, pa.list_(pa.int32())))

    def episodes(self) -> Episodes:
        """One entry for each conversation; rows must be ordered by conversation, then step.

        Raises:
            ResultsError: the trace holds several agents or seeds, or conversations without an end.
        """
        if len(self) and (
            len(set(self.table.column("agent").unique().to_pylist())) > 1
            or len(self.table.column("seed").unique()) > 1
        ):
            raise ResultsError("this trace holds several agents or seeds; read one at a time.")
        conversation = self.column("conversation")
        verb, outcome = self.column("verb"), self.column("outcome")
        ended = self.column("terminated") | self.column("truncated")
        starts = np.flatnonzero(self.column("step") == 0)
        last = np.append(starts[1:], len(conversation))[: len(starts)] - 1
        if int(ended.sum()) != len(starts) or not ended[last].all():
            raise ResultsError("this trace holds conversations that were not finished.")

        def total(values: NDArray[Any]) -> NDArray[Any]:
            return np.add.reduceat(values, starts) if len(starts) else values[:0]

        def count(moves: NDArray[np.bool_]) -> NDArray[np.int16]:
            return total(moves.astype(np.int16)).astype(np.int16)

        supported = self.column("supported")
        hit = outcome[last] == Outcome.HIT
        move = self.column("move")[last]
        return Episodes(
            conversation=conversation[starts],
            user=self.column("user")[starts],
            target=self.column("target")[last],
            hit_move=np.where(hit, move, 0).astype(np.int16),
            rank=self.column("rank")[last],
            moves=move,
            asks=count(verb == Verb.ASK),
            yes=count((verb == Verb.ASK) & (outcome == Outcome.YES)),
            recommends=count(verb == Verb.RECOMMEND),
            reflects=count(verb == Verb.REFLECT),
            illegal=count(verb == Verb.ILLEGAL),
            justified=count(~np.isnan(supported)),
            supported=total(np.nan_to_num(supported.astype(np.float64))),
            reward=total(self.column("reward").astype(np.float64)),
            nothing_left=self.column("terminated")[last] & ~hit & ~self.column("left")[last],
            left=self.column("left")[last],
        )
