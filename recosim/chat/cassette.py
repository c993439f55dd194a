"""`Cassette`: the answers of language models in one file, so that a run can be repeated offline.

The file is sqlite: one row for each question that a server answered, under the sha256 of all that
decides the answer (`ChatRequest.content`). It depends on no order of calls. Not in it are failed
calls, keys and addresses. Cassettes for a repository go through `recosim.chat.cassette_text`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Literal, get_args

from recosim.chat.backend import Answer
from recosim.chat.cassette_miss import explain_miss
from recosim.chat.request import canonical, key_of
from recosim.errors import CassetteError, shown, unknown

__all__ = ["Cassette", "FORMAT", "Mode", "answer_of", "checksum", "request_in"]

Mode = Literal["record", "replay", "strict", "off"]

FORMAT = 2  # 1: no checksums
APPLICATION = 0x52436173  # "RCas", in the header of the file
CONTENT = {"model", "messages", "schema", "temperature", "max_tokens", "seed"}
BUSY = 60.0  # seconds to wait for another process that is writing

TABLE = """
CREATE TABLE answers (
    key TEXT PRIMARY KEY,      -- sha256 of request
    request TEXT NOT NULL,     -- canonical JSON of ChatRequest.content
    answer TEXT NOT NULL,      -- JSON of Answer
    sum TEXT                   -- `checksum` of these three
) WITHOUT ROWID
"""


class Cassette:
    """Recorded answers. Safe with threads and with several processes on one file.

    | mode | a hit | a miss |
    |---|---|---|
    | `record` | replayed | asked, and stored before the caller sees it |
    | `replay` | replayed | asked, not stored, counted in the report |
    | `strict` | replayed | `CassetteError` that shows the request and the nearest one stored |
    | `off` | - | asked, not stored; the file is not touched |

    A stored answer is on the disk before it is returned, so a process killed at any moment loses
    the calls under way and no others. Two processes that ask the same at the same moment both go on
    with the answer that was stored first. sqlite's write-ahead log needs a disk of this machine,
    not a network share; `-wal` and `-shm` beside the file belong to it. Each answer carries a
    checksum, and what is not as it was stored is an error, never an answer.

    Args:
        path: of the file. `record` makes it; `replay` and `strict` want it there, and only read.
        mode: one of the above.

    Raises:
        CassetteError: no such file, not a cassette, or one of another format version.

    Warns:
        RuntimeWarning: a mode that reads, and a file from before answers carried a checksum.
    """

    def __init__(self, path: Path | str, mode: Mode = "record") -> None:
        if mode not in get_args(Mode):
            raise unknown("mode of a cassette", mode, get_args(Mode))
        self.path = Path(path)
        self.mode: Mode = mode
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._process = -1
        self._summed = True
        self._opened: tuple[int, int] | None = None  # which file
        if mode != "off":
            with self._open():
                pass

    def __enter__(self) -> Cassette:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Answers that are stored."""
        with self._open() as connection:
            (count,) = connection.execute("SELECT count(*) FROM answers").fetchone()
            return int(count)

    def get(self, key: str) -> Answer | None:
        """The stored answer, or None.

        Raises:
            CassetteError: the file cannot be read, is gone, or holds what is no answer.
        """
        if self.mode == "off":
            return None
        with self._open() as connection:
            row = self._row(connection, key)
            self._check_there()
        return None if row is None else self._answer(row)

    def put(self, key: str, content: dict[str, Any], answer: Answer) -> Answer:
        """Store an answer, if the mode is `record`; the one that is stored now.

        It is another one where another process stored one for the same key in the meantime.

        Raises:
            CassetteError: the file cannot be written: full disk, missing permission.
        """
        if self.mode != "record":
            return answer
        row = (key, canonical(content), canonical(asdict(answer)))
        with self._open() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", (*row, checksum(*row))
            )
            stored = self._row(connection, key)
            self._check_there()
        if stored is None:
            raise self._damaged(key, "it is gone")
        return self._answer(stored)

    def miss(self, content: dict[str, Any]) -> CassetteError:
        """The error of a request that a strict cassette lacks."""
        with self._open() as connection:
            rows = connection.execute("SELECT request FROM answers ORDER BY key").fetchall()
        stored = [known for (text,) in rows if (known := request_in(text)) is not None]
        return CassetteError(
            f"{self.path} has no answer to this request, and its mode is strict.\n"
            + explain_miss(content, stored)
            + "\nRecord it with mode 'record', or ask the server without storing with 'replay'."
        )

    def rows(self) -> Iterator[tuple[str, dict[str, Any], Answer]]:
        """(key, content of the request, answer) of all that is stored, in the order of the keys."""
        with self._open() as connection:
            (found, *_) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                raise CassetteError(f"{self.path} is damaged: {found}. Take another copy.")
            stored = connection.execute(self._select("ORDER BY key")).fetchall()
        for row in stored:
            answer = self._answer(row)
            yield row[0], json.loads(row[1]), answer

    def close(self) -> None:
        """Close the file. It opens again with the next use."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    # ---- rows --------------------------------------------------------------------------------

    def _select(self, which: str) -> str:
        return (
            f"SELECT key, request, answer, {'sum' if self._summed else 'NULL'} FROM answers {which}"
        )

    def _row(self, connection: sqlite3.Connection, key: str) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = connection.execute(
            self._select("WHERE key = ?"), (key,)
        ).fetchone()
        if found is not None and found[0] != key:  # the tree of a damaged file leads elsewhere
            raise self._damaged(key, "another one was found in its place")
        return found

    def _answer(self, row: tuple[Any, ...]) -> Answer:
        """The answer in a row that is as it was stored."""
        key, request, answer, stored = row
        if not all(isinstance(part, str) for part in row[:3]):
            raise self._damaged(key, "it is no text")
        if self._summed and stored != checksum(key, request, answer):
            raise self._damaged(key, "it has not the checksum that it was stored with")
        known = request_in(request)
        if known is None or key_of(known) != key:
            raise self._damaged(key, "it is of another request")
        try:
            return answer_of(json.loads(answer))
        except (ValueError, TypeError, RecursionError) as error:
            raise self._damaged(key, str(error)) from None

    def _damaged(self, key: object, problem: str) -> CassetteError:
        return CassetteError(
            f"{self.path}: the answer under {str(key)[:80]} is damaged: {problem}. Take another "
            "copy of the cassette, or delete this row (sqlite3) to have it asked again."
        )

    def _check_there(self) -> None:
        """Raise unless the file is still the one that was opened: what is written would be lost."""
        try:
            there = _identity(self.path)
        except OSError:
            there = None
        if there != self._opened:
            raise CassetteError(
                f"{self.path} was removed or replaced while it was open: what is recorded now is "
                "lost. Leave it where it is until the run has ended, and run again."
            )

    # ---- the file ----------------------------------------------------------------------------

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The connection, held by this thread for the time of a block."""
        with self._lock:
            try:
                # A connection must not be used on the other side of a fork.
                if self._connection is None or self._process != os.getpid():
                    self._connection = self._connect()
                    self._process = os.getpid()
                yield self._connection
            except sqlite3.Error as error:
                raise CassetteError(f"{self.path}: {error}.{_advice(error)}") from error
            except UnicodeDecodeError as error:  # of what sqlite says of a damaged schema
                raise CassetteError(f"{self.path} is damaged: its schema is no text.") from error

    def _connect(self) -> sqlite3.Connection:
        if self.mode == "record":
            self.path.parent.mkdir(parents=True, exist_ok=True)
        elif not self.path.is_file():
            raise CassetteError(
                f"{self.path}: no such cassette. Record one with mode 'record', or make it from "
                "text with recosim.chat.import_cassette."
            )
        connection = sqlite3.connect(
            self._uri(), uri=True, timeout=BUSY, isolation_level=None, check_same_thread=False
        )
        try:
            if self.mode == "record":
                connection.execute("PRAGMA journal_mode = WAL")
                # Each commit reaches the disk: an answer costs more than a write.
                connection.execute("PRAGMA synchronous = FULL")
            self._check(connection)
            self._opened = _identity(self.path)
        except OSError as error:
            connection.close()
            raise CassetteError(f"{self.path}: {error}.") from None
        except BaseException:
            connection.close()
            raise
        return connection

    def _uri(self) -> str:
        base = self.path.resolve().as_uri()
        if self.mode == "record":
            return base
        # Reading beside a writer takes a shared file beside the cassette. Where it cannot be made,
        # nobody writes there either.
        beside = self.path.with_name(self.path.name + "-wal")
        alone = not os.access(self.path.parent, os.W_OK) and not beside.exists()
        return f"{base}?mode=ro" + ("&immutable=1" if alone else "")

    def _check(self, connection: sqlite3.Connection) -> None:
        """Make the table in an empty file; refuse what is no cassette of this version."""
        if self.mode == "record":
            connection.execute("BEGIN IMMEDIATE")
        try:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(answers)")]
            if application == APPLICATION and version == 1 and "sum" in columns:
                raise CassetteError(
                    f"{self.path} is damaged: its answers carry checksums, and its format is of "
                    "before there were any. Take another copy."
                )
            if self.mode == "record" and not application and not version and not tables:
                connection.execute(TABLE)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {FORMAT}")
                application, version = APPLICATION, FORMAT
            if self.mode == "record" and (application, version) == (APPLICATION, 1):
                self._add_checksums(connection)
                version = FORMAT
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        if connection.in_transaction:
            connection.execute("COMMIT")
        if application != APPLICATION:
            raise CassetteError(f"{self.path} is not a cassette of RecoSim. Name another file.")
        self._summed = version != 1
        if version == 1:
            warnings.warn(
                f"{self.path} was recorded before answers carried a checksum: that they are as "
                "they were recorded cannot be seen. Open it once with mode 'record' to add them.",
                RuntimeWarning,
                stacklevel=2,
            )
        elif version != FORMAT:
            raise CassetteError(
                f"{self.path} has format version {version}; this RecoSim reads version {FORMAT}. "
                "Use the RecoSim that wrote it, or record anew into another file."
            )

    def _add_checksums(self, connection: sqlite3.Connection) -> None:
        """Make a file of the first format one of this; its answers are looked at as they are."""
        self._summed = False
        rows = connection.execute(self._select("")).fetchall()
        for row in rows:
            self._answer(row)
        connection.execute("ALTER TABLE answers ADD COLUMN sum TEXT")
        sums = [(checksum(*row[:3]), row[0]) for row in rows]
        connection.executemany("UPDATE answers SET sum = ? WHERE key = ?", sums)
        connection.execute(f"PRAGMA user_version = {FORMAT}")


def checksum(key: str, request: str, answer: str) -> str:
    """The sha256 of a row, as hex."""
    text = "\n".join((key, request, answer))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def request_in(text: Any) -> dict[str, Any] | None:
    """The content of a request as it was stored; None for what is none."""
    try:
        found = json.loads(text)
        whole = isinstance(found, dict) and set(found) == CONTENT
        return found if whole and all(_is_message(m) for m in found["messages"]) else None
    except (ValueError, TypeError, RecursionError):
        return None


def _is_message(given: Any) -> bool:
    return isinstance(given, list) and len(given) == 2 and all(isinstance(t, str) for t in given)


def answer_of(given: Any) -> Answer:
    """An answer from its JSON; fields that are newer than it have their defaults.

    Raises:
        ValueError: what it lacks, or what is of another type.
    """
    if not isinstance(given, dict) or "text" not in given:
        raise ValueError(f"it is {shown(given)}")
    kinds: dict[str, Any] = {
        entry.name: str if entry.name == "text" else type(entry.default) for entry in fields(Answer)
    }
    for name, value in given.items():
        if name not in kinds or type(value) is not kinds[name]:
            raise ValueError(f"{shown(name)} of an answer is {shown(value)}")
        if kinds[name] is int and not 0 <= value < 2**63:
            raise ValueError(f"{name} of an answer is {shown(value)}")
    return Answer(**given)


def _identity(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_dev, stat.st_ino


def _advice(error: sqlite3.Error) -> str:
    text = str(error)
    if "not a database" in text:
        return " It is not a cassette of RecoSim; name another file."
    if "locked" in text:
        return f" Another process has been writing for {BUSY:g} seconds; end it and run again."
    if "full" in text:
        return " Make room on the disk and run again; what is recorded is kept."
    return ""
