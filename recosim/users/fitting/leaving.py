"""When users leave: a hazard at each disappointment, an end of patience, a hazard of bad lists.

A discrete-time hazard with latent classes of patience. How many of these reasons a log needs is
chosen by the Bayesian information criterion over users.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.users.behaviour import Behaviour, trait_column
from recosim.users.fitting.estimates import ENOUGH, Estimate, Figure, Findings
from recosim.users.fitting.kinds import KINDS
from recosim.users.fitting.likelihood import Counts, Maximum, maximise, mixture, share_of
from recosim.users.fitting.occasions import Occasions
from recosim.users.fitting.rates import few, rounded
from recosim.users.fitting.shares import Shares, choice_of, fit_shares

__all__ = ["NO_END", "fit_leaving"]

Floats = NDArray[np.float64]

RATES = ("leave_hazard", "bad_list_hazard", "bad_list_rise")
# The counts that end a patience, and what they count.
ENDS = {"patience": "disappointments", "question_patience": "questions"}
NO_END = 1000  # stands in cards for users whose patience did not end: TOML knows no None
BOUNDS = (-12.0, 4.0)  # logits
NAMES = KINDS["leaves"].settings


class Reason(NamedTuple):
    """A model of leaving: which hazards are free, and whether a patience ends."""

    rates: tuple[str, ...]
    end: str  # a key of `ENDS`, "" for none


REASONS = [
    Reason(rates, end)
    for end in ("", *ENDS)
    for rates in (
        (),
        ("leave_hazard",),
        ("bad_list_hazard",),
        ("bad_list_hazard", "bad_list_rise"),
        ("leave_hazard", "bad_list_hazard"),
        RATES,
    )
    if rates or end
]


class _Found(NamedTuple):
    reason: Reason
    best: Maximum
    values: list[int]  # of the patience
    shares: Shares | None
    criterion: float


def fit_leaving(own: Occasions | None) -> Findings:
    """The settings of when users leave."""
    if own is None or len(own) < ENOUGH:
        return Findings.nothing(NAMES, few(own))
    left = own.outcome == 1
    users, n = len(np.unique(own.user)), len(own)
    disappointed = int((own.given["disappointments"] > 0).sum())
    if not left.any():
        if disappointed < ENOUGH:
            return Findings.nothing(NAMES, f"nobody left, in {disappointed} disappointments")
        never = Figure("mean", 0.0, 1.0 / disappointed)
        hazard = Estimate("leave_hazard", 0.0, (never,), n, users, "nobody left")
        why = "nobody left, so that nothing tells what would make them"
        return Findings({"leave_hazard": hazard}, dict.fromkeys(NAMES[1:], why))
    counts = Counts.of(own)
    found = [each for reason in REASONS if (each := _fit(reason, counts, own)) is not None]
    best = min(found, key=lambda each: each.criterion)
    estimates = {e.setting: e for e in _estimates(best, own)}
    why = "the log needs no such reason to leave"
    return Findings(estimates, {name: why for name in NAMES if name not in estimates})


def _fit(reason: Reason, counts: Counts, own: Occasions) -> _Found | None:
    """A model at its most likely; None where nothing in the log can tell of it."""
    left = own.outcome == 1
    if any(name.startswith("bad_list") for name in reason.rates) and not (
        own.given["refused"].max() > 1
    ):
        return None
    values: list[int] = []
    if reason.end:
        counted = own.given[ENDS[reason.end]]
        values = sorted({int(k) for k in counted[left] if k > 0})
        if not values:
            return None
        values.append(NO_END)

    def likelihoods(rates: dict[str, float]) -> Floats:
        traits = np.tile(Behaviour().traits(), (max(len(values), 1), 1))
        if values:
            trait_column(traits, reason.end)[:] = values
        for name, value in rates.items():
            trait_column(traits, name)[:] = value
        return counts.likelihoods(KINDS["leaves"].chance(traits, counts.given))

    def rates_of(at: Floats) -> dict[str, float]:
        return {name: share_of(x) for name, x in zip(reason.rates, at, strict=True)}

    users, free = int(counts.did.shape[0]), len(reason.rates)
    start = [-3.0] * free
    if not values:
        best = maximise(lambda x: mixture(likelihoods(rates_of(x))), [start], [BOUNDS] * free)
        return _Found(reason, best, [], None, _criterion(best.value, free, users))
    # Hazards and shares of patience in turn: each step is a maximum, so the likelihood rises.
    shares = fit_shares(likelihoods(rates_of(np.array(start))))
    best = Maximum(np.array(start), shares.value, np.zeros((free, free)))
    for _ in range(6 if free else 0):
        weights, before = shares.shares, shares.value

        def given_shares(x: Floats, weights: Floats = weights) -> float:
            return mixture(likelihoods(rates_of(x)), weights)

        best = maximise(given_shares, [best.at.tolist()], [BOUNDS] * free)
        shares = fit_shares(likelihoods(rates_of(best.at)))
        if shares.value - before < 1e-3:
            break
    used = int((shares.shares > 0).sum())
    criterion = _criterion(shares.value, free + 2 * used - 1, users)
    return _Found(reason, best, values, shares, criterion)


def _criterion(value: float, parameters: int, users: int) -> float:
    """The Bayesian information criterion."""
    return parameters * float(np.log(max(users, 2))) - 2 * value


def _hazard(k: int, at: Floats) -> float:
    return share_of(float(at[k]))


def _estimates(found: _Found, own: Occasions) -> list[Estimate]:
    n, users = len(own), len(np.unique(own.user))
    estimates = []
    for k, name in enumerate(found.reason.rates):
        p = share_of(found.best.at[k])
        error = found.best.error(partial(_hazard, k))
        (value,) = rounded(p)
        estimates.append(Estimate(name, value, (Figure("mean", p, error),), n, users))
    if found.shares is not None:
        note = ""
        if found.shares.shares[-1] > 0:
            note = f"{NO_END} stands for those whose patience did not end"
        estimates.append(choice_of(found.reason.end, found.values, found.shares, own, note))
    return estimates
