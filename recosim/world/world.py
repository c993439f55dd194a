"""`World`: items, attributes in facets, users and interactions with a split, as fixed arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.errors import OptionError, WorldError, unknown

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["Csr", "StringTable", "World", "SPLITS", "build_world"]

SPLITS = ("train", "valid", "test")

# A dense attribute-attribute table is kept up to this many attributes (4 bytes a cell: 16 MB).
DENSE_COOCCURRENCE_LIMIT = 2048


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


class StringTable(Sequence[str]):
    """Many strings in two arrays, so that opening them costs nothing until one is read."""

    def __init__(self, offsets: NDArray[np.int64], blob: NDArray[np.uint8]) -> None:
        self.offsets = offsets  # (n + 1,) byte positions
        self.blob = blob  # UTF-8 bytes

    @classmethod
    def of(cls, strings: Iterable[str]) -> StringTable:
        encoded = [s.encode("utf-8") for s in strings]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(e) for e in encoded], out=offsets[1:])
        return cls(offsets, np.frombuffer(b"".join(encoded), dtype=np.uint8))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        i = int(index)
        if i < 0:
            i += len(self)
        if not 0 <= i < len(self):
            raise IndexError(f"index {index} is out of range for {len(self)} strings")
        return self.blob[self.offsets[i] : self.offsets[i + 1]].tobytes().decode("utf-8")

    def __iter__(self) -> Iterator[str]:
        for i in range(len(self)):
            yield self[i]


@dataclass(frozen=True, eq=False)
class World:
    """Items with attributes in facets, users with friends, and interactions with a split.

    Make one with `build_world` or an importer, open a stored one with `recosim.open_world`.
    All arrays are read-only. Ids are positions: items 0..n_items-1, and so on.

    Attributes of the object:
        item_attributes: `Csr` (n_items rows), the attributes of each item.
        attribute_items: `Csr` (n_attributes rows), the postings: the items of each attribute.
        train, valid, test: `Csr` (n_users rows), the items each user interacted with, disjoint.
        friends: `Csr` (n_users rows), symmetric.
        attribute_facet: int16 (n_attributes,), the facet of each attribute, -1 for none.
        item_names, attribute_names, facet_names: one string each.
        item_texts: one short description each, or empty strings.
        item_length: float32 (n_items,), minutes, NaN where unknown.
        item_quality: float32 (n_items,), 0 to 1, NaN where unknown.
        source, licence: where the data comes from, and under which terms it may be used.
        settings: what the world was built with (JSON values).
        bitsets: uint64 (n_attributes, words), bit v of row a is set iff item v has attribute a.
        cooccurrence: int32 (n_attributes, n_attributes), items that have both; shape (0, 0) in
            worlds of more than 2,048 attributes, where it would not pay.
    """

    name: str
    item_attributes: Csr
    attribute_items: Csr
    train: Csr
    valid: Csr
    test: Csr
    friends: Csr
    attribute_facet: NDArray[np.int16]
    item_names: StringTable
    attribute_names: StringTable
    facet_names: StringTable
    item_texts: StringTable
    item_length: NDArray[np.float32]
    item_quality: NDArray[np.float32]
    bitsets: NDArray[np.uint64]
    cooccurrence: NDArray[np.int32]
    source: str
    licence: str
    settings: Mapping[str, Any]
    fingerprint: str
    folder: Path | None = None

    @property
    def n_users(self) -> int:
        return self.train.rows

    @property
    def n_items(self) -> int:
        return self.item_attributes.rows

    @property
    def n_attributes(self) -> int:
        return self.attribute_items.rows

    @property
    def n_facets(self) -> int:
        return len(self.facet_names)

    @property
    def n_interactions(self) -> int:
        return self.train.links + self.valid.links + self.test.links

    def split(self, name: str) -> Csr:
        """The interactions of one split: "train", "valid" or "test".

        Raises:
            UnknownNameError: not the name of a split.
        """
        if name not in SPLITS:
            raise unknown("split", name, SPLITS)
        return {"train": self.train, "valid": self.valid, "test": self.test}[name]

    @cached_property
    def popularity(self) -> NDArray[np.int64]:
        """Train interactions of each item, shape (n_items,)."""
        return np.bincount(self.train.indices, minlength=self.n_items)

    @cached_property
    def facet_attributes(self) -> Csr:
        """The attributes of each facet, `Csr` of n_facets rows."""
        inside = np.flatnonzero(self.attribute_facet >= 0)
        return csr_from_pairs(self.attribute_facet[inside], inside, self.n_facets)

    def dialogues(self, split: str) -> NDArray[np.int32]:
        """(user, item) of each interaction of a split whose item has an attribute to open with.

        Returns:
            int32, shape (dialogues, 2), ordered by user, then item.
        """
        users, items = self.split(split).pairs()
        able = self.item_attributes.degrees()[items] > 0
        return np.stack([users[able], items[able]], axis=1)

    def to_networkx(self) -> nx.Graph:
        """The typed graph of users, items and attributes; see `recosim.world.graph`."""
        from recosim.world.graph import to_networkx

        return to_networkx(self)

    @staticmethod
    def from_networkx(graph: nx.Graph, name: str) -> World:
        """A world from a typed graph; see `recosim.world.graph`."""
        from recosim.world.graph import from_networkx

        return from_networkx(graph, name)

    def __repr__(self) -> str:
        return (
            f"World({self.name!r}, users={self.n_users}, items={self.n_items}, "
            f"attributes={self.n_attributes}, facets={self.n_facets}, "
            f"interactions={self.n_interactions}, fingerprint={self.fingerprint[:12]})"
        )


def build_world(
    *,
    name: str,
    item_attributes: Csr,
    train: Csr,
    valid: Csr,
    test: Csr,
    n_attributes: int,
    friends: Csr | None = None,
    attribute_facet: ArrayLike | None = None,
    facet_names: Sequence[str] | None = None,
    attribute_names: Sequence[str] | None = None,
    item_names: Sequence[str] | None = None,
    item_texts: Sequence[str] | None = None,
    item_length: ArrayLike | None = None,
    item_quality: ArrayLike | None = None,
    source: str = "",
    licence: str = "",
    settings: Mapping[str, Any] | None = None,
) -> World:
    """Check the parts of a world, derive the rest, and fingerprint it.

    Args:
        item_attributes: rows = items, ids = attributes.
        train, valid, test: rows = users, ids = items; the splits of one user are disjoint.
        friends: rows = users, ids = users; made symmetric, links to oneself are dropped.
        attribute_facet: facet of each attribute, -1 for none; without it all are in one facet.

    Raises:
        WorldError: ids out of range, a user or item table of the wrong size, splits that overlap,
            no attributes, an empty test or train split, names of the wrong number.
    """
    n_items, n_users = item_attributes.rows, train.rows
    _check(n_items > 0 and n_users > 0, name, "it has no items or no users")
    askable = n_attributes > 0 and item_attributes.links > 0
    _check(askable, name, "no item has an attribute to ask about")
    _check_ids(name, "item_attributes", item_attributes, n_attributes)
    friends = friends if friends is not None else Csr(np.zeros(n_users + 1, np.int64), _none())
    for label, table in (("train", train), ("valid", valid), ("test", test)):
        _check(table.rows == n_users, name, f"{label} has {table.rows} users, train has {n_users}")
        _check_ids(name, label, table, n_items)
        _check(table.links > 0, name, f"the {label} split is empty")
    _check_disjoint(name, train, valid, test)
    _check(friends.rows == n_users, name, f"friends has {friends.rows} rows, not {n_users}")
    _check_ids(name, "friends", friends, n_users)
    friends = _symmetric(friends)

    if attribute_facet is None:
        facet = np.zeros(n_attributes, dtype=np.int16)
        facet_names = facet_names or ["attribute"]
    else:
        facet = np.asarray(attribute_facet, dtype=np.int16)
        n_facets = int(facet.max(initial=-1)) + 1
        facet_names = facet_names or [f"facet {f}" for f in range(n_facets)]
    _check(len(facet) == n_attributes, name, f"{len(facet)} facets for {n_attributes} attributes")
    _check(
        bool((facet >= -1).all() and (facet < len(facet_names)).all()),
        name,
        f"a facet is outside 0..{len(facet_names) - 1}",
    )
    strings = {
        "item_names": (item_names or [f"item {i}" for i in range(n_items)], n_items),
        "attribute_names": (
            attribute_names or [f"attribute {a}" for a in range(n_attributes)],
            n_attributes,
        ),
        "facet_names": (facet_names, len(facet_names)),
        "item_texts": (item_texts or [""] * n_items, n_items),
    }
    tables = {}
    for label, (values, n) in strings.items():
        _check(len(values) == n, name, f"{len(values)} {label} for {n}")
        tables[label] = StringTable.of(values)

    parts: dict[str, Any] = {
        "item_attributes": item_attributes,
        "train": train,
        "valid": valid,
        "test": test,
        "friends": friends,
        "attribute_facet": facet,
        **tables,
        "item_length": _per_item(name, "item_length", item_length, n_items),
        "item_quality": _per_item(name, "item_quality", item_quality, n_items),
    }
    digest = fingerprint(parts, n_attributes)
    postings = item_attributes.transpose(n_attributes)
    world = World(
        name=name,
        attribute_items=postings,
        bitsets=_bitsets(postings, n_items),
        cooccurrence=_cooccurrence(item_attributes, n_attributes),
        source=source,
        licence=licence,
        settings=dict(settings or {}),
        fingerprint=digest,
        **parts,
    )
    for array in arrays_of(world).values():
        array.flags.writeable = False
    return world


# The arrays that define a world; the others are derived from them.
PRIMARY = (
    "item_attributes",
    "train",
    "valid",
    "test",
    "friends",
    "attribute_facet",
    "item_names",
    "attribute_names",
    "facet_names",
    "item_texts",
    "item_length",
    "item_quality",
)
DERIVED = ("attribute_items", "bitsets", "cooccurrence")


def arrays_of(world: World, fields: Sequence[str] = (*PRIMARY, *DERIVED)) -> dict[str, Any]:
    """Every stored array of a world by the name of its file, e.g. "train.indptr"."""
    return _flatten({field: getattr(world, field) for field in fields})


def fingerprint(parts: Mapping[str, Any], n_attributes: int) -> str:
    """sha256 over the names, dtypes, shapes and bytes of the defining arrays, as hex."""
    digest = hashlib.sha256(f"recosim world 1, {n_attributes} attributes".encode())
    flat = _flatten({field: parts[field] for field in PRIMARY})
    for label, array in flat.items():
        little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"\n{label} {little.dtype.str} {little.shape}\n".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def _flatten(parts: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for field, value in parts.items():
        if isinstance(value, Csr):
            flat[f"{field}.indptr"], flat[f"{field}.indices"] = value.indptr, value.indices
        elif isinstance(value, StringTable):
            flat[f"{field}.offsets"], flat[f"{field}.blob"] = value.offsets, value.blob
        else:
            flat[field] = value
    return flat


def _none() -> NDArray[np.int32]:
    return np.zeros(0, dtype=np.int32)


def _check(holds: bool, name: str, problem: str) -> None:
    if not holds:
        raise WorldError(f"world {name!r} cannot be built: {problem}.")


def _check_ids(name: str, label: str, table: Csr, limit: int) -> None:
    if not table.links:
        return
    low, high = int(table.indices.min()), int(table.indices.max())
    _check(low >= 0 and high < limit, name, f"{label} has an id outside 0..{limit - 1}")
    steps = np.diff(table.indices.astype(np.int64))
    boundary = np.zeros(table.links, dtype=bool)
    starts = table.indptr[1:-1]
    boundary[starts[starts < table.links]] = True
    _check(bool(((steps > 0) | boundary[1:]).all()), name, f"a row of {label} is not sorted")


def _check_disjoint(name: str, *tables: Csr) -> None:
    keys = np.concatenate([(r.astype(np.int64) << 32) | c for r, c in (t.pairs() for t in tables)])
    keys.sort()
    twice = keys[1:][np.diff(keys) == 0]
    if len(twice):
        user, item = int(twice[0] >> 32), int(twice[0] & 0xFFFFFFFF)
        _check(False, name, f"user {user} and item {item} are in two splits")


def _symmetric(friends: Csr) -> Csr:
    a, b = friends.pairs()
    keep = a != b
    a, b = a[keep], b[keep]
    return csr_from_pairs(np.concatenate([a, b]), np.concatenate([b, a]), friends.rows)


def _per_item(name: str, label: str, values: ArrayLike | None, n: int) -> NDArray[np.float32]:
    if values is None:
        return np.full(n, np.nan, dtype=np.float32)
    array = np.array(values, dtype=np.float32)
    _check(array.shape == (n,), name, f"{label} has shape {array.shape}, not ({n},)")
    return array


def _bitsets(postings: Csr, n_items: int) -> NDArray[np.uint64]:
    words = (n_items + 63) // 64
    dense = np.zeros((postings.rows, words * 64), dtype=bool) if postings.rows <= 64 else None
    if dense is not None:
        attributes, items = postings.pairs()
        dense[attributes, items] = True
        return np.packbits(dense, axis=1, bitorder="little").view("<u8")
    out = np.zeros((postings.rows, words), dtype=np.uint64)
    for a in range(postings.rows):  # row by row: a dense matrix of many attributes would be large
        row = np.zeros(words * 64, dtype=bool)
        row[postings.row(a)] = True
        out[a] = np.packbits(row, bitorder="little").view("<u8")
    return out


def _cooccurrence(item_attributes: Csr, n_attributes: int) -> NDArray[np.int32]:
    if n_attributes > DENSE_COOCCURRENCE_LIMIT:
        return np.zeros((0, 0), dtype=np.int32)
    from scipy.sparse import csr_array

    ones = np.ones(item_attributes.links, dtype=np.int32)
    table = csr_array(
        (ones, item_attributes.indices, item_attributes.indptr),
        shape=(item_attributes.rows, n_attributes),
    )
    return np.ascontiguousarray((table.T @ table).toarray(), dtype=np.int32)
