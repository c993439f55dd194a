"""`ChatSettings`: which server and model, how long to wait and how often to try, what it costs."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args
from urllib.parse import urlsplit, urlunsplit

from recosim.errors import ChatError, OptionError, unknown

__all__ = ["ChatSettings", "Form"]

# How a server is told the form of an answer: a schema that it holds the model to, "some JSON"
# with the schema in the prompt, or the prompt alone.
Form = Literal["schema", "json", "prompt"]

OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True)
class ChatSettings:
    """Settings of the conversation with a server.

    What is left empty comes from the environment: `base_url` from OPENAI_BASE_URL, `api_key` from
    OPENAI_API_KEY, `model` from RECOSIM_LLM_MODEL. With a key and no URL the server is OpenAI's.

    Attributes:
        base_url: of the server, with its `/v1`.
        api_key: never shown, logged or stored; servers of one's own mostly need none.
        model: as the server names it.
        form: how the form of an answer is conveyed; "probe" asks the server once what it can do.
        tokens_field: how the server calls the limit of an answer; newer models of OpenAI take
            `max_completion_tokens` alone.
        timeout: seconds for one attempt.
        deadline: seconds for a request with all its attempts, pauses and repeated questions.
        attempts: calls to the server for one answer, the first included.
        pause: seconds before the second attempt; each further pause is twice as long.
        longest_pause: seconds; a server's Retry-After may be longer, up to the deadline.
        reasks: how often the model is asked again, with what was wrong, after an invalid answer.
        max_bytes: longest answer that is read, in bytes.
        price_in: money for a million tokens read, in the currency of the budget.
        price_out: money for a million tokens written.

    Raises:
        OptionError: an impossible value.
    """

    base_url: str = ""
    api_key: str = field(default="", repr=False, compare=False)
    model: str = ""
    form: Form | Literal["probe"] = "probe"
    tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    timeout: float = 60.0
    deadline: float = 240.0
    attempts: int = 6
    pause: float = 0.5
    longest_pause: float = 20.0
    reasks: int = 2
    max_bytes: int = 1_000_000
    price_in: float = 0.0
    price_out: float = 0.0

    def __post_init__(self) -> None:
        for name, variable in (
            ("api_key", "OPENAI_API_KEY"),
            ("base_url", "OPENAI_BASE_URL"),
            ("model", "RECOSIM_LLM_MODEL"),
        ):
            value = getattr(self, name) or os.environ.get(variable, "").strip()
            object.__setattr__(self, name, value)
        if self.base_url and urlsplit(self.base_url).scheme not in ("http", "https"):
            raise OptionError(
                f"base_url is {self.base_url!r}; a URL such as http://127.0.0.1:8080/v1 is needed."
            )
        if self.form not in (*get_args(Form), "probe"):
            raise unknown("form", self.form, (*get_args(Form), "probe"))
        if self.tokens_field not in ("max_tokens", "max_completion_tokens"):
            allowed = ("max_tokens", "max_completion_tokens")
            raise unknown("tokens_field", self.tokens_field, allowed)
        for name, least in (
            ("timeout", 0.001), ("deadline", 0.001), ("pause", 0), ("longest_pause", 0),
            ("price_in", 0), ("price_out", 0),
        ):  # fmt: skip
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not least <= value < math.inf:
                raise OptionError(f"{name} is {value!r}; a number from {least} is needed.")
        for name, least in (("attempts", 1), ("reasks", 0), ("max_bytes", 1024)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise OptionError(f"{name} is {value!r}; a whole number from {least} is needed.")

    def to_dict(self) -> dict[str, Any]:
        """JSON values for results, without the key and without a password in the URL."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "api_key"}
        return {**values, "base_url": self.shown_url}

    @property
    def shown_url(self) -> str:
        """The server, fit to be shown."""
        parts = urlsplit(self.base_url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))

    def server(self) -> tuple[str, str, str]:
        """(URL, key, model) for a client.

        Raises:
            ChatError: what is missing, and where it goes.
        """
        if not self.base_url and not self.api_key:
            raise ChatError(
                "no language model server is set. Give base_url=, or set OPENAI_BASE_URL, to that "
                "of an OpenAI-compatible server (http://127.0.0.1:8080/v1); for OpenAI's own, "
                "set OPENAI_API_KEY."
            )
        if not self.model:
            raise ChatError("no language model is named. Give model=, or set RECOSIM_LLM_MODEL.")
        return self.base_url or OPENAI_URL, self.api_key, self.model

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Money for so many tokens."""
        return (prompt_tokens * self.price_in + completion_tokens * self.price_out) / 1e6
