"""`Spellings`: names by how they are spelt, well or badly."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

from recosim.language.words import distance

__all__ = ["Spellings", "slips_allowed"]

_SUFFIXES = ("y", "ish", "ic", "ical", "al", "er", "ful", "ian", "like")
_STEM = 4  # letters that a word keeps without its suffix, and that a beginning of it has
_MOST = 2  # slips


class Spellings:
    """Names or words, and what they belong to; the tables are made when first needed.

    Args:
        ids: folded name or word -> ids. None is empty.
    """

    def __init__(self, ids: Mapping[str, list[int]]) -> None:
        self.ids = ids

    def nearest(self, said: str, shortest: int = 1) -> str | None:
        """The name that is said with a slip or two; its first letter is right.

        In short words letters may be missing or swapped, but none is another one: "jaz" is jazz,
        and no "golf" is folk. Digits are what they are.

        Args:
            shortest: letters of a name that may be meant.
        """
        if any(letter.isdecimal() for letter in said):
            return None
        best, slips = None, _MOST + 1
        for length in range(max(shortest, len(said) - _MOST), len(said) + _MOST + 1):
            for name in self._shapes.get((said[0], length), ()):
                allowed = min(slips_allowed(name), slips - 1)
                if allowed:
                    found = distance(said, name, allowed)
                    if found <= allowed and (len(said) > _STEM or _has_all(said, name)):
                        best, slips = name, found
        return best

    def stands_for(self, said: str, well_spelt: bool = False) -> list[int]:
        """What a word, its only beginning, a form of it or the word misspelt belongs to.

        Args:
            well_spelt: no word that it is the beginning of, nor one that is spelt nearly so.
        """
        if said in self.ids:
            return self.ids[said]
        if len(said) < _STEM:
            return []
        for suffix in _SUFFIXES:
            root = said.removesuffix(suffix)
            if root != said and len(root) >= _STEM and root in self.ids:
                return self.ids[root]
        if well_spelt:
            return []
        begun = {i for word in self._beginning(said) for i in self.ids[word]}
        if len(begun) == 1:
            return list(begun)
        near = self.nearest(said, shortest=_STEM + 1)
        return self.ids[near] if near else []

    def _beginning(self, said: str) -> Iterable[str]:
        at = bisect_left(self._sorted, said)
        while at < len(self._sorted) and self._sorted[at].startswith(said):
            yield self._sorted[at]
            at += 1

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.ids)

    @cached_property
    def _shapes(self) -> Mapping[tuple[str, int], list[str]]:
        """First letter and length -> names: all that can be near."""
        table: dict[tuple[str, int], list[str]] = defaultdict(list)
        for name in self.ids:
            table[name[0], len(name)].append(name)
        return dict(table)


def _has_all(said: str, name: str) -> bool:
    """Whether a name has every letter of a word that is shorter, or the same ones."""
    left = list(name)
    for letter in said:
        if letter not in left:
            return False
        left.remove(letter)
    return True


def slips_allowed(name: str) -> int:
    """Wrong letters that a name of this length bears."""
    return 0 if len(name) < 4 else 1 if len(name) < 8 else _MOST
