"""The protocol of OpenAI-compatible servers as values: a request's parameters, a body's answer."""

from __future__ import annotations

import email.utils
import json
import math
import time
from collections.abc import Mapping
from typing import Any

from recosim.chat.backend import Answer, ChatFault, estimate_tokens, prompt_estimate
from recosim.chat.request import ChatRequest
from recosim.chat.settings import ChatSettings, Form

__all__ = ["parameters", "read_body", "retry_after"]


def parameters(request: ChatRequest, settings: ChatSettings, form: Form) -> dict[str, Any]:
    """The parameters of `chat.completions.create`, the form of the answer conveyed as `form`."""
    messages = [{"role": role, "content": content} for role, content in request.messages]
    given: dict[str, Any] = {
        "model": settings.model,
        "messages": messages,
        settings.tokens_field: request.max_tokens,
    }
    if request.temperature is not None:
        given["temperature"] = request.temperature
    if request.seed is not None:
        given["seed"] = request.seed
    schema = request.schema()
    if schema is None:
        return given
    if form == "schema":
        described = {"name": "answer", "schema": schema, "strict": _is_closed(schema)}
        given["response_format"] = {"type": "json_schema", "json_schema": described}
        return given
    if form == "json":
        given["response_format"] = {"type": "json_object"}
    messages[-1]["content"] += (
        "\n\nAnswer with JSON of this schema and nothing else:\n"
        + json.dumps(schema, separators=(",", ":"))
    )
    return given


def read_body(body: bytes, request: ChatRequest) -> Answer:
    """The answer in the body of a response.

    Raises:
        ChatFault: "malformed": it is not a chat completion, or not a whole one.
    """
    try:
        data = json.loads(body)
        choices = data["choices"]
        if not isinstance(choices, list):
            raise TypeError("choices is no list")
        choice = choices[0] if choices else {"message": {"refusal": "there are no choices"}}
        message = choice["message"]
        finish = choice.get("finish_reason")
        text = _text(message.get("content"))
        refusal = message.get("refusal") or ""
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ChatFault(
            "malformed", f"the body is no chat completion: {error!r}", billed=True
        ) from None
    if finish == "content_filter" and not refusal:
        refusal = "a content filter held the answer back"
    read, written = (_count(data, name) for name in ("prompt_tokens", "completion_tokens"))
    counted = read is not None and written is not None
    return Answer(
        text="" if refusal else text,
        refusal=_clean(str(refusal)),
        complete=finish != "length",
        prompt_tokens=prompt_estimate(request) if read is None else read,
        completion_tokens=estimate_tokens(text) if written is None else written,
        counted=counted,
    )


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that a server asks to wait, from a number or a date; 0 if it does not say."""
    given = headers.get("retry-after", "").strip()
    try:
        seconds = float(given)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(given).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0


def _text(content: Any) -> str:
    """The content of a message, which may be text, nothing, or a list of parts."""
    if content is None:
        return ""
    if isinstance(content, list):
        content = "".join(part.get("text") or "" for part in content)
    if not isinstance(content, str):
        raise TypeError("content is no text")
    return _clean(content)


def _clean(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _count(data: Mapping[str, Any], name: str) -> int | None:
    usage = data.get("usage")
    count = usage.get(name) if isinstance(usage, dict) else None
    whole = isinstance(count, int) and not isinstance(count, bool) and count >= 0
    return count if whole else None


def _is_closed(schema: Any) -> bool:
    """Whether all objects in a schema are closed and all their fields required.

    Servers that hold a model to a schema strictly (OpenAI's) refuse others.
    """
    if isinstance(schema, list):
        return all(_is_closed(part) for part in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        fields = set(schema.get("properties", ()))
        if schema.get("additionalProperties") is not False:
            return False
        if fields != set(schema.get("required", ())):
            return False
    return all(_is_closed(part) for part in schema.values())
