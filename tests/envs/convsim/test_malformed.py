"""Actions that are none: an error that says so, and searches that go on undisturbed."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from recosim.errors import IllegalActionError

NAME = "recosim/ConvSim-LastFM-Small-v0"

MALFORMED: list[Any] = [
    None, 1.0, "0", b"0", True, [], [0], [0, 1], {}, {"verb": 0}, -1, -2, 10**6, 2**63, 2**70,
    np.nan, np.float32(1), np.array([]), np.array([1]), np.array(1.0), np.array(True), object(),
    (1,), {1}, 1j,
]  # fmt: skip


def make() -> Any:
    return gym.make(NAME, disable_env_checker=True).unwrapped


def nonsense(rng: np.random.Generator) -> Any:
    """A malformed flat action, of a kind and a value that change from call to call."""
    kind, number = rng.integers(7), int(rng.integers(-(2**62), 2**62))
    if kind == 0:
        return float(rng.normal() * 50)
    if kind == 1:
        return number if abs(number) > 10_000 else -2 - abs(number)
    if kind == 2:
        return "".join(map(chr, rng.integers(32, 1000, size=4)))
    if kind == 3:
        return rng.integers(0, 15, size=tuple(rng.integers(1, 4, size=2)))
    if kind == 4:
        return {"verb": number % 3, "items": [number % 500]}
    if kind == 5:
        return [number % 15]
    return MALFORMED[number % len(MALFORMED)]


@pytest.mark.parametrize("n", [2_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_bad_actions_raise_their_error_and_nothing_else(n: int) -> None:
    """Illegal and malformed ones by turns, over many searches that go on undisturbed."""
    env, twin = make(), make()
    rng = np.random.default_rng(0)
    env.reset(seed=1)
    twin.reset(seed=1)
    refused = ended = 0
    while refused < n:
        illegal = np.flatnonzero(~env.action_masks())
        for _ in range(n // 250):
            if len(illegal) and rng.random() < 0.5:
                action = int(illegal[rng.integers(len(illegal))])
            else:
                action = nonsense(rng)
            try:
                env.step(action)
            except IllegalActionError:
                refused += 1
            else:
                pytest.fail(f"{action!r} was taken for an action")
        action = env.action_space.sample()
        result, expected = env.step(action), twin.step(action)
        assert result[1:4] == expected[1:4]
        assert all((result[0][key] == expected[0][key]).all() for key in expected[0])
        if result[2] or result[3]:
            ended += 1
            env.reset()
            twin.reset()
    assert ended > 10
