"""Files of dialogues as text and JSON: what is wrong with them is said with its line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recosim.errors import ImportDataError
from recosim.world.importers.source import bad

__all__ = ["named", "parse_json", "read_file", "wanted"]


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
        raise bad(path, "UTF-16 text; save it as UTF-8", 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise bad(path, f"not UTF-8 text: {error.reason}; save it as UTF-8", line) from None


def parse_json(path: Path, text: str, first_line: int = 1) -> Any:
    """A JSON value that begins at a line of a file.

    Raises:
        ImportDataError: not JSON, cut in the middle, nested without end, or a key twice.
    """

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


def wanted(
    path: Path, where: str, given: Any, key: str, kind: type, line: int | None = None
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
        raise bad(path, f"{where}: {key} is {_short(value)}, which is no {_NAMES[kind]}", line)
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
