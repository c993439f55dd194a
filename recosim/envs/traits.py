"""How kernels read the settings of a user: by name, at no cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from recosim.kernels.table import Table
from recosim.users.behaviour import SETTINGS

__all__ = ["Trait", "trait_reader"]

Trait = Callable[[Table, int], float]


def trait_reader(traits: Any, user: Any) -> Callable[[str], Trait]:
    """Makes readers of settings for the kernels of a family.

    Args:
        traits: accessor of its field float64 (users or 1, settings), `Population.traits`.
        user: accessor of its field (rows,), the user of each row.

    Returns:
        name of a setting -> part of kernels (table, row) -> float64.
    """

    def trait(name: str) -> Trait:
        column = SETTINGS[name].position

        @njit
        def read(t: Table, b: int) -> Any:
            rows = traits(t)
            return rows[user(t)[b] if rows.shape[0] > 1 else 0, column]

        accessor: Trait = read
        return accessor

    return trait
