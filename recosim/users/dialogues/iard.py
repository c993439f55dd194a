"""IARD: dialogues about films in which every turn has its intents.

Cai and Chen, "Predicting User Intents and Satisfaction with Dialogue-based Conversational
Recommendations", UMAP 2020; the dialogues are some of ReDial's (Li et al. 2018, NeurIPS).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from recosim.errors import unknown
from recosim.users.dialogues.text import Place, named, parse_json, read_file, wanted
from recosim.users.dialogues.types import Dialogue, Did, Turn
from recosim.world.importers.source import bad

__all__ = ["ITEM", "is_iard", "read_iard"]

# A film in the words of ReDial and IARD; IARD has its title behind the number.
ITEM = re.compile(r"@(\d+)(?:\s*<\s*(.*?)\s*>)?")

# Intents of the seeker and actions of the recommender -> acts.
SEEKER = {
    "IQU": "request", "CON": "more", "REF": "request", "STO": "request", "PRO": "prefer",
    "ANS": "answer", "ASK": "opinion", "SEE": "seen", "ACC": "accept", "REJ": "reject",
    "INQ": "inquire", "CRI-F": "criticise", "CRI-A": "want", "CRI-C": "compare", "NRE": "neutral",
    "OTH": "courtesy",
}  # fmt: skip
RECOMMENDER = {
    "REQ": "ask", "CLQ": "clarify", "REC-S": "recommend", "REC-E": "recommend", "EXP-P": "explain",
    "EXP-I": "explain", "EXP-S": "explain", "ANS": "answer", "R-ANS": "answer",
    "RESP": "respond", "OTH": "courtesy",
}  # fmt: skip

INTENTS = "sub-intent/action"


def is_iard(value: Any) -> bool:
    """Whether a JSON value looks like IARD."""
    return isinstance(value, dict) and any(
        isinstance(entry, dict) and "dialogue_info" in entry for entry in value.values()
    )


def read_iard(path: Path, value: Any = None) -> list[Dialogue]:
    """Read a file of IARD.

    Args:
        value: what the file holds, where it was parsed already.

    Raises:
        ImportDataError: not this collection, a damaged file, an intent that it does not have, or a
            turn without any; with the line.
    """
    text = read_file(path)
    value = parse_json(path, text) if value is None else value
    if not is_iard(value):
        raise bad(path, "not IARD: an object of dialogues with 'dialogue_info' is needed", 1)
    place = Place(text)
    return [_dialogue(path, place, name, entry) for name, entry in value.items()]


def _dialogue(path: Path, place: Place, name: str, entry: Any) -> Dialogue:
    line = place.at_key(name)
    info = wanted(path, f"dialogue {name}", entry, "dialogue_info", dict, line)
    turns, users, titles = [], [], dict[str, str]()
    for key, spoken in info.items():
        where, line = f"dialogue {name}, turn {key}", place.at_key(key)
        role = wanted(path, where, spoken, "role", str, line)
        if role not in ("seeker", "recommender"):
            problem = f"{where}: unknown role {role!r}; seeker and recommender are known"
            raise bad(path, problem, place.of_word(role))
        words = wanted(path, where, spoken, "utterance_text", str, line)
        labels = wanted(path, where, spoken, INTENTS, list, line)
        known = SEEKER if role == "seeker" else RECOMMENDER
        if not labels:
            raise bad(path, f"{where}: a turn without an intent ({INTENTS!r} is empty)", line)
        for label in labels:
            if label not in known:
                problem = f"{where}: {unknown(f'intent of the {role}', label, known)}"
                raise bad(path, problem, place.of_word(label))
        named_here = ITEM.findall(words)
        titles.update((item, title) for item, title in named_here if title)
        items = tuple(dict.fromkeys(item for item, _ in named_here))
        kinds = dict.fromkeys(known[label] for label in labels)  # each once, in order
        acts = tuple(Did(kind, items if _names_items(kind) else ()) for kind in kinds)
        turns.append(
            Turn("user" if role == "seeker" else "system", words, acts, items, tuple(labels))
        )
        if role == "seeker":
            users.append(named(path, where, spoken, "worker_id", line))
    if not users:
        raise bad(path, f"dialogue {name} has no turn of the seeker", line)
    taken = entry.get("accepted_recommendation", [])
    return Dialogue(name, users[0], tuple(turns), about={"accepted_turns": taken}, titles=titles)


def _names_items(kind: str) -> bool:
    """Acts that are about the items of their line; feedback is about those shown before."""
    return kind in ("recommend", "request", "prefer", "compare", "answer")
