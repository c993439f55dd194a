"""A table of turns: dialogues of one's own, as CSV.

Columns, by their names in the first line: `conversation`, `turn` (a number that rises within a
conversation), `role` (user or system), `acts` (words of `USER_TAGS` or `SYSTEM_TAGS`, separated by
spaces) and `text`; of one's choice `user` (who it is; default: a conversation is a user), `items`
and `attributes` (what a turn names, separated by ";") and `liked` (items that a user liked, once a
conversation). Rows of one conversation come together. Text alone may be empty.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from recosim.audit.dialogues import SYSTEM_TAGS, USER_TAGS, Collection, Conversation, Turn
from recosim.audit.human.source import read_text
from recosim.errors import unknown
from recosim.world.importers.source import bad

__all__ = ["COLUMNS", "read_table"]

NEEDED = ("conversation", "turn", "role", "acts", "text")
FURTHER = ("user", "items", "attributes", "liked")
COLUMNS = (*NEEDED, *FURTHER)

Row = dict[str, str]


def read_table(path: Path) -> Collection:
    """The dialogues of a table.

    What a collection does not record is not counted as "never": who leaves is counted only where
    somebody leaves, answers where somebody answers yes, no or neither, openings where something is
    named.

    Raises:
        ImportDataError: another encoding, cut, a column or an act that does not exist, no acts at
            all, turns out of order; with the line.
    """
    talks: list[Conversation] = []
    names: list[str] = []
    seen: set[str] = set()
    turns: list[Turn] = []
    liked: int | None = None
    current, who, last, any_acts, number = "", "", 0, False, 1
    for number, row in _rows(path):
        name = row["conversation"]
        if not name:
            raise bad(path, "the conversation is empty", number)
        if name != current:
            if turns:
                talks.append(Conversation(current, who, tuple(turns), liked))
            if name in seen:
                raise bad(path, f"the conversation {name!r} comes in two parts", number)
            seen.add(name)
            current, who, turns, liked, last = name, row.get("user") or name, [], None, -1
        last = _after(path, number, row["turn"], last)
        turns.append(_turn(path, number, row))
        any_acts |= bool(turns[-1].tags)
        for column in ("items", "attributes"):
            names += [part.strip() for part in row.get(column, "").split(";") if part.strip()]
        if row.get("liked"):
            liked = _whole(path, number, "liked", row["liked"])
    if not turns:
        raise bad(path, "it holds no turn", number)
    if not any_acts:
        raise bad(path, "no turn has an act; fill the column acts", number)
    talks.append(Conversation(current, who, tuple(turns), liked))
    return Collection(path.stem, tuple(talks), _tells(talks), tuple(dict.fromkeys(names)))


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    """(line, row by column) of each row."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    header: list[str] = []
    began = 1
    try:
        for values in reader:
            number, began = began, reader.line_num + 1
            if not values:
                continue
            if not header:
                header = [name.strip().casefold() for name in values]
                _check_header(path, header)
                continue
            if len(values) != len(header):
                raise bad(
                    path,
                    f"{len(values)} values, but {len(header)} columns; the file was cut here, or a "
                    "text with a comma lacks its quotation marks",
                    number,
                )
            yield number, dict(zip(header, (value.strip() for value in values), strict=True))
    except csv.Error as error:
        cut = "end of data" in str(error)
        what = "it ends inside quotation marks; the file was cut" if cut else f"{error}"
        raise bad(path, what, began) from None
    if not header:
        raise bad(path, f"it is empty; the first line names the columns {', '.join(NEEDED)}", 1)


def _check_header(path: Path, header: list[str]) -> None:
    for name in header:
        if name not in COLUMNS:
            raise bad(path, str(unknown("column", name, COLUMNS)), 1)
        if header.count(name) > 1:
            raise bad(path, f"the column {name!r} comes twice", 1)
    if lacks := [name for name in NEEDED if name not in header]:
        raise bad(path, f"the columns {', '.join(lacks)} are missing", 1)


def _turn(path: Path, number: int, row: Row) -> Turn:
    role = row["role"].casefold()
    if role not in ("user", "system"):
        raise bad(path, str(unknown("role", row["role"], ("user", "system"))), number)
    side: Literal["user", "system"] = "user" if role == "user" else "system"
    known = USER_TAGS if side == "user" else SYSTEM_TAGS
    tags = row["acts"].casefold().split()
    for tag in tags:
        if tag not in known:
            raise bad(path, str(unknown(f"act of the {side}", tag, known)), number)
    named = {column: bool(row.get(column)) for column in ("items", "attributes")}
    text = " ".join(row["text"].split())
    return Turn(side, frozenset(tags), text, named["items"], named["attributes"])


def _after(path: Path, number: int, given: str, last: int) -> int:
    turn = _whole(path, number, "turn", given)
    if turn <= last:
        raise bad(path, f"turn {turn} comes after turn {last}", number)
    return turn


def _whole(path: Path, number: int, what: str, given: str) -> int:
    if not (given.isascii() and given.isdigit()):
        raise bad(path, f"{what} is {given!r}; a whole number from 0 is needed", number)
    return int(given)


def _tells(talks: list[Conversation]) -> frozenset[str]:
    tags = {tag for talk in talks for turn in talk.turns for tag in turn.tags}
    users = [turn for talk in talks for turn in talk.turns if turn.role == "user"]
    found: dict[str, Any] = {
        "replies": "recommend" in tags,
        "acts": True,
        "answers": "ask" in tags and bool(tags & {"yes", "no", "unsure", "deflect"}),
        "opening": any(turn.names_item or turn.names_attribute for turn in users),
        "leaving": "leave" in tags and "recommend" in tags,
        "liking": any(talk.liked is not None for talk in talks),
        "words": any(turn.text for turn in users),
    }
    return frozenset(group for group, holds in found.items() if holds)
