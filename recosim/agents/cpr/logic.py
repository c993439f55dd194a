"""`Logic`: takes "no" for the information that it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves
from recosim.agents.cpr.base import NO_OF_THEIRS, CPRAgent
from recosim.agents.cpr.mirror import Mirror
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.protocol import Protocol
from recosim.users.behaviour import trait_column

__all__ = ["Logic"]


class Logic(CPRAgent):
    """Keeps its own candidates, in which a refused attribute rules its items out.

    Most published agents leave the candidates alone after a "no" (`on_reject = "keep"`), although
    the user has told them something. This agent reasons with it, whatever the protocol does: its
    beliefs are a batch of conversations of its own under `on_reject = "remove"`. It asks the
    attribute that halves its candidates best, and shows the best of its own candidates when

    - the moves left, of `top_k` items each, suffice to show all of them (with users that do not err
      the target is found then), or
    - it is the last move, or there is nothing to ask that would divide them.

    Where its beliefs have run empty (users that err), it uses the environment's candidates.
    """

    name = "logic"

    def misfit(self, protocol: Protocol) -> str:
        return NO_OF_THEIRS if protocol.yes_if == "item_and_user" else super().misfit(protocol)

    def bind(self, batch: Dialogues) -> None:
        super().bind(batch)
        rules = batch.protocol.with_options(on_reject="remove", drop_failed="always")
        self._mirror = Mirror(batch, protocol=rules)
        self._may_err = bool(trait_column(batch.arrays["traits"], "answer_noise").any())

    @property
    def belief(self) -> Dialogues:
        """Its own conversations; row b is what it believes in row b of the batch."""
        _ = self.batch  # says so where there is none yet
        return self._mirror.batch

    def reset(self, rows: NDArray[np.bool_]) -> None:
        self._mirror.reset(rows)

    def act(self) -> Moves:
        belief = self.belief
        n = belief.arrays["n_candidates"]
        lost = (belief.arrays["done"] > 0) | (n == 0)
        asks = self._asks(lost)
        recommend = self.must_show(n) | (asks < 0)
        best, _ = belief.best_items()
        slates = np.where(lost[:, None], np.int32(-1), best)
        return Moves.recommend_or_ask(recommend, asks, slates)

    def _asks(self, lost: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The best ask of each row, -1 where none would divide the candidates; int64 (B,)."""
        d, belief = self.batch, self.belief
        asks: NDArray[np.int64] = belief.best_asks("entropy").copy()
        if d.protocol.question == "facet":
            divides = belief.entropy()[np.arange(d.size), asks] > 0
        else:
            divides = (
                belief.arrays["counts"][np.arange(d.size), asks] < belief.arrays["n_candidates"]
            )
        asks[~divides] = -1
        if lost.any() or self._may_err:
            # Beliefs of a user that errs may leave the environment's candidates: keep to its rules.
            legal = d.legal_actions()[np.arange(d.size), asks] > 0
            asks = np.where(lost | ~legal, d.best_asks("entropy"), asks)
        return asks

    def observe(self, rows: NDArray[np.bool_]) -> None:
        self._mirror.observe(rows)
