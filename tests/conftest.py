"""One cache of built worlds and fitted estimators for the whole test session."""

from __future__ import annotations

import os
import time
from importlib import import_module
from pathlib import Path

import pytest

# Two workers on two cores: more threads of torch would wait for one another most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")


# Whose kernels each of two workers compiles, so that the other one finds them on the disk.
KERNELS = {
    "gw0": ["recosim.envs.cpr.entries"],
    "gw1": ["recosim.envs.recoworld.entries", "recosim.envs.convsim.entries"],
}


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels(tmp_path_factory: pytest.TempPathFactory):
    """Two workers share the compiling: each of them would do all of it on a new machine."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker not in KERNELS or os.environ.get("PYTEST_XDIST_WORKER_COUNT") != str(len(KERNELS)):
        return
    from recosim.kernels.compiling import Entry

    for module in KERNELS[worker]:
        for kernel in vars(import_module(module)).values():
            if isinstance(kernel, Entry):
                kernel.compile()
    folder = tmp_path_factory.getbasetemp().parent
    (folder / f"kernels-{worker}").touch()
    waited = time.monotonic() + 900
    while time.monotonic() < waited:
        if all((folder / f"kernels-{name}").exists() for name in KERNELS):
            return
        time.sleep(0.2)


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory):
    """`RECOSIM_CACHE` for the session: a temporary folder that all xdist workers share.

    Worlds are built in it at most once, by whoever needs one first (the catalogue holds a lock
    while it builds). A test that looks at the cache itself sets a folder of its own.
    """
    folder: Path = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of the session, above those of the workers
    folder /= "recosim-cache"
    before = os.environ.get("RECOSIM_CACHE"), os.environ.get("RECOSIM_PATH")
    os.environ["RECOSIM_CACHE"] = str(folder)
    os.environ.pop("RECOSIM_PATH", None)
    yield folder
    for name, value in zip(("RECOSIM_CACHE", "RECOSIM_PATH"), before, strict=True):
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
