"""`open_chat`: a `Chat` from plain settings and the environment, for users, agents and commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, cast, get_args

from recosim.chat.budget import Budget
from recosim.chat.cassette import Cassette
from recosim.chat.chat import Chat
from recosim.chat.openai_backend import OpenAIBackend
from recosim.chat.settings import SERVER_SETTINGS, ChatSettings, from_environment
from recosim.errors import unknown

__all__ = ["CASSETTE", "CASSETTE_MODE", "CassetteMode", "open_chat"]

CassetteMode = Literal["record", "replay", "strict", "off"]
# Variables of the environment: what holds where nothing is given.
CASSETTE, CASSETTE_MODE = "RECOSIM_LLM_CASSETTE", "RECOSIM_LLM_CASSETTE_MODE"


def open_chat(
    *,
    model: str = "",
    base_url: str = "",
    cassette: str | Path | None = None,
    mode: CassetteMode | None = None,
    requests: int | None = None,
    tokens: int | None = None,
    money: float | None = None,
    **server: Any,
) -> Chat:
    """A chat with the server that the settings name; nothing is asked yet.

    Args:
        model, base_url: of the server; by default what the environment says (`ChatSettings`).
        cassette: file of recorded answers; by default RECOSIM_LLM_CASSETTE, or none.
        mode: "record", "replay", "strict" or "off"; by default RECOSIM_LLM_CASSETTE_MODE, or
            "record".
        requests, tokens, money: the budget; by default RECOSIM_LLM_REQUESTS, RECOSIM_LLM_TOKENS
            and RECOSIM_LLM_MONEY, or no limit.
        server: other settings of `ChatSettings`, by name.

    Raises:
        UnknownNameError: no such mode, or setting. CassetteError: the file cannot be used.
        OptionError: an impossible value.
    """
    path = cassette or os.environ.get(CASSETTE, "").strip() or None
    chosen = mode or os.environ.get(CASSETTE_MODE, "").strip() or "record"
    if chosen not in get_args(CassetteMode):
        raise unknown("mode of a cassette", chosen, get_args(CassetteMode))
    for name in server:
        if name not in SERVER_SETTINGS:
            raise unknown("setting of a server", name, SERVER_SETTINGS)
    limits = {"requests": (requests, int), "tokens": (tokens, int), "money": (money, float)}
    budget: dict[str, Any] = {
        name: from_environment(name, kind, None) if given is None else given
        for name, (given, kind) in limits.items()
    }
    return Chat(
        OpenAIBackend(ChatSettings(model=model, base_url=base_url, **server)),
        cassette=None if path is None else Cassette(path, cast(CassetteMode, chosen)),
        budget=Budget(**budget),
    )
