"""Agents that search: what they read, ask and believe, held against plain arithmetic."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from reference.sixty_needs import collection

from recosim.acts import Verb
from recosim.agents.convsim.asking import facet_splits
from recosim.agents.convsim.base import appended
from recosim.agents.convsim.chances import WANTED, Chance, candidates_of
from recosim.agents.convsim.gains import Gains
from recosim.agents.convsim.shortlist import SHORTLISTERS, known_terms, shortlister
from recosim.agents.learner import Learner
from recosim.agents.registry import agent_card, agent_names, make_agent
from recosim.envs.setup import Setup
from recosim.errors import CheckpointError, OptionError, StateError, UnknownNameError

AGENTS = tuple(name for name in agent_names() if agent_card(name).family == "convsim")
HELPFUL = {"cooperativeness": 1.0, "feedback": "critique"}
HIDDEN = ("need", "user", "disappointments", "ndcg", "start_ndcg", "ceiling", "gain", "utility")
HIDDEN += ("reciprocal_rank", "recall", "reward", "reward_terms")


def prepare(**changed: object) -> Setup:
    return Setup.prepare("convsim", **{"world": collection(), "split": "test", **changed})


def ready(name: str, **settings: object):
    """An agent; one that learns has learned for four rounds, from people of all kinds."""
    agent = make_agent(name, **settings)
    if isinstance(agent, Learner):
        agent.bind(prepare(split="train", users="typical").batch(32, threads=1))
        agent.start(0)
        agent.rounds = 4
        for number in range(4):
            agent.train_round(number)
    return agent


def play(agent, n: int = 20, first: int = 0, seed: int = 0, **changed: object):
    """Plays searches `first` to `first + n`; yields the batch after each move."""
    batch = prepare(**changed).batch(n, threads=1, raise_illegal=True)
    weights = agent.weights() if isinstance(agent, Learner) else None
    agent.bind(batch)
    if weights is not None:
        agent.set_weights(weights)
    table = batch.units().table
    chosen = np.arange(first, first + n)
    batch.open(
        seeds=np.full(n, seed, np.uint64), conversations=chosen, units=table[chosen % len(table)]
    )
    running = np.ones(n, dtype=bool)
    agent.reset(running)
    while running.any():
        batch.step(agent.act())
        agent.observe(running)
        yield batch, running
        running = batch.arrays["done"] == 0


def transcript(agent, n: int, size: int, **changed: object) -> dict:
    told: dict = {}
    for first in range(0, n, size):
        for batch, running in play(agent, min(size, n - first), first, **changed):
            for b in np.flatnonzero(running):
                a = batch.arrays
                move = [a[k][b].tolist() for k in ("verb", "term", "facet", "kind", "shown")]
                told.setdefault(first + int(b), []).append(move)
    return told


# ---- every agent ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", AGENTS)
def test_a_search_is_the_same_alone_and_in_any_batch(name):
    agent = ready(name)
    users = {**HELPFUL, "answer_noise": 0.2, "dont_know": 0.2}
    assert transcript(agent, 20, 20, **users) == transcript(agent, 20, 7, **users)


class Guarded(dict):
    """Arrays of which agents read what they may."""

    def __getitem__(self, name):
        reader = sys._getframe(1).f_globals["__name__"]
        if reader.startswith("recosim.agents") and name in HIDDEN:
            raise AssertionError(f"{reader} reads {name}")
        return super().__getitem__(name)


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_reads_nothing_that_is_hidden(name):
    agent = ready(name)
    for batch, _ in play(agent, **HELPFUL):
        if not isinstance(batch.arrays, Guarded):
            batch.arrays = Guarded(batch.arrays)
        batch.world = collection_without_answers(batch.world)
    with pytest.raises(AssertionError, match="reads need"):
        exec(compile("arrays['need']", "x", "eval"), {
            "arrays": Guarded(need=1), "__name__": "recosim.agents.spy"
        })  # fmt: skip


def collection_without_answers(world):
    """The world in which nothing is judged and nobody needs anything."""
    return replace(world, topics=None, judgements=None)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("rocchio", {"terms": 0}),
        ("rocchio", {"beta": -1.0}),
        ("rm3", {"documents": 1.5}),
        ("rm3", {"original": 2.0}),
        ("clarify", {"least": 1.5}),
        ("clarify", {"most": -1}),
        ("always_ask", {"most": True}),
        ("belief", {"worth": -0.1}),
        ("belief", {"always": -2}),
    ],
)
def test_impossible_settings_are_refused(name, settings):
    with pytest.raises(OptionError, match=next(iter(settings))):
        make_agent(name, **settings)


def test_an_unknown_shortlist_offers_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'model'"):
        make_agent("always_ask", shortlist="modle")


# ---- agents that show ----------------------------------------------------------------------------


def test_who_hears_nothing_shows_the_same_list_again():
    lists = []
    for batch, _ in play(make_agent("bm25"), **HELPFUL):
        lists.append(batch.arrays["shown"].copy())
        assert (batch.arrays["verb"] == Verb.RECOMMEND).all()
    assert len(lists) == 4
    assert all((shown == lists[0]).all() for shown in lists)


def test_what_is_appended_is_what_reflection_makes():
    against = {**HELPFUL, "feedback": "edit", "protocol_options": {"no_weight": 0.5}}
    reflected = 0
    for batch, running in play(make_agent("append"), **against):
        rows = np.flatnonzero(running & (batch.arrays["verb"] == Verb.REFLECT))
        ours, theirs = appended(batch, rows), batch.queries(rows)
        for k in range(len(rows)):
            assert ours.row(k) == pytest.approx(theirs.row(k))
        reflected += len(rows)
    assert reflected > 20


@pytest.mark.parametrize("name", ["rocchio", "rm3"])
def test_queries_of_ones_own_find_what_the_rewriting_of_the_rules_finds(name):
    def lists(agent: str, **rules: object):
        told: dict = {}
        for batch, running in play(make_agent(agent), protocol_options=rules, **HELPFUL):
            for b in np.flatnonzero(running & (batch.arrays["verb"] == Verb.RECOMMEND)):
                told.setdefault(int(b), []).append(batch.arrays["shown"][b].tolist())
        return told

    own, plain = lists(name), lists("append", rewrite=name)
    assert own == plain
    assert own != lists("append")


def test_feedback_is_worth_something_and_a_strangers_is_not():
    def gain(agent: str, **users: object) -> float:
        *_, (batch, _) = play(make_agent(agent), **users)
        return float((batch.arrays["ndcg"] - batch.arrays["start_ndcg"]).mean())

    assert gain("append", **HELPFUL) > 0.1
    assert gain("append", **HELPFUL, off_topic=1.0) < 0.0
    assert gain("rocchio") > gain("bm25") == 0.0
    *_, (batch, _) = play(make_agent("oracle"))
    assert batch.arrays["ndcg"] == pytest.approx(batch.arrays["ceiling"])


# ---- agents that ask -----------------------------------------------------------------------------


def test_budgets_of_questions_are_kept():
    for most in (0, 3):
        *_, (batch, _) = play(make_agent("always_ask", most=most))
        assert (batch.arrays["asked"] == most).all()
    *_, (batch, _) = play(make_agent("always_ask", most=99), protocol_options={"rounds": 0})
    assert (batch.arrays["asked"] == 11).all(), "the last turn shows"
    assert (batch.arrays["n_shown"] > 0).all()


def test_clarify_asks_what_parts_the_list_while_it_parts_it_well():
    for least, asks in ((0.6, True), (1.0, False)):
        agent = make_agent("clarify", least=least, most=3)
        asked = 0
        setup = prepare()
        batch = setup.batch(20, threads=1, raise_illegal=True)
        agent.bind(batch)
        batch.open(seeds=np.zeros(20, np.uint64), conversations=np.arange(20))
        while (batch.arrays["done"] == 0).any():
            splits, moves = agent.splits(), agent.act()
            for b in np.flatnonzero((moves.verb == Verb.ASK) & (batch.arrays["done"] == 0)):
                assert splits[b, moves.about[b]] == splits[b].max() >= least
                asked += 1
            batch.step(moves)
        assert (asked > 0) is asks


def test_a_facet_parts_documents_as_its_best_attribute_does():
    for batch, _ in play(make_agent("append")):
        found = facet_splits(batch)
        a, world, n = batch.arrays, batch.world, batch.protocol.split_over
        for b in range(0, batch.size, 5):
            pairs = list(zip(a["found_items"][b, :n], a["found_scores"][b, :n], strict=True))
            whole = sum(score for item, score in pairs if item >= 0)
            for f in range(2):
                best = 0.0
                for attribute in np.flatnonzero(world.attribute_facet == f):
                    held = sum(s for v, s in pairs if attribute in world.item_attributes.row(v))
                    p = held / whole
                    best = max(best, 4 * p * (1 - p))
                assert found[b, f] == pytest.approx(best)
        break


def test_the_relevance_model_lists_its_strongest_unknown_terms():
    for batch, _ in play(make_agent("always_ask", shortlist="model", most=2)):
        a, index = batch.arrays, batch.index
        terms = shortlister("model").questions(batch)
        for b in np.flatnonzero(a["done"] == 0)[::6]:
            strength: dict[int, float] = {}
            for v, score in zip(a["found_items"][b, :10], a["found_scores"][b, :10], strict=True):
                if v < 0:
                    continue
                held = slice(index.doc_indptr[v], index.doc_indptr[v + 1])
                counts = zip(index.doc_terms[held], index.doc_counts[held], strict=True)
                for term, count in counts:
                    more = score * count / index.length[v]
                    strength[int(term)] = strength.get(int(term), 0.0) + more
            limit = max(0.1 * index.n_documents, 1.0)
            known = known_terms(batch, int(b))
            able = [t for t in strength if t not in known and index.frequency[t] <= limit]
            values = sorted((strength[t] for t in able), reverse=True)[: terms.shape[1]]
            assert [strength[t] for t in terms[b].tolist() if t >= 0] == pytest.approx(values)


def test_terms_of_a_shortlister_are_what_is_asked():
    agent = make_agent("always_ask", shortlist="model", most=2)
    batch = prepare().batch(20, threads=1, raise_illegal=True)
    agent.bind(batch)
    batch.open(seeds=np.zeros(20, np.uint64), conversations=np.arange(20))
    wanted = shortlister("model").questions(batch)[:, 0].copy()
    assert (wanted != batch.arrays["questions"][:, 0]).any()
    batch.step(agent.act())
    assert batch.arrays["term"].tolist() == wanted.tolist()
    assert set(SHORTLISTERS) == {"found", "model"}


# ---- the belief ----------------------------------------------------------------------------------


def test_candidates_leave_out_what_is_known():
    for batch, _ in play(make_agent("always_ask", most=3), **HELPFUL):
        rows = np.arange(batch.size)
        terms = candidates_of(batch, rows)
        for b in rows:
            known = known_terms(batch, int(b))
            whole = batch.arrays["candidates"][b].tolist()
            assert terms[b].tolist() == [-1 if t in known else t for t in whole]


def test_chances_are_learned_from_answers():
    rng = np.random.default_rng(3)
    x = np.concatenate([np.ones((6000, 1)), rng.normal(size=(6000, 5))], axis=1)
    truth = np.array([-1.0, 0.8, -0.5, 0.0, 1.0, 0.2])
    y = (rng.random(6000) < 1 / (1 + np.exp(-x @ truth))).astype(float)
    model = Chance(WANTED)
    assert model.mean.tolist() == WANTED.tolist()
    for part in np.split(np.arange(6000), 6):
        model.learn(x[part], y[part])
    assert model.mean == pytest.approx(truth, abs=0.15)
    before = model.mean.copy()
    model.learn(x[:0], y[:0])
    assert (model.mean == before).all()


def test_gains_are_least_squares_with_a_ridge():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(50, 8)), rng.normal(size=50)
    gains = Gains(ridge=2.0)
    for part in (slice(0, 20), slice(20, 50)):
        gains.learn("facet", x[part], y[part])
    gains.solve()
    exact = np.linalg.solve(x.T @ x + 2.0 * np.eye(8), x.T @ y)
    assert gains.of("facet", x) == pytest.approx(x @ exact)
    assert (gains.of("open", rng.normal(size=(3, 7))) == 0).all()


def test_pairs_are_one_search_until_they_part():
    agent = make_agent("belief", batch=32)
    batch = prepare(split="train", **HELPFUL, answer_noise=0.2).batch(32, threads=1)
    agent.bind(batch)
    agent.start(0)
    step, apart = batch.step, np.zeros(16, dtype=bool)

    def watched(moves):
        first, second = moves.verb[:16], moves.verb[16:]
        running = (batch.arrays["done"] == 0).reshape(2, 16).all(axis=0)
        parts = (first == Verb.ASK) & (second == Verb.RECOMMEND) & running
        apart[parts & ~apart] = True
        step(moves)
        same = batch.arrays["found_items"].reshape(2, 16, -1)
        for name in ("lists", "asked", "words", "n_heard"):
            one, two = batch.arrays[name].reshape(2, 16)
            assert (one == two)[~apart].all(), name
        assert (same[0] == same[1])[~apart].all()

    batch.step = watched
    agent.train_round(0)
    assert apart.sum() > 8


def test_a_belief_asks_where_answers_help_and_not_where_they_cost_too_much():
    asked = {}
    for cost in (0.0, -1.0):
        rules = {"rounds": 0, "rewards": {"question": cost, "word": 0.0}}
        agent = make_agent("belief", rounds=8, batch=64)
        agent.bind(prepare(split="train", protocol_options=rules, **HELPFUL).batch(64, threads=1))
        agent.start(0)
        for number in range(8):
            agent.train_round(number)
        *_, (batch, _) = play(agent, protocol_options=rules, **HELPFUL)
        asked[cost] = batch.arrays["asked"].mean()
        assert (batch.arrays["lists"] == 1).all()
    assert asked[0.0] > 1.0
    assert asked[-1.0] == 0.0


def test_a_belief_hears_who_helps():
    agent = ready("belief", always=3)
    helps = {}
    for kindness in (1.0, 0.0):
        for batch, running in play(agent, cooperativeness=kindness):
            asked = running & (batch.arrays["asked"] == 3)
            if asked.any():
                helps[kindness] = agent.state_of(np.flatnonzero(asked)).helps.mean()
                break
    assert 0.0 < helps[0.0] < helps[1.0] < 1.0


def test_weights_of_another_version_are_refused():
    agent = ready("belief")
    weights = agent.weights()
    with pytest.raises(CheckpointError, match="shape"):
        agent.set_weights({**weights, "open.sums": np.zeros(3)})
    with pytest.raises(CheckpointError, match="missing"):
        agent.set_weights({})
    fresh = make_agent("belief")
    fresh.bind(prepare().batch(2, threads=1))
    with pytest.raises(StateError, match="recosim train"):
        fresh.act()
