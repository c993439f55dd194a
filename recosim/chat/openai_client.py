"""The `openai` client with bounds on every body: so many bytes, so many seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from recosim.chat.backend import ChatFault
from recosim.chat.settings import ChatSettings

if TYPE_CHECKING:
    import httpx2
    import openai

__all__ = ["bounded_client"]

NO_KEY = "none"  # the client wants some; servers of one's own look at none


def bounded_client(settings: ChatSettings) -> openai.OpenAI:
    """A client without retries of its own whose bodies end at `max_bytes` and at the timeout.

    The timeouts of the client are for one read each: a server that sends a byte now and then would
    hold a call for ever. Here a call that goes on sending ends at its timeout, and one that falls
    silent at most a timeout later.

    Raises:
        ChatError: no server or model is set.
    """
    import httpx2
    import openai

    class Bounded(httpx2.SyncByteStream):
        """A body that raises a `ChatFault` at its bounds, and is not read any further."""

        def __init__(self, inner: httpx2.SyncByteStream, until: float) -> None:
            self.inner, self.until = inner, until

        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for chunk in self.inner:
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

    def note_start(request: httpx2.Request) -> None:
        seconds = request.extensions.get("timeout", {}).get("read") or settings.timeout
        request.extensions["recosim_until"] = time.monotonic() + seconds

    def bound(response: httpx2.Response) -> None:
        inner = response.stream
        assert isinstance(inner, httpx2.SyncByteStream)
        response.stream = Bounded(inner, response.request.extensions["recosim_until"])

    url, key, _ = settings.server()
    return openai.OpenAI(
        base_url=url,
        api_key=key or NO_KEY,
        max_retries=0,
        # Packed bodies would make the bound on bytes one on something else.
        default_headers={"Accept-Encoding": "identity"},
        http_client=openai.DefaultHttpxClient(
            event_hooks={"request": [note_start], "response": [bound]}
        ),
    )
