"""Stable-Baselines3 on the batched core: `make_sb3("CPR-Yelp", n_envs=256)` gives its `VecEnv`.

Importing this module imports stable-baselines3 (extra `[sb3]`), and with it torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from recosim.envs.gym_vector import FamilyVectorEnv
from recosim.envs.observer import Observations
from recosim.envs.options import check_observe
from recosim.envs.registration import env_card
from recosim.errors import MissingExtraError, OptionError, StateError

try:
    from stable_baselines3.common.vec_env import VecEnv
    from torch.nn import ModuleDict
except ImportError as error:
    raise MissingExtraError("stable-baselines3", "sb3", "recosim.envs.sb3") from error

__all__ = ["SB3VecEnv", "learnable", "make_sb3"]

Rows = int | Iterable[int] | None


def learnable(keys: Iterable[str]) -> tuple[str, ...]:
    """Those of some keys of observations that policies can be made of.

    The numbers of the items shown are no quantities. And policies keep a network for each key in a
    `ModuleDict`, which has no room for the names of its own methods.
    """
    return tuple(k for k in keys if k != "shown_items" and not hasattr(ModuleDict, k))


def make_sb3(
    name: str,
    n_envs: int = 256,
    *,
    seed: int | None = None,
    limit_ends: bool = False,
    **arguments: Any,
) -> SB3VecEnv:
    """A registered environment as a `VecEnv` of stable-baselines3, all conversations in one batch.

        env = VecMonitor(make_sb3("CPR-LastFM", n_envs=256))
        MaskablePPO("MultiInputPolicy", env).learn(1_000_000)

    Illegal actions are penalised unless `illegal="raise"` is given: PPO and DQN know no masks.
    Without `observe` all keys are shown that policies can be made of (`learnable`).

    Args:
        name: id ("recosim/CPR-Yelp-v0") or short name ("CPR-Yelp") of an environment.
        n_envs: conversations of the batch.
        seed: conversation i has the users of `gymnasium.make(...)` that was reset with seed + i. An
            algorithm that is given a seed of its own replaces it.
        limit_ends: see `SB3VecEnv`.
        arguments: those of the environment that differ from its card's; see `FamilyVectorEnv`.

    Raises:
        UnknownNameError: no such environment or argument; the nearest name is offered.
        OptionError: `actions="slate"`, whose dictionary no algorithm of stable-baselines3 takes; a
            key to observe that no policy can be made of.
    """
    for reserved in ("num_envs", "autoreset_mode", "infos", "copy"):
        if reserved in arguments:
            raise OptionError(
                f"{reserved} is set by make_sb3 itself; leave it out"
                + (" and give n_envs." if reserved == "num_envs" else ".")
            )
    card = env_card(name)
    arguments = {**card.arguments, **arguments}
    observe = arguments.get("observe", "all")
    keys = check_observe(observe, card.record.load("observer").KEYS)
    arguments["observe"] = learnable(keys)
    if observe != "all" and len(arguments["observe"]) < len(keys):
        lost = ", ".join(sorted({*keys} - {*arguments["observe"]}))
        raise OptionError(f"observe has {lost}, of which no policy can be made; leave it out.")
    env = card.record.load("vector_env")(
        n_envs,
        autoreset_mode=AutoresetMode.DISABLED,
        infos=False,
        copy=False,
        **arguments,
    )
    return SB3VecEnv(env, seed, limit_ends=limit_ends)


class SB3VecEnv(VecEnv):
    """A thin bridge from `FamilyVectorEnv` to the `VecEnv` of stable-baselines3 (`make_sb3`).

    The step that ends a conversation returns the first observation of the next one. Its info holds
    `terminal_observation` (the last one), `TimeLimit.truncated`, `is_success` and the infos of the
    environment that are whole numbers; the infos of other rows are empty. Rewards are float32, as
    stable-baselines3 has them. Masks are computed when `env_method("action_masks")` asks for them,
    as sb3-contrib's MaskablePPO does.

    Args:
        limit_ends: the turn limit is an end like any other: `TimeLimit.truncated` stays false, and
            algorithms add no value for what might have come after it. The right choice where the
            turn is observed, since the limit is then a part of the task (Pardo et al. 2018, Time
            limits in reinforcement learning, section 2).

    Attributes:
        logged: `Batch.logged` of the episodes that ended last, in the order of their rows.
    """

    def __init__(
        self, env: FamilyVectorEnv, seed: int | None = None, *, limit_ends: bool = False
    ) -> None:
        if not isinstance(env.single_action_space, gym.spaces.Discrete):
            raise OptionError(
                "stable-baselines3 takes no dictionary of actions; choose actions='flat' or 'verb'."
            )
        self.env = env
        self.limit_ends = limit_ends
        self.logged: dict[str, list[float]] = {}
        self._actions: NDArray[Any] | None = None
        # Each copy of a space has its own generator; SB3 seeds the spaces that it samples from.
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        if seed is not None:
            self.seed(seed)

    def reset(self) -> Observations:
        options = self._options[0]
        if any(row != options for row in self._options):
            raise OptionError("reset options must be the same for all rows; give one dictionary.")
        seeds = None if all(seed is None for seed in self._seeds) else self._seeds
        observations, _ = self.env.reset(seed=seeds, options=options or None)
        # Both are for one reset only, as everywhere in stable-baselines3.
        self._reset_seeds()
        self._reset_options()
        return _copied(observations)

    def step_async(self, actions: NDArray[Any]) -> None:
        self._actions = actions

    def step_wait(self) -> tuple[Observations, NDArray[np.float32], NDArray[np.bool_], list[Any]]:
        actions, self._actions = self._actions, None
        if actions is None:
            raise StateError("step_wait was called before step_async.")
        observations, reward, terminated, truncated, _ = self.env.step(actions)
        done = terminated | truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        ended = np.flatnonzero(done)
        if len(ended):
            last = {key: value[ended] for key, value in observations.items()}
            success = self.env.batch.success()[ended].tolist()
            logged = self.env.batch.logged()
            self.logged = {name: values[ended].tolist() for name, values in logged.items()}
            numbers = {
                info.name: self.env.batch.arrays[info.array][ended].tolist()
                for info in self.env.observer.INFOS
                if info.kind is int
            }
            for k, row in enumerate(ended.tolist()):
                infos[row] = {
                    "terminal_observation": {key: value[k] for key, value in last.items()},
                    "TimeLimit.truncated": bool(
                        truncated[row] and not terminated[row] and not self.limit_ends
                    ),
                    "is_success": success[k],
                    **{name: values[k] for name, values in numbers.items()},
                }
            observations, _ = self.env.reset(options={"reset_mask": done})
        return _copied(observations), reward.astype(np.float32), done, infos

    def close(self) -> None:
        self.env.close()

    def action_masks(self) -> NDArray[np.bool_]:
        """Legal actions of every conversation, bool (n_envs, n_actions)."""
        return self.env.action_masks()

    # ---- what SB3 asks of single environments: there are none, the rows share everything --------

    def env_method(
        self, method_name: str, *args: Any, indices: Rows = None, **kwargs: Any
    ) -> list[Any]:
        rows = list(self._get_indices(indices))
        if method_name == "action_masks":
            masks = self.action_masks()
            return [masks[row] for row in rows]
        raise AttributeError(
            f"rows of a batch have no method {method_name!r}; only 'action_masks' can be called."
        )

    def has_attr(self, attr_name: str) -> bool:
        return attr_name == "action_masks" or hasattr(self.env, attr_name)

    def get_attr(self, attr_name: str, indices: Rows = None) -> list[Any]:
        rows = list(self._get_indices(indices))
        if attr_name == "action_masks":
            return [lambda row=row: self.action_masks()[row] for row in rows]
        single = {
            "action_space": "single_action_space",
            "observation_space": "single_observation_space",
        }
        return [getattr(self.env, single.get(attr_name, attr_name))] * len(rows)

    def set_attr(self, attr_name: str, value: Any, indices: Rows = None) -> None:
        raise AttributeError(
            f"{attr_name!r} cannot be set: the rows of a batch share everything. Make the "
            "environment with other arguments."
        )

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Rows = None) -> list[bool]:
        return [False for _ in self._get_indices(indices)]


def _copied(observations: Observations) -> Observations:
    """The core overwrites its arrays in the next step; algorithms keep what they were given."""
    return {key: value.copy() for key, value in observations.items()}
