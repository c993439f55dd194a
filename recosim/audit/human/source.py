"""Reading files of dialogues: text that is UTF-8, JSON that is whole, and where a fault is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recosim.errors import ImportDataError
from recosim.world.importers.source import bad

__all__ = ["Place", "need", "parse_json", "read_text"]

MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, without a byte order mark.

    Raises:
        ImportDataError: another encoding; the line and the byte are named.
    """
    data = path.read_bytes()
    kind = MARKS.get(data[:2])
    if kind is not None:
        raise bad(path, f"this is {kind}; save it as UTF-8 (e.g. iconv -f {kind} -t UTF-8)", 1)
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


def parse_json(text: str, path: Path, line: int = 1) -> Any:
    """A JSON value that begins in a line of a file.

    Raises:
        ImportDataError: not JSON, or cut in the middle; the line is named.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        what = "it ends in the middle" if cut else f"not valid JSON: {error.msg}"
        raise bad(path, f"{what} (column {error.colno})", line + error.lineno - 1) from None
    except RecursionError:
        raise bad(path, "nested too deeply to be dialogues", line) from None


class Place:
    """A place in a file, for errors: the line of what was found by its text.

    Args:
        text: of the file. start: where to look from. line: of the first character.
    """

    def __init__(self, path: Path, text: str, line: int = 1) -> None:
        self.path, self._text, self._line, self._at = path, text, line, 0

    def at_key(self, key: str) -> None:
        """Move on to the next occurrence of a key."""
        found = re.compile(re.escape(json.dumps(key)) + r"\s*:").search(self._text, self._at)
        if found is not None:
            self._at = found.start()

    def error(self, problem: str, word: str | None = None) -> ImportDataError:
        """The error for this place, or for a word (a JSON text) that comes after it."""
        at = self._at
        if word is not None:
            at = max(at, self._text.find(json.dumps(word, ensure_ascii=False), at))
        return bad(self.path, problem, self._line + self._text.count("\n", 0, at))


def need(table: Any, key: str, kind: type | tuple[type, ...], place: Place) -> Any:
    """The value of a key of a JSON object.

    Raises:
        ImportDataError: no object, no such key, or a value of another kind.
    """
    if not isinstance(table, Mapping):
        raise place.error(f"an object with {key!r} is needed, not {type(table).__name__}")
    value = table.get(key)
    if not isinstance(value, kind):
        found = "is missing" if key not in table else f"is {value!r:.60}"
        kinds = kind if isinstance(kind, tuple) else (kind,)
        raise place.error(f"{key!r} {found}; {' or '.join(k.__name__ for k in kinds)} is needed")
    return value
