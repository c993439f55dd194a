"""Searches in the bench: topics are the clusters, tables say where a search began and could end."""

from __future__ import annotations

import json

import pytest

from recosim.bench import rollout, tables
from recosim.bench.plots import draw_env
from recosim.bench.report import render_report
from recosim.bench.results import read_results, trace_path, verify_results
from recosim.bench.robustness import sweep_table, sweeps
from recosim.bench.rollout import play_batch
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.estimators.base import NO_ESTIMATOR
from recosim.trace import Trace

# One worker builds the collection, for all of these.
pytestmark = pytest.mark.xdist_group("searches")

AGENTS = ("bm25", "append")


def small(episodes: int | None = 40, **overrides: object):
    return prepare_env("ConvSim-LastFM-Small", episodes=episodes, overrides=overrides)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("searches")
    return folder, run_bench([small(users="helpful")], AGENTS, folder, seeds=(0, 1), batch=16)


def test_a_run_that_was_cut_ends_with_the_same_bytes(run, tmp_path, monkeypatch):
    whole, results = run
    calls = []

    def stop_after_four(*arguments):
        calls.append(1)
        if len(calls) > 4:
            raise KeyboardInterrupt
        return play_batch(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(rollout, "play_batch", stop_after_four)
        with pytest.raises(KeyboardInterrupt):
            run_bench([small(users="helpful")], AGENTS, tmp_path, seeds=(0, 1), batch=16)
    assert run_bench([small(users="helpful")], AGENTS, tmp_path, seeds=(0, 1), batch=7) == results
    again, first = (folder / "results.json" for folder in (tmp_path, whole))
    assert again.read_bytes() == first.read_bytes()
    verify_results(tmp_path)


def test_results_say_which_collection_was_searched(run):
    folder, results = run
    assert read_results(folder) == results
    (env,) = results.environments
    assert env.setup.key == "ConvSim-LastFM-Small-v0.helpful"
    assert (env.setup.world.topics, env.setup.world.needs, env.setup.world.users) == (200, 406, 0)
    assert env.setup.estimator.name == NO_ESTIMATOR
    assert "200 topics, 406 needs, 500 documents" in tables.header(env)
    assert "estimator" not in tables.header(env)
    told = json.loads((folder / "run.json").read_text())["environments"][0]["world"]
    assert told["topics"] == 200
    trace = Trace.read(trace_path(folder, env.setup.key, "append", 1))
    assert trace.columns.check(trace.episodes(), env.setup.rules) == ""


def test_a_world_of_users_says_nothing_of_topics():
    from recosim.bench.schema import WorldInfo
    from recosim.world.catalog import open_world

    told = WorldInfo.of(open_world("lastfm-small"))
    assert not {"topics", "needs"} & told.model_dump().keys()
    assert told.told.startswith("200 users, 500 items, ")
    assert WorldInfo(**told.model_dump()) == told


def test_who_hears_closes_the_gap_and_who_does_not_stays_at_the_start(run):
    (env,) = run[1].environments
    deaf, hearing = (env.agent(name) for name in AGENTS)
    assert deaf.estimate("closed").value == 0
    assert deaf.estimate("nDCG@3").value == deaf.estimate("start").value
    assert hearing.estimate("nDCG@3").value > hearing.estimate("round@0").value
    assert hearing.estimate("words").value > 1
    for name in ("start", "ceiling"):
        assert deaf.estimate(name) == hearing.estimate(name)
    assert env.setup.columns.cluster == "topic"
    shown = tables.main_table(env).columns
    for label in ("Start", "First list", "Round 2", "Ceiling", "Gap closed", "Words"):
        assert label in shown


def test_the_curve_is_drawn_between_start_and_ceiling(run, tmp_path):
    pytest.importorskip("matplotlib")
    folder, results = run
    (env,) = results.environments
    axes = draw_env(env).get_axes()[0]
    assert axes.get_title(loc="left") == "nDCG@3 by round"
    levels = {line.get_ydata()[0] for line in axes.get_lines() if list(line.get_xdata()) == [0, 1]}
    assert levels == {env.agent("bm25").estimate(name).value for name in ("start", "ceiling")}
    words = [text.get_text() for text in axes.texts]
    for name, label in (("start", "Start"), ("ceiling", "Ceiling")):
        assert f"{label}  {env.agent('bm25').estimate(name).value:.3f}" in words
    report = render_report(folder, tmp_path).markdown.read_text()
    assert "bootstrap over topics" in report
    assert "All searches of a topic" in report
    assert (tmp_path / "plots" / f"{env.setup.key}.panels.png").stat().st_size > 10_000


def test_one_list_alone_is_a_curve_of_one_point(tmp_path):
    pytest.importorskip("matplotlib")
    env = run_bench([small(12, protocol="developer")], ["bm25"], tmp_path).environments[0]
    axes = draw_env(env).get_axes()[0]
    assert next(line.get_marker() for line in axes.get_lines()) == "o"
    assert "Round 1" not in tables.main_table(env).columns


def test_populations_stand_beside_each_other(tmp_path):
    kinds = ("helpful", "random_terms", "mute")
    results = run_bench([small(users=name) for name in kinds], ["append"], tmp_path)
    (sweep,) = sweeps(results)
    table = sweep_table(sweep)
    assert table.columns == ("Round 3", *kinds)
    assert sweep.title == "ConvSim-LastFM-Small-v0 (lastfm-small-search): nDCG@3 by kind of users"
    helpful, random, mute = (rate.value for rate in sweep.rates("append"))
    assert helpful > max(random, mute)
    said = [env.agent("append").estimate("words").value for env in sweep.environments]
    assert said[2] == 0 < said[0]
