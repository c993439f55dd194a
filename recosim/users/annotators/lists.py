"""The lists that annotators judge: drawn for users of a world, or shown by agents in traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Verb
from recosim.errors import OptionError, ResultsError
from recosim.trace import Trace
from recosim.world.world import World

__all__ = [
    "DRAWN",
    "SIZES",
    "Lists",
    "draw_lists",
    "first_users",
    "fit_matrix",
    "lists_of_traces",
]

DRAWN = "drawn"  # who made a list that no agent made
MOST = 1024  # lists of one user
SIZES = (3, 12)  # items of a drawn list
PULL = 1.0  # how much of what fits is in a drawn list
BLOCK = 1 << 22


@dataclass(frozen=True)
class Lists:
    """Lists of items, each made for a user; those of one user stand together.

    Attributes:
        user: int32 (lists,), ascending.
        agent: int16 (lists,), who made it: a position in `agents`.
        items: int32 (lists, width), best first; -1 after the last.
        agents: their names.
    """

    user: NDArray[np.int32]
    agent: NDArray[np.int16]
    items: NDArray[np.int32]
    agents: tuple[str, ...] = (DRAWN,)

    def __post_init__(self) -> None:
        most = int(np.unique(self.user, return_counts=True)[1].max(initial=0))
        if most > MOST:
            raise OptionError(f"{most:,} lists of one user; at most {MOST:,} are judged.")

    def __len__(self) -> int:
        return len(self.user)

    @property
    def place(self) -> NDArray[np.int64]:
        """The number of each list among those of its user, int64 (lists,)."""
        _, starts, counts = np.unique(self.user, return_index=True, return_counts=True)
        return np.arange(len(self)) - np.repeat(starts, counts)

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All pairs of lists of one user, int64 (pairs,) each, the one that came first first.

        Where several agents made them, only lists of different agents are compared.
        """
        _, starts, counts = np.unique(self.user, return_index=True, return_counts=True)
        found = []
        for count in np.unique(counts):
            a, b = np.triu_indices(int(count), 1)
            first = starts[counts == count][:, None]
            found.append(np.stack([(first + a).ravel(), (first + b).ravel()]))
        first, second = np.concatenate(found, axis=1) if found else np.zeros((2, 0), np.int64)
        order = np.lexsort((second, first))
        first, second = first[order], second[order]
        if len(self.agents) > 1:
            differ = self.agent[first] != self.agent[second]
            first, second = first[differ], second[differ]
        return first.astype(np.int64), second.astype(np.int64)


def draw_lists(
    world: World,
    users: NDArray[np.int32],
    number: int,
    *,
    sizes: tuple[int, int] = SIZES,
    pull: float = PULL,
    seed: int = 0,
) -> Lists:
    """Lists drawn for users by one recommender that is neither blind nor good.

    Items are drawn without replacement with probability in proportion to
    `exp(pull * fit(u, v) / s)`, with `s` the standard deviation of the fits of all items to this
    user (the first to finish of so many exponential races), so that lists are draws of one policy,
    as responses sampled from one model.

    Args:
        users: int32 (users,), ascending.
        number: lists of each user.
        sizes: items of a list, least and most; each size is as likely.

    Raises:
        OptionError: sizes or numbers that cannot be.
    """
    low, high = sizes
    if not 1 <= low <= high <= world.n_items:
        raise OptionError(
            f"lists of {low} to {high} items; allowed: from 1 to the {world.n_items:,} items of "
            f"{world.name!r}, the smaller number first."
        )
    if not 1 <= number <= MOST:
        raise OptionError(f"{number:,} lists of a user; allowed: 1 to {MOST:,}.")
    has = fit_matrix(world)
    items = np.full((len(users), number, high), -1, dtype=np.int32)
    step = max(1, BLOCK // (world.n_items * number))
    for first in range(0, len(users), step):
        part = users[first : first + step]
        fit = np.asarray(has @ world.taste[part].astype(np.float64).T).T
        fit = fit / np.maximum(fit.std(axis=1, keepdims=True), 1e-12)
        for k, user in enumerate(part):
            # A generator for each user: who else is asked changes nothing.
            luck = np.random.default_rng([seed, int(user)])
            race = luck.standard_exponential((number, world.n_items), dtype=np.float32)
            race *= np.exp(-pull * fit[k]).astype(np.float32)
            best = np.argpartition(race, high - 1, axis=1)[:, :high]
            order = np.take_along_axis(race, best, axis=1).argsort(axis=1)
            ranked = np.take_along_axis(best, order, axis=1)
            size = luck.integers(low, high + 1, size=number)
            items[first + k] = np.where(np.arange(high) < size[:, None], ranked, -1)
    return Lists(
        np.repeat(users, number).astype(np.int32),
        np.zeros(len(users) * number, dtype=np.int16),
        items.reshape(-1, high),
    )


def first_users(lists: Lists, number: int | None) -> Lists:
    """The lists of the first so many users; None: of all."""
    if number is None:
        return lists
    kept = np.isin(lists.user, np.unique(lists.user)[:number])
    return Lists(lists.user[kept], lists.agent[kept], lists.items[kept], lists.agents)


def fit_matrix(world: World) -> Any:
    """Sparse float64 (items, attributes): 1 / sqrt(n) for each of the n attributes of an item, so
    that its product with a taste is how well each item fits (docs/recoworld.md, section 2)."""
    from scipy.sparse import csr_array

    links = world.item_attributes
    degrees = links.degrees()
    values = np.repeat(1.0 / np.sqrt(np.maximum(degrees, 1)), degrees)
    shape = (world.n_items, world.n_attributes)
    return csr_array((values, links.indices, links.indptr), shape=shape)


def lists_of_traces(traces: Sequence[tuple[str, Trace]], number: int = 1) -> Lists:
    """The first lists that agents showed to each user, from their traces.

    Args:
        traces: (name of the agent, its trace).
        number: lists of each agent and user, at most; empty ones are left out. Users to whom an
            agent showed nothing are left out, so that all agents are judged by the same users.

    Raises:
        ResultsError: traces without lists, or without users that they have in common.
    """
    names = tuple(dict.fromkeys(name for name, _ in traces))
    found: dict[int, dict[int, list[list[int]]]] = {}
    for name, trace in traces:
        if "items" not in trace.table.column_names:
            raise ResultsError(f"the trace of {name} holds no lists: it has no column `items`.")
        shown = np.flatnonzero(trace.column("verb") == Verb.RECOMMEND)
        rows: Any = trace.table.column("items").take(shown).to_pylist()
        agent = names.index(name)
        for user, items in zip(trace.column("user")[shown].tolist(), rows, strict=True):
            mine = found.setdefault(int(user), {}).setdefault(agent, [])
            if items and len(mine) < number:
                mine.append([int(v) for v in items])
    kept = {
        user: mine
        for user, mine in sorted(found.items())
        if all(mine.get(agent) for agent in range(len(names)))
    }
    if not kept:
        raise ResultsError(
            f"no user was shown a list by {' and by '.join(names)}: there is nothing to judge."
        )
    each = [
        (user, agent, items)
        for user, mine in kept.items()
        for agent in range(len(names))
        for items in mine[agent]
    ]
    width = max(len(items) for _, _, items in each)
    table = np.full((len(each), width), -1, dtype=np.int32)
    for row, (_, _, items) in enumerate(each):
        table[row, : len(items)] = items
    return Lists(
        np.array([user for user, _, _ in each], dtype=np.int32),
        np.array([agent for _, agent, _ in each], dtype=np.int16),
        table,
        names,
    )
