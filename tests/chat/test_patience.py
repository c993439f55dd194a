"""How long `Chat` waits, told by what it says and by a clock that only the model's work moves."""

from __future__ import annotations

import re

from pydantic import BaseModel

from recosim.chat import Chat, ChatRequest, ChatSettings, ScriptedBackend
from recosim.chat.backend import ChatFault


class Form(BaseModel):
    answer: str


ASK = ChatRequest([("user", "well?")], answer=Form)


def pause_told(wait: float, pause: float) -> float:
    """The pause before the second attempt, as a chat without the time for it says."""

    def turned_away(request):
        raise ChatFault("rate_limited", wait=wait)

    settings = ChatSettings(model="m", pause=pause, longest_pause=500.0, deadline=0.001)
    reply = Chat(ScriptedBackend(turned_away, settings)).complete(ASK)
    assert reply.outcome == "failed"
    (told,) = re.findall(r"no time for the next after (\S+) s", reply.detail)
    return float(told)


def test_retry_after_is_the_least_that_is_waited_and_not_the_most():
    own = pause_told(0.0, pause=100.0)
    assert 50 <= own <= 100
    assert pause_told(1.0, pause=100.0) == own, "a server in a hurry hastens nobody"
    assert pause_told(600.0, pause=100.0) == 600.0
    assert pause_told(600.0, pause=0.001) == 600.0


class Clock:
    """Stands in for the module `time`."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


class Slow(ScriptedBackend):
    """Every answer takes ten seconds, or the time that it is given."""

    def __init__(self, clock: Clock, settings: ChatSettings) -> None:
        super().__init__(lambda request: "no JSON", settings)
        self.clock = clock
        self.given: list[float] = []

    def send(self, request, seconds):
        self.given.append(seconds)
        self.clock.now += min(10.0, seconds)
        return super().send(request, seconds)


def test_a_question_that_is_asked_again_has_what_is_left_of_one_deadline(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("recosim.chat.chat.time", clock)
    backend = Slow(clock, ChatSettings(model="m", timeout=20.0, deadline=25.0, reasks=9))
    reply = Chat(backend).complete(ASK)
    assert backend.given == [20.0, 15.0, 5.0]
    assert clock.now == 25.0
    assert (reply.outcome, reply.attempts) == ("failed", 3)
    assert "the deadline left no time to ask again" in reply.detail


def test_without_a_deadline_in_sight_all_questions_are_asked(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("recosim.chat.chat.time", clock)
    backend = Slow(clock, ChatSettings(model="m", timeout=20.0, deadline=1000.0, reasks=2))
    reply = Chat(backend).complete(ASK)
    assert (reply.outcome, reply.attempts, backend.given) == ("invalid", 3, [20.0] * 3)
