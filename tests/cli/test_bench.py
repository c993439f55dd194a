"""`recosim bench` and `recosim report` as they are typed."""

from __future__ import annotations

import json

import pytest
from cli.command import run


def test_a_bench_prints_a_table_and_writes_a_report(tmp_path, capsys):
    command = ("bench", "CPR-LastFM-Small", "--agents", "logic,random", "--episodes", 60)
    status, out, err = run(capsys, *command, "--out", tmp_path / "r")
    assert status == 0, err
    assert "logic needs the fewest turns" in " ".join(out.split())
    assert (tmp_path / "r/report.md").is_file()
    assert (tmp_path / "r/plots/CPR-LastFM-Small-v0.png").read_bytes().startswith(b"\x89PNG")
    status, again, _ = run(capsys, "report", tmp_path / "r", "--check", "--no-plots")
    assert status == 0
    assert "Every figure follows" in again


def test_options_of_the_protocol_and_the_users_reach_the_results(tmp_path, capsys):
    status, _, err = run(
        capsys, "bench", "EAR-Yelp-Small", "--agents", "max_entropy", "--episodes", 20,
        "--set", "on_reject=remove", "--set", "top_k=4", "--set", "rewards={ask_yes=0.5}",
        "--user-set", "answer_noise=0.1", "--user-set", "dont_know=0.2",
        "--no-plots", "--no-traces", "--out", tmp_path,
    )  # fmt: skip
    assert status == 0, err
    setup = json.loads((tmp_path / "results.json").read_text())["environments"][0]["setup"]
    rules = setup["protocol"]
    assert (rules["on_reject"], rules["top_k"], rules["question"]) == ("remove", 4, "facet")
    assert (rules["rewards"]["ask_yes"], rules["rewards"]["ask_no"]) == (0.5, -0.1)
    assert setup["users"]["settings"] == {"answer_noise": 0.1, "dont_know": 0.2}
    assert not list(tmp_path.glob("traces/*/*.parquet"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("CPR-LastFM-Smal",), "Did you mean 'CPR-LastFM-Small'"),
        (("CPR-LastFM-Small", "--agents", "logik"), "Did you mean 'logic'"),
        (("CPR-LastFM-Small", "--world", "lastfn"), "Did you mean 'lastfm'"),
        (("CPR-LastFM-Small", "--protocol", "scp"), "Did you mean 'scpr'"),
        (("CPR-LastFM-Small", "--set", "on_rejct=remove"), "Did you mean 'on_reject'"),
        (("CPR-LastFM-Small", "--set", "on_reject"), "name=value"),
        (("CPR-LastFM-Small", "--set", "on_reject=drop"), "Allowed: keep, remove"),
        (("CPR-LastFM-Small", "--estimator", "fmm"), "Allowed"),
        (("CPR-LastFM-Small", "--split", "tset"), "Did you mean 'test'"),
        (("CPR-LastFM-Small", "--user-set", "answer_noise=1.5"), "from 0 to 1"),
        (("CPR-LastFM-Small", "--user-set", "pacience=4"), "Did you mean 'patience'"),
        (("CPR-LastFM-Small", "--user-set", "patience"), "name=value"),
        (("CPR-LastFM-Small", "--user-set", "critic=salent"), "Did you mean 'salient'"),
    ],
)
def test_a_wrong_call_is_one_line_that_says_what_is_allowed(words, message, tmp_path, capsys):
    status, out, err = run(capsys, "bench", *words, "--out", tmp_path / "r")
    assert (status, out) == (2, "")
    assert err.startswith("error:")
    assert message in err
    assert not (tmp_path / "r").exists()


def test_a_folder_of_another_run_is_refused_and_left_alone(tmp_path, capsys):
    command = ("bench", "CPR-LastFM-Small", "--agents", "random", "--no-plots", "--out", tmp_path)
    assert run(capsys, *command, "--episodes", 10)[0] == 0
    before = (tmp_path / "results.json").read_bytes()
    status, _, err = run(capsys, *command, "--episodes", 11)
    assert status == 2
    assert "conversations" in err
    assert (tmp_path / "results.json").read_bytes() == before
