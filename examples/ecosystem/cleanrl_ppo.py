"""PPO in one file, as CleanRL writes it: the native vector environment, masks in the logits."""

import argparse

import gymnasium as gym
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

import recosim  # noqa: F401  (registers the ids)

GAMMA, LAMBDA, CLIP, EPOCHS, MINIBATCHES = 0.99, 0.95, 0.2, 4, 4


class Policy(nn.Module):
    """Actor and critic on the flattened observation, which holds the mask."""

    def __init__(self, width: int, actions: int) -> None:
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(width, 128), nn.Tanh(), nn.Linear(128, actions))
        self.critic = nn.Sequential(nn.Linear(width, 128), nn.Tanh(), nn.Linear(128, 1))

    def forward(self, seen, mask):
        logits = self.actor(seen).masked_fill(~mask, -1e9)
        return Categorical(logits=logits), self.critic(seen)[:, 0]


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="recosim/CPR-LastFM-Small-v0")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--num-envs", type=int, default=64)
    parser.add_argument("--num-steps", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.manual_seed(given.seed)

    # SameStep: no step only begins a conversation, so none has to be left out of the batch.
    envs = gym.make_vec(
        given.env, num_envs=given.num_envs, autoreset_mode="SameStep", split="train"
    )
    single = envs.single_observation_space

    def tensors(observations):
        columns = [observations[key].reshape(given.num_envs, -1) for key in single.spaces]
        seen = np.concatenate(columns, axis=1).astype(np.float32)
        mask = observations["action_mask"].astype(bool)
        return torch.from_numpy(seen), torch.from_numpy(mask)

    policy = Policy(gym.spaces.flatdim(single), int(envs.single_action_space.n))
    optimiser = torch.optim.Adam(policy.parameters(), lr=1e-3, eps=1e-5)
    seen, mask = tensors(envs.reset(seed=given.seed)[0])
    rounds = max(1, given.steps // (given.num_envs * given.num_steps))
    for k in range(rounds):
        kept, returns, successes = [], [], []
        for _ in range(given.num_steps):
            with torch.no_grad():
                choice, value = policy(seen, mask)
                action = choice.sample()
                log_prob = choice.log_prob(action)
            observations, reward, terminated, truncated, infos = envs.step(action.numpy())
            ended = terminated | truncated
            if ended.any():
                successes += infos["final_info"]["is_success"][ended].tolist()
            ended = torch.from_numpy(ended).float()
            reward = torch.from_numpy(reward).float()
            kept.append((seen, mask, action, log_prob, value, reward, ended))
            seen, mask = tensors(observations)
        with torch.no_grad():
            following, advantage = policy(seen, mask)[1], torch.zeros(given.num_envs)
        for *_, value, reward, ended in reversed(kept):
            goes_on = 1 - ended
            delta = reward + GAMMA * following * goes_on - value
            advantage = delta + GAMMA * LAMBDA * goes_on * advantage
            returns.append(advantage + value)
            following = value
        seen_, mask_, action_, log_prob_, value_, *_ = map(torch.cat, zip(*kept, strict=True))
        target = torch.cat(returns[::-1])
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(target)).chunk(MINIBATCHES):
                choice, value = policy(seen_[rows], mask_[rows])
                gain = target[rows] - value_[rows]
                gain = (gain - gain.mean()) / (gain.std() + 1e-8)
                ratio = (choice.log_prob(action_[rows]) - log_prob_[rows]).exp()
                surrogate = torch.min(gain * ratio, gain * ratio.clamp(1 - CLIP, 1 + CLIP)).mean()
                miss = (value - target[rows]).square().mean()
                loss = 0.5 * miss - surrogate - 0.01 * choice.entropy().mean()
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(policy.parameters(), 0.5)
                optimiser.step()
        if k % 10 == 0 or k == rounds - 1:
            rate = np.mean(successes) if successes else float("nan")
            print(f"{(k + 1) * len(target):>8,} steps  success rate {rate:.3f}", flush=True)


if __name__ == "__main__":
    main()
