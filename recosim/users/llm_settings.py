"""`LLMSettings`: what a language model that plays users may decide, and which one it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from recosim.errors import OptionError, unknown

if TYPE_CHECKING:
    from recosim.chat import Chat

__all__ = ["LLMSettings", "llm_settings", "llm_with"]

DECIDES = ("nothing", "answers")
WHEN = ("always", "weary")


@dataclass(frozen=True)
class LLMSettings:
    """Users that are spoken for by a language model. docs/users.md tells how it is kept honest.

    Attributes:
        decides: "nothing": the rules decide, the model words what they decided, so acts and
            metrics are those of rule users. "answers": the model decides from its persona and from
            what it wants; when users leave, and what they open with, stays with the rules.
        when: whether a model that decides is asked on every occasion, or only where the user is
            "weary", tired or disappointed; the rules act and templates speak on the others. Only
            families whose users tire tell the two apart.
        hears: whether a model that decides hears the recommender's words, or is told only what was
            asked and shown. Words can persuade, and give orders; small models obey them.
        temperature, max_tokens: of the sampling.
        persona: whether the model is told who it is: manner, patience, what the user likes.
        workers: calls at the same time.
        model, base_url, cassette, mode, requests, tokens, money: see `recosim.chat.open_chat`.
        server: further settings of `recosim.chat.ChatSettings` by name (timeout, attempts, price_in
            ...). On a card, and on the command line, they stand beside the others.
        chat: in place of all of these, for Python.

    Raises:
        UnknownNameError, OptionError: an impossible value.
    """

    decides: Literal["nothing", "answers"] = "nothing"
    when: Literal["always", "weary"] = "always"
    hears: bool = False
    temperature: float = 0.7
    max_tokens: int = 160
    persona: bool = True
    workers: int = 8
    model: str = ""
    base_url: str = ""
    cassette: str | None = None
    mode: Literal["record", "replay", "strict", "off"] | None = None
    requests: int | None = None
    tokens: int | None = None
    money: float | None = None
    server: Mapping[str, Any] = field(default_factory=dict)
    chat: Chat | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        for key in self.server:
            if key not in _server_settings():
                raise unknown("setting of a server", key, _server_settings())
        if self.decides not in DECIDES:
            raise unknown("value of decides", self.decides, DECIDES)
        if self.when not in WHEN:
            raise unknown("value of when", self.when, WHEN)
        for name in ("hears", "persona"):
            if not isinstance(getattr(self, name), bool):
                raise OptionError(f"{name} is {getattr(self, name)!r}; true or false is needed.")
        number = isinstance(self.temperature, (int, float)) and not isinstance(
            self.temperature, bool
        )
        if not number or not 0 <= self.temperature <= 2 or math.isnan(self.temperature):
            raise OptionError(
                f"temperature is {self.temperature!r}; a number from 0 to 2 is needed."
            )
        for name, least in (("max_tokens", 16), ("workers", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise OptionError(f"{name} is {value!r}; a whole number from {least} is needed.")

    def open(self) -> Chat:
        """The chat with the model; nothing is asked yet.

        Raises:
            CassetteError, OptionError, UnknownNameError: see `recosim.chat.open_chat`.
        """
        if self.chat is not None:
            return self.chat
        from recosim.chat import open_chat

        return open_chat(
            model=self.model,
            base_url=self.base_url,
            cassette=self.cassette,
            mode=self.mode,
            requests=self.requests,
            tokens=self.tokens,
            money=self.money,
            **self.server,
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON values: everything that what is said depends on."""
        if self.chat is not None:
            model = self.chat.backend.settings.model
        else:
            from recosim.chat.settings import ChatSettings

            model = ChatSettings(model=self.model, base_url=self.base_url).model
        when = {"when": self.when} if self.when != WHEN[0] else {}
        names = ("decides", "hears", "temperature", "max_tokens", "persona")
        return {**{name: getattr(self, name) for name in names}, **when, "model": model}


def llm_settings(given: LLMSettings | Mapping[str, Any] | None) -> LLMSettings | None:
    """Settings from a table of a card.

    Raises:
        UnknownNameError: a key that does not exist. OptionError: an impossible value.
    """
    if given is None or isinstance(given, LLMSettings):
        return given
    if not isinstance(given, Mapping):
        raise OptionError(f"llm is {given!r}; a table of settings is needed.")
    return llm_with(LLMSettings(), given)


def llm_with(settings: LLMSettings, given: Mapping[str, Any]) -> LLMSettings:
    """The settings with others by name, those of the server among them.

    Raises:
        UnknownNameError: a key that does not exist. OptionError: an impossible value.
    """
    own = [entry.name for entry in fields(LLMSettings) if entry.name not in ("chat", "server")]
    for key in given:
        if key not in (*own, *_server_settings()):
            raise unknown("setting of llm", key, (*own, *_server_settings()))
    server = {key: value for key, value in given.items() if key not in own}
    changed = {key: value for key, value in given.items() if key in own}
    return replace(settings, **changed, server={**settings.server, **server})


def _server_settings() -> tuple[str, ...]:
    """What may be said of a server beside its address and its model."""
    from recosim.chat.settings import SERVER_SETTINGS

    return tuple(name for name in SERVER_SETTINGS if name not in ("model", "base_url"))
