"""Lives of RecoWorld: the same ones for the core and for the plain-Python reference, and crowds.

python benchmarks/lives.py 100000     # so many users for a month; prints JSON
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from reference.recoworld import LifeStep, ReferenceLife
from reference.recoworld_world import LifeTables, luck_of

import recosim  # noqa: F401  (registers the environments)
from recosim.acts import Moves, Verb
from recosim.envs.setup import Setup

__all__ = ["LifeRecording", "play_crowd", "record_lives", "replayer"]

CHUNK = 4096  # lives that are played at once
HORIZON = 30


@dataclass
class LifeRecording:
    """Moves of a random legal policy in a vector environment that was reset with seed 0.

    Attributes:
        actions: int64 (steps, B).
        moved: bool (steps, B), False where the step only began the next life.
        rows: for the first rows, the events in order: (user, seed, conversation) or an action.
    """

    actions: NDArray[np.int64]
    moved: NDArray[np.bool_]
    rows: list[list[Any]]

    @property
    def moves(self) -> int:
        return int(self.moved.sum())


def record_lives(env_id: str, size: int, steps: int, rows: int) -> LifeRecording:
    """Play uniformly among the legal actions, and note what happened in the first rows."""
    env = gym.make_vec(env_id, num_envs=size)
    _, info = env.reset(seed=0)
    core = env.unwrapped.batch

    def opening(b: int) -> tuple[int, int, int]:
        a = core.arrays
        return int(a["user"][b]), int(a["seed"][b]), int(a["conversation"][b])

    rng = np.random.default_rng(0)
    actions = np.zeros((steps, size), dtype=np.int64)
    moved = np.ones((steps, size), dtype=bool)
    events: list[list[Any]] = [[opening(b)] for b in range(rows)]
    ended = np.zeros(size, dtype=bool)
    for k in range(steps):
        order = np.cumsum(info["action_mask"], axis=1, dtype=np.int32)
        pick = (rng.random(size) * order[:, -1]).astype(np.int32)
        actions[k] = np.argmax(order > pick[:, None], axis=1)
        moved[k] = ~ended
        _, _, terminated, truncated, info = env.step(actions[k])
        for b in range(rows):
            events[b].append(opening(b) if ended[b] else int(actions[k, b]))
        ended = terminated | truncated
    return LifeRecording(actions, moved, events)


def replayer(env_id: str, recording: LifeRecording, seconds: float) -> Callable[[], int]:
    """What replays the first rows in plain Python, with everything that environments observe.

    Returns:
        A function that replays for about so many seconds, at least one row, and returns the moves.
    """
    setup = gym.make(env_id).unwrapped.setup
    tables = LifeTables(setup.world, setup.protocol)
    users = {event[0] for events in recording.rows for event in events if isinstance(event, tuple)}
    behaviours = {user: setup.users.behaviour(user) for user in users}
    luck_of(0, 0)("leave", 0, 1, 0)  # compiled before it is timed

    def replay() -> int:
        moves, started = 0, time.perf_counter()
        for events in recording.rows:
            for event in events:
                if isinstance(event, tuple):
                    user, *key = event
                    life = ReferenceLife(
                        tables,
                        setup.protocol,
                        setup.vectors,
                        user,
                        behaviours[user],
                        luck_of(*key),
                    )
                    step = life.open()
                else:
                    step = life.move(event)
                    moves += 1
                observation_of(life, step)
            if time.perf_counter() - started > seconds:
                break
        return moves

    return replay


def observation_of(life: ReferenceLife, step: LifeStep) -> dict[str, Any]:
    """What the environments observe, in plain Python."""
    return {
        "day": life.day,
        "session": life.session,
        "turn": life.turn,
        "away": step.gap,
        "verb": int(step.verb),
        "outcome": int(step.outcome),
        "items": list(life.shown),
        "levels": list(life.reactions.levels),
        "minutes": list(life.reactions.minutes),
        "instructions": [[*x.row(), x.age] for x in life.person.instructions.in_force],
        "answers": list(life.answers),
        "shown_counts": list(life.shown_counts),
        "taken_counts": list(life.taken_counts),
        "preference": life.preference(),
        "action_mask": life.legal_codes(),
    }


def play_crowd(lives: int, world: str = "lastfm") -> dict[str, float]:
    """So many typical users for a month, each shown the best items that are left.

    Returns:
        Seconds, moves, sessions, and days of all lives together.
    """
    setup = Setup.prepare("recoworld", world=world, users="typical", horizon=HORIZON)
    batch = setup.batch(min(CHUNK, lives))
    show = Moves.all_of(Verb.RECOMMEND, batch.size)
    moves = sessions = 0
    started = time.perf_counter()
    for first in range(0, lives, batch.size):
        numbers = np.arange(first, first + batch.size)
        batch.open(seeds=np.zeros(batch.size, dtype=np.uint64), conversations=numbers)
        while not batch.arrays["done"].all():
            batch.step(show)
        counted = slice(min(batch.size, lives - first))
        moves += int(batch.arrays["step"][counted].sum())
        sessions += int((batch.arrays["at_session"][counted] + 1).sum())
    seconds = time.perf_counter() - started
    return {
        "lives": lives,
        "seconds": seconds,
        "moves": moves,
        "sessions": sessions,
        "days": lives * HORIZON,
    }


def peak_megabytes() -> float:
    """The most memory that this process had, where the system tells (Linux)."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return float("nan")
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text())
    return int(found[1]) / 1024 if found else float("nan")


if __name__ == "__main__":
    warm = play_crowd(256)  # compiles, and ranks the pools of some users
    played = play_crowd(int(sys.argv[1]))
    print(json.dumps({**played, "megabytes": peak_megabytes()}))
