"""What users say and do beside answering ("Users" in docs/protocols.md) on six items, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from reference.cpr import ReferenceConversation, Step
from reference.six_items import WORLD, conversation, with_status
from reference.tables import WorldTables
from reference.users import Known

from recosim.acts import Note, Outcome

# Unless said otherwise the target is item 1, which has 0, 1, 3, and the user opens with 0: the
# candidates are 0, 1, 2, 3, 5. Lists have up to two items, there are six turns, and the user took
# items 4 and 5.


def liking(*train: int) -> WorldTables:
    """The world, in which user 0 took some items."""
    tables = WorldTables(WORLD)
    tables.train = [list(train), []]
    return tables


# ---------------------------------------------------------------- known items


def test_item_that_the_user_took_before_is_known_and_liked() -> None:
    conv = conversation(seen=0.3, draws={("seen", 1): 0.29})
    known = Known(5, Note.LIKED)
    assert conv.recommend([3, 5]) == Step(-0.1, Outcome.MISS, items=(3, 5), known=known)
    assert (conv.candidates, conv.shown_last) == ({0, 1, 2}, (3,))
    assert (conv.history[0], conv.rule_user.disappointments) == (-2, 1)
    conv = conversation(seen=0.3, draws={("seen", 1): 0.3})
    assert conv.recommend([3, 5]) == Step(-0.1, Outcome.MISS, items=(3, 5))
    assert conv.shown_last == (3, 5)


def test_first_of_them_is_noted_and_targets_are_not() -> None:
    options: dict[str, Any] = {"seen": 1.0, "tables": liking(0, 1, 3, 5), "top_k": 3}
    assert conversation(**options).recommend([2, 5, 3]).known == Known(5, Note.LIKED)
    step = conversation(**options).recommend([1, 0])
    assert (step.known, step.rank) == (Known(0, Note.LIKED), 1)


def test_any_other_item_may_be_known_too() -> None:
    conv = conversation(seen=1.0, top_k=3, draws={("seen_item", 1): 1})  # of 3, 2
    step = conv.recommend([3, 1, 2])
    assert step.known == Known(2, Note.SEEN)
    assert (step.outcome, step.rank) == (Outcome.HIT, 2)
    assert conversation(seen=1.0).recommend([1]).known is None  # a target is wanted, not known


def test_known_item_is_not_taken() -> None:
    # Item 0 would do.
    conv = conversation(seen=1.0, acceptable=1, draws={("seen_item", 1): 0})
    step = conv.recommend([0, 3])
    assert (step.known, step.outcome) == (Known(0, Note.SEEN), Outcome.MISS)
    assert conv.candidates == {1, 2, 5}
    assert conversation(acceptable=1).recommend([0, 3]).outcome is Outcome.HIT


def test_known_item_is_acceptable_no_more() -> None:
    # Items 0 and 2 would do.
    draws = {("seen", 1): 0.1, ("seen_item", 1): 0, ("seen", 2): 0.9, ("seen", 3): 0.9}
    conv = conversation(seen=0.5, acceptable=2, draws=draws)
    assert conv.recommend([0, 3]).known == Known(0, Note.SEEN)
    assert conv.rule_user.acceptable == [2]
    assert conv.recommend([0]) == Step(-0.1, Outcome.MISS, items=(0,))
    assert conv.recommend([0, 2]).rank == 2


def test_known_item_leaves_where_refused_ones_stay() -> None:
    conv = conversation(seen=1.0, drop_failed="if_more_than_k", top_k=5)
    assert conv.recommend([5, 3]).known == Known(5, Note.LIKED)
    assert conv.candidates == {0, 1, 2, 3}
    conv = several(2, seen=1.0, drop_failed="if_more_than_k", top_k=5)
    step = conv.recommend([5, 3, 1])
    assert (step.known, step.rank, step.terminated) == (Known(5, Note.LIKED), 3, False)
    assert conv.candidates == {0, 2, 3}  # without what they know, and without what they took


def test_feedback_and_reflections_are_about_the_rest_of_the_list() -> None:
    # Items 5 and 2 both have 4; item 5 alone has 2 and 4, of which 2 comes first.
    for seen, criticised in ((0.0, 4), (1.0, 2)):
        conv = conversation(seen=seen, tables=liking(2), feedback="critique")
        conv.recommend([5, 2])
        assert conv.reflect().criticised == criticised
    conv = conversation(seen=1.0, feedback="critique", feedback_on="refusal", tables=liking(2))
    assert conv.recommend([5, 2]).criticised == 2
    conv = conversation(seen=1.0)
    conv.recommend([5, 3])
    expected = conv.reflected([4, 5], [3])
    conv.reflect()
    assert conv.user_vector.tolist() == expected.tolist()


@pytest.mark.parametrize("feedback_on", ["reflect", "refusal"])
def test_list_of_a_known_item_leaves_nothing_to_speak_of(feedback_on: str) -> None:
    conv = conversation(
        seen=1.0,
        feedback="edit",
        feedback_on=feedback_on,
        critique_unasked=1.0,
        want_unasked=1.0,
    )
    assert conv.recommend([5]) == Step(-0.1, Outcome.MISS, items=(5,), known=Known(5, Note.LIKED))
    assert (conv.shown_last, conv.can_reflect()) == ((), False)
    assert (conv.candidates, with_status(conv, 0)) == ({0, 1, 2, 3}, {1, 2, 3, 4, 5})


# ---------------------------------------------------------------- questions about an item


def test_question_about_an_item_is_free() -> None:
    draws = {("inquire", 1): 0.29, ("inquire_item", 1): 1}
    conv = conversation(asks_about=0.3, draws=draws)
    assert conv.recommend([5, 3]) == Step(-0.1, Outcome.MISS, items=(5, 3), inquired=3)
    conv = conversation(asks_about=0.3, draws=draws)
    step = conv.recommend([5, 1])
    assert (step.inquired, step.rank, step.terminated) == (1, 2, True)
    conv = conversation(asks_about=0.3, draws={("inquire", 1): 0.3})
    assert conv.recommend([5, 3]).inquired is None


@pytest.mark.parametrize("inquiries", ["free", "turn"])
def test_nobody_asks_about_what_they_know(inquiries: str) -> None:
    draws = {("inquire_item", 1): 0}
    conv = conversation(asks_about=1.0, seen=1.0, inquiries=inquiries, draws=draws)
    assert conv.recommend([5, 3]).inquired == 3
    conv = conversation(asks_about=1.0, seen=1.0, inquiries=inquiries)
    assert conv.recommend([5]) == Step(-0.1, Outcome.MISS, items=(5,), known=Known(5, Note.LIKED))


def test_question_that_takes_the_turn_judges_nothing() -> None:
    draws = {("inquire_item", 1): 0}
    conv = conversation(asks_about=1.0, inquiries="turn", patience=1, draws=draws)
    assert conv.recommend([1, 5]) == Step(0.0, Outcome.UNSURE, items=(1, 5), inquired=1)
    assert (conv.candidates, conv.shown_last) == ({0, 1, 2, 3, 5}, ())
    assert (conv.turn, conv.history[:2], conv.utility) == (2, [3, 0], 0.0)
    assert (conv.rule_user.disappointments, conv.rule_user.refused) == (0, 0)


def test_question_that_takes_the_turn_ends_what_there_was_to_reflect_on() -> None:
    draws = {("inquire", 1): 0.9, ("inquire", 2): 0.1, ("inquire_item", 2): 0}
    conv = conversation(asks_about=0.5, inquiries="turn", draws=draws)
    conv.recommend([5, 3])
    assert conv.can_reflect()
    conv.recommend([0])
    assert not conv.can_reflect()


def test_question_may_be_the_last_thing_there_is_time_for() -> None:
    draws = {("inquire_item", 1): 0, ("inquire_item", 2): 0}
    conv = conversation(
        asks_about=1.0, inquiries="turn", max_turns=2, last_turn_acts=True, draws=draws
    )
    assert not conv.recommend([5]).truncated
    step = conv.recommend([5])
    assert step == Step(-0.3, Outcome.UNSURE, truncated=True, items=(5,), inquired=5)


# ---------------------------------------------------------------- several items


def several(takes: int, **options: Any) -> ReferenceConversation:
    """Items 0 and 2 would do; each is worth 2/3."""
    return conversation(**({"takes": takes, "acceptable": 2, "top_k": 3} | options))


def test_user_reads_on_after_an_item_that_they_take() -> None:
    conv = several(2)
    step = conv.recommend([0, 5, 1])
    assert step == Step(1.0, Outcome.HIT, terminated=True, items=(0, 5, 1), rank=1, further=(3,))
    assert conv.utility == pytest.approx((2 / 3 + 1) / 2)
    assert several(2).recommend([0, 1, 2]).further == (2,)  # two are enough
    assert several(1).recommend([0, 1, 2]).further == ()


def test_conversation_goes_on_until_the_user_is_satisfied() -> None:
    conv = several(2)
    assert conv.recommend([5, 1]) == Step(1.0, Outcome.HIT, items=(5, 1), rank=2)
    assert (conv.candidates, conv.shown_last, conv.utility) == ({0, 2, 3}, (), 0.5)
    assert (conv.targets, conv.rule_user.acceptable) == ([0], [2])
    assert (conv.turn, conv.history[:2]) == (2, [2, 0])
    assert conv.ask(1).outcome is Outcome.NO  # item 0 has no 1
    step = conv.recommend([1, 2])  # what was taken is not taken again
    assert step == Step(1.0, Outcome.HIT, terminated=True, items=(1, 2), rank=2)
    assert conv.utility == pytest.approx((1 + 2 / 3) / 2)


def test_worth_of_an_item_is_the_same_in_one_list_and_in_several() -> None:
    one, more = several(3), several(3)
    one.recommend([0, 1, 2])
    for item in (1, 0, 2):
        more.recommend([item])
    assert (one.done, more.done) == (True, True)
    assert more.utility == pytest.approx(one.utility) == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)


def test_user_is_satisfied_where_nothing_is_left_that_they_would_take() -> None:
    conv = conversation(takes=8)
    assert conv.recommend([1]).terminated
    assert conv.utility == 1 / 8
    conv = several(8)
    assert [conv.recommend([v]).terminated for v in (0, 1, 2)] == [False, False, True]
    # What would do, and was said not to or refused, brings nobody back; a target does.
    conv = several(2)
    conv.ask(3)
    conv.ask(1)
    assert conv.candidates == {1}
    assert (conv.recommend([1]).terminated, conv.rule_user.acceptable) == (True, [0, 2])
    conv = several(3, examination=0.5, draws={("examine", 1): 0.99, ("examine", 2): 0.99})
    assert not conv.recommend([0, 2]).terminated
    assert (conv.targets, conv.rule_user.acceptable, conv.candidates) == ([1], [2], {1, 3, 5})
    assert conv.recommend([1]).terminated
    assert conv.utility == pytest.approx((2 / 3 + 1) / 3)


def test_target_that_is_left_stays_the_target() -> None:
    conv = several(3)
    conv.recommend([0])
    assert (conv.targets, conv.rule_user.acceptable) == ([1], [2])
    conv = several(3, targets=2, split=(5,), draws={("target", 0): 0})
    conv.recommend([1])
    assert (conv.targets, conv.rule_user.acceptable) == ([5], [0, 2])
    assert conv.recommend([5]).outcome is Outcome.HIT
    assert (conv.targets, conv.utility) == ([0], pytest.approx(2 / 3))  # both were targets


def test_musts_stay_and_the_new_target_is_live() -> None:
    conv = several(2, musts=1)
    conv.ask(3)
    conv.recommend([1])
    assert (conv.targets, conv.rule_user.acceptable) == ([0], [2])
    assert (conv.live_targets, conv.rule_user.musts, conv.status[3]) == ([0], [0], 1)


def test_new_target_is_the_first_that_is_still_a_candidate() -> None:
    # 0, 1, 4 weigh 2: item 2 is worth 4/5 and comes first, item 0 is worth 3/5.
    options: dict[str, Any] = {"weighting": "liking", "tables": liking(2)}
    conv = several(3, **options)
    conv.recommend([1])
    assert (conv.targets, conv.rule_user.acceptable) == ([2], [0])
    conv = several(3, **options)
    conv.ask(3)  # which item 2 has not
    assert (conv.candidates, conv.rule_user.acceptable) == ({0, 1}, [2, 0])
    conv.recommend([1])
    assert (conv.targets, conv.rule_user.acceptable) == ([0], [2])
    step = conv.recommend([2])  # it would still do
    assert (step.outcome, step.terminated, conv.targets) == (Outcome.HIT, False, [0])
    assert conv.recommend([0]).terminated
    assert conv.utility == pytest.approx((1 + 4 / 5 + 3 / 5) / 3)


def test_new_target_is_not_of_the_list_that_leaves() -> None:
    draws = {("examine", 1): 0.99}
    conv = several(2, examination=0.5, draws=draws)
    conv.recommend([1, 0])
    assert (conv.targets, conv.rule_user.acceptable, conv.candidates) == ([2], [0], {2, 3, 5})
    conv = several(2, examination=0.5, drop_failed="if_more_than_k", top_k=5, draws=draws)
    conv.recommend([1, 0])
    assert (conv.targets, conv.rule_user.acceptable, conv.candidates) == ([0], [2], {0, 2, 3, 5})


def test_reading_ends_where_the_user_reads_no_further() -> None:
    options: dict[str, Any] = {"examination": 0.5, "draws": {("examine", 1): 0.49}}
    step = several(3, **options).recommend([0, 2, 1])
    assert (step.rank, step.further, step.terminated) == (1, (2,), False)
    step = several(3, **options).recommend([0, 1, 2])
    # Item 2 leaves with the list, and is no target.
    assert (step.rank, step.further, step.terminated) == (1, (2,), True)


def test_reading_ends_with_the_first_item_that_is_not_taken() -> None:
    # 1 / (1 + e^-1) = 0.7311, 1 / (1 + e^(-2/3)) = 0.6608
    options: dict[str, Any] = {"choice_temperature": 1.0, "draws": {("choose", 1): 0.7}}
    step = several(3, **options).recommend([1, 0, 2])
    assert (step.rank, step.further) == (1, ())
    assert several(3, **options).recommend([0, 1]).outcome is Outcome.MISS


def test_what_was_taken_leaves_the_candidates_in_any_case() -> None:
    conv = several(2, top_k=5, drop_failed="if_more_than_k")
    conv.recommend([1, 3])
    assert conv.candidates == {0, 2, 3, 5}


def test_known_item_is_passed_over() -> None:
    options: dict[str, Any] = {"seen": 1.0, "draws": {("seen_item", 1): 0}}
    conv = several(3, acceptable=3, **options)
    step = conv.recommend([1, 0, 2])
    assert (step.known, step.rank, step.further) == (Known(0, Note.SEEN), 1, (3,))
    assert not step.terminated  # item 3 is left
    assert (conv.targets, conv.rule_user.acceptable, conv.shown_last) == ([3], [], ())
    step = several(3, **options).recommend([1, 0, 2])
    assert (step.known, step.further, step.terminated) == (Known(0, Note.SEEN), (3,), True)


def test_hit_that_does_not_satisfy_may_be_the_last_move() -> None:
    conv = several(2, top_k=5, examination=0.5, draws={("examine", 1): 0.99})
    step = conv.recommend([0, 5, 3, 1, 2])  # the target is left, and no candidate
    assert (step.outcome, step.terminated, step.nothing_left) == (Outcome.HIT, True, True)
    assert step.reward == pytest.approx(1.0 - 0.1)
    conv = several(2, max_turns=2, opening_counts=True, last_turn_acts=True)
    step = conv.recommend([1])
    assert (step.reward, step.terminated, step.truncated) == (pytest.approx(0.7), False, True)


def test_user_who_changes_their_mind_wants_one_thing_again() -> None:
    conv = several(3, drift=0.5, draws={("drift", 2): 0.0, ("wish", 2): 2})  # of 2, 3, 5
    conv.recommend([1])
    assert (conv.targets, conv.candidates) == ([0], {0, 2, 3, 5})
    conv.ask(5)
    assert (conv.targets, conv.rule_user.acceptable) == ([5], [2, 3])
    assert conv.rule_user.utility(0) == pytest.approx(1 / 3)  # of item 5, which has 0, 2, 4


# ---------------------------------------------------------------- deflecting


def test_user_says_what_they_want_in_place_of_an_answer() -> None:
    draws = {("deflect", 1): 0.29, ("also", 1): 1}  # of 1, 3
    conv = conversation(deflects=0.3, answer_noise=1.0, draws=draws)
    assert conv.ask(4) == Step(-0.1, Outcome.UNSURE, asked=(4,), accepted=(3,))
    assert (conv.status[4], conv.status[3], conv.candidates) == (2, 1, {0, 1})
    assert (conv.history[0], conv.rule_user.disappointments) == (3, 1)
    conv = conversation(deflects=0.3, draws={("deflect", 1): 0.3})
    assert conv.ask(4).outcome is Outcome.NO


def test_what_was_asked_is_not_said_instead() -> None:
    conv = conversation(deflects=1.0, draws={("also", 1): 0})
    assert conv.ask(3).accepted == (1,)
    conv = conversation(target=0, deflects=1.0)
    assert conv.ask(3) == Step(-0.1, Outcome.UNSURE, asked=(3,))
    conv = conversation(deflects=1.0, weighting="liking", tables=liking(0))
    assert conv.ask(4).accepted == (3,)  # which weighs most


def test_both_of_two_are_left_open() -> None:
    conv = conversation(
        target=0, question="choice", choices=2, deflects=1.0, draws={("also", 1): 0}
    )
    assert conv.ask(2) == Step(-0.2, Outcome.UNSURE, asked=(2, 1), accepted=(3,))
    assert with_status(conv, 2) == {1, 2}


def test_who_does_not_know_does_not_deflect_and_facets_are_answered() -> None:
    assert conversation(deflects=1.0, dont_know=1.0).ask(4).accepted == ()
    assert conversation(question="facet", deflects=1.0).ask(1).accepted == (3,)


# ---------------------------------------------------------------- unasked


def test_refusal_may_come_with_a_criticism() -> None:
    conv = conversation(critique_unasked=0.3, draws={("unasked_less", 1): 0.29})
    assert conv.recommend() == Step(-0.1, Outcome.MISS, items=(5, 3), criticised=2)
    assert (conv.status[2], conv.candidates, conv.history[0]) == (-1, {0, 1, 2}, -2)
    assert conv.reflect() == Step(0.0, Outcome.NOTHING)
    conv = conversation(critique_unasked=0.3, draws={("unasked_less", 1): 0.3})
    assert conv.recommend() == Step(-0.1, Outcome.MISS, items=(5, 3))


def test_refusal_without_a_criticism_may_come_with_a_want() -> None:
    draws = {("unasked_less", 1): 0.5, ("unasked_more", 1): 0.2}
    conv = conversation(critique_unasked=0.3, want_unasked=0.3, draws=draws)
    assert conv.recommend() == Step(-0.1, Outcome.MISS, items=(5, 3), accepted=(1,))
    assert (conv.status[1], conv.candidates) == (1, {1, 2})
    # Of item 0 there is nothing to criticise.
    conv = conversation(critique_unasked=1.0, want_unasked=1.0)
    assert conv.recommend([0]).accepted == (1,)
    conv = conversation(critique_unasked=1.0, want_unasked=1.0)
    step = conv.recommend()
    assert (step.criticised, step.accepted) == (2, ())


def test_who_said_something_adds_nothing() -> None:
    options: dict[str, Any] = {"feedback_on": "refusal", "critique_unasked": 1.0}
    step = conversation(feedback="instruction", **options).recommend()
    assert (step.criticised, step.accepted) == (None, (1,))
    # Who does not know what to say when they are asked to may still say something.
    step = conversation(feedback="instruction", dont_know=1.0, **options).recommend()
    assert (step.criticised, step.accepted) == (2, ())
    step = conversation(feedback="critique", want_unasked=1.0, **options).recommend([0])
    assert (step.criticised, step.accepted) == (None, (1,))


def test_what_is_said_unasked_follows_the_rules_of_feedback() -> None:
    conv = conversation(critique_unasked=1.0, aspects=1)
    assert conv.recommend([5, 3], (5,)).criticised == 5
    conv = conversation(critique_unasked=1.0, answer_noise=1.0)
    assert conv.recommend([2]).criticised == 1  # of the list {0, 1, 4} the target has it
    conv = conversation(critique_unasked=1.0, feedback="none", on_reject="remove")
    assert conv.recommend([2]).criticised == 4
    assert (conv.candidates, conv.can_reflect()) == ({0, 1, 3}, False)
    conv = conversation(critique_unasked=1.0, seen=1.0, tables=liking(2))
    assert conv.recommend([5, 2]).criticised == 2  # item 2 is known


def test_question_about_a_list_comes_on_top_of_what_was_said_unasked() -> None:
    conv = conversation(critique_unasked=1.0, feedback="critique")
    assert conv.recommend().criticised == 2
    assert conv.reflect() == Step(0.0, Outcome.NO, criticised=4)


# ---------------------------------------------------------------- leaving


def test_user_leaves_with_the_last_question_that_they_bear() -> None:
    conv = conversation(question_patience=3, feedback="critique", max_turns=9)
    assert not conv.ask(2).left
    conv.recommend([5, 2])
    assert conv.reflect().criticised == 4  # no question about an attribute
    conv.illegal()
    assert not conv.ask(5).left
    step = conv.ask(3)
    assert (step.outcome, step.left, step.terminated) == (Outcome.YES, True, True)
    assert step.reward == pytest.approx(0.01 - 0.3)
    assert conv.status[3] == 1


def test_dont_know_is_a_question_borne() -> None:
    assert conversation(question_patience=1, dont_know=1.0).ask(4).left
    assert conversation(question_patience=1, deflects=1.0, draws={("also", 1): 0}).ask(4).left


def test_leaving_grows_with_each_list_that_is_refused() -> None:
    draws = {("bad_list", 1): 0.2, ("bad_list", 3): 0.49}
    conv = conversation(bad_list_hazard=0.2, bad_list_rise=0.3, draws=draws)
    assert not conv.recommend([5]).left
    assert not conv.ask(4).left
    step = conv.recommend([3])
    assert step == Step(pytest.approx(-0.4), Outcome.MISS, terminated=True, items=(3,), left=True)
    draws = {("bad_list", 1): 0.9}
    conv = conversation(bad_list_hazard=0.5, bad_list_rise=1.0, draws=draws)
    assert [conv.recommend([v]).left for v in (5, 3)] == [False, True]  # at most 1


def test_first_list_has_the_hazard_alone_and_hits_are_no_bad_lists() -> None:
    conv = several(3, bad_list_rise=1.0)
    conv.recommend([1])
    assert [conv.recommend([v]).left for v in (5, 3)] == [False, True]
