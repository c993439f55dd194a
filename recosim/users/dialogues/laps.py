"""LAPS: dialogues of several sessions with one person, who is one worker in both roles.

Joko et al., "Doing Personal LAPS", SIGIR 2024. Turns have no acts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recosim.users.dialogues.text import named, parse_json, read_file, wanted
from recosim.users.dialogues.types import Dialogue, Role, Turn
from recosim.world.importers.source import bad

__all__ = ["is_laps", "read_laps"]

ROLES: dict[str, Role] = {"User": "user", "Assistant": "system"}


def is_laps(value: Any) -> bool:
    """Whether a JSON value looks like LAPS."""
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], dict)
        and ("sessions" in value[0])
    )


def read_laps(path: Path, value: Any = None) -> list[Dialogue]:
    """Read a file of LAPS: each session is a dialogue, named `<person>/<session from 0>`.

    Args:
        value: what the file holds, where it was parsed already.

    Raises:
        ImportDataError: not this collection, or a damaged file.
    """
    value = parse_json(path, read_file(path)) if value is None else value
    if not is_laps(value):
        raise bad(path, "not LAPS: a list of people with 'sessions' is needed", 1)
    found = []
    for number, person in enumerate(value):
        where = f"person {number}"
        worker = named(path, where, person, "worker_id")
        for k, session in enumerate(wanted(path, where, person, "sessions", list)):
            at = f"{where}, session {k}"
            turns = [_turn(path, at, line) for line in wanted(path, at, session, "dialogue", list)]
            about = {"preferences": session.get("preferences", {})}
            found.append(Dialogue(f"{number}/{k}", worker, tuple(turns), about=about))
    return found


def _turn(path: Path, where: str, given: Any) -> Turn:
    role = wanted(path, where, given, "role", str)
    if role not in ROLES:
        raise bad(path, f"{where}: the role is {role!r}, not {' or '.join(ROLES)}")
    return Turn(ROLES[role], wanted(path, where, given, "message", str))
