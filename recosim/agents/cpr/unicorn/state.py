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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.agents.cpr.unicorn.kernels import PAD, build_states
from recosim.envs.cpr.dialogues import Dialogues
from recosim.estimators.base import Vectors

__all__ = ["PAD", "SELECT", "StateBuilder", "States"]

SELECT = ("weighted_entropy", "inner_product")
# Accepted attributes of a state, at most: those of the smallest ids. A binary conversation of 15
# turns accepts 15 or fewer; many facets in a long one could accept more.
MAX_TOKENS = 48
ROWS_PER_THREAD = 192


class States(NamedTuple):
    """The states of n conversations: what the networks and the replay memory need of a graph.

    Attributes:
        joined: float32 (n, d), the convolution's sum over the neighbours of an accepted attribute.
        around: float32 (n, d), the same of the user.
        users: int32 (n,).
        tokens: int32 (n, t), accepted attributes: p where p is joined to the candidates, -2 - p
            where it is joined to none, -1 pads.
        asks: int32 (n, m), the askables to choose from, best first, -1 pads.
        items: int32 (n, top_k), the candidates to choose from, best first, -1 pads.
    """

    joined: NDArray[np.float32]
    around: NDArray[np.float32]
    users: NDArray[np.int32]
    tokens: NDArray[np.int32]
    asks: NDArray[np.int32]
    items: NDArray[np.int32]

    def take(self, rows: NDArray[Any] | slice) -> States:
        """The states of some conversations."""
        return States(**{name: part[rows] for name, part in self._asdict().items()})

    def spread(self, rows: NDArray[np.bool_]) -> States:
        """These states at the rows (bool) that are true, 0 in the others."""
        spread = {}
        for name, part in self._asdict().items():
            spread[name] = np.zeros((len(rows), *part.shape[1:]), dtype=part.dtype)
            spread[name][rows] = part
        return States(**spread)


class _Graph(NamedTuple):
    """What never changes; read-only arrays."""

    item_indptr: NDArray[np.int64]
    item_indices: NDArray[np.int32]
    bitsets: NDArray[np.uint64]
    facet_indptr: NDArray[np.int64]
    facet_indices: NDArray[np.int32]
    user: NDArray[np.float32]  # (users, d)
    item: NDArray[np.float32]  # (items, d)
    attribute: NDArray[np.float32]  # (attributes, d)
    item_bias: NDArray[np.float32]  # (items,)
    ask: NDArray[np.float32]  # (askables, d)
    penalty: NDArray[np.float32]  # (item links,), sigmoid(<attribute, item>) of each link


class _Talks(NamedTuple):
    """The live arrays of a batch of conversations; see `recosim.envs.cpr.fields`."""

    user: NDArray[np.int32]
    status: NDArray[np.int8]
    own: NDArray[np.uint8]
    opening: NDArray[np.int32]
    candidates: NDArray[np.uint64]
    facet_asked: NDArray[np.uint8]


class StateBuilder:
    """Builds the states of the conversations of a batch under an estimator of the agent's own.

    Args:
        dialogues: the batch; only what an agent may read is read.
        vectors: the node vectors, and the scores that come of them. The rejected attributes lower a
            score whatever `vectors.penalise_rejected` says: the score is UNICORN's.
        attributes: m, askables to choose from, at most.
        select: how they are chosen: "weighted_entropy" (UNICORN section 4.2, as in SCPR), or
            "inner_product", <u + sum of accepted, askable>, which the released code does.

    Attributes:
        ask_vectors: float32 (n_askables, d), those of the attributes; of a facet, the mean over its
            attributes.
    """

    def __init__(
        self, dialogues: Dialogues, vectors: Vectors, *, attributes: int, select: str
    ) -> None:
        a, world, protocol = dialogues.arrays, dialogues.world, dialogues.protocol
        self.batch, self.select = dialogues, SELECT.index(select)
        self.facets = protocol.question == "facet"
        self.attributes = min(attributes, dialogues.n_askables)
        # A turn accepts one attribute, two in a choice, and in a facet those of one item, or, from
        # a user that errs, one that it does not have.
        most = {"binary": 1, "choice": 2}.get(protocol.question, a["accepted"].shape[1] + 1)
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
        self._graph = _Graph(*(_read_only(array) for array in fixed))
        self._talks = _Talks(*(a[name] for name in _Talks._fields))

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
        threads = max(1, min(self.batch.threads, n // ROWS_PER_THREAD))
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
