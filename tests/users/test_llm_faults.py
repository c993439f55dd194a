"""Users behind a server that breaks three calls in ten, and runs that are killed and go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from chat.fault_server import FAULTS, FaultServer, late_calls

from recosim.agents.registry import make_agent
from recosim.bench.rollout import play_batch
from recosim.chat import Cassette, Chat, ChatSettings, OpenAIBackend
from recosim.envs.cpr.acts import ACTS
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.envs.talk import Talk
from recosim.trace import Trace
from recosim.users import LLMSettings, Population
from recosim.users.llm import LLMSpeaker

pytest.importorskip("openai", reason="the extra [llm] is not installed")

WORKERS, KILLS = 16, 10
# After each of these the same call follows, so that each answer that counts is sent once.
TRANSPORT = ("429", "500", "cut", "reset", "truncated", "empty")


def say(request):
    meant = request["messages"][1]["content"].rpartition("You mean: ")[2]
    return json.dumps({"words": meant})


def play(url: str, n: int, cassette: Path | None, timeout: float = 60.0) -> tuple[Trace, dict]:
    """n conversations of `max_entropy` with users behind a server."""
    server = ChatSettings(
        base_url=url, model="test", form="schema", timeout=timeout, pause=0.001, longest_pause=0.01,
        attempts=20, reasks=4,
    )  # fmt: skip
    users = Population("spoken", {"patience": 9}, llm=LLMSettings(workers=WORKERS))
    parts = Setup.prepare("cpr", world="lastfm-small", split="test", users=users)
    store = None if cassette is None else Cassette(cassette)
    chat = Chat(OpenAIBackend(server), cassette=store)
    speaker = LLMSpeaker(parts.world, users, chat)
    d, agent = parts.batch(128), make_agent("max_entropy")
    agent.bind(d)
    talk, recorder = Talk(d, speaker, ACTS), Recorder(d)
    for start in range(0, n, 128):
        seed, first = divmod(start, 896)  # the split has 958 conversations
        rows = first + np.arange(min(n - start, 128))
        play_batch(d, agent, d.pool.pairs(), rows, seed, recorder, talk)
    return recorder.trace("max_entropy", 0), speaker.report()


def check_faults(n: int) -> None:
    with FaultServer(rate=0.3, say=say) as server:
        trace, report = play(server.url, n, None, timeout=2.0)
    assert len(trace.episodes()) == n, "every conversation has ended"
    chat, faults = report["chat"], report["chat"]["faults"]
    # Nothing is lost: each utterance is the model's or the template's, and why is known.
    assert report["utterances"] == chat["requests"] == sum(report["by"].values())
    assert report["by"]["template"] == sum(report["fallbacks"].values())
    assert chat["outcomes"].get("refused", 0) == report["fallbacks"].get("refused", 0)
    # Every fault that the server dealt was seen, kind by kind, and has one fate.
    late_calls(server.fates, faults["seen"])
    fates = {k: faults["recovered"].get(k, 0) + faults["ended"].get(k, 0) for k in faults["seen"]}
    assert fates == faults["seen"]
    assert all(server.fates[kind] for kind in FAULTS if FAULTS[kind]), "every way to break was met"
    share = sum(server.fates[kind] for kind in FAULTS) / sum(server.fates.values())
    assert 0.25 < share < 0.35
    print(f"{n} conversations, {report['utterances']} utterances, faults {faults['seen']}")
    print(f"by {report['by']}, fallbacks {report['fallbacks']}, calls {chat['calls']}")


def test_conversations_go_on_whatever_the_server_does():
    check_faults(40)


@pytest.mark.slow
def test_a_thousand_conversations_go_on_whatever_the_server_does():
    check_faults(1_000)


CODE = f"""
import sys
sys.path.insert(0, {str(Path(__file__).resolve().parent.parent)!r})
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).resolve().parent)!r})
from test_llm_faults import play
play(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
"""


def check_kills(n: int, folder: Path) -> None:
    with FaultServer(rate=0.3, kinds=TRANSPORT, say=say) as server:
        whole, _ = play(server.url, n, None)
        once = sum(server.answered.values())
    path = folder / "run.cassette"
    with FaultServer(rate=0.3, kinds=TRANSPORT, say=say, delay=0.002) as server:
        for kill in range(1, KILLS + 1):
            goal = once * kill // (KILLS + 1)
            command = [sys.executable, "-c", CODE, server.url, str(n), str(path)]
            process = subprocess.Popen(command)
            give_up = time.monotonic() + 600
            while sum(server.answered.values()) < goal and process.poll() is None:
                assert time.monotonic() < give_up
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL, "it ended before it was killed"
            time.sleep(0.2)  # what is under way ends
        trace, _ = play(server.url, n, path)
        paid = sum(server.answered.values())
    assert trace.table.equals(whole.table)
    assert once <= paid <= once + KILLS * WORKERS
    print(f"{once} answers needed, {paid} paid after {KILLS} kills")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
def test_a_run_killed_ten_times_gives_the_same_conversations_and_pays_once(tmp_path):
    check_kills(1_000, tmp_path)
