"""Jobs that are killed and given again: see `harness.py`, which does the 300 kills."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the harness forks its jobs")
TESTS = Path(__file__).resolve().parents[1]


def harness(*words: str) -> str:
    ran = subprocess.run(
        [sys.executable, str(TESTS / "kill" / "harness.py"), *words],
        env={**os.environ, "PYTHONPATH": str(TESTS.parent)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-4000:]
    return ran.stdout


def test_an_import_killed_twice_ends_like_an_undisturbed_one(tmp_path):
    assert "2 kills, 0 jobs failed" in harness(
        "--jobs", "import", "--kills", "2", "--keep", str(tmp_path)
    )


@pytest.mark.slow
def test_three_hundred_kills_change_no_byte_and_pay_for_nothing_twice(tmp_path):
    for extra in ("torch", "openai"):
        pytest.importorskip(extra, reason=f"the jobs need the extra with {extra}")
    assert "300 kills, 0 jobs failed" in harness("--keep", str(tmp_path))
