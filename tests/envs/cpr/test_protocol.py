"""Presets and choices of the protocol, and what results of before still mean."""

from __future__ import annotations

import pytest

from recosim.envs.cpr.protocol import PRESETS, Protocol, protocol
from recosim.envs.setup import Setup
from recosim.errors import OptionError

# The preset `mcmipl` as results hold it that were written before there were `choices`.
OF_BEFORE = {
    "max_turns": 15,
    "top_k": 10,
    "question": "choice",
    "on_reject": "keep",
    "drop_failed": "if_more_than_k",
    "opening_counts": False,
    "last_turn_acts": False,
    "feedback_on": "reflect",
    "inquiries": "free",
    "aspects": 0,
    "targets": 2,
}


def test_two_choices_of_before_keep_their_meaning_and_are_not_played() -> None:
    before, now = Protocol.from_dict(OF_BEFORE), PRESETS["mcmipl"]
    assert before != now
    assert before.label == "unicorn with question = choice, targets = 2"
    assert not before.is_played
    assert now.is_played
    with pytest.raises(OptionError, match="choices = 2 for instance"):
        Setup.prepare("cpr", world="lastfm-small", protocol=before).batch(1)


@pytest.mark.parametrize("choices", [-1, 17, 2.0, True])
def test_choices_are_a_whole_number(choices: object) -> None:
    with pytest.raises(OptionError, match="choices is"):
        protocol("mcmipl", choices=choices)


def test_presets_are_those_of_the_public_code() -> None:
    mcmipl = PRESETS["mcmipl"]
    assert (mcmipl.choices, mcmipl.on_reject, mcmipl.targets) == (4, "remove", 2)
    metacrs = PRESETS["metacrs"]
    assert (metacrs.yes_if, metacrs.max_turns, metacrs.rewards.ask_yes) == (
        "item_and_user",
        10,
        0.1,
    )
    survey, usual = PRESETS["ear_survey"].rewards, PRESETS["ear"].rewards
    # Each turn costs .01.
    assert (survey.hit, survey.ask_yes) == pytest.approx((usual.hit - 0.01, usual.ask_yes - 0.01))
    assert (survey.ask_no, survey.miss, survey.timeout) == (-0.01, -0.01, -0.3)
    assert [name for name, rules in PRESETS.items() if rules == Protocol()] == ["scpr"]


def test_what_a_user_says_yes_to_is_what_all_targets_have_and_they_too() -> None:
    setup = Setup.prepare("cpr", world="lastfm-small", protocol="mcmipl")
    batch = setup.batch(40)
    batch.open(seeds=range(40), conversations=range(40))
    has, several = setup.world.item_attributes, 0
    for row in range(40):
        n = int(batch.arrays["n_targets"][row])
        rows = [set(has.row(item)) for item in batch.arrays["targets"][row, :n].tolist()]
        assert set(batch.wanted(row)) == set.union(*rows)
        assert set(batch.arrays["accepted"][row, :1]) <= set.intersection(*rows)
        several += n > 1
    assert several > 5
    both = Setup.prepare("cpr", world="lastfm-small", protocol="metacrs").batch(40)
    both.open(seeds=range(40), conversations=range(40))
    train = setup.world.train
    for row in range(40):
        mine = {a for v in train.row(int(both.arrays["user"][row])) for a in has.row(v)}
        target = set(has.row(int(both.arrays["targets"][row, 0])))
        assert set(both.wanted(row)) == mine & target
        assert int(both.arrays["accepted"][row, 0]) in (mine & target or target)
