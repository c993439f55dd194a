"""`recosim show` on lives: sessions in the terminal and on the page, chosen and summed up."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from reference.played_lives import play_lives
from typer.testing import CliRunner

from recosim.acts import Level, Verb
from recosim.cli import app
from recosim.cli.showing.conversations import Conversations
from recosim.cli.showing.page import page_data, write_page
from recosim.cli.showing.parts import Parts, parts_of, timeline_of
from recosim.cli.showing.source import world_of
from recosim.envs.recoworld.timeline import TIMELINE
from recosim.envs.words import words_of
from recosim.errors import OptionError
from recosim.family import family


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    played, _ = play_lives(12)
    path = tmp_path_factory.mktemp("lives") / "lives.parquet"
    played.write(path)
    return played, path


@pytest.fixture
def show():
    def run(*arguments):
        found = CliRunner().invoke(app, ["show", *map(str, arguments)], env={"COLUMNS": "400"})
        return found.exit_code, found.output

    return run


def life(trace, number):
    return [row for row in trace.table.to_pylist() if row["conversation"] == number]


def test_one_life_is_told_move_by_move_as_its_transcript(trace, show):
    played, path = trace
    code, output = show(path, "--conversation", 3)
    assert code == 0
    chosen = Conversations.of(played).choose(conversation=3)
    world = world_of(played, path, None)
    lines = list(words_of("recoworld").transcript(chosen.rows(), world))
    assert "\n".join(lines) in output
    days = [row["day"] for row in life(played, 3)]
    assert all(f"day {day}, session " in output for day in days)


def test_several_lives_are_told_by_a_line_for_each_session(trace, show):
    played, path = trace
    code, output = show(path, "--first", 4)
    assert code == 0
    assert "recommender" not in output
    sessions = sum(len(TIMELINE.parts(life(played, n))) for n in range(4))
    assert len(re.findall(r"^day \d+, session \d+", output, re.M)) == sessions
    assert f"{len(played.episodes()) - 4} more" in output
    code, output = show(path, "--first", 4, "--moves")
    assert "recommender" in output


def test_the_line_of_a_session_is_its_sum(trace, show):
    played, path = trace
    world = world_of(played, path, None)
    for rows in (life(played, n) for n in range(12)):
        before = None
        for inside in TIMELINE.parts(rows):
            heading, line = (
                TIMELINE.heading(inside, before, world),
                TIMELINE.summary(inside, world),
            )
            assert heading.startswith(f"day {inside[0]['day']}, session {inside[0]['session'] + 1}")
            if before is not None and before["gap"] > 1:
                assert f"{before['gap']} days later" in heading
            lists = [row for row in inside if row["verb"] == Verb.RECOMMEND]
            levels = [level for row in lists for level in row["levels"]]
            tried = sum(level >= Level.CLICK for level in levels)
            assert line.startswith(f"{sum(row['used'] for row in inside)} round")
            assert (f"tried {tried} of {len(levels)} item" in line) == bool(lists)
            minutes = sum(sum(row["minutes"]) for row in lists)
            assert (f"; {minutes:.1f} minutes" in line) == bool(lists)
            assert ("Says: " in line) == any(row["given"] for row in inside)
            assert ("leaves disappointed" in line) == (inside[-1]["ended"] == 2)
            assert ("never comes back" in line) == inside[-1]["gone"]
            assert ("comes back the next day" in line) == (inside[-1]["gap"] == 1)
            obeyed = sum(row["obeyed"] for row in inside)
            told = obeyed + sum(row["ignored"] for row in inside)
            assert (f"instructions obeyed {obeyed} of {told} time" in line) == (told > 0)
            before = inside[-1]


def test_sessions_are_chosen(trace, show):
    played, path = trace
    number = next(n for n in range(12) if len(TIMELINE.parts(life(played, n))) > 4)
    chosen = ("--conversation", number)
    code, output = show(path, *chosen, "--part", "2-3", "--brief")
    assert code == 0
    assert re.findall(r"^day \d+, session (\d+)", output, re.M) == ["2", "3"]
    code, output = show(path, *chosen, "--part", "3")
    steps = [row["step"] for row in life(played, number) if row["session"] == 2]
    numbers = [int(found) for found in re.findall(r"^ *(\d+)\. recommender", output, re.M)]
    assert numbers == [step for step in steps if step > 0]
    assert re.findall(r"^day \d+, session (\d+)", output, re.M)[0] == "3"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--part", "99"), "none of these has a session 99; they have 1 to"),
        (("--part", "x"), "--part 'x' is no number"),
        (("--part", "4-2"), "--part 4-2 ends before it begins"),
        (("--part", "2", "--html", "x.html"), "a page has every session"),
    ],
)
def test_sessions_that_are_not_there_are_refused(trace, given, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(app, ["show", str(trace[1]), *given])
    assert isinstance(found.exception, OptionError)
    assert told in str(found.exception)
    assert not list(tmp_path.iterdir())


def test_endings_choose_lives(trace, show):
    played, path = trace
    gone = played.episodes()["gone"]
    assert 0 < gone.sum() < len(gone)
    code, output = show(path, "--outcome", "left for good", "--first", 12)
    assert code == 0
    assert output.count("the user left for good") == gone.sum()
    assert len(re.findall(r"^conversation \d+", output, re.M)) == gone.sum()


def test_the_page_parts_a_life_into_sessions(trace, tmp_path):
    played, path = trace
    world = world_of(played, path, None)
    lives = Conversations.of(played)
    data = page_data(lives, world, 12, "lives")
    for n, shown in enumerate(data["conversations"]):
        rows = life(played, n)
        parts = TIMELINE.parts(rows)
        assert [part["rows"] for part in shown["parts"]] == [len(inside) for inside in parts]
        assert sum(part["rows"] for part in shown["parts"]) == len(shown["rows"])
        assert shown["parts"][0]["heading"].startswith("day 0, session 1")
        for row, told in zip(rows, shown["rows"], strict=True):
            listed = row["verb"] == Verb.RECOMMEND
            assert len(told["marks"]) == len(told["items"]) == (len(row["items"]) * listed)
            for level, mark in zip(row["levels"], told["marks"], strict=True):
                assert ("min" in mark) == (level >= Level.CLICK)
                assert (mark == "not read") == (level < 0)
    page = tmp_path / "lives.html"
    write_page(page, lives, world, 12, "lives")
    text = page.read_text(encoding="utf-8")
    assert "<kbd>e</kbd> open all or none" in text
    held = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert json.loads(unescape(held[1])) == json.loads(json.dumps(data))


def test_short_conversations_have_no_parts():
    assert timeline_of(family("cpr")) is None
    assert parts_of(None, None) == Parts()
    assert parts_of("2-5", True) == Parts(2, 5, True)
    assert [Parts(2, 3).holds(n) for n in (1, 2, 3, 4)] == [False, True, True, False]
