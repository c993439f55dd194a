"""The graph of a UNICORN state, from the arrays of a batch: never built edge by edge.

The graph of a conversation (UNICORN section 4.1) has four kinds of nodes: the user, the accepted
attributes P, the candidate items C, and the attributes that may still be asked. Its edges are

    user - candidate v         weight w_v = sigmoid(score of v)
    candidate v - attribute p  weight 1, if v has p and p is accepted or was not asked yet

    score of v = bias[v] + <u, v> + sum over accepted p of <p, v>
                 - sum over rejected p that v has of sigmoid(<p, v>)

and one graph convolution reads sum over j of A_ij x_j / sqrt(deg_i deg_j) at node i, where x are
the node vectors. Those do not change, and that makes one pass over the candidates enough:

- deg_v = w_v + number of accepted and unasked attributes of v, whatever node asks for it;
- an accepted attribute is joined to *all* candidates, since they were intersected with its items,
  or, where the intersection would have been empty (a user that errs), to *none*. So the sum over
  the neighbours of an accepted attribute is one vector for all of them,
  sum over C of x_v / sqrt(deg_v), divided by sqrt(|C|), or 0.

A test holds these sums against a dense adjacency matrix, node by node.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.agents.cpr.unicorn.arrays import Graph, States, Talks
from recosim.agents.cpr.unicorn.kernels import PAD, build_states
from recosim.envs.cpr.dialogues import Dialogues
from recosim.estimators.base import Vectors
from recosim.kernels.threads import threads_for

__all__ = ["PAD", "SELECT", "StateBuilder", "States"]

SELECT = ("weighted_entropy", "inner_product")
# Accepted attributes of a state, at most: those of the smallest ids. A binary conversation of 15
# turns accepts 15 or fewer; many facets in a long one could accept more.
MAX_TOKENS = 48


class StateBuilder:
    """Builds the states of the conversations of a batch under an estimator of the agent's own.

    Args:
        batch: the batch; only what an agent may read is read.
        vectors: the node vectors, and the scores that come of them. The rejected attributes lower a
            score whatever `vectors.penalise_rejected` says: the score is UNICORN's.
        attributes: m, askables to choose from, at most.
        select: how they are chosen: "weighted_entropy" (UNICORN section 4.2, as in SCPR), or
            "inner_product", <u + sum of accepted, askable>, which the released code does.

    Attributes:
        ask_vectors: float32 (n_askables, d), those of the attributes; of a facet, the mean over its
            attributes.
    """

    def __init__(self, batch: Dialogues, vectors: Vectors, *, attributes: int, select: str) -> None:
        a, world, protocol = batch.arrays, batch.world, batch.protocol
        self.batch, self.select = batch, SELECT.index(select)
        self.facets = protocol.question == "facet"
        self.attributes = min(attributes, batch.n_askables)
        # A turn accepts one attribute, in a facet those of one item, or, from a user that errs,
        # one that it does not have.
        most = 1 if protocol.question == "binary" else a["accepted"].shape[1] + 1
        self.tokens = min((protocol.max_turns + 1) * most, world.n_attributes, MAX_TOKENS)
        self.ask_vectors = vectors.attribute
        if self.facets:
            ends = a["facet_indptr"]
            self.ask_vectors = np.zeros((world.n_facets, vectors.dimension), dtype=np.float32)
            for facet, (lo, hi) in enumerate(pairwise(ends)):
                if hi > lo:
                    members = vectors.attribute[a["facet_indices"][lo:hi]]
                    self.ask_vectors[facet] = members.mean(axis=0)
        fixed = (
            *(a[name] for name in ("item_indptr", "item_indices", "bitsets")),
            *(a[name] for name in ("facet_indptr", "facet_indices")),
            *(vectors.user, vectors.item, vectors.attribute, vectors.item_bias),
            self.ask_vectors,
            _link_penalties(a["item_indptr"], a["item_indices"], vectors),
        )
        self._graph = Graph(*(_read_only(array) for array in fixed))
        self._talks = Talks(*(a[name] for name in Talks._fields))

    def build(self, rows: NDArray[np.bool_]) -> States:
        """The states of some running rows (bool (B,)), n of them, in the order of the rows."""
        chosen = np.flatnonzero(rows)
        n, d, top_k = len(chosen), self._graph.item.shape[1], self.batch.protocol.top_k
        states = States(
            np.empty((n, d), dtype=np.float32),
            np.empty((n, d), dtype=np.float32),
            self._talks.user[chosen],
            np.empty((n, self.tokens), dtype=np.int32),
            np.empty((n, self.attributes), dtype=np.int32),
            np.empty((n, top_k), dtype=np.int32),
        )
        threads = threads_for(n, self.batch.threads)
        bounds = [n * k // threads for k in range(threads + 1)]

        def part(span: tuple[int, int]) -> None:
            build_states(self._graph, self._talks, self.facets, self.select, chosen, *span, states)

        if threads == 1:
            part((0, n))
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(part, pairwise(bounds)))
        return states


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A plain view, so that mapped and own arrays are one type to the compiler."""
    view = np.asarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view


def _link_penalties(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], vectors: Vectors
) -> NDArray[np.float32]:
    """sigmoid(<attribute, item>) of each item-attribute link, float32 (links,)."""
    values = np.empty(len(indices), dtype=np.float32)
    items = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    for start in range(0, len(values), 1 << 16):
        part = slice(start, start + (1 << 16))
        values[part] = np.einsum(
            "ij,ij->i", vectors.attribute[indices[part]], vectors.item[items[part]]
        )
    return (1.0 / (1.0 + np.exp(-values))).astype(np.float32)
