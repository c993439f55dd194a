"""Agents that are criticised: what each makes of a critique, and who gains from it."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.acts import Outcome
from recosim.agents.cpr.critiquing import criticised, reasons
from recosim.agents.registry import make_agent
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.envs.setup import Setup
from recosim.errors import OptionError


def begin(name: str, n: int = 200, users: str = "seeker_salient", **settings: object):
    parts = Setup.prepare(
        "cpr",
        world="lastfm-small",
        protocol="critique",
        protocol_options={"top_k": 3},
        users=users,
        split="test",
    )
    agent = make_agent(name, **settings)
    d = parts.batch(n, raise_illegal=True)
    agent.bind(d)
    d.open(seeds=np.zeros(n, np.uint64), conversations=np.arange(n))
    agent.reset(np.ones(n, dtype=bool))
    return agent, d


def walk(agent, d):
    """Play to the end; yields the rows that ran, after each move, with what the agent has heard."""
    while (running := d.arrays["done"] == 0).any():
        d.step(agent.act())
        agent.observe(running)
        yield running


@pytest.mark.parametrize("users", ["seeker_salient", "seeker_random", "seeker_least_liked"])
def test_seekers_criticise_what_the_list_has_and_their_target_has_not(users):
    agent, d = begin("reject_only", users=users)
    a, world, heard = d.arrays, d.world, 0
    for running in walk(agent, d):
        for b in np.flatnonzero(running & (a["outcome"] == Outcome.MISS)):
            less = int(a["asked"][b, 0])
            if less < 0:
                continue
            heard += 1
            shown = a["shown"][b, : a["n_shown"][b]]
            assert any(less in world.item_attributes.row(v) for v in shown)
            assert less not in world.item_attributes.row(a["targets"][b, 0])
            assert a["status"][b, less] == -1
            given = set(a["aspects"][b].tolist()) - {-1}
            fits = given - set(world.item_attributes.row(a["targets"][b, 0]).tolist())
            assert not fits or less in fits, "where a reason can be criticised, a reason is"
    assert heard > 200


def test_hard_filter_never_shows_what_was_criticised():
    agent, d = begin("hard_filter")
    a = d.arrays
    said = [set() for _ in range(d.size)]
    for running in walk(agent, d):
        for b in np.flatnonzero(running):
            for v in a["shown"][b, : a["n_shown"][b]]:
                assert not said[b] & set(d.world.item_attributes.row(v).tolist())
        for b, less in enumerate(criticised(d, running)):
            if less >= 0:
                said[b].add(int(less))


def test_a_latent_update_lowers_the_score_of_the_attribute():
    agent, d = begin("latent_update", rate=1.0)
    before = agent._mirror.batch.arrays["query"].copy()
    running = next(walk(agent, d))
    attributes = criticised(d, running)
    moved = agent._mirror.batch.arrays["query"] - before
    for b in np.flatnonzero(attributes >= 0):
        assert np.allclose(moved[b], -d.vectors.attribute[attributes[b]], atol=1e-5)
    assert (attributes >= 0).sum() > 50


def test_reasons_are_what_most_items_have_and_nothing_was_said_of():
    _, d = begin("reject_only", n=20)
    items = d.best_items()[0]
    for b, chosen in enumerate(reasons(d, items)):
        rows = [set(d.world.item_attributes.row(v).tolist()) for v in items[b] if v >= 0]
        count = {
            a: sum(a in row for row in rows)
            for a in range(d.world.n_attributes)
            if d.arrays["status"][b, a] == 0
        }
        best = sorted((a for a in count if count[a]), key=lambda a: (-count[a], a))
        assert [a for a in chosen if a >= 0] == best[: d.protocol.aspects]


def test_who_listens_needs_fewer_turns(tmp_path):
    env = prepare_env("Critique-LastFM-Small", episodes=400, overrides={"users": "seeker_random"})
    (result,) = run_bench(
        [env], ["hard_filter", "latent_update", "reject_only"], tmp_path
    ).environments
    gain = result.compare("reject_only", "hard_filter").differences["AT"]
    assert gain.value > 0
    assert gain.excludes_zero()
    faithful = result.agent("hard_filter").metrics["faithfulness"]
    assert faithful is not None
    assert 0.2 < faithful.value <= 1
    assert result.agent("hard_filter").estimate("asks").value == 0


def test_bot_play_learns_from_talking():
    pytest.importorskip("torch")
    agent, _ = begin("bot_play", batch=200, rounds=12)
    agent.start(0)
    losses = [agent.train_round(number)["loss"] for number in range(12)]
    assert np.mean(losses[-3:]) < np.mean(losses[:3]) - 0.2
    assert agent.modules["scorer"].away.item() > 0, "criticised attributes count against items"


def test_they_say_where_they_do_not_fit(tmp_path):
    with pytest.raises(OptionError, match="made for another family"):
        run_bench([prepare_env("CPR-LastFM-Small", episodes=5)], ["hard_filter"], tmp_path)
    with pytest.raises(OptionError, match="it asks questions"):
        run_bench([prepare_env("Critique-LastFM-Small", episodes=5)], ["logic"], tmp_path)
    with pytest.raises(OptionError, match="rate"):
        make_agent("latent_update", rate=-1)
