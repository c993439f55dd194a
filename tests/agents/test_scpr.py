"""SCPR and its Q-learning: where the walk may go, what the state holds, what is learned."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from recosim.acts import Moves, Outcome, Verb  # noqa: E402
from recosim.agents.cpr.dqn import ASK, RECOMMEND, TwoWayDQN  # noqa: E402
from recosim.agents.cpr.scpr import BITS, SCPR, friends_attributes  # noqa: E402
from recosim.agents.registry import make_agent  # noqa: E402
from recosim.envs.setup import Setup  # noqa: E402
from recosim.errors import OptionError  # noqa: E402
from recosim.world.catalog import open_world  # noqa: E402

QUICK = {"rounds": 12, "batch": 64, "hidden": 32, "updates": 4, "rate": 0.001}


def begin(n: int = 64, agent: SCPR | None = None, **setup: object):
    parts = Setup.prepare("cpr", **{"world": "lastfm-small", "split": "valid", **setup})
    agent = agent or SCPR(**QUICK)
    d = parts.batch(n, raise_illegal=True)
    agent.bind(d)
    agent.start(0)
    agent.open_round(0)
    return agent, d


def walk(agent: SCPR, d, moves: int, seed: int = 0):
    """Random questions and lists, with the agent watching; yields before each move."""
    rng = np.random.default_rng(seed)
    for _ in range(moves):
        running = d.arrays["done"] == 0
        if not running.any():
            return
        yield running
        legal = d.legal_actions()[:, : d.n_askables + 1].astype(float)
        actions = [rng.choice(len(p), p=p / p.sum()) if p.sum() else 0 for p in legal]
        d.step(Moves.from_flat(np.array(actions), d.n_askables))
        agent.observe(running)


def by_graph(agent: SCPR, d, row: int) -> set[int]:
    """Attributes one hop from the last accepted ones, by a graph of the row's candidates."""
    world = d.world
    graph = nx.Graph()
    for item in d.candidate_ids(row):
        for attribute in world.item_attributes.row(int(item)):
            graph.add_edge(("item", int(item)), ("attribute", int(attribute)))
    near = set()
    for here in agent._here[row][agent._here[row] >= 0]:
        node = ("attribute", int(here))
        if node in graph:
            near |= {a for item in graph[node] for kind, a in graph[item]}
    for friend in world.friends.row(int(d.arrays["user"][row])):
        for item in world.train.row(int(friend)):
            near |= set(world.item_attributes.row(int(item)).tolist())
    return near


@pytest.mark.parametrize(
    ("world", "question"), [("lastfm-small", "binary"), ("yelp-small", "facet")]
)
def test_adjacency_is_that_of_the_graph(world, question):
    agent, d = begin(world=world, protocol_options={"question": question}, answer_noise=0.5)
    checked = 0
    for running in walk(agent, d, 6):
        for row in np.flatnonzero(running)[:12]:
            assert set(np.flatnonzero(agent.adjacent(int(row))).tolist()) == by_graph(agent, d, row)
            checked += 1
    assert checked > 40


def test_questions_are_adjacent_legal_and_of_the_highest_weighted_entropy():
    """Only in facet questions can an erring user name what no candidate has."""
    agent, d = begin(
        n=300, world="yelp-small", protocol_options={"question": "facet"}, answer_noise=0.5
    )
    facet_of, bound = d.world.attribute_facet, 0
    for running in walk(agent, d, 8):
        asks = agent.asks().copy()
        rows = agent._bound_rows() & running
        bound += int(rows.sum())
        free = d.best_asks("weighted_entropy")
        assert np.array_equal(asks[running & ~rows], free[running & ~rows])
        legal = d.legal_actions()
        for row in np.flatnonzero(rows)[:40]:
            near = agent.adjacent(int(row)) & (d.arrays["status"][row] == 0)
            able = [
                facet
                for facet in np.flatnonzero(legal[row, : d.n_askables])
                if (near & (facet_of == facet)).any()
            ]
            if not able:
                assert asks[row] == -1
                continue
            weights = d.arrays["weighted_entropy"][row]
            values = {int(f): weights[near & (facet_of == f)].sum() for f in able}
            assert values[int(asks[row])] == pytest.approx(max(values.values()))
    assert bound > 10, "no user contradicted themselves: the constraint was hardly looked at"


def test_users_that_do_not_err_are_never_bound():
    agent, d = begin(n=100)
    for running in walk(agent, d, 10):
        assert not (agent._bound_rows() & running).any()


def test_friends_attributes():
    world = open_world("lastfm-small")
    table = friends_attributes(world)
    for user in range(0, world.n_users, 17):
        wanted = {
            int(a)
            for friend in world.friends.row(user)
            for item in world.train.row(int(friend))
            for a in world.item_attributes.row(int(item))
        }
        assert set(np.flatnonzero(table[user]).tolist()) == wanted


def test_the_state_is_history_and_bits():
    agent, d = begin(n=100, protocol_options={"top_k": 2})
    seen = set()
    for running in walk(agent, d, 8):
        states = agent.states()
        for row in np.flatnonzero(running)[:20]:
            turns = d.protocol.max_turns
            assert states[row, :turns].tolist() == d.arrays["history"][row].tolist()
            bits = states[row, turns:].astype(int)
            assert len(bits) == BITS
            assert sum(b << k for k, b in enumerate(bits.tolist())) == d.arrays["n_candidates"][row]
            seen |= set(d.arrays["history"][row].tolist())
    assert {Outcome.YES, Outcome.NO, Outcome.MISS} <= seen


class Chain(TwoWayDQN):
    """A made-up task on real conversations: the state says which of the two acts is worth 1."""

    @property
    def state_size(self) -> int:
        return 1

    def states(self):
        side = (self.batch.arrays["turn"] + self.batch.arrays["conversation"]) % 2
        return side[:, None].astype(np.float32)

    def asks(self):
        return self.batch.best_asks("entropy")

    def rewards(self):
        a = self.batch.arrays
        side = (a["turn"] - 1 + a["conversation"]) % 2  # `turn` has gone on by one
        right = np.where(side == 1, Verb.RECOMMEND, Verb.ASK)
        return (a["verb"] == right).astype(np.float32)


def test_values_are_those_of_the_bellman_equation():
    """Which act is right is shown, and it is the other one in the next state."""
    gamma = 0.5
    agent = Chain(
        **{
            **SCPR(**QUICK).settings(),
            "rounds": 60,
            "gamma": gamma,
            "rate": 0.003,
            "target_every": 50,
            "epsilon_start": 1.0,
            "epsilon_end": 1.0,
        }
    )
    parts = Setup.prepare(
        "cpr",
        world="lastfm-small",
        split="valid",
        protocol_options={"top_k": 1, "max_turns": 60, "last_turn_acts": True},
    )
    agent.bind(parts.batch(64))
    agent.start(0)
    for number in range(12):
        agent.train_round(number)
    with torch.no_grad():
        values = agent.modules["values"](torch.tensor([[0.0], [1.0]])).numpy()
    # Far from the end, acting right is worth 1 + gamma + gamma^2 + ... = 2, acting wrong 1 less.
    assert values[0, ASK] > values[0, RECOMMEND] + 0.5
    assert values[1, RECOMMEND] > values[1, ASK] + 0.5
    assert values[0, ASK] - values[0, RECOMMEND] == pytest.approx(1.0, abs=0.35)
    assert values.max() == pytest.approx(1 / (1 - gamma), abs=0.5)


def test_training_beats_what_it_began_with():
    # Lists of two, or there is little to learn: with ten the first rounds hit nearly always.
    agent, _ = begin(agent=SCPR(**{**QUICK, "rounds": 30}), protocol_options={"top_k": 2})
    rates = [agent.train_round(number)["SR"] for number in range(30)]
    assert np.mean(rates[-5:]) > np.mean(rates[:5])


@pytest.mark.parametrize(
    "wrong", [{"gamma": 1.5}, {"hidden": 0}, {"memory": 3}, {"epsilon_start": -1}, {"updates": 0.5}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(OptionError):
        make_agent("scpr", **wrong)
