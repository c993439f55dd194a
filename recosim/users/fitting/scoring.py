"""How well a card foresees what users do: log-loss, accuracy and calibration error.

A card is a crowd of behaviours. What a user did before says which of them they may be, and so each
occasion is foretold from the card and from the user's own past, in the order of the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.users.fitting.kinds import KINDS
from recosim.users.fitting.occasions import Log, Occasions
from recosim.users.population import Population

__all__ = ["FLOOR", "Score", "Scored", "calibration_error", "constant", "foretell", "score_of"]

Floats = NDArray[np.float64]

CROWD = 400  # behaviours that stand for a card
FLOOR = 1e-3  # of a probability, shared by all outcomes: a card may be wrong once in a thousand
AT_ONCE = 2_000_000  # numbers held while foretelling
BINS = 10


@dataclass(frozen=True)
class Score:
    """How well some occasions were foretold.

    Attributes:
        occasions: how many.
        log_loss: mean of -ln of the probability of what happened, nats.
        accuracy: share of occasions on which the likeliest outcome happened.
        calibration_error: expected calibration error (Guo et al. 2017) of the likeliest outcome,
            in ten bins.
    """

    occasions: int
    log_loss: float
    accuracy: float
    calibration_error: float

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "occasions": self.occasions,
            "log_loss": self.log_loss,
            "accuracy": self.accuracy,
            "calibration_error": self.calibration_error,
        }


@dataclass(frozen=True)
class Scored:
    """What was foretold of some occasions of a kind.

    Attributes:
        probabilities: float64 (n, outcomes).
        outcome: int64 (n,), what happened.
        user: int64 (n,).
    """

    probabilities: Floats
    outcome: NDArray[np.int64]
    user: NDArray[np.int64]

    @property
    def losses(self) -> Floats:
        """-ln of the probability of what happened: float64 (n,)."""
        return np.asarray(-np.log(self.probabilities[np.arange(len(self.outcome)), self.outcome]))

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the likeliest outcome happened."""
        return np.asarray(self.probabilities.argmax(axis=1) == self.outcome)


def foretell(card: Population, log: Log, wanted: Mapping[str, NDArray[np.bool_]]) -> dict[
    str, Scored
]:  # fmt: skip
    """What a card says of some occasions of a log, the others being known where they come first.

    Args:
        wanted: by kind, bool (n,), the occasions to foretell; the others are the user's past. An
            occasion that was foretold is past for those after it.

    Returns:
        By kind, in the order of the log; kinds without any are left out.
    """
    traits = card.traits(CROWD)
    found = {}
    for name, own in log.occasions.items():
        if wanted[name].any():
            order = np.lexsort((own.order, wanted[name], own.user))
            sorted_own, asked = own.take(order), wanted[name][order]
            probabilities = _ahead(traits, sorted_own)[asked]
            found[name] = Scored(probabilities, sorted_own.outcome[asked], sorted_own.user[asked])
    return found


def constant(log: Log, wanted: Mapping[str, NDArray[np.bool_]], *, counted: bool) -> dict[
    str, Scored
]:  # fmt: skip
    """The guesses that need no model: the shares of the other occasions, or all outcomes alike."""
    found = {}
    for name, own in log.occasions.items():
        asked = wanted[name]
        if not asked.any():
            continue
        k = len(KINDS[name].outcomes)
        shares = np.full(k, 1 / k)
        if counted:
            # Half an occasion of each on top, so that nothing is impossible (Krichevsky-Trofimov).
            counts = np.bincount(own.outcome[~asked], minlength=k) + 0.5
            shares = counts / counts.sum()
        n = int(asked.sum())
        found[name] = Scored(np.tile(shares, (n, 1)), own.outcome[asked], own.user[asked])
    return found


def score_of(parts: list[Scored]) -> Score:
    """The score of occasions of one kind or of several."""
    losses = np.concatenate([part.losses for part in parts])
    right = np.concatenate([part.right for part in parts])
    sure = np.concatenate([part.probabilities.max(axis=1) for part in parts])
    return Score(
        len(losses), float(losses.mean()), float(right.mean()), calibration_error(sure, right)
    )


def calibration_error(sure: Floats, right: NDArray[np.bool_]) -> float:
    """Expected calibration error: how far confidence lies from how often it is right, by bins."""
    bins = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    n = np.bincount(bins, minlength=BINS)
    said = np.bincount(bins, weights=sure, minlength=BINS)
    held = np.bincount(bins, weights=right.astype(np.float64), minlength=BINS)
    return float(np.abs(said - held).sum() / max(n.sum(), 1))


def _ahead(traits: Floats, own: Occasions) -> Floats:
    """Foretold outcomes (n, outcomes) of occasions sorted by user, then by when they are known."""
    kind = KINDS[own.kind]
    out = np.empty((len(own), len(kind.outcomes)))
    for rows in _runs(own.user, max(1, AT_ONCE // (traits.shape[0] * len(kind.outcomes)))):
        part = own.take(np.arange(rows.start, rows.stop))
        cells = part.cells()
        chance = kind.probabilities(traits, cells.given, len(cells))
        chance = (1 - FLOOR) * chance + FLOOR / len(kind.outcomes)
        happened = np.log(chance[cells.of, :, part.outcome])  # (n, M)
        past = np.cumsum(happened, axis=0) - happened
        first = np.flatnonzero(np.diff(part.user, prepend=-1))
        past -= np.repeat(past[first], np.diff(np.append(first, len(part))), axis=0)
        weight = np.exp(past - past.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        out[rows] = np.einsum("nm,nmk->nk", weight, chance[cells.of])
    return out


def _runs(user: NDArray[np.int64], size: int) -> Iterator[slice]:
    """Slices of about `size` rows that part no user from themselves; `user` is sorted."""
    start, n = 0, len(user)
    while start < n:
        stop = min(start + size, n)
        if stop < n:
            stop = int(np.searchsorted(user, user[stop - 1], side="right"))
        yield slice(start, stop)
        start = stop
