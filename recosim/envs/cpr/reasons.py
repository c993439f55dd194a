"""Why a list is shown: the attributes that a recommender names, by a fixed rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recosim.kernels.compiling import cached

if TYPE_CHECKING:
    from recosim.envs.cpr.dialogues import Dialogues

__all__ = ["reasons"]


def reasons(batch: Dialogues, items: NDArray[np.int32]) -> NDArray[np.int32]:
    """The attributes that justify lists: those of most of the items, of which nothing was said yet.

    Args:
        items: int32 (B, top_k), padded with -1.

    Returns:
        int32 (B, protocol.aspects), padded with -1; the smallest id on ties.
    """
    chosen = np.full((batch.size, batch.protocol.aspects), -1, dtype=np.int32)
    table = batch.world.item_attributes
    _choose_reasons(table.indptr, table.indices, items, batch.arrays["status"], chosen)
    return chosen


@cached(nogil=True)
def _choose_reasons(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    items: NDArray[np.int32],
    status: NDArray[np.int8],
    chosen: NDArray[np.int32],
) -> None:
    count = np.zeros(status.shape[1], dtype=np.int32)
    for b in range(items.shape[0]):
        count[:] = 0
        for v in items[b]:
            if v >= 0:
                for k in range(indptr[v], indptr[v + 1]):
                    count[indices[k]] += 1
        for place in range(chosen.shape[1]):
            best = -1
            for a in range(count.shape[0]):
                if status[b, a] == 0 and count[a] > 0 and (best < 0 or count[a] > count[best]):
                    best = a
            if best >= 0:
                chosen[b, place] = best
                count[best] = 0
