"""The columns of a life: the trace repeats the arrays, and a life is the sum of its rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from reference.played_lives import play_lives

from recosim.acts import Level, Outcome, Verb
from recosim.envs.recoworld.columns import COLUMNS, HEAD, long_tail
from recosim.envs.recoworld.rules import LifeRules
from recosim.metrics import Episodes
from recosim.trace import CORE, Trace

N = 60


@pytest.fixture(scope="module")
def played():
    """Lives, their trace, and every array that section 9 names as it was after each move."""
    seen: list[tuple[tuple[int, int], dict]] = []

    def watch(batch, rows):
        a = batch.arrays
        for b in rows:
            key = int(a["conversation"][b]), int(a["step"][b])
            seen.append((key, {name: a[name][b].copy() for name in KEPT}))

    trace, setup = play_lives(N, watch=watch)
    return trace, setup, dict(seen)


KEPT = (
    *("at_day", "at_session", "at_turn", "gap", "ended", "gone", "outcome", "about", "shown"),
    *("n_shown", "levels", "minutes", "given", "said", "obeyed", "ignored", "first_obeyed"),
    *("first_ignored", "over_lists", "over_obeyed", "over_base", "ndcg", "let_down", "regret"),
    *("utility", "reward", "verb", "terminated", "truncated", "session", "turn", "user"),
)


def lives_of(trace):
    """The rows of each life, in order."""
    lives = {}
    for row in trace.table.to_pylist():
        lives.setdefault(row["conversation"], []).append(row)
    return list(lives.values())


def test_everything_that_can_happen_is_in_the_trace(played):
    trace, _, _ = played
    verbs = set(trace.column("verb").tolist())
    assert verbs == {
        *(Verb.ASK, Verb.RECOMMEND, Verb.REFLECT, Verb.OPEN, Verb.ILLEGAL, Verb.PASS),
    }
    assert set(trace.column("ended").tolist()) >= {0, 1, 2}
    assert {-1, 0, 1} <= set(trace.column("gap").tolist())
    levels = trace.table.column("levels").combine_chunks().flatten().to_pylist()
    assert set(levels) == {-1, *map(int, Level)}
    assert trace.column("gone").any()


def test_a_row_is_what_the_arrays_held(played):
    trace, _, arrays = played
    rows = trace.table.to_pylist()
    assert len(rows) == len(arrays)
    for row in rows:
        a = arrays[row["conversation"], row["step"]]
        plain = {"day": "at_day", "session": "at_session", "round": "at_turn"}
        for name in (
            *("day", "session", "round", "outcome", "ended", "gap", "gone", "user", "verb"),
            *("obeyed", "ignored", "first_obeyed", "first_ignored", "over_lists", "over_obeyed"),
            *("over_base", "let_down", "regret", "utility", "terminated", "truncated"),
        ):
            assert row[name] == a[plain.get(name, name)], (name, row)
        assert row["reward"] == np.float32(a["reward"])
        listed = row["verb"] == Verb.RECOMMEND
        n = a["n_shown"] if listed else 0
        assert row["items"] == a["shown"][:n].tolist()
        assert row["levels"] == a["levels"][:n].tolist()
        assert row["minutes"] == a["minutes"][:n].tolist()
        assert row["ndcg"] == (a["ndcg"] if listed else None)
        assert row["about"] == (a["about"] if row["verb"] == Verb.ASK else -1)
        assert row["because"] == ([a["about"]] if listed and a["about"] >= 0 else [])
        given = [codes.tolist() for codes in a["given"]]
        assert row["given"] == [x for codes in given[:2] if codes[1] >= 0 for x in codes]
        assert row["at_opening"] == [x for codes in given[2:] if codes[1] >= 0 for x in codes]
        assert [row["less"], row["more"]] == a["said"].tolist()


def test_rounds_count_the_moves_that_used_one(played):
    trace, _, _ = played
    for rows in lives_of(trace):
        assert not rows[0]["used"]
        for before, row in pairwise(rows):
            if row["session"] != before["session"]:
                assert (row["round"], row["day"]) == (1, before["day"] + before["gap"])
            else:
                assert row["round"] == before["round"] + before["used"]


def test_reflections_that_nobody_answers_use_no_round():
    trace, _ = play_lives(20, feedback="binary", session_hazard=0.02)
    verb, used = trace.column("verb"), trace.column("used")
    assert (verb == Verb.REFLECT).any()
    assert not used[verb == Verb.REFLECT].any()
    assert used[(verb != Verb.REFLECT) & (verb != Verb.OPEN)].all()


def test_the_tail_and_the_length_are_those_of_the_items(played):
    trace, setup, _ = played
    world, usual = setup.world, setup.protocol.usual_minutes
    order = sorted(range(world.n_items), key=lambda v: (-world.popularity[v], v))
    head = set(order[: -(-world.n_items * int(100 * HEAD) // 100)])
    assert set(np.flatnonzero(~long_tail(world)).tolist()) == head
    for row in trace.table.to_pylist():
        assert row["tail"] == sum(v not in head for v in row["items"])
        lengths = [float(world.item_length[v]) for v in row["items"]]
        whole = sum(usual if np.isnan(x) else x for x in lengths)
        assert row["length"] == pytest.approx(whole, rel=1e-6)


def test_a_life_is_the_sum_of_its_rows(played):
    trace, _, _ = played
    episodes = trace.episodes()
    assert list(episodes) == [column.name for column in COLUMNS.outcomes]
    for n, rows in enumerate(lives_of(trace)):
        for name, value in told_by_hand(rows).items():
            assert episodes[name][n] == pytest.approx(value, rel=1e-6, abs=1e-9), (name, n)
    assert set(told_by_hand(lives_of(trace)[0])) == set(episodes)


def told_by_hand(rows):
    """What came of a life, row by row."""
    levels = [level for row in rows for level in row["levels"]]
    sums = {
        name: sum(row[name] or 0 for row in rows)
        for name in (
            *("obeyed", "ignored", "first_obeyed", "first_ignored", "over_lists", "over_obeyed"),
            *("over_base", "let_down", "regret", "ndcg", "tail", "length", "reward"),
        )
    }
    days = sorted({row["day"] for row in rows} | {row["day"] + max(row["gap"], 0) for row in rows})

    def verbs(verb):
        return sum(row["verb"] == verb for row in rows)

    return {
        **sums,
        "conversation": rows[0]["conversation"],
        "user": rows[0]["user"],
        "steps": len(rows) - 1,
        "rounds": sum(row["used"] for row in rows),
        "sessions": len(days),
        "last_day": days[-1],
        "first_gap": days[1] if len(days) > 1 else 0,
        "left": sum(row["ended"] in (1, 2) for row in rows),
        "exits": sum(row["ended"] == 2 for row in rows),
        "gone": rows[-1]["gone"],
        "lists": verbs(Verb.RECOMMEND),
        "asks": verbs(Verb.ASK),
        "yes": sum(row["verb"] == Verb.ASK and row["outcome"] == Outcome.YES for row in rows),
        "reflects": verbs(Verb.REFLECT),
        "passes": verbs(Verb.PASS),
        "illegal": verbs(Verb.ILLEGAL),
        "justified": sum(bool(row["because"]) for row in rows),
        "shown": sum(len(row["items"]) for row in rows),
        "read": sum(level >= 0 for level in levels),
        "clicks": sum(level >= Level.CLICK for level in levels),
        "likes": sum(level >= Level.ACCEPT for level in levels),
        "minutes": sum(sum(row["minutes"]) for row in rows),
        "voiced": sum(bool(row["given"]) for row in rows),
        "instructions": sum(len(row["given"]) + len(row["at_opening"]) for row in rows) // 4,
        "utility": rows[-1]["utility"],
        "truncated": rows[-1]["truncated"],
    }


def test_a_life_that_is_cut_counts_the_session_that_its_last_act_opened():
    trace, setup = play_lives(40, max_steps=9)
    episodes, rules = trace.episodes(), setup.protocol
    assert episodes["truncated"].any()
    assert COLUMNS.check(episodes, rules) == ""
    opened = 0
    for n, rows in enumerate(lives_of(trace)):
        assert episodes["sessions"][n] == told_by_hand(rows)["sessions"]
        opened += rows[-1]["truncated"] and rows[-1]["gap"] > 0
    assert opened > 0


def test_endings_are_told_apart(played):
    trace, _, _ = played
    rows = [life[-1] for life in lives_of(trace)]
    last = trace.table.filter(pa.array(trace.column("terminated") | trace.column("truncated")))
    told = [COLUMNS.endings[k] for k in COLUMNS.ending(last)]
    assert told == ["left for good" if row["gone"] else "stayed" for row in rows]
    assert len(set(told)) == 2
    cut, _ = play_lives(12, max_steps=3)
    last = cut.table.filter(pa.array(cut.column("truncated")))
    assert set(COLUMNS.ending(last)) == {COLUMNS.endings.index("cut short")}
    assert [COLUMNS.endings[k] for k in COLUMNS.ending(trace.table.slice(0, 1))] == ["unfinished"]


@pytest.mark.parametrize(
    ("column", "value", "wrong"),
    [
        ("last_day", 30, "a session on day 30, but a life has 30 days"),
        ("steps", 401, "401 acts in a life, but it has 400 at most"),
        ("sessions", 31, "more sessions than days"),
        ("likes", 32_000, "more items liked than consumed"),
        ("clicks", 32_000, "more items consumed than shown"),
    ],
)
def test_impossible_lives_are_found(played, column, value, wrong):
    columns = {name: values.copy() for name, values in trace_columns(played).items()}
    assert COLUMNS.check(Episodes(columns), LifeRules()) == ""
    columns[column][3] = value
    assert COLUMNS.check(Episodes(columns), LifeRules()) == wrong


def trace_columns(played):
    episodes = played[0].episodes()
    return {name: episodes[name] for name in episodes}


def test_a_trace_comes_back_from_its_file(played, tmp_path):
    trace, _, _ = played
    trace.write(tmp_path / "lives.parquet")
    again = Trace.read(tmp_path / "lives.parquet")
    assert again.table.equals(trace.table.cast(again.table.schema))
    assert again.metadata["family"] == "recoworld"


def test_an_empty_trace_has_no_lives(played):
    trace, _, _ = played
    empty = Trace(trace.table.slice(0, 0), trace.metadata)
    assert len(empty.episodes()) == 0
    assert COLUMNS.check(empty.episodes(), LifeRules()) == ""


def test_every_column_says_what_it_holds():
    names = [column.name for column in (*CORE, *COLUMNS.extra)]
    assert len(set(names)) == len(names)
    assert all(column.help for column in (*COLUMNS.extra, *COLUMNS.outcomes))
