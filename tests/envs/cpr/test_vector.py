"""`CPRVectorEnv`: rows are scalar environments, bit by bit, in every autoreset mode."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from recosim.envs.cpr.env import CPRVectorEnv
from recosim.errors import IllegalActionError, OptionError, StateError, UnknownNameError

NAME = "recosim/CPR-LastFM-Small-v0"
ROWS = 7
MODES = [mode.value for mode in AutoresetMode]


def make(name=NAME, num_envs=ROWS, **options):
    return gym.make_vec(name, num_envs=num_envs, **options)


def scalars(name=NAME, rows=ROWS, **options):
    options.setdefault("illegal", "penalise")
    return [gym.make(name, disable_env_checker=True, **options).unwrapped for _ in range(rows)]


def random_actions(env, generator):
    """A random legal action of each row, and now and then an illegal one."""
    masks = env.action_masks()
    luck = generator.random(masks.shape)
    luck[masks] += generator.random() < 0.9
    return luck.argmax(axis=1)


def row_of(values, row):
    """The observation or info of one row, as a scalar environment would give it."""
    picked = {}
    for key, value in values.items():
        if key.startswith("_") or key in ("final_obs", "final_info"):
            continue
        picked[key] = row_of(value, row) if isinstance(value, dict) else value[row]
    return picked


def assert_same(batched, single, scalar_types=False):
    """Equal bit by bit; the scalars of an info have one type or the other."""
    single = {key: value for key, value in single.items() if key != "path"}  # scalar infos alone
    assert batched.keys() == single.keys()
    for key, value in single.items():
        if isinstance(value, dict):
            assert_same(batched[key], value)
        elif isinstance(value, np.ndarray):
            assert batched[key].dtype == value.dtype, key
            assert batched[key].tobytes() == value.tobytes(), key
        elif isinstance(value, list):  # targets: padded in a batch
            assert batched[key][: len(value)].tolist() == value
        else:
            assert np.asarray(batched[key]).item() == value, key


SETTINGS = [
    pytest.param(NAME, {}, id="binary"),
    pytest.param("recosim/EAR-Yelp-Small-v0", {}, id="facet"),
    pytest.param(NAME, {"protocol": "mcmipl"}, id="choice"),
    pytest.param(NAME, {"answer_noise": 0.2, "dont_know": 0.1}, id="noise"),
    pytest.param(NAME, {"actions": "verb", "split": "test"}, id="verb"),
    pytest.param(NAME, {"protocol_options": {"last_turn_acts": True, "max_turns": 4}}, id="short"),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_rows_are_scalar_environments_bit_by_bit(name, options, mode):
    env = make(name, autoreset_mode=mode, reveal=True, **options)
    singles = scalars(name, reveal=True, **options)
    generator = np.random.default_rng(0)
    observations, infos = env.reset(seed=11)
    for row, single in enumerate(singles):
        observation, info = single.reset(seed=11 + row)
        assert_same(row_of(observations, row), observation)
        assert_same(row_of(infos, row), info)
    ended = np.zeros(ROWS, dtype=bool)
    ends = 0
    for _ in range(60):
        if mode == "Disabled" and ended.any():
            observations, infos = env.reset(options={"reset_mask": ended})
            for row in np.flatnonzero(ended):
                observation, info = singles[row].reset()
                assert_same(row_of(observations, row), observation)
                assert_same(row_of(infos, row), info)
            ended[:] = False
        actions = random_actions(env.unwrapped, generator)
        observations, rewards, terminated, truncated, infos = env.step(actions)
        for row, single in enumerate(singles):
            if mode == "NextStep" and ended[row]:
                observation, info = single.reset()
                expected = (0.0, False, False)
            else:
                observation, *expected, info = single.step(int(actions[row]))
            assert (rewards[row], terminated[row], truncated[row]) == tuple(expected)
            if mode == "SameStep" and (terminated[row] or truncated[row]):
                assert infos["_final_obs"][row]
                assert infos["_final_info"][row]
                assert_same(infos["final_obs"][row], observation)
                assert_same(row_of(infos["final_info"], row), info)
                observation, info = single.reset()
            elif mode == "SameStep":
                assert not infos.get("_final_obs", np.zeros(ROWS, dtype=bool))[row]
            assert_same(row_of(observations, row), observation)
            assert_same(row_of(infos, row), info)
        ended = terminated | truncated
        ends += int(ended.sum())
    assert ends > ROWS


def test_the_slate_view_takes_arrays():
    env = make(actions="slate", autoreset_mode="Disabled")
    singles = scalars(actions="slate")
    env.reset(seed=0)
    items = np.full((ROWS, 10), -1, dtype=np.int32)
    items[:, :3] = [5, 9, 2]
    verb = np.array([0, 1, 1, 0, 1, 2, 1])
    batch = {"verb": verb, "attribute": np.arange(ROWS), "items": items}
    observations, rewards, _, _, infos = env.step(batch)
    for row, single in enumerate(singles):
        single.reset(seed=row)
        action = {"verb": int(verb[row]), "attribute": row, "items": items[row]}
        observation, reward, _, _, info = single.step(action)
        assert rewards[row] == reward
        assert_same(row_of(observations, row), observation)
        assert_same(row_of(infos, row), info)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_batches_of_any_size_give_the_same_conversations(mode):
    """Two threads share a large batch; what a row does hangs on nothing but its seed."""
    large, small = make(num_envs=600, autoreset_mode=mode), make(num_envs=3, autoreset_mode=mode)
    large.reset(seed=0)
    small.reset(seed=[0, 300, 599])
    rows = [0, 300, 599]
    generator = np.random.default_rng(0)
    for _ in range(30):
        actions = random_actions(large.unwrapped, generator)
        left, right = large.step(actions), small.step(actions[rows])
        for key in left[0]:
            assert (left[0][key][rows] == right[0][key]).all()
        for k in range(1, 4):
            assert (left[k][rows] == right[k]).all()


@pytest.mark.parametrize("mode", MODES)
def test_the_mode_is_in_the_metadata(mode):
    env = make(autoreset_mode=mode)
    assert env.metadata["autoreset_mode"] is AutoresetMode(mode)
    assert make(autoreset_mode=AutoresetMode(mode)).metadata == env.metadata


def test_make_vec_uses_the_native_core():
    assert isinstance(make().unwrapped, CPRVectorEnv)
    assert make().metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


def test_spaces_are_those_of_the_scalar_environment_batched():
    env, single = make(), scalars(rows=1)[0]
    assert env.single_action_space == single.action_space
    assert env.single_observation_space == single.observation_space
    observations, _ = env.reset(seed=0)
    assert observations in env.observation_space
    assert env.action_space.sample() in env.action_space


def test_seeds_may_be_given_one_by_one():
    env, plain = make(), make()
    first, _ = env.reset(seed=[4 + i for i in range(ROWS)])
    again, _ = plain.reset(seed=4)
    for key in first:
        assert (first[key] == again[key]).all()
    with pytest.raises(OptionError, match="2 seeds were given for 7"):
        env.reset(seed=[1, 2])


def test_reset_options_hold_for_every_row():
    env = make(reveal=True)
    user = int(env.unwrapped.batch.pool.users[0])
    item = int(env.unwrapped.setup.world.valid.row(user)[0])
    _, infos = env.reset(seed=0, options={"user": user, "item": item})
    assert (infos["privileged"]["targets"][:, 0] == item).all()
    with pytest.raises(UnknownNameError, match="Did you mean 'user'"):
        env.reset(options={"usr": user})


@pytest.mark.parametrize(
    "mask",
    [np.zeros(ROWS, dtype=bool), np.ones(3, dtype=bool), np.ones(ROWS, dtype=int), "all", [True]],
)
def test_a_faulty_reset_mask_is_refused(mask):
    env = make(autoreset_mode="Disabled")
    env.reset(seed=0)
    with pytest.raises(OptionError, match="reset_mask"):
        env.reset(options={"reset_mask": mask})


def test_a_reset_mask_leaves_the_other_rows_alone():
    env = make(autoreset_mode="Disabled")
    env.reset(seed=0)
    generator = np.random.default_rng(0)
    observations = env.step(random_actions(env.unwrapped, generator))[0]
    mask = np.arange(ROWS) % 2 == 0
    after, _ = env.reset(options={"reset_mask": mask})
    assert (after["turn"][mask] == 1).all()
    for key in after:
        assert (after[key][~mask] == observations[key][~mask]).all()


def test_a_reset_mask_needs_a_first_reset():
    with pytest.raises(StateError, match="before the first reset"):
        make(autoreset_mode="Disabled").reset(options={"reset_mask": np.ones(ROWS, dtype=bool)})


def test_ended_rows_must_be_reset_where_nobody_else_does():
    env = make(autoreset_mode="Disabled", protocol_options={"max_turns": 2})
    env.reset(seed=0)
    ended = np.zeros(ROWS, dtype=bool)
    while not ended.any():
        masks = env.unwrapped.action_masks()
        _, _, terminated, truncated, _ = env.step(masks.argmax(axis=1))
        ended = terminated | truncated
    with pytest.raises(StateError, match="reset_mask"):
        env.step(np.zeros(ROWS, dtype=int))


def test_step_before_reset_is_an_error():
    with pytest.raises(StateError, match="call reset first"):
        make().step(np.zeros(ROWS, dtype=int))


@pytest.mark.parametrize(
    "actions",
    [
        None, 0, [0.0] * ROWS, np.zeros(ROWS), np.zeros(3, dtype=int),
        np.zeros((ROWS, 1), dtype=int), np.full(ROWS, -1), np.full(ROWS, 35), ["0"] * ROWS, {},
        [None] * ROWS, [True] * ROWS,
        np.full(ROWS, 2**63, dtype=np.uint64), [[0], [1, 2]], np.full(ROWS, np.nan), "0123456",
        [2**70] * ROWS,
    ],
)  # fmt: skip
@pytest.mark.parametrize("illegal", ["raise", "penalise"])
@pytest.mark.parametrize("view", ["flat", "verb", "slate"])
def test_what_is_no_batch_of_actions_is_refused_and_changes_nothing(actions, illegal, view):
    env = make(illegal=illegal, actions=view)
    env.reset(seed=0)
    before = env.unwrapped.batch.state()
    with pytest.raises(IllegalActionError):
        env.step(actions)
    after = env.unwrapped.batch.state()
    assert all((before[k] == after[k]).all() for k in before if k not in ("action", "n_slate"))


def test_one_illegal_action_refuses_the_batch_under_raise():
    env = make(illegal="raise")
    env.reset(seed=0)
    actions = env.unwrapped.action_masks().argmax(axis=1)
    actions[4] = env.single_action_space.n - 1
    before = env.unwrapped.batch.state()
    with pytest.raises(IllegalActionError, match="of row 4 is not legal now"):
        env.step(actions)
    after = env.unwrapped.batch.state()
    assert all((before[k] == after[k]).all() for k in before if k not in ("action", "n_slate"))


def test_what_is_returned_are_copies():
    env = make(reveal=True)
    generator = np.random.default_rng(0)
    kept = [env.reset(seed=0)]
    frozen = [repr(kept[0])]
    for _ in range(40):
        kept.append(env.step(random_actions(env.unwrapped, generator)))
        frozen.append(repr(kept[-1]))
    assert [repr(result) for result in kept] == frozen


def test_without_infos_the_masks_are_still_there():
    env, full = make(infos=False), make()
    assert env.reset(seed=0)[1] == {}
    full.reset(seed=0)
    generator = np.random.default_rng(0)
    for _ in range(30):
        actions = random_actions(full.unwrapped, generator)
        result, expected = env.step(actions), full.step(actions)
        assert result[4] == {}
        assert all((result[0][key] == expected[0][key]).all() for key in expected[0])
        assert (result[1] == expected[1]).all()
        assert (env.unwrapped.action_masks() == full.unwrapped.action_masks()).all()


def test_without_infos_the_last_observations_are_still_there():
    env = make(infos=False, autoreset_mode="SameStep")
    env.reset(seed=0)
    generator = np.random.default_rng(0)
    for _ in range(30):
        _, _, terminated, truncated, infos = env.step(random_actions(env.unwrapped, generator))
        ended = terminated | truncated
        assert set(infos) == ({"final_obs", "_final_obs"} if ended.any() else set())


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_gymnasiums_episode_statistics_count_what_happened(mode):
    env = RecordEpisodeStatistics(make(autoreset_mode=mode))
    env.reset(seed=0)
    generator = np.random.default_rng(0)
    total, length = np.zeros(ROWS), np.zeros(ROWS, dtype=int)
    fresh = np.zeros(ROWS, dtype=bool)
    finished = 0
    for _ in range(80):
        actions = random_actions(env.unwrapped, generator)
        _, rewards, terminated, truncated, infos = env.step(actions)
        total = np.where(fresh, 0, total + rewards)
        length = np.where(fresh, 0, length + 1)
        ended = terminated | truncated
        for row in np.flatnonzero(ended):
            given = infos["final_info"] if mode == "SameStep" and "episode" not in infos else infos
            assert given["episode"]["r"][row] == pytest.approx(total[row])
            assert given["episode"]["l"][row] == length[row]
            finished += 1
        if mode == "NextStep":
            fresh = ended
        else:
            total, length = np.where(ended, 0, total), np.where(ended, 0, length)
    assert finished > ROWS


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_envs": 0}, OptionError, "at least 1"),
        ({"render_mode": "ansi"}, OptionError, "render_mode must be None"),
        ({"autoreset_mode": "NextStp"}, UnknownNameError, "Did you mean 'NextStep'"),
        ({"thread": 2}, UnknownNameError, "Did you mean 'threads'"),
    ],
)
def test_impossible_arguments_are_refused(options, error, message):
    given = {"world": "lastfm-small", "num_envs": 2, **options}
    with pytest.raises(error, match=message):
        CPRVectorEnv(**given)


def test_sampled_slates_are_well_formed():
    env = make(num_envs=64, actions="slate", protocol_options={"top_k": 40})
    env.reset(seed=0)
    env.action_space.seed(5)
    first = env.action_space.sample()
    assert env.action_space.contains(first)
    for _ in range(20):
        env.step(env.action_space.sample())  # a list with a repetition would be refused
    env.action_space.seed(5)
    again = env.action_space.sample()
    assert all(np.array_equal(first[key], again[key]) for key in first)


def test_revealed_targets_are_those_of_this_conversation():
    options = {"protocol": "mcmipl", "protocol_options": {"targets": 4}, "reveal": True}
    env = make(autoreset_mode="Disabled", **options)
    for seed in range(3):
        _, infos = env.reset(seed=seed * 10)
        for row, single in enumerate(scalars(**options)):
            alone = single.reset(seed=seed * 10 + row)[1]["privileged"]["targets"]
            wanted = alone[alone >= 0].tolist()
            padded = infos["privileged"]["targets"][row].tolist()
            assert padded == wanted + [-1] * (len(padded) - len(wanted))


@pytest.mark.parametrize("seed", [-1, 2**64 - ROWS + 1, ["a"] * ROWS])
def test_seeds_that_are_no_keys_are_refused(seed):
    env = make()
    with pytest.raises(OptionError, match="a whole number from 0 to 2"):
        env.reset(seed=seed)
