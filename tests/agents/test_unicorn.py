"""UNICORN: its states are those of the graph, its actions legal, its training exact and useful."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch
from reference.random_worlds import random_world

from recosim.acts import Moves, Verb
from recosim.agents.cpr.unicorn.agent import Unicorn
from recosim.agents.cpr.unicorn.state import StateBuilder, States
from recosim.agents.registry import make_agent
from recosim.bench.rollout import play_batch
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.protocol import Protocol
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.errors import CheckpointError, OptionError, StateError, UnknownNameError
from recosim.estimators.base import Vectors
from recosim.users import Behaviour
from recosim.world.world import World

KINDS = [
    {"question": "binary"},
    {"question": "binary", "on_reject": "remove", "drop_failed": "if_more_than_k"},
    {"question": "facet", "top_k": 3},
]


# ---- the graph, node by node ---------------------------------------------------------------------
def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + float(np.exp(-x)))


def score(world: World, vectors: Vectors, user: int, status: np.ndarray, item: int) -> float:
    """UNICORN's score, as its formula stands."""
    mine = vectors.item[item].astype(float)
    total = float(vectors.item_bias[item]) + vectors.user[user] @ mine
    total += sum(vectors.attribute[p] @ mine for p in np.flatnonzero(status == 1))
    for p in world.item_attributes.row(item):
        if status[p] == -1:
            total -= sigmoid(vectors.attribute[p] @ mine)
    return float(total)


def graph_of(world: World, vectors: Vectors, d: Dialogues, row: int) -> nx.Graph:
    """The weighted graph of a conversation."""
    status, user = d.arrays["status"][row], int(d.arrays["user"][row])
    graph = nx.Graph()
    graph.add_node("user", x=vectors.user[user])
    for p in np.flatnonzero(status == 1):
        graph.add_node(("attribute", int(p)), x=vectors.attribute[p])
    for v in d.candidate_ids(row):
        graph.add_node(("item", int(v)), x=vectors.item[v])
        weight = sigmoid(score(world, vectors, user, status, int(v)))
        graph.add_edge("user", ("item", int(v)), weight=weight)
        for p in world.item_attributes.row(int(v)):
            if status[p] in (0, 1):
                graph.add_node(("attribute", int(p)), x=vectors.attribute[p])
                graph.add_edge(("item", int(v)), ("attribute", int(p)), weight=1.0)
    return graph


def convolved(graph: nx.Graph) -> dict[object, np.ndarray]:
    """D^-1/2 A D^-1/2 X with the dense adjacency matrix, by node."""
    nodes = list(graph)
    adjacency = nx.to_numpy_array(graph, nodelist=nodes, weight="weight")
    degree = adjacency.sum(axis=1)
    root = np.where(degree > 0, np.maximum(degree, 1e-300) ** -0.5, 0.0)
    features = np.stack([graph.nodes[node]["x"] for node in nodes]).astype(float)
    sums = (root[:, None] * adjacency * root) @ features
    return dict(zip(nodes, sums, strict=True))


def entropy(share: float) -> float:
    if not 0 < share < 1:
        return 0.0
    return float(-share * np.log2(share) - (1 - share) * np.log2(1 - share))


def weighted_entropy(world: World, weights: dict[int, float], attribute: int) -> float:
    having = [w for v, w in weights.items() if attribute in world.item_attributes.row(int(v))]
    return entropy(sum(having) / sum(weights.values()))


def drawn_vectors(rng: np.random.Generator, world: World) -> Vectors:
    sizes = {"user": world.n_users, "item": world.n_items, "attribute": world.n_attributes}
    return Vectors(
        **{k: rng.normal(0, 0.6, (n, 8)).astype(np.float32) for k, n in sizes.items()},
        item_bias=rng.normal(0, 0.5, world.n_items).astype(np.float32),
    )


def some_talks(seed: int, options: dict, noise: float, moves: int) -> tuple:
    """A world, vectors, and a batch of conversations after some random legal moves."""
    rng = np.random.default_rng(seed)
    world = random_world(rng, n_attributes=12, n_facets=4, n_items=int(rng.integers(20, 90)))
    vectors = drawn_vectors(rng, world)
    d = Dialogues(
        world,
        vectors,
        Protocol(**{"top_k": 4, **options}),
        24,
        users=Behaviour(answer_noise=noise, dont_know=noise / 2),
    )
    d.open(seeds=np.full(24, seed), conversations=np.arange(24))
    for _ in range(moves):
        legal = d.legal_actions() * rng.random((d.size, d.n_actions))
        d.step(Moves.from_flat(legal.argmax(axis=1), d.n_askables))
    return world, vectors, d


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_states_are_those_of_a_dense_adjacency_matrix(options, noise):
    seen, alone = 0, 0
    for seed, moves in ((0, 2), (2, 3), (4, 4), (6, 5), (1, 0)):
        world, vectors, d = some_talks(seed, options, noise, moves)
        builder = StateBuilder(d, vectors, attributes=5, select="weighted_entropy")
        running = d.arrays["done"] == 0
        states = builder.build(running)
        for k, row in enumerate(np.flatnonzero(running)):
            sums = convolved(graph_of(world, vectors, d, row))
            np.testing.assert_allclose(states.around[k], sums["user"], rtol=1e-4, atol=1e-5)
            accepted = np.flatnonzero(d.arrays["status"][row] == 1)
            tokens = states.tokens[k][states.tokens[k] != -1]
            assert np.where(tokens < 0, -2 - tokens, tokens).tolist() == accepted.tolist()
            for token, p in zip(tokens, accepted, strict=True):
                mine = states.joined[k] if token >= 0 else np.zeros(8)
                want = sums["attribute", int(p)]
                np.testing.assert_allclose(mine, want, rtol=1e-4, atol=1e-5)
                alone += token < 0
            seen += 1
    assert seen > 20
    if noise and options["question"] == "facet":
        assert alone  # attributes that a user that errs accepted and no candidate has


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("select", ["weighted_entropy", "inner_product"])
def test_actions_are_the_best_legal_ones(options, select):
    facets = options["question"] == "facet"
    for seed in range(3):
        world, vectors, d = some_talks(seed, options, 0.2, moves=seed)
        builder = StateBuilder(d, vectors, attributes=5, select=select)
        ask_vectors = vectors.attribute
        if facets:
            members = [world.facet_attributes.row(facet) for facet in range(world.n_facets)]
            ask_vectors = [vectors.attribute[f].mean(axis=0) if len(f) else None for f in members]
        running = d.arrays["done"] == 0
        states, legal = builder.build(running), d.legal_actions()
        assert states.asks.shape[1] <= 5
        for k, row in enumerate(np.flatnonzero(running)):
            status, user = d.arrays["status"][row], int(d.arrays["user"][row])
            ids = d.candidate_ids(row)
            scores = {v: score(world, vectors, user, status, int(v)) for v in ids}
            items = sorted(ids, key=lambda v: -scores[v])[: d.protocol.top_k]
            assert states.items[k][states.items[k] >= 0].tolist() == items

            weights = {v: sigmoid(scores[v]) for v in ids}
            query = vectors.user[user] + vectors.attribute[status == 1].sum(axis=0)

            def value(ask, status=status, weights=weights, query=query, world=world, v=ask_vectors):
                if select == "inner_product":
                    return float(query @ v[ask])
                asked = world.facet_attributes.row(ask) if facets else [ask]
                open_ones = [p for p in asked if status[p] == 0]
                return sum(weighted_entropy(world, weights, p) for p in open_ones)

            able = np.flatnonzero(legal[row, : d.n_askables])
            asks = states.asks[k][states.asks[k] >= 0]
            assert len(asks) == min(len(able), states.asks.shape[1])
            assert len(set(asks.tolist())) == len(asks)
            assert set(asks) <= set(able)
            best = sorted((value(ask) for ask in able), reverse=True)[: len(asks)]
            np.testing.assert_allclose([value(ask) for ask in asks], best, atol=1e-4)


def test_threads_build_the_same_states():
    _, vectors, d = some_talks(0, {}, 0.0, moves=0)
    whole = Dialogues(d.world, vectors, d.protocol, 900, track=False, threads=3)
    whole.open(seeds=np.zeros(900), conversations=np.arange(900))
    rows = np.arange(900) % 3 > 0
    builder = StateBuilder(whole, vectors, attributes=5, select="weighted_entropy")
    many = builder.build(rows)
    whole.threads = 1
    for one, other in zip(builder.build(rows), many, strict=True):
        assert np.array_equal(one, other)


# ---- the networks --------------------------------------------------------------------------------
def setup(**changes: object) -> Setup:
    return Setup.prepare("cpr", **{"world": "lastfm-small", "split": "valid", **changes})


def learner(parts: Setup | None = None, seed: int = 0, **settings: object) -> Unicorn:
    agent = Unicorn(**{"estimator": "", "batch": 32, "sample": 32, "updates": 1, **settings})
    agent.bind((parts or setup()).batch(agent.batch_size, track=False))
    agent.start(seed)
    return agent


@pytest.mark.parametrize("user_token", [True, False])
def test_values_are_those_of_the_dense_graph_one_state_at_a_time(user_token):
    parts = setup()
    agent = learner(parts, user_token=user_token, batch=12)
    d, vectors = agent.batch, parts.vectors
    agent.open_round(0)
    for _ in range(3):
        d.step(Moves.from_flat(d.best_asks("entropy").copy(), d.n_askables))
    states = agent._states.build(d.arrays["done"] == 0)
    with torch.no_grad():
        values = agent._values(states)
        encoder, q = agent.modules["encoder"], agent.modules["q"]
        for k, row in enumerate(np.flatnonzero(d.arrays["done"] == 0)):
            graph = graph_of(parts.world, vectors, d, row)
            sums = convolved(graph)
            accepted = np.flatnonzero(d.arrays["status"][row] == 1)
            nodes = ["user"] * user_token + [("attribute", int(p)) for p in accepted]
            own = torch.tensor(np.stack([graph.nodes[n]["x"] for n in nodes]))
            around = torch.tensor(np.stack([sums[n] for n in nodes]), dtype=torch.float32)
            hidden = torch.relu(encoder.neighbours(around) + encoder.itself(own))
            hidden = encoder.transformer(hidden[None])[0].mean(dim=0)
            state = torch.relu(encoder.out(hidden))
            asks = states.asks[k][states.asks[k] >= 0]
            items = states.items[k][states.items[k] >= 0]
            actions = torch.tensor(np.concatenate([vectors.attribute[asks], vectors.item[items]]))
            both = q.of_state(state) + q.of_action(actions)
            advantage = q.advantage(torch.relu(both))[:, 0]
            want = q.value(state) + advantage - advantage.mean()
            mine = values[k][values[k] > -torch.inf]
            torch.testing.assert_close(mine, want, rtol=1e-4, atol=1e-5)


# ---- playing -------------------------------------------------------------------------------------
def test_it_recommends_when_all_candidates_fit_into_a_list_and_in_the_last_move():
    parts = setup(protocol_options={"top_k": 10})
    agent = learner(parts, batch=200)
    # A network that would always ask.
    with torch.no_grad():
        agent._values = lambda states, target=False: torch.cat(  # type: ignore[method-assign]
            [
                torch.from_numpy((states.asks >= 0) * 1.0),
                torch.from_numpy((states.items >= 0) * 1.0 - 1.0),
            ],
            dim=1,
        )
    d = agent.batch
    agent.open_round(0)
    shown = few = 0
    while (d.arrays["done"] == 0).any():
        running, n = d.arrays["done"] == 0, d.arrays["n_candidates"].copy()
        last = agent.moves_left() == 1
        legal = d.legal_actions()[:, : d.n_askables].any(axis=1)
        acts = running & (agent.moves_left() > 0)
        decision = agent.act()
        recommends = decision.verb == Verb.RECOMMEND
        assert (recommends == ((n <= 10) | last | ~legal))[acts].all()
        shown, few = shown + int((acts & last).sum()), few + int((acts & (n <= 10)).sum())
        best, _ = d.best_items()
        d.step(decision)
        assert best.shape == (200, 10)
    assert few > 20
    assert shown > 0


def test_the_score_takes_off_rejected_attributes_whatever_the_environment_does():
    parts = setup()
    assert not parts.vectors.penalise_rejected
    agent = learner(parts)
    d = agent.batch
    agent.open_round(0)
    d.step(Moves.from_flat(d.best_asks("entropy").copy(), d.n_askables))
    refused = np.flatnonzero((d.arrays["status"] == -1).any(axis=1))
    states = agent._states.build(d.arrays["done"] == 0)
    assert (states.items[refused] != d.best_items()[0][refused]).any()


def test_an_untrained_agent_says_so():
    agent = Unicorn(estimator="")
    agent.bind(setup().batch(4, track=False))
    with pytest.raises(StateError, match="recosim train unicorn"):
        agent.act()


# ---- learning ------------------------------------------------------------------------------------
def test_two_rounds_and_two_are_four():
    parts = setup()
    whole = learner(parts, rounds=4)
    for number in range(4):
        whole.train_round(number)
    first = learner(parts, rounds=4)
    for number in range(2):
        first.train_round(number)
    weights, state = first.weights(), first.training_state()
    for number in range(2, 4):
        first.train_round(number)  # what was saved is no view of what goes on
    second = learner(parts, seed=0, rounds=4)
    second.set_weights(weights)
    second.set_training_state(state)
    for number in range(2, 4):
        second.train_round(number)
    for one, other in (
        (whole.weights(), second.weights()),
        (whole.training_state(), second.training_state()),
    ):
        assert one.keys() == other.keys()
        for name in one:
            assert np.array_equal(one[name], other[name]), name


def test_the_timeout_of_an_ignored_move_is_paid_by_the_move_before():
    agent = learner(setup(protocol_options={"top_k": 1, "max_turns": 4}), batch=64, updates=0)
    agent.train_round(0)
    held = agent._replay.arrays
    n = agent._replay.size
    misses = agent.batch.arrays["truncated"].sum()
    last = held["over"][:n] & (held["reward"][:n] < -0.1)
    assert last.sum() == misses > 0
    # 3 moves of the 4 turns do something.
    assert n <= 64 * 3
    paid = {round(float(r), 4) for r in held["reward"][:n][last]}
    timeout = -0.3 * agent.gamma
    assert paid <= {round(timeout + other, 4) for other in (0.01, -0.1)}


def test_a_goal_is_that_of_double_q_learning():
    agent = learner(batch=64, updates=0, gamma=0.5, sample=64)
    agent.train_round(0)
    with torch.no_grad():  # another target network than the one that learns
        for weight in agent._targets:
            weight.mul_(0.5)
    drawn = agent._replay.sample(64, np.random.default_rng(0))
    with torch.no_grad():
        after = agent._recall(drawn, "next_")
        going = ~drawn["over"]
        online = agent._values(after).numpy()[going]
        target = agent._values(after, target=True).numpy()[going]
        goal = drawn["reward"].astype(float)
        goal[going] += 0.5 * target[np.arange(len(target)), online.argmax(axis=1)]
        value = agent._values(agent._recall(drawn)).numpy()[np.arange(64), drawn["place"]]
    want = float((drawn["weights"] * (value - goal) ** 2).mean())
    assert agent._learn(np.random.default_rng(0)) == pytest.approx(want, rel=1e-4)


def test_the_target_follows_softly():
    agent = learner(batch=64, updates=0, tau=0.25)
    agent.train_round(0)
    before = [weight.clone() for weight in agent._targets]
    agent._learn(np.random.default_rng(0))
    for target, old, weight in zip(agent._targets, before, agent._weights, strict=True):
        torch.testing.assert_close(target, old + 0.25 * (weight - old))
    moved = sum(
        float((target - old).abs().sum().detach())
        for target, old in zip(agent._targets, before, strict=True)
    )
    assert moved > 0


def played(agent: Unicorn, weights: dict, n: int = 400) -> float:
    parts = setup(split="test", protocol_options={"top_k": 3})
    d = parts.batch(n, track=False)
    other = Unicorn(**agent.settings())
    other.bind(d)
    other.set_weights(weights)
    recorder, pairs = Recorder(d), d.pool.pairs()
    chosen = np.linspace(0, len(pairs) - 1, n).astype(int)
    play_batch(d, other, pairs, chosen, 0, recorder)
    episodes = recorder.trace("unicorn", 0).episodes()
    return float((episodes["hit_move"] > 0).mean())


def test_training_improves_on_the_untrained():
    agent = learner(
        setup(protocol_options={"top_k": 3}),
        rounds=15,
        batch=64,
        updates=2,
        sample=64,
        rate=0.002,
        hidden=32,
    )
    before = agent.weights()
    for number in range(15):
        agent.train_round(number)
    assert played(agent, agent.weights()) > played(agent, before) + 0.05


def test_weights_of_other_settings_are_refused():
    weights, other = learner().weights(), learner(hidden=32)
    with pytest.raises(CheckpointError, match="shape"):
        other.set_weights(weights)


def test_impossible_settings_are_refused():
    for name, value in {
        "attributes": 0,
        "heads": 3,
        "tau": 1.5,
        "memory": 10,
        "user_token": 1,
        "epsilon_start": -0.1,
    }.items():
        with pytest.raises(OptionError, match=name):
            Unicorn(**{name: value})
    with pytest.raises(UnknownNameError, match="weighted_entropy"):
        Unicorn(select="weighted_entropie")
    with pytest.raises(UnknownNameError, match="transe"):
        Unicorn(estimator="trans")


def test_settings_make_the_same_agent():
    agent = make_agent("unicorn", "CPR-LastFM-Small")
    assert agent.settings() == Unicorn(**agent.settings()).settings()
    assert agent.settings()["rounds"] < make_agent("unicorn").settings()["rounds"]


def test_states_spread_over_more_rows():
    states = States(*(np.arange(4, dtype=np.float32).reshape(2, 2) for _ in range(6)))
    spread = states.spread(np.array([False, True, False, True]))
    assert spread.joined.tolist() == [[0, 0], [0, 1], [0, 0], [2, 3]]
