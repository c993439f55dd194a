"""Stored worlds: the same arrays back, memory-mapped, and no damaged world is ever opened."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recosim.checked import json_digest
from recosim.errors import WorldError
from recosim.world import storage
from recosim.world.arrays import arrays_of, fingerprint
from recosim.world.csr import csr_from_pairs
from recosim.world.storage import open_folder, save_world, verify_folder
from recosim.world.world import World, build_world


def random_world(seed: int = 0, users: int = 30, items: int = 50, attributes: int = 12) -> World:
    rng = np.random.default_rng(seed)
    owner = rng.permutation(users * items)[: users * 12]
    parts = np.array_split(owner, 3)
    train, valid, test = (csr_from_pairs(p // items, p % items, users) for p in parts)
    links = rng.permutation(items * attributes)[: items * 3]
    pairs = rng.integers(users, size=(20, 2))
    return build_world(
        name=f"random-{seed}",
        item_attributes=csr_from_pairs(links // attributes, links % attributes, items),
        train=train,
        valid=valid,
        test=test,
        friends=csr_from_pairs(pairs[:, 0], pairs[:, 1], users),
        n_attributes=attributes,
        attribute_facet=rng.integers(-1, 3, attributes),
        facet_names=["a", "b", "c"],
        item_names=[f"Käse {i}" for i in range(items)],
        item_quality=rng.random(items),
        item_appeal=rng.random(items),
        source="made up",
        licence="none",
        settings={"seed": seed, "by size": {10: "ten", 9: "nine"}},
    )


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    save_world(random_world(), tmp_path / "worlds" / "w")
    return tmp_path / "worlds" / "w"


def rewrite(path: Path, change: int) -> None:
    """Change a byte in the middle of a file; its size stays."""
    data = bytearray(path.read_bytes())
    data[-5] ^= change
    path.write_bytes(data)


def test_a_stored_world_comes_back_with_every_array_and_its_fingerprint(stored: Path) -> None:
    built, opened = random_world(), open_folder(stored)
    assert opened.fingerprint == built.fingerprint
    for label, array in arrays_of(built).items():
        again = arrays_of(opened)[label]
        assert again.dtype == array.dtype, label
        np.testing.assert_array_equal(again, array, err_msg=label)
    assert (opened.source, opened.licence, opened.name) == ("made up", "none", "random-0")
    assert opened.folder == stored


def test_a_world_that_was_stored_before_there_was_appeal_opens_without_any(stored: Path) -> None:
    """As an older version wrote it: no such file, and a manifest that does not speak of it."""
    expected = replace(random_world(), item_appeal=np.full(50, np.nan, np.float32))
    path = stored / "world.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["files"]["item_appeal"], manifest["manifest_sha256"]
    manifest["fingerprint"] = fingerprint(vars(expected), expected.n_attributes)
    path.write_text(json.dumps({**manifest, "manifest_sha256": json_digest(manifest)}))
    (stored / "item_appeal.npy").unlink()
    opened = open_folder(stored)
    verify_folder(stored)
    assert np.isnan(opened.item_appeal).all()
    assert not opened.item_appeal.flags.writeable
    assert opened.item_appeal.dtype == np.float32
    again = save_world(opened, stored)  # and is the same one in today's form
    assert again.fingerprint == opened.fingerprint
    assert again.item_appeal.shape == (50,)


def test_the_arrays_are_memory_mapped_and_read_only(stored: Path) -> None:
    world = open_folder(stored)
    for label, array in arrays_of(world).items():
        assert not array.flags.writeable, label
        if array.size:
            assert isinstance(array.base, np.memmap), label
    with pytest.raises(ValueError, match="read-only"):
        world.train.indices[0] = 1


def test_a_truncated_file_is_refused_by_name(stored: Path) -> None:
    file = stored / "train.indices.npy"
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(WorldError, match=r"train\.indices\.npy has \d+ bytes, not \d+"):
        open_folder(stored)


def test_a_missing_file_is_refused_by_name(stored: Path) -> None:
    (stored / "bitsets.npy").unlink()
    with pytest.raises(WorldError, match=r"bitsets\.npy is missing"):
        open_folder(stored)


def test_an_edited_file_of_the_same_size_is_refused(stored: Path) -> None:
    open_folder(stored)  # also where the sound world was opened before
    rewrite(stored / "item_attributes.indices.npy", 1)
    with pytest.raises(WorldError, match=r"content of item_attributes\.indices\.npy"):
        open_folder(stored)


def test_an_edit_that_kept_the_time_of_change_is_found(stored: Path) -> None:
    import os

    file = stored / "train.indices.npy"
    before = file.stat()
    rewrite(file, 1)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    for look in (open_folder, verify_folder):
        with pytest.raises(WorldError, match=r"content of train\.indices\.npy"):
            look(stored)
    rewrite(file, 1)
    verify_folder(stored)


def test_an_edited_manifest_is_refused(stored: Path) -> None:
    text = (stored / "world.json").read_text(encoding="utf-8")
    (stored / "world.json").write_text(text.replace("made up", "made down"), encoding="utf-8")
    with pytest.raises(WorldError, match="changed after it was written"):
        open_folder(stored)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b'"format"', b"\xff\xfe"])
def test_a_manifest_that_is_none_is_refused(stored: Path, content: bytes) -> None:
    (stored / "world.json").write_bytes(content)
    with pytest.raises(WorldError, match=r"world\.json cannot be read"):
        open_folder(stored)


def test_another_format_version_is_refused_with_what_to_do(stored: Path) -> None:
    manifest = json.loads((stored / "world.json").read_text(encoding="utf-8"))
    manifest["format"] = 99
    (stored / "world.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(
        WorldError, match=r"has the format 99; .* reads format 1\..*build or import it again"
    ):
        open_folder(stored)


def test_a_copied_folder_with_new_times_opens(stored: Path, tmp_path: Path) -> None:
    shutil.copytree(stored, tmp_path / "copy", copy_function=shutil.copyfile)
    assert open_folder(tmp_path / "copy").fingerprint == random_world().fingerprint


def test_a_folder_that_is_no_world_is_refused_and_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(WorldError, match="is not a world"):
        open_folder(tmp_path / "thesis")
    with pytest.raises(WorldError, match="exists and is not a world"):
        save_world(random_world(), tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"
    with pytest.raises(WorldError, match="is not a world"):
        open_folder(tmp_path / "thesis" / "chapter.txt")


def test_a_world_that_replaces_another_is_opened_at_once(stored: Path) -> None:
    first = open_folder(stored)
    second = save_world(random_world(1), stored)
    assert second.fingerprint != first.fingerprint
    assert open_folder(stored).fingerprint == second.fingerprint


def test_an_exception_while_saving_leaves_the_old_world(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "write_checked", full)
    with pytest.raises(OSError, match="No space left"):
        save_world(random_world(1), stored)
    monkeypatch.undo()
    assert open_folder(stored).fingerprint == random_world().fingerprint
    assert [p.name for p in stored.parent.iterdir()] == ["w"]


CHILD = """
import sys, time
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[2])
from test_storage import random_world
from recosim import arrays
from recosim.world import storage
def slow(path):
    print(path.name, flush=True)
    time.sleep(30)
arrays.file_digest = slow
storage.save_world(random_world(1), Path(sys.argv[1]))
"""


def test_a_kill_while_saving_leaves_the_old_world(stored: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(stored), str(Path(__file__).parent)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline()  # it is in the middle of writing
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert open_folder(stored).fingerprint == random_world().fingerprint
    assert any(p.name.endswith(".part") for p in stored.parent.iterdir())
    save_world(random_world(1), stored)  # and the next save clears away what was left
    assert [p.name for p in stored.parent.iterdir()] == ["w"]


def test_a_world_of_yelp_size_opens_like_a_small_one(tmp_path: Path) -> None:
    """Nothing of an array is read. The milliseconds are a row of benchmarks/run.py."""
    rng = np.random.default_rng(0)
    users, items, attributes = 27_675, 70_311, 590
    rows = rng.integers(users * items, size=1_370_000)
    train, valid, test = (
        csr_from_pairs(p // items, p % items, users)
        for p in np.split(np.unique(rows), [950_000, 1_160_000])
    )
    links = rng.integers(items * attributes, size=477_000)
    world = build_world(
        name="big",
        item_attributes=csr_from_pairs(links // attributes, links % attributes, items),
        train=train,
        valid=valid,
        test=test,
        n_attributes=attributes,
    )
    save_world(world, tmp_path / "big")
    save_world(random_world(), tmp_path / "small")

    def seconds(folder: Path) -> float:
        """Of the CPU in this process, so that what else the machine does counts little."""
        times = []
        for _ in range(20):
            storage._open_cached.cache_clear()
            start = time.process_time()
            open_folder(folder)
            times.append(time.process_time() - start)
        return min(times)

    assert seconds(tmp_path / "big") < 2 * seconds(tmp_path / "small") + 0.002
