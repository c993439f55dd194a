"""IARD (Cai and Chen 2020): film dialogues whose every turn has its intents."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from recosim.audit.dialogues import Collection, Conversation, Turn
from recosim.audit.human.genres import GENRES, names_genre
from recosim.audit.human.source import Place, need, parse_json, read_text
from recosim.errors import unknown

__all__ = ["is_iard", "read_iard"]

# Intents of the seeker as tags. A critique of a feature, a further wish on top of an item, and
# "like that one, but" are criticisms; a preference that nobody asked for is a want.
SEEKER = {
    "IQU": "request", "STO": "request", "REF": "request", "CON": "more", "PRO": "want",
    "ANS": "inform", "ASK": "other", "SEE": "seen", "ACC": "accept", "REJ": "reject",
    "INQ": "inquire", "CRI-F": "criticise", "CRI-A": "criticise", "CRI-C": "criticise",
    "NRE": "other", "OTH": "courtesy",
}  # fmt: skip
RECOMMENDER = {
    "REC-S": "recommend", "REC-E": "recommend", "REQ": "ask", "CLQ": "ask", "EXP-I": "other",
    "EXP-P": "other", "EXP-S": "other", "RESP": "other", "R-ANS": "other", "ANS": "other",
    "OTH": "other",
}  # fmt: skip

_ITEM = re.compile(r"@\d+\s*(?:<\s*(.*?)\s*>)?")


def is_iard(value: Any) -> bool:
    """Whether a JSON value looks like IARD."""
    return isinstance(value, dict) and any(
        isinstance(entry, dict) and "dialogue_info" in entry for entry in value.values()
    )


def read_iard(path: Path) -> Collection:
    """The dialogues of a file.

    Raises:
        ImportDataError: another encoding, cut, an intent that does not exist, a turn without
            intents; with the line.
    """
    text = read_text(path)
    place, names, talks = Place(path, text), list(GENRES), []
    for name, dialogue in parse_json(text, path).items():
        place.at_key(name)
        turns: list[Turn] = []
        seeker = ""
        for key, entry in need(dialogue, "dialogue_info", dict, place).items():
            place.at_key(key)
            turn, items = _turn(entry, place)
            turns.append(turn)
            names += items
            if turn.role == "user" and not seeker:
                seeker = str(entry.get("worker_id", ""))
        if turns:
            talks.append(Conversation(name, name, tuple(turns)))
    if not talks:
        raise place.error("it holds no dialogue")
    tells = frozenset({"replies", "acts", "opening", "words"})
    return Collection("IARD", tuple(talks), tells, tuple(dict.fromkeys(names)))


def _turn(entry: Any, place: Place) -> tuple[Turn, list[str]]:
    role = need(entry, "role", str, place)
    if role not in ("seeker", "recommender"):
        raise place.error(f"unknown role {role!r}; seeker and recommender are known", role)
    text = need(entry, "utterance_text", str, place)
    intents = need(entry, "sub-intent/action", list, place)
    known = SEEKER if role == "seeker" else RECOMMENDER
    if not intents:
        raise place.error("a turn without an intent ('sub-intent/action' is empty)")
    for intent in intents:
        if intent not in known:
            raise place.error(f"{unknown('intent of the ' + role, intent, known)}", str(intent))
    items = [title for title in _ITEM.findall(text) if title]
    plain = _ITEM.sub(lambda match: match[1] or "", text)
    tags = frozenset(known[intent] for intent in intents)
    user = role == "seeker"
    return Turn(
        "user" if user else "system",
        tags,
        " ".join(plain.split()),
        names_item=user and "@" in text,
        names_attribute=user and names_genre(plain),
    ), [*items, *(_untitled(title) for title in items)]


def _untitled(title: str) -> str:
    """A title without its year."""
    return re.sub(r"\s*\(\d{4}\)\s*$", "", title)
