"""What users want beyond one item, as environments and traces show it."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

import recosim  # noqa: F401 (registers the environments)
from recosim.acts import Moves, Outcome, Verb
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.users import Behaviour, population

NAME = "recosim/CPR-LastFM-Small-v0"
WISHES = {"acceptable": 3, "musts": 2, "weighting": "liking"}


def opened(n, behaviour, **options):
    setup = Setup.prepare(
        "cpr", world="lastfm-small", split="test", users=behaviour, protocol_options=options
    )
    d = setup.batch(n, raise_illegal=True)
    d.open(seeds=np.arange(n, dtype=np.uint64), conversations=np.zeros(n, np.int64))
    return d


def test_scalar_and_vector_environments_tell_what_an_item_was_worth():
    options = {"users": WISHES, "actions": "slate", "reveal": True}
    vector = gym.make_vec(NAME, num_envs=6, autoreset_mode="Disabled", **options)
    single = gym.make(NAME, disable_env_checker=True, **options)
    privileged = vector.reset(seed=3)[1]["privileged"]
    k = int(single.get_wrapper_attr("setup").protocol.top_k)
    items = np.full((6, k), -1, dtype=np.int32)
    items[:, 0] = privileged["acceptable"][:, -1]
    items[0, 0] = privileged["targets"][0, 0]
    actions = {"verb": np.full(6, Verb.RECOMMEND), "attribute": np.zeros(6, np.int64)}
    infos = vector.step({**actions, "items": items})[-1]
    assert infos["is_success"].all()
    assert (infos["rank"] == 1).all()
    assert infos["true_utility"][0] == 1.0
    assert ((infos["true_utility"][1:] > 0) & (infos["true_utility"][1:] < 1)).any()
    for row in range(6):
        hidden = single.reset(seed=3 + row)[1]["privileged"]
        assert (hidden["acceptable"] == privileged["acceptable"][row]).all()
        assert (hidden["musts"] == privileged["musts"][row]).all()
        has = single.get_wrapper_attr("setup").world.item_attributes
        for v in hidden["acceptable"][hidden["acceptable"] >= 0]:
            assert {*hidden["musts"].tolist()} - {-1} <= {*has.row(v).tolist()}
        move = {"verb": int(Verb.RECOMMEND), "attribute": 0, "items": items[row]}
        info = single.step(move)[-1]
        assert info["true_utility"] == infos["true_utility"][row]


@pytest.mark.parametrize("autoreset_mode", ["NextStep", "SameStep"])
def test_worth_of_an_item_is_gone_with_the_next_conversation(autoreset_mode):
    env = gym.make_vec(NAME, num_envs=8, users=WISHES, autoreset_mode=autoreset_mode)
    env.reset(seed=0)
    ended = np.zeros(8, dtype=bool)
    hits = 0
    for _ in range(40):
        n = env.single_action_space.n
        _, _, terminated, truncated, info = env.step(np.full(8, n - 2))
        last = info.get("final_info", info) if autoreset_mode == "SameStep" else info
        success = last["is_success"] & (terminated if autoreset_mode == "SameStep" else ~ended)
        assert (last["true_utility"][~last["is_success"]] == 0).all()
        assert (last["true_utility"][success] > 0).all()
        if autoreset_mode == "SameStep":
            assert (info["true_utility"] == 0).all()
        hits += int(success.sum())
        ended = terminated | truncated
    assert hits > 5


def test_users_change_their_minds_as_often_as_they_should():
    n, rate = 6000, 0.3
    d = opened(n, Behaviour(drift=rate), last_turn_acts=True)
    a, recorder = d.arrays, Recorder(d)
    recorder.record()
    changed = np.zeros(n, dtype=int)
    for turn in range(1, 6):
        before, running = a["targets"][:, 0].copy(), a["done"] == 0
        # Who has another item left that fits: as long as nobody errs, each other candidate
        # without a rejected attribute does.
        d.step(Moves.from_flat(np.where(running, d.best_asks("entropy"), 0), d.n_askables))
        recorder.record(running)
        now = running & (before != a["targets"][:, 0])
        changed += now
        assert now.any() == (turn > 1)
        if turn == 2:  # nearly everybody has one
            assert now[running].mean() == pytest.approx(rate, abs=4 * (0.21 / n) ** 0.5)
    wrong = np.flatnonzero(a["done"] == 0)
    for b in wrong[:200]:  # the new wish fits all that was said
        has = set(d.world.item_attributes.row(a["targets"][b, 0]).tolist())
        assert set(np.flatnonzero(a["status"][b] == 1)) <= has
        assert not set(np.flatnonzero(a["status"][b] == -1)) & has


def test_a_trace_has_the_target_of_each_moment_and_episodes_that_of_the_end():
    d = opened(50, Behaviour(drift=1.0))
    recorder = Recorder(d)
    recorder.record()
    while (running := d.arrays["done"] == 0).any():
        asks = d.best_asks("entropy")
        d.step(Moves.from_flat(np.where(running & (asks >= 0), asks, d.n_askables), d.n_askables))
        recorder.record(running)
    trace = recorder.trace()
    target, step = trace.column("target"), trace.column("step")
    first, last = step == 0, np.append(step[1:] == 0, True)
    assert (target[first] != target[last]).mean() > 0.8
    assert (trace.episodes()["target"] == target[last]).all()
    assert (trace.episodes()["target"] == d.arrays["targets"][:, 0]).all()
    hit = trace.column("outcome") == Outcome.HIT
    for k in np.flatnonzero(hit):
        row = trace.table.slice(k, 1).to_pylist()[0]
        assert row["items"][row["rank"] - 1] == row["target"]


def test_settings_off_change_nothing_and_are_not_written():
    off = {"acceptable": 0, "musts": 0, "weighting": "equal", "drift": 0.0}
    assert population(off).to_dict()["settings"] == {}
    assert set(population("undecided").to_dict()["settings"]) > set(off)
    assert opened(2, Behaviour()).arrays["acceptable"].shape == (2, 0)
