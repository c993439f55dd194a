"""RLlib (new API stack): PPO that makes no illegal move, with two processes that play."""

import argparse

import gymnasium as gym
import numpy as np
import ray
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.examples.rl_modules.classes.action_masking_rlm import ActionMaskingTorchRLModule
from ray.tune.registry import register_env


class ForMaskingModule(gym.ObservationWrapper):
    """`{"action_mask", "observations"}`, as RLlib's masking module takes it."""

    def __init__(self, env):
        super().__init__(env)
        seen = {key: space for key, space in env.observation_space.items() if key != "action_mask"}
        self._seen = gym.spaces.Dict(seen)
        self.observation_space = gym.spaces.Dict(
            {
                "action_mask": gym.spaces.Box(0.0, 1.0, (int(env.action_space.n),), np.float32),
                "observations": gym.spaces.Box(
                    -np.inf, np.inf, (gym.spaces.flatdim(self._seen),), np.float32
                ),
            }
        )

    def observation(self, observation):
        seen = {key: observation[key] for key in self._seen}
        return {
            "action_mask": observation["action_mask"].astype(np.float32),
            "observations": gym.spaces.flatten(self._seen, seen).astype(np.float32),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="recosim/CPR-LastFM-Small-v0")
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--batch", type=int, default=2000)
    parser.add_argument("--runners", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()

    # The default illegal="raise" stays: a move that the mask forbids would end the run.
    def make(settings):
        return ForMaskingModule(gym.make(f"recosim:{given.env}", split="train"))

    register_env("masked", make)
    config = (
        PPOConfig()
        .environment("masked")
        .env_runners(num_env_runners=given.runners)
        .rl_module(
            rl_module_spec=RLModuleSpec(
                module_class=ActionMaskingTorchRLModule,
                model_config=DefaultModelConfig(fcnet_hiddens=[128]),
            )
        )
        .training(train_batch_size=given.batch, minibatch_size=min(256, given.batch), num_epochs=4)
        .debugging(seed=given.seed)
    )
    ray.init(
        address="local", num_cpus=given.runners + 1, include_dashboard=False, log_to_driver=False
    )
    algorithm = config.build_algo()
    for _ in range(given.iterations):
        result = algorithm.train()["env_runners"]
        print(f"mean return {result['episode_return_mean']:+.3f}", flush=True)
    algorithm.stop()
    ray.shutdown()


if __name__ == "__main__":
    main()
