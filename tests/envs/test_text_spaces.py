"""Text views as Gymnasium knows them: spaces, and vector environments of all three kinds."""

from __future__ import annotations

import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces.utils import flatdim, flatten, flatten_space, unflatten
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from gymnasium.vector.utils import batch_space
from gymnasium.wrappers import FlattenObservation

import recosim  # noqa: F401  (registers the ids)
from recosim.envs.conformance import equal
from recosim.envs.text import LegalText, Prose
from recosim.errors import IllegalActionError

FAMILIES = ["CPR-LastFM-Small", "RecoWorld-LastFM-Small", "ConvSim-LastFM-Small"]
ODD = ["", "two\nlines", "Hermanos Gutiérrez", "東京事変", "🎷", "\U0010ffff"]


def make(name="CPR-LastFM-Small", **arguments):
    given = {"actions": "text", "observations": "text", "illegal": "penalise", **arguments}
    return gym.make(f"recosim/{name}-v0", disable_env_checker=True, **given)


@pytest.mark.parametrize("text", ODD)
def test_any_text_is_flattened_and_back(text):
    space = Prose(40)
    assert text in space
    flat = flatten(space, text)
    assert flat in flatten_space(space)
    assert flat.shape == (flatdim(space),)
    assert unflatten(space, flat) == text
    assert "x" * 41 not in space


def test_a_text_space_samples_printable_texts_and_takes_masks():
    space = Prose(30)
    space.seed(0)
    samples = [space.sample() for _ in range(50)]
    assert all(sample in space and (sample.isprintable() or not sample) for sample in samples)
    assert len(set(samples)) > 40
    mask = np.zeros(len(space.character_set), dtype=np.int8)
    mask[ord("é")] = 1
    assert space.sample(mask=(3, mask)) == "ééé"
    assert Prose(30) == space == pickle.loads(pickle.dumps(space))
    assert Prose(31) != space
    assert len(repr(space)) < 40


def test_an_observation_can_be_flattened_by_the_wrapper():
    env = FlattenObservation(make())
    flat, _ = env.reset(seed=1)
    assert flat in env.observation_space
    told = env.unwrapped._observation()
    assert "\n" in told
    assert unflatten(env.unwrapped.observation_space, flat) == told


@pytest.mark.parametrize("name", FAMILIES)
def test_what_a_batch_of_spaces_samples_is_taken(name):
    """Also where illegal moves are refused: a copy of the space knows no state."""
    envs = SyncVectorEnv([lambda: make(name, illegal="raise") for _ in range(3)])
    envs.reset(seed=0)
    envs.action_space.seed(0)
    for _ in range(30):
        *_, infos = envs.step(envs.action_space.sample())
        assert infos["understood"].all()
    assert batch_space(LegalText(), 2).sample() == ("recommend", "recommend")


def lines_of(space, step):
    """What two of three rows say sensibly; the last mumbles at times, until it counts."""
    said = space.sample()
    mumbles = step % 7 in (2, 3, 4)
    return [*said[:2], "mumble mumble" if mumbles else "recommend"]


def native(name, mode, **arguments):
    views = {"actions": "text", "observations": "text", **arguments}
    return gym.make_vec(f"recosim/{name}-v0", num_envs=3, autoreset_mode=mode, **views)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("name", FAMILIES)
def test_native_and_sync_vector_environments_say_the_same(name, mode):
    """Lines, rewards, ends, questions back, last observations, and every info of the native one."""
    mine = native(name, mode)
    theirs = SyncVectorEnv([lambda: make(name) for _ in range(3)], autoreset_mode=mode)
    assert mine.observation_space == theirs.observation_space
    assert mine.action_space == theirs.action_space
    (seen, infos), (other, _) = mine.reset(seed=5), theirs.reset(seed=5)
    assert seen == other
    mine.action_space.seed(3)
    asked_back = ends = 0
    for step in range(60):
        lines = lines_of(mine.action_space, step)
        results, others = mine.step(lines), theirs.step(tuple(lines))
        assert results[0] == others[0], step
        for k in (1, 2, 3):
            assert results[k].tolist() == others[k].tolist()
        infos, expected = results[4], others[4]
        asked_back += int((~infos["understood"]).sum())
        ended = results[2] | results[3]
        for row in range(3):
            if mode is AutoresetMode.SAME_STEP and ended[row]:
                ends += 1
                assert infos["final_obs"][row] == expected["final_obs"][row]
            for key in set(infos) & set(expected) - {"final_obs", "final_info", "reward_terms"}:
                if not key.startswith("_"):
                    assert np.array_equal(infos[key][row], expected[key][row]), (key, row, step)
            for term, values in infos["reward_terms"].items():
                if not term.startswith("_"):
                    assert values[row] == expected["reward_terms"][term][row], (term, row, step)
    assert asked_back > 8
    assert ends or mode is AutoresetMode.NEXT_STEP


def test_async_vector_environments_share_texts_in_memory():
    makers = [make for _ in range(2)]
    alone = SyncVectorEnv(makers)
    shared = AsyncVectorEnv(makers, shared_memory=True)
    try:
        assert shared.reset(seed=2)[0] == alone.reset(seed=2)[0]
        for lines in (("recommend", "é?"), ("Do you like jazz?", "recommend")):
            (seen, *mine), (expected, *others) = shared.step(lines), alone.step(lines)
            assert seen == expected
            assert mine[0].tolist() == others[0].tolist()
            assert all("\n" in text for text in seen)
    finally:
        shared.close()


@pytest.mark.parametrize(("actions", "observations"), [("text", "dict"), ("flat", "text")])
def test_one_side_may_be_text(actions, observations):
    views = {"actions": actions, "observations": observations}
    mine = native("CPR-LastFM-Small", AutoresetMode.NEXT_STEP, **views)
    theirs = SyncVectorEnv([lambda: make(**views) for _ in range(3)])
    seen, other = mine.reset(seed=1)[0], theirs.reset(seed=1)[0]
    mine.action_space.seed(0)
    for _ in range(30):
        assert equal(seen, other) if isinstance(seen, dict) else seen == other
        if actions == "flat":
            masks = mine.unwrapped.action_masks()
            said = np.array([np.flatnonzero(mask)[-1] for mask in masks])
        else:
            said = mine.action_space.sample()
        seen, rewards, *_ = mine.step(said)
        other, expected, *_ = theirs.step(said)
        assert rewards.tolist() == expected.tolist()


def test_a_batch_that_talks_is_pickled_with_its_words():
    envs = native("CPR-LastFM-Small", AutoresetMode.NEXT_STEP)
    envs.reset(seed=1)
    envs.step(["recommend", "mumble", "Do you like jazz?"])
    twin = pickle.loads(pickle.dumps(envs.unwrapped))
    said = ["recommend", "mumble", "recommend"]
    assert twin.step(said)[0] == envs.step(said)[0]
    assert "recommender: mumble" in twin.step(said)[0][1]
    twin.action_space.seed(0)
    assert len({twin.action_space.sample()[0] for _ in range(9)}) > 3


@pytest.mark.parametrize("lines", ["recommend", ["recommend"], ["recommend"] * 2 + [7], None, 3])
def test_what_is_no_list_of_texts_is_refused(lines):
    envs = native("CPR-LastFM-Small", AutoresetMode.NEXT_STEP)
    before, _ = envs.reset(seed=1)
    with pytest.raises(IllegalActionError, match="text"):
        envs.step(lines)
    assert envs.unwrapped._observation() == before


def test_an_illegal_line_leaves_a_strict_batch_as_it_was():
    envs = native("CPR-LastFM-Small", AutoresetMode.NEXT_STEP, illegal="raise")
    before, infos = envs.reset(seed=1)
    with pytest.raises(IllegalActionError, match="row 2 is not legal"):
        envs.step(["recommend", "mumble", "reflect"])
    assert envs.unwrapped._observation() == before
    assert (envs.unwrapped.action_masks() == infos["action_mask"].astype(bool)).all()
