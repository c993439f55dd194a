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
from recosim.multi.market import Market

__all__ = ["DAILY", "SCALE", "WEEK", "Tally", "fixed"]

SCALE = 2**20
WEEK = 7

# Counted by platform and day; those of `_REAL` in units of 1 / SCALE.
DAILY = (
    *("sessions", "rounds", "lists", "asks", "shown", "read", "clicks", "likes", "instructions"),
    *("obeyed", "ignored", "returns", "next_day", "exits", "gone", "minutes", "regret"),
    *("utility", "let_down"),
)
_REAL = {"minutes": "move_minutes", "regret": "regret", "utility": "move_utility"} | {
    "let_down": "let_down"
}


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
        self.arrays: dict[str, NDArray[np.int64]] = {
            **{name: np.zeros((platforms, days), np.int64) for name in DAILY},
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
        self._count("sessions", at.astype(np.int64) * days + day)
        later = day // WEEK > self._week[rows]
        self._fold(market, rows[later])
        self._week[rows] = day // WEEK

    def moved(self, market: Market, platform: int, rows: NDArray[np.int64]) -> None:
        a = market.lives[platform].arrays
        days = self.arrays["sessions"].shape[1]
        day = a["at_day"][rows].astype(np.int64)
        place = platform * days + day
        verb, levels, gap = a["verb"][rows], a["levels"][rows], a["gap"][rows]
        listed = verb == Verb.RECOMMEND
        self.arrays["steps"] += len(rows)
        self._count("rounds", place)
        self._count("lists", place[listed])
        self._count("asks", place[verb == Verb.ASK])
        lists = np.flatnonzero(listed)
        shown, levels = a["shown"][rows[lists]], levels[lists]
        there = shown >= 0
        on = place[lists]
        for name, which in (
            ("shown", there),
            ("read", there & (levels >= 0)),
            ("clicks", there & (levels >= Level.CLICK)),
            ("likes", there & (levels >= Level.ACCEPT)),
        ):
            self._count(name, on, which.sum(axis=1))
        n = self.arrays["items_shown"].shape[1]
        self.arrays["items_shown"][platform] += np.bincount(shown[there], minlength=n)
        taken = shown[there & (levels >= Level.CLICK)]
        self.arrays["items_clicked"][platform] += np.bincount(taken, minlength=n)
        said = (a["given"][rows, :2, 0] >= 0).sum(axis=1)
        self._count("instructions", place, said)
        self._count("obeyed", place, a["obeyed"][rows])
        self._count("ignored", place, a["ignored"][rows])
        self._count("returns", place[gap > 0])
        self._count("next_day", place[gap == 1])
        self._count("exits", place[a["ended"][rows] == 2])
        self._count("gone", place[a["gone"][rows] > 0])
        for name, source in _REAL.items():
            total = np.zeros(self.arrays[name].size, np.int64)
            np.add.at(total, place, fixed(a[source][rows]))
            self.arrays[name] += total.reshape(self.arrays[name].shape)

    def ended(self, market: Market, rows: NDArray[np.int64]) -> None:
        assert self._first is not None
        self._fold(market, rows)
        self.arrays["lives"] += len(rows)
        np.add.at(self.arrays["kept"], (self._first[rows], market.at[rows]), 1)
        days = self.arrays["last"].shape[0]
        self.arrays["last"] += np.bincount(market.day[rows], minlength=days)

    def _count(self, name: str, place: NDArray[Any], times: NDArray[Any] | None = None) -> None:
        array = self.arrays[name]
        # As weights whole numbers are exact up to 2**53.
        found = np.bincount(place, weights=times, minlength=array.size)
        array += found.astype(np.int64).reshape(array.shape)

    def _fold(self, market: Market, rows: NDArray[np.int64]) -> None:
        """What users consumed since their week began, into the sums of that week."""
        if not len(rows):
            return
        taken = np.zeros((len(rows), self._mark.shape[1]), dtype=np.int32)
        for batch in market.lives:
            taken += batch.arrays["taken_counts"][rows]
        new = taken - self._mark[rows]
        self._mark[rows] = taken
        some = new.sum(axis=1) > 0
        counts, week = new[some].astype(np.float64), self._week[rows[some]]
        unit = counts / np.sqrt((counts**2).sum(axis=1, keepdims=True))
        share = counts / counts.sum(axis=1, keepdims=True)
        np.add.at(self.arrays["direction"], week, fixed(unit))
        np.add.at(self.arrays["variety"], week, fixed(1.0 - (share**2).sum(axis=1)))
        self.arrays["consumers"] += np.bincount(week, minlength=len(self.arrays["consumers"]))


def fixed(values: NDArray[Any]) -> NDArray[np.int64]:
    """Real numbers in units of 1 / SCALE, rounded to whole ones."""
    found: NDArray[np.int64] = np.rint(np.asarray(values, np.float64) * SCALE).astype(np.int64)
    return found
