"""The metrics of searches: recomputed by plain loops, and by ir_measures where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from reference.played_searches import play_searches

from recosim.acts import Verb
from recosim.envs.convsim.columns import COLUMNS
from recosim.envs.convsim.metrics import metrics, plots
from recosim.envs.convsim.rules import Kind, SearchRules
from recosim.metrics import curve_of, headlines, ranking, value_of


@pytest.fixture(scope="module")
def played():
    return play_searches(120)


@pytest.fixture(scope="module")
def searches(played):
    """The rows of each search, in order."""
    found = {}
    for row in played[0].table.to_pylist():
        found.setdefault(row["conversation"], []).append(row)
    return list(found.values())


def lists_of(search):
    return [row for row in search if row["verb"] == Verb.RECOMMEND]


def by_hand(searches):
    """Every metric that is no point of the curve, from the rows."""
    rows = [row for search in searches for row in search]
    last = [lists_of(search)[-1] if lists_of(search) else None for search in searches]
    asked = [row for row in rows if row["verb"] == Verb.ASK]
    ranks = [row["reciprocal_rank"] if row else 0.0 for row in last]
    best = [max((row["reciprocal_rank"] for row in lists_of(s)), default=0.0) for s in searches]
    ndcg = [row["ndcg"] if row else 0.0 for row in last]
    start = [search[0]["start_ndcg"] for search in searches]
    ceiling = [search[0]["ceiling"] for search in searches]

    def mean(values):
        return sum(values) / len(searches)

    def share(verb):
        return mean([row["verb"] == verb for row in rows])

    return {
        "nDCG@3": mean(ndcg),
        "start": mean(start),
        "ceiling": mean(ceiling),
        "closed": (sum(ndcg) - sum(start)) / (sum(ceiling) - sum(start)),
        "gain": mean(ndcg) - mean(start),
        "MRR": mean(ranks),
        "best_MRR": mean(best),
        "recall": mean([row["recall"] if row else 0.0 for row in last]),
        "success": mean([rank > 0.3 for rank in ranks]),
        "words": mean([row["words"] for row in rows]),
        "questions": len(asked) / len(searches),
        "valid": sum(row["kind"] in (Kind.YES, Kind.VALUE) for row in asked) / len(asked),
        "reward": mean([row["reward"] for row in rows]),
        "turns": len(rows) / len(searches) - 1 - share(Verb.REFLECT),
        "lists": share(Verb.RECOMMEND),
        "reflects": share(Verb.REFLECT),
        "illegal": share(Verb.ILLEGAL),
        "named": mean([len(row["named"]) for row in rows]),
        "satisfied": mean([search[-1]["leaving"] == 1 for search in searches]),
        "left": mean([search[-1]["leaving"] == 2 for search in searches]),
    }


def test_metrics_are_those_of_a_plain_loop(played, searches):
    episodes, expected = played[0].episodes(), by_hand(searches)
    declared = [metric for metric in metrics(SearchRules()) if metric.curve is None]
    assert {metric.name for metric in declared} == set(expected)
    for metric in declared:
        assert value_of(metric, episodes) == pytest.approx(expected[metric.name], rel=1e-5), metric
    assert 0 < expected["success"] < 1
    assert 0 < expected["left"] < 1


def test_the_curve_by_round_is_that_of_a_plain_loop(played, searches):
    episodes = played[0].episodes()
    points = curve_of(metrics(SearchRules()))
    assert [point.at for point in points] == [0, 1, 2, 3]
    for point in points:
        reached = [lists_of(search)[: point.at + 1] for search in searches]
        ndcg = [lists[-1]["ndcg"] if lists else 0.0 for lists in reached]
        assert value_of(point, episodes) == pytest.approx(sum(ndcg) / len(ndcg)), point
    assert value_of(points[-1], episodes) == value_of(ranking(metrics(SearchRules())), episodes)


def test_a_table_says_start_each_round_ceiling_gap_and_effort():
    shown = [metric.label for metric in metrics(SearchRules()) if metric.place == "main"]
    assert shown == [
        *("nDCG@3", "Start", "First list", "Round 1", "Round 2", "Ceiling", "Gap closed"),
        *("Success@3", "Words", "Questions", "Reward"),
    ]
    many = [m.label for m in metrics(SearchRules(rounds=50)) if m.place == "main"]
    assert many[2:7] == ["First list", "Round 1", "Round 2", "Round 3", "Round 49"]
    once = metrics(SearchRules(rounds=0))
    assert [point.at for point in curve_of(once)] == [0]
    assert not any(m.label.startswith("Round") for m in once)


def test_a_table_says_that_the_judgements_stopped_searches():
    first = metrics(SearchRules(oracle_stop=True, stop_at=0.5, ndcg_at=5))[0]
    assert (first.name, first.label) == ("nDCG@5", "nDCG@5 (oracle stop)")
    assert "from 0.5 on" in first.help
    assert "oracle" not in metrics(SearchRules())[0].label + metrics(SearchRules())[0].help


def test_agents_are_ranked_by_the_last_list():
    declared = metrics(SearchRules())
    assert ranking(declared).name == "nDCG@3"
    assert [metric.name for metric in headlines(declared)] == ["nDCG@3", "words", "reward"]
    names = {metric.name for metric in declared}
    assert len(names) == len(declared)
    for panel in plots(SearchRules()):
        assert {panel.x, panel.y} <= names
    curve = curve_of(declared)[0].curve
    assert curve is not None
    assert set(curve.levels) == {"start", "ceiling"} <= names


def test_metrics_read_the_columns_that_there_are():
    columns = {column.name for column in COLUMNS.outcomes}
    for metric in metrics(SearchRules(rounds=50)):
        for part in (metric.numerator, metric.denominator):
            assert not isinstance(part, str) or part in columns | {""}


def test_figures_are_those_of_ir_measures(played, searches):
    measures = pytest.importorskip("ir_measures", reason="ir_measures is not installed")
    judged = played[1].world.judgements
    qrels, run, ours = [], [], {}
    for n, search in enumerate(searches):
        if not lists_of(search):
            continue
        row, query = lists_of(search)[-1], f"q{n}"
        for item, grade in judged.of(row["need"]).items():
            qrels.append(measures.Qrel(query, str(item), grade))
        for place, item in enumerate(row["items"]):
            run.append(measures.ScoredDoc(query, str(item), 1000.0 - place))
        hit = row["reciprocal_rank"] >= 1 / 3
        ours[query] = {
            "nDCG@3": row["ndcg"],
            "RR": row["reciprocal_rank"],
            "R@10": row["recall"],
            "Success@3": float(hit),
        }
    wanted = [measures.parse_measure(name) for name in next(iter(ours.values()))]
    checked = 0
    for found in measures.iter_calc(wanted, qrels, run):
        assert found.value == pytest.approx(ours[found.query_id][str(found.measure)], abs=1e-9)
        checked += 1
    assert checked == 4 * len(ours) > 300
    assert len(np.unique([row["nDCG@3"] for row in ours.values()])) > 10
