"""Files of dialogues as text and JSON: what is wrong with them is said with its line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recosim.errors import ImportDataError
from recosim.world.importers.source import bad

__all__ = ["Place", "named", "parse_json", "read_file", "wanted"]


def read_file(path: Path) -> str:
    """The text of a file in UTF-8, with or without its mark.

    Raises:
        ImportDataError: no such file, or bytes of another encoding (with the line).
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ImportDataError(f"{path}: no such file.") from None
    except IsADirectoryError:
        raise ImportDataError(f"{path} is a folder; name a file of it.") from None
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise bad(path, "UTF-16 text; save it as UTF-8 (e.g. iconv -f UTF-16 -t UTF-8)", 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise bad(
            path,
            f"the byte 0x{data[error.start]:02x} is not UTF-8: {error.reason}; the file has "
            "another encoding, or was cut. Save it as UTF-8 (e.g. iconv -f CP1252 -t UTF-8)",
            line,
        ) from None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise bad(path, "a NUL character; this is no text in UTF-8", line)
    return text


def parse_json(path: Path, text: str, first_line: int = 1) -> Any:
    """A JSON value that begins at a line of a file.

    Raises:
        ImportDataError: empty, not JSON, cut in the middle, nested without end, or a key twice.
    """

    if not text.strip():
        raise bad(path, "it is empty", first_line)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(items)
        if len(value) != len(items):
            twice = Counter(key for key, _ in items).most_common(1)[0][0]
            raise bad(path, f"the key {twice!r} occurs twice", first_line)
        return value

    try:
        return json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        line = first_line + error.lineno - 1
        rest = text[error.pos :].strip()
        cut = not rest or "Unterminated" in error.msg
        problem = "the file is cut in the middle" if cut else "not valid JSON"
        raise bad(path, f"{problem}: {error.msg} (column {error.colno})", line) from None
    except RecursionError:
        raise bad(path, "nested too deeply to be a dialogue", first_line) from None


class Place:
    """Where one is in a JSON text, as what was parsed does not say: the line of what comes next.

    Args:
        text: of the file, whose keys are met in its order.
    """

    def __init__(self, text: str) -> None:
        self._text, self._at, self.line = text, 0, 1

    def at_key(self, key: str) -> int:
        """Move on to the next occurrence of a key; its line (where one is, if there is none)."""
        found = re.compile(re.escape(json.dumps(key)) + r"(?=\s*:)").search(self._text, self._at)
        if found is not None:
            self.line += self._text.count("\n", self._at, found.start())
            self._at = found.end()
        return self.line

    def of_word(self, word: Any) -> int:
        """The line of the next occurrence of a value, from where one is."""
        at = self._text.find(json.dumps(word, ensure_ascii=False), self._at)
        return self.line + self._text.count("\n", self._at, max(at, self._at))


def wanted(
    path: Path,
    where: str,
    given: Any,
    key: str,
    kind: type | tuple[type, ...],
    line: int | None = None,
) -> Any:
    """The value of a key that a dialogue cannot do without.

    Raises:
        ImportDataError: it is missing, or is of another type.
    """
    if not isinstance(given, Mapping):
        raise bad(path, f"{where} is {_short(given)}; a JSON object is needed", line)
    if key not in given:
        raise bad(
            path, f"{where} lacks {key!r}; the file is damaged or of another collection", line
        )
    value = given[key]
    if not isinstance(value, kind):
        kinds = " or ".join(_NAMES[k] for k in (kind if isinstance(kind, tuple) else (kind,)))
        raise bad(path, f"{where}: {key} is {_short(value)}, which is no {kinds}", line)
    return value


def named(path: Path, where: str, given: Any, key: str, line: int | None = None) -> str:
    """A name: text, or a whole number that stands for one."""
    value = given.get(key) if isinstance(given, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise bad(path, f"{where}: {key} is {_short(value)}; a name is needed", line)
    return str(value)


_NAMES: dict[type, str] = {str: "text", list: "list", dict: "JSON object", int: "whole number"}


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
