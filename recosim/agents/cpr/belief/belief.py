"""`Belief`: what an agent may conclude about the target, by Bayes' rule, for a batch at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from recosim.agents.cpr.belief.arrays import OUT, Graph, Rows
from recosim.agents.cpr.belief.look import look
from recosim.agents.cpr.belief.prior import open_belief, prior_moments
from recosim.agents.cpr.belief.revise import revise
from recosim.envs.cpr.dialogues import Dialogues
from recosim.world.world import World

__all__ = ["ERROR_RATES", "FEATURES", "Belief"]

# Error rates that a user may have, and how likely each is beforehand.
ERROR_RATES = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.3])
ERROR_CHANCES = np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1])

# What the prior probability of an item is a log-linear function of.
FEATURES = (
    "score",  # of the estimator, before anything is said
    "named",  # what the opening adds to it
    "popularity",  # log(1 + train interactions)
    "unseen",  # 1 if nobody took it in train
    "attributes",  # log of their number
    "friends",  # log(1 + friends of the user who took it in train)
)
# Weights before anything was learned: the estimator's score alone.
START = np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0])


class Belief:
    """A posterior over items for each row of a batch of conversations.

    P(target = v | talk) is proportional to P(v | user, opening) * P(answers | v). The prior is
    log-linear in `FEATURES` with weights `theta`, times the exact probability that the user opens
    with what they named (1 / number of attributes of v). An answer is wrong with a probability eps
    that is not known: the likelihood is the mixture over `ERROR_RATES`, in which v enters by the
    number m of answers that contradict it alone,

        P(answers | v) = sum over eps of P(eps) eps^m (1 - eps)^(n - m),

    so one byte for each item carries the joint posterior over target and error rate. "Don't know"
    tells nothing about the target. Refused items are out, and so are those that the user knows. A
    criticism or a want that comes with a refusal is an answer like any other, asked for or not.
    Where the user named no attribute the prior is over all items.

    Args:
        batch: the batch.
        theta: weights of the prior, float64 (6,).
        opening: use the probability of the opening.
        learn_errors: False: users never err (eps = 0), as a hard rule has it.
    """

    def __init__(
        self,
        batch: Dialogues,
        theta: NDArray[np.float64] | None = None,
        *,
        opening: bool = True,
        learn_errors: bool = True,
    ) -> None:
        self.batch = d = batch
        self.theta = START.copy() if theta is None else theta
        self.opening = opening
        self.rates, self.chances = ERROR_RATES, ERROR_CHANCES
        if not learn_errors:
            self.rates, self.chances = np.zeros(1), np.ones(1)
        facets = d.protocol.question == "facet"
        self.graph = _graph(d.world, facets)
        longest = int(d.world.attribute_items.degrees().max())
        self.rows = Rows(
            first=np.zeros(d.size, dtype=np.int64),
            size=np.zeros(d.size, dtype=np.int32),
            miss=np.full((d.size, longest), OUT, dtype=np.int8),
            prior=np.zeros((d.size, longest), dtype=np.float32),
            answered=np.zeros(d.size, dtype=np.int32),
        )
        self.ask = np.full(d.size, -1, dtype=np.int64)
        self.top = np.full((d.size, d.protocol.top_k), -1, dtype=np.int32)
        self.summary = np.zeros((d.size, 7), dtype=np.float32)

    def open(self, rows: NDArray[np.bool_]) -> None:
        """Begin the belief of the rows (bool (B,)) whose conversations have begun."""
        a, vectors = self.batch.arrays, self.batch.vectors
        chosen = np.flatnonzero(rows)
        if (a["n_accepted"][chosen] == 0).any():
            self._make_room(self.batch.world.n_items)
        self._run(
            open_belief,
            chosen,
            a["user"],
            a["accepted"],
            a["n_accepted"],
            a["asked_facet"],
            a["standing"],
            a["query"],
            vectors.user,
            vectors.item,
            vectors.item_bias,
            self.theta,
            self.opening,
        )

    def _make_room(self, size: int) -> None:
        """Let supports be as large as that: few users name nothing, and few batches need it."""
        r = self.rows
        more = size - r.miss.shape[1]
        if more > 0:
            pad = ((0, 0), (0, more))
            miss = np.pad(r.miss, pad, constant_values=OUT)
            self.rows = r._replace(miss=miss, prior=np.pad(r.prior, pad))

    def revise(self, rows: NDArray[np.bool_]) -> None:
        """Take in the last move of the rows (bool (B,)) that moved."""
        a = self.batch.arrays
        self._run(
            revise,
            np.flatnonzero(rows),
            a["verb"],
            a["outcome"],
            a["asked"],
            a["asked_facet"],
            a["accepted"],
            a["n_accepted"],
            a["shown"],
            a["n_shown"],
            self.batch.protocol.targets > 1,
        )

    def look(self, rows: NDArray[np.bool_], moves_left: NDArray[np.int32]) -> None:
        """Fill `ask`, `top` and `summary` of some rows (bool (B,)); see the kernel `look`."""
        d = self.batch
        self._run(
            look,
            np.flatnonzero(rows),
            self.rates,
            self.chances,
            d.legal_actions(),
            d.protocol.question == "facet",
            moves_left,
            d.protocol.top_k,
            self.ask,
            self.top,
            self.summary,
        )

    def posterior(self, row: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Items of the support of one row, and their probabilities."""
        r = self.rows
        size, n = int(r.size[row]), int(r.answered[row])
        start = int(r.first[row])
        items = self.graph.posting_indices[start : start + size]
        misses = r.miss[row, :size].astype(np.int64)
        m = np.minimum(misses, n)[:, None]
        likelihood = (self.chances * self.rates**m * (1 - self.rates) ** (n - m)).sum(axis=1)
        prior = r.prior[row, :size].astype(np.float64)
        alive = misses != OUT
        weight = np.where(alive, np.exp(prior - prior[alive].max(initial=-np.inf)), 0) * likelihood
        return items, weight / max(float(weight.sum()), 1e-300)

    def fit_prior(self, steps: int = 12, ridge: float = 1.0) -> list[float]:
        """Learn `theta` from the targets of the conversations that have just begun in all rows.

        Maximum likelihood by Newton's method; the targets are past interactions of the training
        split, known to a system that learns from its logs. Returns the mean log probability of a
        target before each step.
        """
        d, vectors = self.batch, self.batch.vectors
        everyone = np.ones(d.size, dtype=np.bool_)
        path = []
        for _ in range(steps):
            self.open(everyone)
            gradient, curvature = -ridge * self.theta, ridge * np.eye(len(FEATURES))
            total = 0.0
            for b in range(d.size):
                total += prior_moments(
                    self.graph,
                    self.rows,
                    b,
                    int(d.arrays["targets"][b, 0]),
                    int(d.arrays["user"][b]),
                    d.arrays["query"][b],
                    vectors.user,
                    vectors.item,
                    vectors.item_bias,
                    gradient,
                    curvature,
                )
            path.append(total / d.size)
            step = np.linalg.solve(curvature, gradient)
            # A step that is too long is cut: far from the optimum the curvature misleads.
            self.theta = self.theta + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-9))
        return path

    def _run(self, kernel: Any, chosen: NDArray[np.int64], *arguments: Any) -> None:
        """A kernel over some rows, shared by the threads of the batch."""
        threads = min(self.batch.threads, len(chosen) // 64)
        if threads < 2:
            kernel(self.graph, self.rows, chosen, *arguments)
            return
        kernel(self.graph, self.rows, chosen[:0], *arguments)  # compile before the threads start
        with ThreadPoolExecutor(threads) as pool:
            parts = np.array_split(chosen, threads)
            for job in [
                pool.submit(kernel, self.graph, self.rows, part, *arguments) for part in parts
            ]:
                job.result()


_graphs: WeakKeyDictionary[World, dict[bool, Graph]] = WeakKeyDictionary()


def _graph(world: World, facets: bool) -> Graph:
    """The arrays of a world for the kernels; kept, because the sets of facets take a while."""
    kept = _graphs.setdefault(world, {})
    if facets not in kept:
        kept[facets] = _make_graph(world, facets)
    return kept[facets]


def _make_graph(world: World, facets: bool) -> Graph:
    degrees = world.item_attributes.degrees()
    popularity = world.popularity.astype(np.float64)
    facts = np.stack(
        [np.log1p(popularity), popularity == 0, np.log(np.maximum(degrees, 1))], axis=1
    )
    if facets:
        groups, group_sets, empty = _facet_sets(world)
        openings = (groups != empty).sum(axis=1)
    else:
        groups = np.zeros((world.n_items, 0), dtype=np.int32)
        group_sets, openings = 0, degrees
    return Graph(
        item_indptr=world.item_attributes.indptr,
        item_indices=world.item_attributes.indices,
        posting_indptr=world.attribute_items.indptr,
        posting_indices=np.append(
            world.attribute_items.indices, np.arange(world.n_items, dtype=np.int32)
        ),
        bitsets=world.bitsets,
        train_indptr=world.train.indptr,
        train_indices=world.train.indices,
        friend_indptr=world.friends.indptr,
        friend_indices=world.friends.indices,
        facet_of=world.attribute_facet,
        facet_indptr=world.facet_attributes.indptr,
        facet_indices=world.facet_attributes.indices,
        groups=groups,
        group_sets=group_sets,
        facts=facts.astype(np.float32),
        opening=-np.log(np.maximum(openings, 1)).astype(np.float32),
    )


def _facet_sets(world: World) -> tuple[NDArray[np.int32], int, NDArray[np.int32]]:
    """Which set of attributes every item has in every facet, as numbers over all facets."""
    groups = np.zeros((world.n_items, world.n_facets), dtype=np.int32)
    numbers: dict[tuple[int, tuple[int, ...]], int] = {
        (facet, ()): facet for facet in range(world.n_facets)
    }
    groups[:] = np.arange(world.n_facets, dtype=np.int32)
    facet_of = world.attribute_facet
    for item in range(world.n_items):
        members: dict[int, list[int]] = {}
        for attribute in world.item_attributes.row(item).tolist():
            if facet_of[attribute] >= 0:
                members.setdefault(int(facet_of[attribute]), []).append(attribute)
        for facet, named in members.items():
            groups[item, facet] = numbers.setdefault((facet, tuple(named)), len(numbers))
    return groups, len(numbers), np.arange(world.n_facets, dtype=np.int32)
