"""LAPS: dialogues of several sessions with one person, who is one worker in both roles.

Joko et al., "Doing Personal LAPS", SIGIR 2024. Turns have no acts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recosim.users.dialogues.text import Place, named, parse_json, read_file, wanted
from recosim.users.dialogues.types import Dialogue, Role, Turn
from recosim.world.importers.source import bad

__all__ = ["is_laps", "read_laps"]

ROLES: dict[str, Role] = {"User": "user", "Assistant": "system"}


def is_laps(value: Any) -> bool:
    """Whether a JSON value looks like LAPS."""
    return isinstance(value, list) and any(
        isinstance(entry, dict) and "sessions" in entry for entry in value
    )


def read_laps(path: Path, value: Any = None) -> list[Dialogue]:
    """Read a file of LAPS: each session is a dialogue, named `<person>/<session from 0>`.

    Args:
        value: what the file holds, where it was parsed already.

    Raises:
        ImportDataError: not this collection, or a damaged file; with the line.
    """
    text = read_file(path)
    value = parse_json(path, text) if value is None else value
    if not is_laps(value):
        raise bad(path, "not LAPS: a list of people with 'sessions' is needed", 1)
    found, place = [], Place(text)
    for number, person in enumerate(value):
        where, line = f"person {number}", place.at_key("worker_id")
        worker = named(path, where, person, "worker_id", line)
        for k, session in enumerate(wanted(path, where, person, "sessions", list, line)):
            at, line = f"{where}, session {k}", place.at_key("dialogue")
            spoken = wanted(path, at, session, "dialogue", list, line)
            turns = [_turn(path, at, place, said) for said in spoken]
            about = {"preferences": session.get("preferences", {})}
            found.append(Dialogue(f"{number}/{k}", worker, tuple(turns), about=about))
    return found


def _turn(path: Path, where: str, place: Place, given: Any) -> Turn:
    line = place.at_key("role")
    role = wanted(path, where, given, "role", str, line)
    if role not in ROLES:
        raise bad(path, f"{where}: unknown role {role!r}; {' and '.join(ROLES)} are known", line)
    return Turn(ROLES[role], wanted(path, where, given, "message", str, line))
