"""A family of environments from outside RecoSim: one list a turn, one reaction.

A user has one item in mind. The recommender shows lists until the user takes it, or taps on
something that is like it. Nothing in RecoSim knows of this file: it is what docs/architecture.md
says a family needs, and the tests hold it to that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from recosim.acts import Verb
from recosim.envs import rules
from recosim.envs.acts import Acts
from recosim.envs.gym_env import FamilyEnv
from recosim.envs.gym_vector import FamilyVectorEnv
from recosim.envs.observer import Observer
from recosim.envs.plain import PlainBatch
from recosim.family import Family
from recosim.metrics import Metric
from recosim.trace import Column, Columns


@dataclass(frozen=True)
class Rewards(rules.Rewards):
    take: float = 1.0
    pass_by: float = -0.1


@dataclass(frozen=True)
class ListRules(rules.Rules):
    max_turns: int = 5
    top_k: int = 3
    rewards: Rewards = field(default_factory=Rewards)


ListRules.PRESETS = {"plain": ListRules(), "long": ListRules(max_turns=8)}


class ListBatch(PlainBatch):
    """The rules: a list is taken where it has the item, with a chance set by `answer_noise`."""

    family = "toy"
    reward_terms = ("take", "pass_by")

    def answer(self):
        a = self.arrays
        hits = (a["shown"] == a["unit"][:, 1:]) & (a["verb"] == Verb.RECOMMEND)[:, None]
        slips = self.luck("noise") < self.trait("answer_noise")
        a["rank"][:] = np.where(hits.any(axis=1) & ~slips, 1 + hits.argmax(axis=1), 0)

    def consequences(self, rows):
        a, pay = self.arrays, self.protocol.rewards
        taken = a["rank"][rows] > 0
        a["terminated"][rows] = taken
        a["utility"][rows] = taken
        return np.stack([taken * pay.take, ~taken * pay.pass_by], axis=1)


class ListColumns(Columns):
    extra = (
        Column("items", pa.list_(pa.int32()), "the list"),
        Column("rank", pa.int16(), "position of the item taken, 0 for none"),
    )
    outcomes = (*Columns.outcomes, Column("taken", pa.bool_(), "an item was taken"))
    endings = ("taken", "not taken", "unfinished")

    def copy(self, batch, rows, verb):
        items = batch.arrays["shown"][rows]
        return {
            "items": (items[items >= 0], (items >= 0).sum(axis=1)),
            "rank": batch.arrays["rank"][rows].copy(),
        }

    def summarise(self, trace, starts, last):
        taken = trace.column("rank")[last] > 0
        return {**super().summarise(trace, starts, last), "taken": taken}


class ToyEnv(FamilyEnv):
    """Show lists until one is taken.

    ## Description

    A user has one item in mind and takes it when it is shown.

    ## Action Space

    0 recommends the estimator's best, 1 reflects.

    ## Observation Space

    `turn` and `action_mask`.

    ## Rewards

    `take` and `pass_by`.

    ## Starting State

    An interaction of the split, uniformly.

    ## Episode End

    The item is taken, or the turns ran out.

    ## Information

    What every family has.

    ## Arguments

    Those of every family.
    """

    family = "toy"


class ToyVectorEnv(FamilyVectorEnv):
    """Many of them."""

    family = "toy"


def metrics(rules):
    return (
        Metric("taken", "Taken", "taken", better="higher", place="main", headline=True),
        Metric("reward", "Reward", "reward", place="main"),
        Metric("steps", "Lists", "steps", better="lower", digits=2, place="behaviour"),
    )


TOY = Family(
    name="toy",
    title="One list, one reaction",
    unit="conversations",
    env="toy:ToyEnv",
    vector_env="toy:ToyVectorEnv",
    rules=ListRules,
    batch=ListBatch,
    observer=Observer,
    columns=ListColumns(),
    metrics=metrics,
    acts=Acts(),
    settings=("answer_noise",),
)
