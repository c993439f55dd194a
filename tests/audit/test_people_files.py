"""Dialogues of people: each kind of file is read and counted; a faulty one names file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recosim.audit.dialogues import SYSTEM_TAGS, USER_TAGS, answers, replies
from recosim.audit.figures import figures
from recosim.audit.human import read_people
from recosim.audit.human.typed import IN_IARD, SYSTEM_TAGS_OF, USER_TAGS_OF
from recosim.audit.measures import count
from recosim.cli import app
from recosim.errors import ImportDataError, RecosimError
from recosim.users.dialogues import SYSTEM_ACTS, USER_ACTS

HUMAN = Path(__file__).resolve().parents[3] / "shared" / "data" / "human"


def iard_turn(role, text, *intents, worker=1):
    return {
        "utterance_pos": 1,
        "worker_id": worker,
        "role": role,
        "utterance_text": text,
        "top-level intent/action": [],
        "sub-intent/action": list(intents),
    }


IARD = {
    "7": {
        "accepted_recommendation": [4],
        "dialogue_info": {
            "S1": iard_turn(
                "seeker", "Hello, a comedy like @12 <Some Film (1999)> ?", "IQU", "OTH"
            ),
            "R2": iard_turn("recommender", "Try @13 <Another (2001)>", "REC-S", worker=2),
            "S3": iard_turn("seeker", "Saw it. Shorter, please.", "SEE", "CRI-F"),
            "R4": iard_turn("recommender", "@14 <Third (2003)> then", "REC-S", "EXP-I", worker=2),
            "S5": iard_turn("seeker", "Who is in that?", "INQ"),
            "R6": iard_turn("recommender", "Nobody famous.", "RESP", worker=2),
            "S7": iard_turn("seeker", "Thanks then", "OTH"),
        },
    },
    "8": {
        "accepted_recommendation": [],
        "dialogue_info": {
            "S1": iard_turn("seeker", "Surprise me", "IQU"),
            "R2": iard_turn("recommender", "@13 <Another (2001)>", "REC-E", worker=2),
            "S3": iard_turn("seeker", "No. I like the sea.", "REJ", "PRO"),
            "R4": iard_turn("recommender", "@15 <Fourth (2004)>", "REC-S", worker=2),
            "S5": iard_turn("seeker", "Fine, that one", "ACC"),
        },
    },
}


def redial(number, marks, said="Is @1 any good?"):
    return {
        "conversationId": str(number),
        "initiatorWorkerId": 5,
        "respondentWorkerId": 6,
        "movieMentions": {"1": "Some Film (1999)"},
        "initiatorQuestions": {
            str(k): {"suggested": s, "seen": seen, "liked": liked}
            for k, (s, seen, liked) in enumerate(marks)
        },
        "respondentQuestions": {},
        "messages": [
            {"senderWorkerId": 5, "text": said, "turn_id": 0},
            {"senderWorkerId": 6, "text": "It is.", "turn_id": 1},
        ],
    }


REDIAL = [
    redial(1, [(1, 0, 1), (1, 1, 1), (1, 1, 0), (0, 1, 1)]),
    redial(2, [(1, 0, 0)]),
    {**redial(3, []), "initiatorQuestions": []},
]

LAPS = [
    {
        "worker_id": "a",
        "topic": "movie",
        "sessions": [
            {
                "dialogue": [
                    {"role": "Assistant", "turn_number": 0, "message": "Hello"},
                    {"role": "User", "turn_number": 1, "message": "one two three"},
                ],
                "preferences": {"movie_like": ["Some Film"]},
                "task_setting": "main",
            },
            {
                "dialogue": [{"role": "User", "turn_number": 0, "message": "four?"}],
                "preferences": {},
                "task_setting": "main",
            },
        ],
    }
]

TABLE = """conversation,turn,role,act,text,user,item,attributes,liked
c1,0,user,request,"Rock, something like Blue",u1,Blue,rock,1
c1,1,system,ask,Live?,u1,,,
c1,2,user,no;want,"No, loud",u1,,loud,
c1,3,system,recommend,Try Red,u1,Red,,
c1,4,user,liked,Know that one,u1,,,
c1,5,system,recommend,Green?,u1,Green,,
c1,6,user,leave,,u1,,,
c2,0,user,request,Anything,u2,,,0
c2,1,system,ask,Rock?,u2,,,
c2,2,user,yes; wrong,Yes,u2,,,
c2,3,system,ask,Old?,u2,,,
c2,4,user,unsure,Hm,u2,,,
c2,5,system,recommend,Red,u2,Red,,
c2,6,user,accept,OK,u2,,,
"""


def write(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def values(collection):
    return {name: entry["value"] for name, entry in count(collection).items()}


def test_intents_become_acts(tmp_path):
    (found,) = read_people(write(tmp_path, "any.json", json.dumps(IARD, indent=1)))
    assert found.name == "IARD"
    v = values(found)
    assert [set(turn.tags) for turn in replies(found.conversations[0])] == [
        {"seen", "criticise"},
        {"inquire"},
    ]
    assert v["accepts"] == v["seen"] == v["rejects"] == v["asks_about"] == 1 / 4
    assert v["volunteers"] == 1 / 2
    assert (v["critique_with_rejection"], v["volunteers_with_rejection"]) == (0, 1)
    assert (v["several_acts"], v["several_acts_plain"]) == (3 / 7, 2 / 7)
    assert (v["opens_with_item"], v["opens_with_attribute"], v["opens_with_neither"]) == (
        1 / 2, 1 / 2, 1 / 2,
    )  # fmt: skip
    assert v["words_median"] == 4
    assert "leaves_1" not in v  # it does not record who leaves: not 0, but nothing
    assert "liked_items" not in v


def test_ratings_become_what_was_liked(tmp_path):
    text = "\n".join(json.dumps(line) for line in REDIAL) + "\n"
    (found,) = read_people(write(tmp_path, "valid.jsonl", text))
    v = values(found)
    assert (v["liked_items"], v["liked_none"]) == (1, 0.5)
    assert (v["shown_liked"], v["shown_new_liked"]) == (2 / 4, 1 / 4)
    assert v["question_marks"] == 1
    assert found.conversations[0].turns[0].text == "Is Some Film (1999) any good?"
    assert found.notes == ("1 dialogues without ratings of suggested films",)


def test_sessions_are_dialogues_of_one_user(tmp_path):
    (found,) = read_people(write(tmp_path, "laps.json", json.dumps(LAPS)))
    assert [talk.user for talk in found.conversations] == ["a", "a"]
    assert values(found).keys() == {"words_mean", "words_median", "question_marks", "distinct"}
    assert values(found)["words_mean"] == 2


def test_a_table_of_turns(tmp_path):
    (found,) = read_people(write(tmp_path, "mine.csv", "\ufeff" + TABLE))
    v = values(found)
    assert found.name == "mine"
    assert len([*answers(found.conversations[1])]) == 2
    assert (v["answers_yes"], v["answers_no"], v["dont_know"]) == (1 / 3, 1 / 3, 1 / 3)
    assert (v["no_says_more"], v["answer_errors"]) == (1, 1 / 2)
    assert (v["seen"], v["accepts"]) == (1 / 3, 1 / 3)
    assert (v["leaves_1"], v["leaves_2"], v["leaves_after_good"]) == (0, 1, 1)
    assert (v["liked_items"], v["liked_none"]) == (0.5, 0.5)
    assert (v["opens_with_item"], v["opens_with_neither"]) == (0.5, 0.5)


def test_a_table_that_records_no_leaving_counts_none(tmp_path):
    kept = [line for line in TABLE.splitlines() if ",leave," not in line]
    (found,) = read_people(write(tmp_path, "mine.csv", "\n".join(kept)))
    assert "leaves_1" not in count(found)
    assert "accepts" in count(found)


def at(text, line, old, new):
    lines = text.split("\n")
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    return "\n".join(lines)


IARD_TEXT = json.dumps(IARD, indent=1)
UNKNOWN_LINE = next(n for n, t in enumerate(IARD_TEXT.split("\n"), 1) if '"REC-E"' in t)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("t.csv", at(TABLE, 4, "no;want", "no;wnat"), r"t\.csv:4: unknown act.*mean 'want'"),
        ("t.csv", at(TABLE, 3, "system", "robot"), r"t\.csv:3: unknown role 'robot'"),
        ("t.csv", at(TABLE, 6, "c1,4", "c1,2"), r"t\.csv:6: turn 2 comes after turn 3"),
        ("t.csv", at(TABLE, 6, "c1,4", "c1,four"), r"t\.csv:6: turn is 'four'"),
        ("t.csv", at(TABLE, 5, ",", ";"), r"t\.csv:5: 1 values, the header has 9"),
        (
            "t.csv",
            at(TABLE, 1, "item,", "items,"),
            r"t\.csv:1: unknown column 'items'.*mean 'item'",
        ),
        ("t.csv", at(TABLE, 1, ",text", ",turn"), r"t\.csv:1: the column 'turn' comes twice"),
        ("t.csv", "conversation,turn,text\n", r"t\.csv:1: the column 'role' is missing"),
        ("t.csv", TABLE.splitlines()[0], r"t\.csv:1: no turns in it"),
        ("t.csv", "", r"t\.csv:1: the column 'conversation' is missing; the header has nothing"),
        (
            "t.csv",
            TABLE[: TABLE.index("something")],
            r"t\.csv:2: cut in the middle, inside quotation marks",
        ),
        (
            "t.csv",
            TABLE[: TABLE.index("Green?") + 3],
            r"t\.csv:7: 5 values, the header has 9; the file was cut",
        ),
        (
            "t.csv",
            "\n".join(
                [TABLE.splitlines()[0], "c,0,user,,Hello,,,,", "c,1,system,,Yes,,,,"],
            ),
            r"t\.csv:1: no turn has an act",
        ),
        ("t.csv", TABLE + "c1,9,user,neutral,Again,u1,,,\n", r"t\.csv:16: .*goes on after another"),
        (
            "i.json",
            IARD_TEXT.replace('"REC-E"', '"REC-X"'),
            rf"i\.json:{UNKNOWN_LINE}: .*unknown intent",
        ),
        (
            "i.json",
            IARD_TEXT.replace('"seeker"', '"sneaker"', 1),
            r"i\.json:10: .*unknown role 'sneaker'",
        ),
        (
            "i.json",
            IARD_TEXT.replace('"utterance_text"', '"text"', 1),
            r"i\.json:7: .*lacks 'utterance_text'",
        ),
        (
            "i.json",
            IARD_TEXT.replace('[\n     "INQ"\n    ]', "[]"),
            r"i\.json:\d\d: .*a turn without an intent",
        ),
        (
            "i.json",
            IARD_TEXT[:900],
            r"i\.json:\d\d: (the file is cut in the middle|not valid JSON)",
        ),
        ("i.json", "{}", r"i\.json:1: no dialogues of a known kind"),
        ("i.json", " ", r"i\.json:1: it is empty"),
        ("i.json", "[" * 100_000, r"i\.json:1: (nested too deeply|the file is cut)"),
        (
            "r.jsonl",
            json.dumps(REDIAL[0]) + "\n" + json.dumps(REDIAL[1])[:200],
            r"r\.jsonl:2: (the file is cut in the middle|not valid JSON)",
        ),
        (
            "r.jsonl",
            json.dumps(REDIAL[0]) + "\n\n" + json.dumps({"messages": []}),
            r"r\.jsonl:3: not a dialogue of ReDial",
        ),
        (
            "r.jsonl",
            json.dumps(redial(1, [(1, 0, 7)])),
            r"r\.jsonl:1: dialogue 1, film 0: liked is 7, not 0, 1 or 2",
        ),
        (
            "l.json",
            json.dumps(LAPS, indent=1).replace('"User"', '"Person"', 1),
            r"l\.json:14: .*unknown role",
        ),
    ],
)
def test_a_faulty_file_names_the_line(tmp_path, name, text, told):
    write(tmp_path, name, text)
    with pytest.raises(ImportDataError, match=told):
        read_people(tmp_path)


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("cp1252", r"t\.csv:6: the byte 0xe9 is not UTF-8"),
        ("utf-16", r"t\.csv:1: UTF-16 text"),
        ("utf-16-le", r"t\.csv:1: a NUL character"),
    ],
)
def test_another_encoding_is_told(tmp_path, encoding, told):
    text = TABLE if encoding == "utf-16-le" else at(TABLE, 6, "Know", "Déjà vu: know")
    write(tmp_path, "t.csv", text, encoding)
    with pytest.raises(ImportDataError, match=told):
        read_people(tmp_path)


def test_a_character_that_was_cut_in_two_is_told(tmp_path):
    (tmp_path / "t.csv").write_bytes((TABLE + "c3,0,user,neutral,é").encode()[:-1])
    with pytest.raises(ImportDataError, match=r"t\.csv:16: the byte 0xc3 is not UTF-8"):
        read_people(tmp_path)


def test_a_folder_without_dialogues_is_told(tmp_path):
    (tmp_path / "README.md").write_text("nothing")
    with pytest.raises(ImportDataError, match="holds no dialogues"):
        read_people(tmp_path)
    with pytest.raises(ImportDataError, match="does not exist"):
        read_people(tmp_path / "nowhere")


def test_the_command_counts_prints_and_writes(tmp_path):
    write(tmp_path, "a.json", IARD_TEXT)
    write(tmp_path, "b.csv", TABLE)
    out = tmp_path / "card.toml"
    result = CliRunner().invoke(app, ["audit", "--human", str(tmp_path), "--write", str(out)])
    assert result.exit_code == 0, result.output
    assert "IARD: 2 conversations" in result.output
    assert "knows an item already: 25 %" in result.output
    card = figures(out)
    assert {figure.collection for figure in card.figure} == {"IARD", "b"}
    assert {figure.value for figure in card.of("seen")} == {0.25, 0.3333}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "name a kind of users"),
        (["--write", "x.toml"], "--write goes with --human"),
        (["ideal", "CPR-LastFM-Small", "more"], "are 3 names"),
        (["CPR-LastFM-Small", "ideal", "--users", "human"], "an environment beside --users"),
        (["--users", ","], "name a population"),
        (["ideal", "--figures", "peopel"], "Did you mean 'people'"),
    ],
)
def test_a_wrong_call_teaches(given, told):
    result = CliRunner().invoke(app, ["audit", *given])
    assert isinstance(result.exception, RecosimError)
    assert told in str(result.exception)


def test_every_act_has_a_tag():
    for acts, known, tags in (
        (USER_ACTS, USER_TAGS_OF, USER_TAGS),
        (USER_ACTS, USER_TAGS_OF | IN_IARD, USER_TAGS),
        (SYSTEM_ACTS, SYSTEM_TAGS_OF, SYSTEM_TAGS),
    ):
        assert known.keys() <= acts.keys()
        assert {tag for act in acts for tag in known.get(act, (act,))} <= tags.keys()


@pytest.mark.skipif(not HUMAN.is_dir(), reason="../shared/data/human is not there")
def test_what_ships_is_what_the_collections_say():
    """The halves that may be used here, counted afresh, beside the figures of the whole."""
    found = {collection.name: count(collection) for collection in read_people(HUMAN)}
    shipped = figures()
    compared = 0
    for name, measures in found.items():
        for measure, entry in measures.items():
            for figure in shipped.of(measure):
                if figure.collection == name:
                    low, high = figure.ends
                    assert entry["low"] <= high, (name, measure)
                    assert low <= entry["high"], (name, measure)
                    compared += 1
    assert compared > 18
