"""Searches whose right answer is known by hand; laws of luck by tests with fixed seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from reference.convsim_cases import collection
from reference.convsim_user import similarity
from scipy import stats

from recosim.acts import Level, Moves, Outcome, Verb
from recosim.envs.convsim.rules import Kind, SearchRules
from recosim.envs.convsim.searches import Searches
from recosim.errors import OptionError
from recosim.retrieval.queries import Queries
from recosim.users import Population
from recosim.world.world import World

# A law that holds falls below this once in ten thousand tests; one that does not, far below.
SMALLEST_P, REFUTED_P = 1e-4, 1e-12

FILLERS = ["ferry quay", "quay mill", "mill tea", "tea harp", "rail", "wind", "harbour smile"]
PORT = collection(
    ["sea seal harbours ferry", "sea seal", "sea mill", "sea tea tea tea", *FILLERS],
    [
        {"says": "sea tea", "needs": "seal harbours ferry sea"},
        {"topic": 1, "says": "rail", "needs": "wind rail"},
    ],
    grades=[{0: 2, 1: 1}, {8: 1}],
)


def open_searches(
    size: int = 1,
    need: int = 0,
    settings: dict[str, Any] | None = None,
    world: World = PORT,
    **rules: Any,
) -> Searches:
    """Searches for one need, each with luck of its own."""
    users = Population("given", settings or {})
    protocol = SearchRules(**rules)
    searches = Searches(world, None, protocol, size, users=users, split="test")
    units = searches.units().table
    unit = units[units[:, -1] == need]
    searches.open(
        seeds=np.full(size, 5, dtype=np.uint64),
        conversations=np.arange(size),
        units=np.repeat(unit, size, axis=0),
    )
    return searches


def terms_of(searches: Searches, *words: str) -> list[int]:
    return [searches.index.term_of[word] for word in words]


def words_of(searches: Searches, terms: Sequence[int] | np.ndarray) -> list[str]:
    return searches.index.words([t for t in np.asarray(terms).tolist() if t >= 0])


def act(searches: Searches, code: int) -> dict[str, np.ndarray]:
    """The same flat action in every row."""
    codes = np.full(searches.size, code)
    searches.step(Moves.from_flat(codes, searches.n_askables, verbs=searches.verbs))
    return searches.arrays


def ask(searches: Searches, word: str | None = None) -> dict[str, np.ndarray]:
    """A question about a word, or the open one."""
    if word is None:
        return act(searches, searches.n_askables - 1)
    terms = np.array([terms_of(searches, word)] * searches.size, dtype=np.int32)
    searches.offer(terms, np.arange(searches.size))
    return act(searches, searches.protocol.questions - 1)


def show(searches: Searches, *items: int) -> dict[str, np.ndarray]:
    """A list of one's own, or the best documents found."""
    if not items:
        return act(searches, searches.n_askables)
    lists = np.full((searches.size, searches.protocol.top_k), -1, dtype=np.int32)
    lists[:, : len(items)] = items
    searches.step(Moves.all_of(Verb.RECOMMEND, searches.size, lists))
    return searches.arrays


def reflect(searches: Searches) -> dict[str, np.ndarray]:
    return act(searches, searches.n_askables + 1)


def query_of(searches: Searches) -> dict[str, float]:
    row = searches.queries(np.array([0])).row(0)
    return dict(zip(words_of(searches, list(row)), row.values(), strict=True))


# ---------------------------------------------------------------- the start


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"start": "said", "before": 0}, {"seals": 1.0}),
        ({"start": "said", "before": 1}, {"tea": 2.0, "mill": 1.0, "seals": 1.0}),
        ({"start": "said", "before": 2}, {"sea": 1.0, "tea": 3.0, "mill": 1.0, "seals": 1.0}),
        ({"start": "rewrite"}, {"wind": 1.0}),
        ({"start": "partial", "dropped": 0.0}, {"sea": 2.0, "quay": 1.0, "tea": 1.0}),
    ],
)
def test_first_queries(rules: dict[str, Any], expected: dict[str, float]) -> None:
    world = collection(
        ["sea tea mill quay", "seals wind"],
        [
            {"says": "the sea and tea", "needs": "quay"},
            {"says": "tea or the mill of tea", "needs": "quay", "after": [0]},
            {
                "says": "and seals?",
                "needs": "sea quay sea tea nowhere",
                "rewrite": "wind nowhere",
                "after": [0, 1],
            },
        ],
    )
    searches = open_searches(need=2, world=world, **rules)
    a = searches.arrays
    n = int(a["n_start"][0])
    assert words_of(searches, a["start_terms"][0, :n]) == list(expected)
    assert a["start_weights"][0, :n].tolist() == list(expected.values())
    assert sorted(query_of(searches).items()) == sorted(expected.items())


@pytest.mark.parametrize(
    ("dropped", "left"), [(0.0, 4), (0.12, 4), (0.13, 3), (0.4, 2), (0.9, 1), (1.0, 1)]
)
def test_so_many_terms_of_the_need_are_left_unsaid(dropped: float, left: int) -> None:
    searches = open_searches(4_000, start="partial", dropped=dropped)
    a = searches.arrays
    assert (a["n_start"] == left).all()
    kept = [frozenset(row[:left].tolist()) for row in a["start_terms"]]
    counts = [sum(term in row for row in kept) for term in terms_of(searches, "seal", "sea")]
    for count in counts:  # any of the four terms as often as another
        assert stats.binomtest(count, 4_000, left / 4).pvalue > SMALLEST_P


def test_a_collection_with_nothing_to_clarify_is_refused() -> None:
    world = collection(["sea tea"], [{"says": "tea of the sea", "needs": "sea tea"}])
    with pytest.raises(OptionError, match="partial"):
        open_searches(world=world)
    open_searches(world=world, start="partial")


# ---------------------------------------------------------------- answers


def test_similarity_by_hand() -> None:
    # #har, arb, ..., our, and ur# against urs, rs#: 6 of 7 and 8 are shared.
    assert similarity("harbour", "harbours") == 12 / 15
    assert similarity("harp", "harbours") == 4 / 12
    assert similarity("ab", "ab") == 1
    assert similarity("x", "y") == 0


@pytest.mark.parametrize(
    ("word", "least", "kind"),
    [
        ("harbours", 1.0, Kind.YES),
        ("harbour", 0.8, Kind.YES),
        ("harbour", 0.81, Kind.NO_BARE),
        ("harp", 0.3, Kind.YES),
        ("harp", 0.34, Kind.NO_BARE),
        ("wind", 0.0, Kind.YES),
    ],
)
def test_answers_by_similarity(word: str, least: float, kind: Kind) -> None:
    for noise in (0.0, 1.0):  # one who always errs says the opposite
        searches = open_searches(settings={"similarity": least, "answer_noise": noise})
        a = ask(searches, word)
        said = {Kind.YES: Kind.NO_BARE, Kind.NO_BARE: Kind.YES}[kind] if noise else kind
        assert a["kind"][0] == said
        assert a["outcome"][0] == (Outcome.YES if said is Kind.YES else Outcome.NO)
        assert a["heard_values"][0, 0] == (1 if said is Kind.YES else -1)
        assert a["heard_terms"][0, 0] == a["term"][0] == terms_of(searches, word)[0]
        assert a["named"][0].tolist() == [-1] * 4
        assert a["move_words"][0] == 1


@pytest.mark.parametrize(
    ("naming", "expected"),
    [
        ("order", ["seal", "harbours", "ferry"]),
        ("rare", ["harbours", "seal", "ferry"]),  # in 1, 2 and 2 documents
    ],
)
def test_naming_orders(naming: str, expected: list[str]) -> None:
    settings = {"cooperativeness": 1.0, "naming": naming}
    searches = open_searches(settings=settings, rounds=10)
    named = []
    for _ in expected:
        a = ask(searches)
        assert a["kind"][0] == Kind.VALUE
        named += words_of(searches, a["named"][0])
    assert named == expected
    assert ask(searches)["kind"][0] == Kind.DONT_KNOW  # everything is said
    for n in (2, 3, 4):
        searches = open_searches(settings={**settings, "named_terms": n})
        a = ask(searches)
        assert words_of(searches, a["named"][0]) == expected[:n]
        assert a["move_words"][0] == min(n, 3)


def test_any_unsaid_term_is_named_as_often_as_another() -> None:
    searches = open_searches(3_000, settings={"cooperativeness": 1.0, "naming": "any"})
    named = ask(searches)["named"]
    unsaid = terms_of(searches, "seal", "harbours", "ferry")
    counts = [int((named[:, 0] == term).sum()) for term in unsaid]
    assert sum(counts) == 3_000
    assert (named[:, 1:] == -1).all()
    assert stats.chisquare(counts).pvalue > SMALLEST_P


@pytest.mark.parametrize("setting", ["dont_know", "off_topic", "cooperativeness"])
def test_frequencies_of_answers(setting: str) -> None:
    kinds = {
        "dont_know": Kind.DONT_KNOW,
        "off_topic": Kind.OFF_TOPIC,
        "cooperativeness": Kind.NO_INFORM,
    }
    searches = open_searches(4_000, settings={setting: 0.3})
    a = ask(searches, "mill")
    count = int((a["kind"] == kinds[setting]).sum())
    assert stats.binomtest(count, 4_000, 0.3).pvalue > SMALLEST_P
    assert stats.binomtest(count, 4_000, 0.38).pvalue < REFUTED_P
    assert ((a["kind"] == kinds[setting]) | (a["kind"] == Kind.NO_BARE)).all()
    if setting == "off_topic":  # a term of the other topic, asked and left open
        others = terms_of(searches, "wind", "rail")
        strays = a["kind"] == Kind.OFF_TOPIC
        assert np.isin(a["named"][strays, 0], others).all()
        assert (a["heard_values"][strays, :2] == [0, 1]).all()


@pytest.mark.parametrize(("trend", "first", "last"), [("rising", 0, 1), ("falling", 1, 0)])
def test_trends_of_cooperativeness(trend: str, first: float, last: float) -> None:
    settings = {"cooperativeness": 1.0, "cooperation_trend": trend, "dont_know": 0.0}
    searches = open_searches(600, settings=settings, max_turns=3, start="partial", dropped=1.0)
    shares = [float((ask(searches)["kind"] == Kind.VALUE).mean()) for _ in range(3)]
    assert (shares[0], shares[2]) == (first, last)
    assert stats.binomtest(round(600 * shares[1]), 600, 0.5).pvalue > SMALLEST_P
    assert (searches.arrays["truncated"] == 1).all()


def test_a_facet_is_asked_about_once_and_its_words_are_named() -> None:
    world = collection(
        ["sea seal ferry", "mill"],
        [{"says": "mill", "needs": "sea seal ferry"}],
        facets={"boats": ["the ferry", "ship"], "beasts": ["seal of the sea"], "none": ["mill"]},
    )
    settings = {"cooperativeness": 1.0, "named_terms": 4, "naming": "order"}
    searches = open_searches(world=world, settings=settings, questions=2)
    for facet, named in enumerate([["ferry"], ["sea", "seal"], []]):
        a = act(searches, 2 + facet)
        assert a["facet"][0] == facet
        assert a["term"][0] == -1
        assert words_of(searches, a["named"][0]) == named
        assert a["kind"][0] == (Kind.VALUE if named else Kind.DONT_KNOW)
        assert searches.legal_actions()[0, 2 : 5 + 1].tolist() == [
            *(int(f > facet) for f in range(3)),
            1,
        ]
    assert a["asked_facets"][0] == 0b111


def test_nothing_is_named_twice_at_once() -> None:
    """All that they name is of the other topic, which has two terms."""
    settings = {"cooperativeness": 1.0, "off_topic": 1.0, "named_terms": 4}
    searches = open_searches(400, settings=settings)
    named = ask(searches)["named"]
    others = set(terms_of(searches, "wind", "rail"))
    rows = [[term for term in row if term >= 0] for row in named.tolist()]
    assert all(len(set(row)) == len(row) and set(row) <= others for row in rows)
    both = sum(len(row) == 2 for row in rows)  # but for those who drew one of them four times
    assert stats.binomtest(both, 400, 7 / 8).pvalue > SMALLEST_P


def test_an_open_answer_does_not_undo_what_was_said() -> None:
    searches = open_searches()
    (mill,) = terms_of(searches, "mill")
    for kind, value, fresh in [
        (Kind.DONT_KNOW, 0, 1),
        (Kind.NO_BARE, -1, 1),
        (Kind.DONT_KNOW, -1, 0),
        (Kind.NO_BARE, -1, 0),
        (Kind.YES, 1, 1),
    ]:
        if searches.legal_actions()[0, -1]:
            reflect(searches)
        searches.pose(offered(searches, mill))
        searches.arrays["kind"][0] = kind
        searches.settle()
        a = searches.arrays
        assert (a["n_heard"][0], a["heard_terms"][0, 0], a["heard_values"][0, 0]) == (
            1,
            mill,
            value,
        )
        assert a["fresh"][0] == fresh


# ---------------------------------------------------------------- going


def test_patience_counts_disappointments() -> None:
    searches = open_searches(settings={"patience": 3}, rounds=5)
    assert ask(searches, "harbour")["leaving"][0] == 0  # a yes disappoints nobody
    assert ask(searches, "mill")["disappointments"][0] == 1
    assert show(searches)["disappointments"][0] == 2
    a = ask(searches)
    assert (a["kind"][0], a["leaving"][0], a["left"][0]) == (Kind.DONT_KNOW, 2, 1)
    assert (a["terminated"][0], a["truncated"][0], a["done"][0]) == (1, 0, 1)
    assert (searches.legal_actions() == 1).all()


def test_patience_with_questions_counts_them_whatever_the_answer() -> None:
    searches = open_searches(settings={"question_patience": 3}, rounds=5)
    assert ask(searches, "harbour")["leaving"][0] == 0
    assert show(searches)["leaving"][0] == 0
    assert ask(searches, "seal")["leaving"][0] == 0
    a = ask(searches, "ferry")
    assert (a["kind"][0], a["leaving"][0], a["asked"][0]) == (Kind.YES, 2, 3)


@pytest.mark.parametrize(
    ("share", "items", "leaving"),
    [
        (1.0, [0], 1),
        (1.0, [1, 2, 0], 1),
        (1.0, [1, 2, 3, 0], 0),  # they read three
        (0.5, [2, 1], 1),
        (0.51, [2, 1], 0),
        (2.0, [0], 0),
    ],
)
def test_who_is_satisfied_goes(share: float, items: list[int], leaving: int) -> None:
    """Shares of the need that documents hold: 4, 2, 1 and 1 of 4."""
    searches = open_searches(settings={"satisfied_share": share, "patience": 2})
    a = show(searches, *items)
    assert a["leaving"][0] == leaving
    assert a["kind"][0] == (Kind.POSITIVE if leaving else Kind.NEG_BARE)
    assert a["outcome"][0] == (Outcome.HIT if leaving else Outcome.MISS)
    assert a["disappointments"][0] == 1 - leaving
    assert (a["terminated"][0], a["left"][0]) == (leaving, 0)


def test_thumbs_by_share_of_the_need() -> None:
    searches = open_searches(settings={"like_share": 0.5}, reads=3, top_k=5)
    a = show(searches, 2, 1, 0, 3)
    up, down = int(Level.ACCEPT), int(Level.SKIP)
    assert a["levels"][0].tolist() == [down, up, up, -1, -1]
    assert a["marked_items"][0, :3].tolist() == [2, 1, 0]
    assert a["marked_up"][0, : a["n_marked"][0]].tolist() == [0, 1, 1]
    searches = open_searches(settings={"like_share": 0.5, "feedback": "unary"}, reads=3, top_k=5)
    a = show(searches, 2, 1, 0, 3)
    assert a["levels"][0].tolist() == [-1, up, up, -1, -1]
    assert a["marked_items"][0, : a["n_marked"][0]].tolist() == [1, 0]
    searches = open_searches(settings={"like_share": 0.5, "feedback": "none"}, reads=3, top_k=5)
    a = show(searches, 2, 1, 0, 3)
    assert a["levels"][0].tolist() == [-1] * 5
    assert (a["kind"][0], a["outcome"][0]) == (Kind.NOTHING, Outcome.MISS)
    assert (a["n_marked"][0], a["fresh"][0], a["disappointments"][0]) == (0, 0, 1)


def test_reading_on_is_a_geometric_law() -> None:
    searches = open_searches(4_000, settings={"examination": 0.6}, reads=10)
    read = (show(searches, 0, 1, 2, 3, 4)["levels"] >= 0).sum(axis=1)
    expected = 4_000 * np.array([0.4, 0.24, 0.144, 0.0864, 0.1296])
    counts = np.bincount(read, minlength=6)[1:]
    assert counts.sum() == 4_000
    assert stats.chisquare(counts, expected).pvalue > SMALLEST_P


# ---------------------------------------------------------------- the system


def shortlist(searches: Searches) -> list[str]:
    return words_of(searches, searches.arrays["questions"][0])


def test_the_shortlist_that_splits_and_the_likely_one() -> None:
    """Six documents of equal score; `half`, `third` and `two` are in so many of them.

    All three are in four documents of twelve, so that their idf is the same: p decides alone.
    """
    found = ["sea half third", "sea half third", "sea half", "sea two", "sea two", "sea two"]
    others = ["half", "third", "third", "two", "y1", "y2"]
    world = collection([*found, *others], [{"says": "sea", "needs": "half"}])
    both = {
        how: open_searches(world=world, b=0.0, shortlist=how, questions=3)
        for how in ("split", "likely")
    }
    for searches in both.values():
        scores = searches.arrays["found_scores"][0]
        assert (scores[:6] == scores[0]).all()
        assert (searches.arrays["found_items"][0, 6:] == -1).all()
        assert shortlist(searches) == ["half", "two", "third"]
        np.testing.assert_array_equal(
            searches.arrays["question_shares"][0], np.array([1 / 2, 1 / 2, 1 / 3], np.float32)
        )
        idf = np.log(1 + (12 - 4 + 0.5) / (4 + 0.5))
        np.testing.assert_allclose(searches.arrays["question_idf"][0], idf, rtol=1e-6)
    # Of five of six documents: likely before, and hardly a split.
    usual = [f"{text} usual" for text in found[:5]]
    world = collection([*usual, found[5], *others], [{"says": "sea", "needs": "half"}])
    first = {
        how: shortlist(open_searches(world=world, b=0.0, shortlist=how))[0]
        for how in ("split", "likely")
    }
    assert first == {"split": "half", "likely": "usual"}


def test_what_was_asked_and_what_is_in_the_query_is_not_offered_again() -> None:
    searches = open_searches(questions=20)
    before = shortlist(searches)
    assert "tea" not in before  # it is in the query
    assert "sea" not in before
    a = act(searches, 0)
    assert words_of(searches, a["term"]) == before[:1]
    assert shortlist(searches) == before[1:]


def test_offers_take_the_last_places_for_one_move() -> None:
    searches = open_searches(questions=3, settings={"cooperativeness": 0.0})
    before = shortlist(searches)
    wind, sea = terms_of(searches, "wind", "sea")
    searches.offer(np.array([[wind, sea]], dtype=np.int32), np.array([0]))
    assert shortlist(searches) == [before[0], "wind", "sea"]
    shares = searches.arrays["question_shares"][0]
    assert shares[1] == 0  # none of the documents found holds it
    assert 0 < shares[2] < 1
    ask(searches)
    assert shortlist(searches) == before


APPENDED = {"sea": 1.0, "tea": 1.0, "seal": 1.0}


@pytest.mark.parametrize(
    ("no_weight", "expected"),
    [
        (0.0, {"sea": 1.0, "seal": 1.0}),
        (0.5, {"sea": 1.0, "seal": 1.0, "mill": -0.5, "tea": -0.5}),
    ],
)
def test_append_with_a_no_and_with_what_is_removed(
    no_weight: float, expected: dict[str, float]
) -> None:
    settings = {"cooperativeness": 1.0, "naming": "order", "feedback": "edit"}
    searches = open_searches(settings=settings, no_weight=no_weight, rounds=5)
    assert query_of(searches) == {"sea": 1.0, "tea": 1.0}
    terms = terms_of(searches, "mill")
    searches.pose(offered(searches, terms[0]))
    searches.arrays["kind"][0] = Kind.NO_BARE
    searches.settle()
    a = show(searches)
    assert a["kind"][0] == Kind.NEG_REFINE
    assert words_of(searches, a["named"][0]) == ["seal"]
    assert words_of(searches, a["removed"]) == ["tea"]
    assert a["move_words"][0] == 2
    assert query_of(searches) == {"sea": 1.0, "tea": 1.0}
    turn = int(a["turn"][0])
    assert a["fresh"][0] == 1
    a = reflect(searches)
    assert (a["fresh"][0], a["turn"][0]) == (0, turn)
    n = int(a["n_query"][0])
    assert words_of(searches, a["query_terms"][0, :n]) == list(expected)
    assert a["query_weights"][0, :n].tolist() == list(expected.values())


def offered(searches: Searches, term: int) -> Moves:
    """The question about a term, once it is on the shortlist."""
    searches.offer(np.array([[term]], dtype=np.int32), np.array([0]))
    code = searches.protocol.questions - 1
    return Moves.from_flat([code], searches.n_askables, verbs=searches.verbs)


def test_a_query_of_the_agent_is_in_force_until_the_next_reflection() -> None:
    searches = open_searches(settings={"cooperativeness": 1.0, "naming": "order"})
    (wind,) = terms_of(searches, "wind")
    ask(searches)
    searches.set_query(Queries.of([{wind: 2.0}]), np.array([0]))
    assert query_of(searches) == {"wind": 2.0}
    assert searches.arrays["found_items"][0, 0] == 9
    assert searches.arrays["fresh"][0] == 0
    ask(searches)
    reflect(searches)
    assert query_of(searches) == {**APPENDED, "harbours": 1.0}


# ---------------------------------------------------------------- judgements and the end


def test_ndcg_rank_and_recall_by_hand() -> None:
    searches = open_searches(rounds=5, ndcg_at=3)
    a = show(searches, 2, 0, 1)
    best = 2 + 1 / np.log2(3)
    assert a["ndcg"][0] == pytest.approx((2 / np.log2(3) + 1 / 2) / best)
    assert (a["reciprocal_rank"][0], a["recall"][0]) == (1 / 2, 1.0)
    assert a["gain"][0] == a["ndcg"][0] == a["utility"][0]
    a = show(searches, 1)
    assert a["ndcg"][0] == pytest.approx(1 / best)
    assert (a["reciprocal_rank"][0], a["recall"][0]) == (1.0, 0.5)
    a = show(searches, 2, 3, 4, 0)
    assert (a["ndcg"][0], a["reciprocal_rank"][0], a["recall"][0]) == (0.0, 1 / 4, 0.5)
    assert a["gain"][0] == pytest.approx(-1 / best)


def test_gains_add_up_to_the_ndcg_of_the_last_list() -> None:
    settings = {"cooperativeness": 0.8, "feedback": "edit", "named_terms": 2}
    rewards = {"gain": 2.0, "question": -0.25, "word": -0.125, "illegal": -1.0}
    size = 200
    protocol = SearchRules().with_options(rounds=6, rewards=rewards)
    searches = Searches(PORT, None, protocol, size, users=Population("g", settings), split="test")
    searches.open(seeds=np.zeros(size, dtype=np.uint64), conversations=np.arange(size))
    rng, total = np.random.default_rng(0), np.zeros((size, 4))
    a = searches.arrays
    while not a["done"].all():
        legal = searches.legal_actions()
        codes = np.array([rng.choice(np.flatnonzero(row)) for row in legal])
        searches.step(Moves.from_flat(codes, searches.n_askables, verbs=searches.verbs))
        total += a["reward_terms"]
        np.testing.assert_allclose(a["reward"], a["reward_terms"].sum(axis=1))
    np.testing.assert_allclose(total[:, 0], 2 * a["ndcg"])
    np.testing.assert_array_equal(total[:, 1], -0.25 * a["asked"])
    np.testing.assert_allclose(total[:, 2], -0.125 * a["words"])
    assert (total[:, 3] == 0).all()
    assert a["ndcg"].std() > 0


def test_so_many_lists_and_turns_end_a_search() -> None:
    for rounds in (0, 2):
        searches = open_searches(rounds=rounds)
        for n in range(rounds + 1):
            assert show(searches)["truncated"][0] == (n == rounds)
    searches = open_searches(max_turns=2, settings={"cooperativeness": 1.0})
    ask(searches)
    a = reflect(searches)  # it takes no turn, and is not the last move
    assert (a["turn"][0], a["done"][0]) == (2, 0)
    a = ask(searches)
    assert (a["truncated"][0], a["terminated"][0]) == (1, 0)


def test_an_oracle_may_stop_the_search() -> None:
    for stop, ends in ((True, 1), (False, 0)):
        searches = open_searches(oracle_stop=stop, stop_at=1.0)
        assert show(searches, 1, 0)["done"][0] == 0
        a = show(searches, 0, 1)
        assert (a["terminated"][0], a["truncated"][0], a["leaving"][0]) == (ends, 0, 0)
        assert searches.success()[0] == bool(ends)


def test_success_is_of_the_last_list() -> None:
    searches = open_searches(rounds=1, ndcg_at=1)
    show(searches, 0)
    assert not searches.success()[0]
    show(searches, 2, 0)
    assert searches.arrays["done"][0] == 1
    assert not searches.success()[0]
    searches = open_searches(rounds=0, ndcg_at=1)
    show(searches, 1)
    assert searches.success()[0]


def test_ceiling_and_start_by_hand() -> None:
    """The need finds document 0 and then 1; what was said finds documents of tea first."""
    searches = open_searches(ndcg_at=2)
    a = searches.arrays
    assert a["ceiling"][0] == 1
    found = a["found_items"][0].tolist()
    assert found[0] == 3
    grades = {0: 2, 1: 1}
    gained = sum(grades.get(v, 0) / np.log2(r + 2) for r, v in enumerate(found[:2]))
    assert a["start_ndcg"][0] == pytest.approx(gained / (2 + 1 / np.log2(3)))
