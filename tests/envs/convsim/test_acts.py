"""Moves of searches as acts and back: what the rules decide, what outsiders say, what is typed."""

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
    Reflect,
    Request,
    Verb,
)
from recosim.envs.convsim.acts import ACTS
from recosim.envs.convsim.rules import Kind
from recosim.envs.setup import Setup
from recosim.errors import NotUnderstood, OptionError
from recosim.language import STYLES, Context

WORLD = "lastfm-small-search"
SEARCHES = 16
FIELDS = ("kind", "named", "removed", "levels", "leaving")
USERS = {
    "edit": {"cooperativeness": 0.7, "feedback": "edit", "vague": 0.5, "named_terms": 3,
             "dont_know": 0.15, "off_topic": 0.2, "answer_noise": 0.2, "satisfied_share": 0.8,
             "patience": 6, "examination": 0.8},
    "binary": {"cooperativeness": 0.5, "satisfied_share": 0.6, "question_patience": 5},
    "unary": {"feedback": "unary", "answer_noise": 0.3, "patience": 4},
    "none": {"feedback": "none", "patience": 4, "satisfied_share": 0.9},
}  # fmt: skip


def prepared(users=None, **options):
    return Setup.prepare("convsim", world=WORLD, split="test", **(users or {}), **options)


def opened(setup, size=SEARCHES):
    d = setup.batch(size, threads=1)
    d.open(seeds=np.arange(size, dtype=np.uint64), conversations=np.arange(size))
    return d


def codes(d, k):
    """A move for every row: all kinds of questions, lists and reflections in turn."""
    n, q = d.n_askables, d.protocol.questions
    wanted = (n, n + 1, k % q, n - 1, q + k % (n - 1 - q), k % 3, n)[k % 7]
    return np.where(d.legal_actions()[:, wanted] == 1, wanted, n)


def posed(code=None, size=1, **users):
    """Searches whose first move waits for an answer; a list by default."""
    d = opened(prepared(users), size)
    n = d.n_askables
    d.pose(Moves.from_flat(np.full(size, n if code is None else code), n, verbs=d.verbs))
    return d


@pytest.mark.parametrize("name", USERS)
def test_what_the_rules_decide_is_said_and_heard_the_same(name):
    setup = prepared(USERS[name])
    d = opened(setup)
    language = ACTS.language(setup.world, setup.protocol)
    kinds, said = set(), 0
    for k in range(16):
        if d.arrays["done"].all():
            break
        running = np.flatnonzero(d.arrays["done"] == 0)
        d.pose(Moves.from_flat(codes(d, k), d.n_askables, verbs=d.verbs))
        d.answer()
        decided = {field: d.arrays[field].copy() for field in FIELDS}
        for b in running:
            move = ACTS.last_move(d, b)
            acts = ACTS.user_acts(move)
            kinds.add(move["kind"])
            if not acts:
                assert move["kind"] == Kind.NOTHING
                continue
            context = ACTS.context(move, d.protocol)
            for style in STYLES:
                line = language.parser.parse_turn(
                    language.templates.turn(acts, context, key=b + 97 * k, style=style), context
                )
                assert line == acts
                said += 1
            for field in FIELDS:
                if field != "levels" or move["verb"] == Verb.RECOMMEND:
                    d.arrays[field][b] = 0
            ACTS.write_answer(d, b, acts)
        silent = decided["kind"] == Kind.NOTHING
        for field in FIELDS:
            kept = ~silent[running] if field != "leaving" else np.full(len(running), True)
            rows = running[kept]
            np.testing.assert_array_equal(d.arrays[field][rows], decided[field][rows], field)
            d.arrays[field][:] = decided[field]
        d.settle()
    assert said > 4 * SEARCHES
    if name == "edit":
        assert kinds >= set(Kind) - {Kind.NOTHING}


def test_the_opening_asks_for_the_first_query_in_the_user_s_own_words():
    d = opened(prepared(), 3)
    for b in range(3):
        move = ACTS.last_move(d, b)
        (request,) = ACTS.user_acts(move)
        assert request == Request(tuple(d.arrays["query_terms"][b, : d.arrays["n_query"][b]]))
        utterance = d.world.topics.utterances[d.arrays["need"][b]]
        assert ACTS.context(move, d.protocol).utterance == utterance


def test_an_outsider_answers_a_question_about_a_term():
    term = None
    for acts, kind, outcome, named in (
        ((Answer("yes", ()),), Kind.YES, Outcome.YES, 0),
        ((Answer("no"),), Kind.NO_BARE, Outcome.NO, 0),
        ((Answer("no", (), (3, 5)), Courtesy("thanks")), Kind.NO_INFORM, Outcome.NO, 2),
        ((Answer("unsure"),), Kind.DONT_KNOW, Outcome.UNSURE, 0),
        ((Answer("unsure", (), (7,)),), Kind.OFF_TOPIC, Outcome.UNSURE, 1),
    ):
        d = posed(0)
        term = int(d.arrays["term"][0])
        ACTS.write_answer(d, 0, acts)
        d.settle()
        a = d.arrays
        assert (a["kind"][0], a["outcome"][0]) == (kind, outcome)
        heard = dict(zip(a["heard_terms"][0].tolist(), a["heard_values"][0].tolist(), strict=True))
        value = {Kind.YES: 1, Kind.NO_BARE: -1, Kind.NO_INFORM: -1}.get(kind, 0)
        assert heard[term] == value
        assert [heard[t] for t in (3, 5, 7) if t in heard] == [1] * named
        assert a["move_words"][0] == named + (kind != Kind.OFF_TOPIC)


def test_an_outsider_judges_a_list():
    d = posed(size=4)
    first, second = d.arrays["shown"][0, :2].tolist()
    says = (
        (React(None, ((first, Level.LOVE),)), Edit((2, 4), (9,))),
        (React(None), Inquire(None)),
        (Critique(11, "less"),),
        (Instruct("want", (12,)), Leave("other")),
    )
    for b, acts in enumerate(says):
        ACTS.write_answer(d, b, acts)
    a = d.arrays
    assert a["kind"].tolist() == [Kind.NEG_REFINE, Kind.NEG_VAGUE, Kind.NEG_REFINE, Kind.NEG_REFINE]
    assert a["levels"][0, :2].tolist() == [Level.ACCEPT, -1]
    assert a["named"][0].tolist() == [2, 4, -1, -1]
    assert a["removed"].tolist() == [9, -1, 11, -1]
    assert a["leaving"].tolist() == [0, 0, 0, 2]
    ACTS.write_answer(d, 0, (React(second), Leave("satisfied")))
    assert (a["kind"][0], a["leaving"][0]) == (Kind.POSITIVE, 1)
    assert a["levels"][0, :2].tolist() == [-1, Level.ACCEPT]
    assert a["removed"][0] == -1
    d.settle()
    assert d.arrays["done"].tolist() == [1, 0, 0, 1]
    assert d.arrays["outcome"].tolist() == [Outcome.HIT, Outcome.MISS, Outcome.MISS, Outcome.MISS]


def test_who_goes_without_an_answer_has_said_nothing_else():
    d = posed(0)
    ACTS.write_answer(d, 0, (Leave("impatient"),))
    assert (d.arrays["kind"][0], d.arrays["leaving"][0]) == (Kind.NOTHING, 2)
    d.settle()
    assert d.arrays["outcome"][0] == Outcome.NOTHING


@pytest.mark.parametrize(
    ("code", "acts", "says"),
    [
        (0, (), "an answer is needed"),
        (0, (Courtesy("thanks"),), "answers nothing. Say yes, no"),
        (0, (React(None),), "does not answer a question"),
        (0, (Answer("no"), Answer("no")), "does not answer a question"),
        (0, (Answer("yes", (-9,)),), "a yes to term -9"),
        (0, (Answer("no", (), (10**6,)),), "term 1000000 does not exist; terms are 0 to"),
        (0, (Answer("no", (), (1, 2, 3, 4, 5)),), "5 words were named"),
        (0, (Leave("other"), Leave("other")), "leaving is said once"),
        (-2, (Answer("yes"),), "name what it is about"),
        (None, (Answer("yes"),), "does not answer a list"),
        (None, (React(None), React(None)), "one reaction to a list"),
        (None, (React(10**6),), "document 1000000 was not shown"),
        (None, (Edit((), (1, 2)),), "one word that does not belong"),
    ],
)
def test_what_does_not_answer_is_refused_and_changes_nothing(code, acts, says):
    d = posed(0 if code == 0 else None)
    if code == -2:
        d = posed(d.n_askables - 1)
    before = {field: d.arrays[field].copy() for field in FIELDS}
    with pytest.raises(OptionError, match=says):
        ACTS.write_answer(d, 0, acts)
    for field in FIELDS:
        np.testing.assert_array_equal(d.arrays[field], before[field])


# ---- what is typed -------------------------------------------------------------------------------


def typed(d, line):
    act = ACTS.language(d.world, d.protocol).parser.parse_system(line)
    return ACTS.decode(d, line, act)


def test_any_word_of_the_collection_can_be_asked_about():
    d = opened(prepared(), 1)
    on_it = int(d.arrays["questions"][0, 2])
    word = d.index.words([on_it])[0]
    assert typed(d, f"Is it about {word}?").code == 2
    other = next(t for t in range(d.index.n_terms) if t not in d.arrays["questions"][0])
    code = typed(d, f"ask {d.index.words([other])[0]}").code
    assert d.arrays["questions"][0, code] == other
    d.step_one(typed(d, f"ask {d.index.words([other])[0]}"))
    assert d.arrays["term"][0] == other


def test_facets_and_open_questions_lists_and_reflections_are_typed():
    d = opened(prepared(), 1)
    n, q = d.n_askables, d.protocol.questions
    assert typed(d, "Which mood do you have in mind?").code == q + list(d.world.facet_names).index(
        "mood"
    )
    assert typed(d, "What else can you tell me?").code == n - 1
    assert typed(d, "Here is what I found.").code == n
    assert typed(d, "recommend 3 17").items.tolist()[:3] == [3, 17, -1]
    assert typed(d, "Let me search again with what you said.").code == n + 1


def test_a_query_that_is_typed_is_searched_and_shown():
    d = opened(prepared(), 1)
    decoded = typed(d, "search: jazz rivers, -metal")
    words = d.index.words(d.arrays["query_terms"][0, : d.arrays["n_query"][0]])
    weights = d.arrays["query_weights"][0, : d.arrays["n_query"][0]].tolist()
    assert dict(zip(words, weights, strict=True)) == {"jazz": 1.0, "rivers": 1.0, "metal": -1.0}
    d.step_one(decoded)
    assert d.arrays["verb"][0] == Verb.RECOMMEND
    jazz, metal = (d.index.term_of[word] for word in ("jazz", "metal"))
    has = [
        d.index.doc_terms[d.index.doc_indptr[v] : d.index.doc_indptr[v + 1]].tolist()
        for v in d.arrays["shown"][0]
    ]
    assert jazz in has[0]
    assert not any(metal in terms for terms in has)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Is it about jazz or rivers?", "One word at a time, please: jazz or rivers?"),
        ("ask xylophagous", "No document is about 'xylophagous'"),
        ("search: xylophagous -jazz", "No document holds any of these words"),
        ("", "Do you ask about a word"),
        ("show [i99999]", "There is no document 99999"),
        ("How about " + ", ".join(f"[i{v}]" for v in range(11)), "11 at once"),
    ],
)
def test_what_is_not_understood_is_asked_back(line, says):
    with pytest.raises(NotUnderstood) as problem:
        typed(opened(prepared(), 1), line)
    assert says in problem.value.question


def test_what_is_told_of_a_search_holds_nothing_that_is_hidden():
    setup = prepared({"feedback": "edit", "cooperativeness": 1.0})
    d = opened(setup, 1)
    n = d.n_askables
    for code in (n, 0, n + 1):
        d.step(Moves.from_flat([code], n, verbs=d.verbs))
    told = "\n".join(ACTS.footer(d, 0))
    a = d.arrays
    assert "The query: " in told
    assert "Wanted: " in told
    assert f"Turn {int(a['turn'][0])} of 12; lists shown: 1 of 4." in told
    for place, item in enumerate(a["shown"][0, :3].tolist(), start=1):
        assert f"{place}. {setup.world.item_names[item]} [i{item}]: " in told
    assert "what else there is" in told
    for word in d.index.words(a["questions"][0][:3]):
        assert f"{word} (" in told
    need = int(a["need"][0])
    assert setup.world.topics.needs[need] not in told
    assert "nDCG" not in told


def test_questions_are_named_by_what_they_ask():
    d = opened(prepared(), 2)
    n, q = d.n_askables, d.protocol.questions
    moves = Moves.from_flat([1, n - 1], n, verbs=d.verbs)
    assert ACTS.posed(d, 0, moves) == Ask((int(d.arrays["questions"][0, 1]),))
    assert ACTS.posed(d, 1, moves) == Ask()
    others = Moves.from_flat([q + 2, n + 1], n, verbs=d.verbs)
    assert ACTS.posed(d, 0, others) == Ask(facet=2)
    assert ACTS.posed(d, 1, others) == Reflect()
    best = Moves.from_flat([-1, n], n, verbs=d.verbs)
    assert ACTS.posed(d, 0, best) == Ask((int(d.arrays["questions"][0, 0]),))
    assert ACTS.posed(d, 1, best) == Recommend()
    assert ACTS.ask_label(d, 0, q + 2) == f"which {d.world.facet_names[2]}"
    assert ACTS.likely_asks(d, 0, 3) == [0, 1, n - 1]


def test_lines_are_read_in_the_context_that_they_answer():
    d = opened(prepared(), 1)
    parser = ACTS.language(d.world, d.protocol).parser
    jazz, rivers, metal = (d.index.term_of[word] for word in ("jazz", "rivers", "metal"))
    asked, listed = Context(Ask((jazz,))), Context(Recommend((3, 5, 7)))
    up, down = Level.ACCEPT, Level.SKIP
    for line, context, acts in (
        ("yep", asked, (Answer("yes", (jazz,)),)),
        ("Jazz, exactly", asked, (Answer("yes", (jazz,)),)),
        ("no, more about the rivers", asked, (Answer("no", (), (rivers,)),)),
        ("not jazz but rivers", asked, (Answer("no", (), (rivers,)),)),
        ("rivers", asked, (Answer("unsure", (), (rivers,)),)),
        ("hm, no idea", asked, (Answer("unsure"),)),
        ("it is about rivers, and metal", Context(Ask()), (Answer("yes", (), (rivers, metal)),)),
        ("nothing comes to mind, I don't know", Context(Ask()), (Answer("unsure"),)),
        ("+1 -3 rivers", listed, (React(None, ((3, up), (7, down))), Edit((rivers,)))),
        (
            "The first helps, but it lacks rivers; leave out metal",
            listed,
            (React(None, ((3, up),)), Edit((rivers,), (metal,))),
        ),
        ("too much about metal", listed, (React(None), Edit((), (metal,)))),
        ("there is nothing about jazz", listed, (React(None), Edit((jazz,)))),
        ("none of these", listed, (React(None),)),
        ("something else, please", listed, (React(None), Inquire(None))),
        ("number 2, that is all I needed", listed, (React(5, ((5, up),)), Leave("satisfied"))),
        ("this is a waste of time", listed, (Leave("impatient"),)),
    ):  # fmt: skip
        assert parser.parse_turn(line, context) == acts, line
    for line, context in (("xylophagous", listed), ("+9", listed), ("", asked)):
        with pytest.raises(NotUnderstood):
            parser.parse_turn(line, context)
