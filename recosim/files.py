"""Where RecoSim writes, and how: the cache folder, and writes that are whole or not there."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import platformdirs

__all__ = ["atomic_folder", "atomic_write", "cache_folder", "write_json", "write_text"]

OLD = "-old.part"  # ends the name of the folder that a build is about to replace


def cache_folder() -> Path:
    """The folder for built worlds and fitted estimators: `RECOSIM_CACHE`, or the platform's own."""
    given = os.environ.get("RECOSIM_CACHE")
    return Path(given) if given else Path(platformdirs.user_cache_dir("recosim", appauthor=False))


def atomic_write(path: Path, write: Callable[[Path], None]) -> None:
    """Call `write(temporary_path)`, then move the result to `path` in one step.

    A crash, a full disk or a kill leaves the old file or the new one, never a part of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        _sync(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write text atomically, as UTF-8 with the line ends that it has."""
    data = text.encode()

    def write(part: Path) -> None:
        part.write_bytes(data)

    atomic_write(path, write)


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically, with sorted keys, so that equal values are equal bytes.

    Raises:
        ValueError: a number that is not finite, which JSON does not know.
    """
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A temporary folder that becomes `path` when the block ends without an exception.

    What was at `path` before stays until then. A killed process leaves hidden `.part` folders
    beside it: the next build into the same place removes them, and first puts back the old folder
    if the kill came in the moment in which neither was at `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_up(path)
    prefix = f".{path.name}.{os.getpid()}-"
    temporary = Path(tempfile.mkdtemp(prefix=prefix, suffix=".part", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.exists():
            _exchange(path, temporary)
        else:
            temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _exchange(path: Path, new: Path) -> None:
    """Put `new` in the place of the folder at `path`, and delete what was there."""
    old = path.with_name(f".{path.name}.{os.getpid()}{OLD}")
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        with suppress(OSError):  # then it stays beside, until this process ends
            old.rename(path)
        raise
    # By another name first: whatever is called old is whole, and may be put back.
    gone = path.with_name(f".{path.name}.{os.getpid()}-gone.part")
    old.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _clear_up(path: Path) -> None:
    """Put back or remove what killed processes left of their builds into `path`."""
    ours = re.compile(rf"\.{re.escape(path.name)}\.(\d+)-[^.]+\.part")
    for part in sorted(path.parent.iterdir()):
        match = ours.fullmatch(part.name)
        if match is None or _alive(int(match[1])):
            continue
        if part.name.endswith(OLD) and not path.exists():
            # Another process may do the same at this moment: then it is there already.
            with suppress(OSError):
                part.rename(path)
        shutil.rmtree(part, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # nothing to ask without ending it: leave what it made alone
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
