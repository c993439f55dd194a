"""Choice logs: lists that were shown, and what was taken of them.

| column | what |
|---|---|
| `user` | whose list it is |
| `list` | the items shown, best first, separated by spaces or semicolons |
| `taken` | the item taken, empty for none |
| `utilities` | what each item of the list is worth to the user, 0 for what they would not take |
| `conversation` | lists of one conversation (default: each list by itself) |

CSV or Parquet, where `list` and `utilities` may be lists. Without `utilities` a world says what is
wanted: the items that a user took in its valid and test splits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recosim.checked import read_table
from recosim.errors import ImportDataError, OptionError
from recosim.users.dialogues.turns import csv_rows
from recosim.users.fitting.occasions import Gathering, Log
from recosim.world.importers.source import bad
from recosim.world.world import World

__all__ = ["NEEDED", "log_of_choices", "table_rows", "words_of"]

NEEDED = ("user", "list", "taken")
COLUMNS = (*NEEDED, "utilities", "conversation")


def log_of_choices(path: Path, world: World | None = None) -> Log:
    """What lists and choices tell of reading and of choosing.

    The first wanted item of a list is the one that counts (docs/protocols.md, "Lists"). Lists of
    which something else was taken cannot come from these rules; they are counted in `source`.

    Raises:
        ImportDataError: a damaged file, or a value that means nothing (with the line).
        OptionError: nothing says what is wanted.
    """
    gathering = Gathering()
    lists = against = 0
    wanted_by: dict[int, dict[str, float]] = {}
    for line, row in table_rows(path, NEEDED, COLUMNS):
        items = words_of(row["list"])
        taken = "" if row["taken"] is None else str(row["taken"]).strip()
        if not items or len(set(items)) < len(items):
            raise bad(path, "the list is empty, or has an item twice", line)
        if taken and taken not in items:
            raise bad(path, f"item {taken!r} was taken, but is not in the list", line)
        if row.get("utilities") not in (None, ""):
            worth = _utilities(path, line, row["utilities"], len(items))
        elif world is None:
            raise OptionError(
                f"{path}:{line}: nothing says what is wanted, and so not what was overlooked; give "
                "a column `utilities`, or the world with --world."
            )
        else:
            worth = _worth(path, line, world, wanted_by, row["user"], items)
        lists += 1
        name = row.get("conversation") or ("list", line)
        gathering.conversation(name)
        first = next((k for k, value in enumerate(worth) if value > 0), None)
        place = items.index(taken) if taken else None
        if first is None or place not in (None, first):
            against += place is not None
            continue
        gathering.add(
            "takes_it",
            str(row["user"]),
            name,
            place is not None,
            before=float(first),
            utility=worth[first],
        )
    if not lists:
        raise bad(path, "no lists in it", 1)
    source = f"{path.name}: {lists:,} lists"
    if against:
        source += f", {against:,} of them left out: what was taken was not the first wanted item"
    log = gathering.log(source)
    if not log.occasions:
        raise OptionError(
            f"{path}: of {lists} lists none holds a wanted item that is taken or passed by, and so "
            "nothing tells how far users read."
        )
    return log


def table_rows(
    path: Path, needed: tuple[str, ...], known: tuple[str, ...]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(line or row from 1, values by column) of a CSV or Parquet file.

    Raises:
        ImportDataError: a damaged file, or a needed column that is missing.
    """
    if path.suffix.lower() == ".csv":
        yield from csv_rows(path, needed=needed, known=known)
        return
    try:
        table, _, _ = read_table(path, ImportDataError, "Save it again.")
    except FileNotFoundError:
        raise ImportDataError(f"{path}: no such file.") from None
    for name in needed:
        if name not in table.schema.names:
            told = ", ".join(table.schema.names)
            raise bad(path, f"the column {name!r} is missing; there are {told}")
    yield from enumerate(table.to_pylist(), start=1)


def words_of(cell: Any) -> list[str]:
    """The words of a cell: a list, or a text with spaces or semicolons between them."""
    if isinstance(cell, (list, tuple)):
        return [str(value) for value in cell]
    return [word for word in re.split(r"[\s;]+", str(cell or "")) if word]


def _utilities(path: Path, line: int, cell: Any, n: int) -> list[float]:
    words = words_of(cell)
    try:
        worth = [float(word) for word in words]
    except ValueError:
        raise bad(path, f"utilities are {cell!r}; numbers are needed", line) from None
    if len(worth) != n or not all(math.isfinite(value) and value >= 0 for value in worth):
        raise bad(path, f"{len(worth)} utilities for {n} items; one from 0 for each", line)
    return worth


def _worth(
    path: Path,
    line: int,
    world: World,
    wanted_by: dict[int, dict[str, float]],
    user: Any,
    items: Sequence[str],
) -> list[float]:
    """1 for the items that the world says a user took later, 0 for others."""
    try:
        number = int(user)
        ids = [int(item) for item in items]
    except (TypeError, ValueError):
        raise bad(path, "users and items are numbers of the world, from 0", line) from None
    if not 0 <= number < world.train.rows or not all(
        0 <= item < world.item_attributes.rows for item in ids
    ):
        raise bad(path, f"user or item is outside the world {world.name!r}", line)
    if number not in wanted_by:
        splits = (world.valid, world.test)
        wanted_by[number] = {str(int(v)): 1.0 for split in splits for v in split.row(number)}
    return [wanted_by[number].get(str(item), 0.0) for item in ids]
