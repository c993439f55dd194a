"""Needs and judgements for pages that nobody asked for: made from the pages by a rule.

For a need a page is drawn. What characterises it are words of its title, and words that its text
has more than once, that some other pages have too. Several of them are what the person wants; now
and then the person says one in the other number than the page (wage, wages). The commonest are
what they say at first. A page that has all of those words, in either number, is of grade 2, as the
drawn one is; one that has most of them, at least 60 %, is of grade 1. No ranking and no weight of a
word takes part in that.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from recosim.errors import ImportDataError
from recosim.world.csr import csr_from_lists
from recosim.world.generate.dice import Dice
from recosim.world.strings import StringTable
from recosim.world.topics import Judgements, Topics, judgements_of, split_topics

__all__ = ["Page", "draw_needs", "stem", "words_of"]

WORD = re.compile(r"[^\W_]+")
LETTERS = re.compile(r"[a-z]{4,}")
OTHERWISE = 0.35  # probability that a word is said in its other number, where pages have that too
SHARED = (4, 250)  # least and most pages that have a characteristic word
WANTED = (4, 7)  # least and most words of a need
MOST = 0.6  # share of the words of a need from which a page is of grade 1
# Words that say of a page that it is one, and of a dataset that it is one.
_EMPTY = """
    data dataset datasets frame following contains containing variable variables column columns
    observations observation values value number numbers numeric factor factors levels vector
    matrix table source from with that this these were which each used have been also there their
    than when where other more most they them into over under only some such between about after
    before during both same taken given based described example examples analysis information
    available originally original figure chapter book page pages edition using available whose
    includes included would could should very first second third one two three four five
    respectively corresponding various several different many made make package units unit format
    character integer ordered reported report missing follow received project indicates indicator
    denoting denote within here what then does much until because left start full less late better
    note well according estimate estimated assigned coded identifier dummy otherwise none found
    true false every having along upper lower above below near thousands millions logarithm standard
    deviation cell random accessed archive file list wikipedia google wiley baltagi greene
    wooldridge davidson giltinan kuhn watson johnson smsa exper educ posixct january february march
    april june july august september october november december those last major amount choice
    general base point scale change version result these itself both among against associated
    defined known note title label name names coding code dated date dates appeared give gives
    denotes obtained considered similar whether given come normal order term terms sets subset
    again being down further hers herself himself just myself once only ours ourselves over same
    theirs themselves through while whom will your yours yourself yourselves doing above below
    however therefore really thus indicating consisted subj article paper never always
"""
EMPTY = frozenset(_EMPTY.split())
# Lines of function words alone, so that what is searched for is what is wanted.
NEEDS = ("It should be about {}.", "What is there about {}?", "It has to be about {}.")
UTTERANCES = ("What do you have about {}?", "What is there on {}?", "Do you have some on {}?")


@dataclass(frozen=True)
class Page:
    """The words of a page, as `words_of` gives them."""

    title: Sequence[str]
    text: Sequence[str]

    def roots(self) -> frozenset[str]:
        return frozenset(map(stem, (*self.title, *self.text)))


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, in order."""
    return WORD.findall(text.lower())


def draw_needs(pages: Sequence[Page], n: int, seed: int) -> tuple[Topics, Judgements]:
    """n topics of one turn, each of another page, and the judgements of all pages.

    Raises:
        ImportDataError: fewer than n pages have characteristic words enough.
    """
    dice = Dice(seed, "docs needs")
    held = [page.roots() for page in pages]
    shared = Counter(word for words in held for word in words)
    forms: dict[str, set[str]] = {}
    for word in {word for page in pages for word in page.text}:
        forms.setdefault(stem(word), set()).add(word)
    pages_of: dict[str, list[int]] = {}
    for p, roots in enumerate(held):
        for root in roots:
            pages_of.setdefault(root, []).append(p)
    candidates = [_characteristic(page, shared) for page in pages]
    able = [p for p, words in enumerate(candidates) if len(words) >= WANTED[0]]
    if len(able) < n:
        raise ImportDataError(
            f"{len(able)} pages have {WANTED[0]} characteristic words or more; {n} topics need as "
            "many. Ask for fewer topics."
        )
    lines: dict[str, list[str]] = {"utterances": [], "needs": []}
    grades = []
    for number in dice.some(able, n):
        size = WANTED[0] + dice.below(WANTED[1] - WANTED[0] + 1)
        wanted = dice.some(candidates[number], size)
        words = []
        for word in wanted:
            others = sorted(forms[stem(word)] - {word})
            words.append(dice.pick(others) if others and dice.unit() < OTHERWISE else word)
        # Said is what most pages have: the vaguest of it.
        said = sorted(words, key=lambda word: (-shared[stem(word)], word))[: 1 + dice.below(2)]
        lines["needs"].append(dice.pick(NEEDS).format(_listed(words)))
        lines["utterances"].append(dice.pick(UTTERANCES).format(_listed(said)))
        grades.append(_grades(pages_of, set(map(stem, wanted))))
    names = StringTable.of(str(k + 1) for k in range(n))
    topics = Topics(
        names=names,
        split=split_topics(n, seed),
        turn_topic=np.arange(n, dtype=np.int32),
        turn_names=names,
        utterances=StringTable.of(lines["utterances"]),
        needs=StringTable.of(lines["needs"]),
        rewrites=StringTable.of([""] * n),
        answers=StringTable.of([""] * n),
        history=csr_from_lists([[] for _ in range(n)]),
    )
    return topics, judgements_of(grades)


@cache
def stem(word: str) -> str:
    """A word without its plural ending; words of up to four letters stay as they are."""
    if len(word) <= 4 or word.endswith(("ss", "us", "is")):
        return word
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")


def _characteristic(page: Page, shared: Counter[str]) -> list[str]:
    """The words of the title, and those that the text has twice, that some other pages have too."""
    often = Counter(map(stem, page.text))
    known: dict[str, str] = {}
    for word in [*page.title, *(word for word in page.text if often[stem(word)] > 1)]:
        known.setdefault(stem(word), word)
    least, most = SHARED
    return [
        word
        for root, word in known.items()
        if LETTERS.fullmatch(word)
        and not {word, root} & EMPTY
        and least <= shared[root] <= most
        and root in often
    ]


def _grades(pages_of: Mapping[str, Sequence[int]], wanted: set[str]) -> dict[int, int]:
    """2 for pages that have all of it, 1 for those that have most of it."""
    common = Counter(page for root in wanted for page in pages_of[root])
    enough = MOST * len(wanted)
    return {p: 2 if n == len(wanted) else 1 for p, n in sorted(common.items()) if n >= enough}


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
