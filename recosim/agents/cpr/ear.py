"""`EAR` and `CRM`: what a policy is told about a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recosim.agents.cpr.policy_gradient import PolicyGradient

__all__ = ["CRM", "EAR"]

Floats = NDArray[np.float32]

# Upper ends of the bins of the number of candidates; more than the last is a bin too.
SIZES = np.array([10, 50, 100, 200, 300, 500, 1000])


class EAR(PolicyGradient):
    """Estimation, action, reflection (Lei et al. 2020, WSDM).

    **State** (section 4.3): entropy of each askable in bits (0 where it cannot be asked), what the
    estimator believes of each askable (the inner product of the conversation's query, user vector
    plus accepted attributes, with the attribute's vector; of a facet, that of its best unknown
    attribute), the outcome of each turn so far, and the bin of the number of candidates.

    **Reflection** (section 4.3): see `PolicyGradient`; the update itself is the `reflect` act of
    the environment (docs/protocols.md).

    **Deviations.** Optimiser, network and schedule of the paper are quoted from memory (Adam .001,
    gamma .7, 64 hidden units). Returns are normalised over the batch and an entropy bonus keeps
    the policy from settling at once; `advantage = false` and `entropy_bonus = 0` leave both out.

    Args: see `PolicyGradient`.
    """

    name = "ear"
    version = 1

    @property
    def state_size(self) -> int:
        d = self.batch
        return 2 * d.n_askables + d.protocol.max_turns + len(SIZES) + 1

    def states(self) -> Floats:
        d = self.batch
        a, n = d.arrays, d.n_askables
        entropy = d.entropy()
        state = np.empty((d.size, self.state_size), dtype=np.float32)
        state[:, :n] = entropy
        state[:, n : 2 * n] = np.where(d.legal_actions()[:, :n] > 0, self._preference(), 0.0)
        turns = d.protocol.max_turns
        state[:, 2 * n : 2 * n + turns] = a["history"]
        size = np.searchsorted(SIZES, a["n_candidates"])
        state[:, 2 * n + turns :] = size[:, None] == np.arange(len(SIZES) + 1)
        return state

    def _preference(self) -> Floats:
        """What the estimator believes of each askable; float32 (B, n_askables)."""
        d = self.batch
        values: Floats = d.arrays["query"] @ d.vectors.attribute.T
        if d.protocol.question != "facet":
            return values
        facets = d.world.facet_attributes
        unknown = np.where(d.arrays["status"] == 0, values, np.float32(-np.inf))
        best = np.full((d.size, d.n_askables), -np.inf, dtype=np.float32)
        for facet in range(d.n_askables):
            members = facets.row(facet)
            if len(members):
                best[:, facet] = unknown[:, members].max(axis=1)
        return np.where(np.isfinite(best), best, np.float32(0.0))


class CRM(PolicyGradient):
    """Conversational recommender model (Sun and Zhang 2018, SIGIR), as EAR's paper runs it.

    **State**: what the user has said of each attribute: 1 accepted, -1 rejected, 0 unknown. That is
    the belief tracker of CRM where answers need no understanding; it knows neither the candidates
    nor the turn.

    **Deviations.** The policy acts over every attribute, as in EAR's comparison; the belief tracker
    for language and the reward of the first paper are left out. Its moves are drawn, not the
    likeliest: a policy that knows no turn repeats itself otherwise.

    Args: see `PolicyGradient`.
    """

    name = "crm"
    version = 1
    usual: ClassVar[Mapping[str, Any]] = {"greedy": False}

    def __init__(self, **settings: Any) -> None:
        super().__init__(reflect=False, **{**self.usual, **settings})

    def settings(self) -> dict[str, Any]:
        settings = super().settings()
        del settings["reflect"]  # it never does
        return settings

    @property
    def state_size(self) -> int:
        return self.batch.world.n_attributes

    def states(self) -> Floats:
        status = self.batch.arrays["status"]
        return np.where(np.abs(status) == 1, status, 0).astype(np.float32)
