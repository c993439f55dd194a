"""How a conversation ended, and how agents do on the same one."""

from __future__ import annotations

from typing import Any

import numpy as np

from recosim.acts import Outcome
from recosim.agents.registry import make_agent
from recosim.bench.rollout import play_batch
from recosim.bench.setup import BenchEnv
from recosim.cli.playing.game import Game
from recosim.envs.recorder import Recorder
from recosim.envs.words import item_label

__all__ = ["tell_outcome"]

# Who is set beside a person that has recommended.
_OTHERS = ("oracle", "logic", "max_entropy")


def tell_outcome(game: Game, env: BenchEnv, *, by_person: bool) -> None:
    """How it ended, what the reward was, and how agents do on the same conversation."""
    row = game.last_row()
    target = item_label(game.world, row["target"])
    reward = float(game.trace().column("reward").astype(float).sum())
    who = "You" if by_person else str(row["agent"])
    if row["outcome"] == Outcome.HIT:
        taken = item_label(game.world, row["items"][row["rank"] - 1])
        moves = f"{row['move']} move{'s' * (row['move'] != 1)}"
        ending = f"{who} found {taken} in {moves}, reward {reward:+.2f}."
        targets = game.batch.arrays["targets"][0, : game.batch.arrays["n_targets"][0]]
        if row["items"][row["rank"] - 1] not in targets:
            ending += f" The item to find was {target}."
    elif game.ended:
        why = "nothing is left" if row["terminated"] else "the turns ran out"
        if row["left"]:
            why = "the user left"
        ending = f"{who} did not find {target}: {why}. Reward {reward:+.2f}."
    else:
        ending = f"The item in mind was {target}. Reward so far {reward:+.2f}."
    game.say(ending, "bold")
    if by_person:
        game.say(f"On the same conversation: {', '.join(_how_others_do(game, env, row))}.")


def _how_others_do(game: Game, env: BenchEnv, row: dict[str, Any]) -> list[str]:
    """Agents that meet the same user, opening and luck."""
    target = int(game.trace().column("target")[0])  # at first: users may change their mind
    units = np.vstack([env.units, np.array([[row["user"], target]], dtype=np.int32)])
    told = []
    for name in _OTHERS:
        agent = make_agent(name, env.name)
        dialogues = env.setup.batch(1, track=agent.track, threads=1)
        agent.bind(dialogues)
        recorder = Recorder(dialogues)
        chosen = np.array([row["conversation"]])
        play_batch(dialogues, agent, units, chosen, row["seed"], recorder)
        move = int(recorder.trace().episodes()["hit_move"][0])
        told.append(f"{name} {f'finds it at move {move}' if move else 'does not find it'}")
    return told
