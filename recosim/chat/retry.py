"""How long to wait before another attempt."""

from __future__ import annotations

import hashlib

from recosim.chat.settings import ChatSettings

__all__ = ["pause_before"]


def pause_before(settings: ChatSettings, key: str, attempt: int, wait: float) -> float:
    """Seconds to wait before an attempt: exponential back-off with jitter, or what the server asks.

    The jitter is a function of the request and the attempt, so that requests that failed together
    come back apart, and a run waits the same each time.

    Args:
        key: of the request.
        attempt: number of the attempt to come; 2 is the first that waits.
        wait: what the server asked for (Retry-After); 0 if it did not.
    """
    digest = hashlib.sha256(f"{key}:{attempt}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    # The exponent is bounded, so that no number of attempts leaves the range of floats.
    longest = min(settings.longest_pause, settings.pause * 2.0 ** min(attempt - 2, 60))
    return max(wait, longest * (0.5 + share / 2))
