"""DQN of stable-baselines3 on the batched core. It knows no masks: illegal moves are penalised."""

import torch
from common import arguments, heldout, learned, rule_agents, score, show, train
from stable_baselines3 import DQN
from stable_baselines3.common.vec_env import VecMonitor

from recosim.envs.sb3 import make_sb3


def main() -> None:
    torch.set_num_threads(1)  # networks this small lose time to a second thread
    given = arguments(__doc__, steps=100_000)
    env = VecMonitor(make_sb3(given.env, n_envs=64, illegal="penalise"))
    model = DQN(
        "MultiInputPolicy",
        env,
        buffer_size=100_000,
        learning_starts=5_000,
        batch_size=256,
        train_freq=(1, "step"),  # of the batch: 64 conversations
        gradient_steps=4,
        target_update_interval=5_000,
        exploration_fraction=0.3,
        exploration_final_eps=0.05,
        learning_rate=5e-4,
        seed=given.seed,
        device="cpu",
    )
    test = heldout(given.env, given.episodes)
    policy = learned(model)
    rules = rule_agents(test)
    scores = {name: score(test, choose, given.seed) for name, choose in rules.items()}
    scores["DQN, before"] = score(test, policy, given.seed)
    train(model, given.steps)
    scores[f"DQN, {model.num_timesteps:,} steps"] = score(test, policy, given.seed)
    show(f"{given.episodes} held-out conversations of {given.env}", scores)


if __name__ == "__main__":
    main()
