"""Replay memories: rings that forget the oldest, and draws in proportion to errors."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.agents.replay import PrioritisedReplay, Replay
from recosim.errors import CheckpointError, OptionError

FIELDS = {"x": ((), np.int64), "y": ((2,), np.float32)}


def batch(start: int, stop: int) -> dict[str, np.ndarray]:
    x = np.arange(start, stop)
    return {"x": x, "y": np.stack([x, -x], axis=1).astype(np.float32)}


@pytest.mark.parametrize("kind", [Replay, PrioritisedReplay])
def test_the_oldest_are_forgotten(kind):
    memory = kind(10, FIELDS)
    memory.add(batch(0, 7))
    assert memory.size == 7
    memory.add(batch(7, 14))
    assert memory.size == 10
    drawn = memory.sample(4000, np.random.default_rng(0))
    assert set(drawn["x"].tolist()) == set(range(4, 14))
    assert np.array_equal(drawn["y"][:, 0], drawn["x"])
    assert np.array_equal(drawn["y"][:, 1], -drawn["x"])


def test_draws_are_even():
    memory = Replay(8, FIELDS)
    memory.add(batch(0, 8))
    drawn = memory.sample(80_000, np.random.default_rng(0))
    assert np.bincount(drawn["x"]) / 10_000 == pytest.approx(np.ones(8), abs=0.05)
    assert (drawn["weights"] == 1).all()


@pytest.mark.parametrize("capacity", [6, 8, 13])
def test_draws_are_in_proportion_to_errors(capacity):
    memory = PrioritisedReplay(capacity, FIELDS, alpha=0.5, beta=1.0, floor=0.0)
    memory.add(batch(0, 6))
    errors = np.array([0.0, 1.0, 4.0, 9.0, -16.0, 25.0])
    memory.update(np.arange(6), errors)
    drawn = memory.sample(100_000, np.random.default_rng(0))
    share = np.bincount(drawn["x"], minlength=6) / 100_000
    wanted = np.sqrt(np.abs(errors)) / np.sqrt(np.abs(errors)).sum()
    assert share == pytest.approx(wanted, abs=0.005)
    # With beta = 1 every transition counts for the same in the mean.
    counted = np.bincount(drawn["x"], weights=drawn["weights"], minlength=6)[1:]
    assert counted / counted.mean() == pytest.approx(np.ones(5), rel=0.03)


def test_new_transitions_have_the_highest_priority():
    memory = PrioritisedReplay(64, FIELDS, alpha=1.0, floor=0.0)
    memory.add(batch(0, 32))
    memory.update(np.arange(32), np.full(32, 1e-3))
    memory.update(np.array([3]), np.array([50.0]))
    memory.add(batch(32, 33))
    drawn = memory.sample(10_000, np.random.default_rng(0))["x"]
    assert np.isin(drawn, (3, 32)).mean() > 0.99
    assert (drawn == 32).mean() == pytest.approx(0.5, abs=0.03)


def test_indices_that_repeat_keep_the_sums_right():
    memory = PrioritisedReplay(16, FIELDS)
    memory.add(batch(0, 16))
    memory.update(np.array([2, 2, 5, 2]), np.array([1.0, 7.0, 3.0, 4.0]))
    assert memory.tree[1] == pytest.approx(memory.tree[memory.leaves :].sum())


@pytest.mark.parametrize("kind", [Replay, PrioritisedReplay])
def test_a_memory_that_was_saved_draws_the_same(kind):
    memory = kind(10, FIELDS)
    memory.add(batch(0, 10))
    memory.add(batch(10, 14))
    if kind is PrioritisedReplay:
        memory.update(np.arange(5), np.arange(5.0))
    twin = kind(10, FIELDS)
    twin.set_state(memory.state())
    for each in (memory, twin):
        each.add(batch(20, 23))
    one, two = (each.sample(200, np.random.default_rng(1)) for each in (memory, twin))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    with pytest.raises(CheckpointError, match="lacks"):
        twin.set_state({})


def test_too_much_is_refused():
    with pytest.raises(OptionError, match="do not fit"):
        Replay(3, FIELDS).add(batch(0, 4))
    with pytest.raises(OptionError, match="at least 1"):
        Replay(0, FIELDS)
