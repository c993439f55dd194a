"""One Ray for the tests of this folder, which are skipped where it is not installed."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent

try:
    RAY = version("ray")
except PackageNotFoundError:
    RAY = ""


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("ray"))
            if not RAY:
                reason = "Ray is not installed; `make test-ray` has an environment with it"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def ray(shared_cache):
    """Ray, up in this process, with room for seven actors."""
    from recosim.cluster import import_ray

    # Actors import what tests send them by its name.
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(TESTS), *([before] if before else [])])
    found = import_ray()
    found.init(
        address="local", num_cpus=7, include_dashboard=False, log_to_driver=False,
        logging_level="ERROR",
    )  # fmt: skip
    yield found
    found.shutdown()
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture
def actors():
    """Called: the processes of the actors that are up."""
    return _actors


def _actors() -> list[int]:
    """The processes of actors that this process has started, directly or not."""
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "status").read_text()
                names[int(entry.name)] = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            parents[int(entry.name)] = int(status.split("PPid:")[1].split()[0])

    def ours(pid: int) -> bool:
        while pid > 1:
            if pid == os.getpid():
                return True
            pid = parents.get(pid, 0)
        return False

    return sorted(p for p, name in names.items() if name.startswith(b"ray::_Actor") and ours(p))
