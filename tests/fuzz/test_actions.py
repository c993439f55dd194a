"""Malformed actions, seeds and options: an error, and an environment that is as it was."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("inputs", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_actions_are_refused_or_are_of_the_space(inputs: int) -> None:
    tests = Path(__file__).resolve().parents[1]
    ran = subprocess.run(
        [sys.executable, "-m", "fuzz.actions", str(inputs), "0"],
        cwd=tests,
        env={**os.environ, "PYTHONPATH": f"{tests.parent}{os.pathsep}{tests}"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, (ran.returncode, ran.stdout[-2000:], ran.stderr[-4000:])
    fates = ast.literal_eval(ran.stdout.splitlines()[-1])
    assert sum(fates.values()) >= inputs
    assert fates["refused"] > inputs // 3
    assert fates["taken"] > inputs // 20
