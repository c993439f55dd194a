"""What a setting of users is: its values, its words, where it comes from.

`recosim.users.behaviour` declares the settings, each once; everything that has to know them reads
the declarations: populations, personas, pages, keys of results, the command line, kernels.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal, get_args, get_type_hints

from recosim.errors import OptionError, shown, unknown

__all__ = [
    "GROUPS",
    "Kind",
    "Number",
    "Probability",
    "Real",
    "Setting",
    "Whole",
    "Words",
    "declared",
    "is_number",
    "setting",
]

# What settings are about, in the order in which a persona speaks of them.
Group = Literal["temper", "answers", "lists", "wishes", "sessions", "search"]
GROUPS: tuple[Group, ...] = get_args(Group)


class Kind(ABC):
    """The values that a setting may have, and what they are in compiled code."""

    # How a population may draw the values of its users (`recosim.users.population`).
    forms: ClassVar[tuple[str, ...]] = ("choice",)

    @abstractmethod
    def check(self, name: str, value: Any) -> None:
        """Raise `OptionError` (a word: `UnknownNameError`) unless a setting may have this value."""

    @abstractmethod
    def described(self) -> str:
        """The values, in a few words for pages."""

    def number(self, value: Any) -> float:
        """A value as kernels read it."""
        return float(value)

    def value(self, number: float) -> Any:
        """The value that a number of a kernel stands for."""
        return number

    def typed(self, value: Any) -> Any:
        """A value as a person typed it: the word, or the number that it looks like."""
        return value


class Number(Kind):
    """A number from 0."""

    forms: ClassVar[tuple[str, ...]] = ("uniform", "choice")

    def check(self, name: str, value: Any) -> None:
        if not is_number(value) or not 0 <= value < math.inf:
            raise OptionError(f"{name} is {shown(value)}; a number from 0 is needed.")

    def described(self) -> str:
        return "from 0"

    def typed(self, value: Any) -> Any:
        return float(value) if is_number(value) else value


class Real(Kind):
    """A number, negative ones among them."""

    forms: ClassVar[tuple[str, ...]] = ("uniform", "choice")

    def check(self, name: str, value: Any) -> None:
        if not is_number(value) or not math.isfinite(value):
            raise OptionError(f"{name} is {shown(value)}; a finite number is needed.")

    def described(self) -> str:
        return "any number"

    def typed(self, value: Any) -> Any:
        return float(value) if is_number(value) else value


class Probability(Number):
    """A number from 0 to 1."""

    forms = ("uniform", "beta", "choice")

    def check(self, name: str, value: Any) -> None:
        if not is_number(value) or not 0 <= value <= 1:
            raise OptionError(f"{name} is {shown(value)}; a probability from 0 to 1 is needed.")

    def described(self) -> str:
        return "0 to 1"


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number.

    Attributes:
        low, high: the range; None: no end of it.
        of: what is counted, for errors.
        endless: who has None for a value, for errors; "" where None is no value.
    """

    low: int
    high: int | None = None
    of: str = ""
    endless: str = ""

    def check(self, name: str, value: Any) -> None:
        if value is None and self.endless:
            return
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < self.low or (self.high is not None and value > self.high):
            counted = f"a whole number of {self.of}" if self.of else "a whole number"
            most = "" if self.high is None else f" to {self.high}"
            none = f", or None for {self.endless}" if self.endless else ""
            raise OptionError(
                f"{name} is {shown(value)}; {counted} from {self.low}{most} is needed{none}."
            )

    def described(self) -> str:
        ends = f"from {self.low}" if self.high is None else f"{self.low} to {self.high}"
        return f"{ends}, or None" if self.endless else ends

    def number(self, value: Any) -> float:
        return math.inf if value is None else float(value)

    def value(self, number: float) -> Any:
        return None if math.isinf(number) else int(number)

    def typed(self, value: Any) -> Any:
        return None if self.endless and str(value).lower() == "none" else value


@dataclass(frozen=True)
class Words(Kind):
    """One of several words; in compiled code a word is its position."""

    allowed: tuple[str, ...]

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, str) or value not in self.allowed:
            raise unknown(f"value of {name}", value, self.allowed)

    def described(self) -> str:
        return ", ".join(f"`{word}`" for word in self.allowed)

    def number(self, value: Any) -> float:
        return float(self.allowed.index(value))

    def value(self, number: float) -> Any:
        return self.allowed[int(number)]


@dataclass(frozen=True)
class Setting:
    """A setting of users, as it was declared.

    Attributes:
        name: as `Behaviour` and cards call it.
        position: its column in a table of traits.
        default: its value for the users of EAR and SCPR.
        kind: its values.
        group: what it is about, one of `GROUPS`.
        label: what keys of results call it: a word.
        help: what it is, in a sentence without a full stop.
        source: where it comes from.
        persona: (value) -> what a persona says of it, "" for nothing.
    """

    name: str
    position: int
    default: Any
    kind: Kind
    group: Group
    label: str
    help: str
    source: str
    persona: Callable[[Any], str]

    @property
    def takes_none(self) -> bool:
        """Whether None is a value of its own, and not one that was left out."""
        return isinstance(self.kind, Whole) and bool(self.kind.endless)

    def text(self, value: Any) -> str:
        """A value as keys and tables show it; no end of something is "none"."""
        if value is None or value == math.inf:
            return "none"
        return value if isinstance(value, str) else f"{value:g}".replace("+", "")


def setting(
    default: Any,
    kind: Kind | None = None,
    *,
    group: Group,
    help: str,
    label: str = "",
    source: str = "",
    persona: Callable[[Any], str] = lambda value: "",
) -> Any:
    """Declare a setting as a field of a dataclass; see `Setting` for the parts.

    Args:
        kind: its values; left out where the type of the field is a `Literal` of words.
        label: by default the name.
    """
    parts: dict[str, Any] = {"kind": kind, "group": group, "label": label, "help": help}
    return field(default=default, metadata=parts | {"source": source, "persona": persona})


def declared(behaviour: type) -> dict[str, Setting]:
    """The settings of a dataclass whose fields are all made by `setting`, by name, in order."""
    hints = get_type_hints(behaviour)
    found = {}
    for position, entry in enumerate(fields(behaviour)):
        parts: dict[str, Any] = dict(entry.metadata)
        parts["kind"] = parts["kind"] or Words(get_args(hints[entry.name]))
        parts["label"] = parts["label"] or entry.name
        found[entry.name] = Setting(entry.name, position, entry.default, **parts)
    return found


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
