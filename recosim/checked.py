"""Files that tell whether they are as they were written: JSON, arrays and tables with a digest.

Whatever is wrong with a file, who reads it here gets one error of the kind that was asked for: it
names the file, what is wrong, and what to do. A digest is no signature: whoever can write a file
can write its digest. So what is read is checked for what it means too, by who reads it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from recosim.errors import RecosimError, shown
from recosim.files import atomic_write, write_json

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "DIGEST",
    "file_digest",
    "json_digest",
    "read_arrays",
    "read_checked",
    "read_json",
    "read_table",
    "table_digest",
    "write_checked",
    "write_table",
]

DIGEST = "digest"  # the key of the digest in JSON
Kind = type[RecosimError]


# ---- JSON ----------------------------------------------------------------------------------------


def write_checked(path: Path, body: Mapping[str, Any], key: str = DIGEST) -> None:
    """Write a JSON object with the digest of all else in it, atomically."""
    plain = json.loads(json.dumps(dict(body)))  # as it is read back: tuples are lists, keys texts
    write_json(path, {**plain, key: json_digest(plain)})


def read_checked(
    path: Path,
    error: Kind,
    advice: str,
    *,
    key: str = DIGEST,
    formats: tuple[int, ...] = (),
) -> tuple[dict[str, Any], bool]:
    """A JSON object without its digest, and whether it had one: older versions wrote none.

    Args:
        formats: what its `format` may be; it is looked at before the digest, whose form may change.

    Raises:
        FileNotFoundError: there is no such file.
        RecosimError: of the kind `error`: it cannot be read, or is not as it was written.
    """
    found = read_json(path, error, advice)
    if not isinstance(found, dict):
        raise error(f"{path} cannot be read: it holds {shown(found)}, no object. {advice}")
    given = found.get("format")
    if formats and (type(given) is not int or given not in formats):
        known = " and ".join(map(str, formats))
        raise error(
            f"{path} has the format {shown(given)}; this version of RecoSim reads format {known}. "
            f"Use the version that wrote it, or begin anew: {advice}"
        )
    if key not in found:
        return found, False
    given = found.pop(key)
    if given != json_digest(found):
        raise error(f"{path} was changed after it was written, or is damaged. {advice}")
    return found, True


def read_json(path: Path, error: Kind, advice: str) -> Any:
    """What a JSON file holds; numbers are finite and texts are Unicode.

    Raises:
        FileNotFoundError: there is no such file.
        RecosimError: of the kind `error`: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text, parse_constant=_no_number)
        if "\\ud" in text.lower():
            json.dumps(found, ensure_ascii=False).encode()  # half of a character is none
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"{path} is missing") from None
    except Exception as problem:
        raise error(f"{path} cannot be read: {_told(problem)}. {advice}") from None
    return found


def json_digest(value: Any) -> str:
    """The sha256 of a value as JSON with sorted keys, as hex."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


# ---- arrays --------------------------------------------------------------------------------------


def file_digest(path: Path) -> str:
    """The sha256 of a file, as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_arrays(
    path: Path, error: Kind, advice: str, sha256: str | None = None
) -> dict[str, NDArray[Any]]:
    """The arrays of a `.npz` file, by name.

    Args:
        sha256: of the file, as its writer noted it; None: nobody did.

    Raises:
        RecosimError: of the kind `error`: it is missing, cannot be read, or is not as it was
            written.
    """
    try:
        if sha256 is not None and file_digest(path) != sha256:
            raise error(f"{path} is not what was written. {advice}")
        with np.load(path, allow_pickle=False) as file:
            return {name: np.asarray(file[name]) for name in file.files}
    except RecosimError:
        raise
    except Exception as problem:
        raise error(f"{path} cannot be read: {_told(problem)}. {advice}") from None


# ---- tables --------------------------------------------------------------------------------------


def write_table(path: Path, table: pa.Table, about: Mapping[str, Any], **options: Any) -> None:
    """Write a table as Parquet, atomically, with what it is about and the digest of both.

    Args:
        about: JSON values; with the digest they lie under the key `recosim` of the metadata.
        options: of `pyarrow.parquet.write_table`.
    """
    import pyarrow.parquet as pq

    plain = json.loads(json.dumps(dict(about)))
    plain[DIGEST] = _whole_digest(table, plain)
    marked = table.replace_schema_metadata({b"recosim": json.dumps(plain, sort_keys=True)})

    def write(part: Path) -> None:
        with part.open("wb") as file:  # a path that is no UTF-8 is none for pyarrow
            pq.write_table(marked, file, **options)

    atomic_write(path, write)


def read_table(
    path: Path, error: Kind, advice: str
) -> tuple[pa.Table, dict[str, Any] | None, bool]:
    """A table, what it is about (None: nothing of ours), and whether a digest says it is whole.

    Raises:
        FileNotFoundError: there is no such file.
        RecosimError: of the kind `error`: it cannot be read, or is not as it was written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if not path.is_file():
            raise FileNotFoundError(path)
        named = os.fsencode(path).decode("utf-8", "replace") == str(path)
        source = path if named else pa.py_buffer(path.read_bytes())
        table = pq.ParquetFile(source).read()
        text = (table.schema.metadata or {}).get(b"recosim")
        about = None if text is None else json.loads(text)
        if about is not None and not isinstance(about, dict):
            raise ValueError("its metadata are no object")
        given = None if about is None else about.pop(DIGEST, None)
        whole = given is None or given == _whole_digest(table, about or {})
    except FileNotFoundError:
        raise
    except Exception as problem:
        raise error(f"{path} is not a readable Parquet file: {_told(problem)}. {advice}") from None
    if not whole:
        raise error(f"{path} was changed after it was written, or is damaged. {advice}")
    return table, about, given is not None


def table_digest(table: pa.Table, begin: bytes) -> str:
    """sha256 over the names, dtypes, lengths and little-endian bytes of the columns, as hex.

    It is of the values, not of the file, whose bytes change between versions of pyarrow.
    """
    digest = hashlib.sha256(begin)
    for name in table.schema.names:
        for label, values in _flat(name, table.column(name)):
            little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
            digest.update(f"\n{label} {little.dtype.str} {len(little)}\n".encode())
            digest.update(little.data)
    return digest.hexdigest()


def _whole_digest(table: pa.Table, about: Mapping[str, Any]) -> str:
    begin = f"recosim table 1 {json_digest(about)}"
    return table_digest(table, begin.encode())


def _flat(name: str, column: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """A column as arrays of numbers: which values are there, how long they are, and the values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.null_count:
        yield f"{name}.valid", column.is_valid().to_numpy()
    text = pa.types.is_string(column.type) or pa.types.is_binary(column.type)
    if text or pa.types.is_list(column.type):
        lengths = (pc.binary_length if text else pc.list_value_length)(column)
        yield f"{name}.lengths", pc.fill_null(lengths, 0).to_numpy()
    if text:
        kind = "letters" if pa.types.is_string(column.type) else "bytes"
        yield f"{name}.{kind}", _letters(column)
    elif pa.types.is_list(column.type):
        yield from _flat(f"{name}.values", pc.list_flatten(column))
    else:
        filled = pc.fill_null(column, pa.scalar(0).cast(column.type))
        yield name, filled.to_numpy()


def _letters(column: Any) -> NDArray[np.uint8]:
    """The bytes of all texts, one after the other; those of nulls are none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.null_count:
        column = pc.fill_null(column, "" if pa.types.is_string(column.type) else b"")
    parts = []
    for chunk in column.chunks:
        _, offsets, letters = chunk.buffers()
        if len(chunk):
            ends = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
            letters = np.frombuffer(letters or b"", np.uint8)
            parts.append(letters[ends[0] : ends[-1]])
    return np.concatenate(parts) if parts else np.empty(0, np.uint8)


def _told(problem: Exception) -> str:
    """An exception as a clause."""
    if isinstance(problem, RecursionError):
        return "it is nested too deep"
    return shown(str(problem), 200)[1:-1].rstrip(".") or type(problem).__name__
