"""`World.taste`: the formula, the file beside a stored world, and when it is not used."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.random_worlds import random_world

from recosim.world import taste as module
from recosim.world.arrays import SPLITS
from recosim.world.csr import csr_from_lists, csr_from_pairs
from recosim.world.storage import open_folder, save_world, verify_folder
from recosim.world.taste import LIMIT, derive_taste
from recosim.world.world import World, build_world


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Small ones, with attributes that nothing has and users who took nothing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    users, items, attributes = (int(rng.integers(1, top)) for top in (9, 30, 12))
    has = rng.random((items, attributes)) < draw(st.sampled_from([0.05, 0.3, 0.9]))
    split = rng.choice(4, size=(users, items), p=[0.3, 0.1, 0.1, 0.5]) - 1
    if draw(st.booleans()):
        split[rng.integers(users)] = -1
    has[0, 0] = True
    users += 1
    split = np.vstack([split, np.full(items, -1)])
    for which in range(3):  # no split is empty; the last user has at most these
        split[-1, min(which, items - 1)] = which
    if items < 3:
        split = np.hstack([split, np.full((users, 3), -1)])
        split[-1, -3:] = [0, 1, 2]
        has = np.vstack([has, np.zeros((3, attributes), dtype=bool)])
        items += 3
    return build_world(
        name="w",
        item_attributes=csr_from_pairs(*np.nonzero(has), items),
        train=csr_from_pairs(*np.nonzero(split == 0), users),
        valid=csr_from_pairs(*np.nonzero(split == 1), users),
        test=csr_from_pairs(*np.nonzero(split == 2), users),
        n_attributes=attributes,
    )


def example(seed: int = 0) -> World:
    """40 items and 12 attributes; all of a world but its taste is of no account here."""
    return random_world(np.random.default_rng(seed), n_attributes=12, n_items=40)


def by_hand(world: World) -> list[list[float]]:
    """The formula of docs/recoworld.md, section 2, interaction by interaction."""
    counts = [[0] * world.n_attributes for _ in range(world.n_users)]
    own = [0] * world.n_users
    for split in SPLITS:
        for u in range(world.n_users):
            for v in world.split(split).row(u):
                own[u] += 1
                for a in world.item_attributes.row(int(v)):
                    counts[u][a] += 1
    base = [sum(row[a] for row in counts) / sum(own) for a in range(world.n_attributes)]
    return [
        [
            0.0 if p == 0 else min(3.0, max(-3.0, math.log((c + 10 * p) / ((n + 10) * p))))
            for c, p in zip(row, base, strict=True)
        ]
        for row, n in zip(counts, own, strict=True)
    ]


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(1, 200))
def test_it_is_the_formula_whatever_the_blocks(world: World, block: int) -> None:
    before, module.BLOCK = module.BLOCK, block
    try:
        taste = derive_taste(world)
    finally:
        module.BLOCK = before
    assert taste.dtype == np.float32
    assert taste.shape == (world.n_users, world.n_attributes)
    np.testing.assert_allclose(taste, np.array(by_hand(world)), rtol=1e-6, atol=1e-7)


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_nothing_known_is_no_taste_and_the_sign_is_that_of_the_lift(world: World) -> None:
    taste = world.taste
    tables = [world.split(s) for s in SPLITS]
    own = sum(t.degrees() for t in tables)
    assert (taste[own == 0] == 0).all()
    taken = np.concatenate([t.indices for t in tables])
    found = {int(a) for v in taken for a in world.item_attributes.row(int(v))}
    without = [a for a in range(world.n_attributes) if a not in found]
    assert (taste[:, without] == 0).all()
    assert np.abs(taste).max(initial=0) <= LIMIT
    for u in np.flatnonzero(own):
        items = np.concatenate([t.row(int(u)) for t in tables])
        share = np.mean(
            [np.isin(sorted(found), world.item_attributes.row(int(v))) for v in items], 0
        )
        base = np.mean(
            [np.isin(sorted(found), world.item_attributes.row(int(v))) for v in taken], 0
        )
        clear = np.abs(share - base) > 1e-9
        signs = np.sign(share - base)[clear]
        assert (np.sign(taste[u, sorted(found)])[clear] == signs).all()


def test_ten_pseudo_interactions_shrink_it() -> None:
    """The same share of an attribute means more the more a user has taken."""
    sure, unsure = 40, 4
    items = 100  # the even ones have attribute 0
    rows = [list(range(0, 2 * n, 2)) for n in (sure, unsure)]
    others = [list(range(1, 90, 2)), []]
    world = build_world(
        name="w",
        item_attributes=csr_from_lists([[0] if v % 2 == 0 else [1] for v in range(items)]),
        train=csr_from_lists([*rows, others[0]]),
        valid=csr_from_lists([[], [], [98]]),
        test=csr_from_lists([[], [], [99]]),
        n_attributes=2,
    )
    taste = world.taste
    assert taste[0, 0] > 2 * taste[1, 0] > 0
    assert taste[0, 1] < taste[1, 1] < 0


def test_valid_and_test_count_as_much_as_train() -> None:
    one = example()
    other = replace(one, train=one.test, test=one.train)
    np.testing.assert_array_equal(derive_taste(one), derive_taste(other))


# The file beside a stored world


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    return Path(save_world(example(), tmp_path / "w").folder or "")


def test_it_is_derived_once_and_memory_mapped_from_then_on(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = open_folder(stored)
    first = world.taste
    assert isinstance(first.base, np.memmap)
    assert not first.flags.writeable
    np.testing.assert_array_equal(first, derive_taste(example()))
    assert sorted(p.name for p in stored.glob("*taste*")) == ["taste.json", "taste.npy"]
    assert open_folder(stored) is world  # it is no change of the world
    verify_folder(stored)

    monkeypatch.setattr(module, "_blocks", None)
    again = replace(world).taste
    np.testing.assert_array_equal(again, first)


def test_the_taste_of_another_world_is_not_used(stored: Path, tmp_path: Path) -> None:
    assert open_folder(stored).taste.size
    other = Path(save_world(example(1), tmp_path / "other").folder or "")
    for name in ("taste.npy", "taste.json"):
        shutil.copy2(stored / name, other / name)
    np.testing.assert_array_equal(open_folder(other).taste, derive_taste(example(1)))
    assert json.loads((other / "taste.json").read_text())["fingerprint"] == (example(1).fingerprint)


def test_a_world_that_replaces_another_has_its_own(stored: Path) -> None:
    assert open_folder(stored).taste.size
    save_world(example(1), stored)
    np.testing.assert_array_equal(open_folder(stored).taste, derive_taste(example(1)))


@pytest.mark.parametrize("damage", ["truncated", "edited", "no note", "other formula", "no json"])
def test_a_damaged_one_is_derived_again(stored: Path, damage: str) -> None:
    world = open_folder(stored)
    right = derive_taste(world)
    assert world.taste.shape == right.shape
    path, note = stored / "taste.npy", stored / "taste.json"
    data = bytearray(path.read_bytes())
    said = json.loads(note.read_text())
    if damage == "truncated":
        path.write_bytes(data[:-40])
    elif damage == "edited":
        data[-3] ^= 64
        path.write_bytes(data)
    elif damage == "no note":
        note.unlink()
    elif damage == "other formula":
        path.write_bytes(b"\0" * len(data))
        note.write_text(json.dumps({**said, "format": 0}))
    else:
        note.write_text("{")
    np.testing.assert_array_equal(replace(world).taste, right)
    assert json.loads(note.read_text())["format"] == said["format"]


@pytest.mark.parametrize("copy", [shutil.copyfile, shutil.copy2])
def test_what_came_with_a_copied_world_is_not_believed(
    stored: Path, tmp_path: Path, copy: Any
) -> None:
    """A folder of somebody else may hold any taste, with a note that fits it."""
    taste = np.array(open_folder(stored).taste)
    np.save(stored / "taste.npy", np.zeros_like(taste))
    stat, note = (stored / "taste.npy").stat(), stored / "taste.json"
    said = json.loads(note.read_text())
    note.write_text(
        json.dumps({**said, "file": [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]})
    )
    assert not open_folder(stored).taste.any()  # by us, as far as can be seen
    shutil.copytree(stored, tmp_path / "copy", copy_function=copy)
    np.testing.assert_array_equal(open_folder(tmp_path / "copy").taste, taste)


CHILD = """
import os, sys
from pathlib import Path
import numpy as np, scipy.sparse
from recosim.world.storage import open_folder
from recosim.world.taste import derive_taste
if os.geteuid() == 0:  # root may write everywhere: be nobody, who could not import either
    os.setgid(65534); os.setuid(65534)
world = open_folder(Path(sys.argv[1]))
assert np.array_equal(world.taste, derive_taste(world))
assert not isinstance(world.taste.base, np.memmap)
print("derived")
"""


@pytest.mark.skipif(os.name != "posix", reason="needs the permissions of POSIX")
def test_a_folder_that_cannot_be_written_to_is_enough() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as open_to_all:  # a tmp_path is its owner's alone
        folder = Path(open_to_all) / "w"
        save_world(example(), folder)
        os.chmod(open_to_all, 0o755)
        folder.chmod(0o555)
        try:
            done = subprocess.run(
                [sys.executable, "-c", CHILD, str(folder)],
                cwd=Path(__file__).parents[2],
                capture_output=True,
                text=True,
            )
            assert done.stdout == "derived\n", done.stderr
            assert not list(folder.glob("*taste*"))
        finally:
            folder.chmod(0o755)


def test_a_full_disk_is_enough(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "atomic_write", full)
    np.testing.assert_array_equal(open_folder(stored).taste, derive_taste(example()))
    assert not list(stored.glob("*taste*"))
