"""How likely it is that a session ends, that a user comes back, that an item of a list is clicked.

The chances are those of docs/recoworld.md, sections 5 and 7. Where a log does not say what was
read, it is a position-based click model (Richardson et al. 2007; Craswell et al. 2008) whose
reader goes down the list: what was clicked so far says how likely it is that they still read.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from recosim.users.behaviour import trait_column

__all__ = ["click_chance", "clicks", "read_chance", "returns", "shifted", "stops"]

Floats = NDArray[np.float64]
Given = Mapping[str, Floats]


def shifted(p: Floats, pull: Floats) -> Floats:
    """A probability whose odds are multiplied by e^pull; 0 and 1 stay what they are.

    Args:
        p: float64 (M,). pull: float64 (cells, M) or (cells, 1).
    """
    with np.errstate(divide="ignore"):
        return np.asarray(expit(logit(p)[None, :] + pull))


def stops(traits: Floats, given: Given) -> Floats:
    """`fatigue`, `letdown`: those of the user after the round."""
    pull = given["fatigue"][:, None] * trait_column(traits, "fatigue_pull")[None, :]
    pull = pull + given["letdown"][:, None] * trait_column(traits, "letdown_pull")[None, :]
    return shifted(trait_column(traits, "session_hazard"), pull)


def returns(traits: Floats, given: Given) -> Floats:
    """`loyalty`: that of the user since the last session."""
    pull = given["loyalty"][:, None] * trait_column(traits, "loyalty_pull")[None, :]
    return shifted(trait_column(traits, "return_rate"), pull)


def click_chance(bias: Floats, heat: Floats, pull: Floats, given: Given) -> Floats:
    """The probability that an item that is read is clicked: float64 (cells, M).

    Args:
        bias, heat, pull: float64 (M,): `click_bias`, `choice_temperature`, `appeal_pull`.
        given: `fit`, `appeal` of the item, 0 where they are not known.
    """
    logits = bias[None, :] + given["fit"][:, None] + pull[None, :] * given["appeal"][:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        warm = expit(logits / heat[None, :])
    return np.asarray(np.where(heat[None, :] > 0, warm, logits > 0))


def read_chance(reads_on: Floats, click: Floats, given: Given) -> Floats:
    """The probability that an item is read, by what was clicked above it: float64 (cells, M).

    Args:
        reads_on: float64 (M,). click: float64 (cells, M), that an item that is read is clicked.
        given: `read`, 1 where the log says so; else `skips`, items since the last click (or since
            the top), and `top`, 1 where there was no click above it. The items that were skipped
            are taken to be as attractive as this one.
    """
    top, skips = given["top"][:, None], given["skips"][:, None]
    reads_on = np.broadcast_to(reads_on[None, :], click.shape)
    read = np.where(top > 0, 1.0, reads_on)
    for k in range(1, int(given["skips"].max(initial=0)) + 1):
        after = reads_on * read * (1 - click) / np.maximum(1 - read * click, 1e-12)
        read = np.where(skips >= k, after, read)
    return np.asarray(np.where(given["read"][:, None] > 0, 1.0, read))


def clicks(traits: Floats, given: Given) -> Floats:
    """See `click_chance` and `read_chance`."""
    bias, heat, pull = (trait_column(traits, name) for name in CLICKS)
    click = click_chance(bias, heat, pull, given)
    return click * read_chance(trait_column(traits, "examination"), click, given)


CLICKS = ("click_bias", "choice_temperature", "appeal_pull")
