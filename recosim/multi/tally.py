"""`Tally`: what happened in a market, counted in whole numbers.

Sums of whole numbers do not hang on their order, so chunks of users, in whatever order and of
whatever size, add up to the same bytes. Real numbers (minutes, utility) are rounded to 2**-20 once,
where they occur, and counted in that unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Level, Verb
from recosim.kernels.compiling import cached
from recosim.multi.market import Market

__all__ = ["DAILY", "SCALE", "WEEK", "Tally"]

SCALE = 2**20
WEEK = 7

# Counted by platform and day; the last four in units of 1 / SCALE.
DAILY = (
    *("sessions", "rounds", "lists", "asks", "shown", "read", "clicks", "likes", "instructions"),
    *("obeyed", "ignored", "returns", "next_day", "exits", "gone", "minutes", "regret"),
    *("utility", "let_down"),
)
# The arrays of a batch that they are counted from.
_READ = (
    *("at_day", "verb", "shown", "levels", "given", "obeyed", "ignored", "gap", "ended", "gone"),
    *("move_minutes", "regret", "move_utility", "let_down"),
)
_RECOMMEND, _ASK = int(Verb.RECOMMEND), int(Verb.ASK)
_CLICK, _ACCEPT, _DISAPPOINTED = int(Level.CLICK), int(Level.ACCEPT), 2


class Tally:
    """Whole numbers about the users, platforms and items of a market; watches it as it runs.

    Args:
        platforms, days, items, attributes: how many there are.

    Attributes:
        daily: by name (`DAILY`), int64 (platforms, days).
        active: int64 (platforms, platforms, days): users in a session, by the platform of their
            first one, that of this one, and the day.
        shown, clicked: int64 (platforms, items).
        lives: how many ended. last: int64 (days,), the day of their last session.
        kept: int64 (platforms, platforms), by first and last platform.
        direction: int64 (weeks, attributes), the sum of what users consumed in a week as unit
            vectors of attributes, in units of 1 / SCALE. consumers: int64 (weeks,), their number.
        variety: int64 (weeks,), the sum of one less the sum of squared shares of attributes.
    """

    def __init__(self, platforms: int, days: int, items: int, attributes: int) -> None:
        weeks = -(-days // WEEK)
        self._daily = np.zeros((len(DAILY), platforms, days), np.int64)
        self.arrays: dict[str, NDArray[np.int64]] = {
            **dict(zip(DAILY, self._daily, strict=True)),
            "active": np.zeros((platforms, platforms, days), np.int64),
            "items_shown": np.zeros((platforms, items), np.int64),
            "items_clicked": np.zeros((platforms, items), np.int64),
            "lives": np.zeros(1, np.int64),
            "last": np.zeros(days, np.int64),
            "kept": np.zeros((platforms, platforms), np.int64),
            "direction": np.zeros((weeks, attributes), np.int64),
            "consumers": np.zeros(weeks, np.int64),
            "variety": np.zeros(weeks, np.int64),
            "steps": np.zeros(1, np.int64),
        }
        self._first: NDArray[np.int8] | None = None

    @staticmethod
    def of(market: Market) -> Tally:
        """One that fits a market, and watches it."""
        world, rules = market.setup.world, market.setup.protocol
        made = Tally(len(market.lives), rules.horizon, world.n_items, world.n_attributes)
        made._first = np.zeros(market.size, dtype=np.int8)
        made._week = np.zeros(market.size, dtype=np.int32)
        made._mark = np.zeros((market.size, world.n_attributes), dtype=np.int32)
        market.followers.append(made)
        return made

    _week: NDArray[np.int32]
    _mark: NDArray[np.int32]

    def add(self, other: dict[str, NDArray[np.int64]]) -> None:
        """Add what another one counted (its `arrays`)."""
        for name, array in self.arrays.items():
            array += other[name]

    def clear(self) -> None:
        for array in self.arrays.values():
            array[:] = 0

    # ---- watching --------------------------------------------------------------------------------

    def opened(self, market: Market, rows: NDArray[np.int64]) -> None:
        assert self._first is not None
        self._first[rows] = market.at[rows]
        self._week[rows] = 0
        self._mark[rows] = 0

    def chose(self, market: Market, rows: NDArray[np.int64]) -> None:
        assert self._first is not None
        day, at = market.day[rows], market.at[rows]
        platforms, days = self.arrays["sessions"].shape
        first = self._first[rows].astype(np.int64)
        place = (first * platforms + at) * days + day
        self.arrays["active"] += np.bincount(place, minlength=platforms**2 * days).reshape(
            platforms, platforms, days
        )
        on = at.astype(np.int64) * days + day
        sessions = np.bincount(on, minlength=platforms * days)
        self.arrays["sessions"] += sessions.reshape(platforms, days)
        later = day // WEEK > self._week[rows]
        self._fold(market, rows[later])
        self._week[rows] = day // WEEK

    def moved(self, market: Market, platform: int, rows: NDArray[np.int64]) -> None:
        a = market.lives[platform].arrays
        counted = (
            self._daily[:, platform],
            *(self.arrays[name][platform] for name in ("items_shown", "items_clicked")),
        )
        _count(rows, *(a[name] for name in _READ), *counted)
        self.arrays["steps"] += len(rows)

    def ended(self, market: Market, rows: NDArray[np.int64]) -> None:
        assert self._first is not None
        self._fold(market, rows)
        self.arrays["lives"] += len(rows)
        np.add.at(self.arrays["kept"], (self._first[rows], market.at[rows]), 1)
        days = self.arrays["last"].shape[0]
        self.arrays["last"] += np.bincount(market.day[rows], minlength=days)

    def _fold(self, market: Market, rows: NDArray[np.int64]) -> None:
        """What users consumed since their week began, into the sums of that week."""
        if not len(rows):
            return
        taken = np.zeros((len(rows), self._mark.shape[1]), dtype=np.int32)
        for batch in market.lives:
            taken += batch.arrays["taken_counts"][rows]
        arrays = (self.arrays[name] for name in ("direction", "consumers", "variety"))
        _add_weeks(taken - self._mark[rows], self._week[rows], *arrays)
        self._mark[rows] = taken


@cached(nogil=True, error_model="numpy")
def _add_weeks(taken: Any, week: Any, direction: Any, consumers: Any, variety: Any) -> None:
    """What users consumed in a week, int32 (n, attributes), added to its sums."""
    for b in range(taken.shape[0]):
        total, square = 0, 0
        for a in range(taken.shape[1]):
            total += taken[b, a]
            square += np.int64(taken[b, a]) * taken[b, a]
        if total == 0:
            continue
        scale = SCALE / np.sqrt(np.float64(square))
        for a in range(taken.shape[1]):
            if taken[b, a]:
                direction[week[b], a] += np.int64(np.rint(taken[b, a] * scale))
        consumers[week[b]] += 1
        evenness = 1.0 - square / (np.float64(total) * total)
        variety[week[b]] += np.int64(np.rint(evenness * SCALE))


@cached(nogil=True, error_model="numpy")
def _count(
    rows: Any, day: Any, verb: Any, shown: Any, levels: Any, given: Any, obeyed: Any, ignored: Any,
    gap: Any, ended: Any, gone: Any, minutes: Any, regret: Any, utility: Any, let_down: Any,
    daily: Any, items_shown: Any, items_clicked: Any,
) -> None:  # fmt: skip
    """What happened in some rows, added to `daily` (in the order of `DAILY`) and to the items."""
    for b in rows:
        on = daily[:, day[b]]
        on[1] += 1
        if verb[b] == _ASK:
            on[3] += 1
        if verb[b] == _RECOMMEND:
            on[2] += 1
            for k in range(shown.shape[1]):
                if shown[b, k] < 0:
                    continue
                on[4] += 1
                items_shown[shown[b, k]] += 1
                on[5] += levels[b, k] >= 0
                on[7] += levels[b, k] >= _ACCEPT
                if levels[b, k] >= _CLICK:
                    on[6] += 1
                    items_clicked[shown[b, k]] += 1
        on[8] += np.int64(given[b, 0, 0] >= 0) + np.int64(given[b, 1, 0] >= 0)
        on[9] += obeyed[b]
        on[10] += ignored[b]
        on[11] += gap[b] > 0
        on[12] += gap[b] == 1
        on[13] += ended[b] == _DISAPPOINTED
        on[14] += gone[b] > 0
        on[15] += np.int64(np.rint(np.float64(minutes[b]) * SCALE))
        on[16] += np.int64(np.rint(np.float64(regret[b]) * SCALE))
        on[17] += np.int64(np.rint(np.float64(utility[b]) * SCALE))
        on[18] += np.int64(np.rint(np.float64(let_down[b]) * SCALE))
