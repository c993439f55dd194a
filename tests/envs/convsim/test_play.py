"""`recosim play ConvSim-...`: a person searches, or is the search system; `recosim show` of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from recosim.acts import Level, Verb
from recosim.cli.play import play
from recosim.cli.show import show
from recosim.envs.convsim.lexicon import index_for
from recosim.envs.convsim.rules import Kind
from recosim.trace import Trace
from recosim.world.catalog import open_world

ENV = "ConvSim-LastFM-Small"

app = typer.Typer()
app.command()(play)
reader = typer.Typer()
reader.command()(show)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def run(*arguments: object, lines: str = "", ends: int = 0, command: Any = app) -> str:
    result = CliRunner().invoke(command, [str(a) for a in arguments], input=lines)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == ends, result.output
    return str(result.output)


@pytest.fixture
def played(tmp_path: Path) -> Any:
    """Play a search: (output, rows of its trace)."""

    def one(*arguments: object, lines: str) -> tuple[str, list[dict[str, Any]]]:
        path = tmp_path / "search.parquet"
        out = run(ENV, "--seed", 3, *arguments, "--save", path, lines=lines)
        return out, Trace.read(path).table.to_pylist()

    return one


def words_of(terms: list[int]) -> list[str]:
    return index_for(open_world("lastfm-small-search")).words(terms)


def test_a_person_searches(played: Any, tmp_path: Path) -> None:
    lines = "mind\nread 2\n+1 -2, but it lacks jazz\nread 11\nthe third helps, leave out rivers\n"
    lines += "something else\nthat is all I needed\n"
    out, rows = played("--as", "user", "--agent", "append", lines=lines)
    assert out.count("You want to know: ") == 2
    assert "Of it you have not said: " in out
    assert "helpful: 1; not helpful: 2; missing: jazz" in out
    assert "there is no number 11; the list has 10." in out
    lists = [row for row in rows if row["verb"] == Verb.RECOMMEND]
    first, second, third, last = lists
    assert first["levels"][:3] == [Level.ACCEPT, Level.SKIP, -1]
    assert words_of(first["named"]) == ["jazz"]
    assert first["kind"] == Kind.NEG_REFINE
    assert "jazz" in words_of(second["query"])
    assert second["levels"][:3] == [-1, -1, Level.ACCEPT]
    assert words_of([second["removed"]]) == ["rivers"]
    assert third["kind"] == Kind.NEG_VAGUE
    assert (last["kind"], last["leaving"], last["terminated"]) == (Kind.POSITIVE, 1, True)
    assert "append: the user is satisfied; they wanted to know: “" in out
    told = run(tmp_path / "search.parquet", command=reader)
    assert "[+jazz]" in told
    assert "[-rivers]" in told


def test_a_person_answers_questions(played: Any) -> None:
    lines = "\nyes\nno, it is about jazz\nflurb\nabout rivers\ndon't know\n" + "leave\n" * 9
    out, rows = played("--as", "user", "--agent", "random", lines=lines)
    asked = [row for row in rows if row["verb"] == Verb.ASK]
    assert asked
    kinds = {row["kind"] for row in asked}
    assert kinds & {Kind.YES, Kind.DONT_KNOW, Kind.NO_INFORM, Kind.VALUE, Kind.OFF_TOPIC}
    assert rows[-1]["leaving"] == 2
    assert "random: the user ran out of patience and left" in out


def test_a_person_is_the_system(played: Any) -> None:
    lines = "help\nask dreamy\nwords 5\nfound 2\ntry jazz\nread 3\nsearch: jazz rivers -metal\n"
    lines += (
        "which mood\nreflect\nrecommend 3 5\nWhat else can you tell me?\nrecommend\nrecommend\n"
    )
    out, rows = played(
        "--user-set", "cooperativeness=0.9", "--user-set", "feedback=edit", lines=lines
    )
    for line in ("search: WORDS", "query: ", "ask: ", "would find", "share of what was found"):
        assert line in out
    verbs = [row["verb"] for row in rows[1:]]
    a, r, again = Verb.ASK, Verb.RECOMMEND, Verb.REFLECT
    assert verbs == [a, r, a, again, r, a, r, r]
    assert words_of([rows[1]["term"]]) == ["dreamy"]
    assert set(words_of(rows[2]["query"])) == {"jazz", "rivers", "metal"}
    assert rows[3]["facet"] >= 0
    assert rows[5]["items"] == [3, 5]
    assert rows[-1]["truncated"]
    assert "You: the rounds or the turns ran out; they wanted to know: “" in out
    assert "The last list has nDCG@3 " in out
    assert "On the same conversation: append has nDCG " in out


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("ask jazz rivers", "One word at a time, please: jazz or rivers?"),
        ("ask xylophagous", "No document is about 'xylophagous'"),
        ("search: xylophagous", "No document holds any of these words"),
        ("reflect", "a reflection needs something that was said"),
        ("read 99999", "there is no document 99999"),
        ("words 0", "a whole number from 1"),
        ("recommend 99999", "99999"),
        ("hello", "Do you ask about a word"),
    ],
)
def test_what_the_system_cannot_do_costs_nothing(played: Any, line: str, says: str) -> None:
    out, rows = played(lines=f"{line}\nquit\n")
    assert says in out
    assert len(rows) == 1


def test_a_topic_is_chosen(played: Any) -> None:
    out, rows = played("--user", 154, lines="quit\n")
    assert rows[0]["user"] == 154
    assert "found" in out
    for arguments, says in (
        (("--user", "99999"), "is of topic 99999"),
        (("--item", "3"), "nobody has a document in mind here"),
    ):
        with pytest.raises(Exception, match=says):
            run(ENV, *arguments, lines="quit\n")


def test_the_page_of_a_search_is_one_file(played: Any, tmp_path: Path) -> None:
    played(lines="recommend\nquit\n")
    page = tmp_path / "search.html"
    run(tmp_path / "search.parquet", "--html", page, command=reader)
    text = page.read_text(encoding="utf-8")
    assert "not helpful" in text
    assert "Here is what I found. [query: " in text
