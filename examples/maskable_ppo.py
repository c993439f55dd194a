"""MaskablePPO of sb3-contrib on the batched core: it chooses among the legal moves alone."""

import torch
from common import arguments, heldout, learned, rule_agents, score, show, train
from sb3_contrib import MaskablePPO
from stable_baselines3.common.vec_env import VecMonitor

from recosim.envs.sb3 import make_sb3


def main() -> None:
    torch.set_num_threads(1)  # networks this small lose time to a second thread
    given = arguments(__doc__, steps=200_000)
    env = VecMonitor(make_sb3(given.env, n_envs=64, illegal="raise"))
    model = MaskablePPO(
        "MultiInputPolicy",
        env,
        n_steps=64,
        batch_size=1024,
        n_epochs=8,
        learning_rate=1e-3,
        ent_coef=0.01,
        seed=given.seed,
        device="cpu",
    )
    test = heldout(given.env, given.episodes)
    policy = learned(model, masked=True)
    rules = rule_agents(test)
    scores = {name: score(test, choose, given.seed) for name, choose in rules.items()}
    scores["MaskablePPO, before"] = score(test, policy, given.seed)
    train(model, given.steps)
    scores[f"MaskablePPO, {model.num_timesteps:,} steps"] = score(test, policy, given.seed)
    show(f"{given.episodes} held-out conversations of {given.env}", scores)


if __name__ == "__main__":
    main()
