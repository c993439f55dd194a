"""Rule agents of CPR: nothing is learned, so nothing is hidden in episodes or a seed."""

from __future__ import annotations

import numpy as np

from recosim.acts import Moves
from recosim.agents.cpr.base import CPRAgent
from recosim.kernels.random import AGENT

__all__ = ["MaxEntropy", "WeightedEntropy"]


class MaxEntropy(CPRAgent):
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


class WeightedEntropy(CPRAgent):
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
