"""Arrays that are kept beside a stored world: written whole or not at all, found by what they are.

They are no part of the world or of its fingerprint. The name of their folder holds a key of their
format and of everything that they follow from, so that what does not fit is not found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from recosim.arrays import (
    check_arrays,
    check_entries,
    is_marked,
    mark_checked,
    open_arrays,
    save_arrays,
)
from recosim.checked import json_digest, read_json
from recosim.errors import WorldError
from recosim.files import atomic_folder, write_json
from recosim.world.world import World

__all__ = ["kept_beside"]

Arrays = Mapping[str, Any]


def kept_beside(
    world: World, kind: str, format_number: int, settings: Any, make: Callable[[], Arrays]
) -> Arrays:
    """The arrays of this kind that are stored beside a world, or made and stored now.

    Args:
        kind: how the name of the folder begins: "index" or "vectors".
        format_number: goes up with anything that changes what is stored, or what it means.
        settings: JSON values that the arrays follow from, beside the world.
        make: called where nothing that fits is stored.

    Returns:
        By label; read-only and memory-mapped, unless the world is not stored or its folder cannot
        be written to. What came with a copied folder is made anew: that it follows from the world
        only who made it knows.
    """
    if world.folder is None:
        return make()
    key = json_digest([format_number, world.fingerprint, settings])[:16]
    folder = world.folder / f"{kind}.{key}"
    stored = _opened(folder, format_number)
    if stored is not None:
        return stored
    arrays = make()
    try:
        if not world.folder.is_dir():
            return arrays  # the world was removed meanwhile
        with atomic_folder(folder) as part:
            files = save_arrays(part, arrays)
            write_json(part / "kept.json", {"format": format_number, "files": files})
            mark_checked(part, files, ("kept.json",))
    except OSError:  # a folder that cannot be written to, or a full disk
        return arrays
    reopened = _opened(folder, format_number)
    return arrays if reopened is None else reopened


def _opened(folder: Path, format_number: int) -> Arrays | None:
    """The stored arrays, None where there are none that are whole and of this format."""
    try:
        said = read_json(folder / "kept.json", WorldError, "")
        if said["format"] != format_number:
            return None
        check_entries(said["files"])
        if not is_marked(folder, said["files"], ("kept.json",)):
            return None  # it came with the folder from elsewhere: nobody looked whether it follows
        check_arrays(folder, said["files"], also=("kept.json",))
        return open_arrays(folder, said["files"])
    except (OSError, KeyError, TypeError, WorldError):
        return None
