"""From text to terms: lower-case words, with or without function words, plurals or not."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["FUNCTION_WORDS", "Tokeniser", "singular"]

WORD = re.compile(r"\w+")

# Words that say nothing of what a text is about: articles, pronouns, prepositions, auxiliaries.
_TEXT = """
a about above after again against all also am an and any are as at be because been before being
below between both but by can could did do does doing down during each few for from further had has
have having he her here hers herself him himself his how i if in into is it its itself just me more
most my myself no nor not now of off on once only or other our ours ourselves out over own same she
should so some such than that the their theirs them themselves then there these they this those
through to too under until up us very was we were what when where which while who whom why will with
would you your yours yourself yourselves
"""
FUNCTION_WORDS = frozenset(_TEXT.split())


@dataclass(frozen=True)
class Tokeniser:
    """How texts become terms; an index keeps the settings that it was built with.

    Attributes:
        function_words: whether articles, pronouns and the like (`FUNCTION_WORDS`) are terms.
        plurals: whether plurals are terms of their own; if not, `singular` is applied.
    """

    function_words: bool = True
    plurals: bool = True

    def __call__(self, text: str) -> list[str]:
        """The terms of a text, in order, with repetitions."""
        words = WORD.findall(text.lower())
        if not self.function_words:
            words = [word for word in words if word not in FUNCTION_WORDS]
        if not self.plurals:
            words = [singular(word) for word in words]
        return words

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)


def singular(word: str) -> str:
    """An English word without its plural ending, by three rules (Harman 1991, "S" stemmer).

    Words of up to three letters stay as they are.
    """
    if len(word) <= 3:
        return word
    for ending, instead, but in RULES:
        if word.endswith(ending):
            return word if word.endswith(but) else word[: -len(ending)] + instead
    return word


# The first rule whose ending a word has decides; words with one of the other endings stay.
RULES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("ies", "y", ("eies", "aies")),
    ("es", "e", ("aes", "ees", "oes")),
    ("s", "", ("us", "ss")),
)
