"""`recosim play RecoWorld-...`: a person lives a life, or recommends through one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from recosim.acts import Level, Verb
from recosim.cli.play import play
from recosim.trace import Trace

ENV = "RecoWorld-LastFM-Small"

app = typer.Typer()
app.command()(play)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def run(*arguments: object, lines: str = "", seed: int = 3) -> str:
    given = [ENV, "--seed", str(seed), *(str(a) for a in arguments)]
    result = CliRunner().invoke(app, given, input=lines)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return str(result.output)


@pytest.fixture
def life(tmp_path: Path) -> Any:
    """Be the user of the agent `static`: (output, rows of the trace)."""

    def live(lines: str) -> tuple[str, list[dict[str, Any]]]:
        path = tmp_path / "life.parquet"
        out = run("--as", "user", "--agent", "static", "--save", path, lines=lines)
        return out, Trace.read(path).table.to_pylist()

    return live


def test_a_user_walks_through_a_list_says_what_should_change_and_goes(life: Any) -> None:
    wish = "no more country for now, and from now on more jazz"
    out, rows = life(f"like\nseen\n\nlove 2\nclick\n{wish}\nskip\nstop\n\nleave for good\n")
    first, second, third = rows[1:]
    assert first["levels"] == [Level.ACCEPT, Level.SEEN, Level.SKIP, Level.LOVE, Level.CLICK]
    assert first["minutes"][3] == 2.0
    assert first["given"] == [0, 13, -1, 1, 1, 6, -1, 2]
    assert second["levels"] == [Level.SKIP, -1, -1, -1, -1]
    assert (third["ended"], third["gone"], third["terminated"]) == (2, True, True)
    assert "You like " in out
    assert "(No more country [a13], for now.)" in out
    assert "(More jazz [a6], from now on.)" in out
    assert "the user left for good" in out


def test_a_user_who_leaves_comes_back_on_another_day(life: Any) -> None:
    out, rows = life("leave\n" * 6)
    assert [row["ended"] for row in rows[1:]] == [1] * (len(rows) - 1)
    assert rows[1]["gap"] > 0
    assert "You come back after" in out
    assert f"day {rows[2]['day']}, session 2, round 1" in out


def test_a_list_may_be_answered_in_one_sentence(life: Any) -> None:
    _, rows = life("I liked number 3, but no more rock please\n")
    assert rows[1]["levels"] == [0, 0, 3, 0, 0]
    assert rows[1]["given"] == [0, 0, -1, 1]


def test_wrong_input_gets_a_message_and_costs_nothing(life: Any) -> None:
    replies = {
        "stop": "the first item of a list is read",
        "flurb": "was not understood",
        "skip 3": "minutes go to what is clicked, liked or loved",
        "like 9999": "minutes long",
        "help": "'stop' reads no further",
        "mind": "You mean to stay for",
        "\n\n\n\n\nflurb": "was not understood",  # the list was walked through
        "no rock, no pop, no jazz": "a move takes 2 at most",
    }
    out, rows = life("\n".join([*replies, ""]))
    for reply in replies.values():
        assert reply in " ".join(out.split())
    assert len(rows) == 1


def test_a_recommender_sees_what_the_observation_says_and_types_moves(tmp_path: Path) -> None:
    path = tmp_path / "life.parquet"
    typed = [
        "ask indie", "recommend", "recommend 3 17 5", "because jazz", "pass",
        "What about i100 and i101?", "Do you want jazz?", "tastes 3", "items 7", "help", "reflect",
    ]  # fmt: skip
    out = run("--save", path, lines="\n".join([*typed, "history", "quit", ""]))
    rows = Trace.read(path).table.to_pylist()[1:]
    assert [row["verb"] for row in rows[:7]] == [
        Verb.ASK, Verb.RECOMMEND, Verb.RECOMMEND, Verb.RECOMMEND, Verb.PASS, Verb.RECOMMEND,
        Verb.ASK,
    ]  # fmt: skip
    assert rows[2]["items"] == [3, 17, 5]
    assert rows[3]["because"] == [6]
    assert rows[5]["items"] == [100, 101]
    for seen in (
        "best items to show", "consumed of shown", "commands: ask, recommend, because",
        "day 0, session 1", "ask NAME", "On the same conversation: static has",
    ):  # fmt: skip
        assert seen in out


def test_wrong_moves_get_a_message() -> None:
    replies = {
        "": "type a move",
        "ask indie\nask indie": "asked about or spoken of in this session already",
        "recommend 1 2 3 4 5 6": "6 items were given; at most 5",
        "recommend 1 1": "named twice",
        "reflect": "a reflection needs a list of this session",
        "items 0": "a whole number from 1",
        "because flurb": "no attribute is called 'flurb'",
    }
    out = " ".join(run(lines="\n".join([*replies, ""])).split())
    for reply in replies.values():
        assert reply in out
