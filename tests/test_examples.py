"""Every script under `examples/` runs as it stands, here with a small budget."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
# What several of them share; not to be run.
SHARED = {"common"}
# Learning begins after 5,000 steps in DQN, and after a batch of 64 x 64 in the others.
SMALL = {
    "gym_loop": ["--steps", "200"],
    "vector_loop": ["--steps", "20000", "--num-envs", "256"],
    "ppo_sb3": ["--steps", "5000", "--episodes", "100"],
    "maskable_ppo": ["--steps", "5000", "--episodes", "100"],
    "dqn_sb3": ["--steps", "6000", "--episodes", "100"],
}
NEEDS = {
    "ppo_sb3": "stable_baselines3",
    "dqn_sb3": "stable_baselines3",
    "maskable_ppo": "sb3_contrib",
}


def run(name, *arguments, cwd):
    if name in NEEDS and find_spec(NEEDS[name]) is None:
        pytest.skip("the extra [sb3] is not installed")
    command = [sys.executable, "-W", "error::UserWarning", str(EXAMPLES / f"{name}.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=600)


def test_every_example_is_run_here():
    assert {path.stem for path in EXAMPLES.glob("*.py")} - SHARED == set(SMALL)


@pytest.mark.parametrize("name", SMALL)
def test_an_example_runs_and_prints_a_success_rate(name, tmp_path):
    result = run(name, *SMALL[name], "--seed", "3", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert re.search(r"success rate", result.stdout)
    assert not list(tmp_path.iterdir())
    if name in NEEDS:
        scores = re.findall(r"│ (\w+).*?│\s+(\d\.\d+) │\s+(\d+\.\d+) │", result.stdout)
        assert len(scores) == 4  # random, max_entropy, before, after
        by_name = {agent: float(success) for agent, success, _ in scores}
        assert by_name["max_entropy"] > by_name["random"]
        assert all(0 <= float(s) <= 1 and 1 <= float(t) <= 15 for _, s, t in scores)


@pytest.mark.slow
@pytest.mark.parametrize("env", ["RecoWorld-LastFM-Small", "ConvSim-LastFM-Small"])
def test_one_script_trains_in_every_family(env, tmp_path):
    given = ("--env", f"recosim/{env}-v0", "--steps", "5000", "--episodes", "20")
    result = run("ppo_sb3", *given, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert len(re.findall(r"│ (\w+).*?│\s+(\d\.\d+) │\s+(\d+\.\d+) │", result.stdout)) == 4


@pytest.mark.parametrize("name", SMALL)
def test_an_example_explains_itself(name, tmp_path):
    result = run(name, "--help", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    for option in ("--steps", "--env", "--seed"):
        assert option in result.stdout


def test_equal_seeds_give_equal_output(tmp_path):
    first, again = (run("gym_loop", "--steps", "300", cwd=tmp_path).stdout for _ in range(2))
    assert first == again
    assert first != run("gym_loop", "--steps", "300", "--seed", "1", cwd=tmp_path).stdout
