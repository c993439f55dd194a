"""`Mirror`: the conversations of a batch once more, under other rules or another estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.protocol import Protocol
from recosim.estimators.base import Vectors
from recosim.users import Behaviour

__all__ = ["Mirror"]

# What is taken over from a move: the question, the list, and what the user said to it.
_MOVE = (
    "verb",
    "asked_facet",
    "asked",
    "accepted",
    "n_accepted",
    "shown",
    "n_shown",
    "notes",
    "taken",
    "inquired",
    "outcome",
    "rank",
    "left",
)
MOST_TAKEN = 8  # items, of any user


class Mirror:
    """An agent's own view of a batch: what the user said, and what the agent makes of it.

    The agent's `reset` and `observe` call those of the mirror. The targets are not known to it.

    Args:
        batch: the batch that is mirrored.
        protocol: the agent's own rules, say for what a "no" means; default: those of the batch.
        vectors: the agent's own estimator; default: that of the batch.

    Attributes:
        batch: the agent's own batch; row b mirrors row b.
    """

    def __init__(
        self,
        batch: Dialogues,
        *,
        protocol: Protocol | None = None,
        vectors: Vectors | None = None,
        **settings: Any,
    ) -> None:
        self.source = batch
        self.batch = Dialogues(
            batch.world,
            vectors or batch.vectors,
            protocol or batch.protocol,
            batch.size,
            # How many items users take is not known: an episode ends when that of the batch does.
            users=Behaviour(takes=MOST_TAKEN),
            split=batch.split,
            track=False,
            raise_illegal=False,
            threads=batch.threads,
            **settings,
        )

    def reset(self, rows: NDArray[np.bool_]) -> None:
        """Begin the rows (bool (B,)) that have begun in the batch."""
        a = self.source.arrays
        chosen = np.flatnonzero(rows)
        self.batch.begin(
            chosen,
            a["user"][chosen],
            a["asked_facet"][chosen],
            a["accepted"][chosen],
            a["n_accepted"][chosen],
            a["standing"][chosen],
            a["opening_item"][chosen],
        )

    def observe(self, rows: NDArray[np.bool_]) -> None:
        """Take over the last move of some rows (bool (B,)); ends what has ended in the batch."""
        a, own = self.source.arrays, self.batch.arrays
        for name in _MOVE:
            own[name][rows] = a[name][rows]
        own["done"][~rows] = 1
        self.batch.settle()
        own["done"][a["done"] > 0] = 1
