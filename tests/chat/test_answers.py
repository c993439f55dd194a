"""From what models write to answers: thinking, fences, prose, schema."""

from __future__ import annotations

import time
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from recosim.chat.answers import ask_again, read_answer, without_thinking
from recosim.chat.backend import Answer
from recosim.chat.request import ChatRequest


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")
    act: Literal["yes", "no"]
    words: str = ""


YES = '{"act": "yes"}'


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("plain", "plain"),
        ("<think>a\nb</think>\n\nanswer", "answer"),
        ("<think>a</think>one<think>b</think> two", "one two"),
        ("thoughts that the template began</think>answer", "answer"),
        ("<think>never ends", ""),
        ("<think>a</think>one</think>two", "two"),
        ("<THINKING>a</THINKING>answer", "answer"),
        ("", ""),
    ],
)
def test_thinking_is_no_part_of_an_answer(text, left):
    assert without_thinking(text) == left


@pytest.mark.parametrize(
    "text",
    [
        YES,
        f"  {YES}\n",
        f'<think>{{"act": "no"}}?</think>{YES}',
        f"```json\n{YES}\n```",
        f"```\n{YES}\n```",
        f"Sure!\n```json\n{YES}\n```\nAnything else?",
        f"My answer is {YES}, I think.",
        f"A set like {{this}} aside: {YES}",
        f"<think>```json\n{{}}\n```</think>```JSON\r\n{YES}\n```",
    ],
)
def test_an_answer_is_found_in_its_clothes(text):
    _, value, problem = read_answer(Answer(text), Form)
    assert (value, problem) == (Form(act="yes"), None)


def test_a_field_may_hold_tags_and_fences():
    text = '{"act": "no", "words": "<think>x</think> ```a``` {"}'
    _, value, problem = read_answer(Answer(text), Form)
    assert problem is None
    assert value.words == "<think>x</think> ```a``` {"


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (Answer("Yes."), "not_json", "it is not JSON"),
        (Answer('{"act": "maybe"}'), "wrong_schema", "act: literal error"),
        (Answer('{"act": "maybe", "sure": 1}'), "wrong_schema", "sure: extra forbidden"),
        (Answer("{}"), "wrong_schema", "act: missing"),
        (Answer("[1]"), "wrong_schema", "the answer: model type"),
        (Answer("NaN"), "not_json", "not JSON"),
        (Answer("```\n{}\n```"), "wrong_schema", "act: missing"),
        (Answer('{"act": "y', complete=False), "cut_off", "limit of tokens"),
        (Answer("<think>so much to", complete=False), "cut_off", "limit of tokens"),
        (Answer("<think>done</think>"), "empty", "empty"),
    ],
)
def test_what_is_wrong_is_said(answer, kind, said):
    _, value, problem = read_answer(answer, Form)
    assert value is None
    assert problem.kind == kind
    assert said in problem.text


@pytest.mark.parametrize("part", ["[", "{", "<think>", "</think>", "```\n", "` ", "``` ", "a"])
def test_reading_takes_no_more_than_time_in_proportion(part):
    """Eight times as much of anything: a quadratic reader would take 64 times as long.

    The time is that of the CPU in this process: what else the machine does counts little.
    """

    def seconds(size: int) -> float:
        taken = []
        for _ in range(3):
            start = time.process_time()
            _, value, problem = read_answer(Answer(part * (size // len(part)) + "."), Form)
            taken.append(time.process_time() - start)
            assert value is None
            assert problem is not None
        return min(taken)

    assert seconds(400_000) < 30 * seconds(50_000) + 0.05


def test_free_text_is_taken_as_it_is():
    assert read_answer(Answer("<think>x</think>Hello {", complete=False), None) == (
        "Hello {", None, None,
    )  # fmt: skip


def test_a_question_is_asked_again_with_what_was_wrong():
    asked = ChatRequest([("user", "Well?")], answer=Form, seed=5)
    *_, problem = read_answer(Answer('{"act": "maybe"}'), Form)
    again = ask_again(asked, "x" * 5000, problem)
    assert again.messages[:1] == asked.messages
    assert [message.role for message in again.messages[1:]] == ["assistant", "user"]
    assert len(again.messages[1].content) < 2100
    assert "act: literal error" in again.messages[2].content
    assert (again.seed, again.answer) == (5, Form)
