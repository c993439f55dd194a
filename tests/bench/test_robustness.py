"""Sweeps over users: one run, the same environment with users of several kinds."""

from __future__ import annotations

import pytest

from recosim.bench.report import render_report
from recosim.bench.robustness import sweep_table, sweeps
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.cli.options import Crowd, users_of
from recosim.errors import OptionError


def run(folder, users):
    envs = [
        prepare_env(
            "CPR-LastFM-Small",
            episodes=150,
            overrides={
                **crowd._asdict(),
                "protocol_options": {"top_k": 3, "on_reject": "remove"},
            },
        )
        for crowd in users
    ]
    return run_bench(envs, ["logic", "oracle", "abs_greedy"], folder)


def test_a_run_over_several_users_gives_tables_and_one_plot(tmp_path):
    pytest.importorskip("matplotlib")
    results = run(tmp_path, users_of(None, "0.3,0,0.1", "0"))
    assert [env.setup.key for env in results.environments] == [
        "CPR-LastFM-Small-v0.noise-0.3",
        "CPR-LastFM-Small-v0",
        "CPR-LastFM-Small-v0.noise-0.1",
    ]
    (sweep,) = sweeps(results)
    assert sweep.setting == "answer_noise"
    assert sweep.values == (0, 0.1, 0.3)
    assert sweep.agents[0] == "oracle"
    logic = [rate.value for rate in sweep.rates("logic")]
    assert logic[0] > logic[1] > logic[2]
    greedy = [rate.value for rate in sweep.rates("abs_greedy")]
    assert len(set(greedy)) == 1, "who asks nothing is not touched by answers"
    table = sweep_table(sweep)
    assert table.columns[0] == "SR@15"
    assert len(table.rows) == 3
    report = render_report(tmp_path)
    assert report.plots[-1].name == "CPR-LastFM-Small-v0.users.png"
    text = report.markdown.read_text()
    assert "success by kind of users" in text
    assert f"plots/{report.plots[-1].name}" in text


def test_settings_are_varied_one_at_a_time(tmp_path):
    users = users_of(None, "0,0.2", "0,0.1,0.4")
    assert users == [(None, 0, 0), (None, 0.2, 0), (None, 0, 0.1), (None, 0, 0.4)]
    found = sweeps(run(tmp_path, users))
    assert {sweep.setting: sweep.values for sweep in found} == {
        "answer_noise": (0, 0.2),
        "dont_know": (0, 0.1, 0.4),
    }


def test_one_environment_is_no_sweep(tmp_path):
    assert users_of(None, None, None) == [(None, None, None)]
    assert sweeps(run(tmp_path, [Crowd(None, 0.1, 0.1)])) == []


def test_populations_are_compared_by_name(tmp_path):
    users = users_of("ideal,typical,picky", None, None)
    (sweep,) = sweeps(run(tmp_path, users))
    assert (sweep.setting, sweep.values) == ("users", ("ideal", "typical", "picky"))
    assert sweep_table(sweep).columns[1:] == ("ideal", "typical", "picky")
    ideal, typical, picky = sweep.rates("logic")
    assert ideal.value > typical.value > 0
    assert picky.value < ideal.value
    pytest.importorskip("matplotlib")
    assert "typical" in render_report(tmp_path).markdown.read_text()


@pytest.mark.parametrize("given", ["much", "0;0.1", ","])
def test_what_is_no_probability_is_refused(given):
    with pytest.raises(OptionError, match="--answer-noise"):
        users_of(None, given, None)
