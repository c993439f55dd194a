"""`Checks`: how well a learner plays what it has learned so far, and which weights are the best.

A log of training conversations says what was played with exploration, on users that err, by weights
that changed meanwhile. A check plays the same conversations each time, greedily.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from recosim.agents.learner import Arrays, Learner
from recosim.envs.batch import Batch
from recosim.envs.setup import Setup

__all__ = ["MOST_CHECKS", "VALID", "Best", "Checks", "checks_every"]

# Stands before the name of a figure of the held-out conversations in histories and curves.
VALID = "valid "
# Conversations of one check: as many whole batches of the learner, 1 to 4, as do not exceed this.
MOST_EPISODES, MOST_BATCHES = 512, 4
MOST_CHECKS = 20
# The key of the luck of all checks: no training has it, seeds are whole numbers from 0.
SEED = np.uint64(0xC4EC_5EED_0000_0001)


class Best(NamedTuple):
    """The best weights so far.

    Attributes:
        score: of their check, more is better. round: rounds that they had learned from.
    """

    score: float
    round: int
    weights: Arrays


def checks_every(rounds: int, batch: int) -> int:
    """Rounds from one check to the next: up to `MOST_CHECKS`, half as much as is trained on."""
    checks = min(MOST_CHECKS, max(1, rounds // (2 * _batches(batch))))
    return -(-rounds // checks)


def _batches(size: int) -> int:
    return min(MOST_BATCHES, max(1, MOST_EPISODES // size))


class Checks:
    """Conversations of the setup's split that a learner is tried on, always the same ones.

    The learner that is trained is not touched: another one of the same settings plays its weights.

    Args:
        learner: bound to a batch.
        setup: the environment that it is trained on.
    """

    def __init__(self, learner: Learner, setup: Setup) -> None:
        kind: Any = type(learner)
        self.player: Learner = kind(**learner.settings())
        self.player.name = learner.name
        self.batch: Batch = setup.batch(learner.batch_size, track=learner.track)
        self.player.bind(self.batch)
        name, better = self.batch.judged_by
        self.name, self.sign = name, 1.0 if better == "higher" else -1.0

    def play(self, weights: Arrays) -> dict[str, float]:
        """The means of `Batch.logged`, and of the sum of the rewards, with `VALID` before names."""
        d, player = self.batch, self.player
        player.set_weights(weights)
        found: dict[str, list[np.ndarray[Any, Any]]] = {}
        for part in range(_batches(d.size)):
            d.arrays["done"][:] = 1
            d.open(
                slice(None),
                seeds=np.full(d.size, SEED, dtype=np.uint64),
                conversations=part * d.size + np.arange(d.size),
            )
            running = np.ones(d.size, dtype=np.bool_)
            reward = np.zeros(d.size)
            player.reset(running)
            while running.any():
                d.step(player.act())
                reward += np.where(running, d.arrays["reward"], 0.0)
                player.observe(running)
                running = d.arrays["done"] == 0
            for name, values in {**d.logged(), "reward": reward}.items():
                found.setdefault(VALID + name, []).append(values.astype(np.float64))
        return {name: float(np.concatenate(parts).mean()) for name, parts in found.items()}

    def score(self, figures: dict[str, float]) -> float:
        """What `play` found as one number, more is better."""
        return self.sign * figures[VALID + self.name]
