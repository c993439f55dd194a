"""The `openai` client in bounds: so many seconds for a whole call, so many bytes, one host."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from recosim.chat.backend import ChatFault
from recosim.chat.settings import ChatSettings
from recosim.errors import ChatError

if TYPE_CHECKING:
    import httpx2
    import openai

__all__ = ["Clients", "Interrupted"]

NO_KEY = "none"  # the client wants some; servers of one's own look at none
GRACE = 0.25  # seconds that a body has to say itself that it is late
KEPT_REDIRECTS = 3
PACKED = ("gzip", "x-gzip", "deflate")
ResultT = TypeVar("ResultT")


class Interrupted(ChatError):
    """Ctrl-C, or an end of the run, while a call was under way; the server may count it."""

    billed = True


class Clients:
    """Clients of one server. Each call has one to itself, on a thread of its own.

    The timeouts of a client are for one read each, and some of what it does has none (a look-up of
    a name): a server that sends a byte now and then, be it of its headers, would hold a call for
    ever. So a call is waited for so long and no longer, then its client is closed under it. A wait
    ends at once with Ctrl-C, and with `interrupt`. Retries of the client itself are off.
    """

    def __init__(self, settings: ChatSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._free: list[openai.OpenAI] = []
        self._process = os.getpid()
        self._halt = threading.Event()
        self._waiting: set[threading.Event] = set()

    def call(self, what: Callable[[openai.OpenAI], ResultT], seconds: float) -> ResultT:
        """What a function of a client gives, within so many seconds.

        Raises:
            ChatFault: "timed_out".
            Interrupted: see `interrupt`.
            ChatError: the client cannot be made: no server is set, a proxy is named that is none.
            What the function raises.
        """
        client, halt = self._take(), self._halt
        over = threading.Event()
        found: list[ResultT] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                found.append(what(client))
            except BaseException as error:
                failed.append(error)
            finally:
                over.set()

        with self._lock:
            self._waiting.add(over)
        try:
            threading.Thread(target=run, name="recosim-call", daemon=True).start()
            over.wait(seconds + GRACE)
        except BaseException:
            self._close(client)
            raise
        finally:
            with self._lock:
                self._waiting.discard(over)
        if found:
            self._give_back(client)
            return found[0]
        if failed:
            # What is left of a call that failed is not known: the next one begins anew.
            self._close(client)
            raise failed[0]
        self._close(client)
        if halt.is_set():
            raise Interrupted("the call was interrupted.")
        raise ChatFault("timed_out", "no whole answer in time", billed=True)

    def wait(self, seconds: float) -> None:
        """Wait. Raises `Interrupted` where `interrupt` is called in the meantime."""
        if self._halt.wait(seconds):
            raise Interrupted("the call was interrupted.")

    def interrupt(self) -> None:
        """End every call, and every wait, that is under way now; later ones are as ever."""
        with self._lock:
            self._halt.set()
            self._halt = threading.Event()
            for over in self._waiting:
                over.set()

    def _take(self) -> openai.OpenAI:
        with self._lock:
            if self._process != os.getpid():  # a connection is of one side of a fork
                self._free, self._process = [], os.getpid()
            if self._free:
                return self._free.pop()
        return bounded_client(self._settings)

    def _give_back(self, client: openai.OpenAI) -> None:
        with self._lock:
            self._free.append(client)

    def _close(self, client: openai.OpenAI) -> None:
        with contextlib.suppress(Exception):
            client.close()


def bounded_client(settings: ChatSettings) -> openai.OpenAI:
    """A client without retries whose bodies end at `max_bytes`, unpacked, and at the timeout.

    It follows no redirect to another server, and none that turns a question into another one.

    Raises:
        ChatError: no server or model is set, or a proxy is named that is none.
    """
    import httpx2
    import openai

    class Bounded(httpx2.SyncByteStream):
        """A body, unpacked, that raises a `ChatFault` at its bounds, and is not read further."""

        def __init__(self, inner: httpx2.SyncByteStream, until: float, packed: str) -> None:
            self.inner, self.until, self.packed = inner, until, packed

        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for chunk in _unpacked(self.inner, self.packed, settings.max_bytes + 1):
                size += len(chunk)
                if size > settings.max_bytes:
                    self.close()
                    raise ChatFault(
                        "too_large", f"more than {settings.max_bytes:,} bytes", billed=True
                    )
                if time.monotonic() > self.until:
                    self.close()
                    raise ChatFault("timed_out", "no whole answer in time", billed=True)
                yield chunk

        def close(self) -> None:
            self.inner.close()

    url, key, _ = settings.server()
    home = _origin(httpx2.URL(url))

    def begin(request: httpx2.Request) -> None:
        if _origin(request.url) != home:
            there = settings.scrub(str(request.url.copy_with(query=None, userinfo=b"")))
            raise ChatError(
                f"the server at {settings.shown_url or url} sends its callers to another one: "
                f"{there}. Nothing was sent there. If you trust that server, give it as base_url=, "
                "or in OPENAI_BASE_URL."
            )
        if request.method == "GET" and request.url.path.endswith("/completions"):
            raise ChatError(
                f"the server at {settings.shown_url or url} moved: it redirects to "
                f"{settings.scrub(request.url.path)} in a way that loses the question. Give its "
                "new address as base_url=, or in OPENAI_BASE_URL."
            )
        seconds = request.extensions.get("timeout", {}).get("read") or settings.timeout
        request.extensions.setdefault("recosim_until", time.monotonic() + seconds)

    def bound(response: httpx2.Response) -> None:
        inner, until = response.stream, response.request.extensions["recosim_until"]
        assert isinstance(inner, httpx2.SyncByteStream)
        packed = response.headers.pop("content-encoding", "").strip().lower()
        response.stream = Bounded(inner, until, "" if packed == "identity" else packed)
        response.encoding = "utf-8"  # whatever the server says: some codecs unpack, or raise

    try:
        http = openai.DefaultHttpxClient(
            event_hooks={"request": [begin], "response": [bound]}, max_redirects=KEPT_REDIRECTS
        )
    except (ValueError, ImportError, TypeError) as error:
        # Its text may hold the proxy's password.
        raise ChatError(
            f"the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names cannot be used "
            f"({type(error).__name__}). Set it to a URL such as http://proxy:3128, or unset it."
        ) from None
    return openai.OpenAI(
        base_url=url,
        api_key=key or NO_KEY,
        max_retries=0,
        # What is not packed need not be unpacked; some servers pack all the same.
        default_headers={"Accept-Encoding": "identity"},
        http_client=http,
    )


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, url.host.lower(), url.port or {"http": 80, "https": 443}.get(url.scheme, 0)


def _unpacked(chunks: Any, packed: str, most: int) -> Iterator[bytes]:
    """A body as it was before it was packed, in pieces of so many bytes at most.

    Raises:
        ChatFault: "malformed": it is packed in a way that is not read, or not as it says.
    """
    if not packed:
        yield from chunks
        return
    if packed not in PACKED:
        raise ChatFault(
            "malformed", f"the body is packed as {packed[:40]!r}, which nobody asked for"
        )
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed != "deflate" else None
    for chunk in chunks:
        if unpack is None:  # with the header of zlib, or without: servers differ
            zlibbed = chunk[0] & 15 == 8 and int.from_bytes(chunk[:2].ljust(2), "big") % 31 == 0
            unpack = zlib.decompressobj(zlib.MAX_WBITS if zlibbed else -zlib.MAX_WBITS)
        while chunk and not unpack.eof:
            try:
                piece = unpack.decompress(chunk, most)
            except zlib.error as error:
                raise ChatFault("malformed", f"a packed body is damaged: {error}") from None
            yield piece
            chunk = unpack.unconsumed_tail
    if unpack is not None and not unpack.eof:
        raise ChatFault("malformed", "a packed body ended in the middle", billed=True)
