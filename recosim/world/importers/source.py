"""What every importer needs: files that are found or named, lines with numbers, counted drops."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from recosim.errors import ImportDataError, WorldError
from recosim.progress import Progress

__all__ = ["bad", "find_file", "line_of_key", "read_json", "read_lines", "refusing"]

PROGRESS_EVERY = 20_000  # lines between two calls, so that showing progress costs nothing


def bad(path: Path, problem: str, line: int | None = None) -> ImportDataError:
    """The error for one place in a source file: `file:line: problem`."""
    where = str(path) if line is None else f"{path}:{line}"
    return ImportDataError(f"{where}: {problem}")


def find_file(folder: Path, names: Sequence[str], what: str, *, needed: bool = True) -> Path | None:
    """The first of `names` (relative to the folder) that exists.

    Raises:
        ImportDataError: the folder does not exist, or it is needed and none of the names is there;
            what was expected and what was found are listed.
    """
    if not folder.is_dir():
        kind = "is a file" if folder.exists() else "does not exist"
        raise ImportDataError(f"{folder} {kind}; name the folder of {what}.")
    for name in names:
        if (folder / name).is_file():
            return folder / name
    if not needed:
        return None
    found = sorted(p.name + ("/" if p.is_dir() else "") for p in folder.iterdir())
    shown = ", ".join(found[:12]) + (", ..." if len(found) > 12 else "")
    raise ImportDataError(
        f"{folder} does not hold {what}: expected {' or '.join(names)}; "
        f"found {shown if found else 'an empty folder'}."
    )


def need_file(folder: Path, names: Sequence[str], what: str) -> Path:
    """`find_file` for a file that an import cannot do without."""
    path = find_file(folder, names, what)
    assert path is not None  # find_file raised otherwise
    return path


def read_lines(
    path: Path,
    *,
    encoding: str = "utf-8",
    blank: bool = False,
    progress: Progress | None = None,
) -> Iterator[tuple[int, str]]:
    """(line number from 1, line without its end) of each line that is not blank; reads `.gz` too.

    `blank=True` gives blank lines as well.

    `encoding="mixed"` decodes each line as UTF-8 and, where that fails, as latin-1: some published
    collections hold both.

    Raises:
        ImportDataError: bytes that are not of the encoding, or a damaged gzip file.
    """
    total = path.stat().st_size
    number = 0
    try:
        with path.open("rb") as raw, _unpacked(raw, path) as stream:
            for number, data in enumerate(stream, start=1):
                if progress is not None and number % PROGRESS_EVERY == 0:
                    progress(raw.tell(), total, path.name)
                line = _decode(data, encoding).rstrip("\r\n")
                if number == 1:
                    line = line.removeprefix("\ufeff")
                if blank or line.strip():
                    yield number, line
    except UnicodeDecodeError as error:
        raise bad(path, f"not {encoding} text: {error.reason}", number) from None
    except (gzip.BadGzipFile, EOFError) as error:
        raise bad(path, f"the gzip file is damaged: {error}", number) from None
    if progress is not None:
        progress(total, total, path.name)


@contextmanager
def _unpacked(raw: BinaryIO, path: Path) -> Iterator[Iterable[bytes]]:
    if path.suffix == ".gz":
        with gzip.open(raw) as stream:
            yield stream
    else:
        yield raw


def _decode(data: bytes, encoding: str) -> str:
    if encoding != "mixed":
        return data.decode(encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ImportDataError: not JSON (with the line), not an object, or a key that occurs twice.
    """

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(items)
        if len(value) != len(items):
            key = Counter(k for k, _ in items).most_common(1)[0][0]
            raise bad(path, f"the id {key!r} occurs twice", line_of_key(path, key, nth=2))
        return value

    try:
        value = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        raise bad(path, f"not valid JSON: {error.msg}", error.lineno) from None
    except UnicodeDecodeError as error:
        raise bad(path, f"not UTF-8 text: {error.reason}") from None
    if not isinstance(value, dict):
        raise bad(path, f"expected a JSON object, found {type(value).__name__}", 1)
    return value


def line_of_key(path: Path, key: str, nth: int = 1) -> int | None:
    """The line of the nth occurrence of a key in a JSON file, for error messages."""
    text = path.read_text(encoding="utf-8", errors="replace")
    pattern = re.compile(re.escape(json.dumps(key)) + r"\s*:")
    for count, match in enumerate(pattern.finditer(text), start=1):
        if count == nth:
            return text.count("\n", 0, match.start()) + 1
    return None


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn what `build_world` finds wrong into an error that names the source."""
    try:
        yield
    except WorldError as error:
        raise ImportDataError(f"{path}: {error}") from None
