"""What a bench takes for a training of an agent: its own weights, learned by its own version."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reference.coin import Coin

from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.cli import main
from recosim.errors import CheckpointError

CARD = """
name = "coin"
title = "Coin"
description = "d"
class = "reference.coin:Coin"

[settings]
rounds = 3
"""


@pytest.fixture(autouse=True)
def cards(tmp_path, monkeypatch):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "coin.toml").write_text(CARD)
    monkeypatch.setenv("RECOSIM_PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def train() -> None:
    with pytest.raises(SystemExit) as end:
        main(["train", "coin", "CPR-LastFM-Small", "--checkpoints", "trained"])
    assert not end.value.code


def bench(folder: Path):
    env = prepare_env("CPR-LastFM-Small", episodes=50)
    return run_bench([env], ["coin"], folder / "results", checkpoints=folder / "trained")


def test_weights_that_were_exchanged_are_refused(tmp_path):
    """They load, and are of the right names and shapes: only their digest tells."""
    train()
    (path,) = (tmp_path / "trained").rglob("weights.npz")
    with np.load(path) as file:
        weights = {name: file[name] + 1 for name in file.files}
    np.savez(path, **weights)
    with pytest.raises(CheckpointError, match=r"weights\.npz is not what was written"):
        bench(tmp_path)


def test_what_another_version_of_the_learner_has_learned_is_not_taken(tmp_path, monkeypatch):
    train()
    monkeypatch.setattr(Coin, "version", Coin.version + 1)
    with pytest.raises(CheckpointError, match="has not been trained") as error:
        bench(tmp_path)
    assert f"version {Coin.version - 1}, not {Coin.version}" in str(error.value)
    train()
    assert len(list((tmp_path / "trained").rglob("weights.npz"))) == 2
    bench(tmp_path)
