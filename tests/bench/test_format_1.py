"""Results and traces of format 1, from when there was one family: read, checked, and grown.

`format_1` is what `recosim bench CPR-LastFM-Small --agents logic,random --episodes 6` wrote then,
on the generated world `lastfm-small`; of its traces the one of `random` is kept.
"""

from __future__ import annotations

import json
import shutil
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from recosim.bench import rollout
from recosim.bench.report import render_report
from recosim.bench.results import (
    episodes_path,
    read_episodes,
    read_results,
    read_run,
    trace_path,
    verify_results,
)
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.cli import app
from recosim.envs.cpr.columns import COLUMNS, paths
from recosim.errors import ResultsError
from recosim.trace import FORMAT, Trace
from recosim.world.catalog import open_world

KEY = "CPR-LastFM-Small-v0"


@pytest.fixture
def old(tmp_path):
    shutil.copytree(Path(__file__).parent / "format_1", tmp_path / "old")
    return tmp_path / "old"


def run(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, (done.output, done.exception)
    return str(done.output)


def test_old_results_give_the_report_that_they_gave(old):
    before = (old / "report.md").read_text()
    report = render_report(old, plots=False)
    assert report.markdown.read_text() == before
    assert "before results carried a digest" in report.notes[0]
    assert read_results(old).format == 2
    (env,) = read_results(old).environments
    assert env.agent("logic").estimate("SR@15").value == 1
    assert env.agent("logic").seeds[0].metrics["AT"] == env.agent("logic").estimate("AT").value


def test_old_results_follow_from_their_outcomes(old):
    verify_results(old)
    assert "Every figure follows" in run("report", old, "--check", "--no-plots")
    rows, _ = read_episodes(old, read_run(old).env(KEY), "logic", 0)
    changed = pa.table({**rows.columns, "reward": rows["reward"] + 1e-9})
    pq.write_table(changed, episodes_path(old, KEY, "logic", 0))
    with pytest.raises(ResultsError, match=r"logic-0.parquet is not the file"):
        verify_results(old)


def test_old_results_that_were_damaged_are_refused(old):
    text = json.loads((old / "results.json").read_text())
    del text["environments"][0]["agents"][0]["summary"]
    (old / "results.json").write_text(json.dumps(text))
    with pytest.raises(ResultsError, match=r"results.json was changed or is damaged.*summary"):
        read_results(old)


def test_old_conversations_are_shown(old):
    out = run("show", old, "--agent", "random", "--seed", 0, "--first", 2)
    assert "protocol scpr" in out
    assert out.count("\nconversation ") == 2
    assert "not kept" in run("show", old)


def test_old_traces_become_new_ones(old, tmp_path):
    with pytest.warns(RuntimeWarning, match="before traces carried a digest"):
        trace = Trace.read(trace_path(old, KEY, "random", 0))
    assert "format" not in trace.metadata
    rows, _ = read_episodes(old, read_run(old).env(KEY), "random", 0)
    for name in rows:
        np.testing.assert_array_equal(trace.episodes()[name], rows[name])
    assert len(paths(trace)) == rows["recommends"].sum()
    trace.write(tmp_path / "new.parquet")
    again = Trace.read(tmp_path / "new.parquet")
    assert again.metadata == {**trace.metadata, "format": FORMAT}
    assert again.table.equals(trace.table)


def test_an_old_folder_grows(old, monkeypatch):
    """By a seed and an agent: what is there stays as it is, as if it were of today."""
    text = json.loads((old / "run.json").read_text())
    text["versions"] = {package: version(package) for package in text["versions"]}
    world = open_world("lastfm-small")  # the same one, but for the appeal of its items
    assert world.known_as(text["environments"][0]["world"]["fingerprint"])
    text["environments"][0]["world"]["fingerprint"] = world.fingerprint
    (old / "run.json").write_text(json.dumps(text))
    before = {path: path.read_bytes() for path in old.rglob("*.parquet")}
    played = []

    def noted(batch, agent, *arguments):
        played.append(agent.name)
        return play(batch, agent, *arguments)

    play = rollout.play_batch
    monkeypatch.setattr(rollout, "play_batch", noted)
    env = prepare_env("CPR-LastFM-Small", episodes=6)
    grown = run_bench([env], ["max_entropy", "logic", "random"], old, seeds=(0, 1))
    assert sorted(played) == ["logic", "max_entropy", "max_entropy", "random"]
    assert {path: path.read_bytes() for path in before} == before
    names = [agent.name for agent in grown.environments[0].agents]
    assert names == ["max_entropy", "logic", "random"]
    verify_results(old)


@pytest.mark.parametrize("name", ["standing", "because", "supported", "left", "told", "said"])
def test_columns_of_a_later_version_are_filled(old, name):
    path = trace_path(old, KEY, "random", 0)
    whole = Trace.read(path)
    table = pq.read_table(path)
    pq.write_table(table.drop_columns([name]), path)
    filled = Trace.read(path)
    assert filled.table.schema == COLUMNS.schema
    # No instruction was given, no reason, nobody left: what is filled in is what was recorded.
    assert filled.table.equals(whole.table)
    np.testing.assert_array_equal(filled.episodes()["left"], whole.episodes()["left"])


@pytest.mark.parametrize("name", ["outcome", "verb", "facet", "candidates"])
def test_columns_that_nothing_can_stand_in_for_are_named(old, name):
    path = trace_path(old, KEY, "random", 0)
    pq.write_table(pq.read_table(path).drop_columns([name]), path)
    with pytest.raises(ResultsError, match=rf"{name} \(.*\) are missing, and nothing can stand in"):
        Trace.read(path)


def test_outcomes_without_later_columns_are_read_and_keep_their_digest(old):
    setup, path = read_run(old).env(KEY), episodes_path(old, KEY, "random", 0)
    table = pq.read_table(path, partitioning=None)
    short = table.drop_columns(["justified", "supported", "left"])
    pq.write_table(short, path)
    rows, digest = read_episodes(old, setup, "random", 0)
    assert not rows["left"].any()
    assert rows["supported"].dtype == np.float64
    text = json.loads((old / "results.json").read_text())
    text["environments"][0]["agents"][1]["seeds"][0]["sha256"] = digest
    (old / "results.json").write_text(json.dumps(text))
    verify_results(old)
    assert digest != read_episodes(old, setup, "logic", 0)[1]
    pq.write_table(table.drop_columns(["hit_move"]), path)
    with pytest.raises(ResultsError, match=r"hit_move \(.*\) are missing"):
        read_episodes(old, setup, "random", 0)
