"""What makes two requests one, and which requests are none."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from recosim.chat import ChatReply, ChatRequest, Message
from recosim.errors import OptionError, UnknownNameError


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    act: Literal["yes", "no"]
    title: str = Field(description="of the film")


ASKED = ChatRequest([("user", "Do you like it?")], answer=Answer, seed=3)


def test_the_key_is_what_it_was():
    """A cassette is worth nothing once keys change: a change here is a new cassette format."""
    plain = ChatRequest([("system", "Be brief."), ("user", "Héllo")], seed=1)
    assert plain.key("m") == ("6900c8a9832c3b3401b82eca3385fe173586df3b98dccd9a8336708ab40d3c12")


def test_the_key_is_that_of_all_that_decides_the_answer_and_of_nothing_else():
    others = [
        ChatRequest([("user", "Do you like it?!")], answer=Answer, seed=3),
        ChatRequest([("system", "Do you like it?")], answer=Answer, seed=3),
        ChatRequest([("user", "Do you like it?")], seed=3),
        ChatRequest([("user", "Do you like it?")], answer=Answer, seed=4),
        ChatRequest([("user", "Do you like it?")], answer=Answer, seed=3, temperature=1),
        ChatRequest([("user", "Do you like it?")], answer=Answer, seed=3, max_tokens=9),
    ]
    keys = {request.key("m") for request in (ASKED, *others)} | {ASKED.key("other")}
    assert len(keys) == 8
    same = ChatRequest(
        (Message("user", "Do you like it?"),), answer=Answer, seed=3, purpose="p", temperature=0
    )
    assert same.key("m") == ASKED.key("m")


def test_the_schema_has_no_made_up_titles_and_keeps_fields_of_that_name():
    assert ASKED.schema() == {
        "type": "object",
        "additionalProperties": False,
        "required": ["act", "title"],
        "properties": {
            "act": {"enum": ["yes", "no"], "type": "string"},
            "title": {"description": "of the film", "type": "string"},
        },
    }
    ASKED.schema().clear()
    assert ASKED.schema()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"messages": []}, "messages is empty"),
        ({"messages": "Hello"}, "messages is empty or text"),
        ({"messages": ["Hello"]}, "not a .role, content. pair"),
        ({"messages": [("user", 3)]}, "text is needed"),
        ({"messages": [("user", "\ud800")]}, "not valid Unicode"),
        ({"temperature": 3}, "from 0 to 2"),
        ({"temperature": float("nan")}, "from 0 to 2"),
        ({"max_tokens": 0}, "from 1"),
        ({"max_tokens": True}, "from 1"),
        ({"seed": -1}, "below 2\\^63"),
        ({"answer": {"type": "object"}}, "pydantic model"),
    ],
)
def test_impossible_requests_are_refused(change, said):
    with pytest.raises(OptionError, match=said):
        ChatRequest(**{"messages": [("user", "Hello")], **change})


def test_an_unknown_role_offers_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'assistant'"):
        ChatRequest([("asistant", "Hello")])


def test_replays_equal_what_was_recorded():
    asked = ChatReply("hi", None, "ok", attempts=3)
    assert asked == ChatReply("hi", None, "ok", cached=True)
    assert asked != ChatReply("ho", None, "ok", attempts=3)
