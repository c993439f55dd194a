"""skrl: PPO whose policy puts the mask of the observation into its logits."""

import argparse

import gymnasium as gym
import torch
from skrl.agents.torch.ppo import PPO, PPO_CFG
from skrl.envs.wrappers.torch import wrap_env
from skrl.memories.torch import RandomMemory
from skrl.models.torch import CategoricalMixin, DeterministicMixin, Model
from skrl.trainers.torch import SequentialTrainer
from skrl.utils import set_seed
from skrl.utils.spaces.torch import unflatten_tensorized_space
from torch import nn

import recosim  # noqa: F401  (registers the ids)


class Policy(CategoricalMixin, Model):
    def __init__(self, observation_space, action_space, device):
        Model.__init__(
            self, observation_space=observation_space, action_space=action_space, device=device
        )
        CategoricalMixin.__init__(self)
        width = self.num_observations
        self.net = nn.Sequential(nn.Linear(width, 128), nn.Tanh(), nn.Linear(128, self.num_actions))

    def compute(self, inputs, role=""):
        seen = inputs["observations"]
        mask = unflatten_tensorized_space(self.observation_space, seen)["action_mask"]
        return self.net(seen.float()).masked_fill(mask == 0, -1e9), {}


class Value(DeterministicMixin, Model):
    def __init__(self, observation_space, action_space, device):
        Model.__init__(
            self, observation_space=observation_space, action_space=action_space, device=device
        )
        DeterministicMixin.__init__(self)
        self.net = nn.Sequential(
            nn.Linear(self.num_observations, 128), nn.Tanh(), nn.Linear(128, 1)
        )

    def compute(self, inputs, role=""):
        return self.net(inputs["observations"].float()), {}


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="recosim/CPR-LastFM-Small-v0")
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--num-envs", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    set_seed(given.seed)

    # The native vector environment; skrl resets once and goes on, which SameStep is made for.
    rows = gym.make_vec(
        given.env,
        num_envs=given.num_envs,
        autoreset_mode="SameStep",
        split="train",
        illegal="raise",
    )
    env = wrap_env(rows, wrapper="gymnasium")
    parts = (env.observation_space, env.action_space, env.device)
    cfg = PPO_CFG(rollouts=32, learning_epochs=4, mini_batches=4, entropy_loss_scale=0.01)
    cfg.experiment.write_interval = cfg.experiment.checkpoint_interval = 0
    agent = PPO(
        models={"policy": Policy(*parts), "value": Value(*parts)},
        memory=RandomMemory(memory_size=32, num_envs=env.num_envs, device=env.device),
        cfg=cfg,
        observation_space=env.observation_space,
        action_space=env.action_space,
        device=env.device,
    )
    moves = max(32, given.steps // given.num_envs)
    trainer = SequentialTrainer(
        env=env,
        agents=agent,
        cfg={"timesteps": moves, "headless": True, "disable_progressbar": True},
    )
    trainer.train()
    print(f"{moves * given.num_envs} moves of {given.num_envs} rows, none of them illegal")


if __name__ == "__main__":
    main()
