"""The same conversations for the core and for the plain-Python reference: recorded, replayed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from reference.beliefs import UNKNOWN, binary_entropy
from reference.cpr import ReferenceConversation
from reference.policies import perform

from recosim.acts import Ask, Recommend, Reflect

__all__ = ["Recording", "perform_code", "record", "reference_observation", "replay_reference"]


@dataclass
class Recording:
    """Moves of a random legal policy in a vector environment that was reset with seed 0.

    Attributes:
        actions: int64 (steps, B).
        moved: bool (steps, B), False where the step only began the next conversation.
        rows: for the first rows, the events in order: (user, target, opening) or an action.
    """

    actions: NDArray[np.int64]
    moved: NDArray[np.bool_]
    rows: list[list[Any]]

    @property
    def moves(self) -> int:
        return int(self.moved.sum())


def record(env_id: str, size: int, steps: int, rows: int, **settings: Any) -> Recording:
    """Play uniformly among the legal actions, and note what happened in the first rows."""
    env = gym.make_vec(env_id, num_envs=size, **settings)
    _, info = env.reset(seed=0)
    core = env.unwrapped.batch
    rng = np.random.default_rng(0)
    actions = np.zeros((steps, size), dtype=np.int64)
    moved = np.ones((steps, size), dtype=bool)
    events: list[list[Any]] = [[_opening(core, b)] for b in range(rows)]
    ended = np.zeros(size, dtype=bool)
    for k in range(steps):
        order = np.cumsum(info["action_mask"], axis=1, dtype=np.int32)
        pick = (rng.random(size) * order[:, -1]).astype(np.int32)
        actions[k] = np.argmax(order > pick[:, None], axis=1)
        moved[k] = ~ended
        _, _, terminated, truncated, info = env.step(actions[k])
        for b in range(rows):
            events[b].append(_opening(core, b) if ended[b] else int(actions[k, b]))
        ended = terminated | truncated
    return Recording(actions, moved, events)


def _opening(core: Any, b: int) -> tuple[int, int, int]:
    a = core.arrays
    return int(a["user"][b]), int(a["targets"][b, 0]), int(a["opening"][b])


def perform_code(conversation: ReferenceConversation, code: int, asks: int) -> None:
    """Make the move of a flat action code."""
    move = Recommend() if code == asks else Reflect() if code == asks + 1 else Ask((code,))
    perform(conversation, move)


def reference_observation(conversation: ReferenceConversation) -> dict[str, Any]:
    """What the environments observe, in plain Python: one pass over the candidates."""
    counts, n = conversation.counts(), len(conversation.candidates)
    status = conversation.status
    open_to_ask = [status[a] == UNKNOWN and counts[a] > 0 for a in status]
    return {
        "turn": conversation.turn,
        "history": list(conversation.history),
        "attributes": list(status.values()),
        "entropy": [
            binary_entropy(counts[a], n) if ok else 0.0 for a, ok in enumerate(open_to_ask)
        ],
        "candidates": n,
        "mask": [*open_to_ask, n > 0, bool(conversation.shown_last)],
    }


def replay_scalar(env: gym.Env[Any, Any], recording: Recording) -> int:
    """Replay the first rows in an environment of `gymnasium.make`, resets included.

    Returns:
        The moves that were made.
    """
    moves = 0
    for b, events in enumerate(recording.rows):
        env.reset(seed=b)
        for event in events[1:]:
            if isinstance(event, tuple):
                env.reset()
            else:
                env.step(event)
                moves += 1
    return moves


def replay_reference(
    conversation: ReferenceConversation, events: list[Any], asks: int, observe: bool
) -> int:
    """Replay the events of one row; returns the number of moves."""
    moves = 0
    for event in events:
        if isinstance(event, tuple):
            user, target, opening = event
            conversation.open(user, target, opening=opening)
        else:
            perform_code(conversation, event, asks)
            moves += 1
        if observe:
            reference_observation(conversation)
    return moves
