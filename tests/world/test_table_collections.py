"""Collections from tables: documents, topics, judgements as CSV, Parquet and JSON lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from recosim.cli import app
from recosim.errors import ImportDataError
from recosim.world.importers import import_data
from recosim.world.importers.table_topics import COLUMNS

TABLES: dict[str, list[dict[str, Any]]] = {
    "documents": [
        {"id": "d1", "title": "Harbours", "text": "where ships lie,\nand seals"},
        {"id": "d2", "title": "", "text": "green tea"},
        {"id": "d3", "title": "", "text": "  "},
        {"id": "d2", "title": "", "text": "green tea"},
    ],
    "topics": [
        {"id": "a2", "topic": "a", "turn": 2, "utterance": "and seals?", "need": "seals in ports",
         "rewrite": "seals in harbours?", "answer": "", "split": "train"},
        {"id": "a1", "topic": "a", "turn": 1, "utterance": "ships", "need": "ships in ports",
         "rewrite": "", "answer": "", "split": "train"},
        {"id": "7", "topic": "", "turn": None, "utterance": "tea", "need": "", "rewrite": "",
         "answer": "", "split": "test"},
        {"id": "8", "topic": "", "turn": None, "utterance": " ", "need": "x", "rewrite": "",
         "answer": "", "split": ""},
    ],
    "judgements": [
        {"topic": "a1", "document": "d1", "grade": 2},
        {"topic": "a2", "document": "d9", "grade": 1},
        {"topic": "a2", "document": "d1", "grade": 1},
        {"topic": 7, "document": "d2", "grade": -2},
        {"topic": "b", "document": "d2", "grade": 1},
        {"topic": "a1", "document": "d3", "grade": 1},
    ],
    "item_attributes": [
        {"item": "d1", "attribute": "sea", "facet": "place"},
        {"item": "d2", "attribute": "warm", "facet": ""},
        {"item": "d4", "attribute": "sea", "facet": "place"},
    ],
}  # fmt: skip


def write(folder: Path, ending: str, **changes: list[dict[str, Any]]) -> Path:
    for kind, rows in {**TABLES, **changes}.items():
        path = folder / f"{kind}.{ending}"
        if ending == "csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        elif ending == "parquet":
            texts = [{k: str(v) if k in ("id", "topic") else v for k, v in r.items()} for r in rows]
            pa.parquet.write_table(pa.Table.from_pylist(texts), path)
        else:
            path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_tables_of_every_format_give_the_same_collection(tmp_path: Path, ending: str) -> None:
    world = import_data("table", write(tmp_path, ending), "t", licence="CC0-1.0")
    assert list(world.item_ids or ()) == ["d1", "d2"]
    assert list(world.item_names) == ["Harbours", "d2"]
    assert list(world.item_texts) == ["where ships lie,\nand seals", "green tea"]
    topics, judgements = world.topics, world.judgements
    assert topics is not None
    assert judgements is not None
    assert list(topics.names) == ["a", "7"]
    assert list(topics.turn_names) == ["a1", "a2", "7"]
    assert list(topics.needs) == ["ships in ports", "seals in ports", "tea"]
    assert list(topics.rewrites) == ["", "seals in harbours?", ""]
    assert [topics.history.row(t).tolist() for t in range(3)] == [[], [0], []]
    assert topics.split.tolist() == [0, 2]
    assert [judgements.of(t) for t in range(3)] == [{0: 2}, {0: 1}, {1: 0}]
    assert [world.attribute_names[a] for a in world.item_attributes.row(0)] == ["sea"]
    assert list(world.facet_names) == ["place"]
    assert world.attribute_facet.tolist() == [0, -1]
    assert world.licence == "CC0-1.0"
    file = f"{{}}.{ending}:{{}}"
    line = {"csv": 1, "parquet": 0, "jsonl": 0}[ending]

    def place(kind: str, row: int, lines: int = 0) -> str:
        return file.format(kind, row + line + (lines if ending == "csv" else 0))

    assert world.settings["dropped"] == {
        f"empty documents (the first: 'd3', {place('documents', 3, 1)})": 1,
        f"repeated documents (the first: 'd2', {place('documents', 4, 1)})": 1,
        f"turns in which nothing is said (the first: '8', {place('topics', 4)})": 1,
        f"judgements of unknown documents (the first: 'd9', {place('judgements', 2)})": 1,
        f"judgements of unknown topics (the first: 'b', {place('judgements', 5)})": 1,
        f"judgements of empty documents (the first: 'd3', {place('judgements', 6)})": 1,
        f"attributes of unknown documents (the first: 'd4', {place('item_attributes', 3)})": 1,
    }
    assert world.settings["notes"] == {
        f"turns without a need (theirs is what they say) (the first: '7', {place('topics', 3)})": 1,
        f"grades below 0, read as 0 (the first: 'd2', {place('judgements', 4)})": 1,
    }


def test_only_the_needed_columns_make_topics_of_one_turn_split_by_the_seed(tmp_path: Path) -> None:
    plain = {
        kind: [{c: row[c] for c in COLUMNS[kind][0]} for row in TABLES[kind]]
        for kind in ("documents", "topics", "judgements")
    }
    world = import_data("table", write(tmp_path, "csv", **plain), "t", topics_split="test")
    assert world.topics is not None
    assert list(world.topics.names) == ["a2", "a1", "7"]
    assert list(world.topics.needs) == ["and seals?", "ships", "tea"]
    assert world.topics.split.tolist() == [2, 2, 2]


def change(file: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))

    return apply


def remove(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).unlink()


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (remove("topics.csv"), r"expected topics\.csv or topics\.parquet or topics\.jsonl"),
        (remove("judgements.csv"), r"expected judgements\.csv"),
        (change("documents.csv", "text", "body"), r"\.csv:1: the column 'text' is missing"),
        (change("documents.csv", "title", "colour"), r":1: unknown column 'colour'; allowed: id, "),
        (change("documents.csv", "id,title", "title,title"), r":1: a column occurs twice"),
        (change("documents.csv", "d2,,green", "d2,green"), r"documents\.csv:4: expected 3 fields"),
        (change("documents.csv", 'seals"', "seals"), r"documents\.csv:2: the quote that opens"),
        (change("documents.csv", "d2,,green", "d1,,green"), r":4: the document 'd1' occurs twice"),
        (change("documents.csv", "d1,", ","), r"documents\.csv:2: a document has no id"),
        (change("topics.csv", "a1,a,1", "a1,a,one"), r"topics\.csv:3: the turn 'one' is not a nu"),
        (change("topics.csv", "a1,a,1", "a1,a,2"), r":3: the turns 'a2' and 'a1' of topic 'a' ha"),
        (change("topics.csv", "a1,a,1", "a1,a,"), r"topics\.csv:3: the turn of 'a1' is empty"),
        (change("topics.csv", "a1,a,1", "a2,a,1"), r"the topic 'a2' occurs twice"),
        (change("topics.csv", ",test", ",dev"), r":4: split 'dev' is none of train, valid, test"),
        (change("topics.csv", ",train", ",test"), r":3: the turns of topic 'a' are in two splits"),
        (change("judgements.csv", "d1,2", "d1,good"), r"judgements\.csv:2: the grade 'good' is no"),
        (change("item_attributes.csv", "sea", ""), r"item_attributes\.csv:2: an attribute of 'd1'"),
        (lambda folder: (folder / "documents.csv").write_text("") and None, r":1: the table is em"),
        (lambda folder: (folder / "interactions.csv").write_text("user,item\n") and None,
         r"holds documents\.csv, a collection to search in, and interactions\.csv, a world of use"),
    ],
)  # fmt: skip
def test_faults_are_named_with_their_place(
    fault: Callable[[Path], None], problem: str, tmp_path: Path
) -> None:
    fault(write(tmp_path, "csv"))
    with pytest.raises(ImportDataError, match=problem):
        import_data("table", tmp_path, "t")


def test_json_lines_and_parquet_name_their_faults_too(tmp_path: Path) -> None:
    write(tmp_path, "jsonl")
    (tmp_path / "topics.jsonl").write_text('{"id": "q", "utterance": "x", "user": 1}\n')
    with pytest.raises(ImportDataError, match=r"topics\.jsonl:1: unknown column 'user'"):
        import_data("table", tmp_path, "t")
    (tmp_path / "topics.jsonl").unlink()
    (tmp_path / "topics.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ImportDataError, match=r"topics\.parquet: cannot be read"):
        import_data("table", tmp_path, "t")


def test_a_huge_document_of_a_table_is_cut_and_noted(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    huge = [{"id": "d1", "text": "ship " * 300_000}]
    world = import_data("table", write(tmp_path, "csv", documents=huge), "t")
    assert len(world.item_texts[0]) == 1_000_000
    assert (
        "documents cut at 1,000,000 characters (the first: 'd1', documents.csv:2)"
        in (world.settings["notes"])
    )
    assert csv.field_size_limit() == limit


def test_the_command_imports_a_collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOSIM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "in").mkdir()
    source = str(write(tmp_path / "in", "csv"))
    run = CliRunner().invoke(
        app, ["data", "import", "table", source, "--name", "my-t", "--topics-split", "test"]
    )
    assert run.exit_code == 0, run.output
    assert "imported my-t: 2 items, 2 topics, 3 turns" in run.output
    told = CliRunner().invoke(app, ["data", "import", "table", "--help"])
    assert "--topics-split" in told.output
