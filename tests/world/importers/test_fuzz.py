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
VALUES = (
    *("", "nan", "inf", "-1", "1e400", "9.0", "null", "None", "[1]", "{}", "true", '"', "'", "\\"),
    *(
        "9" * 30,
        "\ufeff",
        "\ud83d",
        "é",
        "\r",
        "\n",
        "\t",
        ",",
        "::",
        "|",
        "\x00",
        "=1+1",
        "-",
        "0",
    ),
    *("2018-01-01", "1/2/2018", "\\ud83d", "NaN", "Infinity", "[" * 2000, "x" * 5000, " ", "1 "),
)


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def flip(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 20))):
        if out:
            out[rng.randrange(len(out))] = rng.randrange(256)
    return bytes(out)


def take_out(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.randrange(60) :]


def put_in(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(VALUES).encode("utf-8", "surrogatepass") + data[at:]


def swap_columns(data: bytes, rng: random.Random) -> bytes:
    mark = max((b",", b"\t", b"|", b'": '), key=data.count)
    lines = data.split(b"\n")
    one = rng.random() < 0.5
    chosen = rng.randrange(len(lines))
    for number, line in enumerate(lines):
        fields = line.split(mark)
        if len(fields) > 1 and (not one or number == chosen):
            a, b = (0, len(fields) - 1) if not one else (rng.randrange(len(fields)) for _ in "ab")
            fields[a], fields[b] = fields[b], fields[a]
            lines[number] = mark.join(fields)
    return b"\n".join(lines)


def change_type(data: bytes, rng: random.Random) -> bytes:
    """One value of JSON, or one field of a row, becomes of another type."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    value = rng.choice(VALUES)
    try:
        entry = json.loads(lines[at])
        key = rng.choice(list(entry))
        entry[key] = rng.choice([None, [], [[]], {}, True, 1.5, float("nan"), -1, value, [value]])
        lines[at] = json.dumps(entry).encode()
    except (ValueError, IndexError, TypeError):
        mark = max((b",", b"\t", b"|", b"::"), key=lines[at].count)
        fields = lines[at].split(mark)
        fields[rng.randrange(len(fields))] = value.encode("utf-8", "surrogatepass")
        lines[at] = mark.join(fields)
    return b"\n".join(lines)


def twice(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    at, to = rng.randrange(len(lines)), rng.randrange(len(lines) + 1)
    return b"\n".join([*lines[:to], lines[at], *lines[to:]])


CHANGES = (cut, flip, take_out, put_in, swap_columns, change_type, twice)


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
        data = whole[file]
        for _ in range(rng.choice((1, 1, 2))):
            data = rng.choice(CHANGES)(data, rng)
        (right / file).write_bytes(data)
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
