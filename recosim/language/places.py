"""Things named by their place: "the second one", "number 3", "the latter", "the first two"."""

from __future__ import annotations

from collections.abc import Sequence

from recosim.errors import NotUnderstood
from recosim.language.mentions import Mention
from recosim.language.words import Token

__all__ = ["place_mentions"]

_ORDINALS = (
    ("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th"), ("fifth", "5th"),
    ("sixth", "6th"), ("seventh", "7th"), ("eighth", "8th"), ("ninth", "9th"), ("tenth", "10th"),
)  # fmt: skip
_PLACE = {word: place for place, words in enumerate(_ORDINALS, start=1) for word in words}
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBER = {word: number for number, word in enumerate(_NUMBERS, start=1)}
_SHORT = 4  # words of a line that is about nothing but a place
_NOUNS = ("one", "option", "suggestion", "choice", "pick", "item", "of")
_CHOOSING = ("with", "take", "choose", "pick", "want", "try")
_BEFORE_NUMBERS = ("number", "option", "no", "nr", "num", "choice", "item")


def place_mentions(
    text: str, tokens: Sequence[Token], mentions: Sequence[Mention], kind: str, ids: Sequence[int]
) -> list[Mention]:
    """The mentions with those by place among them, in the order of the text.

    Args:
        kind, ids: what is counted, in its order; nothing is found where it is empty.

    Raises:
        NotUnderstood: a number that is not on the list.
    """
    inside = {k for mention in mentions for k in range(mention.start, mention.end)}
    found = list(mentions)
    for at in range(len(tokens)):
        if not ids or at in inside:
            continue
        several = _several_at(tokens, at, len(ids))
        if several is not None:
            found.append(Mention(kind, tuple(ids[several]), at - 1, at + 2, every=True))
            continue
        place = _place_at(tokens, at, len(ids))
        if place is None or (len(ids) == 1 and tokens[at].word in _PLACE):
            continue  # of one thing, "the first" is that of a series
        if not 1 <= place <= len(ids):
            if len(tokens) > _SHORT:
                continue
            raise NotUnderstood(text, f"There is no number {place}. Which one, 1 to {len(ids)}?")
        start = at - 1 if at and tokens[at - 1].word in ("the", *_BEFORE_NUMBERS) else at
        end = at + 1
        if end < len(tokens) and tokens[end].word == "one" and not tokens[end].gap:
            end += 1
        found.append(Mention(kind, (ids[place - 1],), start, end))
    return sorted(found, key=lambda mention: mention.start)


def _several_at(tokens: Sequence[Token], at: int, n: int) -> slice | None:
    """The places of "the first two" and "the last three"; None if that is not said."""
    word, after = tokens[at].word, tokens[at + 1 : at + 2]
    if word not in ("first", "last") or not after or after[0].gap or not at:
        return None
    number = _NUMBER.get(after[0].word) or (
        int(after[0].word) if after[0].word.isdecimal() and len(after[0].word) < 3 else 0
    )
    if tokens[at - 1].word != "the" or not 2 <= number <= n:
        return None
    return slice(0, number) if word == "first" else slice(n - number, n)


def _place_at(tokens: Sequence[Token], at: int, n: int) -> int | None:
    word = tokens[at].word
    before = tokens[at - 1].word if at and not tokens[at].gap else ""
    after = tokens[at + 1].word if at + 1 < len(tokens) and not tokens[at + 1].gap else ""
    if word.isdecimal() and len(word) < 4:
        if before in _BEFORE_NUMBERS or len(tokens) <= 2 or (not after and before in _CHOOSING):
            return int(word)
        return None
    if word in _NUMBER and before in _BEFORE_NUMBERS[:2]:
        return _NUMBER[word]
    pointed = before == "the" or after in _NOUNS or len(tokens) <= 2 or word[0].isdecimal()
    if not pointed:
        return None
    if word in ("last", "latter"):
        return n
    if word == "former":
        return 1
    return _PLACE.get(word)
