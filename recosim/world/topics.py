"""What makes a world a collection to search in: topics of turns, and judgements of documents.

The two are apart, so that whoever is handed the topics (the user, the system) cannot read what the
evaluator alone may know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recosim.errors import WorldError
from recosim.world.csr import Csr
from recosim.world.strings import StringTable

__all__ = ["Judgements", "Topics", "assemble", "judgements_of", "split_topics"]


class Topics(NamedTuple):
    """What people wanted to know: topics, each a sequence of turns.

    A turn is one utterance of a user and the need behind it. Turns of one topic are next to each
    other; a conversation that branches is one topic, whose turns have different histories.
    """

    names: StringTable  # (topics,) the source's own ids
    split: NDArray[np.int8]  # (topics,) 0 train, 1 valid, 2 test
    turn_topic: NDArray[np.int32]  # (turns,) ascending
    turn_names: StringTable  # (turns,) the source's own ids, as its judgements use them
    utterances: StringTable  # (turns,) what the user says
    needs: StringTable  # (turns,) what the user wants to know
    rewrites: StringTable  # (turns,) the utterance resolved by a person, "" where there is none
    answers: StringTable  # (turns,) the canonical passage, "" where there is none; never shown
    history: Csr  # turns rows, the earlier turns of the same conversation, in order

    @property
    def n_topics(self) -> int:
        return len(self.names)

    @property
    def n_turns(self) -> int:
        return len(self.turn_names)

    def turns_of(self, topic: int) -> NDArray[np.int64]:
        """The turns of a topic, int64, ascending."""
        lo, hi = np.searchsorted(self.turn_topic, [topic, topic + 1])
        return np.arange(lo, hi)

    def earlier(self, turn: int, last: int | None = None) -> list[str]:
        """What the user said before a turn: all of it, or the `last` utterances, in order."""
        ids = self.history.row(turn).tolist()
        return [self.utterances[t] for t in ids[0 if last is None else max(0, len(ids) - last) :]]

    def check(self, name: str) -> None:
        """Hold that the parts fit together.

        Raises:
            WorldError: tables of different lengths, turns out of order, a history that is not of
                earlier turns of the same topic, a split that is none.
        """
        n, turns = self.n_topics, self.n_turns
        _hold(n > 0 and turns > 0, name, "it has no topics or no turns")
        for label in ("turn_topic", "utterances", "needs", "rewrites", "answers"):
            size = len(getattr(self, label))
            _hold(size == turns, name, f"{size} {label} for {turns} turns")
        _hold(len(self.split) == n, name, f"{len(self.split)} splits for {n} topics")
        _hold(bool(np.isin(self.split, (0, 1, 2)).all()), name, "a split of topics is not 0 to 2")
        steps = np.diff(self.turn_topic)
        inside = int(self.turn_topic[0]) >= 0 and int(self.turn_topic[-1]) < n
        _hold(inside and bool((steps >= 0).all()), name, "turns are not in the order of topics")
        _hold(self.history.rows == turns, name, f"a history of {self.history.rows} turns")
        later, before = self.history.pairs()
        _hold(
            bool((before >= 0).all() and (before < later).all())
            and bool((self.turn_topic[before] == self.turn_topic[later]).all()),
            name,
            "a history holds a turn that is not an earlier one of the same topic",
        )


class Judgements(NamedTuple):
    """Which documents answer which turn, as people judged it: for the evaluator and the reward."""

    documents: Csr  # turns rows, the judged items of each turn
    grade: NDArray[np.int16]  # (links,) 0 not relevant, 1 and more relevant, as `documents` has it

    def of(self, turn: int) -> dict[int, int]:
        """Item -> grade of the judged documents of a turn."""
        lo, hi = self.documents.indptr[turn], self.documents.indptr[turn + 1]
        ids, grades = self.documents.indices[lo:hi].tolist(), self.grade[lo:hi].tolist()
        return dict(zip(ids, grades, strict=True))

    def answerable(self) -> NDArray[np.bool_]:
        """Whether a turn has a relevant document, bool (turns,)."""
        rows, _ = self.documents.pairs()
        return np.bincount(rows[self.grade > 0], minlength=self.documents.rows) > 0

    def check(self, name: str, n_turns: int, n_items: int) -> None:
        """Hold that the parts fit the topics and items.

        Raises:
            WorldError: judgements of another number of turns, unknown items, grades below 0.
        """
        _hold(self.documents.rows == n_turns, name, f"judgements of {self.documents.rows} turns")
        links = self.documents.links
        _hold(len(self.grade) == links, name, f"{len(self.grade)} grades for {links} judgements")
        _hold(bool((self.grade >= 0).all()), name, "a grade is below 0")
        ids = self.documents.indices
        known = bool((ids >= 0).all() and (ids < n_items).all())
        _hold(known, name, f"a judgement is of an item outside 0..{n_items - 1}")


def judgements_of(given: Sequence[Mapping[int, int]]) -> Judgements:
    """Judgements from one mapping (item -> grade) for each turn."""
    ordered = [sorted(row.items()) for row in given]
    indptr = np.zeros(len(ordered) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in ordered], out=indptr[1:])
    flat = np.array([pair for row in ordered for pair in row], dtype=np.int64).reshape(-1, 2)
    return Judgements(Csr(indptr, flat[:, 0].astype(np.int32)), flat[:, 1].astype(np.int16))


def split_topics(n: int, seed: int) -> NDArray[np.int8]:
    """A random 70/15/15 split of topics, int8 (n,): 0 train, 1 valid, 2 test."""
    order = np.random.default_rng(seed).permutation(n)
    held = round(0.15 * n)
    split = np.zeros(n, dtype=np.int8)
    split[order[:held]], split[order[held : 2 * held]] = 2, 1
    return split


def assemble(kind: type[Any], field: str, arrays: Mapping[str, Any]) -> Any:
    """A `Topics` or `Judgements` from stored arrays, None where they are not there."""
    parts: dict[str, Any] = {}
    for part in kind._fields:
        label = f"{field}.{part}"
        if f"{label}.indptr" in arrays:
            parts[part] = Csr(arrays[f"{label}.indptr"], arrays[f"{label}.indices"])
        elif f"{label}.offsets" in arrays:
            parts[part] = StringTable(arrays[f"{label}.offsets"], arrays[f"{label}.blob"])
        elif label in arrays:
            parts[part] = arrays[label]
        else:
            return None
    return kind(**parts)


def _hold(holds: bool, name: str, problem: str) -> None:
    if not holds:
        raise WorldError(f"world {name!r} cannot be built: {problem}.")
