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

`conversation`, `turn`, `role` and `act` are needed.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from recosim.errors import unknown
from recosim.users.dialogues.text import read_file
from recosim.users.dialogues.types import SYSTEM_ACTS, USER_ACTS, Dialogue, Did, Role, Turn
from recosim.world.importers.source import bad

__all__ = ["COLUMNS", "NEEDED", "csv_rows", "read_header", "read_turns"]

COLUMNS = ("conversation", "user", "turn", "role", "act", "item", "attributes", "text")
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
        Dialogue(name, users[name], tuple(turn for _, turn in own)) for name, own in turns.items()
    ]


def read_header(path: Path) -> list[str]:
    """The names of the columns of a CSV file. Raises `ImportDataError` for what is no text."""
    first = read_file(path).split("\n", 1)[0]
    try:
        return [name.strip() for name in next(csv.reader([first]), [])]
    except csv.Error as error:
        raise bad(path, f"not valid CSV: {error}", 1) from None


def csv_rows(
    path: Path, *, needed: tuple[str, ...], known: tuple[str, ...] | None = None
) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV file by the names of its header, each with its line; values are stripped.

    Raises:
        ImportDataError: a damaged file, a needed column that is missing, one that is not `known`,
            or a row of another length.
    """
    text = read_file(path)
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        for name in needed:
            if name not in header:
                told = ", ".join(header) or "nothing"
                raise bad(path, f"the column {name!r} is missing; the header has {told}", 1)
        for name in header:
            if known is not None and name not in known:
                raise bad(path, str(unknown("column", name, known)), 1)
        if len(set(header)) < len(header):
            raise bad(path, "two columns have the same name", 1)
        rows = []
        before = reader.line_num
        for values in reader:
            line, before = before + 1, reader.line_num
            if not values:
                continue
            if len(values) != len(header):
                raise bad(path, f"{len(values)} values, the header has {len(header)}", line)
            pairs = zip(header, values, strict=True)
            rows.append((line, {name: value.strip() for name, value in pairs}))
        return rows
    except csv.Error as error:
        problem = f"not valid CSV, or cut in the middle: {error}"
        raise bad(path, problem, reader.line_num) from None


def split(cell: str) -> tuple[str, ...]:
    """The values of a cell that are separated by semicolons."""
    return tuple(part for value in cell.split(";") if (part := value.strip()))


def _turn(path: Path, line: int, row: Mapping[str, str]) -> tuple[int, Turn]:
    role = ROLES.get(row["role"].lower())
    if role is None:
        raise bad(path, str(unknown("role", row["role"], ROLES)), line)
    try:
        number = int(row["turn"])
    except ValueError:
        raise bad(path, f"turn is {row['turn']!r}; a whole number is needed", line) from None
    known = USER_ACTS if role == "user" else SYSTEM_ACTS
    items, attributes = split(row.get("item", "")), split(row.get("attributes", ""))
    kinds = split(row["act"])
    for kind in kinds:
        if kind not in known:
            raise bad(path, str(unknown(f"act of the {role}", kind, known)), line)
    acts = tuple(Did(kind, items, attributes) for kind in kinds)
    return number, Turn(role, row.get("text", ""), acts, items, kinds)


def _joined(first: Turn, more: Turn) -> Turn:
    """Two rows of the same turn."""
    return Turn(
        first.role,
        " ".join(text for text in (first.text, more.text) if text),
        (*first.acts, *more.acts),
        tuple(dict.fromkeys((*first.items, *more.items))),
        (*first.labels, *more.labels),
    )
