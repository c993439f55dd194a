"""Writes are whole or not there: after an exception, on a full disk, after a kill."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from recosim.files import atomic_folder, atomic_write, cache_folder, write_json, write_text

ROOT = Path(__file__).resolve().parent.parent
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
needs_posix = pytest.mark.skipif(os.name != "posix", reason="kills a process with a POSIX signal")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def killed(code, *arguments):
    """Run code that kills itself; the process that did."""
    start = "import os, signal, sys\nfrom pathlib import Path\nfrom recosim import files\n"
    start += "def kill(): os.kill(os.getpid(), signal.SIGKILL)\n"
    run = subprocess.run(
        [sys.executable, "-c", start + code, *map(str, arguments)], cwd=ROOT, check=False
    )
    assert run.returncode == -9


def fill(folder, text):
    (folder / "one.txt").write_text(text)
    (folder / "two.txt").write_text(text)


def read(folder):
    assert names(folder) == ["one.txt", "two.txt"]
    texts = {path.read_text() for path in folder.iterdir()}
    assert len(texts) == 1
    return texts.pop()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "results.json"
    write_text(path, "old")
    return path


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "world"
    with atomic_folder(path) as part:
        fill(part, "old")
    return path


# Files


def test_a_write_replaces_the_file_and_leaves_nothing_else(file):
    write_text(file, "new\r\nänd more\n")
    assert file.read_bytes() == "new\r\nänd more\n".encode()
    assert names(file.parent) == [file.name]


def test_folders_on_the_way_are_made(tmp_path):
    write_text(tmp_path / "a" / "b" / "c.txt", "new")
    assert (tmp_path / "a" / "b" / "c.txt").read_text() == "new"


@needs_posix
def test_what_is_written_has_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    (tmp_path / "plain folder").mkdir()
    write_text(tmp_path / "ours", "")
    with atomic_folder(tmp_path / "our folder"):
        pass
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes["ours"] == modes["plain"]
    assert modes["our folder"] == modes["plain folder"]


@pytest.mark.parametrize("error", [FULL, ValueError("broken"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file(file, error):
    def write(part):
        part.write_text("half of the n")
        raise error

    with pytest.raises(type(error)):
        atomic_write(file, write)
    assert file.read_text() == "old"
    assert names(file.parent) == [file.name]


def test_a_first_write_that_fails_leaves_no_file(tmp_path):
    def write(part):
        part.write_text("half of the n")
        raise FULL

    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        atomic_write(tmp_path / "results.json", write)
    assert names(tmp_path) == []


@needs_posix
def test_a_kill_while_writing_leaves_the_old_file(file):
    killed(
        "files.atomic_write(Path(sys.argv[1]), lambda p: (p.write_text('half'), kill()))",
        file,
    )
    assert file.read_text() == "old"
    write_text(file, "new")
    assert file.read_text() == "new"


def test_equal_values_are_equal_bytes(tmp_path):
    write_json(tmp_path / "a", {"b": [1, 2.5, None], "ä": "ö", "a": {"y": 1, "x": True}})
    write_json(tmp_path / "b", {"ä": "ö", "a": {"x": True, "y": 1}, "b": [1, 2.5, None]})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert json.loads((tmp_path / "a").read_text(encoding="utf-8"))["ä"] == "ö"
    assert (tmp_path / "a").read_bytes().endswith(b"}\n")


def test_what_json_does_not_know_is_refused_and_the_old_file_stays(file):
    with pytest.raises(ValueError, match="JSON"):
        write_json(file, {"share": float("nan")})
    assert file.read_text() == "old"


# Folders


def test_a_folder_appears_when_it_is_whole(tmp_path):
    with atomic_folder(tmp_path / "world") as part:
        fill(part, "new")
        assert not (tmp_path / "world").exists()
    assert read(tmp_path / "world") == "new"
    assert names(tmp_path) == ["world"]


def test_the_old_folder_stays_until_the_new_one_is_whole(folder):
    with atomic_folder(folder) as part:
        fill(part, "new")
        assert read(folder) == "old"
    assert read(folder) == "new"
    assert names(folder.parent) == ["world"]


@pytest.mark.parametrize("error", [FULL, ValueError("broken"), KeyboardInterrupt()])
def test_a_folder_that_fails_leaves_the_old_one(folder, error):
    def build():
        with atomic_folder(folder) as part:
            (part / "one.txt").write_text("half of the n")
            raise error

    with pytest.raises(type(error)):
        build()
    assert read(folder) == "old"
    assert names(folder.parent) == ["world"]


def test_an_exchange_that_fails_puts_the_old_folder_back(folder, monkeypatch):
    real = Path.rename

    def rename(self, target):
        if Path(target) == folder and not self.name.endswith("-old.part"):
            raise FULL
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)), atomic_folder(folder) as part:
        fill(part, "new")
    assert read(folder) == "old"
    assert names(folder.parent) == ["world"]


BUILD = """
def build():
    with files.atomic_folder(Path(sys.argv[1])) as part:
        for name in ("one.txt", "two.txt"):
            (part / name).write_text("new")
            if name in sys.argv[2:]: kill()
"""


@needs_posix
def test_a_kill_while_building_leaves_the_old_folder(folder):
    killed(BUILD + "build()", folder, "one.txt")
    assert read(folder) == "old"
    assert len(names(folder.parent)) == 2
    with atomic_folder(folder) as part:  # which clears away what was left
        fill(part, "newer")
    assert read(folder) == "newer"
    assert names(folder.parent) == ["world"]


KILL_AFTER_RENAME = """
real, renames = Path.rename, []
def rename(self, target):
    real(self, target)
    renames.append(target)
    if len(renames) == int(sys.argv[2]): kill()
Path.rename = rename
build()
"""


@needs_posix
@pytest.mark.parametrize("rename", [1, 2, 3])
def test_a_kill_in_the_exchange_loses_neither_folder(folder, rename):
    killed(BUILD + KILL_AFTER_RENAME, folder, rename)
    assert folder.exists() == (rename > 1)
    with atomic_folder(folder) as part:
        assert read(folder) == ("old" if rename == 1 else "new")
        fill(part, "newer")
    assert read(folder) == "newer"
    assert names(folder.parent) == ["world"]


@needs_posix
def test_only_what_dead_builds_of_the_same_folder_left_is_touched(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = ended.pid
    others = [
        f".world.{os.getppid()}-ab12.part",  # its process runs
        f".world.{os.getppid()}-old.part",
        f".world.v2.{dead}-ab12.part",  # of the folder world.v2
        f".world.v2.{dead}-old.part",
        ".world.notes.part",
    ]
    for name in (*others, f".world.{dead}-ab12.part"):
        (tmp_path / name).mkdir()
    with atomic_folder(tmp_path / "world"):
        assert not (tmp_path / "world").exists()
    assert names(tmp_path) == sorted([*others, "world"])


# The cache


def test_the_cache_folder_can_be_named(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOSIM_CACHE", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("RECOSIM_CACHE")
    assert cache_folder().name == "recosim"
