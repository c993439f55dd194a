"""What is shipped: the wheel and the sdist, built and listed."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CARDS = {"envs": "*/env.toml", "agents": "*.toml", "data": "*.toml", "users": "*.toml"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of a wheel and an sdist; building fetches the build system."""
    if find_spec("build") is None:
        pytest.skip("the package build is not installed")
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)]
    made = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    return out


@pytest.fixture(scope="module")
def wheel(built):
    return zipfile.ZipFile(next(built.glob("*.whl")))


@pytest.fixture(scope="module")
def sdist(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        return {name.split("/", 1)[-1] for name in archive.getnames()}


def test_the_wheel_holds_every_module_and_card_and_nothing_else(wheel):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    code = {p.relative_to(ROOT).as_posix() for p in (ROOT / "recosim").rglob("*.py")}
    assert code <= names
    cards = {
        f"recosim/_cards/{folder}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, pattern in CARDS.items()
        for path in (ROOT / folder).glob(pattern)
    }
    assert len(cards) > 50
    assert cards <= names
    assert not [name for name in names if "golden" in name or name.endswith((".png", ".pyc"))]
    assert all(name.startswith("recosim/") for name in names)


def test_the_sdist_holds_tests_and_transcripts_and_no_pictures(sdist):
    assert {"README.md", "tests/conftest.py", "Makefile", "LICENSE"} <= sdist
    assert any(name.endswith("golden/scripted.txt") for name in sdist)
    assert not [name for name in sdist if name.endswith((".png", ".pyc", ".nbi", ".nbc"))]


def test_what_a_registry_shows_has_no_links_that_lead_nowhere(wheel):
    (path,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    meta = message_from_bytes(wheel.read(path))
    page = str(meta.get_payload())
    assert meta["Description-Content-Type"] == "text/markdown"
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert all(link.startswith(("https://", "#")) for link in links), links
    assert "gym.make(" in page
    assert any(c.endswith(":: 3.10") for c in meta.get_all("Classifier"))
