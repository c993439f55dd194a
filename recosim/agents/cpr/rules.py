"""Rule agents: nothing is learned, so nothing is hidden in a number of episodes or a seed."""

from __future__ import annotations

import numpy as np

from recosim.acts import Moves, Verb
from recosim.agents.base import Agent
from recosim.envs.cpr.protocol import Protocol
from recosim.kernels.random import AGENT

__all__ = ["AbsGreedy", "MaxEntropy", "Oracle", "RandomAgent", "WeightedEntropy"]


class RandomAgent(Agent):
    """Any legal action, all equally likely."""

    name = "random"
    track = True

    def misfit(self, protocol: Protocol) -> str:
        return ""

    def act(self) -> Moves:
        mask = self.batch.legal_actions()
        order = np.cumsum(mask, axis=1, dtype=np.int32)
        pick = (self.luck(AGENT) * order[:, -1]).astype(np.int32)
        codes = np.argmax(order > pick[:, None], axis=1)
        return Moves.from_flat(codes, self.batch.n_askables, verbs=self.batch.verbs)


class AbsGreedy(Agent):
    """Always recommends the estimator's best candidates ("absolute greedy"; EAR section 5.2)."""

    name = "abs_greedy"

    def misfit(self, protocol: Protocol) -> str:
        return ""

    def act(self) -> Moves:
        return Moves.all_of(Verb.RECOMMEND, self.batch.size)


class MaxEntropy(Agent):
    """Asks the attribute of highest entropy; recommends with probability top_k / candidates.

    EAR section 5.2: recommend with probability 10 / max(10, candidates), ask otherwise.
    """

    name = "max_entropy"

    def act(self) -> Moves:
        d = self.batch
        asks = d.best_asks("entropy")
        n = np.maximum(d.arrays["n_candidates"], 1)
        recommend = (self.luck(AGENT) < d.protocol.top_k / n) | (asks < 0)
        return Moves.recommend_or_ask(recommend, asks)


class WeightedEntropy(Agent):
    """Asks by SCPR's weighted entropy (section 4.3) until the moves left can show all candidates.

    A fixed rule in place of SCPR's learned policy: recommend as soon as the moves left, of `top_k`
    items each, suffice to show all candidates. SCPR's walk along paths is left out too.
    """

    name = "weighted_entropy"

    def act(self) -> Moves:
        d = self.batch
        asks = d.best_asks("weighted_entropy")
        recommend = self.must_show(d.arrays["n_candidates"]) | (asks < 0)
        return Moves.recommend_or_ask(recommend, asks)


class Oracle(Agent):
    """Knows the target and recommends it at once: the ceiling of every metric; checks an env."""

    name = "oracle"
    privileged = True

    def misfit(self, protocol: Protocol) -> str:
        return ""

    def act(self) -> Moves:
        d = self.batch
        slates = np.full((d.size, d.protocol.top_k), -1, dtype=np.int32)
        slates[:, 0] = d.arrays["targets"][:, 0]
        return Moves.all_of(Verb.RECOMMEND, d.size, slates)
