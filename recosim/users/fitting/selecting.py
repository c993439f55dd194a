"""Which part of a log to fit to: the occasions that models are unsure of, or any.

After Mirroring Users (2025), which keeps the scenes of which models are the most unsure: the
entropy of the mean of several models less the mean of their entropies (Houlsby et al. 2011).
Scores hang on what an occasion is, never on what happened: a fit to the chosen ones is unbiased.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import OptionError
from recosim.progress import Progress
from recosim.users.fitting.estimates import Findings
from recosim.users.fitting.fit import fit_users
from recosim.users.fitting.judging import folds_of
from recosim.users.fitting.kinds import KINDS
from recosim.users.fitting.occasions import Log
from recosim.users.fitting.scoring import FLOOR, foretell, score_of

__all__ = ["Selection", "select", "uncertainty"]

Floats = NDArray[np.float64]
Masks = dict[str, NDArray[np.bool_]]

MODELS = 8  # fits to resampled users
CROWD = 64
# The uncertainty of a probability of which nothing is known, uniform from 0 to 1: ln 2 - 1/2 nats.
UNKNOWN = float(np.log(2) - 0.5)
# Kinds whose likelihood holds for a whole conversation: who left had stayed before.
WHOLE = ("leaves", "goes_on", "opens", "feeds_back", "stops", "returns")


@dataclass(frozen=True)
class Selection:
    """Held-out log-loss of fits to a part of a log, one number a seed, nats.

    Attributes:
        share: of the occasions of the training conversations.
        informative: half of them at random, half chosen by the uncertainty of fits to that half.
        random: all of them at random.
        whole: fits to all training conversations.
    """

    share: float
    informative: tuple[float, ...]
    random: tuple[float, ...]
    whole: tuple[float, ...]

    @property
    def gain(self) -> tuple[float, float]:
        """How much log-loss choosing saves, and its standard error over seeds."""
        saved = np.array(self.random) - np.array(self.informative)
        error = saved.std(ddof=1) / np.sqrt(len(saved)) if len(saved) > 1 else np.nan
        return float(saved.mean()), float(error)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        gain, error = self.gain
        return {
            "share": self.share,
            "informative": list(self.informative),
            "random": list(self.random),
            "whole": list(self.whole),
            "gain": {"value": gain, "error": error if error == error else None},
        }


def select(
    log: Log,
    share: float = 0.1,
    *,
    seeds: int = 5,
    folds: int = 5,
    progress: Progress | None = None,
) -> Selection:
    """Hold fits to an informative part of a log against fits to random parts.

    Args:
        share: of the occasions, above 0 and below 1.
        seeds: each holds out another fifth of the conversations, and draws anew.

    Raises:
        OptionError: an impossible share, or a part too small to fit anything to.
    """
    if not 0 < share < 1:
        raise OptionError(f"the share to select is {share!r}; a number between 0 and 1 is needed.")
    losses: dict[str, list[float]] = {"informative": [], "random": [], "whole": []}
    for seed in range(seeds):
        if progress is not None:
            progress(seed, seeds, "choosing occasions")
        luck = np.random.default_rng([seed, 12])
        held_out = folds_of(log.conversations, folds, seed) == 0
        train = log.of_conversations(~held_out)
        wanted = {kind: held_out[own.conversation] for kind, own in log.occasions.items()}
        size = share * train.total

        def loss(found: Findings, wanted: Masks = wanted) -> float:
            told = foretell(found.population(), log, wanted)
            return score_of(list(told.values())).log_loss

        alike = {kind: np.ones(len(own)) for kind, own in train.occasions.items()}
        pilot = _chosen(train, alike, size / 2, luck)
        models = _models(train.keep(pilot), luck)
        scores = uncertainty(train, models)
        rest = {kind: np.where(pilot[kind], 0.0, own) for kind, own in scores.items()}
        more = _chosen(train, rest, size / 2, luck)
        informative = train.keep({kind: pilot[kind] | more[kind] for kind in pilot})
        losses["informative"].append(loss(fit_users(informative)))
        any_part = _chosen(train, alike, size, luck)
        losses["random"].append(loss(fit_users(train.keep(any_part))))
        losses["whole"].append(loss(fit_users(train)))
    return Selection(share, **{name: tuple(own) for name, own in losses.items()})


def uncertainty(log: Log, models: list[Findings]) -> dict[str, Floats]:
    """How unsure several fits are of each occasion: by kind float64 (n,), nats, from 0.

    The entropy of the mean of what they foretell less the mean of its entropies. Users are not told
    apart. A kind whose settings a fit does not know is as uncertain as can be.
    """
    found = {}
    for name, own in log.occasions.items():
        kind = KINDS[name]
        # The others of a kind stay as they are: a log need not know of every reason to leave.
        known = [model for model in models if set(kind.settings) & set(model.estimates)]
        if len(known) < len(models):
            found[name] = np.full(len(own), UNKNOWN)
            continue
        cells = own.cells()
        told = np.stack(
            [
                kind.probabilities(model.population().traits(CROWD), cells.given, len(cells)).mean(
                    axis=1
                )
                for model in models
            ]
        )
        told = (1 - FLOOR) * told + FLOOR / len(kind.outcomes)
        apart = _entropy(told.mean(axis=0)) - _entropy(told).mean(axis=0)
        found[name] = np.maximum(apart, 0.0)[cells.of]  # rounding may leave it below 0
    return found


def _entropy(p: Floats) -> Floats:
    return np.asarray(-(p * np.log(p)).sum(axis=-1))


def _models(log: Log, luck: np.random.Generator) -> list[Findings]:
    """Fits to users drawn with replacement; those that cannot be fitted know nothing."""
    drawn = []
    users = np.unique(np.concatenate([own.user for own in log.occasions.values()]))
    for _ in range(MODELS):
        times = np.bincount(luck.integers(len(users), size=len(users)), minlength=len(users))
        drawn.append(_fit_or_nothing(_repeated(log, users, times)))
    return drawn


def _fit_or_nothing(log: Log) -> Findings:
    try:
        return fit_users(log)
    except OptionError:  # too small a part: it tells of nothing
        return Findings()


def _repeated(log: Log, users: NDArray[np.int64], times: NDArray[np.int64]) -> Log:
    """Users as often as they were drawn, each copy a user of its own."""
    parts = {}
    for kind, own in log.occasions.items():
        n = times[np.searchsorted(users, own.user)]
        rows = np.repeat(np.arange(len(own)), n)
        copy = np.arange(len(rows)) - np.repeat(np.cumsum(n) - n, n)
        if len(rows):
            taken = own.take(rows)
            fresh = taken.user * (int(times.max()) + 1) + copy
            parts[kind] = type(own)(
                kind, fresh, taken.conversation, taken.outcome, taken.order, taken.given
            )
    return replace(log, occasions=parts)


def _chosen(log: Log, scores: dict[str, Floats], size: float, luck: np.random.Generator) -> Masks:
    """About `size` occasions, drawn without replacement in proportion to their scores.

    Not the highest ones alone: they would be the same thing many times over (Kirsch et al. 2023).
    """
    keys, lengths, members = [], [], []
    for kind, own in log.occasions.items():
        blocks = own.conversation if kind in WHOLE else np.arange(len(own))
        _, block = np.unique(blocks, return_inverse=True)
        length = np.bincount(block)
        mean = np.bincount(block, weights=scores[kind]) / length
        with np.errstate(divide="ignore"):
            keys.append(np.log(mean) + luck.gumbel(size=len(mean)))
        lengths.append(length)
        members.append((kind, block))
    key, length = np.concatenate(keys), np.concatenate(lengths)
    order = np.argsort(-key, kind="stable")
    order = order[np.isfinite(key[order])]
    taken = np.zeros(len(key), dtype=bool)
    taken[order[np.cumsum(length[order]) <= max(size, 1.0)]] = True
    start, found = 0, {}
    for kind, block in members:
        n = int(block.max()) + 1
        found[kind] = taken[start : start + n][block]
        start += n
    return found
