"""ReDial (Li et al. 2018): film dialogues, and what seekers say of each film afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recosim.audit.dialogues import Collection, Conversation, Rating, Turn
from recosim.audit.human.genres import GENRES
from recosim.audit.human.source import Place, need, parse_json, read_text

__all__ = ["is_redial", "read_redial"]

_MENTION = re.compile(r"@(\d+)")


def is_redial(value: Any) -> bool:
    """Whether the JSON value of a line looks like ReDial."""
    return isinstance(value, dict) and "messages" in value and "initiatorQuestions" in value


def read_redial(path: Path) -> Collection:
    """The dialogues of a file, one a line.

    Raises:
        ImportDataError: another encoding, a line that was cut or lacks a key; with the line.
    """
    text, talks, names, bare = read_text(path), [], list(GENRES), 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = Place(path, line, number)
        entry = parse_json(line, path, number)
        films = need(entry, "movieMentions", (dict, list), place)
        titles = {k: v for k, v in dict(films).items() if isinstance(v, str)}
        names += titles.values()
        names += [re.sub(r"\s*\(\d{4}\)\s*$", "", title) for title in titles.values()]
        seeker = need(entry, "initiatorWorkerId", (int, str), place)
        turns = []
        for message in need(entry, "messages", list, place):
            said = _with_titles(need(message, "text", str, place), titles)
            user = need(message, "senderWorkerId", (int, str), place) == seeker
            turns.append(Turn("user" if user else "system", frozenset(), " ".join(said.split())))
        ratings = _ratings(need(entry, "initiatorQuestions", (dict, list), place), place)
        bare += not ratings
        name = str(need(entry, "conversationId", (int, str), place))
        liked = sum(rating.liked for rating in ratings) if ratings else None
        talks.append(Conversation(name, name, tuple(turns), liked, ratings))
    if not talks:
        raise Place(path, text).error("it holds no dialogue")
    notes = (f"{bare} dialogues without ratings of suggested films",) if bare else ()
    tells = frozenset({"words", "liking"})
    return Collection("ReDial", tuple(talks), tells, tuple(dict.fromkeys(names)), notes)


def _with_titles(text: str, titles: Mapping[str, str]) -> str:
    return _MENTION.sub(lambda match: titles.get(match[1], match[0]), text)


def _ratings(questions: Any, place: Place) -> tuple[Rating, ...]:
    """Of the films that were suggested; a dialogue without a form has an empty list."""
    found = []
    for film, answer in (questions or {}).items():
        marks = {key: need(answer, key, int, place) for key in ("suggested", "seen", "liked")}
        for key, mark in marks.items():
            if mark not in (0, 1, 2):
                raise place.error(f"{key} of film {film} is {mark}; 0, 1 or 2 is needed")
        if marks["suggested"] == 1:
            found.append(Rating(liked=marks["liked"] == 1, seen=marks["seen"] != 0))
    return tuple(found)
