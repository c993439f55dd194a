"""What a user means in a life (`Context.walks`) by a line that no template wrote.

Reactions become walks through the list (`recosim.language.walks`), wishes become instructions:
"no more country for now, and from now on more jazz" are two.
"""

from __future__ import annotations

import re
from typing import Literal

from recosim.acts import Instruct, Level, Note, React, UserAct
from recosim.language import cues
from recosim.language.heard import Heard
from recosim.language.reactions import Reading
from recosim.language.tone import cues_in, has_cue
from recosim.language.walks import as_walked

__all__ = ["going_of", "react_of", "wishes_of"]

_CONDITION = re.compile(
    r" (?:when|whenever|if|as long as|every time) "
    r"(?:its|it is|it has|that is|thats|there is|theres|you show me|i get|it comes with|for)"
    r"(?: (?:something|anything|things|a|an|some|with))* "
)
_LEVELS = {Note.LIKED: Level.ACCEPT, Note.DISLIKED: Level.CLICK, Note.SEEN: Level.SEEN}


def react_of(reading: Reading, items: tuple[int, ...]) -> React | None:
    """The walk that a line tells of, or None where it says nothing of the list.

    What is liked was consumed here, whatever else could be meant; a dislike too.
    """
    levels = {item: _LEVELS.get(note, Level.SKIP) for item, note in reading.notes.items()}
    levels |= dict.fromkeys(reading.taken, Level.ACCEPT)
    if not levels and reading.refused < 0:
        return None
    walk = {item: levels.pop(item, Level.SKIP) for item in items}
    return as_walked(React(None, tuple({**walk, **levels}.items())), items)


def wishes_of(heard: Heard, *, loosely: bool) -> tuple[UserAct, ...]:
    """The instructions of a line, in its order.

    Each attribute has the tone in which it is named, and holds as long as the nearest word for a
    time says: for the session where there is none.

    Args:
        loosely: whether a bare name is wanted, and a wish needs no word for a time.
    """
    times = cues_in(heard.tokens, cues.LIFE_SCOPES)
    condition, aside = _condition(heard)
    if not loosely and not times and not condition:
        return ()
    found: dict[tuple[str, str], list[int]] = {}
    for place, mention in enumerate(heard.mentions):
        tone = heard.tones[place]
        if mention.kind != "a" or not mention.clear or tone == "aside" or place in aside:
            continue
        if mention.ids[0] in heard.context.asked:
            return ()
        directive = "avoid" if tone in ("no", "less") else "want"
        scope = min(
            times, key=lambda time: _apart(heard, time, mention.start, mention.end),
            default=(0, 0, "session"),
        )[2]  # fmt: skip
        found.setdefault((directive, scope), []).extend(mention.ids)
    return tuple(
        Instruct(_directive(directive), tuple(dict.fromkeys(ids)), condition, _scope(scope))
        for (directive, scope), ids in found.items()
    )


def going_of(said: str) -> tuple[Literal["tired", "disappointed"] | None, bool]:
    """(why the user goes, whether for good) where a line says so; None: it says nothing of it."""
    for_good = has_cue(said, cues.FOR_GOOD)
    if has_cue(said, cues.DISAPPOINTED):
        return "disappointed", for_good
    if has_cue(said, cues.TIRED):
        return "tired", for_good
    return ("disappointed" if for_good else None), for_good


def _apart(heard: Heard, time: tuple[int, int, str], start: int, end: int) -> tuple[int, int]:
    """How far a word for a time is from a name: marks between them, then words."""
    low, high = (time[1], start) if time[1] <= start else (end, time[0])
    between = heard.tokens[low : high + 1]
    joined = sum(token.word in ("and", "but") for token in between)
    return sum(bool(token.gap) for token in between) + joined, high - low


def _condition(heard: Heard) -> tuple[tuple[int, ...], set[int]]:
    """The attribute that must be there for a wish to hold, and the place of its mention."""
    match = _CONDITION.search(heard.said)
    if match is None:
        return (), set()
    start = len(heard.said[: match.end()].replace("|", "").split())
    for place, mention in enumerate(heard.mentions):
        if mention.start >= start and mention.kind == "a" and mention.clear:
            return mention.ids[:1], {place}
    return (), set()


def _directive(name: str) -> Literal["want", "avoid"]:
    return "avoid" if name == "avoid" else "want"


def _scope(name: str) -> Literal["turn", "session", "always"]:
    return "turn" if name == "turn" else "always" if name == "always" else "session"
