"""SuperSuit: the players of `population_v0` and `pair_v0` share one policy of stable-baselines3."""

import argparse

import numpy as np
import supersuit as ss
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.utils import set_random_seed

from recosim.multi import pair_v0, population_v0


def flattened(env):
    """Observations of each player as one vector, mask included; of one width for all of them."""
    env = ss.observation_lambda_v0(
        env,
        lambda seen, space: spaces.flatten(space, seen).astype(np.float32),
        lambda space: spaces.Box(-np.inf, np.inf, (spaces.flatdim(space),), np.float32),
    )
    return ss.pad_action_space_v0(ss.pad_observations_v0(env))


def trained(name, env, given):
    """A short training of one policy for all players; its mean reward a step, over the rollout."""
    rows = ss.pettingzoo_env_to_vec_env_v1(flattened(env))
    rows = ss.concat_vec_envs_v1(rows, 2, num_cpus=1, base_class="stable_baselines3")
    model = PPO("MlpPolicy", rows, n_steps=16, batch_size=32, device="cpu")
    model.learn(given.steps)
    mean = float(np.mean(model.rollout_buffer.rewards))
    print(f"{name}: {model.num_timesteps} steps of {rows.num_envs} rows, mean reward {mean:+.3f}")
    rows.close()


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    set_random_seed(given.seed)  # rows of SuperSuit take no seed from the algorithm

    # Two platforms with the same spaces, who end together: the month is over for both.
    market = population_v0.parallel_env("duopoly", name="RecoWorld-LastFM-Small", users=50, days=10)
    trained("duopoly", market, given)

    # Recommender and user: the action of who has no turn counts for nothing. A policy without masks
    # also tries illegal ones, which are penalised by default.
    pair = pair_v0.parallel_env(name="CPR-LastFM-Small")
    trained("pair", pair, given)


if __name__ == "__main__":
    main()
