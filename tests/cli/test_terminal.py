"""Names, paths and words that would steer a terminal or are markup: no command passes them on."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest

from recosim.cli import main
from recosim.progress import show_progress
from recosim.terminal import clean, guarded, tell, terminal
from recosim.world.csr import csr_from_lists
from recosim.world.storage import save_world
from recosim.world.world import World, build_world

# The clipboard (OSC 52), the title, a line written over, colours, C1, an override of direction,
# markup that closes nothing, markup with a link.
HOSTILE = "[/]\x1b]52;c;ZXZpbA==\x07\x1b]0;t\x1b\\\x1b[2K\x1b[31m\x9b1A\u202eab[link=file:x]"
SEEN = "[/]]52;c;ZXZpbA==]0;t\\ab[link=file:x]"
ITEMS, USERS, ATTRIBUTES = 60, 12, 12


def hostile_world() -> World:
    rng = np.random.default_rng(3)
    has = [np.flatnonzero(rng.random(ATTRIBUTES) < 0.5).tolist() or [0] for _ in range(ITEMS)]
    took = [rng.permutation(ITEMS)[:20].tolist() for _ in range(USERS)]
    return build_world(
        name="shop",
        item_attributes=csr_from_lists(has),
        train=csr_from_lists([items[:10] for items in took]),
        valid=csr_from_lists([items[10:13] for items in took]),
        test=csr_from_lists([items[13:] for items in took]),
        n_attributes=ATTRIBUTES,
        attribute_facet=[a % 3 for a in range(ATTRIBUTES)],
        facet_names=[f"facet {HOSTILE} {f}" for f in range(3)],
        attribute_names=[f"kind {HOSTILE} {a}" for a in range(ATTRIBUTES)],
        item_names=[f"thing\r{HOSTILE} {v}" for v in range(ITEMS)],
        source=f"source {HOSTILE}",
        licence=f"licence {HOSTILE}",
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a hostile name, with a hostile world in it."""
    folder = tmp_path_factory.mktemp("terminal") / HOSTILE.replace("/", "|")
    save_world(hostile_world(), folder / "worlds" / "shop")
    return folder


@pytest.fixture
def run(place, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "400")

    def command(*words: object, lines: str = "", fails: bool = False) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(lines))
        status: object = 0
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            status = end.code
        shown = capsys.readouterr()
        harmless(shown.out + shown.err)
        assert (status not in (0, None)) == fails, shown
        return shown.out + shown.err

    return command


def harmless(text: str) -> None:
    wrong = [c for c in text if not c.isprintable() and c not in "\n\t"]
    assert not wrong, (wrong, text)


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
def test_every_command_that_shows_names_shows_them_harmless(run, place, tmp_path):
    world = place / "worlds" / "shop"
    assert SEEN in run("data", "info", world)
    run("data", "list")
    picture = place / "world.png"
    assert SEEN.replace("/", "|") in run("data", "draw", world, "--out", picture)
    saved = place / "talk.parquet"
    game = ["play", "CPR-LastFM-Small", "--world", world, "--seed", "1"]
    shown = run(*game, "--save", saved, lines="help\nask kind\nask 1\nrecommend\nhistory\nquit\n")
    assert SEEN in shown
    assert SEEN.replace("/", "|") in shown
    assert SEEN in run(*game, "--as", "user", lines="yes\nno\nnothing\nquit\n")
    assert "ZXZpbA==" in run("show", saved, "--world", world)
    shown = run("show", saved, "--world", world, "--html", place / "page.html")
    assert "wrote" in shown


def test_results_of_a_hostile_place_are_told_harmless(run, place):
    world, out = place / "worlds" / "shop", place / "out"
    few = ["CPR-LastFM-Small", "--world", world, "--episodes", "10"]
    shown = run("bench", *few, "--agents", "logic", "--no-plots", "--out", out)
    assert SEEN.replace("/", "|") in shown
    run("report", out, "--no-plots")
    run("show", out)
    run("show", out, "--agent", "logic", "--seed", 0, "--world", world)
    (trace,) = out.glob("traces/**/*.parquet")
    log = ["users", "fit", trace, "--world", world, "--out", place / "mine.toml"]
    assert SEEN.replace("/", "|") in run(*log)
    sizes = ["--conversations", 4, "--probes", 4]
    run("audit", "human", "CPR-LastFM-Small", "--world", world, *sizes, "--out", place / "audit")
    page = (place / "audit" / "audit.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page.split("<title>")[0]
    assert "<script" not in page


@pytest.mark.parametrize(
    "words",
    [
        ("play", HOSTILE),
        ("bench", "CPR-LastFM-Small", "--agents", HOSTILE),
        ("bench", "CPR-LastFM-Small", "--users", HOSTILE),
        ("bench", "CPR-LastFM-Small", "--set", f"{HOSTILE}=1"),
        ("bench", "CPR-LastFM-Small", "--world", HOSTILE),
        ("bench", "CPR-LastFM-Small", "--estimator", HOSTILE),
        ("train", HOSTILE, "CPR-LastFM-Small"),
        ("population", HOSTILE),
        ("audit", "human", HOSTILE),
        ("audit", "--human", HOSTILE),
        ("show", HOSTILE),
        ("report", HOSTILE),
        ("users", "fit", HOSTILE, "--out", "x.toml"),
        ("data", "info", HOSTILE),
        ("data", "build", HOSTILE),
        ("data", "remove", HOSTILE, "--yes"),
        ("data", "import", "table", HOSTILE, "--name", "x"),
        ("data", "import", "table", "x", "--name", HOSTILE),
        (HOSTILE,),
        ("show", "a", HOSTILE),
        ("bench", f"--{HOSTILE}"),
    ],
    ids=lambda words: "-".join(w if w.isprintable() else "HOSTILE" for w in words),
)
def test_errors_name_what_is_wrong_and_stay_harmless(run, words):
    assert "ZXZpbA" in run(*words, fails=True)


def test_cards_of_a_hostile_path_are_told_harmless(place, tmp_path):
    named = HOSTILE.replace("/", "|").replace(":", "")  # it parts the folders of RECOSIM_PATH
    folder = tmp_path / named
    for kind in ("agents", "users", "data"):
        (folder / kind).mkdir(parents=True)
        (folder / kind / f"{named}.toml").write_bytes(b"a = [\n\x1b]0;t\x07")
    code = "from recosim.cli import main; main(['data', 'list'])"
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "RECOSIM_PATH": str(folder), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    harmless(ran.stdout.decode("ascii"))
    assert b"ZXZpbA==" in ran.stdout


def test_words_and_errors_of_a_server_stay_harmless(run, monkeypatch):
    pytest.importorskip("openai", reason="the extra [llm] is not installed")
    from chat.fault_server import FaultServer

    monkeypatch.setenv("RECOSIM_LLM_MODEL", "test")
    game = ["play", "CPR-LastFM-Small", "--user", "llm", "--seed", 1]

    def say(request):
        meant = request["messages"][1]["content"].rpartition("You mean: ")[2]
        return json.dumps({"words": f"Hm, {meant} \x1b]52;c;ZXZpbA==\x07 [/] \x9b31m"})

    with FaultServer(say=say) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert "ZXZpbA==" in run(*game, lines="recommend\nquit\n")
    body = '{"error": {"message": "no, \\u001b]52;c;ZXZpbA==\\u0007[/]"}}'
    with FaultServer(script=lambda request, n: (401, body)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        run(*game, lines="recommend\nquit\n", fails=True)


# ---- the exit itself -----------------------------------------------------------------------------


def test_a_console_keeps_its_own_colours_and_no_others(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    out = io.StringIO()
    console = terminal(width=100)
    console.file = out
    console.print(HOSTILE, style="red", soft_wrap=True)
    assert re.sub(r"\x1b\[31m|\x1b\[0m", "", out.getvalue()) == f"{SEEN}\n"
    assert out.getvalue().startswith("\x1b[31m")


def test_a_progress_bar_moves_and_its_texts_do_not(monkeypatch):
    class Window(io.StringIO):
        def isatty(self) -> bool:
            return True

    window = Window()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stderr", window)
    with guarded(), show_progress(f"title {HOSTILE}", unit="steps") as progress:
        progress(1, 2, HOSTILE)
    shown = window.getvalue()
    assert "\x1b[2K" in shown  # the bar is drawn over
    assert "]52;c" in shown
    harmless(re.sub(r"\x1b\[[0-9;]*m|\x1b\[\?25[hl]|\r?\x1b\[(2K|1A)", "", shown))


def test_warnings_tracebacks_and_bare_prints_go_through_it_too(capfd):
    with guarded():
        print(HOSTILE)
        print(HOSTILE, file=sys.stderr)
        tell(HOSTILE)
        traceback.print_exception(ValueError(HOSTILE))
        print("\udcff half a path \ud83d")  # not encodable
    shown = capfd.readouterr()
    text = re.sub(r"\x1b\[31m|\x1b\[2K", "", shown.out + shown.err)  # harmless, and what rich draws
    harmless(text)
    assert text.count("]52;c;ZXZpbA==") == 4
    assert sys.stdout.write("") == 0


def test_what_is_clean_stays_as_it_is():
    for text in ("", "Käse 12 %", "a\tb\nc", "日本語 🙂", "نص", "e\u0301"):
        assert clean(text) == text
    assert clean("\ud83d") == "\ufffd"
    assert clean("a\x1b[1;31mb\x1b[0m\r\x00\x7f\x85c\u2028\u2066") == "abc"
