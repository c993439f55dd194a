"""Lives of the small LastFM-style world under random moves, recorded as a trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from recosim.acts import Moves
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.trace import Trace

__all__ = ["SETTINGS", "play_lives"]

# Users of whom everything happens soon: they instruct, with conditions, err, and leave for good.
SETTINGS: dict[str, Any] = {
    "choice_temperature": 0.5,
    "examination": 0.8,
    "seen": 0.3,
    "tolerance": 0.4,
    "voice": 0.8,
    "conditional": 0.5,
    "standing": "always",
    "feedback": "instruction",
    "drift": 0.2,
    "dont_know": 0.1,
    "stay": 6.0,
}


def play_lives(n: int, *, seed: int = 3, watch: Any = None, **settings: Any) -> tuple[Trace, Setup]:
    """Play some lives of the test split to their ends.

    Args:
        n: lives.
        seed: of the lives and of the moves.
        watch: called with (batch, rows that moved: int indices) after the opening and each move.
        settings: choices of the protocol and settings of users, beside `SETTINGS`.
    """
    setup = Setup.prepare(
        "recoworld", world="lastfm-small", split="test", **{**SETTINGS, **settings}
    )
    units = setup.units().table
    batch = setup.batch(n, threads=1, raise_illegal=False)
    batch.open(
        seeds=np.full(n, seed, dtype=np.uint64),
        conversations=np.arange(n),
        units=units[np.arange(n) % len(units)],
    )
    recorder, rng = Recorder(batch), np.random.default_rng(seed)
    recorder.record()
    running = np.ones(n, dtype=bool)
    if watch is not None:
        watch(batch, np.arange(n))
    listing = batch.n_askables
    while running.any():
        # Mostly lists; else anything, one time in thirty what is not legal.
        legal = np.argmax(rng.random((n, batch.n_actions)) * batch.legal_actions(), axis=1)
        moves = np.where(rng.random(n) < 0.6, listing, legal)
        moves = np.where(rng.random(n) < 0.03, rng.integers(0, batch.n_actions, n), moves)
        batch.step(Moves.from_flat(moves, listing, verbs=batch.verbs, reasons=batch.n_reasons))
        recorder.record(running)
        if watch is not None:
            watch(batch, np.flatnonzero(running))
        running = batch.arrays["done"] == 0
    return recorder.trace(
        "random", seed, setup.metadata("recosim/RecoWorld-LastFM-Small-v0")
    ), setup
