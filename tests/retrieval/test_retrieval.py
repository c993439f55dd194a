"""Retrieval: tokens, the index and where it is kept, BM25 against plain Python and bm25s."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recosim.errors import OptionError
from recosim.retrieval.bm25 import BM25
from recosim.retrieval.index import ARRAYS, Index, build_index, index_of, searched_text
from recosim.retrieval.queries import Queries
from recosim.retrieval.tokens import Tokeniser, singular
from recosim.world.csr import Csr, csr_from_lists
from recosim.world.storage import open_folder, save_world
from recosim.world.strings import StringTable
from recosim.world.topics import Topics
from recosim.world.world import World, build_world

TEXTS = [
    "The cat sat on the mat.",
    "A dog, a cat and a dog",
    "",
    "Mats for dogs",
    "the cat the cat",
]


def world_of(texts: list[str], names: list[str] | None = None) -> World:
    nobody = Csr(np.zeros(1, np.int64), np.zeros(0, np.int32))
    return build_world(
        name="texts",
        item_attributes=csr_from_lists([[] for _ in texts]),
        n_attributes=0,
        train=nobody,
        valid=nobody,
        test=nobody,
        item_ids=[f"d{i}" for i in range(len(texts))],
        item_names=names or [f"d{i}" for i in range(len(texts))],
        item_texts=texts,
        topics=Topics(
            names=StringTable.of(["t"]),
            split=np.zeros(1, np.int8),
            turn_topic=np.zeros(1, np.int32),
            turn_names=StringTable.of(["t"]),
            utterances=StringTable.of(["cat"]),
            needs=StringTable.of(["cat"]),
            rewrites=StringTable.of([""]),
            answers=StringTable.of([""]),
            history=csr_from_lists([[]]),
        ),
    )


def random_texts(n: int, seed: int, vocabulary: int = 300) -> list[str]:
    """Texts of Zipf-distributed words, some equal, so that scores tie."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, vocabulary + 1)
    words = [f"w{i}" for i in range(vocabulary)]
    texts = [
        " ".join(rng.choice(words, size=rng.integers(0, 40), p=weights / weights.sum()))
        for _ in range(n)
    ]
    return [texts[i // 2] if i % 7 == 0 else text for i, text in enumerate(texts)]


def plain(index: Index, query: dict[int, float], k1: float, b: float) -> dict[int, float]:
    """Scores of BM25 from its formula, document by document, over what `index` was made of."""
    n = index.n_documents
    mean = sum(index.length.tolist()) / n
    scores = {}
    for d in range(n):
        lo, hi = index.doc_indptr[d], index.doc_indptr[d + 1]
        counts = dict(
            zip(index.doc_terms[lo:hi].tolist(), index.doc_counts[lo:hi].tolist(), strict=True)
        )
        if not any(t in counts for t, w in query.items() if w > 0):
            continue
        scores[d] = 0.0
        for t, w in query.items():
            df = int(index.indptr[t + 1] - index.indptr[t])
            idf = math.log(1 + (n - df + 0.5) / (df + 0.5))
            if not (tf := counts.get(t, 0)):
                continue
            scores[d] += w * idf * tf / (tf + k1 * (1 - b + b * index.length[d] / mean))
    return scores


def test_tokens_are_lower_case_words() -> None:
    assert Tokeniser()("Don't PANIC: 42 cafés_x") == ["don", "t", "panic", "42", "cafés_x"]
    assert Tokeniser(function_words=False)("The cat is on a mat") == ["cat", "mat"]
    assert Tokeniser(plurals=False)("cats and ponies, buses") == ["cat", "and", "pony", "buse"]


@pytest.mark.parametrize(
    ("word", "stem"),
    [("cats", "cat"), ("ponies", "pony"), ("glass", "glass"), ("virus", "virus"),
     ("trees", "trees"), ("plates", "plate"), ("toes", "toes"), ("s", "s"), ("gas", "gas")],
)  # fmt: skip
def test_plurals_follow_the_three_rules_of_harman(word: str, stem: str) -> None:
    assert singular(word) == stem


def test_the_index_holds_what_the_texts_hold() -> None:
    index = build_index(TEXTS)
    assert list(index.vocabulary) == sorted({word for t in TEXTS for word in Tokeniser()(t)})
    assert index.length.tolist() == [6, 7, 0, 3, 4]
    for d, text in enumerate(TEXTS):
        counted = Counter(Tokeniser()(text))
        lo, hi = index.doc_indptr[d], index.doc_indptr[d + 1]
        words = index.words(index.doc_terms[lo:hi])
        assert dict(zip(words, index.doc_counts[lo:hi].tolist(), strict=True)) == counted
    for term, word in enumerate(index.vocabulary):
        lo, hi = index.indptr[term], index.indptr[term + 1]
        documents, counts = index.documents[lo:hi].tolist(), index.counts[lo:hi].tolist()
        found = dict(zip(documents, counts, strict=True))
        assert found == {d: n for d, t in enumerate(TEXTS) if (n := Tokeniser()(t).count(word))}
        assert list(found) == sorted(found)
    assert index.counted("the CAT, the unicorn") == {
        index.term_of["the"]: 2.0, index.term_of["cat"]: 1.0,
    }  # fmt: skip


def test_names_are_searched_too_unless_the_text_opens_with_them() -> None:
    world = world_of(["of ships", "Harbours  and\nquays", "x"], ["Harbours", "Harbours and", "d2"])
    assert [searched_text(world, i) for i in range(3)] == [
        "Harbours\nof ships", "Harbours  and\nquays", "x",
    ]  # fmt: skip


def test_the_index_is_kept_beside_the_world_and_mapped(tmp_path: Path) -> None:
    world = save_world(world_of(TEXTS), tmp_path / "w")
    index = index_of(world)
    (folder,) = tmp_path.glob("w/index.*")
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    again = index_of(open_folder(tmp_path / "w"))
    assert {file.name: file.stat().st_mtime_ns for file in folder.iterdir()} == before
    assert open_folder(tmp_path / "w") is world  # what lies beside a world is no change of it
    mapped: Any = again.documents
    while mapped is not None and not isinstance(mapped, np.memmap):
        mapped = mapped.base
    assert isinstance(mapped, np.memmap)
    fresh = build_index(TEXTS)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), getattr(fresh, name))
        assert getattr(index, name).dtype == getattr(fresh, name).dtype
    assert list(again.vocabulary) == list(fresh.vocabulary)
    index_of(world, Tokeniser(plurals=False))
    assert len(list(tmp_path.glob("w/index.*"))) == 2


@pytest.mark.parametrize("fault", ["cut", "edited", "other format", "no json"])
def test_an_index_that_is_not_what_was_written_is_built_again(tmp_path: Path, fault: str) -> None:
    world = save_world(world_of(TEXTS), tmp_path / "w")
    wanted = index_of(world).documents.tolist()
    (folder,) = tmp_path.glob("w/index.*")
    file, note = folder / "documents.npy", folder / "kept.json"
    if fault == "cut":
        file.write_bytes(file.read_bytes()[:-4])
    elif fault == "edited":
        file.write_bytes(file.read_bytes()[:-4] + b"\1\0\0\0")
    elif fault == "other format":
        note.write_text(note.read_text().replace('"format": 1', '"format": 999'))
    else:
        note.write_text("{")
    assert index_of(world).documents.tolist() == wanted
    assert '"format": 1' in note.read_text()


def test_a_world_in_memory_is_indexed_in_memory() -> None:
    assert index_of(world_of(TEXTS)).n_documents == 5


@given(st.integers(0, 10_000), st.data())
@settings(max_examples=40, deadline=None)
def test_bm25_ranks_as_plain_python_does(seed: int, data: st.DataObject) -> None:
    texts = random_texts(data.draw(st.integers(1, 60)), seed, vocabulary=30)
    index = build_index(texts)
    k1, b = data.draw(st.sampled_from([(0.0, 0.0), (0.9, 0.4), (1.5, 0.75), (4.46, 0.82)]))
    weights = st.sampled_from([-2.0, -0.5, 0.5, 1.0, 3.0])
    rows = data.draw(
        st.lists(
            st.dictionaries(st.integers(0, max(index.n_terms - 1, 0)), weights, max_size=6),
            min_size=1, max_size=4,
        )
    )  # fmt: skip
    if not index.n_terms:
        rows = [{} for _ in rows]
    k = data.draw(st.integers(1, 70))
    found = BM25(index, k1, b).rank(Queries.of(rows), k)
    assert found.items.shape == (len(rows), min(k, len(texts)))
    for r, row in enumerate(rows):
        scores = plain(index, row, k1, b)
        n = min(len(scores), k, len(texts))
        items, given_scores = found.items[r], found.scores[r]
        assert (items[n:] == -1).all()
        assert (given_scores[n:] == 0).all()
        assert len(set(items[:n].tolist())) == n
        for item, score in zip(items[:n].tolist(), given_scores[:n].tolist(), strict=True):
            assert score == pytest.approx(scores[item], rel=1e-6, abs=1e-6)
        # Exactly ordered: by score, then by id; and nothing better is left out.
        pairs = list(zip((-given_scores[:n]).tolist(), items[:n].tolist(), strict=True))
        assert pairs == sorted(pairs)
        left = [score for d, score in scores.items() if d not in set(items[:n].tolist())]
        assert not left or max(left) <= given_scores[n - 1] + 1e-6


def test_equal_documents_are_ranked_by_id() -> None:
    found = BM25(build_index(["b", "a", "a", "c", "a", "a"])).search(["a"], 3)
    assert found.items.tolist() == [[1, 2, 4]]
    assert len(set(found.scores[0].tolist())) == 1


def test_scores_are_those_of_bm25s_on_the_same_tokens() -> None:
    bm25s = pytest.importorskip("bm25s", reason="the package bm25s is not installed")
    texts = random_texts(400, seed=3)
    index = build_index(texts)
    queries = [t for t in random_texts(60, seed=4) if t][:50]
    for k1, b in ((1.5, 0.75), (0.9, 0.4), (4.46, 0.82)):
        theirs = bm25s.BM25(method="lucene", k1=k1, b=b)
        theirs.index([Tokeniser()(t) for t in texts], show_progress=False)
        found = BM25(index, k1, b).search(queries, 20)
        for r, query in enumerate(queries):
            known = [w for w in Tokeniser()(query) if w in index.term_of]
            scores = theirs.get_scores(known)
            np.testing.assert_allclose(
                np.sort(scores)[::-1][:20], found.scores[r], rtol=2e-5, atol=1e-5
            )
            shown = found.items[r] >= 0
            np.testing.assert_allclose(
                scores[found.items[r][shown]], found.scores[r][shown], rtol=2e-5, atol=1e-5
            )


def test_a_query_without_a_known_term_finds_nothing() -> None:
    found = BM25(build_index(TEXTS)).search(["unicorn", "", "cat"], 2)
    assert found.items[:2].tolist() == [[-1, -1], [-1, -1]]
    assert (found.items[2] >= 0).all()


def test_negative_terms_lower_documents_and_find_none() -> None:
    index = build_index(TEXTS)
    cat, dog = index.term_of["cat"], index.term_of["dog"]
    bm25 = BM25(index)
    found = bm25.rank(Queries.of([{cat: 1.0}, {cat: 1.0, dog: -3.0}, {dog: -1.0}]), 5)
    assert found.items[0].tolist()[:3] == [4, 0, 1]
    assert found.items[1].tolist()[:3] == [4, 0, 1]
    assert found.scores[1, 2] < 0 < found.scores[0, 2]
    assert (found.items[2] == -1).all()


def test_what_cannot_be_searched_for_is_refused() -> None:
    index = build_index(TEXTS)
    with pytest.raises(OptionError, match=r"k is 0; 1 or more"):
        BM25(index).search(["cat"], 0)
    with pytest.raises(OptionError, match=r"k1 is -1"):
        BM25(index, k1=-1)
    with pytest.raises(OptionError, match=r"k1 is 1e\+30"):
        BM25(index, k1=1e30)
    for weight in (1e-300, 1e300):
        with pytest.raises(OptionError, match="the weight of a term is outside"):
            BM25(index).rank(Queries.of([{0: weight}]), 1)
    with pytest.raises(OptionError, match=r"b is 2"):
        BM25(index, b=2)
    with pytest.raises(OptionError, match="a term outside"):
        BM25(index).rank(Queries.of([{999: 1.0}]), 1)
    with pytest.raises(OptionError, match="finite weights"):
        Queries.of([{0: math.nan}])
    with pytest.raises(OptionError, match="1 queries cannot be added to 2"):
        Queries.of([{}, {}]).plus(Queries.of([{}]))


def test_queries_add_term_by_term() -> None:
    a, b = Queries.of([{0: 1.0, 2: 1.0}, {}]), Queries.of([{2: -2.0, 1: 4.0}, {3: 1.0}])
    both = a.plus(b, scale=0.5)
    assert [both.row(r) for r in range(2)] == [{0: 1.0, 1: 2.0}, {3: 0.5}]


def test_a_batch_is_ranked_as_its_queries_are_alone() -> None:
    index = build_index(random_texts(200, seed=1))
    texts = random_texts(20, seed=2)
    bm25 = BM25(index)
    together = bm25.search(texts, 7)
    for r, text in enumerate(texts):
        alone = bm25.search([text], 7)
        assert (alone.items[0] == together.items[r]).all()
        assert (alone.scores[0] == together.scores[r]).all()
