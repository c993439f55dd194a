"""RLlib (new API stack): PPO on one id. Its connector flattens the observations."""

import argparse

import ray
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.connectors.env_to_module import FlattenObservations
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig

# Workers are processes of their own: "recosim:" makes them import the package that knows the id.
ENV = "recosim:recosim/CPR-LastFM-Small-v0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default=ENV)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--batch", type=int, default=2000)
    parser.add_argument("--runners", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()

    config = (
        PPOConfig()
        # No masks here: an illegal move costs a turn.
        .environment(given.env, env_config={"illegal": "penalise", "split": "train"})
        .env_runners(
            num_env_runners=given.runners,
            env_to_module_connector=lambda env, spaces, device: FlattenObservations(),
        )
        .rl_module(model_config=DefaultModelConfig(fcnet_hiddens=[128]))
        .training(train_batch_size=given.batch, minibatch_size=min(256, given.batch), num_epochs=4)
        .debugging(seed=given.seed)
    )
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    algorithm = config.build_algo()
    for _ in range(given.iterations):
        result = algorithm.train()["env_runners"]
        print(f"mean return {result['episode_return_mean']:+.3f}", flush=True)
    algorithm.stop()
    ray.shutdown()


if __name__ == "__main__":
    main()
