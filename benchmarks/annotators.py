"""The findings of docs/annotators.md: agreement, two read-outs of one utility, over-optimisation.

python benchmarks/annotators.py agreement     # flips, tastes and weights: how far annotators agree
python benchmarks/annotators.py readouts      # ratings against comparisons, and their controls
python benchmarks/annotators.py best_of_n     # best of n by a fitted reward, and what it is worth
python benchmarks/annotators.py agreement --split train   # what the cards were tuned on
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, gammaln
from scipy.stats import t

from recosim.audit.agreement import agreement
from recosim.users import Population, population
from recosim.users.annotators.aspects import Scale, Sight
from recosim.users.annotators.judging import annotate
from recosim.users.annotators.lists import draw_lists
from recosim.world.catalog import open_world
from recosim.world.parts import split_users
from recosim.world.world import World

Floats = NDArray[np.float64]

# The pool without some of what makes its annotators differ.
POOLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one clean annotator": (
        {"answer_noise": 0.0},
        {"pool": 1, "own_taste": 0.0, "spread": 0.0},
    ),
    "tastes and weights alone": ({"answer_noise": 0.0}, {}),
    "flips alone": ({}, {"own_taste": 0.0, "spread": 0.0}),
    "the pool": ({}, {}),
}
# For over-optimisation annotators differ more than agreement of .65 leaves room for beside flips.
APART = {"own_taste": 0.2, "spread": 0.3}


def varied(
    base: Population, behaviour: Mapping[str, Any], judging: Mapping[str, Any], seed: int = 0
) -> Population:
    """A population with other settings, and another draw of who its annotators are."""
    crowd = base.with_settings(**behaviour)
    return replace(crowd, annotators=replace(crowd.annotators, **judging), seed=seed)


def told(value: float, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"{value:.3f}"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def print_rows(rows: Mapping[str, Mapping[str, str]]) -> None:
    columns = list(next(iter(rows.values())))
    print("| | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name, row in rows.items():
        print("| " + " | ".join([name, *(row.get(column, "") for column in columns)]) + " |")


def figures(world: World, crowd: Population, lists: Any, scale: Scale, names: list[str]) -> Any:
    found = {x.name: x.estimate for x in agreement(annotate(world, crowd, lists, scale=scale))}
    return {n: told(found[n].value, found[n].low, found[n].high) for n in names if n in found}


def agreement_table(world: World, split: str, users: int) -> None:
    base, scale = population("alpacafarm"), Scale.of(world)
    lists = draw_lists(world, split_users(world, split)[:users], 4)
    names = ["annotators", "kappa", "majority", "others", "truth", "crowd"]
    rows = {}
    for name, (behaviour, judging) in POOLS.items():
        if judging.get("pool") != 1:
            rows[name] = figures(world, varied(base, behaviour, judging), lists, scale, names)
    only = varied(base, {"answer_noise": 0.0}, {"spread": 0.5})
    rows["no flips, weights far apart (spread .5)"] = figures(world, only, lists, scale, names)
    print_rows(rows)


def readout_table(world: World, split: str, users: int) -> None:
    base, scale = population("peering"), Scale.of(world)
    lists = draw_lists(world, split_users(world, split)[:users], 5)
    same = {"rate": base.annotators.compare}
    silent = {"answer_noise": 0.0}
    kinds = {
        "as the card says": ({}, {}),
        "the same weights": ({}, same),
        "other weights, no chance": (silent, {"rating_noise": 0.0}),
        "the same weights, no chance": (silent, {**same, "rating_noise": 0.0}),
        "... and no ties, 100 levels": (
            silent,
            {**same, "rating_noise": 0.0, "tie": 0.0, "levels": 100, "step": 0.05},
        ),
    }
    names = ["ratings", "ratings_by_chance", "opposite", "rated_equal", "called_equal"]
    print_rows(
        {
            name: figures(world, varied(base, behaviour, judging), lists, scale, names)
            for name, (behaviour, judging) in kinds.items()
        }
    )


# ---- best of n -----------------------------------------------------------------------------------

SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def features(sight: Sight, scale: Scale) -> Floats:
    """What a recommender sees of lists: fit of their items (mean and spread), appeal, popularity,
    length and variety; not quality. Float64 (lists, 6)."""
    here, n = sight.here, np.maximum(sight.here.sum(axis=1), 1)
    mean = (sight.fit * here).sum(axis=1) / n
    spread = np.sqrt(((sight.fit - mean[:, None]) ** 2 * here).sum(axis=1) / n)
    return np.column_stack([mean, spread, scale(sight.aspects())[:, 1:]])


def powers(x: Floats, degree: int) -> Floats:
    """All products of up to so many features."""
    columns = [
        np.prod([x[:, i] for i in chosen], axis=0)
        for g in range(1, degree + 1)
        for chosen in combinations_with_replacement(range(x.shape[1]), g)
    ]
    return np.column_stack(columns)


def fitted_reward(x: Floats, label: Floats, ridge: float = 0.1) -> Floats:
    """Weights of a Bradley-Terry model of comparisons, linear in the features."""
    unit = x.std(axis=0)
    z = x / unit

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = z @ weights
        slope = -(z.T @ (label * expit(-label * score))) + ridge * weights
        return float(np.logaddexp(0, -label * score).sum() + ridge / 2 * weights @ weights), slope

    best = minimize(
        loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 1000}
    )
    return np.asarray(best.x / unit)


def best_of(reward: Floats, truth: Floats, sizes: tuple[int, ...] = SIZES) -> Floats:
    """The mean truth of the best of n by reward, over all subsets of n lists of each user.

    Args:
        reward, truth: float64 (users, lists).

    Returns:
        float64 (sizes,). The k-th best of N is the best of a subset in C(N - k, n - 1) of
        C(N, n) cases.
    """
    order = np.argsort(-reward, axis=1, kind="stable")
    ranked = np.take_along_axis(truth, order, axis=1).mean(axis=0)
    total = len(ranked)
    below = total - 1.0 - np.arange(total)
    found = []
    for n in sizes:
        can = below >= n - 1
        left = below[can]
        ways = gammaln(left + 1) - gammaln(left - n + 2) - gammaln(n)
        whole = gammaln(total + 1) - gammaln(total - n + 1) - gammaln(n + 1)
        found.append(float((ranked[can] * np.exp(ways - whole)).sum()))
    return np.array(found)


def best_of_n(
    world: World, split: str, users: int, seeds: int, pairs: int, degrees: list[int]
) -> None:
    base, scale = population("alpacafarm"), Scale.of(world)
    train = split_users(world, "train")
    judged = Sight(world, draw_lists(world, split_users(world, split)[:users], SIZES[-1], seed=77))
    truth = judged.truth.reshape(-1, SIZES[-1])
    unit, seen = truth.std(axis=1).mean(), features(judged, scale)
    for degree in degrees:
        rows = {}
        for name, (behaviour, judging) in POOLS.items():
            curves = []
            for seed in range(seeds):
                luck = np.random.default_rng([seed, 1])
                chosen = np.sort(luck.permutation(train)[:pairs])
                lists = draw_lists(world, chosen, 2, seed=1000 + seed)
                x = features(Sight(world, lists), scale)
                centre, spread = x.mean(axis=0), x.std(axis=0)
                crowd = varied(base, behaviour, {**APART, **judging}, seed)
                said = annotate(world, crowd, lists, seed=seed, scale=scale)
                # Each comparison is one annotator's, drawn from the pool.
                who = luck.integers(said.annotators, size=len(said.first))
                label = said.comparisons[np.arange(len(who)), who].astype(float)
                z = powers((x - centre) / spread, degree)
                weights = fitted_reward(z[said.first] - z[said.second], label)
                reward = powers((seen - centre) / spread, degree) @ weights
                curves.append((best_of(reward.reshape(truth.shape), truth) - truth.mean()) / unit)
            rows[name] = _row(np.array(curves))
        print(f"\nA reward of degree {degree}, fitted to {pairs} comparisons; users of {split}.\n")
        print_rows(rows)
    ideal = (best_of(truth, truth) - truth.mean()) / unit
    print(
        "\nThe truth itself: "
        + ", ".join(f"{n}: {v:.2f}" for n, v in zip(SIZES, ideal, strict=True))
    )


def _row(curves: Floats) -> dict[str, str]:
    """Means over seeds, and how far the last size lies below the best one before it."""
    mean = curves.mean(axis=0)
    peak = int(mean.argmax())
    row = {f"{n}": f"{v:.2f}" for n, v in zip(SIZES, mean, strict=True)}
    # The size is chosen for all seeds at once, so that the fall is not that of each one's luck.
    at = min(peak, len(SIZES) - 2)
    fall = curves[:, -1] - curves[:, at]
    half = float(t.ppf(0.975, len(fall) - 1) * fall.std(ddof=1) / len(fall) ** 0.5)
    row[f"{SIZES[-1]} less the best before"] = f"{fall.mean():+.2f} ± {half:.2f} ({SIZES[at]})"
    return row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("agreement", "readouts", "best_of_n"))
    parser.add_argument("--world", default="lastfm")
    parser.add_argument("--split", default="test")
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--degrees", type=int, nargs="+", default=[1, 3])
    given = parser.parse_args()
    world = open_world(given.world)
    if given.what == "agreement":
        agreement_table(world, given.split, given.users)
    elif given.what == "readouts":
        readout_table(world, given.split, given.users)
    else:
        best_of_n(
            world, given.split, min(given.users, 100), given.seeds, given.pairs, given.degrees
        )


if __name__ == "__main__":
    main()
