"""The picture of a training: its metrics by round, one line for each seed.

Points are the checks on held-out conversations; the round whose weights are kept has a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recosim.agents.checking import VALID
from recosim.agents.checkpoints import Checkpoint
from recosim.bench.plots import DPI, FAINT, INK, OTHERS
from recosim.errors import MissingExtraError
from recosim.files import atomic_write

__all__ = ["smooth", "write_curves"]

# Rounds that one point of the bold line averages: about a thirtieth of the training.
PARTS = 30


def smooth(values: Sequence[float | None]) -> tuple[list[int], list[float]]:
    """Means of about `PARTS` stretches of rounds: the middle round of each, and its mean.

    Rounds without a value are left out, and so is a stretch that has none.
    """
    step = max(1, len(values) // PARTS)
    rounds, means = [], []
    for start in range(0, len(values), step):
        known = [value for value in values[start : start + step] if value is not None]
        if known:
            rounds.append(start + step // 2)
            means.append(sum(known) / len(known))
    return rounds, means


def write_curves(checkpoints: Sequence[Checkpoint], path: Path) -> None:
    """Draw the metrics of some trainings of one agent into a PNG file, atomically.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "drawing the training") from None
    names = sorted({n.removeprefix(VALID) for made in checkpoints for n in made.history})
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    figure = Figure(figsize=(4.6 * columns, 3.1 * lines + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    first = checkpoints[0]
    title = f"{first.agent} on {first.environment}: training by round; points: checks, dots: kept"
    figure.suptitle(title, x=0.012, ha="left", color=INK)
    for panel, axes in enumerate(figure.subplots(lines, columns, squeeze=False).flat):
        if panel >= len(names):
            axes.set_visible(False)
            continue
        for checkpoint, colour in zip(checkpoints, OTHERS * len(checkpoints), strict=False):
            values = checkpoint.history.get(names[panel], [])
            axes.plot(
                [float("nan") if value is None else value for value in values],
                color=colour,
                alpha=0.2,
                linewidth=0.8,
            )
            axes.plot(*smooth(values), color=colour, label=f"seed {checkpoint.seed}")
            checks = checkpoint.history.get(VALID + names[panel], [])
            rounds = [k for k, value in enumerate(checks) if value is not None]
            axes.plot(rounds, [checks[k] for k in rounds], "o-", color=colour, markersize=3)
            if rounds and checkpoint.kept is not None:
                axes.axvline(checkpoint.kept - 1, color=colour, linestyle=":", linewidth=1.0)
        axes.set_title(names[panel], fontsize=10, color=INK)
        axes.grid(color=FAINT, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        if panel == 0:
            axes.legend(frameon=False, fontsize=8)
    metadata = {"Software": None}
    atomic_write(path, lambda part: figure.savefig(part, format="png", dpi=DPI, metadata=metadata))
