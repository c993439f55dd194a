"""A language model lives lives: words for what the rules decide, or one decision a move."""

from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

from recosim.acts import Level, Moves, Recommend, Verb
from recosim.chat import Chat, ChatSettings, ScriptedBackend
from recosim.envs.recorder import Recorder
from recosim.envs.recoworld.acts import ACTS
from recosim.envs.setup import Setup
from recosim.envs.talk import Talk
from recosim.errors import UnknownNameError
from recosim.users import LLMSettings, Population
from recosim.users.llm import LLMSpeaker
from recosim.users.population import population

PATIENT = ChatSettings(model="scripted", attempts=1, pause=0.0, longest_pause=0.0, reasks=0)
LIVELY = {"tolerance": 0.4, "conditional": 0.5, "feedback": "instruction", "examination": 0.9,
          "session_hazard": 0.1}  # fmt: skip
LIVES, MOVES = 3, 24
NAMES = ("skip", "seen", "click", "like", "love")


class Spy(LLMSpeaker):
    """Keeps the occasions and the requests of decisions."""

    def __init__(self, *args):
        super().__init__(*args)
        self.asked, self.worded = [], []

    def _question(self, occasion):
        request = super()._question(occasion)
        self.asked.append((occasion, request))
        return request

    def _request(self, draft, attempt):
        request = super()._request(draft, attempt)
        self.worded.append((draft.occasion, request))
        return request


def faithful(request):
    """Words that say what is meant, and decisions of all kinds that are valid."""
    form = request.schema()["properties"]
    if set(form) == {"thought", "words"}:
        meant = request.messages[1][1].rpartition("You mean: ")[2]
        return {
            "thought": "so be it",
            "words": meant.removesuffix(" Say it plainly, in a few words."),
        }
    rng = np.random.default_rng(request.seed)
    out = {"mindset": "something new", "leave": "no", "words": "Well."}
    for name, field in form.items():
        if name == "items":
            n = int(rng.integers(1, field["maxItems"] + 1))
            out[name] = [
                {"level": str(rng.choice(NAMES)), "share": int(rng.choice((25, 50, 100)))}
                for _ in range(n)
            ]
        elif name == "leave":
            out[name] = str(rng.choice(field["enum"], p=[0.85, 0.05, 0.05, 0.05]))
        elif "enum" in field:
            out[name] = str(rng.choice(field["enum"]))
    return out


def lives(function, **llm):
    """(speaker, batch, plain batch, talk, trace) of lives that a function speaks for.

    The plain ones take the same moves and are answered by the rules.
    """
    users = Population("lived", LIVELY, llm=LLMSettings(workers=1, **llm))
    setup = Setup.prepare("recoworld", world="lastfm-small", users=users)
    speaker = Spy(setup.world, users, Chat(ScriptedBackend(function, PATIENT)))
    rules = Setup.prepare("recoworld", world="lastfm-small", users=Population("ruled", LIVELY))
    batch, plain = setup.batch(LIVES), rules.batch(LIVES)
    for each in (batch, plain):
        each.open(seeds=np.arange(LIVES, dtype=np.uint64), conversations=np.arange(LIVES))
    talk, recorder = Talk(batch, speaker, ACTS), Recorder(batch)
    talk.open(np.ones(LIVES, dtype=bool))
    recorder.record(words=talk.words)
    n = batch.n_askables
    for k in range(MOVES):
        wanted = (n, n, k % n, n, n + 1, n + 2)[k % 6]
        codes = np.where(batch.legal_actions()[:, wanted] == 1, wanted, n)
        moves = Moves.from_flat(codes, n, verbs=batch.verbs, reasons=batch.n_reasons)
        running = batch.arrays["done"] == 0
        talk.step(moves)
        if llm.get("decides") != "answers" or function is broken:
            plain.pose(moves)
            plain.answer()
            plain.settle()
        recorder.record(running, talk.words)
    return speaker, batch, plain, talk, recorder.trace()


def broken(request):
    return "no answer that could be read"


def same(batch, plain):
    for name, array in batch.state().items():
        if name not in ("felt", "best", "mindset_before", "satiation_before"):  # scratch
            other = plain.state()[name]
            np.testing.assert_array_equal(array, other, err_msg=name)


def test_a_model_that_words_lives_changes_nothing_of_them():
    speaker, batch, plain, talk, trace = lives(faithful)
    same(batch, plain)
    report = speaker.report()
    assert report["by"]["llm"] > 0.9 * report["utterances"] > 0
    assert report["decisions"]["made"] == 0
    assert "so be it" in talk.thoughts
    thought = [request for _, request in speaker.worded if "You thought: so be it" in said(request)]
    assert thought
    back = [text for text in trace.column("said") if text and "\n" in text]
    assert len(back) == int(batch.arrays["session"].sum())


@pytest.mark.parametrize("words", ["I loved all of it, and I never come back."])
def test_words_that_say_something_else_are_not_said(words):
    speaker, batch, plain, _, _ = lives(lambda request: {"thought": "hm", "words": words})
    same(batch, plain)
    fallbacks = speaker.report()["fallbacks"]
    assert sum(fallbacks.values()) > 0
    assert set(fallbacks) <= {"contradiction", "another_act", "unread"}


def test_a_model_decides_a_move_in_one_call():
    speaker, batch, _, _, trace = lives(faithful, decides="answers")
    report = speaker.report()
    rows = trace.table.to_pylist()
    decided = [row for row in rows if row["verb"] in (Verb.ASK, Verb.RECOMMEND, Verb.REFLECT)]
    assert report["decisions"]["made"] == len(speaker.asked) == len(decided)
    assert report["decisions"]["left_to_the_rules"] == 0
    worded = [occasion for occasion, _ in speaker.worded]
    assert all(occasion.context.answers is None or not decides(occasion) for occasion in worded)
    lists = [row for row in decided if row["verb"] == Verb.RECOMMEND]
    shares = {
        round(minutes / float(batch.arrays["length"][item]), 2)
        for row in lists
        for item, level, minutes in zip(row["items"], row["levels"], row["minutes"], strict=True)
        if level >= Level.CLICK
    }
    assert shares <= {0.25, 0.5, 1.0}
    assert len(shares) > 1
    assert {level for row in lists for level in row["levels"]} >= {-1, 0, 2, 3, 4}
    assert {row["ended"] for row in rows} > {0}
    assert any(row["given"] for row in rows)


def decides(occasion):
    return isinstance(occasion.context.answers, Recommend)


def said(request):
    return request.messages[1][1]


def test_prompts_tell_taste_past_and_what_was_heard():
    speaker, batch, _, _, _ = lives(faithful, decides="answers", hears=True)
    prompts = [said(request) for _, request in speaker.asked]
    assert any("Before: Day 0: " in prompt for prompt in prompts)
    for (occasion, _), prompt in zip(speaker.asked, prompts, strict=True):
        names = [str(batch.world.attribute_names[a]) for a in occasion.likes]
        assert f"You like {', '.join(names)}." in prompt
        assert len([line for line in prompt.splitlines() if line.startswith("Before")]) == len(
            occasion.sessions[-10:]
        )
        heard = [line for line in prompt.splitlines() if line.startswith(("user:", "recommender:"))]
        assert set(heard) <= {line[:400] for line in occasion.heard}


def test_a_model_may_be_asked_only_where_the_user_is_weary():
    speaker, _, _, _, trace = lives(faithful, decides="answers", when="weary")
    asked = [occasion for occasion, _ in speaker.asked]
    assert asked
    assert all(occasion.weary for occasion in asked)
    decided = (Verb.ASK, Verb.RECOMMEND, Verb.REFLECT)
    assert len(asked) < sum(row["verb"] in decided for row in trace.table.to_pylist())
    assert all(occasion.weary for occasion, _ in speaker.worded)


def test_the_rules_act_where_no_valid_answer_comes():
    speaker, batch, plain, _, _ = lives(broken, decides="answers")
    same(batch, plain)
    report = speaker.report()
    assert report["decisions"]["left_to_the_rules"] == len(speaker.asked) > 0
    assert report["by"]["llm"] == report["decisions"]["made"] == 0
    assert sum(report["fallbacks"].values()) == report["utterances"]


@pytest.mark.parametrize("card", ["llm", "llm_decides"])
def test_the_cards_play_lives_in_text(card):
    users = population(card)
    chat = Chat(ScriptedBackend(faithful, PATIENT))
    users = replace(users, llm=replace(users.llm, chat=chat, workers=1))
    env = gym.make(
        "recosim/RecoWorld-LastFM-Small-v0", users=users, actions="text", observations="text"
    )
    text, _ = env.reset(seed=1)
    assert text.startswith("user: ")
    text, *_, info = env.step("Here is the best I have.")
    assert info["understood"]
    assert "recommender: Here is the best I have.\nuser: " in text
    assert "Day 0 of 30, session 1, round 2 of 20." in text or "note: " in text
    assert chat.report.to_dict()["calls"]["sent"] >= 2


def test_when_is_always_or_weary():
    with pytest.raises(UnknownNameError, match="value of when"):
        LLMSettings(when="sometimes")
