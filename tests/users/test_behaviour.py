"""Settings of rule users, and the populations that draw them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from recosim.bench.schema import Users
from recosim.envs.setup import Setup
from recosim.errors import CardError, OptionError, UnknownNameError
from recosim.users import Behaviour, Population, population, population_names
from recosim.users.behaviour import SETTINGS, TRAITS, WORDS, trait_column

VARIED = Population(
    "varied",
    {
        "answer_noise": {"uniform": [0.1, 0.3]},
        "dont_know": {"beta": [2.0, 6.0]},
        "patience": {"choice": [3, None], "weights": [3, 1]},
        "feedback": {"choice": ["binary", "edit"]},
        "examination": 0.9,
    },
)


def test_the_users_of_the_papers_are_the_default():
    assert population("ideal") == Population()
    assert population("ideal").traits(100).shape == (1, len(TRAITS))
    assert population(Behaviour()).to_dict() == {"name": "ideal", "settings": {}}


def test_settings_follow_their_distributions():
    n = 20_000
    table = VARIED.traits(n)
    noise, unsure = trait_column(table, "answer_noise"), trait_column(table, "dont_know")
    assert noise.min() >= 0.1
    assert noise.max() <= 0.3
    assert noise.mean() == pytest.approx(0.2, abs=0.002)
    assert unsure.mean() == pytest.approx(2 / 8, abs=0.005)
    assert unsure.var() == pytest.approx(2 * 6 / (8**2 * 9), abs=0.002)
    assert np.isinf(trait_column(table, "patience")).mean() == pytest.approx(0.25, abs=0.01)
    assert (
        trait_column(table, "feedback") == WORDS["feedback"].index("edit")
    ).mean() == pytest.approx(0.5, abs=0.015)
    assert (trait_column(table, "examination") == 0.9).all()
    correlation = np.corrcoef(noise, unsure)[0, 1]
    assert abs(correlation) < 0.03, "settings are drawn one by one"


def test_the_same_user_is_the_same_person():
    few, many = VARIED.traits(10), VARIED.traits(1000)
    assert np.array_equal(few, many[:10])
    other = Population("varied", VARIED.settings, seed=1).traits(10)
    assert not np.array_equal(few, other)
    for user in range(5):
        assert np.array_equal(VARIED.behaviour(user).traits(), many[user])


def about(setting: str) -> str:
    return SETTINGS[setting].group


@pytest.mark.parametrize("name", population_names())
def test_every_card_describes_possible_users(name):
    crowd = population(name)
    table = crowd.traits(300)
    for user in range(0, len(table), 37):
        assert np.array_equal(crowd.behaviour(user).traits(), table[user])
    again = crowd.to_dict()
    assert Users(**again).population.to_dict() == again


def test_voiceless_users_are_typical_ones_without_a_voice():
    typical, silent = (population(name).traits(400) for name in ("typical", "voiceless"))
    differ = {name for k, name in enumerate(SETTINGS) if (typical[:, k] != silent[:, k]).any()}
    assert differ == {"voice"}
    assert (trait_column(silent, "voice") == 0).all()
    assert (trait_column(typical, "voice") > 0).all()


def test_sessions_and_searches_leave_conversations_of_typical_users_alone():
    card = population("typical").settings
    talking = {k: v for k, v in card.items() if about(k) not in ("sessions", "search")}
    assert talking == {
        "answer_noise": {"beta": [1.0, 19.0]},
        "dont_know": 0.04,
        "cooperativeness": {"uniform": [0.1, 0.7]},
        "patience": {"choice": [8, 10, 12, 15]},
        "examination": {"beta": [18.0, 1.0]},
        "choice_temperature": 0.25,
        "feedback": {"choice": ["binary", "critique", "instruction"], "weights": [2, 1, 1]},
        "critic": {"choice": ["salient", "least_liked"]},
    }


@pytest.mark.parametrize("name", ["typical", "voiceless", "vocal", "loyal", "binger", "novelty"])
def test_users_with_sessions_say_where_each_number_is_from(name):
    crowd = population(name)
    assert crowd.sources.keys() == crowd.settings.keys()
    groups = ("sessions", "search")
    settings = {key for key in SETTINGS if about(key) in groups} - {"instruct_scope"}
    assert settings <= crowd.settings.keys()
    assert "dont_know" not in crowd.unsupported


def test_the_controls_of_searches_differ_from_helpful_users_in_what_they_control_for():
    helpful, random = (population(name).settings for name in ("helpful", "random_terms"))
    assert random == {**helpful, "off_topic": 1.0}
    mute = population("mute").settings
    assert mute == {"dont_know": 1.0, "feedback": "binary"}
    counted = population("qulac")
    assert counted.sources.keys() == counted.settings.keys()
    assert not {"dont_know", "cooperativeness"} & counted.unsupported.keys()


def test_a_setting_can_be_fixed_for_all():
    crowd = population("typical").with_settings(answer_noise=0.25, dont_know=None)
    assert (trait_column(crowd.traits(50), "answer_noise") == 0.25).all()
    assert crowd.constant("answer_noise") == 0.25
    assert population("typical").constant("answer_noise") is None
    assert population("typical").constant("feedback") is None


def test_environments_take_populations_by_name_and_by_settings():
    setup = Setup.prepare("cpr", world="lastfm-small", users="picky")
    d = setup.batch(4)
    assert np.array_equal(d.arrays["traits"], population("picky").traits(d.world.n_users))
    setup = Setup.prepare("cpr", world="lastfm-small", users={"patience": 2}, answer_noise=0.1)
    assert setup.users.to_dict() == {
        "name": "custom",
        "settings": {"answer_noise": 0.1, "patience": 2},
    }


@pytest.mark.parametrize(
    "settings",
    [
        {"answer_noise": 1.2},
        {"answer_noise": True},
        {"answer_noise": math.nan},
        {"dont_know": {"uniform": [0.3, 0.1]}},
        {"dont_know": {"uniform": [0.3, 1.1]}},
        {"dont_know": {"beta": [0, 1]}},
        {"dont_know": {"beta": [1, 1], "choice": [0.1]}},
        {"dont_know": {}},
        {"dont_know": {"choice": []}},
        {"dont_know": {"choice": [0.1], "weights": [0]}},
        {"dont_know": {"choice": [0.1, 0.2], "weights": [1]}},
        {"dont_know": {"uniform": [0, 1], "weights": [1]}},
        {"patience": 0},
        {"patience": 2.5},
        {"patience": {"uniform": [1, 5]}},
        {"choice_temperature": -1},
        {"choice_temperature": {"beta": [1, 1]}},
        {"feedback": {"uniform": [0, 1]}},
        {"acceptable": 33},
        {"acceptable": 1.0},
        {"acceptable": {"uniform": [0, 8]}},
        {"musts": -1},
        {"musts": True},
        {"musts": {"choice": [1, 9]}},
        {"drift": 1.5},
        {"drift": {"uniform": [0, 2]}},
        {"weighting": {"beta": [1, 1]}},
    ],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(OptionError):
        population(settings)


@pytest.mark.parametrize(
    ("settings", "near"),
    [
        ({"pacience": 3}, "patience"),
        ({"feedback": "critic"}, "critique"),
        ({"weighting": "likes"}, "liking"),
        ({"acceptible": 1}, "acceptable"),
        ({"dont_know": {"unifrom": [0, 1]}}, "uniform"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(settings, near):
    with pytest.raises(UnknownNameError, match=near):
        population(settings)


def test_cards_of_ones_own(tmp_path, monkeypatch):
    folder = tmp_path / "users"
    folder.mkdir()
    card = 'name = "{}"\ntitle = "T"\ndescription = "D"\n{}'
    (folder / "mine.toml").write_text(card.format("mine", "[behaviour]\npatience = 3\n"))
    (folder / "wrong.toml").write_text(card.format("wrong", "[behaviour]\npatience = 0\n"))
    (folder / "typo.toml").write_text(card.format("typo", "stile = 'terse'\n"))
    (folder / "other.toml").write_text(card.format("another", ""))
    monkeypatch.setenv("RECOSIM_PATH", str(tmp_path))
    assert population("mine").settings == {"patience": 3}
    for name, words in (
        ("wrong", "patience is 0"),
        ("typo", "style"),
        ("other", "its file says"),
    ):
        with pytest.raises(CardError, match=words):
            population(name)
    with pytest.raises(UnknownNameError, match="mine"):
        population("mime")
