"""What every importer needs: files that are found and opened with care, lines, JSON, counts."""

from __future__ import annotations

import ast
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from recosim.errors import ImportDataError, WorldError
from recosim.progress import Progress

__all__ = [
    "Log",
    "bad",
    "find_file",
    "json_lines",
    "line_of_key",
    "mended",
    "need_file",
    "parse_json",
    "physical_lines",
    "read_json",
    "read_lines",
    "reading",
    "refusing",
]

PROGRESS_EVERY = 20_000  # lines between two calls, so that showing progress costs nothing
LATIN = "lines that are not UTF-8, read as latin-1"
HALVES = "halves of characters (lone surrogates), replaced"
HALF = re.compile("[\ud800-\udfff]")
ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
SHOWN = 120  # characters of a source that an error repeats


@dataclass
class Log:
    """What an import dropped, and what else it has to say, each counted; the first has a place."""

    dropped: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def drop(
        self, what: str, path: Path | None = None, line: int | None = None, *, key: str = ""
    ) -> None:
        """Count what is not kept; `key` is what its source calls it."""
        self._count(self.dropped, what, path, line, key)

    def note(
        self, what: str, path: Path | None = None, line: int | None = None, *, key: str = ""
    ) -> None:
        """Count what is kept, and worth a word."""
        self._count(self.notes, what, path, line, key)

    def settings(self) -> dict[str, dict[str, int]]:
        """The two as `World.settings` keeps them: "dropped", and "notes" where there are any."""
        out = {"dropped": self._named(self.dropped)}
        if notes := self._named(self.notes):
            out["notes"] = notes
        return out

    def _named(self, counter: Counter[str]) -> dict[str, int]:
        first = self.first
        return {
            f"{what} (the first: {first[what]})" if what in first else what: n
            for what, n in counter.items()
            if n
        }

    def _count(
        self, counter: Counter[str], what: str, path: Path | None, line: int | None, key: str
    ) -> None:
        counter[what] += 1
        place = "" if path is None else path.name if line is None else f"{path.name}:{line}"
        if first := ", ".join(filter(None, (key and repr(key[:SHOWN]), place))):
            self.first.setdefault(what, first)


def bad(path: Path, problem: str, line: int | None = None) -> ImportDataError:
    """The error for one place in a source file: `file:line: problem`."""
    where = str(path) if line is None else f"{path}:{line}"
    return ImportDataError(HALF.sub("\ufffd", f"{where}: {problem}"))


def find_file(folder: Path, names: Sequence[str], what: str, *, needed: bool = True) -> Path | None:
    """The first of `names` (relative to the folder) that exists.

    Raises:
        ImportDataError: the folder does not exist, or it is needed and none of the names is there;
            what was expected and what was found are listed.
    """
    try:
        if not folder.is_dir():
            kind = "is a file" if folder.exists() else "does not exist"
            raise ImportDataError(f"{folder} {kind}; name the folder of {what}.")
        for name in names:
            if (folder / name).is_file():
                return folder / name
        if not needed:
            return None
        found = sorted(p.name + ("/" if p.is_dir() else "") for p in folder.iterdir())
    except OSError as error:
        raise ImportDataError(f"{folder} cannot be read: {error.strerror or error}") from None
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


# What stands at the beginning of files that are not what their name says.
STRANGERS = (
    (b"version https://git-lfs", "a pointer of Git LFS and not the file; fetch it: git lfs pull"),
    (b"/annex/objects/", "a pointer of git-annex and not the file; fetch it: git annex get"),
    (b"../.git/annex/", "a pointer of git-annex and not the file; fetch it: git annex get"),
    (b"PK\x03\x04", "a zip archive; unpack it, and name the folder of what was in it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it, and name the folder of what was in it"),
    (b"BZh", "packed by bzip2; unpack it, or pack it by gzip"),
    (b"\xfd7zXZ\x00", "packed by xz; unpack it, or pack it by gzip"),
    (b"<!doctype html", "a web page and not the file; download it again"),
    (b"<html", "a web page and not the file; download it again"),
)


@contextmanager
def reading(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """(the file, its content unpacked where it is gzip), and every failure as one that says what.

    Raises:
        ImportDataError: the file cannot be opened, is a pointer of Git LFS, a web page or an
            archive, or its gzip is damaged.
    """
    try:
        with path.open("rb") as raw:
            start = raw.peek(64)[:64]
            for mark, what in STRANGERS:
                if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(mark.lower()):
                    raise bad(path, f"this is {what}", 1)
            if start.startswith(b"\x1f\x8b"):
                with gzip.open(raw) as stream:
                    yield raw, stream  # type: ignore[misc]
            elif path.suffix == ".gz" and start:
                raise bad(path, "this is not a gzip file, although its name ends in .gz")
            else:
                yield raw, raw
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise bad(path, f"the gzip file is damaged: {error}; download it again") from None
    except OSError as error:
        raise bad(path, f"cannot be read: {error.strerror or error}") from None


def physical_lines(
    path: Path, *, log: Log | None = None, progress: Progress | None = None
) -> Iterator[tuple[int, str]]:
    """(line number from 1, line with its end) of a text file, blank lines too; reads gzip.

    Bytes are UTF-8, with or without a byte-order mark, or UTF-16 with one. A line that is not
    UTF-8 is read as latin-1 and counted in the log.

    Raises:
        ImportDataError: see `reading`; a zero byte; without a log, bytes that are not UTF-8.
    """
    total = path.stat().st_size if path.exists() else 0
    with reading(path) as (raw, stream):
        for number, data in enumerate(_split(stream), start=1):
            if progress is not None and number % PROGRESS_EVERY == 0:
                progress(raw.tell(), total, path.name)
            if number == 1:
                data = data.removeprefix(b"\xef\xbb\xbf")
            if b"\0" in data:
                raise bad(path, "a zero byte: this is not a text file", number)
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError as error:
                text = _not_utf8(path, number, data, error.reason, log)
            yield number, text
    if progress is not None:
        progress(total, total, path.name)


def _split(stream: BinaryIO) -> Iterable[bytes]:
    """Lines of bytes. UTF-16 and the line ends of old Macintoshes are turned into the usual."""
    first = stream.readline()
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = (first + stream.read()).decode("utf-16", errors="replace")
        yield from io.BytesIO(text.encode("utf-8", errors="replace"))
    elif b"\r" in first.rstrip(b"\r\n") and b"\n" not in first:
        yield from io.BytesIO(first.replace(b"\r", b"\n"))
    else:
        if first:
            yield first
        yield from stream


def _not_utf8(path: Path, number: int, data: bytes, reason: str, log: Log | None) -> str:
    if log is None:
        raise bad(path, f"not utf-8 text: {reason}", number)
    try:  # halves of characters that were written one by one
        text = data.decode("utf-8", errors="surrogatepass")
    except UnicodeDecodeError:
        log.note(LATIN, path, number)
        return data.decode("latin-1")
    log.note(HALVES, path, number)
    return str(mended(text))


def read_lines(
    path: Path, *, log: Log | None = None, progress: Progress | None = None
) -> Iterator[tuple[int, str]]:
    """(line number from 1, line without its end) of each line that is not blank.

    Encodings and errors are those of `physical_lines`.
    """
    for number, text in physical_lines(path, log=log, progress=progress):
        line = text.rstrip("\r\n")
        if line.strip():
            yield number, line


def mended(value: Any) -> Any:
    """A JSON value without lone surrogates, which no file can hold: U+FFFD stands for each."""
    if isinstance(value, str):
        if not HALF.search(value):
            return value
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [mended(v) for v in value]
    if isinstance(value, dict):
        return {mended(k): mended(v) for k, v in value.items()}
    return value


def parse_json(
    text: str,
    path: Path,
    line: int | None = None,
    *,
    pairs: Callable[[list[tuple[str, Any]]], Any] | None = None,
    log: Log | None = None,
) -> Any:
    """A JSON value; halves of characters are replaced.

    Raises:
        ImportDataError: not JSON (with the line), nested too deeply, or a number too long.
    """
    try:
        value = json.loads(text, object_pairs_hook=pairs)
        if ESCAPED_HALF.search(text):
            whole = mended(value)
            if whole != value and log is not None:
                log.note(HALVES, path, line)
            value = whole
        return value
    except json.JSONDecodeError as error:
        raise bad(path, f"not valid JSON: {error.msg}", line or error.lineno) from None
    except RecursionError:
        raise bad(path, "not valid JSON: it is nested too deeply", line) from None
    except ImportDataError:
        raise
    except ValueError:  # a whole number of thousands of digits
        raise bad(path, "not valid JSON: a number is too long", line) from None


def read_json(path: Path, log: Log | None = None) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ImportDataError: not JSON (with the line), not an object, or a key that occurs twice.
    """

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(items)
        if len(value) != len(items):
            key = Counter(k for k, _ in items).most_common(1)[0][0]
            shown = key[:SHOWN]
            raise bad(path, f"the id {shown!r} occurs twice", line_of_key(path, key, nth=2))
        return value

    text = "".join(line for _, line in physical_lines(path, log=log))
    value = parse_json(text, path, pairs=pairs, log=log)
    if not isinstance(value, dict):
        raise bad(path, f"expected a JSON object, found {type(value).__name__}", 1)
    return value


def json_lines(
    path: Path,
    needed: Sequence[str] = (),
    *,
    literals: bool = False,
    log: Log | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of a file of one JSON object a line, each with the needed keys.

    Args:
        literals: a line that is not JSON may be a Python literal ({'asin': ...}). It is parsed as
            such and nothing of it is run.

    Raises:
        ImportDataError: a line that is neither, no object, or without a needed key.
    """
    for number, line in read_lines(path, log=log, progress=progress):
        value = _literal(line, path, number, log) if literals else None
        if value is None:
            value = parse_json(line, path, number, log=log)
        if not isinstance(value, dict):
            problem = f"expected an object a line, found {type(value).__name__}"
            raise bad(path, problem, number)
        for key in needed:
            if key not in value:
                raise bad(path, f"the key {key!r} is missing", number)
        yield number, value


def _literal(line: str, path: Path, number: int, log: Log | None) -> Any:
    """The value of a line that is a Python literal and not JSON, else None."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        try:
            return mended(ast.literal_eval(line.strip()))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None
    return None


def line_of_key(path: Path, key: str, nth: int = 1) -> int | None:
    """The line of the nth occurrence of a key in a JSON file, for error messages."""
    text = path.read_bytes().decode("utf-8", errors="replace")
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
