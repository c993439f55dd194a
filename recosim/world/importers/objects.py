"""What the importers of JSON lines share: which file of a folder is which, told by its content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from recosim.errors import ImportDataError
from recosim.world.importers.cells import label_of, shown
from recosim.world.importers.source import Log, bad, json_lines

__all__ = ["files_by_content", "first_of", "label_at", "labels_at"]

ENDS = (".json", ".jsonl", ".json.gz", ".jsonl.gz")

Test = Callable[[Mapping[str, Any]], bool]


def files_by_content(
    folder: Path, kinds: Mapping[str, Test], needed: Mapping[str, str], what: str
) -> dict[str, list[Path]]:
    """The files of each kind: the first of `kinds` whose test holds for the first object of a file.

    Args:
        needed: the kinds that must be there, and what they hold, in words.

    Raises:
        ImportDataError: no such folder, or a needed kind is not there.
    """
    if not folder.is_dir():
        state = "is a file" if folder.exists() else "does not exist"
        raise ImportDataError(f"{folder} {state}; name the folder of {what}.")
    found: dict[str, list[Path]] = {kind: [] for kind in kinds}
    everything = sorted(p for p in folder.iterdir() if p.is_file())
    for file in everything:
        if not file.name.endswith(ENDS):
            continue
        for _, entry in json_lines(file, literals=True, log=Log()):
            for kind, test in kinds.items():
                if test(entry):
                    found[kind].append(file)
                    break
            break
    for kind, holds in needed.items():
        if not found[kind]:
            names = ", ".join(p.name for p in everything[:12]) or "an empty folder"
            raise ImportDataError(
                f"{folder} does not hold {what}: expected a file ({', '.join(ENDS)}) of {holds}; "
                f"found {names}."
            )
    return found


def first_of(entry: Mapping[str, Any], *keys: str) -> Any:
    """The value of the first key that is there and not null."""
    for key in keys:
        if (value := entry.get(key)) is not None:
            return value
    return None


def label_at(path: Path, line: int, entry: Mapping[str, Any], *keys: str) -> str:
    """The label under the first of these keys, "" where there is none.

    Raises:
        ImportDataError: it is a list or a dictionary.
    """
    try:
        return label_of(first_of(entry, *keys))
    except ValueError as error:
        raise bad(path, f"the key {keys[0]!r}: {error}", line) from None


def labels_at(path: Path, line: int, value: Any, key: str) -> list[str]:
    """The labels of a text, of a list, or of a list of lists.

    Raises:
        ImportDataError: anything else.
    """
    if value is None:
        return []
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        raise bad(path, f"the key {key!r} is to be a list, found {shown(value)}", line)
    out: list[str] = []
    for part in value:
        inner = part if isinstance(part, list) else [part]
        for label in inner:
            try:
                out.append(label_of(label))
            except ValueError as error:
                raise bad(path, f"the key {key!r}: {error}", line) from None
    return [label for label in dict.fromkeys(out) if label]
