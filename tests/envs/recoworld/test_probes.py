"""What an audit measures of lives: users who differ in a setting differ in its figure."""

from __future__ import annotations

import pytest

from recosim.audit import audit_page, audit_users
from recosim.envs.setup import Setup

# One worker audits, for all of these.
pytestmark = pytest.mark.xdist_group("probes of lives")


@pytest.fixture(scope="module")
def found():
    return {name: audited(name) for name in ("typical", "voiceless")}


def audited(users, **settings):
    setup = Setup.prepare("recoworld", world="lastfm-small", split="test", users=users, **settings)
    return audit_users(setup, conversations=60, probes=120)


def test_hazards_stand_beside_the_counted_logs(found):
    values = found["typical"].values
    rounds, days = values["leaving"]["rounds"], values["returning"]["days"]
    assert list(rounds) == list("123456")
    assert list(days) == list("1234567")
    assert rounds["1"]["value"] > rounds["6"]["value"]
    assert values["returning"]["kl"] < values["returning"]["kl_geometric"]
    people = {m["measure"]: m for m in values["against_people"]["measures"]}
    for k in range(1, 7):
        assert people[f"stops_{k}"]["ours"]["value"] == pytest.approx(rounds[str(k)]["value"])
    assert people["returns_1"]["figures"][0]["collection"] == "KuaiRand"
    # A life is no conversation: how one opens, or how many items it brings, says nothing here.
    assert {"opening", "leaving", "liking"}.isdisjoint(m["group"] for m in people.values())


def test_the_voiceless_never_instruct_and_typical_users_do(found):
    typical, silent = (found[name].values["instructions"] for name in ("typical", "voiceless"))
    assert silent["sessions_with_one"]["value"] == silent["rather_than_go"]["value"] == 0
    assert typical["sessions_with_one"]["low"] > 0
    assert typical["rather_than_go"]["low"] < 0.8 < typical["rather_than_go"]["high"] + 0.05


def test_what_they_say_fits_what_they_click(found):
    own = found["typical"].values["mindset"]
    assert own["clicks_after_yes"]["value"] > own["clicks_after_no"]["value"] + 0.1
    assert own["clicks_what_they_avoid"]["value"] < own["clicks_the_rest"]["value"] - 0.1


@pytest.mark.slow
def test_answers_at_random_tell_nothing_of_clicks():
    own = audited("typical", answer_noise=0.5).values["mindset"]
    gap = own["clicks_after_yes"]["value"] - own["clicks_after_no"]["value"]
    assert abs(gap) < 0.2


def test_the_page_has_a_section_for_each(found):
    page = audit_page(found["typical"])
    for title in ("Leaving a session", "Coming back", "Instructions", "Consistency of mindset"):
        assert title in page
