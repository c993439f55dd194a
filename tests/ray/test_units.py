"""Units on actors: each is done once, whoever dies; what fails is told as it was."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest
from errands import begin, begin_badly

from recosim.cluster import NEEDED, Cluster, import_ray
from recosim.errors import ClusterError, MissingExtraError, OptionError
from recosim.spread import spread

ROOT = Path(__file__).resolve().parents[2]


def done(units, n=2, **more):
    return sorted(result for _, result in spread(Cluster(n), begin, 100, units, **more))


@pytest.mark.parametrize("n", [1, 2, 7])
def test_every_unit_is_done_once(ray, n):
    assert done(range(12), n) == list(range(100, 112))
    assert done([], n) == []
    pairs = list(spread(Cluster(n), begin, 100, range(3), pack=lambda unit: 10 * unit))
    assert sorted(pairs) == [(0, 100), (1, 110), (2, 120)]


def test_an_actor_that_dies_is_replaced_and_its_unit_done_again(ray, tmp_path):
    told = []
    units = [1, (2, "die", str(tmp_path / "died")), 3, 4]
    assert done(units, notice=told.append) == [101, 102, 103, 104]
    assert (tmp_path / "died").exists()
    assert told == ["an actor died; another one did its work again"]


def test_a_unit_that_kills_every_actor_is_named(ray):
    with pytest.raises(ClusterError, match=r"\(2, 'die always', ''\) was begun 3 times.*memory"):
        done([1, (2, "die always", "")])


def test_what_fails_is_told_as_it_was(ray):
    with pytest.raises(OptionError, match=r"^7 is no good\.$"):
        done([1, (7, "fail", "")])
    with pytest.raises(ZeroDivisionError, match="a defect in 7"):
        done([(7, "break", "")])
    with pytest.raises(OptionError, match="nonsense is no way to begin"):
        list(spread(Cluster(1), begin_badly, "nonsense", [1]))
    assert done([1]) == [101]  # nothing of it is left


def test_what_an_actor_cannot_import_is_named(ray, monkeypatch):
    module = types.ModuleType("only_here")
    exec("def begin(context): ...", module.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", module)
    with pytest.raises(ClusterError, match=r"No module named 'only_here'.*on every machine"):
        list(spread(Cluster(1), module.begin, 1, [1]))


def test_what_running_units_say_adds_up(ray):
    told = []
    units = [(1, "wait", ""), (2, "wait", "")]
    assert done(units, tell=lambda *said: told.append(said)) == [101, 102]
    assert (41 + 42, "waiting") in told


def test_more_shards_than_cpus_are_refused(ray):
    with pytest.raises(OptionError, match="shards is 8; the cluster has 7 CPUs"):
        done([1], 8)


def test_the_bounds_are_those_of_the_package():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'ray = ["ray{NEEDED}"]' in text


def test_a_version_that_was_never_tried_is_refused(monkeypatch):
    ray = import_ray()
    monkeypatch.setattr(ray, "__version__", "2.9.3")
    with pytest.raises(MissingExtraError, match=r"of which 2\.9\.3 is installed.*recosim\[ray\]"):
        import_ray()


# ---- in processes that are not connected to Ray --------------------------------------------------

SPREAD = """
import sys
from errands import begin
from recosim.cluster import Cluster
from recosim.spread import spread
print(sorted(result for _, result in spread(Cluster(2, *sys.argv[1:]), begin, 1, [1, 2, 3])))
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}


def alone(*arguments: str, timeout: float = 120):
    return subprocess.run(
        [sys.executable, "-c", SPREAD, *arguments],
        env=environment(), capture_output=True, text=True, timeout=timeout,
    )  # fmt: skip


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def test_an_address_where_nothing_listens_is_named_at_once():
    started = time.monotonic()
    found = alone(f"127.0.0.1:{free_port()}")
    assert "nothing listens there" in found.stderr
    assert "ray start --head" in found.stderr
    assert time.monotonic() - started < 60


def test_an_address_where_something_else_listens_is_named():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        found = alone(f"127.0.0.1:{other.getsockname()[1]}")
    assert "it is no head node of Ray" in found.stderr


def test_a_cluster_that_runs_is_used_and_left_running(tmp_path):
    port = free_port()
    with (tmp_path / "log").open("w") as log:
        head = subprocess.Popen(
            [
                sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block",
                f"--port={port}", "--num-cpus=2", "--include-dashboard=false",
                "--disable-usage-stats", "--node-ip-address=127.0.0.1",
            ],
            stdout=log, stderr=log, env=environment(),
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and "Ray runtime started" not in _text(tmp_path / "log"):
            time.sleep(0.5)
        for _ in range(2):  # it is there for the next one too
            found = alone(f"127.0.0.1:{port}")
            assert found.stdout.strip().endswith("[2, 3, 4]"), found.stderr
        assert head.poll() is None
    finally:
        head.terminate()
        head.wait(60)


def _text(path: Path) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", path.read_text())


def test_it_says_nothing_to_the_makers_of_ray():
    code = (
        f"{SPREAD}\n"
        "try:\n    from ray._common.usage import usage_lib\n"
        "except ImportError:\n    from ray._private.usage import usage_lib  # Ray 2.50\n"
        "print(usage_lib.usage_stats_enabled())"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True
    )
    assert found.stdout.strip().endswith("False"), found.stderr
