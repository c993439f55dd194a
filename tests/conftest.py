"""One cache of built worlds and fitted estimators for the whole test session."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Two workers on two cores: more threads of torch would wait for one another most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")


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
