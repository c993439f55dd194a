"""The picture of a training."""

from __future__ import annotations

import pytest

from recosim.agents.checkpoints import Checkpoint
from recosim.bench.curves import smooth, write_curves


def test_stretches_are_averaged_and_gaps_left_out():
    rounds, means = smooth([1.0, None, 3.0])
    assert (rounds, means) == ([0, 2], [1.0, 3.0])
    rounds, means = smooth([0.0, 1.0] * 60)
    assert len(rounds) == 30
    assert set(means) == {0.5}
    assert smooth([None] * 90) == ([], [])


def test_a_training_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    checkpoints = [
        Checkpoint(tmp_path, "scpr", "E", "w", {}, seed, 4, 4, 1.0, history, "", kept=3)
        for seed, history in enumerate(
            [
                {
                    "SR": [0.1, 0.2, 0.3, 0.4],
                    "loss": [None, 1.0, 0.5, 0.2],
                    "valid SR": [None, 0.5, 0.6, None],
                    "valid AT": [None, 7.0, 6.0, None],
                },
                {"SR": [0.0] * 4},
            ]
        )
    ]
    write_curves(checkpoints, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a.png").stat().st_size > 10_000
