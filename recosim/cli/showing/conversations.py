"""The conversations of a trace: how each went, and choosing among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recosim.errors import OptionError, ResultsError, unknown
from recosim.trace import Trace

__all__ = ["Conversations"]


@dataclass(frozen=True)
class Conversations:
    """Conversations of a trace; all arrays of shape (conversations,).

    Attributes:
        trace: the whole trace, ordered by conversation, then step.
        start, stop: int64, the rows start..stop-1 of the trace are the conversation.
        number, user, seed: int32.
        agent: names, dtype object.
        ending: int64, position in the family's `Columns.endings`.
    """

    trace: Trace
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    number: NDArray[np.int32]
    user: NDArray[np.int32]
    seed: NDArray[np.int32]
    agent: NDArray[np.object_]
    ending: NDArray[np.int64]

    @staticmethod
    def of(trace: Trace) -> Conversations:
        """All conversations of a trace.

        Raises:
            ResultsError: its rows do not begin with an opening.
        """
        start = np.flatnonzero(trace.column("step") == 0)
        if len(trace) and (not len(start) or start[0] != 0):
            raise ResultsError(
                "the trace begins in the middle of a conversation; rows must be ordered by agent, "
                "seed, conversation and step, as they were recorded."
            )
        stop = np.append(start[1:], len(trace))[: len(start)]
        first, last = trace.table.take(pa.array(start)), trace.table.take(pa.array(stop - 1))
        return Conversations(
            trace,
            start,
            stop,
            number=_numbers(first, "conversation"),
            user=_numbers(first, "user"),
            seed=_numbers(first, "seed"),
            agent=np.array(first.column("agent").to_pylist(), dtype=object),
            ending=trace.columns.ending(last),
        )

    def __len__(self) -> int:
        return len(self.start)

    def endings(self) -> list[str]:
        """How each ended, in one word."""
        return [self._words[k] for k in self.ending]

    def choose(
        self,
        *,
        agent: str | None = None,
        seed: int | None = None,
        conversation: int | None = None,
        user: int | None = None,
        outcome: str | None = None,
    ) -> Conversations:
        """Those that fit everything given.

        Raises:
            OptionError: none does. UnknownNameError: no conversation of the family ends like this.
        """
        fits: dict[str, NDArray[np.bool_]] = {}
        if agent is not None:
            fits[f"--agent {agent}"] = self.agent == agent
        if seed is not None:
            fits[f"--seed {seed}"] = self.seed == seed
        if conversation is not None:
            fits[f"--conversation {conversation}"] = self.number == conversation
        if user is not None:
            fits[f"--user {user}"] = self.user == user
        if outcome is not None:
            if outcome not in self._words:
                raise unknown("value of --outcome", outcome, self._words)
            fits[f"--outcome {outcome}"] = self.ending == self._words.index(outcome)
        chosen = np.ones(len(self), dtype=bool)
        for fit in fits.values():
            chosen &= fit
        if fits and not chosen.any():
            raise OptionError(self._nothing(fits))
        return self._take(np.flatnonzero(chosen))

    def first(self, n: int) -> Conversations:
        """The first n, or all if there are fewer."""
        return self._take(np.arange(min(n, len(self))))

    def rows(self) -> Trace:
        """The rows of these conversations, and of no other."""
        if not len(self):
            return Trace(self.trace.table.slice(0, 0), self.trace.metadata)
        rows = np.concatenate(
            [np.arange(*ends) for ends in zip(self.start, self.stop, strict=True)]
        )
        return Trace(self.trace.table.take(pa.array(rows)), self.trace.metadata)

    @property
    def _words(self) -> tuple[str, ...]:
        return self.trace.columns.endings

    def _take(self, chosen: NDArray[np.int64]) -> Conversations:
        return Conversations(
            self.trace,
            self.start[chosen],
            self.stop[chosen],
            number=self.number[chosen],
            user=self.user[chosen],
            seed=self.seed[chosen],
            agent=self.agent[chosen],
            ending=self.ending[chosen],
        )

    def _nothing(self, fits: dict[str, NDArray[np.bool_]]) -> str:
        """What was asked for, what there is."""
        if not len(self):
            return "the trace holds no conversations."
        ends = {end: int((self.ending == k).sum()) for k, end in enumerate(self._words)}
        there = [
            f"{_counted(len(self), 'conversation')}, numbered {self.number.min()} to "
            f"{self.number.max()}",
            f"of {_counted(len(np.unique(self.user)), 'user')}, {self.user.min()} to "
            f"{self.user.max()}",
            f"by {', '.join(sorted(set(map(str, self.agent))))}",
            f"with seed {', '.join(map(str, np.unique(self.seed)))}",
            ", ".join(f"{n:,} {name}" for name, n in ends.items() if n),
        ]
        alone = [name for name, fit in fits.items() if not fit.any()]
        wrong = " and ".join(alone) if alone else f"{' '.join(fits)} together"
        return (
            f"no conversation fits {wrong}. The trace has {'; '.join(there)}. "
            "Choose among these, or leave the option out."
        )


def _numbers(table: pa.Table, name: str) -> NDArray[np.int32]:
    return np.asarray(table.column(name).to_numpy())


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"
