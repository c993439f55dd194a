"""Reading lines of the style "human": every way in which rules and fillers make up a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from recosim.acts import Courtesy, Critique
from recosim.language.context import Context
from recosim.language.forms import SINGLE, SLOTS, Cases, makes_sense, read_part, turn_forms
from recosim.language.grammar import Automaton, Found, Node, ReadSlot, parse_rules, words_of
from recosim.language.human_fillers import DOMAINS, FILLERS, JOINS, SHARED
from recosim.language.human_lives import LIVES, LIVES_CASES
from recosim.language.human_rules import CASES, ONLY
from recosim.language.labels import MARK, Labels
from recosim.language.turns import AsActs, Part, acts_of

__all__ = [
    "ORDINALS",
    "PRONOUNS",
    "all_of_rules",
    "automaton",
    "read_human",
    "rules_of",
    "words_of_place",
]

LONGEST = 150  # words of a line
MOST = 64  # readings of the rest of a line that are followed

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
PRONOUNS = (("it",), ("that", "one"), ("this", "one"))
# Rules beside `CASES`: what parts of a line they stand for.
_SAME_AS: dict[str, Cases] = {
    "want_here": ("want", "session"),
    "avoid_here": ("avoid", "session"),
}


@cache
def rules_of(domain: str | None = None) -> dict[str, Node]:
    """All rules, for what the things of a world are; None: whatever they are, for reading."""
    if domain is None:
        first = {
            name: "(" + "|".join(DOMAINS[d][name] for d in DOMAINS) + ")"
            for name in DOMAINS["things"]
        }
    else:
        first = dict(DOMAINS[domain])
    return parse_rules({**first, **SHARED, **CASES, **LIVES, **FILLERS, "join": JOINS})


@cache
def automaton() -> Automaton:
    """Of all cases, fillers and joins, whatever the things of a world are."""
    rules = rules_of()
    return Automaton({name: rules[name] for name in (*CASES, *LIVES, *FILLERS, "join")})


def all_of_rules(name: tuple[str, ...], vocabulary: frozenset[str]) -> bool:
    """Whether a name has only words that rules are made of; it is never said without its id."""
    return vocabulary.issuperset(name)


def words_of_place(place: int) -> tuple[str, ...]:
    """How the item at a place of the list shown, from 0, is called: "the second one"."""
    return ("the", ORDINALS[place], "one")


@cache
def _cases(rule: str) -> Cases | None:
    """The cases of a rule that stands for a part of a line; None for one that says nothing."""
    if rule in LIVES_CASES:
        return LIVES_CASES[rule]
    if rule not in CASES:
        return None
    if rule in _SAME_AS:
        return _SAME_AS[rule]
    parts = rule.split("_")
    return tuple(parts) if parts[-1] in ("turn", "session", "always") else (rule,)


@cache
def _allowed(forms: tuple[Cases, ...], answers: str) -> frozenset[str]:
    """The rules that can be said in a context."""
    allowed = {form[0] if len(form) == 1 else "_".join(form) for form in forms}
    allowed |= {"also"} if ("no", "also") in forms else set()
    allowed |= {"like"} if ("request", "like") in forms else set()
    allowed |= {"no_named"} if ("yes",) in forms else set()
    allowed |= {"refuse_named"} if ("refuse",) in forms else set()
    allowed |= set(ONLY)
    return frozenset(rule for rule in allowed if answers in ONLY.get(rule, (answers,)))


def read_human(marked: str, context: Context, labels: Labels, facet_of: Any) -> AsActs | None:
    """The acts of a line, if it is made of the rules and there is one reading of it.

    Args:
        marked: the line (`Labels.mark`).
        facet_of: the facet of each attribute, int (n_attributes,).
    """
    words = words_of(marked)
    if not words or len(words) > LONGEST:
        return None
    reading = _Reading(words, context, labels, facet_of)
    found = {acts for parts in reading.rest(0) if (acts := acts_of(parts, context))}
    if len(found) != 1:
        return None
    (acts,) = found
    if _trades(acts):
        return None
    if all(isinstance(act, Courtesy) for act in acts):
        # Beside a courtesy alone even a filler may be meant as more.
        strict = _Reading(words, context, labels, facet_of, fillers=False)
        return acts if strict.rest(0) else None
    return acts


def _trades(acts: AsActs) -> bool:
    """Whether there should be less of one thing and more of another: that may be one correction."""
    return any(
        isinstance(a, Critique)
        and isinstance(b, Critique)
        and a.direction != b.direction
        and a.item is None is b.item
        for a, b in pairwise(acts)
    )


class _Reading:
    """All readings of one line."""

    def __init__(
        self,
        words: Sequence[str],
        context: Context,
        labels: Labels,
        facet_of: Any,
        *,
        fillers: bool = True,
    ) -> None:
        self.words, self.context, self.labels, self.facet_of = words, context, labels, facet_of
        self.fillers = fillers
        self._slot = slot_reader(labels, context, automaton().vocabulary)
        self._allowed = _allowed(turn_forms(context), type(context.answers).__name__)
        self._rest: dict[int, list[tuple[Part, ...]]] = {len(words): [()]}

    def rest(self, at: int) -> list[tuple[Part, ...]]:
        """The parts of the line from a word on, in every way in which it can be read."""
        if at not in self._rest:
            found: dict[tuple[Part, ...], None] = {}
            for piece in automaton().find(self.words, at, self._slot):
                cases = _cases(piece.rule)
                if cases is None:
                    if piece.rule == "join" or self.fillers:
                        found |= dict.fromkeys(self.rest(piece.end))
                    continue
                part = self._part(piece, cases)
                if part is not None:
                    found |= {(part, *more): None for more in self.rest(piece.end)}
                if len(found) > MOST:
                    break
            self._rest[at] = list(found)[:MOST]
        return self._rest[at]

    def _part(self, piece: Found, cases: Cases) -> Part | None:
        if piece.rule not in self._allowed:
            return None
        slots = dict(piece.slots)
        shown = self.context.items
        if piece.rule.startswith("note_") and shown and slots["item"][0] not in shown:
            return None  # of another item it may be an example of what they want
        if not makes_sense(cases, slots, self.context, self.facet_of):
            return None
        return read_part(cases, slots, self.context)


def slot_reader(labels: Labels, context: Context, vocabulary: frozenset[str]) -> ReadSlot:
    """What finds in words what can stand in a slot: the place behind it, and the ids.

    Args:
        context: whose items "it" and "the second one" mean.
        vocabulary: of the rules; names that are made of it alone are not read without their id.
    """
    items = context.items

    def names(kind: str, words: Sequence[str], at: int) -> Iterator[tuple[int, int]]:
        if at >= len(words):
            return
        mark = MARK.fullmatch(words[at])
        if mark:
            if mark[1] == kind[0]:
                yield at + 1, int(mark[2])
            return
        for length in labels.lengths.get(words[at], ()):
            name = tuple(words[at : at + length])
            said = labels.spoken.get(name) if len(name) == length else None
            if said is not None and said[0] == kind[0] and not all_of_rules(name, vocabulary):
                yield at + length, said[1]
        if kind[0] != "i" or not items:
            return
        if len(items) > 1 and words[at] == "the":
            for place in range(min(len(items), len(ORDINALS))):
                if tuple(words[at : at + 3]) == words_of_place(place):
                    yield at + 3, items[place]
        if kind == "i+" and len(items) == 1:
            for pronoun in PRONOUNS:
                if tuple(words[at : at + len(pronoun)]) == pronoun:
                    yield at + len(pronoun), items[0]

    def read(slot: str, words: Sequence[str], at: int) -> Iterator[tuple[int, tuple[int, ...]]]:
        kind = SLOTS[slot]
        if not kind:
            number = words[at] if at < len(words) else ""
            if number.isdecimal() and len(number) < 6:
                yield at + 1, (int(number),)
            return
        if kind == "i" and slot != "named":
            kind = "i+"  # a pronoun will do
        waiting: list[tuple[int, tuple[int, ...]]] = [
            (end, (i,)) for end, i in names(kind, words, at)
        ]
        while waiting:
            end, ids = waiting.pop()
            yield end, ids
            if slot in SINGLE or end >= len(words):
                continue
            follows = end + (words[end] in ("and", "or"))
            waiting += [(after, (*ids, i)) for after, i in names(kind, words, follows)]

    return read
