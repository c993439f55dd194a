"""Sweeps over users: one run, the same environment with users of several kinds."""

from __future__ import annotations

import math

import pytest

from recosim.bench.report import render_report
from recosim.bench.robustness import sweep_table, sweeps
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.cli.options import Crowd, crowds_of, user_settings
from recosim.errors import OptionError, UnknownNameError


def run(folder, users):
    envs = [
        prepare_env(
            "CPR-LastFM-Small",
            episodes=150,
            overrides={
                "users": crowd.users,
                **crowd.settings,
                "protocol_options": {"top_k": 3, "on_reject": "remove"},
            },
        )
        for crowd in users
    ]
    return run_bench(envs, ["logic", "oracle", "abs_greedy"], folder)


def test_a_run_over_several_users_gives_tables_and_one_plot(tmp_path):
    pytest.importorskip("matplotlib")
    results = run(tmp_path, crowds_of(None, ["answer_noise=0.3,0,0.1", "dont_know=0"]))
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
    users = crowds_of(None, ["answer_noise=0,0.2", "dont_know=0,0.1,0.4"])
    assert users == [
        (None, {"answer_noise": noise, "dont_know": unsure})
        for noise, unsure in ((0, 0), (0.2, 0), (0, 0.1), (0, 0.4))
    ]
    found = sweeps(run(tmp_path, users))
    assert {sweep.setting: sweep.values for sweep in found} == {
        "answer_noise": (0, 0.2),
        "dont_know": (0, 0.1, 0.4),
    }


def test_one_environment_is_no_sweep(tmp_path):
    assert crowds_of(None, None) == [(None, {})]
    assert sweeps(run(tmp_path, [Crowd(None, {"answer_noise": 0.1, "dont_know": 0.1})])) == []


def test_populations_are_compared_by_name(tmp_path):
    users = crowds_of("ideal,typical,picky", None)
    (sweep,) = sweeps(run(tmp_path, users))
    assert (sweep.setting, sweep.values) == ("users", ("ideal", "typical", "picky"))
    assert sweep_table(sweep).columns[1:] == ("ideal", "typical", "picky")
    ideal, typical, picky = sweep.rates("logic")
    assert ideal.value > typical.value > 0
    assert picky.value < ideal.value
    pytest.importorskip("matplotlib")
    assert "typical" in render_report(tmp_path).markdown.read_text()


def test_any_setting_can_be_swept(tmp_path):
    users = crowds_of("ideal", ["patience=8,none,4", "feedback=edit,none", "acceptable=2"])
    results = run(tmp_path, users)
    assert [env.setup.key.removeprefix("CPR-LastFM-Small-v0.") for env in results.environments] == [
        "patience-8.feedback-edit.acceptable-2",
        "feedback-edit.acceptable-2",
        "patience-4.feedback-edit.acceptable-2",
        "patience-8.feedback-none.acceptable-2",
    ]
    patience, feedback = sweeps(results)
    assert (patience.setting, patience.values) == ("patience", (4, 8, math.inf))
    assert patience.axis is None, "no end of something has no place on an axis of numbers"
    assert patience.labels == ["patience 4", "patience 8", "patience none"]
    logic = [rate.value for rate in patience.rates("logic")]
    assert logic[0] < logic[1] < logic[2]
    assert (feedback.setting, feedback.values) == ("feedback", ("none", "edit"))
    assert feedback.axis is None
    assert sweep_table(feedback).columns == ("SR@15", "feedback none", "feedback edit")
    assert "\n" in feedback.varied, "a long line goes on below"
    pytest.importorskip("matplotlib")
    report = render_report(tmp_path)
    assert report.plots[-1].name == f"{patience.environments[0].setup.key}.users.png"


def test_values_are_read_as_words_and_numbers():
    assert user_settings(["answer_noise=1", "patience=None", 'critic="random"', "musts = 2"]) == {
        "answer_noise": 1.0,
        "patience": None,
        "critic": "random",
        "musts": 2,
    }
    assert user_settings(["feedback=none", "standing=none"]) == {
        "feedback": "none",
        "standing": "none",
    }
    assert crowds_of("ideal,typical", ["patience=4,none,4"]) == [
        ("ideal", {"patience": 4}),
        ("typical", {"patience": 4}),
        ("ideal", {"patience": None}),
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["answer_noise=much"], "answer_noise is 'much'; a probability"),
        (["answer_noise=0;0.1"], "answer_noise is '0;0.1'"),
        (["answer_noise=0,1.5"], "answer_noise is 1.5"),
        (["answer_noise=,"], "name=value"),
        (["answer_noise="], "name=value"),
        (["answer_noise"], "name=value"),
        (["=0.1"], "name=value"),
        (["patience=4.5"], "a whole number of disappointments"),
        (["patience=4", "patience=8"], "patience twice.*patience=A,B"),
        (["patience={choice = [4, 8]}"], "card of users"),
    ],
)
def test_what_is_no_value_of_a_setting_is_refused(given, words):
    with pytest.raises(OptionError, match=words):
        crowds_of(None, given)


@pytest.mark.parametrize(
    ("given", "near"), [("pacience=4", "'patience'"), ("feedback=critic", "'critique'")]
)
def test_an_unknown_setting_or_word_is_refused_with_the_nearest(given, near):
    with pytest.raises(UnknownNameError, match=near):
        crowds_of(None, [given])


def test_one_kind_of_users_takes_one_value_of_a_setting():
    with pytest.raises(OptionError, match="patience 2 values"):
        user_settings(["patience=4,8"])
