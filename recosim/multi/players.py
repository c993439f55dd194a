"""What the arguments and actions of `population_v0` say: who plays, on which terms, and what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import IllegalActionError, OptionError, unknown
from recosim.multi.creators import RULES, Trade
from recosim.multi.platforms import WEIGHTS

__all__ = [
    "MOST_WEIGHT",
    "read_code",
    "read_names",
    "read_players",
    "read_rules",
    "read_trade",
    "read_weights",
    "side_of",
]

SIDES = ("platforms", "creators", "both")
MOST_WEIGHT = 3.0


def side_of(agent: str) -> tuple[str, int]:
    """The side of an agent and its number there."""
    side, _, number = agent.rpartition("_")
    return side, int(number)


def read_names(given: Any, what: str) -> list[str]:
    """Names in a list. Raises `OptionError`."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise OptionError(f"{what} is {given!r}; a list of names is needed, e.g. ['relevance'].")
    names = list(given)
    if not all(isinstance(name, str) for name in names):
        raise OptionError(f"{what} is {names!r}; names are needed.")
    return names


def read_rules(given: Any) -> list[str]:
    """The rule of each creator; of a number of them that of all is `still`."""
    if isinstance(given, (int, np.integer)) and not isinstance(given, bool):
        if not 0 <= given <= 1000:
            raise OptionError(f"creators is {given}; a number from 0 to 1000 is needed.")
        return ["still"] * int(given)
    rules = read_names(given, "creators")
    for rule in rules:
        if rule not in RULES:
            raise unknown("rule of a creator", rule, RULES)
    return rules


def read_players(given: Any, platforms: int, creators: int) -> list[str]:
    """The agents who are players, in order: platforms, then creators."""
    sides = {
        "platforms": [f"platform_{k}" for k in range(platforms)],
        "creators": [f"creator_{j}" for j in range(creators)],
    }
    everyone = sides["platforms"] + sides["creators"]
    if isinstance(given, str):
        if given not in SIDES:
            raise unknown("value of players", given, SIDES)
        found = everyone if given == "both" else sides[given]
        if not found or (given == "both" and not creators):
            raise OptionError(
                f"players is {given!r}, and there are no creators. Say how many: creators=10."
            )
        return found
    names = read_names(given, "players")
    for name in names:
        if name not in everyone:
            raise unknown("player", name, everyone)
    if not names or len(set(names)) < len(names):
        raise OptionError(f"players is {names!r}; one or more different agents are needed.")
    return [agent for agent in everyone if agent in names]


def read_trade(given: Mapping[str, Any] | None) -> Trade:
    """Terms by name. Raises `UnknownNameError`, `OptionError`."""
    terms = dict(given or {})
    for name in terms:
        if name not in Trade.__dataclass_fields__:
            raise unknown("term of trade", name, Trade.__dataclass_fields__)
    return Trade(**terms)


def read_code(agent: str, given: Any, n: int) -> int:
    """An action of `Discrete(n)`. Raises `IllegalActionError`."""
    value = given.item() if isinstance(given, np.ndarray) and given.shape == () else given
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
    if not whole or not 0 <= value < n:
        raise IllegalActionError(
            f"the action of {agent} is {given!r}; a whole number from 0 to {n - 1} is needed."
        )
    return int(value)


def read_weights(agent: str, given: Any) -> NDArray[np.float32]:
    """An action of a `Box` of weights, float32. Raises `IllegalActionError`."""
    try:
        found = np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError):
        found = np.zeros(0, dtype=np.float32)
    if found.shape != (len(WEIGHTS),) or not (np.abs(found) <= MOST_WEIGHT).all():
        raise IllegalActionError(
            f"the action of {agent} is {given!r}; {len(WEIGHTS)} weights from {-MOST_WEIGHT:g} to "
            f"{MOST_WEIGHT:g} are needed: {', '.join(WEIGHTS)}."
        )
    return found
