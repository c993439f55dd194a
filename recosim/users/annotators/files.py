"""What annotators said, as Parquet: written, read back, and turned into data for tuning."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recosim.errors import ResultsError
from recosim.files import atomic_folder, write_json
from recosim.users.annotators.judging import Annotation
from recosim.users.annotators.lists import Lists

__all__ = [
    "check_folder",
    "preference_pairs",
    "rated_slates",
    "read_annotation",
    "write_annotation",
]

NOTE = "annotation.json"
_ITEMS = pa.list_(pa.int32())
TABLES = {
    "lists": pa.schema(
        [
            ("list", pa.int32()),
            ("user", pa.int32()),
            ("agent", pa.string()),
            ("items", _ITEMS),
            ("truth", pa.float64()),
        ]
    ),
    "ratings": pa.schema(
        [
            ("list", pa.int32()),
            ("user", pa.int32()),
            ("annotator", pa.int16()),
            ("rating", pa.int8()),
        ]
    ),
    "comparisons": pa.schema(
        [
            ("first", pa.int32()),
            ("second", pa.int32()),
            ("user", pa.int32()),
            ("annotator", pa.int16()),
            ("label", pa.int8()),
        ]
    ),
}


def check_folder(folder: Path) -> None:
    """Raise `ResultsError` before anything is asked, if a folder holds something else."""
    ours = not folder.exists() or (folder / NOTE).is_file()
    if not ours and (not folder.is_dir() or any(folder.iterdir())):
        raise ResultsError(
            f"{folder} is there already and holds no annotations; give another folder."
        )


def write_annotation(folder: Path, said: Annotation, about: Mapping[str, Any]) -> None:
    """Write lists.parquet, ratings.parquet, comparisons.parquet and annotation.json; what was
    there of an earlier call is replaced as a whole.

    Args:
        about: JSON values that tell what was asked of whom; `levels` and `agents` are added.

    Raises:
        ResultsError: the folder holds something else.
    """
    check_folder(folder)
    lists, pool = said.lists, said.annotators
    n, pairs = len(lists), len(said.first)
    agents = np.array(lists.agents, dtype=object)[lists.agent]
    number = np.arange(n, dtype=np.int32)
    tables = {
        "lists": [number, lists.user, agents, _listed(lists.items), said.truth],
        "ratings": [
            np.repeat(number, pool),
            np.repeat(lists.user, pool),
            np.tile(np.arange(pool, dtype=np.int16), n),
            said.ratings.ravel(),
        ],
        "comparisons": [
            np.repeat(said.first, pool),
            np.repeat(said.second, pool),
            np.repeat(lists.user[said.first], pool),
            np.tile(np.arange(pool, dtype=np.int16), pairs),
            said.comparisons.ravel(),
        ],
    }
    with atomic_folder(folder) as part:
        for name, columns in tables.items():
            schema = TABLES[name]
            table = pa.table(
                [pa.array(c, type=f.type) for c, f in zip(columns, schema, strict=True)],
                schema=schema,
            )
            pq.write_table(table, part / f"{name}.parquet", compression="lz4")
        note = {**about, "levels": said.levels, "agents": list(lists.agents), "pool": pool}
        write_json(part / NOTE, note)


def read_annotation(folder: Path) -> Annotation:
    """What was written by `write_annotation`, the same arrays.

    Raises:
        ResultsError: there is nothing to read, or it is damaged.
    """
    try:
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        tables = {
            name: pq.read_table(folder / f"{name}.parquet", schema=schema)
            for name, schema in TABLES.items()
        }
        agents, pool = tuple(note["agents"]), int(note["pool"])
        rows, rated, compared = (tables[name] for name in TABLES)
        items = rows.column("items").to_pylist()
        table = np.full((len(items), max(map(len, items), default=0)), -1, dtype=np.int32)
        for row, own in zip(table, items, strict=True):
            row[: len(own)] = own
        lists = Lists(
            _of(rows, "user").astype(np.int32),
            np.array([agents.index(a) for a in rows.column("agent").to_pylist()], dtype=np.int16),
            table,
            agents,
        )
        return Annotation(
            lists,
            _of(compared, "first")[::pool].astype(np.int64),
            _of(compared, "second")[::pool].astype(np.int64),
            _of(rated, "rating").reshape(-1, pool).astype(np.int8),
            _of(compared, "label").reshape(-1, pool).astype(np.int8),
            _of(rows, "truth").astype(np.float64),
            int(note["levels"]),
        )
    except FileNotFoundError as error:
        raise ResultsError(
            f"{folder} holds no annotations ({Path(str(error.filename)).name} is missing); "
            "'recosim users annotate' writes them."
        ) from None
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise ResultsError(f"the annotations in {folder} are damaged: {error}") from None


def preference_pairs(said: Annotation) -> pa.Table:
    """Comparisons with their lists, a row for each pair and annotator: for DPO and its relatives.

    Returns:
        A table of `user`, `annotator`, `first` and `second` (lists of items), `label` (1 the first
        is better, -1 the second, 0 equal).
    """
    pool, lists = said.annotators, said.lists
    items = pa.array(_listed(lists.items), type=_ITEMS)
    first, second = np.repeat(said.first, pool), np.repeat(said.second, pool)
    return pa.table(
        {
            "user": lists.user[first],
            "annotator": np.tile(np.arange(pool, dtype=np.int16), len(said.first)),
            "first": items.take(pa.array(first)),
            "second": items.take(pa.array(second)),
            "label": said.comparisons.ravel(),
        }
    )


def rated_slates(said: Annotation) -> pa.Table:
    """Ratings as slates with relevance and position: for IRPO and LiPO.

    The slate of a user and an annotator is all that the annotator rated for this user, in the order
    in which it was shown; lists of one item make it a slate of items.

    Returns:
        A table of `user`, `annotator`, `position` (from 1), `items` (list) and `relevance` (the
        rating, from 0), ordered by user, annotator and position.
    """
    pool, lists = said.annotators, said.lists
    row = np.tile(np.arange(len(lists)), pool)
    annotator = np.repeat(np.arange(pool, dtype=np.int16), len(lists))
    order = np.lexsort((row, annotator, lists.user[row]))
    row, annotator = row[order], annotator[order]
    return pa.table(
        {
            "user": lists.user[row],
            "annotator": annotator,
            "position": (lists.place[row] + 1).astype(np.int16),
            "items": pa.array(_listed(lists.items), type=_ITEMS).take(pa.array(row)),
            "relevance": (said.ratings[row, annotator] - 1).astype(np.int8),
        }
    )


def _listed(items: NDArray[np.int32]) -> list[list[int]]:
    return [[v for v in row if v >= 0] for row in items.tolist()]


def _of(table: pa.Table, name: str) -> NDArray[Any]:
    return np.asarray(table.column(name).to_numpy())
