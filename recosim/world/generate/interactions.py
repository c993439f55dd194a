"""Who takes what, who is whose friend, and which interactions are held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recosim.world.csr import Csr, csr_from_pairs
from recosim.world.generate.attributes import Circles
from recosim.world.generate.degrees import counts_from_curve
from recosim.world.generate.draws import choose, gumbel, permutation, stream
from recosim.world.generate.matching import match_stubs
from recosim.world.generate.settings import GeneratorSettings

__all__ = ["Users", "draw_friends", "draw_interactions", "draw_users", "plan_popularity", "split"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Users:
    """What is drawn for each user before they take anything.

    Attributes:
        degree: int64 (n_users,), interactions.
        interests: int64 (n_users, interests), circles, the first is home.
        home: int64 (n_users,), attribute of the home facet; 0 without one.
    """

    degree: Ints
    interests: Ints
    home: Ints


def plan_popularity(settings: GeneratorSettings) -> Ints:
    """Interactions of each item, int64 (n_items,)."""
    rng = stream(settings.seed, "popularity")
    active = settings.items - settings.idle_items
    counts = counts_from_curve(
        settings.item_degree, active, settings.interactions, "interactions of an item"
    )
    degree = np.zeros(settings.items, dtype=np.int64)
    degree[permutation(rng, settings.items)[:active]] = counts
    return degree


def draw_users(
    settings: GeneratorSettings, circles: Circles, item_circle: Ints, item_home: Ints, degree: Ints
) -> Users:
    """Draw users whose tastes add up to about what the items offer.

    Args:
        item_circle, item_home, degree: (n_items,), of the items.
    """
    rng = stream(settings.seed, "users")
    taste, n = settings.taste, settings.users
    counts = counts_from_curve(
        settings.user_degree, n, settings.interactions, "interactions of a user"
    )
    supply = _supply(circles, item_circle, degree)
    interests = np.empty((n, taste.interests), dtype=np.int64)
    interests[:, 0] = choose(rng, supply, n)
    for i in range(1, taste.interests):
        interests[:, i] = choose(rng, supply, n)
        stays = rng.random(n) < taste.interest_scene
        interests[stays, i] = _same_scene(rng, circles, supply, interests[stays, 0])
    home = choose(rng, np.bincount(item_home, weights=degree), n)
    return Users(counts[permutation(rng, n)], interests, home)


def draw_interactions(
    settings: GeneratorSettings,
    circles: Circles,
    users: Users,
    item_circle: Ints,
    item_home: Ints,
    degree: Ints,
) -> tuple[Ints, Ints]:
    """(user, item) of each interaction, sorted."""
    rng = stream(settings.seed, "interactions")
    taste = settings.taste
    supply = _supply(circles, item_circle, degree)
    item = np.repeat(np.arange(settings.items), degree)
    item_seeks = item_circle[item]
    fate = rng.random(len(item))
    stray = fate < taste.item_stray
    item_seeks[stray] = choose(rng, supply, int(stray.sum()))
    crosses = ~stray & (fate < taste.item_stray + taste.item_crossover)
    item_seeks[crosses] = _same_scene(rng, circles, supply, item_seeks[crosses])

    user = np.repeat(np.arange(settings.users), users.degree)
    which = choose(rng, taste.interest_decay ** np.arange(taste.interests), len(user))
    user_seeks = users.interests[user, which]
    stray = rng.random(len(user)) < taste.user_stray
    user_seeks[stray] = choose(rng, supply, int(stray.sum()))
    at_home, item_at = users.home[user], item_home[item]
    away = rng.random(len(user)) < taste.roam
    at_home[away] = choose(rng, np.bincount(item_home, weights=degree), int(away.sum()))

    n_homes = int(max(item_at.max(), at_home.max())) + 1
    levels = [
        (user_seeks * n_homes + at_home, item_seeks * n_homes + item_at),
        (
            circles.scene[user_seeks] * n_homes + at_home,
            circles.scene[item_seeks] * n_homes + item_at,
        ),
    ]
    if n_homes > 1:
        levels.append((at_home, item_at))
    return match_stubs(rng, user, item, levels)


def draw_friends(settings: GeneratorSettings, circles: Circles, users: Users) -> Csr:
    """Mutual friendships, most of them within a circle and a home."""
    rng = stream(settings.seed, "friends")
    friends = settings.friends
    counts = counts_from_curve(friends.degree, settings.users, friends.links, "friends of a user")
    stub = np.repeat(np.arange(settings.users), counts[permutation(rng, settings.users)])
    stub = stub[permutation(rng, len(stub))]
    like = stub.copy()  # whose circle the friend is looked for in
    anywhere = rng.random(len(stub)) >= friends.homophily
    like[anywhere] = choose(rng, np.ones(settings.users), int(anywhere.sum()))
    n_homes = int(users.home.max()) + 1
    circle, home = users.interests[like, 0], users.home[like]
    half = len(stub) // 2
    levels = [
        (group[:half], group[half:])
        for group in (circle * n_homes + home, circles.scene[circle] * n_homes + home, home)
    ]
    a, b = match_stubs(rng, stub[:half], stub[half:], levels, same_side=True)
    return csr_from_pairs(np.concatenate([a, b]), np.concatenate([b, a]), settings.users)


def split(
    settings: GeneratorSettings, user: Ints, item: Ints, degree: Ints
) -> tuple[Csr, Csr, Csr]:
    """Train, valid and test of the (user, item) pairs, which are sorted by user."""
    rng = stream(settings.seed, "split")
    # Gumbel noise on log-weights draws without replacement: the lowest keys are held out.
    popular = settings.holdout_popularity * np.log(np.maximum(degree[item], 1).astype(np.float64))
    key = popular - gumbel(rng, len(item))
    order = np.lexsort((-key, user))
    user, item = user[order], item[order]
    counts = np.bincount(user, minlength=settings.users)
    place = np.arange(len(user)) - (np.cumsum(counts) - counts)[user]
    train = place < np.floor(settings.train_share * counts + 1e-9)[user]
    test = ~train & (rng.random(len(user)) < 0.5)
    without = np.bincount(user[test], minlength=settings.users) == 0
    test |= without[user] & (place == (counts - 1)[user])
    parts = (train, ~train & ~test, test)
    tables = [csr_from_pairs(user[part], item[part], settings.users) for part in parts]
    return tables[0], tables[1], tables[2]


def _supply(circles: Circles, item_circle: Ints, degree: Ints) -> Floats:
    """Planned interactions of the items of each circle, float64 (circles,)."""
    totals = np.bincount(item_circle, weights=degree, minlength=circles.count)
    return totals.astype(np.float64)


def _same_scene(rng: np.random.Generator, circles: Circles, supply: Floats, circle: Ints) -> Ints:
    """For each circle another draw from the circles of its scene, in proportion to supply."""
    out = np.empty_like(circle)
    scene = circles.scene[circle]
    for s in np.unique(scene):
        inside = np.flatnonzero(circles.scene == s)
        rows = scene == s
        out[rows] = inside[choose(rng, supply[inside], int(rows.sum()))]
    return out
