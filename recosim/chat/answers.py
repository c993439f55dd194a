"""From what a model wrote to a valid answer: thinking, channels, fences, JSON, schema.

Read are: an answer between thinking, after the analysis of a harmony model, before or behind the
tokens of a template, in a fence, in prose, as a JSON string, in a list or an object of its own, and
with keys that nobody asked for.
"""

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
MOST_ERRORS = 50  # keys too many that are taken out of an answer
# gpt-oss and its kin: channels, each message with a header; the answer is in the last `final`.
CHANNEL = re.compile(r"<\|channel\|>\s{0,9}(\w{1,40})[^<]{0,100}<\|message\|>")
# Tokens of templates that servers forget to take out: what a turn begins with, and ends with.
BEGIN = re.compile(
    r"\A\s*(?:<s>|<\|begin_of_text\|>|<bos>|<\|start\|>assistant"
    r"|<\|im_start\|>\s*(?:assistant)?|<\|start_header_id\|>\s*assistant\s*<\|end_header_id\|>"
    r"|<start_of_turn>\s*model|<\|assistant\|>|\[/INST\])\s*"
)
END = re.compile(
    r"<\|(?:im_end|im_start|endoftext|eot_id|eom_id|end|end_of_text|return|call|user|eos"
    r"|start_header_id|end_of_turn)\|>|</s>|<(?:end|start)_of_turn>|<eos>|\[/?INST\]"
    r"|<\uff5cend\u2581of\u2581sentence\uff5c>|<\uff5cUser\uff5c>|<EOS_TOKEN>|<\|END_OF_TURN_TOKEN\|>"
)


class Problem(NamedTuple):
    """What is wrong with an answer."""

    kind: FaultKind
    text: str


def without_thinking(text: str) -> str:
    """The text without `<think>` blocks, open ones included, and without tokens of a template.

    The templates of some models write the opening tag themselves: then all up to a closing tag is
    thinking. Of a harmony model's channels the last `final` is left.
    """
    return _unframed(_outside_tags(_final_channel(text)))


def _final_channel(text: str) -> str:
    """What a harmony model says to its reader; "" while it has only thought."""
    channels = list(CHANNEL.finditer(text))
    if channels:
        final = [found for found in channels if found[1] == "final"]
        return text[final[-1].end() :] if final else ""
    if text.startswith("analysis") and "assistantfinal" in text:  # its tokens were taken out
        return text.rpartition("assistantfinal")[2]
    return text


def _unframed(text: str) -> str:
    """Without the tokens around a turn, and without what a model went on with behind it."""
    for _ in range(4):
        found = BEGIN.match(text)
        if found is None:
            break
        text = text[found.end() :]
    end = END.search(text)
    return (text if end is None else text[: end.start()]).strip()


def _outside_tags(text: str) -> str:
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
        data = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None, Problem("not_json", "it is not JSON")
    try:
        return form.model_validate_json(text), None
    except ValidationError as error:
        problem = Problem("wrong_schema", _explain(error))
        value = _bared(data, form, error)
    return value, None if value is not None else problem


def _bared(data: Any, form: type[BaseModel], error: ValidationError) -> BaseModel | None:
    """The answer in a value that is more than it: keys too many, a string, a wrapping; or None."""
    for _ in range(3):
        value = _without_extras(data, form, error)
        if value is not None:
            return value
        if isinstance(data, str):  # JSON within JSON
            try:
                inner = json.loads(data, parse_constant=_refuse)
            except (ValueError, RecursionError):
                return None
        elif isinstance(data, list) and len(data) == 1:
            inner = data[0]
        elif isinstance(data, dict) and len(data) == 1 and not set(data) & set(form.model_fields):
            (inner,) = data.values()
        else:
            return None
        data = inner
        try:
            return form.model_validate_json(json.dumps(data))
        except ValidationError as again:
            error = again
        except RecursionError:
            return None
    return None


def _without_extras(data: Any, form: type[BaseModel], error: ValidationError) -> BaseModel | None:
    """The value without the keys that its form has no room for, if nothing else is wrong."""
    entries = error.errors(include_url=False, include_context=False, include_input=False)
    if len(entries) > MOST_ERRORS or any(e["type"] != "extra_forbidden" for e in entries):
        return None
    bare = json.loads(json.dumps(data))
    for entry in entries:
        *way, last = entry["loc"]
        at = bare
        for step in way:
            try:
                at = at[step]
            except (KeyError, IndexError, TypeError):
                return None  # a step names a kind of a union and not a key
        if not isinstance(at, dict) or last not in at:
            return None
        del at[last]
    try:
        return form.model_validate_json(json.dumps(bare))
    except ValidationError:
        return None


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
