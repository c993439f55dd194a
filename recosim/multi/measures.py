"""What is measured of a market, from what `Tally` counted: tables, and a summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recosim.files import atomic_write, write_json
from recosim.multi.tally import DAILY, SCALE

__all__ = [
    "concentration",
    "gini",
    "likeness",
    "lorenz",
    "retention",
    "summarise",
    "write_columns",
    "write_tables",
]

Counts = Mapping[str, NDArray[np.int64]]
REAL = ("minutes", "regret", "utility", "let_down")


def concentration(counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """The Herfindahl-Hirschman index of shares along the first axis: 1/n to 1; NaN for nothing."""
    total = counts.sum(axis=0)
    share = counts / np.where(total > 0, total, np.nan)
    found: NDArray[np.float64] = (share**2).sum(axis=0)
    return found


def gini(counts: NDArray[np.integer[Any]]) -> float | None:
    """The Gini coefficient of counts; 0 all alike, 1 - 1/n one alone; None where all are 0."""
    n, total = len(counts), int(counts.sum())
    if not total:
        return None
    ranks = np.arange(1, n + 1)
    return float(2 * (ranks * np.sort(counts)).sum() / (n * total) - (n + 1) / n)


def lorenz(counts: NDArray[np.integer[Any]], places: int = 101) -> list[float]:
    """The share of all that the least have together, at evenly spaced shares of them, 0 to 1."""
    total = max(int(counts.sum()), 1)
    heights = np.concatenate([[0], np.cumsum(np.sort(counts))]) / total
    at = np.interp(np.linspace(0, 1, places), np.linspace(0, 1, len(heights)), heights)
    return [float(value) for value in at]


def likeness(counts: Counts) -> list[float | None]:
    """Mean cosine of what two users consumed, by attributes, week by week: homogenisation.

    Of all pairs of users who consumed something in the week; None where fewer than two did.
    """
    found: list[float | None] = []
    for sums, n in zip(counts["direction"], counts["consumers"].tolist(), strict=True):
        square = float(((sums / SCALE) ** 2).sum())
        found.append((square - n) / (n * (n - 1)) if n > 1 else None)
    return found


def retention(counts: Counts) -> NDArray[np.float64]:
    """Users in a session on a day, of those who began with a platform; (first, days)."""
    active = counts["active"].sum(axis=1)
    began = np.maximum(active[:, :1], 1)
    found: NDArray[np.float64] = active / began
    return found


def summarise(counts: Counts, platforms: Sequence[str]) -> dict[str, Any]:
    """The figures of a run, as JSON values.

    By platform: `share` of all sessions, and of those of the last week; per session `rounds`,
    `minutes`, `clicks`, `utility`, `regret`, `let_down`, `exits`; `click_rate`; `returns`, the
    share of sessions after which users came back to any platform; `kept`, the share of users who
    began there and were last seen there. `net_gain_per_user` is what the rules count as the value
    of sessions, without regret: the sum of `2 U - 1` of what was consumed, less disappointment.
    """
    sessions = counts["sessions"]
    week = sessions[:, -7:].sum(axis=1)
    all_week = max(int(week.sum()), 1)
    total = max(int(sessions.sum()), 1)
    kept, began = counts["kept"], counts["kept"].sum(axis=1)
    by_platform = {}
    for m, name in enumerate(platforms):
        n = int(sessions[m].sum())
        each = {
            key: _ratio(counts[key][m].sum(), n * (SCALE if key in REAL else 1))
            for key in ("rounds", "minutes", "clicks", "utility", "regret", "let_down", "exits")
        }
        by_platform[name] = {
            "sessions": n,
            "share": n / total,
            "share_last_week": int(week[m]) / all_week,
            "click_rate": _ratio(counts["clicks"][m].sum(), counts["shown"][m].sum()),
            "returns": _ratio(counts["returns"][m].sum(), n),
            "kept": _ratio(kept[m, m], began[m]),
            "gini": gini(counts["items_shown"][m]),
            **each,
        }
    lives = int(counts["lives"][0])
    return {
        "users": lives,
        "platforms": by_platform,
        "sessions_per_user": _ratio(sessions.sum(), lives),
        "utility_per_user": _ratio(counts["utility"].sum(), lives * SCALE),
        "regret_per_user": _ratio(counts["regret"].sum(), lives * SCALE),
        "net_gain_per_user": _ratio(
            2 * counts["utility"].sum() - SCALE * counts["clicks"].sum() - counts["let_down"].sum(),
            lives * SCALE,
        ),
        "gone": _ratio(counts["gone"].sum(), lives),
        "concentration": _known(concentration(sessions)),
        "gini": gini(counts["items_shown"].sum(axis=0)),
        "coverage": float((counts["items_shown"].sum(axis=0) > 0).mean()),
        "likeness": likeness(counts),
        "variety": [
            _ratio(value, n * SCALE)
            for value, n in zip(
                counts["variety"].tolist(), counts["consumers"].tolist(), strict=True
            )
        ],
        "moves": int(counts["steps"][0]),
    }


def write_tables(
    folder: Path, counts: Counts, platforms: Sequence[str], described: Mapping[str, Any]
) -> dict[str, Any]:
    """Write what came of a run; returns what `summary.json` holds.

    `daily.parquet`: platform, day, and each of `DAILY`; minutes, regret, utility and let_down as
    they are. `cohorts.parquet`: first platform, platform, day, users in a session.
    `items.parquet`: platform, item, times shown and clicked. `summary.json`: `summarise`, and the
    set-up.
    """
    names = list(platforms)
    n, days = counts["sessions"].shape
    daily = {
        "platform": np.repeat(names, days),
        "day": np.tile(np.arange(days, dtype=np.int32), n),
        **{key: (counts[key] / SCALE if key in REAL else counts[key]).reshape(-1) for key in DAILY},
    }
    write_columns(folder / "daily.parquet", daily)
    cohorts = {
        "first": np.repeat(names, n * days),
        "platform": np.tile(np.repeat(names, days), n),
        "day": np.tile(np.arange(days, dtype=np.int32), n * n),
        "active": counts["active"].reshape(-1),
    }
    write_columns(folder / "cohorts.parquet", cohorts)
    shown, clicked = counts["items_shown"], counts["items_clicked"]
    rows = np.nonzero(shown)
    items = {
        "platform": np.array(names)[rows[0]],
        "item": rows[1].astype(np.int32),
        "shown": shown[rows],
        "clicked": clicked[rows],
    }
    write_columns(folder / "items.parquet", items)
    summary = {**summarise(counts, names), "run": dict(described)}
    write_json(folder / "summary.json", summary)
    return summary


def write_columns(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write a Parquet file, atomically; equal columns give equal bytes."""
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    atomic_write(path, lambda part: pq.write_table(table, part, compression="lz4"))


def _ratio(amount: Any, of: Any) -> float | None:
    return float(amount) / float(of) if of else None


def _known(values: NDArray[np.float64]) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
