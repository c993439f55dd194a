"""`recosim population`: what it writes and prints, resumed and refused."""

from __future__ import annotations

import json
import sys

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from recosim.bench.population import draw_population, platform_order, population_tables
from recosim.cli import app, main
from recosim.errors import ResultsError


def run(*arguments, users="6"):
    given = ["population", "RecoWorld-LastFM-Small", "--users", users, "--days", "3"]
    return CliRunner().invoke(app, [*given, *map(str, arguments)], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("command") / "run"
    found = run("--platforms", "follow,static", "--out", out, "--traces", "--chunk", 4)
    assert found.exit_code == 0, found.output
    assert "follow" in found.output
    assert "Week by week" in found.output
    assert "population.png" in found.output
    return out


def test_the_folder_holds_what_the_page_says(folder):
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["users"] == 6
    assert list(summary["platforms"]) == ["follow", "static"]
    assert summary["run"]["setup"]["protocol"]["horizon"] == 3
    assert len(pq.read_table(folder / "daily.parquet")) == 2 * 3
    parts = sorted(path.name for path in (folder / "traces").iterdir())
    assert parts == ["000000.parquet", "000001.parquet"]
    assert (folder / "population.png").stat().st_size > 5000
    before = (folder / "population.png").read_bytes()
    assert draw_population(folder).read_bytes() == before
    assert len(population_tables(folder)) == 3


def test_it_goes_on_with_its_own_and_refuses_another(folder, capsys):
    (folder / "chunks" / "000001.npz").unlink()
    before = (folder / "summary.json").read_bytes()
    same = ("--platforms", "follow,static", "--out", folder, "--traces", "--chunk", 4, "--no-plots")
    assert run(*same).exit_code == 0
    assert (folder / "summary.json").read_bytes() == before
    given = ["population", "RecoWorld-LastFM-Small", "--users", "6", "--days", "3", "--seed", "1"]
    with pytest.raises(SystemExit) as end:
        main([*given, *map(str, same)])
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert "holds another run" in told
    assert "seed (0, now 1)" in told


def test_creators_are_told_by_the_day(tmp_path):
    out = tmp_path / "run"
    given = ("--platforms", "static,clicks", "--creators", 3, "--traces", "--out", out)
    found = run(*given, "--creator-rules", "still,chase_clicks")
    assert found.exit_code == 0, found.output
    creators = pq.read_table(out / "creators.parquet").to_pydict()
    assert creators["rule"][:3] == ["still", "chase_clicks", "still"]
    assert len(creators["day"]) == 9
    shown = sum(pq.read_table(out / "items.parquet").column("shown").to_pylist())
    assert sum(creators["exposure"]) == shown > 0
    assert creators["income"] == pytest.approx(
        [
            3 * n / max(sum(creators["exposure"][3 * d : 3 * d + 3]), 1)
            for d in range(3)
            for n in creators["exposure"][3 * d : 3 * d + 3]
        ]
    )
    offer = pq.read_table(out / "offer.parquet").to_pydict()
    assert offer["released"] == sorted(offer["released"])
    summary = json.loads((out / "summary.json").read_text())
    assert summary["creators"]["alive"] == 1.0
    assert platform_order(summary) == ["static", "clicks"]
    assert summary["run"]["creators"]["rules"] == ["still", "chase_clicks", "still"]
    moves = pq.read_table(out / "traces" / "000000.parquet")
    assert sum(len(items) for items in moves.column("items").to_pylist()) == shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["RecoWorld-LastFM-Small", "--platforms", "statik"], "static"),
        (["RecoWorld-LastFM-Small", "--platforms", "clicks"], "counts the clicks of all users"),
        (["RecoWorld-LastFM-Small", "--platforms", ","], "needs a platform"),
        (["RecoWorld-LastFM-Small", "--creators", "2", "--creator-rules", "chase"], "chase_clicks"),
        (["RecoWorld-LastFM-Small", "--creators", "2", "--creator-rules", ","], "names none"),
        (["RecoWorld-LastFM-Small", "--creators", "2", "--users", "300000"], "at most 200000"),
        (["CPR-LastFM-Small", "--days", "3"], "no days"),
        (["CPR-LastFM-Small", "--platforms", "static"], "another family"),
        (["RecoWorld-LastFM-Small", "--days", "0"], "horizon"),
        (["RecoWorld-LastFM-Small", "--population", "typicl"], "typical"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(arguments, words, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["population", *arguments, "--out", str(tmp_path / "x")])
    assert end.value.code == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_run_that_has_not_ended_has_no_tables(tmp_path):
    with pytest.raises(ResultsError, match="has not ended"):
        population_tables(tmp_path)
    (tmp_path / "summary.json").write_text("{")
    with pytest.raises(ResultsError, match="cannot be read"):
        draw_population(tmp_path)


def test_without_matplotlib_the_run_is_whole(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    found = run("--platforms", "static", "--out", tmp_path / "run", users="2")
    assert found.exit_code == 0, found.output
    assert "recosim[plot]" in found.output
    assert (tmp_path / "run" / "summary.json").exists()


def test_help_teaches():
    found = CliRunner().invoke(app, ["population", "--help"], env={"COLUMNS": "150"})
    assert found.exit_code == 0
    for words in ("Who wins the users?", "voiceless", "--platforms", "resumes"):
        assert words in found.output
