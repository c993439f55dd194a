"""`Trace`: what is no trace is refused with its file."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recosim.envs.cpr.columns import COLUMNS
from recosim.errors import ResultsError
from recosim.trace import CORE, Trace
from recosim.world.catalog import open_world


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
    with pytest.raises(ResultsError, match=r"a\.parquet is not a readable Parquet file: Expecting"):
        Trace.read(path)


def test_a_later_format_is_refused(tmp_path):
    path = written(tmp_path / "a.parquet", COLUMNS.schema.empty_table(), b'{"format": 4}')
    with pytest.raises(
        ResultsError, match="format 4; this version of RecoSim reads traces up to 3"
    ):
        Trace.read(path)


def conversation(**changed):
    """A trace of one conversation of two moves, with other values in some columns."""
    schema = COLUMNS.schema
    plain = {
        "agent": "rules", "step": [0, 1], "verb": [3, 1], "terminated": [False, True],
        "truncated": False, "left": False,
        "outcome": [1, 2], "items": [[], [4]], "target": 4, "rank": [0, 1], "notes": [[], [4, 1]],
    }  # fmt: skip
    columns = {}
    for entry in schema:
        usual = [] if pa.types.is_list(entry.type) else None if entry.name in WORDS else 0
        value = {**plain, **changed}.get(entry.name, usual)
        whole = isinstance(value, list) and len(value) == 2
        columns[entry.name] = pa.array(value if whole else [value] * 2, entry.type)
    return Trace(pa.table(columns, schema=schema), {"family": "cpr"})


WORDS = ("told", "said")


def test_a_trace_says_whether_it_is_as_it_was_written(tmp_path):
    path = tmp_path / "a.parquet"
    conversation().write(path)
    assert Trace.read(path).table.equals(conversation().table)
    table = pq.read_table(path)
    other = table.set_column(
        table.schema.names.index("reward"), "reward", pa.array([0, 7], pa.float32())
    )
    pq.write_table(other.replace_schema_metadata(table.schema.metadata), path)
    with pytest.raises(ResultsError, match="was changed after it was written, or is damaged"):
        Trace.read(path)
    about = json.loads(table.schema.metadata[b"recosim"])
    written(path, table, json.dumps({**about, "world": "another"}).encode())
    with pytest.raises(ResultsError, match="was changed after it was written, or is damaged"):
        Trace.read(path)
    written(path, table, json.dumps({k: v for k, v in about.items() if k != "digest"}).encode())
    with pytest.raises(ResultsError, match="its digest is gone"):
        Trace.read(path)


def test_one_bit_of_a_trace_changes_nothing_or_is_seen(tmp_path):
    path = tmp_path / "a.parquet"
    conversation().write(path)
    whole, seen = path.read_bytes(), 0
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        try:
            found = Trace.read(path).table
        except ResultsError:
            seen += 1
        else:
            assert found.equals(conversation().table), at
    assert seen > len(whole) // 14


@pytest.mark.parametrize(
    ("column", "values", "problem"),
    [
        ("verb", [3, 9], "verb is 9, beyond the codes of Verb"),
        ("outcome", [1, -9], "outcome is -9, beyond the codes of Outcome"),
        ("items", [[], [3, -1]], "items is -1, beyond the items"),
        ("notes", [[], [3, 9]], "notes is 9, beyond the codes of Note"),
        ("inquired", [-1, -3], "inquired is -3, beyond the items"),
        ("standing", [[], [2, 0]], "standing is 2, beyond the codes of Flag"),
        ("reward", [0.0, None], "reward has no value in 1 rows"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(tmp_path, column, values, problem):
    conversation(**{column: values}).write(tmp_path / "a.parquet")
    with pytest.raises(ResultsError, match=problem):
        Trace.read(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("column", "values", "problem"),
    [
        ("items", [[], [3, 10**6]], r"items is 1000000, beyond the \d+ items"),
        ("user", [10**6, 0], r"user is 1000000, beyond the \d+ users"),
        ("facet", [-1, 99], r"facet is 99, beyond the \d+ facets"),
        ("standing", [[1, 10**6], []], r"standing is 1000000, beyond the \d+ attributes"),
    ],
)
def test_ids_that_a_world_does_not_have_are_refused(tmp_path, column, values, problem):
    world = open_world("lastfm-small")
    conversation().check(world, tmp_path)
    with pytest.raises(ResultsError, match=problem):
        conversation(**{column: values}).check(world, tmp_path)


def test_no_column_has_two_names_or_no_words():
    names = COLUMNS.schema.names
    assert len(set(names)) == len(names)
    assert all(column.help for column in (*CORE, *COLUMNS.extra, *COLUMNS.outcomes))
