"""`CPRAgent`: what agents of CPR conversations have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.agents.base import Agent
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.protocol import Protocol

__all__ = ["NO_OF_THEIRS", "CPRAgent"]

# Why agents do not fit that take a no for what the item in mind has not (`yes_if`).
NO_OF_THEIRS = (
    "it takes a 'no' for what the item in mind has not, and here users also say it of what they "
    "have not themselves"
)


class CPRAgent(Agent):
    """Base of the agents that are made for CPR conversations; one that learns names it first.

    An agent reads what `Dialogues` says an agent may read.
    """

    family = "cpr"

    @property
    def batch(self) -> Dialogues:
        """The conversations this agent is bound to."""
        batch: Dialogues = super().batch
        return batch

    def misfit(self, protocol: Protocol) -> str:
        """Why the agent is not made for a protocol; "" where it is."""
        return "" if protocol.question != "none" else "it asks questions, and here are none"

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
