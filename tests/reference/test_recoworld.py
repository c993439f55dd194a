"""Rules of docs/recoworld.md on a world of six items, worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from reference.recoworld import LifeStep, ReferenceLife
from reference.recoworld_instructions import ALWAYS, SESSION, TURN, Instruction, Instructions
from reference.recoworld_user import Reactions
from reference.recoworld_world import LifeTables, standardised

from recosim.acts import Level, Outcome
from recosim.envs.recoworld.rules import LifeRules
from recosim.errors import IllegalActionError, StateError
from recosim.estimators.base import Vectors
from recosim.users import Behaviour
from recosim.world.csr import csr_from_lists
from recosim.world.world import build_world

ITEMS = [{0}, {0, 1}, {1, 2}, set(), {2}, {0, 2}]
WORLD = build_world(
    name="six",
    item_attributes=csr_from_lists(ITEMS),
    train=csr_from_lists([[0], [1, 2]]),
    valid=csr_from_lists([[1], []]),
    test=csr_from_lists([[5], []]),
    n_attributes=3,
)
CLICK, SKIP = Level.CLICK, Level.SKIP


class Tables(LifeTables):
    """The world of six items, with a user of a given taste."""

    def __init__(self, rules: LifeRules, taste: list[float]) -> None:
        super().__init__(WORLD, rules)
        self.given = taste

    def taste(self, user: int) -> list[float]:
        return self.given


def life(
    taste: list[float],
    draws: dict[Any, float] | None = None,
    rules: dict[str, Any] | None = None,
    **settings: Any,
) -> ReferenceLife:
    """An open life of user 0, whose draws are 0.99 but for those given by purpose or key.

    The estimator ranks the items by their ids, and the user has no mood that is not given.
    """
    draws = draws or {}
    the_rules = LifeRules(**(rules or {}))
    vectors = Vectors(
        user=np.zeros((2, 8), dtype=np.float32),
        item=np.zeros((6, 8), dtype=np.float32),
        attribute=np.zeros((3, 8), dtype=np.float32),
        item_bias=np.zeros(6, dtype=np.float32),
    )

    def luck(purpose: str, session: int, round_: int, place: int) -> float:
        return draws.get((purpose, session, round_, place), draws.get(purpose, 0.99))

    behaviour = Behaviour(**({"mood": 0.0, "appeal_pull": 0.0, "session_hazard": 0.0} | settings))
    new = ReferenceLife(Tables(the_rules, taste), the_rules, vectors, 0, behaviour, luck)
    new.open()
    return new


def rows(given: tuple[Instruction, ...]) -> list[list[int]]:
    return [each.row() for each in given]


def react(*levels: Level | None, minutes: float = 0.0) -> Reactions:
    taken = [minutes if level is not None and level >= CLICK else 0.0 for level in levels]
    return Reactions(tuple(levels), tuple(taken))


# ---------------------------------------------------------------- the world


def test_taste_is_a_shrunken_log_lift() -> None:
    tables = LifeTables(WORLD, LifeRules())
    # Five interactions: items 0, 1, 5 of user 0 and 1, 2 of user 1. Attribute 0 is on 0, 1, 5, 1.
    p = 4 / 5
    assert tables.taste(0)[0] == pytest.approx(math.log((3 + 10 * p) / (13 * p)), rel=1e-6)
    assert tables.taste(1)[2] == pytest.approx(math.log((1 + 10 * 0.4) / (12 * 0.4)), rel=1e-6)


def test_standardising_leaves_out_what_is_unknown() -> None:
    assert standardised([1.0, math.nan, 3.0]) == [-1.0, 0.0, 1.0]
    assert standardised([0.1, 0.1, math.nan, 0.1]) == [0.0] * 4
    assert standardised([math.nan, 0.3]) == [0.0, 0.0]


def test_true_utility_and_fit_of_an_item_without_attributes() -> None:
    user = life([1.0, -1.0, 0.5], rules={"utility_bias": 0.25}).person
    assert user.true_utility(3) == pytest.approx(1 / (1 + math.exp(-0.25)))
    assert user.true_utility(5) == pytest.approx(1 / (1 + math.exp(-0.25 - 1.5 / math.sqrt(2))))


# ---------------------------------------------------------------- sessions


def test_the_mood_adds_to_attributes_drawn_by_their_taste() -> None:
    # exp: 1, e, 1: the cumulated weights are 1, 3.72, 4.72 of 4.72
    draws = {("mood", 0, 0, 0): 0.4, ("mood", 0, 0, 1): 0.5, ("mood", 0, 0, 2): 0.9}
    assert list(life([0, 1, 0], draws, mood=2.0).person.mindset) == [0, 3, 2]
    draws[("mood", 0, 0, 0)] = 0.5
    assert list(life([0, 1, 0], draws, mood=2.0).person.mindset) == [0, 3, 0]


def test_days_away_rest_and_drift_moves_taste() -> None:
    draws = {("drift", 1, 0, 0): 0.0, ("drift", 1, 0, 1): 0.7, "return": 0.9}
    talk = life([0.5, 1, 0], draws, {"max_turns": 1}, drift=0.5, loyalty_pull=0.0)
    step = talk.recommend([0], reactions=react(SKIP))
    # gap = 1 + floor(ln 0.1 / ln 0.5) = 4
    assert (step.gap, step.ended, talk.day, talk.session, talk.turn) == (
        4,
        "out of rounds",
        4,
        1,
        1,
    )
    assert list(talk.person.taste) == [0.5, 0, 1]
    assert talk.person.satiation[0] == pytest.approx(0.2 * 0.8 / 16)
    assert talk.person.fatigue == pytest.approx(0.02 / 16)


def test_a_return_beyond_the_horizon_ends_the_life() -> None:
    talk = life([0, 0, 0], {"return": 0.9}, {"max_turns": 1, "horizon": 4}, loyalty_pull=0.0)
    step = talk.pass_by()
    assert (step.gap, step.terminated, talk.done, talk.day) == (-1, True, True, 0)
    with pytest.raises(StateError):
        talk.pass_by()


def test_the_last_act_truncates_but_not_what_has_terminated() -> None:
    talk = life([0, 0, 0], rules={"max_steps": 2})
    assert not talk.pass_by().truncated
    assert talk.pass_by().truncated
    draws = {"return": 0.999999}
    rules = {"max_steps": 1, "max_turns": 1, "horizon": 4}
    assert not life([0, 0, 0], draws, rules).pass_by().truncated


def test_loyalty_moves_with_the_value_of_a_session() -> None:
    draws = {"return": 0.0}
    talk = life([2, 0, 0], draws, {"max_turns": 1}, stay=10, appeal_pull=0)
    talk.recommend([0], reactions=react(CLICK, minutes=20.0))
    got, meant = 1 / (1 + math.exp(-2)), 10 * 1.49
    value = math.tanh((2 * got - 1 - 0.5 * (20 - meant) / meant) / 2)
    assert talk.person.loyalty == pytest.approx(0.3 * value, rel=1e-6)


# ---------------------------------------------------------------- lists


def test_a_walk_ends_where_nobody_reads_on() -> None:
    draws = {("examine", 0, 1, 2): 0.3, ("examine", 0, 1, 3): 0.8}
    talk = life([1, -3, 1], draws, examination=0.5)
    talk.recommend([4, 1, 5])
    assert talk.reactions.levels == (Level.ACCEPT, SKIP, None)
    assert talk.reactions.minutes[0] == pytest.approx(4 / (1 + math.exp(-1)), rel=1e-6)


def test_what_was_seen_is_passed_over_but_was_read() -> None:
    talk = life([1, 0, 0], {"seen": 0.0}, seen=0.5)
    step = talk.recommend([0, 5])  # 0 is a train item, 5 is not
    assert talk.reactions.levels == (Level.SEEN, Level.ACCEPT)
    assert step.outcome is Outcome.HIT
    talk.recommend([5])
    assert talk.reactions.levels == (Level.SEEN,)
    assert talk.person.satiation[2] == pytest.approx(0.2 * 0.8**2 + 0.2 * 0.8)


def test_a_consumed_item_moves_the_mindset_and_what_was_promised_disappoints() -> None:
    talk = life([1, 0, 0], rules={"like_at": 0.99, "love_at": 0.99}, learning=0.5, appeal_pull=2.0)
    talk.person.mindset[1] = 2.0  # what they are after says nothing of what they expect
    talk.tables.appeal[1] = 0.7
    step = talk.recommend([1], reactions=react(CLICK, minutes=2.0))
    got, hoped = (1 / (1 + math.exp(-1 / math.sqrt(2) - x)) for x in (0, 1.4))
    assert step.let_down == pytest.approx(hoped - got)
    assert talk.person.letdown == pytest.approx(hoped - got)
    moved = 0.5 * (2 * got - 1) / math.sqrt(2)
    assert list(talk.person.mindset) == pytest.approx([1 + moved, 2 + moved, 0])
    assert talk.person.fatigue == pytest.approx(0.02 + 0.06 * 2 / 4)
    assert talk.utility == pytest.approx(got)
    assert (talk.shown_counts, talk.taken_counts) == ([1, 1, 0], [1, 1, 0])


def test_ndcg_is_against_the_best_of_all_items() -> None:
    talk = life([0, 0, 3], rules={"top_k": 2})
    step = talk.recommend([3, 4])
    best, second, none = (1 / (1 + math.exp(-x)) for x in (3, 3 / math.sqrt(2), 0))
    ideal = best + second / math.log2(3)
    assert step.ndcg == pytest.approx((none + best / math.log2(3)) / ideal)


def test_retrieval_leaves_out_repeats_and_heeds_at_a_reflection() -> None:
    talk = life([1, 1, 1], rules={"top_k": 2})
    talk.recommend()
    assert talk.shown == (0, 1)
    talk.person.instructions.give(Instruction(False, 2, None, ALWAYS))
    assert talk.retrieve() == [2, 3]
    talk.reflect()
    assert talk.retrieve() == [3, 2]
    assert talk.retrieve(because=2) == [2, 4]
    talk.person.instructions.give(Instruction(True, 0, None, ALWAYS))
    talk.recommend([3])
    talk.reflect()
    assert talk.retrieve() == [2, 4]  # what is avoided is not saved by a want


def test_what_is_not_in_the_pool_comes_after_it_by_popularity() -> None:
    talk = life([0, 0, 0], rules={"pool": 2, "top_k": 5})
    assert talk.retrieve() == [0, 1, 2, 3, 4]  # 2 is a train item of somebody
    talk.person.instructions.give(Instruction(True, 1, None, ALWAYS))
    talk.person.instructions.heed()
    assert talk.retrieve() == [1, 0, 2, 3, 4]
    assert talk.retrieve(because=2) == [2, 4, 5]


# ---------------------------------------------------------------- instructions


def test_conditions_and_halves_decide_whether_a_list_obeys() -> None:
    avoid = Instruction(False, 0, 1, SESSION)
    assert avoid.is_obeyed([{0}, {2}]) is None
    assert avoid.is_obeyed([{0}, {1}]) is True
    assert avoid.is_obeyed([{0, 1}]) is False
    want = Instruction(True, 0, None, SESSION)
    assert [want.is_obeyed([{0}, {1}]), want.is_obeyed([{0}, {1}, set()])] == [True, False]
    assert want.is_obeyed([]) is None


def test_what_ends_is_remembered_as_expired_until_it_is_said_again() -> None:
    said = Instructions()
    said.give(Instruction(False, 0, None, TURN))
    said.give(Instruction(True, 1, None, TURN))
    said.give(Instruction(False, 2, 1, SESSION))
    said.grow_older()
    assert (said.expired, [each.age for each in said.in_force]) == ([(0, None)], [1])
    said.end_of_session()
    assert (said.expired, said.in_force) == ([(0, None), (2, 1)], [])
    said.give(Instruction(False, 2, None, ALWAYS))
    assert said.expired == [(0, None)]


def test_the_ninth_instruction_pushes_out_the_oldest() -> None:
    said = Instructions()
    for a in range(9):
        said.give(Instruction(False, a, None, ALWAYS))
    assert [each.attribute for each in said.in_force] == list(range(1, 9))
    assert said.expired == [(0, None)]
    said.give(Instruction(False, 4, None, ALWAYS))
    assert [each.attribute for each in said.in_force] == [1, 2, 3, 5, 6, 7, 8, 4]


def test_an_ignored_instruction_disappoints_and_an_obeyed_one_restores() -> None:
    talk = life([0, 0, 0], tolerance=9)
    talk.person.instructions.give(Instruction(False, 0, None, ALWAYS))
    step = talk.recommend([0], reactions=react(SKIP))
    assert (step.obeyed, step.ignored, step.first_ignored) == (0, 1, 1)
    assert talk.person.letdown == pytest.approx(0.3 + 0.5)
    step = talk.recommend([4], reactions=react(SKIP))
    assert (step.obeyed, step.first_obeyed, step.ignored) == (1, 0, 0)
    assert talk.person.letdown == pytest.approx(0.5 * (0.3 + 0.5 + 0.3), rel=1e-6)
    assert talk.person.satiation[0] == 0


def speak(taste: list[float], items: list[int], draws: Any = None, **settings: Any) -> LifeStep:
    """What a user says who is about to go after a list of which they took nothing."""
    talk = life(taste, {"voice": 0.0} | (draws or {}), tolerance=0.1, **settings)
    return talk.recommend(items, reactions=react(*(SKIP for _ in items)))


def test_they_avoid_what_bothers_and_want_what_was_missing() -> None:
    step = speak([1, -1, 0.5], [2, 4])
    # 2 is on both items but is wanted; 1 is on one. Missing: 0, which goes along with 1.
    assert rows(step.given) == [[0, 1, -1, ALWAYS], [1, 0, -1, ALWAYS]]
    assert step.ended == ""
    assert rows(speak([1, -1, 0.5], [2, 4], instructs="want").given) == [[1, 0, -1, ALWAYS]]
    assert rows(speak([1, -0.3, 0.5], [2, 4], instructs="avoid").given) == [[0, 1, -1, SESSION]]


@pytest.mark.parametrize(("critic", "avoided"), [("salient", 0), ("least_liked", 1), ("random", 1)])
def test_the_critic_decides_what_is_avoided(critic: str, avoided: int) -> None:
    step = speak([-1, -2, 0], [0, 1], critic=critic, instructs="avoid")
    assert rows(step.given) == [[0, avoided, -1, ALWAYS]]


def test_boredom_lasts_a_turn_and_may_bother_only_together() -> None:
    settings = {"boredom": 9.0, "instructs": "avoid", "conditional": 1.0}
    talk = life([0.1, 0.1, 0.1], {"voice": 0.0, "condition": 0.5}, tolerance=0.1, **settings)
    step = talk.recommend([1, 0], reactions=react(SKIP, SKIP))
    assert rows(step.given) == [[0, 0, 1, TURN]]
    assert talk.person.satiation[0] == 0
    assert talk.person.satiation[1] == pytest.approx(0.2 * 0.8)


def test_without_voice_or_words_they_go_and_perhaps_for_good() -> None:
    assert speak([1, -1, 0], [2], {"voice": 0.7}, voice=0.5).ended == "disappointed"
    nothing = speak([0, 0, 0], [3], {"for_good": 0.05})
    assert (nothing.ended, nothing.gone, nothing.gap, nothing.terminated) == (
        "disappointed",
        True,
        -1,
        True,
    )


def test_fatigue_and_disappointment_multiply_the_odds_of_leaving() -> None:
    hazard = 0.2
    odds = hazard / (1 - hazard) * math.exp(0.05)
    at = odds / (1 + odds)
    assert life([0, 0, 0], {"leave": at - 1e-6}, session_hazard=hazard).ask(0).ended == "left"
    assert life([0, 0, 0], {"leave": at + 1e-6}, session_hazard=hazard).ask(0).ended == ""


# ---------------------------------------------------------------- questions and reflections


def test_answers_are_those_of_the_mindset() -> None:
    talk = life([0.6, -0.1, 0.5])
    assert [talk.ask(a).outcome for a in range(3)] == [Outcome.YES, Outcome.NO, Outcome.UNSURE]
    assert not any(talk.can_ask(a) for a in range(3))
    with pytest.raises(IllegalActionError):
        talk.ask(0)
    assert life([0.6, 0, 0], {"noise": 0.1}, answer_noise=0.2).ask(0).outcome is Outcome.NO
    assert life([0.6, 0, 0], {"unsure": 0.1}, dont_know=0.2).ask(0).outcome is Outcome.UNSURE


@pytest.mark.parametrize(
    ("feedback", "turn", "said", "given"),
    [
        ("binary", 2, (-1, -1), []),
        ("critique", 3, (1, -1), []),
        ("edit", 3, (1, 0), []),
        ("instruction", 3, (-1, -1), [[0, 1, -1, ALWAYS], [1, 0, -1, ALWAYS]]),
    ],
)
def test_what_is_said_to_a_reflection(
    feedback: str, turn: int, said: tuple[int, int], given: list[list[int]]
) -> None:
    talk = life([1, -1, 0.5], feedback=feedback, tolerance=9)
    talk.recommend([2, 4], reactions=react(SKIP, SKIP))
    step = talk.reflect()
    assert (talk.turn, (step.criticised, step.added), rows(step.given)) == (turn, said, given)
    assert not talk.can_reflect()
    assert all(each.heeded for each in talk.person.instructions.in_force)


def test_nobody_reflects_without_a_list_or_without_feedback() -> None:
    assert not life([0, 0, 0]).can_reflect()
    talk = life([0, 0, 0], feedback="none")
    talk.recommend([0])
    assert not talk.can_reflect()
