"""Every agent meets users who name no attribute, know items, ask about them and take several."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.agents.learner import Learner
from recosim.agents.registry import agent_names, make_agent
from recosim.envs.setup import Setup
from recosim.errors import MissingExtraError
from recosim.users import Population

LIVELY = {
    "seen": 0.4,
    "asks_about": 0.3,
    "critique_unasked": 0.3,
    "want_unasked": 0.3,
    "takes": 3,
    "acceptable": 8,
    "musts": 1,
    "bad_list_rise": 0.02,
    "answer_noise": 0.05,
    "deflects": 0.2,
    "cooperativeness": 0.3,
    "drift": 0.05,
}
OPENINGS = ("several", "item", "item_attribute", "nothing")


def fitting(family, setup):
    """The agents that are made for these rules, but those that need a server."""
    found = []
    for name in agent_names():
        try:
            agent = make_agent(name, "")
        except MissingExtraError:
            continue
        if not agent.asks_server and not agent.misfit_of(setup):
            found.append(name)
    return found


def meet(agent, setup, n):
    """How many of n conversations had a hit."""
    d = setup.batch(n, track=agent.track, threads=1, raise_illegal=True)
    agent.bind(d)
    if isinstance(agent, Learner):
        agent.start(0)  # new weights
    d.open(seeds=np.full(n, 4, np.uint64), conversations=np.arange(n))
    agent.reset(np.ones(n, dtype=bool))
    for _ in range(4 * setup.protocol.max_turns):
        running = d.arrays["done"] == 0
        if not running.any():
            break
        d.step(agent.act())
        agent.observe(running)
    assert d.arrays["done"].all()
    return int(d.success().sum())


@pytest.mark.parametrize("opening", OPENINGS)
@pytest.mark.parametrize("inquiries", ["free", "turn"])
@pytest.mark.parametrize(
    ("family", "world", "options"),
    [
        ("cpr", "lastfm-small", {"protocol": "scpr"}),
        ("cpr", "yelp-small", {"protocol": "ear", "question": "facet"}),
        ("critique", "lastfm-small", {"protocol": "critique"}),
    ],
)
def test_agents_play_on(family, world, options, inquiries, opening):
    options = dict(options)
    protocol = options.pop("protocol")
    setup = Setup.prepare(
        family,
        world=world,
        split="valid",
        users=Population("lively", {**LIVELY, "opening": opening}),
        protocol=protocol,
        protocol_options={**options, "inquiries": inquiries},
    )
    hits = {name: meet(make_agent(name, ""), setup, 24) for name in fitting(family, setup)}
    assert len(hits) >= 5
    assert hits["oracle"] == 24
    assert sum(hits.values()) > 24
