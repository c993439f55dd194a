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

        Args:
            shortest: letters of a name that may be meant.
        """
        best, slips = None, _MOST + 1
        for length in range(max(shortest, len(said) - _MOST), len(said) + _MOST + 1):
            for name in self._shapes.get((said[0], length), ()):
                allowed = min(slips_allowed(name), slips - 1)
                if allowed:
                    found = distance(said, name, allowed)
                    if found <= allowed:
                        best, slips = name, found
        return best

    def stands_for(self, said: str) -> list[int]:
        """What a word, its only beginning, a form of it or the word misspelt belongs to."""
        if said in self.ids:
            return self.ids[said]
        if len(said) < _STEM:
            return []
        for suffix in _SUFFIXES:
            root = said.removesuffix(suffix)
            if root != said and len(root) >= _STEM and root in self.ids:
                return self.ids[root]
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


def slips_allowed(name: str) -> int:
    """Wrong letters that a name of this length bears."""
    return 0 if len(name) < 4 else 1 if len(name) < 8 else _MOST
