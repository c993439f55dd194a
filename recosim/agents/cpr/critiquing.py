"""Agents that only recommend, say why, and are criticised; what they make of it differs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Moves, Verb
from recosim.agents.cpr.base import CPRAgent
from recosim.agents.cpr.mirror import Mirror
from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.protocol import Protocol
from recosim.envs.cpr.reasons import reasons
from recosim.errors import OptionError

__all__ = ["CritiqueAgent", "HardFilter", "LatentUpdate", "RejectOnly", "criticised", "reasons"]


class CritiqueAgent(CPRAgent):
    """Base of the agents that only show lists and are told what is wrong with them."""

    family = "critique"

    def misfit(self, protocol: Protocol) -> str:
        fits = protocol.question == "none" and protocol.feedback_on == "refusal"
        why = "it only shows lists and waits for critiques, and here none come unasked"
        return "" if fits else why


class RejectOnly(CritiqueAgent):
    """Hears that a list is refused, and not why: shows the estimator's next best candidates."""

    name = "reject_only"

    def act(self) -> Moves:
        return show(self.batch, self.batch.best_items()[0])


class HardFilter(CritiqueAgent):
    """Takes a critique for a fact: items with the criticised attribute are shown no more.

    Its candidates are a batch of its own under `on_reject = "remove"`; where they have run empty
    (users that err) it uses the environment's.
    """

    name = "hard_filter"

    def bind(self, batch: Dialogues) -> None:
        super().bind(batch)
        rules = batch.protocol.with_options(on_reject="remove", drop_failed="always")
        self._mirror = Mirror(batch, protocol=rules)

    def reset(self, rows: NDArray[np.bool_]) -> None:
        self._mirror.reset(rows)

    def observe(self, rows: NDArray[np.bool_]) -> None:
        self._mirror.observe(rows)

    def act(self) -> Moves:
        d, own = self.batch, self._mirror.batch
        lost = (own.arrays["done"] > 0) | (own.arrays["n_candidates"] == 0)
        best = own.best_items()[0]
        return show(d, np.where(lost[:, None], d.best_items()[0], best))


class LatentUpdate(CritiqueAgent):
    """Takes a critique for a hint: the user's vector moves away from the attribute's.

    Latent linear critiquing (Luo et al. 2020, WWW) and the update of bot play (Li et al. 2021):
    the items' scores are linear in the user's vector, and each "less of a" takes `rate` times the
    vector of a off it. No item is ruled out but those that were refused.

    Args:
        rate: how far, in lengths of the attribute's vector. Of .5, 1, 2, 4, 8 and 16 the default
            was best on validation conversations of LastFM.
    """

    name = "latent_update"

    def __init__(self, rate: float = 8.0) -> None:
        if not 0 <= rate <= 1000:
            raise OptionError(f"rate is {rate!r}; a number from 0 to 1000 is needed.")
        self.rate = float(rate)

    def settings(self) -> dict[str, Any]:
        return {"rate": self.rate}

    def bind(self, batch: Dialogues) -> None:
        super().bind(batch)
        self._mirror = Mirror(batch)

    def reset(self, rows: NDArray[np.bool_]) -> None:
        self._mirror.reset(rows)

    def observe(self, rows: NDArray[np.bool_]) -> None:
        self._mirror.observe(rows)
        attributes = criticised(self.batch, rows)
        moved = np.flatnonzero(attributes >= 0)
        step = np.float32(self.rate) * self.batch.vectors.attribute[attributes[moved]]
        own = self._mirror.batch.arrays
        for name in ("query", "user_vector"):
            own[name][moved] -= step
        own["weighed"][moved] = 0

    def act(self) -> Moves:
        return show(self.batch, self._mirror.batch.best_items()[0])


def criticised(batch: Dialogues, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The attribute that the user wants less of since the last move, -1 for none; int64 (B,)."""
    asked = batch.arrays["asked"][:, 0].astype(np.int64)
    return np.where(rows, asked, -1)


def show(batch: Dialogues, items: NDArray[np.int32]) -> Moves:
    """Show lists (int32 (B, top_k)) and say why; what stands in rows that have ended is no list."""
    ended = batch.arrays["done"] > 0
    lists = np.where(ended[:, None], np.int32(-1), items)
    return Moves.all_of(Verb.RECOMMEND, batch.size, lists, reasons(batch, lists))
