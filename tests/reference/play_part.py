"""Play some conversations with the random agent and write their trace; a script for processes too.

python tests/reference/play_part.py FIRST LAST BATCH FILE.parquet
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recosim.agents.registry import make_agent
from recosim.bench.rollout import play_batch
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.trace import Trace

__all__ = ["play", "write"]


def play(conversations: Sequence[int], batch: int) -> Trace:
    """Test conversations of the small LastFM-style world, with users that err."""
    parts = Setup.prepare(
        "cpr", world="lastfm-small", split="test", answer_noise=0.1, dont_know=0.1
    )
    dialogues = parts.batch(batch, raise_illegal=True)
    agent = make_agent("random")
    agent.bind(dialogues)
    recorder, pairs, traces = Recorder(dialogues), dialogues.pool.pairs(), []
    for start in range(0, len(conversations), batch):
        chosen = np.array(conversations[start : start + batch])
        play_batch(dialogues, agent, pairs, chosen, 7, recorder)
        traces.append(recorder.trace("random", 7))
        recorder.clear()
    return Trace.concat(traces)


def write(trace: Trace, path: Path) -> bytes:
    """Write a trace in one piece; returns the bytes of the file."""
    Trace(trace.table.combine_chunks(), trace.metadata).write(path)
    return path.read_bytes()


if __name__ == "__main__":
    first, last, size = map(int, sys.argv[1:4])
    write(play(range(first, last), size), Path(sys.argv[4]))
