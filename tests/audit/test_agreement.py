"""Agreement of annotators: figures that can be counted by hand, and what they cannot depend on."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recosim.audit.agreement import agreement, ranking
from recosim.bench.stats import Bootstrap
from recosim.users.annotators.judging import Annotation
from recosim.users.annotators.lists import Lists

FEW = Bootstrap(resamples=100)


def annotation(labels, ratings=None, truth=None, agents=("drawn",)):
    """Two lists for each user: what each annotator said of the two (pairs, pool)."""
    labels = np.asarray(labels, dtype=np.int8)
    n, pool = labels.shape
    lists = Lists(
        np.repeat(np.arange(n, dtype=np.int32), 2),
        np.tile(np.arange(2, dtype=np.int16) % len(agents), n),
        np.arange(2 * n, dtype=np.int32)[:, None],
        agents,
    )
    first = 2 * np.arange(n)
    if ratings is None:
        ratings = np.full((2 * n, pool), 4, dtype=np.int8)
        ratings[first] += labels
    truth = np.tile([1.0, 0.0], n) if truth is None else np.asarray(truth, float)
    return Annotation(lists, first, first + 1, np.asarray(ratings, np.int8), labels, truth)


def values(said):
    return {own.name: own.estimate.value for own in agreement(said, FEW)}


some_labels = st.integers(4, 6).flatmap(
    lambda pool: st.lists(
        st.lists(st.sampled_from([-1, 0, 1]), min_size=pool, max_size=pool),
        min_size=2,
        max_size=6,
    )
)


def test_those_who_never_differ_agree_wholly():
    found = values(annotation(np.ones((5, 6)), truth=np.tile([1.0, 0.0], 5)))
    for name in ("annotators", "kappa", "majority", "others", "truth", "crowd"):
        assert found[name] == 1.0, name
    assert found["ratings"] == found["opposite"] == found["ratings_by_chance"] == 0.0


def test_those_who_answer_by_a_coin_agree_by_half_and_beyond_chance_not_at_all():
    luck = np.random.default_rng(0)
    found = values(annotation(luck.choice([-1, 1], size=(4000, 5))))
    assert found["annotators"] == pytest.approx(0.5, abs=0.02)
    assert found["kappa"] == pytest.approx(0.0, abs=0.04)
    assert found["truth"] == pytest.approx(0.5, abs=0.02)
    assert found["crowd"] == pytest.approx(0.5, abs=0.03)


def test_a_quarter_of_flips_gives_what_the_binomial_says():
    luck = np.random.default_rng(1)
    found = values(annotation(np.where(luck.random((6000, 8)) < 0.25, -1, 1)))
    assert found["annotators"] == pytest.approx(0.625, abs=0.01)
    most = 0.75**3 + 3 * 0.75**2 * 0.25
    assert found["majority"] == pytest.approx(0.75 * most + 0.25 * (1 - most), abs=0.01)


@given(some_labels)
@settings(max_examples=25, deadline=None)
def test_figures_are_those_of_counting_every_case(labels):
    found, k = values(annotation(labels)), len(labels[0])
    same = [a == b for row in labels for a, b in combinations(row, 2)]
    assert found["annotators"] == pytest.approx(np.mean(same))

    def agrees(label, others):
        counts = [others.count(v) for v in (-1, 0, 1)]
        modes = [v for v, c in zip((-1, 0, 1), counts, strict=True) if c == max(counts)]
        return (label in modes) / len(modes)

    def all_cases(number):
        return np.mean(
            [
                agrees(row[i], list(drawn))
                for row in labels
                for i in range(k)
                for drawn in combinations(row[:i] + row[i + 1 :], number)
            ]
        )

    assert found["majority"] == pytest.approx(all_cases(3))
    if k > 4:
        assert found["others"] == pytest.approx(all_cases(k - 1))
    assert found["crowd"] == pytest.approx(np.mean([agrees(1, row) for row in labels]))
    assert found["truth"] == pytest.approx(np.mean(np.array(labels) == 1))


@given(some_labels, st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_who_is_which_annotator_changes_nothing(labels, luck):
    order = list(range(len(labels[0])))
    luck.shuffle(order)
    one, other = values(annotation(labels)), values(annotation(np.array(labels)[:, order]))
    assert one == pytest.approx(other)


def test_ratings_and_comparisons_are_held_against_each_other_in_three_ways():
    ratings = [[5, 5], [3, 3], [4, 4], [4, 4], [2, 6], [6, 2]]  # +1 +1; 0 0; -1 +1
    found = values(annotation([[1, -1], [0, 1], [-1, -1]], ratings))
    assert found["ratings"] == pytest.approx(3 / 6)
    assert found["opposite"] == pytest.approx(2 / 6)
    assert found["rated_equal"] == pytest.approx(2 / 6)
    assert found["called_equal"] == pytest.approx(1 / 6)
    rated, said = np.array([1, 2, 3]) / 6, np.array([3, 1, 2]) / 6
    assert found["ratings_by_chance"] == pytest.approx(1 - (rated * said).sum())


def test_what_needs_several_annotators_or_a_pair_is_left_out():
    assert set(values(annotation([[1], [1]]))) == {
        *("truth", "ratings", "ratings_by_chance", "opposite", "rated_equal", "called_equal")
    }
    alone = annotation([[1, 1]])
    one = Annotation(
        alone.lists,
        alone.first[:0],
        alone.second[:0],
        alone.ratings,
        alone.comparisons[:0],
        alone.truth,
    )
    assert agreement(one) == []
    assert all(own.estimate.low is None for own in agreement(alone, FEW))


def test_intervals_are_over_users_and_hold_the_value():
    luck = np.random.default_rng(2)
    said = annotation(luck.choice([-1, 1], p=[0.3, 0.7], size=(200, 5)))
    for own in agreement(said, FEW):
        e = own.estimate
        assert e.low <= e.value <= e.high
        assert e.high - e.low < 0.2
    assert [a.estimate for a in agreement(said, FEW)] == [a.estimate for a in agreement(said, FEW)]


def test_agents_are_ranked_by_the_pool_and_by_the_truth():
    luck = np.random.default_rng(3)
    said = annotation(np.where(luck.random((60, 5)) < 0.2, -1, 1), agents=("good", "bad"))
    ranks = ranking(said, FEW)
    assert ranks.agents == ("good", "bad")
    assert ranks.wins[0] == pytest.approx((said.comparisons == 1).mean())
    assert ranks.wins.sum() == pytest.approx(1)
    assert ranks.truth.tolist() == [1.0, 0.0]
    assert ranks.ratings[0] > ranks.ratings[1]
    assert [own.value for own in ranks.spearman] == [1.0, 1.0]
    turned = ranking(annotation(-said.comparisons, agents=("good", "bad")), FEW)
    assert turned.spearman[0].value == -1.0
    even = ranking(annotation(np.zeros((3, 2)), agents=("good", "bad")), FEW)
    assert even.spearman == (None, None)
    assert ranking(annotation([[1]]), FEW) is None
