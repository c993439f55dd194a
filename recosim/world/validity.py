"""Whether stored arrays are those of a world: a right checksum says only that nobody changed them.

A folder from somebody else may hold anything under right checksums: ids out of range, tables of the
wrong size, derived arrays that do not follow from the others, the fingerprint of another world.
Kernels would read and write outside of their arrays then. So what is opened for the first time is
taken apart, built again, and compared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from recosim.arrays import check_entries
from recosim.errors import WorldError
from recosim.world.arrays import DERIVED, LATER, PRIMARY, arrays_of
from recosim.world.csr import Csr
from recosim.world.strings import StringTable
from recosim.world.topics import Judgements, Topics, assemble
from recosim.world.world import World, build_world

__all__ = ["NAME", "assembled", "check_files", "check_valid"]

# What worlds may be called: names become those of folders (checkpoints, results).
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


def check_files(name: str, files: Any) -> None:
    """Hold that a manifest names a world and its arrays, and nothing outside its folder.

    Raises:
        WorldError: the text is the problem alone.
    """
    if not NAME.fullmatch(name):
        raise WorldError(
            f"world.json calls it {name[:80]!r}; a name has lower-case letters, digits, '.', '_' "
            "and '-', and starts with a letter or a digit"
        )
    try:
        check_entries(files)
    except WorldError as problem:
        raise WorldError(f"world.json: {problem}") from None
    fields = {label.split(".")[0] for label in files}
    needed = {*PRIMARY, *DERIVED} - {*LATER}
    if missing := sorted(needed - fields):
        raise WorldError(f"world.json lacks {', '.join(missing)}")
    if strange := sorted(fields - needed - {*LATER}):
        raise WorldError(f"world.json has the unknown {', '.join(strange)}")


def assembled(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a world by field, from its arrays by label.

    Raises:
        WorldError: an array is missing.
    """
    return {field: _assemble(field, arrays) for field in (*PRIMARY, *DERIVED)}


def _assemble(field: str, arrays: Mapping[str, Any]) -> Any:
    if field in ("topics", "judgements"):
        return assemble(Topics if field == "topics" else Judgements, field, arrays)
    for kind, first, second in ((Csr, "indptr", "indices"), (StringTable, "offsets", "blob")):
        if f"{field}.{first}" in arrays:
            if f"{field}.{second}" not in arrays:
                raise WorldError(f"{field}.{second} is missing")
            return kind(arrays[f"{field}.{first}"], arrays[f"{field}.{second}"])
    if field in arrays:
        return arrays[field]
    if field in LATER:
        return None
    raise WorldError(f"{field} is missing")


def check_valid(
    arrays: Mapping[str, Any], name: str, settings: Mapping[str, Any], fingerprint: str
) -> None:
    """Hold that stored arrays are those of one world, and the fingerprint its own.

    Everything that can be derived is derived again, which takes about a second for 70,000 items.

    Raises:
        WorldError: the text is the problem alone.
    """
    for label, array in arrays.items():
        _check_shape(label, array)
    parts = assembled(arrays)
    for field, value in _tables(parts):
        _check_table(field, value)
    world = _rebuilt(parts, name, settings)
    for label, array in arrays_of(world).items():
        stored = arrays.get(label)
        if stored is None and label in LATER:
            continue
        alike = (
            stored is not None
            and (stored.dtype, stored.shape) == (array.dtype, array.shape)
            and stored.tobytes() == array.tobytes()
        )
        if not alike:
            raise WorldError(f"{label} does not follow from the other arrays")
    if unknown := sorted(arrays.keys() - arrays_of(world).keys()):
        raise WorldError(f"it has the unknown {', '.join(unknown)}")
    if world.fingerprint != fingerprint:
        raise WorldError(
            f"its fingerprint is {world.fingerprint[:12]}, and world.json says {fingerprint[:12]}"
        )


def _rebuilt(parts: dict[str, Any], name: str, settings: Mapping[str, Any]) -> World:
    given = {field: parts[field] for field in PRIMARY}
    names = {field: list(value) for field, value in given.items() if isinstance(value, StringTable)}
    n_attributes = len(parts["attribute_names"])
    try:
        return build_world(
            name=name, n_attributes=n_attributes, settings=settings, **{**given, **names}
        )
    except WorldError as problem:
        text = str(problem).removeprefix(f"world {name!r} cannot be built: ").rstrip(".")
        raise WorldError(text) from None
    except (ValueError, IndexError, OverflowError, MemoryError) as problem:
        raise WorldError(f"its arrays do not fit together: {problem}") from None


def _check_shape(label: str, array: Any) -> None:
    """Arrays of links and texts have one axis and whole numbers."""
    last = label.rsplit(".", 1)[-1]
    wanted = {"indptr": "<i8", "offsets": "<i8", "indices": "<i4", "blob": "|u1"}.get(last)
    if wanted is not None and (array.ndim != 1 or array.dtype.str != wanted):
        raise WorldError(f"{label} is {array.dtype} {array.shape}, not {wanted} of one axis")


def _tables(parts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Every table of links or texts by its name, those within topics among them."""
    found = []
    for field, value in parts.items():
        if isinstance(value, (Topics, Judgements)):
            inner = {f"{field}.{part}": table for part, table in value._asdict().items()}
            found += _tables(inner)
        elif isinstance(value, (Csr, StringTable)):
            found.append((field, value))
    return found


def _check_table(field: str, table: Any) -> None:
    """Pointers begin at 0, never fall, and end with the array; texts are UTF-8, each of them."""
    links = isinstance(table, Csr)
    starts, values = (table.indptr, table.indices) if links else (table.offsets, table.blob)
    what = "indptr" if links else "offsets"
    if not len(starts) or starts[0] != 0 or starts[-1] != len(values):
        raise WorldError(f"{field}.{what} does not span what it points into")
    if (np.diff(starts) < 0).any():
        raise WorldError(f"{field}.{what} falls at {int(np.argmax(np.diff(starts) < 0))}")
    if links:
        return
    try:
        values.tobytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise WorldError(f"{field}.blob is not UTF-8: {error.reason} at {error.start}") from None
    inside = starts[starts < len(values)]
    if ((values[inside] & 0xC0) == 0x80).any():
        raise WorldError(f"{field}.offsets cut a character in two")
