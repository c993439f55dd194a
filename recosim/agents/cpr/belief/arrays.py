"""The arrays of a Bayesian belief over the items that a user may have in mind.

The belief of row b is over its *support*: the postings of one attribute that the user named at the
opening, or all items where they named none. `miss[b, k]` counts the answers that contradict the
k-th item of the support, `OUT` rules it out; `prior[b, k]` is the logarithm of its prior
probability, up to a constant.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["Graph", "MOST", "OUT", "Rows", "has"]

OUT = np.int8(127)  # ruled out for good
MOST = np.int8(120)  # contradictions are counted up to here


class Graph(NamedTuple):
    """The world as the kernels need it.

    Attributes:
        item_indptr, item_indices: attributes of each item. posting_indptr, posting_indices: items
            of each attribute, and behind them all items. bitsets: (n_attributes, words), the
            postings as sets.
        train_indptr, train_indices: items that each user took in train.
        friend_indptr, friend_indices: friends of each user.
        facet_of: (n_attributes,). facet_indptr, facet_indices: attributes of each facet.
        groups: (n_items, n_facets) int32, which set of attributes the item has in a facet, as a
            number among all sets of all facets.
        group_sets: how many there are.
        facts: (n_items, 3) float32: log(1 + popularity), 1 if nobody took it in train, log of the
            number of attributes.
        opening: (n_items,) float32, log probability of each opening of the item.
    """

    item_indptr: NDArray[np.int64]
    item_indices: NDArray[np.int32]
    posting_indptr: NDArray[np.int64]
    posting_indices: NDArray[np.int32]
    bitsets: NDArray[np.uint64]
    train_indptr: NDArray[np.int64]
    train_indices: NDArray[np.int32]
    friend_indptr: NDArray[np.int64]
    friend_indices: NDArray[np.int32]
    facet_of: NDArray[np.int16]
    facet_indptr: NDArray[np.int64]
    facet_indices: NDArray[np.int32]
    groups: NDArray[np.int32]
    group_sets: int
    facts: NDArray[np.float32]
    opening: NDArray[np.float32]


class Rows(NamedTuple):
    """The belief of each row; B rows, S the longest support.

    Attributes:
        first: (B,) int64, where the support begins in the postings. size: (B,) int32.
        miss: (B, S) int8. prior: (B, S) float32. answered: (B,) int32, answers that count.
    """

    first: NDArray[np.int64]
    size: NDArray[np.int32]
    miss: NDArray[np.int8]
    prior: NDArray[np.float32]
    answered: NDArray[np.int32]


@njit(nogil=True)
def has(g: Graph, v: int, a: int) -> bool:
    """Whether an item has an attribute."""
    return (g.bitsets[a, v >> 6] >> np.uint64(v & 63)) & np.uint64(1) != np.uint64(0)
