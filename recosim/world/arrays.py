"""`WorldArrays`: the arrays of a world, the names of their files, and their fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recosim.errors import unknown
from recosim.world.csr import Csr, csr_from_pairs
from recosim.world.strings import StringTable
from recosim.world.topics import Judgements, Topics

__all__ = ["DERIVED", "LATER", "PRIMARY", "SPLITS", "WorldArrays", "arrays_of", "fingerprint"]

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class WorldArrays:
    """What a `World` holds; see there for each array."""

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
    item_appeal: NDArray[np.float32]
    bitsets: NDArray[np.uint64]
    cooccurrence: NDArray[np.int32]
    source: str
    licence: str
    settings: Mapping[str, Any]
    fingerprint: str
    item_ids: StringTable | None = None
    topics: Topics | None = None
    judgements: Judgements | None = None
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

    @property
    def synonyms(self) -> Mapping[str, Sequence[str]]:
        """Attribute name -> what else people call it ("scary" for "horror"); {} where unknown."""
        given: Mapping[str, Sequence[str]] = self.settings.get("synonyms", {})
        return given

    def split(self, name: str) -> Csr:
        """The interactions of one split: "train", "valid" or "test".

        Raises:
            UnknownNameError: not the name of a split.
        """
        if name not in SPLITS:
            raise unknown("split", name, SPLITS)
        return {"train": self.train, "valid": self.valid, "test": self.test}[name]

    def known_as(self, digest: str) -> bool:
        """Whether a fingerprint is of this world, or was, before its items had an appeal.

        Ids mean the same in both, so that what was recorded on one can be read on the other.
        """
        return digest in (self.fingerprint, self._fingerprint_before)

    @cached_property
    def _fingerprint_before(self) -> str:
        unknown = np.full(self.n_items, np.nan, dtype=np.float32)
        return fingerprint({**vars(self), "item_appeal": unknown}, self.n_attributes)

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

    def __repr__(self) -> str:
        return (
            f"World({self.name!r}, users={self.n_users}, items={self.n_items}, "
            f"attributes={self.n_attributes}, facets={self.n_facets}, "
            f"interactions={self.n_interactions}, fingerprint={self.fingerprint[:12]})"
        )


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
    "item_appeal",
    "item_ids",
    "topics",
    "judgements",
)
# Arrays that came later than the others. They enter the fingerprint only where a value is
# known, and a stored world that lacks their file knows none: worlds without them keep the
# fingerprints under which results on them were published.
LATER = ("item_appeal", "item_ids", "topics", "judgements")
DERIVED = ("attribute_items", "bitsets", "cooccurrence")


def arrays_of(world: WorldArrays, fields: Sequence[str] = (*PRIMARY, *DERIVED)) -> dict[str, Any]:
    """Every stored array of a world by the name of its file, e.g. "train.indptr"."""
    return _flatten({field: getattr(world, field) for field in fields})


def fingerprint(parts: Mapping[str, Any], n_attributes: int) -> str:
    """sha256 over the names, dtypes, shapes and bytes of the defining arrays, as hex."""
    digest = hashlib.sha256(f"recosim world 1, {n_attributes} attributes".encode())
    unknown = [field for field in LATER if is_unknown(parts.get(field))]
    flat = _flatten({field: parts[field] for field in PRIMARY if field not in unknown})
    for label, array in flat.items():
        little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"\n{label} {little.dtype.str} {little.shape}\n".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def is_unknown(value: Any) -> bool:
    """Whether a part that came later is not there, or holds no known value."""
    return value is None or (isinstance(value, np.ndarray) and bool(np.isnan(value).all()))


def _flatten(parts: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for field, value in parts.items():
        if value is None:
            continue
        if isinstance(value, (Topics, Judgements)):
            inner = {f"{field}.{part}": array for part, array in value._asdict().items()}
            flat.update(_flatten(inner))
        elif isinstance(value, Csr):
            flat[f"{field}.indptr"], flat[f"{field}.indices"] = value.indptr, value.indices
        elif isinstance(value, StringTable):
            flat[f"{field}.offsets"], flat[f"{field}.blob"] = value.offsets, value.blob
        else:
            flat[field] = value
    return flat
