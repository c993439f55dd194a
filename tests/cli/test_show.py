"""`recosim show`: which conversations are shown, the terminal's lines, and the HTML page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from recosim.acts import Outcome, Verb
from recosim.bench.results import trace_path
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.cli import app, main
from recosim.cli.showing.conversations import Conversations
from recosim.cli.showing.page import page_data, write_page
from recosim.cli.showing.terminal import print_conversations
from recosim.envs.cpr.columns import COLUMNS
from recosim.envs.cpr.columns import paths as paths_of
from recosim.envs.cpr.words import WORDS
from recosim.envs.words import item_label
from recosim.errors import OptionError, ResultsError, UnknownNameError
from recosim.trace import Trace
from recosim.world.catalog import open_world
from recosim.world.csr import csr_from_lists
from recosim.world.storage import save_world
from recosim.world.world import World, build_world

ITEMS, USERS, ATTRIBUTES = 300, 12, 12
# What a name may hold, and must not do.
EVIL = "</script><img src=x onerror=alert(1)>"
BREAKING = "<!--<script> & \u2028 {{data}} \x1b[31m\N{GREEK SMALL LETTER PI}"
PLAIN, PICKY = "CPR-LastFM-Small-v0.shop", "CPR-LastFM-Small-v0.shop.picky"


def shop(name: str = "shop", shift: int = 0) -> World:
    """300 items, each with about half of 12 attributes, under names that attack the reader."""
    rng = np.random.default_rng(3 + shift)
    has = [np.flatnonzero(rng.random(ATTRIBUTES) < 0.5).tolist() or [0] for _ in range(ITEMS)]
    took = [rng.permutation(ITEMS)[:40].tolist() for _ in range(USERS)]
    return build_world(
        name=name,
        item_attributes=csr_from_lists(has),
        train=csr_from_lists([items[:20] for items in took]),
        valid=csr_from_lists([items[20:25] for items in took]),
        test=csr_from_lists([items[25:] for items in took]),
        n_attributes=ATTRIBUTES,
        attribute_names=[f"{BREAKING} {a}" for a in range(ATTRIBUTES)],
        item_names=[f"{EVIL} {v}" for v in range(ITEMS)],
    )


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("worlds")
    save_world(shop(), folder / "shop")
    save_world(shop("other", shift=1), folder / "other")
    return folder


@pytest.fixture(scope="module")
def results(worlds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real run: two kinds of users, two agents, two seeds, 40 conversations each."""
    folder = tmp_path_factory.mktemp("results")
    world = str(worlds / "shop")
    environments = [
        prepare_env("CPR-LastFM-Small", episodes=40, overrides={"world": world, "users": users})
        for users in (None, "picky")
    ]
    assert [env.key for env in environments] == [PLAIN, PICKY]
    run_bench(environments, ["logic", "random"], folder, seeds=(0, 3), threads=1)
    return folder


@pytest.fixture(scope="module")
def path(results: Path) -> Path:
    """The trace of impatient users, some of whom leave."""
    return trace_path(results, PICKY, "random", 3)


@pytest.fixture(scope="module")
def recorded(path: Path) -> Conversations:
    return Conversations.of(Trace.read(path))


@pytest.fixture
def show(worlds: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command; what it printed, or the error that ended it."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object, world: str | None = "shop") -> str:
        given = ["show", *map(str, arguments)]
        if world is not None:
            given += ["--world", str(worlds / world)]
        result = CliRunner().invoke(app, given)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return str(result.output)

    return run


def numbers_in(out: str) -> list[int]:
    """The conversations that were printed, in order."""
    return [int(n) for n in re.findall(r"^conversation (\d+), user", out, flags=re.MULTILINE)]


# ---- the terminal --------------------------------------------------------------------------------


def test_ten_conversations_are_printed_and_the_rest_counted(
    show: Any, path: Path, recorded: Conversations
) -> None:
    out = show(path)
    assert numbers_in(out) == recorded.number[:10].tolist()
    assert out.splitlines()[-1].startswith("30 more: --first 40 shows all;")
    everything = show(path, "--first", 40)
    assert numbers_in(everything) == recorded.number.tolist()
    assert " more: " not in everything


def test_the_lines_are_those_of_the_transcript(
    show: Any, path: Path, recorded: Conversations
) -> None:
    number = int(recorded.number[4])
    one = recorded.choose(conversation=number)
    lines = list(WORDS.transcript(one.rows(), shop()))
    printed = show(path, "--conversation", number).splitlines()
    assert len(lines) >= 4
    safe = [line.replace("\x1b", " ").replace("\u2028", " ") for line in lines]
    assert printed[2 : 2 + len(lines)] == safe
    assert show(path, "--conversation", number, "--pager").splitlines() == printed


def test_the_header_says_what_was_recorded(show: Any, path: Path, results: Path) -> None:
    head = show(path).splitlines()[0]
    assert head.startswith("recosim/CPR-LastFM-Small-v0 · world shop (")
    for part in ("300 items", "agent random", "seed 3", "protocol scpr", "users picky"):
        assert part in head
    assert "users ideal" in show(trace_path(results, PLAIN, "logic", 0)).splitlines()[0]


def test_nothing_that_steers_a_terminal_is_printed(show: Any, path: Path) -> None:
    out = show(path)
    assert EVIL in out
    assert not [c for c in out if not c.isprintable() and c != "\n"]


def test_outcomes_are_those_of_the_episodes(recorded: Conversations) -> None:
    episodes = recorded.trace.episodes()
    found, left = episodes["hit_move"] > 0, episodes["left"]
    expected = np.where(found, "found", np.where(left, "left", "failed")).tolist()
    assert recorded.endings() == expected
    assert set(expected) == {"found", "failed", "left"}  # so that each is tested below


@pytest.mark.parametrize("outcome", ["found", "failed", "left"])
def test_outcomes_choose(show: Any, path: Path, recorded: Conversations, outcome: str) -> None:
    fits = [ending == outcome for ending in recorded.endings()]
    out = show(path, "--outcome", outcome, "--first", 40)
    assert numbers_in(out) == recorded.number[fits].tolist()


def test_users_and_conversations_choose_together(
    show: Any, path: Path, recorded: Conversations
) -> None:
    user, number = int(recorded.user[7]), int(recorded.number[7])
    out = show(path, "--user", user, "--first", 40)
    assert numbers_in(out) == recorded.number[recorded.user == user].tolist()
    assert numbers_in(show(path, "--user", user, "--conversation", number)) == [number]
    other = int(recorded.user[recorded.user != user][0])
    with pytest.raises(OptionError, match=rf"--conversation {number} --user {other} together"):
        show(path, "--user", other, "--conversation", number)


def test_what_is_not_there_is_said_with_what_is(
    show: Any, path: Path, recorded: Conversations
) -> None:
    there = rf"40 conversations, numbered \d+ to {recorded.number.max()}; of \d+ users"
    with pytest.raises(OptionError, match=rf"fits --conversation 99999\. The trace has {there}"):
        show(path, "--conversation", 99999)
    with pytest.raises(OptionError, match=r"fits --outcome unfinished\..*\d+ found, \d+ failed"):
        show(path, "--outcome", "unfinished")
    with pytest.raises(OptionError, match=r"fits --agent logic\..*by random; with seed 3"):
        show(path, "--agent", "logic")
    with pytest.raises(OptionError, match="a results folder"):
        show(path, "--env", "CPR-LastFM-Small")


def test_a_trace_of_several_agents_is_chosen_from(show: Any, results: Path, tmp_path: Path) -> None:
    both = tmp_path / "both.parquet"
    units = [("logic", 0), ("random", 3)]
    traces = [Trace.read(trace_path(results, PLAIN, *unit)) for unit in units]
    Trace.concat(traces).write(both)
    assert "agent logic, random · seed 0, 3" in show(both)
    out = show(both, "--agent", "random", "--first", 100)
    assert len(numbers_in(out)) == 40
    assert ", agent logic" not in out
    assert out == show(both, "--seed", 3, "--first", 100)


def test_an_unfinished_conversation_is_one(recorded: Conversations, tmp_path: Path) -> None:
    """A person quits: the rows end before an end."""
    k = int(np.argmax(recorded.stop - recorded.start))
    start, stop = int(recorded.start[k]), int(recorded.stop[k])
    cut = Trace(recorded.trace.table.slice(start, stop - start - 1), recorded.trace.metadata)
    conversations = Conversations.of(cut)
    assert conversations.endings() == ["unfinished"]
    (told,) = page_data(conversations, shop(), 9, "cut")["conversations"]
    assert told["outcome"] == "unfinished"
    assert not any(row["end"] for row in told["rows"])


def test_rows_out_of_order_are_refused(show: Any, recorded: Conversations, tmp_path: Path) -> None:
    Trace(recorded.trace.table.slice(1), recorded.trace.metadata).write(tmp_path / "t.parquet")
    with pytest.raises(ResultsError, match="in the middle of a conversation"):
        show(tmp_path / "t.parquet")


def test_an_empty_trace_is_shown_as_such(
    show: Any, recorded: Conversations, tmp_path: Path
) -> None:
    Trace(COLUMNS.schema.empty_table(), recorded.trace.metadata).write(tmp_path / "t.parquet")
    assert "The trace holds no conversations." in show(tmp_path / "t.parquet")
    show(tmp_path / "t.parquet", "--html", tmp_path / "t.html")
    assert read_page(tmp_path / "t.html").data["conversations"] == []
    with pytest.raises(OptionError, match="the trace holds no conversations"):
        show(tmp_path / "t.parquet", "--user", 3)


# ---- where it is read from -----------------------------------------------------------------------


def test_a_results_folder_is_listed(show: Any, results: Path) -> None:
    out = show(results)
    rows = [line.split() for line in out.splitlines() if "recorded" in line]
    expected = [
        [key, agent, seed, "40", "recorded"]
        for key in (PLAIN, PICKY)
        for agent in ("logic", "random")
        for seed in ("0", "3")
    ]
    assert rows == expected
    assert f"--env {PLAIN} --agent logic --seed 0" in out
    assert "conversation " not in out


def test_a_trace_of_a_results_folder_is_chosen(show: Any, results: Path, path: Path) -> None:
    chosen = show(results, "--env", PICKY, "--agent", "random", "--seed", 3)
    assert chosen == show(path)
    # A short name stands for both kinds of users: they are listed.
    for name in ("CPR-LastFM-Small", "CPR-LastFM-Small-v0", "recosim/CPR-LastFM-Small-v0"):
        out = show(results, "--env", name, "--agent", "random", "--seed", 3)
        assert len(re.findall("recorded", out)) == 2
        assert not numbers_in(out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--env", "CPR-LastFM-Smal"], "unknown environment of this run.*Did you mean"),
        (["--agent", "logik"], "Did you mean 'logic'"),
        (["--agent", "logic", "--seed", 1], "no seed 1. Allowed: 0, 3"),
    ],
)
def test_what_a_results_folder_lacks_is_named(
    show: Any, results: Path, arguments: list[object], message: str
) -> None:
    with pytest.raises(UnknownNameError, match=message):
        show(results, *arguments)


def test_missing_traces_are_told_apart(show: Any, worlds: Path, tmp_path: Path) -> None:
    overrides = {"world": str(worlds / "shop")}
    env = prepare_env("CPR-LastFM-Small", episodes=5, overrides=overrides)
    run_bench([env], ["logic", "random"], tmp_path / "r", traces=False, threads=1)
    (tmp_path / "r" / "episodes" / PLAIN / "random-0.parquet").unlink()
    out = show(tmp_path / "r")
    assert re.search(r"logic +0 +5 +not kept", out)
    assert re.search(r"random +0 +5 +not run yet", out)
    with pytest.raises(ResultsError, match=r"kept no traces \(--no-traces\)"):
        show(tmp_path / "r", "--agent", "logic")
    with pytest.raises(ResultsError, match="Start the same bench again"):
        show(tmp_path / "r", "--agent", "random")


def test_wrong_sources_are_refused(show: Any, tmp_path: Path, path: Path) -> None:
    with pytest.raises(ResultsError, match="no such trace"):
        show(tmp_path / "none.parquet")
    with pytest.raises(ResultsError, match="not a folder of `recosim bench`"):
        show(tmp_path)
    (tmp_path / "bad.parquet").write_bytes(b"nothing")
    with pytest.raises(ResultsError, match="not a readable Parquet file"):
        show(tmp_path / "bad.parquet")
    with pytest.raises(ResultsError, match="with fingerprint"):
        show(path, world="other")
    with pytest.raises(UnknownNameError, match=r"'shop', which is not here.*--world"):
        show(path, world=None)


def test_an_error_is_one_line_and_status_2(
    path: Path, worlds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["show", str(path), "--world", str(worlds / "shop"), "--user", "99"])
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: no conversation fits --user 99.")
    assert captured.out == ""


def test_a_picture_is_of_one_conversation(
    show: Any, path: Path, recorded: Conversations, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "p.png"
    with pytest.raises(OptionError, match=r"draws one conversation, and 40 are chosen"):
        show(path, "--picture", picture)
    with pytest.raises(OptionError, match=r"ends in \.png"):
        show(path, "--picture", tmp_path / "p.jpg")
    out = show(path, "--conversation", recorded.number[2], "--picture", picture)
    assert f"wrote {picture}" in out
    assert picture.read_bytes().startswith(b"\x89PNG")


# ---- the page ------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would make of a page: its elements, scripts, style and data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._in = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in = tag
        if tag in ("script", "style"):
            kind = "data" if dict(attrs).get("type") == "application/json" else tag
            self._in = kind
            self.texts.setdefault(kind, []).append("")

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in in self.texts:
            self.texts[self._in][-1] += data

    @property
    def data(self) -> dict[str, Any]:
        (text,) = self.texts["data"]
        return json.loads(text)

    @property
    def policy(self) -> str:
        (policy,) = (
            attributes["content"]
            for tag, attributes in self.elements
            if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
        )
        return policy or ""


def read_page(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def written(path: Path, worlds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = tmp_path_factory.mktemp("page") / "talk.html"
    arguments = ["show", path, "--world", worlds / "shop", "--html", page]
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    assert f"wrote {page}: 40 of 40 conversations" in result.output.replace("\n", " ")
    assert not numbers_in(result.output)
    return page


def test_the_page_holds_what_the_trace_does(written: Path, recorded: Conversations) -> None:
    data, world = read_page(written).data, shop()
    assert data["available"] == len(data["conversations"]) == 40
    assert dict(data["header"])["agent"] == "random"
    assert list(dict(data["header"])) == [
        "environment", "world", "agent", "seed", "protocol", "users",
    ]  # fmt: skip
    table = recorded.trace.table.to_pylist()
    for k, told in enumerate(data["conversations"]):
        rows = table[recorded.start[k] : recorded.stop[k]]
        assert told["number"] == rows[0]["conversation"]
        assert told["outcome"] == recorded.endings()[k]
        assert told["moves"] == rows[-1]["move"]
        assert told["hidden"] == item_label(world, rows[0]["target"])
        assert told["reward"] == pytest.approx(sum(row["reward"] for row in rows), abs=1e-3)
        assert len(told["rows"]) == len(rows)
        for shown, row in zip(told["rows"], rows, strict=True):
            figures = " · ".join(shown["figures"])
            assert re.match(rf"{row['candidates']:,} candidates? left", figures)
            assert shown["rank"] == row["rank"]
            if row["verb"] != Verb.OPEN:
                assert f"reward {row['reward']:+.2f}".replace("-", "−") in figures
            if row["verb"] == Verb.RECOMMEND:
                assert shown["items"] == [item_label(world, v) for v in row["items"]]
            assert (shown["move"] is None) == (row["verb"] == Verb.OPEN)


def test_the_confirmed_path_is_that_of_the_trace(written: Path, recorded: Conversations) -> None:
    paths = paths_of(recorded.trace).to_pylist()
    shown = []
    for told in read_page(written).data["conversations"]:
        path: list[int] = []
        for row in told["rows"]:
            path += [int(name.split("[a")[-1].rstrip("]")) for name in row["confirmed"]]
            if row["verb"] == "recommend":
                shown.append((told["number"], list(path)))
    assert shown == [(row["conversation"], row["path"]) for row in paths]
    assert len({len(path) for _, path in shown}) > 2


def test_only_the_end_names_the_target(written: Path) -> None:
    """Until the end the target is in the data of the toggle alone, or in a list that was shown."""
    for told in read_page(written).data["conversations"]:
        name = told["hidden"]
        for row in told["rows"][:-1]:
            assert name not in (row["system"], row["user"], row["end"])
        last = told["rows"][-1]
        if told["outcome"] == "found":
            assert last["items"][last["rank"] - 1] == name
        else:
            assert name in last["end"]


def test_names_cannot_become_markup(written: Path) -> None:
    """The parser sees the template's elements and no other, whatever the names hold."""
    page = read_page(written)
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert [tag for tag, _ in page.elements].count("script") == 2
    assert not [name for _, attributes in page.elements for name in attributes if name[:2] == "on"]
    (raw,) = page.texts["data"]
    assert not set("<>&\u2028") & set(raw)
    names = json.dumps(page.data)
    assert json.dumps(EVIL)[1:-1] in names
    assert json.dumps(BREAKING)[1:-1] in names
    # In a browser, text can only become markup by these.
    (script,) = page.texts["script"]
    assert "textContent" in script
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "DOMPars",
    ):
        assert way not in script


def test_the_page_needs_nothing_else(written: Path) -> None:
    page = read_page(written)
    for tag, attributes in page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "audio", "video")
        assert not {"src", "srcset", "style"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    (style,), (script,) = page.texts["style"], page.texts["script"]
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"https?:|fetch|XMLHttp|import\b|WebSocket", script)
    # And the browser is told so: only this style and this script, by their checksums.
    assert "default-src 'none'" in page.policy
    for kind, text in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in page.policy


def test_the_page_can_be_read_in_the_dark_on_paper_and_without_a_mouse(written: Path) -> None:
    page = read_page(written)
    (style,), (script,) = page.texts["style"], page.texts["script"]
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style
    assert "keydown" in script
    labels = {attributes.get("for") for tag, attributes in page.elements if tag == "label"}
    fields = {a.get("id") for tag, a in page.elements if tag in ("input", "select")}
    assert fields == labels == {"search", "outcome"}
    assert ("html", {"lang": "en"}) in page.elements


def test_every_element_that_the_script_looks_up_is_there(written: Path) -> None:
    page = read_page(written)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    (script,) = page.texts["script"]
    wanted = set(re.findall(r'getElementById\("(\w+)"\)', script))
    made = set(re.findall(r'\.id = "(\w+)"', script))
    assert wanted <= set(ids) | made
    assert {"list", "conversation", "search", "data"} <= wanted


def test_a_page_says_what_it_leaves_out(show: Any, path: Path, tmp_path: Path) -> None:
    page = tmp_path / "t.html"
    out = show(path, "--html", page, "--first", 7)
    assert f"wrote {page}: 7 of 40 conversations; --first N takes more" in out
    data = read_page(page).data
    assert len(data["conversations"]) == 7
    assert data["available"] == 40
    show(path, "--html", page, "--outcome", "left")  # written over: it is a view of the trace
    data = read_page(page).data
    assert {told["outcome"] for told in data["conversations"]} == {"left"}
    assert data["available"] == len(data["conversations"])
    assert [file.name for file in tmp_path.iterdir()] == ["t.html"]


def test_a_page_stops_at_five_hundred(recorded: Conversations, show: Any, tmp_path: Path) -> None:
    Trace.concat([recorded.trace] * 13).write(tmp_path / "t.parquet")  # 520 conversations
    out = show(tmp_path / "t.parquet", "--html", tmp_path / "t.html")
    assert "500 of 520 conversations" in out
    data = read_page(tmp_path / "t.html").data
    assert (len(data["conversations"]), data["available"]) == (500, 520)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--html", "page.pdf"], r"ends in \.html"),
        (["--html", "{folder}.html"], "is a folder"),
        (["--html", "page.html", "--pager"], "leave out --pager"),
    ],
)
def test_pages_that_cannot_be_written_are_refused_first(
    show: Any, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "folder.html").mkdir()
    given = [argument.replace("{folder}", str(tmp_path / "folder")) for argument in arguments]
    with pytest.raises(OptionError, match=message):
        show(tmp_path / "not-looked-at.parquet", *given)


def test_a_list_of_traces_is_no_page(show: Any, results: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="choose one of these 8 traces"):
        show(results, "--html", tmp_path / "t.html")
    assert not (tmp_path / "t.html").exists()


# ---- words ---------------------------------------------------------------------------------------


def worded(conversations: Conversations) -> Conversations:
    """The same trace with the words of both sides, as a language model would have written them."""
    table = conversations.trace.table
    rows = table.to_pylist()
    words = {
        "told": [None if r["step"] == 0 else f"Told {k} </p>" for k, r in enumerate(rows)],
        "said": [
            None if r["outcome"] == Outcome.MISS else f"Said {k}." for k, r in enumerate(rows)
        ],
    }
    for name, values in words.items():
        if name in table.column_names:
            table = table.drop_columns([name])
        table = table.append_column(name, pa.array(values, pa.string()))
    return Conversations.of(Trace(table, conversations.trace.metadata))


def test_words_are_in_the_bubbles_and_below_the_lines(
    recorded: Conversations, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    talks = worded(recorded)
    write_page(tmp_path / "t.html", talks, shop(), 2, "t")
    rows = [
        row for told in read_page(tmp_path / "t.html").data["conversations"] for row in told["rows"]
    ]
    table = talks.trace.table.slice(0, len(rows)).to_pylist()
    assert [row["told"] for row in rows] == [row["told"] for row in table]
    assert [row["said"] for row in rows] == [row["said"] for row in table]
    assert all(row["system"] or row["verb"] == "open" for row in rows)  # the act stays
    print_conversations(talks, shop(), 1, Console(width=300, highlight=False))
    lines = capsys.readouterr().out.splitlines()
    asked = next(k for k, line in enumerate(lines) if line.startswith(" 1. recommender"))
    assert lines[asked + 1] == f"{' ' * 17}“Told 1 </p>”"


def test_without_words_there_are_none(written: Path) -> None:
    for told in read_page(written).data["conversations"]:
        assert {(row["told"], row["said"]) for row in told["rows"]} == {(None, None)}


def test_help_teaches_by_examples() -> None:
    out = CliRunner().invoke(app, ["show", "--help"]).output
    assert "recosim show talk.parquet" in out
    assert "--outcome failed" in out


def test_the_world_is_found_by_its_name(show: Any, tmp_path: Path) -> None:
    """A trace of a world of the catalogue needs no --world."""
    env = prepare_env("CPR-LastFM-Small", episodes=3)
    run_bench([env], ["logic"], tmp_path, threads=1)
    out = show(tmp_path, "--agent", "logic", world=None)
    assert open_world("lastfm-small").fingerprint[:12] in out
    assert len(numbers_in(out)) == 3
