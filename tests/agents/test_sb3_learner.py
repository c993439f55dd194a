"""Policies of stable-baselines3 as agents: they see what the environment shows."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sb3_contrib")

from recosim.agents.registry import agent_card, make_agent
from recosim.agents.sb3_learner import SMALL, SB3Learner
from recosim.envs.cpr_setup import OBSERVATION_KEYS, CPRSetup
from recosim.envs.cpr_vector import CPRVectorEnv
from recosim.errors import CheckpointError, OptionError, UnknownNameError

NAMES = ["ppo", "maskable_ppo", "dqn"]


def bound(name: str, n: int = 32, **settings: object) -> SB3Learner:
    setup = CPRSetup.prepare(world="lastfm-small", split="valid")
    agent = make_agent(name, batch=n, **settings)
    assert isinstance(agent, SB3Learner)
    agent.bind(setup.dialogues(n, track=True, raise_illegal=True))
    agent.start(0)
    return agent


@pytest.mark.parametrize("view", ["flat", "verb"])
def test_it_sees_what_the_vector_environment_shows(view):
    agent = bound("ppo", actions=view)
    env = CPRVectorEnv(
        32, world="lastfm-small", actions=view, autoreset_mode="Disabled", illegal="raise"
    )
    shown, _ = env.reset(seed=5)
    d = agent.dialogues
    d.open(seeds=5 + np.arange(32, dtype=np.uint64), conversations=np.zeros(32, np.int64))
    rng = np.random.default_rng(0)
    for _ in range(4):
        seen = agent._observer.observation()
        assert set(seen) == set(OBSERVATION_KEYS)
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
        d.step(asks)


def test_many_attributes_are_left_to_the_environment(monkeypatch):
    monkeypatch.setattr("recosim.agents.sb3_learner.FEW", 59)
    setup = CPRSetup.prepare(world="yelp-small", split="valid")
    agent = make_agent("maskable_ppo", batch=8)
    assert isinstance(agent, SB3Learner)
    agent.bind(setup.dialogues(8))
    assert agent._view == "verb"
    assert agent._keys == SMALL


@pytest.mark.parametrize("name", NAMES)
def test_the_likeliest_legal_move_is_taken(name):
    agent = bound(name)
    agent.open_round(0)
    d = agent.dialogues
    for _ in range(5):
        actions = agent.act().actions
        legal = d.legal_actions()
        running = d.arrays["done"] == 0
        assert (legal[np.arange(32), actions] > 0)[running].all()
        d.step(actions)


@pytest.mark.parametrize("name", ["maskable_ppo", "dqn"])
def test_training_beats_what_it_began_with(name):
    agent = bound(name, n=64, rounds=10, n_steps=56)
    rates = [agent.train_round(number)["SR"] for number in range(10)]
    assert np.mean(rates[-3:]) > np.mean(rates[:3])


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
