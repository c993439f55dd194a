"""Logs of sessions: who did what when, event by event or list by list.

| column | what |
|---|---|
| `user` | whose event it is |
| `time` | a date and time (ISO 8601; UTC where it names no zone), or seconds since 1970 |
| `item` | one item, or |
| `list` | the items of a list, best first, separated by spaces or semicolons |
| `reaction` | `click`, `accept`, `love`, `skip`, `seen` or `unread`; of a list one for each item |
| `position` | with `item`: its place in a list, from 1; rows of a user and a time are one list |
| `minutes` | with `item`: how long it was used |
| `session` | its name; without it a session ends where nothing happens for 30 minutes |

`user`, `time` and one of `item` and `list` are needed; without `reaction` every item was clicked.
CSV or Parquet, where lists may be lists. Each list, or item outside one, is a round.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from recosim.errors import unknown
from recosim.users.fitting.from_choices import table_rows, words_of
from recosim.users.fitting.occasions import Gathering, Log
from recosim.world.importers.source import bad

__all__ = ["COLUMNS", "DAYS", "IDLE_MINUTES", "NEEDED", "log_of_sessions"]

NEEDED = ("user", "time")
COLUMNS = (*NEEDED, "item", "list", "reaction", "position", "minutes", "session")
IDLE_MINUTES = 30.0
DAYS = 30  # for which a user who is away is followed: a return later than that is none

REACTIONS = {"unread": -1, "skip": 0, "seen": 1, "click": 2, "accept": 3, "love": 4}
UNREAD, SEEN, CLICK = REACTIONS["unread"], REACTIONS["seen"], REACTIONS["click"]


@dataclass
class _Round:
    """One list, or one item: when, and what became of each item."""

    line: int
    time: float  # seconds since 1970
    until: float
    session: str
    reactions: list[int]
    place: float = math.nan  # of an item that has one


@dataclass
class _User:
    rounds: list[_Round] = field(default_factory=list)


def log_of_sessions(path: Path) -> Log:
    """What sessions tell of leaving, coming back, reading and clicking.

    - A round is followed by another of its session, or the session was left. A session that was
      under way when the log ends is cut off there.
    - Gaps are counted between the days (UTC) on which a user was active. Who is away is followed
      for 30 days, or to the end of the log.
    - Rows of a user that are out of order in time are sorted, and counted in `source`.

    What is held out of it later is users, whole.

    Raises:
        ImportDataError: a damaged file or a value that means nothing (with the line), or sessions
            of a user that lie in one another.
    """
    users: dict[str, _User] = {}
    marked = skipped = rows = 0
    last = -math.inf
    for line, row in table_rows(path, NEEDED, COLUMNS):
        rows += 1
        if not (name := _text(row["user"])):
            raise bad(path, "the user has no name", line)
        own = _round(path, line, row)
        users.setdefault(name, _User()).rounds.append(own)
        last = max(last, own.until)
        marked += UNREAD in own.reactions
        skipped += any(reaction < CLICK for reaction in own.reactions)
    if not rows:
        raise bad(path, "no rows in it", 1)
    gathering = Gathering()
    _silent(gathering, bool(skipped))
    unsorted = sessions = 0
    for name, user in users.items():
        unsorted += sum(a.time > b.time for a, b in pairwise(user.rounds))
        rounds = _joined(path, sorted(user.rounds, key=lambda own: own.time))
        gathering.conversation(name)
        parts = _sessions(path, name, rounds)
        sessions += len(parts)
        for part in parts:
            _tell_session(gathering, name, part, last)
        _tell_returns(gathering, name, parts, last)
        for own in rounds if skipped else ():
            _tell_list(gathering, name, own.reactions, bool(marked))
    source = f"{path.name}: {sessions:,} sessions of {len(users):,} users"
    if unsorted:
        source += f", sorted by time: {unsorted:,} rows came before an earlier one of their user"
    return gathering.log(source, unit="users")


def _silent(gathering: Gathering, skipped: bool) -> None:
    if not skipped:
        why = "the log has only what was taken, and not what was passed over"
        for name in ("click_bias", "choice_temperature", "appeal_pull", "examination", "seen"):
            gathering.silent[name] = why
    why = "a log of sessions does not say why users went"
    for name in ("tolerance", "voice", "leave_for_good"):
        gathering.silent[name] = why


# ---- reading rows --------------------------------------------------------------------------------


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _round(path: Path, line: int, row: Mapping[str, Any]) -> _Round:
    listed = row.get("list") is not None and row["list"] != ""
    if listed == bool(_text(row.get("item"))):
        raise bad(path, "a row needs an item or a list, and not both", line)
    items = words_of(row["list"]) if listed else [_text(row["item"])]
    if len(set(items)) < len(items):
        raise bad(path, "the list has an item twice", line)
    told = row.get("reaction")
    if told is None or told == "":
        if "reaction" in row and listed:
            raise bad(path, f"{len(items)} items, and no reaction", line)
        told = ["click"] * len(items)
    reactions = [_reaction(path, line, word) for word in words_of(told)]
    if len(reactions) != len(items):
        raise bad(path, f"{len(items)} items and {len(reactions)} reactions", line)
    if UNREAD in reactions and any(r != UNREAD for r in reactions[reactions.index(UNREAD) :]):
        raise bad(path, "an item was read below one that was not; lists are read from above", line)
    time = _time(path, line, row["time"])
    minutes = _number(path, line, "minutes", row.get("minutes"), 0.0)
    place = _number(path, line, "position", row.get("position"), 1.0)
    if listed and not math.isnan(place):
        raise bad(path, "a position goes with an item, not with a list", line)
    until = time + 60 * (0.0 if math.isnan(minutes) else minutes)
    return _Round(line, time, until, _text(row.get("session")), reactions, place)


def _reaction(path: Path, line: int, word: str) -> int:
    if word.lower() not in REACTIONS:
        raise bad(path, str(unknown("reaction", word, REACTIONS)), line)
    return REACTIONS[word.lower()]


def _time(path: Path, line: int, cell: Any) -> float:
    """Seconds since 1970."""
    if isinstance(cell, date) and not isinstance(cell, datetime):
        cell = datetime(cell.year, cell.month, cell.day)
    try:
        value = float(cell) if not isinstance(cell, datetime) else math.nan
    except (TypeError, ValueError):
        value = math.nan
    if math.isfinite(value):
        return value
    try:
        text = re.sub("[zZ]$", "+00:00", _text(cell))  # which Python reads from 3.11 on alone
        when = cell if isinstance(cell, datetime) else datetime.fromisoformat(text)
    except ValueError:
        raise bad(
            path,
            f"the time is {cell!r}; a date and time like 2026-11-28T18:30:00, or seconds since "
            "1970, are needed",
            line,
        ) from None
    return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()


def _number(path: Path, line: int, name: str, cell: Any, least: float) -> float:
    """NaN where there is none."""
    if cell is None or _text(cell) == "":
        return math.nan
    try:
        value = float(cell)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value) or value < least:
        raise bad(path, f"{name} is {cell!r}; a number from {least:g} is needed", line)
    return value


# ---- rounds and sessions -------------------------------------------------------------------------


def _joined(path: Path, rounds: list[_Round]) -> list[_Round]:
    """Items that have a position, with those of the same time as one list."""
    found = []
    for _, same in groupby(rounds, key=lambda own: (own.time, math.isnan(own.place), own.session)):
        own = list(same)
        if math.isnan(own[0].place) or len(own) == 1:
            found += own
            continue
        own.sort(key=lambda each: each.place)
        for a, b in pairwise(own):
            if a.place == b.place:
                raise bad(path, f"position {a.place:g} twice in one list", b.line)
        first = own[0]
        first.reactions = [each.reactions[0] for each in own]
        first.until = max(each.until for each in own)
        found.append(first)
    return found


def _sessions(path: Path, user: str, rounds: list[_Round]) -> list[list[_Round]]:
    """The rounds of a user, in order, by session."""
    parts: list[list[_Round]] = []
    began: set[str] = set()
    for own in rounds:
        before = parts[-1][-1] if parts else None
        if before is not None and own.session == before.session:
            goes_on = bool(own.session) or own.time - before.until <= 60 * IDLE_MINUTES
            if goes_on:
                parts[-1].append(own)
                continue
        if own.session and own.session in began:
            raise bad(
                path,
                f"session {own.session!r} of user {user!r} goes on after another one began; give "
                "each session a name of its own, or leave the column out: sessions are then cut "
                f"after {IDLE_MINUTES:g} minutes of nothing",
                own.line,
            )
        began.add(own.session)
        parts.append([own])
    return parts


def _tell_session(gathering: Gathering, user: str, part: list[_Round], last: float) -> None:
    under_way = last - part[-1].until <= 60 * IDLE_MINUTES
    for k, _ in enumerate(part, start=1):
        left = k == len(part)
        if not (left and under_way):
            gathering.add("stops", user, user, left, fatigue=0.0, letdown=0.0)


def _tell_returns(
    gathering: Gathering, user: str, parts: Iterable[list[_Round]], last: float
) -> None:
    """One occasion for each day away, until a return, the end of the log, or `DAYS`."""
    end = _day(last)
    days = sorted({_day(part[0].time) for part in parts})
    for day, following in zip(days, [*days[1:], None], strict=True):
        back = following is not None and following - day <= DAYS
        away = (following if following is not None else end + 1) - day - 1
        for _ in range(min(away, DAYS)):
            gathering.add("returns", user, user, 0, loyalty=0.0)
        if back:
            gathering.add("returns", user, user, 1, loyalty=0.0)


def _day(seconds: float) -> int:
    return math.floor(seconds / 86_400)


def _tell_list(gathering: Gathering, user: str, reactions: list[int], marked: bool) -> None:
    """Reading and clicking, by whether the log marks what was not read."""
    top, skips = 1.0, 0.0
    for k, reaction in enumerate(reactions):
        if marked and k > 0:
            gathering.add("reads_on", user, user, reaction != UNREAD)
        if reaction == UNREAD:
            return
        if reaction != SEEN:
            clicked = reaction >= CLICK
            given = {"fit": 0.0, "appeal": 0.0, "read": float(marked), "top": top, "skips": skips}
            gathering.add("clicks", user, user, clicked, **given)
            top, skips = (0.0, 0.0) if clicked else (top, skips + 1)
        else:  # it was read: as good as a click for what is below it
            top, skips = 0.0, 0.0
