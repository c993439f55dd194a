"""Stored files damaged at random: they are read as what they were, or refused with an error.

Worlds, traces, results, checkpoints and cassettes. Input n of a seed is the same one everywhere, so
that a failure names what reproduces it.
"""

from __future__ import annotations

import random
import shutil
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench.conftest import make_setup, write_run
from fuzz.changes import damaged
from reference.coin import Coin

from recosim.agents.checkpoints import Place, read_checkpoint, write_checkpoint
from recosim.bench.results import finish_run, read_episodes, read_results, read_run
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env
from recosim.chat import Answer, Cassette
from recosim.errors import RecosimError
from recosim.trace import Trace
from recosim.world.arrays import arrays_of
from recosim.world.csr import csr_from_lists
from recosim.world.storage import open_folder, save_world
from recosim.world.world import build_world

# ---- what is stored, and what reading it gives ---------------------------------------------------


def make_world(folder: Path) -> None:
    rng = np.random.default_rng(0)
    has = [np.flatnonzero(rng.random(8) < 0.5).tolist() or [0] for _ in range(30)]
    took = [rng.permutation(30)[:12].tolist() for _ in range(10)]
    world = build_world(
        name="shop",
        item_attributes=csr_from_lists(has),
        train=csr_from_lists([items[:6] for items in took]),
        valid=csr_from_lists([items[6:9] for items in took]),
        test=csr_from_lists([items[9:] for items in took]),
        n_attributes=8,
        attribute_facet=[a % 2 for a in range(8)],
        facet_names=["colour", "size"],
        attribute_names=[f"kind {a}" for a in range(8)],
        item_names=[f"thing {v}" for v in range(30)],
        source="made up",
        settings={"seed": 1},
    )
    save_world(world, folder / "world")


def read_world(folder: Path) -> Any:
    world = open_folder(folder / "world")
    arrays = {k: (v.dtype.str, v.shape, v.tobytes()) for k, v in arrays_of(world).items()}
    told = (world.name, world.fingerprint, world.source, world.licence, dict(world.settings))
    return told, arrays


def make_traces(folder: Path) -> None:
    for name, agent in (("CPR-LastFM-Small", "max_entropy"), ("RecoWorld-LastFM-Small", "static")):
        run_bench([prepare_env(name, episodes=3)], [agent], folder / "run", threads=1)
        (trace,) = (folder / "run").glob("traces/**/*.parquet")
        trace.rename(folder / f"{agent}.parquet")
        shutil.rmtree(folder / "run")


def read_traces(folder: Path) -> Any:
    found = []
    for path in sorted(folder.glob("*.parquet")):
        trace = Trace.read(path)
        trace.episodes()
        found.append((trace.table, dict(trace.metadata)))
    assert len(found) == 2
    return found


def make_results(folder: Path) -> None:
    write_run(folder, make_setup(agents=("slow", "oracle"), seeds=(0,), conversations=12))
    finish_run(folder)


def read_all_results(folder: Path) -> Any:
    results, run = read_results(folder), read_run(folder)
    episodes = [
        (rows.columns if hasattr(rows, "columns") else dict(vars(rows)), digest)
        for env in results.environments
        for agent in env.setup.agents
        for rows, digest in [read_episodes(folder, env.setup, agent.name, 0)]
    ]
    return results.model_dump(), run.model_dump(), episodes


def make_checkpoint(folder: Path) -> None:
    learner = Coin()
    learner.start(0)
    place = Place(folder, "Small", "coin", {"settings": {"rate": 0.1}, "version": 1}, 0)
    write_checkpoint(
        place, learner, world="shop", done=2, rounds=4, seconds=1.0,
        history={"SR": [0.25, None], "AT": [3.0, 4.0]},
    )  # fmt: skip


def read_a_checkpoint(folder: Path) -> Any:
    (place,) = folder.glob("Small/*/seed-0")
    found = read_checkpoint(place)
    arrays = [
        {k: (v.dtype.str, v.shape, v.tobytes()) for k, v in part.items()}
        for part in (found.weights(), found.training_state())
    ]
    return found, arrays


KEYS = [f"{n:064x}" for n in range(12)]


def make_cassette(folder: Path) -> None:
    with Cassette(folder / "run.cassette") as cassette:
        for n, key in enumerate(KEYS):
            content = {"messages": [["user", f"question {n} " * 20]], "model": "m"}
            cassette.put(key, content, Answer(text=f"answer {n} " * 20))


def read_cassette(folder: Path) -> Any:
    with Cassette(folder / "run.cassette", "replay") as cassette:
        return [cassette.get(key) for key in KEYS]


KINDS: dict[str, tuple[Callable[[Path], None], Callable[[Path], Any]]] = {
    "worlds": (make_world, read_world),
    "traces": (make_traces, read_traces),
    "results": (make_results, read_all_results),
    "checkpoints": (make_checkpoint, read_a_checkpoint),
    "cassettes": (make_cassette, read_cassette),
}
# What it may lose without a word: it says only that nothing need be read again.
MARKS = ("verified.json", "timings.json")


# ---- the fuzz ------------------------------------------------------------------------------------


def equal(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return bool(a == b)


def change(path: Path, data: bytes, others: list[bytes], rng: random.Random) -> None:
    """Damage one file: its bytes mostly, seldom the file itself."""
    pick = rng.random()
    if pick < 0.9:
        path.write_bytes(damaged(data, rng))
        return
    path.unlink()
    if pick < 0.93:
        path.mkdir()
    elif pick < 0.95:
        path.symlink_to(path.name)  # to itself
    elif pick < 0.97:
        path.write_bytes(rng.choice(others))


def put_back(path: Path, data: bytes) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.write_bytes(data)


def fuzz(kind: str, folder: Path, inputs: int, seed: int) -> Counter[str]:
    """How many inputs were refused, and how many read as before."""
    make, read = KINDS[kind]
    make(folder)
    whole = {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    files = [path for path in whole if path.name not in MARKS and not path.name.startswith(".")]
    right = read(folder)
    fates: Counter[str] = Counter()
    wrong = []
    for number in range(inputs):
        rng = random.Random(f"{seed} {kind} {number}")
        path = rng.choice(files)
        change(path, whole[path], list(whole.values()), rng)
        where = f"{kind}, seed {seed}, input {number}: {path.name}"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = read(folder)
        except RecosimError as error:
            fates["refused"] += 1
            if not 20 < len(str(error)) < 7000:
                wrong.append(f"{where}: {len(str(error))} letters")
        except Exception as error:
            wrong.append(f"{where}: {type(error).__name__}: {str(error)[:300]}")
        else:
            fates["as before"] += 1
            if not equal(found, right):
                wrong.append(f"{where}: read as something else")
        for beside in folder.rglob("*"):  # what reading left: sqlite's journals
            if beside.is_file() and beside not in whole and not beside.name.startswith("."):
                beside.unlink()
        put_back(path, whole[path])
    assert equal(read(folder), right)
    assert not wrong, f"{len(wrong)} of {inputs}:\n" + "\n".join(wrong[:20])
    return fates


@pytest.mark.parametrize("inputs", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_damaged_files_are_refused_or_read_as_they_were(
    kind: str, inputs: int, tmp_path: Path
) -> None:
    fates = fuzz(kind, tmp_path, inputs, seed=0)
    print(f"{kind}: {dict(fates)}")
    assert fates["refused"] > inputs // 2
