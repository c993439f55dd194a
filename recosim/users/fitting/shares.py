"""Settings that a user has one value of: the share of users with each, by a latent class model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.users.behaviour import SETTINGS, TRAITS, WORDS, Behaviour, setting_of
from recosim.users.fitting.estimates import ENOUGH, Estimate, Figure, Findings
from recosim.users.fitting.kinds import KINDS
from recosim.users.fitting.likelihood import Maximum, maximise, mixture
from recosim.users.fitting.occasions import Occasions
from recosim.users.fitting.rates import few

__all__ = ["Shares", "choice_of", "fit_feedback", "fit_opening", "fit_shares", "fit_takes"]

Floats = NDArray[np.float64]

# How often a person does what their class never does: without it one such line would exclude a
# class, and two of them all classes.
SLIP = 1e-3
LEAST = 1e-3  # shares below it are left out


class Shares:
    """The shares of classes that users are of, and how sure they are.

    Attributes of the object:
        shares, errors: float64 (classes,); 0 where nobody is of the class.
        value: the log-likelihood.
    """

    def __init__(self, shares: Floats, errors: Floats, value: float) -> None:
        self.shares, self.errors, self.value = shares, errors, value


def fit_shares(likelihoods: Floats) -> Shares:
    """The most likely shares of classes.

    Args:
        likelihoods: float64 (users, classes), the logarithm for each user under each class.
    """
    n = likelihoods.shape[1]
    known = np.exp(likelihoods - likelihoods.max(axis=1, keepdims=True))
    guess = (known / known.sum(axis=1, keepdims=True)).mean(axis=0)
    active = np.flatnonzero(guess > 0)
    shares, errors = np.zeros(n), np.zeros(n)
    while True:
        best = _weights(likelihoods[:, active], guess[active])
        own = _softmax(best.at)
        if len(active) == 1 or own.min() >= LEAST:
            break
        active = active[own >= LEAST]
    shares[active] = own
    if len(active) > 1:
        errors[active] = [best.error(partial(_share, k)) for k in range(len(active))]
    return Shares(shares, errors, best.value)


def _weights(likelihoods: Floats, guess: Floats) -> Maximum:
    """Over logarithms of the shares relative to that of the first class."""
    if likelihoods.shape[1] == 1:
        return Maximum(np.zeros(0), mixture(likelihoods), np.zeros((0, 0)))
    usual = np.maximum(guess, 1e-3)
    start = np.log(usual[1:] / usual[0])
    bounds = [(-14.0, 14.0)] * len(start)
    return maximise(lambda x: mixture(likelihoods, _softmax(x)), [start.tolist()], bounds)


def _share(k: int, x: Floats) -> float:
    return float(_softmax(x)[k])


def _softmax(x: Floats) -> Floats:
    full = np.concatenate([[0.0], x])
    share = np.exp(full - full.max())
    return np.asarray(share / share.sum())


def choice_of(
    setting: str, values: Sequence[Any], found: Shares, own: Occasions, note: str = ""
) -> Estimate:
    """A setting as a choice among values, or as the one value that all users have."""
    users = len(np.unique(own.user))
    used = np.flatnonzero(found.shares > 0).tolist()
    kind = setting_of(setting).kind
    number = not isinstance(values[0], str) and all(values[k] is not None for k in used)
    figures = [
        Figure(f"share of {values[k]}", float(found.shares[k]), float(found.errors[k]))
        for k in used
    ]
    if number:
        numbers = np.array([kind.number(values[k]) for k in used])
        mean = float(numbers @ found.shares[used])
        # Over users: what is known of each is nearly certain, so that a mean of users is one.
        sd = float(np.sqrt(np.maximum(numbers**2 @ found.shares[used] - mean**2, 0)))
        figures.insert(0, Figure("mean", mean, sd / np.sqrt(users)))
    if len(used) == 1:
        return Estimate(setting, values[used[0]], tuple(figures), len(own), users, note)
    weights = [round(float(found.shares[k]), 4) for k in used]
    card = {"choice": [values[k] for k in used], "weights": weights}
    return Estimate(setting, card, tuple(figures), len(own), users, note)


def fit_opening(own: Occasions | None) -> Findings:
    """What requests name."""
    if own is None or len(own) < ENOUGH:
        return Findings.nothing(("opening",), few(own))
    words = WORDS["opening"]
    found = fit_shares(_likelihoods(own, "opening", words))
    return Findings({"opening": choice_of("opening", words, found, own)})


def fit_takes(own: Occasions | None) -> Findings:
    """How many items are taken before users are satisfied."""
    if own is None or len(own) < ENOUGH:
        return Findings.nothing(("takes",), few(own))
    values = range(1, 9)
    found = fit_shares(_likelihoods(own, "takes", values))
    note = "where nothing else is wanted a conversation ends earlier, and counts as satisfied"
    return Findings({"takes": choice_of("takes", values, found, own, note)})


def fit_feedback(own: Occasions | None, dont_know: float) -> Findings:
    """How much is said of a list, when asked; `dont_know` is how often they do not know what."""
    if own is None or len(own) < ENOUGH:
        return Findings.nothing(("feedback",), few(own))
    words = ("binary", "critique", "instruction", "edit")
    found = fit_shares(_likelihoods(own, "feedback", words, dont_know=dont_know))
    note = "binary, unary and none look alike"
    return Findings({"feedback": choice_of("feedback", words, found, own, note)})


def _likelihoods(own: Occasions, setting: str, values: Sequence[Any], **others: Any) -> Floats:
    """The logarithms of what users did, were they of each value: (users, values)."""
    traits = np.stack([Behaviour(**{**others, setting: value}).traits() for value in values])
    assert traits.shape[1] == len(TRAITS) == len(SETTINGS)
    cells = own.cells()
    kind = KINDS[own.kind]
    chance = kind.probabilities(traits, cells.given, len(cells))
    chance = (1 - SLIP) * chance + SLIP / len(kind.outcomes)
    of_each = np.log(chance[cells.of, :, own.outcome])
    _, users = np.unique(own.user, return_inverse=True)
    table = np.zeros((int(users.max()) + 1, len(values)))
    np.add.at(table, users, of_each)
    return table
