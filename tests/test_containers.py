"""A package and a home that cannot be written to, as in a container: one writable folder, or none.

The folders are mounted read only for the process alone, which needs root or its own namespaces.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SMALL = """
from recosim.kernels.compiling import cached

@cached()
def add_one(x):
    return x + 1
"""
CODE = """
import os, sys, pathlib
for folder in os.environ["SHUT"].split(":"):
    try:
        pathlib.Path(folder, "written").touch()
    except OSError:
        continue
    sys.exit(folder + " can be written to")
import gymnasium as gym, recosim, small
print("sum", small.add_one(41), dict(small.add_one.stats.cache_hits))
world = recosim.open_world("lastfm-small")
print("world", world.n_items, world.folder, recosim.open_world("lastfm-small") is world)
"""


def in_namespace(commands: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = " && ".join(["mount --make-rprivate /", *commands])
    return subprocess.run(
        ["unshare", "--mount", *own, "sh", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def mounts() -> None:
    if not sys.platform.startswith("linux") or shutil.which("unshare") is None:
        pytest.skip("mounting a folder read only for one process needs unshare of Linux")
    tried = in_namespace(["mount -t tmpfs none /mnt"], dict(os.environ))
    if tried.returncode:
        pytest.skip(f"no folder can be mounted read only here: {tried.stderr.strip()}")


@pytest.fixture
def run(mounts: None, tmp_path: Path):
    home, site = tmp_path / "home", tmp_path / "site"
    for folder in (home, site):
        folder.mkdir()
    (site / "small.py").write_text(SMALL)
    shut = [str(folder) for folder in (home, site, ROOT / "recosim")]

    def command(cache: Path | None) -> tuple[dict[str, str], str]:
        """What was printed, by its first word, and stderr."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": f"{ROOT}:{site}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SHUT": ":".join(shut),
        }
        if cache is not None:
            environment["RECOSIM_CACHE"] = str(cache)
        commands = [
            f"mount --bind {shlex.quote(f)} {shlex.quote(f)} && "
            f"mount -o remount,bind,ro {shlex.quote(f)}"
            for f in shut
        ]
        ran = in_namespace(
            [*commands, f"exec {shlex.quote(sys.executable)} -c {shlex.quote(CODE)}"], environment
        )
        assert ran.returncode == 0, ran.stderr
        return dict(line.split(maxsplit=1) for line in ran.stdout.splitlines()), ran.stderr

    return command


def test_one_writable_folder_keeps_kernels_and_worlds(run, tmp_path):
    cache = tmp_path / "cache"
    said, told = run(cache)
    assert said["sum"] == "42 {}"
    assert said["world"] == f"500 {cache}/worlds/lastfm-small True"
    assert "memory" not in told
    assert list(cache.glob("kernels/*/small.add_one-*.nbi"))
    assert list(cache.glob("kernels/*/small.add_one-*.nbc"))
    said, told = run(cache)
    assert said["sum"].startswith("42 {(int64,): 1")  # loaded, not compiled
    assert told == ""


def test_with_no_writable_folder_all_is_in_memory_and_said_once(run):
    said, told = run(None)
    assert said["sum"] == "42 {}"
    assert said["world"] == "500 None True"
    assert told.count("compiled kernels are kept in memory alone") == 1
    assert told.count("the world 'lastfm-small' could not be stored") == 1
    assert told.count("RECOSIM_CACHE") == 2
