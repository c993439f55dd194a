"""`Agent`: a policy over acts, for a batch of episodes of any family at once.

The life of an agent in a batch:

    agent.bind(batch)               once for each batch
    agent.reset(rows)               episodes have begun in these rows
    while not all have ended:
        batch.step(agent.act())
        agent.observe(running)      what came of it, in the rows that moved
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves
from recosim.errors import StateError
from recosim.family import family
from recosim.kernels import random

if TYPE_CHECKING:
    from recosim.chat import OwnShare
    from recosim.envs.setup import Setup

__all__ = ["Agent"]


class Agent:
    """Base of every agent. Settings are arguments of the constructor; the agent's card sets them.

    An agent reads what its batch says an agent may read. One that sets `privileged` may read what
    users hide too; it marks a ceiling, and no table compares it with the others as an equal.

    Attributes:
        name: of its card.
        family: the family that it is made for, "" for every family; its card may say so too.
        privileged: whether it reads what users hide.
        asks_server: whether its moves cost calls to a server; such an agent is no rule.
        share: of one that asks a language model, which of its moves are the model's own.
        track: whether it looks at masks (and what else is costly) after every move.
    """

    name: str
    family: str = ""
    privileged: bool = False
    asks_server: bool = False
    track: bool = False
    share: OwnShare | None = None

    _batch: Any = None

    @property
    def batch(self) -> Any:
        """The batch this agent is bound to, a `recosim.envs.batch.Batch`."""
        if self._batch is None:
            raise StateError(f"agent {self.name!r} has no conversations yet; call bind first.")
        return self._batch

    def misfit(self, protocol: Any) -> str:
        """Why the agent is not made for rules of its family; "" where it is."""
        return ""

    def misfit_of(self, setup: Setup) -> str:
        """Why the agent is not made for an environment: its family, then its rules; "" if it is."""
        if self.family and self.family not in setup.family.lineage():
            return f"it is made for another family: {family(self.family).title}"
        return self.misfit(setup.protocol)

    def settings(self) -> dict[str, Any]:
        """The settings of this agent as JSON values; they go into every result."""
        return {}

    def report(self) -> dict[str, Any]:
        """What a bench keeps beside the results, as JSON values: faults, costs; {} for nothing."""
        return {}

    def bind(self, batch: Any) -> None:
        """Get ready for a batch: its world, protocol and estimator are known now.

        Raises:
            OptionError: the agent does not fit the batch.
        """
        self._batch = batch

    def reset(self, rows: NDArray[np.bool_]) -> None:
        """Episodes have begun in some rows (bool (B,)); forget what was there before."""

    def act(self) -> Moves:
        """What to do in each running row; what stands in rows that have ended is not looked at."""
        raise NotImplementedError

    def observe(self, rows: NDArray[np.bool_]) -> None:
        """The rows (bool (B,)) that moved have settled; the batch holds what came of it."""

    def luck(self, purpose: int) -> NDArray[np.float64]:
        """A number in [0, 1) for each row, fixed by seed, conversation and step; float64 (B,)."""
        a = self.batch.arrays
        return random.draw_units(a["seed"], a["conversation"], a["step"], purpose)
