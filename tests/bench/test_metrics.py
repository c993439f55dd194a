"""Metrics: the definitions of docs/protocols.md, and comparisons on the same conversations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recosim.bench.metrics import compare_and_summarise
from recosim.bench.stats import Bootstrap
from recosim.envs.cpr.columns import COLUMNS
from recosim.envs.cpr.metrics import hdcg_gains, metrics, turns_to_hit
from recosim.envs.cpr.protocol import protocol
from recosim.errors import OptionError, ResultsError
from recosim.metrics import Episodes, Metric, curve_of, value_of

FAST = Bootstrap(resamples=200)
RULES = protocol("scpr")
CPR = metrics(RULES)
CURVE = [metric.name for metric in curve_of(CPR)]
AT = next(metric for metric in CPR if metric.name == "AT")


def test_success_rate_counts_hits_within_t_moves(episodes):
    rows = episodes([1, 3, 0, 15])
    rates = [value_of(metric, rows) for metric in curve_of(CPR)]
    assert rates[0] == 0.25
    assert rates[1] == 0.25
    assert rates[2] == 0.5
    assert rates[14] == 0.75


def test_a_failure_counts_as_all_turns(episodes):
    rows = episodes([1, 3, 0, 15])
    np.testing.assert_array_equal(turns_to_hit(15, rows), [1, 3, 15, 15])
    assert value_of(AT, rows) == 8.5


def test_hdcg_of_a_hit_by_move_and_rank(episodes):
    gains = hdcg_gains(episodes([1, 1, 2, 0], rank=[1, 3, 1, 0]))
    # Move 1 is t = 0: 1/log2(3) + (1 - 1/log2(3)) / log2(rank + 1).
    assert gains[0] == pytest.approx(1.0)
    assert gains[1] == pytest.approx(0.63093 + (1 - 0.63093) / 2, abs=1e-5)
    assert gains[2] == pytest.approx(1 / np.log2(3))
    assert gains[3] == 0


def test_summary_of_a_few_conversations(episodes):
    rows = episodes([2, 0], asks=[1, 9], yes=[1, 3], reward=[0.5, -1.5])
    summary = compare_and_summarise({"a": {0: rows}}, CPR, FAST)[0]["a"]
    assert summary["SR@1"].value == 0
    assert summary["SR@2"].value == 0.5
    assert summary["AT"].value == 8.5
    assert summary["accepted"] is not None
    assert summary["accepted"].value == 0.4  # of all questions, not a mean over conversations
    assert summary["reward"].value == -0.5
    assert summary["asks"].value == 5
    steps = np.diff([0.0, *(summary[name].value for name in CURVE)])
    assert steps[1] == 0.5
    assert steps.sum() == 0.5


def test_an_agent_that_never_asks_has_no_acceptance(episodes):
    rows = {"asks": {0: episodes([2, 0], asks=[1, 0])}, "never": {0: episodes([1, 1])}}
    summaries, _ = compare_and_summarise(rows, CPR, FAST)
    assert summaries["never"]["accepted"] is None
    assert summaries["asks"]["accepted"] is not None


def test_one_user_gives_no_interval(episodes):
    rows = {0: episodes([2, 0, 5], users=[4, 4, 4])}
    summaries, pairs = compare_and_summarise({"a": rows, "b": rows}, CPR, FAST)
    assert summaries["a"]["AT"].low is None
    assert not pairs[0].differences["AT"].excludes_zero()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_values_lie_within_their_intervals_and_rates_rise(seed):
    generator = np.random.default_rng(seed)
    n = 40
    hit = generator.integers(0, 16, size=n).astype(np.int16)
    fields = {column.name: np.zeros(n, column.dtype) for column in COLUMNS.outcomes}
    fields |= {"hit_move": hit, "rank": (hit > 0) * generator.integers(1, 11, size=n)}
    fields |= {"user": np.sort(generator.integers(0, 15, size=n))}
    summary = compare_and_summarise({"a": {0: Episodes(fields)}}, CPR, FAST)[0]["a"]
    rates = [summary[name].value for name in CURVE]
    assert rates == sorted(rates)
    assert rates[-1] + (hit == 0).mean() == pytest.approx(1)
    for estimate in (summary[name] for name in (*CURVE, "AT", "hDCG")):
        assert estimate.low - 1e-12 <= estimate.value <= estimate.high + 1e-12
    # AT is what the curve adds up to: one turn for each t that was not yet a success.
    assert summary["AT"].value == pytest.approx(1 + sum(1 - r for r in rates[:-1]))


def test_seeds_of_a_conversation_are_one_cluster(episodes):
    """Seeds that repeat the same outcomes add no information: the intervals stay as they are."""
    rows = episodes(np.random.default_rng(0).integers(0, 16, size=200), users=np.arange(200) // 4)
    one = compare_and_summarise({"a": {0: rows}}, CPR, FAST)[0]["a"]
    five = compare_and_summarise({"a": dict.fromkeys(range(5), rows)}, CPR, FAST)[0]["a"]
    assert one["AT"].low == pytest.approx(five["AT"].low)
    assert one["AT"].high == pytest.approx(five["AT"].high)


def test_pairing_narrows_the_interval_of_correlated_agents(episodes):
    """Both agents find the same conversations hard; one is a turn slower in a third of them."""
    generator = np.random.default_rng(1)
    a = generator.integers(2, 14, size=600)
    b = a + (generator.random(600) < 1 / 3)
    rows = {"a": {0: episodes(a)}, "b": {0: episodes(b)}}
    summaries, [pair] = compare_and_summarise(rows, CPR, FAST)
    paired = pair.differences["AT"].high - pair.differences["AT"].low
    widths = [s["AT"].high - s["AT"].low for s in summaries.values()]
    unpaired = np.hypot(*widths)
    assert paired < unpaired / 4
    assert pair.differences["AT"].excludes_zero()
    assert pair.differences["AT"].value == pytest.approx((a - b).mean())
    assert summaries["a"]["AT"].high > summaries["b"]["AT"].low  # they overlap


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
        pair = compare_and_summarise(rows, CPR, FAST)[1][0]
        held += pair.differences["AT"].low <= -1 <= pair.differences["AT"].high
    assert 0.91 <= held / trials <= 0.99


def test_wins_ties_and_losses_count_a_failure_as_later_than_every_hit(episodes):
    rows = {"a": {0: episodes([3, 15, 0, 5, 0])}, "b": {0: episodes([4, 0, 15, 5, 0])}}
    [pair] = compare_and_summarise(rows, CPR, FAST)[1]
    assert (pair.wins, pair.ties, pair.losses) == (2, 2, 1)
    back = pair.reversed()
    assert (back.a, back.wins, back.losses) == ("b", 1, 2)
    assert back.differences["AT"].value == -pair.differences["AT"].value


def test_an_agent_keeps_its_intervals_when_others_join(episodes):
    rows = {0: episodes([1, 4, 0, 7, 9])}
    alone = compare_and_summarise({"a": rows}, CPR, FAST)[0]["a"]
    other = {0: episodes([2, 2, 2, 2, 2])}
    assert compare_and_summarise({"b": other, "a": rows}, CPR, FAST)[0]["a"] == alone


def test_other_conversations_cannot_be_compared(episodes):
    rows = episodes([1, 2])
    other = Episodes({**rows.columns, "conversation": np.array([0, 5], dtype=np.int32)})
    with pytest.raises(ResultsError, match="'b' had different conversations under seed 3"):
        compare_and_summarise({"a": {3: rows}, "b": {3: other}}, CPR)
    with pytest.raises(ResultsError, match="the same ones in the same order"):
        compare_and_summarise({"a": {3: rows}, "b": {4: rows}}, CPR)


def test_impossible_outcomes_are_refused(episodes):
    assert "a hit at move 16" in COLUMNS.check(episodes([16]), RULES)
    assert "a hit without a rank" in COLUMNS.check(episodes([3], rank=[0]), RULES)
    assert COLUMNS.check(episodes([3]), RULES) == ""
    with pytest.raises(ResultsError, match="no conversations"):
        compare_and_summarise({"a": {0: episodes([])}}, CPR)


# ---- metrics of any family -----------------------------------------------------------------------

CLICKS = Metric("clicks", "Clicks", "clicks", better="higher", headline=True)


def lives(clicks, dwell=None, clusters=None):
    n = len(clicks)
    columns = {"conversation": np.arange(n), "user": np.arange(n), "clicks": np.array(clicks)}
    columns["dwell"] = np.ones(n) if dwell is None else np.array(dwell)
    columns["town"] = np.arange(n) if clusters is None else np.array(clusters)
    return Episodes(columns)


def test_more_is_better_where_a_metric_says_so():
    rows = {"a": {0: lives([3, 2, 2, 5, 1])}, "b": {0: lives([2, 2, 2, 2, 2])}}
    _, [pair] = compare_and_summarise(rows, [CLICKS], FAST)
    assert (pair.wins, pair.ties, pair.losses) == (2, 2, 1)
    assert pair.differences["clicks"].value == pytest.approx(0.6)


def test_a_ratio_is_of_sums_and_has_no_value_where_the_divisor_is_0():
    rate = Metric("rate", "Rate", "clicks", "dwell")
    rows = {"a": {0: lives([3, 1], dwell=[1, 7])}, "b": {0: lives([3, 1], dwell=[0, 0])}}
    summaries, _ = compare_and_summarise(rows, [CLICKS, rate], FAST)
    assert summaries["a"]["rate"].value == 0.5
    assert summaries["b"]["rate"] is None
    assert value_of(rate, lives([3, 1], dwell=[0, 0])) is None


def test_clusters_are_those_that_the_family_names():
    """All lives of one town are drawn together: one town gives no interval."""
    rows = {"a": {0: lives([3, 1, 2], clusters=[4, 4, 4])}}
    assert compare_and_summarise(rows, [CLICKS], FAST)[0]["a"]["clicks"].low is not None
    one = compare_and_summarise(rows, [CLICKS], FAST, cluster="town")[0]["a"]["clicks"]
    assert (one.value, one.low) == (2, None)


def test_a_headline_has_a_direction_and_there_is_one():
    with pytest.raises(OptionError, match="'clicks' is a headline and has no direction"):
        Metric("clicks", "Clicks", "clicks", headline=True)
    with pytest.raises(OptionError, match="none of these metrics is a headline"):
        compare_and_summarise({"a": {0: lives([1])}}, [Metric("c", "C", "clicks")], FAST)


def test_an_unknown_column_is_named():
    with pytest.raises(KeyError, match="Did you mean 'clicks'"):
        value_of(Metric("c", "C", "click"), lives([1]))
