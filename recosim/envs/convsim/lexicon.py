"""The index of a collection, opened once for each world; what terms and documents are called."""

from __future__ import annotations

import re
from collections.abc import Collection as Group
from weakref import WeakKeyDictionary

from recosim.envs.convsim.rules import SearchRules
from recosim.language.search_language import SearchLanguage, title_of
from recosim.progress import Progress
from recosim.retrieval.index import Index, index_of
from recosim.world.world import World

__all__ = ["document_label", "index_for", "language_of", "snippet_of"]

_KNOWN: WeakKeyDictionary[World, dict[bool, Index]] = WeakKeyDictionary()
_WORD = re.compile(r"\S+")
WIDTH = 18  # words of a snippet
READ = 400  # words of a text in which it is sought


def index_for(world: World, plurals: bool = True, progress: Progress | None = None) -> Index:
    """The index that searches in a world use, the same object for the same world.

    Args:
        plurals: of the rules: whether plurals are terms of their own.
    """
    known = _KNOWN.setdefault(world, {})
    if plurals not in known:
        known[plurals] = index_of(world, SearchRules(plurals=plurals).tokeniser, progress)
    return known[plurals]


def language_of(world: World, plurals: bool = True) -> SearchLanguage:
    """The words of searches in a world."""
    return SearchLanguage(world, index_for(world, plurals))


def document_label(world: World, item: int) -> str:
    """A document by its title and id, as it is said: "Boats of the harbour [i203]"."""
    return f"{title_of(world, item)} [i{item}]"


def snippet_of(world: World, item: int, terms: Group[int], index: Index) -> str:
    """A line of a document: the words around most of some terms, or its first ones.

    Args:
        terms: of the query; () for none.
    """
    name, text = str(world.item_names[item]), " ".join(str(world.item_texts[item]).split())
    if text.casefold().startswith(name.casefold()):
        text = text[len(name) :].lstrip(" .:;,-–—|")
    words = _WORD.findall(text)[:READ]
    if not words:
        return ""
    sought = set(index.words(terms))
    hits = [next((w for w in index.tokeniser(word) if w in sought), "") for word in words]
    starts = range(max(1, len(words) - WIDTH + 1))
    best = max(starts, key=lambda at: (len({*hits[at : at + WIDTH]} - {""}), -at))
    shown = " ".join(words[best : best + WIDTH])
    shown = "".join(c if c.isprintable() else " " for c in shown)
    return f"{'… ' * (best > 0)}{shown}{' …' * (best + WIDTH < len(words))}"
