"""Families of other kinds in the bench: what they declare is what is computed, told and drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from recosim import family as registry
from recosim.bench import tables
from recosim.bench.claim import claim_run
from recosim.bench.plots import draw_env
from recosim.bench.report import render_report
from recosim.bench.results import finish_run, read_results, verify_results, write_episodes
from recosim.envs.cpr.columns import COLUMNS
from recosim.envs.cpr.family import CPR
from recosim.envs.cpr.metrics import metrics
from recosim.envs.cpr.protocol import Protocol
from recosim.envs.recorder import Recorder
from recosim.errors import ResultsError
from recosim.metrics import Curve, Episodes, Metric
from recosim.trace import Column, Columns, Trace

VERSIONS = {"recosim": "0.1.0"}


class Clicks(Columns):
    """One column beside the core: what was clicked on, as a list."""

    extra = (Column("clicked", pa.list_(pa.int32()), "items"),)
    outcomes = (*Columns.outcomes, Column("town", pa.int32(), "where the user lives", 0))
    cluster = "town"

    def copy(self, batch, rows, verb):
        values = batch.arrays["clicked"][rows]
        return {"clicked": (values[values >= 0], (values >= 0).sum(axis=1))}

    def summarise(self, trace, starts, last):
        own = {"town": trace.column("user")[starts] // 2}
        return super().summarise(trace, starts, last) | own


REWARD = Metric(
    "reward", "Reward", "reward", better="higher", place="main", headline=True, interval=True
)
STEPS = Metric("steps", "Steps", "steps", place="behaviour", help="calls of the agent")


@pytest.fixture
def shops(monkeypatch):
    """A family that is made of a record alone; gone after the test."""
    monkeypatch.setattr(registry, "_FAMILIES", dict(registry._FAMILIES))
    record = replace(
        CPR,
        name="shops",
        title="Shops",
        unit="visits",
        columns=Clicks(),
        metrics=lambda rules: (REWARD, STEPS),
    )
    return registry.add_family(record)


def outcomes(setup, agent, seed):
    n = setup.conversations
    generator = np.random.default_rng([seed, len(agent)])
    return Episodes(
        {
            "conversation": np.arange(n, dtype=np.int32),
            "user": np.arange(n, dtype=np.int32),
            "steps": generator.integers(1, 9, size=n).astype(np.int16),
            "reward": generator.normal(size=n) + 3 * (agent == "fast"),
            "truncated": np.zeros(n, dtype=bool),
            "town": np.arange(n, dtype=np.int32) // 3,
        }
    )


def run(folder, setup):
    claim_run(folder, [setup], VERSIONS)
    for agent in setup.agents:
        for seed in setup.seeds:
            write_episodes(folder, setup, agent.name, seed, outcomes(setup, agent.name, seed))
    return finish_run(folder).environments[0]


def test_a_family_without_a_curve_gets_tables_a_report_and_a_picture(tmp_path, setup_of, shops):
    env = run(tmp_path, setup_of().model_copy(update={"family": "shops"}))
    assert read_results(tmp_path).environments == (env,)
    verify_results(tmp_path)
    assert [agent.name for agent in tables.ranked(env)] == ["fast", "slow", "oracle"]
    assert tables.main_table(env).columns == ("Agent", "Reward")
    assert tables.behaviour_table(env).columns == ("Agent", "Steps", "Reward by seed")
    assert tables.comparison_table(env).columns == ("Pair", "Reward", "Better / equal / worse")
    assert "Calls of the agent; the lowest" in tables.behaviour_table(env).notes[0]
    sentence = tables.leader_sentence(env)
    assert sentence.startswith("`fast` has the highest Reward: 3.1")
    assert "The next, `slow`, has -3" in sentence
    pytest.importorskip("matplotlib")
    text = render_report(tmp_path).markdown.read_text()
    assert "60 of 100 visits" in text
    assert "bootstrap over towns" in text
    assert "All visits of a town" in text
    assert "Reward minus that of the leader" in text
    assert "onversation" not in text
    titles = [axes.get_title(loc="left") for axes in draw_env(env).get_axes()]
    assert titles == ["Reward", "Reward minus that of fast (paired)"]


def test_agents_that_cannot_be_set_apart_from_themselves_are_drawn(tmp_path, setup_of, shops):
    pytest.importorskip("matplotlib")
    setup = setup_of(["fast"], conversations=2).model_copy(update={"family": "shops"})
    env = run(tmp_path, setup)  # one town: no interval
    assert [axes.get_title(loc="left") for axes in draw_env(env).get_axes()] == ["Reward"]
    assert tables.main_table(env).rows[0][1].count("[") == 0


def test_a_curve_that_is_no_share_has_no_bars(tmp_path, setup_of, shops):
    pytest.importorskip("matplotlib")
    gain = Curve("gain", "Gain", "Gain within n rounds", "round")
    points = tuple(
        Metric(f"gain@{n}", f"Gain@{n}", lambda e, n=n: 10 * n * e["steps"], curve=gain, at=n)
        for n in (1, 2, 3)
    )
    curved = replace(shops, name="curved", metrics=lambda rules: (*points, REWARD))
    registry.add_family(curved)
    env = run(tmp_path, setup_of().model_copy(update={"family": "curved"}))
    curve, forest = draw_env(env).get_axes()
    assert curve.get_title(loc="left") == "Gain within n rounds"
    assert curve.get_ylim()[1] > 100
    assert "minus that of fast" in forest.get_title(loc="left")


def test_one_declaration_is_all_that_a_metric_needs(tmp_path, setup_of, run_in, monkeypatch):
    """It stands in results.json, in its table and in the report, and old results stay readable."""
    monkeypatch.setattr(registry, "_FAMILIES", dict(registry._FAMILIES))
    run_in(tmp_path, setup_of())
    finish_run(tmp_path)
    mine = Metric("quick", "Quick", lambda e: e["hit_move"] == 1, place="main", help="Quick: one.")
    registry._FAMILIES["cpr"] = replace(CPR, metrics=lambda rules: (*metrics(rules), mine))
    (env,) = read_results(tmp_path).environments
    assert tables.main_table(env).rows[0][-1] == "-"
    verify_results(tmp_path)
    (env,) = finish_run(tmp_path).environments
    assert env.agent("oracle").estimate("quick").value == 1
    assert tables.main_table(env).rows[-1][-1] == "1.000"
    text = render_report(tmp_path, plots=False).markdown.read_text()
    assert "| Quick |" in text
    assert "Quick: one." in text


class Shop:
    """What a recorder needs of a batch."""

    family, size = "shops", 3

    def __init__(self):
        names = ("step", "user", "verb", "reward", "terminated", "truncated")
        self.arrays = {name: np.zeros(3, dtype=np.int32) for name in names}
        self.arrays["user"][:] = (7, 8, 9)
        self.arrays["conversation"] = self.arrays["user"]
        self.arrays["clicked"] = np.full((3, 2), -1)


def test_a_recorder_takes_core_and_family_of_any_batch(tmp_path, shops):
    batch = Shop()
    recorder = Recorder(batch)
    assert len(recorder.trace()) == 0
    recorder.record()
    a = batch.arrays
    a["step"][:], a["reward"][:], a["truncated"][:] = 1, (1, 2, 3), (1, 0, 1)
    a["clicked"][0] = (4, 5)
    recorder.record()
    a["step"][1], a["terminated"][1] = 2, 1
    recorder.record(np.array([False, True, False]))
    trace = recorder.trace("fast", 5, {"env": "mine/Shop-v0"})
    trace.write(tmp_path / "t.parquet")
    read = Trace.read(tmp_path / "t.parquet")
    assert read.table.equals(trace.table)
    assert read.metadata["family"] == "shops"
    assert read.column("conversation").tolist() == [7, 7, 8, 8, 8, 9, 9]
    assert read.table.column("clicked").to_pylist() == [[], [4, 5], [], [], [], [], []]
    episodes = read.episodes()
    assert len(episodes) == 3
    assert episodes["steps"].tolist() == [1, 2, 1]
    assert episodes["reward"].tolist() == [1, 4, 3]
    assert episodes["truncated"].tolist() == [True, False, True]
    assert episodes["town"].tolist() == [3, 4, 4]
    ends = Columns().ending(read.table.take(pa.array([1, 3, 4])))
    assert [Columns.endings[k] for k in ends] == ["truncated", "unfinished", "terminated"]
    unfinished = Trace(read.table.slice(0, 4), read.metadata)
    with pytest.raises(ResultsError, match="were not finished"):
        unfinished.episodes()


def test_a_trace_of_a_family_that_is_not_here_is_refused(tmp_path):
    trace = Trace(COLUMNS.schema.empty_table(), {"family": "shops"})
    trace.write(tmp_path / "t.parquet")
    with pytest.raises(ResultsError, match="unknown family 'shops'"):
        Trace.read(tmp_path / "t.parquet")


def test_rules_are_named_by_their_nearest_preset():
    assert (
        Protocol(top_k=3, last_turn_acts=True).label == "scpr with top_k = 3, last_turn_acts = true"
    )
