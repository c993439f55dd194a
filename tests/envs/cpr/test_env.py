"""`CPREnv` in use: reset options, the order of calls, bad actions, bad arguments, renderings."""

from __future__ import annotations

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest

from recosim.errors import (
    IllegalActionError,
    OptionError,
    RecosimError,
    StateError,
    UnknownNameError,
)
from recosim.trace import Trace

NAME = "recosim/CPR-LastFM-Small-v0"


def make(name=NAME, **options):
    return gym.make(name, disable_env_checker=True, **options).unwrapped


@pytest.fixture
def env():
    return make(reveal=True)


@pytest.fixture
def pair(env):
    """A user, an item of theirs in the default split, and an attribute of the item."""
    user = int(env.batch.pool.users[3])
    item = int(env.setup.world.valid.row(user)[0])
    return user, item, int(env.setup.world.item_attributes.row(item)[-1])


def state_of(env):
    return {name: array.tobytes() for name, array in env.batch.state().items()}


# Reset


def test_reset_options_choose_user_item_and_opening(env, pair):
    user, item, opening = pair
    observation, info = env.reset(seed=0, options={"user": user, "item": item, "opening": opening})
    assert info["privileged"]["user"] == user
    assert info["privileged"]["targets"] == [item]
    assert observation["attributes"][opening] == 1
    assert (observation["attributes"] != 0).sum() == 1


def test_the_opening_may_be_left_out(env, pair):
    user, item, _ = pair
    opened = set()
    for seed in range(40):
        observation, _ = env.reset(seed=seed, options={"user": user, "item": np.int64(item)})
        opened |= set(np.flatnonzero(observation["attributes"] == 1).tolist())
    assert opened == set(env.setup.world.item_attributes.row(item).tolist())


def test_a_pair_of_another_split_may_be_given(env):
    user = int(env.setup.world.test.pairs()[0][0])
    item = int(env.setup.world.test.row(user)[0])
    assert env.reset(options={"user": user, "item": item})[1]["privileged"]["targets"] == [item]


def test_options_hold_for_one_reset_only(env, pair):
    user, item, _ = pair
    seen = set()
    env.reset(seed=0, options={"user": user, "item": item})
    for _ in range(10):
        seen.add(tuple(env.reset()[1]["privileged"]["targets"]))
    assert len(seen) > 3


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"user": 10**6}, OptionError, "user 1000000 does not exist; users are 0 to"),
        ({"user": -1}, OptionError, "user -1 does not exist"),
        ({"item": 10**6}, OptionError, "item 1000000 does not exist; items are 0 to"),
        ({"item": "stranger"}, OptionError, "never interacted with item"),
        ({"opening": "stranger"}, OptionError, "cannot be opened with"),
        ({"user": 1.5}, OptionError, "a whole number is needed"),
        ({"user": True}, OptionError, "a whole number is needed"),
        ({"user": "3"}, OptionError, "a whole number is needed"),
        ({"user": None}, OptionError, "a whole number is needed"),
        ({"usr": 3}, UnknownNameError, "Did you mean 'user'"),
    ],
)
def test_impossible_reset_options_are_refused(env, pair, change, error, message):
    user, item, opening = pair
    world = env.setup.world
    known = {
        v for split in ("train", "valid", "test") for v in world.split(split).row(user).tolist()
    }
    strange_item = next(v for v in range(world.n_items) if v not in known)
    has = set(world.item_attributes.row(item).tolist())
    strange_opening = next(a for a in range(world.n_attributes) if a not in has)
    strangers = {"item": strange_item, "opening": strange_opening}
    change = {k: strangers[k] if v == "stranger" and k != "user" else v for k, v in change.items()}
    env.reset(seed=0)
    before = state_of(env)
    with pytest.raises(error, match=message):
        env.reset(options={"user": user, "item": item, "opening": opening, **change})
    assert state_of(env) == before


@pytest.mark.parametrize("half", ["user", "item", "opening"])
def test_half_a_pair_is_refused(env, pair, half):
    given = dict(zip(("user", "item", "opening"), pair, strict=True))
    with pytest.raises(OptionError, match="together"):
        env.reset(options={half: given[half]})


def test_without_a_seed_conversations_differ_from_one_env_to_the_next():
    def first():
        env = make(reveal=True)
        return tuple(env.reset()[1]["privileged"]["targets"] for _ in range(5))

    assert len({str(first()) for _ in range(3)}) > 1


def test_a_seed_is_followed_by_conversations_of_its_own(env):
    def numbers():
        for _ in range(4):
            yield env.reset()[1]["privileged"]["conversation"]

    env.reset(seed=3)
    assert list(numbers()) == [1, 2, 3, 4]
    assert env.reset(seed=3)[1]["privileged"]["conversation"] == 0


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_conversations_come_from_the_split(split):
    env = make(reveal=True, split=split)
    for seed in range(20):
        privileged = env.reset(seed=seed)[1]["privileged"]
        row = env.setup.world.split(split).row(privileged["user"])
        assert privileged["targets"][0] in row


# The order of calls


def test_step_before_reset_is_an_error(env):
    with pytest.raises(StateError, match="call reset first"):
        env.step(0)


def test_render_before_reset_is_an_error():
    with pytest.raises(StateError, match="call reset first"):
        make(render_mode="ansi").render()


def test_step_after_the_end_is_an_error_and_changes_nothing(env):
    env.reset(seed=0)
    done = False
    while not done:
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        done = terminated or truncated
    before = state_of(env)
    with pytest.raises(StateError, match="has ended; call reset"):
        env.step(0)
    assert state_of(env) == before
    env.reset()
    env.step(env.action_space.sample())


def test_the_move_of_the_last_turn_is_ignored_whatever_it_is(env):
    """The quirk of the public reference code: its counter stands at 15 when the move comes."""
    target = None
    for seed in range(100):
        _, info = env.reset(seed=seed)
        asks = 0
        while asks < 14 and info["action_mask"][:-2].any():
            _, _, terminated, truncated, info = env.step(int(info["action_mask"].argmax()))
            assert not terminated
            assert not truncated
            asks += 1
        if asks == 14:
            target = info["privileged"]["targets"][0]
            break
    assert target is not None
    reflect = env.action_space.n - 1
    assert not env.action_masks()[reflect]
    _, reward, terminated, truncated, info = env.step(reflect)
    assert (terminated, truncated) == (False, True)
    assert reward == env.setup.protocol.rewards.timeout
    assert info["is_success"] is False


# Bad actions

MALFORMED = [
    None, "", "ask", "0", b"0", 1.0, 0.5, float("nan"), float("inf"), -0.0, 1j, True, False,
    np.bool_(True), np.float32(1), np.float64("nan"), np.str_("1"), np.array(1.0),
    np.array([1]), np.array([[1]]), np.array([], dtype=np.int64), np.zeros(5, dtype=np.int64),
    np.array(["a"]), np.array(None), [], [0], [[0]], (), (0,), {}, {"verb": 1}, {0}, {"items": []},
    slice(None), range(3), object(), int, len, Ellipsis, NotImplemented, np.datetime64("2020"),
    -1, -2, -35, 35, 10**3, 2**31, 2**63 - 1, 2**63, 2**64, 2**100, -(2**63), -(2**200),
    np.int64(-1), np.int8(-128), np.uint64(2**64 - 1), np.int64(2**62),
]  # fmt: skip

MALFORMED_SLATES = [
    *[value for value in MALFORMED if not (isinstance(value, dict) and value.get("verb") == 1)],
    0, 1, 33, {"verb": None}, {"verb": 0}, {"verb": 0, "attribute": None}, {"verb": -1},
    {"verb": 3}, {"verb": 0, "attribute": 33}, {"verb": 0, "attribute": -1},
    {"verb": 0, "attribute": 1.0}, {"verb": 0, "attribute": [1]}, {"verb": 1.0, "items": [1]},
    {"verb": True, "items": [1]},
    {"verb": 1, "items": [1, 1]}, {"verb": 1, "items": [-1, 1]}, {"verb": 1, "items": [500]},
    {"verb": 1, "items": [-2]}, {"verb": 1, "items": list(range(11))}, {"verb": 1, "items": [1.0]},
    {"verb": 1, "items": "12"}, {"verb": 1, "items": 1}, {"verb": 1, "items": [[1]]},
    {"verb": 1, "items": [2**40]}, {"verb": 1, "items": [2**70]}, {"verb": 1, "items": [None]},
    {"verb": 1, "items": [[1], [2, 3]]}, {"verb": 1, "items": []}, {"verb": 1, "items": {1: 2}},
    {"verb": 1, "items": [True]}, {"verb": 1, "items": [-(2**63)]}, {"verb": 1, "items": object()},
    {"verb": 1, "items": np.array([np.iinfo(np.int64).min])}, {"verb": 1, "items": ["a"]},
    {"verb": 2, "extra": 1}, {1: 2}, {"attribute": 3}, {"verb": 2**70}, {"verb": "1", "items": [1]},
]  # fmt: skip


@pytest.mark.parametrize("view", ["flat", "verb", "slate"])
@pytest.mark.parametrize("illegal", ["raise", "penalise"])
def test_what_is_no_action_is_refused_and_changes_nothing(view, illegal):
    env = make(actions=view, illegal=illegal)
    env.reset(seed=0)
    for action in MALFORMED_SLATES if view == "slate" else MALFORMED:
        before = state_of(env)
        with pytest.raises(IllegalActionError):
            env.step(action)
        after = state_of(env)
        # What was asked for is noted before it is looked at; it is no part of a conversation.
        for name in ("action", "slate", "n_slate"):
            before.pop(name), after.pop(name)
        assert after == before, action


def random_nonsense(generator):
    """A malformed flat action, of a kind and a value that change from call to call."""
    kind = generator.integers(9)
    number = int(generator.integers(-(2**62), 2**62))
    if kind == 0:
        return float(generator.normal() * 50)
    if kind == 1:
        return number if abs(number) > 100 else -1 - abs(number)
    if kind == 2:
        return np.float32(generator.normal())
    if kind == 3:
        return "".join(map(chr, generator.integers(32, 1000, size=4)))
    if kind == 4:
        return generator.integers(0, 35, size=tuple(generator.integers(1, 4, size=2)))
    if kind == 5:
        return bool(number % 2)
    if kind == 6:
        return {"verb": number % 3, "items": [number % 500]}
    if kind == 7:
        return [number % 35]
    return MALFORMED[number % len(MALFORMED)]


def test_a_hundred_thousand_bad_actions_raise_their_error_and_nothing_else():
    """Illegal and malformed ones by turns, over many conversations that go on undisturbed."""
    env, twin = make(), make()
    generator = np.random.default_rng(0)
    env.reset(seed=1)
    twin.reset(seed=1)
    refused = 0
    while refused < 100_000:
        illegal = np.flatnonzero(~env.action_masks())
        ignored = env.batch.arrays["turn"][0] == env.setup.protocol.max_turns
        for _ in range(500):
            if len(illegal) and not ignored and generator.random() < 0.5:
                action = int(illegal[generator.integers(len(illegal))])
            else:
                action = random_nonsense(generator)
            try:
                env.step(action)
            except IllegalActionError:
                refused += 1
            else:
                pytest.fail(f"{action!r} was taken for an action")
        action = env.action_space.sample()
        result, expected = env.step(action), twin.step(action)
        assert result[1:4] == expected[1:4]
        assert all((result[0][key] == expected[0][key]).all() for key in expected[0])
        if result[2] or result[3]:
            env.reset()
            twin.reset()


def test_illegal_actions_can_be_penalised_instead():
    env = make(illegal="penalise")
    observation, _ = env.reset(seed=0)
    asked = int(np.flatnonzero(observation["attributes"])[0])
    after, reward, terminated, truncated, info = env.step(asked)
    assert reward == env.setup.protocol.rewards.illegal
    assert info["reward_terms"]["illegal"] == reward
    assert not terminated
    assert not truncated
    assert after["turn"] == observation["turn"] + 1
    assert after["history"][0] == -3
    for key in ("attributes", "entropy", "log2_candidates", "action_mask"):
        assert (after[key] == observation[key]).all()


def test_an_illegal_action_says_why_and_what_is_legal(env):
    observation, _ = env.reset(seed=0)
    asked = int(np.flatnonzero(observation["attributes"])[0])
    with pytest.raises(IllegalActionError, match="was asked already") as caught:
        env.step(asked)
    assert "Legal: " in str(caught.value)
    assert env.setup.world.attribute_names[asked] in str(caught.value)
    with pytest.raises(IllegalActionError, match="refused recommendation"):
        env.step(env.action_space.n - 1)


@pytest.mark.parametrize("kind", [int, np.int8, np.int32, np.int64, np.uint16, np.array])
def test_whole_numbers_of_any_kind_are_actions(env, kind):
    _, info = env.reset(seed=0)
    env.step(kind(int(info["action_mask"].argmax())))


# The three views of one conversation


def test_the_views_are_the_same_conversation():
    flat, verb, slate = (make(actions=view) for view in ("flat", "verb", "slate"))
    for seed in range(5):
        for env in (flat, verb, slate):
            env.reset(seed=seed)
        n = flat.batch.n_askables
        done, move = False, 0
        while not done:
            best = int(flat.batch.best_asks("weighted_entropy")[0])
            if move % 4 == 3 or best < 0:
                choices = (n, 1, {"verb": 1})
            else:
                choices = (best, 0, {"verb": np.int64(0), "attribute": np.int64(best)})
            results = [
                env.step(choice) for env, choice in zip((flat, verb, slate), choices, strict=True)
            ]
            for _, reward, terminated, truncated, info in results[1:]:
                assert (reward, terminated, truncated) == results[0][1:4]
                assert (info["shown_items"] == results[0][4]["shown_items"]).all()
            done = results[0][2] or results[0][3]
            move += 1


def test_a_slate_shows_the_items_it_names(env):
    env = make(actions="slate")
    env.reset(seed=0)
    info = env.step({"verb": 1, "items": np.array([7, 3, 400], dtype=np.int32)})[-1]
    assert info["shown_items"].tolist() == [7, 3, 400] + [-1] * 7


def test_reflecting_takes_no_turn_and_comes_once_after_each_refusal(env):
    for seed in range(50):
        env.reset(seed=seed)
        n = env.batch.n_askables
        observation, _, terminated, _, info = env.step(n)
        if not terminated:
            break
    assert info["action_mask"][n + 1]
    after, reward, *_, info = env.step(n + 1)
    assert reward == 0
    assert after["turn"] == observation["turn"]
    assert (after["history"] == observation["history"]).all()
    assert not info["action_mask"][n + 1]


def test_observe_selects_keys():
    env = make(observe=["log2_candidates", "turn"])
    observation, _ = env.reset(seed=0)
    assert set(observation) == set(env.observation_space) == {"turn", "log2_candidates"}


def same(one, other):
    """Whether two dictionaries of numbers and arrays hold the same."""
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


def test_a_world_and_vectors_can_be_given_as_objects(env):
    given = make(world=env.setup.world, estimator=env.setup.vectors, reveal=True)
    first, again = env.reset(seed=4), given.reset(seed=4)
    assert same(first[1]["privileged"], again[1]["privileged"])
    twin = pickle.loads(pickle.dumps(given))
    assert same(twin.reset(seed=4)[1]["privileged"], again[1]["privileged"])


def test_answer_noise_changes_answers_but_not_users():
    plain, noisy = make(reveal=True), make(reveal=True, answer_noise=0.5)
    users, answers = [], []
    for seed in range(30):
        _, info = plain.reset(seed=seed)
        users.append(same(info["privileged"], noisy.reset(seed=seed)[1]["privileged"]))
        action = int(info["action_mask"].argmax())
        answers.append(plain.step(action)[1] == noisy.step(action)[1])
    assert all(users)
    assert 5 < sum(answers) < 25


def test_users_who_do_not_know_say_so():
    env = make(dont_know=1.0)
    _, info = env.reset(seed=0)
    action = int(info["action_mask"].argmax())
    observation, reward, *_ = env.step(action)
    assert observation["attributes"][action] == 2
    assert observation["history"][0] == 3
    assert reward == env.setup.protocol.rewards.ask_unsure


# Bad arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"wrld": "lastfm-small"}, "environment option 'wrld'. Did you mean 'world'"),
        ({"world": "lastfm-smal"}, "Did you mean 'lastfm-small'"),
        ({"protocol": "scrp"}, "Did you mean 'scpr'"),
        ({"protocol_options": {"max_turn": 3}}, "Did you mean 'max_turns'"),
        ({"protocol_options": {"on_reject": "kep"}}, "Did you mean 'keep'"),
        ({"protocol_options": {"rewards": {"hitt": 1}}}, "Did you mean 'hit'"),
        ({"estimator": "mff"}, "Did you mean 'mf'"),
        ({"split": "vaild"}, "Did you mean 'valid'"),
        ({"actions": "flt"}, "Did you mean 'flat'"),
        ({"illegal": "penalize"}, "Did you mean 'penalise'"),
        ({"ask_best_by": "entrpy"}, "Did you mean 'entropy'"),
        ({"observe": ["turns"]}, "Did you mean 'turn'"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(options, message):
    with pytest.raises(UnknownNameError, match=message.replace(".", r"\.")):
        make(**options)


def test_an_unknown_render_mode_is_refused_with_the_nearest():
    env = make()
    with pytest.raises(UnknownNameError, match="Did you mean 'ansi'"):
        type(env)(world=env.setup.world, estimator=env.setup.vectors, render_mode="ansii")


@pytest.mark.parametrize(
    "options",
    [
        {"answer_noise": 1.5},
        {"answer_noise": -0.1},
        {"dont_know": float("nan")},
        {"dont_know": "often"},
        {"protocol_options": {"max_turns": 0}},
        {"protocol_options": {"top_k": 2.5}},
        {"protocol_options": {"rewards": {"hit": float("nan")}}},
        {"protocol_options": {"opening_counts": 1}},
        {"estimator_options": {"factors": -1}},
        {"observe": []},
        {"observe": "turn"},
        {"observe": [1]},
        {"actions": ["flat"]},
        {"split": None},
        {"protocol": 3},
    ],
)
def test_impossible_values_are_refused(options):
    with pytest.raises(RecosimError):
        make(**options)


# Renderings


def play(env, seed=0):
    env.reset(seed=seed)
    done = False
    env.action_space.seed(seed)
    while not done:
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        done = terminated or truncated


def test_ansi_gives_the_conversation_as_text():
    env = make(render_mode="ansi")
    env.reset(seed=0)
    opening = env.render()
    assert "I am looking for something with" in opening
    play(env)
    text = env.render()
    assert text.startswith(opening.rstrip("\n"))
    assert "found" in text


def test_human_prints_as_it_goes(capsys):
    env, quiet = make(render_mode="human"), make(render_mode="ansi")
    play(env)
    play(quiet)
    assert env.render() is None
    assert capsys.readouterr().out == quiet.render()


def test_rgb_array_draws_a_picture():
    pytest.importorskip("matplotlib")
    env = make(render_mode="rgb_array")
    env.reset(seed=0)
    env.step(env.action_space.sample())
    picture = env.render()
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert picture.std() > 0


def test_without_a_render_mode_nothing_is_drawn_or_recorded():
    env = make()
    env.reset(seed=0)
    assert env.render() is None
    with pytest.raises(StateError, match="render_mode"):
        env.trace()


def test_rendering_changes_nothing():
    env, plain = make(render_mode="ansi"), make()
    for made in (env, plain):
        made.reset(seed=0)
        made.action_space.seed(0)
    for _ in range(5):
        env.render()
        assert (
            env.step(env.action_space.sample())[1:4] == plain.step(plain.action_space.sample())[1:4]
        )


def test_the_trace_of_a_conversation_can_be_written_and_read(tmp_path):
    env = make(render_mode="ansi")
    play(env)
    trace = env.trace()
    trace.write(tmp_path / "conversation.parquet")
    assert Trace.read(tmp_path / "conversation.parquet").table.equals(trace.table)
    assert len(trace.episodes()) == 1


def test_a_copy_of_an_environment_that_was_not_reset_must_be_reset(env):
    with pytest.raises(StateError, match="call reset first"):
        copy.deepcopy(env).step(0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocol_options": "on_reject"}, "protocol_options is 'on_reject'; a dictionary"),
        ({"protocol_options": {1: 2}}, "a dictionary of options by name"),
        ({"protocol_options": {"rewards": None}}, "rewards is None"),
        ({"protocol_options": {"rewards": {"hit": float("inf")}}}, "'hit' is inf; a finite number"),
        ({"estimator_options": [8]}, r"estimator_options is \[8\]; a dictionary"),
        ({"observe": None}, "observe is None; a list of keys"),
        ({"world": None}, "world is None; a name, a folder or a World"),
    ],
)
def test_arguments_of_another_type_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        gym.make("recosim/CPR-LastFM-Small-v0", disable_env_checker=True, **options)


@pytest.mark.parametrize("seed", [-1, 2**64, True, "1", 0.5])
def test_a_seed_that_is_no_key_is_refused_and_changes_nothing(seed):
    env = gym.make("recosim/CPR-LastFM-Small-v0", reveal=True, disable_env_checker=True)
    env.reset(seed=3)
    with pytest.raises(OptionError, match="a whole number from 0 to 2"):
        env.unwrapped.reset(seed=seed)
    assert env.reset()[1]["privileged"]["seed"] == 3


def test_seeds_may_be_numpy_integers_and_have_64_bits():
    env = gym.make("recosim/CPR-LastFM-Small-v0", reveal=True, disable_env_checker=True)
    assert env.unwrapped.reset(seed=np.int64(7))[1]["privileged"]["seed"] == 7
    assert env.reset(seed=2**64 - 1)[1]["privileged"]["seed"] == 2**64 - 1
