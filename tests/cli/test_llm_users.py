"""The commands with users of a language model: a server, none, a budget, a cassette."""

from __future__ import annotations

import json

import pytest
from chat.fault_server import FaultServer
from typer.testing import CliRunner

from recosim.cli import app
from recosim.errors import BudgetError, ChatError, FallbackError, OptionError, UnknownNameError
from recosim.trace import Trace

pytest.importorskip("openai", reason="the extra [llm] is not installed")

BENCH = ["bench", "CPR-LastFM-Small", "--agents", "max_entropy", "--episodes", "12"]


def say(request):
    meant = request["messages"][1]["content"].rpartition("You mean: ")[2]
    return json.dumps({"words": f"Hm, {meant}"})


def run(*arguments, lines=""):
    result = CliRunner().invoke(app, [str(a) for a in arguments], input=lines)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def server(monkeypatch):
    with FaultServer(say=say) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("RECOSIM_LLM_MODEL", "test")
        yield running


def test_a_bench_keeps_the_words_and_the_report(server, tmp_path):
    run(*BENCH, "--users", "llm", "--out", tmp_path / "llm")
    (path,) = (tmp_path / "llm").glob("traces/**/*.parquet")
    trace = Trace.read(path)
    said = [text for text in trace.column("said") if text]
    (report,) = (tmp_path / "llm" / "reports").rglob("users.json")
    counts = json.loads(report.read_text())
    assert counts["utterances"] == len(said) == sum(counts["by"].values()) > 12
    assert counts["chat"]["calls"]["sent"] >= counts["by"]["llm"]
    run(*BENCH, "--users", "typical", "--out", tmp_path / "rules")
    (other,) = (tmp_path / "rules").glob("traces/**/*.parquet")
    typed = [name for name in trace.table.column_names if name not in ("told", "said")]
    assert trace.table.select(typed).equals(Trace.read(other).table.select(typed))


def test_a_cassette_replays_without_a_server(server, tmp_path, monkeypatch):
    monkeypatch.setenv("RECOSIM_LLM_CASSETTE", str(tmp_path / "run.cassette"))
    run(*BENCH, "--users", "llm_decides", "--out", tmp_path / "a")
    asked = server.asked.total()
    monkeypatch.setenv("RECOSIM_LLM_CASSETTE_MODE", "strict")
    run(*BENCH, "--users", "llm_decides", "--out", tmp_path / "b")
    assert server.asked.total() == asked
    first, again = (next((tmp_path / f).glob("traces/**/*.parquet")) for f in "ab")
    assert Trace.read(first).table.equals(Trace.read(again).table)


def test_what_is_wrong_with_the_server_is_said_before_anything_is_written(tmp_path, monkeypatch):
    out = tmp_path / "out"
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ChatError, match="OPENAI_BASE_URL"):
        run(*BENCH, "--users", "llm", "--out", out)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("RECOSIM_LLM_MODEL", "test")
    with pytest.raises(ChatError, match=r"127\.0\.0\.1:9"):
        run(*BENCH, "--users", "llm", "--out", out)
    with FaultServer(say=say) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("RECOSIM_LLM_MODEL", "tset")
        with pytest.raises((ChatError, UnknownNameError), match="test"):
            run(*BENCH, "--users", "llm", "--out", out)
    assert not out.exists()


CARD = """
name = "thrifty"
title = "Thrifty"
description = "Users with a budget."
[llm]
requests = {}
"""


def test_a_budget_that_is_spent_stops_the_run_and_more_goes_on(server, tmp_path, monkeypatch):
    cards = tmp_path / "cards" / "users"
    cards.mkdir(parents=True)
    monkeypatch.setenv("RECOSIM_PATH", str(tmp_path / "cards"))
    monkeypatch.setenv("RECOSIM_LLM_CASSETTE", str(tmp_path / "run.cassette"))
    (cards / "thrifty.toml").write_text(CARD.format(20))
    with pytest.raises(BudgetError):
        run(*BENCH, "--users", "thrifty", "--out", tmp_path / "out")
    paid = sum(server.answered.values())
    (cards / "thrifty.toml").write_text(CARD.format(2000))
    run(*BENCH, "--users", "thrifty", "--out", tmp_path / "out")
    trace = Trace.read(next((tmp_path / "out").glob("traces/**/*.parquet")))
    spoken = sum(text is not None for text in trace.column("said"))
    assert paid < spoken
    assert server.asked.total() - server.probes <= 1.2 * spoken + 16  # nothing is asked twice


def test_a_person_talks_with_a_language_model(server):
    out = run("play", "CPR-LastFM-Small", "--user", "llm", "--seed", "1", lines="recommend\nquit\n")
    assert "Hm, " in out


# ---- what is the model's own ---------------------------------------------------------------------

THIRTY = ["bench", "CPR-LastFM-Small", "--episodes", "30", "--no-plots"]


def test_a_bench_in_which_the_model_says_nothing_ends_and_goes_on_when_told_to(tmp_path):
    with FaultServer(script=lambda request, number: "not_json") as bad:
        model = ["--users", "llm_decides", "--user-llm", "test", "--base-url", bad.url]
        model += ["--user-llm", "reasks=0"]
        out = ["--agents", "max_entropy", "--out", tmp_path / "out"]
        with pytest.raises(
            FallbackError, match=r"\(100%\) are not.*it is not JSON.*max-fallbacks 1"
        ):
            run(*THIRTY, *out, *model)
        assert bad.asked.total() < 300, "it ends before much is asked"
        said = run(*THIRTY, *out, *model, "--max-fallbacks", "1")
    assert "0 %" in said
    assert "say little of the model" in " ".join(said.split())
    rows = (tmp_path / "out" / "report.md").read_text().splitlines()
    (row,) = [line for line in rows if line.startswith("| max_entropy") and "%" in line]
    assert row.endswith("| 0 % | 0 % |")
    (counts,) = (tmp_path / "out" / "own").rglob("*.json")
    for own, asked in json.loads(counts.read_text())["own"].values():
        assert own == 0
        assert asked > 50
    again = run("report", tmp_path / "out", "--check", "--no-plots")
    assert "0 %" in again


def test_the_moves_of_the_agent_are_counted_too(server, tmp_path):
    moves = ["--agents", "llm,max_entropy", "--agent-llm", "questions=2", "--agent-llm", "reasks=0"]
    with pytest.raises(FallbackError, match="moves of agent 'llm'"):
        run(*THIRTY, *moves, "--out", tmp_path / "a")

    def choose(request):
        return json.dumps({"why": "so", "move": "recommend", "items": []})

    server.say = choose
    run(*THIRTY, *moves, "--episodes", "5", "--out", tmp_path / "b")
    report = (tmp_path / "b" / "report.md").read_text().partition("### Pairs")[0]
    rows = [line.split(" | ") for line in report.splitlines() if line.startswith("| ")]
    shares = {row[0].strip("| "): row[-1].strip(" |") for row in rows}
    assert (shares["llm"], shares["max_entropy"]) == ("100 %", "-")
    results = json.loads((tmp_path / "b" / "results.json").read_text())
    (env,) = results["environments"]
    own = {agent["name"]: agent["seeds"][0].get("own") for agent in env["agents"]}
    assert own["max_entropy"] is None
    assert own["llm"]["moves"][0] == own["llm"]["moves"][1] > 0
    settings = {agent["name"]: agent["settings"] for agent in env["setup"]["agents"]}
    assert settings["llm"]["questions"] == 2


def test_any_users_can_be_spoken_for(server, tmp_path):
    said = run(*BENCH, "--users", "terse", "--user-llm", "temperature=0.2", "--out", tmp_path / "a")
    assert "100 %" in said
    assert "Words by model" in (tmp_path / "a" / "report.md").read_text()
    results = json.loads((tmp_path / "a" / "results.json").read_text())
    users = results["environments"][0]["setup"]["users"]
    assert (users["name"], users["llm"]["temperature"]) == ("terse_llm", 0.2)
    assert users["llm"]["decides"] == "nothing"
    with pytest.raises(UnknownNameError, match="temperature"):
        run(*BENCH, "--user-llm", "temprature=1", "--out", tmp_path / "b")
    with pytest.raises(OptionError, match="twice"):
        run(*BENCH, "--user-llm", "a", "--user-llm", "model=b", "--out", tmp_path / "b")
