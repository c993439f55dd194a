"""The batched searches and the plain-Python reference, played side by side and compared.

`SearchesSideBySide` makes the same random moves in a `Searches` and in one `ReferenceSearch` for
each row, and compares every field of docs/convsim.md after the opening and after every move.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from reference.convsim import TERMS, Candidate, ReferenceSearch, SearchStep
from reference.convsim_cases import SearchCase, random_case, units_of
from reference.convsim_user import Said
from reference.convsim_world import Query, SearchTables

from recosim.acts import Level, Moves, Verb
from recosim.envs.convsim.rules import CANDIDATES, ROOM, Kind
from recosim.envs.convsim.searches import Searches
from recosim.retrieval.queries import Queries

__all__ = ["SearchesSideBySide", "play_cases"]

# Sums of gains, whose order the page leaves open, and what is made of them; other real numbers
# agree in every bit.
SUMS = ("ndcg", "start_ndcg", "ceiling", "gain", "utility", "reward", "reward_terms")

# What is said to a question about a term, to another one, and to a list.
ABOUT_TERMS = (Kind.YES, Kind.NO_BARE, Kind.NO_INFORM, Kind.OFF_TOPIC, Kind.DONT_KNOW)
ABOUT_MORE = (Kind.VALUE, Kind.DONT_KNOW)
OF_LISTS = (Kind.POSITIVE, Kind.NEG_BARE, Kind.NEG_VAGUE, Kind.NEG_REFINE)


def play_cases(seed: int, searches: int, sizes: tuple[int, ...]) -> int:
    """Play random cases until there were so many searches; returns how many it were.

    Raises:
        AssertionError: the two disagree; the message names the case.
    """
    played = case = 0
    while played < searches:
        try:
            drawn = random_case(np.random.default_rng((seed, case)), sizes)
            both = SearchesSideBySide(drawn, np.random.default_rng((seed, case, 1)))
            both.open()
            both.play()
        except AssertionError as error:
            raise AssertionError(f"case ({seed}, {case}): {error}") from error
        played += drawn.size
        case += 1
    return played


class SearchesSideBySide:
    """One batch in both implementations.

    Attributes:
        batch: the kernels' side. searches: the reference's side, one for each row.
    """

    def __init__(self, case: SearchCase, rng: np.random.Generator) -> None:
        self.case, self.rng = case, rng
        self.batch = Searches(
            case.world,
            None,
            case.rules,
            case.size,
            users=case.users,
            raise_illegal=False,
            **case.options,
        )
        self.tables = SearchTables(case.world, case.rules)
        self.searches = [ReferenceSearch(self.tables, case.rules) for _ in range(case.size)]
        self.steps: list[SearchStep] = []
        self.compared = 0

    def open(self) -> None:
        """Open all rows: of needs that the batch draws, or of given ones."""
        rng, size = self.rng, self.case.size
        units = units_of(self.tables, self.case.options["split"])
        table = self.batch.units().table
        assert sorted(table[:, -1].tolist()) == units
        given: dict[str, Any] = {}
        if rng.random() < 0.5:
            given["units"] = table[rng.integers(0, len(table), size)]
        self.batch.open(
            seeds=rng.integers(0, 2**64, size, dtype=np.uint64),
            conversations=rng.integers(0, 2**40, size),
            **given,
        )
        a = self.batch.arrays
        if given:
            assert (a["need"] == given["units"][:, -1]).all(), "other needs than those given"
        for b, search in enumerate(self.searches):
            need = int(a["need"][b])
            assert need in units
            behaviour = self.case.users.behaviour(self.tables.topic[need])
            key = int(a["seed"][b]), int(a["conversation"][b])
            self.steps.append(search.open(*key, need, behaviour))
        self.compare()

    def open_again(self) -> None:
        """Begin other searches in some rows, whatever became of those before."""
        rows = np.flatnonzero(self.rng.random(self.case.size) < 0.5)
        if not len(rows):
            return
        a = self.batch.arrays
        self.batch.open(rows, conversations=a["conversation"][rows] + 1)
        for b in rows.tolist():
            need = int(a["need"][b])
            behaviour = self.case.users.behaviour(self.tables.topic[need])
            key = int(a["seed"][b]), int(a["conversation"][b])
            self.steps[b] = self.searches[b].open(*key, need, behaviour)
        self.compare()

    def play(self) -> None:
        """Make random moves until all rows have ended, and one more."""
        while not all(search.done for search in self.searches):
            if self.rng.random() < 0.03:
                self.open_again()
            if self.rng.random() < 0.15:
                self.set_queries()
            if self.rng.random() < 0.2:
                self.offer_terms()
            self.move(*self.random_moves())
        self.move(*self.random_moves())

    # ---- what an agent does --------------------------------------------------------

    def some_rows(self) -> list[int]:
        """Some of the rows that go on."""
        going = [b for b, search in enumerate(self.searches) if not search.done]
        return [b for b in going if self.rng.random() < 0.6]

    def some_terms(self, most: int) -> list[int]:
        """Different terms, in any order."""
        n = len(self.tables.words)
        return self.rng.permutation(n)[: self.rng.integers(0, most + 1)].tolist()

    def set_queries(self) -> None:
        """Queries of the agent's own, some empty, some too long."""
        rows, rng = self.some_rows(), self.rng
        if not rows:
            return
        weights = [-2.0, -0.5, 0.5, 1.0, 1.0, 3.0]
        most = int(rng.choice([4, ROOM + 20]))
        queries: list[Query] = [
            {term: float(rng.choice(weights)) for term in self.some_terms(most)} for _ in rows
        ]
        self.batch.set_query(Queries.of(queries), np.array(rows))
        for b, query in zip(rows, queries, strict=True):
            self.searches[b].set_query(query)
        self.compare()

    def offer_terms(self) -> None:
        """Terms of the agent's own on the shortlist, some places left as they are."""
        rows, q = self.some_rows(), self.case.rules.questions
        n = int(self.rng.integers(0, q + 1))
        if not rows or not n or len(self.tables.words) < n:
            return
        terms = np.array([self.rng.permutation(len(self.tables.words))[:n] for _ in rows])
        terms[self.rng.random(terms.shape) < 0.2] = -1
        self.batch.offer(terms.astype(np.int32), np.array(rows))
        for b, row in zip(rows, terms.tolist(), strict=True):
            self.searches[b].offer(row)
        self.compare()

    def random_moves(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Codes of the "flat" view, lists above all, and lists of one's own, or None."""
        rng, size, rules = self.rng, self.case.size, self.case.rules
        n, documents = self.batch.n_askables, self.tables.n_documents
        codes = np.empty(size, dtype=np.int64)
        slates = np.full((size, rules.top_k), -1, dtype=np.int32)
        own_lists = rng.random() < 0.3
        for b, search in enumerate(self.searches):
            kind = rng.random()
            if not search.done and search.fresh and kind < 0.4:
                codes[b] = n + 1
            elif kind < 0.5:
                codes[b] = rng.choice(np.flatnonzero(search.legal_codes()))
            elif kind < 0.6:
                codes[b] = rng.integers(-1, n + 2)
            else:
                codes[b] = n
            length = int(rng.integers(0, min(rules.top_k, documents) + 1))
            slates[b, :length] = rng.permutation(documents)[:length]
        return codes, slates if own_lists else None

    def move(self, codes: np.ndarray, slates: np.ndarray | None = None) -> None:
        """One move of every row in both, then compare them."""
        batch = self.batch
        moves = Moves.from_flat(codes, batch.n_askables, slates, verbs=batch.verbs)
        batch.pose(moves) if self.case.outside else batch.step(moves)
        for b, search in enumerate(self.searches):
            if search.done:  # it stands still, and nothing is won
                if not self.case.outside:
                    self.steps[b].rewards = dict.fromkeys(TERMS, 0.0)
                continue
            slate = [] if slates is None else [v for v in slates[b].tolist() if v >= 0]
            said = self.other_answer(b) if self.case.outside else None
            self.steps[b] = search.move(int(codes[b]), slate or None, said)
            if self.case.outside:
                self.write_answer(b)
        if self.case.outside:
            batch.settle()
        self.compare()

    def other_answer(self, b: int) -> Said | None:
        """What somebody else might say to a move that was posed, now and then."""
        a, rng = self.batch.arrays, self.rng
        if rng.random() < 0.5 or a["verb"][b] not in (Verb.ASK, Verb.RECOMMEND):
            return None
        named = tuple(self.some_terms(4))
        leaving = int(rng.choice([0, 0, 0, 2]))
        if a["verb"][b] == Verb.ASK:
            kinds = ABOUT_TERMS if a["term"][b] >= 0 else ABOUT_MORE
            return Said(Kind(rng.choice(kinds)), named, leaving=leaving)
        kind = Kind(rng.choice(OF_LISTS))
        levels = [
            None if x < 0 else Level.ACCEPT if x else Level.SKIP
            for x in rng.integers(-1, 2, int(a["n_shown"][b])).tolist()
        ]
        removed = self.some_terms(1)
        said = Said(kind, named, removed[0] if removed else None, tuple(levels), leaving=leaving)
        satisfied = kind is Kind.POSITIVE
        return replace(said, satisfied=satisfied, leaving=1) if satisfied else said

    def write_answer(self, b: int) -> None:
        """What the reference's user said, as the answer of somebody outside of the kernels."""
        a, search, step = self.batch.arrays, self.searches[b], self.steps[b]
        answer = _move(search, step)
        for name in ("kind", "named", "removed", "leaving"):
            a[name][b] = answer[name]
        if step.verb is Verb.RECOMMEND:
            a["levels"][b] = _state(search)["levels"]

    # ---- comparing ---------------------------------------------------------------

    def compare(self) -> None:
        success = self.batch.success()
        for b, (search, step) in enumerate(zip(self.searches, self.steps, strict=True)):
            a = self.batch.arrays
            for name, expected in (_state(search) | _move(search, step)).items():
                found = a[name][b]
                if name in LISTS:  # what stands behind a list means nothing
                    found = found[: a[LISTS[name]][b]]
                self.check(b, name, found, expected)
            self.check(b, "success", success[b], search.is_success())
            self.check(b, "mask", self.batch.legal_actions()[b], search.legal_codes())
        self.compared += 1

    def check(self, b: int, name: str, found: Any, expected: Any) -> None:
        found = np.asarray(found)
        expected = np.asarray(expected)
        where = f"row {b}, comparison {self.compared}, {name}"
        assert found.shape == expected.shape, f"{where}: {found.tolist()}, not {expected.tolist()}"
        if found.dtype.kind == "f":
            bound = 1e-12 if name in SUMS else 0.0
            off = np.abs(found - expected.astype(found.dtype)) > bound
        else:
            off = found != expected
        if off.any():
            at = "" if found.ndim == 0 else f" at {np.argwhere(off).tolist()}"
            raise AssertionError(
                f"{where}{at}: {found[off].tolist()}, not {expected[off].tolist()}"
            )


# Arrays that hold a list each, and how long it is.
LISTS = {
    "start_terms": "n_start",
    "start_weights": "n_start",
    "query_terms": "n_query",
    "query_weights": "n_query",
    "heard_terms": "n_heard",
    "heard_values": "n_heard",
    "marked_items": "n_marked",
    "marked_up": "n_marked",
}


def _padded(values: Any, width: int, fill: float = -1) -> list[float]:
    values = list(values)
    return values + [fill] * (width - len(values))


def _term(each: Candidate | None) -> int:
    return -1 if each is None else each.term


def _state(search: ReferenceSearch) -> dict[str, Any]:
    """The state of a search, by the names of the arrays."""
    rules, tables = search.rules, search.tables
    levels = [-1 if level is None else int(level) for level in search.levels]
    found, candidates, places = search.found, search.candidates, search.questions
    return {
        "user": tables.topic[search.need],
        "need": search.need,
        "turn": search.turn,
        "step": search.steps,
        "done": search.done,
        "lists": search.lists,
        "asked": search.asked,
        "words": search.words,
        "disappointments": search.disappointments,
        "n_start": len(search.start),
        "start_terms": list(search.start),
        "start_weights": list(search.start.values()),
        "n_query": len(search.query),
        "query_terms": list(search.query),
        "query_weights": list(search.query.values()),
        "n_heard": len(search.heard),
        "heard_terms": list(search.heard),
        "heard_values": list(search.heard.values()),
        "n_marked": len(search.marks),
        "marked_items": list(search.marks),
        "marked_up": list(search.marks.values()),
        "fresh": search.fresh,
        "asked_facets": np.uint64(sum(1 << f for f in search.asked_facets)),
        "found_items": _padded([v for v, _ in found], tables.found),
        "found_scores": _padded([score for _, score in found], tables.found, 0.0),
        "candidates": _padded([each.term for each in candidates], CANDIDATES),
        "candidate_shares": _padded([each.share for each in candidates], CANDIDATES, 0.0),
        "questions": [_term(each) for each in places],
        "question_shares": [each.share if each else 0.0 for each in places],
        "question_idf": [tables.idf[each.term] if each else 0.0 for each in places],
        "n_shown": len(search.shown),
        "shown": _padded(search.shown, rules.top_k),
        "levels": _padded(levels, rules.top_k),
        "ndcg": search.ndcg,
        "start_ndcg": search.start_ndcg,
        "ceiling": search.ceiling,
        "reciprocal_rank": search.reciprocal_rank,
        "recall": search.recall,
        "utility": search.ndcg,
    }


def _move(search: ReferenceSearch, step: SearchStep) -> dict[str, Any]:
    """What a move leaves behind, by the names of the arrays."""
    terms = step.rewards
    return {
        "at_turn": step.turn,
        "verb": int(step.verb),
        "about": step.about,
        "term": step.term,
        "facet": step.facet,
        "kind": int(step.kind),
        "named": _padded(step.named, 4),
        "removed": -1 if step.removed is None else step.removed,
        "outcome": int(step.outcome),
        "leaving": step.leaving,
        "move_words": step.words,
        "gain": step.gain,
        "reward": sum(terms.values()),
        "reward_terms": list(terms.values()),
        "terminated": step.terminated,
        "truncated": step.truncated,
        "left": step.leaving == 2,
    }
