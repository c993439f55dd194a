"""Minari: record conversations with their masks, load them again, replay them move by move."""

import argparse

import gymnasium as gym
import minari
import numpy as np
from minari import DataCollector, StepDataCallback

import recosim  # noqa: F401  (registers the ids)


class KeepsMasks(StepDataCallback):
    """Beside observations, actions and rewards: the mask, the items shown, and who succeeded.

    Minari keeps infos that have the same arrays at every step. A dictionary in them is a group.
    """

    KEPT = ("action_mask", "shown_items", "path", "true_utility", "reward_terms")

    def __call__(self, env, **step):
        data = super().__call__(env, **step)
        data["info"] = {key: data["info"][key] for key in self.KEPT if key in data["info"]}
        return data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="recosim/CPR-LastFM-Small-v0")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="recosim/cpr-lastfm-small/random-v0")
    given = parser.parse_args()

    env = DataCollector(gym.make(given.env), step_data_callback=KeepsMasks, record_infos=True)
    env.action_space.seed(given.seed)
    env.reset(seed=given.seed)
    for _ in range(given.steps):
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()
    dataset = env.create_dataset(
        dataset_id=given.name,
        algorithm_name="uniform over the legal actions",
        description=f"{given.steps} moves in {given.env}, with masks",
    )
    env.close()

    loaded = minari.load_dataset(given.name)
    assert loaded.total_steps == dataset.total_steps
    replayed = loaded.recover_environment()
    kept = loaded.storage.get_episode_metadata(loaded.episode_indices)
    for episode, about in zip(loaded.iterate_episodes(), kept, strict=True):
        replayed.reset(seed=int(about["seed"]))  # Minari seeds each episode, and keeps the seed
        for t, action in enumerate(episode.actions):
            assert episode.infos["action_mask"][t][action] == 1
            observation, reward, *_ = replayed.step(action)
            assert reward == episode.rewards[t]
            seen = {key: value[t + 1] for key, value in episode.observations.items()}
            assert all(np.array_equal(seen[key], observation[key]) for key in seen)
    print(f"{loaded.total_episodes} conversations, {loaded.total_steps} moves: replayed alike")


if __name__ == "__main__":
    main()
