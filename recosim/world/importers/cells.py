"""What stands in one cell of a source: an id, a number, a label; the same for all importers.

`9`, `9.0`, ` 9` and the float 9.0 are one id, so that two files that were written by two programs
meet. A missing value is None; whatever can be no id is refused.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from recosim.world.importers.source import SHOWN, Log, bad, mended

__all__ = [
    "Ids",
    "column_key",
    "columns_by_name",
    "decimal_of",
    "id_of",
    "join_spellings",
    "label_of",
    "number_at",
    "shown",
    "word",
]

K = TypeVar("K")

WHOLE = re.compile(r"([+-]?\d+)\.0*")  # 9.0, 9. and 9.000 are 9
SCIENTIFIC = re.compile(r"[+-]?\d(?:\.\d+)?[eE]\+\d{2,}")  # what spreadsheets make of long ids
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MISSING = frozenset(("nan", "NaN", "null", "NULL", "None", "<NA>", "NaT"))
EXACT = 2.0**53  # from here on a float does not tell neighbouring whole numbers apart
INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"


def shown(value: object) -> str:
    """A value as an error repeats it: never long."""
    text = repr(value) if not isinstance(value, (list, dict)) else f"a {type(value).__name__}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def id_of(value: Any) -> str | None:
    """An id as text, None where it is missing.

    Raises:
        ValueError: what can be no id (a list, a truth value, infinity, a float whose digits are
            lost, a line break inside); the message says why.
    """
    if type(value) is str:
        return _text_id(value)
    if value is None:
        return None
    if isinstance(value, bool):
        raise ValueError(f"{value} is a truth value and no id")
    if isinstance(value, int):
        return str(int(value)) if abs(value) < 10**100 else _refuse("a number of 100 digits")
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if math.isinf(value):
            raise ValueError("infinity is no id")
        if abs(value) >= EXACT:
            raise ValueError(
                f"{value!r} is a float whose last digits are lost; store ids as text or integers"
            )
        return str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, (bytes, bytearray)):
        try:
            return _text_id(bytes(value).decode("utf-8"))
        except UnicodeDecodeError:
            raise ValueError(f"{shown(bytes(value))} is not UTF-8; store ids as text") from None
    if isinstance(value, (list, dict, tuple, set)):
        raise ValueError(f"a {type(value).__name__} is no id; allowed: text or a whole number")
    return _text_id(str(value))


def _refuse(what: str) -> str:
    raise ValueError(f"{what} is no id")


def _text_id(text: str) -> str | None:
    text = word(text)
    if not text or text in MISSING:
        return None
    if text[-1] in "0.":
        match = WHOLE.fullmatch(text)
        if match is not None:
            return match[1]
    if CONTROL.search(text):
        raise ValueError(f"{shown(text)} has a line break or control character; is a quote open?")
    if "+" in text and SCIENTIFIC.fullmatch(text):
        raise ValueError(f"{text!r} has lost digits of the id; store ids as text or integers")
    return text


def word(text: str) -> str:
    """Text without blanks around it, in the composed form of Unicode, without lone surrogates."""
    text = text.strip()
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", mended(text).strip(INVISIBLE).strip())


def label_of(value: Any) -> str:
    """A label (attribute, facet, name) as text on one line; "" where it is missing.

    Raises:
        ValueError: a list, a dictionary, or bytes that are not UTF-8.
    """
    if value is None:
        return ""
    if type(value) is not str:
        if isinstance(value, bool):
            return str(value)
        value = id_of(value) or ""
    return " ".join(word(value).split())


class Ids:
    """Ids of one column; each spelling is looked at once."""

    def __init__(self, path: Path, column: str) -> None:
        self.path, self.column = path, column
        self._known: dict[Any, str | None] = {}

    def get(self, value: Any, line: int | None) -> str | None:
        """The id, or None where it is missing.

        Raises:
            ImportDataError: what can be no id, with its place.
        """
        plain = type(value) is str or type(value) is int
        if plain and value in self._known:
            return self._known[value]
        try:
            key = id_of(value)
        except ValueError as error:
            raise bad(self.path, f"the column {self.column!r}: {error}", line) from None
        if plain:
            self._known[value] = key
        return key

    def need(self, value: Any, line: int | None) -> str:
        """The id.

        Raises:
            ImportDataError: it is missing, or can be none.
        """
        key = self.get(value, line)
        if key is None:
            given = "" if value in ("", None) else f" ({shown(value)} stands for a missing id)"
            raise bad(self.path, f"the column {self.column!r} is empty{given}", line)
        return key


def decimal_of(value: Any) -> float | None:
    """A number, or None where it is missing or not finite.

    Raises:
        ValueError: not a number.
    """
    if value is None or isinstance(value, (bool, list, dict)):
        if value is None:
            return None
        raise ValueError(f"{shown(value)} is not a number")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{shown(value)} is not a number") from None
    return number if math.isfinite(number) else None


def number_at(path: Path, line: int | None, value: Any, what: str = "a number") -> float | None:
    """`decimal_of` with the place in the error."""
    try:
        return decimal_of(value)
    except ValueError:
        raise bad(path, f"expected {what}, found {shown(value)}", line) from None


def column_key(name: str) -> str:
    """The name of a column without case, blanks and punctuation: `userId`, `user_id`, `User ID`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def columns_by_name(
    path: Path,
    header: Sequence[str],
    wanted: Mapping[str, Sequence[str]],
    needed: Iterable[str],
) -> dict[str, int]:
    """Where each wanted column is, by the names that it goes by.

    Raises:
        ImportDataError: a needed column is missing, or is there twice.
    """
    keys = [column_key(name) for name in header]
    places: dict[str, int] = {}
    for column, names in wanted.items():
        for name in names:
            found = [i for i, key in enumerate(keys) if key == name]
            if len(found) > 1:
                raise bad(path, f"the column {header[found[0]]!r} is there twice", 1)
            if found:
                places[column] = found[0]
                break
    for column in needed:
        if column not in places:
            also = [name for name in wanted[column] if name != column_key(column)]
            names = f"{column!r}" + (f" (or {' or '.join(also)})" if also else "")
            listed = ", ".join(header)
            problem = f"expected a header with the column {names}, found {listed[:SHOWN]!r}"
            raise bad(path, problem, 1)
    return places


def join_spellings(
    labels: Iterable[tuple[K, str]],
    log: Log,
    what: str = "attributes",
    key: Callable[[str], str] = str.casefold,
) -> dict[tuple[K, str], str]:
    """(group, spelling) -> the spelling that stands for it.

    Two spellings of a group are one where their keys are equal (as given: where they differ in case
    alone); the most frequent stands, the first of equals. What was joined is noted.
    """
    counts = Counter(labels)
    groups: dict[tuple[K, str], list[tuple[K, str]]] = {}
    for group, label in counts:
        groups.setdefault((group, key(label)), []).append((group, label))
    chosen: dict[tuple[K, str], str] = {}
    noted = f"{what} in several spellings, joined"
    for spellings in groups.values():
        best = max(spellings, key=lambda pair: counts[pair])
        for pair in spellings:
            chosen[pair] = best[1]
        if len(spellings) > 1:
            log.note(noted)
            listed = ", ".join(shown(label) for _, label in spellings[:4])
            log.first.setdefault(noted, f"{listed} are {shown(best[1])}")
    return chosen
