"""`Mentions`: the names in free text, in full, in part or misspelt, and what they may mean."""

from __future__ import annotations

import re
import weakref
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from recosim.language.labels import Labels
from recosim.language.spelling import Spellings, slips_allowed
from recosim.language.words import COMMON, EVERYDAY, Token, distance, fold, is_year, stem
from recosim.language.years import TENS, decade_of, year_at
from recosim.world.world import World

__all__ = ["Mention", "Mentions"]

_WORD = re.compile(r"[^\W_]+")
_PAUSED = re.compile("[.,;:!?()]")
_OF_YEAR = re.compile(r"\s*\(\d{4}\)\s*$")
_SUBTITLE = re.compile(r"\s*:\s+|\s+[-–]\s+")
_CAPITAL = re.compile(r"(?<=[a-z0-9,'’] )[A-Z][^\W_]+")
_Table = tuple[str, Mapping[str, list[int]]]  # kind, name as it is heard -> ids
_ID = re.compile(r"([aif])(\d{1,9})")
_LONGEST = 12  # words of a name, at most
_GENERIC = 4  # a word that so many attributes have means none of them
_FREQUENT = 500  # a word that more items have finds no misspelt name


@dataclass(frozen=True)
class Mention:
    """Words start..end-1 of a text that name something.

    Args:
        kind: "a" (attribute), "i" (item) or "f" (facet).
        ids: what may be meant; one where it is clear.
        partial: whether only a part of the name was said.
        every: whether all of `ids` are meant: a word that stands for several attributes.
    """

    kind: str
    ids: tuple[int, ...]
    start: int
    end: int
    partial: bool = False
    every: bool = False

    @property
    def clear(self) -> bool:
        """Whether it is clear what is meant."""
        return self.every or len(self.ids) == 1


class Mentions:
    """Finds the names of one world in text; its tables are made when first needed.

    Args:
        world: whose names.
    """

    _made: ClassVar[weakref.WeakKeyDictionary[World, Mentions]] = weakref.WeakKeyDictionary()

    def __init__(self, world: World) -> None:
        self.labels = Labels.of(world)
        self.facet_of = world.attribute_facet
        self._synonyms = world.synonyms
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
        facets_first: bool = False,
        text: str = "",
    ) -> list[Mention]:
        """The mentions in a text, in its order; exact names first, the longest one first.

        Args:
            asked: attributes that a word is tried on first.
            facet: its attributes come next.
            shown: items whose names may be said in part.
            everything: whether facets and all items may be named, not only those shown. Else an
                item that is not shown is found by its whole name, where it can be nothing else.
            text: as it was written: by its capitals a name is told from everyday words.
            facets_first: whether a name that attribute and facet share is that of the facet.
        """
        inside = self.attributes_in(facet) if facet is not None else []
        shown_keys = Spellings(_table(self._callings(shown)))
        tables: list[_Table] = [("i", shown_keys.ids), ("a", self._attributes.ids)]
        tables += [("f", self._facets)] * everything + [("i", self._items)]
        if facets_first and everything:
            tables.sort(key=lambda table: table[0] != "f")
        capitals = None if everything else frozenset(map(fold, _CAPITAL.findall(text)))
        found = self._whole(tokens, tables, capitals)
        free = [True] * len(tokens)
        for mention in found:
            free[mention.start : mention.end] = [False] * (mention.end - mention.start)
        for at in range(len(tokens)):
            if not free[at] or any(letter.isdecimal() for letter in tokens[at].word):
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
    def _attributes(self) -> Spellings:
        """Stemmed name, also without "the" and without spaces -> attributes."""
        return Spellings(_table(enumerate(self.labels.names["a"])))

    @cached_property
    def _stand_ins(self) -> dict[str, list[int]]:
        """Stemmed synonym -> the attributes that it stands for."""
        a = {name: i for i, name in enumerate(self.labels.names["a"])}
        pairs = ((a[name], word) for name, words in self._synonyms.items() for word in words)
        return {k: ids for k, ids in _table(pairs).items() if k not in self._attributes.ids}

    @cached_property
    def _reach(self) -> dict[str, int]:
        """First word of a name, also without "the" -> words of the longest one, `_LONGEST` at most.

        All names of the world are in it, so that a word that begins none costs nothing.
        """
        reach: dict[str, int] = {}
        shown = _table(self._callings(range(len(self.labels.names["i"]))))
        tables = (self._attributes.ids, self._stand_ins, self._facets, self._items, shown)
        for key in (key for table in tables for key in table):
            words = key.split()
            reach[words[0]] = min(_LONGEST, max(len(words), reach.get(words[0], 0)))
        return reach

    @cached_property
    def _decades(self) -> dict[int, int]:
        """First year of a decade -> the attribute that is called by it."""
        names = enumerate(self.labels.names["a"])
        return {decade: i for i, name in names if (decade := decade_of(name)) is not None}

    @cached_property
    def _facets(self) -> dict[str, list[int]]:
        return _table(enumerate(self.labels.names["f"]))

    @cached_property
    def _items(self) -> dict[str, list[int]]:
        """Folded name, also without its year -> items."""
        table: dict[str, list[int]] = defaultdict(list)
        for i, name in enumerate(self.labels.names["i"]):
            key = _key(name)
            table[key].append(i)
            if key[-4:].isdecimal() and _OF_YEAR.search(name):
                table[key[:-5]].append(i)
        table.pop("", None)
        return dict(table)

    def _callings(self, shown: Sequence[int]) -> Iterable[tuple[int, str]]:
        """What the items of a list may be called: their names, without year and subtitle too."""
        for i in shown:
            name = self.labels.names["i"][i]
            plain = _OF_YEAR.sub("", name)
            short = _SUBTITLE.split(plain)[0]
            yield from ((i, said) for said in dict.fromkeys((name, plain, short)))

    @cached_property
    def _item_words(self) -> dict[str, list[str]]:
        """Folded word -> folded names of the items that have it."""
        table: dict[str, list[str]] = defaultdict(list)
        for key in self._items:
            for word in set(key.split()):
                table[word].append(key)
        return dict(table)

    @cached_property
    def _attribute_words(self) -> Spellings:
        return self._words_of(range(len(self.labels.names["a"])))

    def _words_of(self, ids: Iterable[int]) -> Spellings:
        """Stemmed word that can stand for a name -> attributes."""
        table: dict[str, list[int]] = defaultdict(list)
        for i in ids:
            for word in {*_WORD.findall(fold(self.labels.names["a"][i]))} - COMMON:
                table[stem(word)].append(i)
        return Spellings(dict(table))

    # ---- whole names -------------------------------------------------------------------------

    def _whole(
        self, tokens: Sequence[Token], tables: Sequence[_Table], capitals: frozenset[str] | None
    ) -> list[Mention]:
        found = []
        at = 0
        while at < len(tokens):
            mention = self._whole_at(tokens, at, tables, capitals)
            if mention:
                found.append(mention)
            at = mention.end if mention else at + 1
        return found

    def _whole_at(
        self,
        tokens: Sequence[Token],
        at: int,
        tables: Sequence[_Table],
        capitals: frozenset[str] | None,
    ) -> Mention | None:
        if tokens[at].mark:
            kind, i = tokens[at].mark or ("", 0)
            return Mention(kind, (i,), at, at + 1)
        most = max(self._reach.get(tokens[at].word, 0), self._reach.get(tokens[at].stem, 0))
        reach = at + min(1, most)
        while reach < min(len(tokens), at + most) and not tokens[reach].mark:
            reach += 1
        for end in range(reach, at, -1):
            part = tokens[at:end]
            paused = any(token.gap for token in part[1:])
            key = " ".join(token.stem for token in part)
            exact = " ".join(token.word for token in part)
            # An attribute or item called "want" is heard only where nothing else is said.
            stands_out = len(part) > 1 or len(tokens) == 1 or exact not in COMMON
            for place, (kind, table) in enumerate(tables):
                ids = table.get(exact if table is self._items else key, [])
                if not ids:
                    continue
                if paused:  # "rock, pop" is one name only where the name itself has a pause
                    ids = [i for i in ids if _PAUSED.search(self.labels.names[kind][i])]
                if kind == "i" and ids:
                    found = self._item(tokens, at, end, ids, place == 0, capitals)
                    if found and (stands_out or place == 0):
                        return found
                elif end == at + 1 and exact in TENS:
                    continue  # "twenty" is a number, "twenties" a decade
                elif ids and (stands_out or kind == "f"):
                    return Mention(kind, tuple(ids), at, end)
            stands_for = () if paused else self._stand_ins.get(key, ())
            if stands_for:
                return Mention("a", tuple(stands_for), at, end, every=True)
        year = year_at(tokens, at) if self._decades else None
        if year is not None and year[0] // 10 * 10 in self._decades:
            return Mention("a", (self._decades[year[0] // 10 * 10],), at, year[1])
        code = _ID.fullmatch(tokens[at].word)
        if code and int(code[2]) < self.labels.sizes[code[1]]:
            return Mention(code[1], (int(code[2]),), at, at + 1)
        return None

    def _item(
        self,
        tokens: Sequence[Token],
        at: int,
        end: int,
        ids: Sequence[int],
        is_shown: bool,
        capitals: frozenset[str] | None,
    ) -> Mention | None:
        """Items by their whole name, with the year after it; None where it is but talk."""
        dated = end < len(tokens) and is_year(tokens[end].word) and "(" in tokens[end].gap
        if dated:
            year = f"({tokens[end].word})"
            of_year = [i for i in ids if self.labels.names["i"][i].rstrip().endswith(year)]
            ids, end = of_year or ids, end + 1
        mention = Mention("i", tuple(dict.fromkeys(ids)), at, end)
        if capitals is None or dated:
            return mention
        words = [token.word for token in tokens[at:end]]
        talk = COMMON if is_shown and len(words) > 1 else EVERYDAY
        as_name = any(word in capitals or word not in talk for word in words if len(word) > 1)
        if is_shown:
            return mention if as_name or len(tokens) <= end - at + 1 or len(words) > 1 else None
        known = any(word not in EVERYDAY and not word.isdecimal() for word in words)
        named = all(word in capitals for word in words if word not in COMMON) and as_name
        return mention if named or (known and (len(words) > 1 or len(words[0]) > 4)) else None

    # ---- names misspelt or in part -----------------------------------------------------------

    def _misspelt(
        self,
        tokens: Sequence[Token],
        free: Sequence[bool],
        at: int,
        shown: Spellings,
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
            if all(token.word in EVERYDAY for token in part):
                continue
            key = " ".join(token.stem for token in part)
            for kind, names in (("i", shown), ("a", self._attributes)):
                near = names.nearest(key)
                if near:
                    return Mention(kind, tuple(names.ids[near]), at, end)
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
            if any(
                token.word[:1] != word[0]
                for token, word in zip(tokens[start:end], words, strict=True)
            ):
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
        counted = at > 0 and tokens[at - 1].word in ("number", "option")
        if token.word in COMMON or len(token.word) < 3 or counted:
            return None
        everyday = token.word in EVERYDAY
        for ids in (asked, shown, inside):
            if ids is shown:
                items = [
                    i
                    for i in shown
                    if token.word in _key(self.labels.names["i"][i]).split()
                    or token.stem + "s" in _key(self.labels.names["i"][i]).split()
                ]
                pointed = at > 0 and tokens[at - 1].word == "the"
                rare = token.stem not in self._attribute_words.ids and not everyday
                if len(items) == 1 and (pointed or rare):
                    return Mention("i", tuple(items), at, at + 1, partial=True)
                continue
            found = self._words_of(ids).stands_for(token.stem, everyday)
            if found and len(found) < _GENERIC:
                return Mention("a", tuple(found), at, at + 1, partial=True)
        found = self._attribute_words.stands_for(token.stem, everyday)
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
