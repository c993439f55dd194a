"""What a server is asked: the parameters of a request; and how long it asks to wait."""

from __future__ import annotations

import email.utils
import json
import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recosim.chat.request import ChatRequest

if TYPE_CHECKING:
    from recosim.chat.dialect import Dialect

__all__ = ["parameters", "retry_after"]


def parameters(
    request: ChatRequest, model: str, dialect: Dialect, thinking: int = 0
) -> dict[str, Any]:
    """The parameters of `chat.completions.create`.

    Args:
        model: as the server names it.
        dialect: what the server takes, and how the form of the answer is conveyed.
        thinking: tokens that the model may write before its answer.
    """
    messages = [{"role": role, "content": content} for role, content in request.messages]
    if not dialect.system:
        messages = _without_system(messages)
    given: dict[str, Any] = {"model": model, "messages": messages}
    if dialect.tokens_field:
        given[dialect.tokens_field] = request.max_tokens + thinking
    if request.temperature is not None and dialect.temperature:
        given["temperature"] = request.temperature
    if request.seed is not None and dialect.seed:
        given["seed"] = request.seed
    schema = request.schema()
    if schema is None:
        return given
    if dialect.form == "schema":
        described = {"name": "answer", "schema": schema, "strict": _is_closed(schema)}
        given["response_format"] = {"type": "json_schema", "json_schema": described}
        return given
    if dialect.form == "json":
        given["response_format"] = {"type": "json_object"}
    messages[-1]["content"] += (
        "\n\nAnswer with JSON of this schema and nothing else:\n"
        + json.dumps(schema, separators=(",", ":"))
    )
    return given


def _without_system(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """Messages of user and assistant in turn: what the system says goes before the user's words."""
    merged: list[dict[str, str]] = []
    for message in messages:
        role = "user" if message["role"] == "system" else message["role"]
        if merged and merged[-1]["role"] == role:
            merged[-1]["content"] += f"\n\n{message['content']}"
        else:
            merged.append({"role": role, "content": message["content"]})
    return merged


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
