"""`OwnShare`: how much of what a language model was asked for is its own, and when a run stops."""

from __future__ import annotations

import math
import threading
from collections import Counter
from typing import Any

from recosim.errors import FallbackError, OptionError

__all__ = ["LEAST", "MAX_FALLBACKS", "OwnShare", "check_share"]

# Above a half the larger part of a row of a table is not the model's, whose name it bears; below,
# the share beside the row tells a reader what to make of it.
MAX_FALLBACKS = 0.5
LEAST = 100  # of a kind that were asked for, before a run is stopped


class OwnShare:
    """Counts what a model was asked for, and what rules or templates had to do in its place.

    Safe with threads. Counts are of the present window, from `begin` on.

    Args:
        who: whose they are, in words ("users", "agent 'llm'").

    Attributes:
        limit: share of fallbacks of a kind above which `check` raises; 1: never.
    """

    def __init__(self, who: str) -> None:
        self.who, self.limit = who, 1.0
        self._lock = threading.Lock()
        self._own: Counter[str] = Counter()
        self._all: Counter[str] = Counter()
        self._why: Counter[tuple[str, str]] = Counter()
        self._example = ""

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def begin(self) -> None:
        """Begin a new window."""
        with self._lock:
            for counts in (self._own, self._all, self._why):
                counts.clear()

    def add(self, kind: str, why: str = "", example: str = "") -> None:
        """Count one.

        Args:
            kind: what was asked for: "words", "decisions", "moves".
            why: it is not the model's; "" where it is.
            example: what was wrong, in words.
        """
        with self._lock:
            self._all[kind] += 1
            self._own[kind] += not why
            if why:
                self._why[kind, why] += 1
                self._example = example or self._example

    def counts(self) -> dict[str, tuple[int, int]]:
        """Kind -> (how many are the model's own, how many were asked for)."""
        with self._lock:
            return {kind: (self._own[kind], n) for kind, n in sorted(self._all.items())}

    def check(self) -> None:
        """Raise `FallbackError` if more than the limit of a kind are not the model's."""
        if self.limit >= 1:
            return
        for kind, (own, n) in self.counts().items():
            lost = n - own
            if n < LEAST or lost <= self.limit * n:
                continue
            why = ", ".join(
                f"{count} {reason}"
                for (of, reason), count in self._why.most_common()[:4]
                if of == kind
            )
            example = f" The last was wrong so: {self._example[:300]}." if self._example else ""
            raise FallbackError(
                f"{lost} of {n} {kind} of {self.who} ({lost / n:.0%}) are not the language "
                f"model's, but those of rules or templates in its place ({why}); a run stops above "
                f"{self.limit:.0%}.{example} What is finished is kept, answers too if a cassette "
                "records: mend the server or its settings and give the same command again. To go "
                "on all the same, add --max-fallbacks 1 (in Python max_fallbacks=1)."
            )


def check_share(value: object) -> float:
    """A share from 0 to 1. Raises `OptionError` for what is none."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or math.isnan(value) or not 0 <= value <= 1:  # type: ignore[arg-type,operator]
        raise OptionError(f"max_fallbacks is {value!r}; a share from 0 to 1 is needed.")
    return float(value)  # type: ignore[arg-type]
