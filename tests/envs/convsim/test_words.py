"""How searches read: transcripts, pages, conversations in text; and lines that are read back."""

from __future__ import annotations

import dataclasses

import gymnasium as gym
import numpy as np
import pytest

from recosim.acts import Answer, Ask, Edit, Inquire, Leave, Level, Moves, React, Recommend, Reflect
from recosim.cli.showing.conversations import Conversations
from recosim.cli.showing.page import page_data
from recosim.envs.convsim.acts import ACTS
from recosim.envs.convsim.lexicon import index_for, language_of, snippet_of
from recosim.envs.convsim.words import WORDS
from recosim.envs.recorder import Recorder
from recosim.envs.setup import Setup
from recosim.errors import OptionError, UnknownNameError
from recosim.language import STYLES, Context
from recosim.users import Population
from recosim.world.topics import judgements_of

WORLD = "lastfm-small-search"
LIVELY = {"cooperativeness": 0.8, "feedback": "edit", "vague": 0.5, "named_terms": 2}


def recorded(setup, searches=3, moves=12):
    d = setup.batch(searches, threads=1)
    d.open(seeds=np.arange(searches, dtype=np.uint64), conversations=np.arange(searches))
    recorder, n = Recorder(d), d.n_askables
    recorder.record()
    for k in range(moves):
        if d.arrays["done"].all():
            break
        wanted = (n, n + 1, 0, n - 1, n, n + 1)[k % 6]
        codes = np.where(d.legal_actions()[:, wanted] == 1, wanted, n)
        running = d.arrays["done"] == 0
        d.step(Moves.from_flat(codes, n, verbs=d.verbs))
        recorder.record(running)
    return recorder.trace("rules", 0, setup.metadata("ConvSim"))


def prepared(world=WORLD, **options):
    users = Population("lively", LIVELY)
    return Setup.prepare("convsim", world=world, split="test", users=users, **options)


@pytest.fixture(scope="module")
def setup():
    return prepared()


@pytest.fixture(scope="module")
def trace(setup):
    return recorded(setup)


def test_a_search_is_told_line_by_line(setup, trace):
    lines = list(WORDS.transcript(trace, setup.world))
    row = trace.table.to_pylist()[0]
    topics = setup.world.topics
    assert lines[0].startswith("conversation 0, user")
    before = [line.split("before", 1)[1].strip() for line in lines[:4] if "    before" in line]
    assert before == topics.earlier(row["need"], 2)
    opening = next(line for line in lines if line.startswith("    user"))
    assert opening.split("user", 1)[1].strip() == topics.utterances[row["need"]]
    first = next(k for k, line in enumerate(lines) if line.startswith(" 1. recommender"))
    words = " ".join(language_of(setup.world).names(row["query"]))
    assert lines[first] == f" 1. recommender  Here is what I found. [query: {words}]"
    listed = trace.table.to_pylist()[1]
    for place, item in enumerate(listed["items"]):
        line = lines[first + 1 + place]
        assert f" {place + 1}. {setup.world.item_names[item]} [i{item}]: " in line
        mark = {int(Level.ACCEPT): "+", int(Level.SKIP): "-", -1: " "}[listed["levels"][place]]
        assert line[11] == mark
    end = [line for line in lines if "they wanted to know" in line]
    assert len(end) == 3
    assert f"“{topics.needs[row['need']]}”" in end[0]


def test_what_feedback_added_to_the_query_is_marked(setup, trace):
    language, marked = language_of(setup.world), 0
    for row in trace.table.to_pylist()[1:]:
        text = WORDS.user_text(row, setup.world)
        for term in row["named"]:
            assert f"+{language.names([term])[0]}" in text.rpartition("[")[2]
            marked += 1
    assert marked > 3
    rows = [row for row in trace.table.to_pylist() if row["conversation"] == 0]
    named = [term for row in rows[:2] for term in row["named"]]
    reflected = next(row for row in rows if ACTS.system_act(row) == Reflect())
    said = WORDS.system_text(reflected, setup.world)
    assert all(word in said.rpartition("[query: ")[2] for word in language.names(named))


def test_no_word_follows_from_the_judgements(setup, trace):
    """But nDCG and rewards, which are those of the evaluator and stand in brackets."""
    world = setup.world
    given = [world.judgements.of(turn) for turn in range(world.topics.n_turns)]
    turned = [{item: 1 - min(grade, 1) for item, grade in row.items()} | {7: 1} for row in given]
    other = dataclasses.replace(world, judgements=judgements_of(turned))
    again = recorded(prepared(other))
    rows, others = trace.table.to_pylist(), again.table.to_pylist()
    assert len(rows) == len(others)
    assert [row["ndcg"] for row in rows] != [row["ndcg"] for row in others]
    for row, same in zip(rows, others, strict=True):
        for text in (WORDS.system_text, WORDS.user_text, WORDS.ending_text):
            assert text(row, world) == text(same, other)


def test_the_page_shows_snippets_thumbs_and_marks(setup, trace):
    data = page_data(Conversations.of(trace), setup.world, 3, "x.parquet")
    listed = data["conversations"][0]["rows"][1]
    assert all(": " in item and "[i" in item for item in listed["items"])
    assert set(listed["marks"]) <= {"", "helpful", "not helpful"}
    assert listed["marks"][0] != ""
    assert listed["figures"][0].startswith("nDCG ")
    assert any(row["confirmed"] for row in data["conversations"][0]["rows"])


@pytest.mark.parametrize("start", ["said", "rewrite", "partial"])
def test_openings_are_the_words_of_the_collection(start):
    setup = prepared(start=start)
    d = setup.batch(4, threads=1)
    d.open(seeds=np.arange(4, dtype=np.uint64), conversations=np.arange(4))
    topics = setup.world.topics
    for b in range(4):
        need = int(d.arrays["need"][b])
        said = ACTS.last_move(d, b)["utterance"]
        if start == "partial":
            kept = set(d.index.words(d.arrays["start_terms"][b, : d.arrays["n_start"][b]]))
            assert set(said.split()) == kept
            assert kept < set(d.index.tokeniser(topics.needs[need]))
        else:
            rewritten = topics.rewrites[need] if start == "rewrite" else ""
            assert said == (rewritten or topics.utterances[need])


def test_terms_are_told_in_the_vocabulary_of_the_rules():
    setup = prepared(plurals=False)
    trace = recorded(setup, 1, 2)
    row = trace.table.to_pylist()[1]
    assert row["plurals"] is False
    index = index_for(setup.world, plurals=False)
    assert index is not index_for(setup.world)
    assert " ".join(index.words(row["query"])) in WORDS.system_text(row, setup.world)


def test_a_snippet_is_where_the_query_is(setup):
    world, index = setup.world, index_for(setup.world)
    assert index is setup.batch(1, threads=1).index
    for item in range(20):
        words = index.tokeniser(world.item_texts[item])
        last = index.term_of[words[-1]]
        shown = snippet_of(world, item, [last], index)
        assert words[-1] in index.tokeniser(shown)
        assert len(shown.split()) <= 20
        assert world.item_texts[item].startswith(snippet_of(world, item, [], index)[:30])


# ---- phrases -------------------------------------------------------------------------------------


def test_every_act_has_several_wordings_that_are_read_back(setup):
    language = language_of(setup.world)
    a, b, c = (language.terms.term_of[word] for word in ("jazz", "rivers", "metal"))
    asked, opened, listed = Context(Ask((a,))), Context(Ask()), Context(Recommend((3, 5, 7)))
    up, down = Level.ACCEPT, Level.SKIP
    said = (
        (asked, (Answer("yes", (a,)),)),
        (asked, (Answer("no", (), (b, c)),)),
        (asked, (Answer("unsure", (), (b,)),)),
        (asked, (Answer("no"), Leave("impatient"))),
        (opened, (Answer("yes", (), (a, b, c)),)),
        (Context(Ask(facet=1)), (Answer("unsure"),)),
        (listed, (React(None),)),
        (listed, (React(None, ((3, up), (5, down), (7, down))), Edit((a,), (b,)))),
        (listed, (React(None, ((3, down),)), Inquire(None))),
        (listed, (React(5, ((3, down), (5, up))), Leave("satisfied"))),
    )
    for context, acts in said:
        for style in STYLES:
            lines = {language.turn(acts, context, key=key, style=style) for key in range(60)}
            assert len(lines) > 1
            assert all(language.parse_turn(line, context) == acts for line in lines)
    moves = (Ask((a,)), Ask(facet=1), Ask(), Recommend(), Recommend((3, 5)), Reflect())
    for act in moves:
        for style in STYLES:
            lines = {language.system(act, key=key, style=style) for key in range(20)}
            assert all(language.parse_system(line) == act for line in lines)
    with pytest.raises(UnknownNameError):
        language.turn((Answer("no"),), asked, style="loud")
    for acts in ((Answer("no", (), (10**7,)),), (Inquire(3),), (Answer("yes", (b,)),)):
        with pytest.raises(OptionError):
            language.turn(acts, asked)
    with pytest.raises(OptionError, match="document 100000 does not exist"):
        language.system(Recommend((100_000,)))


# ---- conversations in text -----------------------------------------------------------------------


def test_a_search_is_held_in_text():
    env = gym.make(
        "recosim/ConvSim-LastFM-Small-v0", observations="text", actions="text", split="test",
        cooperativeness=1.0, feedback="edit",
    )  # fmt: skip
    seen, _ = env.reset(seed=3, options={"need": int(env.unwrapped.batch.units().table[0, 0])})
    need = env.unwrapped.batch.arrays["need"][0]
    topics = env.unwrapped.batch.world.topics
    assert seen.splitlines()[0] == f"user: {topics.utterances[need]}"
    assert "Ask, for instance" in seen
    seen, _, _, _, info = env.step("blurb?")
    assert not info["understood"]
    seen, _, _, _, info = env.step("search: jazz -metal")
    assert info["understood"]
    assert "The query: jazz -metal." in seen
    assert "recommender: search: jazz -metal" in seen
    seen, *_ = env.step("What else can you tell me?")
    assert "Wanted: " in seen
    seen, *_ = env.step("Let me search again with what you said.")
    assert env.unwrapped.batch.arrays["lists"][0] == 1
    assert topics.needs[need] not in seen
    env.close()


def test_samples_of_text_are_legal_and_understood():
    env = gym.make("recosim/ConvSim-LastFM-Small-v0", actions="text", split="test")
    env.action_space.seed(1)
    env.reset(seed=1)
    done, steps = False, 0
    while not done:
        _, _, terminated, truncated, info = env.step(env.action_space.sample())
        assert info["understood"]
        done, steps = terminated or truncated, steps + 1
    assert steps > 3
    env.close()
