"""How far annotators agree: with each other, with a majority, with themselves, with the truth.

docs/annotators.md, "Agreement", says what each figure is. Intervals are made by drawing users
again, as everywhere (`recosim.bench.stats`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb as choose
from scipy.stats import rankdata

from recosim.bench.stats import Bootstrap, Estimate, interval, resampled_totals
from recosim.users.annotators.judging import Annotation

__all__ = ["OTHERS", "Agreement", "Ranking", "agreement", "between", "ranking"]

LABELS = (-1, 0, 1)
OTHERS = 3  # whose most frequent label one annotator is held against, as AlpacaEval does

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """One figure: its name in JSON, what people read, and the estimate."""

    name: str
    title: str
    estimate: Estimate


@dataclass(frozen=True)
class Ranking:
    """How agents stand by the pool and by the truth.

    Attributes:
        agents: in the order of the lists.
        wins: float64 (agents,), share of comparisons won, an equal one counting half.
        ratings: float64 (agents,), mean rating.
        truth: float64 (agents,), mean true worth.
        spearman: rank correlation of `wins` and `truth`, of `ratings` and `truth`; None where one
            of the two is the same for all agents.
    """

    agents: tuple[str, ...]
    wins: Floats
    ratings: Floats
    truth: Floats
    spearman: tuple[Estimate | None, Estimate | None]


def agreement(said: Annotation, bootstrap: Bootstrap | None = None) -> list[Agreement]:
    """All figures that can be told of what was said; those that need several annotators, or
    comparisons, are left out where there are none."""
    bootstrap = bootstrap or Bootstrap()
    user = said.lists.user[said.first]
    if not len(user):
        return []
    labels, rated = said.comparisons, said.by_rating
    k = said.annotators
    counts = counts_of(labels)
    whole = np.full(len(user), float(k))
    truth = said.by_truth[:, None]
    found: list[tuple[str, str, list[Any], Callable[[Floats], Floats]]] = []

    def add(name: str, title: str, *columns: Any, of: Callable[[Floats], Floats] = _ratio) -> None:
        found.append((name, title, list(columns), of))

    if k > 1:
        same = (counts * (counts - 1)).sum(axis=1)
        pairs = whole * (k - 1)
        add("annotators", "two annotators say the same", same, pairs)
        add("kappa", "the same beyond chance (Fleiss' kappa)", same, pairs, *counts.T, of=_kappa)
        if k > OTHERS:
            one = _with_mode(counts, OTHERS)
            add("majority", f"one, with the majority of {OTHERS} others", one, whole / k)
        if k - 1 != OTHERS:
            add(
                "others",
                "one, with the majority of all others",
                _with_mode(counts, k - 1),
                whole / k,
            )
    add("truth", "a comparison agrees with the truth", (labels == truth).sum(axis=1), whole)
    if k > 1:
        add(
            "crowd",
            "the majority's agrees with the truth",
            _mode_is(counts, truth[:, 0]),
            whole / k,
        )
    add("ratings", "ratings and comparisons of one disagree", (rated != labels).sum(axis=1), whole)
    told = [counts_of(rated), counts_of(labels)]
    by_chance = [*told[0].T, *told[1].T]
    title = "... if the two had nothing to do with each other"
    add("ratings_by_chance", title, *by_chance, of=_apart)
    add("opposite", "... by saying the opposite", (rated * labels == -1).sum(axis=1), whole)
    add("rated_equal", "rated equal", (rated == 0).sum(axis=1), whole)
    add("called_equal", "called equal when compared", (labels == 0).sum(axis=1), whole)
    return [
        Agreement(name, title, between(columns, user, of, bootstrap))
        for name, title, columns, of in found
    ]


def between(
    columns: list[Any],
    user: NDArray[Any],
    of: Callable[[Floats], Floats],
    bootstrap: Bootstrap,
) -> Estimate:
    """A figure made of sums over users, with its interval.

    Args:
        columns: numbers (rows,) each, which are summed.
        user: of each row.
        of: function (totals, float64 (draws, columns)) -> the figure of each draw; NaN: none.
    """
    who = np.unique(user, return_inverse=True)[1]
    sums = np.stack([np.bincount(who, weights=np.asarray(c, float)) for c in columns], axis=1)
    value = float(of(sums.sum(axis=0, keepdims=True))[0])
    n = len(sums)
    if n < 2:
        return Estimate(value=value)
    drawn = of(resampled_totals(sums, resamples=bootstrap.resamples, seed=bootstrap.seed))
    low, high = interval(drawn[:, None], n, bootstrap.level)
    return Estimate(value=value, low=float(low[0]), high=float(high[0]))


def ranking(said: Annotation, bootstrap: Bootstrap | None = None) -> Ranking | None:
    """How the agents stand; None where one agent alone made the lists."""
    lists, bootstrap = said.lists, bootstrap or Bootstrap()
    n = len(lists.agents)
    if n < 2:
        return None
    who = np.unique(lists.user, return_inverse=True)[1]
    users, k = int(who.max()) + 1, said.annotators
    won = (said.comparisons + 1).sum(axis=1) / 2.0
    sums = np.zeros((users, 5, n))
    for side, points in ((said.first, won), (said.second, k - won)):
        cell = who[side], lists.agent[side].astype(np.int64)
        np.add.at(sums[:, 0], cell, points)
        np.add.at(sums[:, 1], cell, float(k))
    cell = who, lists.agent.astype(np.int64)
    np.add.at(sums[:, 2], cell, said.ratings.mean(axis=1))
    np.add.at(sums[:, 3], cell, said.truth)
    np.add.at(sums[:, 4], cell, 1.0)

    def means(totals: Floats) -> tuple[Floats, Floats, Floats]:
        t = totals.reshape(-1, 5, n)
        return t[:, 0] / t[:, 1], t[:, 2] / t[:, 4], t[:, 3] / t[:, 4]

    wins, ratings, truth = (part[0] for part in means(sums.sum(axis=0).reshape(1, -1)))
    drawn = means(
        resampled_totals(
            sums.reshape(users, -1), resamples=bootstrap.resamples, seed=bootstrap.seed
        )
    )
    found: list[Estimate | None] = []
    for part, own in ((0, wins), (1, ratings)):
        value = float(_spearman(own[None], truth[None])[0])
        if np.isnan(value):
            found.append(None)
        elif users < 2:
            found.append(Estimate(value=value))
        else:
            draws = _spearman(drawn[part], drawn[2])[:, None]
            low, high = interval(draws, users, bootstrap.level)
            found.append(Estimate(value=value, low=float(low[0]), high=float(high[0])))
    return Ranking(lists.agents, wins, ratings, truth, (found[0], found[1]))


def counts_of(labels: NDArray[np.int8]) -> Floats:
    """How many annotators gave each label, float64 (pairs, 3)."""
    return np.stack([(labels == label).sum(axis=1) for label in LABELS], axis=1).astype(float)


def _apart(totals: Floats) -> Floats:
    """How often two independent labels differ, of the shares of the one and of the other."""
    one, other = totals[:, :3], totals[:, 3:]
    scale = np.maximum(one.sum(axis=1) * other.sum(axis=1), 1e-300)
    return np.asarray(1 - (one * other).sum(axis=1) / scale)


def _ratio(totals: Floats) -> Floats:
    return np.asarray(totals[:, 0] / np.maximum(totals[:, 1], 1e-300))


def _kappa(totals: Floats) -> Floats:
    """Fleiss (1971): agreement beyond that of labels drawn from the shares of all labels."""
    observed = _ratio(totals)
    shares = totals[:, 2:] / totals[:, 2:].sum(axis=1, keepdims=True)
    expected = (shares**2).sum(axis=1)
    # Where all say one thing always, agreement is whole and chance would have it whole, too.
    return np.where(expected < 1, (observed - expected) / np.maximum(1 - expected, 1e-300), 1.0)


def _with_mode(counts: Floats, others: int) -> Floats:
    """How often one annotator says what most of some others say, on average over who they are.

    Of several most frequent labels one is drawn, so that each counts in part.

    Args:
        counts: float64 (pairs, 3), annotators by label.
        others: how many of the other annotators are drawn, all of them at most.

    Returns:
        float64 (pairs,), 0 to 1.
    """
    k = counts.sum(axis=1)
    out = np.zeros(len(counts))
    if others == int(k[0]) - 1 and others > OTHERS:  # nothing to draw
        for label in range(3):
            rest = counts - np.eye(3)[label]
            modes = rest == rest.max(axis=1, keepdims=True)
            out += counts[:, label] / k * modes[:, label] / modes.sum(axis=1)
        return out
    ways = [c for c in product(range(others + 1), repeat=3) if sum(c) == others]
    for label in range(3):
        rest = np.maximum(counts - np.eye(3)[label], 0)
        for drawn in ways:
            most = max(drawn)
            if drawn[label] < most:
                continue
            chance = np.prod([choose(rest[:, j], drawn[j]) for j in range(3)], axis=0)
            share = chance / comb(int(k[0]) - 1, others) / drawn.count(most)
            out += counts[:, label] / k * share
    return out


def _mode_is(counts: Floats, label: NDArray[np.int8]) -> Floats:
    """Whether the most frequent label is this one; of several one is drawn. float64 (pairs,)."""
    modes = counts == counts.max(axis=1, keepdims=True)
    right = modes[np.arange(len(counts)), label.astype(np.int64) + 1]
    return np.asarray(right / modes.sum(axis=1))


def _spearman(a: Floats, b: Floats) -> Floats:
    """Rank correlation of each row; NaN where one of the two has no order."""
    x, y = (rankdata(part, axis=1) for part in (a, b))
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    scale = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(scale > 0, (x * y).sum(axis=1) / scale, np.nan)
