"""What a strict cassette says of a request that it lacks, beside the nearest one stored."""

from __future__ import annotations

import difflib
from typing import Any

from recosim.chat.request import canonical

__all__ = ["explain_miss"]

SHOWN = 160  # characters of a message
AROUND = 40  # characters on either side of the first difference
CLOSE = 8  # stored requests that are compared letter by letter
LONGEST = 4000  # letters that are compared


def explain_miss(content: dict[str, Any], stored: list[dict[str, Any]]) -> str:
    """The request, shortened, and how the nearest stored request differs from it."""
    lines = ["The request:"]
    for role, text in content["messages"]:
        lines.append(f"  {role}: {_short(text)}")
    lines.append(
        f"  model {content['model']!r}, temperature {content['temperature']}, max_tokens "
        f"{content['max_tokens']}, seed {content['seed']}, schema "
        f"{_short(canonical(content['schema'])) if content['schema'] else 'none'}"
    )
    if not stored:
        return "\n".join([*lines, "Nothing is stored."])
    nearest = _nearest(content, stored)
    lines.append(f"The nearest of the {len(stored)} stored differs in:")
    return "\n".join([*lines, *(f"  {line}" for line in _differences(content, nearest))])


def _nearest(content: dict[str, Any], stored: list[dict[str, Any]]) -> dict[str, Any]:
    """By words first, since that is quick; the best of those by letters, then by settings."""
    words = set(_text(content).split())

    def overlap(other: dict[str, Any]) -> float:
        theirs = set(_text(other).split())
        return len(words & theirs) / max(1, len(words | theirs))

    def likeness(other: dict[str, Any]) -> tuple[float, int]:
        pair = _text(content)[-LONGEST:], _text(other)[-LONGEST:]
        ratio = difflib.SequenceMatcher(None, *pair, autojunk=False).ratio()
        return ratio, -sum(other[name] != content[name] for name in content)

    return max(sorted(stored, key=overlap, reverse=True)[:CLOSE], key=likeness)


def _text(content: dict[str, Any]) -> str:
    return "\n".join(text for _, text in content["messages"])


def _differences(here: dict[str, Any], there: dict[str, Any]) -> list[str]:
    lines = []
    for name in ("model", "temperature", "max_tokens", "seed"):
        if here[name] != there[name]:
            lines.append(f"{name}: {here[name]!r} here, {there[name]!r} stored")
    if here["schema"] != there["schema"]:
        lines.append(f"schema: {_first(canonical(here['schema']), canonical(there['schema']))}")
    ours, theirs = here["messages"], there["messages"]
    if len(ours) != len(theirs):
        lines.append(f"messages: {len(ours)} here, {len(theirs)} stored")
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=False), 1):
        if mine[0] != other[0]:
            lines.append(f"message {number}: role {mine[0]!r} here, {other[0]!r} stored")
        if mine[1] != other[1]:
            lines.append(f"message {number}: {_first(mine[1], other[1])}")
            break  # what follows hangs on it
    return lines


def _first(here: str, there: str) -> str:
    """The surroundings of the first letter in which two texts differ."""
    at = next((i for i, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), None)
    if at is None:
        at = min(len(here), len(there))
    start = max(0, at - AROUND)
    cut = [repr(text[start : at + AROUND]) for text in (here, there)]
    return f"from letter {at + 1}: {cut[0]} here, {cut[1]} stored"


def _short(text: str) -> str:
    text = " ".join(text.split())
    if len(text) <= SHOWN:
        return text
    half = SHOWN // 2
    return f"{text[:half]} ... {text[-half:]} ({len(text)} letters)"
