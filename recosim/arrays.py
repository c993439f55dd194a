"""Folders of `.npy` files whose content is known: written with checksums, opened memory-mapped."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.checked import file_digest
from recosim.errors import WorldError, shown
from recosim.files import write_json

__all__ = [
    "check_arrays",
    "check_entries",
    "is_marked",
    "mark_checked",
    "open_arrays",
    "save_arrays",
]

# What a manifest says of its arrays: label -> {"dtype", "shape", "bytes", "sha256"}.
Entries = Mapping[str, Mapping[str, Any]]
LABEL = re.compile(r"[a-z_]+(\.[a-z_]+){0,2}")  # becomes the name of a file in the folder
ENTRY: dict[str, type] = {"dtype": str, "shape": list, "bytes": int, "sha256": str}


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
        except OSError:
            raise
        except Exception as error:  # whatever its header says, that is no array
            raise WorldError(f"{label}.npy is not an array: {shown(str(error))}") from None
        arrays[label] = np.asarray(mapped)
    return arrays


def check_entries(entries: Any) -> None:
    """Hold that a manifest from anywhere names arrays, and nothing outside its folder.

    Raises:
        WorldError: the text is the problem alone.
    """
    if not isinstance(entries, dict) or not entries:
        raise WorldError("no arrays are named")
    for label, entry in entries.items():
        if not LABEL.fullmatch(label):
            raise WorldError(f"an array is named {shown(label)}, which none can be")
        if not isinstance(entry, dict) or not all(
            isinstance(entry.get(key), kind) for key, kind in ENTRY.items()
        ):
            raise WorldError(f"the entry of {label} lacks {', '.join(ENTRY)}")


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
    check_entries(entries)
    for label, entry in entries.items():
        path = _path(folder, label)
        size = path.stat().st_size if path.is_file() else None
        if size != entry["bytes"]:
            found = "is missing" if size is None else f"has {size} bytes, not {entry['bytes']}"
            raise WorldError(f"{path.name} {found}")
    known = is_marked(folder, entries, also)
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


def is_marked(folder: Path, labels: Iterable[str], also: Sequence[str] = ()) -> bool:
    """Whether `mark_checked` was called here for these files, and none has changed since."""
    try:
        noted = json.loads((folder / "verified.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return bool(noted == _stamp(folder, labels, also))


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
