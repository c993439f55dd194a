"""`pathfinder`: when it shows a list, what it learns from, and what its settings do."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from recosim.acts import Outcome, Verb
from recosim.agents.cpr.belief.agent import Pathfinder
from recosim.agents.registry import make_agent
from recosim.envs.setup import Setup
from recosim.errors import CheckpointError, OptionError


def bound(n: int = 64, *, answer_noise: float = 0.0, **settings: object) -> Pathfinder:
    setup = Setup.prepare("cpr", world="lastfm-small", split="valid", answer_noise=answer_noise)
    agent = make_agent("pathfinder", batch=n, **settings)
    assert isinstance(agent, Pathfinder)
    agent.bind(setup.batch(n, track=True, raise_illegal=True))
    agent.start(0)
    return agent


def play(agent: Pathfinder) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Play all rows to their ends; (running, recommended, chance of a hit) of every move."""
    d, moves = agent.batch, []
    agent.open_round(0)
    while (running := d.arrays["done"] == 0).any():
        move = agent.act()
        recommends = move.verb == Verb.RECOMMEND
        moves.append((running, recommends, agent.belief.summary[:, 0].copy()))
        d.step(move)
        agent.observe(running)
    return moves


def test_a_fixed_threshold_decides_when_a_list_is_shown():
    agent = bound(stop_at=0.4)
    early = 0
    for running, recommended, chance in play(agent):
        above = running & (chance >= 0.4)
        assert recommended[above].all()
        early += int((running & ~recommended).sum())
    assert early > 0
    lists = [sum(int((r & s).sum()) for r, s, _ in play(bound(stop_at=p))) for p in (0.0, 1.0)]
    assert lists[0] > lists[1]


@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_a_threshold_that_is_no_probability_is_refused(value):
    with pytest.raises(OptionError, match="stop_at"):
        make_agent("pathfinder", stop_at=value)


def test_training_learns_a_prior_and_leaves_the_users_as_they_were():
    agent = bound(n=256, rounds=4)
    traits = agent.batch.arrays["traits"]
    before, theta = traits.copy(), agent.belief.theta.copy()
    metrics = agent.train_round(0)
    assert np.array_equal(traits, before)
    assert not np.array_equal(agent.belief.theta, theta)
    begun = Pathfinder(batch=256, prior=False)
    begun.bind(agent.batch)
    begun.start(0)
    begun.open_round(0)
    assert metrics["prior"] > begun.belief.fit_prior(steps=1)[0]


def test_one_wrong_answer_does_not_lose_the_target():
    """Where `logic` rules the target out for good, the belief keeps it and still finds some."""
    noisy = 0.25
    agent = bound(n=256, answer_noise=noisy, stop_at=0.3)
    agent.open_round(0)
    agent.belief.fit_prior()
    play(agent)
    a = agent.batch.arrays
    logic = make_agent("logic")
    rival = Setup.prepare("cpr", world="lastfm-small", split="valid", answer_noise=noisy)
    d = rival.batch(256, track=True, raise_illegal=True)
    logic.bind(d)
    d.arrays["done"][:] = 1
    d.open(slice(None), seeds=np.zeros(256, np.uint64), conversations=np.arange(256))
    logic.reset(np.ones(256, dtype=bool))
    while (running := d.arrays["done"] == 0).any():
        d.step(logic.act())
        logic.observe(running)
    ours = (a["outcome"] == Outcome.HIT).mean()
    theirs = (d.arrays["outcome"] == Outcome.HIT).mean()
    assert 1 - ours < 0.7 * (1 - theirs)


def test_weights_without_a_prior_are_refused():
    agent = bound()
    weights = agent.weights()
    del weights["theta"]
    with pytest.raises(CheckpointError, match="prior"):
        agent.set_weights(weights)
