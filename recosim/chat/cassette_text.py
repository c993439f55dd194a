"""Cassettes as text: JSON lines that can be read, compared and kept in a repository."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recosim.chat.backend import Answer
from recosim.chat.cassette import CONTENT, FORMAT, Cassette, answer_of, request_in
from recosim.chat.request import key_of
from recosim.checked import json_digest
from recosim.errors import CassetteError, shown
from recosim.files import write_text

__all__ = ["export_cassette", "import_cassette"]

HEAD = "recosim_cassette"


def export_cassette(cassette: Path | str, text: Path | str) -> int:
    """Write a cassette as JSON lines, atomically; the number of answers.

    The first line is the format version; each further one a request, its answer and the sha256 of
    both, in the order of the keys, so that equal cassettes are equal files. Keys are not in it:
    they follow from the requests.

    Raises:
        CassetteError: the cassette cannot be read.
    """
    lines = [json.dumps({HEAD: FORMAT})]
    with Cassette(cassette, "replay") as source:
        for _, content, answer in source.rows():
            entry: dict[str, Any] = {"request": content, "answer": asdict(answer)}
            entry["sha256"] = json_digest(entry)
            lines.append(json.dumps(entry, sort_keys=True, ensure_ascii=False))
    write_text(Path(text), "\n".join(lines) + "\n")
    return len(lines) - 1


def import_cassette(text: Path | str, cassette: Path | str) -> int:
    """Add the JSON lines of a file to a cassette, which is made if need be; the number of lines.

    What the cassette has already stays as it is. Lines of format 1, which people may write by hand,
    have no sha256.

    Raises:
        CassetteError: a line that is no request with an answer (file and line), or another version.
    """
    path = Path(text)
    try:
        # Lines end with "\n" alone: answers may hold other line separators.
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CassetteError(f"{path} cannot be read as text: {error}.") from error
    version = _check_head(path, lines[0])
    entries = [_entry(path, number, line, version) for number, line in enumerate(lines[1:], 2)]
    with Cassette(cassette, "record") as target:
        for content, answer in entries:
            target.put(key_of(content), content, answer)
    return len(entries)


def _check_head(path: Path, line: str) -> int:
    """The format version."""
    try:
        version = json.loads(line)[HEAD]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise CassetteError(
            f'{path}:1: not a cassette as text; the first line must be {{"{HEAD}": {FORMAT}}}.'
        ) from None
    if type(version) is not int or version not in (1, FORMAT):
        raise CassetteError(
            f"{path}:1: format version {shown(version)}; this RecoSim reads version 1 and {FORMAT}."
        )
    return version


def _entry(path: Path, number: int, line: str, version: int) -> tuple[dict[str, Any], Answer]:
    try:
        entry = json.loads(line)
        stored = entry.pop("sha256", None)
        if version != 1 and stored != json_digest(entry):
            raise ValueError("the line is not as it was written")
        content, answer = request_in(json.dumps(entry["request"])), answer_of(entry["answer"])
        if content is None:
            raise ValueError(f"a request has {', '.join(sorted(CONTENT))}")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CassetteError(
            f"{path}:{number}: not a request with its answer ({error!r}). Export the cassette anew."
        ) from None
    return content, answer
