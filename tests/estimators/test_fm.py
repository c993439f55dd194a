"""The factorisation machine: its samples, its gradients, and what it learns."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from recosim.envs.setup import Setup  # noqa: E402
from recosim.errors import OptionError  # noqa: E402
from recosim.estimators.fm import (  # noqa: E402
    Adagrad,
    Rows,
    Tables,
    _rows,
    attribute_step,
    item_step,
)
from recosim.estimators.registry import estimator, fit_or_load  # noqa: E402
from recosim.estimators.samples import PairSampler  # noqa: E402
from recosim.world.catalog import open_world  # noqa: E402
from recosim.world.world import build_world  # noqa: E402

QUICK = {"dimension": 16, "epochs": 20, "batch": 64}


@pytest.fixture(scope="module")
def world():
    return open_world("lastfm-small")


@pytest.fixture(scope="module")
def samples(world):
    return PairSampler(world, max_known=4, seed=1).epoch()


def test_an_epoch_has_every_interaction_once(world, samples):
    users, items = world.train.pairs()
    described = world.item_attributes.degrees()[items] > 0
    wanted = sorted(zip(users[described].tolist(), items[described].tolist(), strict=True))
    assert sorted(zip(samples.user.tolist(), samples.item.tolist(), strict=True)) == wanted


def test_known_attributes_are_different_ones_of_the_item(world, samples):
    lengths = []
    for item, known in zip(samples.item, samples.known, strict=True):
        real = known[known < world.n_attributes].tolist()
        assert len(set(real)) == len(real) >= 1
        assert set(real) <= set(world.item_attributes.row(item).tolist())
        lengths.append(len(real))
    assert set(lengths) == {1, 2, 3, 4}


def test_negatives_are_what_they_are_called(world, samples):
    taken = [set(world.train.row(user).tolist()) for user in range(world.n_users)]
    attributes = [set(world.item_attributes.row(v).tolist()) for v in range(world.n_items)]
    found = 0
    for k in range(len(samples.user)):
        user, known = samples.user[k], samples.known[k]
        assert samples.other[k] not in taken[user]
        assert samples.attribute[k] in attributes[samples.item[k]]
        assert samples.not_attribute[k] not in attributes[samples.item[k]]
        if samples.candidate[k] >= 0:
            found += 1
            assert samples.candidate[k] not in taken[user]
            assert set(known[known < world.n_attributes]) <= attributes[samples.candidate[k]]
    assert found > 0.8 * len(samples.user)


def test_negatives_cover_all_candidates(world):
    """Nothing is left out by the way they are drawn."""
    sampler = PairSampler(world, max_known=1, seed=3)
    drawn = set(np.concatenate([sampler.epoch().candidate for _ in range(30)]).tolist())
    described = np.flatnonzero(world.item_attributes.degrees() > 0)
    assert len(drawn & set(described.tolist())) > 0.95 * len(described)


def batch_of(world, samples, n=40):
    rows = _rows(world, samples)
    return Rows(*(part[:n] for part in rows))


def test_gradients_of_the_items_are_those_of_autograd(world, samples):
    batch = batch_of(world, samples)
    batch.has_candidate[3:6] = 0.0
    tables = Tables.start(world, 8, 0)
    tables.vectors[:-1].normal_(0, 0.7, generator=torch.Generator().manual_seed(2))
    tables.bias.normal_(0, 0.3, generator=torch.Generator().manual_seed(3))
    gradient, by_bias = item_step(tables, batch)

    vectors = tables.vectors[batch.items].double().requires_grad_()
    bias = tables.bias[batch.items[:, 1:4] - tables.first_item].double().requires_grad_()
    query = vectors[:, 0] + vectors[:, 4:].sum(1)
    score = (vectors[:, 1:4] * query[:, None]).sum(2) + bias
    first = torch.nn.functional.logsigmoid(score[:, 0] - score[:, 1])
    second = torch.nn.functional.logsigmoid(score[:, 0] - score[:, 2]) * batch.has_candidate
    (-(first + second).sum()).backward()
    assert torch.allclose(gradient.double(), vectors.grad, atol=1e-5)
    assert torch.allclose(by_bias.double(), bias.grad, atol=1e-5)


def test_gradients_of_the_attributes_are_those_of_autograd(world, samples):
    batch = batch_of(world, samples)
    tables = Tables.start(world, 8, 0)
    tables.vectors[:-1].normal_(0, 0.7, generator=torch.Generator().manual_seed(2))
    gradient = attribute_step(tables, batch)

    vectors = tables.vectors[batch.attributes].double().requires_grad_()
    query = vectors[:, 0] + vectors[:, 3:].sum(1)
    score = (vectors[:, 1:3] * query[:, None]).sum(2)
    loss = -torch.nn.functional.logsigmoid(score[:, 0] - score[:, 1]).sum()
    loss.backward()
    assert torch.allclose(gradient.double(), vectors.grad, atol=1e-5)


def test_steps_are_those_of_adagrad_with_weight_decay(world, samples):
    """Three steps by hand equal three of torch's, on rows that all are touched."""
    tables = Tables.start(world, 8, 0)
    ours = Adagrad(tables, 0.05, 0.1)
    rows = torch.tensor([[0, 1, 2, 3, 4, 0], [5, 1, 6, 3, 2, 1]])
    twin = tables.vectors[:7].clone().requires_grad_()
    theirs = torch.optim.Adagrad([twin], lr=0.05, weight_decay=0.1, eps=1e-10)
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        gradient = torch.randn(2, 6, 8, generator=generator)
        ours.step(rows, gradient)
        twin.grad = torch.zeros_like(twin).index_add_(0, rows.reshape(-1), gradient.reshape(-1, 8))
        theirs.step()
    assert torch.allclose(tables.vectors[:7], twin.detach(), atol=1e-6)


def test_an_attribute_is_not_among_what_is_known_of_itself(world, samples):
    batch = batch_of(world, samples, len(samples.user))
    assert not (batch.attributes[:, 3:] == batch.attributes[:, 1:2]).any()


def test_it_learns_who_likes_what(world):
    vectors = estimator("fm", **QUICK).fit(world)
    users, items = world.valid.pairs()
    rng = np.random.default_rng(0)
    others = rng.integers(0, world.n_items, len(items))

    def score(ids):
        return (vectors.user[users] * vectors.item[ids]).sum(1) + vectors.item_bias[ids]

    auc = (score(items) > score(others)).mean()
    assert auc > 0.62  # .50 is chance; without the pull of the positive item it is below that


def test_accepted_attributes_raise_the_items_that_have_them(world):
    vectors = estimator("fm", **QUICK).fit(world)
    higher = []
    for a in range(world.n_attributes):
        has = np.zeros(world.n_items, dtype=bool)
        has[world.attribute_items.row(a)] = True
        scores = vectors.item @ vectors.attribute[a]
        higher.append(scores[has].mean() > scores[~has].mean())
    assert np.mean(higher) > 0.8


def test_the_same_seed_gives_the_same_vectors_and_another_gives_others(world):
    first, again, other = (estimator("fm", **QUICK, seed=s).fit(world) for s in (0, 0, 1))
    assert np.array_equal(first.item, again.item)
    assert np.array_equal(first.item_bias, again.item_bias)
    assert not np.array_equal(first.item, other.item)


def test_max_samples_cuts_the_training(world):
    seen = []
    estimator("fm", dimension=8, epochs=3, max_samples=1000).fit(
        world, lambda done, total, text: seen.append((done, total, text))
    )
    assert seen[-1][:2] == (1000, 1000)


def test_valid_and_test_are_not_read(world):
    """The same train split with the held-out splits exchanged gives the same vectors."""
    swapped = build_world(
        name="swapped",
        item_attributes=world.item_attributes,
        n_attributes=world.n_attributes,
        train=world.train,
        valid=world.test,
        test=world.valid,
    )
    one, two = (estimator("fm", **QUICK).fit(each) for each in (world, swapped))
    assert np.array_equal(one.user, two.user)
    assert np.array_equal(one.attribute, two.attribute)


@pytest.mark.parametrize(
    "wrong",
    [
        {"dimension": 12},
        {"epochs": 0},
        {"rate": 0},
        {"batch": -1},
        {"max_known": 0},
        {"ridge": "x"},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(OptionError):
        estimator("fm", **wrong)


def test_an_unknown_setting_offers_the_nearest():
    with pytest.raises(OptionError, match="Did you mean 'epochs'"):
        estimator("fm", epoch=3)


def test_it_serves_an_environment_by_name(world):
    setup = Setup.prepare("cpr", world=world, estimator="fm", estimator_options=QUICK)
    assert setup.vectors is fit_or_load(world, "fm", QUICK)
    assert setup.vectors.dimension == 16


def test_naming_estimators_does_not_import_torch():
    program = (
        "import sys, recosim, recosim.estimators.registry as r; assert 'fm' in r.ESTIMATORS;"
        "r.estimator('mf'); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
