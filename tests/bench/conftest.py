"""Made-up outcomes, so that the readers of traces are tested without a world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recosim.bench.claim import claim_run
from recosim.bench.results import write_episodes
from recosim.bench.schema import AgentSetup, EnvSetup, EstimatorInfo, Users, WorldInfo
from recosim.envs.cpr.protocol import Protocol, protocol
from recosim.metrics import Episodes

VERSIONS = {"recosim": "0.1.0", "numpy": "2.0"}


def make_episodes(
    hit_move: Sequence[int] | NDArray[np.int64],
    rank: Sequence[int] | None = None,
    users: Sequence[int] | NDArray[np.int64] | None = None,
    asks: Sequence[int] | None = None,
    yes: Sequence[int] | None = None,
    reward: Sequence[float] | None = None,
    max_turns: int = 15,
) -> Episodes:
    hit = np.asarray(hit_move, dtype=np.int16)
    n = len(hit)
    zeros = np.zeros(n, dtype=np.int16)
    moves = np.where(hit > 0, hit, max_turns).astype(np.int16)
    counts = np.asarray(asks if asks is not None else zeros, dtype=np.int16)
    return Episodes(
        {
            "conversation": np.arange(n, dtype=np.int32),
            "user": np.asarray(users if users is not None else np.arange(n), dtype=np.int32),
            "target": np.zeros(n, dtype=np.int32),
            "hit_move": hit,
            "rank": np.asarray(rank if rank is not None else hit > 0, dtype=np.int16),
            "taken": zeros,
            "moves": moves,
            "asks": counts,
            "yes": np.asarray(yes if yes is not None else zeros, dtype=np.int16),
            "recommends": (moves - counts).astype(np.int16),
            "reflects": zeros,
            "illegal": zeros,
            "justified": zeros,
            "supported": np.zeros(n),
            "reward": np.asarray(reward if reward is not None else np.zeros(n), dtype=np.float64),
            "nothing_left": np.zeros(n, dtype=bool),
            "left": np.zeros(n, dtype=bool),
        }
    )


def make_setup(
    agents: Sequence[str] = ("slow", "fast", "oracle"),
    *,
    key: str = "CPR-Toy-v0",
    seeds: Sequence[int] = (0, 1),
    conversations: int = 60,
    rules: Protocol | None = None,
    noise: float = 0.0,
) -> EnvSetup:
    return EnvSetup(
        key=key,
        env=f"recosim/{key}",
        world=WorldInfo(
            name="toy",
            fingerprint="ab12" * 16,
            users=20,
            items=1000,
            attributes=30,
            facets=4,
            interactions=5000,
        ),
        protocol=(rules or protocol("scpr")).to_dict(),
        users=Users(settings={"answer_noise": noise} if noise else {}),
        estimator=EstimatorInfo(name="mf", settings={"dimension": 32}),
        split="test",
        conversations=conversations,
        available=100,
        seeds=tuple(seeds),
        agents=tuple(AgentSetup(name=name, privileged=name == "oracle") for name in agents),
    )


def outcomes_of(setup: EnvSetup, agent: str, seed: int) -> Episodes:
    """Deterministic outcomes: "fast" agents hit early, "slow" ones late or never."""
    generator = np.random.default_rng([seed, sum(map(ord, agent))])
    n, turns = setup.conversations, setup.rules.max_turns
    drawn = generator.integers(1, turns + 6, size=n) + (6 if agent.startswith("slow") else 0)
    hit = np.ones(n, dtype=np.int64) if agent == "oracle" else np.where(drawn <= turns, drawn, 0)
    asks = generator.integers(1, 5, size=n)
    return make_episodes(
        hit,
        rank=np.where(hit > 0, generator.integers(1, 11, size=n), 0),
        users=np.arange(n) // 3,
        asks=np.zeros(n) if agent == "oracle" else asks,
        yes=np.zeros(n) if agent == "oracle" else asks // 2,
        reward=generator.normal(size=n),
        max_turns=turns,
    )


def write_run(folder: Path, *setups: EnvSetup) -> None:
    claim_run(folder, setups, VERSIONS)
    for setup in setups:
        for agent in setup.agents:
            for seed in setup.seeds:
                rows = outcomes_of(setup, agent.name, seed)
                write_episodes(folder, setup, agent.name, seed, rows)


@pytest.fixture
def episodes() -> Callable[..., Episodes]:
    return make_episodes


@pytest.fixture
def setup_of() -> Callable[..., EnvSetup]:
    return make_setup


@pytest.fixture
def run_in() -> Callable[..., None]:
    return write_run
