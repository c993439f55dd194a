"""Rows of delimited text: quotes that stay open are refused with the line in which they open."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recosim.errors import ImportDataError
from recosim.progress import Progress
from recosim.world.importers.source import SHOWN, Log, bad, physical_lines, read_lines

__all__ = ["read_rows", "split_lines"]

LONGEST_FIELD = 2**31 - 1  # characters; Python's own limit is 131,072


def read_rows(
    path: Path,
    *,
    delimiter: str = ",",
    log: Log | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """(line in which it begins, fields) of each row of a CSV file, the header too.

    Fields may be quoted and hold delimiters, doubled quotes and line breaks, however long. All
    rows have as many fields as the first.

    Raises:
        ImportDataError: a quote that is never closed, or closed inside a field (with the line where
            it opens), a row of another number of fields; see `physical_lines`.
    """
    record: list[str] = []  # the lines of the row that is being read

    def lines() -> Iterator[str]:
        for _, text in physical_lines(path, log=log, progress=progress):
            record.append(text)
            yield text

    width = 0
    with _long_fields():
        reader = csv.reader(lines(), delimiter=delimiter, strict=True)
        while True:
            record.clear()
            start = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _malformed(path, start, record, delimiter, error) from None
            if not fields:
                continue
            width = width or len(fields)
            if len(fields) != width:
                text = record[0].rstrip("\r\n")
                opened = f"; the row is {len(record)} lines long" if len(record) > 1 else ""
                problem = f"expected {width} fields, found {len(fields)}{opened}: {text[:60]!r}"
                raise bad(path, problem, start)
            yield start, fields


def split_lines(
    path: Path,
    delimiter: str,
    *,
    width: int | None = None,
    log: Log | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields) of lines in which a quote is a character like others.

    Raises:
        ImportDataError: a line of another number of fields than `width`, or than the first line.
    """
    for number, line in read_lines(path, log=log, progress=progress):
        fields = line.split(delimiter)
        width = width or len(fields)
        if len(fields) != width:
            problem = f"expected {width} fields, found {len(fields)}: {line[:60]!r}"
            raise bad(path, problem, number)
        yield number, fields


@contextmanager
def _long_fields() -> Iterator[None]:
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _malformed(
    path: Path, start: int, record: list[str], delimiter: str, error: csv.Error
) -> ImportDataError:
    opened, closed = _quote(record, delimiter)
    if opened is None:
        return bad(path, f"cannot be read: {str(error)[:SHOWN]}", start)
    where = "is never closed"
    if closed is not None:
        where = f"is closed inside a field (line {start + closed})"
    problem = (
        f'the quote that opens in this line {where}; close it, or write "" for a quote in text'
    )
    return bad(path, problem, start + opened)


def _quote(record: list[str], delimiter: str) -> tuple[int | None, int | None]:
    """The lines in which the quoted field at fault opens and closes, from 0; None for neither."""
    opened: int | None = None
    at_start, closing = True, False
    for number, text in enumerate(record):
        for character in text:
            if opened is None:
                if at_start and character == '"':
                    opened, closing = number, False
                at_start = character == delimiter or character in "\r\n"
            elif closing:
                if character == '"':
                    closing = False
                elif character == delimiter or character in "\r\n":
                    opened, at_start = None, True
                else:
                    return opened, number
            elif character == '"':
                closing = True
    return opened, None
