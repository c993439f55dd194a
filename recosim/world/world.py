"""`World`: items, attributes in facets, users and interactions with a split, as fixed arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recosim.errors import WorldError
from recosim.world.arrays import WorldArrays, arrays_of, fingerprint
from recosim.world.csr import Csr, csr_from_pairs
from recosim.world.strings import StringTable
from recosim.world.topics import Judgements, Topics
from recosim.world.worth import RANGES, Worth, in_range, minutes_of, standardised

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["World", "build_world"]

# A dense attribute-attribute table is kept up to this many attributes (4 bytes a cell: 16 MB).
DENSE_COOCCURRENCE_LIMIT = 2048


@dataclass(frozen=True, eq=False, repr=False)
class World(WorldArrays):
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
        item_quality: float32 (n_items,), what an item is worth once it is taken, 0 to 1, NaN where
            unknown.
        item_appeal: float32 (n_items,), what an item promises beforehand (its cover, its title),
            0 to 1, NaN where unknown.
        item_ids: the source's own id of each item, None where it has none.
        topics: what people wanted to know, turn by turn (`recosim.world.topics.Topics`), None in a
            world that is no collection to search in.
        judgements: which items answer a turn (`Judgements`), None where nobody judged them. For
            the evaluator and the reward alone.
        source, licence: where the data comes from, and under which terms it may be used.
        settings: what the world was built with (JSON values).
        bitsets: uint64 (n_attributes, words), bit v of row a is set iff item v has attribute a.
        cooccurrence: int32 (n_attributes, n_attributes), items that have both; shape (0, 0) in
            worlds of more than 2,048 attributes, where it would not pay.
    """

    @cached_property
    def taste(self) -> NDArray[np.float32]:
        """What each user likes, float32 (n_users, n_attributes); see `recosim.world.taste`.

        Derived on first use, and kept beside a stored world, from where it is memory-mapped.
        """
        from recosim.world.taste import taste_of

        return taste_of(self)

    def item_worth(self, kind: Worth) -> NDArray[np.float64]:
        """Quality or appeal, standardised over the items where it is known.

        Args:
            kind: "quality" or "appeal".

        Returns:
            float64 (n_items,): mean 0 and standard deviation 1 over the known ones; 0 where it is
            unknown, and everywhere if all the known ones are equal.

        Raises:
            UnknownNameError: neither of the two.
        """
        return standardised(self, kind)

    def item_minutes(self, usual: float = 4.0) -> NDArray[np.float64]:
        """The length of each item in minutes, float64 (n_items,), `usual` where it is unknown or 0.

        Raises:
            OptionError: `usual` is not a finite number above 0.
        """
        return minutes_of(self, usual)

    def to_networkx(self) -> nx.Graph:
        """The typed graph of users, items and attributes; see `recosim.world.graph`."""
        from recosim.world.graph import to_networkx

        return to_networkx(self)

    @staticmethod
    def from_networkx(graph: nx.Graph, name: str) -> World:
        """A world from a typed graph: the inverse of `to_networkx`, fingerprint included.

        Raises:
            WorldError: see `recosim.world.graph.parts_of`, and `build_world`.
        """
        from recosim.world.graph import parts_of

        return build_world(**parts_of(graph, name))

    @staticmethod
    def from_pandas(
        interactions: Any,
        item_attributes: Any,
        name: str,
        *,
        items: Any = None,
        friends: Any = None,
        **options: Any,
    ) -> World:
        """A world from frames of pandas, as the importer `table` reads them from files.

        Args:
            interactions: columns user, item [, timestamp] [, rating] [, split].
            item_attributes: columns item, attribute (a label, or a list of them) [, facet].
            items: columns item [, name] [, text] [, length] [, quality] [, appeal].
            friends: columns user, friend.
            options: min_rating, min_user_items, min_item_users, overlap, split_by, seed and
                separator; see `recosim.world.importers.import_table`.

        Raises:
            ImportDataError: as `import_table`; rows count from 1.
        """
        from recosim.world.importers.frames import world_of_frames

        frames = {"interactions": interactions, "item_attributes": item_attributes}
        more = {"items": items, "friends": friends}
        return world_of_frames(
            {**frames, **{k: v for k, v in more.items() if v is not None}}, name, **options
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
    item_appeal: ArrayLike | None = None,
    item_ids: Sequence[str] | None = None,
    topics: Topics | None = None,
    judgements: Judgements | None = None,
    source: str = "",
    licence: str = "",
    settings: Mapping[str, Any] | None = None,
    synonyms: Mapping[str, Sequence[str]] | None = None,
) -> World:
    """Check the parts of a world, derive the rest, and fingerprint it.

    Args:
        item_attributes: rows = items, ids = attributes.
        train, valid, test: rows = users, ids = items; the splits of one user are disjoint.
        friends: rows = users, ids = users; made symmetric, links to oneself are dropped.
        attribute_facet: facet of each attribute, -1 for none; without it all are in one facet.
        item_length: minutes, 0 or more. item_quality, item_appeal: 0 to 1. NaN where unknown.
        item_ids: the source's own ids, distinct.
        topics, judgements: see `recosim.world.topics`. A world with topics may have no users,
            interactions or attributes: it is there to be searched.
        synonyms: attribute name -> what else people call it. Kept in `settings`, read by the
            parser; no part of the fingerprint.

    Raises:
        WorldError: ids out of range, a user or item table of the wrong size, splits that overlap,
            no attributes, an empty test or train split, names of the wrong number, a length,
            quality or appeal out of its range, synonyms of an attribute that does not exist, ids
            that occur twice, judgements without topics, topics that do not fit together.
    """
    n_items, n_users = item_attributes.rows, train.rows
    _check(n_items > 0, name, "it has no items")
    if topics is None:
        _check(n_users > 0, name, "it has no users")
        askable = n_attributes > 0 and item_attributes.links > 0
        _check(askable, name, "no item has an attribute to ask about")
        _check(judgements is None, name, "it has judgements and no topics")
    else:
        topics.check(name)
        if judgements is not None:
            judgements.check(name, topics.n_turns, n_items)
    _check_ids(name, "item_attributes", item_attributes, n_attributes)
    friends = friends if friends is not None else Csr(np.zeros(n_users + 1, np.int64), _none())
    for label, table in (("train", train), ("valid", valid), ("test", test)):
        _check(table.rows == n_users, name, f"{label} has {table.rows} users, train has {n_users}")
        _check_ids(name, label, table, n_items)
        _check(table.links > 0 or not n_users, name, f"the {label} split is empty")
    _check_disjoint(name, train, valid, test)
    _check(friends.rows == n_users, name, f"friends has {friends.rows} rows, not {n_users}")
    _check_ids(name, "friends", friends, n_users)
    friends = _symmetric(friends)

    if attribute_facet is None:
        facet = np.zeros(n_attributes, dtype=np.int16)
        facet_names = facet_names or ["attribute"]
    else:
        given = np.asarray(attribute_facet, dtype=np.int64)
        most = np.iinfo(np.int16).max
        _check(bool((abs(given) < most).all()), name, f"it has more than {most:,} facets")
        facet = given.astype(np.int16)
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

    if item_ids is not None:
        _check(len(item_ids) == n_items, name, f"{len(item_ids)} item_ids for {n_items}")
        _check(len(set(item_ids)) == n_items, name, "an item id occurs twice")

    strangers = sorted(set(synonyms or ()) - set(strings["attribute_names"][0]))
    _check(not strangers, name, f"synonyms are given for {strangers}, which are no attributes")
    known = {a: list(words) for a, words in (synonyms or {}).items()}

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
        "item_appeal": _per_item(name, "item_appeal", item_appeal, n_items),
        "item_ids": None if item_ids is None else StringTable.of(item_ids),
        "topics": topics,
        "judgements": judgements,
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
        settings={**(settings or {}), **({"synonyms": known} if known else {})},
        fingerprint=digest,
        **parts,
    )
    for array in arrays_of(world).values():
        array.flags.writeable = False
    return world


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
    with np.errstate(over="ignore"):  # what is beyond float32 is infinite, and refused below
        array = np.array(values, dtype=np.float32)
    _check(array.shape == (n,), name, f"{label} has shape {array.shape}, not ({n},)")
    kind = label.removeprefix("item_")
    for v in np.flatnonzero(~np.isnan(array) & ~in_range(kind, array))[:1]:
        _check(False, name, f"{label} of item {v} is {array[v]:g}; allowed: {RANGES[kind]}")
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
