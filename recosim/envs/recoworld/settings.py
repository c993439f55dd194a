"""How kernels read the settings of a user and the choices of the rules: by name, at no cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from recosim.envs.recoworld import fields as f
from recosim.kernels.compiling import kernel
from recosim.kernels.table import Table
from recosim.users.behaviour import SETTINGS

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


@kernel
def trait_of(t: Table, b: int, column: int) -> float:
    rows = f.traits(t)
    user = f.user(t)[b] if rows.shape[0] > 1 else 0
    return float(rows[user, column])


def trait(name: str) -> Callable[[Table, int], float]:
    """A setting of the user of a row, as a part of kernels: (table, row) -> float64."""
    column = SETTINGS[name].position

    @njit
    def read(t: Table, b: int) -> Any:
        return trait_of(t, b, column)

    accessor: Callable[[Table, int], float] = read
    return accessor


def real(name: str) -> Callable[[Table], float]:
    """A choice of the rules, as a part of kernels: table -> float64."""
    place = REALS.index(name)

    @njit
    def read(t: Table) -> Any:
        return f.reals(t)[place]

    accessor: Callable[[Table], float] = read
    return accessor
