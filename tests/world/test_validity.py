"""Folders from elsewhere: under right checksums too, what does not hold together is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from recosim.checked import file_digest, json_digest
from recosim.errors import WorldError
from recosim.world.csr import csr_from_pairs
from recosim.world.storage import open_folder, save_world, verify_folder
from recosim.world.world import build_world


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    parts = np.array_split(rng.permutation(12 * 20)[:96], 3)
    train, valid, test = (csr_from_pairs(p // 20, p % 20, 12) for p in parts)
    world = build_world(
        name="small",
        item_attributes=csr_from_pairs(np.arange(60) % 20, rng.integers(7, size=60), 20),
        train=train,
        valid=valid,
        test=test,
        n_attributes=7,
        friends=csr_from_pairs([0, 1], [1, 2], 12),
        item_names=[f"Käse {v}" for v in range(20)],
        item_length=np.full(20, 3.0),
    )
    save_world(world, tmp_path / "small")
    return tmp_path / "small"


def forge(folder: Path, array=None, **said) -> None:
    """Change an array of a stored world, or what its manifest says, and make all sums right."""
    path = folder / "world.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if array is not None:
        label, change = array
        file = folder / f"{label}.npy"
        changed = change(np.load(file))
        np.save(file, changed)
        manifest["files"][label] |= {
            "dtype": changed.dtype.str,
            "shape": list(changed.shape),
            "bytes": file.stat().st_size,
            "sha256": file_digest(file),
        }
    manifest |= said
    del manifest["manifest_sha256"]
    path.write_text(json.dumps({**manifest, "manifest_sha256": json_digest(manifest)}))


def at(place, value):
    """An array with another value in one place."""

    def change(array):
        changed = array.copy()
        changed[place] = value
        return changed

    return change


FORGED = {
    "id too large": (("train.indices", at(-1, 10**6)), "train has an id outside"),
    "negative id": (("item_attributes.indices", at(0, -5)), "item_attributes has an id outside"),
    "postings": (("attribute_items.indices", at(0, 10**6)), r"attribute_items\.indices does not"),
    "pointer too large": (("valid.indptr", at(3, 10**9)), r"valid\.indptr falls at"),
    "pointer below": (("train.indptr", at(1, -8)), r"train\.indptr falls at 0"),
    "end of pointers": (("test.indptr", at(-1, 10**9)), r"test\.indptr does not span"),
    "narrow pointers": (("train.indptr", lambda a: a.astype(np.int32)), r"indptr is int32"),
    "wide table": (("train.indices", lambda a: a[None]), r"train\.indices is int32 \(1, "),
    "text offsets": (("item_names.offsets", at(2, 10**6)), r"item_names\.offsets falls"),
    "cut character": (("item_names.offsets", at(1, 2)), r"offsets cut a character"),
    "not text": (("item_names.blob", at(0, 255)), r"item_names\.blob is not UTF-8"),
    "facet": (("attribute_facet", at(0, 99)), "a facet is outside"),
    "bitsets": (("bitsets", at((0, 0), 0)), "bitsets does not follow from"),
    "small bitsets": (("bitsets", lambda a: a[:, :0]), "bitsets does not follow from"),
    "counts": (("cooccurrence", at((0, 0), 99)), "cooccurrence does not follow from"),
    "fewer items": (("item_length", lambda a: a[:-1]), "item_length has shape"),
    "length": (("item_length", at(0, -1.0)), "item_length of item 0"),
    "lopsided friends": (("friends.indices", at(0, 5)), r"friends\.ind\w+ does not follow"),
    "other content": (("item_quality", at(slice(None), 0.5)), "its fingerprint is"),
}


@pytest.mark.parametrize(("array", "problem"), FORGED.values(), ids=FORGED)
def test_arrays_that_do_not_hold_together_are_refused(stored: Path, array, problem: str) -> None:
    forge(stored, array)
    for look in (open_folder, verify_folder):
        with pytest.raises(WorldError, match=problem) as caught:
            look(stored)
    assert "recosim data remove" in str(caught.value)


@pytest.mark.parametrize("name", ["/../../x", "..", "a/b", "", ".hidden", "Upper", "a\nb"])
def test_a_name_that_is_none_is_refused(stored: Path, name: str) -> None:
    forge(stored, name=name)
    with pytest.raises(WorldError, match=r"world\.json calls it"):
        open_folder(stored)


def files_of(folder: Path) -> dict:
    return json.loads((folder / "world.json").read_text(encoding="utf-8"))["files"]


def test_what_a_manifest_must_say_is_named(stored: Path) -> None:
    files = files_of(stored)
    for said, problem in (
        ({"files": []}, "no files, or one that is none"),
        ({"files": {}}, "no arrays are named"),
        ({"files": {**files, "../outside": files["bitsets"]}}, r"an array is named '\.\./outside'"),
        ({"files": {**files, "extra": files["bitsets"]}}, "has the unknown extra"),
        ({"files": {**files, "bitsets": {"bytes": 1}}}, "entry of bitsets lacks"),
        ({"files": {k: v for k, v in files.items() if k != "bitsets"}}, "lacks bitsets"),
        (
            {"files": {k: v for k, v in files.items() if k != "train.indices"}},
            r"train\.indices is missing",
        ),
        ({"settings": [], "files": files}, "no settings"),
        ({"fingerprint": 7, "settings": {}}, "no fingerprint"),
        ({"fingerprint": "0" * 64}, "and world.json says 000000000000"),
    ):
        forge(stored, **said)
        with pytest.raises(WorldError, match=problem):
            open_folder(stored)


def test_a_note_of_a_check_that_came_with_the_folder_is_not_believed(stored: Path) -> None:
    open_folder(stored)
    note = stored / "verified.json"
    forge(stored, ("bitsets", at((0, 0), 0)))
    files = {label: (stored / f"{label}.npy").stat() for label in files_of(stored)}
    told = {label: [s.st_size, s.st_mtime_ns, s.st_ctime_ns] for label, s in files.items()}
    note.write_text(json.dumps(told))
    # As an archive unpacks it: the same times of change, and an entry made now.
    copy = stored.with_name("copy")
    shutil.copytree(stored, copy)
    for label, stat in files.items():
        os.utime(copy / f"{label}.npy", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(WorldError, match="bitsets does not follow"):
        open_folder(copy)


def test_python_objects_are_not_loaded(stored: Path) -> None:
    forge(stored, ("item_length", lambda a: np.array([print] * len(a), dtype=object)))
    with pytest.raises(WorldError, match=r"item_length\.npy is not an array"):
        open_folder(stored)
