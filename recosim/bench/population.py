"""What is shown of a run of `recosim population`, from the files of its folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recosim.bench.plots import OTHERS, write_figure
from recosim.checked import read_json
from recosim.errors import MissingExtraError, ResultsError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.table import Table

__all__ = ["draw_population", "population_tables", "read_summary"]

PLACES = 101  # of a Lorenz curve

# Column of the table, key in the summary, digits, per cent.
_COLUMNS = (
    ("Sessions", "share", 1, True),
    ("last week", "share_last_week", 1, True),
    ("Come back", "returns", 1, True),
    ("Kept", "kept", 1, True),
    ("Rounds", "rounds", 2, False),
    ("Minutes", "minutes", 1, False),
    ("Clicks", "click_rate", 1, True),
    ("Utility", "utility", 2, False),
    ("Regret", "regret", 2, False),
    ("Exits", "exits", 1, True),
    ("Gini", "gini", 3, False),
)


def read_summary(folder: Path) -> dict[str, Any]:
    """What `summary.json` holds. Raises `ResultsError` where there is none."""
    path = folder / "summary.json"
    try:
        found: dict[str, Any] = read_json(path, ResultsError, "Give the command of the run again.")
    except FileNotFoundError:
        raise ResultsError(
            f"{folder} holds no summary.json: the run has not ended. Give its command again."
        ) from None
    return found


def platform_order(summary: dict[str, Any]) -> list[str]:
    """The platforms as they were given; keys of JSON files are sorted."""
    return [entry["name"] for entry in summary["run"]["platforms"]]


def population_tables(folder: Path) -> list[Table]:
    """The tables of a run: its platforms, and its users week by week."""
    from rich.table import Table
    from rich.text import Text

    summary = read_summary(folder)
    run = summary["run"]
    where = f"{run['setup']['env']}, users {run['setup']['users']['name']!r}"
    platforms = Table(
        title=Text(f"{summary['users']:,} users, {where}"),
        caption="Come back, rounds, minutes, utility, regret, exits: by session. Kept: users who "
        "began there and were last seen there. Gini: of exposure over items.",
    )
    platforms.add_column("Platform")
    for title, *_ in _COLUMNS:
        platforms.add_column(title, justify="right")
    for name in platform_order(summary):
        figures = summary["platforms"][name]
        cells = [_cell(figures[key], digits, share) for _, key, digits, share in _COLUMNS]
        platforms.add_row(Text(name), *cells)
    weeks = Table(title="Week by week")
    for title in ("Week", "Likeness of users", "Variety of a user", "Concentration"):
        weeks.add_column(title, justify="right")
    focus = summary["concentration"]
    for k, (like, variety) in enumerate(zip(summary["likeness"], summary["variety"], strict=True)):
        days = [value for value in focus[7 * k : 7 * k + 7] if value is not None]
        mean = sum(days) / len(days) if days else None
        weeks.add_row(str(k + 1), _cell(like, 3), _cell(variety, 3), _cell(mean, 3))
    totals = Table(show_header=False, box=None)
    totals.add_row("Sessions of a user", _cell(summary["sessions_per_user"], 2))
    totals.add_row("True utility of a user", _cell(summary["utility_per_user"], 2))
    totals.add_row("Net gain of a user", _cell(summary["net_gain_per_user"], 2))
    totals.add_row("Minutes of regret of a user", _cell(summary["regret_per_user"], 2))
    totals.add_row("Left for good", _cell(summary["gone"], 1, True))
    totals.add_row("Items ever shown", _cell(summary["coverage"], 1, True))
    if creators := summary.get("creators"):
        offer = creators["offer"]
        totals.add_row("Creators in at the end", _cell(creators["alive"], 1, True))
        totals.add_row("Gini of exposure over creators", _cell(creators["exposure_gini"], 3))
        for name in ("plain", "bait", "craft"):
            totals.add_row(f"Released: {name}", _cell(offer[name], 1, True))
    return [platforms, weeks, totals]


def _cell(value: float | None, digits: int, share: bool = False) -> str:
    if value is None:
        return "-"
    return f"{100 * value:.{digits}f} %" if share else f"{value:.{digits}f}"


def draw_population(folder: Path) -> Path:
    """Draw a run into `population.png` in its folder, atomically; returns the path.

    Active users by day and platform, retention by cohort (first platform), the Lorenz curve of
    exposure over items; and of creators how many are in, and how they make what they release.

    Raises:
        MissingExtraError: matplotlib is not installed. ResultsError: the run has not ended.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "drawing a population") from None
    summary = read_summary(folder)
    names = platform_order(summary)
    colours = {name: OTHERS[k % len(OTHERS)] for k, name in enumerate(names)}
    daily = pq.read_table(folder / "daily.parquet").to_pydict()
    cohorts = pq.read_table(folder / "cohorts.parquet").to_pydict()
    items = pq.read_table(folder / "items.parquet")
    days = max(daily["day"]) + 1
    offer = folder / "offer.parquet"
    panels = 4 if offer.exists() else 3
    figure = Figure(figsize=(4.4 * panels, 4), layout="constrained")
    FigureCanvasAgg(figure)
    users, stayed, exposure, *more = figure.subplots(1, panels)
    began = np.array(cohorts["active"]).reshape(len(names), len(names), days)
    for k, name in enumerate(names):
        active = np.array(daily["sessions"]).reshape(len(names), days)[k]
        users.plot(range(1, days), active[1:], color=colours[name], label=name)
        cohort = began[k].sum(axis=0) / max(began[k, :, 0].sum(), 1)
        here = began[k, k] / max(began[k, :, 0].sum(), 1)
        stayed.plot(range(1, days), cohort[1:], color=colours[name], label=f"began with {name}")
        stayed.plot(range(1, days), here[1:], color=colours[name], linestyle=":")
    users.set(title="Active users by day", xlabel="day", ylim=(0, None))
    stayed.set(title="Retention by first platform (dotted: there)", xlabel="day", ylim=(0, None))
    shown = np.array(items.column("shown").to_numpy())
    where = np.array(items.column("platform").to_pylist())
    n_items = round(len(set(items.column("item").to_pylist())) / max(summary["coverage"], 1e-9))
    for name in names:
        exposure.plot(*_lorenz(shown[where == name], n_items), color=colours[name], label=name)
    exposure.plot([0, 1], [0, 1], color="#D9D9D9", zorder=0)
    exposure.set(title="Exposure of items (Lorenz)", xlabel="share of items, least shown first")
    if more:
        _draw_offer(more[0], pq.read_table(offer).to_pydict())
    for axes in (users, stayed, exposure, *more):
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    path = folder / "population.png"
    write_figure(figure, path)
    return path


def _draw_offer(axes: Axes, offer: dict[str, list[float]]) -> None:
    axes.plot(offer["day"], offer["alive"], color="#000000", label="creators that are in")
    for colour, name in zip(OTHERS, ("plain", "bait", "craft"), strict=False):
        axes.plot(offer["day"], offer[name], color=colour, label=f"released: {name}")
    axes.plot(offer["day"], offer["item_gini"], color="#8C8C8C", linestyle=":", label="Gini, items")
    axes.set(title="Creators", xlabel="day", ylim=(0, 1.4))


def _lorenz(shown: NDArray[np.int64], n_items: int) -> tuple[NDArray[Any], NDArray[Any]]:
    counts = np.zeros(max(n_items, len(shown)), dtype=np.int64)
    counts[len(counts) - len(shown) :] = np.sort(shown)
    heights = np.concatenate([[0], np.cumsum(counts)]) / max(int(counts.sum()), 1)
    places = np.linspace(0, 1, PLACES)
    return places, np.interp(places, np.linspace(0, 1, len(heights)), heights)
