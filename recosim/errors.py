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
├── CassetteError      (ValueError)     a cassette of another version, or one that lacks a request
└── MissingExtraError  (ImportError)    an optional package that is not installed
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable

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
    "CassetteError",
    "MissingExtraError",
    "shown",
    "unknown",
]

LONGEST, TAIL = 6_000, 1_500  # letters of a message; those of its end, where the remedy is


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


class CassetteError(RecosimError, ValueError):
    """A cassette that is damaged, of another format version, or lacks the request."""


class MissingExtraError(RecosimError, ImportError):
    """An optional dependency is not installed; the message names the `pip install`."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed. "
            f"Install it with: pip install 'recosim[{extra}]'"
        )


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
    near = difflib.get_close_matches(given[:200], names, 1, 0.4) if isinstance(given, str) else []
    text = f"unknown {kind} {shown(given)}."
    if near:
        text += f" Did you mean {near[0]!r}?"
    text += f" Allowed: {', '.join(names) if names else '(none)'}."
    if hint:
        text += f" {hint}"
    return UnknownNameError(text)


def _bounded(text: str) -> str:
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) <= LONGEST:
        return text
    kept = LONGEST - TAIL - 60  # room for what is said between, so that nothing is cut twice
    left_out = f" ... ({len(text) - kept - TAIL:,} letters are left out) ... "
    return text[:kept] + left_out + text[-TAIL:]
