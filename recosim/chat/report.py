"""`ChatReport`: how requests ended, which faults there were, what it cost."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from recosim.chat.backend import FaultKind
from recosim.chat.budget import Spending
from recosim.chat.request import Outcome
from recosim.files import write_json

__all__ = ["ChatReport", "Tally"]

MOST_MODELS = 20  # names that answers came from, beside the one that was asked


@dataclass
class Tally:
    """What one request went through."""

    faults: list[FaultKind] = field(default_factory=list)  # in order
    sent: int = 0  # calls to the server
    answers: int = 0  # answers that came of them
    retries: int = 0  # calls that repeated one that had failed
    reasks: int = 0  # questions asked again after an invalid answer
    hits: int = 0  # answers from the cassette
    shared: int = 0  # answers that an equal request under way brought
    misses: int = 0  # looked up in the cassette and not found
    prompt_tokens: int = 0  # of the answers that came, as counted or estimated
    completion_tokens: int = 0
    uncounted: int = 0  # answers whose tokens are estimated
    money: float = 0.0  # as the budget has it: of lost answers the reservation
    seconds: float = 0.0  # waiting for the server
    models: list[str] = field(default_factory=list)  # others than the one that was asked
    pending: bool = False  # the last fault is yet to be recovered from

    def fault(self, kind: FaultKind) -> None:
        """Note a fault."""
        self.faults.append(kind)
        self.pending = True


class ChatReport:
    """Counts over all requests of a `Chat`. Safe to read and write from several threads.

    Every fault has one fate: another attempt followed it (`recovered`), or its request ended with
    it (`ended`). A request ends with one if it is invalid, failed, or was stopped by an error while
    it had yet to recover; one that shared the call of an equal request shares its fate and not its
    faults. So

        faults seen = recovered + ended, kind by kind
        calls sent = answers + the faults of calls

    `other_models` counts answers whose server says that another model gave them than the one that
    was asked; `server` says what is sent otherwise for it (a parameter that it refused).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: Counter[str] = Counter()
        self._purposes: dict[str, Counter[str]] = {}
        self._recovered: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._money = 0.0
        self._seconds = 0.0
        self._probes = 0
        self._models: Counter[str] = Counter()
        self._told: list[str] = []

    def add(self, tally: Tally, outcome: Outcome | Literal["stopped"], purpose: str) -> None:
        """Count a request that is over.

        Args:
            tally: what it went through.
            outcome: how it ended; "stopped": an error ended it.
            purpose: its label.
        """
        recovered = tally.faults[:-1] if tally.pending else tally.faults
        with self._lock:
            self._outcomes[outcome] += 1
            by_purpose = self._purposes.setdefault(purpose, Counter())
            by_purpose[outcome] += 1
            by_purpose["tokens"] += tally.prompt_tokens + tally.completion_tokens
            self._recovered.update(recovered)
            self._ended.update(tally.faults[len(recovered) :])
            for name in (
                "sent", "answers", "retries", "reasks", "hits", "shared", "misses",
                "prompt_tokens", "completion_tokens", "uncounted",
            ):  # fmt: skip
                self._sums[name] += getattr(tally, name)
            self._money += tally.money
            self._seconds += tally.seconds
            for name in tally.models:
                known = name in self._models or len(self._models) < MOST_MODELS
                self._models[name if known else "others"] += 1

    def add_probes(self, spent: Spending) -> None:
        """Count the calls of a check, which are no requests: calls and money, not tokens."""
        with self._lock:
            self._probes += spent.requests
            self._money += spent.money

    def note_server(self, told: list[str]) -> None:
        """Note what is done otherwise for the server that is asked, in words."""
        with self._lock:
            self._told = told

    def to_dict(self) -> dict[str, Any]:
        """All counts as JSON values."""
        with self._lock:
            seen = self._recovered + self._ended
            sums = self._sums
            return {
                "requests": sum(self._outcomes.values()),
                "outcomes": dict(self._outcomes),
                "purposes": {name: dict(counts) for name, counts in self._purposes.items()},
                "calls": {
                    "sent": sums["sent"],
                    "answers": sums["answers"],
                    "retries": sums["retries"],
                    "reasks": sums["reasks"],
                    "probes": self._probes,
                },
                "faults": {
                    "seen": dict(seen),
                    "recovered": dict(self._recovered),
                    "ended": dict(self._ended),
                },
                "cassette": {"hits": sums["hits"], "misses": sums["misses"]},
                "shared": sums["shared"],
                "tokens": {
                    "prompt": sums["prompt_tokens"],
                    "completion": sums["completion_tokens"],
                    "uncounted_answers": sums["uncounted"],
                },
                "other_models": dict(self._models),
                "server": list(self._told),
                "money": self._money,
                "seconds": self._seconds,
            }

    def write(self, path: Path) -> None:
        """Write the counts as JSON, atomically."""
        write_json(path, self.to_dict())
