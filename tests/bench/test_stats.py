"""Intervals: do they hold the truth as often as they say, and are they always the same bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recosim.bench.stats import Bootstrap, Estimate, interval, resampled_totals
from recosim.errors import OptionError


def mean_interval(sums, sizes, seed):
    totals = resampled_totals(np.stack([sums, sizes], axis=1), resamples=400, seed=seed)
    low, high = interval(totals[:, :1] / totals[:, 1:], len(sums), 0.95)
    return low[0], high[0]


@pytest.mark.parametrize("clusters", [8, 40])
def test_the_interval_holds_the_truth_in_95_of_100_worlds(clusters):
    """Users differ, and their conversations resemble each other: the truth is a mean of .5."""
    generator = np.random.default_rng(3)
    held = naive = 0
    trials = 400
    for trial in range(trials):
        sizes = generator.integers(3, 12, size=clusters)
        taste = generator.beta(2, 2, size=clusters)
        hits = generator.binomial(sizes, taste).astype(float)
        low, high = mean_interval(hits, sizes.astype(float), trial)
        held += low <= 0.5 <= high
        rate = hits.sum() / sizes.sum()
        naive += abs(rate - 0.5) <= 1.96 * np.sqrt(rate * (1 - rate) / sizes.sum())
    assert 0.92 <= held / trials <= 0.975
    assert naive / trials < 0.88  # what treating the conversations as independent would claim


def test_few_clusters_get_a_wider_interval_than_the_plain_percentiles():
    draws = np.random.default_rng(0).normal(size=(4000, 1))
    low, high = interval(draws, 6, 0.95)
    few = high[0] - low[0]
    low, high = interval(draws, 6000, 0.95)
    many = high[0] - low[0]
    assert few > 1.3 * many
    assert many == pytest.approx(2 * 1.96, rel=0.05)


def test_draws_depend_on_the_seed_alone():
    sums = np.random.default_rng(0).normal(size=(50, 4))
    first = resampled_totals(sums, resamples=100, seed=7)
    np.testing.assert_array_equal(first, resampled_totals(sums, resamples=100, seed=7))
    assert not np.array_equal(first, resampled_totals(sums, resamples=100, seed=8))


def test_a_column_sees_the_same_draws_whatever_stands_beside_it():
    sums = np.random.default_rng(0).normal(size=(50, 4)) * [1, 1e-9, 1e9, 3]
    together = resampled_totals(sums, resamples=100, seed=7)
    alone = resampled_totals(sums[:, 2:3], resamples=100, seed=7)
    np.testing.assert_array_equal(together[:, 2:3], alone)


@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([1e-6, 1.0, 1e7]))
@settings(max_examples=40, deadline=None)
def test_totals_are_exact_whatever_the_order_of_the_clusters(clusters, seed, scale):
    """The sum over any order of summation is the same number, bit by bit."""
    generator = np.random.default_rng(seed)
    sums = generator.normal(size=(clusters, 1)) * scale
    stacked = np.concatenate([sums, np.zeros_like(sums)], axis=1)
    totals = resampled_totals(stacked, resamples=100, seed=seed)
    draws = np.random.Generator(np.random.PCG64(seed))
    for total in totals[:5]:
        chosen = draws.integers(0, clusters, size=clusters, dtype=np.int32)
        assert total[0] == pytest.approx(sums[chosen, 0].sum(), rel=1e-9, abs=1e-9 * scale)
        assert total[1] == 0


def test_whole_numbers_are_not_rounded():
    sums = np.random.default_rng(0).integers(0, 10_000, size=(300, 2)).astype(float)
    totals = resampled_totals(sums, resamples=100, seed=1)
    np.testing.assert_array_equal(totals, np.rint(totals))


def test_draws_without_a_value_are_left_out():
    draws = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    low, high = interval(draws, 1000, 0.5)
    assert (low[0], high[0]) == (pytest.approx(1.5, abs=0.01), pytest.approx(2.5, abs=0.01))
    assert np.isnan(low[1])
    assert np.isnan(high[1])


def test_a_difference_turned_round():
    difference = Estimate(value=-0.5, low=-0.8, high=-0.1)
    assert -difference == Estimate(value=0.5, low=0.1, high=0.8)
    assert difference.excludes_zero()
    assert not Estimate(value=0.1, low=0.0, high=0.2).excludes_zero()
    assert not Estimate(value=0.1).excludes_zero()
    assert str((-Estimate(value=0.0)).value) == "0.0"


@pytest.mark.parametrize("wrong", [{"resamples": 10}, {"level": 1.0}, {"seed": -1}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(OptionError, match=next(iter(wrong))):
        Bootstrap(**wrong)
