"""The board of a family that brings none: sentences from either seat, and how an episode ended."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from rich.console import Console

import recosim
from recosim.acts import Verb
from recosim.envs.board import Board
from recosim.envs.setup import Setup
from recosim.errors import IllegalActionError, NotUnderstood, OptionError, UnknownNameError


@pytest.fixture
def setup():
    recosim.register_family(toy.TOY)
    return Setup.prepare("toy", world="lastfm-small", split="test")


@pytest.fixture
def batch(setup):
    batch = setup.batch(1)
    batch.open(seeds=[1], conversations=[0], units=setup.units().table[:1])
    return batch


def printed(parts):
    console = Console(width=100)
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    return captured.get()


def test_a_list_is_typed_by_ids_by_names_or_left_to_the_estimator(batch):
    seat = Board(batch).seat("recommender")
    name = batch.world.item_names[7]
    assert "Moves left: 5." in printed(seat.view())
    for line, items in (
        ("recommend i3 and i5", [3, 5, -1]),
        (f"How about {name}?", [7, -1, -1]),
    ):
        typed = seat.read(line)
        assert typed.does == "act"
        assert typed.moves.verb.tolist() == [Verb.RECOMMEND]
        assert typed.moves.items[0].tolist() == items
    assert seat.read("recommend").moves.items is None


def test_what_is_no_move_is_asked_back_and_changes_nothing(batch):
    seat = Board(batch).seat("recommender")
    before = batch.state()
    with pytest.raises(OptionError, match="type a move"):
        seat.read("")
    with pytest.raises(NotUnderstood):
        seat.read("Do you want rock?")  # there are no questions
    with pytest.raises(NotUnderstood, match="at once"):
        seat.read("recommend i1, i2, i3 and i4")
    batch.legal = lambda: np.array([[True, False]])
    batch._refresh()
    with pytest.raises(IllegalActionError, match="the rules do not allow it"):
        seat.read("reflect")
    for name, array in batch.state().items():
        assert name == "mask" or np.array_equal(array, before[name]), name


@pytest.mark.parametrize("line", ["quit", "Quit.", "exit", "q"])
def test_either_seat_can_be_left(batch, line):
    for name in ("recommender", "user"):
        assert Board(batch).seat(name).read(line).does == "quit"


def test_either_seat_has_help_and_history(batch):
    for name in ("recommender", "user"):
        seat = Board(batch).seat(name)
        assert seat.read("history").does == "history"
        helped = seat.read("help")
        assert helped.does == "look"
        assert "'quit' leaves" in " ".join(printed(helped.shown).split())


@pytest.mark.parametrize(("line", "rank"), [("2", 2), ("no", 0), ("none of them", 0)])
def test_the_user_takes_an_item_or_none(batch, line, rank):
    seat, recommender = Board(batch).seat("user"), Board(batch).seat("recommender")
    batch.pose(recommender.read("recommend i3 and i5").moves)
    assert seat.is_asked()
    heard = printed(seat.hear())
    assert "1. recommender  How about one of these?" in heard
    assert "2. " in heard
    assert "[i5]" in heard
    assert seat.read(line).does == "act"
    assert batch.arrays["rank"][0] == rank


def test_an_episode_is_chosen_by_its_user_and_item(setup, batch):
    board, units = Board(batch), setup.units()
    user, item = units.table[40].tolist()
    luck = np.random.default_rng(0)
    chosen = board.choose(units, luck, {"user": str(user), "item": str(item)})
    assert chosen.unit.tolist() == [user, item]
    assert units.table[chosen.number].tolist() == [user, item]
    name = setup.world.item_names[item]
    assert board.choose(units, luck, {"item": name}).unit[1] == item
    with pytest.raises(OptionError, match="users are 0 to"):
        board.choose(units, luck, {"user": "99999"})
    with pytest.raises(UnknownNameError, match="no item is called"):
        board.choose(units, luck, {"item": "qqqqqq"})
    with pytest.raises(OptionError, match="chosen by --user and --item"):
        board.choose(units, luck, {"topic": "3"})
    never = next(i for i in range(setup.world.n_items) if i not in units.table[:, 1])
    with pytest.raises(OptionError, match="nothing in the test split fits"):
        board.choose(units, luck, {"item": str(never)})
