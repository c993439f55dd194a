"""What a fit finds: settings with their figures and standard errors, and what it cannot find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recosim.users.population import Population

__all__ = ["ENOUGH", "Estimate", "Figure", "Findings"]

# Fewer occasions than these tell nothing that would be worth a line in a card.
ENOUGH = 10


@dataclass(frozen=True)
class Figure:
    """A fitted number and its standard error, NaN where it has none."""

    name: str
    value: float
    error: float

    def __str__(self) -> str:
        error = f" (se {self.error:.2g})" if self.error == self.error else ""
        return f"{self.name} {self.value:.3g}{error}"


@dataclass(frozen=True)
class Estimate:
    """A setting as it was fitted.

    Attributes:
        setting: its name.
        value: as a card holds it: a constant, or a distribution.
        figures: what was estimated, each with its standard error; the first is the mean, where
            the setting is a number.
        occasions, users: what it was fitted to.
        note: what else is to be known.
    """

    setting: str
    value: Any
    figures: tuple[Figure, ...]
    occasions: int
    users: int
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON values; an error that is not finite is None."""
        figures = [
            {"name": f.name, "value": f.value, "error": f.error if f.error == f.error else None}
            for f in self.figures
        ]
        return {
            "value": self.value,
            "figures": figures,
            "occasions": self.occasions,
            "users": self.users,
            "note": self.note,
        }

    def told(self) -> str:
        """Its figures, and what they rest on, in a line."""
        told = ", ".join(map(str, self.figures)) or str(self.value)
        note = f"; {self.note}" if self.note else ""
        return f"{told}; {self.occasions:,} occasions of {self.users:,} users{note}"


@dataclass(frozen=True)
class Findings:
    """What was found of some settings.

    Attributes:
        estimates: by setting.
        unknown: by setting, why it could not be identified.
    """

    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)

    def population(self, name: str = "fitted") -> Population:
        """The users that were found; what could not be identified is as in `Behaviour()`."""
        return Population(name, {key: own.value for key, own in self.estimates.items()})

    @staticmethod
    def joined(*parts: Findings) -> Findings:
        """All of them."""
        estimates: dict[str, Estimate] = {}
        unknown: dict[str, str] = {}
        for part in parts:
            estimates |= part.estimates
            unknown |= part.unknown
        # Several kinds of occasions may tell of one setting; one that does is enough.
        return Findings(estimates, {k: why for k, why in unknown.items() if k not in estimates})

    @staticmethod
    def nothing(settings: tuple[str, ...], why: str) -> Findings:
        """None of some settings could be identified."""
        return Findings({}, dict.fromkeys(settings, why))
