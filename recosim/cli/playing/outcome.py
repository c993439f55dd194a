"""How an episode ended, and how agents do on the same one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from recosim.agents.registry import make_agent
from recosim.bench.rollout import play_batch
from recosim.bench.setup import BenchEnv
from recosim.cli.playing.game import Game
from recosim.envs.board import Board, Chosen
from recosim.envs.recorder import Recorder

__all__ = ["tell_outcome"]


def tell_outcome(
    game: Game, board: Board, env: BenchEnv, chosen: Chosen, *, by_person: bool
) -> None:
    """How it ended, what the reward was, and how agents do on the same episode.

    Args:
        chosen: the episode. by_person: whether a person recommended.
    """
    row = game.rows()[-1]
    reward = float(game.trace().column("reward").astype(float).sum())
    game.say(board.ending("You" if by_person else str(row["agent"]), row, reward), "bold")
    others = list(_how_others_do(board, env, chosen, row["seed"])) if by_person else []
    if others:
        game.say(f"On the same conversation: {', '.join(others)}.")


def _how_others_do(board: Board, env: BenchEnv, chosen: Chosen, seed: int) -> Iterator[str]:
    """Agents that meet the same user, opening and luck."""
    units = np.vstack([env.units, chosen.unit])  # the last one is not of the split, or a copy
    for name in board.rivals:
        agent = make_agent(name, env.name)
        batch = env.setup.batch(1, track=agent.track, threads=1)
        agent.bind(batch)
        recorder = Recorder(batch)
        play_batch(batch, agent, units, np.array([chosen.number]), seed, recorder)
        yield f"{name} {board.how_it_went(recorder.trace())}"
