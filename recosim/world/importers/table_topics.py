"""Tables of a collection to search in: documents, topics, judgements; part of the importer `table`.

    documents        id, text [, title]                                              needed
    topics           id, utterance [, need] [, topic] [, turn] [, rewrite] [, answer] [, split]
    judgements       topic, document, grade                                          both needed
    item_attributes  item, attribute [, facet]

Each is `<name>.csv`, `.parquet`, `.jsonl` or `.jsonl.gz` in one folder. Texts may go over several
lines where CSV has them in quotation marks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recosim.errors import ImportDataError
from recosim.progress import Progress
from recosim.world.arrays import SPLITS
from recosim.world.importers.beir import text_of
from recosim.world.importers.collection import Draft, TopicsSplit, Turn, whole
from recosim.world.importers.rows import read_rows
from recosim.world.importers.sheets import ENDS, parquet_rows
from recosim.world.importers.source import Log, bad, find_file, json_lines, need_file
from recosim.world.world import World

__all__ = ["import_collection_tables", "is_collection"]

COLUMNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "documents": (("id", "text"), ("title",)),
    "topics": (("id", "utterance"), ("need", "topic", "turn", "rewrite", "answer", "split")),
    "judgements": (("topic", "document", "grade"), ()),
    "item_attributes": (("item", "attribute"), ("facet",)),
}
ENDINGS = (".csv", ".parquet", ".jsonl", ".jsonl.gz")

Rows = Iterator[tuple[int, dict[str, Any]]]


def is_collection(path: Path) -> bool:
    """Whether a folder holds a table of documents, and so a collection to search in.

    Raises:
        ImportDataError: it holds interactions as well, or no folder is there.
    """
    documents = find_file(path, _names("documents"), "tables", needed=False)
    if documents is None:
        return False
    interactions = [f"interactions{end}" for end in ENDS]
    if (other := find_file(path, interactions, "tables", needed=False)) is not None:
        raise ImportDataError(
            f"{path} holds {documents.name}, a collection to search in, and {other.name}, a world "
            "of users. Import them from folders of their own."
        )
    return True


def import_collection_tables(
    path: Path,
    name: str,
    *,
    licence: str,
    topics_split: TopicsSplit,
    seed: int,
    progress: Progress | None,
) -> World:
    """A collection from tables of documents, topics and judgements; see `import_table`."""
    draft = Draft(path)
    what = "a collection (documents, topics, judgements)"
    files = {kind: need_file(path, _names(kind), what) for kind in list(COLUMNS)[:3]}
    for line, row in _rows(files["documents"], "documents", draft.log, progress):
        file = files["documents"]
        draft.document(
            file, line, text_of(file, line, row, "id"),
            text_of(file, line, row, "title"), text_of(file, line, row, "text"),
        )  # fmt: skip
    _topics(draft, files["topics"])
    for line, row in _rows(files["judgements"], "judgements", draft.log, progress):
        file = files["judgements"]
        topic, document, grade = (text_of(file, line, row, c) for c in COLUMNS["judgements"][0])
        draft.grade(file, line, topic, document, whole(file, line, grade))
    attributes = find_file(path, _names("item_attributes"), what, needed=False)
    if attributes is not None:
        _attributes(draft, attributes)
    return draft.build(
        name,
        seed=seed,
        topics_split=topics_split,
        source=f"imported from tables ({path.name})",
        licence=licence,
        settings={"importer": "table"},
    )


def _topics(draft: Draft, file: Path) -> None:
    """Turns in the order of the column `turn` within their topic, or else of the table."""
    turns: dict[str, list[tuple[float, int, Turn]]] = {}
    placed: dict[tuple[str, float], str] = {}
    for line, row in _rows(file, "topics", draft.log, None):
        cell = {column: text_of(file, line, row, column) for part in COLUMNS["topics"]
                for column in part}  # fmt: skip
        topic, key = cell["topic"] or cell["id"], cell["id"]
        place = float(line)
        if cell["turn"]:
            try:
                place = float(cell["turn"])
            except ValueError:
                raise bad(file, f"the turn {cell['turn']!r} is not a number", line) from None
            if (other := placed.setdefault((topic, place), key)) != key:
                problem = f"the turns {other!r} and {key!r} of topic {topic!r} have one place"
                raise bad(file, f"{problem}, {cell['turn']}", line)
        elif "turn" in row and cell["topic"]:
            raise bad(file, f"the turn of {key!r} is empty", line)
        if cell["split"]:
            if cell["split"] not in SPLITS:
                raise bad(file, f"split {cell['split']!r} is none of {', '.join(SPLITS)}", line)
            part = SPLITS.index(cell["split"])
            if draft.split.setdefault(topic, part) != part:
                raise bad(file, f"the turns of topic {topic!r} are in two splits", line)
        turn = Turn(key, topic, cell["utterance"], cell["need"], cell["rewrite"], cell["answer"])
        turns.setdefault(topic, []).append((place, line, turn))
    for rows in turns.values():
        earlier: list[str] = []
        for _, line, turn in sorted(rows, key=lambda row: row[0]):
            turn.history = list(earlier)
            draft.turn(file, line, turn)
            earlier.append(turn.key)


def _attributes(draft: Draft, file: Path) -> None:
    """Attributes of documents; those of unknown ones are dropped and counted."""
    for line, row in _rows(file, "item_attributes", draft.log, None):
        item, attribute = (text_of(file, line, row, column) for column in ("item", "attribute"))
        facet = text_of(file, line, row, "facet") if "facet" in row else "attribute"
        draft.attribute(file, line, item, facet, attribute)


def _names(kind: str) -> list[str]:
    return [f"{kind}{ending}" for ending in ENDINGS]


def _rows(file: Path, kind: str, log: Log, progress: Progress | None) -> Rows:
    """(line, cells) of each row, its columns checked against what the table may hold.

    Raises:
        ImportDataError: a missing or unknown column, a row of another length, wrong bytes.
    """
    read = {".csv": _csv, ".parquet": _parquet}.get(file.suffix)
    checked: set[tuple[str, ...]] = set()
    needed, optional = COLUMNS[kind]
    lines = (
        json_lines(file, log=log, progress=progress) if read is None else read(file, log, progress)
    )
    for line, row in lines:
        if (columns := tuple(row)) not in checked:
            at = 1 if read is not None else line
            for column in needed:
                if column not in columns:
                    problem = f"the column {column!r} is missing; found {', '.join(columns)}"
                    raise bad(file, problem, at)
            for column in columns:
                if column not in (*needed, *optional):
                    allowed = ", ".join((*needed, *optional))
                    raise bad(file, f"unknown column {column!r}; allowed: {allowed}", at)
            checked.add(columns)
        yield line, row


def _csv(file: Path, log: Log, progress: Progress | None) -> Rows:
    rows = read_rows(file, log=log, progress=progress)
    first = next(rows, None)
    if first is None:
        raise bad(file, "the table is empty", 1)
    header = [name.strip() for name in first[1]]
    if len(set(header)) < len(header):
        raise bad(file, f"a column occurs twice: {', '.join(header)}", 1)
    for line, fields in rows:
        yield line, dict(zip(header, fields, strict=True))


def _parquet(file: Path, log: Log, progress: Progress | None) -> Rows:
    header, rows = parquet_rows(file)
    for line, fields in rows:  # a row of Parquet has no line; its number stands for it
        yield line, {name: _cell(value) for name, value in zip(header, fields, strict=True)}


def _cell(value: Any) -> Any:
    """Whole numbers of columns that hold gaps, and so came as floats, are whole again."""
    if not isinstance(value, float):
        return value
    return None if math.isnan(value) else int(value) if value.is_integer() else value
