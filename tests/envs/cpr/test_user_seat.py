"""A person answers a list: several numbers at once, and questions about an item."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.acts import Inquire, Moves, Outcome, Verb
from recosim.envs.cpr.acts import ACTS, write_answer
from recosim.envs.cpr.user_seat import CPRUserSeat
from recosim.envs.setup import Setup
from recosim.errors import OptionError


def listed(**options):
    setup = Setup.prepare("cpr", world="lastfm-small", split="test", protocol_options=options)
    d = setup.batch(1)
    d.open(seeds=[3], conversations=[0])
    d.pose(Moves.all_of(Verb.RECOMMEND, 1))
    return d, CPRUserSeat(d, ACTS)


@pytest.mark.parametrize(
    ("line", "taken"), [("2", [1]), ("1, 3", [0, 2]), ("4 and 2", [1, 3]), ("3 1 2", [0, 1, 2])]
)
def test_items_are_taken_by_their_numbers(line, taken):
    d, seat = listed()
    assert seat.read(line).does == "act"
    assert np.flatnonzero(d.taken[0]).tolist() == taken
    assert (d.outcome[0], d.rank[0]) == (Outcome.HIT, 1 + taken[0])


def test_a_number_that_is_not_in_the_list_takes_nothing():
    d, seat = listed()
    with pytest.raises(OptionError, match="no number 99"):
        seat.read("1, 99")
    assert not d.taken.any()


def test_a_question_about_an_item_is_answered_and_the_list_still_waits():
    d, seat = listed()
    item = int(d.shown[0, 1])
    write_answer(d, 0, (Inquire(item),))
    typed = seat._told()
    assert typed is not None
    assert typed.does == "look"
    told = " ".join(map(str, typed.shown))
    assert d.world.item_names[item] in told
    assert all(d.world.attribute_names[a] in told for a in d.world.item_attributes.row(item))
    assert (d.outcome[0], d.inquired[0]) == (Outcome.NOTHING, -1)
    assert seat.read("no").does == "act"
    assert d.outcome[0] == Outcome.MISS


def test_a_question_that_takes_the_turn_is_the_answer():
    d, seat = listed(inquiries="turn")
    write_answer(d, 0, (Inquire(int(d.shown[0, 1])),))
    assert seat._told() is None
    assert d.outcome[0] == Outcome.UNSURE
