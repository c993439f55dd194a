"""How kernels read the settings of a user and the choices of the rules: by name, at no cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from recosim.envs.recoworld import fields as f
from recosim.envs.traits import trait_reader
from recosim.kernels.table import Table

__all__ = ["REALS", "real", "trait"]

# Choices of the rules that are real numbers, in the order of the array `reals`.
REALS = (
    "utility_bias",
    "quality_weight",
    "like_at",
    "love_at",
    "read_effort",
    "use_effort",
    "ask_effort",
    "rest",
    "poor_list",
    "ignored",
    "hope",
    "regret_weight",
)


trait = trait_reader(f.traits, f.user)


def real(name: str) -> Callable[[Table], float]:
    """A choice of the rules, as a part of kernels: table -> float64."""
    place = REALS.index(name)

    @njit
    def read(t: Table) -> Any:
        return f.reals(t)[place]

    accessor: Callable[[Table], float] = read
    return accessor
