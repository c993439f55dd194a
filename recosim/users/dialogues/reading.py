"""Which collection a file is of, and its dialogues."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recosim.errors import ImportDataError, unknown
from recosim.users.dialogues.iard import is_iard, read_iard
from recosim.users.dialogues.laps import is_laps, read_laps
from recosim.users.dialogues.redial import is_redial, read_redial
from recosim.users.dialogues.text import parse_json, read_file
from recosim.users.dialogues.turns import NEEDED, read_header, read_turns
from recosim.users.dialogues.types import Dialogue
from recosim.world.importers.source import bad

__all__ = ["FORMS", "dialogue_form", "read_dialogues"]

READERS: dict[str, Any] = {
    "iard": read_iard,
    "redial": read_redial,
    "laps": read_laps,
    "turns": read_turns,
}
FORMS = tuple(READERS)


def dialogue_form(path: Path) -> str:
    """What a file looks like: one of `FORMS`, or "" for none of them.

    Raises:
        ImportDataError: a file that cannot be read as text at all, or JSON that is damaged.
    """
    suffix = path.suffix.lower()
    if suffix not in (".json", ".jsonl", ".csv"):
        return ""
    if suffix == ".csv":
        return "turns" if set(NEEDED) <= set(read_header(path)) else ""
    text = read_file(path)
    first = text.split("\n", 1)[0]
    if suffix == ".jsonl":
        try:
            return "redial" if is_redial(json.loads(first)) else ""
        except (ValueError, RecursionError):  # cut in its first line: its reader says where
            return "redial"
    value = parse_json(path, text)
    return "iard" if is_iard(value) else "laps" if is_laps(value) else ""


def read_dialogues(path: Path, form: str | None = None) -> list[Dialogue]:
    """The dialogues of a file.

    Args:
        form: one of `FORMS`; None: found out (`dialogue_form`).

    Raises:
        ImportDataError: no collection that is known here, or a damaged file (with the line).
        UnknownNameError: no such form.
    """
    form = dialogue_form(path) if form is None else form
    if not form:
        raise bad(
            path,
            "not a file of dialogues that is known here: IARD (.json), ReDial (.jsonl), LAPS "
            f"(.json), or turns with acts (.csv with the columns {', '.join(NEEDED)})",
        )
    if form not in READERS:
        raise unknown("form of dialogues", form, FORMS)
    found: list[Dialogue] = READERS[form](path)
    _named_once(path, found)
    return found


def _named_once(path: Path, dialogues: list[Dialogue]) -> None:
    """Raise `ImportDataError` where two dialogues have the same name."""
    seen: set[str] = set()
    for dialogue in dialogues:
        if dialogue.name in seen:
            raise ImportDataError(f"{path}: two dialogues are called {dialogue.name!r}.")
        seen.add(dialogue.name)
