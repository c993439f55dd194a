"""`TransE`, the estimator of UNICORN: vectors of the graph of users, items and attributes.

Importing this module imports torch (extra `[torch]`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import MissingExtraError
from recosim.estimators.base import Estimator, Vectors
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
    raise MissingExtraError("torch", "torch", "the estimator 'transe'") from error

__all__ = ["RELATIONS", "TransE", "edges"]

# Of the train graph, in this order; the head comes first in the name.
RELATIONS = ("user takes item", "item has attribute", "user likes attribute", "user knows user")
# Gap between the mean scores of a train interaction and of a random pair, as that of `mf`.
SCORE_GAP = 3.0


class TransE(Estimator):
    """TransE (Bordes et al. 2013, NeurIPS) on the graph of the train split (UNICORN section 4.3).

    **Objective.** For each edge (h, r, t) and one with its head or tail replaced by another node of
    the same kind, max(0, margin + |h + r - t|^2 - |h' + r - t'|^2), nodes on the unit sphere.
    Edges: a user takes an item; an item has an attribute; a user likes an attribute, if they took
    an item that has it; two users are friends, where the world knows friends. Interactions of
    validation and test are no edges. (In the public code of UNICORN they are, which tells the
    vectors what is asked for.)

    **Scores.** The kernels score by inner products. On the unit sphere |h + r - t|^2 falls with
    <h + r, t>, so a user's vector is u + r of "takes", and an attribute's is p - r of "has": what
    fits a user, and an attribute, by its distance. All are multiplied by one factor, and all items
    get one bias, such that a train interaction scores 1.5 on average and a random pair -1.5.
    UNICORN's score also takes off sigmoid(<p, v>) for each rejected p of v (`penalise_rejected`).

    Args:
        dimension: d, a multiple of 8 from 8 to 256.
        epochs: passes over the edges.
        max_samples: stop after so many edges, whatever `epochs` says: large worlds.
        batch: edges of one step.
        rate: step size of Adagrad.
        margin: see above.
        reflect_rate, reflect_steps, penalise_rejected: see `recosim.estimators.base.Vectors`.
        seed: of the first vectors and of all samples.

    Raises:
        OptionError: an unknown setting (the nearest one is offered) or an impossible value.
    """

    name = "transe"
    version = 1

    def __init__(
        self,
        *,
        dimension: int = 64,
        epochs: int = 100,
        max_samples: int = 30_000_000,
        batch: int = 2048,
        rate: float = 0.1,
        margin: float = 1.0,
        reflect_rate: float = 0.1,
        reflect_steps: int = 1,
        penalise_rejected: bool = True,
        seed: int = 0,
        **unknown: Any,
    ) -> None:
        refuse_unknown(type(self), unknown)
        self.dimension = vector_size(dimension)
        self.epochs = whole("epochs", epochs, 1, 100_000)
        self.max_samples = whole("max_samples", max_samples, 1, 2**40)
        self.batch = whole("batch", batch, 1, 10_000_000)
        self.rate = number("rate", rate, low=0.0, above=True)
        self.margin = number("margin", margin, low=0.0, above=True)
        self.reflect_rate = number("reflect_rate", reflect_rate, low=0.0)
        self.reflect_steps = whole("reflect_steps", reflect_steps, 0, 1000)
        self.penalise_rejected = flag("penalise_rejected", penalise_rejected)
        self.seed = whole("seed", seed, 0, 2**63 - 1)

    def settings(self) -> Mapping[str, Any]:
        """Every setting by name, as JSON values."""
        return {name: getattr(self, name) for name in setting_names(type(self))}

    def fit(self, world: World, progress: Progress | None = None) -> Vectors:
        """Fit on the train graph: under a minute for LastFM.

        Args:
            progress: called with (edges seen, edges in all, what is happening).
        """
        with one_thread():
            nodes, relations = self._train(world, progress or (lambda done, total, text: None))
        first_item, first_attribute = world.n_users, world.n_users + world.n_items
        user = nodes[:first_item] + relations[0]
        item = nodes[first_item:first_attribute]
        attribute = nodes[first_attribute:] - relations[1]
        users, items = world.train.pairs()
        taken = float(np.einsum("ij,ij->i", user[users], item[items]).mean())
        random = float(user.mean(axis=0) @ item.mean(axis=0))
        scale = SCORE_GAP / (taken - random) if taken - random > 1e-6 else 1.0
        root = math.sqrt(scale)
        return Vectors(
            user=(root * user).astype(np.float32),
            item=(root * item).astype(np.float32),
            attribute=(root * attribute).astype(np.float32),
            item_bias=np.full(world.n_items, SCORE_GAP / 2 - scale * taken, np.float32),
            reflect_rate=self.reflect_rate,
            reflect_steps=self.reflect_steps,
            penalise_rejected=self.penalise_rejected,
        ).check(world)

    def _train(self, world: World, report: Progress) -> tuple[NDArray[Any], NDArray[Any]]:
        rng = np.random.default_rng(self.seed)
        generator = torch.Generator().manual_seed(self.seed)
        heads, kinds, tails = edges(world)
        first = np.array([0, world.n_users, world.n_users + world.n_items])
        sizes = np.array([world.n_users, world.n_items, world.n_attributes])
        head_kind, tail_kind = np.array([0, 1, 0, 0]), np.array([1, 2, 2, 0])
        nodes = torch.empty(int(sizes.sum()), self.dimension).normal_(generator=generator)
        nodes /= nodes.norm(dim=1, keepdim=True)
        relations = torch.zeros(len(RELATIONS), self.dimension)
        for_nodes = RowAdagrad(nodes, self.rate)
        for_relations = RowAdagrad(relations, self.rate)
        total = min(self.epochs * len(heads), self.max_samples)
        done = 0
        while done < total:
            order = rng.permutation(len(heads))[: total - done]
            head, kind, tail = heads[order], kinds[order], tails[order]
            replace_tail = rng.random(len(order)) < 0.5
            of = np.where(replace_tail, tail_kind[kind], head_kind[kind])
            other = first[of] + (rng.random(len(order)) * sizes[of]).astype(np.int64)
            columns = (
                head,
                tail,
                np.where(replace_tail, head, other),
                np.where(replace_tail, other, tail),
            )
            rows = torch.from_numpy(np.stack(columns, axis=1))
            which = torch.from_numpy(kind)
            for start in range(0, len(order), self.batch):
                part = slice(start, start + self.batch)
                self._step(rows[part], which[part], nodes, relations, for_nodes, for_relations)
            done += len(order)
            report(done, total, f"transe, epoch {-(-done // len(heads))}")
        return nodes.numpy(), relations.numpy()

    def _step(
        self,
        rows: torch.Tensor,
        which: torch.Tensor,
        nodes: torch.Tensor,
        relations: torch.Tensor,
        for_nodes: RowAdagrad,
        for_relations: RowAdagrad,
    ) -> None:
        """One step on a batch of edges: head, tail, and those of the replaced edge."""
        at, relation = nodes[rows], relations[which]
        true = at[:, 0] + relation - at[:, 1]
        false = at[:, 2] + relation - at[:, 3]
        loses = self.margin + (true**2).sum(1) - (false**2).sum(1) > 0
        weight = 2.0 * loses[:, None]
        by_true, by_false = weight * true, weight * false
        gradient = torch.stack([by_true, -by_true, -by_false, by_false], dim=1)
        for_nodes.step(rows.reshape(-1), gradient.reshape(-1, gradient.shape[2]))
        for_relations.step(which, by_true - by_false)
        touched = rows.reshape(-1)
        moved = nodes[touched]
        nodes[touched] = moved / moved.norm(dim=1, keepdim=True).clamp(min=1e-12)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.settings().items())
        return f"TransE({shown})"


def edges(world: World) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The edges of the train graph: heads, relations (rows of `RELATIONS`), tails; int64 (n,).

    Users are nodes 0.., then items, then attributes.
    """
    items, attributes = world.n_users, world.n_users + world.n_items
    taker, taken = (ids.astype(np.int64) for ids in world.train.pairs())
    having, had = (ids.astype(np.int64) for ids in world.item_attributes.pairs())
    links = world.item_attributes
    degrees = links.degrees()[taken].astype(np.int64)
    starts = np.repeat(links.indptr[taken], degrees)
    steps = np.arange(degrees.sum()) - np.repeat(np.cumsum(degrees) - degrees, degrees)
    likes = np.unique(
        np.repeat(taker, degrees) * world.n_attributes + links.indices[starts + steps]
    )
    knowing, known = (ids.astype(np.int64) for ids in world.friends.pairs())
    parts = [
        (taker, 0, items + taken),
        (items + having, 1, attributes + had),
        (likes // world.n_attributes, 2, attributes + likes % world.n_attributes),
        (knowing, 3, known),
    ]
    return (
        np.concatenate([head for head, _, _ in parts]),
        np.concatenate([np.full(len(head), kind) for head, kind, _ in parts]),
        np.concatenate([tail for _, _, tail in parts]),
    )
