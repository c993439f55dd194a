"""The language model that recommends: over a function in its place, for any answer it may give."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from recosim.agents.llm import LLMAgent
from recosim.bench.rollout import play_batch
from recosim.chat import Budget, Cassette, Chat, ChatFault, ChatSettings, ScriptedBackend
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.errors import BudgetError, CassetteError, OptionError

PATIENT = ChatSettings(model="scripted", attempts=2, pause=0.0, longest_pause=0.0, reasks=1)


def moves_of(request) -> list[str]:
    """The legal moves as the form of the answer allows them."""
    return allowed(request.schema()["properties"]["move"])


def items_of(request) -> list[str]:
    return allowed(request.schema()["properties"]["items"]["items"])


def allowed(field) -> list[str]:
    return field["enum"] if "enum" in field else [field["const"]]


def first_question(request):
    move = moves_of(request)[0] if len(moves_of(request)) > 2 else "recommend"
    return {"why": "to know", "move": move, "items": []}


def play(function, n: int = 12, chat: Chat | None = None, **setup: object):
    parts = Setup.prepare("cpr", **{"world": "lastfm-small", "split": "test", **setup})
    agent = LLMAgent(chat=chat or Chat(ScriptedBackend(function, PATIENT)))
    d = parts.batch(n, track=True, raise_illegal=True)
    agent.bind(d)
    recorder = Recorder(d)
    play_batch(d, agent, d.pool.pairs(), np.arange(n) * 7, 0, recorder)
    return agent, recorder.trace("llm", 0)


@pytest.mark.parametrize(
    "setup",
    [
        {},
        {"world": "yelp-small", "protocol_options": {"question": "facet"}},
        {"users": "chatty"},
        {"protocol": "critique", "users": "seeker_random"},
    ],
    ids=["binary", "facet", "chatty", "critique"],
)
def test_whatever_it_chooses_is_legal(setup):

    def anything(request):
        rng = np.random.default_rng(request.seed)
        move = rng.choice(moves_of(request))
        items = rng.permutation(items_of(request))[: rng.integers(0, 3)]
        return {"why": "so", "move": str(move), "items": [str(label) for label in items]}

    agent, trace = play(anything, **setup)
    assert len(trace.episodes()) == 12
    assert agent.report()["moves_of_the_rule"] == 0


def test_it_reads_the_conversation_and_never_the_target():
    seen: list[str] = []

    def read(request):
        seen.append(request.messages[1][1])
        return first_question(request)

    parts = Setup.prepare("cpr", world="lastfm-small", split="test")
    _, trace = play(read, n=6)
    text = "\n".join(seen)
    assert "I am looking for something with" in text
    assert "No." in text
    assert "in mind" not in text, "the end of a conversation tells the target"
    targets = {parts.world.item_names[v] for v in trace.column("target")}
    before = [part.rsplit("\nList: ", 1)[0] for part in seen]  # the list itself may hold it
    assert not [name for name in targets if any(name in part for part in before)]


def test_the_items_it_names_are_shown_first():
    chosen: list[list[str]] = []

    def second_first(request):
        labels = items_of(request)
        chosen.append(labels)
        return {"why": "so", "move": "recommend", "items": labels[1:2]}

    _, trace = play(second_first, n=1)
    shown = trace.table.column("items").to_pylist()[1]
    ids = [int(label.rsplit("[i", 1)[1].rstrip("]")) for label in chosen[0]]
    assert shown == [ids[1], ids[0], *ids[2:]]


def test_where_no_answer_comes_a_rule_moves_and_is_counted():
    calls = 0

    def breaks(request):
        nonlocal calls
        calls += 1
        if calls % 3 == 0:
            raise ChatFault("server_error", "500")
        return "no JSON at all" if calls % 3 == 1 else first_question(request)

    agent, trace = play(breaks)
    report = agent.report()
    assert len(trace.episodes()) == 12
    assert report["moves_of_the_rule"] > 0
    assert json.loads(json.dumps(report)) == report


def test_a_run_out_of_budget_goes_on_without_paying_twice(tmp_path):
    asked: list[str] = []

    def counted(request):
        asked.append(request.key("scripted"))
        return first_question(request)

    def chat(budget: int | None) -> Chat:
        cassette = Cassette(tmp_path / "talk.cassette")
        limit = Budget() if budget is None else Budget(requests=budget)
        return Chat(ScriptedBackend(counted, PATIENT), cassette=cassette, budget=limit)

    with pytest.raises(BudgetError):
        play(counted, chat=chat(20))
    assert len(asked) == 20
    _, whole = play(counted, chat=chat(None))
    assert len(asked) == len(set(asked)), "nothing was asked twice"
    strict = Chat(
        ScriptedBackend(counted, PATIENT), cassette=Cassette(tmp_path / "talk.cassette", "strict")
    )
    before = len(asked)
    _, again = play(counted, chat=strict)
    assert again.table.equals(whole.table)
    assert len(asked) == before
    with pytest.raises(CassetteError):
        play(counted, chat=strict, answer_noise=0.4)


def test_without_a_server_it_says_what_is_missing(monkeypatch):
    pytest.importorskip("openai")
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "RECOSIM_LLM_MODEL"):
        monkeypatch.delenv(name, raising=False)
    rules = Setup.prepare("cpr", world="lastfm-small").protocol
    assert "OPENAI_BASE_URL" in LLMAgent().misfit(rules)
    assert "RECOSIM_LLM_MODEL" in LLMAgent(base_url="http://127.0.0.1:1/v1").misfit(rules)
    assert LLMAgent(base_url="http://127.0.0.1:1/v1", model="m").misfit(rules) == ""


def test_a_bench_keeps_its_report(tmp_path, monkeypatch):
    from recosim.bench import run as bench_run
    from recosim.bench.setup import prepare_env

    chat = Chat(ScriptedBackend(first_question, PATIENT))
    make = bench_run.make_agent

    def with_chat(name, *arguments, **settings):
        return LLMAgent(chat=chat) if name == "llm" else make(name, *arguments, **settings)

    monkeypatch.setattr("recosim.bench.run.make_agent", with_chat)
    monkeypatch.setattr("recosim.bench.entrants.make_agent", with_chat)
    env = prepare_env("CPR-LastFM-Small", episodes=10)
    bench_run.run_bench([env], ["llm", "max_entropy"], tmp_path)
    report = json.loads(Path(tmp_path / "reports" / env.key / "llm-0.json").read_text())
    assert report["moves_of_the_rule"] == 0
    assert not (tmp_path / "reports" / env.key / "max_entropy-0.json").exists()


def test_impossible_settings_are_refused():
    with pytest.raises(OptionError, match="questions"):
        LLMAgent(questions=0)
