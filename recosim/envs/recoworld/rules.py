"""`LifeRules`: the choices of a RecoWorld life, by name. docs/recoworld.md says what each means."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from recosim.envs import rules
from recosim.errors import OptionError, unknown

__all__ = ["REPEATS", "LifeRules", "Rewards"]

REPEATS = ("life", "session", "none")

# Whole numbers, and the least and the most that each may be.
_WHOLE = {
    "horizon": (1, 3650),
    "max_turns": (1, 1000),
    "top_k": (1, 32),
    "max_steps": (1, 32_000),
    "pool": (1, 2**20),
}
_SHARES = ("like_at", "love_at", "rest", "hope")
_EFFORTS = ("read_effort", "use_effort", "ask_effort", "poor_list", "ignored", "regret_weight")


@dataclass(frozen=True)
class Rewards(rules.Rewards):
    """What each event of a move is worth (docs/recoworld.md, "Rewards")."""

    click: float = 0.0
    minute: float = 0.0
    comeback: float = 1.0
    utility: float = 0.0
    regret: float = 0.0
    question: float = 0.0
    illegal: float = 0.0


@dataclass(frozen=True)
class LifeRules(rules.Rules):
    """The rules of a life: a month of sessions, each a row of rounds.

    Attributes:
        horizon: days of a life.
        max_turns: rounds of a session, at most.
        top_k: items of a list, at most.
        max_steps: acts of the recommender in a life, at most.
        pool: items that the retrieval of the environment ranks by score, at most; the others follow
            by popularity.
        repeats: what the retrieval of the environment leaves out: items that were shown before in
            this life, in this session, or none.
        utility_bias, quality_weight: of the true utility of an item.
        like_at, love_at: true utility from which a consumed item is liked, and loved.
        usual_minutes: length of items whose length is unknown.
        read_effort, use_effort, ask_effort: fatigue of reading an item, of consuming one whole, of
            being asked.
        rest: what is left of fatigue and boredom after each day away.
        poor_list: disappointment of a list of which nothing was clicked.
        ignored, hope: disappointment that an ignored instruction adds, and what is left of it after
            one that was obeyed.
        regret_weight: how much minutes of regret weigh in the value of a session.
        rewards: what each event is worth.

    Raises:
        OptionError, UnknownNameError: a value that a choice cannot have.
    """

    horizon: int = 30
    max_turns: int = 20
    top_k: int = 5
    max_steps: int = 400
    pool: int = 1024
    repeats: Literal["life", "session", "none"] = "life"
    utility_bias: float = 0.0
    quality_weight: float = 1.0
    like_at: float = 0.5
    love_at: float = 0.8
    usual_minutes: float = 4.0
    read_effort: float = 0.02
    use_effort: float = 0.06
    ask_effort: float = 0.05
    rest: float = 0.5
    poor_list: float = 0.3
    ignored: float = 0.5
    hope: float = 0.5
    regret_weight: float = 0.5
    rewards: Rewards = field(default_factory=Rewards)

    def __post_init__(self) -> None:
        for name, (low, high) in _WHOLE.items():
            rules.check_whole(name, getattr(self, name), low, high)
        if self.repeats not in REPEATS:
            raise unknown("value of repeats", self.repeats, REPEATS)
        for name in _SHARES:
            rules.check_number(name, getattr(self, name), 0.0, 1.0)
        for name in _EFFORTS:
            rules.check_number(name, getattr(self, name), 0.0, math.inf)
        for name in ("utility_bias", "quality_weight"):
            rules.check_number(name, getattr(self, name), -math.inf, math.inf)
        rules.check_number("usual_minutes", self.usual_minutes, 0.001, math.inf)
        if self.love_at < self.like_at:
            raise OptionError(
                f"love_at is {self.love_at} and like_at {self.like_at}; what is loved is liked, so "
                "love_at is at least like_at."
            )

    @property
    def acting_turns(self) -> int:
        return self.max_steps


LifeRules.PRESETS = {
    "retention": LifeRules(),
    "engagement": LifeRules(rewards=Rewards(click=1.0, minute=0.1, comeback=0.0)),
    "welfare": replace(LifeRules(), rewards=Rewards(comeback=0.0, utility=1.0, regret=-0.1)),
}
