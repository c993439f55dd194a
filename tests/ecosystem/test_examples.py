"""Other libraries on the environments: the scripts of `examples/ecosystem`, with a small budget.

Each runs where its library is installed; `make test-ecosystem` makes the environments.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples" / "ecosystem"
PAGE = ROOT / "docs" / "ecosystem.md"

# By script: the module that it needs, a small budget, and what it prints.
SCRIPTS = {
    "cleanrl_ppo": ("torch", ["--steps", "4096"], r"success rate 0\.\d+"),
    "minari_record": ("minari", ["--steps", "200"], r"200 moves: replayed alike"),
    "rllib_masked": ("ray.rllib", ["--iterations", "1", "--batch", "200"], r"mean return [+-]\d"),
    "rllib_population": (
        "ray.rllib",
        ["--iterations", "1", "--batch", "12", "--users", "20", "--days", "6"],
        r"platform_0 [+-]\d.*platform_1 [+-]\d",
    ),
    "rllib_ppo": ("ray.rllib", ["--iterations", "1", "--batch", "200"], r"mean return [+-]\d"),
    "skrl_ppo": ("skrl", ["--steps", "512"], r"512 moves of 16 rows, none of them illegal"),
    "supersuit_players": ("supersuit", ["--steps", "64"], r"duopoly: 64 .*\n+pair: 64"),
    "tianshou_dqn": (
        "tianshou",
        ["--steps", "300"],
        r"kept: .*'path'.*\n.* mean return|mean return",
    ),
    "torchrl_reinforce": (
        "torchrl",
        ["--steps", "200", "--batch", "100"],
        r"(mean return.*\n+){2}",
    ),
}


def is_there(module):
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def run(command, cwd):
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=1200,
        env={**os.environ, "MINARI_DATASETS_PATH": str(cwd), "RAY_USAGE_STATS_ENABLED": "0"},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def test_every_script_is_run_here():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(SCRIPTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs(name, tmp_path):
    module, budget, printed = SCRIPTS[name]
    if not is_there(module):
        pytest.skip(f"{module} is not installed here; make test-ecosystem has environments for it")
    assert re.search(printed, run([str(EXAMPLES / f"{name}.py"), *budget], tmp_path))


@pytest.mark.slow
def test_rl_zoo_trains_by_its_command_line(tmp_path):
    if not is_there("rl_zoo3"):
        pytest.skip("rl_zoo3 is not installed here; make test-ecosystem has an environment for it")
    command = "-m rl_zoo3.train --algo ppo --env recosim/CPR-LastFM-Small-v0 --gym-packages recosim"
    conf = ("--conf-file", str(EXAMPLES / "rl_zoo" / "ppo.yml"), "--log-folder", str(tmp_path))
    run([*command.split(), *conf, "-n", "1024", "--eval-freq", "-1"], tmp_path)
    assert list(tmp_path.rglob("*.zip"))


def test_versions_on_the_page_are_those_that_were_tried():
    """The page names what the scripts ran with; a newer library asks for another look."""
    named = dict(re.findall(r"^\| \[([\w.-]+)\][^|]*\| ([\d.]+) ", PAGE.read_text("utf-8"), re.M))
    assert len(named) > 5
    if is_there("ray.rllib") or is_there("minari") or is_there("tianshou"):
        for package, tried in named.items():
            if is_there({"rl-zoo3": "rl_zoo3"}.get(package, package)):
                found = version(package)
                major = tried.split(".")[0]
                assert found.split(".")[0] == major, f"{package} {found}, on the page {tried}"
