"""A real model through the whole of `Chat`: probed, constrained, recorded, replayed without it."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from recosim.chat import Cassette, Chat, ChatRequest, ChatSettings, OpenAIBackend
from recosim.errors import ChatError

pytest.importorskip("openai", reason="the extra [llm] is not installed")
pytestmark = pytest.mark.llm


class Reaction(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reaction: Literal["accept", "reject", "unsure"]
    words: str = Field(max_length=60)


def requests():
    films = ["Alien", "Heat", "Amélie", "Fargo", "Brazil"]
    system = "You want a funny film for tonight. React to what is recommended."
    asked = [
        ChatRequest(
            [("system", system), ("user", f"How about {film}?")],
            answer=Reaction, temperature=0.8, max_tokens=80, seed=number,
        )
        for number, film in enumerate(films)
    ]  # fmt: skip
    text = ChatRequest([("user", "Say hello.")], max_tokens=16, seed=1)
    return [*asked, text]


def settings(llm, **more):
    return ChatSettings(base_url=llm.url, model=llm.model, timeout=60.0, attempts=2, **more)


def test_a_real_model_is_held_to_a_schema_recorded_and_replayed_without_it(llm, tmp_path):
    backend = OpenAIBackend(settings(llm))
    with Cassette(tmp_path / "run.cassette") as cassette:
        chat = Chat(backend, cassette=cassette)
        chat.check()
        assert backend.form == "schema"  # llama.cpp makes a grammar of it
        recorded = chat.complete_all(requests(), workers=2)
    assert all(reply.ok for reply in recorded), recorded
    assert all(isinstance(reply.value, Reaction) for reply in recorded[:-1])
    assert recorded[-1].text
    assert all(reply.completion_tokens > 0 and not reply.cached for reply in recorded)
    report = chat.report.to_dict()
    assert report["tokens"]["completion"] == sum(r.completion_tokens for r in recorded)
    assert report["tokens"]["uncounted_answers"] == 0

    llm.stop()
    with pytest.raises(ChatError, match="does not answer"):
        Chat(OpenAIBackend(settings(llm))).check()
    with Cassette(tmp_path / "run.cassette", "strict") as cassette:
        chat = Chat(OpenAIBackend(settings(llm)), cassette=cassette)
        chat.check()
        assert chat.complete_all(requests()[::-1]) == recorded[::-1]
        assert chat.report.to_dict()["calls"]["sent"] == 0


@pytest.mark.parametrize("form", ["json", "prompt"])
def test_a_model_that_is_not_held_to_a_schema_is_validated_here(llm, form):
    """What so small a model then writes is its own; each reply is valid, or says that it is not."""
    chat = Chat(OpenAIBackend(settings(llm, form=form, reasks=1)))
    for reply in chat.complete_all(requests()[:2], workers=1):
        assert reply.outcome in ("ok", "invalid")
        assert isinstance(reply.value, Reaction) == reply.ok
    faults = chat.report.to_dict()["faults"]
    assert set(faults["seen"]) <= {"not_json", "wrong_schema", "cut_off"}


def test_an_unknown_model_is_an_error_that_names_the_one_there_is(llm):
    wrong = ChatSettings(base_url=llm.url, model="gpt-unknown")
    with pytest.raises(ChatError, match=rf"no model 'gpt-unknown'.*{llm.model}"):
        Chat(OpenAIBackend(wrong)).check()
