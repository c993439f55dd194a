"""The rules of users ("Users" in docs/protocols.md) on the world of six items, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from reference.cpr import ReferenceConversation, Step
from reference.six_items import WORLD, conversation, with_status
from reference.tables import WorldTables

from recosim.acts import Outcome
from recosim.errors import IllegalActionError

# Unless said otherwise the target is item 1, which has 0, 1, 3, and the user opens with 0: the
# candidates are 0, 1, 2, 3, 5. Lists have up to two items, and there are six turns.

# ---------------------------------------------------------------- no questions


def test_nothing_is_askable_where_no_questions_are_asked() -> None:
    conv = conversation(question="none")
    assert (conv.legal_asks(), conv.can_recommend()) == (set(), True)
    assert conv.entropies() == conversation().entropies()
    with pytest.raises(IllegalActionError):
        conv.ask(3)
    assert conv.recommend().outcome is Outcome.MISS
    assert conv.recommend().outcome is Outcome.HIT


# ---------------------------------------------------------------- a "no" that informs


def test_no_informs_with_the_probability_of_cooperativeness() -> None:
    draws = {("inform", 1): 0.29, ("also", 1): 1}  # of 1, 3
    conv = conversation(cooperativeness=0.3, draws=draws)
    assert conv.ask(2) == Step(-0.1, Outcome.NO, asked=(2,), accepted=(3,))
    assert (conv.status[2], conv.status[3], conv.candidates) == (-1, 1, {0, 1})
    assert conv.history[0] == -1

    conv = conversation(cooperativeness=0.3, draws={("inform", 1): 0.3})
    assert conv.ask(2) == Step(-0.1, Outcome.NO, asked=(2,))


def test_yes_and_dont_know_do_not_inform() -> None:
    assert conversation(cooperativeness=1.0).ask(3).accepted == (3,)
    assert conversation(cooperativeness=1.0, dont_know=1.0).ask(2).accepted == ()


def test_what_was_asked_or_is_settled_is_not_named() -> None:
    # A wrong no to 1; of what item 1 has, 3 alone is unknown and was not asked.
    draws = {("also", 1): 0}
    conv = conversation(cooperativeness=1.0, answer_noise=1.0, draws=draws)
    assert conv.ask(1) == Step(-0.1, Outcome.NO, asked=(1,), accepted=(3,))

    conv = conversation(cooperativeness=1.0, draws=draws)
    conv.status[1] = 2  # "don't know"
    assert conv.ask(2).accepted == (3,)

    conv = conversation(cooperativeness=1.0)
    conv.status[1], conv.status[3] = 1, -1
    assert conv.ask(2).accepted == ()


def test_no_to_both_of_two_informs_about_neither() -> None:
    draws = {("also", 1): 0}
    conv = conversation(target=0, question="choice", choices=2, cooperativeness=1.0, draws=draws)
    assert conv.ask(2) == Step(-0.2, Outcome.NO, asked=(2, 1), accepted=(3,))


def test_no_to_a_facet_informs_about_another_one() -> None:
    # Item 3 has 0, 2 in facet 0, nothing in facet 1, and 5.
    conv = conversation(
        target=3, opening=0, question="facet", cooperativeness=1.0, draws={("also", 1): 0}
    )
    assert conv.ask(1) == Step(-0.1, Outcome.NO, accepted=(5,))
    assert (with_status(conv, 1), conv.candidates) == ({0, 2, 5}, {3})

    # A wrong no to facet 0: item 1 has nothing else but 3, which is known.
    conv = conversation(opening=1, question="facet", cooperativeness=1.0, answer_noise=1.0)
    assert conv.ask(0) == Step(-0.1, Outcome.NO)


def test_what_is_named_is_of_the_first_live_target() -> None:
    draws = {("target", 0): 0, ("also", 2): 0}
    conv = conversation(targets=2, split=(5,), cooperativeness=1.0, draws=draws)
    conv.ask(4)
    assert conv.live_targets == [5]  # 0, 2, 4
    assert conv.ask(1).accepted == (2,)


def test_named_attribute_that_contradicts_leaves_the_candidates() -> None:
    conv = conversation(cooperativeness=1.0, draws={("also", 1): 0})
    conv.candidates = {3, 5}  # without 1, of which nobody says why
    assert conv.ask(2).accepted == (1,)
    assert (conv.candidates, conv.status[1]) == ({3, 5}, 1)


@pytest.mark.parametrize(
    ("trend", "at"),
    [
        ("constant", [0.5, 0.5, 0.5]),
        ("rising", [0.0, 0.2, 0.5]),
        ("falling", [0.5, 0.3, 0.0]),
    ],
)
def test_cooperation_follows_its_trend(trend: str, at: list[float]) -> None:
    conv = conversation(cooperativeness=0.5, cooperation_trend=trend)
    assert [conv.rule_user.cooperativeness(turn) for turn in (1, 3, 6)] == pytest.approx(at)


def test_trend_is_that_of_the_turn_of_the_question() -> None:
    def named(luck: float) -> tuple[int, ...]:
        draws = {("inform", 2): luck, ("also", 2): 0}
        conv = conversation(cooperativeness=1.0, cooperation_trend="rising", draws=draws)
        assert conv.ask(2).accepted == ()  # in turn 1 the probability is 0
        return conv.ask(4).accepted

    assert (named(0.19), named(0.21)) == ((1,), ())


# ---------------------------------------------------------------- lists


@pytest.mark.parametrize(
    ("position", "luck", "rank"),
    [(1, 0.99, 1), (2, 0.49, 2), (2, 0.5, 0), (3, 0.24, 3), (3, 0.25, 0)],
)
def test_target_is_taken_where_the_user_reads_so_far(position: int, luck: float, rank: int) -> None:
    items = [5, 3]
    items.insert(position - 1, 1)
    conv = conversation(examination=0.5, top_k=3, draws={("examine", 1): luck})
    step = conv.recommend(items)
    assert (step.rank, step.outcome) == (rank, Outcome.HIT if rank else Outcome.MISS)


def test_overlooked_target_leaves_and_may_be_shown_again() -> None:
    conv = conversation(examination=0.0, draws={("examine", 1): 0.0, ("examine", 2): 0.9})
    assert conv.recommend([5, 1]) == Step(-0.1, Outcome.MISS, items=(5, 1))
    assert (conv.candidates, conv.shown_last) == ({0, 2, 3}, (5, 1))
    assert conv.recommend([1]) == Step(1.0, Outcome.HIT, terminated=True, items=(1,), rank=1)


def test_wanted_item_is_taken_with_the_probability_of_a_logit_choice() -> None:
    # 1 / (1 + e^-1) = 0.7311, 1 / (1 + e^-2) = 0.8808
    for temperature, below, above in ((1.0, 0.731, 0.732), (0.5, 0.880, 0.881)):
        for luck, outcome in ((below, Outcome.HIT), (above, Outcome.MISS)):
            conv = conversation(choice_temperature=temperature, draws={("choose", 1): luck})
            assert conv.recommend([5, 1]).outcome is outcome


def test_list_is_refused_as_a_whole_if_its_first_target_is_not_taken() -> None:
    draws = {("target", 0): 0, ("choose", 1): 0.9}
    conv = conversation(targets=2, split=(5,), choice_temperature=1.0, draws=draws)
    step = conv.recommend([1, 5])
    assert (step.outcome, step.rank) == (Outcome.MISS, 0)


# ---------------------------------------------------------------- leaving


def test_user_leaves_with_the_last_disappointment_that_they_bear() -> None:
    conv = conversation(patience=3, dont_know=0.5, draws={("unsure", t): t / 5 for t in (1, 2, 3)})
    assert not conv.ask(2).left  # "don't know"
    assert not conv.ask(4).left  # don't know
    assert conv.ask(3).outcome is Outcome.YES  # no disappointment
    step = conv.recommend([0])
    assert step == Step(
        pytest.approx(-0.1 - 0.3), Outcome.MISS, terminated=True, items=(0,), left=True
    )
    assert (conv.done, conv.history[:4], conv.turn) == (True, [3, 3, 1, -2], 5)


def test_reflections_and_illegal_moves_are_no_disappointments() -> None:
    conv = conversation(patience=2, feedback="critique")
    conv.recommend()
    assert conv.reflect().outcome is Outcome.NO
    conv.illegal()
    assert conv.rule_user.disappointments == 1
    assert conv.ask(4).left


def test_leaving_by_hazard_at_each_disappointment() -> None:
    draws = {("leave", 1): 0.3, ("leave", 2): 0.0, ("leave", 3): 0.29}
    conv = conversation(leave_hazard=0.3, draws=draws)
    assert [conv.ask(a).left for a in (2, 1, 4)] == [False, False, True]


def test_last_answer_is_settled_before_the_user_leaves() -> None:
    conv = conversation(patience=1, cooperativeness=1.0, on_reject="remove", draws={("also", 1): 1})
    step = conv.ask(4)
    assert (step.accepted, step.left) == ((3,), True)
    assert (conv.status[4], conv.candidates) == (-1, {0, 1})

    conv = conversation(patience=1, feedback="critique", feedback_on="refusal")
    step = conv.recommend()
    assert (step.criticised, step.left, conv.candidates) == (2, True, {0, 1, 2})


def test_leaving_goes_before_nothing_left_and_the_turn_limit() -> None:
    options: dict[str, Any] = {"max_turns": 2, "opening_counts": True, "last_turn_acts": True}
    conv = conversation(
        patience=1, top_k=5, examination=0.5, draws={("examine", 2): 0.99}, **options
    )
    step = conv.recommend([5, 3, 2, 1, 0])
    assert conv.candidates == set()
    assert step.reward == pytest.approx(-0.1 - 0.3)
    assert (step.terminated, step.truncated, step.left) == (True, False, True)
    assert conversation(patience=1, **options).recommend([1]).left is False  # a hit is a hit


# ---------------------------------------------------------------- feedback


def refused(
    items: list[int], reasons: tuple[int, ...] = (), **options: Any
) -> ReferenceConversation:
    conv = conversation(**options)
    assert conv.recommend(items, reasons).outcome is Outcome.MISS
    return conv


def test_critique_names_what_most_of_the_list_have_and_the_target_lacks() -> None:
    conv = refused([5, 3], feedback="critique")  # 0, 2, 4 and 0, 2, 5
    assert conv.reflect() == Step(0.0, Outcome.NO, criticised=2)
    assert (conv.status[2], conv.candidates, conv.shown_last) == (-1, {0, 1, 2}, ())
    assert (conv.turn, conv.history[:3]) == (3, [-2, -1, 0])
    assert not conv.can_reflect()


def test_critique_removes_the_items_of_the_attribute_under_remove() -> None:
    conv = refused([2], feedback="critique", on_reject="remove")  # 0, 1, 4
    assert conv.reflect().criticised == 4
    assert conv.candidates == {0, 1, 3}


def test_critics_differ_in_what_they_name() -> None:
    tables = WorldTables(WORLD)
    tables.train = [[3, 5], []]  # 2 is in both, 4 and 5 are in one
    options: dict[str, Any] = {"feedback": "critique", "tables": tables}
    assert refused([5, 3], critic="least_liked", **options).reflect().criticised == 4
    conv = refused([5, 3], critic="random", draws={("critic", 2): 2}, **options)  # of 2, 4, 5
    assert conv.reflect().criticised == 5


def test_salient_ties_go_to_the_smallest_id_and_settled_attributes_are_not_named() -> None:
    conv = refused([5, 3], feedback="critique")
    conv.status[2] = -1
    assert conv.reflect().criticised == 4  # 4 and 5 are in one item each
    conv = refused([5, 3], feedback="critique")
    conv.status[2] = 2  # unsure
    assert conv.reflect().criticised == 2


@pytest.mark.parametrize(
    ("reasons", "criticised"), [((), 2), ((5,), 5), ((1, 4), 4), ((5, 4), 4), ((1, 3), 2)]
)
def test_critique_keeps_to_the_reasons_given_if_it_can(
    reasons: tuple[int, ...], criticised: int
) -> None:
    conv = refused([5, 3], reasons, feedback="critique", aspects=2)
    conv.ask(1)  # the reasons are remembered
    assert conv.reflect().criticised == criticised


def test_reasons_are_those_of_the_last_list() -> None:
    conv = refused([5, 3], (5,), feedback="critique", aspects=1)
    conv.recommend([5, 3])
    assert conv.reflect().criticised == 2


@pytest.mark.parametrize("reasons", [(1, 1), (6,), (-1,), (0, 1, 2)])
def test_malformed_reasons_are_refused(reasons: tuple[int, ...]) -> None:
    conv = conversation(aspects=2)
    with pytest.raises(IllegalActionError):
        conv.recommend([5], reasons)
    assert conv.turn == 1


def test_instruction_names_what_the_list_lacks_most() -> None:
    conv = refused([5, 3], feedback="instruction")  # neither has 1 or 3: the smallest id
    assert conv.reflect() == Step(0.0, Outcome.YES, accepted=(1,))
    assert (conv.status[1], conv.candidates, conv.history[1]) == (1, {1, 2}, 1)
    conv = refused([2], feedback="instruction")  # item 2 has 1
    assert conv.reflect().accepted == (3,)
    conv = refused([0, 2], feedback="instruction")
    conv.status[1], conv.status[3] = 1, 2  # unsure is eligible, accepted is not
    assert conv.reflect().accepted == (3,)


def test_edit_says_both() -> None:
    conv = refused([5, 3], feedback="edit")
    assert conv.reflect() == Step(0.0, Outcome.YES, criticised=2, accepted=(1,))
    assert (conv.status[2], conv.status[1]) == (-1, 1)


def test_edit_settles_the_critique_first() -> None:
    # Of 0 and 2: less of 4 leaves 0, which more of 1 contradicts.
    # The other way round, more of 1 would leave 2, which less of 4 contradicts.
    conv = refused([5], feedback="edit", on_reject="remove")
    conv.candidates, conv.status[2] = {0, 2}, -1
    assert conv.reflect() == Step(0.0, Outcome.YES, criticised=4, accepted=(1,))
    assert conv.candidates == {0}


def test_where_nothing_is_eligible_nothing_is_said() -> None:
    conv = refused([0], feedback="critique")  # 0, 3: the target has both
    assert conv.reflect() == Step(0.0, Outcome.UNSURE)
    assert (conv.turn, conv.history[1]) == (3, 3)
    assert refused([0], feedback="edit").reflect() == Step(0.0, Outcome.YES, accepted=(1,))
    conv = refused([5], feedback="edit")
    conv.status[1] = conv.status[3] = 1
    assert conv.reflect() == Step(0.0, Outcome.NO, criticised=2)


def test_user_who_does_not_know_says_nothing() -> None:
    conv = refused([5, 3], feedback="edit", dont_know=0.3, draws={("unsure", 2): 0.29})
    before = dict(conv.status)
    assert conv.reflect() == Step(0.0, Outcome.UNSURE)
    assert (conv.status, conv.shown_last) == (before, ())


def test_user_who_errs_confuses_what_they_want_with_what_they_do_not() -> None:
    # Of the list {0, 1, 4} the target has 1, and has not 4.
    conv = refused([2], feedback="edit", answer_noise=0.3, draws={("noise", 2): 0.29})
    assert conv.reflect() == Step(0.0, Outcome.YES, criticised=1, accepted=(4,))
    # Of the lists {0, 2, 4}, {0, 2, 5}: fewest have 4, then 5; nothing of the target is there.
    conv = refused([5, 3], feedback="edit", answer_noise=0.3, draws={("noise", 2): 0.0})
    assert conv.reflect() == Step(0.0, Outcome.YES, accepted=(4,))


def test_feedback_is_about_the_first_live_target() -> None:
    draws = {("target", 0): 0}
    conv = conversation(targets=2, split=(5,), feedback="edit", draws=draws)
    conv.ask(4)  # from now on item 5 is meant, with 0, 2, 4
    conv.recommend([2])  # 0, 1, 4
    assert conv.reflect() == Step(0.0, Outcome.YES, criticised=1, accepted=(2,))


def test_feedback_may_come_with_the_refusal_and_reflecting_is_free_then() -> None:
    conv = conversation(feedback="edit", feedback_on="refusal")
    step = conv.recommend()
    assert step == Step(-0.1, Outcome.MISS, items=(5, 3), criticised=2, accepted=(1,))
    assert (conv.turn, conv.history[:2], conv.candidates) == (2, [-2, 0], {1, 2})
    assert conv.reflect() == Step(0.0, Outcome.NOTHING)
    assert conv.turn == 2


def test_refused_items_leave_before_feedback_is_settled() -> None:
    # More of 3, which of the candidates item 0 alone has, and it leaves: a contradiction.
    conv = conversation(feedback="instruction", feedback_on="refusal")
    conv.candidates = {0, 2}
    conv.status[1] = 1
    assert conv.recommend([0]).accepted == (3,)
    assert conv.candidates == {2}


@pytest.mark.parametrize("form", ["unary", "binary"])
def test_users_who_say_nothing_reflect_for_free(form: str) -> None:
    conv = refused([5, 3], feedback=form)
    assert conv.reflect() == Step(0.0, Outcome.NOTHING)
    assert (conv.turn, with_status(conv, 0)) == (2, {1, 2, 3, 4, 5})
    step = conversation(feedback=form, feedback_on="refusal").recommend()
    assert step == Step(-0.1, Outcome.MISS, items=(5, 3))


def test_users_without_feedback_cannot_be_asked_to_reflect() -> None:
    conv = refused([5, 3], feedback="none")
    assert conv.shown_last == (5, 3)
    assert not conv.can_reflect()
    with pytest.raises(IllegalActionError):
        conv.reflect()


def test_reflection_that_is_a_question_can_use_the_last_turn() -> None:
    conv = refused([5, 3], feedback="critique", max_turns=2, last_turn_acts=True)
    step = conv.reflect()
    assert step == Step(-0.3, Outcome.NO, truncated=True, criticised=2)


# ---------------------------------------------------------------- settled before the facet is asked


def test_facet_yes_rejects_what_is_unknown_alone() -> None:
    # Item 1 has 0, 1 in facet 0; it was said wrongly that 2 is wanted, and that 1 is not.
    conv = conversation(opening=1, question="facet")
    conv.status[1], conv.status[2] = -1, 1
    assert conv.ask(0).accepted == (0, 1)
    assert {0, 1, 2, 3} <= with_status(conv, 1)


def test_facet_no_rejects_what_is_unknown_alone() -> None:
    # Item 3 has nothing in facet 1; it was said wrongly that 4 is wanted.
    conv = conversation(target=3, opening=0, question="facet")
    conv.status[4] = 1
    assert conv.ask(1).outcome is Outcome.NO
    assert (conv.status[3], conv.status[4]) == (-1, 1)
