"""Dialogues of people, as they are read for fits too, as the conversations that an audit counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from recosim.audit.dialogues import Collection, Conversation, Rating, Turn
from recosim.audit.human.genres import GENRES, names_genre
from recosim.users.dialogues import ITEM, Dialogue
from recosim.users.dialogues import Turn as Typed

__all__ = ["SYSTEM_TAGS_OF", "USER_TAGS_OF", "collection_of"]

# Acts of `recosim.users.dialogues` -> tags; where none is named, the tag is the act.
USER_TAGS_OF: dict[str, tuple[str, ...]] = {
    "prefer": ("want",), "compare": ("want",), "answer": ("inform",),
    "liked": ("seen", "liked"), "disliked": ("seen", "disliked"),
    "opinion": ("other",), "neutral": ("other",),
}  # fmt: skip
# A further wish on top of an item, and "like that one, but", are criticisms in IARD.
IN_IARD: dict[str, tuple[str, ...]] = {"want": ("criticise",), "compare": ("criticise",)}
SYSTEM_TAGS_OF: dict[str, tuple[str, ...]] = {
    "confirm": ("ask",), "clarify": ("ask",), "explain": ("other",), "answer": ("other",),
    "respond": ("other",), "courtesy": ("other",),
}  # fmt: skip

# What the collections that there are called, and what they tell; ReDial and LAPS have no acts.
NAMES = {"iard": "IARD", "redial": "ReDial", "laps": "LAPS"}
TELLS = {
    "iard": frozenset({"replies", "acts", "opening", "words"}),
    "redial": frozenset({"words", "liking"}),
    "laps": frozenset({"words"}),
}


def collection_of(dialogues: Sequence[Dialogue], form: str, name: str) -> Collection:
    """What an audit counts of dialogues.

    Args:
        dialogues: of one file (`recosim.users.dialogues.read_dialogues`).
        form: of `recosim.users.dialogues.FORMS`.
        name: of the file, for dialogues of one's own.
    """
    talks = tuple(_conversation(dialogue, form) for dialogue in dialogues if dialogue.turns)
    bare = sum(not talk.ratings for talk in talks) if form == "redial" else 0
    notes = (f"{bare} dialogues without ratings of suggested films",) if bare else ()
    tells = TELLS[form] if form in TELLS else _tells(talks)
    names = tuple(dict.fromkeys(_names(dialogues, form)))
    return Collection(NAMES.get(form, name), talks, tells, names, notes)


def _conversation(dialogue: Dialogue, form: str) -> Conversation:
    turns = tuple(_turn(turn, dialogue.titles, form) for turn in dialogue.turns)
    ratings = tuple(
        Rating(liked=judged.liked is True, seen=judged.seen is not False)
        for judged in dialogue.judged.values()
        if judged.suggested
    )
    liked = sum(rating.liked for rating in ratings) if ratings else dialogue.liked
    # Whoever seeks in IARD and ReDial is a worker in other roles too: each dialogue counts as one.
    who = dialogue.name if form in ("iard", "redial") else dialogue.user
    return Conversation(dialogue.name, who, turns, liked, ratings)


def _turn(turn: Typed, titles: Mapping[str, str], form: str) -> Turn:
    if turn.role == "user":
        known = USER_TAGS_OF | IN_IARD if form == "iard" else USER_TAGS_OF
    else:
        known = SYSTEM_TAGS_OF
    tags = frozenset(tag for kind in turn.kinds for tag in known.get(kind, (kind,)))
    # Items are numbers in IARD and ReDial: they are said by their titles.
    text = " ".join(ITEM.sub(lambda m: m[2] or titles.get(m[1], m[0]), turn.text).split())
    user = turn.role == "user"
    item = "@" in turn.text if form == "iard" else bool(turn.items)  # some typed @ and a title
    attribute = bool(turn.attributes) or (form == "iard" and names_genre(text))
    return Turn(turn.role, tags, text, user and item, user and attribute)


def _names(dialogues: Iterable[Dialogue], form: str) -> Iterable[str]:
    """What masks take out: items, attributes, and of collections about films the words of genres.

    Titles are said with their year and without.
    """
    if form in NAMES:
        yield from GENRES
    for dialogue in dialogues:
        for title in dialogue.titles.values():
            yield title
            yield re.sub(r"\s*\(\d{4}\)\s*$", "", title)
        preferences = dialogue.about.get("preferences")
        for key, values in preferences.items() if isinstance(preferences, Mapping) else ():
            if key.startswith("movie") and isinstance(values, list):
                yield from (value for value in values if isinstance(value, str))
        if form not in NAMES:  # elsewhere items are numbers
            for turn in dialogue.turns:
                yield from (*turn.items, *turn.attributes)


def _tells(talks: Sequence[Conversation]) -> frozenset[str]:
    """What dialogues of one's own tell: what they do not record is not counted as "never"."""
    tags = {tag for talk in talks for turn in talk.turns for tag in turn.tags}
    users = [turn for talk in talks for turn in talk.turns if turn.role == "user"]
    found = {
        "replies": "recommend" in tags,
        "acts": True,
        "answers": "ask" in tags and bool(tags & {"yes", "no", "unsure", "deflect"}),
        "opening": any(turn.names_item or turn.names_attribute for turn in users),
        "leaving": "leave" in tags and "recommend" in tags,
        "liking": any(talk.liked is not None for talk in talks),
        "words": any(turn.text for turn in users),
    }
    return frozenset(group for group, holds in found.items() if holds)
