"""What users like, derived from all of their interactions: `World.taste`.

A user's taste for an attribute is a log-lift: how much more often the items they took have it than
the items that everybody took, shrunk towards 0 by ten pseudo-interactions (docs/recoworld.md,
section 2). It is made of train, valid and test: estimators see train alone, and the gap between the
two is what there is to learn about a user.

Beside a stored world stand `taste.npy` and `taste.json`, which says of which world and which file
it is. Neither is part of the world, of its fingerprint or of its manifest; what does not fit, or
came with a folder from elsewhere, is derived again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.checked import read_json
from recosim.errors import WorldError
from recosim.files import atomic_write, write_json
from recosim.world.arrays import SPLITS, WorldArrays
from recosim.world.csr import Csr

__all__ = ["LIMIT", "PSEUDO", "derive_taste", "taste_of"]

FORMAT = 1  # goes up with the formula, so that what an older one gave is not used
PSEUDO = 10.0  # interactions of the base rate that every user is given
LIMIT = 3.0  # of a log-lift, both ways
BLOCK = 1 << 22  # cells derived at once: 100 MB in between, whatever the size of the world

Floats = NDArray[np.float32]


def taste_of(world: WorldArrays) -> Floats:
    """The taste of a world: the one that is stored beside it, or derived and stored now.

    Returns:
        float32 (n_users, n_attributes), read-only; memory-mapped where the world has a folder that
        can be written to.
    """
    if world.folder is None:
        return derive_taste(world)
    stored = _stored(world, world.folder)
    if stored is not None:
        return stored
    try:
        _store(world, world.folder)
    except OSError:  # a folder that cannot be written to, or a full disk
        return derive_taste(world)
    # None again: another process put a different world here in this moment.
    stored = _stored(world, world.folder)
    return derive_taste(world) if stored is None else stored


def derive_taste(world: WorldArrays) -> Floats:
    """Compute it: `clip(ln((c[u, a] + 10 p[a]) / ((n[u] + 10) p[a])), -3, 3)`, 0 where `p[a]` is 0.

    `c[u, a]` are the interactions of user `u` whose item has `a`, `n[u]` all of theirs, and `p[a]`
    the sum of the one over all users, divided by the sum of the other.

    Returns:
        float32 (n_users, n_attributes), read-only.
    """
    taste = np.empty((world.n_users, world.n_attributes), dtype=np.float32)
    for rows, block in _blocks(world):
        taste[rows] = block
    taste.flags.writeable = False
    return taste


def _blocks(world: WorldArrays) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """(rows, their taste), block by block of users."""
    from scipy.sparse import csr_array

    def matrix(table: Csr, columns: int) -> Any:
        ones = np.ones(table.links)
        return csr_array((ones, table.indices, table.indptr), shape=(table.rows, columns))

    # Splits are disjoint, so that their sum counts each interaction once.
    train, valid, test = (matrix(world.split(split), world.n_items) for split in SPLITS)
    taken = train + valid + test
    has = matrix(world.item_attributes, world.n_attributes)
    own: NDArray[np.float64] = np.asarray(taken.sum(axis=1), dtype=np.float64)
    base = np.asarray(has.T @ taken.sum(axis=0), dtype=np.float64) / own.sum()
    some = base > 0
    usual = PSEUDO * base
    step = max(1, BLOCK // max(1, world.n_attributes))
    for start in range(0, world.n_users, step):
        rows = slice(start, min(start + step, world.n_users))
        counts: NDArray[np.float64] = (taken[rows] @ has).toarray()
        weight = own[rows, None] + PSEUDO
        lift = np.ones_like(counts)
        np.divide(counts + usual, weight * base, out=lift, where=some)
        yield rows, np.clip(np.log(lift), -LIMIT, LIMIT)


def _paths(folder: Path) -> tuple[Path, Path]:
    return folder / "taste.npy", folder / "taste.json"


def _stored(world: WorldArrays, folder: Path) -> Floats | None:
    """The stored taste, if it is of this world and has the bytes that were written."""
    path, note = _paths(folder)
    try:
        # Made by us, in this place: that it follows from the world only who made it knows.
        if read_json(note, WorldError, "") != _note(world, path):
            return None
        # A view, as a plain array is passed to compiled code faster than a memmap.
        taste: Floats = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError):
        return None
    expected = (world.n_users, world.n_attributes)
    return taste if taste.shape == expected and taste.dtype == np.float32 else None


def _store(world: WorldArrays, folder: Path) -> None:
    path, note = _paths(folder)
    if not folder.is_dir():
        raise FileNotFoundError(folder)  # the world was removed meanwhile: make no folder anew
    shape = (world.n_users, world.n_attributes)

    def write(part: Path) -> None:
        taste: Any = np.lib.format.open_memmap(part, mode="w+", dtype=np.float32, shape=shape)
        for rows, block in _blocks(world):
            taste[rows] = block
        taste.flush()

    atomic_write(path, write)
    # Two processes may do this at once: they write the same bytes, and the last note is right.
    write_json(note, _note(world, path))


def _note(world: WorldArrays, path: Path) -> dict[str, Any]:
    """What a stored taste is of, and which file it is; its ctime is nobody's to set."""
    stat = path.stat()
    return {
        "format": FORMAT,
        "fingerprint": world.fingerprint,
        "file": [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns],
    }
