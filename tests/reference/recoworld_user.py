"""The user of a life in plain Python: docs/recoworld.md, sections 3, 5, 6 and 7.

What is kept by attribute is in arrays of float32, so that every single sum is rounded; fatigue,
disappointment and loyalty are rounded at the end of the section in which they change.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reference.recoworld_instructions import ALWAYS, SESSION, TURN, Instruction, Instructions
from reference.recoworld_world import LifeTables, Luck, float32, logit, sigma

from recosim.acts import Level, Outcome
from recosim.envs.recoworld.rules import LifeRules
from recosim.users import Behaviour

__all__ = ["ENDED", "LifeUser", "Reactions", "Speech"]

# How a session ended.
ENDED = {"": 0, "left": 1, "disappointed": 2, "out of rounds": 3}
SCOPES = {"turn": TURN, "session": SESSION, "always": ALWAYS}


@dataclass(frozen=True)
class Reactions:
    """What a user did with the items of a list: of each a level (None: not read), and minutes."""

    levels: tuple[Level | None, ...]
    minutes: tuple[float, ...]


@dataclass(frozen=True)
class Speech:
    """What a user has to say about a list: an attribute to avoid, one that they want."""

    avoid: int | None = None
    want: int | None = None

    def __bool__(self) -> bool:
        return self.avoid is not None or self.want is not None


class LifeUser:
    """One user: what they feel, do and say. The life calls them in the order of the rules.

    Attributes:
        taste, mindset, satiation: of each attribute, float32.
        fatigue, letdown, loyalty, intended: numbers of float32.
        session: of which they are in, from 0.
        instructions: what they said.
        consumed: the items consumed in this life.
        gain, minutes, regret: of the session so far.
        let_down, new_regret, utility: of the last list: what was expected in vain, minutes beyond
            what was meant, what was truly got.
    """

    def __init__(
        self, tables: LifeTables, rules: LifeRules, behaviour: Behaviour, user: int, luck: Luck
    ) -> None:
        self.tables, self.rules, self.behaviour = tables, rules, behaviour
        self.user, self._luck = user, luck
        self.taste = array("f", tables.taste(user))
        self.mindset = array("f", self.taste)
        self.satiation = array("f", [0.0] * tables.n_attributes)
        self.fatigue = self.letdown = self.loyalty = self.intended = 0.0
        self.session = 0
        self.instructions = Instructions()
        self.consumed: set[int] = set()
        self.gain = self.minutes = self.regret = 0.0
        self.let_down = self.new_regret = self.utility = 0.0

    def u(self, purpose: str, round_: int = 0, place: int = 0) -> float:
        return self._luck(purpose, self.session, round_, place)

    # ---------------------------------------------------------------- a session opens

    def open_session(self, gap: int | None = None) -> Instruction | None:
        """Come to the first session, or `gap` days after the last; what is said unasked."""
        if gap is not None:
            self.session += 1
            rested = self.rules.rest**gap
            self.satiation = array("f", [x * rested for x in self.satiation])
            self.fatigue = float32(self.fatigue * rested)
            if self.u("drift", 0, 0) < self.behaviour.drift:
                self._drift()
        self.mindset = array("f", self.taste)
        for a in self._moods():
            self.mindset[a] += self.behaviour.mood
        self.letdown = 0.0
        self.gain = self.minutes = self.regret = 0.0
        self.intended = float32(self.behaviour.stay * (0.5 + self.u("stay", 0, 0)))
        self.instructions.end_of_session()
        said = self._standing(first=gap is None)
        if said is not None:
            self.instructions.give(said)
        return said

    def _drift(self) -> None:
        taste, n = self.taste, self.tables.n_attributes
        more = math.floor(self.u("drift", 0, 1) * n)
        less = min(range(n), key=lambda a: (-taste[a], a))
        taste[more] += 1
        taste[less] -= 1

    def _moods(self) -> list[int]:
        """One or two attributes, those that the user likes more often."""
        weights = [math.exp(x) for x in self.taste]
        total = 0.0
        for weight in weights:
            total += weight
        draws = 2 if self.u("mood", 0, 0) < 0.5 else 1
        drawn = []
        for k in range(1, draws + 1):
            threshold, cumulated = self.u("mood", 0, k) * total, 0.0
            for a, weight in enumerate(weights):
                cumulated += weight
                if cumulated > threshold:
                    drawn.append(a)
                    break
        return drawn

    def _standing(self, first: bool) -> Instruction | None:
        every = range(self.tables.n_attributes)
        if self.behaviour.standing == "session":
            best = min(every, key=lambda a: (-self.mindset[a], a))
            return Instruction(True, best, None, SESSION)
        if self.behaviour.standing == "always" and first:
            worst = min(every, key=lambda a: (self.taste[a], a))
            return Instruction(False, worst, None, ALWAYS)
        return None

    # ---------------------------------------------------------------- what they make of it

    def want_of(self, a: int) -> float:
        """How much an attribute is wanted now."""
        return self.mindset[a] - self.behaviour.boredom * self.satiation[a]

    def true_utility(self, v: int) -> float:
        """What the user gets out of an item."""
        rules, tables = self.rules, self.tables
        worth = rules.quality_weight * tables.quality[v]
        return sigma(rules.utility_bias + tables.fit(self.taste, v) + worth)

    def expected_utility(self, v: int) -> float:
        """What the item promises to who knows their own taste."""
        promise = self.behaviour.appeal_pull * self.tables.appeal[v]
        return sigma(self.rules.utility_bias + self.tables.fit(self.taste, v) + promise)

    def answer(self, a: int, round_: int) -> Outcome:
        """The answer to "are you in the mood for a?"."""
        if self.u("unsure", round_) < self.behaviour.dont_know:
            return Outcome.UNSURE
        w = self.want_of(a)
        if 0 <= w <= 0.5:
            return Outcome.UNSURE
        yes = w > 0.5
        if self.u("noise", round_) < self.behaviour.answer_noise:
            yes = not yes
        return Outcome.YES if yes else Outcome.NO

    def tire_of_question(self) -> None:
        self.fatigue = float32(self.fatigue + self.rules.ask_effort)

    # ---------------------------------------------------------------- a list

    def walk(self, items: Sequence[int], round_: int) -> Reactions:
        """Read a list from the top, and react."""
        levels: list[Level | None] = [None] * len(items)
        minutes = [0.0] * len(items)
        for place, v in enumerate(items, start=1):
            if place > 1 and not self.u("examine", round_, place) < self.behaviour.examination:
                break
            level = self._react(v, round_, place)
            levels[place - 1] = level
            if level >= Level.CLICK:
                minutes[place - 1] = float32(self.true_utility(v) * self.tables.minutes[v])
        return Reactions(tuple(levels), tuple(minutes))

    def _react(self, v: int, round_: int, place: int) -> Level:
        known = v in self.consumed or v in self.tables.train[self.user]
        if known and self.u("seen", round_, place) < self.behaviour.seen:
            return Level.SEEN
        if not self._clicks(v, round_, place):
            return Level.SKIP
        utility = self.true_utility(v)
        if utility >= self.rules.love_at:
            return Level.LOVE
        return Level.ACCEPT if utility >= self.rules.like_at else Level.CLICK

    def _clicks(self, v: int, round_: int, place: int) -> bool:
        behaviour, tables = self.behaviour, self.tables
        has = tables.item_attributes[v]
        x = (
            behaviour.click_bias
            + tables.fit(self.mindset, v)
            - behaviour.boredom * tables.fit(self.satiation, v)
            + behaviour.appeal_pull * tables.appeal[v]
            + behaviour.wish_weight * self.instructions.balance(has)
        )
        if behaviour.choice_temperature == 0:
            return x > 0
        return self.u("click", round_, place) < sigma(x / behaviour.choice_temperature)

    def feel(self, items: Sequence[int], reactions: Reactions) -> list[bool | None]:
        """The consequences of a list; whether it obeys each instruction that is in force."""
        tables, rules = self.tables, self.rules
        has = [tables.item_attributes[v] for v in items]
        fatigue, letdown = self.fatigue, self.letdown
        self.let_down = self.utility = 0.0

        for attributes, level in zip(has, reactions.levels, strict=True):
            if level is not None:
                for a in attributes:
                    self.satiation[a] += 1 / rules.top_k
                fatigue += rules.read_effort

        minutes_before, anything = self.minutes, False
        for v, level, minutes in zip(items, reactions.levels, reactions.minutes, strict=True):
            if level is None or level < Level.CLICK:
                continue
            anything = True
            self.consumed.add(v)
            got, expected = self.true_utility(v), self.expected_utility(v)
            for a in tables.item_attributes[v]:
                root = math.sqrt(len(tables.item_attributes[v]))
                self.mindset[a] += self.behaviour.learning * (2 * got - 1) / root
            fatigue += rules.use_effort * (minutes / tables.minutes[v])
            missed = max(0.0, expected - got)
            letdown += missed
            if got >= rules.like_at:
                letdown = max(0.0, letdown - (got - rules.like_at))
            self.let_down += missed
            self.utility += got
            self.gain += 2 * got - 1
            self.minutes += minutes
        if not anything:
            letdown += rules.poor_list

        obeyed = [each.is_obeyed(has) for each in self.instructions.in_force]
        for each, obeys in zip(self.instructions.in_force, obeyed, strict=True):
            if obeys:
                letdown *= rules.hope
                if not each.wanted:
                    self.satiation[each.attribute] = 0.0
            elif obeys is False:
                letdown += rules.ignored

        def beyond(minutes: float) -> float:
            return max(0.0, minutes - self.intended)

        self.new_regret = beyond(self.minutes) - beyond(minutes_before)
        self.regret += self.new_regret
        self.fatigue, self.letdown = float32(fatigue), float32(letdown)
        return obeyed

    def end_round(self) -> None:
        decay = self.behaviour.boredom_decay
        self.satiation = array("f", [decay * x for x in self.satiation])

    # ---------------------------------------------------------------- what they say

    @property
    def says_what_was_wrong(self) -> bool:
        return self.behaviour.feedback in ("critique", "instruction", "edit")

    def has_to_say(self, items: Sequence[int], round_: int) -> Speech:
        """What they would change about a list."""
        n = Counter(a for v in items for a in self.tables.item_attributes[v])
        avoid = want = None
        if self.behaviour.instructs in ("avoid", "both"):
            avoid = self._to_avoid(n, round_)
        if self.behaviour.instructs in ("want", "both"):
            want = self._to_want(n, len(items), avoid)
        return Speech(avoid, want)

    def _to_avoid(self, n: Counter[int], round_: int) -> int | None:
        unwanted = [a for a in sorted(n) if self.want_of(a) < 0]
        if not unwanted:
            return None
        if self.behaviour.critic == "random":
            return unwanted[math.floor(self.u("critic", round_) * len(unwanted))]
        if self.behaviour.critic == "salient":
            return min(unwanted, key=lambda a: (-n[a], self.want_of(a), a))
        return min(unwanted, key=lambda a: (self.want_of(a), a))

    def _to_want(self, n: Counter[int], length: int, avoid: int | None) -> int | None:
        def goes_along(b: int) -> bool:
            return avoid is None or (b != avoid and self.tables.some_item_has((avoid, b)))

        missed = [
            b
            for b in range(self.tables.n_attributes)
            if 2 * n[b] < length and self.want_of(b) > 0 and goes_along(b)
        ]
        return min(missed, key=lambda b: (-self.want_of(b), b), default=None)

    def instruct(self, speech: Speech, items: Sequence[int], round_: int) -> list[Instruction]:
        """Say it as instructions, which are in force from now on."""
        given = []
        if speech.avoid is not None:
            a = speech.avoid
            scope = self._scope_of_avoid(a)
            condition = self._condition(a, items, round_)
            if condition is not None:
                self.mindset[a] = max(self.mindset[a], self.taste[a])
                self.satiation[a] = 0.0
            given.append(Instruction(False, a, condition, scope))
        if speech.want is not None:
            b = speech.want
            given.append(Instruction(True, b, None, self._scope_of_want(b)))
        for each in given:
            self.instructions.give(each)
        return given

    def _scope_of_avoid(self, a: int) -> int:
        fixed = self.behaviour.instruct_scope
        if fixed != "cause":
            return SCOPES[fixed]
        if self.taste[a] <= -0.5:
            return ALWAYS
        return SESSION if self.mindset[a] < 0 else TURN

    def _scope_of_want(self, b: int) -> int:
        fixed = self.behaviour.instruct_scope
        if fixed != "cause":
            return SCOPES[fixed]
        return SESSION if self.mindset[b] - self.taste[b] > 0.5 else ALWAYS

    def _condition(self, a: int, items: Sequence[int], round_: int) -> int | None:
        if self.taste[a] < 0 or not self.u("condition", round_) < self.behaviour.conditional:
            return None
        has = [self.tables.item_attributes[v] for v in items]
        beside = Counter(c for attributes in has if a in attributes for c in attributes if c != a)
        return min(beside, key=lambda c: (-beside[c], c), default=None)

    # ---------------------------------------------------------------- going and coming back

    def is_about_to_go(self) -> bool:
        return self.letdown > self.behaviour.tolerance

    def speaks_up(self, round_: int) -> bool:
        return self.u("voice", round_) < self.behaviour.voice

    def goes_for_good(self, round_: int) -> bool:
        return self.u("for_good", round_) < self.behaviour.leave_for_good

    def leaves(self, round_: int) -> bool:
        """Whether they leave the session for no particular reason."""
        behaviour = self.behaviour
        hazard = behaviour.session_hazard
        if hazard not in (0, 1):
            hazard = sigma(
                logit(hazard)
                + behaviour.fatigue_pull * self.fatigue
                + behaviour.letdown_pull * self.letdown
            )
        return self.u("leave", round_) < hazard

    def close_session(self) -> None:
        """What the session was worth, into loyalty."""
        regret = self.rules.regret_weight * self.regret / max(self.intended, 1.0)
        value = math.tanh((self.gain - self.letdown - regret) / 2)
        step = self.behaviour.loyalty_memory * (value - self.loyalty)
        self.loyalty = float32(self.loyalty + step)

    def days_away(self) -> float:
        """Days until they come back; infinite where they never do."""
        rate, u = self.behaviour.return_rate, self.u("return")
        rho = rate
        if rate not in (0, 1):
            rho = sigma(logit(rate) + self.behaviour.loyalty_pull * self.loyalty)
        if rho == 1:
            return 1
        if math.log(1 - rho) == 0:  # as good as never
            return math.inf
        return 1 + math.floor(math.log(1 - u) / math.log(1 - rho))
