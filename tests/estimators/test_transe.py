"""TransE: the edges of the train graph, the objective, and that nothing held out is an edge."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from recosim.errors import OptionError  # noqa: E402
from recosim.estimators.adagrad import RowAdagrad  # noqa: E402
from recosim.estimators.auc import auc  # noqa: E402
from recosim.estimators.registry import estimator, fit_or_load  # noqa: E402
from recosim.estimators.transe import RELATIONS, TransE, edges  # noqa: E402
from recosim.world.catalog import open_world  # noqa: E402
from recosim.world.world import build_world  # noqa: E402

QUICK = {"dimension": 16, "epochs": 20, "batch": 256}


@pytest.fixture(scope="module")
def world():
    return open_world("lastfm-small")


def test_edges_are_those_of_the_train_graph(world):
    heads, kinds, tails = edges(world)
    items, attributes = world.n_users, world.n_users + world.n_items
    by_kind = [
        set(zip(heads[kinds == k].tolist(), tails[kinds == k].tolist(), strict=True))
        for k in range(len(RELATIONS))
    ]
    taken = [(u, int(v)) for u in range(world.n_users) for v in world.train.row(u)]
    has = [(v, int(a)) for v in range(world.n_items) for a in world.item_attributes.row(v)]
    assert by_kind[0] == {(u, items + v) for u, v in taken}
    assert by_kind[1] == {(items + v, attributes + a) for v, a in has}
    liked = {(u, int(a)) for u, v in taken for a in world.item_attributes.row(v)}
    assert by_kind[2] == {(u, attributes + a) for u, a in liked}
    friends = {(u, int(f)) for u in range(world.n_users) for f in world.friends.row(u)}
    assert by_kind[3] == friends
    assert len(heads) == sum(len(kind) for kind in by_kind), "an edge stands twice"


def test_steps_are_against_the_gradient_of_autograd():
    model = TransE(rate=0.05, margin=1.0)
    generator = torch.Generator().manual_seed(0)
    nodes = torch.randn(12, 8, generator=generator)
    nodes /= nodes.norm(dim=1, keepdim=True)
    relations = 0.1 * torch.randn(4, 8, generator=generator)
    rows = torch.tensor([[0, 4, 0, 5], [1, 6, 2, 6], [3, 7, 3, 8], [0, 9, 1, 9]])
    which = torch.tensor([0, 0, 1, 3])
    x, r = nodes.clone().requires_grad_(), relations.clone().requires_grad_()
    true = x[rows[:, 0]] + r[which] - x[rows[:, 1]]
    false = x[rows[:, 2]] + r[which] - x[rows[:, 3]]
    loss = torch.relu(1.0 + (true**2).sum(1) - (false**2).sum(1)).sum()
    loss.backward()
    theirs = torch.optim.Adagrad([x, r], lr=0.05, eps=1e-10)
    theirs.step()
    for_nodes, for_relations = RowAdagrad(nodes, 0.05), RowAdagrad(relations, 0.05)
    model._step(rows, which, nodes, relations, for_nodes, for_relations)
    moved = x.detach()[:10]
    assert torch.allclose(nodes[:10], moved / moved.norm(dim=1, keepdim=True), atol=1e-5)
    assert torch.allclose(relations, r.detach(), atol=1e-5)


def test_it_learns_who_likes_what(world):
    vectors = estimator("transe", **QUICK).fit(world)
    assert auc(world, vectors) > 0.6
    assert vectors.penalise_rejected
    users, items = world.train.pairs()
    scores = (vectors.user[users] * vectors.item[items]).sum(1) + vectors.item_bias[items]
    assert scores.mean() == pytest.approx(1.5, abs=0.01)


def test_the_same_seed_gives_the_same_vectors(world):
    first, again, other = (estimator("transe", **QUICK, seed=s).fit(world) for s in (0, 0, 1))
    assert np.array_equal(first.item, again.item)
    assert not np.array_equal(first.item, other.item)


def test_valid_and_test_are_not_read(world):
    swapped = build_world(
        name="swapped",
        item_attributes=world.item_attributes,
        n_attributes=world.n_attributes,
        train=world.train,
        valid=world.test,
        test=world.valid,
        friends=world.friends,
    )
    one, two = (estimator("transe", **QUICK).fit(each) for each in (world, swapped))
    assert np.array_equal(one.user, two.user)
    assert np.array_equal(one.attribute, two.attribute)


def test_it_is_fitted_once(world):
    assert fit_or_load(world, "transe", QUICK) is fit_or_load(world, "transe", QUICK)


@pytest.mark.parametrize("wrong", [{"dimension": 9}, {"margin": 0}, {"rate": -1}, {"epochs": 1.5}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(OptionError):
        estimator("transe", **wrong)
