"""`Agent`: a policy over acts, for a batch of conversations at once.

The life of an agent in a batch:

    agent.bind(dialogues)           once for each batch
    agent.reset(rows)               conversations have begun in these rows
    while not all have ended:
        dialogues.step(agent.act())
        agent.observe(running)      what came of it, in the rows that moved
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.protocol import Protocol
from recosim.errors import StateError
from recosim.kernels import random

__all__ = ["Agent"]


class Agent:
    """Base of every agent. Settings are arguments of the constructor; the agent's card sets them.

    An agent reads what `Dialogues` says an agent may read. One that sets `privileged` may read the
    targets too; it marks a ceiling, and no table compares it with the others as an equal.
    """

    name: str
    privileged: bool = False
    # Whether its moves cost calls to a server; such an agent is no rule.
    asks_server: bool = False
    # Whether the agent looks at entropies and masks after every move; see `Dialogues.track`.
    track: bool = False

    _batch: Dialogues | None = None

    @property
    def batch(self) -> Dialogues:
        """The batch this agent is bound to."""
        if self._batch is None:
            raise StateError(f"agent {self.name!r} has no conversations yet; call bind first.")
        return self._batch

    def misfit(self, protocol: Protocol) -> str:
        """Why the agent is not made for a protocol; "" where it is."""
        return "" if protocol.question != "none" else "it asks questions, and here are none"

    def settings(self) -> dict[str, Any]:
        """The settings of this agent as JSON values; they go into every result."""
        return {}

    def report(self) -> dict[str, Any]:
        """What a bench keeps beside the results, as JSON values: faults, costs; {} for nothing."""
        return {}

    def bind(self, dialogues: Dialogues) -> None:
        """Get ready for a batch: its world, protocol and estimator are known now.

        Raises:
            OptionError: the agent does not fit the batch.
        """
        self._batch = dialogues

    def reset(self, rows: NDArray[np.bool_]) -> None:
        """Conversations have begun in some rows (bool (B,)); forget what was there before."""

    def act(self) -> Moves:
        """What to do in each running row; what stands in rows that have ended is not looked at."""
        raise NotImplementedError

    def observe(self, rows: NDArray[np.bool_]) -> None:
        """The rows (bool (B,)) that moved have settled; `dialogues` holds what came of it."""

    def moves_left(self) -> NDArray[np.int32]:
        """Moves that can still do something, this one included; int32 (B,)."""
        protocol = self.batch.protocol
        return protocol.max_turns - self.batch.arrays["turn"] + int(protocol.last_turn_acts)

    def must_show(self, n: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Where `n` candidates can all be shown in the moves left, or this is the last; bool (B,).

        The fixed rule of the agents that do not learn when to recommend.
        """
        left = self.moves_left()
        return (n <= left * self.batch.protocol.top_k) | (left <= 1)

    def luck(self, purpose: int) -> NDArray[np.float64]:
        """A number in [0, 1) for each row, fixed by seed, conversation and step; float64 (B,)."""
        a = self.batch.arrays
        return random.draw_units(a["seed"], a["conversation"], a["step"], purpose)
