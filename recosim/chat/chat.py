"""`Chat`: requests to a language model, with retries, validation, a cassette and a budget."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace
from typing import Any, Literal

from recosim.chat.answers import ask_again, read_answer, without_thinking
from recosim.chat.backend import Answer, ChatBackend, ChatFault, prompt_estimate
from recosim.chat.budget import Budget, Spending
from recosim.chat.cassette import Cassette
from recosim.chat.report import ChatReport, Tally
from recosim.chat.request import ChatReply, ChatRequest, Outcome, key_of
from recosim.chat.retry import pause_before
from recosim.errors import OptionError, RecosimError
from recosim.progress import Progress

__all__ = ["Chat"]

OTHER_SEED = 1_000_003  # far from the seeds of neighbouring requests


class Chat:
    """Turns a `ChatRequest` into a `ChatReply`. Safe to use from several threads.

    A request is looked up in the cassette; what is not there is asked for, up to `attempts` times,
    within the budget and the deadline; an answer of the wrong form is asked for again, with what
    was wrong, up to `reasks` times. Each answer of the server is stored as it comes, under its own
    key, so a replay goes through the same bad answers to the same reply.

    Args:
        backend: who answers; its settings say how patient to be.
        cassette: answers recorded before, and where to record; None for none.
        budget: what may be spent; None for no limit.

    Attributes:
        report: counts of all that happened.
    """

    def __init__(
        self,
        backend: ChatBackend,
        *,
        cassette: Cassette | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.backend = backend
        self.cassette = cassette
        self.budget = budget or Budget()
        self.report = ChatReport()
        self._checking = threading.Lock()
        self._checked = False
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Answer]] = {}

    def check(self) -> None:
        """Find out before a run whether it can go on: server, key, model, schema support.

        It happens by itself before the first call, once. A strict cassette needs no server: nothing
        is asked.

        Raises:
            ChatError: what is wrong, with the URL, and what to do.
            BudgetError: the budget does not allow even that.
        """
        if self.cassette is not None and self.cassette.mode == "strict":
            return
        with self._checking:
            if self._checked:
                return
            self.report.add_probes(self.backend.check(self.budget))
            self._checked = True

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask, and wait for what comes of it. Whatever the server does, that is a reply.

        Raises:
            ChatError: asking again cannot help: no server set, key refused, model unknown.
            BudgetError: the next call may cost more than the budget leaves.
            CassetteError: a strict cassette lacks the request, or the file cannot be used.
        """
        return self._complete(request, threading.Event())

    def complete_all(
        self,
        requests: Iterable[ChatRequest],
        *,
        workers: int = 8,
        progress: Progress | None = None,
    ) -> list[ChatReply]:
        """Ask for many replies at once; they come in the order of the requests.

        An error of `complete` ends it: no new call is made, the calls under way end and are
        recorded, then the error is raised. Ctrl-C ends the calls under way too, at once.

        Args:
            requests: they are asked in about this order.
            workers: calls at the same time, at most.
            progress: called with (replies there, replies in all, what is happening).
        """
        if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
            raise OptionError(f"workers is {workers!r}; a whole number from 1 is needed.")
        todo = list(requests)
        stop = threading.Event()
        under_way: set[int] = set()  # also what was begun at the moment of Ctrl-C, in no list yet

        def ask(number: int, request: ChatRequest) -> ChatReply:
            under_way.add(number)
            try:
                return self._unless_stopped(request, stop)
            finally:
                under_way.discard(number)

        futures: list[Future[ChatReply]] = []
        with ThreadPoolExecutor(workers, thread_name_prefix="recosim-chat") as pool:
            try:
                futures += (pool.submit(ask, n, request) for n, request in enumerate(todo))
                for done, future in enumerate(as_completed(futures), 1):
                    if progress is not None:
                        progress(done, len(todo), "asking")
                    if future.exception() is not None:
                        break
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                # A call may begin just now: until all have ended, they are ended again.
                while under_way or not all(future.done() for future in futures):
                    self._interrupt()
                    time.sleep(0.02)
                raise
            finally:
                # All are there, or the first error or Ctrl-C is: the rest does not begin.
                stop.set()
                for future in futures:
                    future.cancel()
        errors = [f.exception() for f in futures if not f.cancelled()]
        for error in errors:
            if error is not None and not isinstance(error, _Stopped):
                raise error
        return [future.result() for future in futures]

    def _interrupt(self) -> None:
        """End what is under way, where the backend can."""
        end = getattr(self.backend, "interrupt", None)
        if end is not None:
            end()

    # ---- one request -------------------------------------------------------------------------

    def _unless_stopped(self, request: ChatRequest, stop: threading.Event) -> ChatReply:
        if stop.is_set():
            raise _Stopped
        try:
            return self._complete(request, stop)
        except BaseException:
            stop.set()
            raise

    def _complete(self, request: ChatRequest, stop: threading.Event) -> ChatReply:
        tally = Tally()
        outcome: Outcome | Literal["stopped"] = "stopped"
        try:
            reply = self._converse(request, tally, stop)
            outcome = reply.outcome
            return reply
        finally:
            self.report.add(tally, outcome, request.purpose)

    def _converse(self, request: ChatRequest, tally: Tally, stop: threading.Event) -> ChatReply:
        """Ask, and after an answer that is not valid again, in a conversation that grows."""
        settings = self.backend.settings
        deadline = time.monotonic() + settings.deadline
        tokens = [0, 0]

        def reply(text: str, value: Any, outcome: Any, **more: Any) -> ChatReply:
            more.update(prompt_tokens=tokens[0], completion_tokens=tokens[1])
            cached = tally.sent == 0 and outcome != "failed"
            return ChatReply(text, value, outcome, cached=cached, attempts=tally.sent, **more)

        for left in range(settings.reasks, -1, -1):
            try:
                answer = self._answer(request, tally, deadline, stop)
            except _Failed as failure:
                return reply("", None, "failed", detail=str(failure))
            tokens[0] += answer.prompt_tokens
            tokens[1] += answer.completion_tokens
            if answer.model:
                tally.models.append(answer.model)
            if answer.refusal:
                return reply("", None, "refused", detail=answer.refusal)
            text, value, problem = read_answer(answer, request.answer)
            if problem is None:
                return reply(text, value, "ok", complete=answer.complete)
            tally.fault(problem.kind)
            if not left:
                return reply(text, None, "invalid", detail=problem.text)
            if time.monotonic() >= deadline:
                # Not "invalid", which is what the model says and what a replay must find again.
                detail = f"{problem.text}, and the deadline left no time to ask again"
                return reply("", None, "failed", detail=detail)
            tally.reasks += 1
            request = ask_again(request, text, problem)
        raise AssertionError("the last question returns")

    def _answer(
        self, request: ChatRequest, tally: Tally, deadline: float, stop: threading.Event
    ) -> Answer:
        """From the cassette, from an equal request under way, or from the server."""
        content = request.content(self.backend.settings.model)
        key = key_of(content)
        with self._lock:
            future = self._under_way.get(key)
            leads = future is None
            if future is None:
                future = self._under_way[key] = Future()
        if not leads:
            answer = future.result()
            tally.shared += 1
            tally.pending = False
            return answer
        try:
            found = self._look_up(key, content, tally)
            answer = found or self._ask(request, key, tally, deadline, stop)
            if found is None and self.cassette is not None:
                answer = self.cassette.put(key, content, answer)
        except BaseException as error:
            with self._lock:
                del self._under_way[key]
            future.set_exception(error)
            raise
        with self._lock:
            del self._under_way[key]
        future.set_result(answer)
        return answer

    def _look_up(self, key: str, content: dict[str, Any], tally: Tally) -> Answer | None:
        if self.cassette is None or self.cassette.mode == "off":
            return None
        answer = self.cassette.get(key)
        if answer is not None:
            tally.hits += 1
            tally.pending = False
            return answer
        tally.misses += 1
        if self.cassette.mode == "strict":
            raise self.cassette.miss(content)
        return None

    # ---- the server --------------------------------------------------------------------------

    def _ask(
        self, request: ChatRequest, key: str, tally: Tally, deadline: float, stop: threading.Event
    ) -> Answer:
        """Attempts until an answer comes, or they or the time run out."""
        self.check()
        settings = self.backend.settings
        for attempt in range(1, settings.attempts + 1):
            try:
                answer = self._send(request, tally, deadline)
            except ChatFault as fault:
                tally.fault(fault.kind)
                if fault.kind == "empty" and request.seed is not None:
                    # With the same seed it would be empty again. The key stays that of the request.
                    request = replace(request, seed=(request.seed + OTHER_SEED) % 2**31)
                pause = pause_before(settings, key, attempt + 1, fault.wait)
                if attempt == settings.attempts:
                    raise _Failed(f"{fault} (attempt {attempt}, the last)") from None
                if time.monotonic() + pause >= deadline:
                    raise _Failed(
                        f"{fault} (attempt {attempt}; the deadline of {settings.deadline:g} s "
                        f"leaves no time for the next after {pause:.3g} s)"
                    ) from None
                if stop.wait(pause):
                    raise _Stopped from None
                tally.retries += 1
            else:
                tally.answers += 1
                tally.pending = False
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _send(self, request: ChatRequest, tally: Tally, deadline: float) -> Answer:
        """One call, paid from the budget."""
        settings = self.backend.settings
        prompt = prompt_estimate(request)
        written = request.max_tokens + getattr(self.backend, "thinking", 0)
        most = Spending(1, prompt + written, settings.cost(prompt, written))
        with self.budget.reserve(most) as spent:
            seconds = min(settings.timeout, max(0.001, deadline - time.monotonic()))
            start = time.monotonic()
            tally.sent += 1
            try:
                answer = self.backend.send(request, seconds)
            except (ChatFault, RecosimError) as error:
                if not getattr(error, "billed", False):
                    spent.tokens, spent.money = 0, 0.0
                raise
            else:
                read, written = answer.prompt_tokens, answer.completion_tokens
                spent.tokens, spent.money = read + written, settings.cost(read, written)
                tally.prompt_tokens += read
                tally.completion_tokens += written
                tally.uncounted += not answer.counted
                self.report.note_server(getattr(self.backend, "told", list)())
            finally:
                tally.seconds += time.monotonic() - start
                tally.money += spent.money
        # What is left of an answer that ran out of tokens while thinking is asked for again, with
        # that said to it; an empty one for no reason is a fault of the call.
        if not answer.refusal and answer.complete and not without_thinking(answer.text):
            raise ChatFault("empty")
        return answer


class _Failed(Exception):
    """No answer came; the text says why."""


class _Stopped(Exception):
    """Another request of `complete_all` met an error, and this one makes no further call."""
