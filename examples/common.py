"""What the examples share: a score on held-out conversations, and training under a progress bar."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorEnv
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import recosim
from recosim.agents.usual import usual_agent
from recosim.envs.registration import env_card

# From a batch of observations and of masks to a batch of actions.
Choose = Callable[[dict[str, np.ndarray], np.ndarray], np.ndarray]


def arguments(description: str, steps: int) -> argparse.Namespace:
    """The command line that every training example takes."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--env", default="recosim/CPR-LastFM-Small-v0", help="id of the environment"
    )
    parser.add_argument(
        "--steps", type=int, default=steps, help="steps to train for, over all rows"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--episodes", type=int, default=1000, help="held-out conversations to score"
    )
    return parser.parse_args()


def heldout(name: str, episodes: int) -> VectorEnv:
    """An environment for `score`: its conversations are drawn from the test split.

    It shows what `make_sb3` shows.
    """
    from recosim.envs.sb3 import learnable

    keys = learnable(env_card(name).record.load("observer").KEYS)
    return gym.make_vec(name, num_envs=episodes, split="test", observe=keys)


def score(env: VectorEnv, choose: Choose, seed: int) -> tuple[float, float]:
    """Success rate and average moves of one conversation (a life, a search) in each row.

    The same seed gives the same conversations, whatever the policy.
    """
    observations, _ = env.reset(seed=seed + 1_000_000)  # none of those that training saw
    running = np.ones(env.num_envs, dtype=bool)
    moves = np.zeros(env.num_envs, dtype=int)
    success = np.zeros(env.num_envs, dtype=bool)
    while running.any():
        actions = choose(observations, env.unwrapped.action_masks())
        observations, _, terminated, truncated, infos = env.step(actions)
        moves += running
        success |= running & infos["is_success"]
        running &= ~(terminated | truncated)
    return float(success.mean()), float(moves.mean())


def rule_agents(env: VectorEnv) -> dict[str, Choose]:
    """What to beat, whatever the family of an environment: random moves, and its usual agent."""
    usual = usual_agent(env.unwrapped.setup)
    return {name: rule_agent(env, name) for name in ("random", usual)}


def rule_agent(env: VectorEnv, name: str) -> Choose:
    """A rule agent, bound to the conversations of an environment."""
    agent, batch = recosim.make_agent(name), env.unwrapped.batch
    agent.bind(batch)

    def choose(observations: dict[str, np.ndarray], masks: np.ndarray) -> np.ndarray:
        return agent.act().to_flat(batch.n_askables, batch.verbs, batch.n_reasons)

    return choose


def learned(model: Any, masked: bool = False, deterministic: bool = True) -> Choose:
    """The policy of a model of stable-baselines3; `masked` for one that takes masks."""

    def choose(observations: dict[str, np.ndarray], masks: np.ndarray) -> np.ndarray:
        options = {"action_masks": masks} if masked else {}
        return model.predict(observations, deterministic=deterministic, **options)[0]

    return choose


def train(model: Any, steps: int) -> None:
    """`model.learn` under a progress bar."""
    with progress() as bar:
        task = bar.add_task("training", total=steps)

        def report(local_variables: Any, global_variables: Any) -> bool:
            bar.update(task, completed=min(model.num_timesteps, steps))
            return True  # go on

        model.learn(steps, callback=report)


def show(title: str, scores: dict[str, tuple[float, float]]) -> None:
    """Print a table of scores."""
    table = Table()
    table.add_column("policy")
    table.add_column("success rate", justify="right")
    table.add_column("average moves", justify="right")
    for name, (success, moves) in scores.items():
        table.add_row(name, f"{success:.3f}", f"{moves:.2f}")
    print(title)
    Console().print(table)


def progress() -> Progress:
    """A bar with the steps done and the time left, on stderr."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
