"""TorchRL: `GymEnv` on an id, masks by its `ActionMask`, a policy gradient on what it collects."""

import argparse

import torch
from tensordict.nn import TensorDictModule, TensorDictSequential
from torch import nn
from torchrl.collectors import Collector
from torchrl.envs import ActionMask, Compose, DTypeCastTransform, GymEnv, TransformedEnv
from torchrl.modules import MaskedCategorical, ProbabilisticActor

import recosim  # noqa: F401  (registers the ids)


class Joined(nn.Module):
    """All entries of an observation as one vector, then two layers."""

    def __init__(self, width: int, actions: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, 128), nn.Tanh(), nn.Linear(128, actions))

    def forward(self, *entries):
        return self.layers(torch.cat([entry.float() for entry in entries], dim=-1))


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="recosim/CPR-LastFM-Small-v0")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.manual_seed(given.seed)

    # `GymEnv` tries the argument `frameskip`, and goes on where the environment has none.
    base = GymEnv(given.env, frame_skip=1, categorical_action_encoding=True, split="train")
    bools = DTypeCastTransform(torch.int8, torch.bool, in_keys=["action_mask"])
    env = TransformedEnv(base, Compose(bools, ActionMask()))
    env.set_seed(given.seed)

    keys = [key for key in env.observation_spec if key != "action_mask"]
    width = sum(env.observation_spec[key].shape[-1] for key in keys)
    net = Joined(width, env.action_spec.n)
    policy = ProbabilisticActor(
        TensorDictSequential(TensorDictModule(net, in_keys=keys, out_keys=["logits"])),
        in_keys={"logits": "logits", "mask": "action_mask"},
        distribution_class=MaskedCategorical,
        return_log_prob=True,
    )
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    collector = Collector(env, policy, frames_per_batch=given.batch, total_frames=given.steps)
    for batch in collector:
        reward, done = batch["next", "reward"][:, 0], batch["next", "done"][:, 0]
        togo, later = torch.zeros_like(reward), 0.0
        for t in reversed(range(len(reward))):
            later = reward[t] + (0.0 if done[t] else later)
            togo[t] = later
        gain = (togo - togo.mean()) / (togo.std() + 1e-8)
        log_prob = policy.get_dist(batch).log_prob(batch["action"])
        loss = -(gain * log_prob).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        print(f"mean return to go {togo.mean():+.3f}, {int(done.sum())} conversations", flush=True)
    collector.shutdown()


if __name__ == "__main__":
    main()
