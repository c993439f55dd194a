"""`Cassette`: the answers of language models in one file, so that a run can be repeated offline.

The file is sqlite: one row for each question that a server answered, under the sha256 of all that
decides the answer (`ChatRequest.content`). It depends on no order of calls. Not in it are failed
calls, keys and addresses. Cassettes for a repository go through `recosim.chat.cassette_text`.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, get_args

from recosim.chat.backend import Answer
from recosim.chat.cassette_miss import explain_miss
from recosim.chat.request import canonical
from recosim.errors import CassetteError, unknown

__all__ = ["Cassette", "FORMAT", "Mode"]

Mode = Literal["record", "replay", "strict", "off"]

FORMAT = 1
APPLICATION = 0x52436173  # "RCas", in the header of the file
BUSY = 60.0  # seconds to wait for another process that is writing

TABLE = """
CREATE TABLE answers (
    key TEXT PRIMARY KEY,      -- sha256 of request
    request TEXT NOT NULL,     -- canonical JSON of ChatRequest.content
    answer TEXT NOT NULL       -- JSON of Answer
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
    not a network share; `-wal` and `-shm` beside the file belong to it.

    Args:
        path: of the file. `record` makes it; `replay` and `strict` want it there, and only read.
        mode: one of the above.

    Raises:
        CassetteError: no such file, not a cassette, or one of another format version.
    """

    def __init__(self, path: Path | str, mode: Mode = "record") -> None:
        if mode not in get_args(Mode):
            raise unknown("mode of a cassette", mode, get_args(Mode))
        self.path = Path(path)
        self.mode: Mode = mode
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._process = -1
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
            CassetteError: the file cannot be read, or holds what is no answer.
        """
        if self.mode == "off":
            return None
        with self._open() as connection:
            row = connection.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else self._answer(key, row[0])

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
            connection.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", row)
            stored = connection.execute("SELECT answer FROM answers WHERE key = ?", (key,))
            return self._answer(key, stored.fetchone()[0])

    def miss(self, content: dict[str, Any]) -> CassetteError:
        """The error of a request that a strict cassette lacks."""
        with self._open() as connection:
            rows = connection.execute("SELECT request FROM answers ORDER BY key").fetchall()
        return CassetteError(
            f"{self.path} has no answer to this request, and its mode is strict.\n"
            + explain_miss(content, [json.loads(request) for (request,) in rows])
            + "\nRecord it with mode 'record', or ask the server without storing with 'replay'."
        )

    def rows(self) -> Iterator[tuple[str, dict[str, Any], Answer]]:
        """(key, content of the request, answer) of all that is stored, in the order of the keys."""
        with self._open() as connection:
            stored = connection.execute("SELECT * FROM answers ORDER BY key").fetchall()
        for key, request, answer in stored:
            yield key, json.loads(request), self._answer(key, answer)

    def close(self) -> None:
        """Close the file. It opens again with the next use."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

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
            if self.mode == "record" and not application and not version and not tables:
                connection.execute(TABLE)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {FORMAT}")
                application, version = APPLICATION, FORMAT
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")
        if application != APPLICATION:
            raise CassetteError(f"{self.path} is not a cassette of RecoSim. Name another file.")
        if version != FORMAT:
            raise CassetteError(
                f"{self.path} has format version {version}; this RecoSim reads version {FORMAT}. "
                "Use the RecoSim that wrote it, or record anew into another file."
            )

    def _answer(self, key: str, text: str) -> Answer:
        try:
            return Answer(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise CassetteError(
                f"{self.path}: the answer under {key} is damaged ({error}). Delete its row, or "
                "record anew into another file."
            ) from error


def _advice(error: sqlite3.Error) -> str:
    text = str(error)
    if "not a database" in text:
        return " It is not a cassette of RecoSim; name another file."
    if "locked" in text:
        return f" Another process has been writing for {BUSY:g} seconds; end it and run again."
    if "full" in text:
        return " Make room on the disk and run again; what is recorded is kept."
    return ""
