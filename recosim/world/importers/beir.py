"""Importer of collections as BEIR lays them out: `corpus.jsonl`, `queries.jsonl`, `qrels/*.tsv`.

Thakur et al. (2021), "BEIR: A heterogenous benchmark for zero-shot evaluation of information
retrieval models". A query is a topic of one turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recosim.errors import ImportDataError
from recosim.progress import Progress
from recosim.world.importers.collection import Draft, TopicsSplit, Turn, whole
from recosim.world.importers.source import Log, bad, json_lines, need_file, read_lines
from recosim.world.world import World

__all__ = ["import_beir", "text_of"]

SPLITS = {"train": 0, "dev": 1, "test": 2}


def import_beir(
    path: Path,
    name: str,
    *,
    licence: str = "",
    topics_split: TopicsSplit = "source",
    seed: int = 0,
    progress: Progress | None = None,
) -> World:
    """A collection from a BEIR folder: SciFact, NFCorpus, FiQA and the like.

    What a query asks is its need: queries of BEIR are complete. Only queries that one of the files
    in `qrels` names are topics, in the order of `queries.jsonl`; a query that two of the files
    name is of the later split (train, dev, test).

    Args:
        licence: under which terms the collection may be used, kept with the world.
        topics_split: by the "source" (train, dev and test as the files in `qrels` are called, the
            others by the seed), 70/15/15 by the "seed", or all in "test".
        seed: of the split of topics.

    Raises:
        ImportDataError: a file is missing, or has a malformed line; a document or query occurs
            twice; nothing could be kept. UnknownNameError: not a way to split topics.
    """
    path = Path(path)
    corpus = need_file(path, ["corpus.jsonl", "corpus.jsonl.gz"], "a BEIR collection")
    queries = need_file(path, ["queries.jsonl", "queries.jsonl.gz"], "a BEIR collection")
    files = sorted((path / "qrels").glob("*.tsv")) if (path / "qrels").is_dir() else []
    if not files:
        raise ImportDataError(f"{path} has no judgements: expected qrels/*.tsv, e.g. test.tsv.")
    draft = Draft(path)
    for line, row in json_lines(corpus, log=draft.log, progress=progress):
        draft.document(
            corpus, line, text_of(corpus, line, row, "_id"),
            text_of(corpus, line, row, "title"), text_of(corpus, line, row, "text"),
        )  # fmt: skip
    rows = [(file, *row) for file in files for row in _qrels(file, draft.log)]
    judged = {query for _, _, query, _, _ in rows}
    for line, row in json_lines(queries, log=draft.log, progress=progress):
        key = text_of(queries, line, row, "_id")
        if key not in judged:
            draft.drop("queries that no file of judgements names", queries, line, key)
            continue
        said = text_of(queries, line, row, "text")
        draft.turn(queries, line, Turn(key, key, said, need=said))
    for file, line, query, document, grade in rows:
        draft.grade(file, line, query, document, grade)
        if file.stem in SPLITS:
            draft.split[query] = max(SPLITS[file.stem], draft.split.get(query, 0))
    return draft.build(
        name,
        seed=seed,
        topics_split=topics_split,
        source=f"imported from a BEIR collection ({path.name})",
        licence=licence,
        settings={"importer": "beir", "qrels": [file.name for file in files]},
    )


def text_of(path: Path, line: int, row: dict[str, Any], key: str, default: str = "") -> str:
    """A text of a JSON object; numbers are taken as texts, as some files have ids so.

    Raises:
        ImportDataError: neither.
    """
    value = row.get(key, default)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise bad(path, f"{key!r} is {type(value).__name__}, not a text", line)
    return str(value)


def _qrels(path: Path, log: Log) -> Iterator[tuple[int, str, str, int]]:
    """(line, query, document, grade) of each row below the header."""
    for line, text in read_lines(path, log=log):
        fields = text.split("\t")
        if len(fields) != 3:
            raise bad(path, f"expected query-id, corpus-id, score by tabs: {text[:60]!r}", line)
        if line == 1 and not fields[2].strip().lstrip("-").isdigit():
            continue  # the header
        yield line, fields[0], fields[1], whole(path, line, fields[2])
