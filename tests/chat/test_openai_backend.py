"""The client against a real server on loopback that breaks in every way."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter

import pytest
from chat.fault_server import FAULTS, FaultServer, late_calls
from pydantic import BaseModel, ConfigDict

from recosim.chat import Budget, Cassette, Chat, ChatRequest, ChatSettings, OpenAIBackend
from recosim.errors import BudgetError, CassetteError, ChatError, MissingExtraError

pytest.importorskip("openai", reason="the extra [llm] is not installed")


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")
    answer: str


class Optional(BaseModel):
    answer: str = ""


def ask(words, **more):
    return ChatRequest([("user", words)], answer=Form, **more)


def chat_with(server, *, cassette=None, budget=None, **settings):
    given = {
        "base_url": server.url, "model": "test", "timeout": 30.0, "deadline": 60.0, "pause": 0.01,
        "attempts": 4, "reasks": 2, **settings,
    }  # fmt: skip
    return Chat(OpenAIBackend(ChatSettings(**given)), cassette=cassette, budget=budget)


def once(kind):
    """The first call with a content meets this, the others none."""
    return lambda request, number: "plain" if number else kind


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "RECOSIM_LLM_MODEL"):
        monkeypatch.delenv(name, raising=False)


# ---- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind, fault in FAULTS.items() if fault])
def test_a_fault_is_named_and_recovered_from(kind):
    # A bad answer is met once in the whole conversation: the repeated question is another content.
    def script(request, number):
        return "plain" if number or len(request["messages"]) > 1 else kind

    with FaultServer(script=script) as server:
        chat = chat_with(server, timeout=2.0 if kind == "slow" else 30.0)
        reply = chat.complete(ask("well?"))
    assert reply.ok
    assert (reply.attempts, isinstance(reply.value, Form)) == (2, True)
    report = chat.report.to_dict()
    assert report["faults"] == {"seen": {FAULTS[kind]: 1}, "recovered": {FAULTS[kind]: 1},
                                "ended": {}}  # fmt: skip
    bad_answer = kind in ("wrong_schema", "not_json", "cut_off")
    assert report["calls"]["reasks"] == bad_answer
    assert report["calls"]["retries"] == (not bad_answer)


@pytest.mark.parametrize("kind", ["500", "cut", "truncated", "empty", "wrong_schema"])
def test_a_fault_without_end_ends_the_request(kind):
    with FaultServer(script=lambda request, number: kind) as server:
        chat = chat_with(server, attempts=3)
        reply = chat.complete(ask("well?"))
    bad_answer = kind == "wrong_schema"
    assert reply.outcome == ("invalid" if bad_answer else "failed")
    assert reply.detail
    assert reply.value is None
    faults = chat.report.to_dict()["faults"]
    name = FAULTS[kind]
    assert faults == {"seen": {name: 3}, "recovered": {name: 2}, "ended": {name: 1}}


@pytest.mark.parametrize(
    ("kind", "said"), [("refusal", "I cannot help"), ("filter", "content filter")]
)
def test_a_refusal_is_an_outcome_and_no_fault(kind, said):
    with FaultServer(script=lambda request, number: kind) as server:
        chat = chat_with(server)
        reply = chat.complete(ask("well?"))
    assert (reply.outcome, reply.attempts) == ("refused", 1)
    assert said in reply.detail
    assert not chat.report.to_dict()["faults"]["seen"]


def test_no_choices_and_filters_of_the_gateway_are_refusals():
    none = (200, {"choices": [], "usage": {}})
    gateway = (400, {"error": {"message": "blocked", "code": "content_filter"}})
    for fate in (none, gateway):
        with FaultServer(script=lambda request, number, fate=fate: fate) as server:
            assert chat_with(server).complete(ask("well?")).outcome == "refused"


def test_a_huge_answer_is_not_read_to_its_end():
    with FaultServer(script=once("too_large")) as server:
        assert chat_with(server, max_bytes=100_000).complete(ask("well?")).ok
        time.sleep(0.05)
        # The rest of what was sent is in the buffers of the two sockets.
        assert server.sent_bytes < 8_000_000


def test_retry_after_is_waited_for_up_to_the_deadline():
    def turned_away(seconds):
        away = (429, {"error": {}}, {"Retry-After": seconds})
        return lambda request, number: None if number else away

    with FaultServer(script=turned_away("0.4")) as server:
        start = time.monotonic()
        assert chat_with(server).complete(ask("well?")).ok
        assert time.monotonic() - start > 0.4
    with FaultServer(script=turned_away("60")) as server:
        start = time.monotonic()
        reply = chat_with(server).complete(ask("well?"))
        assert time.monotonic() - start < 20
    assert reply.outcome == "failed"
    assert "deadline" in reply.detail


def test_the_deadline_bounds_all_attempts():
    with FaultServer(script=lambda request, number: "slow") as server:
        chat = chat_with(server, timeout=0.3, deadline=2.0, attempts=50)
        start = time.monotonic()
        reply = chat.complete(ask("well?"))
        took = time.monotonic() - start
    assert reply.outcome == "failed"
    assert 1 < reply.attempts < 10
    assert took < 7


def test_a_server_that_trickles_is_cut_off():
    """Each byte comes within the timeout of a read; all of them would take for ever."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    over = threading.Event()

    def serve(listener):
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                try:
                    connection.sendall(head)
                    while not over.wait(0.05):
                        connection.sendall(b" ")
                except OSError:
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        settings = ChatSettings(base_url=url, model="m", timeout=0.4, form="schema")
        start = time.monotonic()
        with pytest.raises(Exception, match="no whole answer in time"):
            OpenAIBackend(settings).send(ask("well?"), 0.4)
        assert time.monotonic() - start < 10  # a thousand bytes would take 50
        over.set()


# ---- before a run --------------------------------------------------------------------------------


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_server_that_is_down_is_an_error_at_once_with_its_url():
    url = f"http://127.0.0.1:{free_port()}/v1"
    chat = Chat(OpenAIBackend(ChatSettings(base_url=url, model="m")))
    for call in (chat.check, lambda: chat.complete(ask("well?"))):
        start = time.monotonic()
        with pytest.raises(ChatError, match=url):
            call()
        assert time.monotonic() - start < 10


def test_a_server_that_goes_down_later_is_a_fault():
    with FaultServer() as server:
        chat = chat_with(server, attempts=2)
        assert chat.complete(ask("one")).ok
    reply = chat.complete(ask("two"))
    assert reply.outcome == "failed"
    assert sum(chat.report.to_dict()["faults"]["seen"].values()) == 2


def test_no_key_and_a_wrong_key_say_so_and_never_show_it():
    with FaultServer(key="right") as server:
        with pytest.raises(ChatError, match="Set OPENAI_API_KEY"):
            chat_with(server).check()
        with pytest.raises(ChatError, match="does not accept the key") as caught:
            chat_with(server, api_key="sk-wrong").check()
        assert "sk-wrong" not in str(caught.value)
        assert "incorrect key: [key]" in str(caught.value)
        assert chat_with(server, api_key="right").complete(ask("well?")).ok


def test_an_unknown_model_is_an_error_that_lists_those_there_are():
    models = [f"model-{n:02}" for n in range(30)]
    with FaultServer(models=models) as server, pytest.raises(ChatError) as caught:
        chat_with(server, model="gpt").check()
    assert "no model 'gpt'" in str(caught.value)
    assert "model-00, model-01" in str(caught.value)
    assert "and 10 more" in str(caught.value)


def test_nothing_set_says_what_to_set():
    with pytest.raises(ChatError, match="OPENAI_BASE_URL"):
        Chat(OpenAIBackend()).check()


def test_without_the_package_the_error_names_the_extra(monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    settings = ChatSettings(base_url="http://127.0.0.1:1/v1", model="m")
    with pytest.raises(MissingExtraError, match=r"recosim\[llm\]"):
        Chat(OpenAIBackend(settings)).check()


@pytest.mark.parametrize(
    ("forms", "found", "probes"),
    [
        (("json_schema", "json_object"), "schema", 1),
        (("json_object",), "json", 1),  # the other is a status 400, before the model
        ((), "prompt", 0),
        (("ignored",), "prompt", 2),
    ],
)
def test_the_server_is_probed_once_for_what_it_can_do(forms, found, probes):
    with FaultServer(forms=forms) as server:
        chat = chat_with(server)
        chat.check()
        assert chat.backend.form == found
        for number in range(3):
            assert chat.complete(ask(f"question {number}")).ok
        chat.check()
    assert (server.probes, server.listings) == (probes, 1)
    for body in server.bodies:
        assert ("response_format" in body) == (found != "prompt")
        assert ("Answer with JSON of this schema" in body["messages"][-1]["content"]) == (
            found != "schema"
        )


def test_only_closed_schemas_are_marked_strict():
    with FaultServer() as server:
        chat = chat_with(server)
        chat.complete(ask("one"))
        chat.complete(ChatRequest([("user", "two")], answer=Optional))
    marks = [body["response_format"]["json_schema"]["strict"] for body in server.bodies]
    assert marks == [True, False]


def test_what_is_sent_is_what_was_asked_for():
    with FaultServer() as server:
        chat = chat_with(server, tokens_field="max_completion_tokens")
        request = ChatRequest([("system", "s"), ("user", "é")], temperature=None, seed=7)
        assert chat.complete(request).ok
    assert server.bodies == [{
        "model": "test", "seed": 7, "max_completion_tokens": 256,
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "é"}],
    }]  # fmt: skip


def test_tokens_are_those_that_the_server_counts():
    with FaultServer(say=lambda request: "one two three") as server:
        chat = chat_with(server, form="schema", price_in=1e6, price_out=1e6)
        reply = chat.complete(ChatRequest([("user", "a b")]))
    assert (reply.prompt_tokens, reply.completion_tokens) == (2, 3)
    assert chat.report.to_dict()["money"] == pytest.approx(5)


# ---- settings that no attempt can mend -----------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, {"error": {"message": "bad messages"}}, "bad messages"),
        (403, {"error": {"message": "not yours"}}, "may not use this model"),
        (404, {"error": {"message": "gone"}}, "/v1 in base_url"),
        (429, {"error": {"message": "pay", "code": "insufficient_quota"}}, "no credit"),
    ],
)
def test_other_statuses_are_raised_at_once(status, body, said):
    with FaultServer(script=lambda request, number: (status, body)) as server:
        chat = chat_with(server)
        with pytest.raises(ChatError, match=said):
            chat.complete(ask("well?"))
        assert sum(server.asked.values()) == 1
    assert chat.report.to_dict()["outcomes"] == {"stopped": 1}


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_statuses_that_pass_are_tried_again(status):
    def script(request, number):
        return None if number else (status, {"error": {"message": "wait"}})

    with FaultServer(script=script) as server:
        assert chat_with(server).complete(ask("well?")).attempts == 2


# ---- many requests -------------------------------------------------------------------------------


def test_a_thousand_requests_under_faults_all_end_and_every_fault_is_accounted_for(tmp_path):
    requests = [ask(f"question {n}", purpose="user" if n % 2 else "agent") for n in range(1000)]
    with FaultServer(rate=0.3) as server:
        cassette = Cassette(tmp_path / "run.cassette")
        chat = chat_with(server, cassette=cassette, attempts=3, reasks=2, timeout=2.0)
        replies = chat.complete_all(requests, workers=16)
        met = Counter(server.fates)
    assert len(replies) == 1000
    outcomes = Counter(reply.outcome for reply in replies)
    assert outcomes["ok"] > 850
    assert outcomes["refused"] > 20
    assert outcomes["failed"] > 0  # three attempts are few: some meet three faults

    for request, reply in zip(requests, replies, strict=True):
        if reply.ok and reply.attempts == 1:
            body = {"messages": [{"content": request.messages[-1].content}]}
            assert reply.value == Form.model_validate_json(server.say(body))

    report = chat.report.to_dict()
    assert report["outcomes"] == dict(outcomes)
    assert sum(report["purposes"]["user"][name] for name in outcomes) == 500
    faults = {name: Counter(counts) for name, counts in report["faults"].items()}
    late = late_calls(met, faults["seen"])
    assert faults["seen"] == faults["recovered"] + faults["ended"]
    assert faults["ended"].total() == outcomes["failed"] + outcomes["invalid"]
    bad_answers = ("wrong_schema", "not_json", "cut_off")
    lost = sum(count for kind, count in faults["seen"].items() if kind not in bad_answers)
    assert 0 <= report["calls"]["sent"] - sum(met.values()) <= late
    assert report["calls"]["sent"] == report["calls"]["answers"] + lost

    with Cassette(tmp_path / "run.cassette", "strict") as strict:
        again = chat_with(server, cassette=strict)  # the server is gone
        kept = [n for n, reply in enumerate(replies) if reply.outcome != "failed"]
        assert again.complete_all([requests[n] for n in kept]) == [replies[n] for n in kept]
        assert again.report.to_dict()["calls"]["sent"] == 0


def test_replies_come_in_the_order_of_the_requests():
    def words(request):
        time.sleep(0.02 if "even" in request["messages"][0]["content"] else 0)
        return request["messages"][0]["content"]

    seen = []
    with FaultServer(say=words) as server:
        asked = [f"{n} {'odd' if n % 2 else 'even'}" for n in range(40)]
        replies = chat_with(server).complete_all(
            [ChatRequest([("user", text)]) for text in asked],
            workers=8, progress=lambda done, total, what: seen.append((done, total)),
        )  # fmt: skip
    assert [reply.text for reply in replies] == asked
    assert seen == [(n + 1, 40) for n in range(40)]


def test_a_spent_budget_stops_cleanly_and_a_larger_one_goes_on(tmp_path):
    requests = [ask(f"question {n}") for n in range(60)]
    path = tmp_path / "run.cassette"
    with FaultServer(delay=0.01) as server:
        chat = chat_with(server, cassette=Cassette(path), budget=Budget(requests=21))
        with pytest.raises(BudgetError, match="larger budget"):
            chat.complete_all(requests, workers=8)
        assert server.answered.total() + server.probes == 21
        assert len(Cassette(path, "replay")) == 20
        chat = chat_with(server, cassette=Cassette(path), budget=Budget(requests=41))
        replies = chat.complete_all(requests, workers=8)
    assert all(reply.ok for reply in replies)
    assert set(server.answered.values()) == {1}
    assert chat.report.to_dict()["cassette"] == {"hits": 20, "misses": 40}


def test_the_first_error_stops_the_rest():
    def script(request, number):
        return (404, {"error": {"message": "gone"}}) if "20" in str(request["messages"]) else None

    with FaultServer(script=script, delay=0.01) as server:
        chat = chat_with(server)
        with pytest.raises(ChatError, match="gone"):
            chat.complete_all([ask(f"question {n}") for n in range(500)], workers=4)
        assert server.asked.total() < 40


def test_a_strict_cassette_needs_neither_server_nor_package(tmp_path, monkeypatch):
    with FaultServer() as server, Cassette(tmp_path / "c") as cassette:
        recorded = chat_with(server, cassette=cassette).complete(ask("well?"))
    monkeypatch.setitem(__import__("sys").modules, "openai", None)
    chat = Chat(
        OpenAIBackend(ChatSettings(model="test")), cassette=Cassette(tmp_path / "c", "strict")
    )
    chat.check()
    assert chat.complete(ask("well?")) == recorded
    with pytest.raises(CassetteError, match="well!"):
        chat.complete(ask("well!"))
