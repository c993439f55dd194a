"""Sessions, coming back, clicks: hazards that users bring along and that moods of theirs move.

A probability of ending after each round that differs between users is the beta-geometric law of
session lengths (Potter and Parker 1964), one of coming back on each day the shifted beta-geometric
law of gaps (Fader and Hardie 2007). As occasions, one a round or a day, a session or a gap that
the log cuts off is right-censored without more ado: what happened up to there is all it says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recosim.users.fitting.estimates import ENOUGH, Estimate, Figure, Findings
from recosim.users.fitting.kinds import KINDS
from recosim.users.fitting.likelihood import (
    Counts,
    Maximum,
    beta_nodes,
    beta_of,
    logit_of,
    maximise,
    mixture,
    share_of,
    spread_of,
)
from recosim.users.fitting.occasions import Occasions
from recosim.users.fitting.rates import DIFFER, MEANS, SIZES, few, fit_rate, rounded
from recosim.users.fitting.session_chances import click_chance, read_chance, shifted

__all__ = ["fit_clicks", "fit_shifted"]

Floats = NDArray[np.float64]

PULLS = (0.0, 20.0)
BIASES = (-12.0, 12.0)
HEATS = (float(np.log(0.02)), float(np.log(50.0)))
READS = (-4.0, 11.0)  # logits of examination
BETWEEN = (np.arange(16) + 0.5) / 16 - 0.5  # stand for a uniform law of width 1 around 0


def fit_shifted(kind: str, own: Occasions | None) -> Findings:
    """A probability of each user, beta over users or one for all, and what moves its odds.

    Args:
        kind: "stops" or "returns": its first setting is the probability, the others are the pulls
            of what is `given`, in this order.
    """
    setting, *pulls = KINDS[kind].settings
    if own is None or len(own) < ENOUGH:
        return Findings.nothing(KINDS[kind].settings, few(own))
    n, users = len(own), len(np.unique(own.user))
    moving = [
        (pull, name)
        for pull, name in zip(pulls, own.given, strict=True)
        if np.ptp(own.given[name]) > 0
    ]
    still = {}
    for pull, name in zip(pulls, own.given, strict=True):
        if (pull, name) not in moving:
            note = f"set, not fitted: the log does not tell of {name}, whose effect is in {setting}"
            still[pull] = Estimate(pull, 0.0, (), n, users, note)
    did = int(own.outcome.sum())
    if not moving or did in (0, n):
        return Findings.joined(fit_rate(setting, own), Findings(still))
    counts = Counts.of(own)
    pulled = np.stack([counts.given[name] for _, name in moving])
    k = len(moving)

    def alike(x: Floats) -> float:
        p = np.array([share_of(x[k])])
        return mixture(counts.likelihoods(shifted(p, (x[:k] @ pulled)[:, None])))

    def differ(x: Floats) -> float:
        nodes = beta_nodes(*beta_of(share_of(x[k]), float(np.exp(x[k + 1]))))
        return mixture(counts.likelihoods(shifted(nodes, (x[:k] @ pulled)[:, None])))

    start = [*[0.5] * k, logit_of(did / n)]
    best = maximise(alike, [start], [*[PULLS] * k, MEANS])
    varied = False
    if users < n:
        low, high = (float(np.log(size)) for size in SIZES)
        starts = [[*best.at.tolist(), float(np.log(size))] for size in (2.0, 30.0)]
        spread = maximise(differ, starts, [*[PULLS] * k, MEANS, (low, high)])
        varied = 2 * (spread.value - best.value) > DIFFER
        best = spread if varied else best
    found = {setting: _rate(setting, best, k, varied, n, users), **still}
    for j, (pull, _) in enumerate(moving):
        figure = Figure("mean", float(best.at[j]), best.error(_at(j)))
        (value,) = rounded(best.at[j])
        found[pull] = Estimate(pull, value, (figure,), n, users)
    return Findings(found)


def _at(j: int) -> Callable[[Floats], float]:
    return lambda x: float(x[j])


def _rate(setting: str, best: Maximum, k: int, varied: bool, n: int, users: int) -> Estimate:
    """The probability, of which the parameters are the k-th and, of a spread, the one after."""
    mean = Figure("mean", share_of(best.at[k]), best.error(lambda x: share_of(x[k])))
    if not varied:
        (value,) = rounded(share_of(best.at[k]))
        return Estimate(setting, value, (mean,), n, users, "no sign that users differ")

    def sd(x: Floats) -> float:
        return spread_of(*beta_of(share_of(x[k]), float(np.exp(x[k + 1]))))

    beta = rounded(*beta_of(share_of(best.at[k]), float(np.exp(best.at[k + 1]))))
    figures = (mean, Figure("sd over users", sd(best.at), best.error(sd)))
    return Estimate(setting, {"beta": beta}, figures, n, users)


def fit_clicks(own: Occasions | None) -> Findings:
    """What is clicked of what is read and, where the log does not say what was read, reading.

    The bias is uniform over users, where the likelihood ratio shows that they differ; the others
    are the same for all. Without features of items (`fit`, `appeal`) the scale of the logit is
    free: the temperature is 1 then, and the bias the logit of a click.
    """
    names = KINDS["clicks"].settings
    if own is None or len(own) < ENOUGH:
        return Findings.nothing(names, few(own))
    did, n, users = int(own.outcome.sum()), len(own), len(np.unique(own.user))
    if did in (0, n):
        what = "no item that was shown was clicked" if did == 0 else "nothing was passed over"
        return Findings.nothing(names, what)
    counts = Counts.of(own)
    free = ["click_bias"]
    if np.ptp(own.given["fit"]) > 0:
        free.append("choice_temperature")
        if np.ptp(own.given["appeal"]) > 0:
            free.append("appeal_pull")
    first_ones = (own.given["top"] > 0) & (own.given["skips"] == 0)
    latent = own.given["read"] == 0
    if int((latent & ~first_ones).sum()) >= ENOUGH:
        free.append("examination")

    def settings(x: Floats, free: Sequence[str] = free) -> dict[str, Floats]:
        """By name float64 (M,): the bias of several users where they differ, else of all."""
        own = dict(zip(free, x.tolist(), strict=True))
        heat = float(np.exp(own["choice_temperature"])) if "choice_temperature" in own else 1.0
        reads = share_of(own["examination"]) if "examination" in own else 1.0
        users = own.get("width", 0.0) * BETWEEN if "width" in own else np.zeros(1)
        alike = np.ones(len(users))
        values = (heat, own.get("appeal_pull", 0.0), reads)
        bias = (own["click_bias"] + users) * heat
        return dict(zip(names, (bias, *(value * alike for value in values)), strict=True))

    def likelihood(x: Floats, free: Sequence[str] = free) -> float:
        bias, heat, pull, reads = settings(x, free).values()
        click = click_chance(bias, heat, pull, counts.given)
        return mixture(counts.likelihoods(click * read_chance(reads, click, counts.given)))

    bounds = {
        "click_bias": BIASES,
        "choice_temperature": HEATS,
        "appeal_pull": PULLS,
        "examination": READS,
        "width": (0.0, 2 * BIASES[1]),
    }
    first = {"click_bias": logit_of(did / n), "choice_temperature": 0.0, "appeal_pull": 0.5}
    best = maximise(
        likelihood,
        [[{**first, "examination": start}[name] for name in free] for start in (1.0, 3.0)],
        [bounds[name] for name in free],
    )
    if users < n:
        wider = [*free, "width"]
        spread = maximise(
            lambda x: likelihood(x, wider), [[*best.at, 1.5]], [bounds[name] for name in wider]
        )
        if 2 * (spread.value - best.value) > DIFFER:
            best, free = spread, wider
    found = {}
    for name in free:
        if name != "width":
            found[name] = _of_clicks(name, best, partial(settings, free=free), n, users)
    why = {"examination": "hardly a list has more than one item"} if latent.any() else {}
    if "choice_temperature" not in free:
        note = "set, not fitted: without features of items the logit has no scale but this"
        found["choice_temperature"] = Estimate("choice_temperature", 1.0, (), n, users, note)
    if "appeal_pull" not in free:
        why["appeal_pull"] = "the log knows no appeal of items"
    return Findings.joined(Findings(found, why))


def _of_clicks(
    name: str, best: Maximum, settings: Callable[[Floats], dict[str, Floats]], n: int, users: int
) -> Estimate:
    """One setting of clicks: the same for all, or uniform over users."""

    def figure(x: Floats) -> float:
        return float(settings(x)[name].mean())

    mean = Figure("mean", figure(best.at), best.error(figure))
    own = settings(best.at)[name]
    if np.ptp(own) == 0:
        (value,) = rounded(mean.value)
        return Estimate(name, value, (mean,), n, users, "alike for all users")

    def sd(x: Floats) -> float:  # of the law, of which the nodes stand for equal parts
        return float(np.ptp(settings(x)[name]) / np.ptp(BETWEEN) / np.sqrt(12))

    half = sd(best.at) * np.sqrt(3)
    ends = rounded(mean.value - half, mean.value + half)
    figures = (mean, Figure("sd over users", sd(best.at), best.error(sd)))
    return Estimate(name, {"uniform": ends}, figures, n, users)
