"""Cassettes: what is kept, what is refused, by how many at once, and as text."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import BaseModel

from recosim.chat import (
    Answer,
    Cassette,
    Chat,
    ChatFault,
    ChatRequest,
    ChatSettings,
    ScriptedBackend,
    export_cassette,
    import_cassette,
)
from recosim.chat.cassette import checksum
from recosim.chat.request import canonical
from recosim.errors import CassetteError, UnknownNameError


class Form(BaseModel):
    act: str


def ask(words, **more):
    return ChatRequest([("system", "You are Ann."), ("user", words)], **more)


class Counting:
    """A model that says how often it was asked."""

    def __init__(self, function=lambda request, number: f"answer {number}", **settings):
        self.calls = 0
        self.lock = threading.Lock()
        self.backend = ScriptedBackend(self.say, ChatSettings(model="m", pause=0, **settings))
        self.function = function

    def say(self, request):
        with self.lock:
            self.calls += 1
            number = self.calls
        return self.function(request, number)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "run.cassette"


def record(path, model, *requests):
    with Cassette(path, "record") as cassette:
        return [Chat(model.backend, cassette=cassette).complete(request) for request in requests]


def test_record_asks_once_and_then_replays(path):
    model = Counting()
    first = record(path, model, ask("a"), ask("b"), ask("a"))
    again = record(path, model, ask("b"), ask("a"))  # in another order, in another process's place
    assert model.calls == 2
    assert [reply.text for reply in first + again] == [
        "answer 1", "answer 2", "answer 1", "answer 2", "answer 1",
    ]  # fmt: skip
    assert [reply.cached for reply in first] == [False, False, True]


def test_replay_asks_for_what_is_missing_and_stores_nothing(path):
    model = Counting()
    record(path, model, ask("a"))
    with Cassette(path, "replay") as cassette:
        chat = Chat(model.backend, cassette=cassette)
        assert [chat.complete(ask(words)).text for words in "abb"] == [
            "answer 1", "answer 2", "answer 3",
        ]  # fmt: skip
        assert chat.report.to_dict()["cassette"] == {"hits": 1, "misses": 2}
        assert len(cassette) == 1


def test_off_touches_no_file(path):
    model = Counting()
    chat = Chat(model.backend, cassette=Cassette(path, "off"))
    assert [chat.complete(ask("a")).text for _ in range(2)] == ["answer 1", "answer 2"]
    assert not path.parent.exists()


def test_a_strict_miss_shows_the_request_and_what_differs(path):
    model = Counting()
    long = "word " * 200
    record(path, model, ask("Do you like jazz?" + long, seed=1), ask("Do you like rain?", seed=1))
    with Cassette(path, "strict") as cassette:
        chat = Chat(model.backend, cassette=cassette)
        assert chat.complete(ask("Do you like rain?", seed=1)).text == "answer 2"
        with pytest.raises(CassetteError) as caught:
            chat.complete(ask("Do you like train?", seed=2, answer=Form))
    said = str(caught.value)
    assert "user: Do you like train?" in said
    assert "system: You are Ann." in said
    assert "nearest of the 2" in said
    assert "seed: 2 here, 1 stored" in said
    assert "schema: from letter 1" in said
    assert (
        "message 2: from letter 13: 'Do you like train?' here, 'Do you like rain?' stored" in said
    )
    assert "mode 'record'" in said
    assert len(said) < 1500
    assert model.calls == 2


def test_bad_answers_are_replayed_to_the_same_reply(path):
    answers = {1: "no JSON", 2: '{"act": 3}', 3: '{"act": "yes"}'}
    model = Counting(lambda request, number: answers[number])
    (recorded,) = record(path, model, ask("a", answer=Form))
    assert (recorded.value, recorded.attempts) == (Form(act="yes"), 3)
    with Cassette(path, "strict") as cassette:
        chat = Chat(model.backend, cassette=cassette)
        assert chat.complete(ask("a", answer=Form)) == recorded
        assert chat.report.to_dict()["faults"]["seen"] == {"not_json": 1, "wrong_schema": 1}
    assert model.calls == 3


@pytest.mark.parametrize(
    ("said", "outcome", "stored"),
    [
        (Answer("", refusal="no"), "refused", 1),
        (Answer("prose"), "invalid", 3),  # the answer and those to two repeated questions
        (ChatFault("server_error"), "failed", 0),
        (Answer(""), "failed", 0),
    ],
)
def test_what_the_model_said_is_stored_and_failures_are_not(path, said, outcome, stored):
    def function(request, number):
        if isinstance(said, ChatFault):
            raise said
        return said

    model = Counting(function, attempts=2)
    (recorded,) = record(path, model, ask("a", answer=Form))
    assert recorded.outcome == outcome
    with Cassette(path, "replay") as cassette:
        assert len(cassette) == stored
        if stored:
            with Cassette(path, "strict") as strict:
                assert Chat(model.backend, cassette=strict).complete(ask("a", answer=Form)) == (
                    recorded
                )


def test_equal_requests_at_once_are_one_call(path):
    go = threading.Event()

    def function(request, number):
        go.wait(5)
        return f"answer {number}"

    for cassette in (None, Cassette(path, "record")):
        go.clear()
        model = Counting(function)
        chat = Chat(model.backend, cassette=cassette)
        with ThreadPoolExecutor(8) as pool:
            futures = [pool.submit(chat.complete, ask("a", purpose=str(n))) for n in range(8)]
            threading.Timer(0.2, go.set).start()
            replies = [future.result() for future in futures]
        assert model.calls == 1
        assert {reply.text for reply in replies} == {"answer 1"}
        assert sum(not reply.cached for reply in replies) == 1
        assert chat.report.to_dict()["outcomes"] == {"ok": 8}


def test_the_first_of_two_processes_wins(path):
    """Both asked at the same moment; both go on with what was stored first."""
    one, two = Cassette(path), Cassette(path)
    content = ask("a").content("m")
    key = ask("a").key("m")
    assert one.get(key) is two.get(key) is None
    assert one.put(key, content, Answer("first")).text == "first"
    assert two.put(key, content, Answer("second")).text == "first"
    assert one.get(key) == two.get(key) == Answer("first")


def test_a_reply_is_what_another_process_stored_meanwhile(path):
    other = Cassette(path)

    def function(request, number):
        other.put(request.key("m"), request.content("m"), Answer("of the other"))
        return "of this one"

    (reply,) = record(path, Counting(function), ask("a"))
    assert reply.text == "of the other"


WRITER = """
import sys
from recosim.chat import Cassette, Chat, ChatRequest, ChatSettings, ScriptedBackend
me, path = sys.argv[1:]
backend = ScriptedBackend(lambda r: r.messages[0].content.upper(), ChatSettings(model="m"))
with Cassette(path) as cassette:
    chat = Chat(backend, cassette=cassette)
    chat.complete_all([ChatRequest([("user", f"{n % 60} {me}"[: 2 + n % 9])]) for n in range(200)])
"""


def test_many_processes_and_threads_write_one_file(path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(n), str(path)], env=dict(os.environ))
        for n in range(4)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    with Cassette(path, "replay") as cassette:
        rows = list(cassette.rows())
    assert len(rows) > 100
    for _, content, answer in rows:
        assert answer.text == content["messages"][0][1].upper()
    (sound,) = sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone()
    assert sound == "ok"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_forked_process_opens_the_file_for_itself(path):
    cassette = Cassette(path)
    cassette.put(ask("a").key("m"), ask("a").content("m"), Answer("of the parent"))
    child = os.fork()
    if not child:
        try:
            cassette.put(ask("b").key("m"), ask("b").content("m"), Answer("of the child"))
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert cassette.get(ask("b").key("m")) == Answer("of the child")


# ---- files that are no cassette ------------------------------------------------------------------


def test_an_unknown_mode_is_refused(path):
    with pytest.raises(UnknownNameError, match="replay"):
        Cassette(path, "repaly")


@pytest.mark.parametrize("mode", ["replay", "strict"])
def test_a_missing_file_is_an_error_of_the_modes_that_read(path, mode):
    with pytest.raises(CassetteError, match=r"no such cassette.*record"):
        Cassette(path, mode)
    assert not path.exists()


@pytest.mark.parametrize("mode", ["record", "replay"])
def test_other_files_are_refused_and_left_alone(tmp_path, mode):
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be looked at " * 50)
    before = text.read_bytes()
    with pytest.raises(CassetteError, match="not a cassette"):
        Cassette(text, mode)
    assert text.read_bytes() == before
    database = tmp_path / "other.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE people (name TEXT)")
    connection.close()
    with pytest.raises(CassetteError, match="not a cassette of RecoSim"):
        Cassette(database, mode)
    with pytest.raises(CassetteError, match=str(tmp_path)):
        Cassette(tmp_path, mode)


@pytest.mark.parametrize("mode", ["record", "strict"])
def test_another_format_version_is_an_error_that_names_both(path, mode):
    record(path, Counting(), ask("a"))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(CassetteError, match=r"format version 7.*version 2"):
        Cassette(path, mode)


def test_a_damaged_answer_names_its_key(path):
    record(path, Counting(), ask("a"))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE answers SET answer = '{\"txt\": 1}'")
    connection.close()
    with pytest.raises(CassetteError, match=ask("a").key("m")):
        record(path, Counting(), ask("a"))


@pytest.mark.parametrize("mode", ["record", "replay", "strict"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("answer = replace(answer, 'answer 1', 'answer 2')", "checksum"),
        ("request = replace(request, 'Ann', 'Bob')", "checksum"),
        ("answer = x'00'", "no text"),
        ("sum = NULL", "checksum"),
    ],
)
def test_an_answer_that_was_changed_is_an_error_in_every_mode(path, mode, change, said):
    record(path, Counting(), ask("a"))
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE answers SET {change}")
    connection.close()
    chat = Chat(Counting().backend, cassette=Cassette(path, mode))
    with pytest.raises(CassetteError, match=said):
        chat.complete(ask("a"))


@pytest.mark.parametrize(
    "answer",
    ['{"text": 1}', '{"text": "a", "complete": 1}', '{"text": "a", "prompt_tokens": -1}', "[]"],
)
def test_an_answer_of_other_types_is_an_error_whatever_its_checksum(path, answer):
    request = ask("a")
    record(path, Counting(), request)
    key, content = request.key("m"), canonical(request.content("m"))
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE answers SET answer = ?, sum = ?", (answer, checksum(key, content, answer))
        )
    connection.close()
    with pytest.raises(CassetteError, match=f"{key} is damaged"):
        Chat(Counting().backend, cassette=Cassette(path, "strict")).complete(request)


def test_one_bit_of_a_cassette_gives_no_other_answer(path):
    requests = [ask(str(n)) for n in range(12)]
    right = [reply.text for reply in record(path, Counting(), *requests)]
    whole, seen = path.read_bytes(), 0
    for at in range(0, len(whole), len(whole) // 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        for request, text in zip(requests, right, strict=True):
            try:
                with Cassette(path, "strict") as cassette:
                    reply = Chat(Counting().backend, cassette=cassette).complete(request)
            except CassetteError:
                seen += 1
                continue
            assert reply.text == text
    assert seen


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be removed elsewhere")
def test_a_cassette_that_is_removed_while_open_is_an_error(path):
    cassette = Cassette(path, "record")
    chat = Chat(Counting().backend, cassette=cassette)
    chat.complete(ask("a"))
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(CassetteError, match="removed or replaced while it was open"):
        chat.complete(ask("b"))
    path.write_bytes(kept)  # another file of the same name
    with pytest.raises(CassetteError, match="removed or replaced while it was open"):
        chat.complete(ask("c"))
    cassette.close()


def first_format(path):
    """A cassette as it was before answers carried a checksum."""
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE answers DROP COLUMN sum")
        connection.execute("PRAGMA user_version = 1")
    connection.close()


def test_a_cassette_of_the_first_format_is_read_with_a_notice_and_gets_checksums(path):
    record(path, Counting(), ask("a"), ask("b"))
    first_format(path)
    with pytest.warns(RuntimeWarning, match="before answers carried a checksum"):
        strict = Cassette(path, "strict")
    assert Chat(Counting().backend, cassette=strict).complete(ask("b")).text == "answer 2"
    strict.close()
    model = Counting()
    first, _ = record(path, model, ask("b"), ask("c"))
    assert first.text == "answer 2"
    assert model.calls == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(Cassette(path, "strict")) == 3


def test_a_damaged_cassette_of_the_first_format_gets_none(path):
    record(path, Counting(), ask("a"))
    first_format(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE answers SET request = replace(request, 'Ann', 'Bob')")
    connection.close()
    with pytest.raises(CassetteError, match="of another request"):
        Cassette(path, "record")


# ---- as text -------------------------------------------------------------------------------------


def test_a_cassette_goes_to_text_and_back(path, tmp_path):
    model = Counting(lambda request, number: f'{number} "quoted" é \u2028 line\nbreak')
    record(path, model, *(ask(str(n), answer=Form if n % 2 else None) for n in range(9)))
    text = tmp_path / "run.jsonl"
    count = export_cassette(path, text)
    assert count == import_cassette(text, tmp_path / "copy") == len(list(Cassette(path).rows()))
    assert list(Cassette(path).rows()) == list(Cassette(tmp_path / "copy").rows())
    export_cassette(tmp_path / "copy", tmp_path / "again.jsonl")
    assert text.read_bytes() == (tmp_path / "again.jsonl").read_bytes()
    assert "é" in text.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        (1, '{"other": 1}', ":1: not a cassette"),
        (1, '{"recosim_cassette": 9}', ":1: format version 9"),
        (2, "{}", ":2: not a request"),
        (2, '{"request": {"model": "m"}, "answer": {"text": "x"}}', ":2: .*not as it was written"),
        (2, "[" * 10_000, ":2: not a request"),
        (2, "nonsense", ":2: not a request"),
    ],
)
def test_bad_text_names_the_line_and_imports_nothing(path, tmp_path, line, text, said):
    record(path, Counting(), ask("a"), ask("b"))
    file = tmp_path / "run.jsonl"
    export_cassette(path, file)
    lines = file.read_text(encoding="utf-8").split("\n")
    lines[line - 1] = text
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(CassetteError, match=said):
        import_cassette(file, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_lines_that_people_write_need_no_checksum(path, tmp_path):
    record(path, Counting(), ask("a"))
    export_cassette(path, tmp_path / "run.jsonl")
    head, line = (tmp_path / "run.jsonl").read_text().splitlines()
    entry = json.loads(line)
    del entry["sha256"]
    (tmp_path / "run.jsonl").write_text(f'{{"recosim_cassette": 1}}\n{json.dumps(entry)}\n')
    assert import_cassette(tmp_path / "run.jsonl", tmp_path / "copy") == 1
    (tmp_path / "run.jsonl").write_text(f"{head}\n{line.replace('answer 1', 'answer 2')}\n")
    with pytest.raises(CassetteError, match=r":2: .*not as it was written"):
        import_cassette(tmp_path / "run.jsonl", tmp_path / "other")
