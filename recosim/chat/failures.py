"""What a server says when it does not answer, and the fault or error that this is."""

from __future__ import annotations

import json
import os
import re
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urlsplit

from recosim.chat.backend import ChatFault
from recosim.chat.settings import ChatSettings
from recosim.chat.wire import retry_after
from recosim.errors import ChatError

__all__ = ["BadRequest", "Refused", "Said", "error_in", "raise_status", "said_of", "shown_proxy"]

# Codes of a filter before the model: what they stand for is no error of the settings.
REFUSALS = frozenset((
    "content_filter", "content_policy_violation", "responsibleaipolicyviolation",
    "moderation_blocked", "data_inspection_failed",
))  # fmt: skip
SPENT = frozenset(("insufficient_quota", "billing_hard_limit_reached", "insufficient_credits"))
# Statuses below 500 that pass by themselves.
PASSING = {408: "timed_out", 409: "conflict", 425: "server_error", 429: "rate_limited"}
MOST = 20_000  # bytes of an error that are looked at


class Said(NamedTuple):
    """What a body with an error says: in words, its code, the parameter it names; its beginning."""

    text: str
    code: str = ""
    param: str = ""
    whole: str = ""


class BadRequest(ChatError):
    """The server does not take a parameter (400, 422).

    Attributes:
        said: in what words.
    """

    def __init__(self, message: str, said: Said) -> None:
        super().__init__(message)
        self.said = said


class Refused(Exception):
    """An error that stands for a refusal by a content filter."""


def said_of(body: bytes, kind: str = "") -> Said:
    """What the body of an error says, whoever wrote it: a server, a framework, a proxy.

    Args:
        kind: its content type.
    """
    text = body[:MOST].decode("utf-8", "replace").strip()
    try:
        data = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        if "html" in kind.lower() or text[:200].lower().lstrip().startswith(("<!doctype", "<html")):
            title = re.search(r"(?is)<(title|h1)[^>]*>(.{1,200}?)</\1>", text)
            words = title[2] if title else re.sub(r"(?s)<[^>]{0,500}>", " ", text)
            return Said(f"a page for people, not for programs: {' '.join(words.split())[:200]}")
        return Said(text)
    return _said(data)._replace(whole=text[:4000])


def error_in(data: Any) -> Said | None:
    """The error in a body that came with status 200; None if there is none."""
    if not isinstance(data, dict):
        return None
    choices = data.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if isinstance(first, dict):
        return _said(first) if first.get("error") else None
    # Some name it, others are nothing else: {"object": "error", ...}, {"detail": ...}.
    names = ("error", "errors", "detail", "message", "msg")
    if any(data.get(name) for name in names) or data.get("object") == "error":
        return _said(data)
    return None


def raise_status(
    settings: ChatSettings, status: int, said: Said, headers: Mapping[str, str]
) -> NoReturn:
    """Raise what a status and its words stand for.

    Raises:
        Refused: a filter held the answer back.
        ChatFault: it passes: 408, 409, 425, 429, from 500.
        BadRequest: 400 and 422. ChatError: any other.
    """
    words = settings.scrub(said.text) or "nothing said"
    text = f"status {status}, {words}"
    code = said.code.lower()
    if code in REFUSALS:
        raise Refused(text) from None
    if (status in PASSING or status >= 500) and not (status == 429 and code in SPENT):
        kind: Any = PASSING.get(status, "server_error")
        raise ChatFault(kind, text, wait=retry_after(headers)) from None
    url = settings.shown_url or "api.openai.com"
    proxy = shown_proxy(settings.base_url)
    advice = {
        401: "Set OPENAI_API_KEY to a key of this server, or give api_key=."
        if not settings.api_key
        else "It does not accept the key: check OPENAI_API_KEY or api_key=.",
        402: "The account behind the key has no credit left.",
        403: "The key may not use this model: check OPENAI_API_KEY and RECOSIM_LLM_MODEL.",
        404: f"Is the model {settings.model[:80]!r} one of its own, and /v1 in base_url?",
        405: "Is /v1 in base_url, and is it the server's own address?",
        407: "A proxy wants to know who calls: put user and password into HTTPS_PROXY or "
        "HTTP_PROXY, or name the server in NO_PROXY.",
        413: "The prompt is too long for it.",
        429: "The account behind the key has no credit left.",
    }.get(status, "It does not take these settings.")
    if 300 <= status < 400:
        advice = "It redirects; give the address that it means as base_url=, or in OPENAI_BASE_URL."
    if said.text.startswith("a page for people"):
        advice = "Is base_url that of the API, with its /v1?"
    if proxy and status != 407:
        advice += f" Or does a proxy answer in its place ({proxy})? NO_PROXY leaves it out."
    message = f"the server at {url} refuses the call: {text}. {advice}"
    if status in (400, 422):
        raise BadRequest(message, said) from None
    raise ChatError(message) from None


def shown_proxy(url: str) -> str:
    """The variable that sends calls to a URL through a proxy, and its host; "" if none does."""
    parts = urlsplit(url or "https://api.openai.com")
    host = parts.hostname or ""
    if urllib.request.proxy_bypass(host):
        return ""
    for name in (f"{parts.scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if given := os.environ.get(variable, ""):
                return f"{variable}: {given.rpartition('@')[2].rpartition('//')[2][:80]}"
    return ""


def _said(data: Any) -> Said:
    """What is said in a JSON value, by the names that servers and frameworks give it."""
    code = param = ""
    for _ in range(6):  # an error in an error
        if isinstance(data, list) and data:
            if isinstance(data[0], dict) and "loc" in data[0]:  # FastAPI's and pydantic's
                return Said(*_of_validation(data[:5]), param=_names(data))
            data = data[0]
            continue
        if not isinstance(data, dict):
            break
        code = _word(data.get("code")) or _word(data.get("type")) or code
        param = _word(data.get("param")) or param
        inner = data.get("innererror")
        if isinstance(inner, dict) and _word(inner.get("code")).lower() in REFUSALS:
            code = _word(inner.get("code"))
        names = ("error", "errors", "detail", "message", "msg", "error_message", "title")
        found = [data[name] for name in names if data.get(name)]
        if not found:
            break
        data = found[0]
    text = data if isinstance(data, str) else json.dumps(data)[:MOST]
    return Said(text[:MOST], code, param)


def _of_validation(entries: list[Any]) -> tuple[str, str]:
    told = [
        f"{'.'.join(map(str, entry.get('loc') or ()))[:100]}: {entry.get('msg', '')}"
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("loc"), (list, tuple))
    ]
    return "; ".join(told), ""


def _names(entries: list[Any]) -> str:
    named = [entry.get("loc") for entry in entries[:20] if isinstance(entry, dict)]
    return " ".join(str(part)[:100] for loc in named if isinstance(loc, list) for part in loc)


def _word(value: Any) -> str:
    return str(value)[:200] if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
