"""`Scrubber`: takes keys and passwords out of what a server, a proxy or a client says."""

from __future__ import annotations

import base64
import re
from urllib.parse import parse_qsl, quote, unquote, urlsplit

__all__ = ["SHOWN", "Scrubber"]

SHOWN = 300  # characters of a foreign text that an error holds
# A value that is this short is a word ("none", "EMPTY"), and stays in what a model says.
SHORTEST = 8
# `user:password@` of whatever URL a text names: of a proxy, of a redirect.
_USERINFO = re.compile(r"(?<=://)[^\s/@]{1,2000}@")


class Scrubber:
    """Takes the secrets of some settings out of texts.

    Args:
        key: of the server.
        url: of the server, perhaps with `user:password@`, and with a query that may hold a key.
    """

    def __init__(self, key: str, url: str) -> None:
        parts = urlsplit(url)
        user, _, password = parts.netloc.rpartition("@")[0].partition(":")
        values = [value for _, value in parse_qsl(parts.query)] if parts.query else []
        secrets = {"[key]": [key], "[password]": [password, *values]}
        if password:
            pair = f"{unquote(user)}:{unquote(password)}".encode()
            secrets["[password]"] += [base64.b64encode(pair).decode(), f"{user}:{password}"]
        forms = [
            (form, mask)
            for mask, words in secrets.items()
            for word in words
            if word
            for form in {word, quote(word, safe=""), unquote(word)}
        ]
        forms.sort(key=lambda pair: -len(pair[0]))  # what holds another goes first
        self._all = [(re.compile(_pattern(form)), mask) for form, mask in forms]
        self._long = [
            (re.compile(re.escape(form)), mask) for form, mask in forms if len(form) >= SHORTEST
        ]

    def __call__(self, text: str, most: int = SHOWN) -> str:
        """A foreign text, fit for an error or a report: one line, without secrets, shortened."""
        text = _USERINFO.sub("", text[: 100 * most])  # a megabyte is not searched to show a line
        for pattern, mask in self._all:
            text = pattern.sub(mask, text)
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line if len(line) <= most else line[: most - 3] + "..."

    def answer(self, text: str) -> str:
        """What a model wrote, without secrets: it is stored, and may be published."""
        for pattern, mask in self._long:
            text = pattern.sub(mask, text)
        return text


def _pattern(form: str) -> str:
    """As it stands; a form of one to three signs only where it is a word of its own."""
    text = re.escape(form)
    return text if len(form) > 3 else rf"(?<!\w){text}(?!\w)"
