"""`OpenAIBackend`: one call to an OpenAI-compatible server, and what to make of its failures."""

from __future__ import annotations

import importlib.util
import os
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict

from recosim.chat.answers import read_answer
from recosim.chat.backend import Answer, ChatFault, prompt_estimate
from recosim.chat.budget import Budget, Spending
from recosim.chat.openai_client import bounded_client
from recosim.chat.request import ChatRequest, Message
from recosim.chat.retry import pause_before
from recosim.chat.settings import ChatSettings, Form
from recosim.chat.wire import parameters, read_body, retry_after
from recosim.errors import ChatError, MissingExtraError

if TYPE_CHECKING:
    import openai

__all__ = ["OpenAIBackend"]

SHOWN_MODELS = 20
# Errors that some servers send as other codes, by the code in the body.
REFUSALS = ("content_filter", "content_policy_violation")
SPENT = "insufficient_quota"


class Probe(BaseModel):
    """An answer that no model gives to `PROBE` unless it is held to it."""

    model_config = ConfigDict(extra="forbid")
    fruit: Literal["kumquat"]


PROBE = ChatRequest(
    [Message("user", "Say hello in one short sentence, as plain text and not as JSON.")],
    answer=Probe,
    max_tokens=32,
)


class OpenAIBackend:
    """A model behind a server that speaks OpenAI's chat completions. Safe with threads.

    The client's own retries are off; those of `Chat` take their place. Nothing is asked, and
    neither key nor package is needed, before the first call: a strict cassette gets by without.

    Args:
        settings: server, model, patience; from the environment what is left out.
    """

    def __init__(self, settings: ChatSettings | None = None) -> None:
        self.settings = settings or ChatSettings()
        self._lock = threading.RLock()
        self._client: openai.OpenAI | None = None
        self._process = -1
        self._form: Form | None = None if self.settings.form == "probe" else self.settings.form

    def send(self, request: ChatRequest, seconds: float) -> Answer:
        """Ask once.

        Raises:
            ChatFault: 408, 409, 429, 5xx, no connection, no time left, a body that is too long or
                none of a chat completion.
            ChatError: any other status from 400: the settings are wrong.
            MissingExtraError: the package `openai` is not installed.
        """
        if self._form is None and request.answer is not None:
            self.check(Budget())
        return self._send(request, seconds, self._form or "schema")

    def check(self, budget: Budget) -> Spending:
        """See that the server is there and has the model; find out if it can hold it to a schema.

        Raises:
            ChatError: what is wrong, with the URL, and what to do.
            BudgetError: the budget does not allow to ask.
            MissingExtraError: the package `openai` is not installed.
        """
        spent = Spending()
        with self._lock:
            listed = self._check_model()
            if self._form is None:
                self._form = self._probe(budget, spent)
            elif not listed:
                form = self._form
                self._patiently(lambda: self._ask_probe(form, budget, spent))
        return spent

    @property
    def form(self) -> Form | None:
        """How the form of an answer is conveyed; None until `check` has found out."""
        return self._form

    # ---- finding out -------------------------------------------------------------------------

    def _check_model(self) -> bool:
        """Whether the server lists its models; if it does, the model must be one of them."""
        _, _, model = self.settings.server()
        offered = self._patiently(self._list_models)
        if offered is None or model in offered:
            return offered is not None
        names = sorted(offered)
        more = f" and {len(names) - SHOWN_MODELS} more" if len(names) > SHOWN_MODELS else ""
        raise ChatError(
            f"the server at {self._url()} has no model {model!r}. It offers: "
            f"{', '.join(names[:SHOWN_MODELS]) or '(none)'}{more}. Give one of them as model=, or "
            "in RECOSIM_LLM_MODEL."
        )

    def _list_models(self) -> list[str] | None:
        import openai

        with self._failures():
            try:
                found = self._open().models.list(timeout=self.settings.timeout)
                return [str(entry.id) for entry in found.data]
            except openai.APIStatusError as error:
                if error.status_code in (404, 405, 501):
                    return None  # not all servers list their models
                raise
            except (AttributeError, TypeError, ValueError):
                return None  # something, but no list

    def _probe(self, budget: Budget, spent: Spending) -> Form:
        """Ask for what no free model would say, in each form, and see which is obeyed."""
        forms: Iterable[Form] = ("schema", "json")
        for form in forms:
            try:
                answer = self._patiently(lambda form=form: self._ask_probe(form, budget, spent))
            except _BadRequest:
                continue  # it knows no such parameter
            if answer.refusal:
                continue
            _, value, problem = read_answer(answer, Probe)
            if value is not None or (form == "json" and problem and problem.kind == "wrong_schema"):
                return form
        return "prompt"

    def _ask_probe(self, form: Form, budget: Budget, spent: Spending) -> Answer:
        cost = self.settings.cost
        read, written = prompt_estimate(PROBE), PROBE.max_tokens
        with budget.reserve(Spending(1, read + written, cost(read, written))) as actual:
            actual.tokens, actual.money = 0, 0.0
            spent.requests += 1
            answer = self._send(PROBE, self.settings.timeout, form)
            read, written = answer.prompt_tokens, answer.completion_tokens
            actual.tokens, actual.money = read + written, cost(read, written)
        spent.tokens += actual.tokens
        spent.money += actual.money
        return answer

    def _patiently(self, call: Any) -> Any:
        """Repeat a call of the check as `Chat` would; a server that is not there is an error."""
        settings = self.settings
        deadline = time.monotonic() + settings.deadline
        for attempt in range(1, settings.attempts + 1):
            try:
                return call()
            except ChatFault as fault:
                pause = pause_before(settings, "check", attempt + 1, fault.wait)
                late = time.monotonic() + pause >= deadline
                if fault.kind == "unreachable" or attempt == settings.attempts or late:
                    raise ChatError(
                        f"the language model server at {self._url()} does not answer: {fault}. "
                        "Start it, or name another with base_url= or OPENAI_BASE_URL."
                    ) from None
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    # ---- one call ----------------------------------------------------------------------------

    def _send(self, request: ChatRequest, seconds: float, form: Form) -> Answer:
        given = parameters(request, self.settings, form)
        try:
            with self._failures():
                # `create` is overloaded on literal arguments, which these are not.
                create: Any = self._open().chat.completions.with_raw_response.create
                body = create(**given, timeout=seconds).http_response.content
        except _Refused as refusal:
            return Answer("", refusal=str(refusal))
        return read_body(body, request)

    def _open(self) -> openai.OpenAI:
        """The client; another one on the other side of a fork."""
        with self._lock:
            if self._client is None or self._process != os.getpid():
                if importlib.util.find_spec("openai") is None:
                    raise MissingExtraError("openai", "llm", "A language model behind a server")
                self._client = bounded_client(self.settings)
                self._process = os.getpid()
            return self._client

    def _failures(self) -> _Failures:
        return _Failures(self)

    def _url(self) -> str:
        return self.settings.shown_url or "api.openai.com"

    def _status(self, error: openai.APIStatusError) -> NoReturn:
        """The fault or error that a status stands for."""
        status, said = error.status_code, self._said(error)
        code = _code(error)
        if code in REFUSALS:
            raise _Refused(said) from None
        if status == 429 and code != SPENT:
            wait = retry_after(error.response.headers)
            raise ChatFault("rate_limited", said, wait=wait) from None
        if status == 408:
            raise ChatFault("timed_out", said) from None
        if status == 409:
            raise ChatFault("conflict", said) from None
        if status >= 500:
            wait = retry_after(error.response.headers)
            raise ChatFault("server_error", said, wait=wait) from None
        advice = {
            401: "Set OPENAI_API_KEY to a key of this server, or give api_key=."
            if not self.settings.api_key
            else "It does not accept the key: check OPENAI_API_KEY or api_key=.",
            403: "The key may not use this model: check OPENAI_API_KEY and RECOSIM_LLM_MODEL.",
            404: f"Is the model {self.settings.model!r} one of its own, and /v1 in base_url?",
            429: "The account behind the key has no credit left.",
        }.get(status, "It does not take these settings.")
        if "max_completion_tokens" in said:
            advice = "Give tokens_field='max_completion_tokens'."
        kind = _BadRequest if status in (400, 422) else ChatError
        raise kind(f"the server at {self._url()} refuses the call: {said}. {advice}") from None

    def _said(self, error: openai.APIStatusError) -> str:
        """The server's words, shortened, and without the key if they repeat it."""
        body = error.body
        said = body.get("message") if isinstance(body, dict) else None
        text = " ".join(str(said or error.message).split())
        if self.settings.api_key:
            text = text.replace(self.settings.api_key, "[key]")
        return f"status {error.status_code}, {text[:300]}"


class _Failures:
    """Turns what the client raises inside of a block into a `ChatFault` or a `ChatError`."""

    def __init__(self, backend: OpenAIBackend) -> None:
        self.backend = backend

    def __enter__(self) -> None:
        self.backend._open()  # a missing package is known before its exceptions are looked for

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        if error is None:
            return
        import httpx2
        import openai

        if isinstance(error, openai.APIStatusError):
            self.backend._status(error)
        if isinstance(error, openai.APIConnectionError) and error.__cause__ is not None:
            error = error.__cause__  # what happened, before the client named it
        if isinstance(error, ChatFault):
            raise error from None
        if isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError)):
            raise ChatFault("unreachable", f"no connection ({error})") from None
        if isinstance(error, (httpx2.TimeoutException, openai.APITimeoutError)):
            raise ChatFault("timed_out", "no answer in time", billed=True) from None
        if isinstance(error, (httpx2.UnsupportedProtocol, httpx2.InvalidURL)):
            raise ChatError(f"base_url {self.backend._url()} is no usable URL: {error}.") from None
        if isinstance(error, (httpx2.HTTPError, openai.APIConnectionError)):
            raise ChatFault(
                "disconnected", f"the connection ended ({error})", billed=True
            ) from None
        if isinstance(error, openai.APIError):  # a body that is not what it should be
            raise ChatFault("malformed", str(error)[:300], billed=True) from None


class _BadRequest(ChatError):
    """The server does not take a parameter; a probe goes on with the next form."""


class _Refused(Exception):
    """An error status that stands for a refusal of a content filter."""


def _code(error: openai.APIStatusError) -> str:
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]
    return str(body.get("code") or body.get("type") or "") if isinstance(body, dict) else ""
