"""The arguments of environments: one record for setups, scalar and vector environments."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from recosim.envs.rules import Rules
from recosim.errors import OptionError, UnknownArgumentError, shown, unknown
from recosim.estimators.base import Vectors
from recosim.family import Family
from recosim.users import Behaviour, Population
from recosim.users.behaviour import TRAITS
from recosim.world.world import World

__all__ = [
    "ACTION_VIEWS",
    "AUTORESET",
    "EnvOptions",
    "SetupOptions",
    "VectorOptions",
    "check_observe",
    "check_option",
    "check_seed",
    "options_by_name",
    "read_options",
]

ACTION_VIEWS = ("flat", "verb", "slate")
OBSERVATION_VIEWS = ("dict", "text")
ILLEGAL = ("raise", "penalise")
RENDER_MODES = ("ansi", "human", "rgb_array")
AUTORESET = ("NextStep", "SameStep", "Disabled")


@dataclass(frozen=True)
class SetupOptions:
    """What the parts of an environment are made from.

    Attributes:
        world: name or folder of a world, or a `World`.
        protocol: a preset of the family, a dictionary, or its rules; None: the first preset.
        protocol_options: choices of the protocol to change.
        estimator: name of an estimator, or fitted `Vectors`. estimator_options: its settings.
        users: a population by name, a `Population`, a `Behaviour`, or settings by name.
        split: interactions that episodes are drawn from: "valid", "test" or "train".
        choices: choices of the protocol that were given by name; they win over `protocol_options`.
        settings: settings of users that were given by name; they win over `users`.
        batch: choices of the batch that were given by name.
    """

    world: str | os.PathLike[str] | World | None = None
    protocol: str | Mapping[str, Any] | Rules | None = None
    protocol_options: Mapping[str, Any] | None = None
    estimator: str | Vectors = "mf"
    estimator_options: Mapping[str, Any] | None = None
    users: str | Population | Behaviour | Mapping[str, Any] = "ideal"
    split: str = "valid"
    choices: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    batch: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EnvOptions(SetupOptions):
    """What an environment shows and takes, beside its parts.

    Attributes:
        actions: "flat", "verb", "slate" or "text".
        observations: "dict" or "text".
        observe: keys of the observation; "all": every key of the family.
        illegal: "raise" or "penalise".
        reveal: put hidden state into `info["privileged"]`.
        render_mode: "ansi", "human", "rgb_array", or None.
    """

    actions: str = "flat"
    observations: str = "dict"
    observe: Iterable[str] | str = "all"
    illegal: str = "raise"
    reveal: bool = False
    render_mode: str | None = None

    def check(self) -> None:
        """Raise `UnknownNameError` unless every argument has one of its values."""
        check_option("actions", self.actions, (*ACTION_VIEWS, "text"))
        check_option("observations", self.observations, OBSERVATION_VIEWS)
        check_option("illegal", self.illegal, ILLEGAL)
        if self.render_mode is not None:
            check_option("render_mode", self.render_mode, RENDER_MODES)


@dataclass(frozen=True)
class VectorOptions(EnvOptions):
    """What a vector environment takes beside.

    Attributes:
        autoreset_mode: an `AutoresetMode` or its value.
        infos: whether `step` and `reset` return infos.
        copy: whether arrays are copied; False returns views that the next call overwrites.
        threads: threads that share the batch; None: up to 4.
    """

    illegal: str = "penalise"
    autoreset_mode: Any = "NextStep"
    infos: bool = True
    copy: bool = True
    threads: int | None = None

    def check(self) -> None:
        if self.render_mode is not None:
            raise OptionError(
                "the vector environment draws nothing: render_mode must be None. To watch "
                "conversations, make a scalar environment with the same seed."
            )
        super().check()


OptionsT = TypeVar("OptionsT", bound=SetupOptions)


def read_options(record: Family, kind: type[OptionsT], given: Mapping[str, Any]) -> OptionsT:
    """Arguments by name as one record.

    A name that the record does not have is looked for among the choices of the family's protocol,
    the settings of users, and the choices of its batch.

    Raises:
        UnknownArgumentError: it is none of them; the nearest name is offered.
    """
    named = ("choices", "settings", "batch")
    own = [entry.name for entry in fields(kind) if entry.name not in named]
    choices, batch = record.load("rules").names(), record.load("batch").choices
    arguments: dict[str, Any] = {}
    more: dict[str, dict[str, Any]] = {name: {} for name in named}
    for name, value in given.items():
        if name in own:
            arguments[name] = value
        elif name in choices:
            if value is not None:
                more["choices"][name] = value
        elif name in TRAITS:
            more["settings"][name] = value
        elif name in batch:
            check_option(name, value, batch[name])
            more["batch"][name] = value
        else:
            known = unknown("environment option", name, [*own, *choices, *TRAITS, *batch])
            raise UnknownArgumentError(f"unexpected keyword argument {name!r}: {known}")
    arguments.update(more)
    return kind(**arguments)


def check_option(name: str, given: object, allowed: tuple[str, ...]) -> None:
    """Raise `UnknownNameError` unless an argument has one of its values."""
    # Not `in`: what was given may be an array, or compare in a way of its own.
    if not any(isinstance(given, type(value)) and given == value for value in allowed):
        raise unknown(f"value of {name}", given, allowed)


def check_observe(observe: Any, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """The keys of an observation, in their standard order; "all": every one."""
    if isinstance(observe, str) and observe == "all":
        return allowed
    listed = isinstance(observe, Iterable) and not isinstance(observe, (str, bytes))
    try:
        keys = list(islice(observe, len(allowed) + 100)) if listed else []
    except TypeError:  # an array of no axis
        listed, keys = False, []
    if not listed or not all(isinstance(key, str) for key in keys):
        raise OptionError(f"observe is {shown(observe)}; a list of keys is needed.")
    for key in keys:
        if key not in allowed:
            raise unknown("observation key", key, allowed)
    if not keys:
        raise OptionError(f"observe is empty; choose among {', '.join(allowed)}.")
    return tuple(key for key in allowed if key in keys)


def check_seed(seed: Any) -> int:
    """A seed as the key of the randomness of an episode: 64 bits.

    Raises:
        OptionError: not a whole number from 0 to 2**64 - 1.
    """
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not whole or not 0 <= int(seed) < 2**64:
        raise OptionError(f"seed is {shown(seed)}; a whole number from 0 to 2**64 - 1 is needed.")
    return int(seed)


def options_by_name(name: str, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """An argument that holds options by name, as a dictionary of its own."""
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise OptionError(f"{name} is {shown(given)}; a dictionary of options by name is needed.")
    return dict(given)
