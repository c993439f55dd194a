"""Masking: what is talked about is taken out of a text, so that how it is said is left."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["NAME", "NUMBER", "Mask"]

NAME, NUMBER = "<name>", "<number>"

_TOKEN = re.compile(r"<name>|[^\W\d_]+(?:'[^\W\d_]+)?|\d+(?:[.,]\d+)*|[?!]")


class Mask:
    """Masks names and numbers.

    Args:
        names: of items and attributes, as they are said.
    """

    def __init__(self, names: Iterable[str]) -> None:
        # First token -> the names that begin with it, the longest first.
        self._names: dict[str, list[tuple[str, ...]]] = {}
        for name in dict.fromkeys(names):
            tokens = tuple(_TOKEN.findall(name.casefold()))
            if tokens:
                self._names.setdefault(tokens[0], []).append(tokens)
        for several in self._names.values():
            several.sort(key=len, reverse=True)

    def tokens(self, text: str) -> tuple[str, ...]:
        """The words of a text, folded; names (the longest first) and numbers are one token each.

        Question and exclamation marks are tokens, other punctuation is dropped.
        """
        words = _TOKEN.findall(text.casefold())
        found: list[str] = []
        at = 0
        while at < len(words):
            word = words[at]
            for name in self._names.get(word, ()):
                if tuple(words[at : at + len(name)]) == name:
                    found.append(NAME)
                    at += len(name)
                    break
            else:
                found.append(NUMBER if word[0].isdigit() else word)
                at += 1
        return tuple(found)
