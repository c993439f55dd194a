"""EAR and CRM: what they see, where gradients point, and that reflection does not leak."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from recosim.acts import Moves, Outcome, Verb  # noqa: E402
from recosim.agents.cpr.ear import CRM, EAR, SIZES  # noqa: E402
from recosim.agents.cpr.policy_gradient import _drawn  # noqa: E402
from recosim.agents.registry import make_agent  # noqa: E402
from recosim.envs.setup import Setup  # noqa: E402
from recosim.errors import OptionError  # noqa: E402

QUICK = {"rounds": 20, "batch": 64, "rate": 0.01}


def begin(agent, n: int = 64, **setup: object):
    parts = Setup.prepare("cpr", **{"world": "lastfm-small", "split": "valid", **setup})
    d = parts.batch(n, track=agent.track, raise_illegal=True)
    agent.bind(d)
    agent.start(0)
    agent.open_round(0)
    return d


@pytest.mark.parametrize("question", ["binary", "facet"])
def test_the_state_of_ear(question):
    agent = EAR(**QUICK)
    d = begin(agent, world="yelp-small", protocol_options={"question": question})
    for _ in range(3):
        asks = d.best_asks("entropy")
        d.step(Moves.from_flat(np.where(asks < 0, d.n_askables, asks), d.n_askables))
    state, a, n = agent.states(), d.arrays, d.n_askables
    assert state.shape == (64, agent.state_size)
    for row in np.flatnonzero(a["done"] == 0)[:20]:
        assert state[row, :n] == pytest.approx(d.entropy()[row])
        query = d.vectors.user[a["user"][row]].astype(float)
        for attribute in np.flatnonzero(a["status"][row] == 1):
            query = query + d.vectors.attribute[attribute]
        for ask in range(n):
            legal = d.legal_actions()[row, ask] > 0
            if question == "binary":
                members = [ask]
            else:
                facet = d.world.facet_attributes.row(ask)
                members = [m for m in facet if a["status"][row, m] == 0]
            beliefs = [float(query @ d.vectors.attribute[m]) for m in members]
            wanted = max(beliefs, default=0.0) if legal else 0.0
            assert state[row, n + ask] == pytest.approx(wanted, abs=1e-4)
        turns = d.protocol.max_turns
        assert state[row, 2 * n : 2 * n + turns].tolist() == a["history"][row].tolist()
        size = state[row, 2 * n + turns :]
        assert size.sum() == 1
        place = int(size.argmax())
        count = a["n_candidates"][row]
        assert place == len(SIZES) or count <= SIZES[place]
        assert place == 0 or count > SIZES[place - 1]


def test_crm_knows_what_was_said_and_nothing_else():
    agent = CRM(**QUICK)
    d = begin(agent, n=128, dont_know=0.2)
    for _ in range(4):
        d.step(Moves.from_flat(np.where(d.arrays["done"], 0, d.best_asks("entropy")), d.n_askables))
    status = d.arrays["status"]
    states = agent.states()
    assert set(np.unique(states)) == {-1.0, 0.0, 1.0}
    assert ((states == 1) == (status == 1)).all()
    assert ((states == -1) == (status == -1)).all()
    before = states.copy()
    d.arrays["n_candidates"][:] = 1
    d.arrays["turn"][:] = 9
    assert np.array_equal(agent.states(), before)


@pytest.mark.parametrize("kind", [EAR, CRM])
def test_what_is_rewarded_becomes_likelier(kind):
    """Recommending is worth 1 and asking -1: after a few rounds it recommends."""
    agent = kind(**QUICK, imitate=0.0, entropy_bonus=0.0)
    rewards = {"ask_yes": -1.0, "ask_no": -1.0, "hit": 1.0, "miss": 1.0, "timeout": 0.0}
    options = {"rewards": rewards, "top_k": 1}
    d = begin(agent, protocol_options=options)

    def chance() -> float:
        agent.open_round(10_000)
        with torch.no_grad():
            logits = agent._logits(agent.states(), d.legal_actions())
        return float(torch.softmax(logits, 1)[:, -1].mean())

    first = chance()
    for number in range(15):
        agent.train_round(number)
    assert chance() > min(0.5, 5 * first)
    agent.start(0)
    flipped = {name: -value for name, value in rewards.items()}
    d = begin(agent, protocol_options={**options, "rewards": flipped})
    for number in range(15):
        agent.train_round(number)
    assert chance() < first


def test_imitation_follows_the_rule():
    agent = EAR(**{**QUICK, "rounds": 40}, imitate=1.0, imitation_rate=0.01)
    d = begin(agent)
    losses = [agent.train_round(number)["imitation loss"] for number in range(40)]
    assert losses[-1] < 0.8 * losses[0]
    agent.open_round(99)
    with torch.no_grad():
        logits = agent._logits(agent.states(), d.legal_actions())
    asks = d.best_asks("entropy")
    ranks = (logits > logits.gather(1, torch.from_numpy(asks.copy())[:, None])).sum(1)
    assert float((ranks < 3).float().mean()) > 0.6


def test_it_reflects_after_every_refusal_and_only_then():
    agent = EAR(**QUICK, reflect=True)
    d = begin(agent, protocol_options={"top_k": 2})
    reflections = 0
    while (running := d.arrays["done"] == 0).any():
        due = (d.arrays["n_shown_last"] > 0) & running
        actions = agent.act().to_flat(d.n_askables)
        assert ((actions == d.n_askables + 1) == due)[running].all()
        reflections += int(due.sum())
        d.step(Moves.from_flat(actions, d.n_askables))
        reflected = running & (d.arrays["verb"] == Verb.REFLECT)
        assert (d.arrays["reward"][reflected] == 0).all()
    assert reflections > 50
    silent = EAR(**QUICK, reflect=False)
    d = begin(silent, protocol_options={"top_k": 2})
    while (running := d.arrays["done"] == 0).any():
        d.step(silent.act())
        assert not (d.arrays["verb"][running] == Verb.REFLECT).any()


def test_reflection_stays_in_its_conversation():
    """Two conversations of one user and target: one reflects, the other's scores do not move."""
    parts = Setup.prepare("cpr", world="lastfm-small", split="test", protocol_options={"top_k": 2})
    d = parts.batch(2)
    user, item = d.pool.pairs()[5]
    d.open(
        seeds=np.zeros(2, np.uint64),
        conversations=np.zeros(2, np.int64),
        users=[user, user],
        items=[item, item],
    )
    n = d.n_askables
    d.step(Moves.from_flat(np.full(2, n), d.n_askables))
    assert (d.arrays["outcome"] == Outcome.MISS).all()
    shared = d.vectors.user[user].copy()
    before = d.best_items()[1].copy()
    d.arrays["done"][1] = 1
    d.step(Moves.from_flat(np.full(2, n + 1), d.n_askables))
    d.arrays["done"][1] = 0
    after = d.best_items()[1]
    assert not np.array_equal(after[0], before[0])
    assert np.array_equal(after[1], before[1])
    assert np.array_equal(d.vectors.user[user], shared)
    d.open(seeds=np.zeros(2, np.uint64), conversations=np.ones(2, np.int64))
    assert np.array_equal(d.arrays["user_vector"], d.vectors.user[d.arrays["user"]])


def test_draws_follow_the_policy():
    logits = torch.log(torch.tensor([[0.2, 0.5, 0.3]])).repeat(30_000, 1)
    luck = torch.from_numpy(np.random.default_rng(0).random(30_000).astype(np.float32))
    share = np.bincount(_drawn(logits, luck), minlength=3) / 30_000
    assert share == pytest.approx([0.2, 0.5, 0.3], abs=0.01)


def test_training_beats_what_it_began_with():
    agent = EAR(rounds=60, batch=128, rate=0.005, imitate=0.3)
    begin(agent, n=128, protocol_options={"top_k": 3})
    rates = [agent.train_round(number)["SR"] for number in range(60)]
    assert np.mean(rates[-8:]) > np.mean(rates[:8]) + 0.05


@pytest.mark.parametrize("wrong", [{"gamma": 2}, {"imitate": -0.1}, {"hidden": 0}, {"rate": 99}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(OptionError):
        make_agent("ear", **wrong)
