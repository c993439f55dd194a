"""Folders of arrays: what was written is what is opened, and a change is noticed."""

from __future__ import annotations

import hashlib
import os

import numpy as np
import pytest

from recosim import arrays
from recosim.arrays import check_arrays, mark_checked, open_arrays, save_arrays
from recosim.checked import file_digest, json_digest
from recosim.errors import WorldError

GIVEN = {
    "links.indices": np.arange(12, dtype=np.int32),
    "scores": np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3),
    "turned": np.arange(6, dtype=np.int64).reshape(2, 3).T,
    "nothing": np.zeros((0, 4), dtype=np.uint64),
}


@pytest.fixture
def entries(tmp_path):
    return save_arrays(tmp_path, GIVEN)


@pytest.fixture
def files_read(monkeypatch):
    """The names of the files whose content is compared from now on."""
    read = []

    def digest(path):
        read.append(path.name)
        return file_digest(path)

    monkeypatch.setattr(arrays, "file_digest", digest)
    return read


def flip(path):
    """Change the last byte, and neither the size nor the time of change."""
    stat = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_what_was_saved_is_what_is_opened(tmp_path, entries):
    check_arrays(tmp_path, entries)
    opened = open_arrays(tmp_path, entries)
    assert list(opened) == list(GIVEN)
    for label, array in opened.items():
        assert type(array) is np.ndarray
        assert array.dtype == GIVEN[label].dtype
        np.testing.assert_array_equal(array, GIVEN[label])
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_an_entry_says_what_the_file_holds(tmp_path, entries):
    path = tmp_path / "scores.npy"
    assert entries["scores"] == {
        "dtype": "<f4",
        "shape": [2, 3],
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def test_arrays_are_read_again_only_after_a_change(tmp_path, entries, files_read):
    check_arrays(tmp_path, entries)
    assert sorted(files_read) == sorted(f"{label}.npy" for label in GIVEN)
    files_read.clear()
    check_arrays(tmp_path, entries)
    assert files_read == []
    check_arrays(tmp_path, entries, read_all=True)
    assert len(files_read) == len(GIVEN)
    files_read.clear()
    os.utime(tmp_path / "scores.npy", ns=(1, 1))
    check_arrays(tmp_path, entries)
    assert "scores.npy" in files_read


def test_what_was_marked_on_saving_is_not_read_again(tmp_path, entries, files_read):
    mark_checked(tmp_path, entries)
    check_arrays(tmp_path, entries)
    assert files_read == []


def test_a_damaged_note_of_the_last_check_counts_as_none(tmp_path, entries, files_read):
    (tmp_path / "verified.json").write_bytes(b"\xff{")
    check_arrays(tmp_path, entries)
    assert len(files_read) == len(GIVEN)


def test_damage_is_named(tmp_path, entries):
    check_arrays(tmp_path, entries)
    path = tmp_path / "scores.npy"
    flip(path)
    with pytest.raises(WorldError, match=r"content of scores\.npy is not what was written"):
        check_arrays(tmp_path, entries)  # size and time of change are as they were
    os.truncate(path, 140)
    with pytest.raises(WorldError, match=r"scores\.npy has 140 bytes, not 152"):
        check_arrays(tmp_path, entries)
    path.unlink()
    with pytest.raises(WorldError, match=r"scores\.npy is missing"):
        check_arrays(tmp_path, entries)


def test_equal_values_have_equal_digests():
    assert json_digest({"b": [1], "a": None}) == json_digest({"a": None, "b": [1]})
    assert json_digest({"a": 1}) != json_digest({"a": 1.5})
