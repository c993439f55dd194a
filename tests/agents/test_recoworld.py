"""Agents that live with users: what they read, believe and do, held against plain arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.acts import Verb
from recosim.agents.learner import Learner
from recosim.agents.llm import LLMAgent
from recosim.agents.recoworld.features import (
    Features,
    doubt,
    learn,
    learn_linear,
    predict,
    products,
)
from recosim.agents.recoworld.heed import Ledger, group_items, read_instructions
from recosim.agents.recoworld.ranking import first_unseen, pick_best, pick_diverse
from recosim.agents.registry import agent_card, agent_names, make_agent
from recosim.bench.rollout import play_batch
from recosim.chat import Chat, ChatSettings, ScriptedBackend
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.errors import CheckpointError, OptionError, StateError

AGENTS = tuple(
    name
    for name in agent_names()
    if agent_card(name).family == "recoworld" and not isinstance(make_agent(name), Learner)
)
SHORT = {"horizon": 5, "max_steps": 60}
# Users who are soon disappointed, and say so.
VOCAL = {"users": "vocal", "tolerance": 0.3, "voice": 1.0, "session_hazard": 0.1}


def prepare(**changed: object) -> Setup:
    given = {"world": "lastfm-small", "split": "train", "protocol_options": SHORT, **changed}
    return Setup.prepare("recoworld", **given)


def play(name: str, n: int = 24, size: int = 24, seed: int = 0, setup: Setup | None = None):
    """The trace of some lives, and the agent."""
    setup = setup or prepare(**VOCAL)
    batch = setup.batch(size, threads=1, raise_illegal=True)
    agent = make_agent(name)
    agent.bind(batch)
    recorder, units = Recorder(batch), batch.units().table
    for start in range(0, n, size):
        chosen = np.arange(start, min(start + size, n))
        play_batch(batch, agent, units, chosen, seed, recorder)
    table = recorder.trace(name, seed).table
    return table.sort_by([("conversation", "ascending"), ("step", "ascending")]), agent


def live(agent, batch, seed: int = 0):
    """Live to the end; yields the rows that moved, after each move."""
    n = batch.size
    agent.bind(batch)
    batch.open(seeds=np.full(n, seed, np.uint64), conversations=np.arange(n))
    running = np.ones(n, dtype=bool)
    agent.reset(running)
    while running.any():
        batch.step(agent.act())
        agent.observe(running)
        yield running
        running = batch.arrays["done"] == 0


@pytest.fixture(scope="module")
def world():
    return prepare().world


# ---- instructions --------------------------------------------------------------------------------


def drawn_instructions(rng, world, size: int, slots: int):
    told = np.full((size, slots, 5), -1, dtype=np.int32)
    for b in range(size):
        for k in range(rng.integers(0, slots + 1)):
            condition = rng.integers(-1, world.n_attributes) if rng.random() < 0.5 else -1
            told[b, k] = rng.integers(2), rng.integers(world.n_attributes), condition, 1, 0
    return told


def test_instructions_are_read_as_the_page_says(world):
    rng = np.random.default_rng(0)
    told = drawn_instructions(rng, world, 40, 8)
    items = rng.integers(-1, world.n_items, (40, 60)).astype(np.int32)
    breaks, meets = read_instructions(told, items, world)
    for b, i in np.ndindex(items.shape):
        has = set(world.item_attributes.row(items[b, i]).tolist()) if items[b, i] >= 0 else set()
        expected = [0, 0]
        for directive, attribute, condition, *_ in told[b].tolist():
            if directive >= 0 and attribute in has and (condition < 0 or condition in has):
                expected[directive] += 1
        assert [breaks[b, i], meets[b, i]] == expected
    groups = group_items(breaks, meets)
    assert set(groups[breaks > 0]) == {2}
    assert set(groups[(breaks == 0) & (meets > 0)]) == {0}
    assert set(groups[(breaks == 0) & (meets == 0)]) == {1}


def test_a_ledger_keeps_the_latest_word_of_each_attribute_without_conditions():
    ledger = Ledger(2, 6)
    rows = np.array([True, False])
    given = np.array([[[0, 3, 2, 0], [1, 4, -1, 1], [-1] * 4], [[0, 1, -1, 0], [-1] * 4, [-1] * 4]])
    ledger.write(given.astype(np.int32), rows)
    assert ledger.instructions[0, 3].tolist() == [0, 3, -1, -1, -1]
    assert ledger.instructions[0, 4].tolist() == [1, 4, -1, -1, -1]
    assert (ledger.instructions[1] == -1).all()
    given[0, 0] = 1, 3, -1, 2
    ledger.write(given.astype(np.int32), rows)
    assert ledger.instructions[0, 3, 0] == 1
    ledger.forget(rows)
    assert (ledger.instructions == -1).all()


# ---- lists ---------------------------------------------------------------------------------------


def test_lists_are_the_best_of_what_was_not_shown(world):
    rng = np.random.default_rng(1)
    pool = np.stack([rng.permutation(world.n_items)[:80] for _ in range(20)]).astype(np.int32)
    values = rng.integers(0, 9, pool.shape).astype(np.float32)  # with ties
    groups = rng.integers(0, 3, pool.shape).astype(np.int8)
    words = rng.integers(0, 2**63, (20, world.bitsets.shape[1]), dtype=np.uint64)
    words |= rng.integers(0, 2**63, words.shape, dtype=np.uint64)
    words[0] = ~np.uint64(0)  # everything was shown
    for given in (None, groups):
        lists = pick_best(values, pool, words, 5, given)
        diverse = pick_diverse(values, pool, words, 5, 1.0, world.item_attributes, given)
        for b in range(20):
            held = words[b, pool[b] >> 6] >> (pool[b] & 63).astype(np.uint64) & np.uint64(1)
            unseen = np.flatnonzero(held == 0)
            group = np.zeros(80) if given is None else given[b]
            order = sorted(unseen, key=lambda i: (group[i], -values[b, i], i))[:5]
            expected = [*pool[b, order], *[-1] * (5 - len(order))]
            assert lists[b].tolist() == expected
            assert diverse[b].tolist() == expected, "relevance alone is the order of values"
    first = first_unseen(np.arange(world.n_items, dtype=np.int32), words, 3)
    assert (first[0] == -1).all()
    assert (np.diff(first[1:]) > 0).all()


def test_diverse_lists_take_what_is_least_like_what_they_hold(world):
    pool = np.arange(64, dtype=np.int32)[None]
    values = np.zeros((1, 64), dtype=np.float32)
    values[0, 7] = 0.01
    shown = np.zeros((1, world.bitsets.shape[1]), dtype=np.uint64)
    lists = pick_diverse(values, pool, shown, 4, 0.1, world.item_attributes)[0]
    table = [set(world.item_attributes.row(v).tolist()) for v in range(64)]

    def cosine(v, w):
        return len(table[v] & table[w]) / np.sqrt(max(len(table[v]) * len(table[w]), 1))

    assert lists[0] == 7
    for k in range(1, 4):
        held = lists[:k]
        nearest = {v: max(cosine(v, w) for w in held) for v in range(64) if v not in held}
        assert nearest[int(lists[k])] == pytest.approx(min(nearest.values()))


# ---- linear models -------------------------------------------------------------------------------


def dense(features, items, scores):
    """The vectors of items as a table, (n, d)."""
    x = np.zeros((len(items), features.width))
    x[:, 0], x[:, 1], x[:, 2] = 1.0, scores, features.appeal[items]
    for row, v in enumerate(items):
        span = slice(features.indptr[v], features.indptr[v + 1])
        x[row, 3 + features.indices[span]] = features.values[span]
    return x


@pytest.mark.parametrize("name", ["lastfm-small", "yelp-small"])  # attributes, and directions
def test_models_are_least_squares(name):
    world = prepare(world=name).world
    features, rng = Features.of(world), np.random.default_rng(2)
    d = features.width
    assert d <= 3 + 64
    items = rng.integers(0, world.n_items, (1, 30)).astype(np.int32)
    scores = rng.normal(size=(1, 30)).astype(np.float32)
    heard = (rng.random((1, 30)) < 0.5).astype(float)
    heard[0, :4] = np.nan
    x, y = dense(features, items[0, 4:], scores[0, 4:]), heard[0, 4:]
    prior = np.zeros((1, d))
    prior[0, :2] = 0.4, 0.1
    weights, spread = prior.copy(), 0.05 * np.eye(d)[None]
    learn(weights, spread, items, scores, heard, 0.2, features.table)
    exact = np.linalg.inv(np.eye(d) / 0.05 + x.T @ x / 0.2)
    np.testing.assert_allclose(spread[0], exact, atol=1e-9)
    expected = prior[0] + exact @ x.T @ (y - x @ prior[0]) / 0.2
    np.testing.assert_allclose(weights[0], expected, atol=1e-9)

    inverse, sums = 2.0 * np.eye(d)[None], np.zeros((1, d))
    learn_linear(inverse, sums, prior, items, scores, heard, 0.5, features.table)
    np.testing.assert_allclose(inverse[0], np.linalg.inv(0.5 * np.eye(d) + 0.5 * x.T @ x))
    np.testing.assert_allclose(sums[0], 0.5 * x.T @ (y - x @ prior[0]), atol=1e-9)

    values, unsure = np.empty((1, 30)), np.empty((1, 30))
    predict(weights, items, scores, features.table, values)
    doubt(spread, items, scores, features.table, unsure)
    every = dense(features, items[0], scores[0])
    np.testing.assert_allclose(values[0], every @ weights[0], atol=1e-9)
    form = np.einsum("ki,ij,kj->k", every, spread[0], every)
    np.testing.assert_allclose(unsure[0] ** 2, form, atol=1e-9)
    np.testing.assert_allclose(products(items, scores, features)[0], every.T @ every, atol=1e-9)


# ---- every agent ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", AGENTS)
def test_a_life_is_the_same_alone_and_in_any_batch(name):
    together, _ = play(name)
    apart, _ = play(name, size=7)
    assert together.equals(apart)
    assert not play(name, seed=1)[0].equals(together)


def test_follow_is_static_where_nobody_instructs():
    silent = prepare(users="voiceless")
    traces = [play(name, setup=silent)[0] for name in ("static", "follow", "apply_all")]
    columns = [c for c in traces[0].column_names if c != "agent"]
    assert traces[0].select(columns).equals(traces[1].select(columns))
    assert traces[0].select(columns).equals(traces[2].select(columns))


def test_follow_breaks_no_instruction_that_it_can_keep():
    batch = prepare(**VOCAL).batch(24, threads=1)
    agent, a, heard = make_agent("follow"), batch.arrays, 0
    agent.bind(batch)
    batch.open(seeds=np.zeros(24, np.uint64), conversations=np.arange(24))
    running = np.ones(24, dtype=bool)
    agent.reset(running)
    while running.any():
        groups, lists = agent.groups(), agent.act()
        unseen = ~batch.was_shown(agent.pool)
        keeps = ((groups < 2) & unseen).sum(axis=1) >= batch.protocol.top_k
        breaks, _ = read_instructions(a["instructions"], lists.items, batch.world)
        assert not breaks[running & keeps].any()
        heard += int((a["instructions"][running, 0, 0] >= 0).sum())
        batch.step(lists)
        agent.observe(running)
        running = a["done"] == 0
    assert heard > 100


def test_apply_all_keeps_to_what_has_ended():
    over = {}
    for name in ("follow", "apply_all"):
        trace, _ = play(name)
        lists, obeyed = (np.array(trace[c].to_pylist()) for c in ("over_lists", "over_obeyed"))
        over[name] = obeyed.sum() / lists.sum()
    assert over["apply_all"] > over["follow"] + 0.1


def test_reading_on_is_counted_for_debias():
    batch = prepare(examination=0.4).batch(24, threads=1)
    agent = make_agent("debias")
    for _ in live(agent, batch):
        pass
    on = agent._went_on[:, 0].sum() - 9 * 24
    could = agent._went_on[:, 1].sum() - 10 * 24
    assert could > 300
    assert abs(on / could - 0.4) < 4 * np.sqrt(0.24 / could)


@pytest.mark.parametrize("name", ["conucb", "conts"])
def test_asking_bandits_ask_and_learn_from_answers(name):
    batch = prepare(answer_noise=0.0, dont_know=0.0).batch(24, threads=1)
    agent = make_agent(name)
    asked = 0
    for running in live(agent, batch):
        asked += int((running & (batch.arrays["verb"] == Verb.ASK)).sum())
        assert np.isfinite(agent.weights[running]).all()
    assert asked > 24


# ---- the gardener --------------------------------------------------------------------------------


def test_a_belief_keeps_satiation_as_users_do():
    """Nothing of it is hidden where decay is the usual one and nobody instructs."""
    batch = prepare(users="voiceless", boredom_decay=0.8).batch(24, threads=1)
    agent, moves = make_agent("gardener"), 0
    for running in live(agent, batch):
        goes_on = running & (batch.arrays["done"] == 0)
        ours, theirs = agent.belief.bored[goes_on], batch.arrays["satiation"][goes_on]
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        moves += len(ours)
    assert moves > 100


def test_a_belief_comes_nearer_to_taste():
    """It begins at what train says of a user; what they consume says more (of equal items)."""
    batch = prepare(protocol_options={"horizon": 20, "quality_weight": 0.0}).batch(60, threads=1)
    agent = make_agent("gardener")
    n, counts = batch.world.n_attributes, batch.arrays["taken_counts"]
    start = None
    for _ in live(agent, batch):
        start = agent.belief.taste[:, :n].copy() if start is None else start
    met = counts >= 8
    assert met.sum() > 100
    theta = batch.arrays["theta"]
    before = np.abs(start - theta)[met].mean()
    after = np.abs(agent.belief.taste[:, :n] - theta)[met].mean()
    assert after < before


def test_the_gardener_passes_once_users_have_stayed_as_long_as_they_mean_to():
    passed = {}
    for stay in (2.0, 200.0):
        batch = prepare(session_hazard=0.05).batch(24, threads=1)
        agent, passes = make_agent("gardener", stay=stay), 0
        for running in live(agent, batch):
            passes += int((running & (batch.arrays["verb"] == Verb.PASS)).sum())
        passed[stay] = passes
    assert passed[2.0] > passed[200.0] + 50


def test_an_orchard_learns_the_quality_of_items_and_goes_on_exactly():
    setup = prepare()
    agent = make_agent("orchard", batch=48)
    agent.bind(setup.batch(48, threads=1))
    agent.start(0)
    first = agent.train_round(0)
    kept = agent.weights()
    agent.train_round(1)
    known = agent._counts >= 2
    assert known.sum() > 100
    quality = setup.world.item_worth("quality")
    learned = agent.belief.items.quality
    assert np.corrcoef(quality[known], learned[known])[0, 1] > 0.95
    assert first["known"] > 0.2
    again = make_agent("orchard", batch=48)
    again.bind(setup.batch(48, threads=1))
    again.start(0)
    again.set_weights(kept)
    again.train_round(1)
    for name, array in agent.weights().items():
        assert (again.weights()[name] == array).all()
    with pytest.raises(CheckpointError, match="another world"):
        again.set_weights({"sums": np.zeros(3), "counts": np.zeros(3)})
    with pytest.raises(StateError, match="recosim train"):
        make_agent("orchard").need_weights()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("gardener", {"stay": 0.0}),
        ("gardener", {"curiosity": -1.0}),
        ("linucb", {"alpha": -0.1}),
        ("thompson", {"scale": float("nan")}),
        ("conucb", {"weight": 1.0}),
        ("diversify", {"relevance": 2.0}),
    ],
)
def test_impossible_settings_are_refused(name, settings):
    with pytest.raises(OptionError, match=next(iter(settings))):
        make_agent(name, **settings)


# ---- agents of every family ----------------------------------------------------------------------


def test_a_language_model_plays_a_life_by_its_own_moves():
    seen: list[str] = []

    def anything(request):
        seen.append(request.messages[1][1])
        rng = np.random.default_rng(request.seed)
        moves, items = (request.schema()["properties"][key] for key in ("move", "items"))
        labels = items["items"].get("enum", [items["items"].get("const", "")])
        listed = [str(label) for label in rng.permutation(labels)[:2]]
        return {"why": "so", "move": str(rng.choice(moves["enum"])), "items": listed}

    setup = prepare(**VOCAL, feedback="instruction")
    batch = setup.batch(4, threads=1, raise_illegal=True)
    settings = ChatSettings(model="scripted", attempts=1, reasks=1)
    agent = LLMAgent(chat=Chat(ScriptedBackend(anything, settings)))
    verbs = set()
    for running in live(agent, batch):
        verbs |= set(batch.arrays["verb"][running].tolist())
    assert agent.report()["moves_of_the_rule"] == 0
    assert verbs == {Verb.ASK, Verb.RECOMMEND, Verb.REFLECT, Verb.PASS}
    text = "\n".join(seen)
    assert "Day 0 of 5, session 1, round 1" in text
    assert "recommend because of" in text
    assert "In force:" in text
    assert "does not come back in time" not in text, "endings are not told"


def test_where_the_model_is_silent_the_usual_agent_of_the_family_moves():
    setup = prepare(**VOCAL)
    batch = setup.batch(4, threads=1)
    settings = ChatSettings(model="scripted", attempts=1, pause=0.0, reasks=0)
    agent = LLMAgent(chat=Chat(ScriptedBackend(lambda request: "no JSON", settings)))
    lists = []
    for running in live(agent, batch):
        lists.append(batch.arrays["shown"][running].copy())
    own = make_agent("static")
    twin = setup.batch(4, threads=1)
    for running, shown in zip(live(own, twin), lists, strict=True):
        assert (twin.arrays["shown"][running] == shown).all()
    assert agent.report()["moves_of_the_rule"] == sum(map(len, lists))
