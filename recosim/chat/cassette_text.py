"""Cassettes as text: JSON lines that can be read, compared and kept in a repository."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from recosim.chat.backend import Answer
from recosim.chat.cassette import FORMAT, Cassette
from recosim.chat.request import key_of
from recosim.errors import CassetteError
from recosim.files import write_text

__all__ = ["export_cassette", "import_cassette"]

HEAD = "recosim_cassette"
CONTENT = {"model", "messages", "schema", "temperature", "max_tokens", "seed"}


def export_cassette(cassette: Path | str, text: Path | str) -> int:
    """Write a cassette as JSON lines, atomically; the number of answers.

    The first line is the format version; each further one a request and its answer, in the order
    of the keys, so that equal cassettes are equal files. Keys are not in it: they follow from the
    requests.

    Raises:
        CassetteError: the cassette cannot be read.
    """
    lines = [json.dumps({HEAD: FORMAT})]
    with Cassette(cassette, "replay") as source:
        for _, content, answer in source.rows():
            entry = {"request": content, "answer": asdict(answer)}
            lines.append(json.dumps(entry, sort_keys=True, ensure_ascii=False))
    write_text(Path(text), "\n".join(lines) + "\n")
    return len(lines) - 1


def import_cassette(text: Path | str, cassette: Path | str) -> int:
    """Add the JSON lines of a file to a cassette, which is made if need be; the number of lines.

    What the cassette has already stays as it is.

    Raises:
        CassetteError: a line that is no request with an answer (file and line), or another version.
    """
    path = Path(text)
    try:
        # Lines end with "\n" alone: answers may hold other line separators.
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CassetteError(f"{path} cannot be read as text: {error}.") from error
    _check_head(path, lines[0])
    entries = [_entry(path, number, line) for number, line in enumerate(lines[1:], 2)]
    with Cassette(cassette, "record") as target:
        for content, answer in entries:
            target.put(key_of(content), content, answer)
    return len(entries)


def _check_head(path: Path, line: str) -> None:
    try:
        version = json.loads(line)[HEAD]
    except (ValueError, TypeError, KeyError):
        raise CassetteError(
            f'{path}:1: not a cassette as text; the first line must be {{"{HEAD}": {FORMAT}}}.'
        ) from None
    if version != FORMAT:
        raise CassetteError(
            f"{path}:1: format version {version!r}; this RecoSim reads version {FORMAT}."
        )


def _entry(path: Path, number: int, line: str) -> tuple[dict[str, Any], Answer]:
    try:
        entry = json.loads(line)
        content, answer = entry["request"], Answer(**entry["answer"])
        known = {
            field.name: type(field.default) for field in fields(Answer) if field.name != "text"
        }
        if set(content) != CONTENT:
            raise ValueError(f"a request has {', '.join(sorted(CONTENT))}")
        for name, kind in {**known, "text": str}.items():
            if type(getattr(answer, name)) is not kind:
                raise ValueError(f"{name} of an answer is {getattr(answer, name)!r}")
    except (ValueError, TypeError, KeyError) as error:
        raise CassetteError(
            f"{path}:{number}: not a request with its answer ({error!r}). Export the cassette anew."
        ) from error
    return content, answer
