"""The area under the ROC curve of an estimator."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.estimators import Vectors, fit_or_load
from recosim.estimators.auc import auc
from recosim.world.catalog import open_world


@pytest.fixture(scope="module")
def world():
    return open_world("lastfm-small")


def vectors(world, user, item) -> Vectors:
    return Vectors(
        user=user.astype(np.float32),
        item=item.astype(np.float32),
        attribute=np.zeros((world.n_attributes, item.shape[1]), np.float32),
        item_bias=np.zeros(world.n_items, np.float32),
    )


def test_knowing_nothing_is_one_half(world):
    nothing = vectors(world, np.zeros((world.n_users, 8)), np.zeros((world.n_items, 8)))
    assert auc(world, nothing) == 0.5
    rng = np.random.default_rng(0)
    noise = vectors(world, rng.normal(size=(world.n_users, 8)), rng.normal(size=(world.n_items, 8)))
    assert auc(world, noise) == pytest.approx(0.5, abs=0.06)


def test_knowing_all_is_one(world):
    liked = np.zeros((world.n_users, world.n_items))
    for split in ("train", "valid", "test"):
        liked[world.split(split).pairs()] = 1
    size = -(-world.n_items // 8) * 8
    one_hot = np.eye(world.n_items, size)
    user = np.zeros((world.n_users, size))
    user[:, : world.n_items] = liked
    for split in ("train", "valid", "test"):
        assert auc(world, vectors(world, user, one_hot), split) == 1.0
    assert auc(world, vectors(world, -user, one_hot)) == 0.0


def test_what_was_fitted_is_better_than_chance(world):
    fitted = fit_or_load(world, "mf")
    assert auc(world, fitted, "train") > auc(world, fitted, "valid") > 0.6
    assert auc(world, fitted, seed=1) == auc(world, fitted, seed=1)
