"""A walk through a list, item by item, as parts of a line and back (`Context.walks`).

Who walks reads from the first item on and stops somewhere; each item that was read has a `Level`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from recosim.acts import Level, Note, React

__all__ = ["WALKED", "as_walked", "walk_of", "walked_pieces"]

Piece = tuple[str, tuple[int, ...]]

# What words say of consumed items; "take" and its like are how people say that they like one.
_LEVEL_OF = {"tried": Level.CLICK, "enjoyed": Level.ACCEPT, "loved": Level.LOVE,
             "take": Level.ACCEPT}  # fmt: skip
# The parts of a line that tell of a walk.
WALKED = ("walked", "note", "refuse", *_LEVEL_OF)
_OF_NOTE = {Note.UNKNOWN: Level.SKIP, Note.LATER: Level.SKIP}


def as_walked(react: React, items: Sequence[int]) -> React:
    """A reaction as the walk that it tells of: the level of each item that was read, in order.

    Without levels the whole list was read; with some, it was read up to the last item that is
    named. What was neither consumed nor known was skipped. An item that is not in the list is left
    where it was named. Minutes are left out: words do not tell them.
    """
    named = {item: _OF_NOTE.get(note, Level.SEEN) for item, note in react.notes}
    named |= {item: Level(level) for item, level in react.levels}
    if react.accepted is not None:
        named[react.accepted] = max(Level.ACCEPT, named.get(react.accepted, Level.SKIP))
    read = len(items)
    if react.levels:
        read = 1 + max((items.index(item) for item in named if item in items), default=-1)
    walk = {item: named.get(item, Level.SKIP) for item in items[:read]}
    return _react({**walk, **{item: named[item] for item in named if item not in items}})


def walked_pieces(react: React, items: Sequence[int]) -> list[Piece]:
    """What is said of a walk (`as_walked`), in the order in which it is said."""
    levels = dict(react.levels)
    pieces: list[Piece] = []
    if 0 < len(levels) < len(items):
        pieces.append(("walked", (len(levels),)))
    pieces += [("note", (item, int(note))) for item, note in react.notes]
    for kind in ("tried", "enjoyed", "loved"):
        consumed = tuple(item for item, level in levels.items() if level == _LEVEL_OF[kind])
        if consumed:
            pieces.append((kind, consumed))
    if not any(level >= Level.CLICK for level in levels.values()) and (
        not levels or len(react.notes) < len(levels)
    ):
        pieces.append(("refuse", ()))
    return pieces


def walk_of(pieces: Iterable[Piece], items: Sequence[int]) -> React | None:
    """The walk that pieces of a line tell of, or None where they do not fit each other."""
    read, refused = len(items), False
    named: dict[int, Level] = {}
    for kind, ids in pieces:
        if kind == "walked":
            read = ids[0]
        elif kind == "refuse":
            refused = True
        else:
            said = ids[:1] if kind == "note" else ids
            level = _OF_NOTE.get(Note(ids[1]), Level.SEEN) if kind == "note" else _LEVEL_OF[kind]
            if not named.keys().isdisjoint(said) or len(set(said)) < len(said):
                return None
            named |= dict.fromkeys(said, level)
    if refused and any(level >= Level.CLICK for level in named.values()):
        return None
    unread = [item for item in items[read:] if item in named]
    if unread or not 0 <= read <= len(items):
        return None
    walk = {item: named.pop(item, Level.SKIP) for item in items[:read]}
    return _react({**walk, **named})


def _react(levels: dict[int, Level]) -> React:
    liked = next((item for item, level in levels.items() if level >= Level.ACCEPT), None)
    known = tuple((item, Note.SEEN) for item, level in levels.items() if level == Level.SEEN)
    return React(liked, tuple(levels.items()), known)
