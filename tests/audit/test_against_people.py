"""Simulated users beside people: what is set is observed, and recommenders are told apart."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from recosim.audit import audit_users, figures
from recosim.audit.dialogues import Collection
from recosim.audit.measures import GROUPS, count
from recosim.audit.people_page import people_section
from recosim.audit.recommenders import good_against_bad
from recosim.chat import Chat, ScriptedBackend
from recosim.cli import app
from recosim.envs.setup import Setup
from recosim.users import LLMSettings, Population
from recosim.users.behaviour import SETTINGS
from recosim.users.population import population


def prepared(users, **arguments):
    return Setup.prepare("cpr", world="lastfm-small", split="test", users=users, **arguments)


def observed(users, agent, n=400):
    """What is counted of conversations without words."""
    from recosim.agents.registry import make_agent
    from recosim.audit.recommenders import _play

    talks, *_ = _play(prepared(users), make_agent(agent), n, 0)
    return count(Collection("x", talks, frozenset(GROUPS) - {"words"}))


def test_rates_that_are_set_are_observed():
    found = observed(
        {"seen": 0.36, "asks_about": 0.2, "bad_list_hazard": 0.3, "acceptable": 0}, "abs_greedy"
    )
    for name, rate in (("seen", 0.36), ("asks_about", 0.2), ("leaves_1", 0.3), ("leaves_2", 0.3)):
        assert found[name]["low"] <= rate <= found[name]["high"], name
    assert found["opens_with_attribute"]["value"] == 1
    assert found["volunteers"]["value"] == 0
    usual = observed({"answer_noise": 0.145}, "max_entropy")
    assert usual["answer_errors"]["low"] <= 0.145 <= usual["answer_errors"]["high"]
    assert (usual["seen"]["value"], usual["leaves_1"]["value"]) == (0, 0)


def test_users_tell_a_good_recommender_from_a_bad_one():
    found = good_against_bad(
        prepared({"bad_list_hazard": 0.5}), figures(), conversations=200, seed=0
    )
    assert found["left"]["difference"]["low"] > 0
    assert found["satisfaction"]["difference"]["high"] < 0
    assert found["satisfaction"]["good"]["value"] == 1
    assert found["leaves_after_bad"]["bad"]["value"] == pytest.approx(0.5, abs=0.15)
    assert found["leaves_after_bad"]["good"]["value"] is None  # an oracle is never refused
    assert found["arena"]["difference"] == pytest.approx(0.126, abs=0.01)
    again = good_against_bad(
        prepared({}), figures(), conversations=200, seed=0, agents=("oracle", "oracle")
    )
    assert again["satisfaction"]["difference"] == {"value": 0, "low": 0, "high": 0}


def test_what_cannot_be_measured_says_why():
    llm = LLMSettings(decides="answers", chat=Chat(ScriptedBackend(lambda request: {})))
    found = good_against_bad(
        prepared(Population("made", {}, llm=llm)), figures(), conversations=9, seed=0
    )
    assert "asked again" in found["skipped"]
    found = good_against_bad(
        prepared({}), figures(), conversations=9, seed=0, agents=("oracle", "nobody")
    )
    assert "unknown agent 'nobody'" in found["skipped"]


def test_an_audit_holds_users_against_people_and_draws_it():
    audit = audit_users(prepared({"seen": 0.9}), conversations=40, probes=2)
    part = audit.to_dict()["against_people"]
    rows = {row["measure"]: row for row in part["measures"]}
    assert rows["seen"]["verdict"] == "does not"
    assert rows["seen"]["ours"]["value"] > 0.7
    assert part["agents"] == ["max_entropy", "abs_greedy"]
    assert part["judged"] >= part["holds"] > 0
    assert part["unsupported"] == {}
    html = "\n".join(people_section({"made": part, "<other>": part}))
    assert html.count("<circle") >= 2 * part["judged"]
    assert "&lt;other&gt;" in html
    assert "<other>" not in html


@pytest.mark.parametrize("name", ["human", "human_music"])
def test_every_number_of_human_users_has_a_source(name):
    crowd = population(name)
    assert crowd.sources.keys() == crowd.settings.keys()
    talking = {k for k in crowd.unsupported if SETTINGS[k].group != "sessions"}
    assert talking == {"feedback", "acceptable", "examination", "choice_temperature"}
    counted = {
        k for k in crowd.settings if SETTINGS[k].group == "sessions"
    } - crowd.unsupported.keys()
    assert counted == {"session_hazard", "return_rate", "voice", "instructs"}
    # An audit knows what a trace was recorded on by what outcomes depend on, and by nothing else.
    assert "sources" not in crowd.to_dict()


def test_several_populations_stand_on_one_page(tmp_path):
    given = ["audit", "CPR-LastFM-Small", "--users", "ideal,typical", "--conversations", "12"]
    result = CliRunner().invoke(app, [*given, "--probes", "2", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "people.html").read_text(encoding="utf-8")
    assert "ideal" in page
    assert "typical" in page
    for name in ("ideal", "typical"):
        found = json.loads((tmp_path / name / "audit.json").read_text(encoding="utf-8"))
        assert found["users"]["name"] == name
        assert "Against people" in (tmp_path / name / "audit.html").read_text(encoding="utf-8")
    assert (tmp_path / "people.png").read_bytes().startswith(b"\x89PNG")
    assert "does not" in result.output
