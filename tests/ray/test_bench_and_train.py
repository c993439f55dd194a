"""Benches and trainings on Ray: the bytes and the weights of one process."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec
from pathlib import Path

import pytest

from recosim.agents.afar import Training, open_trainings, train_all
from recosim.agents.checkpoints import Place, checkpoint_key
from recosim.agents.training import train
from recosim.bench.results import verify_results
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.cluster import Cluster
from recosim.envs.parcel import Parcel
from recosim.errors import CheckpointError, OptionError

ENV = "CPR-LastFM-Small"
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs the extra torch")


def written(folder: Path) -> dict[str, bytes]:
    """Every file of a bench but the times."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "timings.json" and not path.name.startswith(".")
    }


def bench(folder, cluster=None, agents=("random", "logic", "max_entropy"), **more):
    env = prepare_env(ENV, episodes=60)
    return run_bench([env], agents, folder, seeds=(0, 1), cluster=cluster, **more)


@pytest.mark.parametrize("n", [1, 3])
def test_a_bench_gives_the_bytes_of_one_process(ray, tmp_path, n):
    bench(tmp_path / "one")
    told = []
    bench(tmp_path / "many", Cluster(n), progress=lambda *said: told.append(said[:2]))
    assert written(tmp_path / "many") == written(tmp_path / "one")
    assert "traces/CPR-LastFM-Small-v0/logic-1.parquet" in written(tmp_path / "one")
    verify_results(tmp_path / "many")
    assert told[-1] == (360, 360)
    assert told == sorted(told)


def test_a_bench_goes_on_with_ray_and_its_actors_may_die(ray, actors, tmp_path):
    bench(tmp_path / "one")
    bench(tmp_path / "many", agents=("logic",))
    killed, notices = [], []

    def progress(done, total, what):
        if done > 120 and not killed:
            killed.append(actors()[0])
            os.kill(killed[0], signal.SIGKILL)

    bench(tmp_path / "many", Cluster(1), progress=progress, notice=notices.append)
    assert written(tmp_path / "many") == written(tmp_path / "one")
    assert notices == ["an actor died; another one did its work again"]


def test_a_language_model_stays_in_one_process(tmp_path):
    with pytest.raises(OptionError, match=r"agent 'llm': a language model.*Leave out --ray"):
        bench(tmp_path / "run", Cluster(2), agents=("llm",))
    assert not (tmp_path / "run").exists()


@pytest.fixture
def env():
    return prepare_env(ENV, split="valid")


def trainings(env, root, rounds=4):
    found = []
    for name in ("scpr", "crm"):
        for seed in (0, 1):
            training = Training(name, env.name, env.key, Place(root, "", "", {}, 0), rounds)
            key = checkpoint_key(training.learner(), env.setup, env.fitted)
            place = Place(root, env.place, name, key, seed)
            found.append(Training(name, env.name, env.key, place, rounds))
    return found


@needs_torch
def test_trainings_give_the_weights_of_one_process(ray, env, tmp_path):
    alone = trainings(env, tmp_path / "one")
    for training in alone:
        train(training.learner(), env.setup, training.place, rounds=4)
    told = []
    many = trainings(env, tmp_path / "many")
    done = list(
        train_all(
            many, {env.key: env.setup}, Cluster(2), progress=lambda *said: told.append(said[:2])
        )
    )
    assert sorted(map(str, many)) == sorted(str(training) for training, _ in done)
    for one, two in zip(alone, many, strict=True):
        weights = [(t.place.folder / "weights.npz").read_bytes() for t in (one, two)]
        assert weights[0] == weights[1]
    assert told[-1] == (16, 16)
    # What was trained there plays here, and on actors that do not see the checkpoints.
    run = {"agents": ("scpr", "crm"), "checkpoints": tmp_path / "many"}
    bench(tmp_path / "a", **run)
    bench(tmp_path / "b", Cluster(2), **run)
    assert written(tmp_path / "b") == written(tmp_path / "a")


@needs_torch
def test_a_folder_that_a_machine_does_not_share_is_named(env, tmp_path):
    marks = [tmp_path / "elsewhere" / ".shared-1.part"]
    with pytest.raises(CheckpointError, match=r"does not see .*elsewhere.*--checkpoints"):
        open_trainings(({env.key: Parcel.of(env.setup)}, marks))
