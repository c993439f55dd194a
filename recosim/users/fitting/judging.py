"""Held-out scores: a fit on some conversations, held against those that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError
from recosim.progress import Progress
from recosim.users.fitting.fit import fit_users
from recosim.users.fitting.occasions import Log
from recosim.users.fitting.scoring import Score, Scored, constant, foretell, score_of
from recosim.users.population import Population

__all__ = ["MODELS", "Held", "folds_of", "judge"]

# Who is held against the held-out conversations.
MODELS = {
    "fitted": "the fitted card",
    "unfitted": "the card that it is held against",
    "shares": "a constant guess: the shares in the other conversations",
    "alike": "a constant guess: all outcomes alike",
}


@dataclass(frozen=True)
class Held:
    """Scores on conversations that were not fitted.

    Attributes:
        overall: by model (`MODELS`).
        by_kind: by kind of occasions, then by model.
        gain, gain_error: log-loss of the unfitted card minus that of the fitted one, mean over
            occasions, and its standard error over users.
        folds: in how many parts the conversations were held out.
        unit: what a conversation is (`Log.unit`).
    """

    overall: dict[str, Score]
    by_kind: dict[str, dict[str, Score]]
    gain: float
    gain_error: float
    folds: int
    unit: str = "conversations"

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "folds": self.folds,
            "unit": self.unit,
            "gain": {"value": self.gain, "error": self.gain_error},
            "overall": {name: score.to_dict() for name, score in self.overall.items()},
            "kinds": {
                kind: {name: score.to_dict() for name, score in own.items()}
                for kind, own in self.by_kind.items()
            },
        }


def folds_of(
    conversations: int, folds: int, seed: int, unit: str = "conversations"
) -> NDArray[np.int64]:
    """The part that each conversation is held out in: int64 (conversations,).

    Raises:
        OptionError: fewer conversations than parts.
    """
    if conversations < folds:
        raise OptionError(
            f"the log has {conversations} {unit}; to hold a fit against those that it has "
            f"not seen at least {folds} are needed."
        )
    return np.random.default_rng(seed).permutation(conversations) % folds


def judge(
    log: Log,
    against: Population,
    *,
    folds: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> Held:
    """Each conversation is held out once, and foretold by a fit to the others.

    Raises:
        OptionError: too few conversations, or nothing to fit in a part of them.
    """
    part_of = folds_of(log.conversations, folds, seed, log.unit)
    parts: dict[str, dict[str, list[Scored]]] = {name: {} for name in MODELS}
    for k in range(folds):
        if progress is not None:
            progress(k, folds, "held-out conversations")
        seen = log.of_conversations(part_of != k)
        wanted = {kind: part_of[own.conversation] == k for kind, own in log.occasions.items()}
        told = {
            "fitted": foretell(fit_users(seen).population(), log, wanted),
            "unfitted": foretell(against, log, wanted),
            "shares": constant(log, wanted, counted=True),
            "alike": constant(log, wanted, counted=False),
        }
        for name, found in told.items():
            for kind, scored in found.items():
                parts[name].setdefault(kind, []).append(scored)
    kinds = list(parts["fitted"])
    by_kind = {kind: {name: score_of(parts[name][kind]) for name in MODELS} for kind in kinds}
    overall = {
        name: score_of([scored for kind in kinds for scored in parts[name][kind]])
        for name in MODELS
    }
    gain, error = _gain(parts["unfitted"], parts["fitted"])
    return Held(overall, by_kind, gain, error, folds, log.unit)


def _gain(before: dict[str, list[Scored]], after: dict[str, list[Scored]]) -> tuple[float, float]:
    """The mean gain in log-loss, and its error by clusters of users."""
    pairs = [(b, a) for kind in after for b, a in zip(before[kind], after[kind], strict=True)]
    gains = np.concatenate([b.losses - a.losses for b, a in pairs])
    _, users = np.unique(np.concatenate([a.user for _, a in pairs]), return_inverse=True)
    mean = float(gains.mean())
    totals = np.bincount(users, weights=gains - mean)
    m = len(totals)
    if m < 2:
        return mean, float("nan")
    return mean, float(np.sqrt((totals**2).sum() * m / (m - 1)) / len(gains))
