"""Creators: who owns items, what they release next, and what they see of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Level, Verb
from recosim.envs.recoworld.lives import Lives
from recosim.errors import OptionError, unknown
from recosim.kernels.random import CREATE, UNRELEASED, draw_units
from recosim.multi.market import Market
from recosim.world.world import World

__all__ = ["MAKES", "RULES", "Creators", "Trade"]

# How an item is made when it is released.
MAKES = ("plain", "bait", "craft")
RULES = ("still", "chase_clicks", "chase_retention")
NOTHING = 0  # the action that releases nothing
MEMORY = 0.9  # what is left of counts after a day
EXPLORES = 0.1  # share of releases of a chaser that are drawn
SOON = 7  # days within which a user came back, where that is credited to what they consumed


@dataclass(frozen=True)
class Trade:
    """The terms on which creators live.

    Attributes:
        held_back: share of the items of each creator that are not released at first.
        choices: unreleased items among which a creator chooses, the next in their own order.
        budget: wealth at first.
        income: what all creators together earn a day, divided by their number: a creator earns
            `income * creators * share of all that was shown`.
        upkeep: what a day costs. A creator of negative wealth is out; what they released stays.
        plain, bait, craft: what it costs to release an item as it is, with more appeal, or with
            more quality.
        bait_appeal, craft_quality: how much more, in deviations over the items of the world.

    Raises:
        OptionError: a value that cannot be.
    """

    held_back: float = 0.5
    choices: int = 4
    budget: float = 5.0
    income: float = 1.0
    upkeep: float = 0.5
    plain: float = 0.25
    bait: float = 0.5
    craft: float = 0.5
    bait_appeal: float = 1.5
    craft_quality: float = 1.5

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.name == "choices":
                whole = isinstance(value, int) and not isinstance(value, bool)
                if not whole or not 1 <= value <= 64:
                    raise OptionError(
                        f"choices is {value!r}; a whole number from 1 to 64 is needed."
                    )
                continue
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            most = 1.0 if entry.name == "held_back" else math.inf
            if not number or not math.isfinite(value) or not 0 <= value <= most:
                end = " to 1" if most == 1 else ""
                raise OptionError(f"{entry.name} is {value!r}; a number from 0{end} is needed.")
        if self.budget < min(self.costs):
            raise OptionError(
                f"budget is {self.budget}; creators without the {min(self.costs)} that the "
                "cheapest release costs can never release anything."
            )

    @property
    def costs(self) -> tuple[float, float, float]:
        """Of each of `MAKES`."""
        return self.plain, self.bait, self.craft

    @property
    def actions(self) -> int:
        """How many actions a creator has: nothing, or one of the choices made in one of the ways.

        `1 + choice * len(MAKES) + make`.
        """
        return 1 + self.choices * len(MAKES)


class Creators:
    """The creators of a market and their items; watches the market, and is its `Goods`.

    Every item has one owner, drawn by its number. Appeal and quality are arrays of this market
    alone, in deviations (`World.item_worth`).

    Args:
        world: whose items. rules: of each creator, one of `RULES`. size: users at once.
        trade: the terms.

    Attributes:
        owner: int32 (items,). released: bool (items,). made: int8 (items,), place in `MAKES` of
            what was released in this market, -1 else.
        appeal, quality: float64 (items,), live.
        wealth: float64 (creators,). alive: bool (creators,).
        shown, clicked: int64 (items,), today. earned: float64 (creators,), yesterday.
    """

    def __init__(
        self,
        world: World,
        rules: Sequence[str],
        size: int,
        room: int,
        trade: Trade | None = None,
    ) -> None:
        for rule in rules:
            if rule not in RULES:
                raise unknown("rule of a creator", rule, RULES)
        n, count = world.n_items, len(rules)
        if not 1 <= count <= n:
            raise OptionError(f"{count} creators; a world of {n} items has room for 1 to {n}.")
        self.world, self.rules, self.trade = world, tuple(rules), trade or Trade()
        self.count = count
        self._batches: list[Lives] = []
        self._natural = world.item_worth("appeal"), world.item_worth("quality")
        self.appeal, self.quality = (np.array(part) for part in self._natural)
        links = world.item_attributes
        self._degrees = links.degrees()
        self._item_of = np.repeat(np.arange(n), self._degrees)
        self._attributes = links.indices
        self.owner = np.zeros(n, dtype=np.int32)
        self.released = np.ones(n, dtype=np.bool_)
        self.made = np.full(n, -1, dtype=np.int8)
        self.wealth, self.alive = np.zeros(count), np.ones(count, dtype=np.bool_)
        self.shown, self.clicked = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.earned = np.zeros(count)
        # What was consumed in the running session of each user: int32 (size, room), its number.
        self._taken = np.zeros((size, room), dtype=np.int32)
        self._n_taken = np.zeros(size, dtype=np.int32)
        # By attribute, then by make: shown, clicked, consumed and soon back, all creators together.
        width = world.n_attributes + len(MAKES)
        self._seen = np.zeros((4, width))

    def begin(self, seed: int) -> None:
        """The first day of a market: everything as the world has it, the held-back items held."""
        n, t = self.world.n_items, self.trade
        items, seeds = np.arange(n), np.full(n, seed, dtype=np.uint64)
        self.owner[:] = draw_units(seeds, items, np.zeros(n), UNRELEASED) * self.count
        order = draw_units(seeds, items, np.ones(n), UNRELEASED)
        self.released[:] = True
        self._next: list[NDArray[np.int64]] = []
        for j in range(self.count):
            mine = np.flatnonzero(self.owner == j)
            mine = mine[np.argsort(order[mine], kind="stable")]
            held = mine[: round(t.held_back * len(mine))]
            self.released[held] = False
            self._next.append(held)
        self.appeal[:], self.quality[:] = self._natural
        self.made[:] = -1
        self.wealth[:], self.alive[:] = t.budget, True
        self.earned[:] = 0.0
        self._seen[:] = 0.0
        self._n_taken[:] = 0
        self.seed = seed
        self._pack()
        self.new_day()

    def new_day(self) -> None:
        """Counts of the day begin anew; older ones fade."""
        self.shown[:] = 0
        self.clicked[:] = 0
        self._seen *= MEMORY

    # ---- goods of the market ---------------------------------------------------------------------

    def attach(self, batch: Lives) -> None:
        """The platform reads appeal and quality of this market."""
        for name, array in (("appeal", self.appeal), ("quality", self.quality)):
            slot = batch.fields.arrays[name][0]
            batch.memory.arrays[name] = batch.arrays[name] = array
            batch.table[slot] = array.ctypes.data
        self._batches.append(batch)

    def withhold(self, batch: Lives, rows: NDArray[np.int64]) -> None:
        batch.arrays["withheld"][rows] |= self._hidden

    def _pack(self) -> None:
        words = self.world.bitsets.shape[1]
        bits = np.zeros(words * 64, dtype=np.uint8)
        bits[: self.world.n_items] = ~self.released
        self._hidden = np.packbits(bits, bitorder="little").view(np.uint64)

    # ---- acting ----------------------------------------------------------------------------------

    def slots(self, creator: int) -> NDArray[np.int64]:
        """The unreleased items that a creator chooses from now, at most `choices`; int64."""
        return self._next[creator][: self.trade.choices]

    def mask(self, creator: int) -> NDArray[np.int8]:
        """What a creator can do: nothing, and what they can pay for; int8 (actions,)."""
        mask = np.zeros(self.trade.actions, dtype=np.int8)
        mask[NOTHING] = 1
        if self.alive[creator]:
            for make, cost in enumerate(self.trade.costs):
                if self.wealth[creator] >= cost:
                    n = len(self.slots(creator))
                    mask[1 + make : 1 + n * len(MAKES) : len(MAKES)] = 1
        return mask

    def release(self, creator: int, action: int) -> float:
        """Do what an action of `mask` says; returns what it cost."""
        if action == NOTHING:
            return 0.0
        choice, make = divmod(action - 1, len(MAKES))
        item = int(self.slots(creator)[choice])
        self._next[creator] = self._next[creator][self._next[creator] != item]
        self.released[item] = True
        self.made[item] = make
        if MAKES[make] == "bait":
            self.appeal[item] += self.trade.bait_appeal
        elif MAKES[make] == "craft":
            self.quality[item] += self.trade.craft_quality
        self._hidden[item >> 6] &= ~(np.uint64(1) << np.uint64(item & 63))
        for batch in self._batches:  # nobody was shown it: the bit says that it was withheld
            batch.arrays["withheld"][:, item >> 6] &= ~(np.uint64(1) << np.uint64(item & 63))
        cost = self.trade.costs[make]
        self.wealth[creator] -= cost
        return cost

    def decide(self, creator: int, day: int) -> int:
        """What the creator's rule does.

        `still` releases its next item as it is. The chasers release, of their choices, the one
        whose attributes did best so far, made in the way that did best: by clicks of the times
        shown, or by users who came back within a week of those who consumed it. One release in ten
        is drawn, and so is one as long as a way was tried too little to be judged.
        """
        mask = self.mask(creator)
        legal = np.flatnonzero(mask)
        if len(legal) == 1:
            return NOTHING
        if self.rules[creator] == "still":
            return 1 if mask[1] else NOTHING
        luck = draw_units(
            np.full(2, self.seed, np.uint64), np.full(2, creator), [2 * day, 2 * day + 1], CREATE
        )
        likes = self.trends()[0 if self.rules[creator] == "chase_clicks" else 1]
        makes = likes[self.world.n_attributes :]
        if luck[0] < EXPLORES or np.isnan(makes).any():
            return int(legal[1 + int(luck[1] * (len(legal) - 1))])
        best = NOTHING, -np.inf
        for action in legal[1:]:
            choice, make = divmod(int(action) - 1, len(MAKES))
            worth = self.profile(int(self.slots(creator)[choice]), likes) + makes[make]
            if worth > best[1]:
                best = int(action), worth
        return best[0]

    def trends(self, least: float = 30.0) -> NDArray[np.float64]:
        """Clicks of the times shown, and users soon back of those who consumed.

        By attribute, then by make (NaN where fewer than `least` were counted); float64 (2,
        attributes + makes). Creators all see the same.
        """
        shown, clicked, taken, back = self._seen
        rates = np.full((2, self._seen.shape[1]), np.nan)
        np.divide(clicked, shown, out=rates[0], where=shown >= least)
        np.divide(back, taken, out=rates[1], where=taken >= least)
        n = self.world.n_attributes
        for row in rates[:, :n]:  # of what is little known nothing is expected
            known = row[~np.isnan(row)]
            row[np.isnan(row)] = known.mean() if len(known) else 0.0
        return rates

    def profile(self, item: int, likes: NDArray[np.float64]) -> float:
        """The mean of what is said of the attributes of an item; 0 where it has none."""
        own = self.world.item_attributes.row(item)
        return float(likes[own].mean()) if len(own) else 0.0

    # ---- watching the market ---------------------------------------------------------------------

    def opened(self, market: Market, rows: NDArray[np.int64]) -> None:
        self._n_taken[rows] = 0

    def chose(self, market: Market, rows: NDArray[np.int64]) -> None:
        """Creators do not see where users are."""

    def ended(self, market: Market, rows: NDArray[np.int64]) -> None:
        """The last move has told it."""

    def moved(self, market: Market, platform: int, rows: NDArray[np.int64]) -> None:
        a = market.lives[platform].arrays
        listed = rows[a["verb"][rows] == Verb.RECOMMEND]
        shown, levels = a["shown"][listed], a["levels"][listed]
        there = shown >= 0
        clicks = there & (levels >= Level.CLICK)
        n = self.world.n_items
        counts = np.bincount(shown[there], minlength=n)
        taken = np.bincount(shown[clicks], minlength=n)
        self.shown += counts
        self.clicked += taken
        self._learn(0, counts)
        self._learn(1, taken)
        for k in range(shown.shape[1]):
            row = listed[clicks[:, k]]
            self._taken[row, self._n_taken[row]] = shown[clicks[:, k], k]
            self._n_taken[row] += 1
        closed = rows[a["ended"][rows] > 0]
        gap = a["gap"][closed]
        for which, some in ((2, closed), (3, closed[(gap > 0) & (gap <= SOON)])):
            held = np.arange(self._taken.shape[1]) < self._n_taken[some][:, None]
            self._learn(which, np.bincount(self._taken[some][held], minlength=n))
        self._n_taken[closed] = 0

    def _learn(self, which: int, counts: NDArray[np.int64]) -> None:
        attributes = self.world.n_attributes
        self._seen[which, :attributes] += np.bincount(
            self._attributes, weights=counts[self._item_of], minlength=attributes
        )
        of_market = self.made >= 0
        self._seen[which, attributes:] += np.bincount(
            self.made[of_market], weights=counts[of_market], minlength=len(MAKES)
        )

    def pay(self) -> NDArray[np.float64]:
        """The end of a day: income and upkeep; who is out. Returns the income, float64 (C,)."""
        mine = np.bincount(self.owner, weights=self.shown, minlength=self.count)
        total = mine.sum()
        share = mine / total if total else np.zeros(self.count)
        self.earned = np.where(self.alive, self.trade.income * self.count * share, 0.0)
        self.wealth += np.where(self.alive, self.earned - self.trade.upkeep, 0.0)
        self.alive &= self.wealth >= 0
        return self.earned

    def offered(self) -> dict[str, float]:
        """What is on offer (`released`, items), and of what was released in this market: `variety`
        (one less the sum of squared shares of attributes; 0 for nothing), and how it was made."""
        made = self.made[self.made >= 0]
        counts = np.bincount(
            self._attributes,
            weights=(self.made >= 0)[self._item_of].astype(float),
            minlength=self.world.n_attributes,
        )
        share = counts / max(counts.sum(), 1.0)
        ways = {
            name: float((made == k).mean()) if len(made) else 0.0 for k, name in enumerate(MAKES)
        }
        variety = float(1.0 - (share**2).sum()) if len(made) else 0.0
        return {"released": float(self.released.sum()), "variety": variety, **ways}

    def describe(self) -> dict[str, Any]:
        """The terms and rules as JSON values."""
        terms = {entry.name: getattr(self.trade, entry.name) for entry in fields(self.trade)}
        return {"rules": list(self.rules), **terms}
