"""Language models in searches: they speak for users, decide for them, or are the system."""

from __future__ import annotations

import numpy as np
import pytest

from recosim.acts import Answer, Edit, Leave, Moves, React, Verb
from recosim.agents.llm import LLMAgent
from recosim.bench.rollout import play_batch
from recosim.chat import Chat, ChatSettings, ScriptedBackend
from recosim.envs.convsim.acts import ACTS
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.envs.talk import Talk
from recosim.language.search_language import title_of
from recosim.users import LLMSettings, Population
from recosim.users.llm import LLMSpeaker
from recosim.users.occasions import load_occasions, save_occasions

WORLD = "lastfm-small-search"
PATIENT = ChatSettings(model="scripted", attempts=1, pause=0.0, longest_pause=0.0, reasks=0)
LIVELY = {"cooperativeness": 0.7, "feedback": "edit", "vague": 0.5, "patience": 9, "off_topic": 0.1,
          "satisfied_share": 0.9}  # fmt: skip
SEARCHES, MOVES = 6, 12


class Spy(LLMSpeaker):
    """Keeps the occasions and the requests of decisions and of words."""

    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self.asked, self.worded = [], []

    def _question(self, occasion):
        request = super()._question(occasion)
        self.asked.append((occasion, request))
        return request

    def _request(self, draft, attempt):
        request = super()._request(draft, attempt)
        self.worded.append((draft.occasion, request))
        return request


def prompt_of(request):
    return "\n".join(text for _, text in request.messages)


def faithful(request):
    """Words that say what is meant, and valid decisions of all kinds."""
    form = request.schema()["properties"]
    if set(form) == {"words"}:
        meant = request.messages[1][1].rpartition("You mean: ")[2]
        return {"words": meant.removesuffix(" Say it plainly, in a few words.")}
    rng = np.random.default_rng(request.seed)
    out = {}
    for name, field in form.items():
        if name == "thumbs":
            out[name] = [str(rng.choice(("up", "down"))) for _ in range(field["minItems"])]
        elif name == "missing":
            choices = field["items"].get("enum") or [field["items"]["const"]]
            out[name] = [str(word) for word in rng.permutation(choices)[: rng.integers(0, 3)]]
        elif name == "satisfied":
            out[name] = str(rng.choice(("yes", "no"), p=(0.1, 0.9)))
        else:
            out[name] = str(rng.choice(field["enum"]))
    return out


def broken(request):
    return "no answer that could be read"


def searches(function, settings=LIVELY, **llm):
    """(speaker, batch, plain batch, talk, trace) of searches in which a function speaks for users.

    The plain ones take the same moves and are answered by the rules.
    """
    users = Population("searching", settings, llm=LLMSettings(workers=1, **llm))
    setup = Setup.prepare("convsim", world=WORLD, split="test", users=users)
    language = ACTS.language(setup.world, setup.protocol)
    chat = Chat(ScriptedBackend(function, PATIENT))
    speaker = Spy(setup.world, users, chat, language=language)
    rules = Setup.prepare("convsim", world=WORLD, split="test", users=Population("r", settings))
    batch, plain = setup.batch(SEARCHES, threads=1), rules.batch(SEARCHES, threads=1)
    for each in (batch, plain):
        each.open(seeds=np.arange(SEARCHES, dtype=np.uint64), conversations=np.arange(SEARCHES))
    talk, recorder = Talk(batch, speaker, ACTS), Recorder(batch)
    talk.open(np.ones(SEARCHES, dtype=bool))
    recorder.record(words=talk.words)
    n = batch.n_askables
    for k in range(MOVES):
        if batch.arrays["done"].all():
            break
        wanted = (n, 0, n - 1, n + 1, 3, n)[k % 6]
        codes = np.where(batch.legal_actions()[:, wanted] == 1, wanted, n)
        moves = Moves.from_flat(codes, n, verbs=batch.verbs)
        running = batch.arrays["done"] == 0
        talk.step(moves)
        if llm.get("decides") != "answers" or function is broken:
            plain.pose(moves)
            plain.answer()
            plain.settle()
        recorder.record(running, talk.words)
    return speaker, batch, plain, talk, recorder.trace()


def same(batch, plain):
    other = plain.state()
    for name, array in batch.state().items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


def titles_in(text, world, items):
    return [v for v in items if title_of(world, v) in text]


def test_a_model_that_words_searches_changes_nothing_of_them():
    speaker, batch, plain, talk, trace = searches(faithful)
    same(batch, plain)
    report = speaker.report()
    assert report["by"]["llm"] == len(speaker.worded) > 3 * SEARCHES
    assert report["by"]["template"] == SEARCHES, "openings are said word for word"
    assert report["fallbacks"] == {}
    assert report["decisions"]["made"] == 0
    topics = batch.world.topics
    for b in range(SEARCHES):
        assert talk.lines[b][0].text == topics.utterances[batch.arrays["need"][b]]
    rows = trace.table.to_pylist()
    assert all(row["said"] for row in rows if row["verb"] in (Verb.ASK, Verb.RECOMMEND))


def test_prompts_hold_the_need_and_no_title_no_judgement_and_no_answer():
    speaker, batch, *_ = searches(faithful, decides="answers")
    world = batch.world
    needs = set(map(str, world.topics.needs))
    asked = [*speaker.asked, *speaker.worded]
    assert len(speaker.asked) > 3 * SEARCHES
    for occasion, request in asked:
        text = prompt_of(request)
        assert occasion.search.need in text
        assert occasion.search.need in needs
        assert not titles_in(text, world, range(world.n_items))
        assert "[i" not in text
    listed = [text for _, r in asked if "(a list of documents)" in (text := prompt_of(r))]
    assert listed, "lists that were shown before are in the prompts without their titles"


@pytest.mark.parametrize(
    "words",
    ["Not at all, and I would like to know about xylophones.", "I give up.", "Banana."],
)
def test_words_that_say_something_else_are_not_said(words):
    speaker, batch, plain, *_ = searches(lambda request: {"words": words})
    same(batch, plain)
    fallbacks = speaker.report()["fallbacks"]
    assert sum(fallbacks.values()) > 0
    assert set(fallbacks) <= {"contradiction", "another_act", "unread"}


def test_the_title_of_a_judged_document_is_never_said():
    judged = {}

    def tells(request):
        meant = faithful(request)["words"]
        return {"words": f"{meant} Is it not in {judged['title']}?"}

    setup = Setup.prepare("convsim", world=WORLD, split="test")
    batch = setup.batch(1, threads=1)
    batch.open(seeds=[0], conversations=[0])
    relevant = ACTS.hidden(batch, 0).secrets
    assert set(relevant) <= set(batch.collection.judgements.of(int(batch.arrays["need"][0])))
    judged["title"] = setup.world.item_names[relevant[0]]
    speaker, _, _, talk, _ = searches(tells)
    report = speaker.report()
    assert sum(report["leaks"].values()) >= 2, "the first try, and the second"
    assert report["fallbacks"]["leak"] >= 1
    users = [line.text for line in talk.lines[0] if line.who == "user"]
    assert len(users) > 2
    assert not any(judged["title"] in text for text in users)


def test_a_model_decides_what_is_answered():
    speaker, batch, _, _, trace = searches(faithful, decides="answers")
    report = speaker.report()
    decisions = report["decisions"]
    assert decisions["made"] == len(speaker.asked)
    assert decisions["left_to_the_rules"] == 0
    assert decisions["as_the_rules"] < decisions["made"]
    assert decisions["facts"]["question"]["contradicts"] > 0
    assert set(decisions["facts"]) == {"question", "facet", "list"}
    rows = trace.table.to_pylist()
    answered = [row for row in rows if row["verb"] in (Verb.ASK, Verb.RECOMMEND)]
    assert len(answered) == len(speaker.asked)
    said = {type(act) for occasion, _ in speaker.asked for act in occasion.acts}
    assert said >= {Answer, React, Edit}
    need_terms = {term for occasion, _ in speaker.asked for term in occasion.wants}
    named = {term for row in answered for term in row["named"]}
    assert named
    assert named <= need_terms, "what is missing is of the need"
    language = ACTS.language(batch.world, batch.protocol)
    for row in answered:
        context = ACTS.context(row, batch.protocol)
        kinds = [type(act) for act in language.parser.parse_turn(row["said"], context)]
        wished = [type(act) for act in ACTS.user_acts(row) if not isinstance(act, React)]
        assert set(wished) <= set(kinds)


def test_without_valid_decisions_the_rules_decide():
    speaker, batch, plain, *_ = searches(broken, decides="answers")
    same(batch, plain)
    decisions = speaker.report()["decisions"]
    assert decisions["made"] == 0
    assert decisions["left_to_the_rules"] == len(speaker.asked) > 0
    assert speaker.report()["by"]["llm"] == 0


def test_what_a_model_may_say_is_what_its_user_may():
    for feedback, has, lacks in (
        ("binary", set(), {"missing", "wrong"}),
        ("critique", {"missing"}, {"wrong"}),
        ("edit", {"missing", "wrong"}, set()),
    ):
        speaker, *_ = searches(
            faithful, {**LIVELY, "feedback": feedback, "satisfied_share": 2.0}, decides="answers"
        )
        lists = [
            set(request.schema()["properties"])
            for _, request in speaker.asked
            if "thumbs" in request.schema()["properties"]
        ]
        assert lists
        assert all(not lacks & form for form in lists)
        assert not has or any(has <= form for form in lists)


def test_who_is_satisfied_by_a_model_goes():
    def content(request):
        form = request.schema()["properties"]
        if "thumbs" not in form:
            return faithful(request)
        n = form["thumbs"]["minItems"]
        empty = {"missing": [], "wrong": "nothing"}
        decided = {"thumbs": ["down", *["up"] * (n - 1)], "satisfied": "yes"}
        return decided | {name: value for name, value in empty.items() if name in form}

    speaker, batch, *_ = searches(content, decides="answers")
    assert batch.arrays["terminated"].all()
    assert (batch.arrays["leaving"] == 1).all()
    assert (batch.arrays["lists"] == 1).all()
    assert all(act.acts[-1] == Leave("satisfied") for act in decided(speaker, batch))


def decided(speaker, batch):
    """What was decided on the lists, decided again from the occasions that were kept."""
    lists = [occasion for occasion, _ in speaker.asked if occasion.context.items]
    assert len(lists) == batch.size
    return speaker.decide(lists)


def test_occasions_of_searches_are_kept_in_files(tmp_path):
    speaker, batch, *_ = searches(faithful, decides="answers")
    occasions = [occasion for occasion, _ in speaker.asked]
    save_occasions(tmp_path / "occasions.jsonl", occasions, batch.world)
    assert load_occasions(tmp_path / "occasions.jsonl", batch.world) == occasions


# ---- a model as the system -----------------------------------------------------------------------


def test_a_language_model_is_the_system():
    seen = []

    def anything(request):
        seen.append(request.messages[1][1])
        rng = np.random.default_rng(request.seed)
        form = request.schema()["properties"]
        labels = form["items"]["items"].get("enum", [])
        chosen = [str(label) for label in rng.permutation(labels)[: rng.integers(0, 3)]]
        return {"why": "so", "move": str(rng.choice(form["move"]["enum"])), "items": chosen}

    users = Population("searching", LIVELY)
    setup = Setup.prepare("convsim", world=WORLD, split="test", users=users)
    agent = LLMAgent(chat=Chat(ScriptedBackend(anything, PATIENT)))
    batch = setup.batch(8, threads=1, raise_illegal=True)
    agent.bind(batch)
    recorder, units = Recorder(batch), setup.units().table
    play_batch(batch, agent, units, np.arange(8), 0, recorder)
    trace = recorder.trace("llm", 0)
    assert len(trace.episodes()) == 8
    assert agent.report()["moves_of_the_rule"] == 0
    verbs = set(trace.column("verb").tolist())
    assert verbs >= {Verb.ASK, Verb.RECOMMEND, Verb.REFLECT}
    rows = trace.table.to_pylist()
    assert {row["term"] >= 0 for row in rows if row["verb"] == Verb.ASK} == {True, False}
    text = "\n".join(seen)
    needs = {" ".join(setup.world.topics.needs[row["need"]].split()) for row in rows}
    assert not [need for need in needs if need in text]
    assert "nDCG" not in text
    assert "reward" not in text, "rewards follow from the judgements"
    assert "ask what else there is" in text
    assert "The query: " in text
