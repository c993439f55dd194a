"""`PopulationEnv`: platforms and creators as players, behind PettingZoo's parallel API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from recosim.envs.registration import env_card
from recosim.envs.setup import Setup
from recosim.errors import (
    IllegalActionError,
    MissingExtraError,
    OptionError,
    StateError,
    unknown,
)
from recosim.multi.creators import MAKES
from recosim.multi.platforms import PRESETS, WEIGHTS, Ranking
from recosim.multi.players import (
    MOST_WEIGHT,
    read_code,
    read_names,
    read_players,
    read_rules,
    read_trade,
    read_weights,
    side_of,
)
from recosim.multi.sights import OWN, WORKING, creator_sees, platform_sees
from recosim.multi.society import Society

try:
    from pettingzoo import ParallelEnv
except ImportError as error:
    raise MissingExtraError("pettingzoo", "marl", "recosim.multi.population_v0") from error

__all__ = ["MARKETS", "PopulationEnv"]

Observation = dict[str, Any]

# Markets by name: the recommender of each platform, how many creators, and who plays.
MARKETS: dict[str, dict[str, Any]] = {
    "one_platform": {"platforms": ("relevance",), "creators": 0, "players": "platforms"},
    "duopoly": {"platforms": ("relevance", "relevance"), "creators": 0, "players": "platforms"},
    "creators_market": {"platforms": ("relevance",), "creators": 10, "players": "creators"},
}
VIEWS = ("presets", "weights")
RANKINGS = tuple(PRESETS)
ILLEGAL = -0.1  # what an illegal action costs where it is penalised


class PopulationEnv(ParallelEnv[str, Observation, Any]):  # type: ignore[misc]
    """A month of a population with its platforms and creators.

    ## Description

    Users live the lives of the RecoWorld environment `name`. On each day on which they come back
    they choose a platform by their loyalties, and a session runs with its recommender
    (docs/population.md). A step is one day: every player acts, then all sessions of the day run.
    Platforms and creators that nobody plays follow rules.

    ## Action Space

    `platform_i`: how its ranking weighs relevance, appeal, popularity, novelty and heeding
    (`recosim.multi.platforms.Ranking`) from this day on. With `actions="presets"` `Discrete(5)`:
    the rankings `recosim.multi.platforms.PRESETS`, in order. With `"weights"` `Box(-3, 3, (5,))`,
    float32.

    `creator_j`: `Discrete(1 + 3 * choices)`: 0 releases nothing; `1 + 3 c + k` releases choice `c`
    of its unreleased items, made plain, as bait (more appeal) or as craft (more quality), `k` = 0,
    1, 2. What it cannot pay for is masked.

    ## Observation Space

    `Dict(observation, action_mask)`; of a `Box` action there is no mask. float32, all of the day
    before (0 on the first day).

    `platform_i`, (17,): day / days; users in a session here, and anywhere, of all users; sessions
    here of all sessions; of a session: clicks, minutes, likes, instructions, exits out of
    disappointment; clicks of items shown; sessions after which users came back; users not gone; its
    5 weights.

    `creator_j`, (8 + 3 choices + 6,): day / days; wealth / budget; its share of all that was shown,
    and of all clicks; clicks of the times shown; its unreleased items, of those at first; creators
    not out; income; of each choice: 1 if there is one, what was clicked of items with its
    attributes, how many users came back who consumed such; then the same two of each way to make an
    item, 0 where too little is known.

    ## Rewards

    Sums of `info["reward_terms"]`. Platforms: `active`, the share of all users who were in a
    session here today; `returns` (times `retention_weight`), the share of today's sessions here
    after which users will come back. Creators: `exposure`, `creators * (share of all that was shown
    today)` times the income of the trade; `cost`, of what was released, below 0; both: `illegal`.
    `info["true_utility"]` is what an average user truly got today, whatever the rewards say.

    ## Starting State

    Day 0: every user is about to open a first session, with no loyalty to anyone. `reset(seed=s)`
    fixes everything; `reset()` after it goes on to the next episode of that seed. Options are
    ignored.

    ## Episode End

    `truncated` for all after the last day, `terminated` for all once no user will ever come back,
    and for a creator whose wealth falls below 0: it is gone from `agents`, its items stay.

    ## Information

    `action_mask` (of `Discrete` actions), `reward_terms`, `true_utility`, `day`; `illegal` where an
    action was. `env.unwrapped.society` holds `log` (figures by day) and `summary()`: welfare,
    concentration, exposure and its Gini, survival of creators, likeness of users.

    ## Arguments

    Args:
        market: "one_platform", "duopoly" or "creators_market": what `platforms`, `creators` and
            `players` are where they are not given.
        name: id or short name of a RecoWorld environment.
        platforms: the recommender of each platform, by name; who is played starts with its ranking.
        creators: how many, or the rule of each ("still", "chase_clicks", "chase_retention").
        players: "platforms", "creators", "both", or names of agents.
        users: how many live.
        days: of an episode; those of the environment by default.
        actions: "presets" or "weights", of platforms.
        choice_pull: how much loyalty counts when users choose a platform.
        retention_weight: of the term `returns`.
        trade: terms of creators by name, see `recosim.multi.creators.Trade`.
        illegal: "penalise" (default; nothing is released, and it costs .1) or "raise".
        render_mode: None or "ansi".
        threads: of each batch.
        arguments: those of the environment: world, users of it as `population`, split, settings.

    Raises:
        UnknownNameError: a market, environment, platform, rule, player or argument that does not
            exist.
        OptionError: what cannot be: a player without a part, creators without budget, more.
        IllegalActionError: no action at all, an action for nobody; an illegal one under "raise".
            Nothing has changed then.
        StateError: before `reset`, after the end, or an action for an agent that has ended.
        MissingExtraError: PettingZoo is not installed.
    """

    metadata: ClassVar[dict[str, Any]] = {
        "name": "population_v0",
        "render_modes": ["ansi"],
        "render_fps": 1,
        "is_parallelizable": True,
    }

    def __init__(
        self,
        market: str = "duopoly",
        *,
        name: str = "RecoWorld-LastFM",
        platforms: Iterable[str] | None = None,
        creators: int | Iterable[str] | None = None,
        players: str | Iterable[str] | None = None,
        users: int = 500,
        days: int | None = None,
        actions: str = "presets",
        choice_pull: float = 4.0,
        retention_weight: float = 0.0,
        trade: Mapping[str, Any] | None = None,
        illegal: str = "penalise",
        render_mode: str | None = None,
        threads: int | None = None,
        population: Any = None,
        **arguments: Any,
    ) -> None:
        given = {key: value for key, value in locals().items() if key not in ("self", "__class__")}
        self._arguments = {**given.pop("arguments"), **given}
        for option, value, allowed in (
            ("market", market, tuple(MARKETS)),
            ("actions", actions, VIEWS),
            ("illegal", illegal, ("penalise", "raise")),
            ("render_mode", render_mode, (None, "ansi")),
        ):
            if value not in allowed:
                raise unknown(f"value of {option}", value, [str(word) for word in allowed])
        usual = MARKETS[market]
        names = read_names(usual["platforms"] if platforms is None else platforms, "platforms")
        rules = read_rules(usual["creators"] if creators is None else creators)
        self.possible_agents = read_players(
            usual["players"] if players is None else players, len(names), len(rules)
        )
        for agent in self.possible_agents:
            side, k = side_of(agent)
            if side == "platform" and names[k] not in PRESETS:
                raise OptionError(
                    f"{agent} is a player and {names[k]!r} is not a ranking, which it could change."
                    f" Name one of {', '.join(PRESETS)}, or leave {agent} to its rule."
                )
        card = env_card(name)
        changed = dict(arguments)
        if population is not None:
            changed["users"] = population
        if days is not None:
            options = {**(changed.get("protocol_options") or {}), "horizon": days}
            changed["protocol_options"] = options
        setup = Setup.prepare(card.record, **{**card.arguments, **changed})
        self.society = Society(
            setup,
            names,
            rules,
            users,
            choice_pull=choice_pull,
            trade=read_trade(trade),
            threads=threads,
            environment=card.name,
        )
        if not np.isfinite(retention_weight):
            raise OptionError(f"retention_weight is {retention_weight!r}; a number is needed.")
        self.retention_weight = float(retention_weight)
        self.render_mode, self._view, self._strict = render_mode, actions, illegal == "raise"
        self.agents: list[str] = []
        self._seed, self._episode = -1, -1
        self._history: list[dict[str, Any]] = []
        self._actions = {agent: self._action_space(agent) for agent in self.possible_agents}
        self._observations = {
            agent: self._observation_space(agent) for agent in self.possible_agents
        }

    # ---- spaces ----------------------------------------------------------------------------------

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """The same object each time."""
        return self._observations[self._known(agent)]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """The same object each time."""
        return self._actions[self._known(agent)]

    def _known(self, agent: str) -> str:
        if agent not in self.possible_agents:
            raise unknown("agent", agent, self.possible_agents)
        return agent

    def _action_space(self, agent: str) -> spaces.Space[Any]:
        side, _ = side_of(agent)
        if side == "creator":
            assert self.society.makers is not None
            return spaces.Discrete(self.society.makers.trade.actions)
        if self._view == "weights":
            return spaces.Box(-MOST_WEIGHT, MOST_WEIGHT, (len(WEIGHTS),), np.float32)
        return spaces.Discrete(len(RANKINGS))

    def _observation_space(self, agent: str) -> spaces.Space[Any]:
        side, _ = side_of(agent)
        width = WORKING + len(WEIGHTS)
        if side == "creator":
            assert self.society.makers is not None
            width = OWN + 3 * self.society.makers.trade.choices + 2 * len(MAKES)
        parts: dict[str, spaces.Space[Any]] = {
            "observation": spaces.Box(-np.inf, np.inf, (width,), np.float32)
        }
        space = self._actions[agent]
        if isinstance(space, spaces.Discrete):
            parts["action_mask"] = spaces.Box(0, 1, (int(space.n),), np.int8)
        return spaces.Dict(parts)

    # ---- playing ---------------------------------------------------------------------------------

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Day 0; see "Starting State"."""
        if seed is not None:
            whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
            if not whole or not 0 <= seed < 2**31:
                raise OptionError(
                    f"seed is {seed!r}; a whole number from 0 to 2147483647 is needed."
                )
            self._seed, self._episode = int(seed), 0
        elif self._seed < 0:
            self._seed, self._episode = int(np.random.default_rng().integers(2**31)), 0
        else:
            self._episode += 1
        self._begin()
        found = {agent: self._observe(agent) for agent in self.agents}
        return found, {agent: self._info(agent, {}, found[agent], 0.0) for agent in self.agents}

    def _begin(self) -> None:
        self._history = []
        for k, agent in enumerate(self.society.market.agents):
            if isinstance(agent, Ranking) and f"platform_{k}" in self.possible_agents:
                agent.weights[:] = PRESETS[agent.name]
        self.society.begin(self._seed, self._episode)
        self.agents = list(self.possible_agents)

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[
        dict[str, Observation],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, dict[str, Any]],
    ]:
        """One day; see the class."""
        weights, releases, wrong = self._read_actions(actions)
        players, society = list(self.agents), self.society
        self._history.append({agent: np.array(actions[agent]) for agent in players})
        society.play(weights, releases)
        rewards, infos, observations = {}, {}, {}
        left = not bool((society.market.at >= 0).any())
        out_of_days = society.day >= society.days
        terminated, truncated = {}, {}
        true_utility = float(society.log["utility"][-1].sum()) / society.users
        for agent in players:
            terms = self._terms(agent, agent in wrong)
            rewards[agent] = float(sum(terms.values()))
            terminated[agent] = left or self._is_out(agent)
            truncated[agent] = bool(out_of_days and not terminated[agent])
            observations[agent] = self._observe(agent)
            infos[agent] = self._info(agent, terms, observations[agent], true_utility)
            if agent in wrong:
                infos[agent]["illegal"] = True
        self.agents = [a for a in players if not (terminated[a] or truncated[a])]
        return observations, rewards, terminated, truncated, infos

    def _read_actions(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[int, NDArray[np.float32]], dict[int, int], set[str]]:
        """Actions as the market takes them, and who gave an illegal one. Changes nothing."""
        if not self.agents:
            what = "the episode has ended" if self._seed >= 0 else "there is no episode yet"
            raise StateError(f"{what}; call reset.")
        if not isinstance(actions, Mapping):
            raise IllegalActionError(
                f"actions are {type(actions).__name__}; a dictionary by agent is needed."
            )
        for agent in actions:
            if agent not in self.possible_agents:
                raise unknown("agent", agent, self.possible_agents)
            if agent not in self.agents:
                raise StateError(f"{agent} has ended; give actions to {', '.join(self.agents)}.")
        if missing := [agent for agent in self.agents if agent not in actions]:
            raise IllegalActionError(f"no action for {', '.join(missing)}; each agent acts daily.")
        weights: dict[int, NDArray[np.float32]] = {}
        releases: dict[int, int] = {}
        wrong: set[str] = set()
        for agent in self.agents:
            side, k = side_of(agent)
            space = self._actions[agent]
            if isinstance(space, spaces.Box):
                weights[k] = read_weights(agent, actions[agent])
                continue
            assert isinstance(space, spaces.Discrete)
            code = read_code(agent, actions[agent], int(space.n))
            if side == "platform":
                weights[k] = np.array(PRESETS[RANKINGS[code]], dtype=np.float32)
                continue
            assert self.society.makers is not None
            if not self.society.makers.mask(k)[code]:
                if self._strict:
                    raise IllegalActionError(
                        f"action {code} of {agent} is not legal: there is no such item, or it "
                        "costs more than there is. Choose by the action_mask, or make the "
                        "environment with illegal='penalise'."
                    )
                wrong.add(agent)
                code = 0
            releases[k] = code
        if self.society.makers is not None:  # who was a player and is out releases nothing
            for agent in self.possible_agents:
                side, k = side_of(agent)
                if side == "creator":
                    releases.setdefault(k, 0)
        return weights, releases, wrong

    # ---- what players get ------------------------------------------------------------------------

    def _is_out(self, agent: str) -> bool:
        side, k = side_of(agent)
        makers = self.society.makers
        return side == "creator" and makers is not None and not bool(makers.alive[k])

    def _terms(self, agent: str, wrong: bool) -> dict[str, float]:
        side, k = side_of(agent)
        log = self.society.log
        fault = ILLEGAL if wrong else 0.0
        if side == "platform":
            sessions = int(log["active"][-1][k])
            back = int(log["returns"][-1][k]) / sessions if sessions else 0.0
            return {
                "active": sessions / self.society.users,
                "returns": self.retention_weight * back,
                "illegal": fault,
            }
        return {
            "exposure": float(log["income"][-1][k]),
            "cost": -float(log["costs"][-1][k]),
            "illegal": fault,
        }

    def _info(
        self, agent: str, terms: dict[str, float], seen: Observation, true_utility: float
    ) -> dict[str, Any]:
        info: dict[str, Any] = {
            "reward_terms": terms,
            "true_utility": true_utility,
            "day": self.society.day,
        }
        if "action_mask" in seen:
            info["action_mask"] = seen["action_mask"].copy()
        return info

    def _observe(self, agent: str) -> Observation:
        side, k = side_of(agent)
        sees = platform_sees if side == "platform" else creator_sees
        found: Observation = {"observation": np.array(sees(self.society, k), dtype=np.float32)}
        space = self._actions[agent]
        if isinstance(space, spaces.Discrete):
            mask = np.ones(int(space.n), dtype=np.int8)
            if side == "creator" and self.society.makers is not None:
                mask = self.society.makers.mask(k)
            found["action_mask"] = mask
        return found

    def state(self) -> NDArray[np.float32]:
        """What all possible agents see, one after the other; float32."""
        seen = [self._observe(agent)["observation"] for agent in self.possible_agents]
        found: NDArray[np.float32] = np.concatenate(seen)
        return found

    def render(self) -> str | None:
        """The day in words, with `render_mode="ansi"`."""
        if self.render_mode is None:
            return None
        society, log = self.society, self.society.log
        if not log:
            return f"day 0 of {society.days}: {society.users} users are about to begin"
        lines = [f"day {society.day} of {society.days}: {log['living'][-1]} users not gone"]
        for k, name in enumerate(society.names):
            n = int(log["active"][-1][k])
            lines.append(f"  platform_{k} ({name}): {n} sessions, {log['clicks'][-1][k]} clicks")
        if society.makers is not None:
            for j in range(society.makers.count):
                state = "" if society.makers.alive[j] else ", out"
                lines.append(
                    f"  creator_{j}: shown {log['exposure'][-1][j]} times, wealth "
                    f"{society.makers.wealth[j]:.2f}{state}"
                )
        return "\n".join(lines)

    def close(self) -> None:
        """Nothing is held open."""

    # ---- copies ----------------------------------------------------------------------------------

    def __reduce__(self) -> tuple[Any, ...]:
        """Its arguments and what was done: a copy plays it anew, to the same end."""
        place = self._seed, self._episode, self._history, self._actions, self._observations
        return _again, (type(self), self._arguments, *place)


def _again(
    kind: type[PopulationEnv],
    arguments: dict[str, Any],
    seed: int,
    episode: int,
    history: list[dict[str, Any]],
    actions: dict[str, Any],
    observations: dict[str, Any],
) -> PopulationEnv:
    env = kind(**arguments)
    env._actions, env._observations = actions, observations
    env._seed, env._episode = seed, episode
    if seed >= 0:
        env._begin()
        for day in history:
            env.step(day)
    return env
