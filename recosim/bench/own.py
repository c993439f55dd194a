"""`OwnCounts`: how much of a unit of work a language model itself said, decided and moved.

Where no valid answer comes, templates speak, and rules decide and move, in the model's place. So
the counts lie beside the outcomes, one file for each unit, and a table shows them in its rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from recosim.chat import OwnShare
from recosim.errors import ResultsError
from recosim.files import write_json

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
    """

    def __init__(self, askers: Iterable[object], limit: float) -> None:
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
        """Add a chunk that was done before. Raises `ResultsError` if its file is damaged."""
        self._total = _sum(self._total, read_own(path))

    def write(self, path: Path, *, last: bool = False) -> None:
        """Write the counts, atomically, if there are any; with `last` of the last chunk alone."""
        if counts := self._last if last else self._total:
            write_json(path, {kind: list(pair) for kind, pair in sorted(counts.items())})


def own_path(folder: Path, key: str, agent: str, seed: int) -> Path:
    """Where the counts of one agent and seed lie; no file where no model was asked."""
    return folder / "own" / key / f"{agent}-{seed}.json"


def read_own(path: Path) -> dict[str, tuple[int, int]]:
    """The counts in a file, kind -> (own, asked for); nothing where there is none.

    Raises:
        ResultsError: the file is damaged.
    """
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        return {kind: _pair(data[kind]) for kind in KINDS if kind in data}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise ResultsError(
            f"{path} is damaged ({str(error)[:200]}). Remove it and the outcomes of the same agent "
            "and seed, and start the same bench again: only this part is run anew."
        ) from None


def own_share(counts: Iterable[Mapping[str, tuple[int, int]]], kind: str) -> float | None:
    """The share that is the model's own, over several counts; None where it was asked nothing."""
    pairs = [each[kind] for each in counts if kind in each]
    asked = sum(n for _, n in pairs)
    return sum(own for own, _ in pairs) / asked if asked else None


def _pair(value: Any) -> tuple[int, int]:
    own, asked = value
    if not all(type(n) is int for n in (own, asked)) or not 0 <= own <= asked:
        raise ValueError(f"{value!r} are no counts")
    return own, asked


def _sum(
    a: Mapping[str, tuple[int, int]], b: Mapping[str, tuple[int, int]]
) -> dict[str, tuple[int, int]]:
    pairs = {kind: (a.get(kind, (0, 0)), b.get(kind, (0, 0))) for kind in {*a, *b}}
    return {kind: (x[0] + y[0], x[1] + y[1]) for kind, (x, y) in pairs.items()}
