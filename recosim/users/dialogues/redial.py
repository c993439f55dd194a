"""ReDial: dialogues about films, with what both people said of each film afterwards.

Li et al., "Towards Deep Conversational Recommendations", NeurIPS 2018. Turns have no acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recosim.users.dialogues.iard import ITEM
from recosim.users.dialogues.text import named, parse_json, read_file, wanted
from recosim.users.dialogues.types import Dialogue, Judgement, Turn
from recosim.world.importers.source import bad

__all__ = ["is_redial", "read_redial"]

ANSWERS = {0: False, 1: True, 2: None}


def is_redial(value: Any) -> bool:
    """Whether the JSON value of one line looks like a dialogue of ReDial."""
    return isinstance(value, dict) and "initiatorQuestions" in value and "messages" in value


def read_redial(path: Path) -> list[Dialogue]:
    """Read a file of ReDial: one dialogue a line.

    Raises:
        ImportDataError: not this collection, or a damaged file (with the line).
    """
    found = []
    for number, line in enumerate(read_file(path).split("\n"), start=1):
        if line.strip():
            found.append(_dialogue(path, number, parse_json(path, line, number)))
    if not found:
        raise bad(path, "no dialogue in it", 1)
    return found


def _dialogue(path: Path, line: int, entry: Any) -> Dialogue:
    if not is_redial(entry):
        raise bad(
            path, "not a dialogue of ReDial: messages and initiatorQuestions are needed", line
        )
    name = named(path, "the dialogue", entry, "conversationId", line)
    where = f"dialogue {name}"
    seeker = named(path, where, entry, "initiatorWorkerId", line)
    films = wanted(path, where, entry, "movieMentions", (dict, list), line)
    titles = {item: title for item, title in dict(films).items() if isinstance(title, str)}
    turns = []
    for message in wanted(path, where, entry, "messages", list, line):
        words = wanted(path, where, message, "text", str, line)
        sender = named(path, where, message, "senderWorkerId", line)
        items = tuple(dict.fromkeys(item for item, _ in ITEM.findall(words)))
        turns.append(Turn("user" if sender == seeker else "system", words, items=items))
    # Nobody answered: an empty list stands where the answers would.
    answers = entry["initiatorQuestions"] or {}
    if not isinstance(answers, Mapping):
        raise bad(path, f"{where}: initiatorQuestions is no JSON object", line)
    place = {item: k for k, item in enumerate(i for turn in turns for i in turn.items)}
    named_first = sorted(answers, key=lambda item: place.get(item, len(place)))
    judged = {item: _judgement(path, line, where, item, answers[item]) for item in named_first}
    return Dialogue(name, seeker, tuple(turns), judged, titles=titles)


def _judgement(path: Path, line: int, where: str, item: str, given: Any) -> Judgement:
    values = []
    for question in ("suggested", "seen", "liked"):
        code = wanted(path, f"{where}, film {item}", given, question, int, line)
        if code not in ANSWERS:
            raise bad(path, f"{where}, film {item}: {question} is {code}, not 0, 1 or 2", line)
        values.append(ANSWERS[code])
    return Judgement(*values)
