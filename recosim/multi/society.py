"""`Society`: users, platforms and creators, day by day. What `population_v0` shows to players."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.agents.base import Agent
from recosim.agents.recoworld.rules import Diversify, Follow, Popular, Static
from recosim.agents.rules import AbsGreedy, RandomAgent
from recosim.envs.setup import Setup
from recosim.errors import OptionError
from recosim.multi.creators import Creators, Trade
from recosim.multi.market import Market
from recosim.multi.measures import gini, summarise
from recosim.multi.plan import labels
from recosim.multi.platforms import PRESETS, Ranking, make_platforms
from recosim.multi.tally import SCALE, Tally

__all__ = ["Society"]

# Recommenders that read appeal as the market has it, or not at all. The others have read it from
# the world before anything was released.
_FRESH = (Ranking, Static, Follow, Popular, Diversify, AbsGreedy, RandomAgent)


class Society:
    """A market that is played day by day.

    Args:
        setup: of a RecoWorld environment.
        platforms: recommenders by name, see `make_platforms`; or agents.
        creators: the rule of each creator (`recosim.multi.creators.RULES`); none: nobody releases
            anything, and every item is on offer.
        users: how many live.
        choice_pull, threads: see `Market`. trade: the terms of creators.
        environment: short name of the environment, for settings of agents that hang on it.

    Attributes:
        day: the next one to be played, from 0. days: of an episode.
        market, tally: what is played, and what was counted. makers: the creators; None.
        log: by name a list of one value (or array) for each day that was played.

    Raises:
        OptionError, UnknownNameError: what cannot be a platform, a creator, or a number of users.
    """

    def __init__(
        self,
        setup: Setup,
        platforms: Sequence[str | Agent],
        creators: Sequence[str] = (),
        users: int = 500,
        *,
        choice_pull: float = 4.0,
        trade: Trade | None = None,
        threads: int | None = None,
        environment: str = "",
    ) -> None:
        if isinstance(users, bool) or not isinstance(users, int) or not 1 <= users <= 10**6:
            raise OptionError(f"users is {users!r}; a whole number from 1 to 1,000,000 is needed.")
        agents = [
            make_platforms([given], setup, environment)[0] if isinstance(given, str) else given
            for given in platforms
        ]
        rules = setup.protocol
        self.makers: Creators | None = None
        if creators:
            for agent in agents:
                if not isinstance(agent, _FRESH):
                    raise OptionError(
                        f"agent {agent.name!r} reads what the world says of its items before "
                        "anything is released, so it cannot be a platform where creators release. "
                        "Some that can: static, follow, apply_all, diversify, popular; or a "
                        f"ranking: {', '.join(PRESETS)}."
                    )
            room = rules.max_turns * rules.top_k
            self.makers = Creators(setup.world, creators, users, room, trade)
        self.setup, self.users = setup, users
        self.market = Market(
            setup, agents, users, choice_pull=choice_pull, threads=threads, goods=self.makers
        )
        self.names = labels([agent.name for agent in agents])
        self.tally = Tally.of(self.market)
        if self.makers is not None:
            self.market.followers.append(self.makers)
        self.days = int(rules.horizon)
        self.day = self.days
        self.log: dict[str, list[Any]] = {}

    def begin(self, seed: int, episode: int = 0) -> None:
        """Day 0. Seed and number of the episode fix all luck, that of users and of creators."""
        self.day, self.log = 0, {}
        self.tally.clear()
        if self.makers is not None:
            self.makers.begin(seed * 1_000_003 + episode)
        for agent in self.market.agents:
            if isinstance(agent, Ranking):
                agent.forget()
        numbers = episode * self.users + np.arange(self.users)
        self.market.open(np.arange(self.users), numbers, seed)

    @property
    def over(self) -> bool:
        """Whether there is no further day: the days ran out, or everybody has left for good."""
        return self.day >= self.days or bool((self.market.at < 0).all())

    def play(
        self,
        weights: Mapping[int, Any] | None = None,
        releases: Mapping[int, int] | None = None,
    ) -> None:
        """One day: platforms and creators act, then users live through it.

        Args:
            weights: of rankings, by the number of their platform; the others stay as they are.
            releases: actions of creators by their number (`Trade.actions`), legal ones; the others
                follow their rules.
        """
        for m, given in (weights or {}).items():
            agent = self.market.agents[m]
            assert isinstance(agent, Ranking)
            agent.weights[:] = given
        for agent in self.market.agents:
            if isinstance(agent, Ranking):
                agent.new_day()
        costs = self._release(releases or {})
        self.market.play_day(self.day)
        self._note(costs)
        self.day += 1

    def _release(self, releases: Mapping[int, int]) -> NDArray[np.float64]:
        if self.makers is None:
            return np.zeros(0)
        makers = self.makers
        # All decide before anyone releases, so that nobody knows what the others do today.
        chosen = {
            j: releases[j] if j in releases else makers.decide(j, self.day)
            for j in range(makers.count)
        }
        costs = np.array([makers.release(j, action) for j, action in chosen.items()])
        makers.new_day()
        return costs

    def _note(self, costs: NDArray[np.float64]) -> None:
        day, a = self.day, self.tally.arrays
        active = a["sessions"][:, day]
        sums = {
            name: a[name][:, day]
            for name in ("clicks", "shown", "likes", "exits", "instructions", "gone")
        }
        total = int(active.sum())
        noted: dict[str, Any] = {
            "active": active.copy(),
            "returns": a["returns"][:, day].copy(),
            "minutes": a["minutes"][:, day] / SCALE,
            "utility": a["utility"][:, day] / SCALE,
            "regret": a["regret"][:, day] / SCALE,
            "let_down": a["let_down"][:, day] / SCALE,
            "concentration": float(((active / total) ** 2).sum()) if total else None,
            "living": int((self.market.at >= 0).sum()),
            **{name: values.copy() for name, values in sums.items()},
        }
        if self.makers is not None:
            makers = self.makers
            exposure = np.bincount(makers.owner, weights=makers.shown, minlength=makers.count)
            noted |= {
                "exposure": exposure.astype(np.int64),
                "item_gini": gini(makers.shown[makers.released]),
                "creator_gini": gini(exposure.astype(np.int64)),
                "costs": costs,
                "income": makers.pay().copy(),
                "wealth": makers.wealth.copy(),
                "alive": makers.alive.copy(),
                "offer": makers.offered(),
            }
        for name, value in noted.items():
            self.log.setdefault(name, []).append(value)

    def summary(self) -> dict[str, Any]:
        """The figures of the days so far: `summarise`, and those of creators."""
        found = summarise(self.tally.arrays, self.names)
        if self.makers is not None and self.log:
            exposure = np.sum(self.log["exposure"], axis=0)
            found["creators"] = {
                "alive": float(self.log["alive"][-1].mean()),
                "exposure_gini": gini(exposure),
                "item_gini": self.log["item_gini"],
                "offer": self.log["offer"][-1],
            }
        return found
