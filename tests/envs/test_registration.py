"""Ids, their cards, and what is said when one is wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings

import gymnasium as gym
import pytest

from recosim.cards import find_card
from recosim.envs.registration import EnvCard, env_card, env_cards, register_all
from recosim.errors import CardError, UnknownNameError

ROOT = re.escape(os.getcwd())

CARD = """
id = "recosim/CPR-Mine-v0"
family = "cpr"
title = "Mine"
description = "A card of one's own."

[arguments]
world = "lastfm-small"
protocol = "unicorn"
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Writes a card into a folder that RECOSIM_PATH names."""
    monkeypatch.setenv("RECOSIM_PATH", str(tmp_path))

    def write(text, name="CPR-Mine"):
        folder = tmp_path / "envs" / name
        folder.mkdir(parents=True)
        (folder / "env.toml").write_text(text)
        return folder / "env.toml"

    yield write
    gym.registry.pop("recosim/CPR-Mine-v0", None)


def test_the_environments_of_the_family_are_registered():
    names = {card.name for card in env_cards().values()}
    assert names >= {
        "CPR-LastFM", "CPR-Yelp", "CPR-MovieLens", "EAR-Yelp",
        "CPR-LastFM-Small", "CPR-Yelp-Small", "EAR-Yelp-Small",
    }  # fmt: skip
    assert all(name in gym.registry for name in env_cards())


def test_ids_are_strictly_formed_and_cards_lie_in_folders_of_their_names():
    # Gymnasium takes "-v0.1" and "-V0" silently as parts of a name.
    for name, card in env_cards().items():
        assert re.fullmatch(r"recosim/[A-Za-z0-9]+(-[A-Za-z0-9]+)*-v(0|[1-9][0-9]*)", name)
        assert card.path.parent.name == card.name
        assert card.title
        assert card.description


def test_registering_twice_is_silent_and_changes_nothing():
    before = dict(gym.registry)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register_all()
    assert gym.registry == before


def test_a_card_of_ones_own_is_an_id_with_no_code_changed(own):
    own(CARD)
    register_all()
    env = gym.make("recosim/CPR-Mine-v0", disable_env_checker=True)
    assert env.unwrapped.setup.protocol.drop_failed == "if_more_than_k"
    assert gym.make_vec("recosim/CPR-Mine-v0", num_envs=2).num_envs == 2


def test_arguments_of_make_override_those_of_the_card(own):
    own(CARD)
    register_all()
    env = gym.make("recosim/CPR-Mine-v0", protocol="mcmipl", disable_env_checker=True)
    assert env.unwrapped.setup.protocol.targets == 2


@pytest.mark.parametrize("name", ["CPR-Yelp", "CPR-Yelp-v0", "recosim/CPR-Yelp-v0"])
def test_a_card_is_found_by_its_id_and_by_its_short_names(name):
    assert env_card(name).id == "recosim/CPR-Yelp-v0"


def test_an_unknown_environment_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'CPR-LastFM'"):
        env_card("CPR-LastFN")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title", "titel", "unknown key 'titel'. Did you mean 'title'"),
        ('title = "Mine"\n', "", "the key 'title' is missing"),
        ('title = "Mine"', "title = 3", "title is 3; a str is needed"),
        ("[arguments]", "[argument]", "Did you mean 'arguments'"),
        ("-v0", "-V0", "not of the form namespace/Name-v0"),
        ("-v0", "-v0.1", "not of the form"),
        ("-v0", "-v01", "not of the form"),
        ("-v0", "", "not of the form"),
        ("recosim/", "", "not of the form"),
        ('"cpr"', '"cpr', "not valid TOML"),
    ],
)
def test_a_faulty_card_is_refused_with_its_file(own, old, new, message):
    path = own(CARD.replace(old, new, 1))
    with pytest.raises(CardError) as caught:
        EnvCard.read(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_a_card_of_an_unknown_family_waits_for_it(own):
    path = own(CARD.replace('family = "cpr"', 'family = "crp"'))
    register_all()
    assert "recosim/CPR-Mine-v0" not in gym.registry
    with pytest.raises(CardError, match="Did you mean 'cpr'") as caught:
        _ = env_card("CPR-Mine").record
    assert str(path) in str(caught.value)


def test_an_argument_that_no_environment_has_is_refused_when_it_is_made(own):
    own(CARD.replace("protocol =", "protocoll ="))
    register_all()
    with pytest.raises(UnknownNameError, match="Did you mean 'protocol'"):
        gym.make("recosim/CPR-Mine-v0", disable_env_checker=True)


@pytest.mark.parametrize("folder", ["absent", "./absent"])
def test_a_folder_that_is_not_there_is_told_and_named_where_a_name_is_missed(
    monkeypatch, tmp_path, folder
):
    monkeypatch.setenv("RECOSIM_PATH", os.path.join(tmp_path, folder) + os.pathsep + folder)
    with pytest.warns(UserWarning, match=f"RECOSIM_PATH names .*absent.*not folders from {ROOT}"):
        register_all()
    assert "recosim/CPR-LastFM-v0" in env_cards()
    with pytest.raises(UnknownNameError, match="RECOSIM_PATH names"):
        env_card("CPR-Mine")
    with pytest.raises(UnknownNameError, match="RECOSIM_PATH names"):
        find_card("users", "nobody")


def test_gymnasium_offers_the_nearest_id():
    with pytest.raises(gym.error.NameNotFound, match="CPR-LastFM"):
        gym.make("recosim/CPR-LastFMM-v0")


def test_importing_recosim_is_all_it_takes():
    code = "import gymnasium, recosim; print(*gymnasium.registry)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) >= set(env_cards())
    assert run.stderr == ""


def test_a_shipped_id_keeps_its_meaning(own, tmp_path):
    path = own(CARD.replace("CPR-Mine", "CPR-LastFM"))
    shipped = env_card("CPR-Yelp")
    for name in ("Mine", "CPR-LastFM", "recosim/CPR-LastFM-v0"):
        with pytest.raises(CardError, match="have the same id, 'recosim/CPR-LastFM-v0'") as caught:
            env_card(path.parent.name if name == "Mine" else name)
        assert str(path) in str(caught.value)
    shadow = tmp_path / "envs" / "CPR-LastFM" / "env.toml"
    shadow.parent.mkdir()
    path.rename(shadow)
    with pytest.raises(CardError, match="always means the same environment"):
        env_card("CPR-LastFM")
    with pytest.warns(UserWarning, match=f"{shadow} has the name"):
        register_all()
    assert env_card("CPR-Yelp") == shipped, "the others are as they were"
    assert env_cards()["recosim/CPR-LastFM-v0"].path != shadow
