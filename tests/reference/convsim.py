"""The rules of docs/convsim.md in plain Python: sets, dicts and lists, written to be read.

`ReferenceSearch` is what the batched core is checked against, and the baseline of the benchmarks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reference.convsim_user import Said, SearchUser
from reference.convsim_world import Found, Luck, Query, SearchTables, luck_of, strongest

from recosim.acts import Level, Outcome, Verb
from recosim.envs.convsim.rules import CANDIDATES, ROOM, Kind, SearchRules
from recosim.errors import IllegalActionError, StateError
from recosim.users import Behaviour

__all__ = ["IMPATIENT", "SATISFIED", "TERMS", "Candidate", "ReferenceSearch", "SearchStep"]

# The terms of the reward, and the choice of `Rewards` that each is multiplied with.
TERMS = {"gain": "gain", "questions": "question", "words": "word", "illegal": "illegal"}
SATISFIED, IMPATIENT = 1, 2

OUTCOMES = {
    Kind.NOTHING: Outcome.NOTHING,
    Kind.YES: Outcome.YES,
    Kind.VALUE: Outcome.YES,
    Kind.NO_BARE: Outcome.NO,
    Kind.NO_INFORM: Outcome.NO,
    Kind.OFF_TOPIC: Outcome.UNSURE,
    Kind.DONT_KNOW: Outcome.UNSURE,
    Kind.POSITIVE: Outcome.HIT,
    Kind.NEG_BARE: Outcome.MISS,
    Kind.NEG_VAGUE: Outcome.MISS,
    Kind.NEG_REFINE: Outcome.MISS,
}
DISAPPOINTING = {Kind.NO_BARE, Kind.NO_INFORM, Kind.DONT_KNOW, Kind.OFF_TOPIC}
ONE_WORD = {Kind.YES, Kind.NO_BARE, Kind.NO_INFORM, Kind.DONT_KNOW, Kind.NEG_VAGUE}


@dataclass
class SearchStep:
    """What came of one move.

    Attributes:
        about: what was asked, a number of the actions that ask; term, facet: of the question.
        kind, named, removed: what the user said.
        leaving: 0 they stay, `SATISFIED` or `IMPATIENT`.
        words: what it cost them. gain: of the list in nDCG.
        rewards: by the names of the terms.
    """

    verb: Verb
    turn: int = 0
    about: int = -1
    term: int = -1
    facet: int = -1
    kind: Kind = Kind.NOTHING
    named: tuple[int, ...] = ()
    removed: int | None = None
    outcome: Outcome = Outcome.NOTHING
    leaving: int = 0
    words: int = 0
    gain: float = 0.0
    terminated: bool = False
    truncated: bool = False
    rewards: dict[str, float] = field(default_factory=lambda: dict.fromkeys(TERMS, 0.0))


@dataclass(frozen=True)
class Candidate:
    """A term to ask about, a key to a `share` of the documents found, by their scores."""

    term: int
    share: float
    value: float = 0.0


class ReferenceSearch:
    """One search: `open` it, then `ask`, `recommend` and `reflect` until `done`.

    Args:
        tables: the collection under these rules. rules: the choices of the protocol.

    Attributes:
        turn, steps: of the next move; moves so far. done: the search has ended.
        lists, asked, words, disappointments: so far.
        start, query: the first query and the one in force.
        heard: term -> what was said of it, 1, -1 or 0. marks: document -> whether the thumb is up.
        fresh: something was said or marked that the query in force does not know.
        asked_facets: those that were asked about.
        found, candidates, questions: what the query finds, what can be asked about it, and what is.
        shown, levels: the last list.
        ndcg, start_ndcg, ceiling, reciprocal_rank, recall: of the last list; of the search.
    """

    def __init__(self, tables: SearchTables, rules: SearchRules) -> None:
        self.tables, self.rules = tables, rules
        self.n_facets = len(tables.facet_terms)
        self.n_askables = rules.questions + self.n_facets + 1
        self.done = True

    # ---------------------------------------------------------------- the opening

    def open(
        self,
        seed: int,
        conversation: int,
        need: int,
        behaviour: Behaviour,
        luck: Luck | None = None,
    ) -> SearchStep:
        """Begin a search for the need of a turn."""
        tables = self.tables
        self.need = need
        luck = luck or luck_of(seed, conversation)
        self.behaviour = behaviour
        self.user = SearchUser(tables, self.rules, behaviour, need, luck)
        self.turn, self.steps, self.done = 1, 0, False
        self.lists = self.asked = self.words = self.disappointments = 0
        self.heard: dict[int, int] = {}
        self.marks: dict[int, bool] = {}
        self.fresh = False
        self.asked_facets: set[int] = set()
        self.shown: tuple[int, ...] = ()
        self.levels: tuple[Level | None, ...] = ()
        self.ndcg = self.reciprocal_rank = self.recall = 0.0
        self.start = tables.first_query(need, luck)
        self.query: Query = dict(self.start)
        self._search()
        self.start_ndcg = tables.ndcg([v for v, _ in self.found], need)
        by_need = tables.find(tables.counted([tables.topics.needs[need]]), tables.found)
        self.ceiling = tables.ndcg([v for v, _ in by_need], need)
        return SearchStep(Verb.OPEN)

    # ---------------------------------------------------------------- the system's side

    def _search(self) -> None:
        """Search anew, after the query in force has changed."""
        self.found: Found = self.tables.find(self.query, self.tables.found)
        self.candidates = self._candidates()
        self._shortlist()

    def _parted(self) -> tuple[dict[int, float], float]:
        """Of the key terms of the best documents found, the scores of those; and of all."""
        best = [(v, s) for v, s in self.found[: self.rules.split_over] if s > 0]
        scores: dict[int, float] = {}
        total = 0.0
        for v, score in best:
            total += score
            for term in self.tables.keys[v]:
                scores[term] = scores.get(term, 0.0) + score
        return scores, total

    def _candidates(self) -> list[Candidate]:
        """The terms that tell the best documents found apart."""
        scores, total = self._parted()
        found = []
        for term, score in scores.items():
            if score == total:
                continue
            p, idf = score / total, self.tables.idf[term]
            value = ((4 * p) * (1 - p)) * idf if self.rules.shortlist == "split" else p * idf
            found.append(Candidate(term, p, value))
        return sorted(found, key=lambda each: (-each.value, each.term))[:CANDIDATES]

    def _shortlist(self) -> None:
        """The best candidates that were not spoken of; None where there are fewer."""
        left = [
            each
            for each in self.candidates
            if each.term not in self.query and each.term not in self.heard
        ]
        n = self.rules.questions
        self.questions: list[Candidate | None] = [*left, *[None] * n][:n]

    def set_query(self, query: Query) -> None:
        """Put another query in place of the one in force: its terms in ascending order."""
        self._check(True)
        self.query = strongest({term: weight for term, weight in query.items() if weight})
        self.fresh = False
        self._search()

    def offer(self, terms: Sequence[int]) -> None:
        """Put terms on the last places of the shortlist, until the next move."""
        self._check(True)
        scores, total = self._parted()
        for place, term in enumerate(terms, self.rules.questions - len(terms)):
            if term >= 0:
                share = scores[term] / total if term in scores else 0.0
                self.questions[place] = Candidate(term, share)

    def appended(self) -> Query:
        """The first query and what was said of terms since."""
        query = {t: w for t, w in self.start.items() if self.heard.get(t) != -1}
        more = [(t, 1.0) for t, value in self.heard.items() if value == 1 and t not in query]
        if self.rules.no_weight > 0:
            more += [(t, -self.rules.no_weight) for t, v in self.heard.items() if v == -1]
        for term, weight in more[: ROOM - len(query)]:
            query[term] = weight
        return query

    # ---------------------------------------------------------------- what is legal

    def can_ask(self, about: int) -> bool:
        n = self.rules.questions
        if self.done:
            return False
        if about < n:
            return self.questions[about] is not None
        return about - n not in self.asked_facets  # the open question is none of them

    def can_reflect(self) -> bool:
        return not self.done and self.fresh

    def legal_codes(self) -> list[bool]:
        """Of each code of the "flat" view whether it is legal; once it has ended, all are."""
        asks = [self.can_ask(about) for about in range(self.n_askables)]
        legal = [*asks, True, self.can_reflect()]
        return [True] * len(legal) if self.done else legal

    def best_ask(self) -> int:
        """The first place of the shortlist that holds a term, or the open question."""
        places = (at for at, each in enumerate(self.questions) if each is not None)
        return next(places, self.n_askables - 1)

    def is_success(self) -> bool:
        """Whether it has ended, and a relevant document was among the best of the last list."""
        best = self.shown[: self.rules.ndcg_at]
        return self.done and not self.tables.relevant(self.need).isdisjoint(best)

    # ---------------------------------------------------------------- the moves

    def ask(self, about: int, said: Said | None = None) -> SearchStep:
        """A question: a place of the shortlist, a facet, or what else they can tell.

        Args:
            said: the answer of somebody else; by default the user's.
        """
        self._check(self.can_ask(about), f"{about} cannot be asked about.")
        n, user, turn = self.rules.questions, self.user, self.turn
        step = SearchStep(Verb.ASK, turn, about)
        self.asked += 1
        unsaid = self.unsaid()
        question = self.questions[about] if about < n else None
        if question is not None:
            step.term = question.term
            said = said or user.answer_term(step.term, turn, unsaid)
        else:
            if about < n + self.n_facets:
                step.facet = about - n
                self.asked_facets.add(step.facet)
                words = self.tables.facet_terms[step.facet]
                unsaid = [term for term in unsaid if term in words]
            said = said or user.answer_open(turn, unsaid)
        values = {Kind.YES: 1, Kind.NO_BARE: -1, Kind.NO_INFORM: -1}
        heard = [] if question is None else [(question.term, values.get(said.kind, 0))]
        if said.kind in DISAPPOINTING:
            self.disappointments += 1
        tired = self.behaviour.question_patience
        return self._settle(step, said, heard, tired is not None and self.asked >= tired)

    def recommend(self, items: Sequence[int] | None = None, said: Said | None = None) -> SearchStep:
        """Show a list: the agent's own, or the best documents found."""
        self._check(not self.done)
        top_k = self.rules.top_k
        if not items:
            items = [v for v, _ in self.found[:top_k]]
        distinct = len(items) <= top_k and len(set(items)) == len(items)
        self._check(distinct, f"{items} is not up to {top_k} distinct documents.")
        known = all(0 <= v < self.tables.n_documents for v in items)
        self._check(known, f"{items} has documents outside 0..{self.tables.n_documents - 1}.")
        step = SearchStep(Verb.RECOMMEND, self.turn)
        self.shown = tuple(items)
        self.lists += 1
        said = said or self.user.feedback(self.shown, self.turn, self.unsaid(), self.query)
        self.levels = said.levels
        before = self.ndcg
        self.ndcg = self.tables.ndcg(self.shown, self.need)
        step.gain = self.ndcg - before
        relevant = self.tables.relevant(self.need)
        hits = [rank for rank, v in enumerate(self.shown, 1) if v in relevant]
        self.reciprocal_rank = 1 / hits[0] if hits else 0.0
        self.recall = len(hits) / len(relevant)
        if not said.satisfied:
            self.disappointments += 1
        return self._settle(step, said, [], False)

    def reflect(self) -> SearchStep:
        """Rewrite the query from what was said."""
        self._check(self.can_reflect(), "nothing was said that the query does not know.")
        step = SearchStep(Verb.REFLECT, self.turn)
        self.query = self.tables.rewritten(self.appended(), self.marks)
        self.fresh = False
        return self._end(step)

    def illegal(self) -> SearchStep:
        """A move that was not legal, under `illegal="penalise"`."""
        self._check(True)
        step = SearchStep(Verb.ILLEGAL, self.turn, outcome=Outcome.ILLEGAL)
        return self._end(step)

    def move(
        self, code: int, items: Sequence[int] | None = None, said: Said | None = None
    ) -> SearchStep:
        """A code of the "flat" view, -1 asks the best; one that is not legal is penalised."""
        if code == -1:
            code = self.best_ask()
        if not self.legal_codes()[code]:
            return self.illegal()
        if code < self.n_askables:
            return self.ask(code, said)
        return self.reflect() if code > self.n_askables else self.recommend(items, said)

    def _check(self, legal: bool, why: str = "") -> None:
        if self.done:
            raise StateError("the search has ended or was not opened; call `open` first.")
        if not legal:
            raise IllegalActionError(why)

    # ---------------------------------------------------------------- what follows from a move

    def unsaid(self) -> list[int]:
        """The terms of the need that neither the first query nor the user has named."""
        return [t for t in self.user.need if t not in self.start and self.heard.get(t) != 1]

    def _settle(
        self, step: SearchStep, said: Said, heard: list[tuple[int, int]], tired: bool
    ) -> SearchStep:
        """Hear what the user said, and whether they go."""
        step.kind, step.named, step.removed = said.kind, said.named, said.removed
        step.outcome = OUTCOMES[said.kind]
        if step.verb is Verb.RECOMMEND and step.outcome is Outcome.NOTHING:
            step.outcome = Outcome.MISS  # an untold list
        patience = self.behaviour.patience
        if said.leaving is not None:
            step.leaving = said.leaving
        elif said.satisfied:
            step.leaving = SATISFIED
        elif tired or (patience is not None and self.disappointments >= patience):
            step.leaving = IMPATIENT
        removed = () if said.removed is None else (said.removed,)
        heard = [*heard, *((t, 1) for t in said.named), *((t, -1) for t in removed)]
        for term, value in heard:
            if value or term not in self.heard:
                self._put(self.heard, term, value)
        if step.verb is Verb.RECOMMEND:
            for v, level in zip(self.shown, self.levels, strict=True):
                if level is not None:
                    self._put(self.marks, v, level >= Level.ACCEPT)
        step.words = (said.kind in ONE_WORD) + len(said.named) + len(removed)
        self.words += step.words
        return self._end(step)

    def _put(self, table: dict[int, Any], key: int, value: Any) -> None:
        """Put what was said in its place, or at the end while there is room."""
        known = key in table
        if (known or len(table) < ROOM) and not (known and table[key] == value):
            table[key] = value
            self.fresh = True

    def _end(self, step: SearchStep) -> SearchStep:
        """The reward, the clock, and the end of the search."""
        rules, verb = self.rules, step.verb
        counts = {
            "gain": step.gain,
            "questions": verb is Verb.ASK,
            "words": step.words,
            "illegal": verb is Verb.ILLEGAL,
        }
        for name, choice in TERMS.items():
            step.rewards[name] = getattr(rules.rewards, choice) * counts[name]
        shows, takes_turn = verb is Verb.RECOMMEND, verb is not Verb.REFLECT
        good = rules.oracle_stop and shows and self.ndcg >= rules.stop_at
        step.terminated = step.leaving != 0 or good
        last = (shows and self.lists == rules.rounds + 1) or (
            takes_turn and self.turn == rules.max_turns
        )
        step.truncated = last and not step.terminated
        self.done = step.terminated or step.truncated
        self.steps += 1
        self.turn += takes_turn
        if verb is Verb.REFLECT:
            self._search()
        else:
            self._shortlist()
        return step
