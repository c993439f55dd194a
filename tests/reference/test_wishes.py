"""The rules of what users want ("Wishes", "Drift" in docs/protocols.md) on six items, by hand."""

from __future__ import annotations

import pytest
from reference.cpr import ReferenceConversation, Step
from reference.six_items import WORLD, conversation, with_status
from reference.tables import WorldTables
from reference.wishes import Standing

from recosim.acts import Outcome

# Unless said otherwise the target is item 1, which has 0, 1, 3, and the user opens with 0: the
# candidates are 0, 1, 2, 3, 5. Items 0 and 2 share two attributes with it, 3 and 5 share one.


def liking(*train: int) -> WorldTables:
    """The world, in which user 0 took some items."""
    tables = WorldTables(WORLD)
    tables.train = [list(train), []]
    return tables


# ---------------------------------------------------------------- items that would do


def test_items_most_like_the_target_would_do() -> None:
    for n, expected in ((0, []), (1, [0]), (2, [0, 2]), (3, [0, 2, 3]), (32, [0, 2, 3, 5])):
        assert conversation(acceptable=n).rule_user.acceptable == expected


def test_item_that_would_do_is_a_hit_and_worth_less() -> None:
    conv = conversation(acceptable=2)
    assert conv.recommend([5, 3]).outcome is Outcome.MISS
    assert conv.utility == 0.0
    assert conv.recommend([2, 1]) == Step(1.0, Outcome.HIT, terminated=True, items=(2, 1), rank=1)
    assert conv.utility == pytest.approx(2 / 3)
    conv = conversation(acceptable=2)
    assert (conv.recommend([1, 2]).rank, conv.utility) == (1, 1.0)


def test_answers_stay_about_the_target() -> None:
    conv = conversation(acceptable=2)  # item 2 has 4, the target has not
    assert conv.ask(4).outcome is Outcome.NO
    assert conv.ask(3).outcome is Outcome.YES


def test_item_that_would_do_is_taken_by_its_utility() -> None:
    for luck, outcome in ((0.66, Outcome.HIT), (0.662, Outcome.MISS)):  # 1 / (1 + e^(-2/3)) = .6608
        conv = conversation(acceptable=1, choice_temperature=1.0, draws={("choose", 1): luck})
        assert conv.recommend([0, 1]).outcome is outcome


def test_what_would_do_is_a_candidate_under_facets_too() -> None:
    # Opened with facet 1 the user names 3; items 0, 1, 4 have it, and 4 is rejected.
    conv = conversation(question="facet", opening=1, on_reject="remove", acceptable=32)
    assert conv.rule_user.acceptable == [0, 4]


# ---------------------------------------------------------------- musts


def test_musts_weigh_most() -> None:
    assert conversation(musts=2).rule_user.musts == [0, 1]
    assert conversation(musts=8).rule_user.musts == [0, 1, 3]
    conv = conversation(musts=2, weighting="liking", tables=liking(4))  # 1, 3, 5 weigh 2
    assert conv.rule_user.musts == [1, 3]


def test_item_without_a_must_is_never_taken() -> None:
    conv = conversation(musts=2, acceptable=32)
    assert conv.rule_user.acceptable == [2]
    assert conv.recommend([0, 3]).outcome is Outcome.MISS
    assert conv.rule_user.utility(0) == 0.0


def test_further_targets_have_the_musts() -> None:
    draws = {("target", 0): 0}
    assert conversation(targets=2, split=(5, 2), draws=draws).targets == [1, 2]
    assert conversation(targets=2, split=(5, 0), draws=draws).targets == [1, 0]
    assert conversation(targets=2, split=(5, 0), musts=2, draws=draws).targets == [1]


def test_instruction_names_a_must_that_the_list_lacks_first() -> None:
    def named(items: list[int], musts: int) -> tuple[int, ...]:
        conv = conversation(feedback="instruction", musts=musts)
        conv.recommend(items)
        return conv.reflect().accepted

    assert (named([2, 3], 0), named([2, 3], 2)) == ((3,), (1,))  # item 3 has no 1
    assert named([2], 2) == (3,)  # nothing is lacking that must be


# ---------------------------------------------------------------- standing instructions


def test_instruction_for_this_conversation_is_what_tells_the_user_from_others() -> None:
    # Two of the five items with 0 have 1, and two have 3; the user's only one has both.
    conv = conversation(standing="session", tables=liking(1))
    assert conv.rule_user.standing == Standing(1, wanted=True, condition=None, holds=True)
    assert (with_status(conv, 1), conv.candidates) == ({0, 1}, {1, 2})
    # What the user's only one with 0 has too much of, the target has not; it lacks 4, as this does.
    for rule, left in (("keep", {0, 1, 2, 3, 5}), ("remove", {0, 1, 3})):
        conv = conversation(standing="session", tables=liking(3), on_reject=rule)
        assert conv.rule_user.standing == Standing(4, wanted=False, condition=None, holds=True)
        assert (with_status(conv, -1), conv.candidates) == ({4}, left)


def test_user_who_has_nothing_of_the_kind_gives_no_instruction() -> None:
    for scope, tables in (("session", liking()), ("session", liking(4)), ("always", liking())):
        assert conversation(standing=scope, tables=tables).rule_user.standing is None


def test_instruction_for_always_is_the_same_one_and_holds_where_its_condition_is_named() -> None:
    # The user likes 1 most. Two of three items with 1 have 0, and one of the user's two.
    given = {"standing": "always", "tables": liking(2, 4)}
    conv = conversation(**given, on_reject="remove")
    assert conv.rule_user.standing == Standing(0, wanted=False, condition=1, holds=False)
    assert (with_status(conv, -1), conv.candidates) == (set(), {0, 1, 2, 3, 5})
    conv = conversation(**given, target=4, opening=1, on_reject="remove")
    assert conv.rule_user.standing == Standing(0, wanted=False, condition=1, holds=True)
    assert (with_status(conv, -1), conv.candidates) == ({0}, {4})
    # Item 1 has 0: today is an exception, of which nothing is said.
    conv = conversation(**given, target=1, opening=1, on_reject="remove")
    assert conv.rule_user.standing is None
    assert conv.candidates == {1, 2, 4}


def test_items_against_an_instruction_that_holds_would_not_do() -> None:
    given = {"standing": "always", "tables": liking(2, 4), "acceptable": 32}
    conv = conversation(**given, target=4, opening=1)
    assert (conv.candidates, conv.rule_user.acceptable) == ({1, 2, 4}, [])
    assert conv.rule_user.utility(1) == 0.0
    assert conversation(**given).rule_user.acceptable == [0, 2, 3, 5]
    draws = {("target", 0): 0}
    conv = conversation(**given, target=4, opening=1, targets=2, split=(1, 2), draws=draws)
    assert conv.targets == [4]


# ---------------------------------------------------------------- weights


def test_overlap_is_weighted_by_liking() -> None:
    conv = conversation(acceptable=2, weighting="liking", tables=liking(2))  # 0, 1, 4 weigh 2
    assert conv.rule_user.acceptable == [2, 0]
    assert conv.rule_user.utility(2) == pytest.approx(4 / 5)
    assert conv.rule_user.utility(0) == pytest.approx(3 / 5)


@pytest.mark.parametrize(
    ("question", "openings"), [("binary", [0, 1, 1, 3, 3]), ("facet", [0, 0, 0, 1, 1])]
)
def test_opening_is_drawn_in_proportion_to_the_weights(question: str, openings: list[int]) -> None:
    def opened(k: int) -> int:
        conv = conversation(
            question=question,
            opening=None,
            weighting="liking",
            tables=liking(4),
            draws={("opening", 0): k},
        )
        if question == "facet":
            (facet,) = conv.facets_asked
            return facet
        return next(a for a, code in conv.status.items() if code == 1)

    assert [opened(k) for k in range(5)] == openings


def test_no_informs_of_what_weighs_most() -> None:
    conv = conversation(cooperativeness=1.0, weighting="liking", tables=liking(0))
    assert conv.ask(2).accepted == (3,)
    conv = conversation(cooperativeness=1.0, weighting="liking", tables=liking(3))
    assert conv.ask(2).accepted == (1,)  # 1 and 3 weigh the same


def test_instruction_names_what_weighs_most() -> None:
    conv = conversation(feedback="instruction", weighting="liking", tables=liking(0))
    conv.recommend([5, 3])
    assert conv.reflect().accepted == (3,)


# ---------------------------------------------------------------- drift


def drifting(**options: object) -> ReferenceConversation:
    """A user who would change their mind in turn 2, to the first item that fits."""
    draws = {("drift", 2): 0.29, ("wish", 2): 0}
    return conversation(drift=0.3, draws=draws, **options)  # type: ignore[arg-type]


def test_new_target_has_what_was_confirmed() -> None:
    conv = drifting()
    conv.ask(3)  # nothing is drawn in the first turn; items 0, 1 are left
    assert conv.targets == [1]
    assert conv.ask(1).outcome is Outcome.NO  # item 0 has no 1
    assert (conv.targets, conv.live_targets) == ([0], [0])
    assert conversation(drift=0.3, draws={("drift", 2): 0.3}).turn == 1


def test_new_target_has_nothing_that_was_refused() -> None:
    conv = conversation(drift=1.0, draws={("wish", 2): 1})
    conv.ask(4)
    conv.ask(2)  # of 0 and 3, which have no 4
    assert conv.targets == [3]


def test_new_target_was_not_refused_itself_and_may_be_in_the_list() -> None:
    conv = drifting()
    conv.recommend([0, 2])
    assert conv.recommend([5, 3]) == Step(1.0, Outcome.HIT, terminated=True, items=(5, 3), rank=2)
    assert conv.targets == [3]


def test_nobody_changes_their_mind_where_nothing_else_fits() -> None:
    conv = conversation(drift=1.0)  # nothing is drawn
    conv.ask(3)
    conv.candidates = {1}
    assert conv.ask(1).outcome is Outcome.YES
    assert conv.targets == [1]


def test_several_targets_give_way_to_one() -> None:
    conv = conversation(targets=2, split=(2,), drift=1.0, draws={("target", 0): 0, ("wish", 2): 0})
    conv.ask(5)
    assert conv.targets == [1, 2]
    conv.ask(2)
    assert conv.targets == [0]


def test_musts_and_what_would_do_are_chosen_anew() -> None:
    conv = drifting(musts=8, acceptable=32)
    assert (conv.rule_user.musts, conv.rule_user.acceptable) == ([0, 1, 3], [])
    conv.ask(5)
    conv.ask(2)
    assert (conv.targets, conv.rule_user.musts) == ([0], [0, 3])
    assert conv.rule_user.acceptable == [1]


def test_free_reflections_and_illegal_moves_change_no_mind() -> None:
    conv = conversation(drift=1.0)  # nothing is drawn
    conv.recommend([5, 3])
    conv.reflect()
    conv.illegal()
    assert conv.targets == [1]


def test_reflection_that_is_a_question_may_change_a_mind() -> None:
    conv = drifting(feedback="instruction")
    conv.recommend([5, 3])
    assert conv.reflect().accepted == (3,)  # item 0 has 0, 3
    assert conv.targets == [0]
