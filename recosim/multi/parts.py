"""The folder of a population: whose it is, and what was counted of each part of the users."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.checked import read_arrays, read_json
from recosim.errors import ResultsError
from recosim.files import LOCK, atomic_write, clear_parts, held, write_json
from recosim.multi.tally import Tally

__all__ = ["claimed_folder", "differing", "known_chunk", "read_part", "write_part"]


@contextmanager
def claimed_folder(
    folder: Path, described: dict[str, Any], notice: Callable[[str], None]
) -> Iterator[None]:
    """The folder is this run's from now on, and this process's for the time of the block.

    What a killed process has left half written is cleared away.

    Raises:
        BusyError: another process is at a run in it. ResultsError: it is that of another run.
    """
    if folder.exists() and not folder.is_dir():
        raise ResultsError(f"{folder} is not a folder. Name another one for the results.")
    with held(folder / LOCK, ResultsError, "Name another folder for the results."):
        clear_parts(folder)
        _claim(folder, described, notice)
        yield


def _claim(folder: Path, described: dict[str, Any], notice: Callable[[str], None]) -> None:
    path = folder / "run.json"
    if not path.exists():
        if any(not path.name.startswith(".") for path in folder.iterdir()):
            raise ResultsError(f"{folder} holds files and no run.json; name a new folder.")
        write_json(path, described)
        return
    known = read_json(path, ResultsError, "Name a new folder.")
    if known != described:
        names = ", ".join(differing(known, described)) or "the set-up"
        raise ResultsError(
            f"{folder} holds another run; these differ: {names}. Give the same command to go on "
            "with it, or name a new folder."
        )
    notice(f"resuming {folder}")


def known_chunk(folder: Path) -> int | None:
    """How many users a part of a folder holds; None where it does not say."""
    try:
        chunk = read_json(folder / "run.json", ResultsError, "")["chunk"]
    except (ResultsError, OSError, LookupError, TypeError):
        return None  # a new folder, or one that `claimed_folder` will refuse
    return chunk if type(chunk) is int and chunk > 0 else None


def differing(known: Any, given: Any, name: str = "") -> list[str]:
    """What two set-ups do not have in common, one line for each value."""
    if isinstance(known, dict) and isinstance(given, dict):
        return [
            line
            for key in sorted(known.keys() | given.keys())
            for line in differing(known.get(key), given.get(key), f"{name}.{key}".strip("."))
        ]
    return [] if known == given else [f"{name} ({known!r}, now {given!r})"]


def write_part(path: Path, digest: str, arrays: dict[str, NDArray[np.int64]]) -> None:
    """Write what was counted of a part, atomically, with the digest of the set-up."""

    def write(part: Path) -> None:
        with part.open("wb") as file:
            np.savez_compressed(file, digest=np.array(digest), **arrays)  # type: ignore[arg-type]

    atomic_write(path, write)


def read_part(path: Path, digest: str, total: Tally) -> dict[str, NDArray[np.int64]]:
    """What was counted of a part.

    Args:
        total: has arrays of the same names and shapes.

    Raises:
        ResultsError: the file is damaged, or of another run.
    """
    found = read_arrays(path, ResultsError, "Delete it; the run makes it anew.")
    ours = str(found.pop("digest", "")) == digest
    fits = found.keys() == total.arrays.keys() and all(
        (found[name].shape, found[name].dtype) == (array.shape, array.dtype)
        for name, array in total.arrays.items()
    )
    if not ours or not fits:
        raise ResultsError(f"{path} is of another run. Delete it, or name a new folder.")
    return found
