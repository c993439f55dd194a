"""Answers of servers, changed at random: each is read rightly, or named in a bounded text.

What a server sends goes through all that reads it (status, body, clothes, JSON, form, budget,
cassette), without a socket: those are in `tests/chat`. Input n of a seed is the same everywhere.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from recosim.chat import Budget, Cassette, Chat, ChatRequest, ChatSettings
from recosim.chat.backend import Answer
from recosim.chat.completion import MOST_TOKENS, read_body
from recosim.chat.failures import Refused, error_in, raise_status, said_of
from recosim.errors import ChatError

KEY = "sk-1234567890abcdef"
SEED = 16


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")
    act: Literal["yes", "no"]
    words: str


ASK = ChatRequest([("system", "s"), ("user", "well?")], answer=Form, seed=1)
GOOD = json.dumps({"act": "no", "words": 'Not "that" {one}, é.'})
CLOTHES = (
    "{}", "<think>yes? {{}}</think>{}", "```json\n{}\n```", "It is {} then.", "{}<|im_end|>",
    "<|channel|>analysis<|message|>Hm<|end|><|start|>assistant<|channel|>final<|message|>{}",
    "analysisHm.assistantfinal{}", "[{}]", '{{"response": {}}}', "\ufeff{}", "</s>{}",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 7, 1e308, 10**30, "", "x", KEY, "no", [], {}, [[]], [None], {"text": GOOD},
    "\x1b]52;c;aGk=\x07", "\ud800", "é" * 50, "[/]", GOOD, {"error": "x"}, float("nan"),
)  # fmt: skip
PIECES = (
    b"[" * 3000, b'{"a":' * 3000, b"9" * 5000, b"\xff\xfe", b"\x00", b"\\ud800", b'"', b"}", b"]",
    b"NaN", b"-Infinity", b"1e999", b"data: ", b"\r\n\r\n", b"<html>", b"<think>", b"```",
    KEY.encode(),
)  # fmt: skip
STATUSES = (200,) * 40 + (400, 401, 403, 404, 408, 409, 422, 429, 500, 503)


def completion(rng: random.Random) -> Any:
    """A body as one of the servers there are would write it."""
    good = GOOD
    if rng.random() < 0.3:
        good = changed_bytes(good.encode(), rng).decode("utf-8", "replace")
    text: Any = rng.choice(CLOTHES).format(good)
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    way = rng.randrange(8)
    if way == 0:
        message |= {"content": None, "reasoning_content": text}
    elif way == 1:
        call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": GOOD}}
        message |= {"content": None, "tool_calls": [call]}
    elif way == 2:
        message["content"] = [{"type": "text", "text": text}]
    elif way == 3:
        message["content"] = json.dumps(GOOD)
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    usage = {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14}
    if rng.random() < 0.06:
        message["refusal"] = f"I cannot help with {KEY}."
    if rng.random() < 0.06:
        code = rng.choice((429, 401, "x", None, "content_filter"))
        return {"error": {"message": f"key {KEY}", "code": code, "param": "p"}}
    return {"id": "c", "model": "test", "choices": [choice], "usage": usage}


def changed_value(data: Any, rng: random.Random) -> Any:
    """The same with one value, somewhere in it, of another kind, away, or twice."""
    if isinstance(data, dict) and data and rng.random() < 0.85:
        key = rng.choice(list(data))
        rest = {k: v for k, v in data.items() if k != key}
        what = rng.random()
        if what < 0.1:
            return rest
        if what < 0.2:
            return {**rest, rng.choice(("error", "detail", "content", "x" * 300)): data[key]}
        return {**rest, key: changed_value(data[key], rng)}
    if isinstance(data, list) and data and rng.random() < 0.85:
        at = rng.randrange(len(data))
        what = rng.random()
        if what < 0.2:
            return data * 2 if what < 0.1 else data[:at]
        return [*data[:at], changed_value(data[at], rng), *data[at + 1 :]]
    if isinstance(data, str) and data and rng.random() < 0.6:
        return changed_bytes(data.encode("utf-8", "replace"), rng).decode("utf-8", "replace")
    return rng.choice(VALUES)


def changed_bytes(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    what = rng.randrange(5)
    if what == 0:
        return data[:at]
    if what == 1:
        return data[:at] + rng.choice(PIECES) + data[at:]
    if what == 2:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    if what == 3:
        return data[:at] + data[at + rng.randrange(40) :]
    return data[at:] + data[:at]


def sent(n: int) -> tuple[int, bytes]:
    """(status, body) of input n."""
    rng = random.Random(SEED * 1_000_003 + n)
    data = completion(rng)
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        data = changed_value(data, rng)
    body = json.dumps(data).encode("utf-8", "surrogatepass")
    if rng.random() < 0.1:
        body = b"data: " + body + b"\n\ndata: [DONE]\n"
    for _ in range(rng.choice((0, 0, 0, 0, 0, 1, 2))):
        body = changed_bytes(body, rng)
    return rng.choice(STATUSES), body


class Sender:
    """A backend whose server sends one thing."""

    def __init__(self, status: int, body: bytes) -> None:
        self.settings = ChatSettings(
            base_url="http://127.0.0.1:9/v1", api_key=KEY, model="test", attempts=1, reasks=0
        )
        self.status, self.body = status, body

    def check(self, budget: Budget) -> Any:
        from recosim.chat.budget import Spending

        return Spending()

    def send(self, request: ChatRequest, seconds: float) -> Answer:
        if self.status == 200:
            return read_body(self.body, request, self.settings)[0]
        try:
            raise_status(self.settings, self.status, said_of(self.body), {"retry-after": "1e400"})
        except Refused as refusal:
            return Answer("", refusal=str(refusal))


def plain_answer(status: int, body: bytes) -> Form | None:
    """What is in a body that is as the protocol has it, read without any of what is tested."""
    try:
        data = json.loads(body)
        if status != 200 or error_in(data) is not None:
            return None
        (choice,) = data["choices"]
        message = choice["message"]
        if message.get("refusal") or choice["finish_reason"] != "stop":
            return None
        return Form.model_validate(json.loads(message["content"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ValidationError):
        return None


def check_inputs(count: int, tmp_path: Any) -> Counter[str]:
    ended: Counter[str] = Counter()
    cassette = Cassette(tmp_path / "fuzz.cassette")
    for n in range(count):
        status, body = sent(n)
        stored = cassette if n % 20 == 0 else None
        chat = Chat(Sender(status, body), cassette=stored, budget=Budget(tokens=10**9))
        request = ASK if stored is None else ChatRequest(ASK.messages, answer=Form, seed=n)
        told = ""
        try:
            reply = chat.complete(request)
        except ChatError as error:
            told = str(error)
        if told:
            assert len(told) < 1500, n
            assert KEY not in told, n
            ended["ChatError"] += 1
            continue
        ended[reply.outcome] += 1
        spent = chat.budget.spent.tokens
        assert isinstance(spent, int), n
        assert 0 <= spent <= 2 * MOST_TOKENS, n
        assert KEY not in reply.detail + reply.text + str(reply.value), n
        assert len(reply.detail) <= 1500, n
        assert reply.detail.isprintable(), n
        assert (reply.value is None) == (reply.outcome != "ok"), n
        plain = plain_answer(status, body)
        if plain is not None and KEY not in plain.words:
            assert reply.value == plain, n
        if reply.ok:
            assert type(reply.value) is Form, n
        if stored is not None and reply.outcome != "failed":
            again = Chat(Sender(500, b""), cassette=cassette).complete(request)
            assert again == reply, n
    cassette.close()
    return ended


def check_ways(ended: Counter[str], count: int) -> None:
    print(f"{count} answers: {dict(ended)}")
    assert sum(ended.values()) == count
    for way in ("ok", "invalid", "failed", "refused", "ChatError"):
        assert ended[way] > count / 200, "every way to end is met"


def test_a_thousand_changed_answers(tmp_path):
    check_ways(check_inputs(1_000, tmp_path), 1_000)


@pytest.mark.slow
def test_ten_thousand_changed_answers(tmp_path):
    check_ways(check_inputs(10_000, tmp_path), 10_000)
