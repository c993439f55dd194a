"""Metrics of conversations, with intervals, and comparisons of agents on the same conversations.

The definitions are those of docs/protocols.md. Every metric is a ratio of two sums over
conversations (most often the divisor is their number), so that one bootstrap serves all of them.

Several seeds are several looks at the same conversations: all rows of a user, of whatever seed, are
one cluster. The intervals therefore speak about other users, with the seeds as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from recosim.bench.stats import Bootstrap, Estimate, interval, resampled_totals
from recosim.errors import ResultsError
from recosim.trace import Episodes

__all__ = [
    "Comparison",
    "Summary",
    "average_turns",
    "compare_and_summarise",
    "hdcg",
    "hdcg_gains",
    "success_rate",
    "turns_to_hit",
]


class Summary(BaseModel):
    """The metrics of one agent over all its seeds.

    Attributes:
        success_rate: SR@1 to SR@max_turns; `success_rate[t - 1]` is SR@t.
        average_turns: AT, a failure counts `max_turns`.
        hdcg: hDCG, 0 to 1.
        acceptance: questions answered with yes, of all questions; None if none was asked.
        faithfulness: share of the pairs of an item and a reason for showing it in which the item
            has the attribute, averaged over the lists with a reason; None if none was given.
        reward: sum of the rewards of a conversation.
        asks, recommends, reflects, illegal: moves of a conversation.
        nothing_left: share of conversations that ended because nothing could be asked or shown.
        left: share of conversations that ended because the user left.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    success_rate: tuple[Estimate, ...]
    average_turns: Estimate
    hdcg: Estimate
    acceptance: Estimate | None
    faithfulness: Estimate | None
    reward: Estimate
    asks: Estimate
    recommends: Estimate
    reflects: Estimate
    illegal: Estimate
    nothing_left: Estimate
    left: Estimate

    @property
    def max_turns(self) -> int:
        return len(self.success_rate)

    def hits_at(self) -> tuple[float, ...]:
        """Share of conversations that were hit by move 1, 2, ..., max_turns."""
        rates = [0.0, *(estimate.value for estimate in self.success_rate)]
        return tuple(max(0.0, b - a) for a, b in pairwise(rates))


class Comparison(BaseModel):
    """Agent `a` minus agent `b`, conversation by conversation.

    Attributes:
        success_rate, average_turns, hdcg: the differences of SR@max_turns, AT and hDCG.
        wins, ties, losses: conversations (of all seeds) in which `a` hit earlier than, together
            with, and later than `b`; a failure is later than every hit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    a: str
    b: str
    success_rate: Estimate
    average_turns: Estimate
    hdcg: Estimate
    wins: int
    ties: int
    losses: int

    def reversed(self) -> Comparison:
        """The same comparison seen from `b`."""
        return Comparison(
            a=self.b,
            b=self.a,
            success_rate=-self.success_rate,
            average_turns=-self.average_turns,
            hdcg=-self.hdcg,
            wins=self.losses,
            ties=self.ties,
            losses=self.wins,
        )


def success_rate(episodes: Episodes, max_turns: int) -> NDArray[np.float64]:
    """SR@1 to SR@max_turns, float64, shape (max_turns,)."""
    hits = np.bincount(episodes.hit_move, minlength=max_turns + 1)[1:]
    rates: NDArray[np.float64] = np.cumsum(hits) / max(1, len(episodes))
    return rates


def turns_to_hit(episodes: Episodes, max_turns: int) -> NDArray[np.int64]:
    """The number of the move that hit, `max_turns` for a failure; int64, shape (conversations,)."""
    return np.where(episodes.hit_move > 0, episodes.hit_move, max_turns).astype(np.int64)


def average_turns(episodes: Episodes, max_turns: int) -> float:
    """AT: the mean of `turns_to_hit`."""
    return float(turns_to_hit(episodes, max_turns).sum()) / max(1, len(episodes))


def hdcg_gains(episodes: Episodes) -> NDArray[np.float64]:
    """What each conversation adds to hDCG; float64, shape (conversations,), 0 for a failure.

    With t the 0-based move and k the rank: 1/log2(t+3) + (1/log2(t+2) - 1/log2(t+3)) / log2(k+1).
    """
    hit = episodes.hit_move > 0
    t = np.where(hit, episodes.hit_move, 1).astype(np.float64) - 1
    k = np.where(hit, episodes.rank, 1).astype(np.float64)
    later, now = 1 / np.log2(t + 3), 1 / np.log2(t + 2)
    return np.where(hit, later + (now - later) / np.log2(k + 1), 0.0)


def hdcg(episodes: Episodes) -> float:
    """The mean of `hdcg_gains`."""
    return float(hdcg_gains(episodes).sum()) / max(1, len(episodes))


def compare_and_summarise(
    episodes: Mapping[str, Mapping[int, Episodes]],
    max_turns: int,
    bootstrap: Bootstrap | None = None,
) -> tuple[dict[str, Summary], list[Comparison]]:
    """Metrics of every agent, and the comparison of every pair of agents.

    Args:
        episodes: agent -> seed -> outcomes. All agents have the same seeds, and within a seed the
            same conversations in the same order.

    Returns:
        Summaries by agent, and comparisons of each pair in the order given (a before b).

    Raises:
        ResultsError: no agent or conversation, agents with other seeds or other conversations,
            outcomes that `max_turns` does not allow.
    """
    bootstrap = bootstrap or Bootstrap()
    names = list(episodes)
    _check(episodes, max_turns)
    users = np.concatenate([rows.user for rows in episodes[names[0]].values()])
    distinct, cluster = np.unique(users, return_inverse=True)
    bounds = np.cumsum([len(rows) for rows in episodes[names[0]].values()])[:-1]
    clusters = np.split(cluster, bounds)

    sums = np.zeros((len(distinct), len(names), max_turns + len(Columns._fields)))
    for n, name in enumerate(names):
        for rows, index in zip(episodes[name].values(), clusters, strict=True):
            sums[:, n] += _cluster_sums(rows, index, len(distinct), max_turns)
    flat = sums.reshape(len(distinct), -1)
    totals = sums.sum(axis=0)
    values = _ratios(totals, max_turns)  # (agents, metrics)
    draws = _ratios(
        resampled_totals(flat, resamples=bootstrap.resamples, seed=bootstrap.seed).reshape(
            bootstrap.resamples, *totals.shape
        ),
        max_turns,
    )  # (resamples, agents, metrics)

    def estimates(value: NDArray[np.float64], drawn: NDArray[np.float64]) -> list[Estimate | None]:
        if len(distinct) < 2:
            return [None if np.isnan(v) else Estimate(value=float(v)) for v in value]
        low, high = interval(drawn, len(distinct), bootstrap.level)
        return [
            None if np.isnan(v) else Estimate(value=float(v), low=float(a), high=float(b))
            for v, a, b in zip(value, low, high, strict=True)
        ]

    summaries = {
        name: _summary(estimates(values[n], draws[:, n]), max_turns) for n, name in enumerate(names)
    }
    comparisons = []
    pick = [max_turns - 1, max_turns + METRICS.index("turns"), max_turns + METRICS.index("hdcg")]
    for a, b in combinations(range(len(names)), 2):
        differences = estimates(
            values[a, pick] - values[b, pick], draws[:, a, pick] - draws[:, b, pick]
        )
        wins, ties, losses = _race(episodes[names[a]], episodes[names[b]])
        named = dict(zip(("success_rate", "average_turns", "hdcg"), differences, strict=True))
        comparisons.append(
            Comparison.model_validate(
                {
                    "a": names[a],
                    "b": names[b],
                    **named,
                    "wins": wins,
                    "ties": ties,
                    "losses": losses,
                }
            )
        )
    return summaries, comparisons


class Columns(NamedTuple):
    """What is summed for each conversation, after one column for each SR@t."""

    turns: NDArray[np.float64]
    hdcg: NDArray[np.float64]
    yes: NDArray[np.float64]
    reward: NDArray[np.float64]
    asks: NDArray[np.float64]
    recommends: NDArray[np.float64]
    reflects: NDArray[np.float64]
    illegal: NDArray[np.float64]
    justified: NDArray[np.float64]
    supported: NDArray[np.float64]
    nothing_left: NDArray[np.float64]
    left: NDArray[np.float64]
    conversations: NDArray[np.float64]


METRICS = Columns._fields[:-1]


def _cluster_sums(
    rows: Episodes, cluster: NDArray[np.int64], n_clusters: int, max_turns: int
) -> NDArray[np.float64]:
    """Sums of all columns within each cluster, float64, shape (clusters, max_turns + columns)."""
    width = max_turns + 1
    hits = np.bincount(
        cluster * width + rows.hit_move.astype(np.int64), minlength=n_clusters * width
    ).reshape(n_clusters, width)
    columns = Columns(
        turns=turns_to_hit(rows, max_turns).astype(np.float64),
        hdcg=hdcg_gains(rows),
        yes=rows.yes.astype(np.float64),
        reward=rows.reward.astype(np.float64),
        asks=rows.asks.astype(np.float64),
        recommends=rows.recommends.astype(np.float64),
        reflects=rows.reflects.astype(np.float64),
        illegal=rows.illegal.astype(np.float64),
        justified=rows.justified.astype(np.float64),
        supported=rows.supported,
        nothing_left=rows.nothing_left.astype(np.float64),
        left=rows.left.astype(np.float64),
        conversations=np.ones(len(rows)),
    )
    summed = [np.bincount(cluster, weights=c, minlength=n_clusters) for c in columns]
    return np.concatenate([np.cumsum(hits[:, 1:], axis=1), np.stack(summed, axis=1)], axis=1)


def _ratios(sums: NDArray[np.float64], max_turns: int) -> NDArray[np.float64]:
    """(..., max_turns + columns) sums -> (..., max_turns + metrics) metrics, NaN for 0 / 0."""
    metrics = sums[..., :-1] / sums[..., -1:]
    with np.errstate(invalid="ignore"):
        for part, whole in (("yes", "asks"), ("supported", "justified")):
            column, of = max_turns + METRICS.index(part), max_turns + METRICS.index(whole)
            metrics[..., column] = sums[..., column] / sums[..., of]
    return metrics


def _summary(estimates: list[Estimate | None], max_turns: int) -> Summary:
    named = dict(zip(METRICS, estimates[max_turns:], strict=True))
    named.pop("justified")
    return Summary.model_validate(
        {
            "success_rate": tuple(estimates[:max_turns]),
            "average_turns": named.pop("turns"),
            "acceptance": named.pop("yes"),
            "faithfulness": named.pop("supported"),
            **named,
        }
    )


def _race(a: Mapping[int, Episodes], b: Mapping[int, Episodes]) -> tuple[int, int, int]:
    """Conversations in which `a` hit earlier than, together with, and later than `b`."""
    wins = ties = losses = 0
    never = np.iinfo(np.int16).max
    for seed, rows in a.items():
        first = np.where(rows.hit_move > 0, rows.hit_move, never)
        second = np.where(b[seed].hit_move > 0, b[seed].hit_move, never)
        wins += int((first < second).sum())
        ties += int((first == second).sum())
        losses += int((first > second).sum())
    return wins, ties, losses


def _check(episodes: Mapping[str, Mapping[int, Episodes]], max_turns: int) -> None:
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
            for field in ("conversation", "user"):
                if not np.array_equal(getattr(rows, field), getattr(same, field)):
                    raise ResultsError(
                        f"agents {first!r} and {name!r} had different conversations under seed "
                        f"{seed} ({field} differs); they cannot be compared."
                    )
            moves, rank = rows.hit_move, rows.rank
            if len(rows) and not (moves.min() >= 0 and moves.max() <= max_turns):
                raise ResultsError(
                    f"agent {name!r}, seed {seed}: a hit at move {int(moves.max())}, but a "
                    f"conversation has {max_turns} turns."
                )
            if (rank[moves > 0] < 1).any():
                raise ResultsError(f"agent {name!r}, seed {seed}: a hit without a rank.")
