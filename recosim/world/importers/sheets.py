"""Tables of a folder, from text or Parquet, as columns of checked values with their lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from recosim.errors import ImportDataError
from recosim.world.importers.cells import Ids, label_of, shown, word
from recosim.world.importers.rows import read_rows
from recosim.world.importers.source import Log, bad, find_file, mended, need_file, reading

__all__ = [
    "COLUMNS",
    "ENDS",
    "Sheet",
    "find_sheets",
    "parquet_rows",
    "read_sheet",
    "sheet_of_columns",
]

COLUMNS = {
    "interactions": (("user", "item"), ("timestamp", "rating", "split")),
    "item_attributes": (("item", "attribute"), ("facet",)),
    "items": (("item",), ("name", "text", "length", "quality", "appeal")),
    "friends": (("user", "friend"), ()),
}
ENDS = (".csv", ".parquet", ".tsv", ".csv.gz", ".tsv.gz")
IDS = ("user", "item", "friend")
RAW = ("timestamp", "rating", "length", "quality", "appeal")  # looked at where they are needed


@dataclass
class Sheet:
    """One table: a list of values for each column, and the line of each row for errors."""

    path: Path
    columns: dict[str, list[Any]] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)

    def add(self, line: int, **values: Any) -> None:
        """Add a row of values that were checked."""
        for column, value in values.items():
            self.columns.setdefault(column, []).append(value)
        self.lines.append(line)

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def __getitem__(self, column: str) -> list[Any]:
        return self.columns[column]

    def line(self, row: int) -> int:
        """The line of a row of a text (rows of Parquet count from 1)."""
        return self.lines[row]


def find_sheets(folder: Path) -> dict[str, Path]:
    """The file of each table of a folder.

    Raises:
        ImportDataError: a needed table is missing, or a table is there in two files.
    """
    files: dict[str, Path] = {}
    for kind, (columns, _) in COLUMNS.items():
        names = [f"{kind}{end}" for end in ENDS]
        if kind in ("interactions", "item_attributes"):
            files[kind] = need_file(folder, names, f"the table {kind} ({', '.join(columns)}, ...)")
        elif (file := find_file(folder, names, kind, needed=False)) is not None:
            files[kind] = file
        both = [name for name in names if (folder / name).is_file()]
        if len(both) > 1:
            raise ImportDataError(f"{folder} holds {' and '.join(both)}; keep one of them.")
    return files


def read_sheet(
    path: Path,
    kind: str,
    mapping: Mapping[str, str],
    delimiter: str,
    separator: str,
    log: Log,
) -> Sheet:
    """The table of a file, checked against what the table of that kind may hold.

    Raises:
        ImportDataError: see `import_table`.
    """
    if path.suffix == ".parquet":
        header, rows = parquet_rows(path)
    else:
        tab = ".tsv" in path.suffixes
        lines = read_rows(path, delimiter=delimiter or ("\t" if tab else ","), log=log)
        first = next(lines, None)
        if first is None:
            raise bad(path, "the file is empty", 1)
        header, rows = [name.strip() for name in first[1]], lines
    places = _places(path, kind, header, mapping, log)
    return _checked(path, kind, places, rows, separator)


def sheet_of_columns(
    path: Path, kind: str, columns: Mapping[str, Sequence[Any]], separator: str, log: Log
) -> Sheet:
    """The table of columns that are in memory, as `read_sheet` would read it."""
    header = [str(name).strip() for name in columns]
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise bad(path, "the columns are of different lengths")
    rows = enumerate((list(row) for row in zip(*columns.values(), strict=True)), start=1)
    places = _places(path, kind, header, {}, log)
    return _checked(path, kind, places, iter(rows), separator)


def _places(
    path: Path, kind: str, header: Sequence[str], mapping: Mapping[str, str], log: Log
) -> dict[str, int]:
    """Where each column of ours is; they go by their names in any case, or by the mapping."""
    needed, optional = COLUMNS[kind]
    keys = [name.lower() for name in header]
    places: dict[str, int] = {}
    for column in (*needed, *optional):
        wanted = mapping.get(column, column).lower()
        found = [i for i, key in enumerate(keys) if key == wanted]
        if not found and column in mapping:
            found = [i for i, key in enumerate(keys) if key == column]
        if len(found) > 1:
            raise bad(path, f"the column {header[found[0]]!r} is there twice", 1)
        if found:
            places[column] = found[0]
        elif column in needed:
            listed = ", ".join(header)
            hint = "; name it: columns=" + f"{column}=..." if len(header) > 1 else _other(listed)
            raise bad(path, f"the column {column!r} is missing; found {listed[:200]}{hint}", 1)
    for i, name in enumerate(header):
        if i in places.values():
            continue
        if not mapping:
            allowed = ", ".join((*needed, *optional))
            problem = (
                f"unknown column {name[:60]!r}; allowed: {allowed} (or map: columns=ours=theirs)"
            )
            raise bad(path, problem, 1)
        log.note(f"columns that were left out: {name[:60]!r} of {path.name}")
    return places


def _other(line: str) -> str:
    """A word about another delimiter, where the header has one."""
    for mark, name in ((";", "';'"), ("\t", "a tab"), ("|", "'|'"), (",", "','")):
        if mark in line:
            return f"; are columns parted by {name}? Say so: delimiter={name}"
    return ""


def _checked(
    path: Path,
    kind: str,
    places: Mapping[str, int],
    rows: Iterator[tuple[int, list[Any]]],
    separator: str,
) -> Sheet:
    sheet = Sheet(path, {column: [] for column in places})
    ids = {column: Ids(path, column) for column in places if column in IDS}
    labels: dict[Any, list[str]] = {}
    out = sheet.columns
    for line, values in rows:
        if kind == "item_attributes":
            value = values[places["attribute"]]
            known = labels.get(value) if type(value) is str else None
            if known is None:
                known = _attributes(path, line, value, separator)
                if type(value) is str:
                    labels[value] = known
            if not known and not isinstance(value, (list, tuple)):
                raise bad(path, "the column 'attribute' is empty", line)
            item = ids["item"].need(values[places["item"]], line)
            facet = _text(path, line, "facet", values[places["facet"]]) if "facet" in places else ""
            for label in known:
                out["item"].append(item)
                out["attribute"].append(label)
                if "facet" in places:
                    out["facet"].append(facet)
                sheet.lines.append(line)
            continue
        for column, place in places.items():
            value = values[place]
            if column in ids:
                out[column].append(ids[column].need(value, line))
            elif column in RAW:
                out[column].append(_raw(path, line, column, value))
            else:
                out[column].append(_text(path, line, column, value))
        sheet.lines.append(line)
    return sheet


def _attributes(path: Path, line: int, value: Any, separator: str) -> list[str]:
    """The attributes of one cell: those of a list, or of a text with separators."""
    parts: Sequence[Any] = value if isinstance(value, (list, tuple)) else [value]
    if separator and isinstance(value, str):
        parts = value.split(separator)
    out = [label for part in parts if (label := _text(path, line, "attribute", part))]
    for part in parts:
        if isinstance(part, str) and "\n" in part.strip():
            problem = "a line break in the column 'attribute'; is a quote open?"
            raise bad(path, problem, line)
    return out


def _text(path: Path, line: int, column: str, value: Any) -> str:
    try:
        if column == "text" and isinstance(value, str):
            return word(mended(value))
        if isinstance(value, (bytes, bytearray)):
            value = bytes(value).decode("utf-8")
        return label_of(value)
    except UnicodeDecodeError:
        problem = f"the column {column!r}: {shown(value)} is not UTF-8; store it as text"
        raise bad(path, problem, line) from None
    except ValueError as error:
        raise bad(path, f"the column {column!r}: {error}", line) from None


def _raw(path: Path, line: int, column: str, value: Any) -> Any:
    """A number or a date as it is, "" where it is missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (date, datetime)) and str(value) != "NaT":
        return value
    if isinstance(value, (list, dict, tuple, set, bytes)):
        problem = f"the column {column!r} holds {shown(value)}; allowed: a number or a date"
        raise bad(path, problem, line)
    return value.strip() if isinstance(value, str) else value


def parquet_rows(path: Path) -> tuple[list[str], Iterator[tuple[int, list[Any]]]]:
    """The header and the rows of a Parquet file; rows count from 1.

    Raises:
        ImportDataError: not a Parquet file, a damaged one, or a column of structs or maps.
    """
    import pyarrow as pa
    import pyarrow.parquet

    with reading(path):
        pass  # a pointer or a web page in its place
    try:
        table = pa.parquet.read_table(path, partitioning=None)
        header = [str(name).strip() for name in table.column_names]
        columns = []
        for name, column in zip(header, table.columns, strict=True):
            kind = column.type
            if pa.types.is_dictionary(kind):
                kind = kind.value_type
                column = column.cast(kind)
            if pa.types.is_struct(kind) or pa.types.is_map(kind) or pa.types.is_union(kind):
                problem = (
                    f"the column {name!r} holds {kind}; allowed: text, numbers, dates, and a list "
                    "in the column 'attribute'"
                )
                raise bad(path, problem)
            if pa.types.is_timestamp(kind):
                column = _microseconds(pa, column, kind)
            columns.append(column.to_pylist())
    except ImportDataError:
        raise
    except (pa.ArrowException, OSError, ValueError, TypeError, MemoryError, OverflowError) as error:
        text = (str(error).splitlines() or [type(error).__name__])[0]
        raise bad(path, f"cannot be read as Parquet: {text[:200]}") from None
    rows = ((row, list(values)) for row, values in enumerate(zip(*columns, strict=True), start=1))
    return header, rows


def _microseconds(pa: Any, column: Any, kind: Any) -> Any:
    """Timestamps without what Python's datetime has no room for."""
    if kind.unit == "ns":
        return column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    return column
