"""Metrics with intervals, and comparisons of agents on the same episodes.

What is measured the family declares (`recosim.metrics`): ratios of two sums over episodes, so that
one bootstrap serves all of them.

Several seeds are several looks at the same episodes: all rows of a cluster (most often a user), of
whatever seed, are drawn together. The intervals therefore speak about other users, with the seeds
as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from recosim.bench.schema import Comparison
from recosim.bench.stats import Bootstrap, Estimate, interval, resampled_totals
from recosim.errors import ResultsError
from recosim.metrics import Episodes, Metric, Summand, headlines, ranking, summands

__all__ = ["compare_and_summarise"]

Estimates = dict[str, Estimate | None]


def compare_and_summarise(
    episodes: Mapping[str, Mapping[int, Episodes]],
    metrics: Sequence[Metric],
    bootstrap: Bootstrap | None = None,
    *,
    cluster: str = "user",
) -> tuple[dict[str, Estimates], list[Comparison]]:
    """Metrics of every agent, and the comparison of every pair of agents.

    Args:
        episodes: agent -> seed -> outcomes. All agents have the same seeds, and within a seed the
            same episodes in the same order.
        cluster: the column of the episodes that says which of them are drawn together.

    Returns:
        By agent, metrics by name; and comparisons of each pair in the order given (a before b).

    Raises:
        ResultsError: no agent or episode, agents with other seeds or other episodes.
    """
    bootstrap = bootstrap or Bootstrap()
    names = list(episodes)
    _check(episodes, cluster)
    seeds = list(episodes[names[0]].values())
    drawn = np.concatenate([rows[cluster] for rows in seeds])
    distinct, positions = np.unique(drawn, return_inverse=True)
    clusters = np.split(positions, np.cumsum([len(rows) for rows in seeds])[:-1])

    # Every column is summed once, however many metrics are made of it.
    columns = list(dict.fromkeys(part for m in metrics for part in (m.numerator, m.denominator)))
    sums = np.zeros((len(distinct), len(names), len(columns)))
    for n, name in enumerate(names):
        for rows, index in zip(episodes[name].values(), clusters, strict=True):
            for k, column in enumerate(columns):
                values = summands(column, rows)
                sums[:, n, k] += np.bincount(index, weights=values, minlength=len(distinct))
    totals = sums.sum(axis=0)
    values = _ratios(totals, metrics, columns)  # (agents, metrics)
    flat = sums.reshape(len(distinct), -1)
    resampled = resampled_totals(flat, resamples=bootstrap.resamples, seed=bootstrap.seed)
    draws = _ratios(
        resampled.reshape(bootstrap.resamples, *totals.shape), metrics, columns
    )  # (resamples, agents, metrics)

    def estimates(
        value: NDArray[np.float64], drawn: NDArray[np.float64], of: Sequence[Metric]
    ) -> Estimates:
        low = high = np.full(len(of), np.nan)
        if len(distinct) > 1:
            low, high = interval(drawn, len(distinct), bootstrap.level)
        return {
            metric.name: None
            if np.isnan(v)
            else Estimate(value=float(v))
            if np.isnan(a)
            else Estimate(value=float(v), low=float(a), high=float(b))
            for metric, v, a, b in zip(of, value, low, high, strict=True)
        }

    summaries = {name: estimates(values[n], draws[:, n], metrics) for n, name in enumerate(names)}
    compared = headlines(metrics)
    pick = [metrics.index(metric) for metric in compared]
    comparisons = []
    for a, b in combinations(range(len(names)), 2):
        found = estimates(
            values[a, pick] - values[b, pick], draws[:, a, pick] - draws[:, b, pick], compared
        )
        wins, ties, losses = _race(episodes[names[a]], episodes[names[b]], ranking(metrics))
        comparisons.append(
            Comparison(
                a=names[a],
                b=names[b],
                differences={name: entry for name, entry in found.items() if entry is not None},
                wins=wins,
                ties=ties,
                losses=losses,
            )
        )
    return summaries, comparisons


def _ratios(
    sums: NDArray[np.float64], metrics: Sequence[Metric], columns: Sequence[Summand]
) -> NDArray[np.float64]:
    """(..., columns) sums -> (..., metrics) metrics, NaN where the divisor is 0."""
    above = sums[..., [columns.index(metric.numerator) for metric in metrics]]
    below = sums[..., [columns.index(metric.denominator) for metric in metrics]]
    ratios = np.full(above.shape, np.nan)
    np.divide(above, below, out=ratios, where=below != 0)
    return ratios


def _race(
    a: Mapping[int, Episodes], b: Mapping[int, Episodes], metric: Metric
) -> tuple[int, int, int]:
    """Episodes in which `a` does better than, as well as, and worse than `b`."""
    race = metric.spoken.race
    wins = ties = losses = 0
    for seed, rows in a.items():
        first, second = (
            metric.sign * summands(metric.numerator, these) if race is None else race(these)
            for these in (rows, b[seed])
        )
        wins += int((first < second).sum())
        ties += int((first == second).sum())
        losses += int((first > second).sum())
    return wins, ties, losses


def _check(episodes: Mapping[str, Mapping[int, Episodes]], cluster: str) -> None:
    if not episodes or not any(len(r) for s in episodes.values() for r in s.values()):
        raise ResultsError("there are no conversations to summarise.")
    first, reference = next(iter(episodes.items()))
    for name, seeds in episodes.items():
        if list(seeds) != list(reference):
            raise ResultsError(
                f"agent {name!r} has the seeds {list(seeds)}, {first!r} has {list(reference)}; "
                f"a comparison needs the same ones in the same order."
            )
        for seed, rows in seeds.items():
            same = reference[seed]
            for column in dict.fromkeys(("conversation", "user", cluster)):
                if not np.array_equal(rows[column], same[column]):
                    raise ResultsError(
                        f"agents {first!r} and {name!r} had different conversations under seed "
                        f"{seed} ({column} differs); they cannot be compared."
                    )
