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
from html import escape
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from recosim.acts import React, Recommend, Verb
from recosim.cli.showing.conversations import Conversations
from recosim.cli.showing.header import describe
from recosim.cli.showing.parts import timeline_of
from recosim.envs.acts import Acts
from recosim.envs.timeline import Timeline
from recosim.envs.words import Words, attribute_label, item_label, words_of
from recosim.errors import OptionError
from recosim.family import family_of
from recosim.files import write_text
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
    data = page_data(conversations, world, most, source)
    parts = {name: _part(f"page.{name}") for name in ("css", "js")}
    values = {
        "style": parts["css"],
        "script": parts["js"],
        "style_sum": _checksum(parts["css"]),
        "script_sum": _checksum(parts["js"]),
        "data": _json(data),
        "hidden": escape(data["hidden"]),
        "keys": " · <kbd>e</kbd> open all or none" * any(c["parts"] for c in data["conversations"]),
    }
    # In one pass: what comes from the trace is not looked at again.
    write_text(path, re.sub(r"\{\{(\w+)\}\}", lambda m: values[m[1]], _part("page.html")))


def page_data(conversations: Conversations, world: World, most: int, source: str) -> dict[str, Any]:
    """What the page shows, as JSON values.

    Returns:
        `source`; `header`, pairs of name and text; `available`, how many conversations fit;
        `hidden`, what the page calls what users hide; `confirms`, whether users confirm anything;
        `conversations`, the first of them: number, user, agent, seed, `outcome` in words, `kind` of
        outcome (its position among those of the family; "unfinished"), moves, reward (the sum),
        `hidden` (its label, "" for nothing), `rows`, one for each move (see `_row`), and `parts`
        of a long one, [] of others: heading, summary, and the number of rows of each.
    """
    shown = conversations.first(most)
    rows = shown.rows().table.to_pylist()
    ends = np.cumsum([0, *(shown.stop - shown.start)])
    told = [rows[a:b] for a, b in pairwise(ends)]
    family = family_of(conversations.trace.metadata)
    acts, words, timeline = family.load("acts"), words_of(family.name), timeline_of(family)
    return {
        "source": source,
        "header": list(describe(conversations, world).items()),
        "available": len(conversations),
        "hidden": words.hidden,
        "confirms": any(words.confirmed(row, world) is not None for row in rows[:1]),
        "conversations": [
            {
                **_conversation(moves, acts, words, timeline, world),
                "outcome": outcome,
                "kind": "unfinished" if outcome == conversations.known[-1] else f"ending-{ending}",
            }
            for moves, outcome, ending in zip(told, shown.endings(), shown.ending, strict=True)
        ],
    }


def _conversation(
    moves: Sequence[Mapping[str, Any]],
    acts: Acts,
    words: Words,
    timeline: Timeline | None,
    world: World,
) -> dict[str, Any]:
    first = moves[0]
    rows = [_row(row, acts, words, timeline, world) for row in moves]
    return {
        "number": first["conversation"],
        "user": first["user"],
        "agent": first["agent"] or "",
        "seed": first["seed"],
        "moves": max((row["move"] for row in rows if row["move"] is not None), default=0),
        "reward": round(sum(row["reward"] for row in moves), 4),
        "hidden": ", ".join(item_label(world, v) for v in acts.secrets(first)),
        "rows": rows,
        "parts": [] if timeline is None else _parts(moves, timeline, world),
    }


def _parts(
    moves: Sequence[Mapping[str, Any]], timeline: Timeline, world: World
) -> list[dict[str, Any]]:
    """The parts of an episode, in order."""
    parts = timeline.parts(moves)
    return [
        {
            "heading": timeline.heading(inside, before[-1] if before else None, world),
            "summary": timeline.summary(inside, world),
            "rows": len(inside),
        }
        for before, inside in pairwise([[], *parts])
    ]


def _row(
    row: Mapping[str, Any], acts: Acts, words: Words, timeline: Timeline | None, world: World
) -> dict[str, Any]:
    """One move.

    Returns:
        `verb`, lower case; `move`, its number, None where no turn was used; `system` and `user`,
        the sentence of each side's act; `told` and `said`, the words of each side, None where the
        act was not worded; `items` and `because`, labels of what was shown and why; `marks`, what
        became of each item, where the family says so; `rank`, of the item taken, 0 for none;
        `confirmed`, labels of what the user confirmed; `figures`, what is
        printed small; `end`.
    """
    verb, act = Verb(row["verb"]), acts.system_act(row)
    shown = act if isinstance(act, Recommend) else Recommend()
    # The items of a list stand one below the other, so the sentence does not name them again.
    lead = words.lead(row, world) if shown is act else words.system_text(row, world)
    return {
        "verb": verb.name.lower(),
        "move": None if verb is Verb.OPEN else words.number(row),
        "system": lead,
        "user": words.user_text(row, world),
        "told": row.get("told"),
        "said": row.get("said"),
        "items": [words.item_text(row, world, v) for v in shown.items],
        "because": [attribute_label(world, a) for a in shown.because],
        "marks": [] if shown is not act else (timeline or words).marks(row),
        "rank": 0 if timeline is not None else _rank(row, shown, acts),
        "confirmed": words.confirmed(row, world) or [],
        "figures": words.figures(row),
        "end": words.ending_text(row, world),
    }


def _rank(row: Mapping[str, Any], shown: Recommend, acts: Acts) -> int:
    """The place of the item that was taken, from 1; 0 for none."""
    for act in acts.user_acts(row):
        if isinstance(act, React) and act.accepted in shown.items:
            return 1 + shown.items.index(act.accepted)
    return 0


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
