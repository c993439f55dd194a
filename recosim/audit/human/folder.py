"""`read_people`: whatever dialogues of people a folder holds, by what the files look like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from recosim.audit.dialogues import Collection
from recosim.audit.human.typed import collection_of
from recosim.errors import ImportDataError
from recosim.users.dialogues import dialogue_form, read_dialogues
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
        ImportDataError: nothing there, a file of none of these kinds, one without a turn, turns of
            one's own without acts, or a malformed file; with file and line.
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
        found[name] = replace(collection, name=name)
    return [found[name] for name in sorted(found)]


def _read(path: Path) -> Collection:
    # Whatever CSV is here holds turns: its reader says which column lacks.
    form = "turns" if path.suffix.lower() == ".csv" else dialogue_form(path)
    if not form:
        raise bad(path, f"no dialogues of a known kind; known are {KNOWN}", 1)
    dialogues = read_dialogues(path, form)
    if not any(dialogue.turns for dialogue in dialogues):
        raise bad(path, "it holds no turn", 1)
    if form == "turns" and not any(dialogue.has_acts for dialogue in dialogues):
        raise bad(path, "no turn has an act; fill the column act", 1)
    return collection_of(dialogues, form, path.stem)
