"""A fitted population as a card, with where each of its numbers comes from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from recosim.cards import list_cards
from recosim.errors import CardError, OptionError
from recosim.files import atomic_write
from recosim.users.fitting.estimates import Findings
from recosim.users.fitting.judging import Held
from recosim.users.fitting.occasions import Log
from recosim.users.population import read_population

__all__ = ["card_text", "check_card_path", "write_card"]

NAME = re.compile(r"[A-Za-z0-9_-]+")


def check_card_path(path: Path) -> None:
    """Raise before a long fit, not after.

    Raises:
        OptionError: not a name that a card can have, the name of one that there is, or a file
            that is there.
    """
    if path.suffix != ".toml" or not NAME.fullmatch(path.stem):
        raise OptionError(
            f"--out is {path.name!r}; a card is a file NAME.toml, its name of letters, digits, "
            "- and _."
        )
    if path.exists():
        raise OptionError(f"{path} is there already; remove it, or give another name.")
    if path.stem in list_cards("users"):
        raise OptionError(
            f"there is a population {path.stem!r} already, and its name keeps its meaning; give "
            f"another one, e.g. my_{path.stem}.toml."
        )


def write_card(path: Path, findings: Findings, log: Log, held: Held | None) -> None:
    """Write the card, atomically, and only if it reads back as what was fitted.

    Raises:
        CardError: it does not (a defect).
    """
    text = card_text(path.stem, findings, log, held)

    def write(part: Path) -> None:
        part.write_text(text, encoding="utf-8")
        read = read_population(part, path.stem)
        if read.settings != findings.population().settings or read.unsupported:
            raise CardError(f"{path}: the card does not read back as what was fitted.")

    atomic_write(path, write)


def card_text(name: str, findings: Findings, log: Log, held: Held | None) -> str:
    """The card as TOML: closed, as all cards of users are."""
    source = [
        f"Fitted by maximum likelihood to {log.source}; {log.conversations:,} {log.unit}. The "
        "number of each setting, with its standard error, is under `sources`.",
    ]
    if held is not None:
        fitted, unfitted = held.overall["fitted"], held.overall["unfitted"]
        source.append(
            f"{log.unit.capitalize()} that were not fitted: log-loss {fitted.log_loss:.3f} nats, "
            f"of the card that it was held against {unfitted.log_loss:.3f}."
        )
    left_out = ", ".join(findings.unknown)
    if left_out:
        source.append(f"Not identified, and as in the users of the papers: {left_out}.")
    lines = [
        f"name = {_text(name)}",
        f"title = {_text(name.replace('_', ' ').replace('-', ' ').capitalize())}",
        f"description = {_text(f'Users fitted to {log.source}.')}",
        'source = """',
        *(_escaped(line) for line in source),
        '"""',
        "",
        "[behaviour]",
        *(f"{key} = {_value(own.value)}" for key, own in findings.estimates.items()),
        "",
        "[sources]",
        *(f"{key} = {_text(own.told())}" for key, own in findings.estimates.items()),
    ]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(v)}" for key, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(value: str) -> str:
    return f'"{_escaped(value)}"'


def _escaped(value: str) -> str:
    """Text for a basic string of TOML: quotes, backslashes and control characters escaped."""
    value = value.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() else f"\\u{ord(c):04X}" for c in value if ord(c) < 0x10000)
