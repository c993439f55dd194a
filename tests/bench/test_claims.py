"""Two runs at once: a folder is one run's, for as long as its process lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recosim.bench.results import episodes_path, read_results, verify_results
from recosim.bench.run import run_bench
from recosim.bench.setup import prepare_env, usual_folder
from recosim.errors import BusyError, ResultsError
from recosim.files import LOCK, clear_parts, held

ROOT = Path(__file__).resolve().parents[2]
KEY = "CPR-LastFM-Small-v0"

# Both stop before the claim until the other is there too.
RUNNER = """
import sys, time
from pathlib import Path
from recosim.bench import run
from recosim.bench.setup import prepare_env
folder, me, agents, options = Path(sys.argv[1]), sys.argv[2], sys.argv[3], eval(sys.argv[4])
env = prepare_env("CPR-LastFM-Small", episodes=6, overrides=options)
claimed = run.claimed_run
def at_once(*given):
    (folder.parent / me).touch()
    while not all((folder.parent / one).exists() for one in ("a", "b")):
        time.sleep(0.001)
    return claimed(*given)
run.claimed_run = at_once
from recosim.errors import RecosimError
try:
    run.run_bench([env], agents.split(","), folder, seeds=(0, 1))
except RecosimError as error:
    print(type(error).__name__, error)
    sys.exit(1)
"""


def start(code: str, *given: object) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", code, *map(str, given)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("other", ["{}", "{'max_turns': 3}"])
def test_of_two_benches_on_a_new_folder_one_runs(tmp_path, other):
    """Whether they are the same run or not: one ends with its own results, or both do in turn."""
    both = [
        start(RUNNER, tmp_path / "out", "a", "random", "{}"),
        start(RUNNER, tmp_path / "out", "b", "random", other),
    ]
    said = [process.communicate(timeout=300)[0] for process in both]
    codes = [process.returncode for process in both]
    assert 0 in codes, said
    for code, text in zip(codes, said, strict=True):
        if code:
            assert text.startswith(("BusyError", "ResultsError")), text
    if other != "{}":
        assert 1 in codes
    (env,) = verify_results(tmp_path / "out").environments
    turns = env.setup.rules.max_turns
    assert turns == (3 if other != "{}" and codes[1] == 0 else 15)


HOLDER = """
import sys, time
from pathlib import Path
from recosim.files import LOCK, held
with held(Path(sys.argv[1]) / LOCK):
    Path(sys.argv[1], ".world.%d-ab.part" % __import__("os").getpid()).write_text("half")
    print("held", flush=True)
    time.sleep(300)
"""


@pytest.mark.skipif(os.name != "posix", reason="kills a process with a POSIX signal")
def test_the_lock_of_a_killed_process_is_gone_and_its_parts_are_cleared(tmp_path):
    process = start(HOLDER, tmp_path)
    assert process.stdout.readline() == "held\n"
    with pytest.raises(BusyError, match="another process is writing to"), held(tmp_path / LOCK):
        pass
    clear_parts(tmp_path)
    assert len(list(tmp_path.glob(".*.part"))) == 1  # its process is at work
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with held(tmp_path / LOCK):
        clear_parts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_one_process_has_a_folder_once(tmp_path):
    with held(tmp_path / "a" / LOCK), pytest.raises(BusyError), held(tmp_path / "a" / LOCK):
        pass
    with held(tmp_path / "a" / LOCK):
        pass


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    lock = held(tmp_path / "file" / LOCK, ResultsError, "Name another.")
    with pytest.raises(ResultsError, match=r"file.*cannot be written to.*Name another"), lock:
        pass


def test_a_unit_of_another_set_up_is_refused_and_never_mixed(tmp_path):
    env = prepare_env("CPR-LastFM-Small", episodes=6)
    other = prepare_env("CPR-LastFM-Small", episodes=6, overrides={"max_turns": 3})
    run_bench([env], ["random"], tmp_path / "mine")
    run_bench([other], ["random"], tmp_path / "other")
    foreign = episodes_path(tmp_path / "other", KEY, "random", 0).read_bytes()
    path = episodes_path(tmp_path / "mine", KEY, "random", 0)
    mine = path.read_bytes()
    path.write_bytes(foreign)
    (tmp_path / "mine" / "results.json").unlink()
    with pytest.raises(ResultsError, match=r"of another run: protocol.max_turns is 3 .*Remove it"):
        run_bench([env], ["random"], tmp_path / "mine")
    path.unlink()
    run_bench([env], ["random"], tmp_path / "mine")
    assert path.read_bytes() == mine


def test_a_flipped_result_is_said(tmp_path):
    env = prepare_env("CPR-LastFM-Small", episodes=6)
    run_bench([env], ["random"], tmp_path)
    path = tmp_path / "results.json"
    whole = path.read_text()
    at = whole.index('"value": 0') + len('"value": ')
    path.write_text(whole[:at] + "1" + whole[at + 1 :])
    with pytest.raises(ResultsError, match=r"results.json was changed after it was written"):
        read_results(tmp_path)


def test_the_usual_folder_tells_set_ups_apart():
    def folder(*names, checkpoints=None, illegal="raise", **more):
        overrides = more.pop("overrides", None)
        envs = [prepare_env(name, overrides=overrides, **more) for name in names]
        return usual_folder(envs, illegal=illegal, checkpoints=checkpoints)

    name = "CPR-LastFM-Small"
    assert folder(name) == KEY
    found = [
        folder(name),
        folder(name, split="valid"),
        folder(name, episodes=5),
        folder(name, episodes=6),
        folder(name, illegal="penalise"),
        folder(name, checkpoints=Path("here")),
        folder(name, overrides={"protocol_options": {"on_reject": "remove"}}),
        folder(name, overrides={"estimator_options": {"sweeps": 3}}),
        folder(name, overrides={"patience": 4}),
        folder(name, overrides={"users": "typical"}),
    ]
    assert len(set(found)) == len(found), found
    assert all("/" not in one for one in found)
