"""Checks that every environment of RecoSim passes, for ids of anybody's.

    import pytest
    from recosim.envs.conformance import CHECKS

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_environment(check):
        check("mine/Market-v0")

or in one call, `check_environment("mine/Market-v0")`. Each check plays random legal moves, and
raises `ConformanceError` with what it found. Arguments after the id go to the environment.
"""

from __future__ import annotations

import copy
import json
import pickle
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from recosim.envs.registration import env_cards
from recosim.errors import ConformanceError, IllegalActionError, StateError

__all__ = ["CHECKS", "VIEWS", "check_environment"]

VIEWS = ("flat", "verb", "slate")
ID = re.compile(r"[A-Za-z0-9_-]+/[A-Za-z0-9]+(-[A-Za-z0-9]+)*-v(0|[1-9][0-9]*)")
# Written by training libraries and by Gymnasium's wrappers, so no environment uses them.
RESERVED = {
    "episode",
    "final_obs",
    "final_info",
    "final_observation",
    "terminal_observation",
    "TimeLimit.truncated",
}

Check = Callable[..., None]
Result = tuple[Any, ...]


def check_environment(name: str, **arguments: Any) -> None:
    """Every check of `CHECKS`.

    Raises:
        ConformanceError: the first that fails, and what it found.
    """
    for check in CHECKS:
        check(name, **arguments)


# ---- the checks ----------------------------------------------------------------------------------


def gymnasium_finds_nothing_to_complain_about(name: str, **arguments: Any) -> None:
    """`check_env` with warnings as errors, in each view."""
    for view in VIEWS:
        # The check draws an action, resets, then steps: what was legal may not be any more.
        lenient = {"illegal": "penalise"} if view == "slate" else {}
        env = _make(name, **{**arguments, **lenient, "actions": view})
        with warnings.catch_warnings(), _explained(f"{name}, actions={view!r}: check_env"):
            warnings.simplefilter("error")
            check_env(env, skip_render_check=view != "flat")
        env.close()
        env.close()


def stable_baselines3_finds_nothing_to_complain_about(name: str, **arguments: Any) -> None:
    """Its own check, where it is installed; it has no dictionaries of actions."""
    try:
        from stable_baselines3.common import env_checker
    except ImportError:
        return
    for view in ("flat", "verb"):
        env = _make(name, **{**arguments, "actions": view})
        with warnings.catch_warnings(), _explained(f"{name}, actions={view!r}: stable-baselines3"):
            warnings.simplefilter("error")
            env_checker.check_env(env)


def an_id_has_a_namespace_and_a_version(name: str, **arguments: Any) -> None:
    """`namespace/Name-vN`, and the spec of what is made has it."""
    _hold(ID.fullmatch(name) is not None, f"{name!r} is not of the form namespace/Name-v0")
    _hold(_make(name, **arguments).spec.id == name, f"the spec of {name} has another id")


def calls_have_an_order(name: str, **arguments: Any) -> None:
    """`step` before `reset` and after the end is a `StateError`."""
    env = _make(name, **arguments)
    env.action_space.seed(0)
    _refused(env, StateError, "step before reset")
    env.reset(seed=0)
    for _ in range(1000):
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            _refused(env, StateError, "step after the end")
            return
    raise ConformanceError(f"{name}: an episode of random moves has not ended after 1,000 of them.")


def equal_seeds_give_equal_rollouts(name: str, **arguments: Any) -> None:
    """In each view, whatever was played before."""
    for view in VIEWS:
        env = _make(name, **{**arguments, "actions": view})
        first = list(rollout(env, 40, seed=5))
        again = rollout(_make(name, **{**arguments, "actions": view}), 40, seed=5)
        _hold(same(first, again), f"{name}, actions={view!r}: two rollouts of seed 5 differ")
        list(rollout(env, 17, seed=4))
        _hold(
            same(first, rollout(env, 40, seed=5)),
            f"{name}, actions={view!r}: a rollout of seed 5 differs after one of seed 4",
        )


def a_copy_in_the_middle_of_an_episode_goes_on_alike(name: str, **arguments: Any) -> None:
    """Pickled and deep-copied, rendered, and sharing nothing."""
    for view in VIEWS:
        env = _make(name, **{**arguments, "actions": view, "render_mode": "ansi"})
        list(rollout(env, 20, seed=1))
        for twin in (pickle.loads(pickle.dumps(env)), copy.deepcopy(env)):
            what = f"{name}, actions={view!r}: a copy"
            _hold(twin.spec == env.spec, f"{what} has another spec")
            told = env.unwrapped.render()
            _hold(told == twin.unwrapped.render(), f"{what} renders something else")
            before = twin.unwrapped.action_masks()
            mine = copy.deepcopy(env)
            _hold(same(rollout(mine, 30), rollout(twin, 30)), f"{what} goes on in another way")
            _hold(equal(before, env.unwrapped.action_masks()), f"{what} shares its state")


def a_spec_goes_to_json_and_back(name: str, **arguments: Any) -> None:
    """And gives the same environment."""
    env = _make(name, **{**arguments, "actions": "verb"})
    text = env.spec.to_json()
    json.loads(text)
    again = gym.make(gym.envs.registration.EnvSpec.from_json(text), disable_env_checker=True)
    _hold(again.action_space == env.action_space, f"{name}: another action space from JSON")
    _hold(again.observation_space == env.observation_space, f"{name}: another observation space")
    _hold(same(rollout(env, 20, seed=3), rollout(again, 20, seed=3)), f"{name}: other rollouts")


def observations_stay_in_their_space_and_are_copies(name: str, **arguments: Any) -> None:
    """In each view; nothing that was returned changes later."""
    for view in VIEWS:
        env = _make(name, **{**arguments, "actions": view})
        kept, frozen = [], []
        for result in rollout(env, 80, seed=2):
            observation = result[0] if len(result) == 2 else result[1]
            what = f"{name}, actions={view!r}: the observation {observation}"
            _hold(observation in env.observation_space, f"{what} is outside of its space")
            for array in _arrays_of(observation, result[-1]):
                live = env.unwrapped.batch.arrays.values()
                shared = any(np.may_share_memory(array, other) for other in live)
                _hold(not shared, f"{name}: a live array is returned")
                kept.append(array)
                frozen.append(array.tobytes())
        _hold([a.tobytes() for a in kept] == frozen, f"{name}: what was returned has changed")


def infos_have_the_same_keys_at_every_step(name: str, **arguments: Any) -> None:
    """Of the same types, those of all families among them, and none that libraries write."""
    kinds = {
        tuple((key, type(value).__name__) for key, value in result[-1].items())
        for result in rollout(_make(name, **{**arguments, "reveal": True}), 80, seed=2)
    }
    _hold(len(kinds) == 1, f"{name}: the keys or types of info differ from step to step: {kinds}")
    keys = {key for key, _ in kinds.pop()}
    bad = sorted(key for key in keys if key in RESERVED or key.startswith("_"))
    _hold(not bad, f"{name}: info has keys that libraries write: {bad}")
    missing = {"action_mask", "reward_terms", "is_success", "true_utility"} - keys
    _hold(not missing, f"{name}: info lacks {sorted(missing)}")


def keys_and_values_are_what_libraries_carry(name: str, **arguments: Any) -> None:
    """Arrays of one shape and dtype each, and what JSON has; no key of what a dictionary can do."""
    env = _make(name, **{**arguments, "reveal": True})
    shapes: dict[str, Any] = {}
    for result in rollout(env, 80, seed=2):
        observation, info = result[0] if len(result) == 2 else result[1], result[-1]
        for what, value in [*_entries(observation, "obs"), *_entries(info, "info")]:
            key = what.rpartition(".")[2]
            free = key.isidentifier() and not key.startswith("_") and not hasattr(dict, key)
            _hold(free, f"{name}: {what} is the name of something that a dictionary can do")
            array = isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
            plain = isinstance(value, (bool, int, float, str))
            _hold(array or plain, f"{name}: {what} is {value!r}, which not every library carries")
            shape = (value.shape, value.dtype) if isinstance(value, np.ndarray) else type(value)
            known = shapes.setdefault(what, shape)
            _hold(known == shape, f"{name}: {what} is {shape}, and was {known}")
        json.dumps(info, default=np.ndarray.tolist)


def a_reward_is_the_sum_of_its_terms(name: str, **arguments: Any) -> None:
    """`info["reward_terms"]` explains every reward."""
    for result in rollout(_make(name, **arguments), 80, seed=2):
        if len(result) == 6:
            total = sum(result[-1]["reward_terms"].values())
            _hold(abs(result[2] - total) < 1e-9, f"{name}: reward {result[2]}, terms {total}")


def hidden_state_is_shown_only_on_request(name: str, **arguments: Any) -> None:
    """`info["privileged"]`, and other seeds have other users."""
    hidden = "privileged" not in _make(name, **arguments).reset(seed=0)[1]
    _hold(hidden, f"{name}: hidden state is shown without reveal=True")
    env = _make(name, **{**arguments, "reveal": True})
    users = {env.reset(seed=seed)[1]["privileged"]["user"] for seed in range(12)}
    _hold(len(users) > 4, f"{name}: 12 seeds have but {len(users)} users")


def the_mask_is_what_does_not_raise(name: str, **arguments: Any) -> None:
    """Legal actions are taken, others refused; never all zero, all ones at the end."""
    strict = env_cards()[name].record.strict if name in env_cards() else {}
    for view in ("flat", "verb"):
        env = _make(name, **{**arguments, **strict, "actions": view})
        env.action_space.seed(0)
        _, info = env.reset(seed=8)
        for _ in range(30):
            mask = env.unwrapped.action_masks()
            kinds = (mask.dtype, info["action_mask"].dtype) == (np.bool_, np.int8)
            _hold(kinds, f"{name}: masks are bool in action_masks() and int8 in info")
            _hold(equal(info["action_mask"].astype(bool), mask), f"{name}: the masks differ")
            _hold(bool(mask.any()), f"{name}: nothing is legal")
            for action in np.random.default_rng(0).permutation(np.flatnonzero(~mask))[:5]:
                _refused(env, IllegalActionError, f"action {action}, which is masked", int(action))
            for action in np.random.default_rng(1).permutation(np.flatnonzero(mask))[:3]:
                copy.deepcopy(env).step(int(action))
            _, _, terminated, truncated, info = env.step(env.action_space.sample())
            if terminated or truncated:
                _hold(bool(info["action_mask"].all()), f"{name}: the last mask is not all ones")
                _, info = env.reset()


def rows_are_scalar_environments_bit_by_bit(name: str, **arguments: Any) -> None:
    """Row i of a vector environment has the episodes of a scalar one with seed + i."""
    n, steps = 4, 40
    scalars = [_make(name, **{**arguments, "illegal": "penalise"}) for _ in range(n)]
    first = [env.reset(seed=7 + i)[0] for i, env in enumerate(scalars)]
    for mode in AutoresetMode:
        alone = [copy.deepcopy(env) for env in scalars]
        vector = gym.make_vec(name, num_envs=n, autoreset_mode=mode, **arguments)
        observations, infos = vector.reset(seed=7)
        rows, ended, rng = list(first), np.zeros(n, dtype=bool), np.random.default_rng(0)
        for _ in range(steps):
            for i in range(n):
                for key, value in observations.items():
                    what = f"{name}, {mode.value}: {key} of row {i} is not the scalar's"
                    _hold(equal(value[i], rows[i][key]), what)
            masks = infos["action_mask"]
            actions = np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])
            if mode is AutoresetMode.DISABLED and ended.any():
                observations, infos = vector.reset(options={"reset_mask": ended})
                for i in np.flatnonzero(ended).tolist():
                    rows[i] = alone[i].reset()[0]
                ended = np.zeros(n, dtype=bool)
                continue
            observations, rewards, terminated, truncated, infos = vector.step(actions)
            for i in range(n):
                if mode is AutoresetMode.NEXT_STEP and ended[i]:
                    rows[i], reward, ends = alone[i].reset()[0], 0.0, (False, False)
                else:
                    rows[i], reward, *ends_, _ = alone[i].step(int(actions[i]))
                    ends = (ends_[0], ends_[1])
                    if mode is AutoresetMode.SAME_STEP and any(ends):
                        last = infos["final_obs"][i]
                        _hold(equal(last, rows[i]), f"{name}: the last observation differs")
                        rows[i] = alone[i].reset()[0]
                found = (float(rewards[i]), (bool(terminated[i]), bool(truncated[i])))
                _hold(found == (reward, ends), f"{name}, {mode.value}: row {i} ends otherwise")
            ended = terminated | truncated


def a_batch_is_copied_in_the_middle_of_its_episodes(name: str, **arguments: Any) -> None:
    """Pickled in each autoreset mode; both go on alike, and share nothing."""
    for mode in AutoresetMode:
        vector = gym.make_vec(name, num_envs=3, autoreset_mode=mode, **arguments)
        twin: Any = vector
        vector.reset(seed=4)
        rng = np.random.default_rng(0)
        for step in range(16):
            if step == 4:
                twin = pickle.loads(pickle.dumps(vector.unwrapped))
            before = twin.unwrapped.action_masks()
            actions = _legal_of(vector, rng)
            mine, what = vector.step(actions), f"{name}, {mode.value}: a copy"
            if step >= 4:
                _hold(equal(before, twin.unwrapped.action_masks()), f"{what} shares its state")
                _hold(same([mine], [twin.step(actions)]), f"{what} goes on in another way")
            ended = mine[2] | mine[3]
            if mode is AutoresetMode.DISABLED and ended.any():
                begun = [env.reset(options={"reset_mask": ended}) for env in {vector, twin}]
                _hold(same(begun[:1], begun[-1:]), f"{what} is reset to something else")


def one_who_knows_what_is_hidden_succeeds(name: str, **arguments: Any) -> None:
    """`Batch.solve` succeeds in every row of a batch, or as many as `solvable` says; if it is."""
    env: Any = gym.make_vec(name, num_envs=64, **arguments).unwrapped
    env.reset(seed=0)
    batch = env.batch
    for _ in range(1000):
        moves = batch.solve()
        if moves is None or batch.arrays["done"].all():
            break
        batch.pose(moves)
        batch.answer()
        batch.settle()
    solved = moves is None or batch.success().mean() >= batch.solvable
    enough = "every episode" if batch.solvable == 1 else f"{batch.solvable:.0%} of the episodes"
    _hold(solved, f"{name}: one who knows what users hide does not succeed in {enough}")


CHECKS: tuple[Check, ...] = (
    gymnasium_finds_nothing_to_complain_about,
    stable_baselines3_finds_nothing_to_complain_about,
    an_id_has_a_namespace_and_a_version,
    calls_have_an_order,
    equal_seeds_give_equal_rollouts,
    a_copy_in_the_middle_of_an_episode_goes_on_alike,
    a_spec_goes_to_json_and_back,
    observations_stay_in_their_space_and_are_copies,
    infos_have_the_same_keys_at_every_step,
    keys_and_values_are_what_libraries_carry,
    a_reward_is_the_sum_of_its_terms,
    hidden_state_is_shown_only_on_request,
    the_mask_is_what_does_not_raise,
    rows_are_scalar_environments_bit_by_bit,
    a_batch_is_copied_in_the_middle_of_its_episodes,
    one_who_knows_what_is_hidden_succeeds,
)


# ---- what they are made of -----------------------------------------------------------------------


def rollout(env: Any, steps: int, seed: int | None = None, act_seed: int = 0) -> Iterator[Result]:
    """Everything that random legal actions bring about, over several episodes."""
    if seed is not None:
        first = env.reset(seed=seed)
        env.action_space.seed(act_seed)
        yield first
    for _ in range(steps):
        action = env.action_space.sample()
        result = env.step(action)
        yield (action, *result)
        if result[2] or result[3]:
            yield env.reset()


def equal(left: Any, right: Any) -> bool:
    """Whether observations, infos or actions are equal bit by bit, types included."""
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[k], right[k]) for k in left)
    if isinstance(left, np.ndarray) and left.dtype == object:  # what ended, row by row
        return left.shape == right.shape and all(map(equal, left.tolist(), right.tolist()))
    if isinstance(left, np.ndarray):
        return bool(left.dtype == right.dtype and left.tobytes() == right.tobytes())
    return type(left) is type(right) and bool(left == right)


def same(left: Any, right: Any) -> bool:
    """Whether two rollouts are equal bit by bit."""
    left, right = list(left), list(right)
    return len(left) == len(right) and all(
        len(a) == len(b) and all(map(equal, a, b)) for a, b in zip(left, right, strict=True)
    )


def _make(name: str, **arguments: Any) -> Any:
    """`gymnasium.make` without a wrapper around the environment, its warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return gym.make(name, disable_env_checker=True, **arguments)


def _legal_of(vector: Any, rng: np.random.Generator) -> NDArray[np.int64]:
    """A legal action for each row of a vector environment."""
    masks = vector.unwrapped.action_masks()
    return np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])


def _entries(value: Any, what: str) -> Iterator[tuple[str, Any]]:
    """Every value inside of dictionaries, with the path of keys that leads there."""
    if not isinstance(value, dict):
        yield what, value
        return
    for key, inner in value.items():
        yield from _entries(inner, f"{what}.{key}")


def _arrays_of(*values: Any) -> Iterator[NDArray[Any]]:
    for value in values:
        if isinstance(value, dict):
            yield from _arrays_of(*value.values())
        elif isinstance(value, np.ndarray):
            yield value


def _hold(holds: bool, what: str) -> None:
    if not holds:
        raise ConformanceError(f"{what}.")


def _refused(env: Any, error: type[Exception], what: str, action: Any = None) -> None:
    given = env.action_space.sample() if action is None else action
    try:
        env.step(given)
    except error:
        return
    raise ConformanceError(f"{env.spec.id}: {what} is no {error.__name__}.")


class _explained:
    """Turns what a library's checker raises into a `ConformanceError`."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, ConformanceError):
            raise ConformanceError(f"{self.what}: {error}") from error
