"""The rules of docs/recoworld.md in plain Python: sets, dicts and lists, written to be read.

`ReferenceLife` is what the batched kernels are checked against, and the baseline of the benchmarks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from reference.recoworld_instructions import Instruction
from reference.recoworld_user import LifeUser, Reactions
from reference.recoworld_world import LifeTables, Luck

from recosim.acts import Level, Outcome, Verb
from recosim.envs.recoworld.rules import LifeRules
from recosim.errors import IllegalActionError, StateError
from recosim.estimators.base import Vectors
from recosim.users import Behaviour

__all__ = ["TERMS", "LifeStep", "ReferenceLife"]

# The terms of the reward, and the choice of `Rewards` that each is multiplied with.
TERMS = {
    "clicks": "click",
    "minutes": "minute",
    "comebacks": "comeback",
    "utility": "utility",
    "regret": "regret",
    "questions": "question",
    "illegal": "illegal",
}


@dataclass
class LifeStep:
    """What came of one move; docs/recoworld.md, "Records of a move".

    Attributes:
        verb, outcome, about: the move, and its answer.
        day, session, turn: when it was made.
        given: instructions given with the move. opening: the one given as the next session opened.
        criticised, added: what a reflection was answered with where it is no instruction.
        obeyed, ignored, first_obeyed, first_ignored: of the instructions in force.
        over_lists, over_obeyed, over_base: of the expired ones.
        ndcg, let_down, regret, clicks: of the list.
        ended: how the session ended, a key of `ENDED`. gone: for good.
        gap: days until the next session, 0 where none ended, -1 where there is none.
        rewards: by the names of the terms.
    """

    verb: Verb
    outcome: Outcome = Outcome.NOTHING
    about: int = -1
    day: int = 0
    session: int = 0
    turn: int = 1
    given: tuple[Instruction, ...] = ()
    opening: Instruction | None = None
    criticised: int = -1
    added: int = -1
    obeyed: int = 0
    ignored: int = 0
    first_obeyed: int = 0
    first_ignored: int = 0
    over_lists: int = 0
    over_obeyed: int = 0
    over_base: float = 0.0
    ndcg: float = 0.0
    let_down: float = 0.0
    regret: float = 0.0
    clicks: int = 0
    ended: str = ""
    gone: bool = False
    gap: int = 0
    terminated: bool = False
    truncated: bool = False
    rewards: dict[str, float] = field(default_factory=lambda: dict.fromkeys(TERMS, 0.0))


class ReferenceLife:
    """One life: `open` it, then `ask`, `recommend`, `reflect` and `pass_by` until `done`.

    Args:
        tables: the world under these rules.
        rules: the choices of the protocol.
        vectors: what the estimator knows.
        user: of the world. behaviour: their settings.
        luck: gives the random units.

    Attributes:
        person: the user, with all that they feel.
        day, session, turn: of the next move. steps: made so far. done: the life has ended.
        shown, reactions: the last list.
        answers: of each attribute in this session, YES, NO, UNSURE or NOTHING.
        shown_counts, taken_counts: items shown and consumed, by attribute, in this life.
        n_consumed, utility: items consumed so far, what the user truly got out of them.
    """

    def __init__(
        self,
        tables: LifeTables,
        rules: LifeRules,
        vectors: Vectors,
        user: int,
        behaviour: Behaviour,
        luck: Luck,
    ) -> None:
        self.tables, self.rules, self.vectors = tables, rules, vectors
        self.user, self.behaviour, self.luck = user, behaviour, luck
        self.done = True

    # ---------------------------------------------------------------- the opening

    def open(self) -> LifeStep:
        """Begin anew, with the first session on day 0."""
        n = self.tables.n_attributes
        self.person = LifeUser(self.tables, self.rules, self.behaviour, self.user, self.luck)
        self.day = self.steps = 0
        self.done = False
        self.shown: tuple[int, ...] = ()
        self.reactions = Reactions((), ())
        self.shown_in_life: set[int] = set()
        self.shown_counts, self.taken_counts = [0] * n, [0] * n
        self.utility, self.n_consumed = 0.0, 0
        self._ranking: list[int] | None = None
        self._ideal: float | None = None
        return LifeStep(Verb.OPEN, opening=self._open_session(None))

    @property
    def session(self) -> int:
        return self.person.session

    def _open_session(self, gap: int | None) -> Instruction | None:
        taste = list(self.person.taste)
        said = self.person.open_session(gap)
        if list(self.person.taste) != taste:
            self._ideal = None
        self.turn = 1
        self.answers = [Outcome.NOTHING] * self.tables.n_attributes
        self.shown_in_session: set[int] = set()
        self.can_reflect_on_list = False
        return said

    # ---------------------------------------------------------------- what is legal

    def can_ask(self, a: int) -> bool:
        return not self.done and self.answers[a] is Outcome.NOTHING

    def can_recommend(self, because: int | None = None) -> bool:
        return not self.done and (because is None or bool(self.tables.attribute_items[because]))

    def can_reflect(self) -> bool:
        return not self.done and self.can_reflect_on_list and self.behaviour.feedback != "none"

    def legal_codes(self) -> list[bool]:
        """Of each code of the "flat" view whether it is legal."""
        every = range(self.tables.n_attributes)
        asks, reasons = [self.can_ask(a) for a in every], [self.can_recommend(a) for a in every]
        return [*asks, self.can_recommend(), self.can_reflect(), not self.done, *reasons]

    def is_success(self) -> bool:
        """Whether the life has ended, and what was consumed was liked on average."""
        if not self.done or self.n_consumed == 0:
            return False
        return self.utility / self.n_consumed >= self.rules.like_at

    # ---------------------------------------------------------------- the moves

    def best_ask(self) -> int | None:
        """The attribute that the estimator prefers among those that may be asked about."""
        preference = self.preference()
        open_to_ask = [a for a in range(self.tables.n_attributes) if self.can_ask(a)]
        return min(open_to_ask, key=lambda a: (-preference[a], a), default=None)

    def preference(self) -> list[float]:
        """How much the estimator thinks that the user likes each attribute."""
        wanted = self.vectors.user[self.user].astype(np.float64)
        return (self.vectors.attribute @ wanted).tolist()

    def ask(self, a: int) -> LifeStep:
        """Are you in the mood for `a`?"""
        self._check(self.can_ask(a), f"{a} was spoken of in this session.")
        step = self._step(Verb.ASK, about=a, outcome=self.person.answer(a, self.turn))
        self.answers[a] = step.outcome
        self.person.tire_of_question()
        return self._end_round(step, questions=1)

    def pass_by(self) -> LifeStep:
        """Show nothing."""
        self._check(True)
        return self._end_round(self._step(Verb.PASS))

    def illegal(self) -> LifeStep:
        """A move that was not legal, under `illegal="penalise"`."""
        self._check(True)
        return self._end_round(self._step(Verb.ILLEGAL, outcome=Outcome.ILLEGAL), illegal=1)

    def reflect(self) -> LifeStep:
        """How is this going?"""
        self._check(self.can_reflect(), "there is no list to reflect on.")
        person, step = self.person, self._step(Verb.REFLECT)
        self.can_reflect_on_list = False
        if person.says_what_was_wrong and self.shown:
            self._say(step)
        person.instructions.heed()
        if person.says_what_was_wrong:
            return self._end_round(step)
        return self._end_move(step)

    def _say(self, step: LifeStep) -> None:
        """What the user answers to a reflection."""
        person, form = self.person, self.behaviour.feedback
        speech = person.has_to_say(self.shown, self.turn)
        if form == "instruction":
            step.given = tuple(person.instruct(speech, self.shown, self.turn))
            return
        if speech.avoid is not None:
            step.criticised = speech.avoid
            self.answers[speech.avoid] = Outcome.NO
        if speech.want is not None and form == "edit":
            step.added = speech.want
            self.answers[speech.want] = Outcome.YES

    def recommend(
        self,
        items: Sequence[int] | None = None,
        because: int | None = None,
        reactions: Reactions | None = None,
    ) -> LifeStep:
        """Show a list.

        Args:
            items: the list; by default the retrieval's best.
            because: an attribute that is the reason for the list; the best are those that have it.
            reactions: those of somebody else; by default the user's.
        """
        person = self.person
        if items is None:
            self._check(self.can_recommend(because), f"no item has {because}.")
            items = self.retrieve(because)
        else:
            self._check(not self.done)
            distinct = 1 <= len(items) <= self.rules.top_k and len(set(items)) == len(items)
            self._check(distinct, f"{items} is not 1 to {self.rules.top_k} distinct items.")
            known = all(0 <= v < self.tables.n_items for v in items)
            self._check(known, f"{items} has items outside 0..{self.tables.n_items - 1}.")
        step = self._step(Verb.RECOMMEND, about=-1 if because is None else because)
        self.shown = tuple(items)
        self.shown_in_life.update(self.shown)
        self.shown_in_session.update(self.shown)
        self.can_reflect_on_list = True
        self.reactions = reactions or person.walk(self.shown, self.turn)
        taken = [
            v
            for v, level in zip(self.shown, self.reactions.levels, strict=True)
            if level is not None and level >= Level.CLICK
        ]
        step.outcome = Outcome.HIT if taken else Outcome.MISS
        step.clicks = len(taken)
        self._count(self.shown_counts, self.shown)
        self._count(self.taken_counts, taken)
        self._note_expired(step)
        step.ndcg = self._ndcg()

        fresh = [each.age == 0 for each in person.instructions.in_force]
        obeyed = person.feel(self.shown, self.reactions)
        step.obeyed, step.ignored = obeyed.count(True), obeyed.count(False)
        of_fresh = [obeys for obeys, new in zip(obeyed, fresh, strict=True) if new]
        step.first_obeyed, step.first_ignored = of_fresh.count(True), of_fresh.count(False)
        step.let_down, step.regret = person.let_down, person.new_regret
        self.utility += person.utility
        self.n_consumed += len(taken)
        person.instructions.grow_older()

        if person.is_about_to_go():
            speech = person.has_to_say(self.shown, self.turn)
            if speech and person.speaks_up(self.turn):
                step.given = tuple(person.instruct(speech, self.shown, self.turn))
            else:
                step.ended = "disappointed"
                step.gone = person.goes_for_good(self.turn)
        return self._end_round(
            step,
            clicks=len(taken),
            minutes=sum(self.reactions.minutes),
            utility=person.utility,
            regret=person.new_regret,
        )

    def move(
        self,
        code: int,
        items: Sequence[int] | None = None,
        because: int | None = None,
        reactions: Reactions | None = None,
    ) -> LifeStep:
        """A code of the "flat" view, -1 asks the best; one that is not legal is penalised.

        Args:
            items, because, reactions: see `recommend`, where the code recommends.
        """
        n = self.tables.n_attributes
        if code == -1:  # the best question
            best = self.best_ask()
            return self.illegal() if best is None else self.ask(best)
        if not self.legal_codes()[code]:
            return self.illegal()
        if code < n:
            return self.ask(code)
        if code == n:
            return self.recommend(items, because, reactions)
        if code == n + 1:
            return self.reflect()
        if code == n + 2:
            return self.pass_by()
        return self.recommend(items, code - n - 3, reactions)

    def _step(self, verb: Verb, outcome: Outcome = Outcome.NOTHING, about: int = -1) -> LifeStep:
        return LifeStep(verb, outcome, about, self.day, self.session, self.turn)

    def _check(self, legal: bool, why: str = "") -> None:
        if self.done:
            raise StateError("the life has ended or was not opened; call `open` first.")
        if not legal:
            raise IllegalActionError(why)

    # ---------------------------------------------------------------- retrieval and its worth

    def withheld(self) -> set[int]:
        """What the retrieval leaves out because it was shown before."""
        if self.rules.repeats == "none":
            return set()
        return self.shown_in_life if self.rules.repeats == "life" else self.shown_in_session

    def retrieve(self, because: int | None = None) -> list[int]:
        """The estimator's best items, instructions that are heeded first."""
        withheld = self.withheld()
        allowed = None if because is None else self.tables.attribute_items[because]

        def left(items: Sequence[int]) -> list[int]:
            return [v for v in items if v not in withheld and (allowed is None or v in allowed)]

        order = self.ranking()
        pool = left(order[: self.rules.pool])
        if any(each.heeded for each in self.person.instructions.in_force):
            place, has = self.person.instructions.place, self.tables.item_attributes
            pool.sort(key=lambda v: place(has[v]))  # it keeps the order within a group
        if len(pool) < self.rules.top_k:
            pool += left(order[self.rules.pool :])
        return pool[: self.rules.top_k]

    def ranking(self) -> list[int]:
        """All items: the pool by the estimator's score, then the others by their popularity."""
        if self._ranking is None:
            wanted = self.vectors.user[self.user].astype(np.float64)
            scores = (self.vectors.item @ wanted + self.vectors.item_bias).tolist()
            ranked = sorted(range(self.tables.n_items), key=lambda v: (-scores[v], v))
            pool, others = ranked[: self.rules.pool], ranked[self.rules.pool :]
            others.sort(key=lambda v: (-self.tables.popularity[v], v))
            self._ranking = pool + others
        return self._ranking

    def _ndcg(self) -> float:
        if not self.shown:
            return 0.0
        if self._ideal is None:
            utilities = map(self.person.true_utility, range(self.tables.n_items))
            self._ideal = _gain(sorted(utilities, reverse=True)[: self.rules.top_k])
        return _gain([self.person.true_utility(v) for v in self.shown]) / self._ideal

    def _note_expired(self, step: LifeStep) -> None:
        """How the list treats what is no longer in force, beside what chance would do."""
        if not self.shown:
            return
        present = {a for v in self.shown for a in self.tables.item_attributes[v]}
        expired = [a for a, _ in self.person.instructions.expired]
        step.over_lists = len(expired)
        step.over_obeyed = sum(a not in present for a in expired)
        for a in expired:
            step.over_base += (1 - self.tables.train_share[a]) ** len(self.shown)

    def _count(self, counts: list[int], items: Sequence[int]) -> None:
        for v in items:
            for a in self.tables.item_attributes[v]:
                counts[a] += 1

    # ---------------------------------------------------------------- ends

    def _end_round(self, step: LifeStep, **events: float) -> LifeStep:
        """The user may go, boredom wanes, and the next session opens where this one ended."""
        person = self.person
        if not step.ended:
            if person.leaves(self.turn):
                step.ended = "left"
            elif self.turn == self.rules.max_turns:
                step.ended = "out of rounds"
        person.end_round()
        if step.ended:
            events["comebacks"] = self._end_session(step)
        else:
            self.turn += 1
        return self._end_move(step, **events)

    def _end_session(self, step: LifeStep) -> bool:
        """Whether the user came back."""
        person = self.person
        person.close_session()
        gap = math.inf if step.gone else person.days_away()
        if self.day + gap >= self.rules.horizon:
            step.gap, step.terminated = -1, True
            return False
        step.gap = int(gap)
        self.day += step.gap
        step.opening = self._open_session(step.gap)
        return True

    def _end_move(self, step: LifeStep, **events: float) -> LifeStep:
        self.steps += 1
        step.truncated = not step.terminated and self.steps >= self.rules.max_steps
        self.done = step.terminated or step.truncated
        for term, choice in TERMS.items():
            step.rewards[term] = getattr(self.rules.rewards, choice) * events.get(term, 0)
        return step


def _gain(utilities: Sequence[float]) -> float:
    """Discounted by position, as in DCG."""
    total = 0.0
    for j, utility in enumerate(utilities, start=1):
        total += utility / math.log2(j + 1)
    return total
