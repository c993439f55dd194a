"""The picture of one conversation: its path through the graph, and the candidates left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from recosim.acts import Note, Outcome, Verb
from recosim.world.world import World

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = ["draw"]

# The path so far, side branches (no, don't know), and lists that were refused.
_PATH, _SIDE, _SHOWN = 0.0, 1.0, 2.0
_LABEL = 2.6  # where labels begin, in lanes
_LANES = (-0.9, 13.0)  # the width of the graph's half, in lanes
_MOST_ROWS = 17  # with more, labels would touch

_USER, _YES, _NO, _UNSURE, _INK, _FAINT = (
    "#4c72b0",
    "#2e8b57",
    "#c0392b",
    "#8c8c8c",
    "#222222",
    "#b8b8b8",
)
_GOLD = "#f2b705"


@dataclass(frozen=True)
class _Row:
    """One line of the picture: a node of the graph and what is written beside it."""

    label: str
    colour: str
    names: str = ""  # of the items of a list; written last, for it is shortened first
    reflected: bool = False
    lane: float = _PATH
    shape: str = "o"
    number: str = ""  # of the move
    candidates: int | None = None
    on_path: bool = False  # later nodes hang on this one
    edge: str = "solid"  # "", "solid" or "dashed": to the node it hangs on
    size: int = 150


def draw(figure: Figure, moves: Sequence[Mapping[str, Any]], world: World) -> None:
    """Draw one conversation, finished or not, into a figure of 900 by 600 pixels.

    From top to bottom: the user, the attributes named first, then one line for each move. Accepted
    attributes continue the path (green); refused ones (red), those the user is unsure about (grey)
    and refused lists (red squares) hang on it. An item that was found is a golden star. On the
    right, the candidates left after each move, on a logarithmic axis. Of a conversation of more
    than 15 moves the middle is left out. The target is not given away before the end.

    Args:
        moves: the rows of its trace, from its opening on.
        world: the world that it was recorded on.
    """
    rows = _shorten(_rows(moves, world))
    bottom = max(len(rows), 8) - 0.4  # short conversations are not stretched over the page
    left = figure.add_axes((0.01, 0.09, 0.735, 0.82))
    right = figure.add_axes((0.765, 0.09, 0.215, 0.82))
    for axes in (left, right):
        axes.set_ylim(bottom, -0.6)
    _draw_graph(left, rows)
    _draw_candidates(right, rows, int(moves[0]["candidates"]))
    title = left.text(
        *(0.012, 1.025), _title(moves), transform=left.transAxes, fontsize=12, color=_INK
    )
    title.set_parse_math(False)


def _title(moves: Sequence[Mapping[str, Any]]) -> str:
    first, last = moves[0], moves[-1]
    found = [move["move"] for move in moves if move["outcome"] == Outcome.HIT]
    if found:
        state = f"found at move {found[0]}"
    elif last["terminated"] or last["truncated"]:
        state = "not found"
    else:
        state = "going on"
    agent = f", {first['agent']}" if first["agent"] else ""
    return f"Conversation {first['conversation']}, user {first['user']}{agent}: {state}"


# ---- what is drawn -------------------------------------------------------------------------------


def _rows(moves: Sequence[Mapping[str, Any]], world: World) -> list[_Row]:
    """One row for the user and for each move; a reflection is written beside the move before it."""
    first = moves[0]
    named = " and ".join(world.attribute_names[a] for a in first["accepted"])
    if first["facet"] >= 0:
        named = f"{world.facet_names[first['facet']]}: {named}"
    if first["items"]:
        liked = f"like {world.item_names[first['items'][0]]}"
        named = f"{named}, {liked}" if named else liked
    named = named or "surprise me"
    rows = [
        _Row(f"user {first['user']}", _USER, on_path=True, edge="", size=210),
        _Row(f"{named}  (opening)", _YES, number="0", on_path=True, candidates=first["candidates"]),
    ]
    for move in moves[1:]:
        if move["verb"] == Verb.REFLECT and move["outcome"] == Outcome.NOTHING:
            rows[-1] = replace(rows[-1], reflected=True)
        else:
            rows.append(_move_row(move, world))
    last = moves[-1]
    if last["outcome"] != Outcome.HIT and (last["terminated"] or last["truncated"]):
        why = "nothing is left" if last["terminated"] else "out of turns"
        if last["left"]:
            why = "the user left"
        if not (last.get("gathered") or 0):
            why += f"; meant: {world.item_names[last['target']]}"
        rows.append(_Row(why, _UNSURE, shape="*", edge="", size=260))
    return rows


def _move_row(move: Mapping[str, Any], world: World) -> _Row:
    outcome = move["outcome"]
    common: dict[str, Any] = {"number": str(move["move"]), "candidates": move["candidates"]}
    if move["verb"] == Verb.ASK:
        asked = " or ".join(world.attribute_names[a] for a in move["asked"])
        if move["facet"] >= 0:
            asked = world.facet_names[move["facet"]]
        if outcome == Outcome.YES:
            if move["facet"] >= 0 or len(move["accepted"]) < len(move["asked"]):
                asked += "?  " + " and ".join(world.attribute_names[a] for a in move["accepted"])
            else:
                asked += "?  yes"
            return _Row(asked, _YES, on_path=True, **common)
        if move["accepted"]:
            word = "no" if outcome == Outcome.NO else "don't know"
            label = f"{asked}?  {word}, but {_wishes(move, world)}"
            return _Row(label, _YES, on_path=True, **common)
        if outcome == Outcome.UNSURE:
            return _Row(f"{asked}?  don't know", _UNSURE, lane=_SIDE, edge="dashed", **common)
        return _Row(f"{asked}?  no", _NO, lane=_SIDE, edge="dashed", **common)
    if move["verb"] == Verb.REFLECT:
        said = _wishes(move, world) or "don't know"
        if move["accepted"]:
            return _Row(f"what was wrong?  {said}", _YES, on_path=True, **common)
        return _Row(f"what was wrong?  {said}", _NO, lane=_SIDE, edge="dashed", **common)
    if move["verb"] == Verb.RECOMMEND:
        names = [world.item_names[v] for v in move["items"]]
        if outcome == Outcome.HIT:
            found, of = names[move["rank"] - 1], f"{move['rank']} of {len(names)}"
            label = f"found: {found}  ({of} shown)"
            if len(move.get("taken") or ()) > 1:
                found = " and ".join(world.item_names[v] for v in move["taken"])
                label = f"found: {found}"
            return _Row(label, _GOLD, shape="*", size=420, on_path=True, **common)
        shown = "1 item" if len(names) == 1 else f"{len(names)} items"
        common |= {"names": ", ".join(names), "lane": _SHOWN, "shape": "s"}
        wishes = _wishes(move, world)
        said = ", ".join([*_said_of_items(move, world), *[wishes] * bool(wishes)])
        if outcome == Outcome.UNSURE:
            return _Row(f"{shown}: {said}", _UNSURE, edge="dashed", **common)
        label = f"{shown} refused" + (f": {said}" if said else "")
        return _Row(label, _NO, edge="dashed", **common)
    label = "ignored: the last turn" if move["verb"] == Verb.IGNORED else "illegal move"
    return _Row(label, _UNSURE, lane=_SIDE, shape="X", edge="dashed", **common)


def _said_of_items(move: Mapping[str, Any], world: World) -> list[str]:
    """What the user said of items of a list without taking them, and asked."""
    notes, asked = move.get("notes") or (), move.get("inquired")
    said = [
        f"{Note(note).name.lower()} {world.item_names[item]}"
        for item, note in zip(notes[::2], notes[1::2], strict=True)
    ]
    if asked is not None and asked != -1:
        said.append(f"what is {world.item_names[asked]}?" if asked >= 0 else "what are these?")
    return said


def _wishes(move: Mapping[str, Any], world: World) -> str:
    """What the user wants less and more of, unasked."""
    less = move["asked"] if move["verb"] != Verb.ASK else ()
    said = [f"less {world.attribute_names[a]}" for a in less]
    return ", ".join([*said, *(f"more {world.attribute_names[a]}" for a in move["accepted"])])


def _shorten(rows: list[_Row]) -> list[_Row]:
    """Leave out the middle of a conversation that would not fit."""
    most = _MOST_ROWS + 1  # the last row of a failure is a remark
    if len(rows) <= most:
        return rows
    head, tail = rows[: most // 2], rows[len(rows) - (most - most // 2 - 1) :]
    left_out = rows[len(head) : len(rows) - len(tail)]
    gap = _Row(f"... {len(left_out)} moves ...", _FAINT, shape="", edge="")
    return [*head, gap, *tail]


# ---- how it is drawn -----------------------------------------------------------------------------


def _draw_graph(axes: Axes, rows: Sequence[_Row]) -> None:
    """The rows as a graph: each node hangs on the last one of the path above it."""
    import networkx as nx

    axes.set_xlim(*_LANES)
    axes.set_axis_off()
    graph = nx.DiGraph()
    hook: int | None = None
    for k, row in enumerate(rows):
        if row.shape:
            graph.add_node(k)
        if row.edge and hook is not None:
            graph.add_edge(hook, k)
        if row.on_path:
            hook = k
    spots = {k: (row.lane, float(k)) for k, row in enumerate(rows)}
    for style, colour, width in (("dashed", _FAINT, 1.2), ("solid", _YES, 2.2)):
        edges = [(u, v) for u, v in graph.edges if rows[v].edge == style]
        straight = [(u, v) for u, v in edges if rows[u].lane == rows[v].lane]
        bent = [(u, v) for u, v in edges if rows[u].lane != rows[v].lane]
        for some, bend in ((straight, "arc3"), (bent, "angle,angleA=90,angleB=0,rad=6")):
            nx.draw_networkx_edges(
                graph,
                spots,
                edgelist=some,
                ax=axes,
                edge_color=colour,
                width=width,
                style=style,
                arrows=True,
                arrowstyle="-",
                connectionstyle=bend,
                node_size=0,
                min_source_margin=0,
                min_target_margin=0,
            )
    for k in graph:
        nx.draw_networkx_nodes(
            graph,
            spots,
            nodelist=[k],
            ax=axes,
            node_size=rows[k].size,
            node_color=rows[k].colour,
            node_shape=rows[k].shape,
            edgecolors="#9a7400" if rows[k].colour == _GOLD else "white",
            linewidths=1.0,
        )
    axes.set_xlim(*_LANES)  # networkx has widened them
    for k, row in enumerate(rows):
        found = row.colour == _GOLD
        label = row.label + "  (reflected on)" * row.reflected
        text = axes.text(
            _LABEL,
            k,
            f"{label}: {row.names}" if row.names else label,
            va="center",
            fontsize=10.5,
            color=_INK if found or row.on_path else row.colour,
            fontweight="bold" if found else "normal",
            clip_on=True,
        )
        _fit(text, axes)
        number = axes.text(-0.5, k, row.number, va="center", ha="right", fontsize=9, color=_UNSURE)
        number.set_clip_on(True)


def _fit(text: Text, axes: Axes) -> None:
    """Shorten a text until it ends inside of its half of the picture."""
    text.set_parse_math(False)  # a "$" in a name is a "$"
    words = text.get_text()
    limit = axes.get_window_extent().x1
    shown = len(words)
    while shown > 1 and text.get_window_extent().x1 > limit:
        # Close in by the share that is too wide, then letter by letter.
        box = text.get_window_extent()
        shown = min(shown - 1, int(shown * (limit - box.x0) / box.width) + 1)
        text.set_text(words[:shown].rstrip(" ,") + "…")


def _draw_candidates(axes: Axes, rows: Sequence[_Row], most: int) -> None:
    """The candidates after each move; 0 stands at the left edge of the logarithmic axis."""
    points = [(k, row.candidates) for k, row in enumerate(rows) if row.candidates is not None]
    heights = [k for k, _ in points]
    values = np.array([max(n, 0.7) for _, n in points], dtype=float)
    axes.set_xscale("log")
    decades = np.log10(max(most, 10) / 0.7)
    axes.set_xlim(0.7, 0.7 * 10 ** (decades / 0.68))  # the rest is room for the numbers
    axes.fill_betweenx(heights, 0.7, values, color=_USER, alpha=0.15, linewidth=0)
    axes.plot(values, heights, "o-", color=_USER, markersize=4, linewidth=1.4, clip_on=False)
    for (k, n), x in zip(points, values, strict=True):
        axes.annotate(
            f"{n:,}",
            (x, k),
            textcoords="offset points",
            xytext=(7, 0),
            va="center",
            fontsize=8.5,
            color=_INK,
        )
    ticks = [10**e for e in range(0, 10, 1 if decades < 4 else 2) if 10**e <= max(most, 10)]
    axes.set_xticks(ticks, [_round_number(tick) for tick in ticks], fontsize=8.5)
    axes.minorticks_off()
    axes.set_yticks([])
    axes.set_title("candidates left", fontsize=10, color=_INK, loc="left")
    axes.grid(axis="x", alpha=0.3)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _round_number(n: int) -> str:
    """1, 10, 100, 1k, 10k, 100k, 1M."""
    if n >= 1_000_000:
        return f"{n // 1_000_000}M"
    return f"{n // 1000}k" if n >= 1000 else str(n)
