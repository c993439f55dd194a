"""`Csr`: links between numbered things as two arrays, and how to make one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.errors import OptionError

__all__ = ["Csr", "csr_from_lists", "csr_from_pairs"]


class Csr(NamedTuple):
    """Rows of sorted, distinct int32 ids: row r is `indices[indptr[r]:indptr[r + 1]]`."""

    indptr: NDArray[np.int64]  # (rows + 1,)
    indices: NDArray[np.int32]  # (links,)

    def row(self, r: int) -> NDArray[np.int32]:
        return self.indices[self.indptr[r] : self.indptr[r + 1]]

    @property
    def rows(self) -> int:
        return len(self.indptr) - 1

    @property
    def links(self) -> int:
        return len(self.indices)

    def degrees(self) -> NDArray[np.int64]:
        """Links of each row, shape (rows,)."""
        return np.diff(self.indptr)

    def pairs(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(row, id) of each link, two int32 arrays of shape (links,)."""
        rows = np.repeat(np.arange(self.rows, dtype=np.int32), self.degrees())
        return rows, np.asarray(self.indices)

    def transpose(self, columns: int) -> Csr:
        """The same links seen from the other side, shape (columns, rows)."""
        rows, ids = self.pairs()
        return csr_from_pairs(ids, rows, columns)


def csr_from_pairs(rows: ArrayLike, ids: ArrayLike, n_rows: int) -> Csr:
    """Sort and deduplicate (row, id) links into a `Csr` of `n_rows` rows."""
    r = np.asarray(rows, dtype=np.int64).ravel()
    c = np.asarray(ids, dtype=np.int64).ravel()
    keys = np.sort((r << 32) | c)  # numpy's own `unique` hashes, ten times slower here
    keys = keys[np.diff(keys, prepend=-1) != 0]
    indptr = np.zeros(n_rows + 1, dtype=np.int64)
    np.cumsum(np.bincount(keys >> 32, minlength=n_rows), out=indptr[1:])
    return Csr(indptr, (keys & 0xFFFFFFFF).astype(np.int32))


def csr_from_lists(lists: Iterable[Iterable[int]], n_rows: int | None = None) -> Csr:
    """A `Csr` from one iterable of ids for each row."""
    rows = [np.asarray(sorted(set(ids)), dtype=np.int64) for ids in lists]
    if n_rows is not None and len(rows) != n_rows:
        raise OptionError(f"{len(rows)} rows were given, {n_rows} are needed.")
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    flat = np.concatenate(rows) if rows else np.zeros(0)
    return Csr(indptr, flat.astype(np.int32))
