"""Settings that are a probability: beta-binomial over users, or the same for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.users.fitting.estimates import ENOUGH, Estimate, Figure, Findings
from recosim.users.fitting.likelihood import (
    Counts,
    beta_binomial,
    beta_nodes,
    beta_of,
    logit_of,
    maximise,
    mixture,
    share_of,
    spread_of,
)
from recosim.users.fitting.occasions import Occasions

__all__ = ["DIFFER", "MEANS", "SIZES", "few", "fit_cooperativeness", "fit_rate", "rounded"]

Floats = NDArray[np.float64]

# Twice the gain of log-likelihood from which users are said to differ: the 95 % point of the
# likelihood ratio where the spread is at the end of its range (Self and Liang 1987).
DIFFER = 2.71
SIZES = (0.05, 2000.0)  # a + b of a beta distribution, from users who are all or nothing to alike
MEANS = (-9.0, 9.0)  # logits


def few(own: Occasions | None) -> str:
    """Why too few occasions tell nothing."""
    n = 0 if own is None else len(own)
    if n == 0:
        return "nothing in the log tells of it"
    return f"only {n} occasion{'s' if n > 1 else ''}, and {ENOUGH} are needed"


def rounded(*values: float) -> list[float]:
    """Numbers for cards: four digits."""
    return [float(f"{value:.4g}") for value in values]


class Rate(NamedTuple):
    """A fitted probability and its log-likelihood."""

    estimate: Estimate
    value: float


def fit_rate(setting: str, own: Occasions | None) -> Findings:
    """A setting that is the probability of what happens on some occasions."""
    if own is None or len(own) < ENOUGH:
        return Findings.nothing((setting,), few(own))
    _, users = np.unique(own.user, return_inverse=True)
    tried = np.bincount(users).astype(np.float64)
    did = np.bincount(users, weights=own.outcome).astype(np.float64)
    yes, n = float(did.sum()), float(tried.sum())

    def alike(p: float) -> float:
        return float(yes * np.log(p) + (n - yes) * np.log1p(-p))

    def differ(a: float, b: float) -> float:
        return beta_binomial(a, b, did, tried)

    return Findings({setting: _rate(setting, own, alike, differ).estimate})


def fit_cooperativeness(own: Occasions | None) -> Findings:
    """Cooperativeness and its trend, from what is added to a no as long as anything is left."""
    if own is None or len(own) < ENOUGH:
        return Findings.nothing(("cooperativeness", "cooperation_trend"), few(own))
    counts = Counts.of(own)
    x = counts.given.get("x", np.zeros(1))
    told = len(x) > 1 and int((own.outcome == 1).sum()) >= ENOUGH
    trends = {"constant": np.ones(len(x)), "rising": x, "falling": 1.0 - x}
    tried = trends if told else {"constant": np.ones(len(x))}
    rates = {name: _cooperative(own, counts, times[:, None]) for name, times in tried.items()}
    trend = max(rates, key=lambda name: rates[name].value)
    found = rates[trend].estimate
    estimates = {"cooperativeness": found}
    if not told:
        why = "no two questions at different turns, or too few additions"
        return Findings(estimates, {"cooperation_trend": why})
    others = [rate.value for name, rate in rates.items() if name != trend]
    lead = Figure("log-likelihood above the next", rates[trend].value - max(others), float("nan"))
    estimates["cooperation_trend"] = Estimate(
        "cooperation_trend", trend, (lead,), found.occasions, found.users
    )
    return Findings(estimates)


def _cooperative(own: Occasions, counts: Counts, times: Floats) -> Rate:
    """The rate under one trend; `times` (cells, 1)."""

    def alike(p: float) -> float:
        return mixture(counts.likelihoods(times * p))

    def differ(a: float, b: float) -> float:
        return mixture(counts.likelihoods(times * beta_nodes(a, b)[None, :]))

    return _rate("cooperativeness", own, alike, differ)


def _rate(
    setting: str,
    own: Occasions,
    alike: Callable[[float], float],
    differ: Callable[[float, float], float],
) -> Rate:
    """One probability for all users, or a beta distribution where users differ."""
    n, users = len(own), len(np.unique(own.user))
    did = int((own.outcome == 1).sum())
    if did in (0, n):
        # At the end of its range: two standard errors are where the log-likelihood has lost 2.
        p = float(did == n)
        what = "it never happened" if did == 0 else "it always happened"
        figure = Figure("mean", p, 1.0 / n)
        return Rate(Estimate(setting, p, (figure,), n, users, what), 0.0)
    start = logit_of(did / n)
    same = maximise(lambda x: alike(share_of(x[0])), [[start]], [MEANS])
    p = share_of(same.at[0])
    mean = Figure("mean", p, same.error(lambda x: share_of(x[0])))
    (value,) = rounded(p)
    if users == n:
        note = "no user had two occasions, so that nothing tells how users differ"
        return Rate(Estimate(setting, value, (mean,), n, users, note), same.value)

    def likelihood(x: Floats) -> float:
        return differ(*beta_of(share_of(x[0]), float(np.exp(x[1]))))

    sizes = [np.log(size) for size in SIZES]
    starts = [[same.at[0], np.log(size)] for size in (2.0, 30.0)]
    spread = maximise(likelihood, starts, [MEANS, (sizes[0], sizes[1])])
    if 2 * (spread.value - same.value) <= DIFFER:
        note = "no sign that users differ"
        return Rate(Estimate(setting, value, (mean,), n, users, note), same.value)

    def sd(x: Floats) -> float:
        return spread_of(*beta_of(share_of(x[0]), float(np.exp(x[1]))))

    figures = (
        Figure("mean", share_of(spread.at[0]), spread.error(lambda x: share_of(x[0]))),
        Figure("sd over users", sd(spread.at), spread.error(sd)),
    )
    a, b = beta_of(share_of(spread.at[0]), float(np.exp(spread.at[1])))
    value_of_card = {"beta": rounded(a, b)}
    return Rate(Estimate(setting, value_of_card, figures, n, users), spread.value)
