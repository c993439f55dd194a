"""From the arguments of an environment to its parts: world, estimator, rules, users."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.protocol import Protocol, protocol
from recosim.errors import OptionError, unknown
from recosim.estimators.base import Vectors
from recosim.users import Behaviour, Population, population
from recosim.world.world import SPLITS, World

__all__ = [
    "Setup",
    "OBSERVATION_KEYS",
    "OBSERVATION_VIEWS",
    "check_observe",
    "check_option",
    "check_seed",
    "read_reset_options",
    "refuse_unknown",
]

OBSERVATION_KEYS = (
    "turn",
    "history",
    "attributes",
    "entropy",
    "log2_candidates",
    "action_mask",
)
ACTION_VIEWS = ("flat", "verb", "slate")
OBSERVATION_VIEWS = ("dict", "text")
ILLEGAL = ("raise", "penalise")
RENDER_MODES = ("ansi", "human", "rgb_array")
AUTORESET = ("NextStep", "SameStep", "Disabled")


def check_option(name: str, given: object, allowed: tuple[str, ...]) -> None:
    """Raise `UnknownNameError` unless an argument has one of its values."""
    if given not in allowed:
        raise unknown(f"value of {name}", given, allowed)


def _options(name: str, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """An argument that holds options by name, as a dictionary of its own."""
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise OptionError(f"{name} is {given!r}; a dictionary of options by name is needed.")
    return dict(given)


@dataclass(frozen=True)
class Setup:
    """The parts of a CPR environment, ready to make batches of conversations from."""

    world: World
    vectors: Vectors
    protocol: Protocol
    users: Population
    split: str

    @staticmethod
    def prepare(
        *,
        world: str | os.PathLike[str] | World,
        protocol_name: str | Protocol | dict[str, Any] = "scpr",
        protocol_options: Mapping[str, Any] | None = None,
        question: str | None = None,
        estimator: str | Vectors = "mf",
        estimator_options: Mapping[str, Any] | None = None,
        users: str | Population | Behaviour | Mapping[str, Any] = "ideal",
        split: str = "valid",
        **settings: Any,
    ) -> Setup:
        """Open or build the world, fit or load the estimator, and check the rest.

        Args:
            settings: settings of users by name, whatever `users` says of them.

        Raises:
            UnknownNameError: no such world, protocol, estimator, split or setting of users.
            OptionError: a bad value.
            WorldError: a damaged world, or vectors that do not belong to it.
        """
        rules = protocol(protocol_name, **_options("protocol_options", protocol_options))
        if question is not None:
            rules = rules.with_options(question=question)
        fitting = _options("estimator_options", estimator_options)
        crowd = population(users).with_settings(**settings)
        check_option("split", split, SPLITS)
        if not isinstance(world, World):
            from recosim.world.catalog import open_world

            if not isinstance(world, (str, os.PathLike)):
                raise OptionError(f"world is {world!r}; a name, a folder or a World is needed.")
            world = open_world(world)
        if isinstance(estimator, Vectors):
            if fitting:
                raise OptionError(
                    "estimator_options go with the name of an estimator, not with vectors."
                )
            vectors = estimator.check(world)
        else:
            from recosim.estimators.registry import fit_or_load

            vectors = fit_or_load(world, estimator, fitting)
        return Setup(world, vectors, rules, crowd, split)

    def metadata(self, env: str) -> dict[str, Any]:
        """What a trace recorded on this setup says of it, as JSON values."""
        from importlib.metadata import version

        return {
            "env": env,
            "world": self.world.name,
            "fingerprint": self.world.fingerprint,
            "protocol": self.protocol.to_dict(),
            "users": self.users.to_dict(),
            "split": self.split,
            "version": version("recosim"),
        }

    def batch(self, size: int, **settings: Any) -> Dialogues:
        """A batch of conversations; see `Dialogues` for the settings."""
        return Dialogues(
            self.world,
            self.vectors,
            self.protocol,
            size,
            users=self.users,
            split=self.split,
            **settings,
        )


def refuse_unknown(given: Mapping[str, Any], allowed: Mapping[str, Any]) -> None:
    """Raise `UnknownNameError` for an argument that an environment does not have."""
    for name in given:
        raise unknown("environment option", name, allowed)


def check_observe(observe: Any) -> tuple[str, ...]:
    """The keys of an observation, in their standard order."""
    listed = isinstance(observe, Iterable) and not isinstance(observe, str)
    if not listed or not all(isinstance(key, str) for key in observe):
        raise OptionError(f"observe is {observe!r}; a list of keys is needed.")
    for key in observe:
        if key not in OBSERVATION_KEYS:
            raise unknown("observation key", key, OBSERVATION_KEYS)
    if not observe:
        raise OptionError(f"observe is empty; choose among {', '.join(OBSERVATION_KEYS)}.")
    return tuple(key for key in OBSERVATION_KEYS if key in observe)


def check_seed(seed: Any) -> int:
    """A seed as the key of the randomness of a conversation: 64 bits.

    Raises:
        OptionError: not a whole number from 0 to 2**64 - 1.
    """
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not whole or not 0 <= int(seed) < 2**64:
        raise OptionError(f"seed is {seed!r}; a whole number from 0 to 2**64 - 1 is needed.")
    return int(seed)


def read_reset_options(
    options: Mapping[str, Any] | None, dialogues: Any
) -> tuple[int | None, int | None, int | None]:
    """`user`, `item` and `opening` of `reset(options=...)`, checked.

    Raises:
        UnknownNameError: another key. OptionError: a pair that does not exist, half a pair, or an
            opening that the item does not have.
    """
    if not options:
        return None, None, None
    for key in options:
        if key not in ("user", "item", "opening"):
            raise unknown("reset option", key, ("user", "item", "opening"))
    values = {}
    for key, value in options.items():
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
            raise OptionError(f"reset option {key!r} is {value!r}; a whole number is needed.")
        values[key] = int(value)
    if "user" not in values or "item" not in values:
        raise OptionError(
            "reset options need 'user' and 'item' together; 'opening' goes with them."
        )
    dialogues.check_pair(values["user"], values["item"])
    opening = values.get("opening")
    if opening is not None and opening not in dialogues.openings_of(values["item"]):
        raise OptionError(
            f"item {values['item']} cannot be opened with {opening}; it has "
            f"{dialogues.openings_of(values['item']).tolist()}."
        )
    return values["user"], values["item"], opening
