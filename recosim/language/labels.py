"""`Labels`: how items, attributes and facets of one world are named, and read back exactly.

A name is said bare where nothing else can be meant: no other item, attribute or facet has it, and
no word of it is one that the phrases are made of. Every other name carries its id, "Blue Lake
[i203]", in quotes where it has a comma, a digit and the like: "Rock, Pop" [a17]. A name that is
one of a kind but has words of the phrases, "Now and Then", is bare `plainly` only: in lines that
have been read back once (`recosim.language.templates`).
"""

from __future__ import annotations

import re
import unicodedata
import weakref
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from recosim.errors import NotUnderstood
from recosim.language.phrases import PHRASES
from recosim.world.world import World

__all__ = ["MARK", "Labels", "listed", "normalised"]

KINDS = {"a": "attribute", "i": "item", "f": "facet"}
# Private characters stand around an explicit id, so that no name can look like one.
OPEN, CLOSE = "\ue000", "\ue001"
MARK = re.compile(f"{OPEN}([aif])(\\d+){CLOSE}")
_ID = re.compile(r"\[\s*([aifAIF])\s?(\d{1,9})\s*\]")
_SLOT = re.compile(r"\{\w+(?::or)?\}")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_TAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ '&-])*[^\W\d_]")
_PLAIN = re.compile(r"[^\W_](?:(?:[^\W_]|[ '&.:!?/-])*[^\W_.:])?")
_SPOKEN = re.compile(r"[^\W_]+")
_UNSAID = re.compile(r'[\[\]{}"“”„«»\ue000-\uf8ff]')  # brackets, quotes and private characters
_APOSTROPHES = str.maketrans("’‘`´", "''''")
# Names may begin with "the", so it does not count as a word of the phrases.
_OPEN_TO_NAMES = {"the"}
_SEPARATORS = re.compile(r"(,\s*(?:and |or )?| and | or )")


def normalised(text: str) -> str:
    """Without what a reader would not hear: capital letters, kinds of apostrophe, extra spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)
    return " ".join(text.casefold().replace("`", "'").split())


def phrase_words() -> frozenset[str]:
    """Every word of the phrases and of the lists in them; a name that has one is never bare."""
    words = {"and", "or"}
    for cases in PHRASES.values():
        for styles in cases.values():
            for phrases in styles.values():
                for phrase in phrases:
                    words.update(_WORD.findall(normalised(_SLOT.sub(" ", phrase))))
    return frozenset(words - _OPEN_TO_NAMES)


class Labels:
    """The names of one world; made once for each (`Labels.of`), the tables when first needed.

    Args:
        world: whose names.
    """

    _made: ClassVar[weakref.WeakKeyDictionary[World, Labels]] = weakref.WeakKeyDictionary()

    def __init__(self, world: World) -> None:
        self.sizes = {"a": world.n_attributes, "i": world.n_items, "f": world.n_facets}
        self.names: dict[str, Sequence[str]] = {
            "a": list(world.attribute_names),
            "i": world.item_names,
            "f": list(world.facet_names),
        }

    @classmethod
    def of(cls, world: World) -> Labels:
        """The labels of a world, the same object for the same world."""
        if world not in cls._made:
            cls._made[world] = cls(world)
        return cls._made[world]

    @cached_property
    def keys(self) -> dict[str, tuple[str, int] | None]:
        """Normalised name -> (kind, id); None where several things have the name."""
        found: dict[str, tuple[str, int] | None] = {}
        for kind, names in self.names.items():
            for i, name in enumerate(names):
                key = normalised(name)
                found[key] = None if key in found else (kind, i)
        return found

    @cached_property
    def spoken(self) -> dict[tuple[str, ...], tuple[str, int] | None]:
        """Names as words without punctuation -> (kind, id); None where several things have one.

        What lines of the style "human" may say without an id.
        """
        found: dict[tuple[str, ...], tuple[str, int] | None] = {}
        for kind, names in self.names.items():
            for i, name in enumerate(names):
                words = tuple(_SPOKEN.findall(normalised(name).replace("'", "")))
                if words:
                    found[words] = None if words in found else (kind, i)
        return found

    @cached_property
    def lengths(self) -> dict[str, tuple[int, ...]]:
        """First word of a name -> how many words names that begin with it have."""
        found: dict[str, set[int]] = {}
        for words in self.spoken:
            found.setdefault(words[0], set()).add(len(words))
        return {word: tuple(sorted(lengths)) for word, lengths in found.items()}

    @cached_property
    def _phrase_words(self) -> frozenset[str]:
        return phrase_words()

    def say(self, kind: str, i: int, plainly: bool = False) -> str:
        """The name of attribute ("a"), item ("i") or facet ("f") number i, with its id if need be.

        Args:
            plainly: without the id wherever the name alone tells which one it is.

        Raises:
            IndexError: there is no such thing in this world.
        """
        said = self.say_fully(kind, i)
        if self._is_bare(normalised(self.names[kind][i]), plainly):
            return _sayable(self.names[kind][i])
        return said

    def say_all(
        self, kind: str, ids: Sequence[int], last: str = "and", plainly: bool = False
    ) -> str:
        """Several names as a list: "rock, indie and pop"."""
        return listed([self.say(kind, i, plainly) for i in ids], last)

    def say_all_fully(self, kind: str, ids: Sequence[int], last: str = "and") -> str:
        """The same, each name with its id."""
        return listed([self.say_fully(kind, i) for i in ids], last)

    def speak(self, kind: str, i: int) -> tuple[str, tuple[str, ...]]:
        """The name as the style "human" says it, and its words; no words where it carries an id.

        Raises:
            IndexError: there is no such thing in this world.
        """
        if 0 <= i < self.sizes[kind]:
            name = str(self.names[kind][i])
            words = tuple(_SPOKEN.findall(normalised(name).replace("'", "")))
            if name == _sayable(name) and self.spoken.get(words) is not None:
                return name, words
        return self.say_fully(kind, i), ()

    def say_fully(self, kind: str, i: int) -> str:
        """The name with its id. Raises IndexError: there is no such thing in this world."""
        if not 0 <= i < self.sizes[kind]:
            raise IndexError(f"{KINDS[kind]} {i} does not exist; ids: 0 to {self.sizes[kind] - 1}")
        name = _sayable(self.names[kind][i])
        if not name:
            return f"[{kind}{i}]"
        return f"{name} [{kind}{i}]" if _TAME.fullmatch(name) else f'"{name}" [{kind}{i}]'

    def _is_bare(self, key: str, plainly: bool) -> bool:
        if plainly:
            return _PLAIN.fullmatch(key) is not None and self.keys.get(key) is not None
        return (
            _TAME.fullmatch(key) is not None
            and self.keys.get(key) is not None
            and self._phrase_words.isdisjoint(_WORD.findall(key.replace("-", " ")))
        )

    def mark(self, text: str) -> str:
        """The text normalised, each id in brackets and the name before it as one mark.

        Raises:
            NotUnderstood: an id that does not exist.
        """
        text = re.sub("[\ue000-\uf8ff]", "", text)
        parts: list[str] = []
        end = 0
        for found in _ID.finditer(text):
            kind, i = found[1].lower(), int(found[2])
            if i >= self.sizes[kind]:
                last = self.sizes[kind] - 1
                raise NotUnderstood(
                    text, f"There is no {KINDS[kind]} {i}; ids are 0 to {last}. Which one is meant?"
                )
            before = _without_name(text[end : found.start()], _sayable(self.names[kind][i]))
            parts += [before, f"{OPEN}{kind}{i}{CLOSE}"]
            end = found.end()
        return normalised("".join([*parts, text[end:]]))

    def read_all(self, kind: str, text: str, plainly: bool = False) -> tuple[int, ...] | None:
        """The ids that a list of marks and bare names means, as `say_all` wrote it; else None."""
        parts = _SEPARATORS.split(text)  # name, separator, name, ...
        ids: list[int] = []
        at = 0
        while at < len(parts):
            # Plainly, "now and then" is one name if there is one: the longest is tried first.
            for end in range(len(parts) if plainly else at + 1, at, -2):
                i = self._read(kind, "".join(parts[at:end]), plainly)
                if i is not None:
                    ids.append(i)
                    at = end + 1
                    break
            else:
                return None
        return tuple(ids)

    def _read(self, kind: str, key: str, plainly: bool) -> int | None:
        mark = MARK.fullmatch(key)
        if mark:
            return int(mark[2]) if mark[1] == kind else None
        said = self.keys.get(key) if self._is_bare(key, plainly) else None
        return said[1] if said is not None and said[0] == kind else None


def listed(said: Sequence[str], last: str) -> str:
    """Names as a list: "rock, indie and pop"."""
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} {last} {said[-1]}"


def _sayable(name: str) -> str:
    """A name as it can be printed in a line: no line breaks, brackets or quotes in it."""
    printable = "".join(c if c.isprintable() else " " for c in _UNSAID.sub(" ", name))
    return " ".join(printable.split())


def _without_name(before: str, name: str) -> str:
    """The text before an id without the name, bare or in quotes, that the id belongs to."""
    text = before.rstrip()
    for said in (f'"{name}"', f"“{name}”", name):
        tail = text[len(text) - len(said) :]
        if name and tail.casefold() == said.casefold():
            rest = text[: len(text) - len(said)]
            if not rest or not (rest[-1].isalnum() and said[0].isalnum()):
                return rest
    return before
