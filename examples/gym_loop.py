"""The plain Gymnasium loop: ask and recommend at random, among the legal actions."""

import argparse

import gymnasium as gym

import recosim  # noqa: F401  (registers the environments)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--env", default="recosim/CPR-LastFM-Small-v0", help="id of the environment")
parser.add_argument("--steps", type=int, default=2000, help="steps to take")
parser.add_argument("--seed", type=int, default=0)
arguments = parser.parse_args()

env = gym.make(arguments.env, split="test")
env.action_space.seed(arguments.seed)
observation, info = env.reset(seed=arguments.seed)
conversations = successes = 0
for _ in range(arguments.steps):
    action = env.action_space.sample()  # a legal one; info["action_mask"] says which are
    observation, reward, terminated, truncated, info = env.step(action)
    if terminated or truncated:
        conversations += 1
        successes += info["is_success"]
        observation, info = env.reset()
print(f"{conversations} conversations, success rate {successes / max(conversations, 1):.3f}")
