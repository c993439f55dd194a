"""Speed and memory of RecoSim, as ratios against the plain-Python reference in the same run.

    make benchmarks            or   python benchmarks/run.py --worlds lastfm --only vector

The reference is the readable implementation of the rules in tests/reference (sets and dicts). Both
sides replay the same recorded moves of a random legal policy, or play conversations with the same
agent. Times of one machine say little; the ratios carry over.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from replay import Recording, record, replay_reference, replay_scalar
from rich.console import Console
from rich.table import Table

import recosim  # noqa: F401  (registers the environments)

SIZE = 1024  # conversations of a batch
WORLDS = {"lastfm": "CPR-LastFM", "yelp": "CPR-Yelp"}
PARTS = ("speed", "many", "lives", "searches", "start", "learning", "slates")
LIFE_WORLDS = {"lastfm": "RecoWorld-LastFM", "yelp": "RecoWorld-Yelp"}


@dataclass
class Row:
    """One line of the result: ours, the reference, their ratio, and what it should be."""

    what: str
    ours: str
    baseline: str
    ratio: float | None
    target: str
    holds: bool


def rate(work: Callable[[], int], seconds: float) -> float:
    """Work per second: the best of repeated runs in about `seconds` (noise only ever slows)."""
    best, spent = 0.0, 0.0
    while spent < seconds:
        started = time.perf_counter()
        done = work()
        took = time.perf_counter() - started
        best, spent = max(best, done / took), spent + took
    return best


# ---- steps per second -------------------------------------------------------------------------


def reference_rate(env_id: str, recording: Recording, observe: bool, seconds: float) -> float:
    from reference.cpr import ReferenceConversation
    from reference.tables import WorldTables

    env = gym.make(env_id).unwrapped
    tables = WorldTables(env.setup.world)
    asks = env.batch.n_askables

    def work() -> int:
        moves, started = 0, time.perf_counter()
        for events in recording.rows:
            conversation = ReferenceConversation(tables, env.setup.protocol, env.setup.vectors)
            moves += replay_reference(conversation, events, asks, observe)
            if time.perf_counter() - started > seconds:
                break
        return moves

    return rate(work, seconds)


def vector_rate(env_id: str, recording: Recording, seconds: float, **settings: Any) -> float:
    env = gym.make_vec(env_id, num_envs=SIZE, **settings)
    env.reset(seed=0)

    def work() -> int:
        env.reset(seed=0)
        started = time.perf_counter()
        for actions in recording.actions:
            env.step(actions)
        spent.append(time.perf_counter() - started)
        return 0

    spent: list[float] = []
    rate(work, seconds)
    return recording.moves / min(spent)


def scalar_rate(env_id: str, recording: Recording, seconds: float) -> float:
    """One `gymnasium.make` environment, resets included."""
    env = gym.make(env_id)
    env.reset(seed=0)

    return rate(lambda: replay_scalar(env, recording), seconds)


def bench_rate(name: str, agent: str, conversations: int) -> float:
    """Moves per second of an agent in the bench: acting, recording, writing the trace."""
    from recosim.bench.results import read_timings
    from recosim.bench.run import run_bench
    from recosim.bench.setup import prepare_env

    rates = []
    for _ in range(6):
        with tempfile.TemporaryDirectory() as folder:
            run_bench([prepare_env(name, episodes=conversations)], [agent], Path(folder))
            rates.append(read_timings(Path(folder))[0].moves_per_second)
    return max(rates)


def reference_agent_rate(name: str, agent: str, seconds: float) -> float:
    from reference.cpr import ReferenceConversation
    from reference.policies import max_entropy, play, weighted_entropy
    from reference.tables import WorldTables, draws_from

    from recosim.bench.setup import prepare_env

    env = prepare_env(name)
    tables = WorldTables(env.setup.world)
    rng = np.random.default_rng(0)
    draw, draw_unit = draws_from(rng)

    def work() -> int:
        moves, started = 0, time.perf_counter()
        for c in rng.permutation(len(env.units)):
            conversation = ReferenceConversation(
                tables, env.setup.protocol, env.setup.vectors, draw=draw, draw_unit=draw_unit
            )
            conversation.open(*(int(x) for x in env.units[c]))
            if agent == "max_entropy":
                moves += len(play(conversation, lambda c: max_entropy(c, rng.random())))
            else:
                moves += len(play(conversation, weighted_entropy))
            if time.perf_counter() - started > seconds:
                break
        return moves

    return rate(work, seconds)


def speed_rows(world: str, seconds: float) -> list[Row]:
    name = WORLDS[world]
    env_id = f"recosim/{name}-v0"
    label = name.removeprefix("CPR-")
    recording = record(env_id, SIZE, 60, 64)
    plain = reference_rate(env_id, recording, False, seconds)
    full = reference_rate(env_id, recording, True, seconds)
    targets = {"lastfm": (500, 800, 60), "yelp": (800, 800, 200)}[world]
    ideal = vector_rate(env_id, recording, seconds)
    rows = [
        _speed(
            f"{label}: vector env, transition only",
            vector_rate(env_id, recording, seconds, observe=["turn"], infos=False),
            plain,
            targets[0],
        ),
        _speed(
            f"{label}: vector env, full observation",
            ideal,
            full,
            targets[1],
        ),
        _speed(
            f"{label}: the same with typical users, beside ideal ones",
            vector_rate(
                env_id, record(env_id, SIZE, 60, 0, users="typical"), seconds, users="typical"
            ),
            ideal,
            0.5,
        ),
        _speed(
            f"{label}: scalar env, full observation",
            scalar_rate(env_id, recording, seconds),
            full,
            targets[2],
        ),
    ]
    for agent in ("max_entropy", "weighted_entropy"):
        rows.append(
            _speed(
                f"{label}: {agent} in the bench",
                bench_rate(name, agent, 12_000),
                reference_agent_rate(name, agent, seconds),
                300,
            )
        )
    return rows


def many_rows(seconds: float) -> list[Row]:
    """A world of 8,438 attributes, per CPU second: beside the scalar environment and the reference.

    A batch of 64 fits into the caches with all that it shows; one of 1,024 does not.
    """
    from many_attributes import NARROW, recording, reference_moves, scalar_moves, vector_moves

    few, many = recording(64), recording(SIZE)
    scalar, plain = scalar_moves(few, seconds), reference_moves(few, seconds)
    label = "8,438 attributes, CPU:"
    rows = [_speed(f"{label} scalar env, beside the reference", scalar, plain, 20)]
    for size, played in ((64, few), (SIZE, many)):
        what = f"{label} vector env of {size:,}"
        whole = vector_moves(played, seconds)
        rows += [
            _speed(f"{what}, beside the reference", whole, plain, 40),
            _speed(f"{what}, beside scalar", whole, scalar, 3 if size < SIZE else 1),
            _speed(
                f"{what}, three narrow keys, beside scalar",
                vector_moves(played, seconds, observe=NARROW),
                scalar,
                3,
            ),
        ]
    return rows


# ---- lives ------------------------------------------------------------------------------------


def life_rows(worlds: list[str], seconds: float, crowd: int) -> list[Row]:
    """Lives of RecoWorld beside the plain-Python reference, and a crowd of users for a month."""
    from lives import record_lives, replayer

    rows = []
    for world in worlds:
        name = LIFE_WORLDS[world]
        env_id = f"recosim/{name}-v0"
        recording = record_lives(env_id, SIZE, 60, 64)
        plain = rate(replayer(env_id, recording, seconds), seconds)
        ours = vector_rate(env_id, recording, seconds)
        what = f"{name.removeprefix('RecoWorld-')}: lives, vector env, full observation"
        rows.append(_speed(what, ours, plain, 300))
    return [*rows, *crowd_rows(crowd)]


def slate_rows() -> list[Row]:
    """Slates beside those of another simulator of bored users, each with its own users."""
    from slates import lives_rate, sardine_rate

    ours, theirs = lives_rate(), sardine_rate()
    what = "slates of 10 for each second of one core, beside SARDINE"
    return [_speed(what, ours, theirs["slates_per_second"], 50)]


def search_rows(data: Path, seconds: float) -> list[Row]:
    """Whole searches beside plain Python with `rank_bm25`, and beside retrieval alone."""
    from importlib.util import find_spec

    from searches import (
        collection_to_search,
        environment_beside_retrieval,
        okapi_of,
        plain_rate,
        searches_rate,
    )

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        world = collection_to_search(data, Path(folder))
        if find_spec("rank_bm25"):
            plain = plain_rate(world, seconds, okapi_of(world))
            what = f"{world.name}: whole searches, beside plain Python with rank_bm25"
            rows.append(_speed(what, searches_rate(world, seconds), plain, 100, "searches/s"))
        inside, alone = environment_beside_retrieval(world, seconds)
    return [
        *rows,
        Row(
            f"{world.name}: environment beside its retrieval alone",
            f"{inside:.2f} s",
            f"{alone:.2f} s",
            inside / alone,
            "<= 1.3x",
            inside <= 1.3 * alone,
        ),
    ]


def crowd_rows(lives: int) -> list[Row]:
    """Each number in a process of its own; a tenth of the crowd shows whether it is linear."""
    script = Path(__file__).with_name("lives.py")
    played = []
    for n in (lives // 10, lives):
        done = subprocess.run(
            [sys.executable, str(script), str(n)], check=True, stdout=subprocess.PIPE
        )
        played.append(json.loads(done.stdout))
    few, many = played
    rates = [each["days"] / each["seconds"] for each in played]
    memory = many["megabytes"]
    what = f"LastFM: {lives:,} users for 30 days"
    return [
        Row(
            what,
            f"{rates[1]:,.0f} user-days/s",
            f"{rates[0]:,.0f} user-days/s, a tenth of them",
            rates[1] / rates[0],
            ">= 0.8x",
            rates[1] >= 0.8 * rates[0],
        ),
        Row(
            f"{what}, peak memory",
            f"{memory:,.0f} MB",
            f"{few['megabytes']:,.0f} MB, a tenth of them",
            None,
            "< 2,000 MB",
            memory < 2000,
        ),
    ]


def _speed(what: str, ours: float, baseline: float, target: float, unit: str = "moves/s") -> Row:
    ratio = ours / baseline
    return Row(
        what,
        f"{ours:,.0f} {unit}",
        f"{baseline:,.0f} {unit}",
        ratio,
        f">= {target:g}x",
        ratio >= target,
    )


# ---- start-up, memory, generation -------------------------------------------------------------


def python_seconds(code: str, repeats: int = 5) -> float:
    """Wall-clock seconds of a new Python process that runs some code: the least of several runs."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return min(times)


def python_output(code: str, **environment: str) -> float:
    """The number that a new Python process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    return float(done.stdout.split()[-1])


def memory_rows() -> list[Row]:
    """The most memory that a new process had, where the system tells (Linux).

    Not getrusage's maximum: a new process starts with that of the one that started it.
    """
    if not Path("/proc/self/status").is_file():
        return []
    memory = python_output(
        "import re, gymnasium as gym, recosim, numpy as np\n"
        "env = gym.make_vec('recosim/CPR-Yelp-v0', num_envs=1024)\n"
        "obs, info = env.reset(seed=0)\n"
        "for _ in range(45): obs, *_ , info = env.step(np.argmax(info['action_mask'], axis=1))\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) / 1024)"
    )
    what = "peak memory, 1,024 Yelp conversations"
    return [Row(what, f"{memory:,.0f} MB", "", None, "< 1,000 MB", memory < 1000)]


def start_rows() -> list[Row]:
    empty = python_seconds("pass")
    gymnasium = python_seconds("import gymnasium")
    base = python_seconds("import gymnasium, numba")
    make = "import gymnasium as gym, recosim; e = gym.make('recosim/CPR-Yelp-v0')"
    move = "; e.reset(seed=0); e.step(e.action_space.sample())"
    made, moved = python_seconds(make), python_seconds(make + move)
    again = python_output(
        f"import time; {make}; t = time.perf_counter(); gym.make('recosim/CPR-Yelp-v0')"
        "; print(time.perf_counter() - t)"
    )
    opened = min(
        python_output(
            "import time; from recosim.world.catalog import open_world; open_world('lastfm-small')"
            "; t = time.perf_counter(); open_world('yelp'); print(time.perf_counter() - t)"
        )
        for _ in range(5)
    )
    imported = python_seconds("import gymnasium, recosim") - gymnasium
    with tempfile.TemporaryDirectory() as cache:
        built = python_output(
            "import time; from recosim.world.catalog import open_world\n"
            "t = time.perf_counter(); open_world('yelp'); print(time.perf_counter() - t)",
            RECOSIM_CACHE=cache,
        )
    with tempfile.TemporaryDirectory() as out:
        command = [
            sys.executable,
            "-m",
            "recosim",
            "bench",
            "CPR-LastFM",
            "--agents",
            "max_entropy",
        ]
        started = time.perf_counter()
        subprocess.run([*command, "--out", out], check=True, stdout=subprocess.DEVNULL)
        bench = time.perf_counter() - started
    return [
        Row(
            "gym.make CPR-Yelp, new process",
            f"{made:.2f} s",
            f"{base:.2f} s import gymnasium, numba",
            made / base,
            "< 2x",
            made < 2 * base,
        ),
        Row(
            "the same, reset and one step",
            f"{moved:.2f} s",
            f"{base:.2f} s import gymnasium, numba",
            moved / base,
            "",
            True,
        ),
        Row("gym.make CPR-Yelp again", f"{again * 1e3:.0f} ms", "", None, "< 100 ms", again < 0.1),
        Row("open the Yelp world", f"{opened * 1e3:.1f} ms", "", None, "< 20 ms", opened < 0.02),
        Row(
            "import recosim, beyond gymnasium",
            f"{imported:.2f} s",
            f"{gymnasium - empty:.2f} s import gymnasium",
            None,
            "< 0.3 s",
            imported < 0.3,
        ),
        *memory_rows(),
        Row("generate yelp", f"{built:.0f} s", "", None, "< 60 s", built < 60),
        Row(
            "recosim bench, 11,892 LastFM conversations",
            f"{bench:.1f} s",
            "",
            None,
            "< 10 s",
            bench < 10,
        ),
    ]


def learning_rows(seconds: float) -> list[Row]:
    """What learns; needs torch and stable-baselines3."""
    from learning import evaluation_seconds, fm_samples_per_second, share_of_environment

    ours, naive = fm_samples_per_second(seconds)
    rows = [
        Row(
            "fit fm, LastFM",
            f"{ours:,.0f} samples/s",
            f"{naive:,.0f} samples/s one at a time, autograd",
            ours / naive,
            ">= 20x",
            ours >= 20 * naive,
        )
    ]
    for name, limit in (("scpr", 15.0), ("unicorn", 240.0), ("pathfinder", float("inf"))):
        took, played = evaluation_seconds(name)
        rows.append(
            Row(
                f"LastFM: {name} plays {played:,} conversations",
                f"{took:.1f} s",
                "",
                None,
                f"< {limit:g} s" if limit < float("inf") else "",
                took < limit,
            )
        )
    inside, whole = share_of_environment()
    rows.append(
        Row(
            "LastFM: environment in PPO training, 256 conversations",
            f"{inside:.2f} s",
            f"{whole:.1f} s all of the training",
            inside / whole,
            "< 0.1x",
            inside < 0.1 * whole,
        )
    )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--worlds", default="lastfm,yelp", help="lastfm, yelp, or both")
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--seconds", type=float, default=3.0, help="time for each measurement")
    parser.add_argument("--crowd", type=int, default=1_000_000, help="users of the largest run")
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="where SciFact is, if it is"
    )
    parser.add_argument("--json", type=Path, help="write the rows to a file too")
    arguments = parser.parse_args()
    console = Console(width=130)
    rows: list[Row] = []
    if arguments.only in (None, "speed"):
        for world in arguments.worlds.split(","):
            rows += speed_rows(world, arguments.seconds)
    if arguments.only in (None, "many"):
        rows += many_rows(arguments.seconds)
    if arguments.only in (None, "lives"):
        rows += life_rows(arguments.worlds.split(","), arguments.seconds, arguments.crowd)
    if arguments.only in (None, "searches"):
        rows += search_rows(arguments.data, arguments.seconds)
    if arguments.only in (None, "learning"):
        rows += learning_rows(arguments.seconds)
    if arguments.only in (None, "start"):
        rows += start_rows()
    if arguments.only == "slates":  # it installs another simulator, so only where asked for
        rows += slate_rows()
    table = Table("what", "RecoSim", "baseline, same run", "ratio", "target", "")
    for row in rows:
        ratio = (
            ""
            if row.ratio is None
            else f"{row.ratio:,.2f}x"
            if row.ratio < 1
            else f"{row.ratio:,.1f}x"
        )
        table.add_row(
            row.what, row.ours, row.baseline, ratio, row.target, "ok" if row.holds else "no"
        )
    console.print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps([vars(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
