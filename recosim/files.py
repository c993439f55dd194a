"""Where RecoSim writes, and how: the cache folder, writes that are whole or not there, locks."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

import platformdirs

from recosim.errors import BusyError, RecosimError

__all__ = [
    "atomic_folder",
    "atomic_write",
    "cache_folder",
    "clear_parts",
    "clear_up",
    "held",
    "write_json",
    "write_text",
]

OLD = "-old.part"  # ends the name of the folder that a build is about to replace
LOCK = ".lock"
PART = re.compile(r"\..+\.(\d+)-[^.]+\.part")  # of the process of that number

_writing: set[Path] = set()  # parts that this process has begun


def cache_folder() -> Path:
    """The folder for built worlds and fitted estimators: `RECOSIM_CACHE`, or the platform's own."""
    given = os.environ.get("RECOSIM_CACHE")
    return Path(given) if given else Path(platformdirs.user_cache_dir("recosim", appauthor=False))


def atomic_write(path: Path, write: Callable[[Path], None]) -> None:
    """Call `write(temporary_path)`, then move the result to `path` in one step.

    A crash, a full disk or a kill leaves the old file or the new one, never a part of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _new_part(path)
    try:
        temporary.touch(0o600, exist_ok=False)
        write(temporary)
        _sync(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
        _writing.discard(temporary.absolute())


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
    clear_up(path)
    temporary = _new_part(path)
    try:
        temporary.mkdir(0o700)
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.exists():
            _exchange(path, temporary)
        else:
            temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        _writing.discard(temporary.absolute())


@contextmanager
def held(
    lock: Path, error: type[RecosimError] = BusyError, advice: str = "", *, wait: bool = False
) -> Iterator[None]:
    """Hold a lock for the time of a block: what is done under it, one process does at a time.

    The system holds the lock for the process and lets it go however the process ends, so that there
    is no stale one. An empty hidden file stays. Two threads of a process exclude each other too.

    Args:
        lock: the file; `LOCK` in a folder that is to be one run's, or `.NAME.lock` beside what is
            replaced as a whole.
        error: raised where the file cannot be made. advice: what to do then.
        wait: wait until another process has let go; otherwise `BusyError` is raised at once.

    Raises:
        BusyError: another process or thread holds it.
    """
    from filelock import FileLock, Timeout  # late: only who writes needs it

    subject = lock.parent if lock.name == LOCK else lock.with_name(lock.name[1 : -len(LOCK)])
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        taken = FileLock(lock, timeout=-1 if wait else 0, thread_local=False)
        taken.acquire()
    except Timeout:
        raise BusyError(
            f"another process is writing to {subject}. Wait until it has ended, or name another "
            "place: two at once would mix what they write."
        ) from None
    except (OSError, RuntimeError, NotImplementedError, ValueError) as problem:
        raise error(f"{subject} cannot be written to: {problem}. {advice}".rstrip()) from None
    try:
        yield
    finally:
        taken.release()


def clear_parts(folder: Path) -> None:
    """Remove what killed processes have left of their writes in a folder and those within it.

    Call it only while holding the lock of the folder: the number of a process says nothing about
    one on another machine.
    """
    for part in sorted(folder.rglob(".*.part")):
        match = PART.fullmatch(part.name)
        if match is None or _at_work(part, int(match[1])):
            continue
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            with suppress(OSError):
                part.unlink()


def _exchange(path: Path, new: Path) -> None:
    """Put `new` in the place of the folder at `path`, and delete what was there."""
    old = path.with_name(f".{path.name}.{os.getpid()}{OLD}")
    gone = path.with_name(f".{path.name}.{os.getpid()}-gone.part")
    ours = {old.absolute(), gone.absolute()}
    _writing.update(ours)
    try:
        _swap(path, new, old, gone)
    finally:
        _writing.difference_update(ours)


def _swap(path: Path, new: Path, old: Path, gone: Path) -> None:
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        with suppress(OSError):  # then it stays beside, until this process ends
            old.rename(path)
        raise
    # By another name first: whatever is called old is whole, and may be put back.
    old.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def clear_up(path: Path) -> None:
    """Put back or remove what killed processes left of their builds into `path`."""
    if not path.parent.is_dir():
        return
    ours = re.compile(rf"\.{re.escape(path.name)}\.(\d+)-[^.]+\.part")
    for part in sorted(path.parent.iterdir()):
        match = ours.fullmatch(part.name)
        if match is None or _at_work(part, int(match[1])):
            continue
        if part.name.endswith(OLD) and not path.exists():
            # Another process may do the same at this moment: then it is there already.
            with suppress(OSError):
                part.rename(path)
        shutil.rmtree(part, ignore_errors=True)


def _new_part(path: Path) -> Path:
    """A new name beside `path`, which says which process is at it."""
    part = path.with_name(f".{path.name}.{os.getpid()}-{token_hex(4)}.part")
    _writing.add(part.absolute())
    return part


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


def _at_work(part: Path, pid: int) -> bool:
    """Whether the process that began a part may still be at it."""
    if pid == os.getpid():  # in a container the next process has the number of the last one
        return part.absolute() in _writing
    return _alive(pid)


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
