"""`Secrets`: whether a text names an item that it must not name: in full, by alias, or nearly.

A simulated user that names its target has not been asked for it but has given it away, and every
figure that is measured with such users flatters the recommender. So each utterance is searched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from recosim.language.words import COMMON, EVERYDAY, distance
from recosim.world.world import World

__all__ = ["KINDS", "Leak", "Secrets"]

Kind = Literal["exact", "alias", "fuzzy"]
KINDS: tuple[Kind, ...] = ("exact", "alias", "fuzzy")

_ARTICLES = frozenset(("the", "a", "an"))
_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_SUBTITLE = re.compile(r"\s*[:–—]\s+|\s+-\s+")
_SHORTEST = 5  # letters of a name that may be meant though it is misspelt
_SHORTEST_JOINED = 4  # letters of one whose words run together
_SHARE = 0.15  # of its letters that may be wrong


class Leak(NamedTuple):
    """A place where an item is named.

    Attributes:
        item: which.
        kind: "exact": its name, whatever capitals and punctuation; "alias": its id, or its name
            without article, brackets or subtitle, or with its words run together; "fuzzy": nearly
            its name.
        start, end: characters of the text.
    """

    item: int
    kind: Kind
    start: int
    end: int


class _Word(NamedTuple):
    text: str
    start: int
    end: int


class Secrets:
    """Searches texts for the names of items.

    A name that is made of everyday words alone ("Yes", "The One") is looked for in quotation marks
    and by its id: elsewhere nobody could tell that it is meant. Names of one or two letters too.

    Args:
        world: whose items are named.
    """

    def __init__(self, world: World) -> None:
        self._names = world.item_names
        # Each object has a table of its own, so that it goes with its world.
        self._forms = lru_cache(maxsize=65_536)(self._forms_of)

    def find(self, text: str, items: Iterable[int], *, allowed: Sequence[str] = ()) -> list[Leak]:
        """Every place where one of the items is named, in the order of the text.

        Args:
            items: ids of the items that must not be named.
            allowed: names that may be said: of attributes, and of other items. What lies within
                one of them is no leak.
        """
        words = _words(text)
        free = _mask(words, [tuple(w.text for w in _words(name)) for name in allowed])
        found: list[Leak] = []
        for item in dict.fromkeys(items):
            found += self._by_id(text, item)
            found += self._by_signs(text, item)
            found += self._by_name(text, words, free, item)
        return sorted(found, key=lambda leak: leak.start)

    def hide(
        self,
        text: str,
        items: Iterable[int],
        mask: str = "(an item)",
        *,
        allowed: Sequence[str] = (),
    ) -> str:
        """The text with a mask in each place where one of the items is named; see `find`."""
        at, parts = 0, []
        for leak in self.find(text, items, allowed=allowed):
            if leak.end > at:
                parts += [text[at : max(at, leak.start)], mask * (leak.start >= at)]
                at = leak.end
        return "".join([*parts, text[at:]])

    def _by_id(self, text: str, item: int) -> list[Leak]:
        pattern = rf"\[\s*i\s?{item}\s*\]|\b(?:i|item\s?#?|number\s?i){item}\b"
        return [
            Leak(item, "alias", found.start(), found.end())
            for found in re.finditer(pattern, text, re.IGNORECASE)
        ]

    def _by_signs(self, text: str, item: int) -> list[Leak]:
        """A name without a letter or digit ("!!!"), as it is written."""
        name = str(self._names[item]).strip()
        if len(name) < 2 or _words(name):
            return []
        places = re.finditer(re.escape(name), text)
        return [Leak(item, "exact", place.start(), place.end()) for place in places]

    def _by_name(self, text: str, words: list[_Word], free: list[bool], item: int) -> list[Leak]:
        found: list[Leak] = []
        forms = self._forms(item)
        taken = [False] * len(words)
        for kind, form in forms:
            everyday = all(word in COMMON for word in form) or len("".join(form)) < 3
            for at in range(len(words) - len(form) + 1):
                inside = range(at, at + len(form))
                if any(taken[k] for k in inside) or not any(free[k] for k in inside):
                    continue
                if tuple(words[k].text for k in inside) != form:
                    continue
                span = words[at].start, words[at + len(form) - 1].end
                if everyday and not _quoted(text, *span):
                    continue
                found.append(Leak(item, kind, *span))
                for k in inside:
                    taken[k] = True
        return found + self._nearly(words, free, taken, item)

    def _nearly(
        self, words: list[_Word], free: list[bool], taken: list[bool], item: int
    ) -> list[Leak]:
        """Windows of the words that are the name but for a few letters."""
        found: list[Leak] = []
        for _, form in self._forms(item):
            name = "".join(form)
            slips = int(len(name) * _SHARE)
            if all(word in COMMON for word in form):
                continue
            if len(name) < _SHORTEST or slips < 1:
                found += self._joined(words, free, taken, item, form)
                continue
            for n in (1, *range(max(2, len(form) - 1), len(form) + 2)):
                for at in range(len(words) - n + 1):
                    inside = range(at, at + n)
                    if any(taken[k] for k in inside) or not any(free[k] for k in inside):
                        continue
                    said = "".join(words[k].text for k in inside)
                    if said == name:  # its words run together, or apart
                        kind: Kind = "alias"
                    elif abs(len(said) - len(name)) <= slips and (
                        distance(said, name, slips) <= slips
                    ):
                        kind = "fuzzy"
                    else:
                        continue
                    found.append(Leak(item, kind, words[at].start, words[at + n - 1].end))
                    for k in inside:
                        taken[k] = True
        return found

    def _joined(
        self,
        words: list[_Word],
        free: list[bool],
        taken: list[bool],
        item: int,
        form: tuple[str, ...],
    ) -> list[Leak]:
        """A short name whose words run together: "redsun" is Red Sun, "today" no To Day."""
        name = "".join(form)
        if len(form) < 2 or len(name) < _SHORTEST_JOINED or name in EVERYDAY:
            return []
        found: list[Leak] = []
        for at, word in enumerate(words):
            if word.text == name and free[at] and not taken[at]:
                found.append(Leak(item, "alias", word.start, word.end))
                taken[at] = True
        return found

    def _forms_of(self, item: int) -> tuple[tuple[Kind, tuple[str, ...]], ...]:
        """How an item may be called, the whole name first."""
        name = str(self._names[item])
        short = [_BRACKETS.sub(" ", name), _SUBTITLE.split(name)[0]]
        forms: dict[tuple[str, ...], Kind] = {}
        for kind, said in (("exact", name), *(("alias", part) for part in short)):
            form = tuple(word.text for word in _words(said))
            bare = form[1:] if len(form) > 1 and form[0] in _ARTICLES else form
            if form:
                forms.setdefault(form, kind)  # type: ignore[arg-type]
            if bare:
                forms.setdefault(bare, "alias")
        return tuple((kind, form) for form, kind in forms.items())


def _words(text: str) -> list[_Word]:
    """The words of a text, folded, and where they stand; "&" and "+" are "and"."""
    words = []
    for found in re.finditer(r"[^\W_]+|[&+]", text):
        said = "and" if found[0] in "&+" else _folded(found[0])
        words.append(_Word(said, found.start(), found.end()))
    return words


@lru_cache(maxsize=65_536)
def _folded(word: str) -> str:
    """Without capitals and accents."""
    if word.isascii():
        return word.casefold()
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)) or word


def _mask(words: Sequence[_Word], allowed: Sequence[tuple[str, ...]]) -> list[bool]:
    """Of each word whether it lies outside of every name that may be said."""
    free = [True] * len(words)
    for form in allowed:
        for at in range(len(words) - len(form) + 1) if form else ():
            if tuple(word.text for word in words[at : at + len(form)]) == form:
                free[at : at + len(form)] = [False] * len(form)
    return free


def _quoted(text: str, start: int, end: int) -> bool:
    """Whether a span stands in quotation marks."""
    around = text[max(start - 1, 0) : start], text[end : end + 1]
    return all(mark and mark in "'\"“”‘’«»" for mark in around)
