"""`OwnCounts`: how much of a unit of work a language model itself said, decided and moved.

Where no valid answer comes, templates speak, and rules decide and move, in the model's place. So
the counts lie beside the outcomes, one file for each unit, and a table shows them in its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from recosim.chat import OwnShare
from recosim.checked import read_checked, write_checked
from recosim.errors import ResultsError, shown

__all__ = ["KINDS", "OwnCounts", "own_path", "own_share", "read_own"]

# What a model may be asked for, and how a column of the share that is its own is called.
KINDS = {
    "words": "Words by model",
    "decisions": "Decisions by model",
    "moves": "Moves by model",
}


class OwnCounts:
    """Adds up what is the models' own, over the chunks of a unit.

    Args:
        askers: who may ask a model (`share`): an agent, a speaker of users, or nobody.
        limit: share of fallbacks above which they stop the run.
        unit: digest of the unit of work (`recosim.bench.essence.unit_digest`).
    """

    def __init__(self, askers: Iterable[object], limit: float, unit: str) -> None:
        self._unit = unit
        found = (getattr(asker, "share", None) for asker in askers)
        self._shares = [share for share in found if isinstance(share, OwnShare)]
        for share in self._shares:
            share.limit = limit
        self._total: dict[str, tuple[int, int]] = {}
        self._last: dict[str, tuple[int, int]] = {}

    def begin(self) -> None:
        """A chunk begins."""
        for share in self._shares:
            share.begin()

    def end(self) -> None:
        """A chunk has ended."""
        self._last = {}
        for share in self._shares:
            self._last = _sum(self._last, share.counts())
        self._total = _sum(self._total, self._last)

    def read(self, path: Path) -> None:
        """Add a chunk that was done before. Raises `ResultsError`, see `read_own`."""
        self._total = _sum(self._total, read_own(path, self._unit))

    def write(self, path: Path, *, last: bool = False) -> None:
        """Write the counts, atomically, if there are any; with `last` of the last chunk alone."""
        if counts := self._last if last else self._total:
            write_checked(path, {"unit": self._unit, "own": dict(sorted(counts.items()))})


def own_path(folder: Path, key: str, agent: str, seed: int) -> Path:
    """Where the counts of one agent and seed lie; no file where no model was asked."""
    return folder / "own" / key / f"{agent}-{seed}.json"


def read_own(path: Path, unit: str) -> dict[str, tuple[int, int]]:
    """The counts in a file, kind -> (own, asked for); nothing where there is none.

    Raises:
        ResultsError: the file is damaged, or of another unit of work.
    """
    advice = (
        "Remove it and the outcomes of the same agent and seed, and start the same bench again: "
        "only this part is run anew."
    )
    try:
        data, _ = read_checked(path, ResultsError, advice)
    except FileNotFoundError:
        return {}
    if data.get("unit") != unit:
        raise ResultsError(f"{path} is of another run. {advice}")
    counts = data.get("own")
    if not isinstance(counts, dict) or not all(map(_is_pair, counts.values())):
        raise ResultsError(f"{path} holds {shown(counts)}, no counts. {advice}")
    return {kind: (counts[kind][0], counts[kind][1]) for kind in KINDS if kind in counts}


def own_share(counts: Iterable[Mapping[str, tuple[int, int]]], kind: str) -> float | None:
    """The share that is the model's own, over several counts; None where it was asked nothing."""
    pairs = [each[kind] for each in counts if kind in each]
    asked = sum(n for _, n in pairs)
    return sum(own for own, _ in pairs) / asked if asked else None


def _is_pair(value: Any) -> bool:
    """Whether this is how many are the model's own, and how many it was asked for."""
    whole = isinstance(value, list) and [type(n) for n in value] == [int, int]
    return whole and 0 <= value[0] <= value[1]


def _sum(
    a: Mapping[str, tuple[int, int]], b: Mapping[str, tuple[int, int]]
) -> dict[str, tuple[int, int]]:
    pairs = {kind: (a.get(kind, (0, 0)), b.get(kind, (0, 0))) for kind in {*a, *b}}
    return {kind: (x[0] + y[0], x[1] + y[1]) for kind, (x, y) in pairs.items()}
