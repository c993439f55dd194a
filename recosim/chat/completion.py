"""`read_body`: the answer in the body of a response, in the ways in which servers write one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from recosim.chat.answers import without_thinking
from recosim.chat.backend import Answer, ChatFault, estimate_tokens, prompt_estimate
from recosim.chat.failures import Refused, error_in, raise_status
from recosim.chat.request import ChatRequest
from recosim.chat.settings import ChatSettings

__all__ = ["MOST_TOKENS", "read_body"]

# A count beyond is not believed: ten times what the longest prompt of any model holds.
MOST_TOKENS = 10_000_000
LONGEST_REFUSAL = 1000  # characters
STOPPED = frozenset(("length", "max_tokens", "max_output_tokens", "model_length"))
HELD_BACK = frozenset((
    "content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "refusal",
    "moderation",
))  # fmt: skip
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


def read_body(body: bytes, request: ChatRequest, settings: ChatSettings) -> tuple[Answer, bool]:
    """(the answer in the body of a response with status 200, whether the model thought before it).

    Beside the plain chat completion are read: one that was streamed though nobody asked; content in
    parts; an answer in the arguments of a tool call; where there is no content and a form is asked
    for, the answer in the field of the reasoning. An error in the body is what its code stands for.

    Raises:
        ChatFault: "malformed": it is not a chat completion, or not a whole one; or the error's.
        ChatError: the error in the body is one of the settings.
    """
    try:
        data = _load(body)
        if (said := error_in(data)) is not None:
            status = int(said.code) if re.fullmatch(r"[45]\d\d", said.code) else 500
            try:
                raise_status(settings, status, said, {})
            except Refused as held:
                return Answer("", refusal=str(held)), False
        choices = data["choices"]
        if not isinstance(choices, list):
            raise TypeError("choices is no list")
        # A filter of some gateways leaves none.
        choice = choices[0] if choices else {"message": {"refusal": "there are no choices"}}
        message = choice.get("message")
        if message is None and isinstance(choice.get("text"), str):  # of the older protocol
            message = {"content": choice["text"]}
        finish = choice.get("finish_reason")
        finish = finish.lower() if isinstance(finish, str) else ""
        text, refusal, thought = _content(message, request, finish in STOPPED)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        shape, cause = _shape(body, settings), settings.scrub(repr(error), 80)
        told = f"the body is no chat completion: {shape} ({cause})"
        raise ChatFault("malformed", told, billed=True) from None
    if finish in HELD_BACK and not refusal:
        refusal = "a content filter held the answer back"
    usage = data.get("usage")
    read, written = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    # What is not counted is 0 with some servers; a budget would have no end.
    read = read or None
    written = None if not written and text else written
    named = data.get("model")
    other = isinstance(named, str) and named and named != settings.model
    answer = Answer(
        text="" if refusal else settings.scrub.answer(_clean(text)),
        refusal=settings.scrub(refusal, LONGEST_REFUSAL),
        complete=finish not in STOPPED,
        prompt_tokens=prompt_estimate(request) if read is None else read,
        completion_tokens=estimate_tokens(_clean(text)) if written is None else written,
        counted=read is not None and written is not None,
        model=settings.scrub(str(named), 200) if other else "",
    )
    details = usage.get("completion_tokens_details") if isinstance(usage, dict) else None
    thought = thought or bool(_count(details, "reasoning_tokens"))
    return answer, thought or without_thinking(text) != text.strip()


def _load(body: bytes) -> Any:
    """The JSON value of a body; of one that was streamed, what its events come to."""
    start = body[:3000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"data:", b"event:", b"id:", b":")):
        return _joined(body)
    return json.loads(body)


def _joined(body: bytes) -> Any:
    """One completion of the events of a stream.

    Raises:
        ValueError: it is none, or did not come to its end.
    """
    content: dict[str, list[str]] = {}
    calls: dict[Any, list[str]] = {}
    whole: dict[str, Any] = {}
    finish: Any = None
    ended = False
    for data in _events(body):
        if data == "[DONE]":
            ended = True
            break
        event = json.loads(data)
        if error_in(event) is not None:
            return event
        whole.update({name: event[name] for name in ("model", "usage") if event.get(name)})
        for choice in (event.get("choices") or [])[:1]:
            delta = choice.get("delta") or choice.get("message") or {}
            for name in ("content", "refusal", *_THOUGHTS):
                if isinstance(delta.get(name), str):
                    content.setdefault(name, []).append(delta[name])
            for call in delta.get("tool_calls") or ():
                said = (call.get("function") or {}).get("arguments") or ""
                calls.setdefault(call.get("index", 0), []).append(said)
            finish = choice.get("finish_reason") or finish
    if not ended and finish is None:
        raise ValueError("a stream that did not come to its end")
    message: dict[str, Any] = {name: "".join(parts) for name, parts in content.items()}
    message["tool_calls"] = [{"function": {"arguments": "".join(c)}} for c in calls.values()]
    return {**whole, "choices": [{"message": message, "finish_reason": finish}]}


def _events(body: bytes) -> Iterator[str]:
    for line in body.decode("utf-8-sig").splitlines():
        if line.startswith("data:"):
            yield line[5:].strip()


def _content(message: Any, request: ChatRequest, stopped: bool) -> tuple[str, str, bool]:
    """(the text, why the model refused, whether it thinks) in a message."""
    content, thought = message.get("content"), ""
    for name in _THOUGHTS:
        if isinstance(message.get(name), str):
            thought = thought or message[name]
    refusal = message.get("refusal")
    refusal = "" if not refusal else refusal if isinstance(refusal, str) else json.dumps(refusal)
    parts = content if isinstance(content, list) else [content]
    texts = []
    for part in parts:
        if isinstance(part, Mapping) and isinstance(content, list) and _is_part(part):
            kind = str(part.get("type") or "text")
            if kind in ("thinking", "reasoning"):
                thought = thought or "thought"
            elif kind == "refusal":
                refusal = refusal or str(part.get("refusal") or "refused")
            else:
                texts.append(part.get("text") or "")
        elif isinstance(part, Mapping):  # the answer itself, as JSON and not as text
            texts.append(json.dumps(part, ensure_ascii=False))
        elif part is not None:
            texts.append(part)
    text = "".join(texts)  # raises TypeError for what is no text
    if not text.strip() and not refusal:
        text = _arguments(message) or text
        if not text.strip() and thought and request.answer is not None and not stopped:
            text = thought  # the parser of some servers takes all for thinking
    return text, refusal, bool(thought)


def _is_part(part: Mapping[str, Any]) -> bool:
    return "type" in part or "text" in part


def _arguments(message: Mapping[str, Any]) -> str:
    """The arguments of the one call of a tool; "" where there is none, or a choice."""
    calls = message.get("tool_calls") or ()
    one = calls[0] if isinstance(calls, list) and len(calls) == 1 else None
    function = (one or {}).get("function") or one or message.get("function_call") or {}
    said = function.get("arguments", "")
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)


def _clean(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _count(usage: Any, name: str) -> int | None:
    """A count of tokens that can be one; None where there is none."""
    count = usage.get(name) if isinstance(usage, dict) else None
    if isinstance(count, float) and count == count // 1:
        count = int(count) if abs(count) <= MOST_TOKENS else None
    if not isinstance(count, int) or isinstance(count, bool):
        return None
    return count if 0 <= count <= MOST_TOKENS else None


def _shape(body: bytes, settings: ChatSettings) -> str:
    """What a body looks like, in a few words."""
    if not body.strip():
        return "nothing is in it"
    start = body[:400].decode("utf-8", "replace").strip()
    if start[:1] == "<":
        return "a page for people, or XML, and not JSON; is base_url that of the API, with its /v1?"
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return "no JSON, or not all of it"
    if not isinstance(data, dict):
        return f"JSON of another type ({type(data).__name__})"
    if "choices" in data:
        return "its choices hold no message with text"
    keys = ", ".join(repr(settings.scrub(key, 20)) for key in list(data)[:5])
    return f"JSON without choices (it has {keys or 'nothing'}); is /v1 in base_url?"
