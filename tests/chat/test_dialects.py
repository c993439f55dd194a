"""What a server does not take is found out once, and remembered; so is a model that thinks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from chat.fault_server import FaultServer, completion
from pydantic import BaseModel, ConfigDict

from recosim.chat import Budget, Cassette, Chat, ChatRequest, ChatSettings, OpenAIBackend
from recosim.errors import BudgetError, ChatError, OptionError, UnknownNameError

pytest.importorskip("openai", reason="the extra [llm] is not installed")


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")
    answer: str


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    for name in os.environ:
        if name.startswith(("OPENAI_", "RECOSIM_LLM_")):
            monkeypatch.delenv(name)


def ask(n=0, **more):
    given = {"seed": 5, "temperature": 0.5, **more}
    return ChatRequest([("system", "Be s."), ("user", f"well {n}?")], answer=Form, **given)


def chat_with(server, budget=None, cassette=None, **more):
    given = {"base_url": server.url, "model": "test", "pause": 0.001, "attempts": 3, **more}
    return Chat(OpenAIBackend(ChatSettings(**given)), budget=budget, cassette=cassette)


def lacks(name, status=400, words="Unsupported parameter: '{}' is not supported with this model."):
    """A server without a parameter, which says so."""

    def refuses(request):
        if name in request:
            return status, {"error": {"message": words.format(name), "param": name}}
        return None

    return refuses


def detail(name):
    entry = {
        "type": "extra_forbidden",
        "loc": ["body", name],
        "msg": "Extra inputs are not permitted",
    }
    return lambda request: (422, {"detail": [entry]}) if name in request else None


def no_system(words, status=400):
    def refuses(request):
        roles = [message["role"] for message in request["messages"]]
        return (status, {"error": {"message": words}}) if "system" in roles else None

    return refuses


def only_newer(request):
    if "max_tokens" in request:
        words = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        return 400, {"error": {"message": words, "code": "unsupported_parameter"}}
    return None


def fixed_temperature(request):
    if request.get("temperature", 1) != 1:
        words = "'temperature' does not support 0.5 with this model. Only the default (1) value"
        return 400, {"error": {"message": words, "param": "temperature"}}
    return None


def no_schema(request):
    if request.get("response_format", {}).get("type") == "json_schema":
        return 400, {"error": {"message": "response_format.type must be json_object or text"}}
    return None


def everything(request):
    for name in ("seed", "temperature", "response_format"):
        if name in request:
            return 422, {"message": f"property '{name}' is unsupported"}
    return only_newer(request) or no_system("System role not supported")(request)


DIALECTS = {
    "max_tokens": (only_newer, ["max_tokens is sent as max_completion_tokens"]),
    "no limit": (
        lambda r: lacks("max_tokens")(r) or lacks("max_completion_tokens")(r),
        ["max_tokens is sent as nothing"],
    ),
    "temperature": (fixed_temperature, ["no temperature is sent"]),
    "seed": (lacks("seed"), ["no seed is sent"]),
    "seed, in a list": (detail("seed"), ["no seed is sent"]),
    "seed, unnamed": (
        lambda r: (
            (400, {"error": {"message": "Unrecognized request argument supplied: seed"}})
            if "seed" in r
            else None
        ),
        ["no seed is sent"],
    ),
    "seed, in the details": (
        lambda r: (
            (400, {"error": {"message": "Bad request", "details": [{"field": "seed"}]}})
            if "seed" in r
            else None
        ),
        ["no seed is sent"],
    ),
    "seed, with what may be given": (
        lambda r: (
            (400, {"detail": "unknown seed; known: model, messages, max_tokens, temperature"})
            if "seed" in r
            else None
        ),
        ["no seed is sent"],
    ),
    "response_format": (lacks("response_format"), []),
    "response_format, in a list": (detail("response_format"), []),
    "schema": (no_schema, []),
    "system": (
        no_system("System role not supported"),
        ["the system's message is put before the first of the user"],
    ),
    "alternating": (
        no_system("Conversation roles must alternate user/assistant/user/assistant/..."),
        ["the system's message is put before the first of the user"],
    ),
    "all at once": (
        everything,
        [
            "max_tokens is sent as max_completion_tokens",
            "no seed is sent",
            "no temperature is sent",
            "the system's message is put before the first of the user",
        ],
    ),
}


@pytest.mark.parametrize("form", ["probe", "schema"])
@pytest.mark.parametrize("kind", DIALECTS)
def test_a_refused_parameter_is_dropped_or_renamed_and_remembered(kind, form):
    refuses, told = DIALECTS[kind]
    counted = []

    def counting(request):
        refused = refuses(request)
        counted.append(bool(refused))
        return refused

    with FaultServer(refuses=counting) as server:
        chat = chat_with(server, form=form)
        for n in range(4):
            reply = chat.complete(ask(n))
            assert reply.ok, reply
            assert reply.attempts == 1, "a refusal is no fault"
        first = sum(counted)
        assert first > 0
        assert chat.complete(ask(9)).ok
        assert sum(counted) == first <= 8, "what was learned is remembered"
    assert sorted(chat.report.to_dict()["server"]) == sorted(told)
    words = server.bodies[-1]["messages"][0]["content"]
    assert words.startswith("Be s.")


def test_a_refusal_of_no_parameter_is_an_error_at_once():
    with FaultServer(refuses=lambda request: (400, {"error": {"message": "no luck"}})) as server:
        chat = chat_with(server, form="schema")
        with pytest.raises(ChatError, match="no luck"):
            chat.complete(ask())
        assert not server.asked


def test_what_is_refused_without_the_parameter_too_is_told_as_it_was():
    words = {"error": {"message": "seed is bad"}}
    with FaultServer(refuses=lambda request: (400, words)) as server:
        chat = chat_with(server, form="schema")
        with pytest.raises(ChatError, match="seed is bad"):
            chat.complete(ask())
        assert chat.backend.told() == [], "nothing was learned from it"


def test_the_key_of_a_request_is_what_was_asked_and_not_how(tmp_path):
    with FaultServer(refuses=everything) as server, Cassette(tmp_path / "c") as cassette:
        reply = chat_with(server, cassette=cassette).complete(ask())
    with Cassette(tmp_path / "c", "strict") as cassette:
        strict = Chat(OpenAIBackend(ChatSettings(model="test")), cassette=cassette)
        assert strict.complete(ask()) == reply


# ---- models that think ---------------------------------------------------------------------------


def thinker(where, needs=500):
    """A script: a model that thinks for so many tokens before it answers."""

    def fate(handler, request):
        allowed = request.get("max_tokens") or request["max_completion_tokens"]
        done = allowed > needs
        data = completion(request, "", "stop" if done else "length")
        good = '{"answer": "x"}' if done else ""
        message = {"role": "assistant", "content": good}
        if where == "field":
            message["reasoning_content"] = "Well, "
        elif where == "text":
            message["content"] = f"<think>Well, {'</think>' + good if done else ''}"
        elif where == "count":
            data["usage"]["completion_tokens_details"] = {"reasoning_tokens": min(needs, allowed)}
        data["choices"][0]["message"] = message
        handler.reply(200, data)

    return lambda request, number: fate


@pytest.mark.parametrize("where", ["field", "text", "count"])
def test_a_model_that_thinks_gets_the_tokens_to_do_so(where):
    with FaultServer(script=thinker(where)) as server:
        chat = chat_with(server, form="schema", reasks=2)
        first = chat.complete(ask(1, max_tokens=160))
        assert first.ok
        assert chat.complete(ask(2, max_tokens=160)).attempts == 1
        assert [body["max_tokens"] for body in server.bodies] == [160, 4256, 4256]
        assert chat.report.to_dict()["server"] == ["4,096 tokens more, to think"]
        assert chat_with(server, form="schema", thinking=600).complete(ask(3, max_tokens=1)).ok


def test_a_budget_reserves_what_may_be_thought():
    with FaultServer(script=thinker("field")) as server:
        chat = chat_with(server, form="schema", thinking=900, budget=Budget(tokens=800))
        with pytest.raises(BudgetError):
            chat.complete(ask(max_tokens=16))


def test_an_empty_answer_is_not_asked_for_with_the_same_seed():
    with FaultServer(
        script=lambda request, n: "empty" if request["seed"] == 5 else "plain"
    ) as server:
        chat = chat_with(server, form="schema")
        reply = chat.complete(ask())
    assert (reply.ok, reply.attempts) == (True, 2)
    first, second = server.bodies
    assert first.pop("seed") != second.pop("seed")
    assert first == second


# ---- names of models, listings -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "asked"),
    [("small:latest", "small"), ("small", "small:latest"), ("models/small", "small")],
)
def test_a_model_is_found_under_its_other_name(listed, asked):
    with FaultServer(models=[listed, asked]) as server:
        server.models = [listed]
        backend = chat_with(server, model=asked, form="schema").backend
        assert backend._check_model() is True


def test_of_a_model_only_its_own_tag_is_taken():
    with FaultServer(models=["small:7b"]) as server, pytest.raises(ChatError, match="small:7b"):
        chat_with(server, model="small", form="schema").check()


# ---- Ctrl-C --------------------------------------------------------------------------------------

CODE = """
import sys, time
from recosim.chat import Chat, ChatRequest, ChatSettings, OpenAIBackend
url, how = sys.argv[1:]
settings = ChatSettings(base_url=url, model="test", form="schema", timeout=600, deadline=600)
chat = Chat(OpenAIBackend(settings))
chat.complete(ChatRequest([("user", "ready")]))
print("ready", flush=True)
requests = [ChatRequest([("user", f"slow {n}")]) for n in range(20)]
try:
    if how == "many":
        chat.complete_all(requests, workers=4)
    else:
        chat.complete(requests[0])
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")
@pytest.mark.parametrize("how", ["many", "one"])
def test_ctrl_c_ends_calls_under_way_at_once(how):
    def heeds_interrupts():  # even where the tests run in the background, which ignores them
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def trickle(handler, request):
        for _ in range(3000):
            handler.connection.sendall(b"H")
            time.sleep(0.2)

    def script(request, number):
        return "plain" if "ready" in str(request["messages"]) else trickle

    with FaultServer(script=script) as server:
        root = str(Path(__file__).resolve().parent.parent.parent)
        process = subprocess.Popen(
            [sys.executable, "-c", CODE, server.url, how],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root},
            preexec_fn=heeds_interrupts,
        )  # fmt: skip
        assert process.stdout.readline() == "ready\n"
        give_up = time.monotonic() + 60
        while sum(server.asked.values()) < 2 and time.monotonic() < give_up:
            time.sleep(0.02)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        assert said == "interrupted\n"
        assert process.returncode == 0
        assert time.monotonic() - start < 10  # the calls would take ten minutes


# ---- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["sk-a\nb", "sk a", "sk-\x00", "schlüssel", "k" * 9000])
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(key):
    with pytest.raises(OptionError, match="the key") as caught:
        ChatSettings(api_key=key)
    assert key not in str(caught.value)
    assert ChatSettings(api_key=" sk-ab\n").api_key == "sk-ab"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://me:secret@here/v1", "me:secret@here", "http://me:secret@", "http://me:secret@here:port",
        "http://me:secret@[::1/v1", "http://me:secret@he re/v1", "http:///v1?key=secret",
        "http://me:secret@here\n.org", f"http://me:secret@{'a' * 70}.org", "http://" + "a" * 3000,
        "javascript:secret", "http://me:secret@here\\there",
    ],
)  # fmt: skip
def test_a_url_that_is_none_is_refused_without_its_password(url):
    with pytest.raises(OptionError, match="base_url") as caught:
        ChatSettings(base_url=url)
    text = str(caught.value)
    assert "secret" not in text.replace("javascript:secret", "")
    assert len(text) < 300


def test_key_and_password_are_taken_out_of_every_text(monkeypatch):
    settings = ChatSettings(base_url="http://me:p4ss%20word@127.0.0.1:9/v1", api_key="sk-12345678")
    words = "sk-12345678 p4ss%20word p4ss word bWU6cDRzcyB3b3Jk http://u:v@proxy/ \x1b[31m"
    said = settings.scrub(words)
    for secret in ("sk-1", "p4ss", "bWU6", "u:v", "\x1b"):
        assert secret not in said
    assert "p4ss" not in repr(settings)
    assert "12345678" not in repr(settings)
    chat = Chat(OpenAIBackend(ChatSettings(base_url=settings.base_url, model="m", api_key="k")))
    with pytest.raises(ChatError) as caught:
        chat.check()
    assert "p4ss" not in str(caught.value)
    monkeypatch.setenv("HTTP_PROXY", "socks9://me:p4ss@there:1")
    with pytest.raises(ChatError, match="HTTP_PROXY") as caught:
        Chat(OpenAIBackend(ChatSettings(base_url="http://10.0.0.1/v1", model="m"))).check()
    assert "p4ss" not in str(caught.value)


def test_every_setting_can_come_from_the_environment(monkeypatch):
    values = {
        "form": "json", "tokens_field": "max_completion_tokens", "thinking": 7, "timeout": 1.5,
        "deadline": 2.5, "attempts": 3, "pause": 0.25, "longest_pause": 4.0, "reasks": 0,
        "max_bytes": 2048, "price_in": 0.5, "price_out": 1.5,
    }  # fmt: skip
    usual = ChatSettings().to_dict()
    assert set(values) == set(usual) - {"base_url", "model"}
    for name, value in values.items():
        monkeypatch.setenv(f"RECOSIM_LLM_{name.upper()}", str(value))
    assert {name: ChatSettings().to_dict()[name] for name in values} == values
    assert ChatSettings(timeout=60.0).timeout == 60.0, "what is given comes first"
    monkeypatch.setenv("RECOSIM_LLM_TIMEOUT", "soon")
    with pytest.raises(OptionError, match="RECOSIM_LLM_TIMEOUT is 'soon'"):
        ChatSettings()


def test_settings_of_a_server_stand_on_cards_and_with_agents():
    from recosim.agents.registry import make_agent
    from recosim.users.llm_settings import llm_settings

    given = llm_settings(
        {"decides": "answers", "timeout": 5, "price_in": 2.0, "base_url": "http://h/v1"}
    )
    server = given.open().backend.settings
    assert (server.timeout, server.price_in, server.base_url) == (5, 2.0, "http://h/v1")
    with pytest.raises(UnknownNameError, match="timeout"):
        llm_settings({"timeouts": 5})
    with pytest.raises(UnknownNameError, match="api_key"):
        llm_settings({"api_key": "no card holds one"})
    assert make_agent("llm", timeout=5)._server().timeout == 5
    with pytest.raises(UnknownNameError, match="attempts"):
        make_agent("llm", attempt=5)


def test_a_refused_proxy_is_named(monkeypatch):
    with FaultServer() as proxy:
        where = proxy.url.removesuffix("/v1")
        monkeypatch.setenv("HTTPS_PROXY", where.replace("//", "//me:p4ss@"))
        settings = ChatSettings(base_url="https://api.example.org/v1", model="m", timeout=5)
        with pytest.raises(ChatError, match=r"the proxy \(HTTPS_PROXY: 127") as caught:
            Chat(OpenAIBackend(settings)).check()
    assert "p4ss" not in str(caught.value)


def test_json_of_errors_is_bounded():
    words = json.dumps({"error": {"message": "z" * 10_000, "param": "q" * 10_000}})
    with FaultServer(refuses=lambda request: (400, words.encode())) as server:
        with pytest.raises(ChatError) as caught:
            chat_with(server, form="schema").complete(ask())
        assert len(str(caught.value)) < 1000
