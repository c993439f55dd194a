"""Random small worlds, rules and users for lives: what both implementations are played on.

Everything is a function of a numpy Generator. Thresholds (of disappointment, of a score) are odd
numbers, so that no sum of the rules meets one exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from reference.random_worlds import random_vectors, random_world

from recosim.envs.recoworld.rules import REPEATS, LifeRules, Rewards
from recosim.estimators.base import Vectors
from recosim.users import Population
from recosim.users.behaviour import WORDS
from recosim.world.arrays import SPLITS
from recosim.world.parts import split_users
from recosim.world.world import World

__all__ = ["LifeCase", "life_world", "random_case", "random_life_rules", "random_life_users"]

# Values of each setting that are met, the usual ones more often.
NUMBERS: dict[str, tuple[float, ...]] = {
    "examination": (1.0, 0.8, 0.4),
    "choice_temperature": (0.0, 0.5, 2.0),
    "click_bias": (0.0, 0.7, -0.3),
    "appeal_pull": (1.0, 0.0, 2.5),
    "seen": (0.0, 0.5, 1.0),
    "mood": (1.0, 0.0, 2.5),
    "learning": (0.1, 0.0, 1.0),
    "drift": (0.0, 0.3, 1.0),
    "boredom": (0.3, 0.0, 1.5),
    "boredom_decay": (0.8, 0.0, 1.0),
    "fatigue_pull": (1.0, 0.0, 6.0),
    "letdown_pull": (0.5, 0.0, 2.0),
    "session_hazard": (0.15, 0.02, 0.0, 0.0, 0.05, 0.4, 1.0),
    "tolerance": (0.137, 0.537, 1.037, 3.037),
    "voice": (1.0, 1.0, 0.6, 0.0),
    "conditional": (0.0, 0.5, 1.0),
    "wish_weight": (2.0, 0.0, 0.6),
    "leave_for_good": (0.1, 0.0, 0.6),
    "return_rate": (0.5, 0.8, 0.2, 1.0, 0.0),
    "loyalty_pull": (1.0, 0.0, 4.0),
    "loyalty_memory": (0.3, 0.0, 1.0),
    "stay": (20.0, 3.0, 0.0),
    "answer_noise": (0.0, 0.4),
    "dont_know": (0.0, 0.3),
}
CHOICES = ("instructs", "instruct_scope", "critic", "feedback", "standing")
SPREAD = {  # some of them are drawn for each user from a distribution
    "session_hazard": {"beta": [1.2, 6.0]},
    "return_rate": {"beta": [1.5, 1.0]},
    "click_bias": {"uniform": [-1.0, 1.0]},
}


@dataclass(frozen=True)
class LifeCase:
    """What a batch is made of.

    Attributes:
        options: further arguments of the batch.
        outside: users answer from outside of the kernels, and some react as no rule user would.
    """

    world: World
    vectors: Vectors
    rules: LifeRules
    users: Population
    size: int
    options: dict[str, Any]
    outside: bool = False


def random_case(rng: np.random.Generator, sizes: tuple[int, ...]) -> LifeCase:
    """A batch over a random world, with its settings drawn as well."""
    world = life_world(rng, random_world(rng))
    splits = [split for split in SPLITS if len(split_users(world, split))]
    return LifeCase(
        world=world,
        vectors=random_vectors(rng, world),
        rules=random_life_rules(rng),
        users=random_life_users(rng),
        size=int(rng.choice(sizes)),
        options={
            "split": str(rng.choice(splits)),
            "threads": int(rng.integers(1, 4)),
        },
        outside=bool(rng.random() < 0.2),
    )


def life_world(rng: np.random.Generator, world: World) -> World:
    """The same world with quality, appeal and length; of some items, of all, or of none."""

    def perhaps(values: np.ndarray) -> np.ndarray:
        values[rng.random(len(values)) < rng.choice([0.0, 0.3, 1.0])] = np.nan
        return values.astype(np.float32)

    n = world.n_items
    alike = rng.random() < 0.1  # equal values, of which the deviation is 0
    return replace(
        world,
        item_quality=perhaps(np.full(n, 0.7) if alike else rng.random(n)),
        item_appeal=perhaps(np.full(n, 0.3) if alike else rng.random(n)),
        item_length=perhaps(rng.exponential(5.0, n) + 0.1),
    )


def random_life_rules(rng: np.random.Generator) -> LifeRules:
    """A preset with other limits, or any combination of choices."""
    limits: dict[str, Any] = {
        "horizon": int(rng.choice([1, 3, 30, 400])),
        "max_turns": int(rng.choice([1, 4, 20, 20])),
        "top_k": int(rng.integers(1, 8)),
        "max_steps": int(rng.choice([1, 12, 40, 60])),
        "repeats": str(rng.choice(REPEATS)),
        "pool": int(rng.choice([1, 4, 9, 1024])),
    }
    if rng.random() < 0.3:
        preset = LifeRules.PRESETS[str(rng.choice(sorted(LifeRules.PRESETS)))]
        return replace(preset, **limits)
    like_at = float(rng.choice([0.0, 0.5, 0.61]))
    # Seven different rewards, so that no two events can be taken for one another.
    rewards = Rewards(*(rng.permutation(np.arange(-3, 4) / 8 + 1 / 16).tolist()))
    return LifeRules(
        **limits,
        utility_bias=float(rng.choice([0.0, -0.7, 0.4])),
        quality_weight=float(rng.choice([0.0, 1.0, 0.3, -1.0])),
        like_at=like_at,
        love_at=like_at + float(rng.choice([0.0, 0.1, 0.3])),
        usual_minutes=float(rng.choice([0.5, 4.0])),
        read_effort=float(rng.choice([0.0, 0.02, 0.3])),
        use_effort=float(rng.choice([0.0, 0.06, 0.3])),
        ask_effort=float(rng.choice([0.0, 0.05, 0.3])),
        rest=float(rng.choice([0.0, 0.5, 0.9, 1.0])),
        poor_list=float(rng.choice([0.0, 0.3, 1.1])),
        ignored=float(rng.choice([0.0, 0.5, 0.9])),
        hope=float(rng.choice([0.0, 0.5, 1.0])),
        regret_weight=float(rng.choice([0.0, 0.5, 2.0])),
        rewards=rewards,
    )


def random_life_users(rng: np.random.Generator) -> Population:
    """Users who are alike, or who differ in half of their settings."""
    varied = rng.random() < 0.6
    settings: dict[str, Any] = {}
    for name, values in [*NUMBERS.items(), *((name, WORDS[name]) for name in CHOICES)]:
        usual = 0.5 if name in ("session_hazard", "return_rate") else 0.25
        if varied and rng.random() < 0.5:
            settings[name] = SPREAD.get(name, {"choice": list(values)})
        elif rng.random() > usual:
            settings[name] = values[rng.integers(len(values))]
    return Population("random", settings, seed=int(rng.integers(1000)))
