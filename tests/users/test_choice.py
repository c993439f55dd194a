"""A user with a choice temperature takes an item the more often the more it is worth to them."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

import recosim  # noqa: F401 (registers the environments)
from recosim.acts import Verb

N, TEMPERATURE = 4000, 0.3


def test_an_item_that_would_do_is_taken_by_what_it_is_worth():
    users = {"acceptable": 32, "choice_temperature": TEMPERATURE}
    env = gym.make_vec(
        "recosim/CPR-LastFM-Small-v0",
        num_envs=N,
        autoreset_mode="Disabled",
        users=users,
        actions="slate",
        reveal=True,
    )
    hidden = env.reset(seed=0)[1]["privileged"]
    world, top_k = env.setup.world, env.setup.protocol.top_k
    targets, shown = hidden["targets"][:, 0], hidden["acceptable"][:, -1]
    assert (shown != targets).all()
    worth = np.zeros(N)
    for row, (target, item) in enumerate(zip(targets, shown, strict=True)):
        wanted = set(world.item_attributes.row(target).tolist())
        if item >= 0:
            worth[row] = len(wanted & set(world.item_attributes.row(item).tolist())) / len(wanted)
    items = np.full((N, top_k), -1, dtype=np.int32)
    items[:, 0] = shown
    rows = np.flatnonzero(shown >= 0)
    assert len(rows) > N / 2
    items[shown < 0, 0] = (targets[shown < 0] + 1) % world.n_items  # nothing would do: any list
    verbs = np.full(N, Verb.RECOMMEND)
    step = env.step({"verb": verbs, "attribute": np.zeros(N, np.int64), "items": items})
    rank, utility = step[-1]["rank"], step[-1]["true_utility"]
    taken = rank[rows] == 1
    assert utility[rows][taken] == pytest.approx(worth[rows][taken])
    low = worth[rows] < 0.6
    assert 0.1 < low.mean() < 0.9
    for of in (low, ~low):
        chance = 1 / (1 + np.exp(-worth[rows][of] / TEMPERATURE))
        error = np.sqrt((chance * (1 - chance)).sum()) / of.sum()
        assert taken[of].mean() == pytest.approx(chance.mean(), abs=4 * error)
    # Were everything worth as much as the target, they would take it this often.
    assert taken.mean() < 1 / (1 + np.exp(-1 / TEMPERATURE)) - 0.05
