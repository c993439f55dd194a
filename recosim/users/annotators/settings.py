"""`Annotators`: the table `[annotators]` of a population's card, who rates lists and compares them.

docs/annotators.md has the rules. Only annotators read these settings: no environment does, and no
outcome of one hangs on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError, unknown
from recosim.users.settings import Kind, Number, Probability, Whole, is_number

__all__ = ["ASPECTS", "READ", "SETTINGS", "Annotators", "annotators_of", "typed"]

# What a list is judged by; `recosim.users.annotators.aspects` measures them.
ASPECTS = ("worth", "appeal", "popularity", "length", "variety")
# The settings of `Behaviour` that annotators read as well.
READ = ("answer_noise", "dont_know", "examination", "choice_temperature")


class Weights(Kind):
    """A weight for each of some aspects; the others weigh nothing."""

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, Mapping) or not value:
            raise OptionError(
                f"{name} is {value!r}; a table of weights is needed, of {', '.join(ASPECTS)}."
            )
        for aspect, weight in value.items():
            if aspect not in ASPECTS:
                raise unknown(f"aspect of {name}", aspect, ASPECTS)
            if not is_number(weight) or not np.isfinite(weight):
                raise OptionError(f"{name}.{aspect} is {weight!r}; a finite number is needed.")
        if not any(value.values()):
            raise OptionError(f"{name} weighs nothing; one weight other than 0 is needed.")

    def described(self) -> str:
        return f"a table of weights: {', '.join(f'`{aspect}`' for aspect in ASPECTS)}"

    def typed(self, value: Any) -> Any:
        """Weights as a person typed them: `worth:1,length:0.5`."""
        if not isinstance(value, str):
            return value
        found: dict[str, Any] = {}
        for part in value.split(","):
            aspect, _, weight = part.partition(":")
            found[aspect.strip()] = _number(weight)
        return found


class Above(Number):
    """A number above 0."""

    def check(self, name: str, value: Any) -> None:
        super().check(name, value)
        if value == 0:
            raise OptionError(f"{name} is {value!r}; a number above 0 is needed.")

    def described(self) -> str:
        return "above 0"


class Entry(NamedTuple):
    """The values of a setting, and what it is in a sentence without a full stop."""

    kind: Kind
    help: str


SETTINGS: dict[str, Entry] = {
    "pool": Entry(Whole(1, 1000, of="annotators"), "how many annotators there are"),
    "own_taste": Entry(
        Probability(), "how far an annotator judges by a taste of their own, not by the user's"
    ),
    "spread": Entry(
        Number(), "standard deviation, between annotators, of the weight of each aspect"
    ),
    "compare": Entry(Weights(), "what counts when two lists are compared"),
    "tie": Entry(Number(), "difference up to which two lists are called equal"),
    "rate": Entry(Weights(), "what counts when a list is rated"),
    "levels": Entry(Whole(2, 100), "levels of the rating scale"),
    "step": Entry(Above(), "how much better a list has to be for one level more"),
    "leniency": Entry(Number(), "standard deviation, between annotators, of how kindly they rate"),
    "rating_noise": Entry(Number(), "standard deviation of the chance in a rating"),
}


def _worth() -> dict[str, float]:
    return {"worth": 1.0}


@dataclass(frozen=True)
class Annotators:
    """A pool of annotators. The default is one, who judges as the user would and never errs.

    Attributes are those of `SETTINGS`; `tie`, `step`, `leniency` and `rating_noise` are in standard
    deviations of lists (docs/annotators.md, "What a list is felt to be worth").

    Raises:
        OptionError, UnknownNameError: a value that a setting cannot have.
    """

    pool: int = 1
    own_taste: float = 0.0
    spread: float = 0.0
    compare: Mapping[str, float] = field(default_factory=_worth)
    tie: float = 0.0
    rate: Mapping[str, float] = field(default_factory=_worth)
    levels: int = 7
    step: float = 0.5
    leniency: float = 0.0
    rating_noise: float = 0.0

    def __post_init__(self) -> None:
        for name, (kind, _) in SETTINGS.items():
            kind.check(name, getattr(self, name))

    def weights(self, of: str) -> NDArray[np.float64]:
        """The weights of "rate" or "compare", float64 (aspects,), of Euclidean length 1."""
        given: Mapping[str, float] = getattr(self, of)
        found = np.array([float(given.get(aspect, 0.0)) for aspect in ASPECTS])
        return found / np.linalg.norm(found)

    def to_dict(self) -> dict[str, Any]:
        """JSON values of all settings."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}


def typed(name: str, value: str) -> Any:
    """A value of a setting as a person typed it.

    Raises:
        UnknownNameError: no such setting.
    """
    if name not in SETTINGS:
        raise unknown("setting of annotators", name, SETTINGS)
    kind = SETTINGS[name].kind
    return kind.typed(value) if isinstance(kind, Weights) else _number(value)


def _number(text: str) -> Any:
    """The number that a text is, or the text itself, which is refused where it is checked."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def annotators_of(given: Any) -> Annotators:
    """Annotators from a table of a card; None: the default.

    Raises:
        UnknownNameError: a key that does not exist. OptionError: an impossible value.
    """
    if given is None or isinstance(given, Annotators):
        return given or Annotators()
    if not isinstance(given, Mapping):
        raise OptionError(f"annotators is {given!r}; a table of settings is needed.")
    for key in given:
        if key not in SETTINGS:
            raise unknown("setting of annotators", key, SETTINGS)
    return Annotators(**given)
