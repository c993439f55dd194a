"""Recommenders of platforms: agents by name, and rankings by weights that can be changed daily."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Verb
from recosim.agents.base import Agent
from recosim.agents.learner import Learner
from recosim.agents.recoworld.base import LifeAgent
from recosim.agents.recoworld.heed import read_instructions
from recosim.agents.recoworld.ranking import pick_best
from recosim.agents.registry import agent_names, make_agent
from recosim.envs.recoworld.lives import Lives
from recosim.envs.setup import Setup
from recosim.errors import MissingExtraError, OptionError, unknown

__all__ = ["PRESETS", "WEIGHTS", "Ranking", "make_platforms", "platform_names"]

# What a ranking weighs, in order.
WEIGHTS = ("relevance", "appeal", "popularity", "novelty", "heeding")
# Rankings by name, weights in the order of `WEIGHTS`.
PRESETS: dict[str, tuple[float, ...]] = {
    "relevance": (1.0, 0.0, 0.0, 0.0, 0.0),  # what the estimator says, as `static`
    "clicks": (0.5, 1.5, 1.0, 0.0, 0.0),  # what promises most and is clicked most
    "popularity": (0.2, 0.0, 2.0, 0.0, 0.0),
    "novelty": (1.0, 0.0, 0.0, 1.5, 0.0),
    "service": (1.0, 0.0, 0.0, 0.5, 3.0),  # what the user asked for, and not the same again
}
DEPTH = 256


class Ranking(LifeAgent):
    """Shows the candidates of the highest weighted sum; the weights may change from day to day.

    Of an item it weighs `relevance`, the estimator's score (mean 0, deviation 1 over the candidates
    of the user); `appeal`, standardised over the world; `popularity`, how often it was clicked of
    the times that it was shown here, shrunk towards the mean of all, in deviations; `novelty`, less
    what share of all that the user was shown had its attributes; `heeding`, the wishes in force
    that it meets less those that it breaks. Candidates are the estimator's best 256 that are on
    offer and were not shown before.

    Args:
        weights: five numbers, in the order of `WEIGHTS`, or the name of a preset.

    Attributes:
        appeal: float64 (items,), live: what it reads of items (a market may change it).
        shown, clicked: int64 (items,), on this platform so far.
    """

    name = "ranking"
    depth = DEPTH

    def __init__(self, weights: Sequence[float] | str = "relevance") -> None:
        if isinstance(weights, str):
            if weights not in PRESETS:
                raise unknown("ranking", weights, PRESETS)
            self.name, weights = weights, PRESETS[weights]
        self.weights = check_weights(weights)

    def settings(self) -> dict[str, Any]:
        return {"weights": self.weights.tolist()}

    def bind(self, batch: Lives) -> None:
        super().bind(batch)
        world = batch.world
        self.appeal = batch.memory.arrays["appeal"]
        self.shown = np.zeros(world.n_items, dtype=np.int64)
        self.clicked = np.zeros(world.n_items, dtype=np.int64)
        self._popularity = np.zeros(world.n_items, dtype=np.float32)

    def forget(self) -> None:
        """Nothing was shown yet."""
        self.shown[:], self.clicked[:], self._popularity[:] = 0, 0, 0.0

    def new_day(self) -> None:
        """Popularity is counted anew once a day, so that it hangs on no order of users."""
        total = max(int(self.shown.sum()), 1)
        mean = self.clicked.sum() / total
        rate = (self.clicked + 10.0 * mean) / (self.shown + 10.0)
        spread = float(rate.std())
        self._popularity[:] = (rate - rate.mean()) / spread if spread > 0 else 0.0

    def observe(self, rows: NDArray[np.bool_]) -> None:
        a = self.batch.arrays
        lists = self.lists_in(rows)
        items, levels = a["shown"][lists], a["levels"][lists]
        n = len(self.shown)
        self.shown += np.bincount(items[items >= 0], minlength=n)
        self.clicked += np.bincount(items[(items >= 0) & (levels >= 2)], minlength=n)

    def act(self) -> Moves:
        b, a = self.batch, self.batch.arrays
        rows = np.flatnonzero(a["done"] == 0)
        lists = np.full((b.size, b.protocol.top_k), -1, dtype=np.int32)
        pool = self.pool[rows]
        relevance, appeal, popularity, novelty, heeding = self.weights
        values = relevance * self.scores[rows]
        if appeal:
            values = values + np.float32(appeal) * self.appeal[pool].astype(np.float32)
        if popularity:
            values = values + popularity * self._popularity[pool]
        if novelty:
            values = values - novelty * self._staleness(rows, pool)
        if heeding:
            breaks, meets = read_instructions(a["instructions"][rows], pool, b.world)
            values = values + heeding * (meets.astype(np.float32) - breaks)
        lists[rows] = pick_best(values, pool, a["withheld"][rows], b.protocol.top_k)
        return Moves.all_of(Verb.RECOMMEND, b.size, lists)

    def _staleness(self, rows: NDArray[np.int64], pool: NDArray[np.int32]) -> NDArray[np.float32]:
        """How much of what a user was shown had the attributes of an item, in deviations."""
        counts = self.batch.arrays["shown_counts"][rows].astype(np.float32)
        counts /= np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        tables = self.batch.memory.arrays
        mean = _sums(counts, pool, tables["item_indptr"], tables["item_indices"])
        mean -= mean.mean(axis=1, keepdims=True)
        found: NDArray[np.float32] = mean / np.maximum(mean.std(axis=1, keepdims=True), 1e-6)
        return found


def check_weights(weights: Any) -> NDArray[np.float32]:
    """Five finite numbers, float32. Raises `OptionError`."""
    try:
        found = np.asarray(weights, dtype=np.float32)
    except (TypeError, ValueError):
        found = np.zeros(0, dtype=np.float32)
    if found.shape != (len(WEIGHTS),) or not np.isfinite(found).all():
        raise OptionError(
            f"weights of a ranking are {weights!r}; {len(WEIGHTS)} finite numbers are needed: "
            f"{', '.join(WEIGHTS)}."
        )
    return found


def _sums(
    counts: NDArray[np.float32],
    pool: NDArray[np.int32],
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
) -> NDArray[np.float32]:
    """The sum of a row's counts over the attributes of each candidate; float32 (n, candidates)."""
    width = int(np.diff(indptr).max(initial=0))
    n = counts.shape[1]
    padded = np.concatenate([counts, np.zeros((len(counts), 1), np.float32)], axis=1)
    table = _padded(indptr, indices, width, n)
    total = np.zeros(pool.shape, dtype=np.float32)
    lines = np.arange(len(pool))[:, None]
    for k in range(width):  # attribute by attribute: one order of summing for every batch
        total += padded[lines, table[pool, k]]
    return total


def _padded(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], width: int, filler: int
) -> NDArray[np.int64]:
    table = np.full((len(indptr) - 1, width), filler, dtype=np.int64)
    degrees = np.diff(indptr)
    place = np.arange(len(indices)) - np.repeat(indptr[:-1], degrees)
    table[np.repeat(np.arange(len(degrees)), degrees), place] = indices
    return table


def platform_names() -> list[str]:
    """What can be named as the recommender of a platform: rankings, then agents for lives."""
    return [*PRESETS, *agent_names()]


def make_platforms(
    names: Sequence[str], setup: Setup, environment: str = "", *, apart: bool = False
) -> list[Agent]:
    """The recommenders of platforms by name: a preset of `Ranking`, or the card of an agent.

    Args:
        environment: short name of the environment, for settings of agents that hang on it.
        apart: users are simulated apart from one another (in chunks), so that a recommender that
            looks at all of its users together is refused.

    Raises:
        UnknownNameError: neither. OptionError: it cannot be a platform here. MissingExtraError: a
            package that it needs is not installed.
    """
    found: list[Agent] = []
    for name in names:
        if name in PRESETS:
            if apart and PRESETS[name][2]:
                raise OptionError(
                    f"the ranking {name!r} counts the clicks of all users, who live in chunks "
                    "here, apart from one another. Rankings that look at one user alone: "
                    f"{', '.join(key for key, w in PRESETS.items() if not w[2])}."
                )
            found.append(Ranking(name))
            continue
        if name not in agent_names():
            raise unknown("platform", name, platform_names())
        found.append(_agent(name, setup, environment))
    return found


def _agent(name: str, setup: Setup, environment: str) -> Agent:
    try:
        agent = make_agent(name, environment)
    except MissingExtraError:
        raise
    reason = agent.misfit_of(setup)
    if isinstance(agent, Learner):
        reason = "it is trained first, and a market takes rules"
    elif agent.asks_server:
        reason = "each of its moves asks a server"
    elif agent.privileged:
        reason = "it reads what users hide"
    if reason:
        raise OptionError(
            f"agent {name!r} cannot be a platform: {reason}. Some that can: static, follow, "
            f"apply_all, greedy_clicks, gardener; or a ranking: {', '.join(PRESETS)}."
        )
    return agent
