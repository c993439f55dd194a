"""`Rules`: the choices that the episodes of a family are played by, as an immutable record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import Any, ClassVar, TypeVar

from recosim.errors import OptionError, shown, unknown

__all__ = ["Rewards", "Rules", "check_number", "check_whole"]

RulesT = TypeVar("RulesT", bound="Rules")


@dataclass(frozen=True)
class Rewards:
    """Base of a family's rewards: the reward of each event, finite numbers."""

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not math.isfinite(value):
                raise OptionError(
                    f"reward {entry.name!r} is {shown(value)}; a finite number is needed."
                )


@dataclass(frozen=True)
class Rules:
    """Base of a family's rules; derive another with `with_options`.

    A subclass is a frozen dataclass with a default for every choice. It names its `PRESETS`, the
    first of which is the usual one, and may have `rewards`, a dataclass of its own.

    Attributes:
        max_turns: turns of an episode (or of a session), at most.
        top_k: items of one list, at most.
    """

    PRESETS: ClassVar[Mapping[str, Rules]] = {}

    max_turns: int = 15
    top_k: int = 10

    @property
    def acting_turns(self) -> int:
        """Moves of the recommender that can do something."""
        return self.max_turns

    def with_options(self: RulesT, **options: Any) -> RulesT:
        """A copy with some choices changed; `rewards` may be a mapping of some of the rewards.

        Raises:
            UnknownNameError: not the name of a choice or of a reward.
            OptionError: an impossible value.
        """
        allowed = self.names()
        for name in options:
            if name not in allowed:
                raise unknown("protocol option", name, allowed)
        if "rewards" in options:
            options["rewards"] = self._with_rewards(options["rewards"])
        return replace(self, **options)

    def _with_rewards(self, given: Any) -> Any:
        current: Any = getattr(self, "rewards", None)
        if isinstance(given, Mapping) and is_dataclass(current):
            names = [entry.name for entry in fields(current)]
            for name in given:
                if name not in names:
                    raise unknown("reward", name, names)
            return replace(current, **given)  # type: ignore[type-var]
        if not isinstance(given, type(current)):
            raise OptionError(
                f"rewards is {shown(given)}; {type(current).__name__} or a mapping is needed."
            )
        return given

    def to_dict(self) -> dict[str, Any]:
        """JSON values; `from_dict` takes them back."""
        return asdict(self)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the choices."""
        return tuple(entry.name for entry in fields(cls))

    @classmethod
    def from_dict(cls: type[RulesT], values: Mapping[str, Any]) -> RulesT:
        """Rules from `to_dict`; choices that are not in it are at their defaults."""
        return cls().with_options(**values)

    @classmethod
    def read(cls: type[RulesT], given: Any = None, **options: Any) -> RulesT:
        """A preset by its name, rules, or their dictionary, with some choices changed.

        Args:
            given: None is the first preset.

        Raises:
            UnknownNameError: no such preset or option. OptionError: an impossible value.
        """
        presets: Mapping[str, Any] = cls.PRESETS
        if given is None:
            base = next(iter(presets.values()), None) or cls()
        elif isinstance(given, cls):
            base = given
        elif isinstance(given, Mapping):
            base = cls.from_dict(given)
        elif isinstance(given, str) and given in presets:
            base = presets[given]
        else:
            raise unknown("protocol", given, presets)
        changed: RulesT = base.with_options(**options) if options else base
        return changed

    @property
    def label(self) -> str:
        """The nearest preset, and every choice in which these rules differ from it."""
        presets = self.PRESETS or {type(self).__name__: type(self)()}
        name, differing = min(
            ((name, _differences(preset, self)) for name, preset in presets.items()),
            key=lambda entry: len(entry[1]),
        )
        return f"{name} with {', '.join(differing)}" if differing else name


def check_whole(name: str, value: Any, low: int, high: int) -> None:
    """Raise `OptionError` unless a choice is a whole number of a range."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not low <= value <= high:
        raise OptionError(
            f"{name} is {shown(value)}; a whole number from {low} to {high} is needed."
        )


def check_number(name: str, value: Any, low: float, high: float) -> None:
    """Raise `OptionError` unless a choice is a finite number of a range; its ends may be inf."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high:
        ends = "a finite number" if low == -math.inf else f"a number from {low:g}"
        most = "" if high == math.inf else f" to {high:g}"
        raise OptionError(f"{name} is {shown(value)}; {ends}{most} is needed.")


def _differences(preset: Any, rules: Any, prefix: str = "") -> list[str]:
    """The choices in which `rules` differs, e.g. "on_reject = remove", "rewards.hit = 2"."""
    found = []
    nested = []
    for entry in fields(preset):
        usual, value = getattr(preset, entry.name), getattr(rules, entry.name)
        if is_dataclass(usual) and is_dataclass(value):
            nested += _differences(usual, value, f"{prefix}{entry.name}.")
        elif usual != value:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            found.append(f"{prefix}{entry.name} = {text}")
    return found + nested
