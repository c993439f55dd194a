"""Agents that ask about attributes beside showing items: they explore on two levels.

Of the lines of work that Gao et al. (2021, "Advances and challenges in conversational recommender
systems") list under exploration and exploitation, these are conversational bandits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Outcome, Verb
from recosim.agents.recoworld.clicks import START, ClickAgent, Thompson, check_size
from recosim.agents.recoworld.features import doubt, learn_linear, mean_products, products
from recosim.agents.recoworld.ranking import pick_best
from recosim.envs.recoworld.lives import Lives
from recosim.errors import OptionError

__all__ = ["ConTS", "ConUCB"]


class ConUCB(ClickAgent):
    """Conversational UCB (Zhang et al. 2020, "Conversational contextual bandit", WWW).

    Two ridge regressions: of the answers on key-terms, and of clicks on items, the second drawn
    towards the first. A key-term is an attribute; its vector is the mean of those of its items. The
    one is asked about that lowers the doubt about the candidates most, and whenever fewer than
    `pace * floor(ln(lists shown + 1))` questions were asked in the life. An item counts with what
    is expected of it and with the doubt of both levels.

    Deviations: a question costs a round here, as it does people; an answer "unsure" teaches
    nothing; clicks are counted from where `linucb` begins.

    Args:
        weight: lambda, how much clicks count beside answers, between 0 and 1.
        alpha, alpha_terms: how much the doubts count.
        pace: of the questions.
    """

    name = "conucb"

    def __init__(
        self,
        weight: float = 0.5,
        alpha: float = 0.1,
        alpha_terms: float = 0.1,
        pace: float = 1.0,
    ) -> None:
        if not 0 < weight < 1:
            raise OptionError(f"weight is {weight!r}; a number between 0 and 1 is needed.")
        self.weight = float(weight)
        self.alpha = check_size("alpha", alpha)
        self.alpha_terms = check_size("alpha_terms", alpha_terms)
        self.pace = check_size("pace", pace)

    def settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("weight", "alpha", "alpha_terms", "pace")}

    def bind(self, batch: Lives) -> None:
        super().bind(batch)
        n, d = batch.size, self.features.width
        self._terms = mean_products(self.features, batch.world)
        self._term_inverse, self._term_sum = np.zeros((n, d, d)), np.zeros((n, d))
        self._sum = np.zeros((n, d))
        self._lists, self._asked = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self._start = np.zeros((n, d))
        self._start[:, :2] = START
        self._about = np.full(n, -1)

    def reset(self, rows: NDArray[np.bool_]) -> None:
        super().reset(rows)
        eye = np.eye(self.features.width)
        self.spread[rows] = eye / (1.0 - self.weight)  # the inverse of M
        self._term_inverse[rows] = eye
        for sums in (self._term_sum, self._sum, self._lists, self._asked):
            sums[rows] = 0
        self._update()

    def observe(self, rows: NDArray[np.bool_]) -> None:
        a = self.batch.arrays
        lists = self.lists_in(rows)
        items = np.where(lists[:, None], a["shown"], -1)
        heard, scores, table = self.heard(), self.scores_of(items), self.features.table
        learn_linear(self.spread, self._sum, self._start, items, scores, heard, self.weight, table)
        self._lists[lists] += 1
        asked = rows & (a["verb"] == Verb.ASK)
        self._asked[asked] += 1
        for b in np.flatnonzero(asked & (np.abs(a["outcome"]) == Outcome.YES)):
            x = self._terms[a["about"][b]]
            gain = self._term_inverse[b] @ x
            self._term_inverse[b] -= np.outer(gain, gain) / (1.0 + x @ gain)
            self._term_sum[b] += x * ((a["outcome"][b] == Outcome.YES) - x @ self._start[b])
        self._update()

    def _update(self) -> None:
        """The weights that both levels agree on."""
        terms = np.einsum("bij,bj->bi", self._term_inverse, self._term_sum)
        pull = self._sum + (1.0 - self.weight) * terms
        self.weights[:] = self._start + np.einsum("bij,bj->bi", self.spread, pull)

    def act(self) -> Moves:
        a, table = self.batch.arrays, self.features.table
        due = self._asked < self.pace * np.floor(np.log(self._lists + 1))
        about = np.full(self.batch.size, -1, dtype=np.int64)
        rows = np.flatnonzero(due & (a["done"] == 0))
        if len(rows):
            about[rows] = self._best_terms(rows)
        own, terms = np.empty(self.pool.shape), np.empty(self.pool.shape)
        doubt(self.spread, self.pool, self.scores, table, own)
        both = self.spread @ self._term_inverse @ self.spread
        doubt(both, self.pool, self.scores, table, terms)
        values = self.means(self.weights)
        values = values + self.weight * self.alpha * own
        moves = self.show(values + (1.0 - self.weight) * self.alpha_terms * terms)
        return Moves.recommend_or_ask(about < 0, about, moves.items)

    def _best_terms(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The attribute to ask about in some rows, -1 where none may be asked; int64 (rows,)."""
        sums = products(self.pool[rows], self.scores[rows], self.features)
        inverse = self._term_inverse[rows]
        half = inverse @ self.spread[rows]
        form = half @ sums @ half.transpose(0, 2, 1)
        terms = self._terms
        gain = np.einsum("ki,bij,kj->bk", terms, form, terms, optimize=True)
        size = 1.0 + np.einsum("ki,bij,kj->bk", terms, inverse, terms, optimize=True)
        legal = self.batch.legal_actions()[rows, : self.batch.n_askables] > 0
        values = np.where(legal, gain / size, -np.inf)
        return np.where(legal.any(axis=1), values.argmax(axis=1), -1)


class ConTS(Thompson):
    """Conversational Thompson sampling (Li et al. 2021, "Seamlessly unifying ...", TOIS).

    Attributes and items are arms of one model. Weights are drawn from what is believed; where the
    best arm is an attribute that may be asked about it asks, else it shows the best items. Answers
    teach as clicks do.

    Deviations: the vectors are those of the other bandits here, not of a factorisation machine; an
    attribute is given the estimator's score of the best item, so that the two kinds of arm differ
    in what they have; an answer "unsure" teaches nothing.
    """

    name = "conts"

    def observe(self, rows: NDArray[np.bool_]) -> None:
        super().observe(rows)
        a = self.batch.arrays
        told = rows & (a["verb"] == Verb.ASK) & (np.abs(a["outcome"]) == Outcome.YES)
        for b in np.flatnonzero(told):
            x = self.features.attributes[a["about"][b]]
            gain = self.spread[b] @ x
            size = self.noise + x @ gain
            surprise = (a["outcome"][b] == Outcome.YES) - x @ self.weights[b]
            self.weights[b] += gain * (surprise / size)
            self.spread[b] -= np.outer(gain, gain) / size

    def act(self) -> Moves:
        weights = self.drawn()
        items = self.means(weights)
        b = self.batch
        lists = pick_best(items, self.pool, b.arrays["withheld"], b.protocol.top_k)
        # What was shown before is no arm any more: the best one is the first of the list.
        best_item = np.where(lists[:, :1] == self.pool, items, -np.inf).argmax(axis=1)
        score = self.scores[np.arange(b.size), best_item]
        arms = weights @ self.features.attributes.T + (weights[:, 1] * score)[:, None]
        legal = self.batch.legal_actions()[:, : self.batch.n_askables] > 0
        arms = np.where(legal, arms, -np.inf)
        about = arms.argmax(axis=1).astype(np.int64)
        best = arms.max(axis=1)
        first = items[np.arange(b.size), best_item]
        return Moves.recommend_or_ask(best <= first, about, lists)
