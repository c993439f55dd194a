"""Worlds on disk: one folder of `.npy` files plus `world.json`, opened with memory mapping."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from recosim.errors import WorldError
from recosim.files import atomic_folder, write_json
from recosim.world.world import DERIVED, PRIMARY, Csr, StringTable, World, arrays_of

__all__ = ["open_folder", "save_world", "verify_folder"]

FORMAT = 1


def save_world(world: World, folder: Path) -> World:
    """Write a world to a folder, whole or not at all, and open it from there.

    Raises:
        WorldError: the folder exists and is not a world.
    """
    if folder.exists() and not (folder / "world.json").is_file():
        raise WorldError(f"{folder} exists and is not a world; name another folder.")
    with atomic_folder(folder) as part:
        files = {}
        for label, array in arrays_of(world).items():
            path = part / f"{label}.npy"
            with path.open("wb") as file:
                np.save(file, np.ascontiguousarray(array))
                file.flush()
                os.fsync(file.fileno())
            files[label] = {
                "dtype": array.dtype.str,
                "shape": list(array.shape),
                "bytes": path.stat().st_size,
                "sha256": _sha256(path),
            }
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
        manifest["manifest_sha256"] = _manifest_digest(manifest)
        write_json(part / "world.json", manifest)
        write_json(part / "verified.json", _stamp(part, files))
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
    """Read every file of a stored world again and compare it with its checksum.

    `open_folder` does so only for files whose size or time of change is new.

    Raises:
        WorldError: as `open_folder`.
    """
    files = _read_manifest(folder, _manifest_text(folder))["files"]
    _check_sizes(folder, files)
    _check_contents(folder, files)


def _manifest_text(folder: Path) -> str:
    try:
        return (folder / "world.json").read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise WorldError(f"{folder} is not a world: it has no world.json.") from None
    except UnicodeDecodeError:
        raise _damaged(folder, "world.json cannot be read") from None


def _stamp_key(folder: Path) -> str:
    """Changes when any file of the folder does, so that the cache of opened worlds is honest."""
    entries = sorted((e.name, e.stat().st_mtime_ns, e.stat().st_size) for e in os.scandir(folder))
    return repr(entries)


@lru_cache(maxsize=8)
def _open_cached(folder_name: str, text: str, _: str) -> World:
    folder = Path(folder_name)
    manifest = _read_manifest(folder, text)
    files = manifest["files"]
    _check_sizes(folder, files)
    if not _is_verified(folder, files):
        _check_contents(folder, files)
        if os.access(folder, os.W_OK):
            write_json(folder / "verified.json", _stamp(folder, files))
    arrays = {}
    for label in files:
        mapped = np.load(folder / f"{label}.npy", mmap_mode="r", allow_pickle=False)
        arrays[label] = mapped.view(np.ndarray)
    fields = {field: _assemble(field, arrays) for field in (*PRIMARY, *DERIVED)}
    return World(
        name=manifest["name"],
        fingerprint=manifest["fingerprint"],
        source=manifest["source"],
        licence=manifest["licence"],
        settings=manifest["settings"],
        folder=folder,
        **fields,
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
    if manifest.get("manifest_sha256") != _manifest_digest(manifest):
        raise _damaged(folder, "world.json was changed after it was written")
    return dict(manifest)


def _check_sizes(folder: Path, files: dict[str, Any]) -> None:
    for label, entry in files.items():
        file = folder / f"{label}.npy"
        size = file.stat().st_size if file.is_file() else None
        if size != entry["bytes"]:
            found = "is missing" if size is None else f"has {size} bytes, not {entry['bytes']}"
            raise _damaged(folder, f"{file.name} {found}")


def _check_contents(folder: Path, files: dict[str, Any]) -> None:
    for label, entry in files.items():
        if _sha256(folder / f"{label}.npy") != entry["sha256"]:
            raise _damaged(folder, f"the content of {label}.npy is not what was written")


def _assemble(field: str, arrays: dict[str, Any]) -> Any:
    if f"{field}.indptr" in arrays:
        return Csr(arrays[f"{field}.indptr"], arrays[f"{field}.indices"])
    if f"{field}.offsets" in arrays:
        return StringTable(arrays[f"{field}.offsets"], arrays[f"{field}.blob"])
    return arrays[field]


def _damaged(folder: Path, problem: str) -> WorldError:
    return WorldError(
        f"the world in {folder} is damaged: {problem}. Remove it with 'recosim data remove "
        f"{folder.name}', then build or import it again."
    )


def _manifest_digest(manifest: dict[str, Any]) -> str:
    rest = {k: v for k, v in manifest.items() if k != "manifest_sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _stamp(folder: Path, files: dict[str, Any]) -> dict[str, list[int]]:
    stats = {label: (folder / f"{label}.npy").stat() for label in files}
    return {label: [stat.st_size, stat.st_mtime_ns] for label, stat in stats.items()}


def _is_verified(folder: Path, files: dict[str, Any]) -> bool:
    try:
        known = json.loads((folder / "verified.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return False
    return bool(known == _stamp(folder, files))
