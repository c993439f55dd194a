"""`ChatRequest` and `ChatReply`: what a language model is asked, and what came of it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

from pydantic import BaseModel

from recosim.errors import OptionError, unknown

__all__ = ["ChatReply", "ChatRequest", "Message", "Outcome", "Role", "canonical", "key_of"]

Role = Literal["system", "user", "assistant"]

# ok: an answer, and a valid one where a form of it was asked for. refused: the model, or a filter
# before it, would not answer. invalid: answers came, none of them valid. failed: no answer came.
Outcome = Literal["ok", "refused", "invalid", "failed"]


class Message(NamedTuple):
    """One message of a conversation with a model."""

    role: Role
    content: str


@dataclass(frozen=True)
class ChatRequest:
    """One question to a language model.

    Attributes:
        messages: the conversation so far; (role, content) pairs will do.
        answer: the form of the answer as a pydantic model; None for free text. The JSON schema that
            the server is given is derived from it, and every answer is validated by it. Keep it
            closed (`extra="forbid"`, no defaults), so that servers can hold a model to it.
        temperature: of the sampling; None leaves it to the server.
        max_tokens: the longest answer, in tokens. Budgets reserve as much.
        seed: of the sampling; None leaves it to the server. Give each request of a run its own, for
            instance from (run, user, turn): equal requests are one request, asked once.
        purpose: what the request is for, in reports. The server does not see it, and it is no part
            of the key.

    Raises:
        OptionError: a value that no server could take.
    """

    messages: Sequence[Message | tuple[Role, str]]
    answer: type[BaseModel] | None = None
    temperature: float | None = 0.0
    max_tokens: int = 256
    seed: int | None = None
    purpose: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.messages, (str, bytes)) or not self.messages:
            raise OptionError("messages is empty or text; a list of (role, content) is needed.")
        object.__setattr__(self, "messages", tuple(_message(m) for m in self.messages))
        temperature = self.temperature
        if temperature is not None:
            if not _is_number(temperature) or not 0 <= temperature <= 2:
                raise OptionError(
                    f"temperature is {temperature!r}; a number from 0 to 2 is needed."
                )
            object.__setattr__(self, "temperature", float(temperature))
        if not _is_whole(self.max_tokens) or self.max_tokens < 1:
            raise OptionError(
                f"max_tokens is {self.max_tokens!r}; a whole number from 1 is needed."
            )
        if self.seed is not None and (not _is_whole(self.seed) or not 0 <= self.seed < 2**63):
            raise OptionError(
                f"seed is {self.seed!r}; a whole number below 2^63 is needed, or None."
            )
        if self.answer is not None and not (
            isinstance(self.answer, type) and issubclass(self.answer, BaseModel)
        ):
            raise OptionError(
                f"answer is {self.answer!r}; a pydantic model class is needed, or None."
            )

    def schema(self) -> dict[str, Any] | None:
        """The JSON schema of the answer without the titles that pydantic makes up; None: text.

        Its properties stand in the order of the fields: servers that hold a model to a schema have
        it write them in that order, and what is written first is what the rest goes by.
        """
        if self.answer is None:
            return None
        schema: dict[str, Any] = json.loads(_schema_text(self.answer))
        return schema

    def content(self, model: str) -> dict[str, Any]:
        """What the key is made of: all that decides the answer, as JSON values."""
        return {
            "model": model,
            "messages": [list(message) for message in self.messages],
            "schema": self.schema(),
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
        }

    def key(self, model: str) -> str:
        """The sha256 of the content, 64 hexadecimal digits."""
        return key_of(self.content(model))

    def extended(self, *messages: Message) -> ChatRequest:
        """The same request with more messages at its end."""
        return replace(self, messages=(*self.messages, *messages))


@dataclass(frozen=True)
class ChatReply:
    """What came of a `ChatRequest`. Replays compare equal to what was recorded.

    Attributes:
        text: the answer without thinking; of an invalid answer the last one; else "".
        value: the answer as an instance of the request's model; None without one, or if not ok.
        outcome: "ok", "refused", "invalid" or "failed".
        detail: why it is not ok, in a sentence; "" if it is.
        complete: False where free text stopped at `max_tokens`.
        prompt_tokens: read by the model, over all answers that this reply took.
        completion_tokens: written by it.
        cached: nothing was asked for it: it came from the cassette, or from an equal request that
            was under way.
        attempts: calls to the server, failed ones included.
    """

    text: str
    value: Any
    outcome: Outcome
    detail: str = ""
    complete: bool = True
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached: bool = field(default=False, compare=False)
    attempts: int = field(default=0, compare=False)

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.outcome == "ok"


def canonical(value: Any) -> str:
    """JSON in one form only: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def key_of(content: dict[str, Any]) -> str:
    """The key of a request's content."""
    return hashlib.sha256(canonical(content).encode("ascii")).hexdigest()


@lru_cache(maxsize=256)
def _schema_text(model: type[BaseModel]) -> str:
    return json.dumps(_untitled(model.model_json_schema()))


def _message(given: Any) -> Message:
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise OptionError(f"the message {given!r} is not a (role, content) pair.")
    role, content = given
    if role not in get_args(Role):
        raise unknown("role of a message", role, get_args(Role))
    if not isinstance(content, str):
        raise OptionError(f"the content of a message is {content!r}; text is needed.")
    try:
        content.encode()
    except UnicodeEncodeError as error:
        raise OptionError(f"the content of a message is not valid Unicode: {error}.") from None
    return Message(role, content)


def _untitled(schema: Any, *, names: bool = False) -> Any:
    """A schema without `title`s. `names`: the keys are names of fields, not JSON Schema's words."""
    if isinstance(schema, list):
        return [_untitled(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: part
        if not names and key in ("const", "enum", "default", "examples")
        else _untitled(part, names=not names and key in ("properties", "$defs"))
        for key, part in schema.items()
        if names or key != "title"
    }


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
