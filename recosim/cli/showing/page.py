"""Conversations as one HTML page: a list to search in, and chat bubbles.

The page is one file: no network, no other file, and it says so to the browser (a content security
policy that allows the page's own script and style by their checksums and nothing else). Everything
that was recorded goes into it as JSON, and from there into text nodes: a name is never markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from recosim.acts import Outcome, Verb
from recosim.cli.showing.conversations import Conversations
from recosim.cli.showing.header import describe
from recosim.envs.cpr.words import (
    attribute_label,
    ending_text,
    item_label,
    system_text,
    user_text,
)
from recosim.errors import OptionError
from recosim.files import write_text
from recosim.standing import wanted_by_standing
from recosim.world.world import World

__all__ = ["check_page_path", "page_data", "write_page"]


def check_page_path(path: Path) -> None:
    """Raise `OptionError` unless a file is named as an HTML page."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise OptionError(f"the page is HTML; name a file that ends in .html, not {path.name!r}.")
    if path.is_dir():
        raise OptionError(f"{path} is a folder; name the file to write.")


def write_page(
    path: Path, conversations: Conversations, world: World, most: int, source: str
) -> None:
    """Write the page, atomically.

    Args:
        most: at most so many conversations, the first ones; the page says how many there are.
        source: what to call the trace.

    Raises:
        OptionError: the file is not named as an HTML page.
    """
    check_page_path(path)
    parts = {name: _part(f"page.{name}") for name in ("css", "js")}
    values = {
        "style": parts["css"],
        "script": parts["js"],
        "style_sum": _checksum(parts["css"]),
        "script_sum": _checksum(parts["js"]),
        "data": _json(page_data(conversations, world, most, source)),
    }
    # In one pass: what comes from the trace is not looked at again.
    write_text(path, re.sub(r"\{\{(\w+)\}\}", lambda m: values[m[1]], _part("page.html")))


def page_data(conversations: Conversations, world: World, most: int, source: str) -> dict[str, Any]:
    """What the page shows, as JSON values.

    Returns:
        `source`; `header`, pairs of name and text; `available`, how many conversations fit;
        `conversations`, the first of them: number, user, agent, seed, `outcome` (one of
        `Columns.endings`), moves, reward (the sum), `target` (its label) and `rows`, one for each
        move (see `_row`).
    """
    shown = conversations.first(most)
    rows = shown.rows().table.to_pylist()
    ends = np.cumsum([0, *(shown.stop - shown.start)])
    told = [rows[a:b] for a, b in pairwise(ends)]
    return {
        "source": source,
        "header": list(describe(conversations, world).items()),
        "available": len(conversations),
        "conversations": [
            _conversation(moves, ending, world)
            for moves, ending in zip(told, shown.endings(), strict=True)
        ],
    }


def _conversation(moves: Sequence[Mapping[str, Any]], outcome: str, world: World) -> dict[str, Any]:
    first, last = moves[0], moves[-1]
    return {
        "number": first["conversation"],
        "user": first["user"],
        "agent": first["agent"] or "",
        "seed": first["seed"],
        "outcome": outcome,
        "moves": last["move"],
        "reward": round(sum(row["reward"] for row in moves), 4),
        "target": item_label(world, first["target"]),
        "rows": [_row(row, world) for row in moves],
    }


def _row(row: Mapping[str, Any], world: World) -> dict[str, Any]:
    """One move.

    Returns:
        `verb`, lower case; `move`, its number, None where no turn was used; `system` and `user`,
        the sentence of each side's act; `told` and `said`, the words of each side, None where the
        act was not worded; `items` and `because`, labels of what was shown and why; `rank`, of the
        item taken, 0 for none; `confirmed`, labels of the attributes that the user accepted;
        `candidates`; `reward`; `supported`, the share of the reasons that hold, or None; `end`.
    """
    verb = Verb(row["verb"])
    opening = verb is Verb.OPEN
    silent = verb is Verb.REFLECT and row["outcome"] == Outcome.NOTHING
    supported = row["supported"]
    return {
        "verb": verb.name.lower(),
        "move": None if opening or silent else row["move"],
        # The items of a list stand one below the other, so the sentence does not name them again.
        "system": _lead(row["items"]) if verb is Verb.RECOMMEND else system_text(row, world),
        "user": user_text(row, world),
        "told": row.get("told"),
        "said": row.get("said"),
        "items": [item_label(world, v) for v in row["items"]] if verb is Verb.RECOMMEND else [],
        "because": [attribute_label(world, a) for a in row["because"]],
        "rank": row["rank"],
        "confirmed": [attribute_label(world, a) for a in _confirmed(row)],
        "candidates": row["candidates"],
        "reward": round(row["reward"], 4),
        "supported": None if supported is None else round(supported, 4),
        "end": ending_text(row, world),
    }


def _confirmed(row: Mapping[str, Any]) -> list[int]:
    """The attributes that the user accepted or asked for, by an instruction that holds too."""
    return [*row["accepted"], *wanted_by_standing(row["standing"], row["accepted"])]


def _lead(items: Sequence[int]) -> str:
    return "How about this?" if len(items) == 1 else "How about one of these?"


def _part(name: str) -> str:
    return (files("recosim.cli.showing") / name).read_text(encoding="utf-8")


def _checksum(text: str) -> str:
    """What a content security policy calls a script or a style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(value: Any) -> str:
    """JSON that is harmless inside a script element: nothing in it can end the element."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
