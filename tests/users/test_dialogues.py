"""Dialogues of people: what the readers make of each collection, and what they refuse."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from recosim.errors import ImportDataError, UnknownNameError
from recosim.users.dialogues import (
    SYSTEM_ACTS,
    USER_ACTS,
    Did,
    Judgement,
    dialogue_form,
    read_dialogues,
)
from recosim.users.dialogues.turns import COLUMNS

HUMAN = Path(__file__).parents[3] / "shared" / "data" / "human"

TURNS = """conversation,user,turn,role,act,item,attributes,text,liked
a,ann,1,user,request,,folk;quiet,"folk, and quiet",2
a,ann,2,recommender,recommend,7;8,,,
a,ann,3,seeker,seen;want,7,,,
a,ann,3,seeker,criticise,8,loud,,
b,,1,user,request,,,,
"""


def iard(turns, name="1"):
    said = {
        f"T{k}": {
            "utterance_pos": k,
            "worker_id": 3 if role == "seeker" else 4,
            "role": role,
            "utterance_text": text,
            "top-level intent/action": [],
            "sub-intent/action": intents,
        }
        for k, (role, text, intents) in enumerate(turns, start=1)
    }
    return {name: {"accepted_recommendation": [], "dialogue_info": said}}


def redial(**changes):
    entry = {
        "conversationId": "9",
        "initiatorWorkerId": 5,
        "respondentWorkerId": 6,
        "movieMentions": {"1": "A", "2": "B"},
        "messages": [
            {"senderWorkerId": 5, "text": "something like @2 please"},
            {"senderWorkerId": 6, "text": "@1 then"},
        ],
        "initiatorQuestions": {
            "1": {"suggested": 1, "seen": 0, "liked": 2},
            "2": {"suggested": 0, "seen": 1, "liked": 1},
        },
        "respondentQuestions": {},
    }
    return entry | changes


def written(folder, name, text):
    path = folder / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return path


def test_iard_as_acts(tmp_path):
    path = written(
        tmp_path,
        "iard.json",
        iard(
            [
                ("seeker", "anything like @12 <X (1999)>?", ["IQU"]),
                ("recommender", "try @13 <Y> or @14 <Z>", ["REC-S", "EXP-I", "REC-E"]),
                ("seeker", "know them. Something newer", ["SEE", "CRI-F", "OTH"]),
            ]
        ),
    )
    assert dialogue_form(path) == "iard"
    (dialogue,) = read_dialogues(path)
    assert (dialogue.name, dialogue.user, dialogue.has_acts) == ("1", "3", True)
    opening, reply = dialogue.replies()
    assert opening.first
    assert opening.said.act("request") == Did("request", ("12",))
    assert reply.told_kinds == {"recommend", "explain"}
    assert reply.told[0].act("recommend").items == ("13", "14")
    assert [act.kind for act in reply.said.acts] == ["seen", "criticise", "courtesy"]
    assert reply.said.labels == ("SEE", "CRI-F", "OTH")
    assert dialogue.titles == {"12": "X (1999)", "13": "Y", "14": "Z"}


def test_redial_as_judgements_in_the_order_of_the_talk(tmp_path):
    path = written(tmp_path, "r.jsonl", json.dumps(redial()) + "\n\n")
    assert dialogue_form(path) == "redial"
    (dialogue,) = read_dialogues(path)
    assert list(dialogue.judged) == ["2", "1"]
    assert dialogue.judged["1"] == Judgement(suggested=True, seen=False, liked=None)
    assert [turn.role for turn in dialogue.turns] == ["user", "system"]
    assert dialogue.turns[0].items == ("2",)
    assert not dialogue.has_acts


def test_laps_as_one_dialogue_a_session(tmp_path):
    spoken = [
        {"role": "User", "turn_number": 0, "message": "hello"},
        {"role": "Assistant", "turn_number": 1, "message": "hello"},
    ]
    people = [
        {"worker_id": "w", "topic": "film", "sessions": [{"dialogue": spoken}, {"dialogue": []}]}
    ]
    path = written(tmp_path, "laps.json", people)
    first, second = read_dialogues(path)
    assert (first.name, second.name, first.user) == ("0/0", "0/1", "w")
    assert [turn.role for turn in first.turns] == ["user", "system"]


def test_turns_of_a_csv(tmp_path):
    first, second = read_dialogues(written(tmp_path, "t.csv", TURNS))
    assert (first.user, second.user) == ("ann", "b")
    _, reply = first.replies()
    assert reply.told[0].act("recommend") == Did("recommend", ("7", "8"))
    assert reply.said.acts == (
        Did("seen", ("7",)),
        Did("want", ("7",)),
        Did("criticise", ("8",), ("loud",)),
    )
    assert first.turns[0].act("request").attributes == ("folk", "quiet")
    assert first.turns[2].attributes == ("loud",)
    assert (first.liked, second.liked) == (2, None)


def test_columns_and_acts_may_be_in_capitals_and_text_may_hold_any_line_break(tmp_path):
    text = 'Conversation,Turn,Role,Act,Text\na,1,User,Request,one\u2028two\na,2,system,ask,"x\ny"\n'
    path = written(tmp_path, "t.csv", text)
    assert dialogue_form(path) == "turns"
    (dialogue,) = read_dialogues(path)
    assert [turn.text for turn in dialogue.turns] == ["one\u2028two", "x\ny"]


def test_the_page_names_every_column_and_act():
    page = (Path(__file__).parents[2] / "docs" / "dialogues.md").read_text(encoding="utf-8")
    columns, users, systems = (
        set(re.findall(r"^\| `(\w+)`", part, flags=re.MULTILINE))
        for part in re.split(r"^\| act of the \w+ \|", page, flags=re.MULTILINE)
    )
    assert (columns, users, systems) == (set(COLUMNS), set(USER_ACTS), set(SYSTEM_ACTS))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("t.csv", TURNS.replace("seen;want", "sen"), ":4: unknown act of the user 'sen'.*'seen'"),
        ("t.csv", TURNS.replace("recommender", "robot"), ":3: unknown role 'robot'"),
        ("t.csv", TURNS.replace("ann,2", "ann,two"), ":3: turn is 'two'"),
        ("t.csv", TURNS.replace("a,ann,2", "a,bob,2"), ":3: .*two users"),
        ("t.csv", TURNS.replace("a,ann,3", "a,ann,0", 1), ":4: turn 0 comes after turn 2"),
        ("t.csv", TURNS + "a,ann,4,user,accept,,,,\n", ":7: .*goes on after another"),
        ("t.csv", TURNS.replace(",attributes", ",atributes", 1), "unknown column 'atributes'"),
        (
            "t.csv",
            TURNS.replace("b,,1,user,request,,,,", "b,,1,user"),
            ":6: 4 values.*the file was cut",
        ),
        ("t.csv", TURNS + 'b,,2,user,accept,,,,"and\nmore', ":7: cut in the middle"),
        ("t.csv", TURNS.replace(",2\n", ",two\n"), ":2: liked is 'two'"),
        (
            "i.json",
            json.dumps(iard([("seeker", "x", ["YES"])])),
            "turn T1: unknown intent of the seeker 'YES'",
        ),
        ("i.json", json.dumps(iard([("robot", "x", ["OTH"])])), "unknown role 'robot'"),
        (
            "i.json",
            json.dumps(iard([("seeker", "x", ["OTH"])]), indent=1)[:90],
            "cut in the middle",
        ),
        ("i.json", '{"1": {"dialogue_info": {"T1": 3}}}', "T1 is 3; a JSON object"),
        ("i.json", json.dumps(iard([("seeker", "x", [])])), "T1: a turn without an intent"),
        ("i.json", " ", ":1: it is empty"),
        ("i.json", "[" * 100_000, "nested too deeply"),
        ("r.jsonl", json.dumps(redial()) + "\n" + json.dumps(redial())[:99], ":2: .*cut in"),
        ("r.jsonl", json.dumps(redial(messages=3)), ":1: .*messages is 3"),
        ("r.jsonl", json.dumps(redial(movieMentions=3)), "is 3, which is no JSON object or list"),
        ("r.jsonl", json.dumps(redial()).replace('"liked": 2', '"liked": 5'), "liked is 5"),
        ("r.jsonl", "\n".join([json.dumps(redial())] * 2), "two dialogues are called '9'"),
        ("r.jsonl", "", "no dialogue in it"),
        ("x.json", '{"a": 1}', "not a file of dialogues"),
        ("x.txt", "hello", "not a file of dialogues"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, name, text, told):
    path = written(tmp_path, name, text)
    with pytest.raises(ImportDataError, match=told):
        read_dialogues(path)


@pytest.mark.parametrize("name", ["t.csv", "r.jsonl", "i.json"])
def test_other_encodings_are_refused_with_their_line(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"one\ntwo \xe9t\xe9\n")
    with pytest.raises(ImportDataError, match=f"{name}:2: the byte 0xe9 is not UTF-8"):
        read_dialogues(path)
    path.write_bytes("zwei".encode("utf-16"))
    with pytest.raises(ImportDataError, match="UTF-16"):
        read_dialogues(path)


def test_missing_files_and_forms_that_do_not_exist(tmp_path):
    with pytest.raises(ImportDataError, match="no such file"):
        read_dialogues(tmp_path / "gone.csv")
    with pytest.raises(UnknownNameError, match="iard"):
        read_dialogues(written(tmp_path, "t.csv", TURNS), "iardd")


def human(name):
    if not (HUMAN / name).is_file():
        pytest.skip(f"the collection {name} is not at {HUMAN}")
    return read_dialogues(HUMAN / name)


def test_real_iard_has_the_shares_that_were_counted():
    found = Counter[str]()
    n = 0
    for dialogue in human("iard_half.json"):
        for reply in dialogue.replies():
            if "recommend" in reply.told_kinds:
                n += 1
                found.update(reply.said.kinds)
    # Of all of IARD 36, 24, 18 and 10 %; this is a half of it.
    for kind, share in (("seen", 0.36), ("accept", 0.24), ("reject", 0.18), ("inquire", 0.10)):
        assert found[kind] / n == pytest.approx(share, abs=0.035)


def test_real_redial_and_laps_are_read_whole():
    dialogues = human("redial_valid_half.jsonl")
    assert len(dialogues) == 516
    suggested = [j for d in dialogues for j in d.judged.values() if j.suggested]
    assert sum(j.liked is True for j in suggested) / len(suggested) == pytest.approx(0.78, abs=0.02)
    assert len(human("laps_movie_train.json")) == 290
