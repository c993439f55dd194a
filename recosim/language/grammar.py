"""A small grammar of phrases: written down once, said by luck, read by an automaton.

    (a|b|)      one of several, or nothing
    <name>      another rule, as if it stood there
    {item}      a slot (`recosim.language.forms`)

Everything else is words and punctuation. Reading knows neither punctuation, capitals nor
apostrophes: "I'm" is "im". Rules must not use themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from recosim.errors import OptionError
from recosim.language.forms import SLOT

__all__ = ["Automaton", "Found", "Node", "parse_rules", "say", "words_of"]

_TOKEN = re.compile(r"[()|]|<\w+>|\{\w+(?::or)?\}|[^()|<>{}]+")
_WORD = re.compile("\ue000[aif]\\d+\ue001|[^\\W_]+")


class Node(NamedTuple):
    """A piece of a rule: "text", "slot" (text: its name), "all" of `parts`, or "any" of them."""

    kind: str
    text: str = ""
    parts: tuple[Node, ...] = ()


def words_of(text: str) -> list[str]:
    """The words and marks of a normalised text, without apostrophes and punctuation."""
    return _WORD.findall(text.replace("'", ""))


def parse_rules(rules: Mapping[str, str]) -> dict[str, Node]:
    """The rules of a grammar by name; a rule may use those that stand before it.

    Raises:
        OptionError: a rule that is not closed, or uses one that does not stand before it.
    """
    made: dict[str, Node] = {}
    for name, rule in rules.items():
        tokens = _TOKEN.findall(rule)
        node, end = _parse(tokens, 0, made, name)
        if end != len(tokens) or "".join(tokens) != rule:
            raise OptionError(f"rule {name!r} of the grammar cannot be read: {rule!r}.")
        made[name] = node
    return made


def _parse(tokens: Sequence[str], at: int, made: Mapping[str, Node], rule: str) -> tuple[Node, int]:
    """Alternatives up to a closing bracket, or the end."""
    options: list[Node] = []
    parts: list[Node] = []
    while at < len(tokens) and tokens[at] != ")":
        token = tokens[at]
        at += 1
        if token == "|":
            options.append(Node("all", parts=tuple(parts)))
            parts = []
        elif token == "(":
            inner, at = _parse(tokens, at, made, rule)
            if at >= len(tokens):
                raise OptionError(f"rule {rule!r} of the grammar has a bracket that is not closed.")
            parts.append(inner)
            at += 1
        elif token.startswith("<"):
            if token[1:-1] not in made:
                raise OptionError(f"rule {rule!r} of the grammar uses {token}, which is not there.")
            parts.append(made[token[1:-1]])
        elif token.startswith("{"):
            parts.append(Node("slot", token[1:-1]))
        else:
            parts.append(Node("text", token))
    options.append(Node("all", parts=tuple(parts)))
    return (options[0] if len(options) == 1 else Node("any", parts=tuple(options))), at


def say(node: Node, draw: Callable[[], float]) -> str:
    """One wording of a rule, its slots as they are written, "{item}".

    Args:
        draw: numbers in [0, 1), one for each choice.
    """
    if node.kind == "text":
        return node.text
    if node.kind == "slot":
        return f"{{{node.text}}}"
    if node.kind == "any":
        return say(node.parts[int(draw() * len(node.parts))], draw)
    return "".join([say(part, draw) for part in node.parts])


# ---- reading -------------------------------------------------------------------------------------


class Found(NamedTuple):
    """What the automaton found: which rule, up to where (not included), and its slots' ids."""

    rule: str
    end: int
    slots: tuple[tuple[str, tuple[int, ...]], ...]


# What can stand in a slot at a place: ends and ids. Arguments: the slot, the words, the place.
ReadSlot = Callable[[str, Sequence[str], int], Iterable[tuple[int, tuple[int, ...]]]]


class Automaton:
    """Rules as one automaton over words; sets of states are made when they are first met.

    Args:
        rules: by name; what `find` looks for.
    """

    def __init__(self, rules: Mapping[str, Node]) -> None:
        self._words: list[dict[str, set[int]]] = []
        self._slots: list[list[tuple[str, int]]] = []
        self._ends: list[set[str]] = []
        self._free: list[list[int]] = []  # states that are reached without a word
        start = self._new()
        for name, node in rules.items():
            for state in self._add(node, {start}):
                self._ends[state].add(name)
        self._numbers: dict[frozenset[int], int] = {}
        self._sets: list[frozenset[int]] = []
        self._steps: list[dict[str, int]] = []
        # What the sets hold: rules that end here, and slots with the sets behind them.
        self._known: list[tuple[tuple[str, ...], tuple[tuple[str, int], ...]]] = []
        self._start = self._number(frozenset({start}))

    def _new(self) -> int:
        self._words.append({})
        self._slots.append([])
        self._ends.append(set())
        self._free.append([])
        return len(self._words) - 1

    def _add(self, node: Node, starts: set[int]) -> set[int]:
        """States after a piece of a rule that begins in some states."""
        if node.kind == "all":
            for part in node.parts:
                starts = self._add(part, starts)
            return starts
        if len(starts) > 1:
            # One state for all, or every option would begin at each of them.
            joint = self._new()
            for state in starts:
                self._free[state].append(joint)
            starts = {joint}
        if node.kind == "any":
            # An option that is written twice is said more often, and read once.
            return set().union(*(self._add(part, starts) for part in dict.fromkeys(node.parts)))
        if node.kind == "slot":
            after = self._new()
            for state in starts:
                self._slots[state].append((SLOT.sub(r"\1", f"{{{node.text}}}"), after))
            return {after}
        for word in words_of(_folded(node.text)):
            after = self._new()
            for state in starts:
                self._words[state].setdefault(word, set()).add(after)
            starts = {after}
        return starts

    def _number(self, given: frozenset[int]) -> int:
        if given not in self._numbers:
            states, waiting = set(given), list(given)
            while waiting:
                new = [state for state in self._free[waiting.pop()] if state not in states]
                states.update(new)
                waiting += new
            number = self._numbers[given] = len(self._sets)
            self._sets.append(frozenset(states))
            self._steps.append({})
            self._known.append(((), ()))
            slots: dict[str, set[int]] = {}
            for state in states:
                for slot, after in self._slots[state]:
                    slots.setdefault(slot, set()).add(after)
            ends = sorted(set().union(*(self._ends[state] for state in states)))
            known = tuple((slot, self._number(frozenset(to))) for slot, to in sorted(slots.items()))
            self._known[number] = (tuple(ends), known)
        return self._numbers[given]

    def _step(self, number: int, word: str) -> int:
        """The set of states after a word; -1: none."""
        steps = self._steps[number]
        if word not in steps:
            after = [self._words[s][word] for s in self._sets[number] if word in self._words[s]]
            if not after:
                return -1  # not kept: words of names would fill the memory
            steps[word] = self._number(frozenset(set().union(*after)))
        return steps[word]

    def find(self, words: Sequence[str], at: int, read_slot: ReadSlot) -> Iterator[Found]:
        """Every rule that fits the words from a place on, up to any end."""
        waiting: list[tuple[int, int, tuple[tuple[str, tuple[int, ...]], ...]]] = [
            (self._start, at, ())
        ]
        while waiting:
            number, place, slots = waiting.pop()
            ends, into = self._known[number]
            if place > at:
                for rule in ends:
                    yield Found(rule, place, slots)
            if place == len(words):
                continue
            after = self._step(number, words[place])
            if after >= 0:
                waiting.append((after, place + 1, slots))
            for slot, state in into:
                for end, ids in read_slot(slot, words, place):
                    waiting.append((state, end, (*slots, (slot, ids))))

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word of the rules."""
        return frozenset(word for words in self._words for word in words)


def _folded(text: str) -> str:
    return text.casefold()
