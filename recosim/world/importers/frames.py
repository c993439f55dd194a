"""Worlds from frames of pandas (or anything with columns): see `World.from_pandas`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recosim.errors import OptionError
from recosim.world.importers.interactions import Overlap, SplitBy
from recosim.world.importers.sheets import COLUMNS, sheet_of_columns
from recosim.world.importers.source import Log
from recosim.world.importers.table import world_of_sheets
from recosim.world.world import World

__all__ = ["world_of_frames"]


def world_of_frames(
    frames: Mapping[str, Any],
    name: str,
    *,
    separator: str = "",
    min_rating: float | None = None,
    min_user_items: int = 1,
    min_item_users: int = 1,
    overlap: Overlap = "refuse",
    split_by: SplitBy = "random",
    seed: int = 0,
) -> World:
    """A world of the frames "interactions", "item_attributes", "items" and "friends".

    Raises:
        OptionError: something that is no frame. ImportDataError: see `import_table`.
    """
    log = Log()
    sheets = {}
    for kind in COLUMNS:
        if kind not in frames:
            continue
        frame = frames[kind]
        try:
            columns = {str(c): _plain(frame[c].tolist()) for c in frame.columns}
        except (AttributeError, TypeError) as error:
            raise OptionError(
                f"{kind} is a {type(frame).__name__}; allowed: a frame of pandas ({error})."
            ) from None
        sheets[kind] = sheet_of_columns(Path(kind), kind, columns, separator, log)
    return world_of_sheets(
        Path("frames"),
        name,
        sheets,
        log,
        min_rating=min_rating,
        min_user_items=min_user_items,
        min_item_users=min_item_users,
        overlap=overlap,
        split_by=split_by,
        seed=seed,
        source="made from frames of pandas",
        importer="pandas",
    )


def _plain(values: list[Any]) -> list[Any]:
    """Missing values of pandas (NA, NaT) as None, arrays as lists."""
    out = []
    for value in values:
        if type(value).__name__ in ("NAType", "NaTType"):
            value = None
        elif type(value).__name__ == "ndarray":
            value = value.tolist()
        out.append(value)
    return out
