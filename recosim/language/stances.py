"""What each clause of a line says (`recosim.language.cues.STANCES`), and which items it names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from recosim.language.clauses import Clause
from recosim.language.cues import IDIOMS, STANCES
from recosim.language.mentions import Mention
from recosim.language.words import Token

__all__ = ["ASKING", "PLURAL", "SINGULAR", "Said", "hear_clauses"]

_IDIOM_STARTS = frozenset(idiom.split()[0] for idiom in IDIOMS)
_ASK_WORDS = frozenset((
    "what", "whats", "who", "whos", "whose", "tell", "how", "hows", "more", "describe", "director",
    "any", "info", "information", "details", "when", "where", "remind", "whom",
))  # fmt: skip
ASKING = ("maker", "quality", "content")
PLURAL = re.compile(
    r"\b(?:both|them|those|these|they|theyre|all|either|neither|each|em|any of|none|"
    r"(?:choices|suggestions|ideas|picks|options|recommendations|movies|films|ones))\b"
)
SINGULAR = re.compile(r"\b(?:it|its|that|thats|this|one|movie|film|X)\b")
# What says more of no stance at the end of a clause.
_TAILS = re.compile(
    r"(?: (?:too|as well|also|though|lol|haha|tbh|honestly|thanks|thank you|then))+( \?)?$"
)
# What is wrong with attributes; of which item is told by whoever reads the attributes.
_CRITICISM = re.compile(
    r"\b(?:too|less|more|fewer|enough|lacks?|lacking)(?: (?:much|many|little|of|few|a))* A\b|"
    r"\bA enough\b|\bwith(?:out)? (?:more |less |some )?A\b|\bbit of an? A\b"
)
# "Like X" is no liking of it.
_LIKENESS = re.compile(
    r"(?:more |something |anything |one |ones |just )*(?:like|similar to) [XZ]\b"
)
# What the recommender is asked about themselves.
_HAVE_YOU = re.compile(
    r"\b(?:have|did) you (?:ever |also |already |not )?"
    r"(?:seen?|heard|watch(?:ed)?|tried|read|been)\b"
)


@dataclass(frozen=True)
class Said:
    """A clause as it was heard.

    Args:
        clause: where it stands.
        words: its words, {X} for an item of the list, Z for another one, A for an attribute; a
            clause of a question ends in "?".
        items: of the list, that it names.
        others: items that it names beside them.
        attributes: whether it names one.
    """

    clause: Clause
    words: str
    items: tuple[int, ...]
    others: tuple[int, ...]
    attributes: bool

    @cached_property
    def stance(self) -> str:
        """A name of `STANCES`, or ""."""
        return _stance(self.words)

    @property
    def asks_about(self) -> bool:
        """Whether it asks about an item."""
        may_ask = self.clause.asks or not _ASK_WORDS.isdisjoint(self.words.split())
        return may_ask and self.stance in ASKING

    @property
    def of_item(self) -> bool:
        """Whether it tells of an item what it is or was, so that no attribute in it is a wish."""
        told = self.stance in ("liked", "seen", "disliked", "unknown", "hearsay", *ASKING)
        return told and bool(self.items or self.others or SINGULAR.search(self.words))


@cache
def _stances() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (name, re.compile("".join(line.strip() for line in pattern.splitlines())))
        for name, pattern in STANCES
    )


@cache
def _idioms() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(sorted(IDIOMS, key=len, reverse=True))})\b")


def hear_clauses(
    tokens: Sequence[Token],
    mentions: Sequence[Mention],
    clauses: Sequence[Clause],
    shown: Sequence[int],
) -> list[Said]:
    """What each clause says, and of which items."""
    starts = {mention.start: mention for mention in mentions}
    heard = []
    for clause in clauses:
        words: list[str] = []
        items: dict[int, None] = {}
        others: dict[int, None] = {}
        attributes = False
        at = clause.start
        while at < clause.end:
            mention = starts.get(at)
            if mention is None:
                words.append(tokens[at].word)
                at += 1
                continue
            at = mention.end
            if mention.kind != "i":
                attributes = True
                words.append("A")
                continue
            of_list = [i for i in mention.ids if i in shown]
            words.append("X" if of_list else "Z")
            (items if of_list else others).update(dict.fromkeys(of_list or mention.ids[:1]))
        if words and words[0] == clause.joint and len(words) > 1:
            del words[0]
        said = " ".join(words)
        if not _IDIOM_STARTS.isdisjoint(words):
            said = _idioms().sub(lambda found: IDIOMS[found[0]], said)
        said = f"{said} ?" if clause.asks else said
        heard.append(Said(clause, said, tuple(items), tuple(others), attributes))
    return heard


def _stance(said: str) -> str:
    said = _TAILS.sub(r"\1", said)
    if _CRITICISM.search(said) or _LIKENESS.match(said) or _HAVE_YOU.search(said):
        return ""
    return next((name for name, pattern in _stances() if pattern.search(said)), "")
