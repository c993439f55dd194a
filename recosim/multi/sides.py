"""Who plays a side of `recosim.multi.pair_v0` that is no player: rules, agents, functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from recosim.acts import Moves
from recosim.agents.base import Agent
from recosim.agents.registry import make_agent
from recosim.agents.usual import usual_agent
from recosim.envs.gym_env import FamilyEnv
from recosim.envs.player import Player
from recosim.errors import OptionError, unknown
from recosim.family import family

__all__ = ["PLAYERS", "RecommenderSide", "UserSide", "read_players"]

PLAYERS = ("recommender", "user")

Observation = dict[str, Any]
Policy = Callable[[Observation, dict[str, Any]], Any]


def read_players(players: Any, recommender: Any, user: Any) -> tuple[str, ...]:
    """The sides that are players, in the order of `PLAYERS`.

    Raises:
        UnknownNameError: a side that does not exist.
        OptionError: none, or one that is left to somebody too.
    """
    given = (players,) if isinstance(players, str) else tuple(players)
    for name in given:
        if name not in PLAYERS:
            raise unknown("player", name, PLAYERS)
    if not given:
        raise OptionError("players is empty; name 'recommender', 'user', or both.")
    for name, side in zip(PLAYERS, (recommender, user), strict=True):
        if name in given and side is not None:
            raise OptionError(
                f"the {name} is a player, and {side!r} cannot play it too; leave {name!r} out of "
                f"players, or {name}= out of the arguments."
            )
    return tuple(name for name in PLAYERS if name in given)


class RecommenderSide:
    """Recommends in the place of a player: an agent, or a function of what a player would see.

    Args:
        env: the episode.
        who: the name of an agent, an `Agent`, a function (observation, info) -> action, or None:
            the usual agent of the family.
        name: of the environment, for settings of agents that hang on it.

    Raises:
        UnknownNameError: no such agent. OptionError: it is not made for this environment.
    """

    def __init__(self, env: FamilyEnv, who: Any, name: str) -> None:
        self._env, self._policy, self._agent = env, None, None
        if callable(who) and not isinstance(who, Agent):
            self._policy = who
            return
        if who is None:
            who = usual_agent(env.setup, name)
        agent = make_agent(who, name) if isinstance(who, str) else who
        if not isinstance(agent, Agent):
            raise OptionError(
                f"recommender is {who!r}; the name of an agent, an Agent, or a function of "
                "(observation, info) is needed."
            )
        if misfit := agent.misfit_of(env.setup):
            raise OptionError(f"agent {agent.name!r} does not fit {name}: {misfit}.")
        self._agent = agent
        agent.bind(env.batch)

    def open(self) -> None:
        """An episode has begun."""
        if self._agent is not None:
            self._agent.reset(np.ones(1, dtype=bool))

    def act(self, observation: Observation, info: dict[str, Any]) -> Any:
        """The next move, as `FamilyEnv.pose` takes it."""
        if self._policy is not None:
            return self._policy(observation, info)
        assert self._agent is not None
        moves: Moves = self._agent.act()
        return moves

    def observe(self) -> None:
        """The move was settled."""
        if self._agent is not None:
            self._agent.observe(np.ones(1, dtype=bool))


class UserSide:
    """Answers in the place of a player: a function of what a player would see.

    Args:
        env: the episode. player: its user.
        policy: (observation, info) -> a code, until the answer is whole; or the whole answer at
            once, as a sequence of typed acts (`recosim.acts`), for people and language models.

    Raises:
        OptionError: no function.
    """

    def __init__(self, env: FamilyEnv, player: Player, policy: Policy) -> None:
        if not callable(policy):
            raise OptionError(
                f"user is {policy!r}; 'rule', or a function of (observation, info) is needed."
            )
        self._batch, self._player, self._policy = env.batch, player, policy
        self._acts = family(env.family).load("acts")

    def answer(self, look: Callable[[], tuple[Observation, dict[str, Any]]]) -> None:
        """Answer the move that was posed, into its fields.

        Raises:
            IllegalActionError: a code that is not legal. OptionError: acts that are no answer.
        """
        while True:
            given = self._policy(*look())
            if isinstance(given, Sequence):
                self._acts.write_answer(self._batch, 0, tuple(given))
                return
            if self._player.say(self._player.read(given)):
                self._player.write()
                return
