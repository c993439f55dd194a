"""Searches of the small LastFM-style collection under random moves, recorded as a trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from recosim.acts import Moves
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.trace import Trace

__all__ = ["SETTINGS", "play_searches"]

# Users to whom everything happens: they name terms, err, drift off, are satisfied or go.
SETTINGS: dict[str, Any] = {
    "cooperativeness": 0.5,
    "dont_know": 0.1,
    "answer_noise": 0.1,
    "off_topic": 0.1,
    "named_terms": 2,
    "feedback": "edit",
    "vague": 0.5,
    "examination": 0.8,
    "satisfied_share": 0.9,
    "patience": {"choice": [2, 4, 9]},
}


def play_searches(
    n: int, *, seed: int = 3, watch: Any = None, **settings: Any
) -> tuple[Trace, Setup]:
    """Play some searches of the test split to their ends.

    Args:
        n: searches.
        seed: of the searches and of the moves.
        watch: called with (batch, rows that moved: int indices) after the opening and each move.
        settings: choices of the protocol and settings of users, beside `SETTINGS`.
    """
    setup = Setup.prepare(
        "convsim", world="lastfm-small-search", split="test", **{**SETTINGS, **settings}
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
    while running.any():
        # Anything that is legal, one time in thirty what is not.
        legal = np.argmax(rng.random((n, batch.n_actions)) * batch.legal_actions(), axis=1)
        kinds = np.where(rng.random(n) < 0.4, batch.n_askables, legal)
        moves = np.where(rng.random(n) < 0.03, rng.integers(0, batch.n_actions, n), kinds)
        batch.step(Moves.from_flat(moves, batch.n_askables, verbs=batch.verbs))
        recorder.record(running)
        if watch is not None:
            watch(batch, np.flatnonzero(running))
        running = batch.arrays["done"] == 0
    return recorder.trace("random", seed, setup.metadata("recosim/ConvSim-LastFM-Small-v0")), setup
