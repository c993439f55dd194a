"""Ways in which servers answer, refuse, break and harm: each is read, or named for what it is.

Each kind is met over a socket, in every attempt. It ends in an answer, in a refusal, in a fault of
its name, or in a `ChatError`; within its time, with a message of bounded length, without the key.
"""

from __future__ import annotations

import gzip
import json
import re
import time
import zlib

import pytest
from chat.fault_server import FaultServer, completion, say
from pydantic import BaseModel, ConfigDict

from recosim.chat import Budget, Cassette, Chat, ChatRequest, ChatSettings, OpenAIBackend
from recosim.errors import ChatError

pytest.importorskip("openai", reason="the extra [llm] is not installed")

KEY = "sk-1234567890abcdef"
TIMEOUT = 1.0


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")
    answer: str


ASK = ChatRequest([("system", "s"), ("user", "well?")], answer=Form, seed=3, temperature=0.5)
GOOD = '{"answer": "x"}'


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "RECOSIM_LLM_MODEL"):
        monkeypatch.delenv(name, raising=False)


def settings_for(server, **more):
    given = {
        "base_url": server.url, "model": "test", "api_key": KEY, "form": "schema", "pause": 0.001,
        "attempts": 2, "reasks": 0, "timeout": TIMEOUT, "deadline": 8.0, **more,
    }  # fmt: skip
    return ChatSettings(**given)


def meet(fate, *, cassette=None, budget=None, refuses=None, **more):
    """(the reply or the error, the chat, the server) of a request that meets one fate."""
    start = time.monotonic()
    with FaultServer(script=lambda request, number: fate, refuses=refuses) as server:
        chat = Chat(OpenAIBackend(settings_for(server, **more)), cassette=cassette, budget=budget)
        try:
            came = chat.complete(ASK)
        except ChatError as error:
            came = error
        took = time.monotonic() - start
    assert took < 10
    text = str(came) + json.dumps(chat.report.to_dict())
    assert KEY not in text
    assert len(text) < 6000
    return came, chat, server


# ---- bodies --------------------------------------------------------------------------------------


def body(content=None, finish="stop", **message):
    """A fate: a completion with a message of these fields."""

    def fate(handler, request):
        data = completion(request, "", finish)
        data["choices"][0]["message"] = {"role": "assistant", "content": content, **message}
        handler.reply(200, data)

    return fate


def raw(data, status=200, kind="application/json", **headers):
    """A fate: these bytes."""

    def fate(handler, request):
        sent = data if isinstance(data, bytes) else data.encode()
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(sent)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(sent)

    return fate


def packed(name, pack, data=None):
    def fate(handler, request):
        plain = data or json.dumps(completion(request, GOOD)).encode()
        raw(pack(plain), Content_Encoding=name)(handler, request)

    return fate


def events(*parts, done=True, **last):
    lines = [f"data: {json.dumps({'choices': [{'delta': {'content': part}}]})}" for part in parts]
    lines.append(f"data: {json.dumps({'choices': [{'delta': {}, **last}]})}")
    return "\n\n".join([": keep alive", *lines, *["data: [DONE]"] * done]) + "\n\n"


def flat(plain):
    made = zlib.compressobj(wbits=-15)
    return made.compress(plain) + made.flush()


def call(arguments):
    return [{"id": "c", "type": "function", "function": {"name": "answer", "arguments": arguments}}]


ANALYSIS, FINAL = "<|channel|>analysis<|message|>", "<|channel|>final<|message|>"
PLAIN = completion({"messages": [], "model": "test"}, GOOD)
MESSAGE = json.dumps({"choices": [{"message": {"content": GOOD}}]})
HTTP = b"HTTP/1.1 200 OK\r\n"
READ = {
    "reasoning beside": body(GOOD, reasoning_content="Maybe {}?"),
    "in reasoning_content": body("", reasoning_content=GOOD),
    "in reasoning": body(None, reasoning=f"I think.\n{GOOD}"),
    "in the arguments of a tool call": body(None, "tool_calls", tool_calls=call(GOOD)),
    "arguments as an object": body(None, "tool_calls", tool_calls=call({"answer": "x"})),
    "in a function call": body(None, function_call={"name": "answer", "arguments": GOOD}),
    "a JSON string": body(json.dumps(GOOD)),
    "content as an object": body({"answer": "x"}),
    "content in parts": body([{"type": "text", "text": '{"answer":'}, {"text": ' "x"}'}]),
    "a part that thinks": body(
        [{"type": "thinking", "thinking": []}, {"type": "text", "text": GOOD}]
    ),
    "after an analysis": body(f"{ANALYSIS}{{?}}<|end|><|start|>assistant{FINAL}{GOOD}<|return|>"),
    "constrained final": body(f"<|channel|>final <|constrain|>json<|message|>{GOOD}"),
    "harmony without tokens": body(f"analysisWe need JSON.assistantfinal{GOOD}"),
    "keys too many": body('{"answer": "x", "sure": 1, "why": {}}'),
    "in a list": body(f"[{GOOD}]"),
    "in an object": body(f'{{"response": {GOOD}}}'),
    "a stop token": body(f"{GOOD}<|im_end|>"),
    "a stop token and more": body(f"{GOOD}</s><|im_start|>user\nAnd {{now}}?"),
    "tokens around": body(f"<|im_start|>assistant\n{GOOD}<|eot_id|>"),
    "fenced thinking": body(f"<think>```{{}}```</think>```json\n{GOOD}\n```"),
    "a byte order mark": raw(b"\xef\xbb\xbf" + json.dumps(PLAIN).encode()),
    "blanks before": raw("\n\n  " + json.dumps(PLAIN)),
    "streamed though nobody asked": raw(
        events(*GOOD, finish_reason="stop"), kind="text/event-stream"
    ),
    "of the older protocol": raw(
        json.dumps({"choices": [{"text": GOOD, "finish_reason": "stop"}]})
    ),
    "no usage": raw(MESSAGE),
    "usage null": raw(json.dumps({"choices": [{"message": {"content": GOOD}}], "usage": None})),
    "a codec that unpacks": raw(MESSAGE, kind="application/json; charset=zlib_codec"),
    "no content type": raw(MESSAGE, kind=""),
    "error null": raw(json.dumps({"error": None, "choices": [{"message": {"content": GOOD}}]})),
    "packed though not asked": packed("gzip", gzip.compress),
    "deflated": packed("deflate", zlib.compress),
    "deflated without a header": packed("deflate", flat),
}


@pytest.mark.parametrize("kind", READ)
def test_an_answer_is_read(kind):
    came, _, _ = meet(READ[kind])
    assert getattr(came, "outcome", came) == "ok", (kind, came)
    assert came.value == Form(answer="x")
    assert came.attempts == 1


# 50 MB in 49 kB.
BOMB = gzip.compress(b'{"choices": [{"message": {"content": "' + b"a" * 50_000_000)
ERROR = {"message": "model is overloaded", "code": 503}
NAMED = {
    "an error in a 200": (raw(json.dumps({"error": ERROR})), "server_error", "overloaded"),
    "an error in a choice": (
        raw(json.dumps({"choices": [{"error": {"message": "gone", "code": 502}}]})),
        "server_error",
        "gone",
    ),
    "a limit in a 200": (
        raw(json.dumps({"error": {"message": "slow", "code": 429}})),
        "rate_limited",
        "slow",
    ),
    "an error as a word": (raw(json.dumps({"error": "out of memory"})), "server_error", "memory"),
    "an error as an object": (
        raw(json.dumps({"object": "error", "message": "CUDA"})),
        "server_error",
        "CUDA",
    ),
    "detail in a 200": (raw(json.dumps({"detail": "not ready"})), "server_error", "not ready"),
    "an error in a stream": (
        raw(f"data: {json.dumps({'error': ERROR})}\n\n"),
        "server_error",
        "overloaded",
    ),
    "a stream that ends": (raw(events("{", done=False)), "malformed", "did not come to its end"),
    "an empty body": (raw(""), "malformed", "nothing is in it"),
    "a page": (
        raw("<html><title>Log in</title>", kind="text/html"),
        "malformed",
        "a page for people",
    ),
    "half of the JSON": (raw('{"choices": [{"mess'), "malformed", "no JSON"),
    "a list": (raw("[]"), "malformed", "another type"),
    "a number": (raw("7"), "malformed", "another type"),
    "deep JSON": (raw("[" * 100_000), "malformed", "no JSON"),
    "choices null": (raw('{"choices": null}'), "malformed", "choices"),
    "a choice that is none": (raw('{"choices": [null]}'), "malformed", "choices"),
    "no message": (raw('{"choices": [{}]}'), "malformed", "choices"),
    "content that is a number": (body(5), "malformed", "choices"),
    "of another protocol": (
        raw('{"candidates": [{"content": {}}]}'),
        "malformed",
        "is /v1 in base_url",
    ),
    "of Ollama's own": (
        raw('{"model": "m", "response": "x", "done": true}'),
        "malformed",
        "is /v1",
    ),
    "packed otherwise": (packed("br", bytes), "malformed", "packed as 'br'"),
    "packed twice": (packed("gzip, gzip", gzip.compress), "malformed", "packed as"),
    "packed and damaged": (
        packed("gzip", lambda plain: b"\x1f\x8b" + plain),
        "malformed",
        "damaged",
    ),
    "packed and cut": (
        packed("gzip", lambda plain: gzip.compress(plain)[:-20]),
        "malformed",
        "ended in the middle",
    ),
    "a bomb": (raw(BOMB, Content_Encoding="gzip"), "too_large", "1,000,000 bytes"),
    "a bomb in an error": (raw(BOMB, 500, Content_Encoding="gzip"), "too_large", "1,000,000"),
    "nothing": (body(""), "empty", "empty"),
    "nothing but thinking": (body("<think>Hm.</think>"), "empty", "empty"),
    "nothing but an analysis": (body("<|channel|>analysis<|message|>Hm."), "empty", "empty"),
    "two calls": (body(None, tool_calls=call(GOOD) * 2), "empty", "empty"),
    "500 with a page": (
        raw("<html><h1>Bad gateway</h1>", 502, "text/html"),
        "server_error",
        "Bad gateway",
    ),
    "too early": (raw("{}", 425), "server_error", "425"),
    "overloaded": (raw("{}", 529), "server_error", "529"),
    "an error that echoes the key": (
        raw(f"key {KEY} is slow", 500),
        "server_error",
        r"key \[key\]",
    ),
    "an error of a megabyte": (raw("x" * 900_000, 500), "server_error", "xxx"),
    "an error of 2 MB": (raw("x" * 2_000_000, 500), "too_large", "1,000,000"),
    "a control sequence": (
        raw('{"error": {"message": "\\u001b]52;c;aGk=\\u0007"}}', 500),
        "server_error",
        "52",
    ),
    "other JSON": (body('{"reply": 7}'), "wrong_schema", "answer: missing"),
    "prose": (body("I would rather talk."), "not_json", "not JSON"),
    "cut by its limit": (body('{"answer": "x', "length"), "cut_off", "limit of tokens"),
    "cut, in other words": (body('{"answer": "x', "MAX_TOKENS"), "cut_off", "limit of tokens"),
    "a string of nothing": (body('"hello"'), "wrong_schema", "answer"),
}


@pytest.mark.parametrize("kind", NAMED)
def test_a_fault_is_named(kind):
    fate, fault, said = NAMED[kind]
    came, chat, server = meet(fate)
    assert getattr(came, "outcome", came) in ("failed", "invalid"), came
    assert re.search(said, came.detail), came.detail
    assert "\x1b" not in came.detail
    seen = chat.report.to_dict()["faults"]["seen"]
    assert set(seen) == {fault}
    bad_answer = fault in ("not_json", "wrong_schema", "cut_off")
    assert sum(server.asked.values()) == (1 if bad_answer else 2)


def lines(*sent, pause=0.0, times=1):
    """A fate: pieces of bytes with pauses, over and over, until the caller hangs up."""

    def fate(handler, request):
        try:
            for _ in range(times):
                for piece in sent:
                    handler.connection.sendall(piece)
                    time.sleep(pause)
        except OSError:
            pass

    return fate


TRANSPORT = {
    "no HTTP": (lines(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "disconnected"),
    "closed without a word": (lines(), "disconnected"),
    "a status that is none": (lines(b"HTTP/1.1 abc OK\r\n\r\n"), "disconnected"),
    "a length that is none": (lines(HTTP + b"Content-Length: many\r\n\r\n{}"), "disconnected"),
    "two lengths": (
        lines(HTTP + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        "disconnected",
    ),
    "chunks that are none": (
        lines(HTTP + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"),
        "disconnected",
    ),
    "headers without end": (
        lines(HTTP, b"X-A: " + b"a" * 8000 + b"\r\n", times=50),
        "disconnected",
    ),
    "a header byte now and then": (lines(b"H", pause=0.2, times=100), "timed_out"),
    "a header line now and then": (lines(HTTP, *[b"X-A: b\r\n"] * 100, pause=0.2), "timed_out"),
    "continue, and continue": (
        lines(b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.05, times=400),
        "timed_out",
    ),
    "a body byte now and then": (
        lines(HTTP + b"Content-Length: 99\r\n\r\n", *[b" "] * 100, pause=0.2),
        "timed_out",
    ),
    "a chunk now and then": (
        lines(HTTP + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\n \r\n"] * 100, pause=0.2),
        "timed_out",
    ),
    "silence": (lines(b"", pause=30), "timed_out"),
    "silence after the headers": (
        lines(HTTP + b"Content-Length: 9\r\n\r\n", pause=30),
        "timed_out",
    ),
}


@pytest.mark.parametrize("kind", TRANSPORT)
def test_a_broken_call_ends_in_time(kind):
    fate, fault = TRANSPORT[kind]
    start = time.monotonic()
    came, chat, _ = meet(fate, timeout=0.6)
    assert came.outcome == "failed"
    assert set(chat.report.to_dict()["faults"]["seen"]) == {fault}, came.detail
    assert time.monotonic() - start < 6  # two attempts of .6 s, on a machine that does much else


def redirect(status, to):
    return lambda handler, request: raw("{}", status, Location=to)(handler, request)


ERRORS = {
    "another host": (
        redirect(307, "http://127.0.0.2:9/v1/chat/completions?t=1"),
        "another one: http://127.0.0.2:9/v1",
    ),
    "another port": (
        redirect(308, "http://127.0.0.1:9/v1/chat/completions"),
        "Nothing was sent there",
    ),
    "another host, by get": (
        redirect(302, "https://example.org/"),
        "another one: https://example.org/",
    ),
    "moved, by get": (redirect(301, "/v2/chat/completions"), "moved"),
    "a circle": (redirect(307, "/v1/chat/completions"), "in a circle"),
    "nowhere": (redirect(307, ""), "redirects|circle|refuses"),
    "no longer": (raw("{}", 304), "redirects"),
    "a proxy that asks": (raw("Proxy auth", 407), "A proxy wants to know"),
    "a proxy's page": (
        raw("<html><title>Blocked by policy</title>", 403, "text/html"),
        "Blocked by policy.*Is base_url",
    ),
    "no credit": (raw("{}", 402), "no credit"),
    "no such method": (raw("{}", 405), "405"),
    "too long": (
        raw('{"error": {"message": "maximum context length is 512"}}', 400),
        "context length",
    ),
    "too long a prompt": (raw("{}", 413), "too long"),
    "a validation": (
        raw('{"detail": [{"loc": ["body", "model"], "msg": "no such"}]}', 422),
        "body.model: no such",
    ),
    "an error in a 200 that is ours": (
        raw('{"error": {"message": "bad key", "code": 401}}'),
        "accept the key",
    ),
    "a long error": (raw(json.dumps({"error": {"message": "y" * 500_000}}), 404), "yyy"),
    "an error in errors": (
        raw('{"error": {"error": {"error": {"message": "deep"}}}}', 404),
        "deep",
    ),
    "an error that is a list": (
        raw('[{"error": {"message": "in a list", "code": 404}}]', 404),
        "in a list",
    ),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_of_the_settings_is_named(kind):
    fate, said = ERRORS[kind]
    came, _, _ = meet(fate)
    assert isinstance(came, ChatError), came
    assert re.search(said, str(came)), came
    assert len(str(came)) < 1200


@pytest.mark.parametrize(
    "fate",
    [
        body("", "content_filter"), body(GOOD, "SAFETY"), body(None, refusal="No."),
        body([{"type": "refusal", "refusal": "No."}]), raw('{"choices": [], "usage": {}}'),
        raw(json.dumps({"error": {"innererror": {"code": "ResponsibleAIPolicyViolation"}}}), 400),
        body(None, refusal="No! " * 10_000),
    ],
)  # fmt: skip
def test_a_refusal_is_one_and_short(fate):
    came, _, _ = meet(fate)
    assert came.outcome == "refused"
    assert 0 < len(came.detail) <= 1000


# ---- numbers, keys, other models -----------------------------------------------------------------


@pytest.mark.parametrize(
    "count", ["9" * 400, "-5", "1e300", "Infinity", "NaN", '"12"', "true", "[]", "10000001", "0"]
)
def test_a_count_that_can_be_none_is_estimated(count):
    usage = f'{{"prompt_tokens": {count}, "completion_tokens": {count}}}'
    sent = f'{{"choices": [{{"message": {{"content": {json.dumps(GOOD)}}}}}], "usage": {usage}}}'
    came, chat, _ = meet(raw(sent), budget=Budget(tokens=1000))
    assert came.ok
    assert 0 < chat.budget.spent.tokens < 200
    assert chat.report.to_dict()["tokens"]["uncounted_answers"] == 1


def test_counts_that_can_be_are_taken():
    usage = {"prompt_tokens": 11.0, "completion_tokens": 7}
    sent = {"choices": [{"message": {"content": GOOD}}], "usage": usage}
    came, chat, _ = meet(raw(json.dumps(sent)))
    assert (came.prompt_tokens, came.completion_tokens) == (11, 7)
    assert chat.report.to_dict()["tokens"]["uncounted_answers"] == 0


def test_a_bomb_is_neither_stored_nor_booked(tmp_path):
    bomb = raw(BOMB, Content_Encoding="gzip")
    with Cassette(tmp_path / "c") as cassette:
        came, chat, _ = meet(bomb, cassette=cassette, budget=Budget(tokens=1000))
        assert came.outcome == "failed"
        assert len(cassette) == 0
    assert chat.budget.spent.tokens <= 1000


def test_an_answer_from_another_model_is_noted(tmp_path):
    data = completion({"messages": [], "model": "cheap-model"}, GOOD)
    with Cassette(tmp_path / "c") as cassette:
        came, chat, _ = meet(raw(json.dumps(data)), cassette=cassette)
        assert came.ok
        assert chat.report.to_dict()["other_models"] == {"cheap-model": 1}
    with Cassette(tmp_path / "c", "strict") as cassette:  # what is replayed says so too
        again = Chat(OpenAIBackend(ChatSettings(model="test")), cassette=cassette)
        assert again.complete(ASK) == came
        assert again.report.to_dict()["other_models"] == {"cheap-model": 1}


def test_a_key_that_a_model_repeats_is_stored_nowhere(tmp_path):
    path = tmp_path / "c"
    with Cassette(path) as cassette:
        came, _, _ = meet(body(json.dumps({"answer": f"use {KEY}"})), cassette=cassette)
    assert came.value == Form(answer="use [key]")
    assert KEY.encode() not in path.read_bytes()


def test_a_whole_run_of_trickles_is_bounded():
    fate = TRANSPORT["a header byte now and then"][0]
    with FaultServer(script=lambda request, number: fate) as server:
        chat = Chat(OpenAIBackend(settings_for(server, timeout=0.3, deadline=1.0)))
        start = time.monotonic()
        requests = [ChatRequest([("user", str(n))], answer=Form) for n in range(8)]
        replies = chat.complete_all(requests, workers=8)
        assert time.monotonic() - start < 6
    assert {reply.outcome for reply in replies} == {"failed"}


def test_the_usual_answer_is_as_it_was():
    came, _, server = meet("plain")
    assert came.value.answer == json.loads(say(server.bodies[0]))["answer"]
