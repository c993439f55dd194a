"""The interface of retrieval: what ranks the items of a world for a batch of queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError

__all__ = ["Ranking", "Retriever", "empty_ranking"]


class Ranking(NamedTuple):
    """The best k items of each of B queries, best first."""

    items: NDArray[np.int32]  # (B, k), -1 where fewer were found
    scores: NDArray[np.float64]  # (B, k), 0 where there is no item


class Retriever(Protocol):
    """Ranks the items of a world by text. `BM25` and `Dense` are retrievers.

    Attributes of the object:
        name: what tables call it.
    """

    name: str

    def search(self, texts: Sequence[str], k: int) -> Ranking:
        """The best k items for each text; equal scores go to the smaller id.

        Raises:
            OptionError: k is below 1.
        """
        ...


def empty_ranking(rows: int, k: int, n_items: int) -> Ranking:
    """Room for the best k of each row, no more than there are items.

    Raises:
        OptionError: k is below 1.
    """
    if k < 1:
        raise OptionError(f"k is {k}; 1 or more is needed.")
    k = min(k, n_items)
    return Ranking(np.empty((rows, k), dtype=np.int32), np.empty((rows, k), dtype=np.float64))
