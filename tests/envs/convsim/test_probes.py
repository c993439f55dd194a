"""What an audit measures of searches: users who differ in a setting differ in its figure."""

from __future__ import annotations

import pytest

from recosim.envs.convsim import probes as module
from recosim.envs.convsim.probes import MORE, QULAC, probes
from recosim.envs.probes import Sample
from recosim.envs.setup import Setup
from recosim.users.speaker import TemplateSpeaker

# One worker builds the collection, for all of these.
pytestmark = pytest.mark.xdist_group("searches")

OWN = ("answers", "feedback", "settings", "leaks")


def measured(users, names=OWN, n=60, **settings):
    setup = Setup.prepare(
        "convsim", world="lastfm-small-search", split="test", users=users, **settings
    )
    sample = Sample(setup, TemplateSpeaker(setup.world), [], n, 0)
    values = {}
    for probe in probes(setup):
        if probe.name in names:
            values |= probe.measure(sample).values
    return setup, values


def test_answers_stand_beside_those_of_people():
    setup, values = measured("qulac", ("answers",), n=100)
    found = values["answers"]
    assert found["qulac"] == QULAC == {"yes": 0.18, "no": 0.51, "dont_know": 0.04}
    assert found["questions"] == 400
    assert found["rates"]["dont_know"]["low"] < 0.04 < found["rates"]["dont_know"]["high"]
    # Nothing is left to say in the end, so that fewer of the no's say more than is set.
    assert 0.5 < found["no_that_says_more"]["value"] < MORE
    kinds = found["kinds"]
    assert sum(each["value"] for each in kinds.values()) == pytest.approx(1)
    no = kinds["NO_BARE"]["value"] + kinds["NO_INFORM"]["value"]
    assert no == pytest.approx(found["rates"]["no"]["value"])
    probe = next(probe for probe in probes(setup) if probe.name == "answers")
    marks = {bar.name: bar.mark for bar in probe.bars(values) if bar.mark is not None}
    assert marks == {"yes": 0.18, "no": 0.51, "dont know": 0.04, "a no that says more": 0.85}
    assert [title for title, _ in probe.told(values)] == [
        *("answers", "people (Qulac)", "kinds of answers"),
    ]


def test_kinds_of_feedback_follow_from_what_users_say_about_lists():
    shares = {
        name: {
            kind: each["value"]
            for kind, each in measured(name, ("feedback",))[1]["feedback"].items()
        }
        for name in ("helpful", "mute", "typical")
    }
    assert shares["mute"]["NEG_BARE"] == 1
    assert shares["helpful"]["NEG_REFINE"] > 0.7
    assert shares["helpful"]["POSITIVE"] == 0
    assert 0 < shares["typical"]["NEG_REFINE"] < 0.5
    assert shares["typical"]["POSITIVE"] > 0
    for found in shares.values():
        assert sum(found.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("setting", "value", "figures"),
    [
        ("answer_noise", 0.3, ("noise_in_answers", "noise_in_thumbs")),
        ("cooperativeness", 0.6, ("cooperates_at_questions", "cooperates_at_lists")),
        ("dont_know", 0.3, ("dont_know",)),
    ],
)
def test_a_setting_is_found_again(setting, value, figures):
    _, values = measured({"feedback": "critique", setting: value}, ("settings",), n=200)
    for figure in figures:
        each = values["settings"][figure]
        assert each["set"] == pytest.approx(value)
        assert each["found"]["low"] <= value <= each["found"]["high"], figure
    others = values["settings"].keys() - set(figures)
    for figure in others:
        each = values["settings"][figure]
        assert each["found"]["value"] == pytest.approx(each["set"]) == 0


def test_who_warms_up_cooperates_with_nobody_at_first():
    _, values = measured(
        {"feedback": "critique", "cooperativeness": 0.9, "cooperation_trend": "rising"},
        ("settings",),
    )
    each = values["settings"]["cooperates_at_questions"]
    assert each["set"] == each["found"]["value"] == 0


def test_judgements_change_nothing_unless_they_may_stop_a_search():
    names = tuple(f"{kind}_changes_with_the_judgements" for kind in ("ask", "list"))
    _, values = measured("typical", ("leaks",))
    assert [values["leaks"][name]["value"] for name in names] == [0, 0]
    stopped = measured("helpful", ("leaks",), oracle_stop=True, stop_at=0.5)[1]["leaks"]
    assert stopped["list_changes_with_the_judgements"]["value"] > 0.2


def test_judgements_that_are_moved_are_other_ones():
    setup, _ = measured("typical", ())
    other = module._judged_otherwise(setup.world)
    turns = range(setup.world.topics.n_turns)
    for world in (setup.world, other):
        assert [len(world.judgements.of(t)) for t in turns] == [
            len(setup.world.judgements.of(t)) for t in turns
        ]
    moved = [t for t in turns if setup.world.judgements.of(t) != other.judgements.of(t)]
    assert len(moved) == len(turns)
    assert other.topics is setup.world.topics


def test_terms_that_are_not_of_the_need_are_named_by_those_who_drift_off_alone():
    for users, least, most in (("helpful", 0.0, 0.0), ("random_terms", 0.6, 1.0)):
        _, values = measured(users, ("leaks",))
        for kind in ("ask", "list"):
            found = values["leaks"][f"{kind}_names_what_is_not_of_the_need"]
            assert least <= found["value"] <= most, (users, kind)
            assert found["of"] > 50
