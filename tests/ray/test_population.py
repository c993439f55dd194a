"""Populations on Ray: the bytes of one process, for any number of shards and whoever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from recosim.cluster import Cluster
from recosim.envs.setup import Setup
from recosim.errors import ClusterError, ResultsError, WorldError
from recosim.multi.plan import Plan
from recosim.multi.running import run_population
from recosim.multi.shard import Errand, open_shard

ROOT = Path(__file__).resolve().parents[2]


def written(folder: Path) -> dict[str, bytes]:
    """Every file of a run but pictures."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".png" and not path.name.startswith(".")
    }


@pytest.fixture(scope="module")
def plan(shared_cache) -> Plan:
    setup = Setup.prepare(
        "recoworld",
        world="lastfm-small",
        split="test",
        users="typical",
        protocol_options={"horizon": 6, "max_steps": 60},
    )
    return Plan("recosim/x", setup, ("follow", "static"), 60, traces=True)


@pytest.fixture(scope="module")
def whole(plan, tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("population") / "whole"
    run_population(plan, folder, chunk=6, threads=1)
    found = written(folder)
    assert sum(name.startswith("traces/") for name in found) == 10
    return found


@pytest.mark.parametrize("n", [1, 2, 7])
def test_any_number_of_shards_gives_the_bytes_of_one_process(ray, plan, whole, tmp_path, n):
    told = []
    run_population(
        plan,
        tmp_path / "run",
        chunk=6,
        cluster=Cluster(n),
        progress=lambda *said: told.append(said),
    )
    assert written(tmp_path / "run") == whole
    assert [done for done, _, _ in told] == list(range(6, 66, 6))


def test_an_actor_that_is_killed_is_replaced_and_its_part_played_again(
    ray, actors, plan, whole, tmp_path
):
    killed, notices = [], []

    def progress(done, total, what):
        if not killed:
            killed.append(actors()[0])
            os.kill(killed[0], signal.SIGKILL)

    folder = tmp_path / "run"
    run_population(
        plan, folder, chunk=6, cluster=Cluster(2), progress=progress, notice=notices.append
    )
    assert written(folder) == whole
    assert killed
    assert notices == ["an actor died; another one did its work again"]


def test_another_number_of_shards_goes_on_and_so_does_one_process(ray, plan, whole, tmp_path):
    folder = tmp_path / "run"

    class Stop(Exception):
        pass

    def stop_after(n):
        def progress(done, total, what):
            if done >= n and what != "done before":
                raise Stop

        return progress

    for n, cluster in ((12, Cluster(2)), (30, Cluster(3))):
        with pytest.raises(Stop):
            run_population(plan, folder, chunk=6, cluster=cluster, progress=stop_after(n))
        parts = sorted((folder / "chunks").iterdir())
        assert n // 6 <= len(parts) < 10
        assert not (folder / "summary.json").exists()
    run_population(plan, folder, threads=1)  # the size of its parts is that of the folder
    assert written(folder) == whole


def test_the_folder_of_another_run_is_refused(ray, plan, tmp_path):
    run_population(plan, tmp_path / "run", chunk=30, cluster=Cluster(2))
    with pytest.raises(ResultsError, match=r"holds another run.*seed \(0, now 1\)"):
        run_population(replace(plan, seed=1), tmp_path / "run", cluster=Cluster(2))


def test_a_machine_without_the_world_is_named_with_what_to_do(ray, plan, tmp_path):
    errand = Errand.of(plan, 6, 1)
    elsewhere = replace(errand.parcel, folder=tmp_path / "nowhere", world="my-lastfm")
    with pytest.raises(WorldError, match=r"does not have the world 'my-lastfm'.*RECOSIM_CACHE"):
        open_shard(replace(errand, parcel=elsewhere))
    another = replace(errand.parcel, fingerprint="0" * 64)
    with pytest.raises(WorldError, match=r"with the fingerprint 000000000000.*has the fingerprint"):
        open_shard(replace(errand, parcel=another))


def test_a_machine_where_the_plan_is_another_one_is_named(ray, plan):
    errand = Errand.of(plan, 6, 1)
    errand.described["platforms"][0]["settings"] = {"weight": 3}
    with pytest.raises(ClusterError, match=r"these differ: platforms.*RECOSIM_PATH"):
        open_shard(errand)


def test_a_killed_command_leaves_nothing_running_and_goes_on_without_ray(shared_cache, tmp_path):
    def command(name, *more):
        return [
            sys.executable, "-m", "recosim", "population", "RecoWorld-LastFM-Small", "--users",
            "400", "--days", "6", "--chunk", "20", "--rows", "16", "--traces", "--no-plots",
            "--out", str(tmp_path / name), *more,
        ]  # fmt: skip

    running = subprocess.Popen(command("run", "--ray", "--shards", "2"))
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and len([*(tmp_path / "run").glob("chunks/*.npz")]) < 2:
        assert running.poll() is None
        time.sleep(0.05)
    ours = [pid for pid in _all_processes() if _environ(pid, str(shared_cache))]
    running.kill()
    running.wait()
    assert not (tmp_path / "run" / "summary.json").exists()
    subprocess.run(command("run"), check=True, stdout=subprocess.DEVNULL)
    subprocess.run(command("whole"), check=True, stdout=subprocess.DEVNULL)
    assert written(tmp_path / "run") == written(tmp_path / "whole")
    assert len(ours) == 2  # the actors, which ended with who started them
    assert not [pid for pid in ours if _environ(pid, str(shared_cache))]


def _all_processes() -> list[int]:
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and int(entry.name) != os.getpid()
    ]


def _environ(pid: int, cache: str) -> bool:
    """Whether a process was started with this cache and works with Ray."""
    try:
        words = (Path("/proc") / str(pid) / "environ").read_bytes()
        name = (Path("/proc") / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False
    return f"RECOSIM_CACHE={cache}".encode() in words.split(b"\0") and b"ray::_Actor" in name
