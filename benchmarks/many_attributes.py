"""Speed in a world of thousands of attributes, such as LastFM* (SCPR): moves per CPU second.

What is observed there is wide (8,438 entropies, statuses and legal actions), and a conversation is
about few of them.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import gymnasium as gym
import numpy as np
from replay import Recording, record, replay_reference, replay_scalar

from recosim.world.world import World, build_world, csr_from_pairs

__all__ = ["many_attributes_world", "reference_moves", "scalar_moves", "vector_moves"]

ENV = "recosim/CPR-LastFM-v0"
NARROW = ["turn", "history", "log2_candidates"]


@lru_cache(maxsize=1)
def many_attributes_world() -> World:
    """A random world of the size of the public LastFM* files.

    1,801 users, 7,432 items, 8,438 attributes. Counted there and met here within a tenth: 94,446
    links of items to attributes, half of the items with 8 or fewer, the most common attributes with
    2,129, 832 (the 11th), 155 (the 101st) and 13 (the 1,001st) items.
    """
    rng = np.random.default_rng(0)
    n_users, n_items, n_attributes = 1801, 7432, 8438
    popularity = 1.0 / (np.arange(n_attributes) + 5.0)
    # Drawn with replacement: what an item draws twice it has once.
    degrees = np.maximum(np.round(rng.lognormal(np.log(9.6), 1.0, n_items)), 1).astype(int)
    items = np.repeat(np.arange(n_items), degrees)
    drawn = rng.choice(n_attributes, len(items), p=popularity / popularity.sum())
    links = np.unique(items * n_attributes + drawn)
    splits = []
    taken = np.unique(rng.integers(0, n_users * n_items, 76_000))
    part = rng.choice(3, len(taken), p=[0.7, 0.15, 0.15])
    for k in range(3):
        users, chosen = np.divmod(taken[part == k], n_items)
        splits.append(csr_from_pairs(users, chosen, n_users))
    return build_world(
        name="many-attributes",
        item_attributes=csr_from_pairs(*np.divmod(links, n_attributes), n_items),
        train=splits[0],
        valid=splits[1],
        test=splits[2],
        n_attributes=n_attributes,
        attribute_facet=np.zeros(n_attributes, dtype=np.int16),
    )


def recording(size: int) -> Recording:
    return record(ENV, size, 60, 32, world=many_attributes_world())


def vector_moves(played: Recording, seconds: float, **settings: Any) -> float:
    """Moves per CPU second of a vector environment; resets of ended rows are part of it."""
    env = gym.make_vec(
        ENV, num_envs=played.actions.shape[1], world=many_attributes_world(), threads=1, **settings
    )
    best, spent = 0.0, 0.0
    while spent < seconds:
        env.reset(seed=0)
        started = time.process_time()
        for actions in played.actions:
            env.step(actions)
        took = time.process_time() - started
        best, spent = max(best, played.moves / took), spent + took
    return best


def scalar_moves(played: Recording, seconds: float) -> float:
    """The same of one environment of `gymnasium.make` over the first rows, resets included."""
    env = gym.make(ENV, world=many_attributes_world())
    best, spent = 0.0, 0.0
    while spent < seconds:
        started = time.process_time()
        moves = replay_scalar(env, played)
        took = time.process_time() - started
        best, spent = max(best, moves / took), spent + took
    return best


def reference_moves(played: Recording, seconds: float) -> float:
    """The same of the plain-Python reference, observations included."""
    from reference.cpr import ReferenceConversation
    from reference.tables import WorldTables

    env: Any = gym.make(ENV, world=many_attributes_world()).unwrapped
    tables, asks = WorldTables(env.setup.world), env.batch.n_askables
    moves, started = 0, time.process_time()
    for events in played.rows:
        conversation = ReferenceConversation(tables, env.setup.protocol, env.setup.vectors)
        moves += replay_reference(conversation, events, asks, True)
        if time.process_time() - started > seconds:
            break
    return moves / (time.process_time() - started)
