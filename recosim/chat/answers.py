"""From what a model wrote to a valid answer: thinking, fences, JSON, schema; asking again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from recosim.chat.backend import Answer, FaultKind
from recosim.chat.request import ChatRequest, Message

__all__ = ["Problem", "ask_again", "read_answer", "without_thinking"]

# Answers may be a megabyte of anything: these patterns take time in proportion to it.
THINKING = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
FENCE = re.compile(r"```[^\n`]*\n(.*?)```", re.DOTALL)
SHOWN = 2000  # characters of a bad answer that are shown to the model again
TRIES = 20  # opening braces in prose that are looked at


class Problem(NamedTuple):
    """What is wrong with an answer."""

    kind: FaultKind
    text: str


def without_thinking(text: str) -> str:
    """The text without `<think>` blocks, open ones included.

    The templates of some models write the opening tag themselves: then all up to a closing tag is
    thinking.
    """
    kept: list[str] = []
    start, inside = 0, False
    for tag in THINKING.finditer(text):
        if not tag[1]:
            if not inside:
                kept.append(text[start : tag.start()])
            inside = True
            continue
        if not inside:
            kept.clear()
        start, inside = tag.end(), False
    if not inside:
        kept.append(text[start:])
    return "".join(kept).strip()


def read_answer(answer: Answer, form: type[BaseModel] | None) -> tuple[str, Any, Problem | None]:
    """The text, the validated value and what is wrong with them.

    Args:
        answer: one that is not a refusal.
        form: what the answer is validated by; None for free text.

    Returns:
        (text without thinking, an instance of `form` or None, None or the problem).
    """
    if form is not None:
        # As it stands first: a field may hold any text, thinking tags and fences too.
        value, problem = _parse(answer.text, form)
        if problem is None:
            return answer.text.strip(), value, None
    text = without_thinking(answer.text)
    if not text:
        if answer.complete:
            return "", None, Problem("empty", "it was empty")
        return "", None, Problem("cut_off", "it stopped at the limit of tokens")
    if form is None:
        return text, None, None
    first: Problem | None = None
    for part in _parts(text):
        value, problem = _parse(part, form)
        if problem is None:
            return text, value, None
        # What is JSON and has another form tells the model more than prose around it.
        if first is None or (first.kind == "not_json" and problem.kind == "wrong_schema"):
            first = problem
    assert first is not None
    if first.kind == "not_json" and not answer.complete:
        first = Problem("cut_off", "it stopped at the limit of tokens before the JSON was whole")
    return text, None, first


def ask_again(request: ChatRequest, text: str, problem: Problem) -> ChatRequest:
    """The request with the bad answer and what was wrong with it at its end."""
    shown = text if len(text) <= SHOWN else text[:SHOWN] + " ..."
    form = "" if request.answer is None else " with JSON of the required schema and nothing else"
    shorter = " Be brief." if problem.kind == "cut_off" else ""
    complaint = f"That answer cannot be used: {problem.text}. Answer again{form}.{shorter}"
    return request.extended(Message("assistant", shown), Message("user", complaint))


def _parts(text: str) -> Iterator[str]:
    """What in the text may be the JSON, likeliest first."""
    yield text
    fenced = [block.strip() for block in FENCE.findall(text)]
    if len(fenced) == 1:
        yield fenced[0]
    decoder = json.JSONDecoder()
    for brace in islice(re.finditer(r"[{\[]", text), TRIES):
        try:
            _, end = decoder.raw_decode(text, brace.start())
        except RecursionError:
            return
        except ValueError:
            continue
        yield text[brace.start() : end]
        return  # a second one would be a choice between answers


def _parse(text: str, form: type[BaseModel]) -> tuple[BaseModel | None, Problem | None]:
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None, Problem("not_json", "it is not JSON")
    try:
        return form.model_validate_json(text), None
    except ValidationError as error:
        return None, Problem("wrong_schema", _explain(error))


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _explain(error: ValidationError) -> str:
    """The first errors. Their codes are used, not their prose, which changes with pydantic.

    A repeated question has a key of its own, so its words must stay as they are.
    """
    named = [
        f"{'.'.join(str(part) for part in entry['loc']) or 'the answer'}: "
        f"{entry['type'].replace('_', ' ')}"
        for entry in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "; ".join(named[:5]) + ("; and more" if len(named) > 5 else "")
