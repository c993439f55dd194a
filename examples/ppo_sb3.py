"""PPO of stable-baselines3 on the batched core. It knows no masks: illegal moves are penalised."""

import torch
from common import arguments, heldout, learned, rule_agents, score, show, train
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

from recosim.envs.sb3 import make_sb3


def main() -> None:
    torch.set_num_threads(1)  # networks this small lose time to a second thread
    given = arguments(__doc__, steps=400_000)
    env = VecMonitor(make_sb3(given.env, n_envs=64, illegal="penalise"))
    model = PPO(
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
    # Without masks the likeliest action may be an illegal one, again and again: draw instead.
    policy = learned(model, deterministic=False)
    rules = rule_agents(test)
    scores = {name: score(test, choose, given.seed) for name, choose in rules.items()}
    scores["PPO, before"] = score(test, policy, given.seed)
    train(model, given.steps)
    scores[f"PPO, {model.num_timesteps:,} steps"] = score(test, policy, given.seed)
    show(f"{given.episodes} held-out conversations of {given.env}", scores)


if __name__ == "__main__":
    main()
