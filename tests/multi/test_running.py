"""Populations: the same bytes however they are cut, resumed, and refused where they are another."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recosim.envs.setup import Setup
from recosim.errors import BusyError, OptionError, ResultsError
from recosim.files import LOCK, held
from recosim.multi import shard
from recosim.multi.measures import concentration, gini, lorenz
from recosim.multi.plan import Plan, labels
from recosim.multi.running import run_population, usual_chunk

TABLES = ("daily.parquet", "cohorts.parquet", "items.parquet", "summary.json")


@pytest.fixture(scope="module")
def plan() -> Plan:
    setup = Setup.prepare(
        "recoworld",
        world="lastfm-small",
        split="test",
        users="typical",
        protocol_options={"horizon": 8, "max_steps": 60},
    )
    return Plan("recosim/x", setup, ("follow", "static", "static"), 40, traces=True)


@pytest.fixture(scope="module")
def whole(plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("population") / "whole"
    run_population(plan, folder, threads=1)
    return folder


def moves(folder):
    parts = sorted((folder / "traces").glob("*.parquet"))
    table = pa.concat_tables([pq.read_table(part) for part in parts])
    return table.set_column(0, "agent", table.column("agent").cast(pa.string())).combine_chunks()


@pytest.mark.parametrize(("chunk", "rows"), [(7, 3), (40, 11), (13, 1024)])
def test_any_size_of_chunks_gives_the_same_bytes(plan, whole, tmp_path, chunk, rows):
    run_population(plan, tmp_path / "cut", chunk=chunk, rows=rows, threads=1)
    for name in TABLES:
        assert (tmp_path / "cut" / name).read_bytes() == (whole / name).read_bytes(), name
    assert moves(tmp_path / "cut").equals(moves(whole))
    assert set(moves(whole).column("agent").to_pylist()) == {"follow", "static", "static-2"}


def test_a_stopped_run_goes_on_where_it_was(plan, whole, tmp_path, monkeypatch):
    folder, played = tmp_path / "stopped", []
    usual = shard.play_chunk

    def play(market, numbers, seed):
        if len(played) == 2:
            raise KeyboardInterrupt
        played.append(int(numbers[0]))
        usual(market, numbers, seed)

    monkeypatch.setattr(shard, "play_chunk", play)
    with pytest.raises(KeyboardInterrupt):
        run_population(plan, folder, chunk=10, threads=1)
    assert len(list((folder / "chunks").iterdir())) == 2
    assert not (folder / "summary.json").exists()
    played.clear()
    told, notices = [], []
    run_population(
        plan, folder, chunk=10, threads=1, progress=lambda *said: told.append(said),
        notice=notices.append,
    )  # fmt: skip
    assert played == [20, 30]
    assert [said[:2] for said in told] == [(10, 40), (20, 40), (30, 40), (40, 40)]
    assert notices == [f"resuming {folder}"]
    for name in TABLES:
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name


def test_the_folder_of_another_run_is_refused(plan, whole, tmp_path):
    for changed, words in (
        (replace(plan, seed=1), r"seed \(0, now 1\)"),
        (replace(plan, platforms=("static", "follow", "static")), "platforms"),
        (replace(plan, choice_pull=1.0), "choice_pull"),
    ):
        with pytest.raises(ResultsError, match=words):
            run_population(changed, whole, threads=1)
    with pytest.raises(ResultsError, match="chunk"):
        run_population(plan, whole, chunk=3, threads=1)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ResultsError, match=r"no run\.json"):
        run_population(plan, tmp_path)
    (tmp_path / "notes.txt").rename(tmp_path / ".notes")  # what is hidden is no file of anybody
    run_population(replace(plan, users=2, traces=False), tmp_path, threads=1)
    with held(tmp_path / LOCK), pytest.raises(BusyError, match="another process is writing to"):
        run_population(replace(plan, users=2, traces=False), tmp_path, threads=1)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ResultsError, match="cannot be read"):
        run_population(plan, tmp_path)


def test_damaged_parts_are_named(plan, tmp_path):
    small = replace(plan, users=4, traces=False)
    run_population(small, tmp_path / "a", threads=1)
    part = tmp_path / "a" / "chunks" / "000000.npz"
    data = part.read_bytes()
    part.write_bytes(data[: len(data) // 2])
    with pytest.raises(ResultsError, match=r"000000\.npz cannot be read"):
        run_population(small, tmp_path / "a", threads=1)
    run_population(replace(small, seed=2), tmp_path / "b", threads=1)
    part.write_bytes((tmp_path / "b" / "chunks" / "000000.npz").read_bytes())
    with pytest.raises(ResultsError, match="another run"):
        run_population(small, tmp_path / "a", threads=1)


def test_tables_say_what_was_counted(plan, whole):
    daily = pq.read_table(whole / "daily.parquet").to_pandas()
    summary = json.loads((whole / "summary.json").read_text())
    assert len(daily) == 3 * 8
    assert daily[daily.day == 0].sessions.sum() == summary["users"] == 40
    cohorts = pq.read_table(whole / "cohorts.parquet").to_pandas()
    together = cohorts.groupby(["platform", "day"]).active.sum()
    for row in daily.itertuples():
        assert together[row.platform, row.day] == row.sessions
    utility = np.asarray(moves(whole).column("utility"))
    moved = moves(whole)
    last = np.asarray(moved.column("terminated")) | np.asarray(moved.column("truncated"))
    assert daily.utility.sum() == pytest.approx(utility[last].sum(), abs=1e-3)
    assert summary["utility_per_user"] == pytest.approx(daily.utility.sum() / 40)
    shares = [entry["share"] for entry in summary["platforms"].values()]
    assert sum(shares) == pytest.approx(1)


def test_measures_by_hand():
    assert concentration(np.array([[3, 1], [1, 0]])).tolist() == [0.625, 1.0]
    assert np.isnan(concentration(np.array([[0], [0]])))[0]
    assert gini(np.array([1, 1, 1, 1])) == 0
    assert gini(np.array([0, 0, 0, 8])) == pytest.approx(0.75)
    assert gini(np.zeros(3, int)) is None
    assert lorenz(np.array([1, 3]), 3) == [0, 0.25, 1]
    assert labels(["a", "b", "a", "a"]) == ["a", "b", "a-2", "a-3"]


@pytest.mark.parametrize("name", ["users", "seed"])
@pytest.mark.parametrize("value", [-1, True, 1.5, "3", 2**40])
def test_plans_that_cannot_be(plan, name, value):
    with pytest.raises(OptionError, match=name):
        replace(plan, **{name: value})


def test_parts_are_many_enough_to_share_and_large_enough_to_be_quick(plan, tmp_path):
    assert [usual_chunk(n) for n in (1, 10_000, 100_000, 10**7)] == [4096, 4096, 6250, 16_384]
    small = replace(plan, users=4, traces=False)
    run_population(small, tmp_path / "a", chunk=3, threads=1)
    told = []
    run_population(small, tmp_path / "a", threads=1, progress=lambda *said: told.append(said))
    assert [said[::2] for said in told] == [(3, "done before"), (4, "done before")]


@pytest.mark.parametrize("value", [0, True, 2.0])
def test_sizes_that_cannot_be(plan, tmp_path, value):
    for name in ("chunk", "rows"):
        with pytest.raises(OptionError, match=name):
            run_population(plan, tmp_path / "x", **{name: value})
