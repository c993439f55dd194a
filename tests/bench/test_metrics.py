"""Metrics: the definitions of docs/protocols.md, and comparisons on the same conversations."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recosim.bench import metrics
from recosim.bench.stats import Bootstrap
from recosim.errors import ResultsError
from recosim.trace import Episodes

FAST = Bootstrap(resamples=200)


def test_success_rate_counts_hits_within_t_moves(episodes):
    rates = metrics.success_rate(episodes([1, 3, 0, 15]), 15)
    assert rates[0] == 0.25
    assert rates[1] == 0.25
    assert rates[2] == 0.5
    assert rates[14] == 0.75


def test_a_failure_counts_as_all_turns(episodes):
    rows = episodes([1, 3, 0, 15])
    np.testing.assert_array_equal(metrics.turns_to_hit(rows, 15), [1, 3, 15, 15])
    assert metrics.average_turns(rows, 15) == 8.5


def test_hdcg_of_a_hit_by_move_and_rank(episodes):
    gains = metrics.hdcg_gains(episodes([1, 1, 2, 0], rank=[1, 3, 1, 0]))
    # Move 1 is t = 0: 1/log2(3) + (1 - 1/log2(3)) / log2(rank + 1).
    assert gains[0] == pytest.approx(1.0)
    assert gains[1] == pytest.approx(0.63093 + (1 - 0.63093) / 2, abs=1e-5)
    assert gains[2] == pytest.approx(1 / np.log2(3))
    assert gains[3] == 0


def test_summary_of_a_few_conversations(episodes):
    rows = episodes([2, 0], asks=[1, 9], yes=[1, 3], reward=[0.5, -1.5])
    summary = metrics.compare_and_summarise({"a": {0: rows}}, 15, FAST)[0]["a"]
    assert summary.success_rate[0].value == 0
    assert summary.success_rate[1].value == 0.5
    assert summary.average_turns.value == 8.5
    assert summary.acceptance is not None
    assert summary.acceptance.value == 0.4  # of all questions, not a mean over conversations
    assert summary.reward.value == -0.5
    assert summary.asks.value == 5
    assert summary.hits_at()[1] == 0.5
    assert sum(summary.hits_at()) == 0.5


def test_an_agent_that_never_asks_has_no_acceptance(episodes):
    rows = {"asks": {0: episodes([2, 0], asks=[1, 0])}, "never": {0: episodes([1, 1])}}
    summaries, _ = metrics.compare_and_summarise(rows, 15, FAST)
    assert summaries["never"].acceptance is None
    assert summaries["asks"].acceptance is not None


def test_one_user_gives_no_interval(episodes):
    rows = {0: episodes([2, 0, 5], users=[4, 4, 4])}
    summaries, pairs = metrics.compare_and_summarise({"a": rows, "b": rows}, 15, FAST)
    assert summaries["a"].average_turns.low is None
    assert not pairs[0].average_turns.excludes_zero()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_values_lie_within_their_intervals_and_rates_rise(seed):
    generator = np.random.default_rng(seed)
    n = 40
    hit = generator.integers(0, 16, size=n).astype(np.int16)
    fields = {f.name: np.zeros(n, np.int16) for f in dataclasses.fields(Episodes)}
    fields |= {"hit_move": hit, "rank": (hit > 0) * generator.integers(1, 11, size=n)}
    fields |= {"user": np.sort(generator.integers(0, 15, size=n))}
    summary = metrics.compare_and_summarise({"a": {0: Episodes(**fields)}}, 15, FAST)[0]["a"]
    rates = [rate.value for rate in summary.success_rate]
    assert rates == sorted(rates)
    assert rates[-1] + (hit == 0).mean() == pytest.approx(1)
    for estimate in (*summary.success_rate, summary.average_turns, summary.hdcg):
        assert estimate.low - 1e-12 <= estimate.value <= estimate.high + 1e-12
    # AT is what the curve adds up to: one turn for each t that was not yet a success.
    assert summary.average_turns.value == pytest.approx(1 + sum(1 - r for r in rates[:-1]))


def test_seeds_of_a_conversation_are_one_cluster(episodes):
    """Seeds that repeat the same outcomes add no information: the intervals stay as they are."""
    rows = episodes(np.random.default_rng(0).integers(0, 16, size=200), users=np.arange(200) // 4)
    one = metrics.compare_and_summarise({"a": {0: rows}}, 15, FAST)[0]["a"]
    five = metrics.compare_and_summarise({"a": dict.fromkeys(range(5), rows)}, 15, FAST)[0]["a"]
    assert one.average_turns.low == pytest.approx(five.average_turns.low)
    assert one.average_turns.high == pytest.approx(five.average_turns.high)


def test_pairing_narrows_the_interval_of_correlated_agents(episodes):
    """Both agents find the same conversations hard; one is a turn slower in a third of them."""
    generator = np.random.default_rng(1)
    a = generator.integers(2, 14, size=600)
    b = a + (generator.random(600) < 1 / 3)
    rows = {"a": {0: episodes(a)}, "b": {0: episodes(b)}}
    summaries, [pair] = metrics.compare_and_summarise(rows, 15, FAST)
    paired = pair.average_turns.high - pair.average_turns.low
    widths = [s.average_turns.high - s.average_turns.low for s in summaries.values()]
    unpaired = np.hypot(*widths)
    assert paired < unpaired / 4
    assert pair.average_turns.excludes_zero()
    assert pair.average_turns.value == pytest.approx((a - b).mean())
    assert summaries["a"].average_turns.high > summaries["b"].average_turns.low  # they overlap


def test_the_paired_interval_holds_the_true_difference(episodes):
    generator = np.random.default_rng(5)
    held = 0
    trials = 200
    for _ in range(trials):
        mood = np.repeat(generator.integers(0, 5, size=40), 4)  # of the user, shared by both agents
        a = 1 + mood + generator.integers(0, 4, size=160)
        b = 2 + mood + generator.integers(0, 4, size=160)
        users = np.repeat(np.arange(40), 4)
        rows = {"a": {0: episodes(a, users=users)}, "b": {0: episodes(b, users=users)}}
        pair = metrics.compare_and_summarise(rows, 15, FAST)[1][0]
        held += pair.average_turns.low <= -1 <= pair.average_turns.high
    assert 0.91 <= held / trials <= 0.99


def test_wins_ties_and_losses_count_a_failure_as_later_than_every_hit(episodes):
    rows = {"a": {0: episodes([3, 15, 0, 5, 0])}, "b": {0: episodes([4, 0, 15, 5, 0])}}
    [pair] = metrics.compare_and_summarise(rows, 15, FAST)[1]
    assert (pair.wins, pair.ties, pair.losses) == (2, 2, 1)
    back = pair.reversed()
    assert (back.a, back.wins, back.losses) == ("b", 1, 2)
    assert back.average_turns.value == -pair.average_turns.value


def test_an_agent_keeps_its_intervals_when_others_join(episodes):
    rows = {0: episodes([1, 4, 0, 7, 9])}
    alone = metrics.compare_and_summarise({"a": rows}, 15, FAST)[0]["a"]
    other = {0: episodes([2, 2, 2, 2, 2])}
    assert metrics.compare_and_summarise({"b": other, "a": rows}, 15, FAST)[0]["a"] == alone


def test_other_conversations_cannot_be_compared(episodes):
    rows = episodes([1, 2])
    other = dataclasses.replace(rows, conversation=np.array([0, 5], dtype=np.int32))
    with pytest.raises(ResultsError, match="'b' had different conversations under seed 3"):
        metrics.compare_and_summarise({"a": {3: rows}, "b": {3: other}}, 15)
    with pytest.raises(ResultsError, match="the same ones in the same order"):
        metrics.compare_and_summarise({"a": {3: rows}, "b": {4: rows}}, 15)


def test_impossible_outcomes_are_refused(episodes):
    with pytest.raises(ResultsError, match="a hit at move 16"):
        metrics.compare_and_summarise({"a": {0: episodes([16])}}, 15)
    with pytest.raises(ResultsError, match="a hit without a rank"):
        metrics.compare_and_summarise({"a": {0: episodes([3], rank=[0])}}, 15)
    with pytest.raises(ResultsError, match="no conversations"):
        metrics.compare_and_summarise({"a": {0: episodes([])}}, 15)
