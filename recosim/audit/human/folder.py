"""`read_people`: whatever dialogues of people a folder holds, by what the files look like."""

from __future__ import annotations

from pathlib import Path

from recosim.audit.dialogues import Collection
from recosim.audit.human.iard import is_iard, read_iard
from recosim.audit.human.laps import is_laps, read_laps
from recosim.audit.human.redial import is_redial, read_redial
from recosim.audit.human.source import parse_json, read_text
from recosim.audit.human.table import read_table
from recosim.errors import ImportDataError
from recosim.world.importers.source import bad

__all__ = ["read_people"]

ENDINGS = (".json", ".jsonl", ".csv")
KNOWN = (
    "IARD (a JSON object of dialogues with dialogue_info), ReDial (JSON lines with messages and "
    "initiatorQuestions), LAPS (a JSON list of people with sessions), or a CSV of turns with acts"
)


def read_people(path: Path) -> list[Collection]:
    """The collections in a folder, or in one file, by name; other files are left alone.

    Raises:
        ImportDataError: nothing there, a file of none of these kinds, or a malformed one; with file
            and line.
    """
    if not path.exists():
        raise ImportDataError(f"{path} does not exist; name a folder of dialogues, or a file.")
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [file for file in files if file.suffix.lower() in ENDINGS and file.is_file()]
    if not files:
        raise ImportDataError(f"{path} holds no dialogues; known are {KNOWN}.")
    found: dict[str, Collection] = {}
    for file in files:
        collection = _read(file)
        name, k = collection.name, 2
        while name in found:
            name, k = f"{collection.name} {k}", k + 1
        found[name] = Collection(
            name, collection.conversations, collection.tells, collection.names, collection.notes
        )
    return [found[name] for name in sorted(found)]


def _read(path: Path) -> Collection:
    if path.suffix.lower() == ".csv":
        return read_table(path)
    text = read_text(path)
    if not text.strip():
        raise bad(path, "it is empty", 1)
    if path.suffix.lower() == ".jsonl":
        number, line = next((n, t) for n, t in enumerate(text.split("\n"), 1) if t.strip())
        if is_redial(parse_json(line, path, number)):
            return read_redial(path)
    else:
        value = parse_json(text, path)
        if is_iard(value):
            return read_iard(path)
        if is_laps(value):
            return read_laps(path)
    raise bad(path, f"no dialogues of a known kind; known are {KNOWN}", 1)
