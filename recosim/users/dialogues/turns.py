"""Turns with acts in a CSV file: dialogues of one's own.

| column | what |
|---|---|
| `conversation` | its name; the rows of a conversation follow each other |
| `user` | who looks for something (default: a user for each conversation) |
| `turn` | a whole number that does not fall; rows of the same turn and role are one turn |
| `role` | `user` (or `seeker`), `system` (or `recommender`, `assistant`) |
| `act` | an act, or several separated by `;`; empty: the turn has none |
| `item` | items that the act is about, separated by `;` |
| `attributes` | attributes that the act names, separated by `;` |
| `text` | the words |
| `liked` | how many items the user took or liked, in one row of a conversation |

`conversation`, `turn`, `role` and `act` are needed. docs/dialogues.md has it for readers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from recosim.errors import unknown
from recosim.users.dialogues.text import read_file
from recosim.users.dialogues.types import SYSTEM_ACTS, USER_ACTS, Dialogue, Did, Role, Turn
from recosim.world.importers.source import bad

__all__ = ["COLUMNS", "NEEDED", "csv_rows", "read_header", "read_turns"]

COLUMNS = ("conversation", "user", "turn", "role", "act", "item", "attributes", "text", "liked")
NEEDED = ("conversation", "turn", "role", "act")
ROLES: dict[str, Role] = {
    "user": "user", "seeker": "user",
    "system": "system", "recommender": "system", "assistant": "system",
}  # fmt: skip


def read_turns(path: Path) -> list[Dialogue]:
    """Read turns with acts; see the table of the module.

    Raises:
        ImportDataError: a damaged file, a column that is missing or unknown, an act or a role
            that does not exist (with the line; the nearest is offered).
    """
    rows = csv_rows(path, needed=NEEDED, known=COLUMNS)
    turns: dict[str, list[tuple[int, Turn]]] = {}
    users: dict[str, str] = {}
    liked: dict[str, int] = {}
    last = ""
    for line, row in rows:
        name = row["conversation"]
        if not name:
            raise bad(path, "the conversation has no name", line)
        if name != last and name in turns:
            raise bad(path, f"conversation {name!r} goes on after another one; sort the rows", line)
        last = name
        user = users.setdefault(name, row.get("user") or name)
        if row.get("user") and row["user"] != user:
            raise bad(path, f"conversation {name!r} has two users, {user!r} and others", line)
        if row.get("liked"):
            liked[name] = _whole(path, line, "liked", row["liked"])
        number, turn = _turn(path, line, row)
        own = turns.setdefault(name, [])
        if own and number < own[-1][0]:
            raise bad(path, f"turn {number} comes after turn {own[-1][0]}; sort the rows", line)
        if own and (number, turn.role) == (own[-1][0], own[-1][1].role):
            own[-1] = (number, _joined(own[-1][1], turn))
        else:
            own.append((number, turn))
    if not turns:
        raise bad(path, "no turns in it", 1)
    return [
        Dialogue(name, users[name], tuple(turn for _, turn in own), liked=liked.get(name))
        for name, own in turns.items()
    ]


def read_header(path: Path) -> list[str]:
    """The names of the columns of a CSV file. Raises `ImportDataError` for what is no text."""
    first = read_file(path).split("\n", 1)[0]
    try:
        return [name.strip().casefold() for name in next(csv.reader([first]), [])]
    except csv.Error as error:
        raise bad(path, f"not valid CSV: {error}", 1) from None


def csv_rows(
    path: Path, *, needed: tuple[str, ...], known: tuple[str, ...] | None = None
) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV file by the names of its header (in lower case), each with its line.

    Values are stripped.

    Raises:
        ImportDataError: a damaged file, a needed column that is missing, one that is not `known`,
            or a row of another length.
    """
    text = read_file(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    try:
        header = [name.strip().casefold() for name in next(reader, [])]
        for name in needed:
            if name not in header:
                told = ", ".join(header) or "nothing"
                raise bad(path, f"the column {name!r} is missing; the header has {told}", 1)
        for name in header:
            if known is not None and name not in known:
                raise bad(path, str(unknown("column", name, known)), 1)
        if len(set(header)) < len(header):
            twice = next(name for name in header if header.count(name) > 1)
            raise bad(path, f"the column {twice!r} comes twice", 1)
        rows = []
        before = reader.line_num
        for values in reader:
            line, before = before + 1, reader.line_num
            if not values:
                continue
            if len(values) != len(header):
                raise bad(
                    path,
                    f"{len(values)} values, the header has {len(header)}; the file was cut here, "
                    "or a text with a comma lacks its quotation marks",
                    line,
                )
            pairs = zip(header, values, strict=True)
            rows.append((line, {name: value.strip() for name, value in pairs}))
        return rows
    except csv.Error as error:
        cut = "end of data" in str(error)
        what = "cut in the middle, inside quotation marks" if cut else f"not valid CSV: {error}"
        raise bad(path, what, before + 1) from None


def split(cell: str) -> tuple[str, ...]:
    """The values of a cell that are separated by semicolons."""
    return tuple(part for value in cell.split(";") if (part := value.strip()))


def _turn(path: Path, line: int, row: Mapping[str, str]) -> tuple[int, Turn]:
    role = ROLES.get(row["role"].lower())
    if role is None:
        raise bad(path, str(unknown("role", row["role"], ROLES)), line)
    number = _whole(path, line, "turn", row["turn"])
    known = USER_ACTS if role == "user" else SYSTEM_ACTS
    items, attributes = split(row.get("item", "")), split(row.get("attributes", ""))
    kinds = split(row["act"].casefold())
    for kind in kinds:
        if kind not in known:
            raise bad(path, str(unknown(f"act of the {role}", kind, known)), line)
    acts = tuple(Did(kind, items, attributes) for kind in kinds)
    return number, Turn(role, row.get("text", ""), acts, items, kinds, attributes)


def _whole(path: Path, line: int, what: str, given: str) -> int:
    if not (given.isascii() and given.isdigit()):
        raise bad(path, f"{what} is {given!r}; a whole number from 0 is needed", line)
    return int(given)


def _joined(first: Turn, more: Turn) -> Turn:
    """Two rows of the same turn."""
    return Turn(
        first.role,
        " ".join(text for text in (first.text, more.text) if text),
        (*first.acts, *more.acts),
        tuple(dict.fromkeys((*first.items, *more.items))),
        (*first.labels, *more.labels),
        tuple(dict.fromkeys((*first.attributes, *more.attributes))),
    )
