"""What the facts of a prompt say of a decision, and whether words carry an act."""

from __future__ import annotations

import pytest

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Critique,
    Edit,
    Instruct,
    Leave,
    Note,
    React,
    Recommend,
    Reflect,
    Request,
)
from recosim.language import Context, Parser, Templates
from recosim.users.carried import missed
from recosim.users.facts import kind_of, verdict
from recosim.users.speaker import Occasion
from recosim.world.catalog import open_world

WORLD = open_world("lastfm-small")
TARGET = 0
HAS = tuple(WORLD.item_attributes.row(TARGET).tolist())
OTHER = next(v for v in range(WORLD.n_items) if set(WORLD.item_attributes.row(v)) - set(HAS))
NOT = tuple(a for a in range(WORLD.n_attributes) if a not in HAS)


def occasion(answers, shown=()):
    return Occasion(0, 1, (), Context(answers, tuple(shown)), secrets=(TARGET,), wants=HAS)


STYLE = 0
IN_STYLE = tuple(a for a in HAS if WORLD.attribute_facet[a] == STYLE)
ASKED = {
    "wanted": occasion(Ask((HAS[0],))),
    "unwanted": occasion(Ask((NOT[0],))),
    "both": occasion(Ask(HAS[:2])),
    "one": occasion(Ask((HAS[0], NOT[0]))),
    "facet": occasion(Ask(facet=STYLE)),
    "with": occasion(Recommend((OTHER, TARGET))),
    "without": occasion(Recommend((OTHER,))),
    "refused": occasion(Reflect(), (OTHER,)),
}


@pytest.mark.parametrize(
    ("where", "acts", "found"),
    [
        ("wanted", [Answer("yes", (HAS[0],))], "agrees"),
        ("wanted", [Answer("no")], "contradicts"),
        ("wanted", [Answer("unsure")], "open"),
        ("unwanted", [Answer("yes", (NOT[0],))], "contradicts"),
        ("unwanted", [Answer("no")], "agrees"),
        ("unwanted", [Answer("no", also=(HAS[0],))], "agrees"),
        ("unwanted", [Answer("no", also=(NOT[1],))], "contradicts"),
        ("unwanted", [Answer("no"), Leave()], "agrees"),
        ("both", [Answer("yes", HAS[:2])], "agrees"),
        ("both", [Answer("yes", HAS[:1])], "agrees"),
        ("one", [Answer("yes", (HAS[0],))], "agrees"),
        ("one", [Answer("yes", (HAS[0], NOT[0]))], "contradicts"),
        ("one", [Answer("no")], "contradicts"),
        ("facet", [Answer("yes", IN_STYLE)], "agrees"),
        ("facet", [Answer("yes", (NOT[0],))], "contradicts"),
        ("facet", [Answer("no")], "contradicts"),
        ("with", [React(TARGET)], "agrees"),
        ("with", [React(OTHER)], "contradicts"),
        ("with", [React(None)], "contradicts"),
        ("without", [React(None)], "agrees"),
        ("without", [React(None), Critique(NOT[0])], "agrees"),
        ("without", [React(None), Critique(HAS[0])], "contradicts"),
        ("refused", [Edit(add=(HAS[0],), remove=(NOT[0],))], "agrees"),
        ("refused", [Instruct("want", (NOT[0],))], "contradicts"),
        ("refused", [Answer("unsure")], "open"),
    ],
)
def test_a_decision_agrees_with_the_wants_or_not(where, acts, found):
    assert verdict(acts, ASKED[where], WORLD) == found


def test_what_is_decided_has_a_kind():
    kinds = [kind_of(ASKED[name]) for name in ("wanted", "both", "facet", "with", "refused")]
    assert kinds == ["question", "choice", "facet", "list", "reflection"]


NO, YES = Answer("no"), Answer("yes", (HAS[0],))


@pytest.mark.parametrize(
    ("meant", "read", "why"),
    [
        ([NO], [NO], None),
        ([NO], [NO, Courtesy()], None),
        ([NO], [Courtesy()], "unread"),
        ([NO], [], "unread"),
        ([NO], [YES], "contradiction"),
        ([NO], [Answer("no", also=(3,))], "contradiction"),
        ([NO], [Request((3,))], "another_act"),
        ([NO], [Leave()], "another_act"),
        ([NO, Leave("impatient")], [Leave("other")], None),
        ([NO, Leave()], [NO], "another_act"),
        ([YES, Leave()], [Leave()], "another_act"),
        ([React(4), Leave()], [Leave()], "another_act"),
        ([React(4), Leave()], [React(4), Leave()], None),
        ([React(None, notes=((4, Note.SEEN),)), Leave()], [Leave()], "another_act"),
        (
            [Request((3,)), Instruct("avoid", (4,), (3,))],
            [Instruct("avoid", (4,), (3,))],
            "another_act",
        ),
        ([YES], [Answer("yes")], None),
        ([React(None), Critique(3)], [Critique(3)], None),
        ([React(None), Critique(3)], [Instruct("avoid", (3,))], None),
        ([React(None), Critique(3)], [React(None)], "another_act"),
        ([React(None), Critique(3)], [Critique(4)], "contradiction"),
        ([React(None), Critique(3)], [Critique(3, "more")], "contradiction"),
        ([React(4)], [React(5)], "contradiction"),
        ([React(None, notes=((4, Note.SEEN),))], [React(None)], "contradiction"),
        ([Request((3, 5))], [Request((5, 3))], None),
        ([Request((3,))], [Request((3, 4))], "contradiction"),
        ([Request((3,)), Instruct("avoid", (4,), (3,))], [Request((3,))], None),
        ([Instruct("avoid", (4,), (3,))], [Instruct("avoid", (4,))], "contradiction"),
    ],
)
def test_words_carry_what_they_are_read_as(meant, read, why):
    assert missed(meant, read) == why


def test_what_templates_say_carries_the_act():
    templates, parser = Templates(WORLD), Parser(WORLD)
    said = [(ASKED["wanted"], YES), (ASKED["unwanted"], NO), (ASKED["with"], React(TARGET))]
    for where, act in said:
        for key in range(20):
            text = templates.user(act, where.context, key=key, style="chatty")
            assert missed([act], [parser.parse_user(text, where.context)]) is None, text
