"""`Belief`: asks when what an answer is expected to add is worth more than the question costs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Verb
from recosim.agents.convsim.asking import check_budget, facet_splits
from recosim.agents.convsim.base import SearchAgent
from recosim.agents.convsim.chances import (
    HELPS,
    WANTED,
    Chance,
    candidates_of,
    features_of,
)
from recosim.agents.convsim.gains import KINDS, Gains, State, of_facet, of_open, of_term
from recosim.agents.convsim.shortlist import place_of
from recosim.agents.learner import Arrays, Learner
from recosim.envs.convsim.rules import Kind
from recosim.envs.convsim.searches import Searches
from recosim.errors import CheckpointError, OptionError

__all__ = ["Belief"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NEVER = -1e9
# Moves before the question that is tried, at most: what is learned from has a past of all kinds.
PAST = 4


class Prospects(NamedTuple):
    """The best question of each kind in n rows, and what it is expected to be worth.

    Attributes:
        term: int32 (n,), -1 where there is no candidate. facet: int64 (n,), -1 for none.
        features: kind -> float64 (n, d), of these questions. wanted: float64 (n, 6), of the term.
        value: float64 (n, 3), expected gain less the cost, by `KINDS`; `NEVER` if not legal.
    """

    term: NDArray[np.int32]
    facet: Ints
    features: dict[str, Floats]
    wanted: Floats
    value: Floats


class Belief(SearchAgent, Learner):
    """Keeps a belief over which terms are in the need, and asks only what is worth its cost.

    A candidate is wanted with a chance that follows from the documents found, its idf and the
    answers so far; users name something themselves with a chance that follows from whether they did
    (`Chance`). What the answer adds to the nDCG of the last list is a linear function of these
    chances, the lists that are left and the query (`Gains`). It asks the best question whose gain
    is above `worth` times its cost in the rewards of the protocol, and else shows; what was said it
    reflects at once.

    It learns on topics of another split from pairs: the same search with the same luck goes on
    twice from the same place, once with a question and once without, and shows lists to its end.
    The difference of the two nDCGs is what the answer added. Nothing else of judgements is read,
    and nothing at all once it has learned.

    Args:
        rounds, batch: see `Learner`; a round is `batch` / 2 pairs.
        worth: how many times its cost the gain of a question must be.
        always: None; or questions of each search, whatever they are worth: the control that knows
            what to ask, and not when.
    """

    name = "belief"
    version = 1

    def __init__(
        self,
        *,
        rounds: int = 200,
        batch: int = 256,
        worth: float = 1.0,
        always: int | None = None,
    ) -> None:
        Learner.__init__(self, rounds=rounds, batch=batch)
        if not 0 <= worth <= 1000:
            raise OptionError(f"worth is {worth!r}; a number from 0 to 1000 is needed.")
        self.worth = float(worth)
        self.always = None if always is None else check_budget("always", always)

    def bind(self, batch: Searches) -> None:
        super().bind(batch)
        self._forget()
        self._said_yes, self._said_no = np.zeros((2, batch.size))
        self._helped, self._could, self._silent = np.zeros((3, batch.size))

    def _forget(self) -> None:
        """All that was learned."""
        self.wanted, self.helps, self.gains = Chance(WANTED), Chance(HELPS), Gains()

    def reset(self, rows: NDArray[np.bool_]) -> None:
        for count in (self._said_yes, self._said_no, self._helped, self._could, self._silent):
            count[rows] = 0.0

    def observe(self, rows: NDArray[np.bool_]) -> None:
        a = self.batch.arrays
        # Who has nothing to say of a facet may yet be willing to: facets tell nothing of that.
        kind, moved = a["kind"], rows & (a["verb"] != Verb.REFLECT) & (a["facet"] < 0)
        of_term = moved & (a["term"] >= 0) & (a["verb"] == Verb.ASK)
        self._said_yes[of_term & (kind == Kind.YES)] += 1
        refused = (kind == Kind.NO_BARE) | (kind == Kind.NO_INFORM)
        self._said_no[of_term & refused] += 1
        helped, could = self._chances_to_help(moved)
        self._helped[helped] += 1
        self._could[could] += 1
        self._silent[could] = ~helped[could]

    def _chances_to_help(self, rows: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...]:
        """Of some rows those that named something with the last move, and those that might have."""
        a = self.batch.arrays
        helped = rows & np.isin(a["kind"], (Kind.NO_INFORM, Kind.VALUE, Kind.NEG_REFINE))
        silent = np.isin(a["kind"], (Kind.NO_BARE, Kind.NEG_BARE, Kind.NEG_VAGUE))
        silent |= (a["kind"] == Kind.DONT_KNOW) & (a["term"] < 0)
        return helped, helped | (rows & silent)

    def _features_of_help(self, rows: Ints) -> Floats:
        """What tells whether a user will name something; float64 (n, 5).

        One; the share of the times when they might have and did; whether they were silent the last
        time; how much they named; 1 / sqrt(terms of the query).
        """
        helped, could = self._helped[rows], self._could[rows]
        share = (helped + 1.0) / (could + 2.0)
        short = 1.0 / np.sqrt(np.maximum(self.batch.arrays["n_query"][rows], 1))
        ones = np.ones(len(rows))
        return np.stack([ones, share, self._silent[rows], np.log1p(helped), short], axis=1)

    def act(self) -> Moves:
        self.need_weights()
        size = self.batch.size
        ask, about = np.zeros(size, dtype=np.bool_), np.full(size, -1, dtype=np.int64)
        rows = self._free_rows()
        if len(rows):
            found = self.prospects(rows)
            best = found.value.argmax(axis=1)
            asks = found.value.max(axis=1) > 0.0
            if self.always is not None:
                asks = self.batch.arrays["asked"][rows] < self.always
            ask[rows] = asks
            self._place(rows[asks], best[asks], found.term[asks], found.facet[asks], about)
        return self.ask_or_show(ask, about)

    # ---- what it believes -----------------------------------------------------------------------

    def state_of(self, rows: Ints) -> State:
        """What it knows of some searches beside the question."""
        a, lists = self.batch.arrays, self.batch.protocol.rounds + 1
        scores = a["found_scores"][rows, :10]
        total = np.maximum(scores.sum(axis=1), 1e-9)
        return State(
            helps=self.helps.of(self._features_of_help(rows)),
            left=1.0 - a["lists"][rows] / lists,
            asked=np.log1p(a["asked"][rows]),
            short=1.0 / np.sqrt(np.maximum(a["n_query"][rows], 1)),
            sure=scores[:, 0] / total,
        )

    def prospects(self, rows: Ints, luck: np.random.Generator | None = None) -> Prospects:
        """The best question of each kind in some rows.

        Args:
            luck: in training, every second term is any candidate, not the best.
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
        best = value.argmax(axis=1)
        if luck is not None:
            drawn = np.where(value > NEVER, luck.random(value.shape), -1.0).argmax(axis=1)
            best = np.where(luck.random(len(rows)) < 0.5, drawn, best)
        worths = np.full((len(rows), len(KINDS)), NEVER)
        worths[:, 0] = value[n, best]
        features = {"term": z[n, best], "open": of_open(state)}
        cost = -(pay.question + pay.word)
        legal = b.legal_actions()[rows] > 0
        splits = facet_splits(b)[rows]
        facet = np.full(len(rows), -1, dtype=np.int64)
        features["facet"] = of_facet(state, np.zeros(len(rows)))
        if splits.shape[1]:
            first = b.arrays["questions"].shape[1]
            splits = np.where(legal[:, first : first + splits.shape[1]], splits, -1.0)
            facet = np.where(splits.max(axis=1) >= 0, splits.argmax(axis=1), -1)
            features["facet"] = of_facet(state, np.maximum(splits.max(axis=1), 0.0))
            expected = self.gains.of("facet", features["facet"])
            worths[:, 1] = np.where(facet >= 0, expected - self.worth * cost, NEVER)
        worths[:, 2] = np.where(
            legal[:, b.n_askables - 1],
            self.gains.of("open", features["open"]) - self.worth * cost,
            NEVER,
        )
        term = np.where(worths[:, 0] > NEVER, terms[n, best], -1).astype(np.int32)
        return Prospects(term, facet, features, x[n, best], worths)

    def _free_rows(self) -> Ints:
        """Running rows that may ask: they have heard all, and another turn comes after the next."""
        free = (self.batch.arrays["done"] == 0) & ~self.unheard() & ~self.last_turn()
        return np.flatnonzero(free)

    def _place(
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

    # ---- training -------------------------------------------------------------------------------

    def start(self, seed: int) -> None:
        super().start(seed)
        self._forget()

    def train_round(self, number: int) -> dict[str, float]:
        d, half = self.batch, self.batch.size // 2
        a = d.arrays
        self._open_pairs(number)
        assert self.seed is not None
        luck = np.random.default_rng([self.seed, number])
        past = luck.integers(0, PAST + 1, half)  # moves before the two searches part
        tried: dict[int, tuple[str, Floats]] = {}
        answers: list[tuple[Floats, float]] = []
        helps: list[tuple[Floats, Floats]] = []
        while (running := a["done"] == 0).any():
            ask, about, noted = self._explore(half, past, tried, luck)
            known = self._features_of_help(np.arange(d.size))
            d.step(self.ask_or_show(ask, about))
            moved = running & (a["verb"] != Verb.REFLECT) & (a["facet"] < 0)
            helped, could = self._chances_to_help(moved)
            helps.append((known[could], helped[could].astype(np.float64)))
            self.observe(running)
            for b, x in noted.items():  # only of the rows that asked about a term
                if a["kind"][b] in (Kind.YES, Kind.NO_BARE, Kind.NO_INFORM):
                    answers.append((x, float(a["kind"][b] == Kind.YES)))
            past -= 1
        added = a["utility"][:half] - a["utility"][half : 2 * half]
        if answers:
            self.wanted.learn(np.stack([x for x, _ in answers]), np.array([y for _, y in answers]))
        self.helps.learn(*(np.concatenate(part) for part in zip(*helps, strict=True)))
        # What a question adds hangs on the chances that are believed: these are learned first.
        if number >= self.rounds // 4:
            for kind in KINDS:
                mine = [b for b, (of, _) in tried.items() if of == kind]
                if mine:
                    self.gains.learn(kind, np.stack([tried[b][1] for b in mine]), added[mine])
            self.gains.solve()
        tried_rows = sorted(tried)
        means = {"added": float(added[tried_rows].mean())} if tried_rows else {}
        yes = {"yes": float(np.mean([y for _, y in answers]))} if answers else {}
        return self.round_metrics() | means | yes

    def _open_pairs(self, number: int) -> None:
        """Row b and row b + half: the same search with the same luck."""
        d, half = self.batch, self.batch.size // 2
        assert self.seed is not None
        d.arrays["done"][:] = 1
        d.open(
            slice(0, 2 * half),
            seeds=np.full(2 * half, self.seed, dtype=np.uint64),
            conversations=np.tile(number * half + np.arange(half), 2),
        )
        self.reset(np.ones(d.size, dtype=np.bool_))

    def _explore(
        self,
        half: int,
        past: Ints,
        tried: dict[int, tuple[str, Floats]],
        luck: np.random.Generator,
    ) -> tuple[NDArray[np.bool_], Ints, dict[int, Floats]]:
        """What both searches of each pair do next; only the first asks where they part.

        Returns:
            ask, about: of the move. And what was known of each term that is asked about, by row.
        """
        d, a = self.batch, self.batch.arrays
        ask, about = np.zeros(d.size, dtype=np.bool_), np.full(d.size, -1, dtype=np.int64)
        free = self._free_rows()
        rows = np.array([b for b in free[free < half] if b not in tried], dtype=np.int64)
        draws = luck.random((half, 2))
        if not len(rows):
            return ask, about, {}
        found = self.prospects(rows, luck)
        legal = found.value > NEVER
        kinds = np.where(legal, luck.random(legal.shape), -1.0).argmax(axis=1)
        # The last list ends a search: before it the pair parts at the latest.
        only = a["lists"][rows] >= d.protocol.rounds
        part = (past[rows] <= 0) | (only & (draws[rows, 0] < 0.5))
        asks = part | only | (draws[rows, 1] < 0.5)
        asks &= legal.any(axis=1)
        ask[rows], noted = asks, {}
        self._place(rows[asks], kinds[asks], found.term[asks], found.facet[asks], about)
        for k in np.flatnonzero(asks):
            b, kind = int(rows[k]), KINDS[kinds[k]]
            if part[k]:
                tried[b] = kind, found.features[kind][k]
            else:
                self._mirror(b, half, ask, about)
            if kind == "term":
                noted[b] = found.wanted[k]
        return ask, about, noted

    def _mirror(self, b: int, half: int, ask: NDArray[np.bool_], about: Ints) -> None:
        """The second search of a pair does what the first one does."""
        a, other = self.batch.arrays, b + half
        place = int(about[b])
        n_terms = a["questions"].shape[1]
        if place < n_terms and a["questions"][other, place] != a["questions"][b, place]:
            self.batch.offer(a["questions"][b, place : place + 1][None].copy(), np.array([other]))
        ask[other], about[other] = True, place

    # ---- what was learned -----------------------------------------------------------------------

    def weights(self) -> Arrays:
        return {name: array.copy() for name, array in self._learned().items()}

    def set_weights(self, weights: Arrays) -> None:
        for name, own in self._learned().items():
            given = weights.get(name)
            if given is None or given.shape != own.shape:
                found = "missing" if given is None else f"of shape {given.shape}"
                raise CheckpointError(
                    f"{name} is {found}, shape {own.shape} is needed; the checkpoint is of another "
                    "version of the agent."
                )
            own[...] = given
        self.gains.solve()
        self.ready = True

    def _learned(self) -> dict[str, Floats]:
        """All that is learned, live."""
        found = {"wanted.mean": self.wanted.mean, "wanted.precision": self.wanted.precision}
        found |= {"helps.mean": self.helps.mean, "helps.precision": self.helps.precision}
        for kind in KINDS:
            found[f"{kind}.products"] = self.gains.products[kind]
            found[f"{kind}.sums"] = self.gains.sums[kind]
        return found

    def training_state(self) -> Arrays:
        return {}

    def set_training_state(self, state: Arrays) -> None:
        """All of it is in the weights."""

    def settings(self) -> dict[str, Any]:
        return self.named_settings(("rounds", "batch", "worth", "always"))
