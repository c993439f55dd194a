"""`Trace`: what is no trace is refused with its file."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recosim.envs.cpr.columns import COLUMNS
from recosim.errors import ResultsError
from recosim.trace import CORE, Trace


def written(path, table, metadata):
    pq.write_table(table.replace_schema_metadata({b"recosim": metadata}), path)
    return path


def test_columns_may_come_in_another_order(tmp_path):
    names = COLUMNS.schema.names[::-1]
    path = written(tmp_path / "a.parquet", COLUMNS.schema.empty_table().select(names), b"{}")
    assert Trace.read(path).table.schema.names == COLUMNS.schema.names


def test_values_that_do_not_fit_their_column_are_refused(tmp_path):
    row = {name: [None] for name in COLUMNS.schema.names} | {"step": ["first"]}
    path = written(tmp_path / "a.parquet", pa.table(row), json.dumps({}).encode())
    with pytest.raises(ResultsError, match=r"a\.parquet is not a RecoSim trace"):
        Trace.read(path)


def test_metadata_that_is_no_json_is_refused(tmp_path):
    path = written(tmp_path / "a.parquet", COLUMNS.schema.empty_table(), b"{")
    with pytest.raises(ResultsError, match=r"a\.parquet is not a RecoSim trace"):
        Trace.read(path)


def test_a_later_format_is_refused(tmp_path):
    path = written(tmp_path / "a.parquet", COLUMNS.schema.empty_table(), b'{"format": 3}')
    with pytest.raises(
        ResultsError, match="format 3; this version of RecoSim reads traces up to 2"
    ):
        Trace.read(path)


def test_no_column_has_two_names_or_no_words():
    names = COLUMNS.schema.names
    assert len(set(names)) == len(names)
    assert all(column.help for column in (*CORE, *COLUMNS.extra, *COLUMNS.outcomes))
