"""The rule agents: legal under every protocol, fixed by seeds, as good as they should be."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.agents.base import Agent
from recosim.agents.learner import Learner
from recosim.agents.registry import agent_names, make_agent
from recosim.bench.rollout import play_batch
from recosim.envs.cpr.metrics import metrics
from recosim.envs.cpr.protocol import PRESETS, protocol
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.errors import (
    CardError,
    MissingExtraError,
    OptionError,
    StateError,
    UnknownNameError,
)
from recosim.family import families, family
from recosim.metrics import Episodes, value_of

RULES = ("random", "abs_greedy", "max_entropy", "weighted_entropy", "logic", "oracle")
PROTOCOLS = [
    (preset, options)
    for preset in PRESETS
    for options in (
        {},
        {"on_reject": "remove"},
        {"question": "facet"},
        {"question": "facet", "on_reject": "remove", "last_turn_acts": True},
        {"question": "choice", "choices": 2, "opening_counts": True},
    )
]


def play(name: str, n: int = 200, seed: int = 0, batch: int = 64, **setup: object) -> Episodes:
    """Some test conversations of an agent on the small LastFM-style world."""
    parts = Setup.prepare("cpr", **{"world": "lastfm-small", "split": "test", **setup})
    agent = make_agent(name)
    dialogues = parts.batch(batch, track=agent.track, raise_illegal=True)
    agent.bind(dialogues)
    if isinstance(agent, Learner):
        agent.start(0)  # untrained weights keep to the rules too
    recorder, pairs = Recorder(dialogues), dialogues.pool.pairs()
    chosen = np.linspace(0, len(pairs) - 1, n).astype(int)
    traces = []
    for start in range(0, n, batch):
        play_batch(dialogues, agent, pairs, chosen[start : start + batch], seed, recorder)
    traces = recorder.trace(name, seed)
    # The recorder holds all batches; rows of one conversation are found by its number.
    table = traces.table.sort_by([("conversation", "ascending"), ("step", "ascending")])
    return type(traces)(table).episodes()


def measure(name: str, episodes: Episodes) -> float:
    """A metric of the default protocol."""
    (metric,) = (metric for metric in metrics(protocol("scpr")) if metric.name == name)
    return value_of(metric, episodes)


def fitting(protocols):
    """(agent, preset, options) of every agent of CPR under the protocols that it is made for."""
    return [
        (name, preset, options)
        for name in agent_names()
        if make_agent(name).family in ("", "cpr", "critique")
        for preset, options in protocols
        if not make_agent(name).misfit(protocol(preset, **options))
    ]


def some(cases):
    """All cases, four of five of them slow: in the usual run the agents share the protocols."""
    return [
        pytest.param(*case, marks=[pytest.mark.slow] if k % 5 else [])
        for k, case in enumerate(cases)
    ]


@pytest.mark.parametrize("name", agent_names())
def test_a_card_names_the_family_that_its_class_is_made_for(name):
    try:
        agent = make_agent(name)
    except MissingExtraError as missing:
        pytest.skip(str(missing))
    assert agent.family == type(agent).family
    folders = type(agent).__module__.split(".")
    home = [list(family(agent.family).lineage())[-1]] if agent.family else []
    assert [name for name in families() if name in folders] == home


def test_agents_play_the_families_that_theirs_is_one_of_or_stands_under():
    def misfit(name: str, family: str, protocol: str | None = None) -> str:
        setup = Setup.prepare(family, world="lastfm-small", protocol=protocol)
        return make_agent(name).misfit_of(setup)

    assert misfit("max_entropy", "cpr") == ""
    assert "here are none" in misfit("max_entropy", "critique", "critique")  # by its rules
    assert misfit("hard_filter", "critique", "critique") == ""
    assert misfit("hard_filter", "cpr").startswith("it is made for another family: ")
    assert misfit("random", "critique", "critique") == misfit("oracle", "cpr") == ""


@pytest.mark.parametrize(("name", "preset", "options"), some(fitting(PROTOCOLS)))
def test_every_agent_keeps_to_the_rules_of_every_protocol(name, preset, options):
    episodes = play(name, 60, protocol=preset, protocol_options=options)
    assert len(episodes) == 60
    assert (episodes["illegal"] == 0).all()


ERRING = [
    *(
        ("scpr", {"question": q, "choices": 3, "on_reject": "remove"})
        for q in ("binary", "facet", "choice")
    ),
    ("critique", {"on_reject": "remove"}),
]


@pytest.mark.parametrize(("name", "preset", "options"), fitting(ERRING))
@pytest.mark.parametrize("users", [pytest.param("ideal", marks=pytest.mark.slow), "chatty"])
def test_every_agent_survives_users_that_err(name, preset, options, users):
    episodes = play(
        name,
        40,
        protocol=preset,
        protocol_options=options,
        users=users,
        answer_noise=0.5,
        dont_know=0.3,
    )
    assert (episodes["illegal"] == 0).all()


def test_oracle_hits_with_its_first_move():
    episodes = play("oracle")
    assert (episodes["hit_move"] == 1).all()
    assert (episodes["rank"] == 1).all()


def test_logic_needs_no_luck_when_users_do_not_err():
    # Under `keep` it rules items out itself, so it gains nothing from `remove`.
    keep, remove = (play("logic", protocol_options={"on_reject": o}) for o in ("keep", "remove"))
    assert np.array_equal(keep["hit_move"], remove["hit_move"])
    assert measure("SR@15", keep) > measure("SR@15", play("max_entropy"))


def test_informed_agents_beat_random_moves():
    turns = {name: measure("AT", play(name)) for name in RULES}
    assert turns["oracle"] < turns["logic"] < turns["max_entropy"] < turns["random"]
    assert turns["abs_greedy"] < turns["random"]
    assert turns["weighted_entropy"] < turns["random"]


def test_abs_greedy_never_asks_and_max_entropy_does():
    assert (play("abs_greedy")["asks"] == 0).all()
    assert play("max_entropy")["asks"].sum() > 0


def test_outcomes_hang_on_the_seed_and_not_on_the_batch():
    one, same = play("random", batch=7), play("random", batch=200)
    other = play("random", seed=1)
    assert np.array_equal(one["reward"], same["reward"])
    assert not np.array_equal(one["reward"], other["reward"])


def test_random_agent_is_uniform_over_the_legal_actions():
    parts = Setup.prepare("cpr", world="lastfm-small")
    dialogues = parts.batch(4000)
    # One and the same conversation in every row; the luck differs.
    pair = dialogues.pool.pairs()[0]
    dialogues.open(
        seeds=np.arange(4000),
        conversations=np.zeros(4000),
        users=np.full(4000, pair[0]),
        items=np.full(4000, pair[1]),
        openings=np.full(4000, dialogues.openings_of(pair[1])[0]),
    )
    agent = make_agent("random")
    agent.bind(dialogues)
    actions = agent.act().to_flat(dialogues.n_askables)
    legal = np.flatnonzero(dialogues.legal_actions()[0])
    counts = np.bincount(actions, minlength=dialogues.n_actions)
    assert counts.sum() == counts[legal].sum() == 4000
    expected = 4000 / len(legal)
    assert ((counts[legal] - expected) ** 2 / expected).sum() < 2.5 * len(legal)


def test_an_unbound_agent_says_what_to_do():
    with pytest.raises(StateError, match="call bind first"):
        make_agent("logic").act()


def test_unknown_agent_offers_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'max_entropy'"):
        make_agent("max_entropie")


def test_a_setting_the_agent_does_not_have_is_refused():
    with pytest.raises(OptionError, match="cannot take the settings"):
        make_agent("logic", patience=3)


def test_a_card_with_an_unknown_key_offers_the_nearest(tmp_path, monkeypatch):
    (tmp_path / "agents").mkdir()
    card = 'name = "mine"\ntitle = "t"\ndescription = "d"\nclas = "recosim.agents.rules:Oracle"\n'
    (tmp_path / "agents" / "mine.toml").write_text(card)
    monkeypatch.setenv("RECOSIM_PATH", str(tmp_path))
    with pytest.raises(CardError, match=r"unknown key 'clas'.*Did you mean 'class'"):
        make_agent("mine")


def test_a_new_card_is_a_new_agent(tmp_path, monkeypatch):
    (tmp_path / "agents").mkdir()
    card = 'name = "mine"\ntitle = "t"\ndescription = "d"\nclass = "recosim.agents.rules:Oracle"\n'
    (tmp_path / "agents" / "mine.toml").write_text(card)
    monkeypatch.setenv("RECOSIM_PATH", str(tmp_path))
    assert "mine" in agent_names()
    assert isinstance(make_agent("mine"), Agent)
    assert (play("mine", 10)["hit_move"] == 1).all()
