"""Tianshou 2: DQN with masks, which it reads from the observation's `mask`."""

import argparse

import gymnasium as gym
import numpy as np
import torch
from tianshou.algorithm import DQN
from tianshou.algorithm.modelfree.dqn import DiscreteQLearningPolicy
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Collector, CollectStats, VectorReplayBuffer
from tianshou.env import DummyVectorEnv
from tianshou.trainer import OffPolicyTrainerParams
from tianshou.utils.net.common import Net

import recosim  # noqa: F401  (registers the ids)


class ObsAndMask(gym.ObservationWrapper):
    """`{"obs", "mask"}`, as Tianshou's discrete policies take it; the rest as one vector."""

    def __init__(self, env):
        super().__init__(env)
        self._seen = gym.spaces.Dict(
            {key: space for key, space in env.observation_space.items() if key != "action_mask"}
        )
        n = int(env.action_space.n)
        self.observation_space = gym.spaces.Dict(
            {
                "obs": gym.spaces.flatten_space(self._seen),
                "mask": gym.spaces.MultiBinary(n),
            }
        )

    def observation(self, observation):
        seen = {key: observation[key] for key in self._seen}
        return {
            "obs": gym.spaces.flatten(self._seen, seen).astype(np.float32),
            "mask": observation["action_mask"].astype(bool),
        }


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="recosim/CPR-LastFM-Small-v0")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()

    def make(split="train"):
        return ObsAndMask(gym.make(given.env, split=split))

    train = DummyVectorEnv([make for _ in range(4)])
    test = DummyVectorEnv([lambda: make("test") for _ in range(4)])
    train.seed(given.seed)
    test.seed(given.seed + 1000)
    one = make()
    n = int(one.action_space.n)
    width = one.observation_space["obs"].shape
    net = Net(state_shape=width, action_shape=n, hidden_sizes=(128,))
    policy = DiscreteQLearningPolicy(
        model=net,
        action_space=one.action_space,
        observation_space=one.observation_space,
        eps_training=0.1,
        eps_inference=0.0,
    )
    algorithm = DQN(policy=policy, optim=AdamOptimizerFactory(lr=1e-3), target_update_freq=200)
    buffer = VectorReplayBuffer(20_000, len(train))
    collector = Collector[CollectStats](algorithm, train, buffer, exploration_noise=True)
    collector.reset()
    collector.collect(n_step=256, random=False)
    algorithm.run_training(
        OffPolicyTrainerParams(
            training_collector=collector,
            test_collector=Collector[CollectStats](algorithm, test),
            max_epochs=1,
            epoch_num_steps=given.steps,
            collection_step_num_env_steps=32,
            update_step_num_gradient_steps_per_sample=0.1,
            batch_size=64,
            test_step_num_episodes=20,
            verbose=False,
            show_progress=False,
        )
    )
    infos = buffer.info  # what the environment told, in arrays: every key is one that can be read
    print(f"kept: {sorted(infos.get_keys())}")
    result = Collector[CollectStats](algorithm, test)
    result.reset()
    stats = result.collect(n_episode=40)
    print(f"mean return of 40 conversations: {stats.returns.mean():+.3f}")


if __name__ == "__main__":
    main()
