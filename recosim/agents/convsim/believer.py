"""`Believer`: what is believed of a need while its user is heard, and what questions are worth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Verb
from recosim.agents.convsim.asking import facet_splits
from recosim.agents.convsim.base import SearchAgent
from recosim.agents.convsim.chances import (
    HELPS,
    MISSED,
    WANTED,
    Chance,
    candidates_of,
    facet_words,
    features_of,
)
from recosim.agents.convsim.gains import KINDS, Gains, State, of_facet, of_open, of_term
from recosim.agents.convsim.shortlist import place_of
from recosim.envs.convsim.rules import Kind
from recosim.envs.convsim.searches import Searches

__all__ = ["NEVER", "Believer", "Prospects"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NEVER = -1e9


class Prospects(NamedTuple):
    """The best question of each kind in n rows, and what it is expected to be worth.

    Attributes:
        term: int32 (n,), -1 where there is no candidate. facet: int64 (n,), -1 for none.
        features: kind -> float64 (n, d), of these questions. signs: the same, of what tells whether
            the answer is YES or VALUE; of term and facet.
        value: float64 (n, 3), expected gain less the cost, by `KINDS`; `NEVER` if not legal.
    """

    term: NDArray[np.int32]
    facet: Ints
    features: dict[str, Floats]
    signs: dict[str, Floats]
    value: Floats


class Believer(SearchAgent):
    """Base of agents that believe which terms and facets are missed, and how much users help.

    Attributes:
        worth: how many times its cost the gain of a question must be.
        wanted, helps, missed: chances that a candidate is in the need, that users name something
            when they may, and that a facet is answered.
        gains: what answers add.
    """

    worth = 1.0

    def bind(self, batch: Searches) -> None:
        super().bind(batch)
        self._facet_words = facet_words(batch)
        self.forget()
        self._said_yes, self._said_no = np.zeros((2, batch.size))
        self._helped, self._could, self._silent, self._let_down = np.zeros((4, batch.size))

    def forget(self) -> None:
        """Drop all that was learned."""
        own = np.zeros(len(self._facet_words))
        self.wanted, self.helps = Chance(WANTED), Chance(HELPS)
        self.missed, self.gains = Chance(np.concatenate([MISSED, own])), Gains()

    def reset(self, rows: NDArray[np.bool_]) -> None:
        said = (self._said_yes, self._said_no, self._helped, self._could, self._silent)
        for count in (*said, self._let_down):
            count[rows] = 0.0

    def observe(self, rows: NDArray[np.bool_]) -> None:
        a = self.batch.arrays
        # What users bear is hidden, not what disappoints them (docs/convsim.md, section 3).
        good = np.isin(a["kind"], (Kind.YES, Kind.VALUE, Kind.POSITIVE))
        self._let_down[rows & (a["verb"] != Verb.REFLECT) & ~good] += 1
        # Who has nothing to say of a facet may yet be willing to: facets tell nothing of that.
        kind, moved = a["kind"], rows & (a["verb"] != Verb.REFLECT) & (a["facet"] < 0)
        of_term = moved & (a["term"] >= 0) & (a["verb"] == Verb.ASK)
        self._said_yes[of_term & (kind == Kind.YES)] += 1
        refused = (kind == Kind.NO_BARE) | (kind == Kind.NO_INFORM)
        self._said_no[of_term & refused] += 1
        helped, could = self.chances_to_help(moved)
        self._helped[helped] += 1
        self._could[could] += 1
        self._silent[could] = ~helped[could]

    def chances_to_help(self, rows: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...]:
        """Of some rows those that named something with the last move, and those that might have."""
        a = self.batch.arrays
        helped = rows & np.isin(a["kind"], (Kind.NO_INFORM, Kind.VALUE, Kind.NEG_REFINE))
        silent = np.isin(a["kind"], (Kind.NO_BARE, Kind.NEG_BARE, Kind.NEG_VAGUE))
        silent |= (a["kind"] == Kind.DONT_KNOW) & (a["term"] < 0)
        return helped, helped | (rows & silent)

    def features_of_help(self, rows: Ints) -> Floats:
        """What tells whether a user will name something; float64 (n, 5).

        One; the share of the times when they might have and did; whether they were silent the last
        time; how much they named; 1 / sqrt(terms of the query).
        """
        helped, could = self._helped[rows], self._could[rows]
        share = (helped + 1.0) / (could + 2.0)
        short = 1.0 / np.sqrt(np.maximum(self.batch.arrays["n_query"][rows], 1))
        ones = np.ones(len(rows))
        return np.stack([ones, share, self._silent[rows], np.log1p(helped), short], axis=1)

    def state_of(self, rows: Ints) -> State:
        """What it knows of some searches beside the question."""
        a, lists = self.batch.arrays, self.batch.protocol.rounds + 1
        scores = a["found_scores"][rows, :10]
        total = np.maximum(scores.sum(axis=1), 1e-9)
        return State(
            helps=self.helps.of(self.features_of_help(rows)),
            left=1.0 - a["lists"][rows] / lists,
            asked=np.log1p(a["asked"][rows]),
            short=1.0 / np.sqrt(np.maximum(a["n_query"][rows], 1)),
            sure=scores[:, 0] / total,
            tired=self._let_down[rows] / 10.0,
        )

    def prospects(self, rows: Ints, luck: np.random.Generator | None = None) -> Prospects:
        """The best question of each kind in some rows.

        Args:
            luck: in training, every second one is any, not the best.
        """
        b, n, pay = self.batch, np.arange(len(rows)), self.batch.protocol.rewards
        state = self.state_of(rows)
        terms = candidates_of(b, rows)
        accepted = (self._said_yes + 1.0) / (self._said_yes + self._said_no + 3.0)
        x = features_of(b, rows, terms, accepted[rows])
        chance = self.wanted.of(x)
        share = b.arrays["candidate_shares"][rows].astype(np.float64)
        idf = np.where(terms >= 0, b.index.idf[np.maximum(terms, 0)], 0.0) / 5.0
        z = of_term(state, chance, idf, share)
        words = 1.0 + (1.0 - chance) * state.helps[:, None]
        costs = -(pay.question + pay.word * words)
        value = self.gains.of("term", z) - self.worth * costs
        value[(terms < 0) | (b.arrays["questions"].shape[1] == 0)] = NEVER
        best = self._best(value, luck)
        term = np.where(value[n, best] > NEVER, terms[n, best], -1).astype(np.int32)
        worths = np.full((len(rows), len(KINDS)), NEVER)
        worths[:, 0] = value[n, best]
        features = {"term": z[n, best], "open": of_open(state)}
        cost = -(pay.question + pay.word)
        legal = b.legal_actions()[rows] > 0
        facet, signs = np.full(len(rows), -1, dtype=np.int64), {"term": x[n, best]}
        if len(self._facet_words):
            splits = facet_splits(b)[rows]
            first = b.arrays["questions"].shape[1]
            able = legal[:, first : first + splits.shape[1]]
            told = self._features_of_facets(rows, splits)
            missed = self.missed.of(told)
            z = of_facet(state, missed, splits)
            value = np.where(able, self.gains.of("facet", z) - self.worth * cost, NEVER)
            best = self._best(value, luck)
            facet = np.where(able.any(axis=1), best, -1)
            features["facet"], signs["facet"] = z[n, best], told[n, best]
            worths[:, 1] = value[n, best]
        worths[:, 2] = np.where(
            legal[:, b.n_askables - 1],
            self.gains.of("open", features["open"]) - self.worth * cost,
            NEVER,
        )
        return Prospects(term, facet, features, signs, worths)

    def _features_of_facets(self, rows: Ints, splits: Floats) -> Floats:
        """What tells whether a facet is answered; float64 (n, F, 5 + F).

        One; how well it parts the documents found; the words of it in the query; the share of the
        times when users named something and might have; whether they were silent the last time; and
        which facet it is.
        """
        a, n_facets = self.batch.arrays, len(self._facet_words)
        terms = a["query_terms"][rows]
        held = (self._facet_words[:, np.maximum(terms, 0)] & (terms >= 0)).sum(axis=2).T
        help_of = self.features_of_help(rows)
        each = np.ones((len(rows), n_facets))
        told = [each, splits, held, each * help_of[:, 1:2], each * help_of[:, 2:3]]
        which = np.broadcast_to(np.eye(n_facets), (len(rows), n_facets, n_facets))
        return np.concatenate([np.stack(told, axis=2), which], axis=2)

    def _best(self, value: Floats, luck: np.random.Generator | None) -> Ints:
        """The best of each row; in training every second time any that is legal; int64 (n,)."""
        best: Ints = value.argmax(axis=1)
        if luck is not None:
            drawn = np.where(value > NEVER, luck.random(value.shape), -1.0).argmax(axis=1)
            best = np.where(luck.random(len(value)) < 0.5, drawn, best)
        return best

    def free_rows(self) -> Ints:
        """Running rows that may ask: they have heard all, and another turn comes after the next."""
        free = (self.batch.arrays["done"] == 0) & ~self.unheard() & ~self.last_turn()
        return np.flatnonzero(free)

    def place(
        self, rows: Ints, kinds: Ints, terms: NDArray[np.int32], facets: Ints, about: Ints
    ) -> None:
        """What some rows ask about, into `about`; terms are offered where they have no place."""
        b = self.batch
        wanted = np.full(b.size, -1, dtype=np.int32)
        wanted[rows[kinds == 0]] = terms[kinds == 0]
        asks = wanted >= 0
        about[asks] = place_of(b, asks, wanted)[asks]
        about[rows[kinds == 1]] = b.arrays["questions"].shape[1] + facets[kinds == 1]
        about[rows[kinds == 2]] = b.n_askables - 1
