"""`Plan`: a population, the platforms that it lives with, and what makes two runs the same one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from recosim.envs.registration import env_card
from recosim.envs.setup import Setup
from recosim.errors import OptionError
from recosim.multi.platforms import make_platforms
from recosim.users.behaviour import is_given

__all__ = ["FORMAT", "Plan", "digest_of", "labels"]

FORMAT = 1


@dataclass(frozen=True)
class Plan:
    """A population and the platforms that it lives with.

    Attributes:
        env: id of the environment. setup: its parts.
        platforms: recommenders by name (`recosim.multi.platforms.make_platforms`).
        users: lives, numbered 0, 1, ...; which user of the world lives it is drawn from the split.
        seed: of all luck. choice_pull: see `Market`.
        environment: short name of the environment, for settings of agents that hang on it.
        traces: whether every move is kept.
        creators: the rule of each; with creators all users live at once (`recosim.multi.whole`).
    """

    env: str
    setup: Setup
    platforms: tuple[str, ...]
    users: int
    seed: int = 0
    choice_pull: float = 4.0
    environment: str = ""
    traces: bool = False
    creators: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, low, high in (("users", 1, 2**31 - 1), ("seed", 0, 2**31 - 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise OptionError(
                    f"{name} is {value!r}; a whole number from {low} to {high} is needed."
                )

    @staticmethod
    def make(
        name: str,
        platforms: Sequence[str],
        users: int,
        *,
        days: int | None = None,
        overrides: Mapping[str, Any] | None = None,
        split: str = "test",
        **rest: Any,
    ) -> Plan:
        """A plan by the id or short name of an environment.

        Args:
            days: how many; those of the environment by default.
            overrides: arguments of the environment that differ from its card.
            split: whose lives. rest: `seed`, `choice_pull`, `traces`, `creators`.

        Raises:
            UnknownNameError, OptionError: see `recosim.envs.setup.Setup.prepare`; an environment
                without days.
        """
        card = env_card(name)
        changed = {key: value for key, value in (overrides or {}).items() if is_given(key, value)}
        if days is not None:
            if not hasattr(card.record.load("rules")(), "horizon"):
                raise OptionError(f"{card.name} has no days; name an environment of lives.")
            options = {**(changed.get("protocol_options") or {}), "horizon": days}
            changed["protocol_options"] = options
        setup = Setup.prepare(card.record, **{**card.arguments, **changed, "split": split})
        plan = Plan(card.id, setup, tuple(platforms), users, environment=card.name, **rest)
        plan.describe()  # platforms that cannot be are refused before anything is written
        return plan

    def describe(self) -> dict[str, Any]:
        """The set-up as JSON values: what the results hang on."""
        if not self.platforms:
            raise OptionError(
                "a market needs a platform; name a recommender for each, e.g. follow."
            )
        apart = not self.creators
        agents = make_platforms(self.platforms, self.setup, self.environment, apart=apart)
        return {
            "format": FORMAT,
            "setup": self.setup.metadata(self.env),
            "platforms": [
                {"name": label, "recommender": agent.name, "settings": agent.settings()}
                for label, agent in zip(labels(self.platforms), agents, strict=True)
            ],
            "users": self.users,
            "seed": self.seed,
            "choice_pull": float(self.choice_pull),
            "traces": self.traces,
        }


def labels(names: Sequence[str]) -> list[str]:
    """A name for each platform: that of its recommender, numbered where several have the same."""
    return [
        name if (n := list(names[: k + 1]).count(name)) == 1 else f"{name}-{n}"
        for k, name in enumerate(names)
    ]


def digest_of(described: Mapping[str, Any]) -> str:
    """What every part of a run carries: sha256 of `Plan.describe()`."""
    return sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
