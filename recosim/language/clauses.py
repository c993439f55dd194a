"""Clauses: the pieces of a line that say one thing each, and which of them are mere politeness."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from recosim.language.cues import COURTESIES, COURTESY_WORDS
from recosim.language.mentions import Mention
from recosim.language.words import Token

__all__ = ["Clause", "clauses_of", "courtesy_of", "without_courtesies"]

_STOPS = frozenset(".!?;:\n()—–")
_JOINTS = frozenset((
    "but", "though", "although", "however", "so", "because", "cause", "since", "and", "yet",
    "then", "or", "cuz", "plus", "as",
))  # fmt: skip
# What begins a clause after a joint; "so good" and "rock and jazz" go on.
_OPENERS = frozenset((
    "i", "ill", "id", "im", "ive", "it", "its", "that", "thats", "they", "theyre", "we", "well",
    "weve", "my", "didnt", "dont", "not", "loved", "liked", "enjoyed", "hated", "will", "would",
    "have", "havent", "never", "really", "was", "wasnt", "can", "could", "do", "does", "maybe",
    "what", "who", "whos", "how", "any", "please", "thank", "thanks", "also", "is", "did", "has",
    "you", "he", "she", "this", "those", "these", "both", "want", "looking", "prefer", "yes", "no",
    "something", "anything", "seen", "watched", "let", "lets", "definitely", "am", "bye", "goodbye",
))  # fmt: skip
# What begins a question.
_ASKERS = frozenset((
    "is", "was", "are", "were", "does", "did", "do", "can", "could", "would", "will", "have", "has",
    "what", "whats", "who", "whos", "how", "hows", "when", "where", "why", "which", "any", "isnt",
    "doesnt", "should", "shall", "may",
))  # fmt: skip
# What begins a clause though nothing parts it from the one before: people leave full stops out.
_RUN_ON = frozenset((
    "i", "ill", "ive", "im", "id", "its", "thats", "thanks", "thank", "can", "could", "do", "what",
    "how", "havent", "didnt", "bye", "goodbye", "weve", "any", "but", "whats", "whos", "seen",
))  # fmt: skip
# ... unless a word before it asks for it: "that I like", "thing I want", "do you", "so what".
_LINKS = frozenset((
    "thats", "its",
    "that", "which", "who", "if", "when", "what", "whether", "think", "thought", "guess",
    "know", "hope", "say", "said", "believe", "sure", "than", "as", "because", "cause", "and",
    "or", "but", "like", "everything", "something", "anything", "nothing", "thing", "things",
    "where", "while", "since", "till", "until", "of", "for", "how", "why", "before", "after",
    "so", "then", "have", "do", "did", "should", "could", "can", "will", "would", "am", "are",
    "was", "dont", "unless", "though", "although", "whenever", "time", "all", "to", "with",
    "in", "about", "on", "not", "one", "movie", "film", "band", "place", "kind", "type",
    "sort", "is", "me", "too", "a", "the", "at", "afraid", "mean", "maybe", "yeah", "oh",
    "well", "no", "yes", "ok", "okay", "really", "honestly", "does", "dunno", "tell", "wonder",
    "only", "just", "now", "ones", "you", "they", "she", "he", "heard", "hear", "read", "feel",
    "felt", "says", "i", "ive", "already", "weve", "we", "havent", "has", "never", "had",
    "both", "ever", "been", "good", "great", "many", "big", "without", "see", "cant", "much",
    "hey", "want",
))  # fmt: skip
_BEFORE_THANKS = frozenset((
    "no", "many", "much", "big", "special", "and", "with", "give", "say", "said", "to", "for", "so",
    "good", "huge", "i", "we", "again",
))  # fmt: skip
_MORE = ("other", "others", "more", "ideas", "suggestions", "recommendations", "another")
_UNLESS_BUT = ("anything", "nothing", "everything", "all", "none", "anyone")


@dataclass(frozen=True)
class Clause:
    """Words start..end-1 of a line.

    Args:
        asks: whether a question mark ends its sentence.
        joint: the word that joins it to the clause before ("but"), or "".
        sentence: of which sentence of the line it is a part, from 0.
    """

    start: int
    end: int
    asks: bool
    joint: str
    sentence: int


def clauses_of(
    tokens: Sequence[Token], mentions: Sequence[Mention] = (), closing: str = ""
) -> list[Clause]:
    """The clauses of a line, in its order; no name is cut.

    Args:
        closing: marks after the last word.
    """
    inside = {k for m in mentions for k in range(m.start + 1, m.end)}
    ends = {m.end for m in mentions if m.kind == "i"}
    neighbours = {m.start for m in mentions if m.kind == "i"} & ends  # "no to X Y was good"
    starts: list[tuple[int, str]] = []
    sentence_starts = {0}
    last = 0
    for k, token in enumerate(tokens):
        if not k or k in inside:
            continue
        joint = _joint(tokens, k, k - last)
        gap = token.gap.removeprefix(")") if k in ends else token.gap  # "Blue Lake (1987) was"
        if set(gap) & _STOPS:
            sentence_starts.add(k)
        if gap or joint is not None or k in neighbours:
            starts.append((k, joint or ""))
            last = k
    bounds = [(0, _joint(tokens, 0, 0) or ""), *starts] if tokens else []
    out, sentence = [], -1
    for place, (start, joint) in enumerate(bounds):
        end = bounds[place + 1][0] if place + 1 < len(bounds) else len(tokens)
        sentence += start in sentence_starts
        asks = _asks(tokens, end, closing)
        if asks and place + 1 < len(bounds) and bounds[place + 1][0] not in sentence_starts:
            # "sounds good, any others?" asks in its last clause only
            first = tokens[start + 1 if joint and start + 1 < end else start].word
            asks = first in _ASKERS
        out.append(Clause(start, end, asks, joint, sentence))
    return out


def _joint(tokens: Sequence[Token], k: int, since: int) -> str | None:
    """The joint at a word, "" where a clause begins without one, None where none begins."""
    word = tokens[k].word
    after = tokens[k + 1].word if k + 1 < len(tokens) and not tokens[k + 1].gap else ""
    before = tokens[k - 1].word if k and not tokens[k].gap else ""
    if word == "but":
        return None if before in _UNLESS_BUT else "but"
    if word in _JOINTS and (
        not k or word in ("though", "although", "however") or after in _OPENERS
    ):
        return word
    if word in ("thanks", "thank", "bye", "goodbye"):
        return "" if before and before not in _BEFORE_THANKS else None
    if word == "any" and after not in _MORE:
        return None
    if k and since >= 2 and word in _RUN_ON and before not in _LINKS and before not in _JOINTS:
        return "" if before and after else None
    return None


def _asks(tokens: Sequence[Token], end: int, closing: str) -> bool:
    """Whether the first mark that ends a sentence at or after a place asks."""
    for k in range(end, len(tokens)):
        stops = [mark for mark in tokens[k].gap if mark in _STOPS]
        if stops:
            return "?" in stops
    return "?" in closing


# ---- politeness ----------------------------------------------------------------------------------

Kind = Literal["thanks", "greeting", "goodbye", "other"]
_POLITE: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(f"(?:{pattern})", re.VERBOSE))  # type: ignore[misc]
    for kind, pattern in COURTESIES.items()
)


def courtesy_of(said: str) -> Kind | None:
    """Which politeness a clause is, and nothing else; None if it is none."""
    for kind, pattern in _POLITE:
        if pattern.fullmatch(said):
            return kind
    return None


def without_courtesies(
    tokens: Sequence[Token], closing: str
) -> tuple[list[Token], str, list[tuple[Kind, int]]]:
    """The line without the clauses that are mere politeness.

    Returns:
        The words that are left, the marks after them, and each politeness with its place among the
        words that are left.
    """
    if COURTESY_WORDS.isdisjoint(token.word for token in tokens):
        return list(tokens), closing, []
    left: list[Token] = []
    found: list[tuple[Kind, int]] = []
    gap, ending = "", closing
    clauses = clauses_of(tokens, (), closing)
    for place, clause in enumerate(clauses):
        words = tokens[clause.start : clause.end]
        said = " ".join(token.word for token in words).removeprefix(f"{clause.joint} ")
        kind = courtesy_of(said) if all(token.word for token in words) else None
        if kind is None:
            first = words[0]
            left += [first._replace(gap=gap + first.gap) if left else first, *words[1:]]
            gap = ""
            after = clauses[place + 1].start if place + 1 < len(clauses) else None
            ending = closing if after is None else tokens[after].gap
        else:
            found.append((kind, len(left)))
            gap += words[0].gap or "."
    return left, ending if left else closing, found
