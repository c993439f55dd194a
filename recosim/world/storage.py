"""Worlds on disk: one folder of `.npy` files plus `world.json`, opened with memory mapping."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from recosim.arrays import check_arrays, mark_checked, open_arrays, save_arrays
from recosim.checked import read_checked, write_checked
from recosim.errors import WorldError
from recosim.files import atomic_folder
from recosim.world.arrays import arrays_of
from recosim.world.validity import assembled, check_files, check_valid
from recosim.world.world import World

__all__ = ["open_folder", "save_world", "verify_folder"]

FORMAT = 1
# What a manifest says beside its format and checksum.
MANIFEST: dict[str, type] = {
    "name": str,
    "fingerprint": str,
    "source": str,
    "licence": str,
    "settings": dict,
    "files": dict,
}
SEAL = "manifest_sha256"
BESIDE = ("taste.", "index.", "vectors.")  # how the names begin of what is kept beside a world


def save_world(world: World, folder: Path) -> World:
    """Write a world to a folder, whole or not at all, and open it from there.

    Raises:
        WorldError: the folder exists and is not a world.
    """
    if folder.exists() and not (folder / "world.json").is_file():
        raise WorldError(f"{folder} exists and is not a world; name another folder.")
    with atomic_folder(folder) as part:
        files = save_arrays(part, arrays_of(world))
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "name": world.name,
            "fingerprint": world.fingerprint,
            "source": world.source,
            "licence": world.licence,
            "settings": dict(world.settings),
            "files": files,
        }
        write_checked(part / "world.json", manifest, SEAL)
        mark_checked(part, files, ("world.json",))
    return open_folder(folder)


def open_folder(folder: Path) -> World:
    """Open a stored world with memory mapping.

    A file that changed since it was written (size or time of change) is read again and compared
    with its checksum, so that a damaged or edited world is refused and a copied one is not.

    Raises:
        WorldError: not a world, of another format version, truncated, damaged or edited.
    """
    _need(folder)
    return _open_cached(str(folder.resolve()), _stamp_key(folder))


def verify_folder(folder: Path) -> None:
    """Read a stored world again: checksums, whether its arrays fit together, its fingerprint.

    `open_folder` does so only where the size or time of change of a file is new.

    Raises:
        WorldError: as `open_folder`.
    """
    _need(folder)
    manifest = _read_manifest(folder)
    _check(folder, manifest, read_all=True)


def _need(folder: Path) -> None:
    try:
        there = (folder / "world.json").is_file()
    except OSError:  # a name that is too long, say
        there = False
    if not there:
        raise WorldError(f"{folder} is not a world: it has no world.json.")


def _stamp_key(folder: Path) -> str:
    """Changes when any file of the folder does, so that the cache of opened worlds is honest."""
    # The taste and the indexes beside them are no part of a world: they come later, and are checked
    # where they are read.
    files = (e for e in os.scandir(folder) if not e.name.lstrip(".").startswith(BESIDE))
    stats = {e.name: e.stat() for e in files}
    return repr(sorted((n, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for n, s in stats.items()))


@lru_cache(maxsize=8)
def _open_cached(folder_name: str, _: str) -> World:
    folder = Path(folder_name)
    manifest = _read_manifest(folder)
    _check(folder, manifest)
    arrays = open_arrays(folder, manifest["files"])
    if "item_appeal" not in arrays:  # stored before worlds had it
        nothing = np.full(arrays["item_quality"].shape, np.nan, dtype=np.float32)
        nothing.flags.writeable = False
        arrays["item_appeal"] = nothing
    return World(
        name=manifest["name"],
        fingerprint=manifest["fingerprint"],
        source=manifest["source"],
        licence=manifest["licence"],
        settings=manifest["settings"],
        folder=folder,
        **assembled(arrays),
    )


def _read_manifest(folder: Path) -> dict[str, Any]:
    manifest, sealed = read_checked(
        folder / "world.json", WorldError, _advice(folder), key=SEAL, formats=(FORMAT,)
    )
    if not sealed:
        raise _damaged(folder, f"world.json has no {SEAL}")
    for key, kind in MANIFEST.items():
        if not isinstance(manifest.get(key), kind):
            raise _damaged(folder, f"world.json has no {key}, or one that is none")
    return dict(manifest)


def _check(folder: Path, manifest: dict[str, Any], *, read_all: bool = False) -> None:
    def judge(arrays: dict[str, Any]) -> None:
        check_valid(arrays, manifest["name"], manifest["settings"], manifest["fingerprint"])

    try:
        check_files(manifest["name"], manifest["files"])
        check_arrays(
            folder, manifest["files"], read_all=read_all, judge=judge, also=("world.json",)
        )
    except WorldError as problem:
        raise _damaged(folder, str(problem)) from None


def _damaged(folder: Path, problem: str) -> WorldError:
    return WorldError(f"the world in {folder} is damaged: {problem}. {_advice(folder)}")


def _advice(folder: Path) -> str:
    return f"Remove it with 'recosim data remove {folder.name}', then build or import it again."
