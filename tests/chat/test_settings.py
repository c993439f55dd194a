"""Where settings come from, and that a key goes nowhere."""

from __future__ import annotations

import json

import pytest

from recosim.chat import ChatSettings
from recosim.chat.retry import pause_before
from recosim.errors import ChatError, OptionError, UnknownNameError

VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "RECOSIM_LLM_MODEL")


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_arguments_come_before_the_environment(monkeypatch):
    for name, value in zip(VARIABLES, ("http://there/v1", "secret", "big"), strict=True):
        monkeypatch.setenv(name, value)
    assert ChatSettings().server() == ("http://there/v1", "secret", "big")
    given = ChatSettings(base_url="http://here/v1", api_key="k", model="small")
    assert given.server() == ("http://here/v1", "k", "small")


def test_a_key_alone_means_openai_and_a_url_needs_no_key():
    assert ChatSettings(api_key="k", model="m").server()[0] == "https://api.openai.com/v1"
    assert ChatSettings(base_url="http://here/v1", model="m").server()[1] == ""


def test_what_is_missing_is_named():
    with pytest.raises(ChatError, match="OPENAI_BASE_URL"):
        ChatSettings(model="m").server()
    with pytest.raises(ChatError, match="RECOSIM_LLM_MODEL"):
        ChatSettings(base_url="http://here/v1").server()


def test_a_key_is_not_shown():
    settings = ChatSettings(base_url="http://me:pass@here:80/v1?k=secret", api_key="secret")
    shown = json.dumps(settings.to_dict())
    assert "secret" not in repr(settings.api_key and settings).replace(settings.base_url, "")
    assert "secret" not in shown
    assert "pass" not in shown
    assert settings.shown_url == "http://here:80/v1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", 0), ("deadline", float("inf")), ("attempts", 0), ("attempts", 1.5),
        ("reasks", -1), ("max_bytes", 10), ("price_in", -1), ("pause", True), ("base_url", "here"),
    ],
)  # fmt: skip
def test_impossible_values_are_refused(name, value):
    with pytest.raises(OptionError, match=name):
        ChatSettings(**{name: value})


def test_unknown_words_offer_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'schema'"):
        ChatSettings(form="shema")
    with pytest.raises(UnknownNameError, match="max_completion_tokens"):
        ChatSettings(tokens_field="tokens")


def test_pauses_double_with_jitter_and_repeat():
    settings = ChatSettings(pause=1.0, longest_pause=8.0)
    pauses = [pause_before(settings, "key", attempt, 0) for attempt in range(2, 9)]
    assert pauses == [pause_before(settings, "key", attempt, 0) for attempt in range(2, 9)]
    for pause, longest in zip(pauses, (1, 2, 4, 8, 8, 8, 8), strict=True):
        assert longest / 2 <= pause <= longest
    many = {pause_before(settings, f"key {n}", 2, 0) for n in range(100)}
    assert len(many) == 100
    assert max(many) - min(many) > 0.4
    assert pause_before(settings, "key", 2, 30.0) == 30.0
    assert pause_before(settings, "key", 10_000, 0) <= 8
