"""Years and decades: numbers, never spelling. "1987" is the attribute that is called "1980s"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from recosim.language.words import Token, fold, is_year

__all__ = ["TENS", "decade_of", "year_at"]

TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_ONES = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "oh": 0, "one": 1, "two": 2,
    "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
}  # fmt: skip
_PLURALS = {
    **{f"{word[:-1]}ies": 1900 + tens for word, tens in TENS.items()},
    "two thousands": 2000, "noughties": 2000, "twenty tens": 2010,
}  # fmt: skip
_STARTS = frozenset(("two", "nineteen", "twenty", *(name.split()[0] for name in _PLURALS)))
_DECADE = re.compile(r"(?:(\d{3})0|(\d)0)s")
# A year after one of these bounds a span; no decade is named.
_BOUNDS = frozenset(("before", "after", "until", "till", "than", "since", "pre", "post"))
_BEFORE_SHORT = frozenset(("in", "from", "around", "circa", "year", "of", "early", "late", "mid"))


def decade_of(name: str) -> int | None:
    """The first year of the decade that an attribute is called by, or None."""
    said = fold(name).strip().removeprefix("the ").strip()
    if said in _PLURALS:
        return _PLURALS[said]
    found = _DECADE.fullmatch(said)
    if not found:
        return None
    if found[1]:
        return int(found[1]) * 10
    tens = int(found[2]) * 10
    return tens + (1900 if tens >= 20 else 2000)


def year_at(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """The year that begins at a word, and the place after it; None if none does."""
    word = tokens[at].word
    if not word[:1].isdecimal() and word not in _STARTS:
        return None
    before = tokens[at - 1].word if at and not tokens[at].gap else ""
    if before in _BOUNDS or (before in ("to", "the") and at > 1 and tokens[at - 2].word in _BOUNDS):
        return None
    if is_year(word):
        return int(word), at + 1
    for end in (at + 2, at + 1):
        decade = _PLURALS.get(" ".join(token.word for token in tokens[at:end]))
        if decade is not None and end <= len(tokens):
            return decade, end
    alone = at + 1 == len(tokens) or bool(tokens[at + 1].gap)
    if len(word) == 2 and word.isdecimal() and before in _BEFORE_SHORT and alone:
        return (1900 + int(word), at + 1) if int(word) >= 20 else None
    return _spelt_out(tokens, at)


def _spelt_out(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """ "nineteen eighty seven", "two thousand and four", "twenty fifteen"."""
    words = [token.word for token in tokens[at : at + 4]]
    if words[:2] == ["two", "thousand"]:
        end = 3 if words[2:3] == ["and"] else 2
        ones = _ONES.get(words[end]) if len(words) > end else None
        return (2000, at + 2) if ones is None else (2000 + ones, at + end + 1)
    if len(words) > 1 and words[0] == "nineteen" and words[1] in TENS:
        ones = _ONES.get(words[2], 10) if len(words) > 2 else 10
        year = 1900 + TENS[words[1]]
        return (year + ones, at + 3) if ones < 10 else (year, at + 2)
    if len(words) > 1 and words[0] == "twenty" and 10 <= _ONES.get(words[1], 0) < 20:
        return 2000 + _ONES[words[1]], at + 2
    return None
