"""Moves of lives as acts and back: what the rules decide, what outsiders answer, what is told."""

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
    Moves,
    Outcome,
    React,
    Recommend,
    Verb,
)
from recosim.envs.recorder import Recorder
from recosim.envs.recoworld.acts import ACTS, instructions_of
from recosim.envs.recoworld.outsiders import true_share
from recosim.envs.recoworld.words import WORDS
from recosim.envs.setup import Setup
from recosim.envs.talk import Talk
from recosim.errors import NotUnderstood, OptionError
from recosim.language import Parser
from recosim.users import Population
from recosim.users.speaker import TemplateSpeaker

VOCAL = {"tolerance": 0.2, "conditional": 0.5, "standing": "session", "feedback": "edit",
         "examination": 0.9, "seen": 0.3}  # fmt: skip
LIVES = 4
FIELDS = ("levels", "minutes", "given", "said", "ended", "gone", "outcome")


@pytest.fixture(scope="module")
def setup():
    return Setup.prepare("recoworld", world="lastfm-small", users=Population("vocal", VOCAL))


@pytest.fixture
def batch(setup):
    d = setup.batch(LIVES)
    d.open(seeds=np.arange(LIVES, dtype=np.uint64), conversations=np.arange(LIVES))
    return d


def codes(batch, k):
    """A move for every row: lists, then a question, a reflection and a pass."""
    n = batch.n_askables
    wanted = (n, n, k % n, n, n + 1, n + 2)[k % 6]
    mask = batch.legal_actions()
    return np.where(mask[:, wanted] == 1, wanted, n)


def moves(batch, given):
    return Moves.from_flat(given, batch.n_askables, verbs=batch.verbs, reasons=batch.n_reasons)


def test_what_rule_users_do_is_said_read_and_written_back(batch):
    """Acts -> words -> acts -> fields: an outsider who says the same leaves the same fields."""
    talk = Talk(batch, TemplateSpeaker(batch.world), ACTS)
    parser, met = Parser(batch.world), set()
    talk.open(np.ones(batch.size, dtype=bool))
    for k in range(40):
        running = np.flatnonzero(batch.arrays["done"] == 0)
        batch.pose(moves(batch, codes(batch, k)))
        batch.answer()
        for b in running.tolist():
            move = ACTS.last_move(batch, b)
            acts = ACTS.user_acts(move)
            met |= {type(act) for act in acts}
            if not acts or move["verb"] == Verb.ILLEGAL:
                continue
            before = {name: batch.arrays[name][b].copy() for name in FIELDS}
            context = ACTS.context(move, batch.protocol)
            text = talk._templates.turn(acts, context, key=k, style="human")
            read = parser.parse_turn(text, context)
            ACTS.write_answer(batch, b, read)
            for name in FIELDS:
                # Minutes are not said: they are the share of true utility, as by the rules.
                np.testing.assert_allclose(
                    batch.arrays[name][b], before[name], rtol=1e-6, err_msg=f"{name}: {text}"
                )
        batch.settle()
    assert met == {React, Answer, Edit, Instruct, Leave}


def posed(batch, act):
    """One move in every row, waiting for an answer."""
    batch.pose(Moves.of([act] * batch.size, batch.protocol.top_k, 1))
    return ACTS.last_move(batch, 0)


def test_an_outsider_answers_in_place_of_the_rules(batch):
    a, items = batch.arrays, (3, 17, 5)
    posed(batch, Recommend(items))
    react = React(None, ((3, Level.SKIP), (17, Level.LOVE)), (), ((17, 2.5),))
    wishes = (Instruct("avoid", (4, 6), (9,), "always"),)
    ACTS.write_answer(batch, 0, (react, *wishes, Leave("disappointed", True)))
    assert a["levels"][0].tolist() == [0, 4, -1, -1, -1]
    assert a["minutes"][0].tolist() == [0, 2.5, 0, 0, 0]
    assert a["given"][0].tolist() == [[0, 4, 9, 2], [0, 6, 9, 2], [-1] * 4]
    assert (a["outcome"][0], a["ended"][0], a["gone"][0]) == (Outcome.HIT, 2, 1)
    ACTS.write_answer(batch, 1, (React(17),))  # no minutes: the share of the rules
    share = true_share(batch, 1, 17)
    assert a["levels"][1].tolist() == [0, 3, 0, -1, -1]
    assert a["minutes"][1, 1] == pytest.approx(share * a["length"][17])
    assert 0 < share < 1
    ACTS.write_answer(batch, 2, (Critique(5),))  # a wish alone: nothing was taken
    assert a["levels"][2].tolist() == [0, 0, 0, -1, -1]
    assert instructions_of(ACTS.last_move(batch, 2)["given"]) == (Instruct("avoid", (5,)),)
    batch.settle()
    assert a["terminated"][0] == 1
    assert [0, 5, -1, 1, 0] in a["instructions"][2].tolist()


def test_questions_and_reflections_are_answered_by_outsiders(batch):
    a = batch.arrays
    posed(batch, Ask((7,)))
    for row, (acts, outcome) in enumerate(
        [
            ((Answer("yes", (7,)),), Outcome.YES),
            ((Answer("no"), Leave("tired")), Outcome.NO),
            ((Instruct("want", (2,)),), Outcome.UNSURE),
        ]
    ):
        ACTS.write_answer(batch, row, acts)
        assert a["outcome"][row] == outcome
    assert a["ended"][:3].tolist() == [0, 1, 0]
    batch.settle()
    assert a["answers"][0, 7] == 1
    posed(batch, Recommend((3, 17, 5)))
    for row in range(LIVES):
        ACTS.write_answer(batch, row, (React(None),))  # and they stay
    batch.settle()
    batch.pose(Moves.all_of(Verb.REFLECT, batch.size))
    ACTS.write_answer(batch, 0, (Edit(add=(2,), remove=(9,)),))
    ACTS.write_answer(batch, 2, (Instruct("avoid", (9,), (), "always"),))
    assert a["said"][0].tolist() == [9, 2]
    assert a["given"][2, 0].tolist() == [0, 9, -1, 2]


MALFORMED = [
    (Recommend((3, 17)), (), "an answer is needed"),
    (Recommend((3, 17)), (Courtesy("thanks"),), "politeness"),
    (Recommend((3, 17)), (React(5),), "item 5 was not shown; shown: .3, 17"),
    (Recommend((3, 17)), (React(3), React(17)), "one reaction"),
    (Recommend((3, 17)), (Answer("yes"),), "does not answer a list"),
    (Recommend((3, 17)), (React(3), Inquire(3)), "a question about an item answers nothing"),
    (Recommend((3, 17)), (React(None, ((3, 7),)),), "levels are 0 to 4"),
    (Recommend((3, 17)), (React(3, (), (), ((3, 1e6),)),), "minutes long"),
    (Recommend((3, 17)), (React(3, (), (), ((17, 1.0),)),), "was not consumed"),
    (Recommend((3, 17)), (Instruct("avoid", ()),), "no attribute was given"),
    (Recommend((3, 17)), (Instruct("avoid", (1, 2, 3)),), "2 at most"),
    (Recommend((3, 17)), (Instruct("avoid", (1,), (2, 3)),), "one condition at most"),
    (Recommend((3, 17)), (Instruct("avoid", (1,), (1,)),), "its own condition"),
    (Recommend((3, 17)), (Instruct("avoid", (999,)),), "attribute 999 does not exist"),
    (Recommend((3, 17)), (Leave(), Leave("tired")), "several times"),
    (Ask((7,)), (React(3),), "does not answer a question"),
    (Ask((7,)), (Answer("yes", (8,)),), "a yes to attribute 8"),
    (Ask((7,)), (Answer("yes"), Answer("no")), "one answer to a question"),
]


@pytest.mark.parametrize(("act", "acts", "message"), MALFORMED)
def test_malformed_answers_are_refused_and_change_nothing(batch, act, acts, message):
    posed(batch, act)
    before = batch.state()
    with pytest.raises(OptionError, match=message):
        ACTS.write_answer(batch, 0, acts)
    for name, array in batch.state().items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


def test_what_recommenders_type_becomes_a_move(batch):
    n, parser = batch.n_askables, Parser(batch.world)
    name = str(batch.world.attribute_names[6])
    typed = {
        f"Do you want {name}?": 6,
        "Here is the best I have.": n,
        "How is this going?": n + 1,
        "Let me think.": n + 2,
        f"These are my top picks. For {name}.": n + 3 + 6,
        f"My best for {name}.": n + 3 + 6,
    }
    for text, code in typed.items():
        decoded = ACTS.decode(batch, text, parser.parse_system(text))
        assert (decoded.code, decoded.items) == (code, None), text
    named = ACTS.decode(batch, "", parser.parse_system(f"How about [i3] or [i17]? For {name}."))
    assert (named.code, named.items.tolist(), named.because.tolist()) == (
        n, [3, 17, -1, -1, -1], [6],
    )  # fmt: skip
    with pytest.raises(NotUnderstood, match="One question at a time"):
        ACTS.decode(batch, "", Ask((1, 2)))


def test_a_conversation_has_sessions_and_a_memory_of_them(batch):
    """What was said is parted where days pass; words change nothing that happens."""
    plain = type(batch)(
        batch.world, batch.vectors, batch.protocol, batch.size, users=batch.users, split="valid"
    )
    plain.open(seeds=np.arange(LIVES, dtype=np.uint64), conversations=np.arange(LIVES))
    talk = Talk(batch, TemplateSpeaker(batch.world), ACTS)
    recorder = Recorder(batch)
    talk.open(np.ones(batch.size, dtype=bool))
    recorder.record(words=talk.words)
    for k in range(30):
        running = batch.arrays["done"] == 0
        given = codes(batch, k)
        talk.step(moves(batch, given))
        plain.step(moves(plain, given))
        recorder.record(running, talk.words)
    for name, array in batch.state().items():
        if name not in ("felt", "best", "mindset_before", "satiation_before"):  # scratch
            np.testing.assert_array_equal(array, plain.state()[name], err_msg=name)
    for b in range(batch.size):
        notes = [line.text for line in talk.lines[b] if line.who == "note"]
        sessions = int(batch.arrays["session"][b])
        assert len(notes) == len(talk.memory[b]) == sessions > 0
        assert f"session {sessions + 1}" in notes[-1]
        assert talk.memory[b][0].startswith("Day 0: ")
    lines = list(WORDS.transcript(recorder.trace(), batch.world))
    headings = [line for line in lines if line.startswith("day ")]
    assert headings.count("day 0, session 1") == batch.size
    assert len(headings) == batch.size + batch.arrays["session"].sum()
    assert any("the user has had enough" in line for line in lines)
