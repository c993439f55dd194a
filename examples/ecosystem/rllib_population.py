"""RLlib (new API stack): two platforms of `population_v0`, each with a policy of its own."""

import argparse

import ray
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.connectors.env_to_module import FlattenObservations
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.core.rl_module.multi_rl_module import MultiRLModuleSpec
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env

PLATFORMS = ("platform_0", "platform_1")


def make(settings):
    """Imported here: this runs in the workers."""
    from recosim.multi import population_v0

    market = population_v0.parallel_env("duopoly", name="RecoWorld-LastFM-Small", **settings)
    return ParallelPettingZooEnv(market)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--batch", type=int, default=600)
    parser.add_argument("--runners", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()

    register_env("duopoly", make)
    config = (
        PPOConfig()
        .environment("duopoly", env_config={"users": given.users, "days": given.days})
        .env_runners(
            num_env_runners=given.runners,
            env_to_module_connector=lambda env, spaces, device: FlattenObservations(
                multi_agent=True
            ),
        )
        .multi_agent(policies=set(PLATFORMS), policy_mapping_fn=lambda agent, episode: agent)
        .rl_module(
            rl_module_spec=MultiRLModuleSpec(
                rl_module_specs={
                    name: RLModuleSpec(model_config=DefaultModelConfig(fcnet_hiddens=[64]))
                    for name in PLATFORMS
                }
            )
        )
        .training(train_batch_size=given.batch, minibatch_size=min(64, given.batch), num_epochs=4)
        .debugging(seed=given.seed)
    )
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    algorithm = config.build_algo()
    for _ in range(given.iterations):
        result = algorithm.train()["env_runners"]
        shares = result["agent_episode_returns_mean"]
        told = ", ".join(f"{name} {shares[name]:+.2f}" for name in sorted(shares))
        print(f"mean return {result['episode_return_mean']:+.2f}: {told}", flush=True)
    algorithm.stop()
    ray.shutdown()


if __name__ == "__main__":
    main()
