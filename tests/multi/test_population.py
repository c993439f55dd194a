"""`population_v0`: PettingZoo's own tests, masks, rewards and ends, copies, malformed actions."""

from __future__ import annotations

import copy
import json
import pickle
import warnings

import numpy as np
import pytest

pytest.importorskip("pettingzoo")

from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, seed_test

from recosim.errors import (
    IllegalActionError,
    OptionError,
    RecosimError,
    StateError,
    UnknownNameError,
)
from recosim.multi import population_v0
from recosim.multi.population import MARKETS

SMALL = {"name": "RecoWorld-LastFM-Small", "users": 12, "days": 4, "threads": 1}
EVERY = [
    *({"market": name} for name in MARKETS),
    {"market": "creators_market", "players": "both"},
    {"market": "duopoly", "actions": "weights", "players": ["platform_1"]},
    {"market": "duopoly", "creators": ["still", "chase_clicks"], "players": ["creator_1"]},
]


def make(**changed):
    return population_v0.parallel_env(**{"market": "creators_market", **SMALL, **changed})


def sample(env, seen):
    return {
        agent: env.action_space(agent).sample(seen[agent].get("action_mask"))
        for agent in env.agents
    }


@pytest.fixture(autouse=True)
def strict():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # What PettingZoo says of every dictionary with a mask that is not among its own games.
        warnings.filterwarnings("ignore", "Observation space for each agent probably should be")
        warnings.filterwarnings("ignore", "Observation is not a NumPy array")
        # Platforms and creators differ.
        warnings.filterwarnings("ignore", "(Agents have|Observations are) different")
        yield


@pytest.mark.parametrize("settings", EVERY, ids=str)
def test_the_tests_of_pettingzoo(settings):
    parallel_api_test(make(**settings), num_cycles=12)
    parallel_seed_test(lambda: make(**settings), num_cycles=6)
    api_test(population_v0.env(**SMALL, **settings), num_cycles=30)
    seed_test(lambda: population_v0.env(**SMALL, **settings), num_cycles=6)


@pytest.mark.parametrize("settings", EVERY, ids=str)
def test_days_are_played(settings):
    env = make(**settings)
    seen, infos = env.reset(seed=3)
    assert set(seen) == set(infos) == set(env.agents) == set(env.possible_agents)
    days = 0
    while env.agents:
        acting = list(env.agents)
        seen, rewards, terminated, truncated, infos = env.step(sample(env, seen))
        days += 1
        for agent in acting:
            assert env.observation_space(agent).contains(seen[agent])
            assert np.isfinite(seen[agent]["observation"]).all()
            assert type(terminated[agent]) is type(truncated[agent]) is bool
            assert type(rewards[agent]) is float
            terms = infos[agent]["reward_terms"]
            assert rewards[agent] == sum(terms.values())
            json.dumps(terms)
            if "action_mask" in seen[agent]:
                assert (infos[agent]["action_mask"] == seen[agent]["action_mask"]).all()
            ended = terminated[agent] or truncated[agent]
            assert (agent in env.agents) is not ended
    assert days == 4
    society = env.society
    assert sum(society.log["active"][0]) == 12
    figures = society.summary()
    json.dumps(figures)
    assert figures["sessions_per_user"] * 12 == sum(a.sum() for a in society.log["active"])
    with pytest.raises(StateError, match="has ended"):
        env.step({})


def play(env, days, seen):
    found = []
    for _ in range(days):
        actions = {a: int(np.flatnonzero(seen[a]["action_mask"])[-1]) for a in env.agents}
        seen, rewards, *_ = env.step(actions)
        found.append((rewards, {a: seen[a]["observation"].tolist() for a in seen}))
    return found, seen


@pytest.mark.parametrize("again", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_copies_go_on_alike(again):
    env = make(players="both")
    seen, _ = env.reset(seed=1)
    _, seen = play(env, 2, seen)
    other = again(env)
    assert other.agents == env.agents
    assert play(env, 2, seen)[0] == play(other, 2, seen)[0]


def test_seeds_fix_episodes_and_episodes_differ():
    env, other = make(), make()
    first = play(env, 3, env.reset(seed=5)[0])[0]
    assert play(other, 3, other.reset(seed=5)[0])[0] == first
    second = play(env, 3, env.reset()[0])[0]
    assert second != first
    assert play(other, 3, other.reset()[0])[0] == second
    assert play(env, 3, env.reset(seed=5, options={"options": 1})[0])[0] == first


def test_releases_are_on_offer_and_paid_for():
    env = make(creators=2, users=40, days=6, trade={"held_back": 0.6, "budget": 3.0})
    env.reset(seed=0)
    makers = env.society.makers
    assert makers.released.mean() == pytest.approx(0.4, abs=0.01)
    item = int(makers.slots(1)[2])
    appeal, quality = makers.appeal[item], makers.quality[item]
    for batch in env.society.market.lives:
        assert not batch.was_shown(np.full((40, 1), np.flatnonzero(makers.released)[0])).any()
        assert batch.was_shown(np.full((40, 1), item)).all()
    _, rewards, *_, infos = env.step({"creator_0": 0, "creator_1": 1 + 3 * 2 + 1})  # as bait
    assert makers.released[item]
    assert (makers.appeal[item], makers.quality[item]) == (appeal + 1.5, quality)
    for batch in env.society.market.lives:
        assert batch.arrays["appeal"][item] == appeal + 1.5
        assert not batch.was_shown(np.full((40, 1), item)).all()
    assert infos["creator_1"]["reward_terms"]["cost"] == -0.5
    assert infos["creator_0"]["reward_terms"]["cost"] == 0.0
    exposure = env.society.log["exposure"][0]
    for j in range(2):
        income = 2 * exposure[j] / exposure.sum()
        assert rewards[f"creator_{j}"] == pytest.approx(income - 0.5 * j)
        assert makers.wealth[j] == pytest.approx(3.0 + income - 0.5 - 0.5 * j)
    while env.agents:
        env.step(dict.fromkeys(env.agents, 0))
    # Nothing that is held back was ever shown.
    shown = env.society.tally.arrays["items_shown"].sum(axis=0) > 0
    assert shown[makers.released].any()
    assert not shown[~makers.released].any()
    env.reset(seed=0)
    assert makers.appeal[item] == appeal
    assert not makers.released[item]


def test_creators_who_are_poor_can_do_nothing_and_then_are_out():
    env = make(creators=3, trade={"budget": 0.5, "income": 0.0, "upkeep": 0.2})
    seen, _ = env.reset(seed=0)
    assert seen["creator_0"]["action_mask"].all()
    seen, *_ = env.step({"creator_0": 2, "creator_1": 1, "creator_2": 0})
    assert env.agents == ["creator_1", "creator_2"]  # .5 for bait, and .2 to live on
    assert seen["creator_1"]["action_mask"].tolist() == [1] + [0] * 12
    assert seen["creator_2"]["action_mask"].tolist() == [1, *[1, 0, 0] * 4]
    with pytest.raises(StateError, match="creator_0 has ended"):
        env.step(dict.fromkeys(env.possible_agents, 0))
    *_, terminated, _, infos = env.step({"creator_1": 5, "creator_2": 3})
    assert infos["creator_2"]["illegal"]
    assert infos["creator_2"]["reward_terms"] == {"exposure": 0.0, "cost": 0.0, "illegal": -0.1}
    assert terminated == {"creator_1": True, "creator_2": False}
    picky = make(creators=1, trade={"budget": 0.3}, illegal="raise")
    picky.reset(seed=0)
    before = pickle.dumps(picky)
    with pytest.raises(IllegalActionError, match="costs more"):
        picky.step({"creator_0": 2})
    assert pickle.dumps(picky) == before


def test_platforms_are_paid_in_active_users():
    env = make(market="duopoly", users=60, retention_weight=0.5)
    env.reset(seed=2)
    while env.agents:
        _, rewards, *_, infos = env.step(dict.fromkeys(env.agents, 4))
        active = env.society.log["active"][-1]
        back = env.society.log["returns"][-1]
        for k in range(2):
            n = int(active[k])
            expected = n / 60 + (0.5 * back[k] / n if n else 0)
            assert rewards[f"platform_{k}"] == pytest.approx(expected)
        utility = env.society.log["utility"][-1].sum() / 60
        assert infos["platform_0"]["true_utility"] == pytest.approx(utility)
    assert env.society.market.agents[0].weights.tolist() == [1.0, 0.0, 0.0, 0.5, 3.0]
    env.reset()
    assert env.society.market.agents[0].weights.tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_relevance_is_static():
    """The ranking by relevance alone shows what the retrieval of the environment shows."""
    logs = []
    for name in ("relevance", "static"):
        env = make(market="one_platform", platforms=[name, "novelty"], players=["platform_1"])
        env.reset(seed=0)
        while env.agents:
            env.step({"platform_1": 1})
        logs.append([a.tolist() for a in env.society.log["active"]])
    assert logs[0] == logs[1]


def test_it_is_registered():
    import pettingzoo

    if not hasattr(pettingzoo, "parallel_registry"):
        pytest.skip("this PettingZoo is older than 1.27, which has no registry")
    assert population_v0.ID in pettingzoo.parallel_registry
    made = pettingzoo.make("parallel", population_v0.ID, market="one_platform", **SMALL)
    assert made.possible_agents == ["platform_0"]


def test_it_tells_the_day():
    env = make(render_mode="ansi", creators=2)
    env.reset(seed=0)
    assert "12 users" in env.render()
    env.step({"creator_0": 0, "creator_1": 0})
    assert "day 1 of 4" in env.render()
    assert env.state().shape == (2 * (8 + 12 + 6),)
    assert make().render() is None


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"market": "duopolis"}, UnknownNameError, "duopoly"),
        ({"players": "everyone"}, UnknownNameError, "both"),
        ({"players": ["creator_99"]}, UnknownNameError, "creator_9"),
        ({"players": []}, OptionError, "one or more"),
        ({"market": "duopoly", "players": "creators"}, OptionError, "creators=10"),
        ({"market": "duopoly", "players": "both"}, OptionError, "creators=10"),
        ({"platforms": []}, OptionError, "needs a platform"),
        ({"platforms": "static"}, OptionError, "list of names"),
        ({"platforms": ["static"], "players": "platforms"}, OptionError, "not a ranking"),
        ({"platforms": ["gardener"]}, OptionError, "before anything is released"),
        ({"platforms": ["nobody"]}, UnknownNameError, "platform"),
        ({"creators": -1}, OptionError, "0 to 1000"),
        ({"creators": ["chase"]}, UnknownNameError, "chase_clicks"),
        ({"trade": {"budget": 0.0}}, OptionError, "never release"),
        ({"trade": {"budgets": 1.0}}, UnknownNameError, "budget"),
        ({"trade": {"held_back": 1.5}}, OptionError, "held_back"),
        ({"trade": {"choices": 0}}, OptionError, "choices"),
        ({"users": 0}, OptionError, "users"),
        ({"users": 2.5}, OptionError, "users"),
        ({"days": 0}, OptionError, "horizon"),
        ({"actions": "flat"}, UnknownNameError, "weights"),
        ({"illegal": "ignore"}, UnknownNameError, "penalise"),
        ({"render_mode": "human"}, UnknownNameError, "ansi"),
        ({"name": "CPR-LastFM-Small", "days": None}, OptionError, "RecoWorld"),
        ({"population": "llm_decides"}, OptionError, "language model"),
    ],
)
def test_markets_that_cannot_be(changed, error, words):
    with pytest.raises(error, match=words):
        make(**changed)


BAD = [None, "1", 1.0, True, -1, 99, [1], np.array([1]), np.nan, {}, np.array(1.5), 10**30]


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_malformed_actions_change_nothing(bad):
    env = make(creators=2, players="both", platforms=["relevance"])
    env.reset(seed=0)
    good = dict.fromkeys(env.agents, 0)
    for agent in env.agents:
        with pytest.raises(IllegalActionError, match=agent):
            env.step({**good, agent: bad})
    assert env.society.day == 0
    assert env.society.makers.wealth.tolist() == [5.0, 5.0]
    env.step(good)


@pytest.mark.parametrize(
    "bad", [None, "x", [1, 2], [9, 0, 0, 0, 0], [float("nan")] * 5, [[1] * 5], 3, {}], ids=repr
)
def test_malformed_weights(bad):
    env = make(market="one_platform", actions="weights")
    env.reset(seed=0)
    with pytest.raises(IllegalActionError, match="weights"):
        env.step({"platform_0": bad})
    env.step({"platform_0": [1, 0.5, 0, 0, 3]})


@pytest.mark.parametrize("bad", [None, [], 3, {}, {"creator_0": 0}, {"nobody": 0}], ids=repr)
def test_malformed_turns(bad):
    env = make(creators=2)
    with pytest.raises(StateError, match="reset"):
        env.step({"creator_0": 0, "creator_1": 0})
    env.reset(seed=0)
    with pytest.raises(RecosimError):
        env.step(bad)
    with pytest.raises(OptionError, match="seed"):
        env.reset(seed=-1)


def test_many_malformed_turns():
    """Whatever comes is refused by an error of RecoSim, and nothing has changed."""
    env = make(market="duopoly", creators=2, players="both")
    env.reset(seed=0)
    rng, names = np.random.default_rng(0), [*env.possible_agents, "user_0", "", 3, None]
    values = [*BAD, 0, 1, -(2**63), 2**64, "", b"0", object(), [], (0,), float("inf"), 0j, {0}]
    refused = 0
    for _ in range(3000):
        given = {
            names[int(rng.integers(len(names)))]: values[int(rng.integers(len(values)))]
            for _ in range(int(rng.integers(6)))
        }
        full = dict.fromkeys(env.agents, 0) | given
        for actions in (given, full):
            if actions == dict.fromkeys(env.agents, 0):
                continue
            try:
                env._read_actions(actions)
            except RecosimError:
                refused += 1
    assert refused > 5000
    assert env.society.day == 0
    env.step(dict.fromkeys(env.agents, 0))
