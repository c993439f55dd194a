"""`Trace`: everything that happened, typed. Metrics, plots, exports and replays read nothing else.

A trace is a table with one row for each move, ordered by agent, seed, conversation and step. Every
family has these columns, and adds its own (`Columns.extra`):

| column | type | meaning |
|---|---|---|
| agent | string (dictionary) | name of the agent |
| seed | int32 | seed of the run |
| conversation | int32 | number of the episode: in a bench its row among the units of the split |
| step | int16 | 0 the opening, then 1, 2, ... for each call of the agent |
| user | int32 | the user |
| verb | int8 | what was done; of conversations, `recosim.acts.Verb` |
| reward | float32 | reward of this move, dimensionless |
| terminated, truncated | bool | how the episode ended, both false before its last row |
| told | string | the recommender's words, where the move was worded; else null |
| said | string | the user's words, where they talk (`recosim.envs.talk`); else null |

The metadata of the table holds JSON under the key `recosim`: `format`, of this file; the family,
the world's name and fingerprint, the rules, the users, the environment and the version.
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

from recosim.errors import ResultsError, UnknownNameError
from recosim.family import UNNAMED, family
from recosim.files import atomic_write
from recosim.metrics import Episodes

__all__ = ["CORE", "FORMAT", "Column", "Columns", "Trace", "filled"]

# 1: one family, its columns between those of the core; it named neither itself nor its format.
FORMAT = 2

REQUIRED: Any = object()  # the default of a column without which something would be lost


@dataclass(frozen=True)
class Column:
    """One column of a trace or of episodes.

    Attributes:
        name, type: as Parquet has them.
        help: what it holds.
        default: what stands in files that were written before there was this column; those that
            lack a column without a default are refused.
    """

    name: str
    type: pa.DataType
    help: str
    default: Any = REQUIRED

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of its values as an array; object for what numpy has no type for."""
        kind = self.type  # `to_pandas_dtype` would import pandas, in pyarrow up to 25
        plain = pa.types.is_primitive(kind) and not pa.types.is_temporal(kind)
        # Arrow's "float" is C's; numpy's is Python's, a double.
        name = {"float": "float32", "halffloat": "float16"}.get(str(kind), str(kind))
        return np.dtype(name if plain else object)


CORE = (
    Column("agent", pa.dictionary(pa.int32(), pa.string()), "name of the agent"),
    Column("seed", pa.int32(), "seed of the run"),
    Column("conversation", pa.int32(), "number of the episode"),
    Column("step", pa.int16(), "0 the opening, then each call of the agent"),
    Column("user", pa.int32(), "the user"),
    Column("verb", pa.int8(), "what was done"),
    Column("reward", pa.float32(), "reward of this move"),
    Column("terminated", pa.bool_(), "ended: the task is over"),
    Column("truncated", pa.bool_(), "ended: the turns ran out"),
    Column("told", pa.string(), "the recommender's words", None),
    Column("said", pa.string(), "the user's words", None),
)


class Columns:
    """What a family records of each move, and what its episodes are. This base adds nothing.

    Attributes:
        extra: the family's columns of a trace, after those of the core.
        outcomes: the columns of its episodes; `conversation` and `user` are among them.
        cluster: the column of the episodes that says which of them belong together: intervals are
            made by drawing these.
        endings: how an episode can end, in words, as `ending` counts them.
    """

    extra: tuple[Column, ...] = ()
    outcomes: tuple[Column, ...] = (
        Column("conversation", pa.int32(), "number of the episode"),
        Column("user", pa.int32(), "the user"),
        Column("steps", pa.int16(), "calls of the agent"),
        Column("reward", pa.float64(), "the sum of all rewards"),
        Column("truncated", pa.bool_(), "the turns ran out"),
    )
    cluster: str = "user"
    endings: tuple[str, ...] = ("terminated", "truncated", "unfinished")

    @property
    def schema(self) -> pa.Schema:
        """The columns of a trace, in order."""
        return pa.schema([(column.name, column.type) for column in (*CORE, *self.extra)])

    def copy(self, batch: Any, rows: Any, verb: NDArray[Any]) -> dict[str, Any]:
        """The extra columns of some rows of a batch, as they are after the opening or a move.

        Args:
            batch: of the family (`recosim.envs.batch.Batch`); its arrays are live, so copy.
            rows: a slice or int indices.
            verb: of the last move of these rows.

        Returns:
            By the name of the column an array (rows,); of a list column its values, one row after
            the other, and the number of values of each row.
        """
        return {}

    def summarise(
        self, trace: Trace, starts: NDArray[np.int64], last: NDArray[np.int64]
    ) -> dict[str, NDArray[Any]]:
        """The episodes of one agent and seed, by the names in `outcomes`.

        Args:
            starts, last: int64 (episodes,), the first and the last row of each.
        """
        return {
            "conversation": trace.column("conversation")[starts],
            "user": trace.column("user")[starts],
            "steps": trace.column("step")[last],
            "reward": totals(trace.column("reward").astype(np.float64), starts),
            "truncated": trace.column("truncated")[last],
        }

    def check(self, episodes: Episodes, rules: Any) -> str:
        """What the rules do not allow about episodes, as a clause; "" where nothing is wrong."""
        return ""

    def ending(self, last: pa.Table) -> NDArray[np.int64]:
        """How episodes ended, by their last rows: positions in `endings`, int64 (episodes,)."""
        terminated, truncated = (
            np.asarray(last.column(name).to_numpy(), dtype=bool)
            for name in ("terminated", "truncated")
        )
        return np.where(terminated, 0, np.where(truncated, 1, 2)).astype(np.int64)


@dataclass(frozen=True)
class Trace:
    """A table of moves (see the module's docstring) and what it was recorded on."""

    table: pa.Table
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def columns(self) -> Columns:
        """The columns of its family."""
        return columns_of(self.metadata)

    def write(self, path: Path) -> None:
        """Write one Parquet file, atomically."""
        meta = {b"recosim": json.dumps({**self.metadata, "format": FORMAT}, sort_keys=True)}
        table = self.table.replace_schema_metadata(meta)
        options = {"compression": "lz4", "use_dictionary": ["agent"], "write_statistics": False}
        atomic_write(path, lambda part: pq.write_table(table, part, **options))

    @staticmethod
    def read(path: Path) -> Trace:
        """Read a trace, of this format or an older one.

        Columns that an older version did not have yet are filled where nothing is lost: a trace
        from before users could leave says that nobody left.

        Raises:
            ResultsError: the file is missing, damaged, no trace, of a later format, of a family
                that is not here, or lacks a column that cannot be filled.
        """
        try:
            table = pq.read_table(path)
        except FileNotFoundError:
            raise ResultsError(f"{path}: no such trace.") from None
        except (pa.ArrowInvalid, OSError) as error:
            raise ResultsError(f"{path} is not a readable Parquet file: {error}") from None
        meta = (table.schema.metadata or {}).get(b"recosim")
        if meta is None:
            raise ResultsError(f"{path} is not a RecoSim trace.")
        try:
            metadata = json.loads(meta)
            number = int(metadata.get("format", 1))
        except (ValueError, TypeError, AttributeError) as error:
            raise ResultsError(f"{path} is not a RecoSim trace: {error}") from None
        if number > FORMAT:
            raise ResultsError(
                f"{path} has the format {number}; this version of RecoSim reads traces up to "
                f"{FORMAT}. Use the version that wrote it ({metadata.get('version', 'unknown')})."
            )
        try:
            extra = columns_of(metadata).extra
        except UnknownNameError as error:
            raise ResultsError(f"{path} cannot be read here: {error}") from None
        try:
            table = filled(table, (*CORE, *extra))
        except (pa.ArrowException, ValueError) as error:
            raise ResultsError(f"{path} is not a RecoSim trace: {error}") from None
        return Trace(table, metadata)

    @staticmethod
    def concat(traces: Sequence[Trace]) -> Trace:
        """Several traces of the same metadata as one."""
        tables = [trace.table for trace in traces]
        return Trace(pa.concat_tables(tables).unify_dictionaries(), traces[0].metadata)

    def column(self, name: str) -> NDArray[Any]:
        """A column that is not a list, as a numpy array."""
        return np.asarray(self.table.column(name).to_numpy())

    def episodes(self) -> Episodes:
        """What came of each episode, by the columns of the family (`Columns.outcomes`).

        Rows must be ordered by conversation, then step.

        Raises:
            ResultsError: the trace holds several agents or seeds, or episodes without an end.
        """
        if len(self) and (
            len(set(self.table.column("agent").unique().to_pylist())) > 1
            or len(self.table.column("seed").unique()) > 1
        ):
            raise ResultsError("this trace holds several agents or seeds; read one at a time.")
        ended = self.column("terminated") | self.column("truncated")
        starts = np.flatnonzero(self.column("step") == 0)
        last = np.append(starts[1:], len(self))[: len(starts)] - 1
        if int(ended.sum()) != len(starts) or not ended[last].all():
            raise ResultsError("this trace holds episodes that were not finished.")
        columns = self.columns
        found = columns.summarise(self, starts, last)
        return Episodes(
            {entry.name: found[entry.name].astype(entry.dtype) for entry in columns.outcomes}
        )


def columns_of(metadata: Mapping[str, Any]) -> Columns:
    """The columns of the family that the metadata of a trace name. Raises `UnknownNameError`."""
    found: Columns = family(str(metadata.get("family", UNNAMED))).load("columns")
    return found


def filled(table: pa.Table, columns: Sequence[Column]) -> pa.Table:
    """A table with exactly these columns, in this order; what it lacks is filled by the defaults.

    Raises:
        ResultsError: a column that cannot be filled is missing.
        pyarrow.ArrowException: values that do not fit their column.
    """
    missing = [column for column in columns if column.name not in table.schema.names]
    if lost := [column for column in missing if column.default is REQUIRED]:
        names = ", ".join(f"{column.name} ({column.help})" for column in lost)
        raise ResultsError(f"the columns {names} are missing, and nothing can stand in for them.")
    for column in missing:
        # A scalar repeated: no list as long as the table is made.
        value = pa.scalar(column.default, column.type)
        table = table.append_column(column.name, pa.repeat(value, table.num_rows))
    return table.select([column.name for column in columns]).cast(
        pa.schema([(column.name, column.type) for column in columns])
    )


def totals(values: NDArray[Any], starts: NDArray[np.int64]) -> NDArray[Any]:
    """The sum of the values of each episode, whose rows begin at `starts`."""
    return np.add.reduceat(values, starts) if len(starts) else values[:0]
