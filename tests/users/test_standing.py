"""Instructions that users give with their request, as environments, traces and words show them."""

from __future__ import annotations

import re

import gymnasium as gym
import numpy as np
import pytest

import recosim  # noqa: F401 (registers the environments)
from recosim.acts import Instruct, Request, Verb
from recosim.agents.learner import Learner
from recosim.agents.registry import make_agent
from recosim.envs.cpr.acts import last_move, user_acts
from recosim.envs.cpr.columns import paths
from recosim.envs.cpr.words import WORDS
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.language import Parser
from recosim.standing import HOLDS
from recosim.users import Behaviour, population

NAME = "recosim/CPR-LastFM-Small-v0"


def opened(n, **behaviour):
    setup = Setup.prepare("cpr", world="lastfm-small", split="test", users=Behaviour(**behaviour))
    d = setup.batch(n, raise_illegal=True)
    d.open(seeds=np.arange(n, dtype=np.uint64), conversations=np.zeros(n, np.int64))
    return d


def instruction(d, b):
    request, *more = user_acts(last_move(d, b))
    assert isinstance(request, Request)
    assert len(more) < 2
    return request, next(iter(more), None)


@pytest.mark.parametrize("scope", ["session", "always"])
def test_what_holds_is_known_of_the_target_and_what_does_not_changes_nothing(scope):
    d, plain = opened(400, standing=scope), opened(400)
    a, held = d.arrays, 0
    for b in range(400):
        request, act = instruction(d, b)
        has = set(d.world.item_attributes.row(a["targets"][b, 0]).tolist())
        assert a["targets"][b, 0] in d.candidate_ids(b)
        holds = act is not None and set(act.condition) <= set(request.attributes)
        assert (a["standing"][b, HOLDS] == 1) == holds
        before = set(plain.candidate_ids(b).tolist())
        if not holds:
            assert set(d.candidate_ids(b).tolist()) == before
            continue
        held += 1
        (attribute,) = act.attributes
        assert (attribute in has) == (act.directive == "want")
        assert a["status"][b, attribute] == (1 if act.directive == "want" else -1)
        if act.directive == "want":
            other = set(d.world.attribute_items.row(attribute).tolist())
            assert set(d.candidate_ids(b).tolist()) == before & other
    given = [act for b in range(400) if (act := instruction(d, b)[1])]
    assert {act.scope for act in given} == {scope}
    assert {bool(act.condition) for act in given} == {scope == "always"}
    assert held > 20
    assert len(given) > held if scope == "always" else len(given) == held > 350


def test_a_user_gives_the_same_instruction_for_always_or_makes_an_exception():
    d = opened(2_000, standing="always")
    said = {}
    for b in range(2_000):
        said.setdefault(int(d.arrays["user"][b]), set()).add(instruction(d, b)[1])
    assert all(len(acts - {None}) <= 1 for acts in said.values())
    assert len({act for acts in said.values() for act in acts}) > 20
    assert sum({None} < acts for acts in said.values()) > 5  # exceptions


def test_instructions_are_in_words_paths_and_traces():
    d = opened(60, standing="session")
    recorder, agent = Recorder(d), make_agent("abs_greedy")
    recorder.record()
    agent.bind(d)
    d.step(agent.act())
    recorder.record()
    trace = recorder.trace()
    rows = trace.table.to_pylist()
    for row in rows:
        if row["verb"] != Verb.OPEN:
            assert row["standing"] == []
    opening = [row for row in rows if row["verb"] == Verb.OPEN]
    acts = [user_acts(row) for row in opening]
    for path, row, said in zip(paths(trace).to_pylist(), opening, acts, strict=True):
        wanted = [a for act in said[1:] if act.directive == "want" for a in act.attributes]
        assert path["path"] == row["accepted"] + wanted
    lines = list(WORDS.transcript(trace, d.world))
    assert sum("This time: something with" in line for line in lines) == sum(
        act.directive == "want" for said in acts for act in said[1:]
    )
    assert sum("This time: nothing with" in line for line in lines) == sum(
        act.directive == "avoid" for said in acts for act in said[1:]
    )


def test_what_is_said_in_a_text_environment_is_read_as_what_was_meant():
    env = gym.make(NAME, users="standing", observations="text", disable_env_checker=True)
    d = env.get_wrapper_attr("batch")
    parser, read = Parser(d.world), []
    for seed in range(60):
        text, info = env.reset(seed=seed)
        request, act = instruction(d, 0)
        said = text.splitlines()[0].removeprefix("user: ")
        if act is None:
            continue
        _, added = re.split(r"(?<=[.?!]) ", said, maxsplit=1)  # the request is the first sentence
        assert parser.parse_user(added) == act, said
        read.append(act)
        if act.directive == "want" and set(act.condition) <= set(request.attributes):
            expected = (*request.attributes, *act.attributes)
        else:
            expected = request.attributes
        assert tuple(a for a in info["path"].tolist() if a >= 0) == expected
    assert {act.scope for act in read} == {"session", "always"}
    assert {act.directive for act in read} == {"want", "avoid"}


@pytest.mark.parametrize("name", ["logic", "pathfinder"])
def test_agents_with_a_belief_of_their_own_take_instructions_in(name):
    """Nothing that goes against what was said is shown by who reasons about it."""
    setup = Setup.prepare(
        "cpr", world="lastfm-small", split="test", users={"standing": "session"},
        protocol_options={"on_reject": "keep"},
    )  # fmt: skip
    d, agent = setup.batch(200), make_agent(name)
    agent.bind(d)
    if isinstance(agent, Learner):
        agent.start(0)  # what it shows follows from its belief, whatever it has learned
    d.open(seeds=np.arange(200, dtype=np.uint64), conversations=np.zeros(200, np.int64))
    agent.reset(np.ones(200, bool))
    a, seen, wrong = d.arrays, 0, 0
    avoided = a["standing"][:, 1].copy()
    assert (avoided >= 0).sum() > 20
    while (running := a["done"] == 0).any():
        move = agent.act()
        d.step(move)
        for b in np.flatnonzero(running & (a["verb"] == Verb.RECOMMEND) & (avoided >= 0)):
            shown = a["shown"][b, : a["n_shown"][b]]
            against = d.world.attribute_items.row(avoided[b])
            seen, wrong = seen + len(shown), wrong + int(np.isin(shown, against).sum())
        agent.observe(running)
    assert seen > 50
    assert wrong == 0


def test_no_instruction_is_the_default_and_a_population_has_all():
    assert Behaviour().standing == "none"
    assert (opened(5).arrays["standing"] == -1).all()
    people = population("standing")
    assert {people.behaviour(user).standing for user in range(60)} == {"session", "always"}
    assert Instruct("want", (1,)).scope == "session"
