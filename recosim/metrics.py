"""`Metric`: a metric as data. Families declare theirs; bench, tables and plots read declarations.

Every metric is a ratio of two sums over episodes, so that one bootstrap serves all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Episodes", "Metric"]

# One entry for each episode, by column: all arrays of one length.
Episodes = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Metric:
    """One metric of a family: sum of `numerator` over sum of `denominator`, over episodes.

    Attributes:
        name: what results call it, e.g. "SR@15"; never changes once it is written.
        label: what stands over a column.
        numerator: a column of the episodes, or a function of them -> float64 (episodes,).
        denominator: the same; "" is 1 for each episode.
        better: which direction is better; None: it describes and does not judge.
        digits: behind the point.
        place: "main" (the table that compares), "behaviour" (what agents did), "curve" (a point of
            the family's curve), "" (results alone).
        headline: compared pair by pair. The first headline ranks the agents.
        interval: whether the main table prints its interval.
        help: a sentence below the table; "" for none.
    """

    name: str
    label: str
    numerator: str | Callable[[Episodes], NDArray[np.float64]]
    denominator: str | Callable[[Episodes], NDArray[np.float64]] = ""
    better: Literal["higher", "lower"] | None = None
    digits: int = 3
    place: Literal["main", "behaviour", "curve", ""] = ""
    headline: bool = False
    interval: bool = False
    help: str = ""
