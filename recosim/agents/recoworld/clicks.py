"""Agents that learn in each life what is clicked: a linear model, and what they make of doubt."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Level, Moves
from recosim.agents.recoworld.base import LifeAgent
from recosim.agents.recoworld.features import Features, doubt, learn, normals, predict
from recosim.envs.recoworld.lives import Lives
from recosim.errors import OptionError

__all__ = ["ClickAgent", "Debias", "GreedyClicks", "LinUCB", "Thompson", "check_size"]

# Where a life begins: clicks of an item of no particular fit, and by how much one deviation of the
# estimator's score makes them likelier; and how far (variance) weights may lie from there.
START = (0.4, 0.1)
NOISE, SPREAD = 0.2, 0.05
# Probabilities of being read below it count as it: the clipping of Saito et al. 2020, section 4.
LEAST_READ = 0.1


class ClickAgent(LifeAgent):
    """Base of the agents with a linear model of clicks, learned anew in each life.

    Its features are those of `recosim.agents.recoworld.features`. It knows no instructions, no
    sessions and no boredom.

    Attributes:
        weights: float64 (B, d). spread: float64 (B, d, d), their covariance.
        noise: variance of an observation.
    """

    noise = NOISE

    def bind(self, batch: Lives) -> None:
        super().bind(batch)
        self.features = Features.of(batch.world)
        d = self.features.width
        self.weights = np.zeros((batch.size, d))
        self.spread = np.zeros((batch.size, d, d))
        self._values = np.zeros(self.pool.shape)

    def reset(self, rows: NDArray[np.bool_]) -> None:
        super().reset(rows)
        self.weights[rows] = 0.0
        self.weights[rows, :2] = START
        self.spread[rows] = SPREAD * np.eye(self.features.width)

    def observe(self, rows: NDArray[np.bool_]) -> None:
        """Learn from the list that was shown with the move, if one was."""
        items = np.where(self.lists_in(rows)[:, None], self.batch.arrays["shown"], -1)
        table, scores = self.features.table, self.scores_of(items)
        learn(self.weights, self.spread, items, scores, self.heard(), self.noise, table)

    def heard(self) -> NDArray[np.float64]:
        """What is learned of each item of the last list, NaN for nothing; float64 (B, top_k).

        An item that was read was clicked (1) or not (0).
        """
        levels = self.batch.arrays["levels"]
        return np.where(levels >= 0, levels >= Level.CLICK, np.nan).astype(np.float64)

    def means(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """What weights (B, d) say of each candidate; float64 (B, n), until the next call."""
        predict(weights, self.pool, self.scores, self.features.table, self._values)
        return self._values


class GreedyClicks(ClickAgent):
    """Shows what the model says is clicked most: the recommender that chases clicks.

    What was shown and not clicked counts as not wanted, whether it was read or not.
    """

    name = "greedy_clicks"

    def heard(self) -> NDArray[np.float64]:
        return (self.batch.arrays["levels"] >= Level.CLICK).astype(np.float64)

    def act(self) -> Moves:
        return self.show(self.means(self.weights))


class LinUCB(ClickAgent):
    """Optimism in the face of doubt (Li et al. 2010, disjoint LinUCB, one model for each life).

    Args:
        alpha: deviations that are added to what is expected of an item.
    """

    name = "linucb"

    def __init__(self, alpha: float = 0.3) -> None:
        self.alpha = check_size("alpha", alpha)

    def settings(self) -> dict[str, Any]:
        return {"alpha": self.alpha}

    def act(self) -> Moves:
        unsure = np.empty(self.pool.shape)
        doubt(self.spread, self.pool, self.scores, self.features.table, unsure)
        return self.show(self.means(self.weights) + self.alpha * unsure)


class Thompson(ClickAgent):
    """Shows what is best under weights drawn from what is believed of them (Agrawal, Goyal 2013).

    Args:
        scale: of the deviation of the draws.
    """

    name = "thompson"

    def __init__(self, scale: float = 0.3) -> None:
        self.scale = check_size("scale", scale)

    def settings(self) -> dict[str, Any]:
        return {"scale": self.scale}

    def drawn(self) -> NDArray[np.float64]:
        """Weights drawn for each row, float64 (B, d)."""
        a, d = self.batch.arrays, self.features.width
        luck = np.empty((self.batch.size, d))
        normals(a["seed"], a["conversation"], a["step"], luck)
        # Before a row's first life its covariance is 0: a little of 1 keeps the factor defined.
        factor = np.linalg.cholesky(self.spread + 1e-9 * np.eye(d))
        moved = np.einsum("bij,bj->bi", factor, luck)
        weights: NDArray[np.float64] = self.weights + self.scale * moved
        return weights

    def act(self) -> Moves:
        return self.show(self.means(self.drawn()))


class Debias(GreedyClicks):
    """`greedy_clicks` without the bias of position: clicks count 1 / P(the place was read).

    As in Rel-MF (Saito et al. 2020): a click at a place that few read is worth more, so that on
    average unread items are not taken for unwanted ones. How many read on to the next place is
    counted in each life, from a start of 9 in 10.
    """

    name = "debias"

    def bind(self, batch: Lives) -> None:
        super().bind(batch)
        self._went_on = np.zeros((batch.size, 2))  # times that they read on, and could have

    def reset(self, rows: NDArray[np.bool_]) -> None:
        super().reset(rows)
        self._went_on[rows] = 9.0, 10.0

    def observe(self, rows: NDArray[np.bool_]) -> None:
        a = self.batch.arrays
        shows = self.lists_in(rows)
        read = (a["levels"] >= 0).sum(axis=1)
        could = np.minimum(read, np.maximum(a["n_shown"] - 1, 0))
        self._went_on[shows, 0] += np.maximum(read - 1, 0)[shows]
        self._went_on[shows, 1] += could[shows]
        super().observe(rows)

    def heard(self) -> NDArray[np.float64]:
        on = (self._went_on[:, 0] / np.maximum(self._went_on[:, 1], 1.0))[:, None]
        chance = np.maximum(on ** np.arange(self.batch.protocol.top_k), LEAST_READ)
        return super().heard() / chance


def check_size(name: str, value: float) -> float:
    """A setting that is a size. Raises `OptionError`."""
    if not 0 <= value <= 100:
        raise OptionError(f"{name} is {value!r}; a number from 0 to 100 is needed.")
    return float(value)
