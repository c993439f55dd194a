"""Standing instructions, given with a request: as columns of the core, codes of a trace, acts.

The codes are `[1 wanted or 0 avoided, attribute]`, followed by the condition if there is one, and
an empty list where no instruction was given.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Instruct

__all__ = [
    "AVOIDED",
    "CONDITION",
    "HOLDS",
    "WANTED",
    "standing_acts",
    "standing_codes",
    "wanted_by_standing",
]

# Columns of `Dialogues.arrays["standing"]`.
WANTED, AVOIDED, CONDITION, HOLDS = range(4)


def standing_codes(standing: NDArray[np.int32]) -> NDArray[np.int32]:
    """The codes of some rows of `Dialogues.arrays["standing"]`: int32 (rows, 3), -1 for no code."""
    wanted, avoided = standing[:, WANTED], standing[:, AVOIDED]
    directive = np.where(wanted >= 0, 1, np.where(avoided >= 0, 0, -1))
    codes = np.stack([directive, np.maximum(wanted, avoided), standing[:, CONDITION]], axis=1)
    return codes.astype(np.int32)


def standing_acts(codes: Sequence[int]) -> tuple[Instruct, ...]:
    """What the user said: one act, or none."""
    if not codes:
        return ()
    directive, attribute, *condition = codes
    return (
        Instruct(
            "want" if directive else "avoid",
            (attribute,),
            tuple(condition),
            "always" if condition else "session",
        ),
    )


def wanted_by_standing(codes: Sequence[int], named: Sequence[int]) -> tuple[int, ...]:
    """The attribute that an instruction adds to a request: one that holds, and wants a new one.

    Args:
        named: the attributes that the request names.
    """
    if not codes or not codes[0] or codes[1] in named:
        return ()
    holds = len(codes) < 3 or codes[2] in named
    return (codes[1],) if holds else ()
