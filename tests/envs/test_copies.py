"""Copies reuse memory only where nobody could see it."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.envs import copies
from recosim.envs.copies import Copies


@pytest.fixture(autouse=True)
def every_array_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_LARGE", 0)


def address(array: np.ndarray) -> int:
    return int(array.ctypes.data)


def test_memory_of_a_copy_that_nobody_holds_is_used_again() -> None:
    made, live = Copies(), np.arange(6)
    first = address(made.of("a", live))
    live[:] = 7
    again = made.of("a", live)
    assert address(again) == first
    assert again.tolist() == [7] * 6


@pytest.mark.parametrize(
    "hold", [lambda x: x, lambda x: x[1:3], lambda x: x.view(np.uint8), memoryview]
)
def test_what_is_held_is_never_written_to(hold) -> None:
    made, live = Copies(), np.arange(6)
    held = [hold(made.of("a", live))]
    before = [np.array(part).tolist() for part in held]
    for k in range(6):
        live[:] = k + 10
        held.append(hold(made.of("a", live)))
        before.append(np.array(held[-1]).tolist())
    assert [np.array(part).tolist() for part in held] == before


def test_names_shapes_and_dtypes_have_memory_of_their_own() -> None:
    made = Copies()
    a, b = made.of("a", np.zeros(3)), made.of("b", np.ones(3))
    assert (a.tolist(), b.tolist()) == ([0] * 3, [1] * 3)
    del a
    assert made.of("a", np.full(2, 5, np.int8)).dtype == np.int8
    assert made.of("a", np.full((2, 2), 5)).shape == (2, 2)


def test_without_reference_counts_every_copy_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_UNUSED", 0)
    made, live = Copies(), np.arange(3)
    one, two = made.of("a", live), made.of("a", live)
    one[:] = 9
    assert two.tolist() == [0, 1, 2]
    assert not made._kept["a"]


def test_small_arrays_are_plain_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_LARGE", 100)
    made = Copies()
    assert made.of("a", np.arange(3)).tolist() == [0, 1, 2]
    assert not made._kept
