"""The bench runner: the same users for all, the same bytes however it was interrupted."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from reference.play_part import play, write

from recosim.agents.learner import Learner
from recosim.agents.registry import agent_names, make_agent
from recosim.bench import rollout
from recosim.bench.results import read_results, trace_path, verify_results
from recosim.bench.rollout import play_batch
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env, sample_conversations
from recosim.errors import IllegalActionError, OptionError, ResultsError, UnknownNameError
from recosim.trace import Trace


def small(episodes: int | None = 300, name: str = "CPR-LastFM-Small", **overrides: object):
    return prepare_env(name, episodes=episodes, overrides=overrides)


def test_a_bench_compares_every_agent_on_the_same_users(tmp_path):
    results = run_bench([small()], ["all"], tmp_path, seeds=(0, 1))
    (env,) = results.environments
    names = [agent.name for agent in env.agents]
    every = {name: make_agent(name) for name in agent_names()}
    assert set(names) == {
        name
        for name, agent in every.items()
        if not isinstance(agent, Learner)
        and agent.family in ("", "cpr")
        and not agent.misfit(env.setup.rules)
    }
    assert env.setup.conversations == 300
    traces = [Trace.read(trace_path(tmp_path, env.setup.key, name, 1)).episodes() for name in names]
    for trace in traces[1:]:
        assert np.array_equal(trace["conversation"], traces[0]["conversation"])
        assert np.array_equal(trace["target"], traces[0]["target"])
    oracle = next(a for a in env.agents if a.name == "oracle")
    assert oracle.estimate("AT").value == 1.0
    verify_results(tmp_path)


def test_results_do_not_hang_on_batch_or_threads(tmp_path):
    one = run_bench([small()], ["random", "logic"], tmp_path / "a", batch=17, threads=1)
    two = run_bench([small()], ["random", "logic"], tmp_path / "b", batch=1024, threads=3)
    assert one == two
    assert (tmp_path / "a/results.json").read_bytes() == (tmp_path / "b/results.json").read_bytes()


def test_a_finished_run_is_not_done_twice(tmp_path, monkeypatch):
    first = run_bench([small()], ["max_entropy"], tmp_path)
    monkeypatch.setattr(rollout, "play_batch", None)  # would fail if it were called
    assert run_bench([small()], ["max_entropy"], tmp_path) == first


def test_chunks_that_were_finished_are_not_done_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(rollout, "CHUNK", 50)
    whole = run_bench([small()], ["random"], tmp_path / "whole", batch=20)
    calls = []

    def stop_after_nine(*arguments):
        calls.append(1)
        if len(calls) > 9:
            raise KeyboardInterrupt
        return play_batch(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(rollout, "play_batch", stop_after_nine)
        with pytest.raises(KeyboardInterrupt):
            run_bench([small()], ["random"], tmp_path / "cut", batch=20)
    parts = list((tmp_path / "cut").rglob("*.parts/*.parquet"))
    assert len(parts) == 3  # nine batches of 20, three to a chunk
    assert run_bench([small()], ["random"], tmp_path / "cut", batch=20) == whole
    assert not list((tmp_path / "cut").rglob("*.parts"))


def test_another_run_in_the_same_folder_is_refused(tmp_path):
    run_bench([small(50)], ["random"], tmp_path)
    with pytest.raises(ResultsError, match="conversations"):
        run_bench([small(60)], ["random"], tmp_path)
    with pytest.raises(ResultsError, match="on_reject"):
        run_bench([small(50, protocol_options={"on_reject": "remove"})], ["random"], tmp_path)


def test_an_illegal_move_of_an_agent_is_an_error_that_names_it(tmp_path, monkeypatch):
    from recosim.acts import Moves, Verb
    from recosim.agents.rules import AbsGreedy

    reflect = lambda self: Moves.all_of(Verb.REFLECT, self.batch.size)  # noqa: E731
    monkeypatch.setattr(AbsGreedy, "act", reflect)
    with pytest.raises(IllegalActionError, match=r"agent 'abs_greedy' .*reflection"):
        run_bench([small(20)], ["abs_greedy"], tmp_path)


@pytest.mark.parametrize("name", ["CPR-LastFM-Smal", "recosim/CPR-Yelp-v9"])
def test_unknown_environment_offers_the_nearest(name):
    with pytest.raises(UnknownNameError, match="Did you mean"):
        prepare_env(name)


def test_another_family_or_world_is_never_offered_as_what_was_meant():
    with pytest.raises(UnknownNameError, match=r"Allowed: .*EAR-Yelp") as refused:
        prepare_env("EAR-LastFM")
    assert "Did you mean" not in str(refused.value)


def test_overrides_change_the_rules_and_the_users():
    env = small(10, protocol="unicorn", protocol_options={"top_k": 3}, answer_noise=0.25)
    assert env.setup.protocol.drop_failed == "if_more_than_k"
    assert env.setup.protocol.top_k == 3
    assert env.setup.users.constant("answer_noise") == 0.25


def test_a_protocol_option_adds_to_those_of_the_card():
    env = prepare_env("EAR-Yelp-Small", episodes=5, overrides={"protocol_options": {"top_k": 2}})
    assert (env.setup.protocol.question, env.setup.protocol.top_k) == ("facet", 2)


def test_samples_are_nested_sets_without_repetition():
    few, many = (set(sample_conversations(1000, n).tolist()) for n in (50, 400))
    assert len(few) == 50
    assert few < many
    assert sample_conversations(10, None).tolist() == list(range(10))
    with pytest.raises(OptionError):
        sample_conversations(10, 0)


# ---- the same conversations one at a time, in a batch, and in two processes ---------------------


def test_one_row_a_batch_and_two_processes_give_the_same_bytes(tmp_path):
    script = Path(__file__).parent.parent / "reference" / "play_part.py"
    processes = [
        subprocess.Popen([sys.executable, script, *map(str, part), tmp_path / f"{part[0]}.parquet"])
        for part in ((0, 61, 16), (61, 120, 16))
    ]
    scalar = write(play(range(120), 1), tmp_path / "scalar.parquet")
    batch = write(play(range(120), 50), tmp_path / "batch.parquet")
    assert [process.wait() for process in processes] == [0, 0]
    halves = Trace.concat([Trace.read(tmp_path / f"{first}.parquet") for first in (0, 61)])
    assert scalar == batch == write(halves, tmp_path / "processes.parquet")


# ---- killed and resumed -------------------------------------------------------------------------


def _finished(folder: Path) -> int:
    return sum(1 for _ in folder.glob("episodes/*/*.parquet"))


LIVES = ["RecoWorld-LastFM-Small", "--agents", "random,static,follow", "--episodes", "20"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "seeds", "units"),
    [(["CPR-LastFM-Small", "CPR-Yelp-Small"], 10, 120), (LIVES, 16, 48)],
    ids=["conversations", "lives"],
)
def test_a_bench_killed_ten_times_ends_like_an_undisturbed_one(tmp_path, what, seeds, units):
    command = [sys.executable, "-m", "recosim", "bench", *what, "--seeds", str(seeds)]
    command += ["--batch", "64", "--no-plots", "--threads", "1", "--out"]
    subprocess.run([*command, tmp_path / "whole"], check=True, stdout=subprocess.DEVNULL)
    assert _finished(tmp_path / "whole") >= units
    rng, cut = random.Random(0), tmp_path / "cut"
    for _ in range(10):
        process = subprocess.Popen([*command, cut], stdout=subprocess.DEVNULL)
        enough = _finished(cut) + rng.randint(1, units // 12)  # ten kills fit in
        while process.poll() is None and _finished(cut) < enough:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))  # a random moment: while it plays, writes or begins a unit
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert _finished(cut) < units
    subprocess.run([*command, cut], check=True, stdout=subprocess.DEVNULL)
    assert (cut / "results.json").read_bytes() == (tmp_path / "whole/results.json").read_bytes()
    assert read_results(cut) == read_results(tmp_path / "whole")


def test_an_environment_named_twice_is_refused(tmp_path):
    twice = [prepare_env(name, episodes=5) for name in ("CPR-LastFM-Small", "CPR-LastFM-Small-v0")]
    with pytest.raises(OptionError, match="CPR-LastFM-Small-v0 is named twice"):
        run_bench(twice, ["oracle"], tmp_path)
    assert not list(tmp_path.iterdir())


def test_another_protocol_keeps_the_question_of_the_card():
    changed = {"protocol": "unicorn", "protocol_options": {"on_reject": "remove"}}
    rules = prepare_env("EAR-Yelp-Small", episodes=5, overrides=changed).setup.protocol
    assert (rules.question, rules.on_reject, rules.drop_failed) == (
        "facet",
        "remove",
        "if_more_than_k",
    )


def test_a_trace_names_its_family(tmp_path):
    env = small(5, "Critique-LastFM-Small")
    results = run_bench([env], ["abs_greedy"], tmp_path)
    trace = Trace.read(trace_path(tmp_path, env.key, "abs_greedy", 0))
    assert trace.metadata["family"] == results.environments[0].setup.family == "critique"
