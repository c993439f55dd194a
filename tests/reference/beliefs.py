"""What the recommender knows and believes, from scratch: counts, entropies, scores, reflection."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from reference.tables import WorldTables

from recosim.envs.cpr.protocol import Protocol
from recosim.estimators.base import Vectors

__all__ = ["ACCEPTED", "REJECTED", "UNKNOWN", "UNSURE", "Beliefs", "binary_entropy", "sigmoid"]

UNKNOWN, ACCEPTED, REJECTED, UNSURE = 0, 1, -1, 2  # the values of `status`


class Beliefs:
    """The part of a conversation that reads its state and changes nothing."""

    tables: WorldTables
    protocol: Protocol
    vectors: Vectors
    asks_facets: bool  # whether what is asked is a facet, not an attribute
    status: dict[int, int]
    candidates: set[int]
    facets_asked: set[int]
    user_vector: NDArray[np.float64]
    opening_item: int | None  # named by the request as an example of what is wanted

    @property
    def askables(self) -> range:
        """The ids of everything that a question can be about, askable now or not."""
        return range(self.tables.n_facets if self.asks_facets else self.tables.n_attributes)

    def counts(self) -> Counter[int]:
        """Candidates that have each attribute (0 for one that no candidate has)."""
        found: Counter[int] = Counter()
        for v in self.candidates:
            found.update(self.tables.item_attributes[v])
        return found

    def entropies(self) -> dict[int, float]:
        """Entropy in bits of every askable."""
        counts, n = self.counts(), len(self.candidates)
        return self._per_askable(lambda a: binary_entropy(counts[a], n))

    def weighted_entropies(self) -> dict[int, float]:
        """Weighted entropy in bits of every askable (SCPR)."""
        weight = {v: sigmoid(s) for v, s in self.scores().items()}
        total = sum(weight.values())
        of_attribute: dict[int, float] = dict.fromkeys(range(self.tables.n_attributes), 0.0)
        for v in self.candidates:
            for a in self.tables.item_attributes[v]:
                of_attribute[a] += weight[v]
        return self._per_askable(lambda a: binary_entropy(of_attribute[a], total))

    def _per_askable(self, entropy: Callable[[int], float]) -> dict[int, float]:
        def of_attribute(a: int) -> float:
            return entropy(a) if self.status[a] == UNKNOWN else 0.0

        if not self.asks_facets:
            return {a: of_attribute(a) for a in self.askables}
        # A facet that was asked has no unknown attribute left: its sum is 0.
        facets = self.tables.facet_attributes
        return {f: sum(of_attribute(a) for a in facets[f]) for f in self.askables}

    def scores(self) -> dict[int, float]:
        """Score of every candidate."""
        item, attribute = self.vectors.item, self.vectors.attribute
        # <user, v> + sum of <a, v> over accepted a = <user + sum of a, v>
        wanted = self.user_vector.copy()
        if self.opening_item is not None:
            wanted += item[self.opening_item]
        for a in self._with_status(ACCEPTED):
            wanted += attribute[a]
        score = {
            v: float(np.dot(wanted, item[v])) + float(self.vectors.item_bias[v])
            for v in self.candidates
        }
        if self.vectors.penalise_rejected:
            for a in self._with_status(REJECTED):
                for v in self.candidates & self.tables.attribute_items[a]:
                    score[v] -= sigmoid(float(np.dot(attribute[a].astype(np.float64), item[v])))
        return score

    def top_items(self) -> list[int]:
        """The at most `top_k` best candidates, best first, the smallest id on ties."""
        score = self.scores()
        return sorted(score, key=lambda v: (-score[v], v))[: self.protocol.top_k]

    def _with_status(self, code: int) -> list[int]:
        return [a for a, s in self.status.items() if s == code]

    def reflected(self, positives: Sequence[int], negatives: Sequence[int]) -> NDArray[np.float64]:
        """The user's vector moved from the negatives to the positives (EAR section 4.3)."""
        item, bias = self.vectors.item, self.vectors.item_bias
        user = self.user_vector
        if not positives:
            return user
        for _ in range(self.vectors.reflect_steps):
            score = {
                v: float(np.dot(user, item[v])) + float(bias[v]) for v in {*positives, *negatives}
            }
            gradient = np.zeros_like(user)
            for i in positives:
                for j in negatives:
                    weight = sigmoid(score[j] - score[i])
                    gradient += weight * (item[i].astype(np.float64) - item[j])
            pairs = len(positives) * len(negatives)
            user = user + self.vectors.reflect_rate * gradient / pairs
        return user


def sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))


def binary_entropy(part: float, whole: float) -> float:
    """Binary entropy in bits of part / whole; 0 for an empty whole."""
    # The smaller side, so that shares p and 1 - p give the same number and ties are ties.
    part = min(part, whole - part)
    if part <= 0:
        return 0.0
    p = part / whole
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)
