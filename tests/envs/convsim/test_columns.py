"""The columns of a search: the trace repeats the arrays, and a search is the sum of its rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from reference.played_searches import play_searches

from recosim.acts import Level, Verb
from recosim.envs.convsim.columns import COLUMNS, MOST_LISTS, after_round
from recosim.envs.convsim.rules import Kind, SearchRules
from recosim.metrics import Episodes
from recosim.trace import CORE, Trace

N = 120

PLAIN = {
    "turn": "at_turn",
    "words": "move_words",
    **{
        name: name
        for name in (
            *("need", "term", "facet", "kind", "removed", "lists", "outcome", "leaving", "user"),
            *("verb", "terminated", "truncated"),
        )
    },
}
KEPT = (
    *PLAIN.values(),
    *("about", "named", "shown", "n_shown", "levels", "query_terms", "query_weights", "n_query"),
    *("ndcg", "reciprocal_rank", "recall", "gain", "start_ndcg", "ceiling", "reward"),
)


@pytest.fixture(scope="module")
def played():
    """Searches, their trace, and every array that a row tells of as it was after each move."""
    seen = {}

    def watch(batch, rows):
        a = batch.arrays
        for b in rows:
            key = int(a["conversation"][b]), int(a["step"][b])
            seen[key] = {name: a[name][b].copy() for name in KEPT}

    trace, setup = play_searches(N, watch=watch)
    return trace, setup, seen


def searches_of(trace):
    """The rows of each search, in order."""
    found = {}
    for row in trace.table.to_pylist():
        found.setdefault(row["conversation"], []).append(row)
    return list(found.values())


def test_everything_that_can_happen_is_in_the_trace(played):
    trace, _, _ = played
    verbs = set(trace.column("verb").tolist())
    assert verbs == {Verb.ASK, Verb.RECOMMEND, Verb.REFLECT, Verb.OPEN, Verb.ILLEGAL}
    assert set(trace.column("kind").tolist()) == set(map(int, Kind))
    levels = trace.table.column("levels").combine_chunks().flatten().to_pylist()
    assert set(levels) == {-1, Level.SKIP, Level.ACCEPT}
    assert set(trace.column("leaving").tolist()) == {0, 1, 2}
    assert (trace.column("removed") >= 0).any()
    assert trace.column("truncated").any()


def test_a_row_is_what_the_arrays_held(played):
    trace, _, arrays = played
    rows = trace.table.to_pylist()
    assert len(rows) == len(arrays)
    for row in rows:
        a = arrays[row["conversation"], row["step"]]
        for name, array in PLAIN.items():
            assert row[name] == a[array], (name, row)
        assert row["reward"] == np.float32(a["reward"])
        listed, opened = row["verb"] == Verb.RECOMMEND, row["verb"] == Verb.OPEN
        n = a["n_shown"] if listed else 0
        assert row["items"] == a["shown"][:n].tolist()
        assert row["levels"] == a["levels"][:n].tolist()
        assert row["about"] == (a["about"] if row["verb"] == Verb.ASK else -1)
        assert row["named"] == [term for term in a["named"].tolist() if term >= 0]
        told = listed or opened or row["verb"] == Verb.REFLECT
        m = a["n_query"] if told else 0
        assert row["query"] == a["query_terms"][:m].tolist()
        assert row["weights"] == a["query_weights"][:m].tolist()
        for name in ("ndcg", "reciprocal_rank", "recall"):
            assert row[name] == (a[name] if listed else None)
        assert row["gain"] == (a["gain"] if listed else 0)
        for name in ("start_ndcg", "ceiling"):
            assert row[name] == (a[name] if opened else None)


def test_the_query_of_a_list_is_that_which_was_in_force_when_it_was_made(played):
    trace, setup, _ = played
    batch = setup.batch(1, threads=1)
    changed = 0
    for rows in searches_of(trace):
        force = None
        for row in rows:
            told = row["query"], row["weights"]
            if row["verb"] == Verb.RECOMMEND:
                assert told == force
            elif row["verb"] in (Verb.OPEN, Verb.REFLECT):
                changed += force is not None and told != force
                force = told
            assert all(0 <= term < batch.index.n_terms for term in row["query"] + row["named"])
    assert changed > 8


def test_a_search_is_the_sum_of_its_rows(played):
    trace, _, _ = played
    episodes = trace.episodes()
    assert list(episodes) == [column.name for column in COLUMNS.outcomes]
    for n, rows in enumerate(searches_of(trace)):
        expected = told_by_hand(rows)
        assert set(expected) == set(episodes)
        for name, value in expected.items():
            assert episodes[name][n] == pytest.approx(value, abs=1e-12), (name, n)


def told_by_hand(rows):
    """What came of a search, row by row."""
    lists = [row for row in rows if row["verb"] == Verb.RECOMMEND]
    asked = [row for row in rows if row["verb"] == Verb.ASK]
    places = [round(1 / row["reciprocal_rank"]) if row["reciprocal_rank"] else 0 for row in lists]
    rounds, held = {}, 0.0
    for r in range(MOST_LISTS):
        held = lists[r]["ndcg"] if r < len(lists) else held
        rounds[after_round(r)] = held

    def verbs(verb):
        return sum(row["verb"] == verb for row in rows)

    return {
        **rounds,
        "conversation": rows[0]["conversation"],
        "user": rows[0]["user"],
        "topic": rows[0]["user"],
        "need": rows[0]["need"],
        "steps": len(rows) - 1,
        "turns": len(rows) - 1 - verbs(Verb.REFLECT),
        "reward": sum(row["reward"] for row in rows),
        "truncated": rows[-1]["truncated"],
        "lists": len(lists),
        "questions": len(asked),
        "valid": sum(row["kind"] in (Kind.YES, Kind.VALUE) for row in asked),
        "reflects": verbs(Verb.REFLECT),
        "illegal": verbs(Verb.ILLEGAL),
        "words": sum(row["words"] for row in rows),
        "named": sum(len(row["named"]) for row in rows),
        "start_ndcg": rows[0]["start_ndcg"],
        "ceiling": rows[0]["ceiling"],
        "ndcg": lists[-1]["ndcg"] if lists else 0.0,
        "rank": places[-1] if lists else 0,
        "best_rank": min([place for place in places if place], default=0),
        "recall": lists[-1]["recall"] if lists else 0.0,
        "leaving": rows[-1]["leaving"],
    }


def test_searches_without_a_list_and_with_all_of_them_are_among_those_counted(played):
    lists = played[0].episodes()["lists"]
    assert {0, SearchRules().rounds + 1} <= set(lists.tolist())


def test_gains_add_up_to_the_last_list(played):
    for rows in searches_of(played[0]):
        lists = [row for row in rows if row["verb"] == Verb.RECOMMEND]
        whole = sum(row["gain"] for row in rows)
        assert whole == pytest.approx(lists[-1]["ndcg"] if lists else 0.0, abs=1e-12)


def test_endings_are_told_apart(played):
    trace, _, _ = played
    last = trace.table.filter(pa.array(trace.column("terminated") | trace.column("truncated")))
    told = [COLUMNS.endings[k] for k in COLUMNS.ending(last)]
    how = {1: "satisfied", 2: "left impatiently", 0: "rounds or turns ran out"}
    assert told == [how[rows[-1]["leaving"]] for rows in searches_of(trace)]
    assert set(told) == set(how.values())
    assert [COLUMNS.endings[k] for k in COLUMNS.ending(trace.table.slice(0, 1))] == ["unfinished"]


def test_a_search_that_the_judgements_stopped_ends_in_its_own_way():
    trace, _ = play_searches(40, oracle_stop=True, stop_at=0.3, patience=None, satisfied_share=2.0)
    last = trace.table.filter(pa.array(trace.column("terminated")))
    told = {COLUMNS.endings[k] for k in COLUMNS.ending(last)}
    assert told == {"stopped by the oracle"}


@pytest.mark.parametrize(
    ("column", "value", "wrong"),
    [
        ("lists", 5, "5 lists in a search, but it has 4 at most"),
        ("turns", 13, "13 turns in a search, but it has 12 at most"),
        ("steps", 25, "25 acts in a search, but it has 24 at most"),
        ("valid", 99, "more questions answered than asked"),
        ("ceiling", 1.5, "ceiling is not between 0 and 1"),
    ],
)
def test_impossible_searches_are_found(played, column, value, wrong):
    episodes = played[0].episodes()
    columns = {name: episodes[name].copy() for name in episodes}
    assert COLUMNS.check(Episodes(columns), SearchRules()) == ""
    columns[column][3] = value
    assert COLUMNS.check(Episodes(columns), SearchRules()) == wrong


def test_a_trace_comes_back_from_its_file(played, tmp_path):
    trace, _, _ = played
    trace.write(tmp_path / "searches.parquet")
    again = Trace.read(tmp_path / "searches.parquet")
    assert again.table.equals(trace.table.cast(again.table.schema))
    assert again.metadata["family"] == "convsim"


def test_an_empty_trace_has_no_searches(played):
    trace, _, _ = played
    empty = Trace(trace.table.slice(0, 0), trace.metadata)
    assert len(empty.episodes()) == 0
    assert COLUMNS.check(empty.episodes(), SearchRules()) == ""


def test_every_column_says_what_it_holds():
    names = [column.name for column in (*CORE, *COLUMNS.extra)]
    assert len(set(names)) == len(names)
    assert all(column.help for column in (*COLUMNS.extra, *COLUMNS.outcomes))
    assert SearchRules(rounds=MOST_LISTS - 1).rounds == 50  # the most that the rules allow
