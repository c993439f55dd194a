"""A picture of what annotators said: who agrees with whom, and how ratings are spread."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recosim.audit.agreement import Agreement
from recosim.bench.plots import OTHERS, write_figure
from recosim.errors import MissingExtraError
from recosim.users.annotators.judging import Annotation

__all__ = ["draw_agreement"]

MOST = 40  # annotators of a matrix that can be read


def draw_agreement(said: Annotation, figures: list[Agreement], path: Path) -> Path:
    """Draw into a PNG file, atomically: agreement of each two annotators and of each with the
    truth, all figures with their intervals, and the shares of ratings; returns the path.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "drawing agreement") from None
    figure = Figure(figsize=(15, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    who, shares, levels = figure.subplots(1, 3, width_ratios=(1, 1.3, 0.8))
    n = min(said.annotators, MOST)
    labels = np.column_stack([said.comparisons[:, :n], said.by_truth])
    if len(labels):
        same = np.array([(labels == labels[:, [k]]).mean(axis=0) for k in range(n + 1)])
        np.fill_diagonal(same, np.nan)
        drawn = who.imshow(same, vmin=0, vmax=1, cmap="viridis")
        figure.colorbar(drawn, ax=who, shrink=0.8)
    ticks = [*map(str, range(n)), "truth"]
    step = max(1, (n + 1) // 14)
    at = [*range(0, n, step), n]
    who.set(title="Comparisons: who says the same", xlabel="annotator", ylabel="annotator")
    who.set_xticks(at, [ticks[k] for k in at], rotation=90, fontsize=8)
    who.set_yticks(at, [ticks[k] for k in at], fontsize=8)
    for row, own in enumerate(figures):
        e = own.estimate
        shares.plot(e.value, -row, "o", color=OTHERS[0])
        if e.low is not None and e.high is not None:
            shares.plot([e.low, e.high], [-row, -row], color=OTHERS[0])
    shares.set_yticks([-row for row in range(len(figures))], [own.title for own in figures])
    shares.tick_params(axis="y", labelsize=8)
    shares.set(title="Agreement, 95 % over users", xlim=(0, 1))
    counts = np.bincount(said.ratings.ravel(), minlength=said.levels + 1)[1:]
    levels.bar(range(1, said.levels + 1), counts / max(1, counts.sum()), color=OTHERS[1])
    levels.set(title="Ratings", xlabel="level", ylabel="share")
    for axes in (shares, levels):
        axes.spines[["top", "right"]].set_visible(False)
    write_figure(figure, path)
    return path
