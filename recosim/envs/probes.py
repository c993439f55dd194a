"""`Probe`: one measurement of users that a family's audit makes beside those of every family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Probe", "no_probes"]


@dataclass(frozen=True)
class Probe:
    """A measurement, made by asking many users the same kind of thing at once.

    Attributes:
        name: its key in audit.json.
        title, about: of its section on the page.
        measure: function (setup, speaker, n, seed) -> shares by name (`recosim.audit.shares`).
    """

    name: str
    title: str
    about: str
    measure: Callable[..., dict[str, Any]]


def no_probes(setup: Any) -> tuple[Probe, ...]:
    """Those of a family that brings none."""
    return ()
