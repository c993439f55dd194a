"""Worlds on disk: one folder of `.npy` files plus `world.json`, opened with memory mapping."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from recosim.arrays import check_arrays, json_digest, mark_checked, open_arrays, save_arrays
from recosim.errors import WorldError
from recosim.files import atomic_folder, write_json
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
            # As JSON gives them back, so that the checksum does not depend on their Python types.
            "settings": json.loads(json.dumps(dict(world.settings))),
            "files": files,
        }
        write_json(part / "world.json", {**manifest, "manifest_sha256": json_digest(manifest)})
        mark_checked(part, files, ("world.json",))
    return open_folder(folder)


def open_folder(folder: Path) -> World:
    """Open a stored world with memory mapping.

    A file that changed since it was written (size or time of change) is read again and compared
    with its checksum, so that a damaged or edited world is refused and a copied one is not.

    Raises:
        WorldError: not a world, of another format version, truncated, damaged or edited.
    """
    return _open_cached(str(folder.resolve()), _manifest_text(folder), _stamp_key(folder))


def verify_folder(folder: Path) -> None:
    """Read a stored world again: checksums, whether its arrays fit together, its fingerprint.

    `open_folder` does so only where the size or time of change of a file is new.

    Raises:
        WorldError: as `open_folder`.
    """
    manifest = _read_manifest(folder, _manifest_text(folder))
    _check(folder, manifest, read_all=True)


def _manifest_text(folder: Path) -> str:
    try:
        return (folder / "world.json").read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise WorldError(f"{folder} is not a world: it has no world.json.") from None
    except UnicodeDecodeError:
        raise _damaged(folder, "world.json cannot be read") from None


def _stamp_key(folder: Path) -> str:
    """Changes when any file of the folder does, so that the cache of opened worlds is honest."""
    # The taste and the indexes beside them are no part of a world: they come later, and are checked
    # where they are read.
    files = (e for e in os.scandir(folder) if not e.name.lstrip(".").startswith(BESIDE))
    stats = {e.name: e.stat() for e in files}
    return repr(sorted((n, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for n, s in stats.items()))


@lru_cache(maxsize=8)
def _open_cached(folder_name: str, text: str, _: str) -> World:
    folder = Path(folder_name)
    manifest = _read_manifest(folder, text)
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


def _read_manifest(folder: Path, text: str) -> dict[str, Any]:
    try:
        manifest = json.loads(text)
        version = manifest["format"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise _damaged(folder, "world.json cannot be read") from None
    if version != FORMAT:
        raise WorldError(
            f"{folder} has world format {version}; this version of RecoSim reads format {FORMAT}. "
            "Build or import the world again."
        )
    rest = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    if manifest.get("manifest_sha256") != json_digest(rest):
        raise _damaged(folder, "world.json was changed after it was written")
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
    return WorldError(
        f"the world in {folder} is damaged: {problem}. Remove it with 'recosim data remove "
        f"{folder.name}', then build or import it again."
    )
