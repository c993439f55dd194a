"""`Budget`: what may be spent on language models, checked before each call."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from recosim.errors import BudgetError, OptionError

__all__ = ["Budget", "Spending"]


@dataclass
class Spending:
    """An amount: calls, tokens (read and written together), money."""

    requests: int = 0
    tokens: int = 0
    money: float = 0.0


class Budget:
    """Limits on calls, tokens and money; None for no limit. One object may serve several `Chat`s.

    Before a call its longest answer and an estimate of its prompt are reserved, after it what the
    server counted is spent. So no answer runs over the limit; a prompt can by what its estimate
    lacked (one token for three bytes is a little on the high side for most texts). A call whose
    answer was lost on the way (time ran out, connection cut) spends its reservation, since servers
    bill such calls; one that was turned away (429, 5xx) spends a call and no tokens. Replays spend
    nothing.

    Args:
        requests: calls to the server, failed ones included.
        tokens: read and written together.
        money: at the prices of `ChatSettings`, in their currency.

    Raises:
        OptionError: a limit below 0.
    """

    def __init__(
        self, *, requests: int | None = None, tokens: int | None = None, money: float | None = None
    ) -> None:
        self._limits = {"requests": requests, "tokens": tokens, "money": money}
        for name, limit in self._limits.items():
            number = isinstance(limit, (int, float)) and not isinstance(limit, bool)
            if limit is not None and (not number or not 0 <= limit < math.inf):
                raise OptionError(f"the limit of {name} is {limit!r}; a number from 0 is needed.")
        self._spent = Spending()
        self._held = Spending()
        self._changed = threading.Condition()

    @property
    def spent(self) -> Spending:
        """What is spent so far."""
        with self._changed:
            return Spending(**vars(self._spent))

    def to_dict(self) -> dict[str, Any]:
        """Limits and spending as JSON values."""
        return {"limits": dict(self._limits), "spent": vars(self.spent)}

    @contextmanager
    def reserve(self, most: Spending) -> Iterator[Spending]:
        """Hold an amount for the time of a block, which sets what it yields to what was spent.

        Where the amount fits only if calls under way turn out cheaper than reserved, wait for them.

        Raises:
            BudgetError: it does not fit.
        """
        with self._changed:
            while (lacking := self._lacking(most, self._held)) is not None:
                if self._lacking(most, Spending()) is not None or not self._held.requests:
                    raise BudgetError(self._refusal(lacking))
                self._changed.wait()
            _add(self._held, most, 1)
        actual = Spending(**vars(most))
        try:
            yield actual
        finally:
            with self._changed:
                _add(self._held, most, -1)
                _add(self._spent, actual, 1)
                self._changed.notify_all()

    def _lacking(self, most: Spending, held: Spending) -> str | None:
        """The first limit that the amount would break beside what is held."""
        for name, limit in self._limits.items():
            total = getattr(self._spent, name) + getattr(held, name) + getattr(most, name)
            # Sums of prices are not exact; a billionth of the limit is nobody's money.
            if limit is not None and total > limit * (1 + 1e-9):
                return name
        return None

    def _refusal(self, name: str) -> str:
        spent, limit = self._spent, self._limits[name]
        return (
            f"the budget of {name} ({limit:g}) does not allow another call. Spent: "
            f"{spent.requests} requests, {spent.tokens} tokens, {spent.money:.4g} in money. "
            "What was answered is in the cassette, if one records: run again with a larger budget "
            "and the run goes on from here; what is recorded costs nothing."
        )


def _add(total: Spending, amount: Spending, sign: int) -> None:
    total.requests += sign * amount.requests
    total.tokens += sign * amount.tokens
    total.money += sign * amount.money
