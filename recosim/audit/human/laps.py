"""LAPS (Joko et al. 2024): dialogues of several sessions with preferences; no acts, no ratings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recosim.audit.dialogues import Collection, Conversation, Turn
from recosim.audit.human.genres import GENRES
from recosim.audit.human.source import Place, need, parse_json, read_text

__all__ = ["is_laps", "read_laps"]

ROLES = {"User": "user", "Assistant": "system"}


def is_laps(value: Any) -> bool:
    """Whether a JSON value looks like LAPS."""
    return isinstance(value, list) and any(
        isinstance(entry, dict) and "sessions" in entry for entry in value
    )


def read_laps(path: Path) -> Collection:
    """The dialogues of a file, one for each session.

    Raises:
        ImportDataError: another encoding, cut, a role that does not exist, a key that lacks; with
            the line.
    """
    text = read_text(path)
    place, talks, names = Place(path, text), [], list(GENRES)
    for k, person in enumerate(parse_json(text, path)):
        place.at_key("sessions")
        for s, session in enumerate(need(person, "sessions", list, place)):
            place.at_key("dialogue")
            turns = [_turn(entry, place) for entry in need(session, "dialogue", list, place)]
            names += _titles(session.get("preferences"))
            if turns:
                talks.append(Conversation(f"{k}.{s}", str(k), tuple(turns)))
    if not talks:
        raise place.error("it holds no dialogue")
    return Collection("LAPS", tuple(talks), frozenset({"words"}), tuple(dict.fromkeys(names)))


def _turn(entry: Any, place: Place) -> Turn:
    place.at_key("role")
    role = need(entry, "role", str, place)
    if role not in ROLES:
        raise place.error(f"unknown role {role!r}; {' and '.join(ROLES)} are known", role)
    said = " ".join(need(entry, "message", str, place).split())
    return Turn("user" if role == "User" else "system", frozenset(), said)


def _titles(preferences: Any) -> list[str]:
    """The films among the preferences of a session, for masking."""
    found = []
    for key, values in preferences.items() if isinstance(preferences, dict) else ():
        if key.startswith("movie") and isinstance(values, list):
            found += [value for value in values if isinstance(value, str)]
    return found
