"""How fast a population lives: user-days a second, beside the vector environment alone.

    python benchmarks/population.py [--users 8000] [--platforms static follow,static]

The vector environment recommends the estimator's best with 1,024 lives at once, as `static` does,
and counts its sessions; a user-day is a day on which a user opened a session. Seconds are those
of the processor, of one thread, so that other work on the machine counts little. All have the same
users and luck; they take turns, and the best of `--times` counts. How long a recommender
thinks is in the other comparison: one platform beside a batch that its agent plays alone, as
`recosim bench` does. Opening the first lives is timed nowhere (users are ranked when first met).
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import gymnasium
import numpy as np

import recosim  # noqa: F401
from recosim.multi.market import Market
from recosim.multi.plan import Plan
from recosim.multi.platforms import make_platforms
from recosim.multi.shard import play_chunk
from recosim.multi.tally import Tally

ENV = "RecoWorld-LastFM"
ROWS = 1024


def vector_rate(users: int) -> float:
    """User-days a second of the vector environment, over as many lives."""
    env = gymnasium.make_vec(
        f"recosim/{ENV}-v0", num_envs=ROWS, vectorization_mode="vector_entry_point", threads=1
    )
    env.reset(seed=0)
    batch = env.unwrapped.batch
    actions = np.full(ROWS, batch.n_askables)
    days, lives = ROWS, 0
    started = time.process_time()
    while lives < users:
        _, _, terminated, truncated, _ = env.step(actions)
        a = batch.arrays
        ended = int((terminated | truncated).sum())
        days += int((a["gap"] > 0).sum()) + ended
        lives += ended
    seconds = time.process_time() - started
    env.close()
    return days / seconds


def market_rate(users: int, names: str) -> float:
    """The same of a market, with all that it counts."""
    plan = Plan.make(ENV, names.split(","), users, split="train")
    agents = make_platforms(plan.platforms, plan.setup, plan.environment)
    market = Market(plan.setup, agents, min(ROWS, users), threads=1)
    tally = Tally.of(market)
    market.open(np.arange(market.size), np.arange(market.size), 0)
    tally.clear()
    started = time.process_time()
    play_chunk(market, np.arange(users), 0)
    return int(tally.arrays["sessions"].sum()) / (time.process_time() - started)


def alone_rate(users: int, name: str) -> float:
    """The same of a batch that one agent plays, block by block, with nothing counted but days."""
    plan = Plan.make(ENV, [name], users, split="train")
    (agent,) = make_platforms(plan.platforms, plan.setup, plan.environment)
    size = min(ROWS, users)
    batch = plan.setup.batch(size, threads=1)
    agent.bind(batch)
    batch.open(seeds=np.zeros(size, np.uint64), conversations=np.arange(size))
    days, started = 0, time.process_time()
    for first in range(0, users, size):
        numbers = np.arange(first, min(first + size, users))
        batch.arrays["done"][:] = 1
        batch.open(slice(0, len(numbers)), conversations=numbers)
        running = batch.arrays["done"] == 0
        agent.reset(running)
        days += len(numbers)
        while running.any():
            batch.step(agent.act())
            agent.observe(running)
            days += int((running & (batch.arrays["gap"] > 0)).sum())
            running = batch.arrays["done"] == 0
    return days / (time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=8000)
    parser.add_argument("--platforms", nargs="+", default=["static", "follow", "follow,static"])
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    single = [names for names in given.platforms if "," not in names]
    runs = {"vector environment": vector_rate}
    runs |= {f"{name} alone": partial(alone_rate, name=name) for name in single}
    runs |= {f"market {names}": partial(market_rate, names=names) for names in given.platforms}
    for run in runs.values():  # compile and load
        run(64)
    best = dict.fromkeys(runs, 0.0)
    for _ in range(given.times):
        for name, run in runs.items():
            best[name] = max(best[name], run(given.users))
    for name, rate in best.items():
        vector = rate / best["vector environment"]
        own = best.get(f"{name.removeprefix('market ')} alone")
        beside = f", {rate / own:.2f} of its agent alone" if own and "market" in name else ""
        print(f"{name:<22} {rate:8,.0f} user-days a second, {vector:.2f} of the first{beside}")


if __name__ == "__main__":
    main()
