"""What conversations were recorded on: environment, world, agent, seed, protocol, users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from recosim.bench.schema import Users
from recosim.bench.tables import users_label
from recosim.cli.showing.conversations import Conversations
from recosim.errors import RecosimError
from recosim.family import family_of
from recosim.world.world import World

__all__ = ["describe", "one_line"]

_UNKNOWN = "unknown"
_OTHER = "of another version of RecoSim"  # recorded with choices that this one does not know


def describe(conversations: Conversations, world: World) -> dict[str, str]:
    """The header of some conversations: name -> text, in the order in which people read it."""
    metadata = conversations.trace.metadata
    return {
        "environment": str(metadata.get("env") or _UNKNOWN),
        "world": f"{world.name} ({world.fingerprint[:12]}; {world.n_items:,} items, "
        f"{world.n_attributes:,} attributes)",
        "agent": ", ".join(sorted({str(name) for name in conversations.agent} - {""})) or _UNKNOWN,
        "seed": ", ".join(map(str, np.unique(conversations.seed))) or _UNKNOWN,
        "protocol": _protocol(metadata),
        "users": "a person" if metadata.get("user") == "person" else _users(metadata.get("users")),
    }


def one_line(header: dict[str, str]) -> str:
    """The header as a line for the terminal."""
    environment, *others = header.items()
    return " · ".join([environment[1], *(f"{name} {text}" for name, text in others)])


def _protocol(metadata: Mapping[str, Any]) -> str:
    values = metadata.get("protocol")
    if not isinstance(values, dict):
        return _UNKNOWN
    try:
        return str(family_of(metadata).load("rules").from_dict(values).label)
    except (RecosimError, TypeError):
        return _OTHER


def _users(values: Any) -> str:
    if not isinstance(values, dict):
        return _UNKNOWN
    try:
        return users_label(Users(**values))
    except ValueError:  # that of pydantic, and those of RecoSim inside it
        return _OTHER
