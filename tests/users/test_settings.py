"""Declarations of settings: what is derived from them, and what a family does not read."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from recosim.errors import OptionError, UnknownNameError
from recosim.users import Behaviour, Population, population, users_of_family
from recosim.users.behaviour import SETTINGS, TRAITS, WORDS, trait_column
from recosim.users.page import settings_table, write_table
from recosim.users.persona import _temper
from recosim.users.settings import GROUPS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "users.md"
READ = tuple(name for name in TRAITS if not name.startswith("cooperat"))


def test_the_order_of_the_settings_is_that_of_kernels():
    assert TRAITS == (
        "answer_noise", "dont_know", "cooperativeness", "cooperation_trend", "patience",
        "leave_hazard", "examination", "choice_temperature", "feedback", "critic", "acceptable",
        "musts", "weighting", "drift", "standing", "seen", "asks_about", "critique_unasked",
        "want_unasked", "takes", "opening", "question_patience", "bad_list_hazard",
        "bad_list_rise", "deflects", "click_bias", "appeal_pull", "mood", "learning", "boredom",
        "boredom_decay", "fatigue_pull", "letdown_pull", "session_hazard", "tolerance", "voice",
        "instructs", "instruct_scope", "conditional", "wish_weight", "leave_for_good",
        "return_rate", "loyalty_pull", "loyalty_memory", "stay", "similarity", "off_topic",
        "named_terms", "naming", "like_share", "satisfied_share", "vague",
    )  # fmt: skip
    assert [entry.position for entry in SETTINGS.values()] == list(range(len(TRAITS)))
    assert WORDS["feedback"] == ("none", "unary", "binary", "critique", "instruction", "edit")


@pytest.mark.parametrize("name", TRAITS)
def test_a_declaration_is_whole(name):
    entry = SETTINGS[name]
    entry.kind.check(name, entry.default)
    assert entry.kind.value(entry.kind.number(entry.default)) == entry.default
    assert entry.group in GROUPS
    assert entry.help
    assert not entry.help.endswith(".")
    labels = [other.label for other in SETTINGS.values()]
    assert labels.count(entry.label) == 1, "a key of results would be ambiguous"


def test_keys_of_results_keep_their_words():
    crowd = population({"answer_noise": 0.1, "dont_know": 0.25, "critic": "least_liked"})
    assert crowd.labels(TRAITS) == ["noise-0.1", "unsure-0.25", "critic-least_liked"]
    assert crowd.labels(["dont_know", "patience"]) == ["unsure-0.25"]
    assert Population(settings={"choice_temperature": 1e16}).labels(TRAITS) == [
        "choice_temperature-1e16"
    ]


def test_a_persona_speaks_of_temper_first():
    told = _temper(Behaviour(answer_noise=0.2, patience=9, feedback="edit", cooperativeness=0.6))
    assert list(told.items()) == [
        ("temper", "You are patient, up to a point."),
        ("answers", "You are distracted. You help where you can."),
        ("lists", "You say what bothers you."),
        ("wishes", ""),
        ("sessions", ""),
        ("search", ""),
    ]
    assert not any(_temper(Behaviour()).values())
    assert _temper(Behaviour(patience=7))["temper"] == "You lose patience soon."


def test_a_constant_is_a_number_or_a_word():
    crowd = population("typical")
    assert crowd.constant("weighting") == "equal"
    assert crowd.constant("dont_know") == 0.04
    assert crowd.constant("patience") is None, "users differ in it"
    assert population("ideal").constant("patience") == math.inf
    with pytest.raises(UnknownNameError, match="patience"):
        crowd.constant("pacience")


def test_no_end_of_patience_can_be_set():
    crowd = population("terse").with_settings(patience=None, critic=None)
    assert (trait_column(crowd.traits(9), "patience") == math.inf).all()
    assert crowd.constant("critic") == population("terse").constant("critic")


@pytest.mark.parametrize("users", [{"cooperativeness": 0.5}, Behaviour(cooperativeness=0.5)])
def test_a_family_refuses_a_named_setting_that_it_does_not_read(users):
    for given, settings in ((users, {}), ("ideal", {"cooperativeness": 0.5})):
        with pytest.raises(OptionError) as told:
            users_of_family("critique", READ, given, settings)
        for word in ("cooperativeness", "'critique'", *READ):
            assert word in str(told.value)


def test_cards_describe_people_for_all_families():
    for users in ("typical", population("typical")):
        crowd = users_of_family("critique", READ, users, {"patience": 3, "cooperativeness": None})
        assert crowd == population("typical").with_settings(patience=3)
    assert "cooperativeness" in crowd.settings
    assert users_of_family("cpr", TRAITS, {"cooperativeness": 0.5}, {}).settings
    with pytest.raises(UnknownNameError, match="patience"):
        users_of_family("cpr", TRAITS, "ideal", {"pacience": 3})


def test_the_page_has_the_table_of_the_declarations(tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    assert settings_table() in text, "run `make docs`"
    copy = tmp_path / "users.md"
    copy.write_text(text.replace(settings_table(), "gone"), encoding="utf-8")
    write_table(copy)
    assert copy.read_text(encoding="utf-8") == text
    copy.write_text("no marks\n", encoding="utf-8")
    with pytest.raises(OptionError, match="settings"):
        write_table(copy)
