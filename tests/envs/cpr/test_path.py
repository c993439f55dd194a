"""The path of a conversation: what the user confirmed, in the infos and in a trace."""

from __future__ import annotations

import pickle

import gymnasium as gym
import numpy as np
import pytest

import recosim  # noqa: F401  (registers the environments)
from recosim.acts import Outcome, Verb
from recosim.agents.registry import make_agent
from recosim.bench.rollout import play_batch
from recosim.envs.cpr.columns import paths as paths_of
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup


def read(info):
    """The path of an info without its padding, which is at its end."""
    path = info["path"]
    assert path.dtype == np.int32
    n = int((path >= 0).sum())
    assert (path[n:] == -1).all()
    return path[:n].tolist()


@pytest.mark.parametrize("name", ["CPR-LastFM-Small", "EAR-Yelp-Small"])
def test_the_path_grows_by_what_is_accepted(name):
    env = gym.make(f"recosim/{name}-v0", split="test", answer_noise=0.1)
    rng = np.random.default_rng(0)
    longest = 0
    for seed in range(12):
        _, info = env.reset(seed=seed)
        arrays = env.unwrapped.batch.arrays
        path = arrays["accepted"][0, : arrays["n_accepted"][0]].tolist()
        assert read(info) == path
        width, ended = len(info["path"]), False
        while not ended:
            action = int(rng.choice(np.flatnonzero(info["action_mask"])))
            before = read(info)
            _, _, terminated, truncated, info = env.step(action)
            if arrays["verb"][0] == Verb.ASK:
                path += arrays["accepted"][0, : arrays["n_accepted"][0]].tolist()
            assert read(info) == path
            assert len(info["path"]) == width
            assert before == path[: len(before)]
            accepted = np.flatnonzero(arrays["status"][0] == 1)
            assert set(path) == set(accepted.tolist())
            ended = terminated or truncated
        longest = max(longest, len(path))
    assert longest > 2


def test_a_path_survives_pickling():
    env = gym.make("recosim/CPR-LastFM-Small-v0").unwrapped
    env.reset(seed=3)
    for _ in range(3):
        *_, info = env.step(env.action_space.sample())
    twin = pickle.loads(pickle.dumps(env))
    action = env.action_space.sample()
    kept = info["path"].copy()
    assert read(twin.step(action)[4]) == read(env.step(action)[4])
    assert read(info)
    assert (info["path"] == kept).all()  # what was returned is a copy


def test_a_trace_gives_the_path_to_each_list():
    setup = Setup.prepare(
        "cpr", world="lastfm-small", split="test", protocol_options={"top_k": 2}, answer_noise=0.1
    )
    d = setup.batch(40)
    agent = make_agent("max_entropy")
    agent.bind(d)
    recorder = Recorder(d)
    play_batch(d, agent, d.pool.pairs(), np.arange(40), 0, recorder)
    trace = recorder.trace("max_entropy", 0)
    paths = paths_of(trace).to_pylist()
    moves = trace.table.to_pylist()
    shown = [move for move in moves if move["verb"] == Verb.RECOMMEND]
    assert [row["items"] for row in paths] == [move["items"] for move in shown]
    for row in paths:
        talk = [m for m in moves if m["conversation"] == row["conversation"]]
        earlier = [a for m in talk if m["step"] <= row["step"] for a in m["accepted"]]
        assert row["path"] == earlier
        if row["outcome"] == Outcome.HIT and not any(
            m["outcome"] == Outcome.YES and m["step"] for m in talk
        ):
            assert len(row["path"]) == 1
    assert max(len(row["path"]) for row in paths) > 2
