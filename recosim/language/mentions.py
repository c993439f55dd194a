"""`Mentions`: the names in free text, in full, in part or misspelt, and what they may mean."""

from __future__ import annotations

import re
import weakref
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from recosim.language.labels import Labels
from recosim.language.words import COMMON, Token, distance, fold, slips_allowed, stem
from recosim.world.world import World

__all__ = ["Mention", "Mentions"]

_WORD = re.compile(r"[^\W_]+")
_ID = re.compile(r"([aif])(\d{1,9})")
_LONGEST = 12  # words of a name, at most
_GENERIC = 4  # a word that so many attributes have means none of them
_SUFFIXES = ("y", "ish", "ic", "ical", "al", "er", "ful", "ian", "like")
_FREQUENT = 500  # a word that more items have finds no misspelt name


@dataclass(frozen=True)
class Mention:
    """Words start..end-1 of a text that name something.

    Args:
        kind: "a" (attribute), "i" (item) or "f" (facet).
        ids: what may be meant; one where it is clear.
        partial: whether only a part of the name was said.
    """

    kind: str
    ids: tuple[int, ...]
    start: int
    end: int
    partial: bool = False


class Mentions:
    """Finds the names of one world in text; its tables are made when first needed.

    Args:
        world: whose names.
    """

    _made: ClassVar[weakref.WeakKeyDictionary[World, Mentions]] = weakref.WeakKeyDictionary()

    def __init__(self, world: World) -> None:
        self.labels = Labels.of(world)
        self.facet_of = world.attribute_facet
        self._facet_rows = world.facet_attributes

    @classmethod
    def of(cls, world: World) -> Mentions:
        """The mentions of a world, the same object for the same world."""
        if world not in cls._made:
            cls._made[world] = cls(world)
        return cls._made[world]

    def find(
        self,
        tokens: Sequence[Token],
        *,
        asked: Sequence[int] = (),
        facet: int | None = None,
        shown: Sequence[int] = (),
        everything: bool = False,
    ) -> list[Mention]:
        """The mentions in a text, in its order; exact names first, the longest one first.

        Args:
            asked: attributes that a word is tried on first.
            facet: its attributes come next.
            shown: items whose names may be said in part.
            everything: whether facets and all items may be named, not only those shown.
        """
        inside = self.attributes_in(facet) if facet is not None else []
        shown_keys = _table((i, self.labels.names["i"][i]) for i in shown)
        found = self._whole(tokens, shown_keys, everything)
        free = [True] * len(tokens)
        for mention in found:
            free[mention.start : mention.end] = [False] * (mention.end - mention.start)
        for at in range(len(tokens)):
            if not free[at]:
                continue
            near = self._misspelt(tokens, free, at, shown_keys, everything)
            near = near or self._partial(tokens, at, asked, inside, shown)
            if near:
                found.append(near)
                free[near.start : near.end] = [False] * (near.end - near.start)
        return _merged(sorted(found, key=lambda mention: mention.start))

    def attributes_in(self, facet: int) -> list[int]:
        """The attributes of a facet."""
        inside: list[int] = self._facet_rows.row(facet).tolist()
        return inside

    # ---- tables ------------------------------------------------------------------------------

    @cached_property
    def _attributes(self) -> dict[str, list[int]]:
        """Stemmed name, also without "the" and without spaces -> attributes."""
        return _table(enumerate(self.labels.names["a"]))

    @cached_property
    def _facets(self) -> dict[str, list[int]]:
        return _table(enumerate(self.labels.names["f"]))

    @cached_property
    def _items(self) -> dict[str, list[int]]:
        """Folded name -> items."""
        table: dict[str, list[int]] = defaultdict(list)
        for i, name in enumerate(self.labels.names["i"]):
            table[_key(name)].append(i)
        return dict(table)

    @cached_property
    def _item_words(self) -> dict[str, list[str]]:
        """Folded word -> folded names of the items that have it."""
        table: dict[str, list[str]] = defaultdict(list)
        for key in self._items:
            for word in set(key.split()):
                table[word].append(key)
        return dict(table)

    @cached_property
    def _attribute_words(self) -> dict[str, list[int]]:
        return self._words_of(range(len(self.labels.names["a"])))

    @cached_property
    def _by_initial(self) -> dict[str, list[str]]:
        """First letter -> stemmed names of attributes."""
        table: dict[str, list[str]] = defaultdict(list)
        for key in self._attributes:
            table[key[0]].append(key)
        return dict(table)

    def _words_of(self, ids: Iterable[int]) -> dict[str, list[int]]:
        """Stemmed word that can stand for a name -> attributes."""
        table: dict[str, list[int]] = defaultdict(list)
        for i in ids:
            for word in {*_WORD.findall(fold(self.labels.names["a"][i]))} - COMMON:
                table[stem(word)].append(i)
        return dict(table)

    # ---- whole names -------------------------------------------------------------------------

    def _whole(
        self, tokens: Sequence[Token], shown: dict[str, list[int]], everything: bool
    ) -> list[Mention]:
        found = []
        at = 0
        while at < len(tokens):
            mention = self._whole_at(tokens, at, shown, everything)
            if mention:
                found.append(mention)
            at = mention.end if mention else at + 1
        return found

    def _whole_at(
        self, tokens: Sequence[Token], at: int, shown: dict[str, list[int]], everything: bool
    ) -> Mention | None:
        if tokens[at].mark:
            kind, i = tokens[at].mark or ("", 0)
            return Mention(kind, (i,), at, at + 1)
        reach = at + 1
        while reach < min(len(tokens), at + _LONGEST) and not tokens[reach].mark:
            reach += 1
        for end in range(reach, at, -1):
            part = tokens[at:end]
            paused = any(token.gap for token in part[1:])
            key = " ".join(token.stem for token in part)
            exact = " ".join(token.word for token in part)
            tables = [("i", shown, key), ("a", self._attributes, key)]
            if everything:
                tables += [("f", self._facets, key), ("i", self._items, exact)]
            for kind, table, said in tables:
                ids = table.get(said, ())
                if paused:  # "rock, pop" is one name only where the name itself has a pause
                    ids = [i for i in ids if re.search("[.,;:!?()]", self.labels.names[kind][i])]
                if ids and not (kind == "i" and table is self._items and exact in COMMON):
                    return Mention(kind, tuple(ids), at, end)
        code = _ID.fullmatch(tokens[at].word)
        if code and int(code[2]) < self.labels.sizes[code[1]]:
            return Mention(code[1], (int(code[2]),), at, at + 1)
        return None

    # ---- names misspelt or in part -----------------------------------------------------------

    def _misspelt(
        self,
        tokens: Sequence[Token],
        free: Sequence[bool],
        at: int,
        shown: dict[str, list[int]],
        everything: bool,
    ) -> Mention | None:
        reach = at
        while reach < min(len(tokens), at + 6) and free[reach]:
            if reach > at and tokens[reach].gap:
                break
            reach += 1
        for end in range(reach, at, -1):
            part = tokens[at:end]
            if part[0].word in COMMON or part[-1].word in COMMON:
                continue
            key = " ".join(token.stem for token in part)
            for kind, names, table in (
                ("i", shown, shown),
                ("a", self._by_initial.get(key[0], ()), self._attributes),
            ):
                near = _nearest(key, names)
                if near:
                    return Mention(kind, tuple(table[near]), at, end)
        return self._misspelt_item(tokens, free, at) if everything else None

    def _misspelt_item(
        self, tokens: Sequence[Token], free: Sequence[bool], at: int
    ) -> Mention | None:
        """An item of the world of which the word at `at` is one, and the others nearly are."""
        keys = self._item_words.get(tokens[at].word, ())
        if tokens[at].word in COMMON or len(keys) > _FREQUENT:
            return None
        best: tuple[int, Mention] | None = None
        for key in keys:
            words = key.split()
            start = at - words.index(tokens[at].word)
            end = start + len(words)
            if len(words) < 2 or start < 0 or end > len(tokens) or not all(free[start:end]):
                continue
            said = " ".join(token.word for token in tokens[start:end])
            slips = distance(said, key, slips_allowed(key))
            if slips <= slips_allowed(key) and (best is None or slips < best[0]):
                best = slips, Mention("i", tuple(self._items[key]), start, end)
        return best[1] if best else None

    def _partial(
        self,
        tokens: Sequence[Token],
        at: int,
        asked: Sequence[int],
        inside: Sequence[int],
        shown: Sequence[int],
    ) -> Mention | None:
        """What one word stands for: tried on what was asked, then shown, then on everything."""
        token = tokens[at]
        if token.word in COMMON or len(token.word) < 3:
            return None
        for ids in (asked, shown, inside):
            if ids is shown:
                items = [
                    i
                    for i in shown
                    if token.word in _key(self.labels.names["i"][i]).split()
                    or token.stem + "s" in _key(self.labels.names["i"][i]).split()
                ]
                pointed = at > 0 and tokens[at - 1].word == "the"
                if len(items) == 1 and (pointed or token.stem not in self._attribute_words):
                    return Mention("i", tuple(items), at, at + 1, partial=True)
                continue
            found = _stands_for(token, self._words_of(ids))
            if found and len(found) < _GENERIC:
                return Mention("a", tuple(found), at, at + 1, partial=True)
        found = _stands_for(token, self._attribute_words)
        if found and len(found) < _GENERIC:
            return Mention("a", tuple(found), at, at + 1, partial=True)
        return None


def _table(names: Iterable[tuple[int, str]]) -> dict[str, list[int]]:
    table: dict[str, list[int]] = defaultdict(list)
    for i, name in names:
        words = [stem(word) for word in _WORD.findall(fold(name))]
        variants = {" ".join(words), "".join(words)}
        if len(words) > 1 and words[0] == "the":
            variants.add(" ".join(words[1:]))
        for key in variants - {""}:
            table[key].append(i)
    return dict(table)


def _key(name: str) -> str:
    return " ".join(_WORD.findall(fold(name)))


def _nearest(said: str, names: Iterable[str]) -> str | None:
    """The name that is said with a slip or two; the first letter is right."""
    best, slips = None, 99
    for name in names:
        allowed = slips_allowed(name)
        if allowed and name[0] == said[0]:
            found = distance(said, name, allowed)
            if found <= allowed and found < slips:
                best, slips = name, found
    return best


def _stands_for(token: Token, words: dict[str, list[int]]) -> list[int]:
    """The attributes that a word, its beginning or a form of it belongs to."""
    said = token.stem
    if said in words:
        return words[said]
    if len(said) >= 4:
        for suffix in _SUFFIXES:
            if said.endswith(suffix) and len(said) - len(suffix) >= 4:
                root = said[: -len(suffix)]
                if root in words:
                    return words[root]
        begun = {i for word, ids in words.items() if word.startswith(said) for i in ids}
        if len(begun) == 1:
            return list(begun)
        near = _nearest(said, (word for word in words if len(word) > 4))
        if near:
            return words[near]
    return []


def _merged(mentions: list[Mention]) -> list[Mention]:
    """Neighbouring parts of one name as one mention."""
    out: list[Mention] = []
    for mention in mentions:
        last = out[-1] if out else None
        if last and last.end == mention.start and last.partial and mention.partial:
            both = tuple(i for i in last.ids if i in mention.ids)
            if both and last.kind == mention.kind:
                out[-1] = Mention(last.kind, both, last.start, mention.end, partial=True)
                continue
        out.append(mention)
    return out
