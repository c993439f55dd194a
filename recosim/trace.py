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

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recosim.acts import Verb
from recosim.checked import read_table, write_table
from recosim.errors import ResultsError, UnknownNameError, shown
from recosim.family import UNNAMED, family
from recosim.metrics import Episodes

__all__ = ["CORE", "FORMAT", "Column", "Columns", "Flag", "Kind", "Trace", "filled"]

# 1: one family, its columns between those of the core; it named neither itself nor its format.
# 2: no digest.
FORMAT = 3


class Flag(IntEnum):
    """No or yes, where a column of whole numbers holds one."""

    NO = 0
    YES = 1


# What the whole numbers of a column are; "": anything.
Kind = type[IntEnum] | str

REQUIRED: Any = object()  # the default of a column without which something would be lost


@dataclass(frozen=True)
class Column:
    """One column of a trace or of episodes.

    Attributes:
        name, type: as Parquet has them.
        help: what it holds.
        default: what stands in files that were written before there was this column; those that
            lack a column without a default are refused.
        of: what its whole numbers are: an enumeration, or "items", "attributes", "facets", "users"
            or "needs", whose ids they are; of a list several, in turns. Other numbers of a trace
            from anywhere are refused.
        least: the smallest number, where some stand for something else (-1: none); of several
            kinds that of each.
    """

    name: str
    type: pa.DataType
    help: str
    default: Any = REQUIRED
    of: Kind | tuple[Kind, ...] = ""
    least: int | tuple[int, ...] = 0

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
    Column("user", pa.int32(), "the user", of="users"),
    Column("verb", pa.int8(), "what was done", of=Verb),
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

    def misfit(self, table: pa.Table, world: Any = None) -> str:
        """What cannot be in a trace with these columns, as a clause; "" where all can.

        Args:
            world: the one that it was recorded on; without it ids are not held against its sizes.
        """
        for column in (*CORE, *self.extra):
            values = table.column(column.name)
            if values.null_count and column.default is not None:
                return f"{column.name} has no value in {values.null_count} rows"
            if column.of and (wrong := _strange(column, values, world)):
                return f"{column.name} is {wrong}"
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
        """Write one Parquet file, atomically, with a digest of what it holds."""
        options = {"compression": "lz4", "use_dictionary": ["agent"], "write_statistics": False}
        write_table(path, self.table, {**self.metadata, "format": FORMAT}, **options)

    @staticmethod
    def read(path: Path) -> Trace:
        """Read a trace, of this format or an older one.

        Columns that an older version did not have yet are filled where nothing is lost: a trace
        from before users could leave says that nobody left.

        Warns:
            RuntimeWarning: it was written before traces carried a digest.

        Raises:
            ResultsError: the file is missing, damaged, no trace, of a later format, of a family
                that is not here, or lacks a column that cannot be filled.
        """
        advice = "Record it again, or take another copy."
        try:
            table, metadata, whole = read_table(path, ResultsError, advice)
        except FileNotFoundError:
            raise ResultsError(f"{path}: no such trace.") from None
        if metadata is None:
            raise ResultsError(f"{path} is not a RecoSim trace.")
        number = metadata.get("format", 1)
        if type(number) is not int or not 1 <= number <= FORMAT:
            raise ResultsError(
                f"{path} has the format {shown(number)}; this version of RecoSim reads traces up "
                f"to {FORMAT}. Use the version that wrote it "
                f"({shown(metadata.get('version', 'unknown'))})."
            )
        if not whole and number >= FORMAT:
            raise ResultsError(f"{path} was changed: its digest is gone. {advice}")
        if not whole:
            warnings.warn(
                f"{path} was recorded before traces carried a digest: that it is as it was "
                "recorded cannot be seen.",
                RuntimeWarning,
                stacklevel=2,
            )
        try:
            columns = columns_of(metadata)
            table = filled(table, (*CORE, *columns.extra))
        except UnknownNameError as error:
            raise ResultsError(f"{path} cannot be read here: {error}") from None
        except Exception as error:  # pyarrow has many
            raise ResultsError(f"{path} is not a RecoSim trace: {error}. {advice}") from None
        if wrong := columns.misfit(table):
            raise ResultsError(f"{path}: {wrong}. {advice}")
        return Trace(table, metadata)

    @staticmethod
    def concat(traces: Sequence[Trace]) -> Trace:
        """Several traces of the same metadata as one."""
        tables = [trace.table for trace in traces]
        return Trace(pa.concat_tables(tables).unify_dictionaries(), traces[0].metadata)

    def check(self, world: Any, path: Path) -> None:
        """Raise `ResultsError` unless all ids are those of a world. `path` is named in the text."""
        if wrong := self.columns.misfit(self.table, world):
            raise ResultsError(
                f"{path}: {wrong}, and world {world.name!r} has no such thing. Record it again, or "
                "name the world that it was recorded on."
            )

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
        whole = len(starts) > 0 and starts[0] == 0 if len(self) else True
        if not whole or int(ended.sum()) != len(starts) or not ended[last].all():
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


def _strange(column: Column, values: Any, world: Any) -> str:
    """The first kind of number of a column that cannot be, in words; "" where there is none."""
    kinds = column.of if isinstance(column.of, tuple) else (column.of,)
    place: Any = np.zeros(len(values), dtype=np.int64)
    if pa.types.is_list(values.type):
        lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy()
        values = pc.list_flatten(values)
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        place = (np.arange(len(starts)) - starts) % len(kinds)
    numbers = values.to_numpy()
    smallest = column.least if isinstance(column.least, tuple) else (column.least,) * len(kinds)
    for k, kind in enumerate(kinds):
        known, least, most = _range(kind, smallest[k], world)
        mine = numbers if len(kinds) == 1 else numbers[place == k]
        if len(mine) and (mine.min() < least or mine.max() > most):
            wrong = int(mine[(mine < least) | (mine > most)][0])
            return f"{wrong}, beyond the {known}"
    return ""


def _range(kind: Kind, least: int, world: Any) -> tuple[str, int, int]:
    """What numbers of a kind are in words, the smallest, and the largest."""
    if not isinstance(kind, str):
        return f"codes of {kind.__name__}", min(least, *kind), max(kind)
    if world is None:
        return kind, least, np.iinfo(np.int64).max
    topics = world.topics
    count = {
        "items": world.n_items,
        "attributes": world.n_attributes,
        "facets": world.n_facets,
        # A search has no user: its topic stands there.
        "users": max(world.n_users, 0 if topics is None else topics.n_topics),
        "needs": 0 if topics is None else topics.n_turns,
    }[kind]
    return f"{count} {kind}", least, count - 1


def totals(values: NDArray[Any], starts: NDArray[np.int64]) -> NDArray[Any]:
    """The sum of the values of each episode, whose rows begin at `starts`."""
    return np.add.reduceat(values, starts) if len(starts) else values[:0]
