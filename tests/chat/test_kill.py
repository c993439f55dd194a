"""A recording process that is killed ten times asks for nothing again but what was under way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from chat.fault_server import FaultServer
from pydantic import BaseModel, ConfigDict

from recosim.chat import Cassette, Chat, ChatRequest, ChatSettings, OpenAIBackend

pytest.importorskip("openai", reason="the extra [llm] is not installed")

REQUESTS, WORKERS, KILLS = 400, 8, 10
# Faults of the call, after which the same call follows, so that a good answer is counted once.
KINDS = ("429", "500", "cut", "reset", "truncated", "empty")


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")
    answer: str


def requests():
    return [ChatRequest([("user", f"question {n}")], answer=Form) for n in range(REQUESTS)]


def run(url, path):
    settings = ChatSettings(
        base_url=url, model="test", form="schema", timeout=2.0, pause=0.001, attempts=20
    )
    with Cassette(path) as cassette:
        chat = Chat(OpenAIBackend(settings), cassette=cassette)
        return chat.complete_all(requests(), workers=WORKERS)


CODE = f"""
import sys
sys.path.insert(0, {os.path.dirname(os.path.dirname(os.path.abspath(__file__)))!r})
from chat.test_kill import run
run(*sys.argv[1:])
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
def test_a_run_killed_ten_times_pays_again_only_for_what_was_under_way(tmp_path):
    path = tmp_path / "run.cassette"
    lost: Counter[str] = Counter()  # questions whose answer was sent and not stored at a kill
    with FaultServer(rate=0.3, kinds=KINDS, delay=0.005) as server:

        def answered():
            with server.lock:
                return Counter(server.answered)

        def stored():
            with Cassette(path, "replay") as cassette:
                return {content["messages"][0][1] for _, content, _ in cassette.rows()}

        for kill in range(1, KILLS + 1):
            before = answered()
            goal = REQUESTS * kill // (KILLS + 1)
            process = subprocess.Popen([sys.executable, "-c", CODE, server.url, str(path)])
            give_up = time.monotonic() + 300
            while answered().total() < goal and process.poll() is None:
                assert time.monotonic() < give_up
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL, "it ended before it was killed"
            quiet(answered)
            kept = stored()
            new = [text for text in (answered() - before).elements() if text not in kept]
            assert len(new) <= WORKERS  # one call of each thread, at most
            lost.update(new)
        replies = run(server.url, path)
        total = answered()

    assert [reply.value.answer for reply in replies] == [
        server_says(f"question {n}") for n in range(REQUESTS)
    ]
    # To the call: what was answered again is what was under way at a kill.
    assert total - Counter({f"question {n}": 1 for n in range(REQUESTS)}) == lost
    assert lost.total() <= KILLS * WORKERS
    print(f"{lost.total()} of {REQUESTS} answers were paid twice, after {KILLS} kills")


def server_says(words):
    from chat.fault_server import say

    return Form.model_validate_json(say({"messages": [{"content": words}]})).answer


def quiet(answered):
    """Wait until the server has nothing under way any more."""
    last, since = None, time.monotonic()
    while time.monotonic() - since < 0.3:
        now = answered().total()
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.01)
