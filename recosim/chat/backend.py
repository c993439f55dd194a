"""`ChatBackend`: who answers one call; the faults of a call; a Python function as a backend."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from recosim.chat.budget import Budget, Spending
from recosim.chat.request import ChatRequest
from recosim.chat.settings import ChatSettings

__all__ = [
    "Answer",
    "ChatBackend",
    "ChatFault",
    "FaultKind",
    "ScriptedBackend",
    "estimate_tokens",
    "prompt_estimate",
]

# What can be wrong with one call, or with the answer that it brought.
FaultKind = Literal[
    "unreachable",  # no connection
    "disconnected",  # the connection ended in the middle
    "timed_out",  # no answer in time, or 408
    "rate_limited",  # 429
    "conflict",  # 409
    "server_error",  # 5xx
    "malformed",  # the body is not a chat completion: truncated, another protocol, not JSON
    "too_large",  # more bytes than are read
    "empty",  # nothing in it, or nothing but thinking
    "cut_off",  # stopped at max_tokens before it was whole
    "not_json",  # text where JSON was asked for
    "wrong_schema",  # JSON of another form
]


@dataclass(frozen=True)
class Answer:
    """What a server said: the content of one call.

    Attributes:
        text: as it came, thinking and fences included.
        refusal: why the model would not answer; "" if it did.
        complete: False where it stopped at `max_tokens`.
        prompt_tokens, completion_tokens: as the server counts them.
        counted: False where the server did not count, and the tokens are estimated.
        model: that the server says it was, where it is not the one that was asked; "" else.
    """

    text: str
    refusal: str = ""
    complete: bool = True
    prompt_tokens: int = 0
    completion_tokens: int = 0
    counted: bool = True
    model: str = ""


class ChatFault(Exception):
    """A call that brought no answer and is worth another try. Backends raise it, `Chat` settles it.

    Attributes:
        kind: what happened.
        wait: seconds that the server asks to wait; 0 if it does not say.
        billed: whether the server may have worked, and count tokens, for an answer that was lost.
    """

    def __init__(
        self, kind: FaultKind, detail: str = "", *, wait: float = 0.0, billed: bool = False
    ) -> None:
        super().__init__(detail or kind.replace("_", " "))
        self.kind: FaultKind = kind
        self.wait = wait
        self.billed = billed


class ChatBackend(Protocol):
    """One call to one model. Retries, validation, budgets and cassettes are `Chat`'s."""

    @property
    def settings(self) -> ChatSettings:
        """The model's name, and how patient to be with it."""

    def check(self, budget: Budget) -> Spending:
        """Find out now whether calls can succeed; what that took of the budget.

        Raises:
            ChatError: they cannot, and why.
            BudgetError: the budget does not allow to find out.
        """

    def send(self, request: ChatRequest, seconds: float) -> Answer:
        """Ask once and wait at most `seconds`. Called from several threads.

        Raises:
            ChatFault: no answer, but another try may bring one.
            ChatError: no try can bring one.
        """


class ScriptedBackend:
    """A Python function in the place of a model: for tests, examples, and users by rule.

    Args:
        function: gets the `ChatRequest`; returns the text, JSON values, an `Answer`, or raises
            `ChatFault`. Called from several threads if several requests run at once.
        settings: how patient to be; the model is called "scripted" unless they name one.
    """

    def __init__(
        self, function: Callable[[ChatRequest], Any], settings: ChatSettings | None = None
    ) -> None:
        self.function = function
        self.settings = settings or ChatSettings(model="scripted")

    def check(self, budget: Budget) -> Spending:
        """A function is always there."""
        return Spending()

    def send(self, request: ChatRequest, seconds: float) -> Answer:
        """What the function says."""
        said = self.function(request)
        if isinstance(said, Answer):
            return said
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        return Answer(
            text,
            prompt_tokens=prompt_estimate(request),
            completion_tokens=estimate_tokens(text),
            counted=False,
        )


def estimate_tokens(text: str) -> int:
    """About how many tokens a text is: one for three bytes of UTF-8, a little on the high side."""
    return -(-len(text.encode()) // 3)


def prompt_estimate(request: ChatRequest) -> int:
    """About how many tokens a request is: its messages, what frames them, and the schema."""
    schema = request.schema()
    words = sum(estimate_tokens(content) + 8 for _, content in request.messages)
    return words + (estimate_tokens(json.dumps(schema)) if schema else 0)
