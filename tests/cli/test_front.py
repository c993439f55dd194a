"""The front door: what is listed, what is begun, what is printed, and in which form."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli.command import run

from recosim.bench.tables import Table
from recosim.cli import complete, main
from recosim.cli.tables import fitted, parted

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the rule agents under two kinds of users, as the command line makes them."""
    folder = tmp_path_factory.mktemp("results") / "r"
    words = ["bench", "CPR-LastFM-Small", "--agents", "rules", "--users", "ideal,human"]
    with pytest.raises(SystemExit, match="0"):
        main([*words, "--episodes", "40", "--no-plots", "--no-traces", "--out", str(folder)])
    return folder


# ---- list ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("envs", "RecoWorld-LastFM-Small"),
        ("agents", "logic"),
        ("users", "typical"),
        ("protocols", "unicorn"),
        ("worlds", "lastfm-small"),
        ("estimators", "transe"),
    ],
)
def test_every_kind_of_name_is_listed(kind, named, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("RECOSIM_CACHE", str(tmp_path))  # other tests import worlds meanwhile
    status, out, _ = run(capsys, "list", kind)
    assert status == 0
    assert named in out
    told = json.loads(run(capsys, "list", kind, "--json")[1])
    assert named in [entry["name"] for entry in told]
    assert len(told) == len(out.strip().splitlines()) - 1


def test_agents_of_an_environment_are_those_that_are_made_for_it(capsys):
    told = json.loads(run(capsys, "list", "agents", "--env", "CPR-LastFM", "--json")[1])
    names = {entry["name"] for entry in told}
    assert {"logic", "random", "scpr"} <= names
    assert not names & {"static", "bm25", "hard_filter"}


# ---- completion ----------------------------------------------------------------------------------


def test_names_are_completed_also_behind_a_comma():
    assert "CPR-LastFM-Small" in complete.complete_environments("cpr-l")
    assert complete.complete_agents("logic,max_e") == ["logic,max_entropy"]
    assert "logic,logic" not in complete.complete_agents("logic,")
    assert "typical" in complete.complete_users("ty")
    assert "lastfm-small" in complete.complete_worlds("last")
    assert "unicorn" in complete.complete_protocols("")
    assert complete.complete_estimators("t") == ["transe"]


# ---- new -----------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_new_agent_plays_as_printed(elsewhere, capsys):
    status, out, err = run(capsys, "new", "agent", "mine")
    assert status == 0, err
    assert "try it: recosim bench CPR-LastFM-Small --agents mine,random" in out
    words = ("bench", "CPR-LastFM-Small", "--agents", "mine,logic", "--episodes", 40, "--no-plots")
    status, out, err = run(capsys, *words)
    assert status == 0, err
    assert re.search(r"^mine +0\.\d", out, flags=re.M)
    status, _, err = run(capsys, "new", "agent", "mine")
    assert status == 2
    assert "already" in err


@pytest.mark.parametrize("env", ["Critique-LastFM-Small", "ConvSim-LastFM-Small"])
def test_a_new_agent_plays_in_every_family(env, elsewhere, capsys):
    assert run(capsys, "new", "agent", "ours", "--env", env)[0] == 0
    words = ("bench", env, "--agents", "ours", "--episodes", 4, "--no-plots", "--no-traces")
    status, out, err = run(capsys, *words)
    assert status == 0, err
    assert "ours" in out


def test_a_new_environment_and_new_users_work(elsewhere, capsys):
    assert run(capsys, "new", "env", "Mine-Small", "--env", "EAR-Yelp-Small")[0] == 0
    card = elsewhere / "recosim_cards/envs/Mine-Small/env.toml"
    card.write_text(re.sub(r"# (max_turns) = \d+", r"\1 = 7", card.read_text()))
    assert run(capsys, "new", "users", "regulars", "--like", "typical")[0] == 0
    words = ("Mine-Small", "--agents", "random", "--users", "regulars", "--episodes", 10)
    status, _, err = run(capsys, "bench", *words, "--no-plots", "--out", "r")
    assert status == 0, err
    setup = json.loads(Path("r/results.json").read_text())["environments"][0]["setup"]
    assert (setup["protocol"]["max_turns"], setup["protocol"]["question"]) == (7, "facet")
    assert setup["users"]["name"] == "regulars"


@pytest.mark.parametrize("name", ["random", "../x", "1st", ""])
def test_a_name_that_cannot_be_is_refused(name, elsewhere, capsys):
    assert run(capsys, "new", "agent", name)[0] == 2
    assert not list(elsewhere.iterdir())


# ---- tables --------------------------------------------------------------------------------------

WIDE = Table(
    ("Agent", "SR@5", "SR@15", "AT", "Questions accepted"),
    [("weighted_entropy", "0.1", "0.975 [0.950, 0.995]", "4.38 [3.91, 4.91]", "0.302")],
    ("A note.",),
)


def test_intervals_go_first_then_columns_from_the_right():
    assert fitted(WIDE, 200) == WIDE
    narrow = fitted(WIDE, 60, ["AT"])
    assert narrow.rows == [("weighted_entropy", "0.1", "0.975", "4.38", "0.302")]
    assert "--intervals" in narrow.notes[-1]
    least = fitted(WIDE, 25, ["AT"])
    assert least.columns == ("Agent", "AT")
    assert "SR@5, SR@15, Questions accepted" in least.notes[-1]
    asked = fitted(WIDE, 60, ["AT"], intervals=True)
    assert asked.rows[0][-1] == "4.38 [3.91, 4.91]"


def test_a_table_of_many_columns_is_parted():
    parts = parted(WIDE, 34)
    assert [part.columns[0] for part in parts] == ["Agent"] * len(parts)
    assert [title for part in parts for title in part.columns[1:]] == list(WIDE.columns[1:])


def test_a_window_of_80_columns_is_enough_and_a_pipe_gets_all(results, capsys, monkeypatch):
    piped = run(capsys, "report", results, "--no-plots")[1]
    assert "[" in next(line for line in piped.splitlines() if line.startswith("logic"))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for width in (80, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        shown = run(capsys, "report", results, "--no-plots")[1]
        lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
        told = [line for line in lines if not line.startswith("wrote")]
        assert max(map(len, told)) <= width
        assert any(line.startswith("weighted_entropy") and "…" not in line for line in told)


def test_figures_for_other_programs_stand_alone(results, capsys):
    _, out, err = run(capsys, "report", results, "--no-plots", "--csv")
    rows = list(csv.DictReader(out.splitlines()))
    at = [r for r in rows if (r["agent"], r["metric"]) == ("logic", "AT")]
    assert len(at) == 2  # environments
    assert float(at[0]["low"]) <= float(at[0]["value"]) <= float(at[0]["high"])
    assert "wrote" in err
    told = json.loads(run(capsys, "report", results, "--no-plots", "--json")[1])
    logic = next(a for a in told[0]["agents"] if a["agent"] == "logic")
    assert logic["metrics"]["AT"]["value"] == float(at[0]["value"])
    latex = run(capsys, "report", results, "--no-plots", "--latex")[1]
    assert latex.count(r"\begin{tabular}") == 2
    assert r"max\_entropy &" in latex
    status, _, err = run(capsys, "report", results, "--csv", "--json")
    assert (status, "one of them" in err) == (2, True)


def test_the_page_is_one_file_with_all_tables_and_no_script(results, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    page = tmp_path / "r.html"
    assert run(capsys, "report", results, "--out", tmp_path, "--html", page)[0] == 0
    text = page.read_text()
    assert text.count("<img ") == 3  # two environments, and both kinds of users
    assert "<script" not in text
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)
    assert text.count("<table>") == 7
    assert "<code>logic</code>" in text


# ---- before, and in between ----------------------------------------------------------------------


def test_a_path_that_cannot_be_written_ends_the_call_before_work(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")
    for words, said in (
        (("bench", "CPR-LastFM-Small", "--out", tmp_path / "file" / "r"), "is a file"),
        (("bench", "CPR-LastFM-Small", "--out", tmp_path / "full"), "not a results folder"),
        (("bench", "CPR-LastFM-Small", "--html", tmp_path / "x.txt"), "does not end in .html"),
        (
            ("train", "CPR-LastFM-Small", "--agents", "scpr", "--checkpoints", tmp_path / "file"),
            "is a",
        ),
    ):
        started = time.perf_counter()
        status, out, err = run(capsys, *words)
        assert (status, out) == (2, "")
        assert said in err
        assert time.perf_counter() - started < 5


def test_agents_stand_before_environments_or_behind_an_option(tmp_path, capsys):
    words = ("--episodes", 4, "--no-plots", "--no-traces", "--out", tmp_path / "r")
    assert run(capsys, "bench", "logic,random", "CPR-LastFM-Small", *words)[0] == 0
    again = ("bench", "CPR-LastFM-Small", "--agents", "logic,random", *words)
    assert run(capsys, *again)[0] == 0  # the same run
    status, _, err = run(capsys, "bench", "logic", "CPR-LastFM-Small", "--agents", "random")
    assert (status, "named twice" in err) == (2, True)
    status, _, err = run(capsys, "train", "CPR-LastFM-Small")
    assert (status, "names no agent to train" in " ".join(err.split())) == (2, True)


def test_nobody_is_named_whom_nobody_asked_for(tmp_path, capsys):
    words = ("--agents", "rules", "--episodes", 4, "--no-plots", "--no-traces")
    _, out, err = run(capsys, "bench", "CPR-LastFM-Small", *words, "--out", tmp_path / "r")
    for name in ("static", "bm25", "hard_filter", "without"):
        assert name not in out + err


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_says_what_is_kept(tmp_path):
    command = [sys.executable, "-m", "recosim", "bench", "CPR-LastFM-Small", "--agents"]
    command += ["max_entropy,logic", "--seeds", "400", "--out", str(tmp_path / "r"), "--no-traces"]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        # Even where the tests run in the background, which ignores interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    until = time.monotonic() + 120
    while time.monotonic() < until and not list(tmp_path.glob("r/episodes/*/*.parquet")):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    kept = re.search(r"keeps (\d+) of 800 units", err)
    assert kept, err
    assert int(kept[1]) >= 1
    assert "Traceback" not in err


# ---- what the pages show -------------------------------------------------------------------------


def first_table(path: Path, after: str = "") -> list[str]:
    """The lines of the first table of a page behind some words, without their rulers."""
    text = path.read_text(encoding="utf-8")
    lines = text[text.index(after) :].splitlines()
    begin = next(k for k, line in enumerate(lines) if line.startswith("|"))
    end = next((k for k in range(begin, len(lines)) if not lines[k].startswith("|")), len(lines))
    return [line for line in lines[begin:end] if not line.startswith(("|:", "|-", "| :", "| -"))]


def test_the_first_table_of_the_readme_is_that_of_the_report():
    readme = first_table(ROOT / "README.md", "`recosim bench CPR-LastFM --agents rules`")
    assert readme == first_table(ROOT / "docs/results/CPR-LastFM-v0.md")


@pytest.mark.slow
def test_the_page_of_a_small_bench_is_what_its_command_prints_today(tmp_path, capsys):
    words = ("CPR-LastFM-Small", "--agents", "rules", "--no-plots", "--no-traces")
    assert run(capsys, "bench", *words, "--out", tmp_path)[0] == 0
    page = ROOT / "docs/results/CPR-LastFM-Small-v0.md"
    assert first_table(tmp_path / "report.md") == first_table(page)
