"""`PairEnv`: recommender and user as the two players of an episode, behind PettingZoo's AEC API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from recosim.envs.gym_env import FamilyEnv
from recosim.envs.options import RENDER_MODES
from recosim.envs.player import Player
from recosim.envs.registration import env_card
from recosim.envs.spaces import LegalDiscrete
from recosim.errors import MissingExtraError, OptionError, StateError, unknown
from recosim.multi.sides import PLAYERS, RecommenderSide, UserSide, read_players
from recosim.trace import Trace
from recosim.users.population import population

try:
    from pettingzoo import AECEnv
except ImportError as error:
    raise MissingExtraError("pettingzoo", "marl", "recosim.multi.pair_v0") from error

__all__ = ["ILLEGAL", "RECOMMENDER", "USER", "PairEnv"]

RECOMMENDER, USER = "recommender_0", "user_0"
ILLEGAL = -0.1  # what an illegal code costs the user where it is penalised

Observation = dict[str, Any]
Rewards = dict[str, float]


class PairEnv(AECEnv[str, Observation, Any]):  # type: ignore[misc]
    """One episode of any environment, played from both sides.

    ## Description

    `recommender_0` makes the moves of the environment `name`, one action of its "flat" (or "verb")
    view a move. Then `user_0` answers, by several actions in a row until the answer is whole; a
    move to which a user has nothing to say (a reflection, an illegal move) is settled at once.
    Where the user's answers are those of the rule user the episode is, bit by bit, that of the
    Gymnasium environment with the same seed.

    A side that is not among `players` is left to somebody: the user to the rules (and populations
    for whom a language model speaks answer as they do in the Gymnasium environment), or to a
    function; the recommender to an agent, or to a function.

    ## Action Space

    Both are `Discrete`, with a mask: in the observation and in the info. `recommender_0`: the
    actions of the environment. `user_0`: the codes of `Player` of its family, which its docstring
    lists; `env.player.codes` says what each means. Sampling a space without a mask draws what is
    legal.

    ## Observation Space

    `Dict(observation, action_mask)`. `recommender_0`: the observation of the environment without
    its mask. `user_0`: what that user wants, what was asked or shown, and in `said` the codes of
    the answer so far; see `Player.mind` of the family. The mask (int8) is 0 everywhere while it is
    the other's turn, and 1 everywhere once the episode has ended.

    ## Rewards

    `recommender_0`: the reward of the environment. `user_0`: what the user truly got by the move,
    the change of `true_utility`; less .1 for an illegal code. Both come with the move that was
    settled.

    ## Starting State

    That of the environment: `reset(seed=s)` is `reset(seed=s)` there. `options={"episode": {...}}`
    are its reset options; other options are ignored, as PettingZoo's tests want it.

    ## Episode End

    That of the environment, for both at once.

    ## Information

    `recommender_0`: the info of the environment after its last move. `user_0`: `action_mask`, and
    `suggestion`, the code with which the rule user would go on (-1 while nobody is asked).

    ## Arguments

    Args:
        name: id ("recosim/CPR-LastFM-v0") or short name of an environment.
        players: "recommender", "user", or both.
        recommender: who recommends where no player does: the name of an agent, an `Agent`, or a
            function (observation, info) -> action; None: the usual agent of the family.
        user: who answers where no player does: "rule" (None is the same), or a function
            (observation, info) -> a code, or the whole answer as a sequence of typed acts.
        illegal: "penalise" (default) or "raise". Penalised, an illegal action of the recommender
            does what it does in the environment; an illegal code of the user ends the answer by
            what was said so far, where that is nothing by "don't know" or a refusal.
        arguments: those of the environment. `actions` is "flat" or "verb".

    Raises:
        UnknownNameError: an environment, player, agent or argument that does not exist.
        OptionError: a side that is played twice or by nobody; users who talk by themselves, in the
            place of whom somebody is to answer.
        IllegalActionError: no action at all; an illegal one under `illegal="raise"`. Nothing has
            changed then.
        StateError: before `reset`, after the end, or an action for an agent that has ended.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (PettingZoo declares it of instances)
        "name": "pair_v0",
        "render_modes": list(RENDER_MODES),
        "render_fps": 1,
        "is_parallelizable": False,
    }

    def __init__(
        self,
        name: str = "CPR-LastFM",
        *,
        players: str | Iterable[str] = PLAYERS,
        recommender: Any = None,
        user: Any = None,
        **arguments: Any,
    ) -> None:
        self._arguments = (name, players, recommender, user, arguments)
        sides = read_players(players, recommender, user)
        for option, allowed in (("actions", ("flat", "verb")), ("observations", ("dict",))):
            if arguments.get(option, allowed[0]) not in allowed:
                raise unknown(f"value of {option} for pair_v0", arguments[option], allowed)
        card = env_card(name)
        self._family, self._name = card.record, card.name
        self._strict = arguments.get("illegal", "penalise") == "raise"
        self.possible_agents = [f"{side}_0" for side in sides]
        self.agents: list[str] = []
        given = {"illegal": "penalise", **card.arguments, **arguments}
        if "user" in sides or user not in (None, "rule"):
            _check_silent(given.get("users", "ideal"))
        kind: type[FamilyEnv] = card.record.load("env")
        self._assemble(kind(**given))
        self.render_mode = self.env.render_mode
        self._seen: Observation = {}
        self._mind: Observation | None = None
        self._got = 0.0
        self._turn = ""  # whose it is, also where that is no player
        self._ended = False

    def _assemble(self, env: FamilyEnv) -> None:
        """Put players, sides and spaces around an episode."""
        _, _, recommender, user, _ = self._arguments
        by_rule = user is None or user == "rule"
        self.env = env
        self.player: Player | None = None
        if USER in self.possible_agents or not by_rule:
            self.player = self._family.load("player")(env.batch)
        self._user = None
        if self.player is not None and USER not in self.possible_agents:
            self._user = UserSide(env, self.player, user)
        self._recommender = None
        if RECOMMENDER not in self.possible_agents:
            self._recommender = RecommenderSide(env, recommender, self._name)
        shown = dict(env.observation_space.spaces)
        shown.pop("action_mask", None)
        self.action_spaces = {RECOMMENDER: env.action_space}
        self.observation_spaces = {RECOMMENDER: _masked(spaces.Dict(shown), self._n_moves())}
        if self.player is not None:
            self.action_spaces[USER] = LegalDiscrete(self.player.n, self.player.legal)
            self.observation_spaces[USER] = _masked(self.player.space(), self.player.n)

    def _n_moves(self) -> int:
        return int(self.env.action_space.n)  # type: ignore[attr-defined]

    # ---- PettingZoo's API ------------------------------------------------------------------------

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return self.observation_spaces[self._known(agent)]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return self.action_spaces[self._known(agent)]

    def _known(self, agent: str) -> str:
        if agent not in self.possible_agents:
            raise unknown("agent", agent, self.possible_agents)
        return agent

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        chosen = (options or {}).get("episode")
        observation, info = self.env.reset(seed=seed, options=chosen)
        self.agents = self.possible_agents[:]
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {agent: {} for agent in self.agents}
        self.__dict__.pop("_skip_agent_selection", None)  # of an episode that was left early
        self._turn, self._ended = RECOMMENDER, False
        self._got = float(self.env.batch.arrays["utility"][0])
        if self.player is not None:
            self.player.rest()
        if self._recommender is not None:
            self._recommender.open()
        self._see(observation, info)
        self.agent_selection = self.agents[0]
        self._go_on()

    def step(self, action: Any) -> None:
        if not self.agents:
            raise StateError("no agent is left, or there was no reset; call reset to begin anew.")
        agent = self.agent_selection
        if self._ended:
            if action is not None:
                raise StateError(
                    f"{agent} has ended and takes no action but None, which removes it; call reset "
                    "to begin anew."
                )
            self._was_dead_step(None)
            return
        rewards = self._recommend(action) if agent == RECOMMENDER else self._answer(action)
        more = self._go_on()
        self._cumulative_rewards[agent] = 0.0
        self.rewards = {name: rewards[name] + more[name] for name in self.agents}
        self._accumulate_rewards()
        if self._ended:
            self._deads_step_first()

    def observe(self, agent: str) -> Observation:
        return self.observe_any(self._known(agent))

    def render(self) -> Any:
        return self.env.render()

    def close(self) -> None:
        self.env.close()

    def trace(self) -> Trace:
        """The episode so far; see `FamilyEnv.trace`. Recorded only while there is a render mode."""
        return self.env.trace()

    # ---- moves -----------------------------------------------------------------------------------

    def _recommend(self, action: Any) -> Rewards:
        if self.player is None:
            return self._settled(self.env.step(action))
        self.env.pose(action)
        return self._heard()

    def _heard(self) -> Rewards:
        """A move is posed: the user is asked, or somebody answers at once, and it is settled."""
        assert self.player is not None
        self._mind = None
        if not self.player.ask():
            return self._settle()
        self._turn = USER
        if self._user is None:
            return _nothing()
        self._user.answer(lambda: (self.observe_any(USER), self._user_info()))
        return self._settle()

    def _answer(self, action: Any) -> Rewards:
        player, fine = self.player, 0.0
        assert player is not None
        code = player.read(action)
        if player.legal[code] or self._strict:
            whole = player.say(code)
        else:
            player.close()
            whole, fine = True, ILLEGAL
        self._mind = None
        if not whole:
            return _nothing()
        player.write()
        rewards = self._settle()
        rewards[USER] += fine
        return rewards

    def _settle(self) -> Rewards:
        assert self.player is not None
        step = self.env.settle()
        self.player.rest()
        self._mind = None
        return self._settled(step)

    def _settled(self, step: Any) -> Rewards:
        """What came of a move, for both."""
        observation, reward, terminated, truncated, info = step
        got, before = float(self.env.batch.arrays["utility"][0]), self._got
        self._got, self._ended, self._turn = got, terminated or truncated, RECOMMENDER
        if self._recommender is not None:
            self._recommender.observe()
        self.terminations = dict.fromkeys(self.agents, terminated)
        self.truncations = dict.fromkeys(self.agents, truncated)
        self._see(observation, info)
        return {RECOMMENDER: float(reward), USER: got - before}

    def _go_on(self) -> Rewards:
        """Let somebody recommend, where no player does, until a player is asked or the end."""
        total = _nothing()
        while self._recommender is not None and self._turn == RECOMMENDER and not self._ended:
            info = {**self._info, "action_mask": self._mask(RECOMMENDER)}
            self.env.pose(self._recommender.act(self.observe_any(RECOMMENDER), info))
            for name, more in self._heard().items():
                total[name] += more
        if self._turn in self.agents:
            self.agent_selection = self._turn
        if RECOMMENDER in self.agents:
            self.infos[RECOMMENDER] = {**self._info, "action_mask": self._mask(RECOMMENDER)}
        if USER in self.agents:
            self.infos[USER] = self._user_info()
        return total

    # ---- what is seen ----------------------------------------------------------------------------

    def _see(self, observation: Any, info: dict[str, Any]) -> None:
        self._seen = {key: value for key, value in observation.items() if key != "action_mask"}
        self._info = info
        self._moves: NDArray[np.int8] = info["action_mask"]

    def _user_info(self) -> dict[str, Any]:
        assert self.player is not None
        suggestion = self.player.suggest() if self.player.asked else -1
        return {"action_mask": self._mask(USER), "suggestion": suggestion}

    def observe_any(self, agent: str) -> Observation:
        """What a side sees, also one that is no player."""
        return {"observation": self._look(agent), "action_mask": self._mask(agent)}

    def _look(self, agent: str) -> Observation:
        if agent == RECOMMENDER:
            return self._seen
        assert self.player is not None
        if self._mind is None:
            self._mind = self.player.observation()
        return self._mind

    def _mask(self, agent: str) -> NDArray[np.int8]:
        """Legal actions now: none while it is the other's turn, all once the episode has ended."""
        if agent == RECOMMENDER:
            legal = self._moves
        else:
            assert self.player is not None
            legal = self.player.legal
        if self._ended:
            return np.ones_like(legal)
        return legal.copy() if self._turn == agent else np.zeros_like(legal)

    # ---- saving ----------------------------------------------------------------------------------

    def __reduce__(self) -> Any:
        parts = ("env", "player", "_user", "_recommender", "action_spaces")
        own = {name: value for name, value in self.__dict__.items() if name not in parts}
        player = None if self.player is None else self.player.state()
        return _restore, (type(self), self.env, player, self.action_spaces.get(USER), own)


def _nothing() -> Rewards:
    return {RECOMMENDER: 0.0, USER: 0.0}


def _check_silent(users: Any) -> None:
    """Raise `OptionError` where a language model speaks for users: they answer for themselves."""
    crowd = population(users)
    if crowd.llm is not None:
        raise OptionError(
            f"users {crowd.name!r} speak through a language model and answer for themselves; leave "
            "the user to them (players='recommender', without user=), or take users that rules "
            "decide for."
        )


def _masked(seen: spaces.Dict, n: int) -> spaces.Dict:
    mask = spaces.Box(0, 1, (n,), dtype=np.int8)
    return spaces.Dict({"observation": seen, "action_mask": mask})


def _restore(cls: type[PairEnv], env: FamilyEnv, player: Any, space: Any, own: Any) -> PairEnv:
    pair = cls.__new__(cls)
    pair.__dict__.update(own)
    pair._assemble(env)
    pair.observation_spaces = own["observation_spaces"]
    if pair.player is not None:
        pair.player.set_state(player)
        space.legal = pair.player.legal
        pair.action_spaces[USER] = space
    return pair
