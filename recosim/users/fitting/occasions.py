"""`Log`: what a log tells of users, as occasions on which a user did or did not do a thing.

Whatever the log is, a trace, dialogues or lists, fitting and scoring read nothing else.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells", "Gathering", "Log", "Occasions"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """The different things that occasions hang on, each once.

    Attributes:
        given: by name, float64 (cells,).
        of: int64 (occasions,), the cell of each.
    """

    given: Mapping[str, Floats]
    of: Ints

    def __len__(self) -> int:
        return int(self.of.max(initial=-1)) + 1


@dataclass(frozen=True)
class Occasions:
    """Occasions of one kind (`recosim.users.fitting.kinds`), in the order of the log.

    Attributes:
        kind: its name.
        user, conversation: int64 (n,), whose and in which.
        outcome: int64 (n,), the position of what happened among the outcomes of the kind.
        order: int64 (n,), rises within a user: what comes first is known first.
        given: by name float64 (n,), what the chance hangs on besides the user.
    """

    kind: str
    user: Ints
    conversation: Ints
    outcome: Ints
    order: Ints
    given: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.user)

    def take(self, chosen: NDArray[np.bool_] | Ints) -> Occasions:
        """Some of them: bool (n,) or positions."""
        return Occasions(
            self.kind,
            self.user[chosen],
            self.conversation[chosen],
            self.outcome[chosen],
            self.order[chosen],
            {name: values[chosen] for name, values in self.given.items()},
        )

    def cells(self) -> Cells:
        """What they hang on, each combination once."""
        if not self.given or not len(self):
            return Cells({}, np.zeros(len(self), dtype=np.int64))
        table = np.stack(list(self.given.values()), axis=1)
        rows, of = np.unique(table, axis=0, return_inverse=True)
        columns = {name: rows[:, k].copy() for k, name in enumerate(self.given)}
        return Cells(columns, of.reshape(-1).astype(np.int64))


@dataclass(frozen=True)
class Log:
    """What a log tells of users.

    Attributes:
        occasions: by kind; kinds without any are left out.
        conversations: how many there are; they are numbered from 0.
        source: what the log is, for cards.
        silent: by setting, why the log cannot tell of it.
        unit: what a conversation is here, in the plural; what is held out is one of them.
    """

    occasions: Mapping[str, Occasions]
    conversations: int
    source: str
    silent: Mapping[str, str] = field(default_factory=dict)
    unit: str = "conversations"

    @property
    def total(self) -> int:
        """Occasions of all kinds."""
        return sum(len(own) for own in self.occasions.values())

    def of_conversations(self, chosen: NDArray[np.bool_]) -> Log:
        """The part of some conversations, bool (conversations,)."""
        return self.keep({k: chosen[own.conversation] for k, own in self.occasions.items()})

    def keep(self, chosen: Mapping[str, NDArray[np.bool_]]) -> Log:
        """The part of some occasions: by kind bool (occasions of it,)."""
        parts = {kind: own.take(chosen[kind]) for kind, own in self.occasions.items()}
        kept = {kind: part for kind, part in parts.items() if len(part)}
        return replace(self, occasions=kept)


class Gathering:
    """Builds a `Log`, one occasion after the other."""

    def __init__(self) -> None:
        self._users: dict[Hashable, int] = {}
        self._conversations: dict[Hashable, int] = {}
        self._rows: dict[str, list[tuple[int, int, int, int, tuple[float, ...]]]] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._order = 0
        self.silent: dict[str, str] = {}

    def conversation(self, name: Hashable) -> int:
        """The number of a conversation; it counts as one even if nothing comes of it."""
        return self._conversations.setdefault(name, len(self._conversations))

    def add(
        self, kind: str, user: Hashable, conversation: Hashable, outcome: int, **given: float
    ) -> None:
        """One occasion; `given` has the same names in the same order for all of a kind."""
        self._order += 1
        names = self._names.setdefault(kind, tuple(given))
        row = (
            self._users.setdefault(user, len(self._users)),
            self.conversation(conversation),
            int(outcome),
            self._order,
            tuple(float(given[name]) for name in names),
        )
        self._rows.setdefault(kind, []).append(row)

    def log(self, source: str, unit: str = "conversations") -> Log:
        """What was gathered."""
        occasions = {}
        for kind, rows in self._rows.items():
            whole = np.array([row[:4] for row in rows], dtype=np.int64)
            table = np.array([row[4] for row in rows], dtype=np.float64).reshape(len(rows), -1)
            given = {name: table[:, k] for k, name in enumerate(self._names[kind])}
            user, conversation, outcome, order = whole.T.copy()
            occasions[kind] = Occasions(kind, user, conversation, outcome, order, given)
        return Log(occasions, len(self._conversations), source, dict(self.silent), unit)
