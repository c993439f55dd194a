"""The text of a conversation: every act is one line, every name has its id."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from reference.six_items import WORLD

from recosim.acts import Outcome, Verb
from recosim.envs.cpr.columns import COLUMNS
from recosim.envs.cpr.words import WORDS
from recosim.trace import Trace


def row(verb: Verb, outcome: Outcome = Outcome.NOTHING, **values: Any) -> dict[str, Any]:
    start = {
        "agent": "",
        "seed": 0,
        "conversation": 7,
        "step": 0,
        "move": 2,
        "user": 1,
        "target": 3,
        "verb": int(verb),
        "facet": -1,
        "asked": [],
        "standing": [],
        "accepted": [],
        "items": [],
        "because": [],
        "supported": None,
        "outcome": int(outcome),
        "rank": 0,
        "reward": -0.1,
        "candidates": 4,
        "terminated": False,
        "truncated": False,
        "left": False,
    }
    return start | values


def trace(*rows: dict[str, Any]) -> Trace:
    return Trace(pa.Table.from_pylist(list(rows), schema=COLUMNS.schema))


@pytest.mark.parametrize(
    ("move", "lines"),
    [
        (
            row(Verb.OPEN, accepted=[0], reward=0.0, agent="logic"),
            [
                "conversation 7, user 1, agent logic",
                "    user         I am looking for something with attribute 0 [a0]."
                "  (4 candidates)",
            ],
        ),
        (
            row(Verb.OPEN, accepted=[0, 2], facet=0, candidates=1),
            [
                "conversation 7, user 1",
                "    user         As to facet 0 [f0] I want attribute 0 [a0] and attribute 2 [a2]."
                "  (1 candidate)",
            ],
        ),
        (
            row(Verb.OPEN, items=[4], candidates=6),
            [
                "conversation 7, user 1",
                "    user         I liked item 4 [i4].  (6 candidates)",
            ],
        ),
        (
            row(Verb.OPEN, items=[4], accepted=[0]),
            [
                "conversation 7, user 1",
                "    user         I liked item 4 [i4]. I am looking for something with attribute 0"
                " [a0].  (4 candidates)",
            ],
        ),
        (
            row(Verb.OPEN, candidates=6),
            ["conversation 7, user 1", "    user         Surprise me.  (6 candidates)"],
        ),
        (
            row(Verb.ASK, Outcome.UNSURE, asked=[4], accepted=[2]),
            [
                " 2. recommender  Do you want attribute 4 [a4]?",
                "    user         I don't know. But I do want attribute 2 [a2]."
                "  (4 candidates, reward -0.10)",
            ],
        ),
        (
            row(Verb.RECOMMEND, Outcome.MISS, items=[1, 2], notes=[2, 2], inquired=1, asked=[3]),
            [
                " 2. recommender  How about item 1 [i1] or item 2 [i2]?",
                "    user         None of these. I know item 2 [i2] and liked it."
                " What is item 1 [i1] like? Less attribute 3 [a3].  (4 candidates, reward -0.10)",
            ],
        ),
        (
            row(Verb.RECOMMEND, Outcome.UNSURE, items=[1, 2], inquired=-2, reward=0.0),
            [
                " 2. recommender  How about item 1 [i1] or item 2 [i2]?",
                "    user         What are these like?  (4 candidates, reward +0.00)",
            ],
        ),
        (
            row(
                Verb.RECOMMEND,
                Outcome.HIT,
                items=[1, 2, 3],
                taken=[1, 3],
                gathered=2,
                rank=1,
                reward=1.0,
                terminated=True,
            ),
            [
                " 2. recommender  How about item 1 [i1], item 2 [i2] or item 3 [i3]?",
                "    user         Yes, item 1 [i1] and item 3 [i3]!  (4 candidates, reward +1.00)",
                "    satisfied at move 2: 2 items taken",
            ],
        ),
        (
            row(Verb.RECOMMEND, Outcome.MISS, items=[1], gathered=1, left=True, terminated=True),
            [
                " 2. recommender  How about item 1 [i1]?",
                "    user         No, not that. (leaves)  (4 candidates, reward -0.10)",
                "    the user left; 1 item taken",
            ],
        ),
        (
            row(Verb.ASK, Outcome.YES, asked=[4], accepted=[4], reward=0.01),
            [
                " 2. recommender  Do you want attribute 4 [a4]?",
                "    user         Yes.  (4 candidates, reward +0.01)",
            ],
        ),
        (
            row(Verb.ASK, Outcome.NO, asked=[4]),
            [
                " 2. recommender  Do you want attribute 4 [a4]?",
                "    user         No.  (4 candidates, reward -0.10)",
            ],
        ),
        (
            row(Verb.ASK, Outcome.UNSURE, asked=[4]),
            [
                " 2. recommender  Do you want attribute 4 [a4]?",
                "    user         I don't know.  (4 candidates, reward -0.10)",
            ],
        ),
        (
            row(Verb.ASK, Outcome.YES, asked=[1, 2], accepted=[2]),
            [
                " 2. recommender  Do you want attribute 1 [a1] or attribute 2 [a2]?",
                "    user         Yes: attribute 2 [a2].  (4 candidates, reward -0.10)",
            ],
        ),
        (
            row(Verb.ASK, Outcome.YES, asked=[1, 2], accepted=[1, 2]),
            [
                " 2. recommender  Do you want attribute 1 [a1] or attribute 2 [a2]?",
                "    user         Yes, both.  (4 candidates, reward -0.10)",
            ],
        ),
        (
            row(Verb.ASK, Outcome.NO, asked=[1, 2]),
            [
                " 2. recommender  Do you want attribute 1 [a1] or attribute 2 [a2]?",
                "    user         Neither.  (4 candidates, reward -0.10)",
            ],
        ),
        (
            row(Verb.ASK, Outcome.YES, facet=1, accepted=[3]),
            [
                " 2. recommender  Which facet 1 [f1] do you have in mind?",
                "    user         Yes: attribute 3 [a3].  (4 candidates, reward -0.10)",
            ],
        ),
        (
            row(Verb.ASK, Outcome.NO, facet=1),
            [
                " 2. recommender  Which facet 1 [f1] do you have in mind?",
                "    user         None in particular.  (4 candidates, reward -0.10)",
            ],
        ),
        (
            row(Verb.RECOMMEND, Outcome.MISS, items=[5]),
            [
                " 2. recommender  How about item 5 [i5]?",
                "    user         No, not that.  (4 candidates, reward -0.10)",
            ],
        ),
        (
            row(Verb.RECOMMEND, Outcome.HIT, items=[5, 3], rank=2, reward=1.0, terminated=True),
            [
                " 2. recommender  How about item 5 [i5] or item 3 [i3]?",
                "    user         Yes, item 3 [i3]!  (4 candidates, reward +1.00)",
                "    found at move 2, rank 2",
            ],
        ),
        (
            row(
                Verb.RECOMMEND,
                Outcome.MISS,
                items=[4, 5],
                candidates=0,
                terminated=True,
                reward=-0.2,
            ),
            [
                " 2. recommender  How about item 4 [i4] or item 5 [i5]?",
                "    user         None of these.  (0 candidates, reward -0.20)",
                "    not found: nothing is left; the user had item 3 [i3] in mind",
            ],
        ),
        (
            row(Verb.REFLECT, reward=0.0),
            [
                " -  recommender  (revises what it believes about the user)"
                "  (4 candidates, reward +0.00)"
            ],
        ),
        (
            row(Verb.IGNORED, move=15, truncated=True, reward=-0.3),
            [
                "15. recommender  (a move of the last turn, which the protocol ignores)"
                "  (4 candidates, reward -0.30)",
                "    not found: the turns ran out; the user had item 3 [i3] in mind",
            ],
        ),
        (
            row(Verb.ILLEGAL, Outcome.ILLEGAL),
            [
                " 2. recommender  (an illegal move: the turn is lost)"
                "  (4 candidates, reward -0.10)",
            ],
        ),
    ],
)
def test_each_act_is_one_line(move: dict[str, Any], lines: list[str]) -> None:
    assert WORDS.describe_move(move, WORLD) == lines


def test_words_stand_below_the_act_that_they_say() -> None:
    opening = row(Verb.OPEN, accepted=[0], said="Something with 0,\nplease.", told=None)
    assert WORDS.describe_move(opening, WORLD)[1:] == [
        "    user         I am looking for something with attribute 0 [a0].  (4 candidates)",
        "                 “Something with 0, please.”",
    ]
    asked = row(Verb.ASK, Outcome.NO, asked=[4], told="Would 4 do?", said="Not today.")
    assert WORDS.describe_move(asked, WORLD) == [
        " 2. recommender  Do you want attribute 4 [a4]?",
        "                 “Would 4 do?”",
        "    user         No.  (4 candidates, reward -0.10)",
        "                 “Not today.”",
    ]
    silent = row(Verb.REFLECT, told="Let me think.", said=None)
    assert WORDS.describe_move(silent, WORLD)[1:] == ["                 “Let me think.”"]


def test_the_text_of_a_trace_holds_all_ids_unless_it_is_shortened() -> None:
    moves = trace(
        row(Verb.OPEN, accepted=[0]), row(Verb.RECOMMEND, Outcome.MISS, items=[0, 1, 2, 4, 5])
    )
    full = "\n".join(WORDS.transcript(moves, WORLD))
    assert all(f"[i{v}]" in full for v in (0, 1, 2, 4, 5))
    assert full == "\n".join(WORDS.transcript(moves, WORLD))
    short = list(WORDS.transcript(moves, WORLD, shorten=2))
    assert short[2] == " 2. recommender  How about item 0 [i0], item 1 [i1] or 3 more?"


def test_conversations_are_set_apart_by_an_empty_line() -> None:
    opening = row(Verb.OPEN, accepted=[0])
    lines = list(WORDS.transcript(trace(opening, opening | {"conversation": 8}), WORLD))
    assert [line.split(",")[0] for line in lines if not line.startswith(" ")] == [
        "conversation 7",
        "",
        "conversation 8",
    ]


def test_the_target_is_not_named_before_the_end() -> None:
    going_on = trace(row(Verb.OPEN, accepted=[0]), row(Verb.ASK, Outcome.NO, asked=[4]))
    assert "[i3]" not in "\n".join(WORDS.transcript(going_on, WORLD))


def test_an_empty_trace_has_no_lines() -> None:
    assert list(WORDS.transcript(trace(), WORLD)) == []
