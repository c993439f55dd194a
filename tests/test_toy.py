"""A family from outside gets everything that RecoSim's own have; `toy.py` is all that there is."""

from __future__ import annotations

import inspect
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import toy
from toy import TOY
from typer.testing import CliRunner

import recosim
from recosim.agents.registry import make_agent
from recosim.bench.report import render_report
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.cli import app
from recosim.envs.conformance import CHECKS
from recosim.envs.words import words_of
from recosim.errors import IllegalActionError, OptionError, UnknownNameError
from recosim.trace import Trace

ID = "toy/List-Small-v0"
CARD = f"""
id = "{ID}"
family = "toy"
title = "Show lists until one is taken"
description = "A family from outside."

[arguments]
world = "lastfm-small"
"""


@pytest.fixture(autouse=True)
def registered(tmp_path, monkeypatch):
    """The card in a folder of its own; registering twice changes nothing."""
    folder = tmp_path / "cards" / "envs" / "List-Small"
    folder.mkdir(parents=True)
    (folder / "env.toml").write_text(CARD)
    monkeypatch.setenv("RECOSIM_PATH", str(tmp_path / "cards"))
    recosim.register_family(TOY)
    recosim.register_family(TOY)


def test_the_family_is_small():
    assert len(inspect.getsource(toy).splitlines()) <= 150


def test_another_family_of_its_name_is_refused():
    from dataclasses import replace

    with pytest.raises(OptionError, match="there is a family 'toy' already"):
        recosim.register_family(replace(TOY, title="Another"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_what_all_environments_promise(check):
    check(ID)


def test_settings_that_it_does_not_read_are_refused():
    gym.make(ID, answer_noise=0.5)
    with pytest.raises(OptionError, match="'toy' do not read"):
        gym.make(ID, patience=3)


def test_its_rules_have_presets_and_choices_by_name():
    env = gym.make(ID, protocol="long", top_k=2).unwrapped
    assert (env.setup.protocol.max_turns, env.setup.protocol.top_k) == (8, 2)
    assert env.setup.protocol.label == "long with top_k = 2"


def test_an_episode_is_told_and_drawn():
    env = gym.make(ID, render_mode="ansi", actions="slate", reveal=True, split="test")
    env.reset(seed=1)
    item = env.unwrapped.batch.arrays["unit"][0, 1]
    env.step({"verb": 1, "items": [0, 1]})
    *_, terminated, _, info = env.step({"verb": 1, "items": [int(item)]})
    assert terminated
    assert info["is_success"]
    name = env.unwrapped.setup.world.item_names[item]
    told = env.render()
    assert f"How about {name} [i{item}]?" in told
    assert f"Yes, {name} [i{item}]!" in told
    picture = gym.make(ID, render_mode="rgb_array", disable_env_checker=True)
    picture.reset(seed=1)
    assert picture.render().shape == (600, 900, 3)


def test_illegal_moves_are_refused_with_a_reason():
    env = gym.make(ID, disable_env_checker=True)
    env.reset(seed=0)
    with pytest.raises(IllegalActionError, match=r"recommend 0, reflect 1"):
        env.step(2)


def test_it_is_benched_with_a_table_and_a_plot(tmp_path):
    folder = tmp_path / "out"
    env = prepare_env("List-Small", episodes=80)
    results = run_bench([env], ["random", "oracle"], folder)
    metrics = results.environments[0].agent("oracle").metrics
    assert metrics["taken"].value == 1.0
    report = render_report(folder)
    text = report.markdown.read_text()
    assert "| Agent | Taken |" in text
    assert report.plots[0].stat().st_size > 5_000
    trace = Trace.read(folder / "traces" / env.key / "oracle-0.parquet")
    assert trace.metadata["family"] == "toy"
    assert np.array_equal(trace.episodes()["taken"], np.ones(80, dtype=bool))
    lines = list(words_of("toy").transcript(trace, env.setup.world))
    assert any("Yes, " in line for line in lines)
    shown = CliRunner().invoke(app, ["show", str(folder), "--agent", "oracle", "--seed", "0"])
    assert shown.exit_code == 0, shown.output
    assert "Yes, " in shown.output
    page = tmp_path / "page.html"
    arguments = ["show", str(folder), "--agent", "oracle", "--seed", "0", "--html", str(page)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert "Yes, " in page.read_text()


def test_an_agent_learns_it(tmp_path):
    pytest.importorskip("stable_baselines3")
    root = ["--checkpoints", str(tmp_path / "checkpoints")]
    runner = CliRunner()
    trained = runner.invoke(app, ["train", "ppo", "List-Small", "--rounds", "2", *root])
    assert trained.exit_code == 0, trained.output
    arguments = ["--agents", "ppo,random", "--episodes", "50", "--out", str(tmp_path / "out")]
    benched = runner.invoke(app, ["bench", "List-Small", *arguments, *root])
    assert benched.exit_code == 0, benched.output
    assert "Taken" in benched.output


def test_a_person_plays_both_seats():
    runner = CliRunner()
    arguments = ["play", "List-Small", "--seed", "3"]
    played = runner.invoke(app, arguments, input="recommend\nrecommend\nquit\n")
    assert played.exit_code == 0, played.output
    assert "How about" in played.output
    answered = runner.invoke(
        app, [*arguments, "--as", "user", "--agent", "random"], input="no\n" * 9
    )
    assert answered.exit_code == 0, answered.output


def test_its_users_are_audited(tmp_path):
    arguments = ["audit", "ideal", "List-Small", "--conversations", "20", "--probes", "10"]
    audited = CliRunner().invoke(app, [*arguments, "--agent", "random", "--out", str(tmp_path)])
    assert audited.exit_code == 0, audited.output
    assert "<html" in (tmp_path / "audit.html").read_text()


def test_its_page_is_written(tmp_path):
    from recosim.cli.docs import env_page
    from recosim.envs.registration import env_card

    text = env_page(env_card("List-Small"), Path(tmp_path))
    assert text.startswith(f"# {ID}")
    assert "| `take` | 1 |" in text


def test_agents_of_other_families_are_left_out():
    setup = prepare_env("List-Small").setup
    assert "another family" in make_agent("max_entropy").misfit_of(setup)
    assert [make_agent(name).misfit_of(setup) for name in ("random", "abs_greedy", "oracle")] == [
        "", "", "",
    ]  # fmt: skip


def test_a_card_of_an_unknown_family_offers_the_nearest(tmp_path):
    folder = tmp_path / "cards" / "agents"
    folder.mkdir()
    card = Path(recosim.__file__).parent.parent / "agents" / "random.toml"
    text = (
        card.read_text()
        .replace('"random"', '"mine"')
        .replace("\nreference", '\nfamily = "toi"\nreference')
    )
    (folder / "mine.toml").write_text(text)
    with pytest.raises(UnknownNameError, match="Did you mean 'toy'"):
        make_agent("mine")
