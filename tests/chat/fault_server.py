"""A server of OpenAI's chat completions on loopback that breaks calls in every way, on demand.

Which calls break, and how, is a function of the request and of how often it was asked before: the
n-th call with the same content always meets the same fate, in any order and from any number of
threads. `FaultServer(rate=0.3)` is used as a context manager; `url` goes into `ChatSettings`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import select
import socket
import struct
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What a call can meet -> the fault that a client sees ("" for a refusal, which is none).
FAULTS = {
    "429": "rate_limited",
    "500": "server_error",
    "slow": "timed_out",
    "cut": "disconnected",
    "reset": "disconnected",
    "truncated": "malformed",
    "empty": "empty",
    "too_large": "too_large",
    "wrong_schema": "wrong_schema",
    "not_json": "not_json",
    "cut_off": "cut_off",
    "refusal": "",
    "filter": "",
}
# Answers that are right, in clothes that a reader has to take off.
DRESSES = ("plain", "think", "fenced", "prose")


def say(request):
    """What the server says unless told otherwise: valid JSON for an answer of {"answer": str}."""
    words = request["messages"][-1]["content"]
    return json.dumps({"answer": hashlib.sha256(words.encode()).hexdigest()[:8]})


class FaultServer:
    """Args:
    rate: share of the calls that break.
    kinds: how they break.
    script: called with (request, number of the call with this content, from 0); returns a key of
        `FAULTS`, of `DRESSES`, a (status, body) pair, or a function of (handler, request) that
        writes what it likes; None leaves the choice to `rate`.
    refuses: called with each request, a probe too; what it returns, a (status, body) pair, is the
        answer, None goes on.
    say: called with the request; the text of the answer.
    slow: seconds that a slow answer takes, if its caller waits that long.
    models: names that it has.
    key: that it wants; "" for none.
    forms: of `response_format` that it obeys; "ignored" takes all and obeys none.
    delay: seconds that every good answer takes.
    """

    def __init__(
        self, *, rate=0.0, kinds=tuple(FAULTS), script=None, say=say, slow=60.0, models=("test",),
        key="", forms=("json_schema", "json_object"), delay=0.0, refuses=None,
    ):  # fmt: skip
        self.refuses = refuses
        self.rate, self.kinds, self.script, self.say, self.slow = rate, kinds, script, say, slow
        self.models, self.key, self.forms, self.delay = models, key, forms, delay
        self.asked: Counter[str] = Counter()  # calls by content
        self.answered: Counter[str] = Counter()  # good answers, by the last message
        self.fates: Counter[str] = Counter()
        self.probes = 0
        self.listings = 0  # of its models
        self.bodies: list[dict] = []
        self.headers: list[dict] = []
        self.sent_bytes = 0
        self.connections: set[socket.socket] = set()
        self.lock = threading.Lock()

    def __enter__(self):
        handler = type("Handler", (Handler,), {"owner": self})
        self.server = Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        for connection in list(self.connections):  # kept open for a next call: there is none
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def fate(self, request, content, number):
        chosen = self.script and self.script(request, number)
        if chosen:
            return chosen
        digest = hashlib.sha256(f"{content}:{number}".encode()).digest()
        if int.from_bytes(digest[:4], "big") < self.rate * 2**32:
            return self.kinds[digest[4] % len(self.kinds)]
        return DRESSES[digest[5] % len(DRESSES)] if "response_format" in request else "plain"


def late_calls(fates, seen):
    """How many calls a client gave up before an answer that was on its way: 0 unless it is busy.

    Every other fault that was dealt must have been seen, kind by kind, and no other; a late call is
    seen as timed out in place of what was dealt.

    Args:
        fates: what the server dealt, `FaultServer.fates`.
        seen: how often the client saw each kind of fault.
    """
    dealt = dict.fromkeys(set(FAULTS.values()) - {""}, 0)
    for fate, count in fates.items():
        if FAULTS.get(fate):
            dealt[FAULTS[fate]] += count
    assert set(seen) <= set(dealt)
    missing = {kind: count - seen.get(kind, 0) for kind, count in dealt.items()}
    late = -missing.pop("timed_out")
    assert min(missing.values()) >= 0, (seen, dealt)
    assert late >= sum(missing.values()), (seen, dealt)
    return late


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, address):
        """Clients that hang up are the point of it."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: FaultServer

    def setup(self):
        super().setup()
        self.owner.connections.add(self.connection)

    def finish(self):
        self.owner.connections.discard(self.connection)
        super().finish()

    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path.endswith("/models") and self.allowed():
            self.owner.listings += 1
            models = [{"id": name, "object": "model"} for name in self.owner.models]
            self.reply(200, {"object": "list", "data": models})
        elif not self.wfile.closed and not self.path.endswith("/models"):
            self.reply(404, {"error": {"message": "no such page"}})

    def do_POST(self):
        owner = self.owner
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = json.loads(body)
        if not self.allowed():
            return
        if request["model"] not in owner.models:
            self.reply(404, {"error": {"message": f"no model {request['model']}"}})
            return
        refused = self.owner.refuses and self.owner.refuses(request)
        if refused:
            self.reply(*refused)
            return
        form = request.get("response_format", {}).get("type")
        if form and form not in owner.forms and "ignored" not in owner.forms:
            self.reply(400, {"error": {"message": f"unknown response_format {form}"}})
            return
        if "Say hello" in request["messages"][0]["content"]:
            self.probe(request, form)
            return
        content = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        with owner.lock:
            number = owner.asked[content]
            owner.asked[content] += 1
            owner.bodies.append(request)
            owner.headers.append(dict(self.headers))
            fate = owner.fate(request, content, number)
            told = "written" if callable(fate) else fate
            owner.fates[told if isinstance(told, str) else str(told[0])] += 1
        self.meet(fate, request)

    def allowed(self):
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.owner.key and given != self.owner.key:
            self.reply(401, {"error": {"message": f"incorrect key: {given}"}})
            return False
        return True

    def probe(self, request, form):
        with self.owner.lock:
            self.owner.probes += 1
        text = "Hello there!"
        if form in self.owner.forms:
            text = '{"fruit": "kumquat"}' if form == "json_schema" else '{"hello": "there"}'
        self.complete(request, text)

    def meet(self, fate, request):
        owner = self.owner
        good = owner.say(request)
        if callable(fate):
            self.close_connection = True
            fate(self, request)
        elif not isinstance(fate, str):
            self.reply(*fate)
        elif fate == "429":
            self.reply(429, {"error": {"message": "slow down"}}, {"Retry-After": "0.05"})
        elif fate == "500":
            self.reply(500, {"error": {"message": "out of order"}})
        elif fate == "slow":
            # What can be read now is the end: the caller has hung up.
            waiting, _, _ = select.select([self.connection], [], [], owner.slow)
            if waiting:
                self.close_connection = True
            else:
                self.complete(request, good)
        elif fate == "cut":
            self.reply(200, completion(request, good), keep=0.5)
        elif fate == "reset":
            # Closing with a linger of 0 seconds resets the connection.
            option = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
            self.close_connection = True
            self.connection.close()
        elif fate == "truncated":
            self.reply(200, json.dumps(completion(request, good))[:-20].encode())
        elif fate == "too_large":
            self.flood()
        elif fate == "empty":
            self.complete(request, "<think>Hm.</think>\n")
        elif fate == "wrong_schema":
            self.complete(request, '{"reply": 7}')
        elif fate == "not_json":
            self.complete(request, "I would rather talk.")
        elif fate == "cut_off":
            self.complete(request, good[:-3], finish="length")
        elif fate == "refusal":
            self.complete(request, None, refusal="I cannot help with that.")
        elif fate == "filter":
            self.complete(request, "", finish="content_filter")
        else:
            time.sleep(owner.delay)
            text = {
                "plain": good,
                "think": f'<think>\nMaybe {{"answer": 1}}?\n</think>\n\n{good}',
                "fenced": f"```json\n{good}\n```",
                "prose": f"Here it is: {good} Anything else?",
            }[fate]
            self.complete(request, text)
            with owner.lock:
                owner.answered[request["messages"][-1]["content"]] += 1

    def complete(self, request, text, *, finish="stop", refusal=None):
        self.reply(200, completion(request, text, finish, refusal))

    def flood(self):
        """An answer of 10 MB. Counts what could be sent before the client hung up."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(10_000_000))
        self.end_headers()
        self.close_connection = True
        for _ in range(100):
            self.wfile.write(b"x" * 100_000)
            with self.owner.lock:
                self.owner.sent_bytes += 100_000

    def reply(self, status, body, headers=(), *, keep=1.0):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[: int(len(data) * keep)])
        if keep < 1:
            self.wfile.flush()
            self.close_connection = True


def completion(request, text, finish="stop", refusal=None):
    """The body of a chat completion, its tokens counted as words."""
    read = sum(len(m["content"].split()) for m in request["messages"])
    written = len((text or "").split())
    return {
        "id": "c", "object": "chat.completion", "created": 0, "model": request["model"],
        "choices": [{
            "index": 0, "finish_reason": finish,
            "message": {"role": "assistant", "content": text, "refusal": refusal},
        }],
        "usage": {"prompt_tokens": read, "completion_tokens": written,
                  "total_tokens": read + written},
    }  # fmt: skip
