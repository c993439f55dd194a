"""Rules that fit every family: any legal move, the best list, and what solves an episode."""

from __future__ import annotations

import numpy as np

from recosim.acts import Moves, Verb
from recosim.agents.base import Agent
from recosim.envs.batch import Batch
from recosim.envs.setup import Setup
from recosim.errors import OptionError
from recosim.kernels.random import AGENT

__all__ = ["AbsGreedy", "Oracle", "RandomAgent"]


class RandomAgent(Agent):
    """Any legal action, all equally likely."""

    name = "random"
    track = True

    def act(self) -> Moves:
        batch = self.batch
        order = np.cumsum(batch.legal_actions(), axis=1, dtype=np.int32)
        pick = (self.luck(AGENT) * order[:, -1]).astype(np.int32)
        codes = np.argmax(order > pick[:, None], axis=1)
        return Moves.from_flat(codes, batch.n_askables, verbs=batch.verbs, reasons=batch.n_reasons)


class AbsGreedy(Agent):
    """Always recommends the estimator's best candidates ("absolute greedy"; EAR section 5.2)."""

    name = "abs_greedy"

    def act(self) -> Moves:
        return Moves.all_of(Verb.RECOMMEND, self.batch.size)


class Oracle(Agent):
    """Knows what users hide and acts on it at once (`Batch.solve`): the ceiling; checks an env."""

    name = "oracle"
    privileged = True

    def misfit_of(self, setup: Setup) -> str:
        kind = setup.family.load("batch")
        return "" if kind.solve is not Batch.solve else "nobody knows how to solve this family"

    def act(self) -> Moves:
        moves: Moves | None = self.batch.solve()
        if moves is None:
            raise OptionError("these episodes cannot be solved: their family does not say how.")
        return moves
