"""Agents that learn in a bench: what is trained runs, what is not is named, with the command."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from recosim.agents.checkpoints import read_checkpoint
from recosim.agents.registry import agent_names, make_agent
from recosim.bench.entrants import train_command
from recosim.bench.results import read_results
from recosim.bench.run import rule_agents, run_bench
from recosim.bench.setup import prepare_env
from recosim.checked import write_checked
from recosim.cli import main
from recosim.envs.setup import Setup
from recosim.errors import CheckpointError, IllegalActionError, MissingExtraError, OptionError

CARD = """
name = "coin"
title = "Coin"
description = "d"
class = "reference.coin:Coin"

[settings]
rounds = 3
"""
STUBBORN = """
name = "stubborn"
title = "Stubborn"
description = "Asks the first attribute again and again, whatever is legal."
class = "reference.coin:Stubborn"
"""


@pytest.fixture(autouse=True)
def cards(tmp_path, monkeypatch):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "coin.toml").write_text(CARD)
    (tmp_path / "agents" / "stubborn.toml").write_text(STUBBORN)
    monkeypatch.setenv("RECOSIM_PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def small(**overrides: object):
    return prepare_env("CPR-LastFM-Small", episodes=100, overrides=overrides)


def train(*words: str) -> None:
    """`recosim train coin CPR-LastFM-Small ...`, as a person would give it."""
    with pytest.raises(SystemExit) as end:
        main(["train", "coin", "CPR-LastFM-Small", "--checkpoints", "trained", *words])
    assert not end.value.code


def bench(tmp_path, *agents: str, seeds: tuple[int, ...] = (0,), **options: object):
    env = options.pop("env", None) or small()
    return run_bench(
        [env],
        agents,
        tmp_path / "results",
        seeds=seeds,
        checkpoints=tmp_path / "trained",
        **options,
    )


def test_what_was_trained_is_found(tmp_path, capsys):
    train("--seeds", "2")
    assert "seed 1: 3 rounds" in capsys.readouterr().out
    results = bench(tmp_path, "coin", "max_entropy", seeds=(0, 1))
    coin, rule = results.environments[0].setup.agents
    assert [entry.seed for entry in coin.checkpoints] == [0, 1]
    assert coin.checkpoints[0].sha256 != coin.checkpoints[1].sha256
    assert coin.checkpoints[0].rounds == 3
    assert rule.checkpoints == ()
    assert read_results(tmp_path / "results") == results


def test_what_is_missing_is_named_with_the_command(tmp_path):
    with pytest.raises(CheckpointError, match="'coin' has not been trained with seed 0") as error:
        bench(tmp_path, "coin", "random")
    assert "recosim train CPR-LastFM-Small --agents coin --checkpoints" in str(error.value)
    assert not (tmp_path / "results").exists()
    train()
    with pytest.raises(CheckpointError, match=r"seed 2.*--seeds 3"):
        bench(tmp_path, "coin", seeds=(0, 2))


@pytest.mark.parametrize(
    ("overrides", "words", "difference"),
    [
        ({"world": "yelp-small"}, [], ""),
        ({"protocol": "unicorn"}, ["--protocol", "unicorn"], "drop_failed as usual"),
        ({"protocol_options": {"top_k": 5}}, ["--set", "top_k=5"], "top_k as usual, not 5"),
        (
            {"estimator_options": {"sweeps": 2}},
            ["--estimator-set", "sweeps=2"],
            "estimator settings",
        ),
    ],
)
def test_a_checkpoint_of_something_else_is_not_taken(tmp_path, overrides, words, difference):
    train()
    env = small(**overrides)
    with pytest.raises(CheckpointError, match="has not been trained") as error:
        bench(tmp_path, "coin", env=env)
    assert difference in str(error.value)
    assert " ".join(words) in str(error.value)
    if words:
        train(*words)
        bench(tmp_path, "coin", env=env)


def test_agents_trained_with_users_that_never_err_meet_users_that_do(tmp_path):
    train()
    results = bench(tmp_path, "coin", env=small(answer_noise=0.1))
    assert results.environments[0].setup.agents[0].checkpoints[0].users.settings == {}
    train("--user-set", "answer_noise=0.1")
    results = run_bench(
        [small(answer_noise=0.1)], ["coin"], tmp_path / "b", checkpoints=tmp_path / "trained"
    )
    assert results.environments[0].setup.agents[0].checkpoints[0].users.settings == {
        "answer_noise": 0.1
    }


def test_all_leaves_out_what_is_not_trained_and_says_so(tmp_path):
    notices: list[str] = []
    results = bench(tmp_path, "all", illegal="penalise", notice=notices.append)
    ran = [agent.name for agent in results.environments[0].agents]
    assert "logic" in ran
    assert "coin" not in ran
    (notice,) = notices  # one line, and nobody of another family in it
    assert "recosim train CPR-LastFM-Small --agents coin" in notice
    named = {name for name in agent_names() if re.search(rf"\b{name}\b", notice)}
    assert {"coin", "scpr", "ppo"} <= named
    assert named.isdisjoint({*ran, "bm25", "gardener", "bot_play", "llm"})


def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch):
    def without_torch(name: str, *arguments: object, **settings: object):
        if name == "coin":
            raise MissingExtraError("torch", "torch", "an agent that learns")
        return make_agent(name, *arguments, **settings)

    monkeypatch.setattr("recosim.bench.entrants.make_agent", without_torch)
    with pytest.raises(MissingExtraError, match="pip install"):
        bench(tmp_path, "coin")
    notices: list[str] = []
    bench(tmp_path, "all", illegal="penalise", notice=notices.append)
    assert any("coin" in text and "pip install" in text for text in notices)


def test_an_unfinished_training_is_not_taken(tmp_path):
    train()
    (path,) = (tmp_path / "trained").rglob("checkpoint.json")
    body = json.loads(path.read_text())
    history = {name: values[:2] for name, values in body["history"].items()}
    body |= {"done": 2, "kept": None, "history": history}
    write_checked(path, {name: value for name, value in body.items() if name != "digest"})
    assert not read_checkpoint(path.parent).finished
    with pytest.raises(CheckpointError, match="has not finished: 2 of 3 rounds"):
        bench(tmp_path, "coin")


def test_a_checkpoint_in_the_wrong_place_is_refused(tmp_path):
    train("--seeds", "2")
    one, two = sorted((tmp_path / "trained").rglob("seed-*"))
    two.rename(two.with_name("seed-7"))
    with pytest.raises(CheckpointError, match="seed 1, not 7"):
        bench(tmp_path, "coin", seeds=(7,))
    assert one.exists()


def test_illegal_moves_stop_the_run_or_are_counted(tmp_path):
    with pytest.raises(IllegalActionError, match=r"'stubborn'.*not legal now"):
        bench(tmp_path, "stubborn")
    results = run_bench([small()], ["stubborn"], tmp_path / "other", illegal="penalise")
    agent = results.environments[0].agents[0]
    assert agent.estimate("illegal").value > 10
    assert results.environments[0].setup.illegal == "penalise"


def test_an_agent_that_does_not_learn_is_not_trained():
    with pytest.raises(SystemExit) as end:
        main(["train", "logic", "CPR-LastFM-Small"])
    assert end.value.code == 2


def test_the_command_says_all_that_differs():
    overrides = {
        "world": "my world",
        "estimator": "mf",
        "protocol": None,
        "protocol_options": {"on_reject": "remove"},
    }
    assert train_command("coin", "CPR-LastFM", 3, overrides, None) == (
        "recosim train CPR-LastFM --agents coin --world 'my world' --estimator mf "
        "--set on_reject=remove --seeds 3"
    )


def test_a_run_needs_an_agent_that_can_run(tmp_path):
    with pytest.raises(OptionError):
        bench(tmp_path)


def test_rules_are_the_agents_that_do_not_learn(tmp_path):
    names = rule_agents()
    assert {"max_entropy", "logic", "oracle"} <= set(names)
    assert not {"coin", "scpr", "ppo"} & set(names)
    results = bench(tmp_path, "rules", illegal="penalise")
    ran = [agent.name for agent in results.environments[0].agents]
    setup = Setup.prepare("cpr", world="lastfm-small")
    assert ran == [name for name in names if not make_agent(name).misfit_of(setup)]


def test_without_torch_the_rules_still_run(tmp_path, monkeypatch):
    """As in a plain installation: torch and what needs it are not there."""
    monkeypatch.delenv("RECOSIM_PATH")
    program = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'stable_baselines3', 'sb3_contrib'):\n"
        "            raise ModuleNotFoundError('No module named ' + name, name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from recosim.cli import main; main(sys.argv[1:])"
    )
    words = ["CPR-LastFM-Small", "--episodes", "50", "--out", str(tmp_path / "r"), "--no-plots"]
    rules = subprocess.run(
        [sys.executable, "-c", program, "bench", *words, "--agents", "rules"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "logic" in rules.stdout
    assert "pathfinder" not in rules.stdout + rules.stderr
    for command in (["bench", *words, "--agents", "scpr"], ["train", "scpr", "CPR-LastFM-Small"]):
        done = subprocess.run(
            [sys.executable, "-c", program, *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "pip install 'recosim[torch]'" in " ".join(done.stderr.split())


def test_users_of_a_card_stay_unless_others_are_named(tmp_path):
    (tmp_path / "envs" / "Noisy").mkdir(parents=True)
    card = (
        'id = "mine/Noisy-v0"\nfamily = "cpr"\ntitle = "t"\ndescription = "d"\n'
        '[arguments]\nworld = "lastfm-small"\nanswer_noise = 0.25\n'
    )
    (tmp_path / "envs" / "Noisy" / "env.toml").write_text(card)
    for words, noise in (([], 0.25), (["--user-set", "answer_noise=0"], 0.0)):
        out = tmp_path / f"r{noise}"
        more = ["--agents", "logic", "--episodes", "20", "--no-plots", "--out", str(out), *words]
        with pytest.raises(SystemExit) as end:
            main(["bench", "mine/Noisy-v0", *more])
        assert not end.value.code
        assert (
            read_results(out).environments[0].setup.users.population.constant("answer_noise")
            == noise
        )
