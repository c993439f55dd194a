"""Jobs killed at random moments and given again until they end: equal bytes, nothing paid twice.

    python tests/kill/harness.py                          # 300 SIGKILLs, about twenty minutes
    python tests/kill/harness.py --jobs train --kills 50 --seed 3

Each job runs twice undisturbed first; what differs between two of those runs (seconds, dates)
is left out of the comparison, value by value in JSON files, and named. A killed run must end with
the same files, no more and no fewer, and the same bytes. Processes are forked from one that has
everything loaded, so that kills meet the work and not the imports.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, contextmanager
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from chat.fault_server import FaultServer
from kill.jobs import JOBS, Job, say

ENTRIES = ("cpr", "recoworld", "convsim")
WORKERS = 8  # calls to a model at once: as many may be paid twice at each kill
LIMIT = 600.0  # seconds for one run


def load() -> None:
    """Import and compile in this process what the jobs use; no thread is started."""
    from recosim.kernels.compiling import Entry

    for name in ENTRIES:
        for kernel in vars(import_module(f"recosim.envs.{name}.entries")).values():
            if isinstance(kernel, Entry):
                kernel.compile()
    for name in (
        "recosim.cli", "recosim.bench.report", "recosim.audit", "recosim.estimators.mf",
        "recosim.users.fitting", "recosim.chat", "recosim.agents.torch_learner",
        "pyarrow.parquet", "pyarrow.dataset", "pyarrow.compute", "scipy.optimize",
    ):  # fmt: skip
        import_module(name)
    for name in ("torch", "openai", "pandas"):
        try:
            import_module(name)
        except ImportError:
            print(f"{name} is not installed")


# ---- one run -------------------------------------------------------------------------------------


def start(job: Job, folder: Path, url: str) -> int:
    """The process id of a run in a folder."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.chdir(folder)
        os.environ["RECOSIM_CACHE"] = str(folder / "cache")
        if job.asks:
            os.environ |= {
                "OPENAI_BASE_URL": url,
                "RECOSIM_LLM_MODEL": "test",
                "RECOSIM_LLM_CASSETTE": str(folder / "run.cassette"),
            }
        log = os.open(folder.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        from recosim.cli import main

        job.hook()
        main(job.words)
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def wait(pid: int, seconds: float) -> int | None:
    """The status of a process, or None if it still runs after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end:
            return None
        time.sleep(0.001)


def finish(job: Job, folder: Path, url: str) -> float:
    """Let a run end; its seconds."""
    begun = time.monotonic()
    status = wait(start(job, folder, url), LIMIT)
    check(job, folder, status)
    return time.monotonic() - begun


def check(job: Job, folder: Path, status: int | None) -> None:
    told = folder.with_suffix(".log").read_text(errors="replace")
    if status != 0 and job.done not in told:
        raise AssertionError(f"{folder}: status {status}\n{told[-3000:]}")


def fresh(job: Job, folder: Path, cache: Path, prepared: Path) -> Path:
    """A folder with what the job reads."""
    shutil.copytree(prepared, folder)
    for world in job.worlds:
        shutil.copytree(cache / "worlds" / world, folder / "cache" / "worlds" / world)
    return folder


# ---- what came out -------------------------------------------------------------------------------


def outcome(folder: Path) -> dict[str, object]:
    """By file what it holds: the leaves of JSON, the rows of a cassette, else a checksum."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not path.is_file() or path.name.endswith(("-wal", "-shm", "-journal")):
            continue
        if path.suffix == ".json":
            found |= {f"{name}:{key}": v for key, v in leaves(json.loads(path.read_text())).items()}
        elif path.suffix == ".cassette":
            with closing(sqlite3.connect(path)) as opened:
                tables = opened.execute("select name from sqlite_master where type = 'table'")
                for (table,) in sorted(tables.fetchall()):
                    rows = opened.execute(f'select * from "{table}"').fetchall()
                    found[f"{name}:{table}"] = sorted(map(repr, rows))
        else:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def leaves(value: object, at: str = "") -> dict[str, object]:
    if isinstance(value, dict):
        return {k: v for key, each in value.items() for k, v in leaves(each, f"{at}/{key}").items()}
    if isinstance(value, list) and any(isinstance(each, (dict, list)) for each in value):
        return {k: v for n, each in enumerate(value) for k, v in leaves(each, f"{at}/{n}").items()}
    return {at: value}


def differences(
    found: dict[str, object], whole: dict[str, object], volatile: set[str]
) -> list[str]:
    names = (found.keys() | whole.keys()) - volatile
    return sorted(name for name in names if found.get(name, "absent") != whole.get(name, "absent"))


# ---- many kills ----------------------------------------------------------------------------------


def kill_job(
    name: str, kills: int, root: Path, cache: Path, luck: random.Random, ask: Asked
) -> dict[str, object]:
    """Kill a job so often, in as many rounds as that takes; raises where a round ends wrongly."""
    job = JOBS[name]
    prepared = root / name / "prepared"
    prepared.mkdir(parents=True)
    run_apart(lambda: job.prepare(prepared), cache)
    wholes, seconds, once = [], 0.0, 0
    for n in range(2):
        before = ask.paid()
        folder = fresh(job, root / name / f"whole-{n}", cache, prepared)
        seconds = finish(job, folder, ask.url)  # that of the last one, with all of the disk warm
        once = ask.paid() - before
        wholes.append(outcome(folder))
    volatile = {
        key for key in wholes[0].keys() | wholes[1].keys()
        if not all(key in w and w[key] == wholes[0].get(key) for w in wholes)
    }  # fmt: skip
    done = rounds = paid = at_end = 0
    while done < kills:
        folder = fresh(job, root / name / f"cut-{rounds}", cache, prepared)
        before, here = ask.paid(), 0
        while True:
            pid = start(job, folder, ask.url)
            limit = luck.uniform(0, 1.1 * seconds) if done < kills else LIMIT
            status = wait(pid, limit)
            if status is not None:
                check(job, folder, status)
                at_end += status != 0
                break
            os.kill(pid, signal.SIGKILL)
            assert wait(pid, 60) == -signal.SIGKILL
            done, here = done + 1, here + 1
        if job.asks:
            ask.settle()
        extra = ask.paid() - before - once
        assert 0 <= extra <= here * WORKERS, f"{folder}: {extra} paid twice after {here} kills"
        wrong = differences(outcome(folder), wholes[0], volatile)
        assert not wrong, f"{folder} after {here} kills: {wrong[:20]}"
        rounds, paid = rounds + 1, paid + extra
        shutil.rmtree(folder)
    return {
        "kills": done, "rounds": rounds, "seconds": round(seconds, 2), "values": len(wholes[0]),
        "volatile": dict(Counter(key.partition(":/")[0] for key in sorted(volatile))),
        "paid twice": paid, "needed": once,
    }  # fmt: skip


def run_apart(work, cache: Path) -> None:
    """Run something in a process of its own: threads that it starts do not reach the next fork."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            os.environ["RECOSIM_CACHE"] = str(cache)
            work()
            status = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(status)
    assert wait(pid, LIMIT) == 0


class Asked:
    """The scripted server in a process of its own, and how many answers it gave."""

    def __init__(self, pipe, url: str) -> None:
        self.pipe, self.url = pipe, url

    def paid(self) -> int:
        self.pipe.send("paid")
        return self.pipe.recv()

    def settle(self) -> None:
        """Wait until nothing is under way."""
        last = -1
        while (now := self.paid()) != last:
            last = now
            time.sleep(0.1)


def serve(pipe) -> None:
    with FaultServer(say=say, delay=0.005) as server:
        pipe.send(server.url)
        while pipe.recv() == "paid":
            with server.lock:
                pipe.send(server.answered.total())


@contextmanager
def served():
    ours, theirs = get_context("fork").Pipe()
    process = get_context("fork").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Asked(ours, ours.recv())
    finally:
        ours.send("end")
        process.join(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", default=",".join(JOBS), help="by name, with commas")
    parser.add_argument("--kills", type=int, help="of each job; by default 300 over all of them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder to work in, which stays")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.pop("RECOSIM_PATH", None)
    names, begun, failed = given.jobs.split(","), time.monotonic(), 0
    root = (given.keep or Path(tempfile.mkdtemp(prefix="recosim-kills-"))).absolute()
    cache = root / "cache"
    with served() as ask:
        load()
        from recosim.world.catalog import build_world_from_card

        for world in sorted({world for name in names for world in JOBS[name].worlds}):
            run_apart(lambda world=world: build_world_from_card(world), cache)
        total = 0
        for name in names:
            kills = JOBS[name].kills if given.kills is None else given.kills
            try:
                told = kill_job(
                    name, kills, root, cache, random.Random(f"{given.seed} {name}"), ask
                )
            except AssertionError as error:
                failed += 1
                print(f"{name}: FAILED: {error}", flush=True)
                continue
            total += int(str(told["kills"]))
            print(f"{name}: {json.dumps(told)}", flush=True)
    print(f"{total} kills, {failed} jobs failed, {time.monotonic() - begun:.0f} s")
    if not given.keep and not failed:
        shutil.rmtree(root)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
