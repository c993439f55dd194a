"""How lines of the style "human" look: pieces joined, capitals and marks, names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from recosim.language.context import Context
from recosim.language.forms import SLOT, SLOTS, Slots
from recosim.language.grammar import Automaton
from recosim.language.human_reader import ORDINALS, PRONOUNS, all_of_rules, words_of_place
from recosim.language.labels import Labels, listed

__all__ = ["Slot", "as_written", "count", "joined", "numbered", "tidy", "with_names"]


class Slot(NamedTuple):
    """A slot of a line: its name, the word that ends its list, and what it names."""

    name: str
    last: str
    ids: tuple[int, ...]


_SENTENCE = re.compile(r"(^|[.!?]\s+)([a-z])")
_ALONE = re.compile(r"\bi\b")
_SPACED = re.compile(r"\s+([,.!?:])")
_DOUBLED = re.compile(r"([,.!?])[,.]+")
_LEADING = re.compile(r"^[\s,.!-]+")
_NUMBER = re.compile(r"\{(\d+)\}")


def count(text: str) -> int:
    """How many words a text has."""
    return len(text.split())


def tidy(text: str) -> str:
    """A wording without the spaces and marks that empty options leave."""
    text = _SPACED.sub(r"\1", " ".join(text.split()))
    return _DOUBLED.sub(r"\1", _LEADING.sub("", text)).rstrip(" ,.-")


def numbered(text: str, values: Slots, slots: list[Slot]) -> str:
    """A wording whose slots are numbers, {0}, {1}, of `slots`, to which they are added."""

    def number(slot: re.Match[str]) -> str:
        slots.append(Slot(slot[1], slot[2] or "and", values[slot[1]]))
        return f"{{{len(slots) - 1}}}"

    return SLOT.sub(number, text)


def joined(pieces: Sequence[str], draw: Callable[[], float]) -> str:
    """Pieces in one line, as sentences, by commas, by dots or by a word."""
    dots = draw()
    text = ""
    for given in pieces:
        piece = tidy(given)
        if not text:
            text = piece
            continue
        # Names in a row would be read as one list: a word stands between them.
        if _ends_open(text) and piece.startswith("{"):
            piece = f"{('but', 'so', 'also')[int(draw() * 3)]} {piece}"
        if text.endswith("?"):
            text += f" {piece}"
        elif dots < 0.15:
            text += f"{'...' if draw() < 0.8 else '....'}{'' if draw() < 0.3 else ' '}{piece}"
        elif draw() < 0.4:
            text += f"{'.' if draw() < 0.7 else '!'} {piece}"
        elif draw() < 0.6 or _ends_open(text):
            text += f", {piece}"
        else:
            word = (" and", " and", " but", ",", "", " so")[int(draw() * 6)]
            text += f"{',' if piece.startswith(('but ', 'so ', 'also ')) else word} {piece}"
    return text


def _ends_open(text: str) -> bool:
    return text.rstrip(" ,.!?-").endswith("}")


def as_written(text: str, draw: Callable[[], float]) -> str:
    """Capital letters, apostrophes and the end of a line as people write them."""
    if draw() < 0.12:
        text = text.replace("'", "")
    lower = draw()
    if lower > 0.12:
        text = _SENTENCE.sub(lambda start: start[1] + start[2].upper(), text)
    if lower > 0.06:
        text = _ALONE.sub("I", text)
    if text.endswith("?"):
        return text[:-1] if draw() < 0.15 else text
    end = draw()
    return text + ("" if end < 0.42 else "." if end < 0.8 else "!" if end < 0.95 else "...")


def with_names(
    text: str,
    slots: Sequence[Slot],
    context: Context,
    labels: Labels,
    automaton: Callable[[], Automaton],
    draw: Callable[[], float],
    fully: bool,
) -> str:
    """A line with names in the place of numbers: bare, by their place in the list, or with ids.

    Args:
        automaton: that reads the line; a name that has only words of its rules carries its id.
        fully: every name with its id.
    """
    vocabulary = automaton().vocabulary

    def say_one(slot: str, i: int) -> str:
        kind, items = SLOTS[slot], context.items
        if not kind:
            return str(i)
        if fully:
            return labels.say_fully(kind, i)
        if kind == "i" and i in items:
            if len(items) == 1 and slot != "named" and draw() < 0.5:
                return " ".join(PRONOUNS[int(draw() * len(PRONOUNS))])
            if len(items) > 1 and items.index(i) < len(ORDINALS) and draw() < 0.25:
                return " ".join(words_of_place(items.index(i)))
        name, words = labels.speak(kind, i)
        return labels.say_fully(kind, i) if all_of_rules(words, vocabulary) else name

    def named(number: re.Match[str]) -> str:
        slot, last, ids = slots[int(number[1])]
        return listed([say_one(slot, i) for i in ids], last)

    return _NUMBER.sub(named, text)
