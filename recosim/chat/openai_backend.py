"""`OpenAIBackend`: one call to an OpenAI-compatible server, in the dialect that it takes."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from recosim.chat.answers import read_answer
from recosim.chat.backend import Answer, ChatFault, prompt_estimate
from recosim.chat.budget import Budget, Spending
from recosim.chat.completion import read_body
from recosim.chat.dialect import Dialect
from recosim.chat.failures import BadRequest, Refused, raise_status, said_of, shown_proxy
from recosim.chat.openai_client import Clients
from recosim.chat.request import ChatRequest, Message
from recosim.chat.retry import pause_before
from recosim.chat.settings import ChatSettings, Form
from recosim.chat.wire import parameters
from recosim.errors import ChatError, MissingExtraError, RecosimError

if TYPE_CHECKING:
    import openai

__all__ = ["OpenAIBackend"]

SHOWN_MODELS = 20
# Tokens that a model may think, where nothing is set, once an answer was cut off by its thinking.
THINKING = 4096
ADAPTATIONS = 8  # refused parameters of one call, at most
ResultT = TypeVar("ResultT")


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

    A parameter that the server refuses by name (400, 422) is dropped or renamed, once, and that is
    remembered for as long as the object lives (`told`).

    Args:
        settings: server, model, patience; from the environment what is left out.
    """

    def __init__(self, settings: ChatSettings | None = None) -> None:
        self.settings = settings or ChatSettings()
        self._lock = threading.RLock()
        self._clients = Clients(self.settings)
        self._form: Form | None = None if self.settings.form == "probe" else self.settings.form
        self._dialect = Dialect.of(self.settings, self._form)
        self._thinks = False

    def send(self, request: ChatRequest, seconds: float) -> Answer:
        """Ask once.

        Raises:
            ChatFault: 408, 409, 425, 429, 5xx, no connection, no time left, a body that is too long
                or none of a chat completion.
            ChatError: any other status from 300: the settings are wrong, or another server is
                meant.
            MissingExtraError: the package `openai` is not installed.
        """
        if self._form is None and request.answer is not None:
            self.check(Budget())
        return self._send(request, seconds, self._dialect)

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
                self._dialect = replace(self._dialect, form=self._form)
            elif not listed:
                self._patiently(lambda: self._ask_probe(self._dialect, budget, spent))
        return spent

    def interrupt(self) -> None:
        """End the calls that are under way, at once; they raise `ChatError`."""
        self._clients.interrupt()

    @property
    def form(self) -> Form | None:
        """How the form of an answer is conveyed; None until `check` has found out."""
        return self._form if self._form is None else self._dialect.form

    @property
    def thinking(self) -> int:
        """Tokens that the model may write before an answer, beside those of the request."""
        given = self.settings.thinking
        return (THINKING if self._thinks else 0) if given is None else given

    def told(self) -> list[str]:
        """What is done otherwise for this server than for OpenAI's, in words."""
        thinks = [f"{self.thinking:,} tokens more, to think"] if self.thinking else []
        return self._dialect.told(self.settings) + thinks

    # ---- finding out -------------------------------------------------------------------------

    def _check_model(self) -> bool:
        """Whether the server lists its models; if it does, the model must be one of them."""
        _, _, model = self.settings.server()
        offered = self._patiently(self._list_models)
        if offered is None or any(_is_called(name, model) for name in offered):
            return offered is not None
        names = [self.settings.scrub(name, 80) for name in sorted(offered)]
        more = f" and {len(names) - SHOWN_MODELS} more" if len(names) > SHOWN_MODELS else ""
        raise ChatError(
            f"the server at {self._url()} has no model {model[:80]!r}. It offers: "
            f"{', '.join(names[:SHOWN_MODELS]) or '(none)'}{more}. Give one of them as model=, or "
            "in RECOSIM_LLM_MODEL."
        )

    def _list_models(self) -> list[str] | None:
        def ask(client: openai.OpenAI) -> Any:
            return client.models.with_raw_response.list(timeout=self.settings.timeout).http_response

        try:
            response = self._call(ask, self.settings.timeout)
            found = response.json()
            entries: Any = found
            if isinstance(found, dict):
                entries = found.get("data", found.get("models"))
            names = [e if isinstance(e, str) else e.get("id") or e.get("name") for e in entries]
            return [str(name) for name in names] if names and all(names) else None
        except _Unlisted:
            return None
        except ChatFault as fault:
            if fault.kind == "too_large":  # a list of half the world
                return None
            raise
        except (AttributeError, TypeError, ValueError, RecursionError):
            return None  # something, but no list

    def _probe(self, budget: Budget, spent: Spending) -> Form:
        """Ask for what no free model would say, in each form, and see which is obeyed."""
        forms: Iterable[Form] = ("schema", "json")
        for form in forms:

            def ask(form: Form = form) -> Answer:
                dialect = replace(self._dialect, form=form)
                return self._ask_probe(dialect, budget, spent)

            try:
                had = self.thinking
                answer = self._patiently(ask)
                if self.thinking > had:
                    # It thought until its tokens were gone: it has more of them now.
                    answer = self._patiently(ask)
            except BadRequest:
                continue  # it knows no such parameter
            if answer.refusal:
                continue
            _, value, problem = read_answer(answer, Probe)
            if value is not None or (form == "json" and problem and problem.kind == "wrong_schema"):
                return form
        return "prompt"

    def _ask_probe(self, dialect: Dialect, budget: Budget, spent: Spending) -> Answer:
        cost = self.settings.cost
        read, written = prompt_estimate(PROBE), PROBE.max_tokens + self.thinking
        with budget.reserve(Spending(1, read + written, cost(read, written))) as actual:
            actual.tokens, actual.money = 0, 0.0
            spent.requests += 1
            answer = self._send(PROBE, self.settings.timeout, dialect)
            read, written = answer.prompt_tokens, answer.completion_tokens
            actual.tokens, actual.money = read + written, cost(read, written)
        spent.tokens += actual.tokens
        spent.money += actual.money
        return answer

    def _patiently(self, call: Callable[[], Any]) -> Any:
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
                self._clients.wait(pause)
        raise AssertionError("the last attempt returns or raises")

    # ---- one call ----------------------------------------------------------------------------

    def _send(self, request: ChatRequest, seconds: float, dialect: Dialect) -> Answer:
        """Ask in a dialect; what the server refuses by name is left out, or called otherwise."""
        until = time.monotonic() + seconds
        first: BadRequest | None = None
        renamed = False
        for _ in range(ADAPTATIONS):
            given = parameters(request, self.settings.model, dialect, self.thinking)
            left = max(0.001, until - time.monotonic())
            try:
                answer = self._ask(given, request, left)
            except BadRequest as error:
                first = first or error
                less = dialect.without(error.said, given, renamed)
                if less is None or (request is PROBE and less.form != dialect.form):
                    raise first from None
                renamed = renamed or less.tokens_field != dialect.tokens_field
                dialect = less
                continue
            if first is not None:
                with self._lock:
                    # The probe finds out about forms by itself.
                    form = self._dialect.form if request is PROBE else dialect.form
                    self._dialect = replace(dialect, form=form)
            return answer
        raise first or AssertionError("a call that is not refused returns")

    def _ask(self, given: dict[str, Any], request: ChatRequest, seconds: float) -> Answer:
        def ask(client: openai.OpenAI) -> bytes:
            # `create` is overloaded on literal arguments, which these are not.
            create: Any = client.chat.completions.with_raw_response.create
            content: bytes = create(**given, timeout=seconds).http_response.content
            return content

        try:
            body = self._call(ask, seconds)
        except Refused as refusal:
            return Answer("", refusal=str(refusal))
        answer, thought = read_body(body, request, self.settings)
        if thought and not answer.complete:  # the tokens were gone before the answer was there
            self._thinks = True
        return answer

    def _call(self, what: Callable[[openai.OpenAI], ResultT], seconds: float) -> ResultT:
        """A call of the client; what it raises as a `ChatFault` or a `ChatError`, bounded."""
        if importlib.util.find_spec("openai") is None:
            raise MissingExtraError("openai", "llm", "A language model behind a server")
        try:
            return self._clients.call(what, seconds)
        except (ChatFault, RecosimError):
            raise
        except Exception as error:
            import httpx2
            import openai

            if isinstance(error, openai.APIStatusError):
                response = error.response
                unlisted = (400, 403, 404, 405, 422, 501)
                if response.request.method == "GET" and response.status_code in unlisted:
                    raise _Unlisted from None  # not all servers list their models, nor to everyone
                said = said_of(response.content, response.headers.get("content-type", ""))
                raise_status(self.settings, response.status_code, said, response.headers)
            cause: BaseException = error
            if isinstance(error, openai.APIConnectionError) and error.__cause__ is not None:
                cause = error.__cause__  # what happened, before the client named it
            if isinstance(cause, (ChatFault, RecosimError)):
                raise cause from None
            told = self.settings.scrub(str(cause)) or type(cause).__name__
            if isinstance(cause, httpx2.ProxyError):
                proxy = shown_proxy(self.settings.base_url)
                raise ChatFault(
                    "unreachable", f"the proxy ({proxy or 'of the environment'}) refuses: {told}"
                ) from None
            if isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout)):
                raise ChatFault("unreachable", f"no connection ({told})") from None
            if isinstance(cause, (httpx2.TimeoutException, openai.APITimeoutError)):
                raise ChatFault("timed_out", "no answer in time", billed=True) from None
            if isinstance(cause, httpx2.TooManyRedirects):
                raise ChatError(
                    f"the server at {self._url()} redirects in a circle: {told}. Check base_url."
                ) from None
            if isinstance(cause, (httpx2.UnsupportedProtocol, httpx2.InvalidURL, UnicodeError)):
                raise ChatError(f"base_url {self._url()} is no usable URL: {told}.") from None
            if isinstance(cause, httpx2.LocalProtocolError):
                raise ChatError(f"the call cannot be sent to {self._url()}: {told}.") from None
            if isinstance(cause, (httpx2.HTTPError, openai.APIConnectionError, OSError)):
                raise ChatFault(
                    "disconnected", f"the connection ended ({told})", billed=True
                ) from None
            # Whatever a server can make the client fall over is a fault of the call.
            raise ChatFault("malformed", f"{type(cause).__name__}: {told}", billed=True) from None

    def _url(self) -> str:
        return self.settings.shown_url or "api.openai.com"


class _Unlisted(Exception):
    """The server does not say which models it has."""


def _is_called(listed: str, model: str) -> bool:
    """Whether a name of a list is that of a model: a tag, or a folder, may stand beside it."""
    names = {listed, listed.removesuffix(":latest"), listed.removeprefix("models/")}
    return bool(names & {model, model.removesuffix(":latest"), model.removeprefix("models/")})
