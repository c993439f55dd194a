"""Sources that were damaged at random: a world that holds together, or an error that says where."""

from __future__ import annotations

import json
import random
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sources
from fuzz.changes import damaged

from recosim.errors import ImportDataError
from recosim.world.importers import import_data
from recosim.world.world import World

KINDS: dict[str, tuple[str, Callable[[Path], Path], dict[str, Any]]] = {
    "table": ("table", sources.table, {"split_by": "time"}),
    "movielens": ("movielens", sources.movielens, {"min_user_items": 1, "split_by": "time"}),
    "ml100k": ("movielens", sources.ml100k, {"min_user_items": 1}),
    "scpr": ("scpr", sources.scpr, {"overlap": "out_of_train"}),
    "yelp": ("yelp-open", sources.yelp, {**sources.YELP, "split_by": "time"}),
    "hetrec": ("hetrec", sources.hetrec, sources.HETREC),
    "recbole": ("recbole", sources.recbole, {"split_by": "time", "min_rating": 1.0}),
    "amazon": ("amazon", sources.amazon, {**sources.FEW, "split_by": "time"}),
    "goodreads": ("goodreads", sources.goodreads, {**sources.FEW, "split_by": "time"}),
    "lastfm360k": ("lastfm360k", sources.lastfm360k, {"min_user_items": 1, "min_item_users": 1}),
    "mcmipl": ("mcmipl", sources.mcmipl, {"overlap": "out_of_train"}),
    "parquet": ("table", sources.parquet, {}),
}


def holds_together(world: World) -> None:
    """What every world promises, whatever it was read from."""
    for table in (world.train, world.valid, world.test):
        assert table.rows == world.n_users
        assert not table.links or 0 <= table.indices.min() <= table.indices.max() < world.n_items
    assert 0 < world.settings["interactions_with_attributes"] <= 1
    for strings in (world.item_names, world.attribute_names, world.facet_names):
        for text in strings:
            text.encode("utf-8")
    for values in (world.item_length, world.item_quality):
        assert not np.isinf(values).any()
    assert not any("nan" in name.split() for name in world.attribute_names)
    json.dumps(world.settings, allow_nan=False)


def fuzz(name: str, folder: Path, inputs: int, seed: int) -> tuple[int, int]:
    """(worlds, errors) of so many damaged copies of a right folder."""
    kind, build, options = KINDS[name]
    right = build(folder / "right")
    files = sorted(p.relative_to(right) for p in right.rglob("*") if p.is_file())
    whole = {file: (right / file).read_bytes() for file in files}
    rng = random.Random(f"{name} {seed}")
    worlds = errors = 0
    for number in range(inputs):
        file = rng.choice(files)
        (right / file).write_bytes(damaged(whole[file], rng))
        told = ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                world = import_data(kind, right, "x", **options)
            holds_together(world)
            worlds += 1
        except ImportDataError as error:
            told = str(error)
            errors += 1
        except Exception as error:
            kept = folder / f"failed-{number}"
            shutil.copytree(right, kept)
            raise AssertionError(f"input {number}, {file}: {error!r}; see {kept}") from error
        assert not told or 20 < len(told) < 1500, (number, told[:2000])
        (right / file).write_bytes(whole[file])
    return worlds, errors


@pytest.mark.parametrize("name", sorted(KINDS))
def test_damaged_sources_are_read_or_refused(name: str, tmp_path: Path) -> None:
    worlds, errors = fuzz(name, tmp_path, 1000 // len(KINDS) + 1, seed=0)
    assert worlds
    assert errors


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(KINDS))
def test_many_damaged_sources_are_read_or_refused(name: str, tmp_path: Path) -> None:
    worlds, errors = fuzz(name, tmp_path, 10_000 // len(KINDS) + 1, seed=1)
    assert worlds > 100
    assert errors > 100
