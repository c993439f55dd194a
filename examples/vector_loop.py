"""A thousand conversations at once: the native vector environment, with a random legal policy."""

import argparse
import time

import gymnasium as gym
import numpy as np
from common import progress

import recosim  # noqa: F401  (registers the environments)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--env", default="recosim/CPR-LastFM-Small-v0", help="id of the environment")
parser.add_argument("--steps", type=int, default=1_000_000, help="steps to take, over all rows")
parser.add_argument("--num-envs", type=int, default=1024, help="conversations at once")
parser.add_argument("--seed", type=int, default=0)
arguments = parser.parse_args()

envs = gym.make_vec(arguments.env, num_envs=arguments.num_envs, split="test")
generator = np.random.default_rng(arguments.seed)
observations, infos = envs.reset(seed=arguments.seed)
conversations = successes = 0
rounds = -(-arguments.steps // arguments.num_envs)
started = time.perf_counter()
with progress() as bar:
    for _ in bar.track(range(rounds), description="steps of the batch"):
        # The legal action with the highest random number: uniform among the legal ones.
        luck = generator.random(infos["action_mask"].shape, dtype=np.float32)
        actions = np.where(infos["action_mask"] > 0, luck, -1).argmax(axis=1)
        observations, rewards, terminated, truncated, infos = envs.step(actions)
        # The step after an end begins the next conversation; it ignores its action.
        conversations += int((terminated | truncated).sum())
        successes += int(infos["is_success"].sum())
seconds = time.perf_counter() - started
envs.close()
print(f"{conversations} conversations, success rate {successes / max(conversations, 1):.3f}")
print(f"{rounds * arguments.num_envs / seconds:,.0f} steps a second, random choices included")
