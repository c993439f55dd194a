"""`ChatSettings`: which server and model, how long to wait and how often to try, what it costs."""

# ruff: noqa: RUF009  what `_setting` gives is a `field`
from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar, get_args
from urllib.parse import SplitResult, urlsplit, urlunsplit

from recosim.chat.secrets import Scrubber
from recosim.errors import ChatError, OptionError, unknown

__all__ = ["SERVER_SETTINGS", "ChatSettings", "Form", "from_environment"]

# How a server is told the form of an answer: a schema that it holds the model to, "some JSON"
# with the schema in the prompt, or the prompt alone.
Form = Literal["schema", "json", "prompt"]

OPENAI_URL = "https://api.openai.com/v1"
TOKENS_FIELDS = ("max_tokens", "max_completion_tokens")
ValueT = TypeVar("ValueT")


def from_environment(name: str, kind: Callable[[str], ValueT], default: ValueT) -> ValueT:
    """What RECOSIM_LLM_<NAME> says, else the default.

    Raises:
        OptionError: it says what is no number where one is needed.
    """
    variable = f"RECOSIM_LLM_{name.upper()}"
    given = os.environ.get(variable, "").strip()
    if not given:
        return default
    try:
        return kind(given)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise OptionError(f"{variable} is {given[:80]!r}; {what} is needed.") from None


def _setting(name: str, kind: Callable[[str], Any], default: Any) -> Any:
    return field(default_factory=lambda: from_environment(name, kind, default))


@dataclass(frozen=True, repr=False)
class ChatSettings:
    """Settings of the conversation with a server.

    What is left empty comes from the environment: `base_url` from OPENAI_BASE_URL, `api_key` from
    OPENAI_API_KEY, `model` from RECOSIM_LLM_MODEL, each of the others from RECOSIM_LLM_ and its
    name in capitals (RECOSIM_LLM_TIMEOUT). With a key and no URL the server is OpenAI's.

    Attributes:
        base_url: of the server, with its `/v1`; a password in it is used and never shown.
        api_key: never shown, logged or stored; servers of one's own mostly need none.
        model: as the server names it.
        form: how the form of an answer is conveyed; "probe" asks the server once what it can do.
        tokens_field: how the server calls the limit of an answer. A server that takes the other
            name alone says so, and is given that.
        thinking: tokens that a model which thinks may write before its answer, beside the
            `max_tokens` of a request. None: 0, and 4,096 once thinking has cut off an answer, be
            it that of the check before a run.
        timeout: seconds for one attempt, from the first byte sent to the last one read.
        deadline: seconds for a request with all its attempts, pauses and repeated questions.
        attempts: calls to the server for one answer, the first included.
        pause: seconds before the second attempt; each further pause is twice as long.
        longest_pause: seconds; a server's Retry-After may be longer, up to the deadline.
        reasks: how often the model is asked again, with what was wrong, after an invalid answer.
        max_bytes: longest answer that is read, in bytes, unpacked.
        price_in: money for a million tokens read, in the currency of the budget.
        price_out: money for a million tokens written.

    Raises:
        OptionError: an impossible value. Neither a key nor a password is in its text.
    """

    base_url: str = ""
    api_key: str = field(default="", compare=False)
    model: str = ""
    form: Form | Literal["probe"] = _setting("form", str, "probe")
    tokens_field: Literal["max_tokens", "max_completion_tokens"] = _setting(
        "tokens_field", str, "max_tokens"
    )
    thinking: int | None = _setting("thinking", int, None)
    timeout: float = _setting("timeout", float, 60.0)
    deadline: float = _setting("deadline", float, 240.0)
    attempts: int = _setting("attempts", int, 6)
    pause: float = _setting("pause", float, 0.5)
    longest_pause: float = _setting("longest_pause", float, 20.0)
    reasks: int = _setting("reasks", int, 2)
    max_bytes: int = _setting("max_bytes", int, 1_000_000)
    price_in: float = _setting("price_in", float, 0.0)
    price_out: float = _setting("price_out", float, 0.0)

    def __post_init__(self) -> None:
        for name, variable in (
            ("api_key", "OPENAI_API_KEY"),
            ("base_url", "OPENAI_BASE_URL"),
            ("model", "RECOSIM_LLM_MODEL"),
        ):
            value = getattr(self, name) or os.environ.get(variable, "")
            if not isinstance(value, str):
                raise OptionError(f"{name} is of type {type(value).__name__}; text is needed.")
            object.__setattr__(self, name, value.strip())
        _check_key(self.api_key)
        _check_url(self.base_url)
        if not self.model.isprintable() or len(self.model) > 500:
            raise OptionError(
                f"model is {self.model[:80]!r}; a name in one line, of 500 characters at most, is "
                "needed."
            )
        if self.form not in (*get_args(Form), "probe"):
            raise unknown("form", self.form, (*get_args(Form), "probe"))
        if self.tokens_field not in TOKENS_FIELDS:
            raise unknown("tokens_field", self.tokens_field, TOKENS_FIELDS)
        for name, least in (
            ("timeout", 0.001), ("deadline", 0.001), ("pause", 0), ("longest_pause", 0),
            ("price_in", 0), ("price_out", 0),
        ):  # fmt: skip
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not least <= value < math.inf:
                raise OptionError(f"{name} is {value!r}; a number from {least} is needed.")
        for name, least in (("attempts", 1), ("reasks", 0), ("max_bytes", 1024), ("thinking", 0)):
            value = getattr(self, name)
            if name == "thinking" and value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise OptionError(f"{name} is {value!r}; a whole number from {least} is needed.")
        object.__setattr__(self, "scrub", Scrubber(self.api_key, self.base_url))

    #: Takes key and password out of a text of the server's.
    scrub = Scrubber("", "")

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items())
        return f"ChatSettings({shown})"

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


# What a card, or a command, may say of a server; the key comes from the environment alone.
SERVER_SETTINGS = tuple(f.name for f in fields(ChatSettings) if f.name != "api_key")


def _check_key(key: str) -> None:
    """Raise, without the key, if it cannot go into a header."""
    if not all("!" <= sign <= "~" for sign in key) or len(key) > 8192:
        raise OptionError(
            "the key (api_key, or OPENAI_API_KEY) holds a blank, a line break, a sign beyond "
            "ASCII, or too much: it cannot be sent. Copy it again, without what stands around it."
        )


def _check_url(url: str) -> None:
    """Raise, without what may be a password, if no server can be reached under a URL."""
    if not url:
        return
    needed = "a URL such as http://127.0.0.1:8080/v1 is needed"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        if host.count(".") and ":" not in host:
            host.encode("idna")
    except ValueError:  # UnicodeError is one
        raise OptionError(f"base_url cannot be read as a URL; {needed}.") from None
    if parts.scheme not in ("http", "https") or not host or "%" in host:
        raise OptionError(f"base_url is {_without_password(url, parts)!r}; {needed}.")
    blank = any(sign.isspace() or not sign.isprintable() for sign in url)
    if blank or "\\" in url or len(url) > 2000:
        raise OptionError(f"base_url holds what no URL holds, or too much; {needed}.")


def _without_password(url: str, parts: SplitResult) -> str:
    shown = url.rpartition("@")[2] if "@" in url else url
    return shown.partition("?")[0][:80]
