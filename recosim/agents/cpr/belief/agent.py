"""`Pathfinder`: asks what tells most, and learns when it has heard enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Outcome
from recosim.agents.cpr.base import NO_OF_THEIRS
from recosim.agents.cpr.belief.belief import FEATURES, Belief
from recosim.agents.cpr.dqn import TwoWayDQN
from recosim.agents.learner import Arrays
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.protocol import Protocol
from recosim.errors import CheckpointError, OptionError
from recosim.users.behaviour import trait_column

__all__ = ["Pathfinder"]


class Pathfinder(TwoWayDQN):
    """RecoSim's own agent: a Bayesian belief, questions by information, learned stopping.

    - **Belief** (`belief.py` beside this file): the posterior over the items that the user may have
      in mind, and over how often they err, from all that was said: yes, no, "don't know", refusals,
      and how the conversation was opened.
    - **Questions**: of the legal ones, that whose answer tells most about the target (mutual
      information under the posterior).
    - **Lists**: the likeliest items, whether or not the environment counts them as candidates.
    - **When to recommend** is learned by deep Q-learning, from what the belief amounts to: the
      probability that a list hits now, that all lists that the moves left allow would hit, the
      entropy, the information of the best question, the error rate of this user.

    The reward it learns from is 1 for a hit, discounted by `gamma` a move; not the protocol's,
    which charges for questions and refusals alike. It learns the prior of its belief in the first
    round, from the conversations of that round. docs/pathfinder.md says why it works.

    Args:
        noise: it also learns from users that err: each round's answers are flipped with one of
            these probabilities in turn. The agent is never told which.
        prior, opening, learn_errors: False leaves a part of the belief out, for ablations.
        stop_at: recommend once a list hits with at least this probability, in place of what is
            learned; for ablations.
        others: see `TwoWayDQN`.
    """

    name = "pathfinder"
    version = 1
    usual: ClassVar[Mapping[str, Any]] = {
        "rounds": 120,
        "batch": 256,
        "hidden": 64,
        "rate": 0.001,
        "gamma": 0.97,
        "sample": 256,
        "target_every": 100,
        "epsilon_start": 0.5,
        "epsilon_end": 0.02,
        "double": True,
    }

    def __init__(
        self,
        *,
        noise: tuple[float, ...] | list[float] = (0.0, 0.05, 0.1, 0.2),
        prior: bool = True,
        opening: bool = True,
        learn_errors: bool = True,
        stop_at: float | None = None,
        **learning: Any,
    ) -> None:
        super().__init__(**{**self.usual, **learning})
        self.noise = tuple(float(value) for value in noise)
        self.prior, self.opening, self.learn_errors = prior, opening, learn_errors
        if stop_at is not None and not 0 <= stop_at <= 1:
            raise OptionError(f"stop_at is {stop_at!r}; a probability from 0 to 1 is needed.")
        self.stop_at = stop_at
        self._belief: Belief | None = None

    def settings(self) -> dict[str, Any]:
        settings = super().settings()
        if self.stop_at is None:
            del settings["stop_at"]
        return settings

    def misfit(self, protocol: Protocol) -> str:
        return NO_OF_THEIRS if protocol.yes_if == "item_and_user" else ""

    # ---- the belief -----------------------------------------------------------------------------

    @property
    def belief(self) -> Belief:
        assert self._belief is not None
        return self._belief

    def bind(self, batch: Dialogues) -> None:
        theta = None if self._belief is None else self._belief.theta
        self._belief = Belief(batch, theta, opening=self.opening, learn_errors=self.learn_errors)
        super().bind(batch)

    def reset(self, rows: NDArray[np.bool_]) -> None:
        self.belief.open(rows)
        self._look(rows)

    def observe(self, rows: NDArray[np.bool_]) -> None:
        self.belief.revise(rows)
        self._look(rows)

    def _look(self, rows: NDArray[np.bool_]) -> None:
        self.belief.look(rows & (self.batch.arrays["done"] == 0), self.moves_left())

    def act(self) -> Moves:
        if self.stop_at is None:
            return super().act()
        self.need_weights()
        asks = self.asks()
        hits = self.belief.summary[:, 0] >= self.stop_at
        return self._moves(hits | (asks < 0), asks)

    # ---- what the Q-learning sees ---------------------------------------------------------------

    @property
    def state_size(self) -> int:
        return 1 + self.belief.summary.shape[1]

    def states(self) -> NDArray[np.float32]:
        left = self.moves_left() / self.batch.protocol.max_turns
        return np.column_stack([left, self.belief.summary]).astype(np.float32)

    def asks(self) -> NDArray[np.int64]:
        """The most informative question; -1 in the last move, where an answer comes too late."""
        return np.where(self.moves_left() > 1, self.belief.ask, -1)

    def slates(self) -> NDArray[np.int32]:
        return self.belief.top

    def rewards(self) -> NDArray[np.float32]:
        hit: NDArray[np.float32] = (self.batch.arrays["outcome"] == Outcome.HIT) * np.float32(1)
        return hit

    # ---- learning -------------------------------------------------------------------------------

    def train_round(self, number: int) -> dict[str, float]:
        # What all users have in common: a copy of the batch's own, put back after the round.
        noise = trait_column(self.batch.arrays["traits"], "answer_noise")
        before = noise.copy()
        extra: dict[str, float] = {}
        if number == 0 and self.prior:
            self.open_round(number)
            extra["prior"] = self.belief.fit_prior()[-1]
        try:
            if self.noise:
                noise[:] = np.maximum(before, self.noise[number % len(self.noise)])
            return super().train_round(number) | extra
        finally:
            noise[:] = before

    def start(self, seed: int) -> None:
        self._belief = Belief(self.batch, opening=self.opening, learn_errors=self.learn_errors)
        super().start(seed)

    def weights(self) -> Arrays:
        return super().weights() | {"theta": self.belief.theta.copy()}

    def take_weights(self, weights: Arrays) -> None:
        super().take_weights(weights)
        theta = weights.get("theta")
        if theta is None or theta.shape != (len(FEATURES),):
            raise CheckpointError("the weights of the prior are missing or of another shape.")
        self.belief.theta = theta.astype(np.float64)
