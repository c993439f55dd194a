"""Every rule of docs/protocols.md on a world of six items, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from reference.cpr import ReferenceConversation, Step, WorldTables
from reference.six_items import WORLD, conversation, vectors, with_status
from reference.wishes import Standing

from recosim.acts import Outcome
from recosim.errors import IllegalActionError, OptionError, StateError
from recosim.world.csr import csr_from_lists
from recosim.world.world import build_world

# ---------------------------------------------------------------- opening


def test_opening_attribute_is_accepted_and_its_items_are_the_candidates() -> None:
    conv = conversation(target=1, opening=None, draws={("opening", 0): 1})  # of 0, 1, 3
    assert conv.candidates == {1, 2, 4}
    assert with_status(conv, 1) == {1}
    assert (conv.turn, conv.history, conv.shown_last, conv.done) == (1, [0] * 6, (), False)
    assert conv.legal_asks() == {0, 3, 4, 5}  # 1 is known, 2 has no candidate


def test_opening_facet_accepts_what_the_target_has_there_and_rejects_the_rest() -> None:
    conv = conversation(target=2, opening=None, question="facet", draws={("opening", 0): 0})
    assert (with_status(conv, 1), with_status(conv, -1)) == ({0, 1}, {2})
    assert conv.candidates == {1, 2}
    assert conv.legal_asks() == {1}


def test_opening_facet_removes_the_items_of_its_other_attributes_under_remove() -> None:
    keep = conversation(target=0, opening=0, question="facet")
    assert keep.candidates == {0, 1, 2, 3, 5}
    remove = conversation(target=0, opening=0, question="facet", on_reject="remove")
    assert remove.candidates == {0}
    assert with_status(remove, -1) == {1, 2}


@pytest.mark.parametrize(("question", "opening"), [("binary", 2), ("facet", 2)])
def test_opening_must_be_of_the_target(question: str, opening: int) -> None:
    with pytest.raises(OptionError, match="not one of target 1"):
        conversation(target=1, opening=opening, question=question)


def test_further_targets_share_the_opening_and_come_from_the_split() -> None:
    def opened(n: int) -> list[int]:
        # Eligible: 0, 2, 5, since 4 lacks attribute 0. Drawn: index 1 of them, then 1 of 0, 5.
        draws = {("target", 0): 1, ("target", 1): 1, ("target", 2): 0}
        return conversation(targets=n, split=(0, 1, 2, 4, 5), draws=draws).targets

    assert [opened(n) for n in (1, 2, 3, 4)] == [[1], [1, 2], [1, 2, 5], [1, 2, 5, 0]]
    assert opened(9) == [1, 2, 5, 0]  # fewer if there are no more


# ---------------------------------------------------------------- binary questions


@pytest.mark.parametrize("on_reject", ["keep", "remove"])
def test_yes_intersects_the_candidates(on_reject: str) -> None:
    conv = conversation(on_reject=on_reject)
    step = conv.ask(3)
    assert step == Step(0.01, Outcome.YES, asked=(3,), accepted=(3,))
    assert conv.candidates == {0, 1}
    assert (conv.status[3], conv.turn, conv.history[:2]) == (1, 2, [1, 0])


@pytest.mark.parametrize(("on_reject", "left"), [("keep", {0, 1, 2, 3, 5}), ("remove", {0, 1, 2})])
def test_no_keeps_or_removes_the_items_of_the_attribute(on_reject: str, left: set[int]) -> None:
    conv = conversation(on_reject=on_reject)
    step = conv.ask(2)
    assert step == Step(-0.1, Outcome.NO, asked=(2,))
    assert conv.candidates == left
    assert (conv.status[2], conv.history[0]) == (-1, -1)


def test_asked_attributes_and_those_without_candidates_are_not_askable() -> None:
    conv = conversation()
    conv.ask(3)  # leaves the items 0 and 1, with the attributes 0, 1, 3
    assert conv.legal_asks() == {1}
    for a in (0, 3, 4, 6, -1):
        with pytest.raises(IllegalActionError):
            conv.ask(a)
    assert conv.turn == 2


def test_contradicting_yes_leaves_the_candidates_and_sets_the_status() -> None:
    # Item 0 has neither 1 nor 4, which item 2 has; and no item has them and 5: a third wrong yes
    # contradicts the two.
    draws = {("noise", turn): 0.0 for turn in (1, 2, 3)}
    conv = conversation(target=0, answer_noise=0.5, draws=draws)
    conv.ask(1)
    conv.status[5] = 0
    assert (conv.ask(4).accepted, conv.candidates) == ((4,), {2})
    conv._accept([5])
    assert (conv.candidates, conv.status[5]) == ({2}, 1)


def test_contradicting_no_leaves_the_candidates_and_sets_the_status() -> None:
    # Only item 4 is left, and it has 1: a wrong no to 1 would remove it.
    draws = {("noise", 1): 0.9, ("noise", 2): 0.0}
    conv = conversation(target=4, opening=5, answer_noise=0.5, draws=draws, on_reject="remove")
    conv.ask(3)
    assert conv.candidates == {4}
    assert conv.ask(1).outcome is Outcome.NO
    assert (conv.candidates, conv.status[1]) == ({4}, -1)


def test_all_targets_count_as_live_once_noise_left_none() -> None:
    # A wrong yes to 3, which item 5 lacks; its later answers are still its own.
    draws = {("noise", 1): 0.0, ("noise", 2): 0.9}
    conv = conversation(target=5, answer_noise=0.5, draws=draws)
    conv.ask(3)
    assert (conv.candidates, conv.live_targets) == ({0, 1}, [5])
    assert conv.ask(1).outcome is Outcome.NO


# ---------------------------------------------------------------- facet questions


def test_facet_yes_names_all_attributes_of_the_target_in_it() -> None:
    conv = conversation(target=1, opening=1, question="facet")
    assert (conv.candidates, conv.legal_asks()) == ({0, 1, 4}, {0})
    step = conv.ask(0)
    assert step == Step(0.01, Outcome.YES, accepted=(0, 1))
    assert (with_status(conv, 1), with_status(conv, -1)) == ({0, 1, 3}, {2, 4})
    assert conv.candidates == {1}
    assert conv.facets_asked == {0, 1}
    assert conv.legal_asks() == set()


@pytest.mark.parametrize(("on_reject", "left"), [("keep", {0, 1}), ("remove", {0})])
def test_facet_yes_removes_the_items_of_the_rejected_attributes(
    on_reject: str, left: set[int]
) -> None:
    # Item 0 opens with facet 1 (items 0, 1, 4) and has 0 alone in facet 0; item 1 also has 1.
    conv = conversation(target=0, opening=1, question="facet", on_reject=on_reject)
    assert conv.ask(0).accepted == (0,)
    assert conv.candidates == left


@pytest.mark.parametrize(("on_reject", "left"), [("keep", {3, 5}), ("remove", {3})])
def test_facet_no_rejects_all_of_it(on_reject: str, left: set[int]) -> None:
    conv = conversation(target=3, opening=0, question="facet", on_reject=on_reject)
    assert conv.candidates == {3, 5}
    step = conv.ask(1)
    assert step == Step(-0.1, Outcome.NO)
    assert with_status(conv, -1) == {1, 3, 4}
    assert conv.candidates == left


def test_facet_contradictions_are_settled_one_attribute_at_a_time() -> None:
    # Item 2 has 0 and 1 in facet 0. Of the candidates none has both, so only 0 narrows them.
    conv = conversation(target=2, opening=1, question="facet", on_reject="remove")
    conv.candidates = {0, 4, 5}
    assert conv.ask(0).accepted == (0, 1)
    assert conv.candidates == {0}  # {0, 5} has 0; 1 contradicts; rejected 2 removes item 5


def test_facet_question_names_attributes_of_the_first_live_target_that_has_some() -> None:
    # Both targets have facet 1's attribute 4. In facet 0 the first has 0, 1, the second 0, 2.
    def opened(first: int) -> ReferenceConversation:
        draws = {("target", 0): 0}
        return conversation(
            target=first, opening=1, question="facet", targets=2, split=(2, 5), draws=draws
        )

    assert opened(2).ask(0).accepted == (0, 1)
    assert opened(5).ask(0).accepted == (0, 2)
    conv = conversation(
        target=3, opening=0, question="facet", targets=2, split=(3, 5), draws={("target", 0): 0}
    )
    assert conv.ask(1).accepted == (4,)  # item 3 has nothing in facet 1, item 5 has 4
    assert conv.live_targets == [5]


def test_facet_question_is_answered_by_live_targets_alone() -> None:
    # Facets {0}, {1, 2}, {3, 4}. Item 0 has nothing in facet 1, so the answer there is item 1's.
    world = build_world(
        name="three facets",
        item_attributes=csr_from_lists([{0, 3}, {0, 1, 4}, {0, 2, 3}]),
        train=csr_from_lists([[2], []]),
        valid=csr_from_lists([[], [0]]),
        test=csr_from_lists([[0, 1], []]),
        n_attributes=5,
        attribute_facet=[0, 1, 1, 2, 2],
    )
    conv = conversation(
        target=0,
        question="facet",
        targets=2,
        split=(0, 1),
        draws={("target", 0): 0},
        tables=WorldTables(world),
    )
    assert conv.ask(1).accepted == (1,)
    assert conv.live_targets == [1]
    assert conv.ask(2).accepted == (4,)


# ---------------------------------------------------------------- choice questions


def choice(choices: int = 2, **options: Any) -> ReferenceConversation:
    """Choice questions with the rewards of the preset `mcmipl`."""
    return conversation(question="choice", choices=choices, on_reject="remove", **options)


def test_choices_have_the_highest_entropies_in_the_facet() -> None:
    conv = choice(opening=3, target=4)  # candidates 0, 1, 4
    assert conv.counts() == {0: 2, 1: 2, 3: 3, 5: 1}
    assert conv.choices(0) == (0, 1)  # 2 has no candidate
    conv = choice()  # candidates 0, 1, 2, 3, 5: 1 and 2 have two each
    assert conv.choices(5) == (5,)  # in no facet
    assert conv.choices(3) == (3, 4)
    conv.status[0] = 0
    assert conv.choices(0) == (0, 1)  # smallest id on ties
    assert conv.choices(1) == (1, 2)  # the entropy of 0, which all have, is 0
    conv.protocol = conv.protocol.with_options(choices=3)
    assert conv.choices(1) == (1, 2, 0)
    conv.protocol = conv.protocol.with_options(choices=1)
    assert conv.choices(1) == (1,)


def test_choice_pays_each_attribute_and_counts_as_yes_if_one_is() -> None:
    conv = choice(target=1)
    step = conv.ask(4)
    assert step == Step(0.01 - 0.1, Outcome.YES, asked=(4, 3), accepted=(3,))
    assert (conv.status[4], conv.status[3], conv.candidates) == (-1, 1, {0, 1})
    assert (conv.turn, conv.history[0]) == (2, 1)

    conv = choice(target=0)
    assert conv.ask(2) == Step(-0.1 - 0.1, Outcome.NO, asked=(2, 1))
    assert (conv.candidates, conv.history[0]) == ({0}, -1)


def test_choice_keeps_what_has_any_accepted_and_no_rejected_attribute() -> None:
    # Candidates 0, 1, 2, 3, 5. Targets 1 (0, 1, 3) and 5 (0, 2, 4): both have 0.
    options: dict[str, Any] = {
        "target": 1,
        "targets": 2,
        "split": (5,),
        "draws": {("target", 0): 0},
    }
    conv = choice(**options)
    assert conv.ask(1) == Step(0.02, Outcome.YES, asked=(1, 2), accepted=(1, 2))
    assert conv.candidates == {1, 2, 3, 5}  # the union
    assert conv.live_targets == [1, 5]  # whatever was accepted
    assert conv.ask(4) == Step(0.02, Outcome.YES, asked=(4, 3), accepted=(4, 3))
    assert conv.candidates == {1, 2, 5}
    # Alone, each target says no to what the other has.
    conv = choice(target=1)
    assert conv.ask(1).accepted == (1,)
    assert conv.candidates == {1, 2}
    keep = choice(target=1).protocol.with_options(on_reject="keep")
    conv = choice(target=0)
    conv.protocol = keep
    assert conv.ask(1).accepted == ()
    assert conv.candidates == {0, 1, 2, 3, 5}  # all, since none has one


def test_choice_that_would_leave_nothing_leaves_the_candidates() -> None:
    # Wrong: yes to 3, no to 4. Of the candidates 2 and 5 none has 3, and both have 4.
    draws = {("noise", 1): 0.9, ("noise", 2): 0.0}
    conv = choice(3, target=2, opening=4, answer_noise=0.5, draws=draws)
    assert conv.candidates == {2, 5}
    conv = choice(target=2, answer_noise=0.5, draws=draws)
    assert conv.ask(1).accepted == (1,)
    assert conv.candidates == {1, 2}
    assert conv.ask(3) == Step(0.01 - 0.1, Outcome.YES, asked=(3, 4), accepted=(3,))
    assert conv.candidates == {1}
    wrong = choice(target=3, opening=5, answer_noise=0.5, draws={("noise", 1): 0.0})
    assert wrong.candidates == {3, 4}
    assert wrong.ask(0) == Step(0.01 - 0.1 - 0.0, Outcome.YES, asked=(0, 1), accepted=(1,))
    assert wrong.candidates == {4}
    alone = choice(target=3, opening=2, answer_noise=0.5, draws={("noise", 1): 0.0})
    assert alone.candidates == {3, 5}
    assert alone.ask(0).accepted == ()  # a wrong no to what all candidates have
    assert (alone.candidates, alone.status[0]) == ({3, 5}, -1)


def test_targets_of_choices_come_before_the_opening_which_they_share() -> None:
    # Item 4 (1, 3, 5) shares 1 and 3 with 1 (0, 1, 3); with both, 0 shares 3 and 2 shares 1.
    draws = {("target", 0): 2, ("target", 1): 0, ("opening", 0): 0}
    conv = choice(target=1, opening=None, targets=3, split=(0, 2, 3, 4), draws=draws)
    # Of 0, 2, 3, 4 the third is 3 (0, 2, 5); what it shares with 1 is 0, which 0 and 2 have too.
    assert conv.targets == [1, 3, 0]
    assert (with_status(conv, 1), conv.candidates) == ({0}, {0, 1, 2, 3, 5})
    draws = {("target", 0): 3, ("target", 1): 0, ("opening", 0): 0}
    conv = choice(target=1, opening=None, targets=3, split=(0, 2, 3, 4), draws=draws)
    assert conv.targets == [1, 4, 0]
    assert with_status(conv, 1) == {3}
    # Where the opening is given all have it, and there may be fewer.
    draws = {("target", 0): 0}
    conv = choice(target=1, opening=3, targets=4, split=(2, 3, 4), draws=draws)
    assert conv.targets == [1, 4]


def test_targets_of_choices_keep_to_the_instruction_that_holds() -> None:
    draws = {("target", 0): 0, ("opening", 0): 0}
    conv = choice(target=1, opening=None, targets=2, split=(2,), draws=draws)
    assert conv.targets == [1, 2]
    # Of the user's items 5 alone has what the request names (0). It differs from all with 0 in what
    # item 1 has or has not as they do, but for 5, which item 1 has not either.
    options: dict[str, Any] = {"target": 1, "opening": None, "targets": 2, "draws": draws}
    conv = choice(split=(2,), standing="session", **options)
    assert conv.rule_user.standing == Standing(5, wanted=False, condition=None, holds=True)
    assert conv.targets == [1, 2]
    assert choice(split=(3,), **options).targets == [1, 3]
    conv = choice(split=(3,), standing="session", **options)
    assert conv.targets == [1]  # item 3 has 5


# ---------------------------------------------------------------- what the user has themselves


def test_yes_needs_an_attribute_of_the_user_too() -> None:
    # Items 4 (1, 3, 5) and 5 (0, 2, 4) are those of user 0, who has everything; user 1 has nothing.
    assert conversation(yes_if="item_and_user").ask(3).outcome is Outcome.YES
    assert conversation(yes_if="item_and_user", user=1).ask(3).outcome is Outcome.NO
    few = WorldTables(WORLD)
    few.train[0] = [0]  # with 0 and 3
    of_few: dict[str, Any] = {"yes_if": "item_and_user", "tables": few, "target": 1}
    assert conversation(**of_few).ask(3).outcome is Outcome.YES
    assert conversation(**of_few).ask(1).outcome is Outcome.NO
    # The opening is one of both; where there is none, one of the item.
    drawn = conversation(opening=None, draws={("opening", 0): 1}, **of_few)
    assert with_status(drawn, 1) == {3}  # of 0, 3
    none = conversation(opening=None, draws={("opening", 0): 1}, **of_few | {"user": 1})
    assert with_status(none, 1) == {1}  # of 0, 1, 3
    facet = conversation(opening=None, question="facet", draws={("opening", 0): 0}, **of_few)
    assert (with_status(facet, 1), with_status(facet, -1)) == ({0}, {1, 2})
    assert facet.ask(1).accepted == (3,)


# ---------------------------------------------------------------- noise and "don't know"


def test_answer_noise_flips_the_answer() -> None:
    draws = {("noise", 1): 0.29, ("noise", 2): 0.3}
    conv = conversation(answer_noise=0.3, draws=draws)
    assert conv.ask(3).outcome is Outcome.NO
    assert conv.ask(2).outcome is Outcome.NO


def test_answer_noise_flips_both_answers_of_a_choice() -> None:
    conv = choice(answer_noise=0.3, draws={("noise", 1): 0.0}, target=2)
    assert conv.ask(3) == Step(0.01 - 0.1, Outcome.YES, asked=(3, 4), accepted=(3,))
    assert (conv.status[3], conv.status[4]) == (1, -1)


def test_answer_noise_turns_the_yes_of_a_facet_into_a_no() -> None:
    conv = conversation(
        target=1, opening=1, question="facet", answer_noise=0.3, draws={("noise", 1): 0.0}
    )
    assert conv.ask(0).outcome is Outcome.NO
    assert with_status(conv, -1) == {0, 1, 2, 4}


def test_answer_noise_turns_the_no_of_a_facet_into_one_named_attribute() -> None:
    draws = {("noise", 1): 0.0, ("flip", 1): 1}
    conv = conversation(target=3, opening=0, question="facet", answer_noise=0.3, draws=draws)
    assert conv.ask(1) == Step(0.01, Outcome.YES, accepted=(4,))
    assert (conv.status[3], conv.status[4], conv.candidates) == (-1, 1, {5})
    assert conv.live_targets == [3]


@pytest.mark.parametrize(
    ("question", "opening", "asked", "about"),
    [("binary", 0, 3, {3}), ("choice", 0, 3, {3, 4}), ("facet", 1, 0, {0, 1, 2})],
)
def test_dont_know_sets_the_asked_attributes_and_nothing_else(
    question: str, opening: int, asked: int, about: set[int]
) -> None:
    draws = {("unsure", 1): 0.2, ("unsure", 2): 0.9}  # noise is not even drawn in turn 1
    conv = conversation(
        opening=opening,
        question=question,
        choices=2,
        on_reject="remove",
        dont_know=0.3,
        answer_noise=0.5,
        draws=draws,
    )
    before = conv.candidates
    step = conv.ask(asked)
    reward = -0.2 if question == "choice" else -0.1  # each attribute pays
    assert (step.reward, step.outcome, step.accepted) == (reward, Outcome.UNSURE, ())
    assert with_status(conv, 2) == about
    assert (conv.candidates, conv.history[0], conv.turn) == (before, 3, 2)
    assert asked not in conv.legal_asks()


# ---------------------------------------------------------------- recommendations


def test_hit_terminates_with_the_rank_of_the_target() -> None:
    conv = conversation(target=3)  # the best candidates: 5, 3
    step = conv.recommend()
    assert step == Step(1.0, Outcome.HIT, terminated=True, items=(5, 3), rank=2)
    assert (conv.done, conv.history[0], conv.turn) == (True, 2, 2)
    assert (conv.legal_asks(), conv.can_recommend(), conv.can_reflect()) == (set(), False, False)
    for call in (conv.recommend, conv.reflect, conv.illegal, lambda: conv.ask(1)):
        with pytest.raises(StateError):
            call()


def test_rank_is_that_of_the_first_target_in_the_list() -> None:
    conv = conversation(target=3, targets=2, split=(5,), draws={("target", 0): 0})
    assert conv.recommend().rank == 1
    conv = conversation(target=3, targets=2, split=(5,), draws={("target", 0): 0}, top_k=3)
    assert conv.recommend([1, 3, 5]).rank == 2


def test_ties_in_score_go_to_the_smallest_id() -> None:
    flat = vectors(item=np.zeros((6, 8), dtype=np.float32))
    assert conversation(estimator=flat, top_k=3).top_items() == [0, 1, 2]


def test_fewer_candidates_give_a_shorter_list() -> None:
    conv = conversation(target=1, top_k=5)
    conv.ask(3)
    assert conv.recommend().items == (1, 0)


@pytest.mark.parametrize(
    ("drop_failed", "top_k", "left"),
    [
        ("always", 2, {0, 1, 2}),
        ("if_more_than_k", 2, {0, 1, 2}),  # 5 candidates are more than 2
        ("always", 5, {0, 1, 2}),
        ("if_more_than_k", 5, {0, 1, 2, 3, 5}),  # 5 candidates are not more than 5
    ],
)
def test_refused_items_leave_the_candidates(drop_failed: str, top_k: int, left: set[int]) -> None:
    conv = conversation(drop_failed=drop_failed, top_k=top_k)
    step = conv.recommend([5, 3])
    assert step == Step(-0.1, Outcome.MISS, items=(5, 3))
    assert (conv.candidates, conv.shown_last) == (left, (5, 3))
    assert (conv.turn, conv.history[0]) == (2, -2)


@pytest.mark.parametrize("items", [[], [1, 1], [0, 1, 2], [6], [-1]])
def test_malformed_lists_are_refused(items: list[int]) -> None:
    conv = conversation()
    with pytest.raises(IllegalActionError):
        conv.recommend(items)
    assert conv.turn == 1


# ---------------------------------------------------------------- reflection


def test_reflection_is_legal_once_after_each_refusal_and_takes_no_turn() -> None:
    conv = conversation()
    with pytest.raises(IllegalActionError):
        conv.reflect()
    conv.recommend()
    conv.ask(4)
    assert conv.can_reflect()  # a question in between does not matter
    history = list(conv.history)
    assert conv.reflect() == Step(0.0, Outcome.NOTHING)
    assert (conv.turn, conv.history, conv.shown_last) == (3, history, ())
    assert not conv.can_reflect()
    conv.recommend([2])
    assert conv.shown_last == (2,)
    assert conv.can_reflect()


# ---------------------------------------------------------------- turns and ends


@pytest.mark.parametrize(
    ("opening_counts", "last_turn_acts", "steps", "acting"),
    [(False, False, 15, 14), (False, True, 15, 15), (True, False, 14, 13), (True, True, 14, 14)],
)
def test_turn_limit(opening_counts: bool, last_turn_acts: bool, steps: int, acting: int) -> None:
    conv = conversation(max_turns=15, opening_counts=opening_counts, last_turn_acts=last_turn_acts)
    done: list[Step] = []
    while not conv.done:
        done.append(conv.illegal())
    assert len(done) == steps
    assert sum(code == -3 for code in conv.history) == acting == conv.protocol.acting_turns
    assert [s.truncated for s in done] == [False] * (steps - 1) + [True]
    assert not any(s.terminated for s in done)
    assert done[0].reward == -0.1
    assert done[-1].reward == pytest.approx(-0.4 if last_turn_acts else -0.3)
    assert done[-1].ignored is not last_turn_acts


MOVES: dict[str, Callable[[ReferenceConversation], Step]] = {
    "ask": lambda conv: conv.ask(3),
    "recommend": lambda conv: conv.recommend(),
    "reflect": lambda conv: conv.reflect(),
    "illegal": lambda conv: conv.illegal(),
}


@pytest.mark.parametrize("move", MOVES)
def test_move_of_the_last_turn_is_ignored(move: str) -> None:
    conv = conversation(target=3, max_turns=2)
    conv.recommend([5])
    candidates, status, vector = conv.candidates, dict(conv.status), conv.user_vector.copy()
    step = MOVES[move](conv)
    assert step == Step(-0.3, Outcome.NOTHING, truncated=True, ignored=True)
    assert (conv.history, conv.candidates, conv.status) == ([-2, 0], candidates, status)
    assert (conv.user_vector == vector).all()
    assert conv.done


def test_hit_in_the_last_turn_is_no_timeout() -> None:
    conv = conversation(target=3, max_turns=2, last_turn_acts=True)
    conv.ask(1)
    step = conv.recommend()
    assert (step.reward, step.terminated, step.truncated) == (1.0, True, False)


def test_miss_in_the_last_turn_times_out() -> None:
    conv = conversation(target=1, max_turns=2, last_turn_acts=True, opening_counts=True)
    assert conv.turn == 2
    step = conv.recommend()
    assert step.reward == pytest.approx(-0.1 - 0.3)
    assert (step.terminated, step.truncated, conv.history) == (False, True, [0, -2])


@pytest.mark.parametrize("max_turns", [3, 9])
def test_nothing_left_terminates_and_goes_before_the_timeout(max_turns: int) -> None:
    # A wrong yes to 3 leaves the items 0 and 1 alone; refused, nobody is left.
    conv = conversation(
        target=5,
        answer_noise=0.5,
        draws={("noise", 1): 0.0},
        max_turns=max_turns,
        last_turn_acts=True,
    )
    conv.ask(3)
    conv.recommend([0])
    step = conv.recommend()
    assert step.items == (1,)
    assert step.reward == pytest.approx(-0.1 - 0.1)
    assert (step.terminated, step.truncated, conv.done) == (True, False, True)


def test_illegal_moves_use_the_turn_and_change_nothing_else() -> None:
    conv = conversation()
    conv.recommend()
    candidates, status = set(conv.candidates), dict(conv.status)
    assert conv.illegal() == Step(-0.1, Outcome.ILLEGAL)
    assert (conv.turn, conv.history[:3]) == (3, [-2, -3, 0])
    assert (conv.candidates, conv.status, conv.shown_last) == (candidates, status, (5, 3))


# ---------------------------------------------------------------- several targets


def test_user_with_several_targets_does_not_contradict_themselves() -> None:
    conv = conversation(target=1, targets=2, split=(5,), draws={("target", 0): 0})
    assert conv.live_targets == [1, 5]  # {0, 1, 3} and {0, 2, 4}
    assert conv.ask(4).outcome is Outcome.YES  # item 5 has it, so from now on only item 5 is live
    assert conv.live_targets == [5]
    assert conv.candidates == {2, 5}
    assert conv.ask(1).outcome is Outcome.NO  # item 1 has it, but is not live


def test_any_target_is_a_hit_live_or_not() -> None:
    conv = conversation(target=1, targets=2, split=(5,), draws={("target", 0): 0})
    conv.ask(4)
    assert conv.recommend([1]).outcome is Outcome.HIT
