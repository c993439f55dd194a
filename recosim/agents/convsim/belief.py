"""`Belief`: asks when what an answer is expected to add is worth more than the question costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Verb
from recosim.agents.convsim.asking import check_budget
from recosim.agents.convsim.believer import NEVER, Believer
from recosim.agents.convsim.chances import Chance
from recosim.agents.convsim.gains import KINDS
from recosim.agents.learner import Arrays, Learner
from recosim.envs.convsim.rules import Kind
from recosim.errors import CheckpointError, OptionError

__all__ = ["Belief"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Questions before the one that is tried, at most, in most pairs.
PAST = 4


class Belief(Believer, Learner):
    """Keeps a belief over which terms are in the need, and asks only what is worth its cost.

    A candidate is wanted with a chance that follows from the documents found, its idf and the
    answers so far; a facet is missed with a chance of its own, and users name something themselves
    with one that follows from whether they did (`Chance`). What the answer adds to the nDCG of the
    last list is a linear function of these chances, the lists that are left and the query
    (`Gains`). It asks the best question whose gain is above `worth` times its cost in the rewards
    of the protocol, and else shows; what was said it reflects at once.

    It asks before the last list alone: a list before that costs nothing, is answered too, and
    stands where a user who was asked too often has left.

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
    version = 2

    def __init__(
        self,
        *,
        rounds: int = 120,
        batch: int = 256,
        worth: float = 1.0,
        always: int | None = None,
    ) -> None:
        Learner.__init__(self, rounds=rounds, batch=batch)
        if not 0 <= worth <= 1000:
            raise OptionError(f"worth is {worth!r}; a number from 0 to 1000 is needed.")
        self.worth = float(worth)
        self.always = None if always is None else check_budget("always", always)

    def act(self) -> Moves:
        self.need_weights()
        size = self.batch.size
        ask, about = np.zeros(size, dtype=np.bool_), np.full(size, -1, dtype=np.int64)
        rows = self.last_chances()
        if len(rows):
            found = self.prospects(rows)
            best = found.value.argmax(axis=1)
            asks = found.value.max(axis=1) > 0.0
            if self.always is not None:
                asks = self.batch.arrays["asked"][rows] < self.always
            ask[rows] = asks
            self.place(rows[asks], best[asks], found.term[asks], found.facet[asks], about)
        return self.ask_or_show(ask, about)

    def last_chances(self) -> Ints:
        """The rows that may ask or show now, and whose next list is the last one."""
        rows = self.free_rows()
        return rows[self.batch.arrays["lists"][rows] >= self.batch.protocol.rounds]

    # ---- training -------------------------------------------------------------------------------

    def start(self, seed: int) -> None:
        super().start(seed)
        self.forget()

    def train_round(self, number: int) -> dict[str, float]:
        d, half = self.batch, self.batch.size // 2
        a = d.arrays
        self._open_pairs(number)
        assert self.seed is not None
        luck = np.random.default_rng([self.seed, number])
        # Questions before the two searches part: mostly few, at times nearly all that there are.
        most = max(PAST + 1, d.protocol.max_turns - 1)
        longest = np.where(luck.random(half) < 0.7, PAST + 1, most)
        past = (luck.random(half) * longest).astype(np.int64)
        tried: dict[int, tuple[str, Floats]] = {}
        answers: dict[str, list[tuple[Floats, float]]] = {"term": [], "facet": []}
        helps: list[tuple[Floats, Floats]] = []
        while (running := a["done"] == 0).any():
            ask, about, noted = self._explore(half, past, tried, luck)
            known, near = self.features_of_help(np.arange(d.size)), np.zeros(half, dtype=np.int64)
            last = self.last_chances()
            near[last[last < half]] = 1
            d.step(self.ask_or_show(ask, about))
            past -= near
            moved = running & (a["verb"] != Verb.REFLECT) & (a["facet"] < 0)
            helped, could = self.chances_to_help(moved)
            helps.append((known[could], helped[could].astype(np.float64)))
            self.observe(running)
            for b, (kind, x) in noted.items():
                said = a["kind"][b]
                if kind == "facet" or said in (Kind.YES, Kind.NO_BARE, Kind.NO_INFORM):
                    answers[kind].append((x, float(said in (Kind.YES, Kind.VALUE))))
        added = a["utility"][:half] - a["utility"][half : 2 * half]
        for of, model in (("term", self.wanted), ("facet", self.missed)):
            if answers[of]:
                signs, yes = zip(*answers[of], strict=True)
                model.learn(np.stack(signs), np.array(yes))
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
        return self.round_metrics() | means

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
    ) -> tuple[NDArray[np.bool_], Ints, dict[int, tuple[str, Floats]]]:
        """What both searches of each pair do next; only the first asks where they part.

        Returns:
            ask, about: of the move. And, by row, the kind of each question about a term or a facet,
            and what tells whether it is answered.
        """
        d = self.batch
        ask, about = np.zeros(d.size, dtype=np.bool_), np.full(d.size, -1, dtype=np.int64)
        last = self.last_chances()
        rows = np.array([b for b in last[last < half] if b not in tried], dtype=np.int64)
        if not len(rows):
            return ask, about, {}
        found = self.prospects(rows, luck)
        legal = found.value > NEVER
        kinds = np.where(legal, luck.random(legal.shape), -1.0).argmax(axis=1)
        # Until they part both ask: the last list ends a search.
        part, asks = past[rows] <= 0, legal.any(axis=1)
        ask[rows] = asks
        noted: dict[int, tuple[str, Floats]] = {}
        self.place(rows[asks], kinds[asks], found.term[asks], found.facet[asks], about)
        for k in np.flatnonzero(asks):
            b, kind = int(rows[k]), KINDS[kinds[k]]
            if part[k]:
                tried[b] = kind, found.features[kind][k]
            else:
                self._mirror(b, half, ask, about)
            if kind in found.signs:
                noted[b] = kind, found.signs[kind][k]
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

    def take_weights(self, weights: Arrays) -> None:
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

    def _learned(self) -> dict[str, Floats]:
        """All that is learned, live."""
        found: dict[str, Floats] = {}
        for name in ("wanted", "helps", "missed"):
            model: Chance = getattr(self, name)
            found |= {f"{name}.mean": model.mean, f"{name}.precision": model.precision}
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
