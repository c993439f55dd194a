"""`Market`: users who live with several recommenders at once, as batches of RecoWorld lives.

Each platform has a batch of its own with a row for every user, and its recommender is bound to that
batch. A user is in one batch at a time: in the others their row is held (it is `done`), with all
that the platform knows of them. At the opening of a session they choose where to go, and take their
mind along (`recosim.multi.travel`). docs/population.md has the rules.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.acts import Moves
from recosim.agents.base import Agent
from recosim.envs.recoworld.lives import Lives
from recosim.envs.setup import Setup
from recosim.errors import OptionError
from recosim.kernels.random import PLATFORM, draw_units
from recosim.multi.travel import OPENING, travel

__all__ = ["Follower", "Goods", "Market"]

GONE = -1  # where a user is whose life has ended, or has not begun


class Follower(Protocol):
    """Who watches a market: counts, traces."""

    def opened(self, market: Market, rows: NDArray[np.int64]) -> None:
        """Lives began in some rows (int64 (n,))."""

    def moved(self, market: Market, platform: int, rows: NDArray[np.int64]) -> None:
        """Users (int64 (n,)) were shown or asked something; the batch holds what came of it.

        Where a session ended, the next one is not placed yet: `market.chosen` comes later.
        """

    def chose(self, market: Market, rows: NDArray[np.int64]) -> None:
        """Some users opened a session: `market.at` says where."""

    def ended(self, market: Market, rows: NDArray[np.int64]) -> None:
        """The lives of some rows ended; `market.at` still says where they were last."""


class Goods(Protocol):
    """What platforms can offer, where that is not the whole world."""

    def attach(self, batch: Lives) -> None:
        """The batch of a platform was made, and no recommender is bound to it yet."""

    def withhold(self, batch: Lives, rows: NDArray[np.int64]) -> None:
        """Sessions are about to begin in some rows: what is not on offer is withheld."""


class Market:
    """Users and platforms.

    Args:
        setup: of a RecoWorld environment: world, estimator, rules, users, split.
        agents: the recommender of each platform, in order. Each gets a batch of its own.
        size: rows, users at once.
        choice_pull: how much loyalty counts when a platform is chosen; see `choose`.
        threads: of each batch.
        goods: what there is to recommend; everything by default.

    Attributes:
        lives: the batch of each platform. agents: its recommender.
        at: int8 (size,), where each user is; -1: nowhere, their life has ended.
        day: int32 (size,), of their running or next session.
        visited: bool (platforms, size), who was ever there.
        followers: who watches.

    Raises:
        OptionError: no platform; an environment of another family, or users that no rule decides
            for; an impossible setting.
    """

    def __init__(
        self,
        setup: Setup,
        agents: Sequence[Agent],
        size: int,
        *,
        choice_pull: float = 4.0,
        threads: int | None = None,
        goods: Goods | None = None,
    ) -> None:
        _check(setup, agents, choice_pull)
        self.setup, self.agents, self.size = setup, list(agents), size
        self.choice_pull = float(choice_pull)
        self.lives: list[Lives] = []
        for agent in self.agents:
            if reason := agent.misfit_of(setup):
                raise OptionError(f"agent {agent.name!r} cannot be a platform here: {reason}.")
            batch = setup.batch(size, threads=threads)
            assert isinstance(batch, Lives)
            if goods is not None:
                goods.attach(batch)
            agent.bind(batch)
            self.lives.append(batch)
        self.at = np.full(size, GONE, dtype=np.int8)
        self.day = np.zeros(size, dtype=np.int32)
        self.visited = np.zeros((len(agents), size), dtype=np.bool_)
        self._last_day = np.zeros((len(agents), size), dtype=np.int32)
        # Users who left a platform before it could see what came of its last move.
        self._unseen = np.zeros((len(agents), size), dtype=np.bool_)
        self.followers: list[Follower] = []
        self._goods = goods

    @property
    def seeds(self) -> NDArray[np.uint64]:
        """uint64 (size,)."""
        found: NDArray[np.uint64] = self.lives[0].arrays["seed"]
        return found

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The number of each life, int64 (size,)."""
        found: NDArray[np.int64] = self.lives[0].arrays["conversation"]
        return found

    # ---- lives -----------------------------------------------------------------------------------

    def open(self, rows: ArrayLike, numbers: ArrayLike, seed: int) -> None:
        """Begin lives.

        Args:
            rows: int (n,). numbers: int (n,), of the lives; with the seed they fix all luck, the
                user of the world among it.
        """
        chosen = np.asarray(rows, dtype=np.int64)
        if not len(chosen):
            return
        seeds = np.full(len(chosen), seed, dtype=np.uint64)
        for batch in self.lives:
            batch.open(chosen, seeds=seeds, conversations=np.asarray(numbers))
            if goods := self._goods:
                goods.withhold(batch, chosen)
        self.day[chosen] = 0
        self.visited[:, chosen] = False
        self._unseen[:, chosen] = False
        self.at[chosen] = self.choose(chosen)
        for m, batch in enumerate(self.lives):
            here = self.at[chosen] == m
            batch.arrays["done"][chosen[~here]] = 1
            self._reset(m, chosen[here])
        for follower in self.followers:
            follower.opened(self, chosen)
            follower.chose(self, chosen)

    def choose(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        """Where users go: platform m with odds `exp(choice_pull * loyalty to m)`; int8 (n,).

        The luck of it hangs on seed, life and day. Whoever was never at a platform has no loyalty
        to it: 0, as to one that was worth their time now and then.
        """
        if len(self.lives) == 1:
            return np.zeros(len(rows), dtype=np.int8)
        loyalty = np.stack([batch.arrays["loyalty"][rows] for batch in self.lives], axis=1)
        weights = np.exp(self.choice_pull * loyalty.astype(np.float64))
        upto = np.cumsum(weights, axis=1)
        luck = draw_units(self.seeds[rows], self.numbers[rows], self.day[rows], PLATFORM)
        found: NDArray[np.int8] = (upto <= (luck * upto[:, -1])[:, None]).sum(axis=1, dtype=np.int8)
        return np.minimum(found, len(self.lives) - 1).astype(np.int8)

    def step(self, until: int | None = None) -> NDArray[np.bool_]:
        """One move for every user who is in a session; bool (size,), who moved.

        Args:
            until: a day. Users whose next session is on a later one are held until `resume`.
        """
        moved = [batch.arrays["done"] == 0 for batch in self.lives]
        ended = np.zeros(self.size, dtype=np.bool_)
        opened: list[tuple[int, NDArray[np.bool_]]] = []
        for m, (batch, agent) in enumerate(zip(self.lives, self.agents, strict=True)):
            here = moved[m]
            if not here.any():
                continue
            batch.step(_only(agent.act(), here))
            a, rows = batch.arrays, np.flatnonzero(here)
            for follower in self.followers:
                follower.moved(self, m, rows)
            ended |= here & (a["done"] > 0)
            anew = here & (a["gap"] > 0) & (a["done"] == 0)
            opened.append((m, anew))
            self._last_day[m, rows] = a["at_day"][rows]
            self.day[anew] = a["day"][anew]
        leaving = []
        for m, anew in opened:
            rows = np.flatnonzero(anew)
            goes = self.choose(rows)
            stays = np.ones(self.size, dtype=np.bool_)
            stays[rows] = goes == m
            self.agents[m].observe(moved[m] & stays)
            if self._goods is not None and len(rows):
                self._goods.withhold(self.lives[m], rows)
            leaving += [(m, rows[goes == k], k) for k in range(len(self.lives)) if k != m]
        for m, rows, goal in leaving:
            self._move(m, goal, rows)
        anew_all = np.flatnonzero(np.logical_or.reduce([anew for _, anew in opened]))
        for follower in self.followers:
            if len(anew_all):
                follower.chose(self, anew_all)
            if ended.any():
                follower.ended(self, np.flatnonzero(ended))
        self.at[ended] = GONE
        if until is not None:
            for m, batch in enumerate(self.lives):
                batch.arrays["done"][(self.at == m) & (self.day > until)] = 1
        everywhere: NDArray[np.bool_] = np.logical_or.reduce(moved)
        return everywhere

    def _move(self, old: int, new: int, rows: NDArray[np.int64]) -> None:
        if not len(rows):
            return
        self._unseen[old, rows] = True
        known = self.visited[new, rows]
        away = np.where(known, self.day[rows] - self._last_day[new, rows], 0)
        travel(self.lives[old], self.lives[new], rows, away)
        self.at[rows] = new
        if self._goods is not None:
            self._goods.withhold(self.lives[new], rows)
        self._reset(new, rows[~known])
        back = np.zeros(self.size, dtype=np.bool_)
        back[rows[known]] = True
        back &= self._unseen[new]
        if back.any():
            self._unseen[new, back] = False
            self.agents[new].observe(back)

    def _reset(self, platform: int, rows: NDArray[np.int64]) -> None:
        if len(rows):
            self.visited[platform, rows] = True
            new = np.zeros(self.size, dtype=np.bool_)
            new[rows] = True
            self.agents[platform].reset(new)

    # ---- days ------------------------------------------------------------------------------------

    def play_day(self, day: int) -> None:
        """Every session of one day, move by move; then all users wait for the next day."""
        for m, batch in enumerate(self.lives):
            here = self.at == m
            batch.arrays["done"][here] = self.day[here] > day
        while self.running.any():
            self.step(until=day)

    @property
    def running(self) -> NDArray[np.bool_]:
        """Users who are in a session and not held; bool (size,)."""
        found: NDArray[np.bool_] = np.logical_or.reduce(
            [batch.arrays["done"] == 0 for batch in self.lives]
        )
        return found

    def said_at_opening(self, platform: int, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Instructions given when the running session was opened, int32 (n, 4); -1 rows."""
        found: NDArray[Any] = self.lives[platform].arrays["given"][rows, OPENING]
        return found


def _only(moves: Moves, here: NDArray[np.bool_]) -> Moves:
    """Moves with nothing in the rows of users who are elsewhere: what an agent says of those."""
    if here.all():
        return moves

    def kept(part: NDArray[np.int32] | None) -> NDArray[np.int32] | None:
        return None if part is None else np.where(here[:, None], part, -1).astype(np.int32)

    return moves._replace(items=kept(moves.items), because=kept(moves.because))


def _check(setup: Setup, agents: Sequence[Agent], choice_pull: float) -> None:
    if not issubclass(setup.family.load("batch"), Lives):
        raise OptionError(
            f"a market needs lives with days and sessions; {setup.family.title} have none. Name a "
            "RecoWorld environment, e.g. RecoWorld-LastFM."
        )
    if not agents:
        raise OptionError("a market needs a platform; name a recommender for each, e.g. follow.")
    if len(agents) > 100:
        raise OptionError(f"{len(agents)} platforms; at most 100 are possible.")
    if len({id(agent) for agent in agents}) < len(agents):
        raise OptionError("two platforms share one agent; each needs one of its own.")
    if not setup.users.decided_by_rules:
        raise OptionError(
            f"users {setup.users.name!r} answer by a language model, one call an answer; a market "
            "needs users that rules decide for."
        )
    if not (isinstance(choice_pull, (int, float)) and math.isfinite(choice_pull)):
        raise OptionError(f"choice_pull is {choice_pull!r}; a finite number is needed.")
