"""The exceptions of RecoSim. Each says what was given, what is allowed and what to do next.

RecosimError
├── UnknownNameError   (KeyError)       a world, agent, card, protocol or option that does not exist
│   └── UnknownArgumentError (TypeError) an argument that a constructor does not have
├── CardError          (ValueError)     a card with an unknown key or an impossible value
├── OptionError        (ValueError)     an argument with an impossible value
├── WorldError         (ValueError)     a world that is damaged, incomplete or of another version
├── ImportDataError    (ValueError)     a source file that is missing or malformed (file and line)
├── IllegalActionError (ValueError)     an action that is not legal now, or not an action at all
├── BusyError          (RuntimeError)   a folder that another process is writing to
├── StateError         (RuntimeError)   a call out of turn: step before reset, or after the end
├── NotUnderstood      (ValueError)     a line of text that is no act; carries a question back
├── ResultsError       (ValueError)     a results folder of another run or version
├── CheckpointError    (ValueError)     a checkpoint that is damaged, or of another agent or version
├── TrainingError      (RuntimeError)   a training that cannot go on
├── ConformanceError   (AssertionError) an environment that does not keep what all of them promise
├── ChatError          (RuntimeError)   a language model's server that is not there, or not as set
├── BudgetError        (RuntimeError)   what may be spent on language models is spent
├── FallbackError      (RuntimeError)   a run in which too little is the language model's own
├── CassetteError      (ValueError)     a cassette of another version, or one that lacks a request
├── ClusterError       (RuntimeError)   a cluster of Ray that is not there, or cannot hold the work
└── MissingExtraError  (ImportError)    an optional package that is missing, or of a wrong version
"""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Iterable
from typing import Any

__all__ = [
    "RecosimError",
    "UnknownNameError",
    "UnknownArgumentError",
    "CardError",
    "OptionError",
    "WorldError",
    "ImportDataError",
    "IllegalActionError",
    "BusyError",
    "StateError",
    "NotUnderstood",
    "ResultsError",
    "CheckpointError",
    "TrainingError",
    "ConformanceError",
    "ChatError",
    "BudgetError",
    "FallbackError",
    "CassetteError",
    "MissingExtraError",
    "nearest",
    "shown",
    "unknown",
]

LONGEST, TAIL = 6_000, 1_500  # letters of a message; those of its end, where the remedy is
NEAR = 0.6  # how like two names are that differ by a slip (`difflib`)
OPPOSITES = (("min", "max"), ("first", "last"), ("keep", "remove"), ("lowest", "highest"))
NEGATIONS = ("no", "not", "non", "un", "in", "dis", "without")


class RecosimError(Exception):
    """Base of every error that RecoSim raises on purpose.

    However long what was given is, the message is not: its middle is left out then. It can be
    written anywhere: bytes of a path that are no UTF-8 are told by their numbers.
    """

    def __init__(self, *texts: object) -> None:
        super().__init__(*(_bounded(text) if isinstance(text, str) else text for text in texts))


class UnknownNameError(RecosimError, KeyError):
    """A name that nothing answers to."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0]) if self.args else ""


class UnknownArgumentError(UnknownNameError, TypeError):
    """An argument by a name that a constructor does not have: a `TypeError`, as Python's own is.

    Its message says "unexpected keyword argument", which libraries look for that try an argument
    of other environments (`frameskip`) and go on without it.
    """


class CardError(RecosimError, ValueError):
    """A card that cannot be read, has an unknown key or an impossible value."""


class OptionError(RecosimError, ValueError):
    """An argument with an impossible value."""


class WorldError(RecosimError, ValueError):
    """A world that is damaged, incomplete, inconsistent or of another format version."""


class ImportDataError(RecosimError, ValueError):
    """A source file of an importer that is missing, malformed or inconsistent."""


class IllegalActionError(RecosimError, ValueError):
    """An action that is malformed, or not legal in the present state."""


class BusyError(RecosimError, RuntimeError):
    """Another process is writing to the same folder."""


class StateError(RecosimError, RuntimeError):
    """A call at the wrong time: `step` before `reset`, or after the end of the conversation."""


class NotUnderstood(RecosimError, ValueError):
    """A line of text that is no act, or that could be several.

    Attributes of the object:
        text: the line.
        question: what to ask the speaker back, e.g. "Did you mean indie or indie rock?".
    """

    def __init__(self, text: str, question: str) -> None:
        super().__init__(text, question)
        self.text, self.question = text, question

    def __str__(self) -> str:
        given = self.text if len(self.text) <= 80 else f"{self.text[:77]}..."
        return f"{given!r} was not understood. {self.question}"


class ResultsError(RecosimError, ValueError):
    """A results folder that belongs to another run, another version, or is damaged."""


class CheckpointError(RecosimError, ValueError):
    """A checkpoint that is missing, damaged, or of another agent, world, protocol or version."""


class TrainingError(RecosimError, RuntimeError):
    """A training that cannot go on: a value that is not finite."""


class ConformanceError(RecosimError, AssertionError):
    """An environment that does not keep what all of them promise."""


class ChatError(RecosimError, RuntimeError):
    """A language model's server that cannot be reached, or that does not accept what is set up."""


class BudgetError(RecosimError, RuntimeError):
    """The next call to a language model would cost more than the budget leaves."""


class FallbackError(RecosimError, RuntimeError):
    """More of what a language model was asked for had to be done in its place than a run allows."""


class CassetteError(RecosimError, ValueError):
    """A cassette that is damaged, of another format version, or lacks the request."""


class ClusterError(RecosimError, RuntimeError):
    """A cluster that cannot be reached, or whose processes die again and again."""


class MissingExtraError(RecosimError, ImportError):
    """An optional dependency is not installed; the message names the `pip install`.

    Args:
        found: the version that is installed, where it is one that does not do.
        needed: which versions do, e.g. ">=2.50,<3".
    """

    def __init__(
        self, package: str, extra: str, purpose: str, *, found: str = "", needed: str = ""
    ) -> None:
        self._made_of = (package, extra, purpose, found, needed)
        state = f"of which {found} is installed" if found else "which is not installed"
        super().__init__(
            f"{purpose} needs the package {package + needed!r}, {state}. "
            f"Install it with: pip install 'recosim[{extra}]'"
        )
        self.package, self.extra = package, extra

    def __reduce__(self) -> tuple[Any, ...]:
        """As an exception pickles itself, it would be made from its message alone."""
        return _missing_extra, self._made_of


def _missing_extra(*made_of: str) -> MissingExtraError:
    package, extra, purpose, found, needed = made_of
    return MissingExtraError(package, extra, purpose, found=found, needed=needed)


def shown(given: object, letters: int = 100) -> str:
    """What was given, as a message tells it: its repr, of at most about so many letters.

    Anything can be told: what is long, deep, or has no repr of its own.
    """
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = letters
    try:
        text = " ".join(short.repr(given).split())
    except Exception:  # a repr is code of whoever gave it
        text = f"<{type(given).__name__}>"
    return text if len(text) <= 2 * letters else f"{text[:letters]}..."


def unknown(kind: str, given: object, allowed: Iterable[str], hint: str = "") -> UnknownNameError:
    """An `UnknownNameError` that offers the nearest allowed name and lists all of them."""
    names = sorted(allowed)
    near = nearest(given, names) if isinstance(given, str) else ""
    text = f"unknown {kind} {shown(given)}."
    if near:
        text += f" Did you mean {near!r}?"
    text += f" Allowed: {', '.join(names) if names else '(none)'}."
    if hint:
        text += f" {hint}"
    return UnknownNameError(text)


def nearest(given: str, names: Iterable[str]) -> str:
    """The name that was meant, as far as its letters tell; "" where none is near enough.

    What a person did not mean is worse than no offer: another family (the part of a name before
    its first dash) where theirs is known, or a name that says the contrary.
    """
    folded = {name.casefold(): name for name in names}
    wanted = given[:200].casefold()
    if wanted in folded:
        return folded[wanted]
    head = wanted.partition("-")[0]
    family = [name for name in folded if name.partition("-")[0] == head]
    near = difflib.get_close_matches(wanted, family or folded, n=3, cutoff=NEAR)
    return next((folded[name] for name in near if not _contrary(wanted, name)), "")


def _contrary(one: str, other: str) -> bool:
    """Whether two names differ in a word that turns the meaning round."""
    words = set(re.split(r"[\W_]+", one)) ^ set(re.split(r"[\W_]+", other))
    return any({a, b} <= words for a, b in OPPOSITES) or any(
        no in words or any(f"{no}{word}" in words for word in words) for no in NEGATIONS
    )


def _bounded(text: str) -> str:
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) <= LONGEST:
        return text
    kept = LONGEST - TAIL - 60  # room for what is said between, so that nothing is cut twice
    left_out = f" ... ({len(text) - kept - TAIL:,} letters are left out) ... "
    return text[:kept] + left_out + text[-TAIL:]
