"""Importer of TREC CAsT and iKAT: conversations with needs, canonical passages, qrels, passages.

Owoyele et al. (2022), "TREC CAsT 2022: Going beyond user ask and system retrieve with initiative
and response generation"; Aliannejadi et al. (2024), "TREC iKAT 2023".
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from recosim.errors import ImportDataError, OptionError
from recosim.progress import Progress
from recosim.world.importers.beir import text_of
from recosim.world.importers.collection import Draft, TopicsSplit, Turn, read_qrels
from recosim.world.importers.source import (
    bad,
    find_file,
    json_lines,
    parse_json,
    physical_lines,
)
from recosim.world.world import World

__all__ = ["import_cast"]

PASSAGE = re.compile(r".*-\d+")  # ids end in the number of the passage; a whole article's do not
# The names that editions give to the same things.
REWRITE = ("manual_rewritten_utterance", "resolved_utterance")
NEED = ("information_need", "need")


def import_cast(
    path: Path,
    name: str,
    *,
    passage_words: int = 100,
    licence: str = "",
    topics_split: TopicsSplit = "source",
    seed: int = 0,
    progress: Progress | None = None,
) -> World:
    """A collection from a folder of TREC CAsT or iKAT: topics, qrels and passages with their texts.

    Topics are `annotated_topics.json`, or else the one `*topics*.json` (CAsT: `number`, `turn`;
    iKAT: `number`, `turns`). An entry is one path through a conversation: paths of one number are
    one topic, a turn that several of them share is one turn, and the turns before it in the path
    are its history. Its canonical passage is `response`. Passages are the JSON lines with `id` and
    `text`; of texts that the folder has twice the first counts. Judged passages whose text is not
    at hand are dropped and counted.

    Args:
        passage_words: a document whose id ends in no passage number is a whole article; it is cut
            into passages of so many words, "<id>#0" and on; 0 leaves it whole.
        licence: under which terms the collection may be used, kept with the world.
        topics_split: 70/15/15 by the "seed" (which "source" means too: it has no split of its
            own), or all in "test".
        seed: of the split of topics.

    Raises:
        ImportDataError: a kind of file is missing, a file is malformed, paths of one topic
            disagree, or nothing could be kept. OptionError: `passage_words` is below 0.
        UnknownNameError: not a way to split topics.
    """
    if passage_words < 0:
        raise OptionError(f"passage_words is {passage_words}; 0 or more is needed.")
    path = Path(path)
    find_file(path, [], "TREC CAsT or iKAT", needed=False)  # refuses what is no folder
    draft = Draft(path)
    _passages(draft, path, passage_words, progress)
    topics = _topics_file(path)
    _topics(draft, topics)
    qrels = sorted(p for p in path.iterdir() if "qrel" in p.name.lower() and p.is_file())
    if not qrels:
        raise ImportDataError(f"{path} has no judgements: expected a file with 'qrel' in its name.")
    for file in qrels:
        read_qrels(draft, file)
    return draft.build(
        name,
        seed=seed,
        topics_split=topics_split,
        source=f"imported from TREC CAsT or iKAT ({path.name})",
        licence=licence,
        settings={"importer": "cast", "topics": topics.name, "passage_words": passage_words},
    )


def _passages(draft: Draft, path: Path, words: int, progress: Progress | None) -> None:
    """The documents of every JSON-lines file whose first line has an id and a text."""
    read = 0
    for file in sorted(p for p in path.iterdir() if p.suffix in (".jsonl", ".ndjson")):
        for line, row in json_lines(file, log=draft.log, progress=progress):
            if line == 1 and not {"id", "text"} <= row.keys():
                break  # conversations, not passages
            read += 1
            key = text_of(file, line, row, "id").replace(" ", "")
            title, text = text_of(file, line, row, "title"), text_of(file, line, row, "text")
            if PASSAGE.fullmatch(key) or not words:
                draft.document(file, line, key, title, text)
                continue
            pieces = text.split()
            for start in range(0, max(len(pieces), 1), words):
                piece = " ".join(pieces[start : start + words])
                draft.document(file, line, f"{key}#{start // words}", title if piece else "", piece)
    if not read:
        names = ", ".join(sorted(p.name for p in path.iterdir())[:12]) or "an empty folder"
        raise ImportDataError(
            f"{path} has no passages: expected JSON lines (.jsonl or .ndjson) with id and text, "
            f"found {names}."
        )


def _topics_file(path: Path) -> Path:
    given = path / "annotated_topics.json"
    if given.is_file():
        return given
    found = sorted(path.glob("*topics*.json"))
    if len(found) == 1:
        return found[0]
    names = ", ".join(p.name for p in found) or "none"
    raise ImportDataError(
        f"{path}: expected annotated_topics.json or one file *topics*.json; found {names}."
    )


def _topics(draft: Draft, file: Path) -> None:
    text = "".join(line for _, line in physical_lines(file, log=draft.log))
    entries = parse_json(text, file, log=draft.log)
    if not isinstance(entries, list):
        raise bad(file, f"expected a list of topics, found {type(entries).__name__}", 1)
    for entry in entries:
        turns = entry.get("turn", entry.get("turns")) if isinstance(entry, dict) else None
        if not isinstance(turns, list) or "number" not in entry:
            raise bad(file, f"a topic has no number or no turns: {str(entry)[:60]!r}")
        topic = str(entry["number"])
        path: list[str] = []
        for row in turns:
            turn = _turn(file, topic, row, path)
            known = draft.turns.get(turn.key)
            if known is None:
                draft.turn(file, None, turn)
            elif (known.utterance, list(known.history)) != (turn.utterance, list(turn.history)):
                raise bad(file, f"the turn {turn.key!r} differs between two paths of its topic")
            path.append(turn.key)


def _turn(file: Path, topic: str, row: Any, path: list[str]) -> Turn:
    number = row.get("number", row.get("turn_id")) if isinstance(row, dict) else None
    if number is None:
        raise bad(file, f"a turn of topic {topic} has no number: {str(row)[:60]!r}")

    def first(keys: tuple[str, ...]) -> str:
        return next((text for key in keys if (text := text_of(file, 0, row, key))), "")

    return Turn(
        key=f"{topic}_{number}",
        topic=topic,
        utterance=first(("utterance",)),
        need=first(NEED),
        rewrite=first(REWRITE),
        answer=first(("response",)),
        history=list(path),
    )
