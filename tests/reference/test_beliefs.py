"""Counts, entropies, scores, reflection and the rule agents on the world of six items."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from reference import policies
from reference.cpr import ReferenceConversation, draws_from
from reference.six_items import TABLES, conversation, vectors

from recosim.acts import Ask, Recommend, Reflect
from recosim.envs.cpr.protocol import Protocol

# ---------------------------------------------------------------- counts, entropies, scores


def entropy(p: float) -> float:
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def test_entropies_of_attributes() -> None:
    conv = conversation()  # candidates 0, 1, 2, 3, 5
    assert conv.counts() == {0: 5, 1: 2, 2: 2, 3: 2, 4: 2, 5: 1}
    expected = {0: 0, 1: entropy(0.4), 2: entropy(0.4), 3: entropy(0.4), 4: entropy(0.4)}
    assert conv.entropies() == pytest.approx(expected | {5: entropy(0.2)})
    conv.ask(2)
    assert conv.entropies()[2] == 0  # its status is not 0 any more
    conv.candidates = set()
    assert set(conv.entropies().values()) == {0.0}


def test_shares_of_p_and_one_minus_p_tie_exactly() -> None:
    conv = conversation()
    conv.candidates = {0, 1, 2}  # 1 and 3 are in two of three, 4 in one
    entropies = conv.entropies()
    assert entropies[1] == entropies[3] == entropies[4] > 0


def test_entropy_of_a_facet_is_the_sum_over_its_attributes() -> None:
    conv = conversation(target=1, opening=1, question="facet")  # candidates 0, 1, 4
    assert conv.entropies() == pytest.approx({0: 2 * entropy(1 / 3), 1: 0})


def test_scores_add_the_accepted_attributes_and_the_bias() -> None:
    attribute = np.zeros((6, 8), dtype=np.float32)
    attribute[0, 0], attribute[3, 0] = 0.5, 10
    bias = np.arange(6, dtype=np.float32) / 8
    conv = conversation(estimator=vectors(attribute=attribute, item_bias=bias))
    assert conv.scores() == pytest.approx({v: 1.5 * v + v / 8 for v in (0, 1, 2, 3, 5)})


@pytest.mark.parametrize("penalise", [False, True])
def test_rejected_attributes_lower_the_score_where_the_estimator_says_so(penalise: bool) -> None:
    attribute = np.zeros((6, 8), dtype=np.float32)
    attribute[2, 0] = 0.5
    conv = conversation(estimator=vectors(attribute=attribute, penalise_rejected=penalise))
    conv.ask(2)  # rejected; the candidates 3 and 5 have it
    lost = {3: 1 / (1 + math.exp(-1.5)), 5: 1 / (1 + math.exp(-2.5))} if penalise else {}
    assert conv.scores() == pytest.approx({v: v - lost.get(v, 0) for v in (0, 1, 2, 3, 5)})


def test_weighted_entropy_weighs_candidates_by_the_sigmoid_of_their_score() -> None:
    conv = conversation()
    w = {v: 1 / (1 + math.exp(-v)) for v in (0, 1, 2, 3, 5)}
    got = conv.weighted_entropies()
    assert got[3] == pytest.approx(entropy((w[0] + w[1]) / sum(w.values())))
    assert got[5] == pytest.approx(entropy(w[3] / sum(w.values())))
    assert got[0] == 0


def test_reflection_moves_the_user_from_refused_items_to_train_items() -> None:
    # User 0's train items 4, 5 score 4, 5; shown 2, 3 score 2, 3. All along the first axis.
    conv = conversation(estimator=vectors(reflect_rate=0.5))
    conv.recommend([2, 3])
    conv.reflect()

    def pull(i: int, j: int) -> float:  # sigmoid(x_j - x_i) (v_i - v_j)
        return (i - j) / (1 + math.exp(i - j))

    gradient = (pull(4, 2) + pull(4, 3) + pull(5, 2) + pull(5, 3)) / 4
    assert conv.user_vector[0] == pytest.approx(1 + 0.5 * gradient)
    assert not conv.user_vector[1:].any()


def test_each_step_of_a_reflection_starts_from_the_one_before() -> None:
    bias = np.array([0, 0, 0, 0.25, 0, 0], dtype=np.float32)
    conv = conversation(estimator=vectors(reflect_steps=2, reflect_rate=0.5, item_bias=bias))
    conv.recommend([3])
    conv.reflect()
    u = 1.0
    for _ in range(2):
        pulls = [(i - 3) / (1 + math.exp((i - 3) * u - 0.25)) for i in (4, 5)]
        u += 0.5 * sum(pulls) / 2
    assert conv.user_vector[0] == pytest.approx(u)


def test_reflection_of_a_user_without_train_items_changes_no_vector() -> None:
    conv = conversation(user=1, target=3)
    conv.recommend([0, 1])
    conv.reflect()
    assert conv.user_vector.tolist() == [-1] + [0] * 7
    assert conv.shown_last == ()


# ---------------------------------------------------------------- the rule agents


def test_max_entropy_recommends_with_probability_top_k_over_candidates() -> None:
    conv = conversation()  # 2 / 5
    assert policies.max_entropy(conv, 0.39) == Recommend()
    assert policies.max_entropy(conv, 0.4) == Ask((1,))  # 1, 2, 3, 4 tie
    facets = conversation(opening=1, question="facet")
    assert policies.max_entropy(facets, 0.9) == Ask(facet=0)
    policies.perform(facets, Ask(facet=0))
    assert policies.max_entropy(facets, 0.9) == Recommend()


def test_weighted_entropy_recommends_once_the_moves_left_can_show_all_candidates() -> None:
    # Five candidates, one shown a move. The moves of the turns 1 to 5 act, that of turn 6 does not.
    conv = conversation(top_k=1)
    assert policies.weighted_entropy(conv) == Recommend()  # five moves left
    conv = conversation(top_k=1, max_turns=5)
    weighted = conv.weighted_entropies()
    best = max(conv.legal_asks(), key=weighted.__getitem__)
    assert policies.weighted_entropy(conv) == Ask((best,))  # four moves left
    conv.ask(3)  # yes: two candidates, three moves
    assert policies.weighted_entropy(conv) == Recommend()


def test_weighted_entropy_recommends_in_the_last_move_that_acts() -> None:
    conv = conversation(top_k=1, max_turns=3)
    assert isinstance(policies.weighted_entropy(conv), Ask)  # two moves left
    conv.ask(2)  # no: five candidates still
    assert len(conv.candidates) == 5
    assert policies.weighted_entropy(conv) == Recommend()
    acting = conversation(top_k=1, max_turns=3, last_turn_acts=True)
    acting.ask(2)
    assert isinstance(policies.weighted_entropy(acting), Ask)


def test_abs_greedy_finds_the_target_by_recommending() -> None:
    conv = conversation(target=0)
    steps = policies.play(conv, policies.abs_greedy)
    assert [s.items for s in steps] == [(5, 3), (2, 1), (0,)]
    assert steps[-1].rank == 1


def test_random_legal_makes_every_legal_move() -> None:
    conv = conversation()
    conv.recommend()
    rng = np.random.default_rng(0)
    drawn = {policies.random_legal(conv, rng) for _ in range(200)}
    asks = {Ask((a,)) for a in conv.legal_asks()}
    assert drawn == asks | {Recommend(), Reflect()}


@pytest.mark.parametrize(
    ("question", "on_reject", "drop_failed"),
    list(
        itertools.product(
            ("binary", "facet", "choice"), ("keep", "remove"), ("always", "if_more_than_k")
        )
    ),
)
def test_random_conversations_end_and_keep_the_target_without_noise(
    question: str, on_reject: str, drop_failed: str
) -> None:
    rng = np.random.default_rng(7)
    protocol = Protocol(
        max_turns=8,
        top_k=2,
        question=question,
        on_reject=on_reject,
        drop_failed=drop_failed,
    )
    draw, draw_unit = draws_from(rng)
    conv = ReferenceConversation(TABLES, protocol, vectors(), draw=draw, draw_unit=draw_unit)
    for target in range(6):
        conv.open(0, target)
        while not conv.done:
            step = policies.perform(conv, policies.random_legal(conv, rng))
            assert target in conv.candidates
        assert step.terminated or step.truncated
        assert conv.turn <= 9
