"""Times of a column as seconds: numbers, ISO 8601 with and without a zone, dates in words.

A date that can be read in two ways (1/2/2018) is settled by the others of its column (13/2/2018:
the day comes first) or refused.
"""

from __future__ import annotations

import math
import re
from array import array
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.world.importers.cells import shown
from recosim.world.importers.source import bad

__all__ = ["Times"]

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
CLOCK = r"(?:(?:T|,?\s+)(?P<clock>\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?))?"
ZONE = r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"
DAY_NAME = r"(?:[A-Za-z]{3,9},?\s+)?"
YEAR_FIRST = re.compile(r"(?P<y>\d{4})[-/.](?P<a>\d{1,2})[-/.](?P<b>\d{1,2})" + CLOCK + ZONE)
YEAR_LAST = re.compile(r"(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<y>\d{4})" + CLOCK + ZONE)
MONTH_FIRST = re.compile(r"(?P<a>\d{1,2}) (?P<b>\d{1,2}), (?P<y>\d{4})")  # reviews of Amazon
NAMED = (
    re.compile(
        DAY_NAME + r"(?P<b>\d{1,2})[-\s](?P<m>[A-Za-z]{3,9})\.?,?[-\s](?P<y>\d{4})" + CLOCK + ZONE
    ),
    re.compile(
        DAY_NAME + r"(?P<m>[A-Za-z]{3,9})\.?\s+(?P<b>\d{1,2}),?\s+(?P<y>\d{4})" + CLOCK + ZONE
    ),
    re.compile(  # Wed Mar 22 11:37:04 -0700 2017
        r"[A-Za-z]{3}\s+(?P<m>[A-Za-z]{3})\s+(?P<b>\d{1,2})\s+(?P<clock>\d{1,2}:\d{2}:\d{2})"
        + ZONE
        + r"\s+(?P<y>\d{4})"
    ),
)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Times:
    """The times of one column, added one by one."""

    def __init__(self, path: Path, column: str) -> None:
        self.path, self.column = path, column
        self._month_first, self._day_first = array("d"), array("d")
        self._numbers = self._dates = 0
        self._two_ways: tuple[str, int | None] | None = None  # the first date that can be two
        self._only_month: tuple[str, int | None] | None = None
        self._only_day: tuple[str, int | None] | None = None

    def add(self, value: Any, line: int | None) -> None:
        """Add a number, a text, a date or a datetime.

        Raises:
            ImportDataError: it is missing, not finite, or no date.
        """
        if isinstance(value, (date, datetime)):
            seconds = _seconds_of(value)
            self._dates += 1
            self._append(seconds, seconds)
            return
        try:
            if isinstance(value, bool):
                raise ValueError
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            self._add_text(value, line)
            return
        if not math.isfinite(number):
            raise bad(self.path, f"{self.column} {shown(value)} is not a time", line)
        self._numbers += 1
        self._append(number, number)
        self._mixed(line)

    def values(self) -> NDArray[np.float64]:
        """The times in the order in which they were added, later is larger.

        Raises:
            ImportDataError: a date of the column can be two, and no other one settles which.
        """
        both = self._only_month or self._only_day
        if self._only_month is not None and self._only_day is not None:
            text, line = self._only_day
            other, at = self._only_month
            problem = (
                f"{self.column} {text!r} has the day first, {other!r} (line {at}) has the month "
                "first; write dates as 2018-02-01"
            )
            raise bad(self.path, problem, line)
        if self._two_ways is not None and both is None:
            text, line = self._two_ways
            problem = (
                f"{self.column} {text!r} can be two dates, and no other of the column says whether "
                "the day or the month comes first; write dates as 2018-02-01"
            )
            raise bad(self.path, problem, line)
        chosen = self._day_first if self._only_day is not None else self._month_first
        return np.array(chosen, dtype=np.float64)

    def _append(self, month_first: float, day_first: float) -> None:
        self._month_first.append(month_first)
        self._day_first.append(day_first)

    def _add_text(self, value: Any, line: int | None) -> None:
        text = value.strip() if isinstance(value, str) else ""
        month_first, day_first = _parse(text) if text else (None, None)
        if month_first is None and day_first is None:
            given = shown(value) if text or value not in ("", None) else "(empty)"
            raise bad(
                self.path,
                f"{self.column} {given} is neither a number nor an ISO date "
                "(2018-02-01 10:00:00), nor a date in words",
                line,
            )
        if month_first is not None and day_first is not None:
            if month_first != day_first and self._two_ways is None:
                self._two_ways = text, line
        elif month_first is not None:
            self._only_month = self._only_month or (text, line)
        else:
            self._only_day = self._only_day or (text, line)
        self._dates += 1
        self._append(
            math.nan if month_first is None else month_first,
            math.nan if day_first is None else day_first,
        )
        self._mixed(line)

    def _mixed(self, line: int | None) -> None:
        if self._numbers and self._dates:
            problem = f"{self.column} mixes numbers and dates; write all of them alike"
            raise bad(self.path, problem, line)


def _seconds_of(value: date) -> float:
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        value = value.replace(tzinfo=timezone.utc)
    return (value - EPOCH).total_seconds()


@lru_cache(maxsize=1 << 16)
def _parse(text: str) -> tuple[float | None, float | None]:
    """Seconds with the month first and with the day first; None where it is no such date.

    Both are the same where the order is known.
    """
    if len(text) > 60 or not text.isascii():
        return None, None
    if match := YEAR_FIRST.fullmatch(text):
        seconds = _moment(match, int(match["a"]), int(match["b"]))
        return seconds, seconds
    if match := YEAR_LAST.fullmatch(text):
        a, b = int(match["a"]), int(match["b"])
        return _moment(match, a, b), _moment(match, b, a)
    if match := MONTH_FIRST.fullmatch(text):
        seconds = _moment(match, int(match["a"]), int(match["b"]))
        return seconds, seconds
    for pattern in NAMED:
        if match := pattern.fullmatch(text):
            name = match["m"][:3].lower()
            if name in MONTHS:
                seconds = _moment(match, MONTHS.index(name) + 1, int(match["b"]))
                return seconds, seconds
    return None, None


def _moment(match: re.Match[str], month: int, day: int) -> float | None:
    """Seconds of a matched date, None where there is no such day or hour."""
    parts = match.groupdict()
    hour = minute = 0
    second = 0.0
    if clock := parts.get("clock"):
        letters = re.sub(r"[^a-z]", "", clock.lower())
        numbers = re.sub(r"[^0-9:.,]", "", clock).rstrip(".").replace(",", ".").split(":")
        hour, minute = int(numbers[0]), int(numbers[1])
        second = float(numbers[2]) if len(numbers) > 2 else 0.0
        if letters:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if letters == "pm" else 0)
    if hour > 23 or minute > 59 or second >= 61:
        return None
    shift = 0
    if (zone := parts.get("zone")) and zone[0] in "+-":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        if int(digits[:2]) > 15 or int(digits[2:]) > 59:
            return None
        shift = int(zone[0] + "1") * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)
    try:
        day_start = datetime(int(match["y"]), month, day, tzinfo=timezone.utc)
    except ValueError:
        return None
    seconds = (day_start - EPOCH) / timedelta(seconds=1)
    return seconds + hour * 3600 + minute * 60 + second - shift
