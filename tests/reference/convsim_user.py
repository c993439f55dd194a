"""The user of a search in plain Python: docs/convsim.md, section 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from reference.convsim_world import Luck, Query, SearchTables

from recosim.acts import Level
from recosim.envs.convsim.rules import Kind, SearchRules
from recosim.users import Behaviour

__all__ = ["Said", "SearchUser", "similarity"]

# Places of the luck of drifting off: 0 to 3 are of terms that are named, 8 of a whole answer.
ANSWER = 8


@dataclass(frozen=True)
class Said:
    """What a user said to a move.

    Attributes:
        levels: of the list, one for each document; None where it was not looked at or not told.
        satisfied: they have what they wanted.
        leaving: whether they go, as somebody else decided it; None: by the rules.
    """

    kind: Kind
    named: tuple[int, ...] = ()
    removed: int | None = None
    levels: tuple[Level | None, ...] = ()
    satisfied: bool = False
    leaving: int | None = None


@cache
def trigrams(word: str) -> frozenset[str]:
    word = f"#{word}#"
    return frozenset(word[at : at + 3] for at in range(len(word) - 2))


def similarity(a: str, b: str) -> float:
    """1 for the same word, else Dice's coefficient of their trigrams."""
    if a == b:
        return 1.0
    one, other = trigrams(a), trigrams(b)
    return 2 * len(one & other) / (len(one) + len(other))


class SearchUser:
    """One user with one need. The search calls them with what is unsaid so far.

    Attributes:
        need: the terms of the need, in order.
    """

    def __init__(
        self, tables: SearchTables, rules: SearchRules, behaviour: Behaviour, turn: int, luck: Luck
    ) -> None:
        self.tables, self.rules, self.behaviour, self.luck = tables, rules, behaviour, luck
        self.turn_of_topic = turn
        self.need = tables.needs[turn]

    def _pick(self, purpose: str, turn: int, k: int, n: int) -> int:
        return int(self.luck(purpose, turn, k) * n)

    def cooperates(self, turn: int) -> bool:
        """Whether a no, an open question or a poor list makes them name what is missing."""
        c, last = self.behaviour.cooperativeness, max(1, self.rules.max_turns - 1)
        x = (turn - 1) / last
        if self.behaviour.cooperation_trend == "rising":
            c *= x
        elif self.behaviour.cooperation_trend == "falling":
            c *= 1 - x
        return self.luck("inform", turn, 0) < c

    def means(self, term: int) -> bool:
        """Whether a term is like one of the need."""
        word, least = self.tables.words[term], self.behaviour.similarity
        return any(similarity(word, self.tables.words[wanted]) >= least for wanted in self.need)

    # ---------------------------------------------------------------- naming

    def names(self, turn: int, unsaid: Sequence[int]) -> tuple[int, ...]:
        """What they name of the unsaid terms, or instead of them."""
        named: list[int] = []
        for j in range(self.behaviour.named_terms):
            left = [term for term in unsaid if term not in named]
            if not left:
                break
            term = self._chosen(left, turn, j)
            if self.luck("off_topic", turn, j) < self.behaviour.off_topic:
                other = self.term_of_others(turn, j)
                term = term if other is None else other
            if term not in named:
                named.append(term)
        return tuple(named)

    def _chosen(self, left: Sequence[int], turn: int, j: int) -> int:
        if self.behaviour.naming == "any":
            return left[self._pick("name", turn, j, len(left))]
        if self.behaviour.naming == "rare":
            return max(left, key=lambda term: self.tables.idf[term])  # the first of the highest
        return left[0]

    def term_of_others(self, turn: int, j: int) -> int | None:
        """A term of the need of another topic."""
        turns = self.tables.turns_of_others(self.turn_of_topic)
        if not turns:
            return None
        theirs = self.tables.needs[turns[self._pick("other_turn", turn, j, len(turns))]]
        if not theirs:
            return None
        return theirs[self._pick("other_term", turn, j, len(theirs))]

    # ---------------------------------------------------------------- answers

    def answer_term(self, term: int, turn: int, unsaid: Sequence[int]) -> Said:
        """Is it about `term`?"""
        if self.luck("unsure", turn, 0) < self.behaviour.dont_know:
            return Said(Kind.DONT_KNOW)
        if self.luck("off_topic", turn, ANSWER) < self.behaviour.off_topic:
            other = self.term_of_others(turn, ANSWER)
            if other is not None:
                return Said(Kind.OFF_TOPIC, (other,))
        yes = self.means(term)
        if self.luck("noise", turn, 0) < self.behaviour.answer_noise:
            yes = not yes
        if yes:
            return Said(Kind.YES)
        named = self.names(turn, unsaid) if self.cooperates(turn) else ()
        return Said(Kind.NO_INFORM, named) if named else Said(Kind.NO_BARE)

    def answer_open(self, turn: int, unsaid: Sequence[int]) -> Said:
        """What else, or what of a facet, whose words alone are then in `unsaid`?"""
        if self.luck("unsure", turn, 0) < self.behaviour.dont_know:
            return Said(Kind.DONT_KNOW)
        named = self.names(turn, unsaid) if self.cooperates(turn) else ()
        return Said(Kind.VALUE, named) if named else Said(Kind.DONT_KNOW)

    # ---------------------------------------------------------------- feedback

    def share(self, document: int) -> float:
        """How much of the need a document holds."""
        held = self.tables.holds[document]
        return sum(term in held for term in self.need) / len(self.need) if self.need else 0.0

    def feedback(
        self, shown: Sequence[int], turn: int, unsaid: Sequence[int], query: Query
    ) -> Said:
        """What they do with a list that the query in force found."""
        levels: list[Level | None] = [None] * len(shown)
        satisfied = False
        for j, document in enumerate(shown[: self.rules.reads]):
            if j and self.luck("examine", turn, j - 1) >= self.behaviour.examination:
                break
            share = self.share(document)
            up = share >= self.behaviour.like_share
            if self.luck("noise", turn, 1 + j) < self.behaviour.answer_noise:
                up = not up
            levels[j] = Level.ACCEPT if up else Level.SKIP
            satisfied = satisfied or share >= self.behaviour.satisfied_share
        form = self.behaviour.feedback
        if form == "none":
            return Said(Kind.NOTHING, levels=(None,) * len(shown), satisfied=satisfied)
        if form == "unary":
            levels = [level if level is Level.ACCEPT else None for level in levels]
        if satisfied:
            return Said(Kind.POSITIVE, levels=tuple(levels), satisfied=True)
        kind, named, removed = Kind.NEG_BARE, (), None
        if form in ("critique", "instruction", "edit"):
            named = self.names(turn, unsaid) if self.cooperates(turn) else ()
            if named:
                kind = Kind.NEG_REFINE
                removed = self._wrong(query) if form == "edit" else None
            elif self.luck("vague", turn, 0) < self.behaviour.vague:
                kind = Kind.NEG_VAGUE
        return Said(kind, named, removed, tuple(levels))

    def _wrong(self, query: Query) -> int | None:
        """The first term of a query that is like none of the need."""
        wanted = (term for term, weight in query.items() if weight > 0)
        return next((term for term in wanted if not self.means(term)), None)
