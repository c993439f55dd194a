"""The bridge to stable-baselines3: the batched core as SB3's `VecEnv`."""

from __future__ import annotations

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest

from recosim.errors import IllegalActionError, OptionError, StateError, UnknownNameError

pytest.importorskip("stable_baselines3", reason="the extra [sb3] is not installed")

import torch
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from recosim.envs.sb3 import SB3VecEnv, make_sb3

NAME = "recosim/CPR-LastFM-Small-v0"
ROWS = 6


def random_actions(env, generator):
    masks = np.stack(env.env_method("action_masks"))
    return np.where(masks, generator.random(masks.shape), -1).argmax(axis=1)


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small lose time to a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def env():
    return make_sb3(NAME, n_envs=ROWS, seed=7)


@pytest.mark.parametrize("options", [{}, {"actions": "verb"}, {"protocol": "mcmipl"}])
def test_it_gives_what_sb3s_own_vector_of_scalar_environments_gives(options):
    env = make_sb3(NAME, n_envs=ROWS, seed=7, **options)
    slow = DummyVecEnv(
        [lambda: gym.make(NAME, disable_env_checker=True, illegal="penalise", **options)] * ROWS
    )
    slow.seed(7)
    generator = np.random.default_rng(0)
    observations, expected = env.reset(), slow.reset()
    ends = 0
    for _ in range(80):
        for key in expected:
            assert (observations[key] == expected[key]).all(), key
        masks = np.stack(env.env_method("action_masks"))
        assert (masks == np.stack(slow.env_method("action_masks"))).all()
        actions = random_actions(env, generator)
        actions[generator.random(ROWS) < 0.05] = env.action_space.n - 1  # mostly illegal
        observations, rewards, dones, infos = env.step(actions)
        expected, expected_rewards, expected_dones, expected_infos = slow.step(actions)
        assert rewards.dtype == np.float32
        assert (rewards == expected_rewards).all()
        assert (dones == expected_dones).all()
        for row in np.flatnonzero(dones):
            info, other = infos[row], expected_infos[row]
            assert info["TimeLimit.truncated"] is other["TimeLimit.truncated"]
            assert info["is_success"] is other["is_success"]
            assert info["rank"] == other["rank"]
            last, other_last = info["terminal_observation"], other["terminal_observation"]
            assert last.keys() == other_last.keys()
            for key in last:
                assert (last[key] == other_last[key]).all()
            ends += 1
        assert all(not infos[row] for row in np.flatnonzero(~dones))
    assert ends > ROWS


@pytest.mark.parametrize("limit_ends", [False, True])
def test_the_turn_limit_is_a_cut_or_an_end_as_asked(limit_ends):
    env = make_sb3("CPR-LastFM-Small", n_envs=8, limit_ends=limit_ends, seed=0)
    env.reset()
    cuts = []
    for _ in range(15):  # without a list nobody hits, so all end at the limit
        masks = env.action_masks()
        masks[:, -2:] = False
        *_, dones, infos = env.step(masks.argmax(axis=1))
        cuts += [infos[row]["TimeLimit.truncated"] for row in np.flatnonzero(dones)]
    assert len(cuts) == 8
    assert cuts == [not limit_ends] * 8


def test_observations_are_copies_in_their_space(env):
    generator = np.random.default_rng(0)
    kept = [env.reset()]
    frozen = [repr(kept[0])]
    for _ in range(40):
        observations, _, _, infos = env.step(random_actions(env, generator))
        kept += [observations, infos]
        frozen += [repr(observations), repr(infos)]
        for row in range(ROWS):
            single = {key: value[row] for key, value in observations.items()}
            assert single in env.observation_space
    assert [repr(value) for value in kept] == frozen


def test_a_seed_holds_for_the_next_reset_only(env):
    first, second = env.reset(), env.reset()
    assert any((first[key] != second[key]).any() for key in first)
    env.seed(7)
    again = env.reset()
    assert all((first[key] == again[key]).all() for key in first)


def test_options_hold_for_the_next_reset_only(env):
    inner = env.env
    user = int(inner.batch.pool.users[0])
    item = int(inner.setup.world.valid.row(user)[0])
    env.set_options({"user": user, "item": item})
    env.reset()
    assert (inner.batch.arrays["targets"][:, 0] == item).all()
    env.reset()
    assert not (inner.batch.arrays["targets"][:, 0] == item).all()
    env.set_options([{"user": user, "item": item}] + [{}] * (ROWS - 1))
    with pytest.raises(OptionError, match="the same for all rows"):
        env.reset()


def test_masks_are_found_by_sb3_contrib(env):
    utils = pytest.importorskip("sb3_contrib.common.maskable.utils")
    env.reset()
    assert utils.is_masking_supported(env)
    assert utils.is_masking_supported(VecMonitor(env))
    masks = utils.get_action_masks(env)
    assert masks.dtype == np.bool_
    assert masks.shape == (ROWS, env.action_space.n)
    assert (masks == env.action_masks()).all()
    assert (np.stack(env.env_method("action_masks", indices=[2, 4])) == masks[[2, 4]]).all()
    assert (env.env_method("action_masks", indices=3)[0] == masks[3]).all()
    assert (env.get_attr("action_masks", indices=3)[0]() == masks[3]).all()


def test_what_rows_do_not_have_is_an_attribute_error(env):
    assert env.get_attr("render_mode") == [None] * ROWS
    assert env.get_attr("action_space")[0] == env.action_space
    assert not env.has_attr("no_such_thing")
    with pytest.raises(AttributeError):
        env.get_attr("no_such_thing")
    with pytest.raises(AttributeError, match="no method 'shuffle'"):
        env.env_method("shuffle")
    with pytest.raises(AttributeError, match="cannot be set"):
        env.set_attr("split", "test")
    assert env.env_is_wrapped(gym.Wrapper) == [False] * ROWS


def test_a_short_name_will_do():
    assert isinstance(make_sb3("CPR-LastFM-Small", n_envs=2), SB3VecEnv)


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("CPR-LastFM-Smal", {}, UnknownNameError, "Did you mean 'CPR-LastFM-Small'"),
        (NAME, {"splt": "test"}, UnknownNameError, "Did you mean 'split'"),
        (NAME, {"actions": "slate"}, OptionError, "choose actions='flat' or 'verb'"),
        (NAME, {"n_envs": 0}, OptionError, "at least 1"),
        (NAME, {"num_envs": 4}, OptionError, "give n_envs"),
        (NAME, {"infos": True}, OptionError, "set by make_sb3 itself"),
    ],
)
def test_bad_arguments_are_refused(name, options, error, message):
    with pytest.raises(error, match=message):
        make_sb3(name, **options)


def test_the_order_of_calls_is_checked(env):
    with pytest.raises(StateError, match="call reset first"):
        env.step(np.zeros(ROWS, dtype=int))
    env.reset()
    with pytest.raises(StateError, match="before step_async"):
        env.step_wait()


def test_illegal_actions_can_be_refused():
    env = make_sb3(NAME, n_envs=ROWS, illegal="raise")
    env.reset()
    with pytest.raises(IllegalActionError, match="not legal now"):
        env.step(np.full(ROWS, env.action_space.n - 1))


@pytest.mark.parametrize("bridge", [True, False])
def test_ppo_learns_on_the_bridge_and_on_the_plain_environment(bridge):
    env = make_sb3(NAME, n_envs=4) if bridge else gym.make(NAME, illegal="penalise")
    model = PPO(
        "MultiInputPolicy", env, n_steps=32, batch_size=32, n_epochs=1, device="cpu", seed=0
    )
    model.learn(128)
    assert model.num_timesteps >= 128
    assert model.ep_info_buffer is not None


def test_successes_reach_the_logs_of_sb3():
    model = PPO(
        "MultiInputPolicy", VecMonitor(make_sb3(NAME, n_envs=16)), n_steps=32, n_epochs=1,
        batch_size=64, device="cpu", seed=0,
    )  # fmt: skip
    model.learn(512)
    assert len(model.ep_info_buffer) > 0
    assert len(model.ep_success_buffer) == len(model.ep_info_buffer)
    assert all(episode["l"] > 0 for episode in model.ep_info_buffer)


def test_a_model_is_saved_and_loaded(tmp_path):
    env = make_sb3(NAME, n_envs=4, seed=0)
    model = DQN("MultiInputPolicy", env, buffer_size=500, learning_starts=10, device="cpu", seed=0)
    model.learn(100)
    model.save(tmp_path / "dqn")
    again = DQN.load(tmp_path / "dqn", env=env, device="cpu")
    observations = env.reset()
    left, _ = model.predict(observations, deterministic=True)
    right, _ = again.predict(observations, deterministic=True)
    assert (left == right).all()


def test_maskable_ppo_makes_no_illegal_move():
    sb3_contrib = pytest.importorskip("sb3_contrib")
    env = make_sb3(NAME, n_envs=8, illegal="raise")
    model = sb3_contrib.MaskablePPO(
        "MultiInputPolicy", env, n_steps=32, batch_size=64, n_epochs=1, device="cpu", seed=0
    )
    model.learn(512)


def test_a_policy_with_masks_learns():
    """Average reward of a conversation: that of the first steps, and that after 25,000."""
    sb3_contrib = pytest.importorskip("sb3_contrib")
    env = VecMonitor(make_sb3(NAME, n_envs=64, illegal="raise"))
    model = sb3_contrib.MaskablePPO(
        "MultiInputPolicy",
        env,
        n_steps=32,
        batch_size=512,
        n_epochs=5,
        learning_rate=2e-3,
        device="cpu",
        seed=0,
    )
    model.learn(2048)
    before = np.mean([episode["r"] for episode in model.ep_info_buffer])
    model.learn(23_000)
    after = np.mean([episode["r"] for episode in model.ep_info_buffer])
    assert after > before + 0.4


def test_a_missing_extra_names_the_installation():
    code = (
        "import sys; sys.modules['stable_baselines3'] = None\n"
        "from recosim.errors import MissingExtraError\n"
        "try:\n    import recosim.envs.sb3\n"
        "except MissingExtraError as error:\n    print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'recosim[sb3]'" in run.stdout


@pytest.mark.parametrize("name", ["PPO", "DQN", "QRDQN"])
def test_an_algorithm_without_masks_is_told_the_two_ways_on(name):
    """A newcomer's first script, and what its error says to do."""
    import sb3_contrib
    import stable_baselines3

    kind = getattr(stable_baselines3, name, None) or getattr(sb3_contrib, name)
    few = {"n_steps": 32, "batch_size": 32} if name == "PPO" else {"learning_starts": 30}
    strict = gym.make("recosim/CPR-LastFM-Small-v0")
    with pytest.raises(IllegalActionError, match=r"MaskablePPO.*illegal='penalise'"):
        kind("MultiInputPolicy", strict, seed=0, device="cpu", **few).learn(400)
    lenient = gym.make("recosim/CPR-LastFM-Small-v0", illegal="penalise")
    model = kind("MultiInputPolicy", lenient, seed=0, device="cpu", **few).learn(64)
    assert model.num_timesteps >= 64
