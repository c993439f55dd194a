"""Policies of stable-baselines3 as agents: they see what the environment shows."""

from __future__ import annotations

import subprocess
import sys
import tempfile

import numpy as np
import pytest

pytest.importorskip("sb3_contrib")

from recosim.acts import Moves
from recosim.agents.registry import agent_card, make_agent
from recosim.agents.sb3_learner import SB3Learner
from recosim.envs.cpr.env import CPRVectorEnv
from recosim.envs.cpr.observer import CPRObserver
from recosim.envs.setup import Setup
from recosim.errors import CheckpointError, OptionError, UnknownNameError

NAMES = ["ppo", "maskable_ppo", "dqn"]


def bound(name: str, n: int = 32, **settings: object) -> SB3Learner:
    setup = Setup.prepare("cpr", world="lastfm-small", split="valid")
    agent = make_agent(name, batch=n, **settings)
    assert isinstance(agent, SB3Learner)
    agent.bind(setup.batch(n, track=True, raise_illegal=True))
    agent.start(0)
    return agent


@pytest.mark.parametrize("view", ["flat", "verb"])
def test_it_sees_what_the_vector_environment_shows(view):
    agent = bound("ppo", actions=view)
    env = CPRVectorEnv(
        32, world="lastfm-small", actions=view, autoreset_mode="Disabled", illegal="raise"
    )
    shown, _ = env.reset(seed=5)
    d = agent.batch
    d.open(seeds=5 + np.arange(32, dtype=np.uint64), conversations=np.zeros(32, np.int64))
    rng = np.random.default_rng(0)
    for _ in range(4):
        seen = agent._observer.observation()
        assert set(seen) == set(CPRObserver.KEYS)
        for key, value in seen.items():
            assert np.array_equal(value, shown[key]), key
            assert value.dtype == shown[key].dtype
        legal = d.legal_actions()[:, : d.n_askables].astype(float)
        asks = np.array([rng.choice(len(p), p=p / p.sum()) for p in legal])
        if view == "flat":
            shown, *_ = env.step(asks)
        else:
            asks = d.best_asks("weighted_entropy").copy()
            shown, *_ = env.step(np.zeros(32, dtype=np.int64))
        d.step(Moves.from_flat(asks, d.n_askables))


def test_many_attributes_are_left_to_the_environment(monkeypatch):
    monkeypatch.setattr("recosim.agents.sb3_learner.FEW", 59)
    setup = Setup.prepare("cpr", world="yelp-small", split="valid")
    agent = make_agent("maskable_ppo", batch=8)
    assert isinstance(agent, SB3Learner)
    agent.bind(setup.batch(8))
    assert agent._view == "verb"
    assert agent._keys == CPRObserver.NARROW


@pytest.mark.parametrize("name", NAMES)
def test_the_likeliest_legal_move_is_taken(name):
    agent = bound(name)
    agent.open_round(0)
    d = agent.batch
    for _ in range(5):
        actions = agent.act().to_flat(d.n_askables)
        legal = d.legal_actions()
        running = d.arrays["done"] == 0
        assert (legal[np.arange(32), actions] > 0)[running].all()
        d.step(Moves.from_flat(actions, d.n_askables))


@pytest.mark.parametrize("name", ["maskable_ppo", "dqn"])
def test_training_beats_what_it_began_with(name):
    agent = bound(name, n=64, rounds=10, n_steps=56)
    rates = [agent.train_round(number)["SR"] for number in range(10)]
    assert np.mean(rates[-3:]) > np.mean(rates[:3])


def test_nothing_is_bootstrapped_behind_the_turn_limit_where_the_turn_is_seen():
    for observe, ends in ((["turn", "history"], True), (["history"], False)):
        agent = bound("dqn", observe=observe)
        assert agent._env is not None
        assert agent._env.limit_ends is ends


def test_dqn_goes_on_exactly_once_it_learns():
    """Stopped with moments in its optimiser, a target of its own and a replay that went round."""
    options = {**agent_card("dqn").settings["options"], "learning_starts": 64, "buffer_size": 1024}
    options["target_update_interval"] = 240

    def begin() -> SB3Learner:
        return bound("dqn", n=16, rounds=6, options=options)

    whole, first, second = begin(), begin(), begin()
    for number in range(6):
        whole.train_round(number)
    for number in range(3):
        first.train_round(number)
    state = first.training_state()
    assert state["replay.full"]
    assert state["updates"] > 0
    second.set_weights(first.weights())
    second.set_training_state(state)
    for number in range(3, 6):
        second.train_round(number)
    for ours, theirs in (
        (second.weights(), whole.weights()),
        (second.training_state(), whole.training_state()),
    ):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_a_round_leaves_no_files(tmp_path, monkeypatch):
    monkeypatch.delenv("SB3_LOGDIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    bound("ppo", n=8).train_round(0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["ppo", "maskable_ppo"])
def test_metrics_count_one_conversation_of_each_row(name):
    agent = bound(name, n=32)
    env = agent._env
    assert env is not None
    step, rows = env.step_wait, []

    def watched():
        result = step()
        ended = [(row, info["is_success"]) for row, info in enumerate(result[3]) if info]
        rows.extend(ended)
        return result

    env.step_wait = watched
    metrics = agent.train_round(0)
    first: dict[int, bool] = {}
    for row, hit in rows:
        first.setdefault(row, hit)
    assert len(rows) > len(first)
    assert metrics["SR"] == pytest.approx(np.mean(list(first.values())))


def test_without_the_library_the_error_names_the_extra():
    program = (
        "import sys\n"
        "sys.modules['sb3_contrib'] = None\n"
        "from recosim.agents.registry import make_agent\n"
        "from recosim.errors import MissingExtraError\n"
        "try:\n    make_agent('maskable_ppo')\n"
        "except MissingExtraError as error:\n    print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pip install 'recosim[sb3]'" in run.stdout


def test_weights_of_another_network_are_refused():
    agent = bound("ppo")
    weights = agent.weights()
    name = next(iter(weights))
    with pytest.raises(CheckpointError, match="shape"):
        agent.set_weights({**weights, name: np.zeros((1, 1), np.float32)})
    with pytest.raises(CheckpointError, match="missing"):
        agent.set_weights({})


def test_cards_carry_the_hyper_parameters():
    for name in NAMES:
        options = agent_card(name).settings["options"]
        assert {"learning_rate", "gamma", "policy_kwargs"} <= set(options)
        assert make_agent(name).settings()["options"] == options


def test_impossible_settings_are_refused():
    with pytest.raises(UnknownNameError, match="algorithm"):
        make_agent("ppo", algorithm="a2c")
    with pytest.raises(OptionError):
        make_agent("ppo", n_steps=0)
    with pytest.raises(UnknownNameError, match="actions"):
        make_agent("ppo", actions="slate")
