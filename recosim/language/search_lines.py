"""Lines of searches, phrase by phrase: acts as pieces, pieces as phrases, and both back.

A piece is a case of `recosim.language.search_phrases` with what stands in its slot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple, Protocol

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Edit,
    Inquire,
    Leave,
    Level,
    React,
    Recommend,
    Request,
    UserAct,
)
from recosim.errors import OptionError
from recosim.language.context import Context
from recosim.language.search_phrases import SYSTEM_PHRASES, USER_PHRASES, Phrases

__all__ = [
    "Piece",
    "Terms",
    "acts_of",
    "listed",
    "patterns",
    "phrases_in",
    "pieces_of",
    "place_named",
    "read_pieces",
    "read_terms",
]

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
             "tenth")  # fmt: skip
_SLOT = re.compile(r"\{(\w+)(?::or)?\}")
_PLACE = r"(?:the \w+|number \d+)"
_IN_SLOT = {
    "terms": r"\w+(?:, \w+)*(?: (?:and|or) \w+)?",
    "places": rf"{_PLACE}(?:, {_PLACE})*(?: and {_PLACE})?",
    "items": r".+",
    "facet": r".+",
}
_TO_QUESTION = ("yes", "no", "unsure", "tell", "aside")
_TO_LIST = ("up", "down", "nothing_there", "again", "missing", "wrong")
_EVER = ("satisfied", "impatient", "goodbye", "thanks", "greeting", "other")
_LEAVES: dict[str, Leave] = {
    "satisfied": Leave("satisfied"), "impatient": Leave("impatient"), "goodbye": Leave("other"),
}  # fmt: skip


class Terms(Protocol):
    """The terms of a collection; an index of `recosim.retrieval` is one."""

    @property
    def vocabulary(self) -> Sequence[str]:
        """The words of terms, by number."""

    @property
    def term_of(self) -> Mapping[str, int]:
        """Word -> the number of its term."""

    def count(self, words: Sequence[str]) -> Mapping[int, float]:
        """Term -> how often it is among words."""

    @property
    def tokeniser(self) -> Callable[[str], list[str]]:
        """A text -> its words, those that can be terms."""


class Piece(NamedTuple):
    """What one phrase says: terms, or places in the list from 0; () for phrases without a slot."""

    case: str
    ids: tuple[int, ...] = ()


# ---- acts and pieces -----------------------------------------------------------------------------


def pieces_of(acts: Sequence[UserAct], context: Context) -> list[Piece]:
    """What is said of acts, in the order in which it is said.

    Raises:
        OptionError: an act that is not said in a search.
    """
    pieces: list[Piece] = []
    for act in acts:
        if isinstance(act, Answer):
            pieces += _answered(act, context)
        elif isinstance(act, React):
            pieces += _reacted(act, acts, context)
        elif isinstance(act, Edit):
            pieces += [Piece("missing", act.add)] * bool(act.add)
            pieces += [Piece("wrong", act.remove)] * bool(act.remove)
        elif isinstance(act, Inquire) and act.item is None:
            pieces.append(Piece("again"))
        elif isinstance(act, Leave):
            pieces.append(Piece(_going(act)))
        elif isinstance(act, Courtesy):
            pieces.append(Piece(act.kind))
        elif isinstance(act, Request) and act.attributes:
            pieces.append(Piece("wish", act.attributes))
        else:
            raise OptionError(f"{act} is not said in a search.")
    return pieces


def _answered(act: Answer, context: Context) -> list[Piece]:
    if not context.asked and act.kind == "yes" and act.also:
        return [Piece("tell", act.also)]
    if act.kind == "unsure" and act.also:
        return [Piece("aside", act.also)]
    return [Piece(act.kind), *[Piece("tell", act.also)] * bool(act.also)]


def _reacted(act: React, acts: Sequence[UserAct], context: Context) -> list[Piece]:
    told = dict(act.levels)
    if act.accepted is not None:
        told.setdefault(act.accepted, Level.ACCEPT)
    levels = [(context.items.index(item), level) for item, level in told.items()]
    up = tuple(sorted(place for place, level in levels if level >= Level.ACCEPT))
    down = tuple(sorted(place for place, level in levels if level < Level.ACCEPT))
    pieces = [Piece("up", up)] * bool(up) + [Piece("down", down)] * bool(down)
    more = any(isinstance(each, (Edit, Inquire)) or each == Leave("satisfied") for each in acts)
    return pieces if up or more else [*pieces, Piece("nothing_there")]


def _going(act: Leave) -> str:
    if act.reason == "satisfied":
        return "satisfied"
    return "goodbye" if act.reason in ("other", "tired") else "impatient"


def acts_of(pieces: Sequence[Piece], context: Context) -> tuple[UserAct, ...]:
    """The acts that pieces of a line stand for."""
    acts: list[UserAct] = []
    cases = [piece.case for piece in pieces]
    for at, piece in enumerate(pieces):
        first = not any(case in _GROUP[piece.case] for case in cases[:at])
        if piece.case in _TO_QUESTION and first:
            acts.append(_answer(pieces, context))
        elif piece.case in _TO_LIST:
            if not any(case in _TO_LIST for case in cases[:at]):
                acts.append(_react(pieces, context))
            if piece.case == "again" and first:
                acts.append(Inquire(None))
            elif piece.case in ("missing", "wrong") and first:
                acts.append(Edit(_ids(pieces, "missing"), _ids(pieces, "wrong")))
        elif piece.case == "wish" and first:
            acts.append(Request(_ids(pieces, "wish")))
        elif piece.case in _LEAVES:
            acts.append(_LEAVES[piece.case])
        elif piece.case in ("thanks", "greeting", "other"):
            acts.append(Courtesy(piece.case))  # type: ignore[arg-type]
    return tuple(acts)


_GROUP = {
    **dict.fromkeys(_TO_QUESTION, _TO_QUESTION),
    **{case: (case,) for case in (*_TO_LIST, *_EVER, "wish")},
    "missing": ("missing", "wrong"),
    "wrong": ("missing", "wrong"),
}


def _answer(pieces: Sequence[Piece], context: Context) -> Answer:
    cases = {piece.case for piece in pieces}
    told, aside = _ids(pieces, "tell"), _ids(pieces, "aside")
    named = tuple(dict.fromkeys(told + aside))
    if "no" in cases:
        return Answer("no", (), named)
    if "yes" in cases or ("unsure" not in cases and set(told) & set(context.asked)):
        return Answer("yes", context.asked, tuple(t for t in named if t not in context.asked))
    if "unsure" in cases or context.asked or not named:
        return Answer("unsure", (), named)
    return Answer("yes", (), named)


def _react(pieces: Sequence[Piece], context: Context) -> React:
    up, down = set(_ids(pieces, "up")), set(_ids(pieces, "down"))
    levels = tuple(
        (item, Level.ACCEPT if place in up else Level.SKIP)
        for place, item in enumerate(context.items)
        if place in up or place in down
    )
    satisfied = any(piece.case == "satisfied" for piece in pieces)
    best = next((item for item, level in levels if level == Level.ACCEPT), None)
    return React(best if satisfied else None, levels)


def _ids(pieces: Sequence[Piece], case: str) -> tuple[int, ...]:
    """What all pieces of a case hold, each once."""
    return tuple(dict.fromkeys(i for piece in pieces if piece.case == case for i in piece.ids))


# ---- pieces and phrases --------------------------------------------------------------------------


def listed(words: Sequence[str], last: str = "and") -> str:
    """Words as a list in a sentence: "rock, indie and pop"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def place_named(place: int) -> str:
    """A place of a list, from 0: "the first", "number 12"."""
    return f"the {_ORDINALS[place]}" if place < len(_ORDINALS) else f"number {place + 1}"


def phrases_in(table: Phrases, case: str, style: str) -> tuple[str, ...]:
    """The phrases of a case in a style; all of them where people talk as they like ("human")."""
    by_style = table[case]
    if style == "human":
        return tuple(dict.fromkeys(phrase for each in by_style.values() for phrase in each))
    return by_style[style]


@cache
def patterns(
    side: Literal["user", "system"], cases: tuple[str, ...]
) -> tuple[tuple[re.Pattern[str], str], ...]:
    """(expression, case) of every phrase of some cases; those without a slot come first."""
    table = USER_PHRASES if side == "user" else SYSTEM_PHRASES
    found = []
    for case in cases:
        for phrase in phrases_in(table, case, "human"):
            slot = _SLOT.search(phrase)
            body, end = phrase[:-1], re.escape(phrase[-1])
            parts = [re.escape(part) for part in _SLOT.sub("\0", body).split("\0")]
            inside = f"(?P<slot>{_IN_SLOT[slot[1]]})" if slot else ""
            text = rf"{inside.join(parts)}(?:{end}|(?=\s*$))"
            found.append((slot is not None, len(phrase), re.compile(text, re.IGNORECASE), case))
    found.sort(key=lambda each: (each[0], -each[1]))
    return tuple((pattern, case) for _, _, pattern, case in found)


def read_pieces(text: str, context: Context, terms: Terms) -> list[Piece] | None:
    """The pieces of a line that was made of phrases alone; None: it was not."""
    answers = context.answers
    to: tuple[str, ...] = _TO_QUESTION if isinstance(answers, Ask) else _TO_LIST
    if not isinstance(answers, (Ask, Recommend)):
        to = ("wish",)
    return next(_readings(text, 0, (*to, *_EVER), context, terms), None)


def _readings(
    text: str, at: int, cases: tuple[str, ...], context: Context, terms: Terms
) -> Iterator[list[Piece]]:
    if at >= len(text):
        return
    for pattern, case in patterns("user", cases):
        found = pattern.match(text, at)
        if found is None:
            continue
        ids = _slot_ids(found, case, context, terms)
        if ids is None:
            continue
        end = found.end()
        while end < len(text) and text[end].isspace():
            end += 1
        if end == len(text):
            yield [Piece(case, ids)]
        else:
            for rest in _readings(text, end, cases, context, terms):
                yield [Piece(case, ids), *rest]


def _slot_ids(
    found: re.Match[str], case: str, context: Context, terms: Terms
) -> tuple[int, ...] | None:
    if "slot" not in found.re.groupindex:
        return ()
    if case not in ("up", "down"):
        return read_terms(found["slot"], terms)
    places = []
    for said in re.split(r", | and ", found["slot"].lower()):
        word = said.split()[-1]
        place = _ORDINALS.index(word) if word in _ORDINALS else -1
        if word.isdecimal():
            place = int(word) - 1
        if not 0 <= place < len(context.items):
            return None
        places.append(place)
    return tuple(places)


def read_terms(text: str, terms: Terms) -> tuple[int, ...] | None:
    """The terms of a list of words, as `listed` wrote it; None where one of them is no term."""
    words = re.split(r", | and | or ", text.lower())
    found = [terms.term_of.get(word) for word in words]
    return None if None in found else tuple(t for t in found if t is not None)
