"""The batched searches and the plain-Python reference agree on every field after every move."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference.convsim_agreement import SearchesSideBySide, play_cases
from reference.convsim_cases import (
    SearchCase,
    collection,
    random_case,
    random_collection,
    random_search_rules,
    random_search_users,
    units_of,
)
from reference.convsim_world import SearchTables

from recosim.envs.convsim.rules import ROOM, SearchRules
from recosim.retrieval.dense import ENCODERS
from recosim.users import Population
from recosim.users.behaviour import WORDS


@pytest.mark.parametrize(("seed", "sizes"), [(0, (1, 3, 9)), (1, (1, 7, 16))])
def test_kernels_and_reference_agree(seed: int, sizes: tuple[int, ...]) -> None:
    assert play_cases(seed, 400, sizes) >= 400


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 14))
def test_kernels_and_reference_agree_on_8_000_searches(seed: int) -> None:
    assert play_cases(seed, 2_000, (1, 7, 16)) >= 2_000


def play(case: SearchCase, seed: int) -> SearchesSideBySide:
    both = SearchesSideBySide(case, np.random.default_rng(seed))
    both.open()
    both.play()
    return both


def test_they_agree_where_threads_share_the_batch() -> None:
    rng = np.random.default_rng(2)
    world = random_collection(rng)
    users = Population("talkative", {"cooperativeness": 0.6, "feedback": "edit", "naming": "rare"})
    options = {"threads": 2, "split": "train"}
    rules = SearchRules(start="partial", max_turns=5)
    while not units_of(SearchTables(world, rules), "train"):
        world = random_collection(rng)
    play(SearchCase(world, rules, users, 400, options), 2)


LONG = [(feedback, way) for way in ("append", "rocchio", "rm3") for feedback in WORDS["feedback"]]


@pytest.mark.parametrize(
    ("feedback", "rewrite"),
    [pytest.param(*pair, marks=[] if pair[0] == "edit" else [pytest.mark.slow]) for pair in LONG],
)
def test_they_agree_on_long_needs(feedback: str, rewrite: str) -> None:
    """Needs, queries, and what was said, of more terms than there is room for."""
    rng = np.random.default_rng(3)
    words = [f"{stem}{ending}" for stem in "abcdefghijkl" for ending in range(10)]
    texts = [" ".join(rng.choice(words, 25)) for _ in range(40)]
    turns: list[dict[str, Any]] = [
        {
            "topic": topic,
            "says": " ".join(rng.permutation(words)[: 3 + 80 * (topic == 1)]),
            "needs": " ".join(rng.permutation(words)[: 30 + 60 * (topic != 2)]),
        }
        for topic in range(3)
    ]
    users = Population(
        "long",
        {
            "feedback": feedback,
            "cooperativeness": 1.0,
            "named_terms": 4,
            "off_topic": 0.3,
            "answer_noise": 0.2,
            "naming": {"choice": list(WORDS["naming"])},
        },
    )
    rules = SearchRules(max_turns=60, rounds=50, reads=10, rewrite=rewrite, no_weight=0.5, before=5)
    world = collection(texts, turns, split=[0, 0, 0])
    both = play(SearchCase(world, rules, users, 12, {"split": "train"}), 4)
    if feedback in ("critique", "instruction", "edit"):
        assert max(len(search.query) for search in both.searches) == ROOM
        assert max(len(search.heard) for search in both.searches) == ROOM


class Signs:
    """An encoder whose cosines are multiples of 1/4: exact in float32, and tied as often as not."""

    name = "signs"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), 8), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            rng = np.random.default_rng(zlib.crc32(" ".join(text.lower().split()).encode()))
            row[rng.permutation(8)[:4]] = rng.choice([-0.5, 0.5], 4)
        return vectors


@pytest.mark.parametrize(
    ("retriever", "reranker"), [("dense", "none"), ("bm25", "dense"), ("dense", "dense")]
)
def test_they_agree_on_vectors(
    retriever: str, reranker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENCODERS, "signs", Signs)
    for seed in range(8):
        case = random_case(np.random.default_rng((7, seed)), (1, 5))
        dense = {"retriever": retriever, "reranker": reranker, "encoder": "signs"}
        play(replace(case, rules=case.rules.with_options(**dense)), seed)


def test_a_case_is_a_function_of_its_key() -> None:
    one, two = (random_case(np.random.default_rng(5), (1, 7)) for _ in range(2))
    assert (one.rules, one.users, one.options) == (two.rules, two.users, two.options)
    assert one.world.fingerprint == two.world.fingerprint


@st.composite
def tiny_cases(draw: st.DrawFn) -> SearchCase:
    """A collection of up to four documents of up to three words, and up to three turns."""
    words = st.sampled_from(["sea", "seal", "seals", "tea", "x", "the"])
    texts = st.lists(words, max_size=3).map(" ".join)
    documents = draw(st.lists(texts, min_size=1, max_size=4))
    documents[0] = f"sea {documents[0]}"  # of which every need has a word, so that all can be met
    turns = []
    for topic in sorted(draw(st.lists(st.integers(0, 1), max_size=2))):
        turns.append({"topic": 1 + topic, "needs": draw(texts), "says": draw(texts)})
    topics = {topic: at for at, topic in enumerate(sorted({turn["topic"] for turn in turns}), 1)}
    turns = [{**turn, "topic": topics[turn["topic"]]} for turn in turns]
    first = {"topic": 0, "needs": f"{draw(texts)} sea", "says": draw(texts.map(without_sea))}
    world = collection(documents, [first, *turns])
    seed = draw(st.integers(0, 50))
    rules = random_search_rules(np.random.default_rng(seed))
    users = random_search_users(np.random.default_rng(draw(st.integers(0, 50))))
    return SearchCase(world, rules, users, 2, {"split": "test"}, draw(st.booleans()))


def without_sea(text: str) -> str:
    return " ".join(word for word in text.split() if word != "sea")


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(tiny_cases(), st.integers(0, 3), st.lists(st.integers(-1, 12), max_size=12))
def test_they_agree_on_tiny_collections(case: SearchCase, seed: int, codes: list[int]) -> None:
    both = SearchesSideBySide(case, np.random.default_rng(seed))
    both.open()
    for code in codes:
        both.move(np.full(2, min(code, both.batch.n_actions - 1)))
