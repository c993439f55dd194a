"""The metrics of lives, and what all lives give together: recomputed by plain loops."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from reference.played_lives import play_lives

from recosim.acts import Verb
from recosim.envs.recoworld.columns import COLUMNS
from recosim.envs.recoworld.joint import JOINT, exposure, gini, lorenz, measure, waits
from recosim.envs.recoworld.metrics import metrics, plots
from recosim.envs.recoworld.rules import LifeRules
from recosim.metrics import Line, curve_of, headlines, ranking, value_of


@pytest.fixture(scope="module")
def played():
    return play_lives(60)


@pytest.fixture(scope="module")
def lives(played):
    """The rows of each life, in order."""
    found = {}
    for row in played[0].table.to_pylist():
        found.setdefault(row["conversation"], []).append(row)
    return list(found.values())


def by_hand(lives):
    """Every metric that is no point of the curve, from the rows."""
    rows = [row for life in lives for row in life]
    lists = [row for row in rows if row["verb"] == Verb.RECOMMEND]
    levels = [level for row in lists for level in row["levels"]]
    days = [sorted({r["day"] + max(r["gap"], 0) for r in life} | {0}) for life in lives]
    sessions = sum(map(len, days))

    def total(name, over=rows):
        return sum(row[name] for row in over)

    def back(day):
        return sum(any(1 <= d <= day for d in life) for life in days) / len(days)

    gaps = [b - a for life in days for a, b in pairwise(life)]
    told = total("obeyed") + total("ignored")
    first = total("first_obeyed") + total("first_ignored")
    asks = [row for row in rows if row["verb"] == Verb.ASK]
    return {
        "active_days": sessions / len(days),
        "return@1": back(1),
        "return@7": back(7),
        "return@30": back(30),
        "gap": sum(gaps) / len(gaps),
        "lost": sum(life[-1]["gone"] for life in lives) / len(lives),
        "rounds": total("used") / sessions,
        "minutes": sum(sum(row["minutes"]) for row in lists) / sessions,
        "click_rate": sum(level >= 2 for level in levels) / len(levels),
        "likes": sum(level >= 3 for level in levels) / sessions,
        "exits": sum(row["ended"] == 2 for row in rows) / sessions,
        "instructs": sum(bool(row["given"]) for row in rows) / sessions,
        "follow@1": total("first_obeyed") / first,
        "follow": total("obeyed") / told,
        "over": (total("over_obeyed") - total("over_base")) / total("over_lists"),
        "utility": sum(life[-1]["utility"] for life in lives) / sessions,
        "utility_life": sum(life[-1]["utility"] for life in lives) / len(lives),
        "regret": total("regret") / sessions,
        "ndcg": total("ndcg", lists) / len(lists),
        "let_down": total("let_down") / sessions,
        "tail": total("tail") / len(levels),
        "length": total("length") / len(levels),
        "reward": total("reward") / len(lives),
        "lists": len(lists) / sessions,
        "asks": len(asks) / sessions,
        "reflects": sum(row["verb"] == Verb.REFLECT for row in rows) / sessions,
        "passes": sum(row["verb"] == Verb.PASS for row in rows) / sessions,
        "illegal": sum(row["verb"] == Verb.ILLEGAL for row in rows) / sessions,
        "accepted": sum(row["outcome"] == 1 for row in asks) / len(asks),
        "reasons": sum(bool(row["because"]) for row in lists) / len(lists),
        "cut_short": sum(life[-1]["truncated"] for life in lives) / len(lives),
    }


def test_metrics_are_those_of_a_plain_loop(played, lives):
    episodes, expected = played[0].episodes(), by_hand(lives)
    declared = [metric for metric in metrics(LifeRules()) if metric.curve is None]
    assert {metric.name for metric in declared} == set(expected)
    for metric in declared:
        assert value_of(metric, episodes) == pytest.approx(expected[metric.name], rel=1e-5), metric


def test_the_survival_curve_is_that_of_a_plain_loop(played, lives):
    episodes = played[0].episodes()
    points = curve_of(metrics(LifeRules()))
    assert [point.at for point in points] == list(range(1, 30))
    last = [max(row["day"] + max(row["gap"], 0) for row in life) for life in lives]
    for point in points:
        share = sum(day >= point.at for day in last) / len(last)
        assert value_of(point, episodes) == pytest.approx(share)


@pytest.mark.parametrize(("horizon", "points"), [(1, 0), (2, 1), (61, 60), (3650, 60)])
def test_the_curve_has_as_many_points_as_there_is_room_for(horizon, points):
    curve = curve_of(metrics(LifeRules(horizon=horizon)))
    days = [point.at for point in curve]
    assert len(days) == points == len(set(days))
    assert not days or (days[0], days[-1]) == (1, horizon - 1)


def test_agents_are_ranked_by_the_days_on_which_users_come():
    declared = metrics(LifeRules())
    assert ranking(declared).name == "active_days"
    assert [metric.name for metric in headlines(declared)] == ["active_days", "utility", "ndcg"]
    names = {metric.name for metric in declared}
    assert len(names) == len(declared)
    assert not any(m.name == "return@30" for m in metrics(LifeRules(horizon=29)))
    for panel in plots(LifeRules()):
        wanted = {panel.of} if isinstance(panel, Line) else {panel.x, panel.y}
        assert wanted <= names | set(JOINT.lines)


def test_metrics_read_the_columns_that_there_are():
    columns = {column.name for column in COLUMNS.outcomes}
    for metric in metrics(LifeRules()):
        for part in (metric.numerator, metric.denominator):
            assert not isinstance(part, str) or part in columns | {""}


# ---- what all lives give together --------------------------------------------------------------


def test_exposure_and_its_inequality(played, lives):
    trace, setup = played
    counts = dict.fromkeys(range(setup.world.n_items), 0)
    for life in lives:
        for row in life:
            for item in row["items"]:
                counts[item] += 1
    shown = exposure(trace, setup.world.n_items)
    assert shown.tolist() == list(counts.values())
    assert measure(trace, setup.world)["coverage"] == np.mean([n > 0 for n in counts.values()])
    # Half the mean difference of all pairs over the mean.
    pairs = np.abs(shown[:, None] - shown[None, :]).mean() / (2 * shown.mean())
    assert gini(shown) == pytest.approx(pairs)
    line = lorenz(shown)
    for share in (0.2, 0.5, 0.9):
        low = np.sort(shown)[: int(share * len(shown))].sum() / shown.sum()
        assert line[round(100 * share)] == pytest.approx(low)
    assert (line[0], line[-1], len(line)) == (0.0, 1.0, 101)


def test_the_ends_of_inequality():
    assert gini(np.full(10, 7)) == pytest.approx(0.0)
    assert gini(np.array([0] * 9 + [5])) == pytest.approx(0.9)
    assert gini(np.zeros(4, dtype=np.int64)) is None
    assert lorenz(np.zeros(4, dtype=np.int64)) is None
    assert lorenz(np.full(5, 2)) == pytest.approx(np.linspace(0, 1, 101).tolist())


def test_instructions_that_are_followed_through_a_trace_are_those_of_the_rules(played):
    trace, setup = played
    found, lists = waits(trace, setup.world), trace.column("verb") == Verb.RECOMMEND
    assert trace.column("obeyed").sum() > 500
    assert found.obeyed == trace.column("obeyed")[lists].tolist()
    assert found.ignored == trace.column("ignored")[lists].tolist()
    assert found.lists.count(1) == trace.column("first_obeyed").sum()
    waited = [n for n in found.lists if n]
    assert max(waited) > 1
    measured = measure(trace, setup.world)
    assert measured["wait"] == np.mean(waited)
    assert measured["never"] == pytest.approx(found.lists.count(0) / len(found.lists))


def test_lives_without_instructions_have_no_waits():
    trace, setup = play_lives(10, voice=0.0, standing="none", feedback="binary")
    measured = measure(trace, setup.world)
    assert measured["wait"] is None
    assert measured["never"] is None
    assert {figure.name for figure in JOINT.figures} | set(JOINT.lines) == set(measured)
