"""Folders of `.npy` files whose content is known: written with checksums, opened memory-mapped."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import WorldError
from recosim.files import write_json

__all__ = [
    "check_arrays",
    "file_digest",
    "json_digest",
    "mark_checked",
    "open_arrays",
    "save_arrays",
]

# What a manifest says of its arrays: label -> {"dtype", "shape", "bytes", "sha256"}.
Entries = Mapping[str, Mapping[str, Any]]


def save_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> dict[str, dict[str, Any]]:
    """Write each array to `<label>.npy`, through to the disk; returns their entries."""
    entries = {}
    for label, array in arrays.items():
        path = _path(folder, label)
        with path.open("wb") as file:
            np.save(file, np.ascontiguousarray(array))
            file.flush()
            os.fsync(file.fileno())
        entries[label] = {
            "dtype": array.dtype.str,
            "shape": list(array.shape),
            "bytes": path.stat().st_size,
            "sha256": file_digest(path),
        }
    return entries


def open_arrays(folder: Path, labels: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Read-only plain arrays over the mapped files, which all processes share.

    Raises:
        WorldError: a file is no array of numpy, or one of Python objects.
    """
    arrays = {}
    for label in labels:
        try:
            mapped = np.load(_path(folder, label), mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise WorldError(f"{label}.npy is not an array: {error}") from None
        arrays[label] = np.asarray(mapped)
    return arrays


def check_arrays(
    folder: Path,
    entries: Entries,
    *,
    read_all: bool = False,
    judge: Callable[[dict[str, NDArray[Any]]], None] | None = None,
    also: Sequence[str] = (),
) -> None:
    """Compare the arrays of a folder with their entries.

    Args:
        read_all: read also the files whose size and time of change are those of the last time.
        judge: called with what was read, before it is noted that it is as it was written; raises
            `WorldError` where that is not enough.
        also: other files of the folder after whose change all is read again.

    Raises:
        WorldError: one is missing, truncated or changed. The text is the problem alone; who calls
            says in what, and what to do.
    """
    for label, entry in entries.items():
        path = _path(folder, label)
        size = path.stat().st_size if path.is_file() else None
        if size != entry["bytes"]:
            found = "is missing" if size is None else f"has {size} bytes, not {entry['bytes']}"
            raise WorldError(f"{path.name} {found}")
    known = _checked(folder) == _stamp(folder, entries, also)
    if known and not read_all:
        return
    for label, entry in entries.items():
        if file_digest(_path(folder, label)) != entry["sha256"]:
            raise WorldError(f"the content of {label}.npy is not what was written")
    if judge is not None:
        judge(open_arrays(folder, entries))
    if not known:
        with suppress(OSError):  # a folder that cannot be written to: compared again next time
            mark_checked(folder, entries, also)


def mark_checked(folder: Path, labels: Iterable[str], also: Sequence[str] = ()) -> None:
    """Note that the arrays are what was written, so that they are not read again to see it."""
    write_json(folder / "verified.json", _stamp(folder, labels, also))


def file_digest(path: Path) -> str:
    """The sha256 of a file, as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def json_digest(value: Any) -> str:
    """The sha256 of a value as JSON with sorted keys, as hex."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _path(folder: Path, label: str) -> Path:
    return folder / f"{label}.npy"


def _stamp(folder: Path, labels: Iterable[str], also: Sequence[str]) -> dict[str, list[int]]:
    try:
        stats = {label: _path(folder, label).stat() for label in labels}
        stats |= {name: (folder / name).stat() for name in also}
    except FileNotFoundError as error:  # somebody else has removed it meanwhile
        raise WorldError(f"{Path(error.filename).name} is missing") from None
    # The time of the last change of the entry of a file (ctime) is nobody's to set, so that a note
    # that came with a foreign folder is never taken for one of our own.
    return {
        label: [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns] for label, stat in stats.items()
    }


def _checked(folder: Path) -> Any:
    try:
        return json.loads((folder / "verified.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
