"""`recosim play`: what a person sees and types, on both sides, and what is kept of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from recosim.acts import Outcome, Verb
from recosim.cli.play import play
from recosim.cli.show import show
from recosim.errors import MissingExtraError, OptionError, UnknownNameError
from recosim.trace import Trace
from recosim.world.catalog import open_world
from recosim.world.csr import csr_from_lists
from recosim.world.storage import save_world
from recosim.world.world import World, build_world

COLOURS = ["red", "dark red", "blue", "green"]
SIZES = ["small", "large", "medium, or so", "black and white"]
ITEMS, USERS = 240, 6


def shop() -> World:
    """240 items, each with about half of four colours and four sizes; 6 users."""
    rng = np.random.default_rng(3)
    has = [np.flatnonzero(rng.random(8) < 0.5).tolist() or [0] for _ in range(ITEMS)]
    took = [rng.permutation(ITEMS)[:20].tolist() for _ in range(USERS)]
    return build_world(
        name="shop",
        item_attributes=csr_from_lists(has),
        train=csr_from_lists([items[:12] for items in took]),
        valid=csr_from_lists([items[12:15] for items in took]),
        test=csr_from_lists([items[15:] for items in took]),
        n_attributes=8,
        attribute_facet=[0] * 4 + [1] * 4,
        facet_names=["colour", "size"],
        attribute_names=COLOURS + SIZES,
        item_names=[f"thing {chr(97 + v // 26)}{chr(97 + v % 26)}" for v in range(ITEMS)],
    )


ASKER = """
import numpy as np
from recosim.acts import Moves
from recosim.agents.base import Agent

class Asker(Agent):
    name = "asker"

    def act(self):
        asks = self.batch.best_asks("entropy")
        return Moves.recommend_or_ask(asks < 0, asks)
"""


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("worlds")
    save_world(shop(), folder / "shop")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("agents")
    (folder / "agents").mkdir()
    (folder / "agents" / "asker.toml").write_text(
        'name = "asker"\ntitle = "Asker"\ndescription = "Asks."\nclass = "asker_of_tests:Asker"\n'
    )
    (folder / "asker_of_tests.py").write_text(ASKER)
    return folder


@pytest.fixture(autouse=True)
def surroundings(cache: Path, agents: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOSIM_CACHE", str(cache))
    monkeypatch.setenv("COLUMNS", "120")
    # An agent that always asks, whatever becomes of the rules of the built-in ones.
    monkeypatch.setenv("RECOSIM_PATH", str(agents))
    monkeypatch.syspath_prepend(str(agents))


app = typer.Typer()
app.command()(play)


@pytest.fixture
def talk(worlds: Path) -> Any:
    """Play with these lines as input; the output, or the error that ended it."""

    def run(*arguments: object, lines: str = "", env: str | None = "CPR-LastFM-Small") -> str:
        given = [str(a) for a in arguments]
        if env is not None:
            given = [env, "--world", str(worlds / "shop"), "--seed", "1", *given]
        result = CliRunner().invoke(app, given, input=lines)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return str(result.output)

    return run


# ---- the person recommends -----------------------------------------------------------------------


def test_the_recommender_sees_the_opening_the_questions_and_what_is_legal(talk: Any) -> None:
    out = talk("--item", "thing bh", lines="")
    assert "I am looking for something with" in out
    assert "best questions" in out
    assert "move 1 of 14" in out
    assert "commands: ask, recommend, questions, candidates, history, undo, help, quit" in out


def test_entropies_and_counts_are_those_of_the_candidates(talk: Any, tmp_path: Path) -> None:
    out = talk("--save", tmp_path / "t.parquet", lines="questions 50\n")
    opening = Trace.read(tmp_path / "t.parquet").table.to_pylist()[0]["accepted"][0]
    world = shop()
    candidates = world.attribute_items.row(opening).tolist()
    shown = out.split("> questions 50")[1]
    for a in range(8):
        count = sum(a in world.item_attributes.row(v) for v in candidates)
        line = [line for line in shown.splitlines() if line.endswith(("colour", "size  ", "size"))]
        line = [entry for entry in line if f"[a{a}]" in entry]
        if a == opening or not count:
            assert not line
            continue
        p = count / len(candidates)
        entropy = 0.0 if p == 1 else -p * np.log2(p) - (1 - p) * np.log2(1 - p)
        assert f"{entropy:.2f}" in line[0]
        assert f"{count} of {len(candidates)}" in line[0]


def test_a_whole_conversation_is_played_saved_and_shown_again(talk: Any, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "t.parquet"
    out = talk("--save", path, lines="ask 4\nask large\n" + "recommend\nreflect\n" * 6)
    trace = Trace.read(path)
    rows = trace.table.to_pylist()
    assert [row["verb"] for row in rows[:3]] == [Verb.OPEN, Verb.ASK, Verb.ASK]
    assert rows[-1]["outcome"] == Outcome.HIT
    assert set(trace.table.column("agent").to_pylist()) == {"person"}
    assert trace.metadata["env"] == "recosim/CPR-LastFM-Small-v0"
    assert trace.metadata["fingerprint"] == shop().fingerprint
    assert trace.episodes()["hit_move"][0] == rows[-1]["move"]
    assert f"You found thing {out.split('You found thing ')[1][:2]}" in out
    assert "oracle finds it at move 1" in out
    assert "logic finds it at move" in out
    assert f"found at move {rows[-1]['move']}, rank {rows[-1]['rank']}" in out


def test_the_conversation_is_that_of_the_bench(talk: Any, tmp_path: Path) -> None:
    talk("--save", tmp_path / "t.parquet", lines="")
    row = Trace.read(tmp_path / "t.parquet").table.to_pylist()[0]
    pairs = shop().dialogues("test").tolist()
    assert [row["user"], row["target"]] == pairs[row["conversation"]]
    assert row["seed"] == 1


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("", "type a command: ask, recommend"),
        ("aks red", "'aks' is not a command. Did you mean 'ask'?"),
        ("re", "'re' may be 'recommend' or 'reflect'"),
        ("blue", "To ask about blue [a2], type: ask blue."),
        ("xyzzy", "'xyzzy' is not a command. Commands: ask, recommend"),
        ("ask", "an id or a name of the attribute is missing. 'questions' lists"),
        ("ask blu3", "Did you mean blue [a2]?"),
        ("ask 99", "attribute 99 does not exist; ids are 0 to 7"),
        ("ask -1", "no attribute is called '-1'"),
        ("ask i3", "no attribute is called 'i3'"),
        ("ask re", "'re' fits 2 attributes: red [a0] and dark red [a1]. Type more"),
        ("ask r", "no attribute is called 'r'"),
        ("ask arge", "no attribute is called 'arge'. Did you mean large [a5]?"),
        ("ask qqqq", "no attribute is called 'qqqq'. 'questions' lists what can be asked."),
        ("recommend 1 1", "thing ab [i1] is named twice"),
        ("recommend 240", "item 240 does not exist; ids are 0 to 239"),
        ("recommend thing zz", "no item is called 'thing zz'. Did you mean"),
        ("recommend 0 1 2 3 4 5 6 7 8 9 10", "11 items were given; at most 10"),
        ("reflect", "a reflection needs a refused recommendation"),
        ("reflect now", "'reflect' stands alone"),
        ("candidates many", "takes how many to list"),
        ("questions 0", "takes how many to list"),
        ("\x00\x07", "is not a command"),
    ],
)
def test_wrong_input_gets_a_message_and_costs_nothing(
    talk: Any, tmp_path: Path, line: str, reply: str
) -> None:
    out = talk("--save", tmp_path / "t.parquet", lines=f"{line}\nhelp\n")
    assert reply in out
    assert "move 2 of" not in out
    assert len(Trace.read(tmp_path / "t.parquet")) == 1


def test_an_attribute_cannot_be_asked_twice(talk: Any) -> None:
    out = talk("--item", 3, lines="ask small\nask small\n")
    assert "small [a4] was asked already: the user" in out


def test_items_are_shown_by_id_or_name_and_outsiders_are_remarked_on(
    talk: Any, tmp_path: Path
) -> None:
    path = tmp_path / "t.parquet"
    out = talk("--item", 0, "--save", path, lines="recommend 1, i2\nrecommend thing ad, [i4]\n")
    rows = Trace.read(path).table.to_pylist()
    assert [row["items"] for row in rows[1:]] == [[1, 2], [3, 4]]
    assert "shown although not among the candidates" in out


def test_candidates_are_listed_in_the_order_of_recommend(talk: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    out = talk("--save", path, lines="candidates 10\nrecommend\n")
    rows = Trace.read(path).table.to_pylist()
    listed = out.split("best candidates")[1].split("recommender")[0]
    ids = [int(line.split("[i")[1].split("]")[0]) for line in listed.splitlines() if "[i" in line]
    assert ids == rows[1]["items"]


def test_the_ignored_last_turn_ends_by_itself(talk: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    out = talk("--item", 0, "--save", path, lines="recommend 1\n" * 20)
    rows = Trace.read(path).table.to_pylist()
    assert (len(rows), rows[-1]["verb"], rows[-1]["truncated"]) == (16, Verb.IGNORED, True)
    assert "move 14 of 14" in out
    assert "did not find thing aa [i0]: the turns ran out" in out


def test_facets_are_asked_by_name(worlds: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    given = ["EAR-Yelp-Small", "--world", worlds / "shop", "--seed", 4, "--save", path]
    result = CliRunner().invoke(app, [*map(str, given)], input="ask colour\nask size\nask colour\n")
    assert result.exit_code == 0, result.output
    rows = Trace.read(path).table.to_pylist()
    assert len(rows) == 2  # one of the two was the opening
    assert {row["facet"] for row in rows} == {0, 1}
    assert "was asked already." in result.output


# ---- the person is the user ----------------------------------------------------------------------


def test_the_user_sees_their_item_and_takes_it_by_number(talk: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    out = talk(
        *("--as", "user", "--agent", "abs_greedy", "--item", "thing ac", "--save", path),
        lines="maybe\n0x\n99\nyes\n\nno\nhelp\nitem\nhistory\n1\n",
    )
    assert "You have in mind: thing ac [i2]" in out
    assert "colour:" in out
    assert "there is no number 99" in out
    assert out.count("Take one by its number (1 to 10)") >= 4
    rows = Trace.read(path).table.to_pylist()
    assert [row["outcome"] for row in rows] == [Outcome.NOTHING, Outcome.MISS, Outcome.HIT]
    assert rows[-1]["rank"] == 1
    assert rows[-1]["target"] == 2
    assert Trace.read(path).metadata["user"] == "person"
    assert set(Trace.read(path).table.column("agent").to_pylist()) == {"abs_greedy"}


def test_an_item_is_taken_by_its_name_or_id_too(talk: Any, tmp_path: Path) -> None:
    arguments = ("--as", "user", "--agent", "abs_greedy", "--item", 2, "--save")
    talk(*arguments, tmp_path / "0.parquet", lines="no\n")
    shown = Trace.read(tmp_path / "0.parquet").table.to_pylist()[1]["items"]
    for name in (shop().item_names[shown[3]].upper(), f"[i{shown[3]}]"):
        path = tmp_path / f"{name}.parquet"
        talk(*arguments, path, lines=f"{name}\n")
        row = Trace.read(path).table.to_pylist()[1]
        assert (row["outcome"], row["rank"]) == (Outcome.HIT, 4)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("yes", Outcome.YES),
        ("Y", Outcome.YES),
        ("No.", Outcome.NO),
        ("I don’t know!", Outcome.UNSURE),
        ("dont know", Outcome.UNSURE),
    ],
)
def test_answers_are_understood(talk: Any, tmp_path: Path, said: str, outcome: Outcome) -> None:
    path = tmp_path / "t.parquet"
    talk("--as", "user", "--agent", "asker", "--save", path, lines=f"qwerty\n{said}\n")
    rows = Trace.read(path).table.to_pylist()
    assert len(rows) == 2
    assert rows[1]["outcome"] == outcome
    assert rows[1]["accepted"] == (rows[1]["asked"] if outcome == Outcome.YES else [])


def test_a_wrong_answer_follows_the_rules_of_noise(talk: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    lines = "yes\n" * 30  # to every question; a list is refused
    talk(
        *("--as", "user", "--agent", "asker", "--save", path),
        lines=lines.replace("yes\n", "yes\nno\n"),
    )
    rows = Trace.read(path).table.to_pylist()
    assert rows[-1]["truncated"] or rows[-1]["terminated"]
    assert all(row["candidates"] > 0 for row in rows if row["verb"] == Verb.ASK)


def test_an_overlooked_item_is_pointed_out(talk: Any) -> None:
    out = talk("--as", "user", "--agent", "oracle", "--item", 5, lines="no\nquit\n")
    assert "(number 1 was thing af [i5], your item)" in out
    assert "You left after 1 move." in out


def test_another_item_than_the_one_in_mind_may_be_taken(talk: Any) -> None:
    out = talk("--as", "user", "--agent", "abs_greedy", "--item", 5, lines="no\nno\n1\nno\n1\n")
    assert "abs_greedy found" in out
    assert "The item to find was thing af [i5]." in out or "found thing af [i5]" in out


def test_choice_questions_take_some_all_or_none(talk: Any, tmp_path: Path) -> None:
    seen = set()
    for n, answer in enumerate(("all", "first", "some", "none", "dk")):
        path = tmp_path / f"{n}.parquet"
        arguments = ("--as", "user", "--agent", "asker", "--protocol", "mcmipl")
        talk(*arguments, "--save", path, lines="")
        path.unlink()
        out = talk(*arguments, lines="")
        question = out.split("Do you want ")[1].split("?")[0]
        asked = [int(part.split("]")[0]) for part in question.split("[a")[1:]]
        assert len(asked) > 2
        line = {"first": f"a{asked[0]}", "some": f"{asked[1]}, a{asked[0]}"}.get(answer, answer)
        talk(*arguments, "--save", path, lines=f"yes\n{line}\n")
        row = Trace.read(path).table.to_pylist()[1]
        expected = {"all": asked, "first": asked[:1], "some": asked[:2]}.get(answer, [])
        assert row["asked"] == asked
        assert row["accepted"] == expected
        seen.add(row["outcome"])
    assert seen == {Outcome.YES, Outcome.NO, Outcome.UNSURE}


def test_facet_questions_take_the_names_of_attributes(worlds: Path, tmp_path: Path) -> None:
    arguments = ["EAR-Yelp-Small", "--world", str(worlds / "shop"), "--seed", "4", "--as", "user"]
    arguments += ["--agent", "asker"]

    def answered(name: str, line: str) -> dict[str, Any]:
        path = tmp_path / f"{name}.parquet"
        result = CliRunner().invoke(app, [*arguments, "--save", str(path)], input=line)
        assert result.exit_code == 0, result.output
        rows: list[dict[str, Any]] = Trace.read(path).table.to_pylist()
        return {**rows[min(1, len(rows) - 1)], "out": result.output, "rows": len(rows)}

    first = answered("nothing", "")
    assert first["facet"] in (0, 1)
    inside = SIZES if first["facet"] == 0 else COLOURS  # the question is about the other facet
    ids = [4, 5, 6, 7] if inside is SIZES else [0, 1, 2, 3]
    both = answered("both", f"yes\nnonsense\n{inside[1]} and {inside[0]}\n")
    assert (both["outcome"], both["accepted"]) == (Outcome.YES, ids[:2])
    assert "'nonsense' is none of these" in both["out"]
    assert answered("ids", f"{ids[3]}, a{ids[0]}\n")["accepted"] == [ids[0], ids[3]]
    assert answered("none", "none\n")["outcome"] == Outcome.NO
    assert answered("unsure", "don't know\n")["outcome"] == Outcome.UNSURE
    wrong = answered("wrong", "8\n99\n")
    assert wrong["rows"] == 1


# ---- the command ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--protocol", "scpt"], UnknownNameError, "Did you mean 'scpr'"),
        (["--user", 99], OptionError, "users are 0 to 5"),
        (["--item", "thing"], OptionError, "fits 240 items"),
        (["--item", "thnig aa"], UnknownNameError, "Did you mean thing aa"),
        (["--agent", "logic"], OptionError, "leave out --agent"),
        (["--as", "user", "--agent", "logik"], UnknownNameError, "Did you mean 'logic'"),
        (["--save", "x.csv"], OptionError, "is kept in a .parquet file"),
        (["--picture", "x.jpg"], OptionError, "ends in .png"),
    ],
)
def test_wrong_options_are_refused(
    talk: Any, arguments: list[object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        talk(*arguments)


def test_a_seed_is_drawn_and_told(worlds: Path) -> None:
    def drawn() -> str:
        given = ["CPR-LastFM-Small", "--world", str(worlds / "shop")]
        return str(CliRunner().invoke(app, given).output.split("seed ")[1].split()[0])

    first, second = drawn(), drawn()
    assert 0 <= int(first) < 2**31
    assert first != second


def test_an_environment_has_to_be_named(talk: Any) -> None:
    with pytest.raises(OptionError, match="CPR-LastFM-Small"):
        talk(env=None)
    with pytest.raises(UnknownNameError, match="Did you mean 'CPR-LastFM-Small'"):
        talk("CPR-LastFM-Smal", env=None)


def test_a_pair_that_does_not_exist_is_refused_and_another_split_will_do(talk: Any) -> None:
    world = shop()
    train = int(world.train.row(0)[0])
    assert "user 0, agent person" in talk("--user", 0, "--item", train)
    never = next(
        v
        for v in range(ITEMS)
        if all(v not in world.split(s).row(0) for s in ("train", "valid", "test"))
    )
    with pytest.raises(OptionError, match="never interacted"):
        talk("--user", 0, "--item", never)


def test_a_file_that_exists_is_not_overwritten(talk: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_text("mine")
    with pytest.raises(OptionError, match="name a new file"):
        talk("--save", path)
    assert path.read_text() == "mine"


def test_a_missing_extra_is_told_before_the_conversation(
    talk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="plot"):
        talk("--picture", tmp_path / "x.png", lines="quit\n")


def shown(*arguments: object) -> list[str]:
    """What `recosim show` prints of a saved conversation, below its header."""
    app = typer.Typer()
    app.command()(show)
    result = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return str(result.output).splitlines()[2:]


def test_a_saved_conversation_is_shown_again_and_drawn(
    talk: Any, worlds: Path, tmp_path: Path
) -> None:
    path, picture = tmp_path / "a talk.parquet", tmp_path / "t.png"
    out = talk("--save", path, "--picture", picture, lines="ask 4\nrecommend\nhistory\nquit\n")
    assert f"wrote {path}; show it with: recosim show '{path}'" in out
    history = out.split("> history\n")[1].split("\n\n")[0].splitlines()
    again = [line for line in shown(path, "--world", worlds / "shop") if line]
    assert (
        again == [line for line in history if not line.startswith(("> ", "You left"))][: len(again)]
    )
    assert len(again) >= 6
    first = picture.read_bytes()
    shown(path, "--world", worlds / "shop", "--picture", picture)
    assert picture.read_bytes() == first


PROGRAM = "import typer; from recosim.cli.play import play; typer.run(play)"
COMMAND = [sys.executable, "-c", PROGRAM, "CPR-LastFM-Small"]


def test_a_pipe_with_stray_bytes_is_played_to_its_end(worlds: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    command = [*COMMAND, "--world", worlds / "shop", "--seed", 1, "--save", path]
    done = subprocess.run(
        [*map(str, command)], input=b"ask \xff\xfe\nask 4\n", capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"no attribute is called" in done.stdout
    assert b"You left after 1 move." in done.stdout
    assert len(Trace.read(path)) == 2


def test_ctrl_c_ends_politely_and_what_was_said_is_kept(worlds: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    command = [*COMMAND, "--world", worlds / "shop", "--seed", 1, "--save", path]
    with subprocess.Popen(
        [*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        process.stdin.write("ask 4\n")
        process.stdin.flush()
        until = time.monotonic() + 60
        while time.monotonic() < until:  # the move is on disk before the next one is asked for
            if path.exists() and len(Trace.read(path)) == 2:
                break
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "You left after 1 move." in out
    assert len(Trace.read(path)) == 2


def test_help_teaches_by_examples() -> None:
    out = CliRunner().invoke(app, ["--help"]).output
    assert "recosim play CPR-LastFM-Small --as user --agent max_entropy" in out
    assert "ask 12, ask indie" in out


def test_a_person_criticises_in_a_sentence(talk: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    given = ("--as", "user", "--agent", "hard_filter", "--save", path, "--seed", "3")
    talk("Critique-LastFM-Small", *given, lines="none of them, less rock please\n", env=None)
    row = Trace.read(path).table.to_pylist()[1]
    assert row["outcome"] == Outcome.MISS
    assert [open_world("lastfm-small").attribute_names[a] for a in row["asked"]] == ["rock"]


def test_where_nothing_is_asked_help_says_so_and_a_critic_recommends(talk: Any) -> None:
    arguments = ("Critique-LastFM-Small", "--seed", "3")
    assert "There are no questions." in talk(*arguments, lines="help\n", env=None)
    assert "agent hard_filter" in talk(*arguments, "--as", "user", lines="quit\n", env=None)
