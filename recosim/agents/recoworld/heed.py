"""What instructions ask of a list: the one place where agents read them (docs/recoworld.md, 4)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.kernels.compiling import cached
from recosim.world.world import World

__all__ = ["AVOID", "WANT", "Ledger", "group_items", "read_instructions"]

AVOID, WANT = 0, 1

Instructions = NDArray[np.int32]


def read_instructions(
    instructions: Instructions, items: NDArray[np.int32], world: World
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """How many instructions each item breaks, and how many it meets.

    An item counts for an instruction if that has no condition or the item has it.

    Args:
        instructions: int32 (B, slots, 4 or more): directive, attribute, condition, and what else
            there is; rows of a negative directive say nothing.
        items: int32 (B, n), -1 for none.

    Returns:
        breaks, meets: int8 (B, n).
    """
    breaks = np.zeros(items.shape, dtype=np.int8)
    meets = np.zeros(items.shape, dtype=np.int8)
    if len(items) and (instructions[:, :, 0] >= 0).any():
        links = world.item_attributes
        _read(instructions, items, links.indptr, links.indices, breaks, meets)
    return breaks, meets


def group_items(breaks: NDArray[np.int8], meets: NDArray[np.int8]) -> NDArray[np.int8]:
    """0 meets a want and breaks nothing, 1 breaks nothing, 2 breaks something; int8 (B, n)."""
    return np.where(breaks > 0, 2, np.where(meets > 0, 0, 1)).astype(np.int8)


class Ledger:
    """Everything that users ever said should change, held for ever and in every case.

    Of each attribute the latest word counts; conditions and scopes are left out.

    Attributes:
        instructions: int32 (B, attributes, 5), as `read_instructions` takes them; the row of an
            attribute of which nothing was said is -1.
    """

    def __init__(self, size: int, n_attributes: int) -> None:
        self.instructions = np.full((size, n_attributes, 5), -1, dtype=np.int32)

    def forget(self, rows: NDArray[np.bool_]) -> None:
        """Begin anew in some rows (bool (B,))."""
        self.instructions[rows] = -1

    def write(self, given: NDArray[np.int32], rows: NDArray[np.bool_]) -> None:
        """Note what was given with a move: int32 (B, n, 4), of some rows, in its order."""
        for k in range(given.shape[1]):
            row = np.flatnonzero(rows & (given[:, k, 0] >= 0))
            directive, attribute = given[row, k, 0], given[row, k, 1]
            self.instructions[row, attribute] = np.stack(
                [directive, attribute, *np.full((3, len(row)), (-1,))], axis=1
            )


@cached(nogil=True, error_model="numpy")
def _read(
    instructions: Any, items: Any, indptr: Any, indices: Any, breaks: Any, meets: Any
) -> None:
    size, slots = instructions.shape[0], instructions.shape[1]
    held = np.empty(slots, dtype=np.int64)
    for b in range(size):
        n = 0
        for k in range(slots):
            if instructions[b, k, 0] >= 0:
                held[n] = k
                n += 1
        if n == 0:
            continue
        for i in range(items.shape[1]):
            v = items[b, i]
            if v < 0:
                continue
            first, last = indptr[v], indptr[v + 1]
            for h in range(n):
                k = held[h]
                wanted, condition = instructions[b, k, 1], instructions[b, k, 2]
                has, counts = False, condition < 0
                for j in range(first, last):
                    has = has or indices[j] == wanted
                    counts = counts or indices[j] == condition
                if has and counts:
                    if instructions[b, k, 0] == 0:
                        breaks[b, i] += 1
                    else:
                        meets[b, i] += 1
