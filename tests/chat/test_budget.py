"""Budgets are checked before a call, under any number of threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from recosim.chat import (
    Answer,
    Budget,
    Cassette,
    Chat,
    ChatFault,
    ChatRequest,
    ChatSettings,
    ScriptedBackend,
)
from recosim.chat.budget import Spending
from recosim.errors import BudgetError, OptionError


def ask(number, **more):
    return ChatRequest([("user", f"question {number}")], max_tokens=100, **more)


def counting(read=10, written=5):
    calls = []

    def function(request):
        calls.append(request)
        return Answer("fine", prompt_tokens=read, completion_tokens=written)

    return calls, function


@pytest.mark.parametrize("limit", [-1, float("nan"), float("inf"), True, "3"])
def test_impossible_limits_are_refused(limit):
    with pytest.raises(OptionError, match="the limit of money"):
        Budget(money=limit)


def test_no_call_is_made_beyond_the_limit_of_requests():
    calls, function = counting()
    chat = Chat(ScriptedBackend(function), budget=Budget(requests=3))
    for number in range(3):
        chat.complete(ask(number))
    with pytest.raises(BudgetError, match=r"requests \(3\).*3 requests, 45 tokens.*larger budget"):
        chat.complete(ask(3))
    assert len(calls) == 3


def test_the_longest_answer_is_reserved_and_what_was_used_is_spent():
    calls, function = counting()
    budget = Budget(tokens=200)
    chat = Chat(ScriptedBackend(function), budget=budget)
    for number in range(5):
        chat.complete(ask(number))  # 15 tokens each, while up to about 112 are reserved
    assert budget.spent == Spending(5, 75, 0.0)
    chat.complete(ask(5))
    with pytest.raises(BudgetError, match="tokens"):  # 90 are spent, 112 would be reserved
        chat.complete(ask(6))
    assert len(calls) == 6


def test_money_follows_the_prices():
    _, function = counting(read=1000, written=10)
    settings = ChatSettings(model="m", price_in=2.0, price_out=50.0)
    budget = Budget(money=1.0)
    chat = Chat(ScriptedBackend(function, settings), budget=budget)
    chat.complete(ask(0))
    assert budget.spent.money == pytest.approx(1000 * 2e-6 + 10 * 50e-6)
    assert chat.report.to_dict()["money"] == pytest.approx(budget.spent.money)


def test_replays_cost_nothing(tmp_path):
    _, function = counting()
    for limit in (2, 0):
        with Cassette(tmp_path / "c.sqlite") as cassette:
            budget = Budget(requests=limit)
            chat = Chat(ScriptedBackend(function), cassette=cassette, budget=budget)
            replies = [chat.complete(ask(number)) for number in range(2)]
            assert budget.spent.requests == limit
            assert [reply.cached for reply in replies] == [limit == 0] * 2


def test_lost_answers_cost_their_reservation_and_refused_calls_a_call():
    def function(request):
        billed = "billed" in request.messages[0].content
        raise ChatFault("timed_out" if billed else "rate_limited", billed=billed)

    settings = ChatSettings(model="m", attempts=1)
    budget = Budget(requests=10)
    chat = Chat(ScriptedBackend(function, settings), budget=budget)
    chat.complete(ChatRequest([("user", "turned away")], max_tokens=100))
    assert budget.spent == Spending(1, 0, 0.0)
    chat.complete(ChatRequest([("user", "billed")], max_tokens=100))
    assert budget.spent.requests == 2
    assert 100 < budget.spent.tokens < 120


def test_a_call_that_fits_later_waits_for_those_under_way():
    """Two reservations do not fit beside each other; what two answers use does."""
    begun, go = threading.Event(), threading.Event()

    def function(request):
        begun.set()
        assert go.wait(5)
        return Answer("fine", prompt_tokens=5, completion_tokens=5)

    chat = Chat(ScriptedBackend(function), budget=Budget(tokens=150))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(chat.complete, ask(1))
        assert begun.wait(5)
        second = pool.submit(chat.complete, ask(2))
        with pytest.raises(TimeoutError):
            second.result(0.1)
        go.set()
        assert first.result(5).ok
        assert second.result(5).ok


def test_many_threads_never_overspend():
    _, function = counting(read=8, written=100)
    budget = Budget(tokens=2000)
    chat = Chat(ScriptedBackend(function), budget=budget)
    with pytest.raises(BudgetError):
        chat.complete_all([ask(number) for number in range(200)], workers=16)
    assert 2000 - 120 <= budget.spent.tokens <= 2000
    report = chat.report.to_dict()
    assert report["calls"]["answers"] == budget.spent.requests == report["outcomes"]["ok"]
