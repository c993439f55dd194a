"""Recorded occasions: written and read back, and decided by functions in the place of a model."""

from __future__ import annotations

import pytest

from recosim.acts import Recommend
from recosim.audit.decisions import agreement, record_occasions
from recosim.chat import Chat, ScriptedBackend
from recosim.envs.setup import Setup
from recosim.errors import OptionError
from recosim.users import LLMSettings, Population
from recosim.users.facts import kind_of
from recosim.users.llm import LLMSpeaker
from recosim.users.occasions import load_occasions, save_occasions
from recosim.world.catalog import open_world


@pytest.fixture(scope="module")
def setup():
    users = {"patience": 9, "answer_noise": 0.2, "cooperativeness": 0.5}
    return Setup.prepare("cpr", world="lastfm-small", split="test", users=users)


@pytest.fixture(scope="module")
def occasions(setup):
    return record_occasions(setup, agent="max_entropy", conversations=20)


def decided(setup, occasions, function):
    chat = Chat(ScriptedBackend(function))
    users = Population("made", llm=LLMSettings(decides="answers", workers=1, chat=chat))
    speaker = LLMSpeaker(setup.world, users)
    decisions = speaker.decide(occasions)
    facts = speaker.report()["decisions"]["facts"]
    assert facts == {
        kind: {verdict: round(share["value"] * share["of"]) for verdict, share in shares.items()}
        for kind, shares in agreement(occasions, decisions).items()
    }
    return agreement(occasions, decisions)


def test_occasions_go_into_a_file_and_back(setup, occasions, tmp_path):
    path = tmp_path / "occasions.jsonl"
    save_occasions(path, occasions, setup.world)
    assert len(occasions) > 60
    assert load_occasions(path, setup.world) == occasions
    with pytest.raises(OptionError, match="occasions of the world lastfm-small"):
        load_occasions(path, open_world("yelp-small"))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], lines[3][:40]]) + "\n")
    with pytest.raises(OptionError, match=r"occasions\.jsonl:4: not an occasion"):
        load_occasions(path, setup.world)
    path.write_text("[]\n")
    with pytest.raises(OptionError, match=r"occasions\.jsonl:1: not a file of occasions"):
        load_occasions(path, setup.world)


def test_who_always_says_no_contradicts_what_is_wanted_and_refuses_what_fits(setup, occasions):
    def never(request):
        takes = {"nearest": "1", "lacks": "nothing", "takes": "none"}
        return takes if "takes" in request.schema()["properties"] else {
            "found": "none", "answer": "no",
        }  # fmt: skip

    found = decided(setup, occasions, never)
    asked = [o for o in occasions if kind_of(o) == "question"]
    wanted = sum(o.context.answers.attributes[0] in o.wants for o in asked)
    assert found["question"]["contradicts"]["value"] == pytest.approx(wanted / len(asked))
    has = [set(setup.world.item_attributes.row(v).tolist()) for v in range(setup.world.n_items)]
    lists = [o for o in occasions if isinstance(o.context.answers, Recommend)]
    fits = sum(any(has[v] == set(o.wants) for v in o.context.items) for o in lists)
    assert fits > 0
    assert found["list"]["contradicts"]["value"] == pytest.approx(fits / len(lists))


def test_what_was_not_decided_is_left_out(setup, occasions):
    assert decided(setup, occasions[:20], lambda request: "What?") == {}


def test_evidence_is_written_before_the_answer(setup, occasions):
    fields = set()

    def noting(request):
        fields.add(tuple(request.schema()["properties"]))
        return "What?"

    decided(setup, occasions, noting)
    assert fields == {("found", "answer"), ("nearest", "lacks", "takes")}
