"""RM3 and Rocchio against their formulas in plain Python, measures, dense vectors."""

from __future__ import annotations

import builtins
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recosim.errors import MissingExtraError, OptionError, UnknownNameError
from recosim.retrieval.bm25 import BM25
from recosim.retrieval.dense import Dense
from recosim.retrieval.evaluate import grades_of, ndcg, recall, reciprocal_rank, success
from recosim.retrieval.expansion import rm3, rocchio
from recosim.retrieval.index import Index, build_index
from recosim.retrieval.queries import Queries
from recosim.world.csr import Csr, csr_from_lists
from recosim.world.storage import save_world
from recosim.world.strings import StringTable
from recosim.world.topics import Judgements, Topics, judgements_of
from recosim.world.world import World, build_world


def texts(n: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    odds = 1.0 / np.arange(1, 121)
    return [
        " ".join(f"w{i}" for i in rng.choice(120, size=rng.integers(1, 30), p=odds / odds.sum()))
        for _ in range(n)
    ]


@pytest.fixture(scope="module")
def index() -> Index:
    return build_index(texts(150, seed=0))


def counts(index: Index, d: int) -> dict[int, int]:
    lo, hi = index.doc_indptr[d], index.doc_indptr[d + 1]
    return dict(zip(index.doc_terms[lo:hi].tolist(), index.doc_counts[lo:hi].tolist(), strict=True))


def strongest(index: Index, model: Counter[int], n: int, common: float) -> dict[int, float]:
    able = {t: w for t, w in model.items() if index.frequency[t] <= common * index.n_documents}
    return dict(sorted(able.items(), key=lambda pair: (-pair[1], pair[0]))[:n])


def test_rm3_is_its_formula(index: Index) -> None:
    queries = index.queries(texts(12, seed=5))
    ranking = BM25(index).rank(queries, 6)
    new = rm3(index, queries, ranking, documents=5, terms=4, original=0.3, common=0.2)
    for b in range(queries.n):
        used = [(int(d), float(s)) for d, s in zip(ranking.items[b][:5], ranking.scores[b][:5],
                strict=True) if d >= 0 and s > 0]  # fmt: skip
        total = sum(s for _, s in used)
        model: Counter[int] = Counter()
        for d, score in used:
            for term, n in counts(index, d).items():
                model[term] += score / total * n / int(index.length[d])  # type: ignore[assignment]
        best = strongest(index, model, 4, 0.2)
        old = queries.row(b)
        mass = sum(old.values())
        wanted = {t: 0.3 * w for t, w in old.items()}
        for term, value in best.items():
            wanted[term] = wanted.get(term, 0) + 0.7 * mass * value / sum(best.values())
        assert new.row(b) == pytest.approx(wanted)


def test_rm3_leaves_a_query_that_finds_nothing_as_it_is(index: Index) -> None:
    queries = Queries.of([{}, {3: 2.0}])
    ranking = BM25(index).rank(queries, 3)
    assert rm3(index, queries, ranking).row(0) == {}
    assert rm3(index, queries, ranking, original=1.0).row(1) == {3: 2.0}


def test_rocchio_is_its_formula(index: Index) -> None:
    queries = index.queries(texts(2, seed=6))
    new = rocchio(index, queries, [[3, 7], []], [[9], []], alpha=0.8, beta=0.5, gamma=0.4, terms=6,
                  common=0.3)  # fmt: skip

    def unit(row: dict[int, float]) -> dict[int, float]:
        norm = math.sqrt(sum(w * w for w in row.values()))
        return {t: w / norm for t, w in row.items()}

    def mean(items: list[int]) -> dict[int, float]:
        model: Counter[int] = Counter()
        for d in items:
            for term, weight in unit({t: float(n) for t, n in counts(index, d).items()}).items():
                model[term] += weight / len(items)  # type: ignore[assignment]
        return strongest(index, model, 6, 0.3)

    wanted = {t: 0.8 * w for t, w in unit(queries.row(0)).items()}
    for scale, side in ((0.5, mean([3, 7])), (-0.4, mean([9]))):
        for term, value in side.items():
            wanted[term] = wanted.get(term, 0) + scale * value
    assert new.row(0) == pytest.approx(wanted)
    assert new.row(1) == pytest.approx({t: 0.8 * w for t, w in unit(queries.row(1)).items()})
    assert min(new.row(0).values()) < 0  # what is not wanted counts against a document


def test_expansion_refuses_what_it_cannot_use(index: Index) -> None:
    queries = Queries.of([{0: 1.0}])
    ranking = BM25(index).rank(queries, 3)
    for arguments, problem in (
        ({"original": 2.0}, "original is 2.0"),
        ({"documents": 0}, "documents is 0"),
        ({"terms": 0}, "terms is 0"),
        ({"common": 0.0}, "common is 0.0"),
    ):
        with pytest.raises(OptionError, match=problem):
            rm3(index, queries, ranking, **arguments)
    with pytest.raises(OptionError, match="a ranking of 1 queries"):
        rm3(index, Queries.of([{}, {}]), ranking)
    with pytest.raises(OptionError, match=r"a marked item is outside 0\.\.149"):
        rocchio(index, queries, [[150]])
    with pytest.raises(OptionError, match="2 lists of marked items for 1"):
        rocchio(index, queries, [[1], [2]])


# --- measures ---


def random_judgements(seed: int, turns: int = 30, items: int = 40) -> Judgements:
    rng = np.random.default_rng(seed)
    rows = [
        {int(v): int(rng.integers(0, 4)) for v in rng.choice(items, rng.integers(0, 9), False)}
        for _ in range(turns)
    ]
    return judgements_of(rows)


def random_rankings(seed: int, turns: int = 30, items: int = 40) -> Any:
    rng = np.random.default_rng(seed)
    ranked = np.array([rng.permutation(items)[:12] for _ in range(turns)], dtype=np.int32)
    ranked[::5, 8:] = -1
    return ranked


def test_measures_are_their_definitions() -> None:
    judgements, ranked = random_judgements(1), random_rankings(2)
    turns = np.arange(30)
    got = {
        "ndcg": ndcg(ranked, judgements, turns, 3),
        "rr": reciprocal_rank(ranked, judgements, turns),
        "recall": recall(ranked, judgements, turns, 10),
        "success": success(ranked, judgements, turns, 5),
    }
    none = 0
    for t in range(30):
        grade = judgements.of(t)
        gains = [grade.get(int(v), 0) for v in ranked[t] if v >= 0]
        ideal = sorted(grade.values(), reverse=True)

        def dcg(values: list[int]) -> float:
            return sum(g / math.log2(i + 2) for i, g in enumerate(values[:3]))

        if not any(ideal):
            none += 1
            assert all(math.isnan(values[t]) for values in got.values())
            continue
        hits = [i for i, g in enumerate(gains) if g > 0]
        relevant = sum(g > 0 for g in ideal)
        assert got["ndcg"][t] == pytest.approx(dcg(gains) / dcg(ideal))
        assert got["rr"][t] == pytest.approx(1 / (1 + hits[0]) if hits else 0)
        assert got["recall"][t] == pytest.approx(sum(i < 10 for i in hits) / relevant)
        assert got["success"][t] == any(i < 5 for i in hits)
    assert 0 < none < 15


def test_measures_agree_with_ir_measures() -> None:
    measures = pytest.importorskip("ir_measures", reason="the package ir_measures is missing")
    pytest.importorskip("pytrec_eval", reason="the package pytrec-eval-terrier is missing")
    judgements, ranked = random_judgements(3), random_rankings(4)
    qrels = [
        measures.Qrel(str(t), str(v), g) for t in range(30) for v, g in judgements.of(t).items()
    ]
    run = [
        measures.ScoredDoc(str(t), str(v), 100.0 - i)
        for t in range(30)
        for i, v in enumerate(ranked[t])
        if v >= 0
    ]
    turns = np.arange(30)
    for name, ours in (
        ("nDCG@3", ndcg(ranked, judgements, turns, 3)),
        ("nDCG@10", ndcg(ranked, judgements, turns, 10)),
        ("RR", reciprocal_rank(ranked, judgements, turns)),
        ("R@10", recall(ranked, judgements, turns, 10)),
        ("Success@5", success(ranked, judgements, turns, 5)),
    ):
        rows = measures.iter_calc([measures.parse_measure(name)], qrels, run)
        theirs = {int(row.query_id): row.value for row in rows}
        able = np.flatnonzero(~np.isnan(ours))
        assert len(able) > 15
        for t in able.tolist():
            assert ours[t] == pytest.approx(theirs[t], abs=1e-6), (name, t)


def test_grades_of_needs_a_row_for_each_turn() -> None:
    judgements = random_judgements(1)
    assert grades_of([[-1, -1]], judgements, [0]).tolist() == [[0, 0]]
    with pytest.raises(OptionError, match="no ranking of 2 turns"):
        grades_of([[1]], judgements, [0, 1])


# --- dense ---


class Lsa:
    """Latent semantic analysis of the texts themselves: an encoder that needs no weights."""

    name = "lsa-8"

    def __init__(self, documents: list[str]) -> None:
        self.index = build_index(documents)
        table = np.zeros((len(documents), self.index.n_terms))
        for d in range(len(documents)):
            for term, n in counts(self.index, d).items():
                table[d, term] = n * self.index.idf[term]
        self.basis = np.linalg.svd(table, full_matrices=False)[2][:8]
        self.calls = 0

    def encode(self, given: Any) -> Any:
        self.calls += 1
        rows = np.zeros((len(given), self.index.n_terms))
        for r, text in enumerate(given):
            for term, n in self.index.counted(text).items():
                rows[r, term] = n * self.index.idf[term]
        return rows @ self.basis.T


def collection(documents: list[str]) -> World:
    nobody = Csr(np.zeros(1, np.int64), np.zeros(0, np.int32))
    one = StringTable.of(["x"])
    return build_world(
        name="dense",
        item_attributes=csr_from_lists([[] for _ in documents]),
        n_attributes=0,
        train=nobody,
        valid=nobody,
        test=nobody,
        item_ids=[str(i) for i in range(len(documents))],
        item_names=[str(i) for i in range(len(documents))],
        item_texts=documents,
        topics=Topics(one, np.zeros(1, np.int8), np.zeros(1, np.int32), one, one, one, one, one,
                      csr_from_lists([[]])),
    )  # fmt: skip


def test_dense_ranks_by_cosine_exactly_and_keeps_its_vectors(tmp_path: Path) -> None:
    documents = texts(90, seed=8)
    documents[40] = documents[20]  # a tie
    encoder = Lsa(documents)
    world = save_world(collection(documents), tmp_path / "w")
    dense = Dense(world, encoder)
    queries = [*texts(9, seed=9), documents[20]]
    found = dense.search(queries, 15)
    vectors = encoder.encode(documents)
    for r, query in enumerate(queries):
        q = encoder.encode([query])[0]
        cosine = vectors @ q / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(q))
        np.testing.assert_allclose(found.scores[r], np.sort(cosine)[::-1][:15], atol=1e-5)
        np.testing.assert_allclose(cosine[found.items[r]], found.scores[r], atol=1e-5)
    assert found.items[-1][:2].tolist() == [20, 40]
    calls = encoder.calls
    again = Dense(world, encoder)
    assert encoder.calls == calls  # the vectors beside the world were opened
    assert not again.vectors.flags.writeable
    np.testing.assert_array_equal(again.vectors, dense.vectors)
    assert dense.search(queries, 500).items.shape == (10, 90)


def test_an_encoder_that_is_none_is_refused() -> None:
    world = collection(texts(5, seed=1))

    class Bad:
        name = "bad"

        def encode(self, given: Any) -> Any:
            return np.full((len(given), 2), np.nan)

    with pytest.raises(OptionError, match="the encoder 'bad' gave an array of shape"):
        Dense(world, Bad())
    with pytest.raises(UnknownNameError, match=r"unknown encoder 'minilm'.*wordllama.*object with"):
        Dense(world, "minilm")


def test_an_encoder_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.split(".")[0] == "wordllama":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "wordllama", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install 'recosim\[search\]'"):
        Dense(collection(texts(5, seed=1)), "wordllama")


def test_wordllama_finds_what_shares_no_word() -> None:
    pytest.importorskip("wordllama", reason="the extra [search] is not installed")
    documents = ["a small cat sleeping on a chair", "stock markets fell on monday", "boats at sea"]
    found = Dense(collection(documents), "wordllama").search(["kitten", "shares trading"], 3)
    assert found.items[:, 0].tolist() == [0, 1]
