"""Importer of collections in the formats of TREC: documents, topics and qrels in files.

documents   <doc> <docno> [<title>] <text> ..., or JSON lines (id, [title], text)
topics      <top> <num> <title> [<desc>] [<narr>], or JSON lines (id, text, [need])
qrels       topic, iteration, document, grade
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from recosim.errors import ImportDataError, unknown
from recosim.progress import Progress
from recosim.world.importers.beir import text_of
from recosim.world.importers.collection import Draft, TopicsSplit, Turn, read_qrels
from recosim.world.importers.source import Log, bad, find_file, json_lines, read_lines
from recosim.world.world import World

__all__ = ["import_trec"]

HEAD = 65_536  # bytes that tell what a file is
JSON = (".jsonl", ".ndjson")
IDS = ("id", "_id", "docno", "docid", "num")
TAGS = (*IDS, "title", "text", "contents", "desc", "narr", "need")

TopicIds = Literal["given", "position"]


def import_trec(
    path: Path,
    name: str,
    *,
    topic_ids: TopicIds = "given",
    licence: str = "",
    topics_split: TopicsSplit = "source",
    seed: int = 0,
    progress: Progress | None = None,
) -> World:
    """A collection from a folder with documents, topics and qrels in TREC's formats: Cranfield.

    Which file is what is seen from the files: documents have `<doc>`, topics `<top>`; in JSON lines
    `documents*.jsonl` and `topics*.jsonl` say it by their names, and qrels have "qrel" in theirs.
    Each may be several files. The title of a topic is what the user says; title, description and
    narrative together are the need. A topic is one of one turn.

    Args:
        topic_ids: how qrels name topics: by the id "given" in the topics, or by their "position"
            from 1, as those of Cranfield do.
        licence: under which terms the collection may be used, kept with the world.
        topics_split: 70/15/15 by the "seed" (which "source" means too: it has no split of its
            own), or all in "test".
        seed: of the split of topics.

    Raises:
        ImportDataError: a kind of file is missing, a file is malformed, an id occurs twice, or
            nothing could be kept. UnknownNameError: not a way to name or split topics.
    """
    if topic_ids not in ("given", "position"):
        raise unknown("topic_ids", topic_ids, ("given", "position"))
    path = Path(path)
    files = _files(path)
    draft = Draft(path)
    for file in files["documents"]:
        for line, row in _records(file, "doc", draft.log, progress):
            text = "text" if "text" in row else "contents"
            draft.document(
                file, line, _id(file, line, row),
                text_of(file, line, row, "title"), text_of(file, line, row, text),
            )  # fmt: skip
    for file in files["topics"]:
        for line, row in _records(file, "top", draft.log, progress):
            key = _id(file, line, row).removeprefix("Number:").strip()
            said = text_of(file, line, row, "title") or text_of(file, line, row, "text")
            more = [text_of(file, line, row, part) for part in ("desc", "narr")]
            need = text_of(file, line, row, "need") or " ".join([said, *filter(None, more)])
            draft.turn(file, line, Turn(key, key, said, need=need))
    names = {str(i): key for i, key in enumerate(draft.turns, start=1)}
    for file in files["qrels"]:
        read_qrels(draft, file, names if topic_ids == "position" else None)
    return draft.build(
        name,
        seed=seed,
        topics_split=topics_split,
        source=f"imported from TREC files ({path.name})",
        licence=licence,
        settings={"importer": "trec", "topic_ids": topic_ids},
    )


def _files(path: Path) -> dict[str, list[Path]]:
    """The files of a folder by what they hold."""
    find_file(path, [], "a collection in TREC's formats", needed=False)  # refuses what is no folder
    found: dict[str, list[Path]] = {"documents": [], "topics": [], "qrels": []}
    for file in sorted(p for p in path.iterdir() if p.is_file()):
        with file.open("rb") as stream:
            head = stream.read(HEAD)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            head = head.decode("utf-16", errors="ignore").encode()
        head = head.lower()
        if "qrel" in file.name.lower():
            found["qrels"].append(file)
        elif file.suffix in JSON:
            for kind in ("documents", "topics"):
                if file.name.lower().startswith(kind):
                    found[kind].append(file)
        elif file.suffix == ".md":
            continue  # a page about the collection may show its tags
        elif b"<top>" in head:
            found["topics"].append(file)
        elif b"<doc>" in head:
            found["documents"].append(file)
    for kind, files in found.items():
        if not files:
            names = ", ".join(sorted(p.name for p in path.iterdir())[:12]) or "an empty folder"
            want = {
                "documents": "a file with <doc> ... </doc>, or documents.jsonl",
                "topics": "a file with <top> ... </top>, or topics.jsonl",
                "qrels": "a file with 'qrel' in its name",
            }[kind]
            raise ImportDataError(f"{path} has no {kind}: expected {want}; found {names}.")
    return found


def _records(
    path: Path, tag: str, log: Log, progress: Progress | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line, fields) of each record of a file, in either format."""
    if path.suffix in JSON:
        yield from json_lines(path, log=log, progress=progress)
        return
    opened: int | None = None
    lines: list[str] = []
    for number, line in read_lines(path, log=log, progress=progress):
        if re.search(rf"<{tag}>", line, re.I):
            if opened is not None:
                raise bad(path, f"<{tag}> inside the <{tag}> of line {opened}", number)
            opened, lines = number, []
        if opened is not None:
            lines.append(line)
        if re.search(rf"</{tag}>", line, re.I):
            if opened is None:
                raise bad(path, f"</{tag}> without a <{tag}>", number)
            yield opened, _fields("\n".join(lines))
            opened = None
    if opened is not None:
        raise bad(path, f"the <{tag}> of this line is never closed", opened)


def _fields(record: str) -> dict[str, Any]:
    """The known tags of a record and their texts; those of topics are often not closed."""
    parts = re.split(rf"<({'|'.join(TAGS)})>", record, flags=re.I)[1:]
    fields: dict[str, Any] = {}
    for tag, text in zip(parts[::2], parts[1::2], strict=True):
        label = tag.lower()
        inside = re.split(rf"</{label}>", text, maxsplit=1, flags=re.I)[0]
        plain = html.unescape(re.sub(r"</?\w+[^>]*>", "", inside)).strip()
        fields[label] = f"{fields[label]} {plain}".strip() if label in fields else plain
    return fields


def _id(path: Path, line: int, row: dict[str, Any]) -> str:
    for key in IDS:
        if key in row:
            return text_of(path, line, row, key).strip()
    raise bad(path, f"a record has no id; expected one of {', '.join(IDS)}", line)
