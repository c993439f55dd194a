"""Bot play: a recommender learns from conversations with user policies, through PettingZoo.

Both sides are players of `recosim.multi.pair_v0`. Users are policies too: one says what the rule
user would say, one says anything in a part of its turns. The recommender, a softmax of a few
numbers over asking, recommending and reflecting, learns by REINFORCE. It is scored on users of the
test split, who follow the rules of a population that it never met, beside what it was before
training.
"""

import argparse

import gymnasium as gym
import numpy as np
from common import progress, score, show

import recosim  # noqa: F401  (registers the environments)
from recosim.multi import pair_v0

RATE, BATCH, DISCOUNT = 0.3, 16, 0.95


def features(observation):
    """What the recommender looks at, float (..., 5): candidates, turn, best question, misses."""
    history = observation["history"]
    turn = observation["turn"] / history.shape[-1]
    bits = observation["log2_candidates"] / 10
    misses = (history == -2).sum(axis=-1, keepdims=True) / 5
    entropy = observation["entropy"].max(axis=-1, keepdims=True)
    return np.concatenate([np.ones_like(bits), bits, turn, entropy, misses], axis=-1)


def chances(weights, seen, mask):
    """Probability of each verb."""
    logits = np.where(mask > 0, seen @ weights, -np.inf)
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def answer(info, slips, luck):
    """A user policy: what the rule user would say; with a probability anything that is legal."""
    if luck.random() < slips:
        return luck.choice(np.flatnonzero(info["action_mask"]))
    return info["suggestion"]


def play(env, weights, luck):
    """One episode: the features, masks, verbs and rewards of the recommender's moves."""
    env.reset(seed=int(luck.integers(2**31)))
    slips = luck.choice([0.0, 0.05])
    moves, rewards = [], []
    for agent in env.agent_iter():
        observation, reward, terminated, truncated, info = env.last()
        action = None
        if agent == "recommender_0":
            if moves:
                rewards.append(reward)
            if not (terminated or truncated):
                seen, mask = features(observation["observation"]), observation["action_mask"]
                action = luck.choice(len(mask), p=chances(weights, seen, mask))
                moves.append((seen, mask, action))
        elif not (terminated or truncated):
            action = answer(info, slips, luck)
        env.step(action)
    return moves, rewards


def train(arguments, seed):
    """REINFORCE with the mean of the batch as its baseline; the weights, float (5, 3)."""
    luck = np.random.default_rng(seed)
    env = pair_v0.env(name=arguments.env, actions="verb", split="train")
    weights, done = np.zeros((5, 3)), 0
    with progress() as bar:
        task = bar.add_task("training", total=arguments.steps)
        while done < arguments.steps:
            batch = [play(env, weights, luck) for _ in range(BATCH)]
            returns = []
            for _, rewards in batch:
                total = np.zeros(len(rewards) + 1)
                for k in range(len(rewards))[::-1]:
                    total[k] = rewards[k] + DISCOUNT * total[k + 1]
                returns.append(total[:-1])
            whole = np.concatenate(returns)
            step = np.zeros_like(weights)
            for (moves, _), gains in zip(batch, returns, strict=True):
                for (seen, mask, verb), gain in zip(moves, gains, strict=True):
                    slope = -chances(weights, seen, mask)
                    slope[verb] += 1
                    step += (gain - whole.mean()) / (whole.std() + 1e-6) * np.outer(seen, slope)
            weights += RATE * step / BATCH
            done += len(whole)
            bar.update(task, completed=min(done, arguments.steps))
    return weights


parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
)
parser.add_argument("--env", default="CPR-LastFM-Small", help="environment of the CPR family")
parser.add_argument(
    "--steps", type=int, default=4000, help="moves of the recommender to learn from"
)
parser.add_argument("--seed", type=int, default=0, help="of the first training")
parser.add_argument("--seeds", type=int, default=5, help="trainings")
parser.add_argument("--users", default="typical", help="held-out population")
parser.add_argument("--episodes", type=int, default=1000, help="held-out conversations to score")
arguments = parser.parse_args()

identity = arguments.env if "/" in arguments.env else f"recosim/{arguments.env}-v0"
test = gym.make_vec(
    identity, num_envs=arguments.episodes, split="test", actions="verb", users=arguments.users
)


def policy(weights, seed):
    """Draws verbs by the weights, in all rows."""
    luck = np.random.default_rng(seed)

    def choose(observations, masks):
        p = chances(weights, features(observations), masks).cumsum(axis=-1)
        return np.minimum((luck.random((len(p), 1)) > p).sum(axis=-1), p.shape[-1] - 1)

    return choose


def interval(gains):
    """Mean and 95 % interval over trainings, by Student's t (of up to ten)."""
    t = [np.nan, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26][min(len(gains), 10) - 1]
    mean = np.mean(gains)
    half = t * np.std(gains, ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.nan
    return f"{mean:+.3f} [{mean - half:+.3f}, {mean + half:+.3f}]"


hits, moves = [], []
for seed in range(arguments.seed, arguments.seed + arguments.seeds):
    before = score(test, policy(np.zeros((5, 3)), seed), seed)
    after = score(test, policy(train(arguments, seed), seed), seed)
    hits.append(after[0] - before[0])
    moves.append(after[1] - before[1])
    show(f"seed {seed}, users {arguments.users!r}", {"before": before, "after": after})
print(f"change of the success rate {interval(hits)}, of the average moves {interval(moves)}")
