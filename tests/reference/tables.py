"""What a plain-Python conversation is built from: a world as sets, and a source of randomness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from recosim.errors import OptionError
from recosim.world.csr import Csr
from recosim.world.world import World

__all__ = ["Draw", "DrawUnit", "WorldTables", "draws_from", "no_draw"]

# Gives a whole number 0 <= i < n, for (purpose, turn, n).
Draw = Callable[[str, int, int], int]
# Gives a number 0 <= x < 1, for (purpose, turn).
DrawUnit = Callable[[str, int], float]


class WorldTables:
    """A world as lists and sets; make it once and share it between conversations."""

    def __init__(self, world: World) -> None:
        self.n_items = world.n_items
        self.n_attributes = world.n_attributes
        self.n_facets = world.n_facets
        # item -> its attributes; attribute -> its items; both as sets
        self.item_attributes = [set(row) for row in _rows(world.item_attributes)]
        self.attribute_items = [set(row) for row in _rows(world.attribute_items)]
        # facet -> its attributes, ascending; attribute -> its facet, -1 for none
        self.facet_attributes = _rows(world.facet_attributes)
        self.attribute_facet: list[int] = world.attribute_facet.tolist()
        # user -> the items of the train split, ascending
        self.train = _rows(world.train)


def _rows(table: Csr) -> list[list[int]]:
    return [table.row(r).tolist() for r in range(table.rows)]


def draws_from(rng: np.random.Generator) -> tuple[Draw, DrawUnit]:
    """`draw` and `draw_unit` from a stream, for runs that need not match a kernel's."""
    return (lambda purpose, turn, n: int(rng.integers(n))), (lambda purpose, turn: rng.random())


def no_draw(purpose: str, turn: int, n: int = 0) -> Any:
    """Stands where no `draw` was given."""
    raise OptionError(
        f"a draw for {purpose!r} was needed in turn {turn}; pass `draw`, `draw_unit`."
    )
