"""A question in the negative is asked back, not read as its contrary."""

from __future__ import annotations

import pytest

from recosim.acts import Ask
from recosim.envs.cpr.acts import ACTS
from recosim.envs.cpr.protocol import Protocol
from recosim.errors import NotUnderstood
from recosim.world.catalog import open_world


@pytest.fixture(scope="module")
def parser():
    return ACTS.language(open_world("lastfm-small"), Protocol()).parser


@pytest.mark.parametrize(
    "line",
    [
        "Don't you like indie?",
        "Do you not want indie?",
        "You don't want indie, do you?",
        "So no indie?",
        "Do you hate indie?",
        "Anything but indie?",
        "Is it without indie?",
    ],
)
def test_a_negated_question_is_asked_back(parser, line):
    with pytest.raises(NotUnderstood, match=r"without the negation, about indie \[a"):
        parser.parse_system(line)


@pytest.mark.parametrize(
    "line", ["Do you like indie?", "You want indie, don't you?", "It is indie, isn't it?", "indie?"]
)
def test_a_plain_one_and_a_tag_are_questions(parser, line):
    assert isinstance(parser.parse_system(line), Ask)
