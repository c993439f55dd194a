"""Human-likeness: how well a classifier tells people's turns from those of simulated users.

The classifier is a naive Bayes over single words and pairs of words of masked turns. It is trained
on some conversations and asked about others, so that it cannot know the speaker. An area under the
curve of .5 means that nobody can tell. Alone the number means nothing, because any two collections
can be told apart: the control is people against people of another collection.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from recosim.audit.dialogues import Collection
from recosim.audit.masking import Mask
from recosim.errors import OptionError

__all__ = ["FOLDS", "TURNS", "auc_of", "likeness"]

FOLDS = 10
TURNS = 2000  # of each side, at most
ALPHA = 0.5  # added to the count of each feature
_START, _END = "<s>", "</s>"


def likeness(ours: Collection, people: Sequence[Collection], seed: int = 0) -> dict[str, Any]:
    """Simulated users against each collection of people, and people against people.

    Args:
        people: at least one collection; the control needs two.

    Returns:
        JSON values: `people` and `control`, lists with `a`, `b` and the `turns` and
        `conversations` areas (`value`, `low`, `high`: an interval over folds; `of`).
    """
    mask = Mask([*ours.names, *(name for each in people for name in each.names)])
    pairs = [(people[i], people[j]) for i in range(len(people)) for j in range(i + 1, len(people))]
    return {
        "people": [auc_of(ours, each, mask, seed) for each in people],
        "control": [auc_of(a, b, mask, seed) for a, b in pairs],
    }


def auc_of(a: Collection, b: Collection, mask: Mask, seed: int = 0) -> dict[str, Any]:
    """The areas under the curve of one collection against another, cross-validated by conversation.

    Raises:
        OptionError: too few conversations with words.
    """
    luck = np.random.default_rng(seed)
    sides = [_texts(each, mask, luck) for each in (a, b)]
    least = min(len(side) for side in sides)
    if least < 2:
        raise OptionError(
            f"{a.name} against {b.name}: conversations with words are needed on both sides, at "
            f"least 2; there are {least}."
        )
    folds = min(FOLDS, least)
    parts = [luck.permutation(len(side)) % folds for side in sides]
    turns, talks = [], []
    for fold in range(folds):
        known = [
            [turn for talk, part in zip(side, which, strict=True) if part != fold for turn in talk]
            for side, which in zip(sides, parts, strict=True)
        ]
        weights = _fit(*known)
        scores = [
            [
                [_score(turn, weights) for turn in talk]
                for talk, part in zip(side, which, strict=True)
                if part == fold
            ]
            for side, which in zip(sides, parts, strict=True)
        ]
        turns.append(_area(*([x for talk in side for x in talk] for side in scores)))
        talks.append(_area(*([sum(talk) for talk in side] for side in scores)))
    counts = [sum(len(talk) for talk in side) for side in sides]
    return {
        "a": a.name,
        "b": b.name,
        "turns": {**_over(turns), "of": counts},
        "conversations": {**_over(talks), "of": [len(side) for side in sides]},
    }


Features = tuple[str, ...]


def _texts(side: Collection, mask: Mask, luck: np.random.Generator) -> list[list[Features]]:
    """The features of the turns of conversations, in a drawn order, up to `TURNS` of them."""
    found: list[list[Features]] = []
    total = 0
    for k in luck.permutation(len(side.conversations)):
        talk = [_features(mask.tokens(text)) for text in side.conversations[k].said]
        if talk and total < TURNS:
            found.append(talk)
            total += len(talk)
    return found


def _features(tokens: Sequence[str]) -> Features:
    """Words and pairs of words of a turn, each once."""
    padded = [_START, *tokens, _END]
    return tuple(dict.fromkeys([*tokens, *(f"{a} {b}" for a, b in pairwise(padded))]))


def _fit(a: Sequence[Features], b: Sequence[Features]) -> dict[str, float]:
    """The log odds of each feature: of a against b. Sides weigh alike, whatever their sizes."""
    counts = [Counter(feature for turn in side for feature in turn) for side in (a, b)]
    known = counts[0].keys() | counts[1].keys()
    totals = [sum(count.values()) + ALPHA * len(known) for count in counts]
    return {
        feature: math.log((counts[0][feature] + ALPHA) / totals[0])
        - math.log((counts[1][feature] + ALPHA) / totals[1])
        for feature in known
    }


def _score(turn: Features, weights: dict[str, float]) -> float:
    return sum(weights.get(feature, 0.0) for feature in turn)


def _area(a: Sequence[float], b: Sequence[float]) -> float:
    """The probability that one of a scores higher than one of b; a tie counts one half."""
    ranks: NDArray[np.float64] = stats.rankdata([*a, *b])
    n, m = len(a), len(b)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def _over(areas: Sequence[float]) -> dict[str, float]:
    """The mean over folds, with Student's interval."""
    value = float(np.mean(areas))
    spread = float(np.std(areas, ddof=1)) if len(areas) > 1 else 0.0
    reach = spread / math.sqrt(len(areas)) * float(stats.t.ppf(0.975, max(1, len(areas) - 1)))
    return {"value": value, "low": max(0.0, value - reach), "high": min(1.0, value + reach)}
