"""What the lives of an agent give together: how evenly items are shown, how long users wait.

No sum over lives says it, so it is measured once, from the whole trace of an agent and seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.acts import Verb
from recosim.metrics import Figure, Joint
from recosim.trace import Trace
from recosim.world.world import World

__all__ = ["JOINT", "Waits", "exposure", "gini", "lorenz", "measure", "waits"]

PLACES = 101  # of the Lorenz curve
MOST = 8  # instructions in force at once (docs/recoworld.md, section 4)
TURN, SESSION = 0, 1  # scopes; 2 holds always
WANT = 1  # a directive; 0 avoids


def measure(trace: Trace, world: World) -> dict[str, float | list[float] | None]:
    """What `JOINT` declares.

    Args:
        trace: of one agent and seed, ordered by conversation, then step.
        world: that it was recorded on.
    """
    shown = exposure(trace, world.n_items)
    found = waits(trace, world)
    obeyed = [n for n in found.lists if n]
    return {
        "coverage": float((shown > 0).mean()),
        "gini": gini(shown),
        "lorenz": lorenz(shown),
        "wait": sum(obeyed) / len(obeyed) if obeyed else None,
        "never": 1 - len(obeyed) / len(found.lists) if found.lists else None,
    }


JOINT = Joint(
    "Items and instructions, all lives together",
    (
        Figure("coverage", "Coverage", help="Coverage: share of the items that were ever shown."),
        Figure(
            "gini",
            "Gini",
            help="Gini: of how often each item was shown; 0 all alike, 1 one of them alone.",
        ),
        Figure(
            "wait",
            "Lists until obeyed",
            2,
            "Lists until obeyed: from an instruction to the first list that obeys it, 1 for the "
            "next, of those that were obeyed.",
        ),
        Figure(
            "never",
            "Never obeyed",
            help="Never obeyed: share of instructions that no list obeyed while they held, of "
            "those that a list could obey.",
        ),
    ),
    measure,
    lines=("lorenz",),
)


def exposure(trace: Trace, n_items: int) -> NDArray[np.int64]:
    """How often each item was shown; int64 (n_items,)."""
    items = np.asarray(trace.table.column("items").combine_chunks().flatten())
    return np.bincount(items, minlength=n_items)


def gini(shown: NDArray[np.int64]) -> float | None:
    """The Gini coefficient of counts, twice the area between the Lorenz curve and the diagonal.

    It is 0 where all are alike and 1 - 1/n where one has everything; None where nothing was shown.
    """
    n, total = len(shown), int(shown.sum())
    if not total:
        return None
    ranks = np.arange(1, n + 1)
    return float(2 * (ranks * np.sort(shown)).sum() / (n * total) - (n + 1) / n)


def lorenz(shown: NDArray[np.int64]) -> list[float] | None:
    """The share of everything shown that the least shown items have together, by their share.

    Returns:
        Its heights at `PLACES` evenly spaced shares of 0 to 1; None where nothing was shown.
    """
    total = int(shown.sum())
    if not total:
        return None
    heights = np.concatenate([[0], np.cumsum(np.sort(shown))]) / total
    at = np.interp(np.linspace(0, 1, PLACES), np.linspace(0, 1, len(heights)), heights)
    return [float(value) for value in at]


@dataclass
class Waits:
    """What became of instructions, by the rules of docs/recoworld.md, section 4.

    Attributes:
        lists: of each that a list could obey while it held: the number of the first list that
            obeyed it, counted from 1 since it was given; 0: none did.
        obeyed, ignored: of each row of the trace with a list: how many in force it obeyed, ignored;
            the trace has the same numbers, from the rules themselves.
    """

    lists: list[int] = field(default_factory=list)
    obeyed: list[int] = field(default_factory=list)
    ignored: list[int] = field(default_factory=list)


@dataclass
class _Given:
    """An instruction in force: `first` is the list that obeyed it first, 0 for none so far."""

    directive: int
    attribute: int
    condition: int
    scope: int
    age: int = 0
    judged: bool = False
    first: int = 0


def waits(trace: Trace, world: World) -> Waits:
    """Follow every instruction of a trace from list to list; see `Waits`."""
    found = Waits()
    force: list[_Given] = []
    has = [frozenset(world.item_attributes.row(v).tolist()) for v in range(world.n_items)]
    for row in _rows(trace):
        if row["verb"] == Verb.OPEN:
            _end(found, force)
            force = []
        if row["verb"] == Verb.RECOMMEND:
            counts = [_judge(given, [has[v] for v in row["items"]]) for given in force]
            found.obeyed.append(counts.count(True))
            found.ignored.append(counts.count(False))
            for given, obeys in zip(force, counts, strict=True):
                given.age += 1
                given.judged |= obeys is not None
                if obeys and not given.first:
                    given.first = given.age
            force = _without(found, force, [given.scope == TURN for given in force])
        for code in _fours(row["given"]):
            force = _give(found, force, code)
        if row["gap"] > 0:
            force = _without(found, force, [given.scope <= SESSION for given in force])
        for code in _fours(row["at_opening"]):
            force = _give(found, force, code)
    _end(found, force)
    return found


def _rows(trace: Trace) -> Iterator[dict[str, Any]]:
    """What instructions hang on, of every row."""
    names = ("verb", "items", "given", "at_opening", "gap")
    columns = {name: trace.table.column(name).to_pylist() for name in names}
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))


def _judge(given: _Given, items: Sequence[frozenset[int]]) -> bool | None:
    """Whether a list, as the attributes of its items, obeys an instruction; None: none counts."""
    counted = [has for has in items if given.condition < 0 or given.condition in has]
    if not counted:
        return None
    met = sum(given.attribute in has for has in counted)
    return 2 * met >= len(counted) if given.directive == WANT else met == 0


def _give(found: Waits, force: list[_Given], code: Sequence[int]) -> list[_Given]:
    """One more in force: an equal one ends, and the oldest where there is no room."""
    directive, attribute, condition, scope = code
    new = _Given(directive, attribute, condition, scope)
    same = [(old.directive, old.attribute) == (new.directive, new.attribute) for old in force]
    force = _without(found, force, same)
    if len(force) == MOST:
        force = _without(found, force, [True] + [False] * (MOST - 1))
    return [*force, new]


def _without(found: Waits, force: list[_Given], ended: Sequence[bool]) -> list[_Given]:
    _end(found, [given for given, over in zip(force, ended, strict=True) if over])
    return [given for given, over in zip(force, ended, strict=True) if not over]


def _end(found: Waits, ended: Sequence[_Given]) -> None:
    found.lists += [given.first for given in ended if given.judged]


def _fours(codes: Sequence[int]) -> Iterator[Sequence[int]]:
    return (codes[k : k + 4] for k in range(0, len(codes), 4))
