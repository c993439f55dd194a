"""Draws docs/images/architecture.png from the imports of the sources, and the table beside it.

    make docs          or   python docs/architecture.py

Rows are the layers, from the one that imports nothing to the command line; a box is a module or a
package, as wide as its lines; an arrow leads from who imports to what is imported, as thick as the
number of imports. Folders of families are boxes of their own.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "recosim"
PAGE = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "images" / "architecture.png"

# From the ground up; a layer imports only from itself and from those before it.
LAYERS = (
    ("errors", "acts", "family", "metrics", "trace", "cards", "schema", "files", "arrays"),
    ("kernels",),
    ("world", "chat"),
    ("language",),
    ("users", "estimators", "retrieval"),
    ("envs", "envs/cpr", "envs/recoworld", "envs/convsim"),
    ("agents", "agents/cpr", "agents/recoworld", "agents/convsim"),
    ("bench",),
    ("audit",),
    ("cli",),
)
# Small modules of the ground floor, drawn as one box.
GROUND = "errors, acts, family, trace, ..."


def box_of(module: str) -> str | None:
    """The box of a module, "recosim.envs.cpr.moves" -> "envs/cpr"; None for what is not ours."""
    parts = module.split(".")
    if parts[0] != "recosim" or len(parts) < 2:
        return None
    folder = "/".join(parts[1:3])
    names = {name for layer in LAYERS[1:] for name in layer}
    if folder in names:
        return folder
    return parts[1] if parts[1] in names else GROUND


def read() -> tuple[Counter[str], Counter[str], Counter[tuple[str, str]]]:
    """Files, lines and imports (from, to) by box."""
    files: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    arrows: Counter[tuple[str, str]] = Counter()
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        box = box_of(module)
        if box is None or (path.parent == PACKAGE and path.stem.startswith("__")):
            continue
        text = path.read_text(encoding="utf-8")
        files[box] += 1
        lines[box] += text.count("\n")
        for node in ast.walk(ast.parse(text)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                there = box_of(name)
                if there is not None and there != box:
                    arrows[box, there] += 1
    return files, lines, arrows


def rows() -> list[list[str]]:
    """The boxes of each layer, from the top to the ground."""
    upper = [list(layer) for layer in LAYERS[1:]]
    return [*reversed(upper), [GROUND]]


def table() -> str:
    """What the picture shows, as Markdown."""
    files, lines, arrows = read()
    out = ["| box | files | lines | imports from (how often) |", "|---|--:|--:|---|"]
    for row in rows():
        for box in row:
            found = [(n, there) for (here, there), n in arrows.items() if here == box]
            named = ", ".join(f"{there} {n}" for n, there in sorted(found, key=lambda e: -e[0]))
            out.append(f"| `{box}` | {files[box]} | {lines[box]:,} | {named or '-'} |")
    return "\n".join(out)


def draw(path: Path) -> None:
    """The picture, as a PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    files, lines, arrows = read()
    figure = Figure(figsize=(9, 10.5))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    places: dict[str, tuple[float, float, float]] = {}
    all_rows = rows()
    for level, row in enumerate(all_rows):
        y = len(all_rows) - 1 - level
        widths = [0.9 + 2.4 * (lines[box] / max(lines.values())) ** 0.5 for box in row]
        x = -(sum(widths) + 1.4 * (len(row) - 1)) / 2
        for box, width in zip(row, widths, strict=True):
            places[box] = (x + width / 2, y, width)
            x += width + 1.4
    for (here, there), n in sorted(arrows.items()):
        (x0, y0, _), (x1, y1, _) = places[here], places[there]
        level_arrow = y0 == y1
        axes.add_patch(
            FancyArrowPatch(
                (x0, y0 - (0 if level_arrow else 0.26)),
                (x1, y1 + (0 if level_arrow else 0.26)),
                connectionstyle=f"arc3,rad={0.0 if level_arrow else 0.04 * (y0 - y1) - 0.04}",
                arrowstyle="-|>",
                mutation_scale=8,
                shrinkA=34 if level_arrow else 0,
                shrinkB=34 if level_arrow else 0,
                linewidth=0.5 + min(n, 60) / 14,
                color="#4c72b0",
                alpha=0.35,
            )
        )
    for box, (x, y, width) in places.items():
        family = "/" in box
        axes.add_patch(
            FancyBboxPatch(
                (x - width / 2, y - 0.26),
                width,
                0.52,
                boxstyle="round,pad=0,rounding_size=0.08",
                facecolor="#fdf3d8" if family else "#eef3f8",
                edgecolor="#b58900" if family else "#4c72b0",
                linewidth=1.2,
                zorder=3,
            )
        )
        axes.text(x, y + 0.06, box, ha="center", va="center", fontsize=11, zorder=4)
        told = f"{files[box]} files, {lines[box]:,} lines"
        axes.text(x, y - 0.14, told, ha="center", va="center", fontsize=7, color="#666", zorder=4)
    axes.set_xlim(-4.2, 4.2)
    axes.set_ylim(-0.6, len(all_rows) - 0.4)
    axes.axis("off")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    block = re.compile(r"(<!-- drawn -->\n).*?\n?(<!-- end drawn -->)", re.DOTALL)
    PAGE.write_text(block.sub(lambda m: m[1] + table() + "\n" + m[2], text), encoding="utf-8")
    draw(PICTURE)
    print(PICTURE)


if __name__ == "__main__":
    main()
