"""Settings of estimators: checked when one is made, with errors that name what is allowed."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from recosim.errors import OptionError, nearest

__all__ = ["flag", "number", "refuse_unknown", "setting_names", "vector_size", "whole"]


def setting_names(kind: type) -> list[str]:
    """The settings of an estimator class: the keyword arguments of its constructor."""
    parameters = inspect.signature(kind).parameters.values()
    return [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]


def refuse_unknown(kind: type, unknown: Mapping[str, Any]) -> None:
    """Raise `OptionError` for settings that a class does not have; the nearest one is offered."""
    for name in unknown:
        allowed = setting_names(kind)
        near = nearest(name, allowed)
        hint = f" Did you mean {near!r}?" if near else ""
        label = getattr(kind, "name", kind.__name__)
        raise OptionError(
            f"unknown setting {name!r} of the estimator {label!r}.{hint} "
            f"Allowed: {', '.join(allowed)}."
        )


def whole(name: str, value: Any, low: int, high: int) -> int:
    """A whole number from `low` to `high`. Raises `OptionError`."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, np.integer))
        or not low <= value <= high
    ):
        raise OptionError(f"{name} is {value!r}; a whole number from {low} to {high} is needed.")
    return int(value)


def number(
    name: str, value: Any, *, low: float, high: float = math.inf, above: bool = False
) -> float:
    """A finite number from `low` (with `above`: above it) to `high`. Raises `OptionError`."""
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not real or not math.isfinite(value) or not low <= value <= high or (above and value == low):
        bounds = f"above {low:g}" if above else f"of at least {low:g}"
        most = f" and at most {high:g}" if math.isfinite(high) else ""
        raise OptionError(f"{name} is {value!r}; a finite number {bounds}{most} is needed.")
    return float(value)


def flag(name: str, value: Any) -> bool:
    """True or False. Raises `OptionError`."""
    if not isinstance(value, bool):
        raise OptionError(f"{name} is {value!r}; True or False is needed.")
    return value


def vector_size(value: Any) -> int:
    """The `dimension` of an estimator: a multiple of 8 from 8 to 256. Raises `OptionError`."""
    dimension = whole("dimension", value, 8, 256)
    if dimension % 8:
        raise OptionError(f"dimension is {value}; a multiple of 8 is needed.")
    return dimension
