"""Probes are declared by a family: measured in every audit of it, drawn on its page."""

from __future__ import annotations

from dataclasses import replace

import pytest
import toy

import recosim
from recosim.audit import audit_page, audit_users
from recosim.envs.probes import Bar, Measured, Probe, ask, draw_lists
from recosim.envs.setup import Setup
from recosim.envs.shares import share
from recosim.envs.talk import speaker_of
from recosim.envs.usual_probes import CANARIES

N = 12


@pytest.fixture(scope="module")
def setup():
    recosim.register_family(toy.TOY)
    return Setup.prepare("toy", world="lastfm-small", split="test")


def test_a_family_that_declares_no_probes_has_the_usual_ones_by_lists(setup):
    audit = audit_users(setup, agent="random", conversations=N, probes=N)
    v = audit.values
    assert set(v["consistency"]) == set(v["canaries"]) == {"list"}
    assert set(v["canaries"]["list"]) == set(CANARIES)
    assert {found["value"] for found in v["canaries"]["list"].values()} == {0.0}
    assert v["persona"]["acts_differ"]["value"] == 0
    assert "answers" not in v
    assert v["people"]["users"] > 1
    page = audit_page(audit)
    for title in ("Consistency", "Canaries", "Persona", "People"):
        assert f"<h2>{title}" in page
    assert "Answers to questions" not in page


def test_a_declared_probe_is_measured_once_and_drawn(setup):
    samples = []

    def measure(sample):
        samples.append(sample)
        long = [row["step"] > 2 for row in sample.rows]
        users = [row["user"] for row in sample.rows]
        return Measured({"length": {"long": share(long, users)}}, ["one <b> of them"])

    probe = Probe(
        "length",
        "Length & more",
        measure,
        lambda v: [Bar("later moves", v["length"]["long"], mark=0.5)],
        lambda v: f"Of {v['length']['long']['of']} moves.",
    )
    family = replace(setup.family, probes=lambda setup: (probe,))
    audit = audit_users(replace(setup, family=family), agent="random", conversations=N, probes=7)
    (sample,) = samples
    assert (sample.n, len({row["conversation"] for row in sample.rows})) == (7, N)
    assert audit.to_dict()["length"]["long"]["of"] == len(sample.rows)
    assert audit.examples["length"] == ["one <b> of them"]
    assert "consistency" not in audit.values
    page = audit_page(audit)
    assert "<h2>Length &amp; more</h2>" in page
    assert f"<p>Of {len(sample.rows)} moves.</p>" in page
    assert "one &lt;b&gt; of them" in page
    assert 'title="people: 50 %"' in page


def test_lists_are_of_what_nobody_has_in_mind_to_users_who_differ(setup):
    cpr = Setup.prepare("cpr", world="lastfm-small", split="test")
    for each in (setup, cpr):
        drawn = draw_lists(each, N, seed=3)
        assert len(set(drawn.users.tolist())) == N
        again = draw_lists(each, N, seed=3)
        assert (drawn.moves.items == again.moves.items).all()
    targets = drawn.opening["units"][:, 1:]
    assert not (drawn.moves.items == targets).any()
    replies = ask(cpr, speaker_of(cpr), drawn, seed=3)
    assert all(act.accepted is None for (act, *_) in replies.acts)
