"""Slates a second of one core: RecoWorld beside SARDINE, each with its own default users.

python benchmarks/slates.py            # installs SARDINE into an environment of its own; JSON

SARDINE (Deffayet et al. 2024) simulates users who click on slates of ten items and grow bored. It
is installed from PyPI into the cache folder: run this only where that is wanted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import gymnasium as gym
import numpy as np
from platformdirs import user_cache_path

import recosim  # noqa: F401  (registers the environments)

__all__ = ["lives_rate", "sardine_rate"]

PACKAGES = ("sardine-rec==1.0.8", "gymnasium==1.1.1", "numpy==2.2.6")
ID = "sardine/SlateTopK-Bored-v0"

# Played there: slates of different items, drawn uniformly, for so many seconds of its process.
SCRIPT = """
import json, sys, time
import gymnasium as gym, numpy as np, sardine
env = gym.make(sys.argv[1]).unwrapped
slate = env.action_space.shape[0]
items = int(env.action_space.nvec[0])
rng = np.random.default_rng(0)
env.reset(seed=0)
best = 0.0
for _ in range(5):
    actions = [rng.permutation(items)[:slate] for _ in range(1000)]
    started = time.process_time()
    for action in actions:
        *_, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
    best = max(best, len(actions) / (time.process_time() - started))
print(json.dumps({"slates_per_second": best, "slate": slate}))
"""


def sardine_rate(packages: tuple[str, ...] = PACKAGES) -> dict[str, float]:
    """Slates for each second of processor time of SARDINE's usual slate environment.

    Raises:
        subprocess.CalledProcessError: it could not be installed.
    """
    home = user_cache_path("recosim") / "benchmarks" / "sardine"
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (home / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", *packages]
        subprocess.run(install, check=True)
        (home / "ready").write_text(" ".join(packages))
    done = subprocess.run(
        [str(python), "-c", SCRIPT, ID],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""},
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def lives_rate(size: int = 1024, steps: int = 60, slate: int = 10) -> float:
    """The same of `RecoWorld-LastFM` on one thread, observations included."""
    env = gym.make_vec(
        "recosim/RecoWorld-LastFM-v0", num_envs=size, actions="slate", top_k=slate, threads=1
    )
    env.reset(seed=0)
    world, rng = env.unwrapped.setup.world, np.random.default_rng(0)
    action = {
        "verb": np.ones(size, dtype=np.int64),
        "attribute": np.zeros(size, dtype=np.int64),
        "because": np.full((size, 1), -1, dtype=np.int32),
    }
    best = 0.0
    for _ in range(5):
        some = rng.choice(world.n_items, 512, replace=False).astype(np.int32)
        shuffled = [rng.permuted(np.tile(some, (size, 1)), axis=1) for _ in range(2)]
        lists = [table[:, :slate].copy() for table in shuffled]
        started, shown = time.process_time(), 0
        for k in range(steps):
            shown += int((env.unwrapped.batch.arrays["done"] == 0).sum())
            env.step({**action, "items": lists[k % 2]})
        best = max(best, shown / (time.process_time() - started))
    return best


if __name__ == "__main__":
    ours, theirs = lives_rate(), sardine_rate()
    print(json.dumps({"recoworld": ours, **theirs, "script": Path(__file__).name}))
