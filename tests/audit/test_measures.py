"""Measures: of acts written by hand, what is counted; how intervals are made; what holds."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.acts import (
    Answer,
    Ask,
    Courtesy,
    Critique,
    Edit,
    Inquire,
    Instruct,
    Leave,
    Level,
    Note,
    React,
    Recommend,
    Reflect,
    Request,
)
from recosim.audit.against import against
from recosim.audit.dialogues import (
    Collection,
    Conversation,
    Session,
    Turn,
    conversations_of,
)
from recosim.audit.estimates import DISTINCT_OF, estimate
from recosim.audit.figures import Figure, Figures
from recosim.audit.masking import NAME, NUMBER, Mask
from recosim.audit.measures import GROUPS, MEASURES, count, told_by
from recosim.envs.acts import Acts
from recosim.world.catalog import open_world


class Written(Acts):
    """Acts of rows that hold them: what a family does by columns."""

    def __init__(self, secrets=()):
        self.wanted = secrets

    def system_act(self, row):
        return row["system"]

    def user_acts(self, row):
        return row["user_acts"]

    def secrets(self, row):
        return self.wanted


def rows(*moves, conversation=0, user=0):
    return [
        {
            "conversation": conversation,
            "user": user,
            "system": system,
            "user_acts": acts,
            "told": "Is it?",
            "said": said,
        }
        for system, acts, said in moves
    ]


@pytest.fixture(scope="module")
def world():
    return open_world("lastfm-small")


def tags_of(world, system, *acts, wanted=()):
    (talk,) = conversations_of(rows((system, acts, "yes")), Written(wanted), world)
    return set(talk.turns[-1].tags)


SHOWN = Recommend((3, 4, 5))


@pytest.mark.parametrize(
    ("system", "acts", "tags"),
    [
        (SHOWN, [React(4)], {"accept"}),
        (SHOWN, [React(None)], {"reject"}),
        (SHOWN, [React(None, levels=((5, Level.ACCEPT),))], {"accept"}),
        (SHOWN, [React(None, notes=((3, Note.SEEN),))], {"seen"}),
        (Recommend((3,)), [React(None, notes=((3, Note.LIKED),))], {"seen", "liked"}),
        (SHOWN, [React(4, notes=((3, Note.DISLIKED),))], {"accept", "seen", "disliked"}),
        (SHOWN, [Inquire(3)], {"inquire"}),
        (SHOWN, [React(None), Critique(1)], {"reject", "criticise"}),
        (SHOWN, [React(None), Critique(1, "more")], {"reject", "want"}),
        (SHOWN, [React(None), Edit(add=(1,), remove=(2,))], {"reject", "want", "criticise"}),
        (SHOWN, [React(None), Instruct("want", (1,)), Leave()], {"reject", "want", "leave"}),
        (SHOWN, [React(3), Courtesy()], {"accept", "courtesy"}),
        # What they were asked for is not volunteered.
        (Reflect(), [Critique(1)], {"inform"}),
        (None, [Request((1,)), Instruct("avoid", (2,))], {"request", "inform"}),
        (Ask((1,)), [Answer("no", also=(2,))], {"no", "want"}),
        (Ask((1,)), [Answer("unsure", also=(2,))], {"deflect"}),
        (Ask((1,)), [Answer("unsure")], {"unsure"}),
    ],
)
def test_acts_become_tags(world, system, acts, tags):
    assert tags_of(world, system, *acts) == tags


def test_answers_against_what_is_wanted_are_wrong(world):
    item = 3
    has = world.item_attributes.row(item)
    lacks = np.setdiff1d(np.arange(world.n_attributes), has)
    for asked, kind, wrong in (
        (has[0], "yes", False),
        (has[0], "no", True),
        (lacks[0], "yes", True),
        (lacks[0], "no", False),
    ):
        found = tags_of(world, Ask((int(asked),)), Answer(kind), wanted=(item,))
        assert ("wrong" in found) == wrong
    assert "wrong" not in tags_of(world, Ask((int(has[0]),)), Answer("unsure"), wanted=(item,))


def test_a_conversation_is_counted(world):
    bad = (SHOWN, [React(None, notes=((3, Note.LIKED),))], "Know that one. And newer?")
    talks = conversations_of(
        [
            *rows(
                (None, [Request((), item=7)], "Like that one"),
                bad,
                (SHOWN, [React(4)], "That one"),
                (SHOWN, [React(None), Leave()], "No. Bye"),
            ),
            *rows(
                (None, [Request((1,))], "Rock"),
                (Ask((2,)), [Answer("no", also=(3,))], "No, pop"),
                (SHOWN, [React(None), Critique(1)], "Less loud"),
                conversation=1,
                user=1,
            ),
        ],
        Written(),
        world,
    )
    found = count(Collection("ours", talks, frozenset(GROUPS)))
    v = {name: entry["value"] for name, entry in found.items()}
    assert (v["accepts"], v["seen"], v["rejects"], v["volunteers"]) == (0.25, 0.25, 0.5, 0.25)
    assert v["critique_with_rejection"] == 0.5
    assert (v["leaves_1"], v["leaves_2"]) == (0, 1)
    assert v["leaves_after_good"] == 0
    assert (v["liked_items"], v["liked_none"]) == (1, 0.5)  # 3, known and liked, and 4
    assert (v["opens_with_item"], v["opens_with_attribute"]) == (0.5, 0.5)
    assert v["no_says_more"] == 1
    assert v["question_marks"] == 1 / 7
    assert "leaves_3" not in v
    assert "answer_errors" in v  # two are in mind of nobody: none is wrong
    assert found["seen"]["of"] == 4


def talk_of(*texts, user="0"):
    return Conversation(user, user, tuple(Turn("user", frozenset(), text) for text in texts))


def test_masks_take_names_and_numbers_out():
    mask = Mask(["The Big Blue", "Big", "hip-hop"])
    assert mask.tokens("The big blue, or BIG?") == (NAME, "or", NAME, "?")
    assert mask.tokens("hip-hop of 1987 isn't 3.5!") == (NAME, "of", NUMBER, "isn't", NUMBER, "!")
    assert Mask([]).tokens("Bigger") == ("bigger",)
    assert mask.tokens("bigger") == ("bigger",)


def test_the_share_of_distinct_utterances_is_of_the_same_number_for_all():
    """Twice as much said by the same people is as varied."""
    luck = np.random.default_rng(5)

    def drawn(n):
        pairs = [("w" * int(luck.integers(1, 901)), str(k % 100)) for k in range(n)]
        return estimate("distinct", pairs, Mask([]))

    few, many = drawn(1000), drawn(8000)
    # 900 kinds with equal chances: of 500 drawn, 900 (1 - (1 - 1/900)^500) are expected.
    expected = 900 * (1 - (1 - 1 / 900) ** DISTINCT_OF) / DISTINCT_OF
    assert many["value"] == pytest.approx(expected, abs=0.02)
    assert few["value"] == pytest.approx(expected, abs=0.04)
    assert few["low"] < few["value"] < few["high"]
    same = estimate("distinct", [("w", str(k)) for k in range(50)], Mask([]))
    assert same["value"] == pytest.approx(1 / 50)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_intervals_of_means_and_medians_hold_the_truth(statistic):
    luck, held = np.random.default_rng(2), 0
    for _ in range(120):
        of_user = luck.normal(10, 2, 40)
        pairs = [(of_user[k] + luck.normal(0, 1), str(k)) for k in range(40) for _ in range(5)]
        found = estimate(statistic, pairs, Mask([]))
        held += found["low"] <= 10 <= found["high"]
    assert 0.88 < held / 120 <= 1
    alone = estimate(statistic, [(1.0, "a"), (3.0, "a")], Mask([]))
    assert (alone["low"], alone["high"]) == (None, None)


def figure(measure, value, low=None, high=None, collection="a"):
    return Figure(
        measure=measure, collection=collection, value=value, low=low, high=high, source="s" * 12,
        bias="b",
    )  # fmt: skip


def test_what_holds_overlaps():
    card = Figures(
        name="x",
        title="X",
        description="x",
        figure=(
            figure("seen", 0.36, 0.33, 0.39),
            figure("words_mean", 7.5),
            figure("words_mean", 12.0, collection="b"),
            figure("accepts", 0.24, 0.22, 0.26),
            figure("leaves_1", 0.22, 0.17, 0.28),
            figure("asks_about", 0.1, 0.08, 0.12),
        ),
    )

    def entry(value, low, high, of=100):
        return {"value": value, "low": low, "high": high, "of": of}

    found = {
        "seen": entry(0.42, 0.385, 0.45),
        "words_mean": entry(9.0, None, None),
        "accepts": entry(0.5, 0.4, 0.6),
        "asks_about": entry(0.1, 0.0, 0.3, of=5),
    }
    rows = {row.measure.name: row for row in against(found, card)}
    assert {name: row.verdict for name, row in rows.items()} == {
        "accepts": "does not",
        "seen": "holds",
        "asks_about": "too few",
        "leaves_1": "not measured",
        "words_mean": "holds",
    }
    assert "up to the recommender" in rows["accepts"].why
    assert rows["seen"].why == ""
    assert rows["words_mean"].people == (7.5, 12.0)
    assert against({"seen": entry(0.42, 0.395, 0.45)}, card)[1].verdict == "does not"


class Lived(Written):
    """The same, of users who come back."""

    def return_acts(self, row):
        days = row.get("away", 0)
        return (Courtesy("greeting", days),) if days else ()


def test_sessions_are_read_where_users_come_back(world):
    lists, go = Recommend((1,)), (React(None), Leave("tired"))
    moves = ((lists, (React(None),)), (lists, go), (Reflect(), ()), (lists, go), (lists, ()))
    life = rows(*((system, acts, "No.") for system, acts in moves))
    life[1]["away"] = 3
    (talk,) = conversations_of(life, Lived(), world)
    # A reflection without an answer is no round; the last session was cut off.
    assert talk.sessions == (Session(2, True, 3), Session(1, True, 0), Session(1, False, 0))
    found = count(Collection("ours", (talk,), told_by((talk,))))
    assert [found[f"stops_{k}"]["value"] for k in (1, 2)] == [pytest.approx(1 / 3), 1]
    assert found["returns_3"]["value"] == 1
    assert found["returns_1"]["value"] == 0
    assert "liked_items" not in found, "a life is no conversation"
    (other,) = conversations_of(life, Written(), world)
    assert other.sessions == ()
    assert "stops_1" not in count(Collection("ours", (other,), told_by((other,))))


def test_every_measure_belongs_to_a_group_and_is_named_once():
    assert {measure.group for measure in MEASURES.values()} == set(GROUPS)
    assert all(name == measure.name for name, measure in MEASURES.items())
