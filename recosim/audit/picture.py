"""`draw_against_people`: people's intervals and those of simulated users as one picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recosim.audit.measures import GROUPS, MEASURES
from recosim.audit.people_page import COLOURS
from recosim.errors import MissingExtraError
from recosim.files import atomic_write

__all__ = ["draw_against_people"]

INK, PEOPLE = "#1c2733", "#e0a52a"
DOES_NOT = "#b3261e"


def draw_against_people(parts: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Write a PNG: a row for each share, people's band, one point with its interval a population.

    Means and medians stand on a scale of their own, in shares of people's highest end. A measure
    that does not hold is crossed, one with too few observations hollow.

    Args:
        parts: population -> its part "against_people", as JSON values.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "Drawing an audit") from None
    first = next(iter(parts.values()))
    entries = [
        entry
        for group in GROUPS
        for entry in first["measures"]
        if entry["group"] == group
        and any(_ours(part, entry["measure"]) is not None for part in parts.values())
    ]
    shares = [entry for entry in entries if MEASURES[entry["measure"]].is_share]
    numbers = [entry for entry in entries if not MEASURES[entry["measure"]].is_share]
    blocks = [(block, title) for block, title in ((shares, "shares"), (numbers, "")) if block]
    figure = Figure(figsize=(8.6, 1.6 + 0.36 * max(1, len(entries))), layout="constrained")
    FigureCanvasAgg(figure)
    if blocks:
        ratios = [len(block) + 0.6 for block, _ in blocks]
        grid = figure.subplots(len(blocks), 1, squeeze=False, gridspec_kw={"height_ratios": ratios})
        for (axes,), (block, title) in zip(grid, blocks, strict=True):
            _draw(axes, block, parts, bool(title))
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside upper left", ncols=len(labels), frameon=False, fontsize=9
        )
    atomic_write(path, lambda part: figure.savefig(part, format="png", dpi=130))


def _ours(part: Mapping[str, Any], measure: str) -> dict[str, Any] | None:
    row = next(row for row in part["measures"] if row["measure"] == measure)
    ours: dict[str, Any] | None = row["ours"]
    return ours


def _draw(
    axes: Any,
    entries: list[Mapping[str, Any]],
    parts: Mapping[str, Mapping[str, Any]],
    shares: bool,
) -> None:
    gap = 0.62 / max(1, len(parts))
    for y, entry in enumerate(entries):
        scale = 1.0 if shares else entry["people"]["high"] or 1.0
        low, high = entry["people"]["low"] / scale, entry["people"]["high"] / scale
        label = "people" if y == 0 else None
        axes.barh(
            [y], [max(high - low, 0.004)], left=[low], height=0.78, color=PEOPLE, alpha=0.45,
            label=label, linewidth=0,
        )  # fmt: skip
        for figure in entry["figures"]:
            at = figure["value"] / scale
            axes.plot([at, at], [y - 0.39, y + 0.39], "-", color=PEOPLE, linewidth=1.6)
        for k, (name, part) in enumerate(parts.items()):
            colour = COLOURS[k % len(COLOURS)]
            row = next(r for r in part["measures"] if r["measure"] == entry["measure"])
            ours, place = row["ours"], y + gap * (k - (len(parts) - 1) / 2)
            mark = "X" if row["verdict"] == "does not" else "o"
            face = "white" if row["verdict"] == "too few" else colour
            if y == 0:
                axes.plot([], [], "o", color=colour, label=name, markersize=5)
            if ours is None:
                continue
            if ours["low"] is not None:
                ends = [ours["low"] / scale, ours["high"] / scale]
                axes.plot(ends, [place, place], "-", color=colour, linewidth=1.8)
            axes.plot(
                [ours["value"] / scale], [place], mark, color=colour, markerfacecolor=face,
                markersize=5.5,
            )  # fmt: skip
    axes.set_yticks(range(len(entries)), [entry["title"] for entry in entries])
    axes.set_ylim(len(entries) - 0.4, -0.6)
    if len(parts) == 1:
        (part,) = parts.values()
        verdict = {row["measure"]: row["verdict"] for row in part["measures"]}
        for text, entry in zip(axes.get_yticklabels(), entries, strict=True):
            text.set_color(DOES_NOT if verdict[entry["measure"]] == "does not" else INK)
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.tick_params(axis="x", labelsize=8.5, colors="#444444")
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    if shares:
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    else:
        axes.set_xlim(left=0)
        axes.set_xlabel("in shares of people's highest", fontsize=9)
