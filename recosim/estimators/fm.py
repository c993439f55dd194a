"""`FactorisationMachine`, the estimator of EAR and SCPR: ranking of pairs, two kinds of negatives.

Importing this module imports torch (extra `[torch]`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from recosim.errors import MissingExtraError, OptionError
from recosim.estimators.base import Estimator, Vectors
from recosim.estimators.samples import PairSampler, Samples
from recosim.estimators.settings import (
    flag,
    number,
    refuse_unknown,
    setting_names,
    vector_size,
    whole,
)
from recosim.progress import Progress
from recosim.world.world import World

try:
    import torch

    from recosim.estimators.adagrad import RowAdagrad
    from recosim.estimators.threads import one_thread
except ImportError as error:
    raise MissingExtraError("torch", "torch", "the estimator 'fm'") from error

__all__ = ["FactorisationMachine", "item_step", "attribute_step"]

Tensor = torch.Tensor

START_SCALE = 0.01  # standard deviation of the first vectors


class FactorisationMachine(Estimator):
    """Factorisation machine over user, item and accepted attributes (EAR section 4.2).

    **Score.** bias[v] + <u, v> + sum over accepted p of <p, v> (EAR eq. 1): the interactions of an
    FM that involve the item.

    **Objective.** For each train interaction (u, v), with some attributes P of v as accepted,
    -ln sigmoid(score(v) - score(v')) for two items v' that u did not take: any one, and one among
    the candidates given P (attribute-aware BPR, eq. 2 to 4). In turn with it, -ln sigmoid(score(p)
    - score(p')) for an attribute p of v and one p' that v lacks, score(p) = <u, p> + sum over q in
    P of <q, p> (eq. 5). Adagrad; `ridge` is the weight decay of the vectors that a batch touches.

    **Deviations.** Dimension, rates and ridge are those of the public code (64, Adagrad .02 and
    1e-4, .001). It runs 250 epochs of batches of 64; here 100 epochs of batches of 256, since more
    of them fit the train split closer and ask worse. P is drawn at random from the attributes of v.
    The item bias is ours; without it the figures are the same within their intervals.

    Measured figures: docs/estimators.md.

    Gradients are written out, so that a step costs a few tensor operations. Deterministic on one
    kind of processor: one thread, and luck from `seed` alone.

    Args:
        dimension: d, a multiple of 8 from 8 to 256.
        epochs: passes over the train interactions.
        max_samples: stop after so many samples, whatever `epochs` says: large worlds.
        batch: samples of one step.
        rate, attribute_rate: step sizes of Adagrad for the two objectives; 0 leaves the second out.
        ridge: weight decay: this times the vector is added to its gradient of a batch.
        max_known: accepted attributes of a sample, at most.
        reflect_rate, reflect_steps, penalise_rejected: see `recosim.estimators.base.Vectors`.
        seed: of the first vectors and of all samples.

    Raises:
        OptionError: an unknown setting (the nearest one is offered) or an impossible value.
    """

    name = "fm"
    version = 1

    def __init__(
        self,
        *,
        dimension: int = 64,
        epochs: int = 100,
        max_samples: int = 15_000_000,
        batch: int = 256,
        rate: float = 0.02,
        attribute_rate: float = 1e-4,
        ridge: float = 0.001,
        max_known: int = 8,
        reflect_rate: float = 0.1,
        reflect_steps: int = 1,
        penalise_rejected: bool = False,
        seed: int = 0,
        **unknown: Any,
    ) -> None:
        refuse_unknown(type(self), unknown)
        self.dimension = vector_size(dimension)
        self.epochs = whole("epochs", epochs, 1, 100_000)
        self.max_samples = whole("max_samples", max_samples, 1, 2**40)
        self.batch = whole("batch", batch, 1, 1_000_000)
        self.rate = number("rate", rate, low=0.0, above=True)
        self.attribute_rate = number("attribute_rate", attribute_rate, low=0.0)
        self.ridge = number("ridge", ridge, low=0.0)
        self.max_known = whole("max_known", max_known, 1, 64)
        self.reflect_rate = number("reflect_rate", reflect_rate, low=0.0)
        self.reflect_steps = whole("reflect_steps", reflect_steps, 0, 1000)
        self.penalise_rejected = flag("penalise_rejected", penalise_rejected)
        self.seed = whole("seed", seed, 0, 2**63 - 1)

    def settings(self) -> Mapping[str, Any]:
        """Every setting by name, as JSON values."""
        return {name: getattr(self, name) for name in setting_names(type(self))}

    def fit(self, world: World, progress: Progress | None = None) -> Vectors:
        """Fit on `world.train` and the attributes of the items: a minute for LastFM.

        Args:
            progress: called with (samples seen, samples in all, what is happening).
        """
        with one_thread():
            tables = self._train(world, progress or (lambda done, total, text: None))
        first_item, first_attribute = world.n_users, world.n_users + world.n_items
        vectors = tables.vectors.numpy()
        return Vectors(
            user=vectors[:first_item].copy(),
            item=vectors[first_item:first_attribute].copy(),
            attribute=vectors[first_attribute:-1].copy(),
            item_bias=tables.bias.numpy().copy(),
            reflect_rate=self.reflect_rate,
            reflect_steps=self.reflect_steps,
            penalise_rejected=self.penalise_rejected,
        ).check(world)

    def _train(self, world: World, report: Progress) -> Tables:
        sampler = PairSampler(world, self.max_known, self.seed)
        if not len(sampler):
            raise OptionError(
                f"world {world.name!r} has no train interaction with an item that has attributes."
            )
        tables = Tables.start(world, self.dimension, self.seed)
        for_items = Adagrad(tables, self.rate, self.ridge)
        for_attributes = Adagrad(tables, self.attribute_rate, self.ridge)
        total = min(self.epochs * len(sampler), self.max_samples)
        done = 0
        while done < total:
            rows = _rows(world, sampler.epoch())
            for start in range(0, min(len(sampler), total - done), self.batch):
                stop = min(start + self.batch, total - done)
                batch = Rows(*(part[start:stop] for part in rows))
                for_items.step(batch.items, *item_step(tables, batch))
                if self.attribute_rate:
                    for_attributes.step(batch.attributes, attribute_step(tables, batch))
            done = min(done + len(sampler), total)
            report(done, total, f"fm, epoch {-(-done // len(sampler))}")
        return tables

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.settings().items())
        return f"FactorisationMachine({shown})"


class Tables(NamedTuple):
    """All that is learned.

    Attributes:
        vectors: (n_users + n_items + n_attributes + 1, d): users, items, attributes, and a last row
            of zeros that stands for no attribute.
        bias: (n_items,).
        first_item: row of item 0.
    """

    vectors: Tensor
    bias: Tensor
    first_item: int

    @staticmethod
    def start(world: World, dimension: int, seed: int) -> Tables:
        generator = torch.Generator().manual_seed(seed)
        rows = world.n_users + world.n_items + world.n_attributes + 1
        vectors = torch.empty(rows, dimension).normal_(0, START_SCALE, generator=generator)
        vectors[-1] = 0
        return Tables(vectors, torch.zeros(world.n_items), world.n_users)


class Rows(NamedTuple):
    """Samples as rows of the table of vectors; int64.

    Attributes:
        items: (n, 4 + max_known): user, item, other item, candidate, known attributes.
        attributes: (n, 3 + max_known): user, attribute, other attribute, known attributes without
            the attribute itself.
        has_candidate: (n,), float32, 1 where a candidate was found.
    """

    items: Tensor
    attributes: Tensor
    has_candidate: Tensor


def _rows(world: World, samples: Samples) -> Rows:
    first_item, first_attribute = world.n_users, world.n_users + world.n_items
    none = world.n_attributes
    rest = np.where(samples.known == samples.attribute[:, None], none, samples.known)
    items = [
        samples.user[:, None],
        samples.item[:, None] + first_item,
        samples.other[:, None] + first_item,
        np.maximum(samples.candidate, 0)[:, None] + first_item,
        samples.known + first_attribute,
    ]
    attributes = [
        samples.user[:, None],
        samples.attribute[:, None] + first_attribute,
        samples.not_attribute[:, None] + first_attribute,
        rest + first_attribute,
    ]
    found = (samples.candidate >= 0).astype(np.float32)
    return Rows(
        torch.from_numpy(np.concatenate(items, axis=1)),
        torch.from_numpy(np.concatenate(attributes, axis=1)),
        torch.from_numpy(found),
    )


def item_step(tables: Tables, batch: Rows) -> tuple[Tensor, Tensor]:
    """Gradient of the item objective of a batch, summed over its samples.

    Returns:
        (n, 4 + max_known, d), by the vectors at `batch.items`; (n, 3), by the biases of the item,
        the other item and the candidate.
    """
    vectors = tables.vectors[batch.items]
    bias = tables.bias[batch.items[:, 1:4] - tables.first_item]
    query = vectors[:, 0] + vectors[:, 4:].sum(1)
    difference = vectors[:, 1:2] - vectors[:, 2:4]
    margin = torch.einsum("nd,nkd->nk", query, difference) + bias[:, :1] - bias[:, 1:]
    push = torch.sigmoid(-margin)  # minus the derivative of -ln sigmoid(margin)
    push[:, 1] *= batch.has_candidate
    by_query = -(push[:, :, None] * difference).sum(1)
    by_negative = push[:, :, None] * query[:, None]
    gradient = torch.empty_like(vectors)
    gradient[:, 0] = by_query
    gradient[:, 1] = -by_negative.sum(1)
    gradient[:, 2:4] = by_negative
    gradient[:, 4:] = by_query[:, None]
    by_bias = torch.cat([-push.sum(1, keepdim=True), push], dim=1)
    return gradient, by_bias


def attribute_step(tables: Tables, batch: Rows) -> Tensor:
    """Gradient of the attribute objective, by the vectors at `batch.attributes`."""
    vectors = tables.vectors[batch.attributes]
    query = vectors[:, 0] + vectors[:, 3:].sum(1)
    difference = vectors[:, 1] - vectors[:, 2]
    push = torch.sigmoid(-(query * difference).sum(1))[:, None]
    by_query = -push * difference
    gradient = torch.empty_like(vectors)
    gradient[:, 0] = by_query
    gradient[:, 1] = -push * query
    gradient[:, 2] = push * query
    gradient[:, 3:] = by_query[:, None]
    return gradient


class Adagrad:
    """Adagrad with weight decay for all tables, on the rows that a batch touches."""

    def __init__(self, tables: Tables, rate: float, ridge: float) -> None:
        self.tables = tables
        self._vectors = RowAdagrad(tables.vectors, rate, ridge)
        self._bias = RowAdagrad(tables.bias, rate, ridge)

    def step(self, rows: Tensor, gradient: Tensor, by_bias: Tensor | None = None) -> None:
        """One step against a gradient: (n, k, d) by the vectors at `rows` (n, k)."""
        flat = rows.reshape(-1)
        self._vectors.step(flat, gradient.reshape(len(flat), -1))
        self.tables.vectors[-1] = 0
        if by_bias is not None:
            items = (rows[:, 1:4] - self.tables.first_item).reshape(-1)
            self._bias.step(items, by_bias.reshape(-1))
