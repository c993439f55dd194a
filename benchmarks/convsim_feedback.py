"""What feedback on a search is worth: the figures of docs/search.md.

    python benchmarks/convsim_feedback.py --data ../shared/data

The collections are the user's own (TREC CAsT 2022, Cranfield, SciFact); none comes with RecoSim.
The simulated user knows the need of a turn. Each round they name a term of it that was not
said yet, any or the rarest in the collection; the system adds it to the query and searches again.
Controls: nothing is said (the start), a term of somebody else's need is said, and thumbs alone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scifact import scifact_as_beir

from recosim.retrieval.bm25 import BM25
from recosim.retrieval.evaluate import ndcg
from recosim.retrieval.expansion import rm3, rocchio
from recosim.retrieval.queries import Queries
from recosim.retrieval.tokens import FUNCTION_WORDS, Tokeniser
from recosim.world.importers import import_data
from recosim.world.storage import save_world
from recosim.world.world import World

K = 3  # of nDCG
ROUNDS = 3
DROPPED = 0.4  # share of a need's terms that are left unsaid at first, where there is no utterance
LIKED = 0.5  # share of the need's weight that a document must hold for a thumb up
SHOWN = 3  # documents of a list that get a thumb
RESAMPLES = 2000

Floats = NDArray[np.float64]


# ---- collections ------------------------------------------------------------------------------


def open_collections(data: Path, cache: Path) -> dict[str, World]:
    """The collections that are there, imported and stored, so that their indexes are kept."""
    kinds: dict[str, tuple[str, Callable[[], Path], dict[str, Any]]] = {
        "cast2022": ("cast", lambda: data / "cast2022", {}),
        "cranfield": ("trec", lambda: data / "cranfield", {"topic_ids": "position"}),
        "scifact": ("beir", lambda: scifact_as_beir(data / "scifact", cache / "beir"), {}),
    }
    worlds = {}
    for name, (kind, path, options) in kinds.items():
        if (data / name).is_dir():
            worlds[name] = save_world(import_data(kind, path(), name, **options), cache / name)
        else:
            print(f"{name} is left out: it is not in {data}")
    return worlds


# ---- the user and the system ------------------------------------------------------------------


@dataclass
class Task:
    """The turns of a collection that have a relevant document, and how their searches start."""

    bm25: BM25
    world: World
    turns: NDArray[np.int64]
    start: Queries
    needs: Queries  # without function words: what the user can name
    full: Queries  # the need as a query: the ceiling

    def score(self, queries: Queries) -> Floats:
        """nDCG@3 of each turn."""
        assert self.world.judgements is not None
        items = self.bm25.rank(queries, K).items
        return ndcg(items, self.world.judgements, self.turns, K)


def task_of(world: World, bm25: BM25, start: Callable[[int], str] | float, seed: int) -> Task:
    """Start from a text of each turn, or from its need with a share of the terms dropped."""
    assert world.topics is not None
    assert world.judgements is not None
    turns, topics, index = np.flatnonzero(world.judgements.answerable()), world.topics, bm25.index
    full = index.queries(topics.needs[t] for t in turns)
    needs = Queries.of([content(bm25, full.row(b)) for b in range(full.n)])
    if callable(start):
        return Task(bm25, world, turns, index.queries(start(int(t)) for t in turns), needs, full)
    rows = []
    for b, t in enumerate(turns):
        able = sorted(needs.row(b))
        rng = np.random.default_rng([seed, int(t)])
        gone = set(rng.permutation(able)[: round(start * len(able))].tolist())
        rows.append({term: w for term, w in full.row(b).items() if term not in gone})
    return Task(bm25, world, turns, Queries.of(rows), needs, full)


def content(bm25: BM25, row: dict[int, float]) -> dict[int, float]:
    words = bm25.index.vocabulary
    return {term: w for term, w in row.items() if words[term] not in FUNCTION_WORDS}


def named(
    task: Task, queries: Queries, needs: Queries, rng: np.random.Generator | None
) -> tuple[Queries, Floats]:
    """What the users name next, a term of the need not in the query, and how many words that is.

    Any of them with `rng`, else the rarest in the collection.
    """
    idf, rows = task.bm25.index.idf, []
    for b in range(queries.n):
        said = queries.row(b)
        left = sorted(
            (term for term in needs.row(b) if term not in said), key=lambda term: (-idf[term], term)
        )
        draw = 0.0 if rng is None else rng.random()  # one for each, so that rows stay comparable
        rows.append({left[int(draw * len(left))]: 1.0} if left else {})
    return Queries.of(rows), np.array([len(row) for row in rows], dtype=np.float64)


def strangers(task: Task, seed: int) -> Queries:
    """For each turn the need of a turn of another topic."""
    assert task.world.topics is not None
    topic = task.world.topics.turn_topic[task.turns]
    rng, rows = np.random.default_rng(seed), []
    for b in range(len(task.turns)):
        others = np.flatnonzero(topic != topic[b])
        rows.append(task.needs.row(int(rng.choice(others))))
    return Queries.of(rows)


def thumbs(task: Task, queries: Queries, marked: list[dict[int, bool]]) -> None:
    """Mark the shown documents: up where they hold half of the need, by the weight of its terms.

    The user reads the document and knows the need; they see neither scores nor judgements.
    """
    index = task.bm25.index
    items = task.bm25.rank(queries, SHOWN).items
    for b in range(queries.n):
        need = task.needs.row(b)
        whole = sum(float(index.idf[t]) for t in need) or 1.0
        for d in items[b][items[b] >= 0].tolist():
            held = set(index.doc_terms[index.doc_indptr[d] : index.doc_indptr[d + 1]].tolist())
            share = sum(float(index.idf[t]) for t in need if t in held) / whole
            marked[b][d] = share >= LIKED


def run(task: Task, way: str, seed: int) -> tuple[list[Floats], list[Floats]]:
    """nDCG@3 of each turn after each round, the start first; and the words said in each."""
    queries, scores, words = task.start, [task.score(task.start)], []
    needs = strangers(task, seed) if way == "random terms" else task.needs
    marked: list[dict[int, bool]] = [{} for _ in range(task.start.n)]
    searched = queries
    rng = None if "rarest" in way else np.random.default_rng([seed, 1])
    for _ in range(ROUNDS):
        if way == "thumbs only":
            thumbs(task, searched, marked)
            searched = rocchio(
                task.bm25.index,
                task.start,
                [[d for d, up in row.items() if up] for row in marked],
                [[d for d, up in row.items() if not up] for row in marked],
                terms=5,
            )
            words.append(np.zeros(queries.n))
        else:
            more, said = named(task, queries, needs, rng)
            queries, searched = queries.plus(more), queries.plus(more)
            if "RM3" in way:
                found = task.bm25.rank(queries, 10)
                searched = rm3(task.bm25.index, queries, found, documents=10, terms=10)
            words.append(said)
        scores.append(task.score(searched))
    return scores, words


# ---- tables -----------------------------------------------------------------------------------


def ratio(task: Task, above: Floats, below: Floats, less: float, seed: int) -> str:
    """`mean(above) / mean(below) - less` with its 95 % interval; whole topics are drawn again."""
    assert task.world.topics is not None
    topic = np.unique(task.world.topics.turn_topic[task.turns], return_inverse=True)[1]
    sums = np.stack([np.bincount(topic, above), np.bincount(topic, below)])
    drawn = np.random.default_rng(seed).integers(0, sums.shape[1], (RESAMPLES, sums.shape[1]))
    again = sums[:, drawn].sum(axis=2)
    low, high = np.percentile(again[0] / again[1] - less, [2.5, 97.5])
    return f"{above.mean() / below.mean() - less:+.0%} [{low:+.0%}, {high:+.0%}]"


def report(title: str, task: Task, ways: list[str], seed: int) -> list[dict[str, Any]]:
    """Print one table: start, rounds, ceiling, gains and shares of the gap with intervals."""
    top = task.score(task.full)
    topics = task.world.topics
    assert topics is not None
    n_topics = len(np.unique(topics.turn_topic[task.turns]))
    print(f"\n{title}: {len(task.turns)} turns of {n_topics} topics; {task.bm25.name}")
    print("| way | start | rounds 1, 2, 3 | need | gain, 1 | gain, 3 | gap closed, 3 | words |")
    print("|---|---|---|---|---|---|---|---|")
    rows = []
    for way in ways:
        scores, words = run(task, way, seed)
        first, last = scores[0], scores[-1]
        gap = float((top - first).mean())
        row = {
            "table": title,
            "way": way,
            "start": float(first.mean()),
            "rounds": [float(s.mean()) for s in scores[1:]],
            "need": float(top.mean()),
            "gain_1": ratio(task, scores[1], first, 1.0, seed),
            "gain_3": ratio(task, last, first, 1.0, seed),
            # A share of next to nothing is no figure.
            "closed_3": (
                ratio(task, last - first, top - first, 0.0, seed) if gap > 0.05 else "(gap < .05)"
            ),
            "words": float(sum(w.mean() for w in words)),
        }
        rows.append(row)
        shown = ", ".join(f"{s:.3f}" for s in row["rounds"])
        print(
            f"| {way} | {row['start']:.3f} | {shown} | {row['need']:.3f} | {row['gain_1']} | "
            f"{row['gain_3']} | {row['closed_3']} | {row['words']:.1f} |"
        )
    return rows


PAPER = "ConvSim (arXiv 2304.13874), other rankers: +16 % after one round, +35 % after three"


def quality(worlds: dict[str, World], tokeniser: Tokeniser, k1: float, b: float, seed: int) -> Any:
    """All tables for one setting of the retriever."""
    print(f"\n## {tokeniser}, k1={k1:g}, b={b:g}\n{PAPER}.")
    rows = []
    ways = ["append", "append, RM3", "append rarest", "thumbs only", "random terms"]
    for name, world in worlds.items():
        bm25, topics = BM25.of(world, k1=k1, b=b, tokeniser=tokeniser), world.topics
        assert topics is not None
        starts: dict[str, Callable[[int], str] | float] = {f"need, {DROPPED:.0%} dropped": DROPPED}
        if name == "cast2022":
            starts = {
                "utterance + 2 before": lambda t, topics=topics: " ".join(
                    [*topics.earlier(t, 2), topics.utterances[t]]
                ),
                "bare utterance": lambda t, topics=topics: topics.utterances[t],
                "manual rewrite": lambda t, topics=topics: topics.rewrites[t],
            }
        for start, how in starts.items():
            task = task_of(world, bm25, how, seed)
            rows += report(f"{name}, start: {start}", task, ways, seed)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write all figures as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        worlds = open_collections(given.data, Path(name))
        for world in worlds.values():
            topics, judgements = world.topics, world.judgements
            print(world, f"{topics.n_topics} topics, {topics.n_turns} turns,",
                  f"{judgements.documents.links} judgements")  # fmt: skip
        found = [
            quality(worlds, Tokeniser(function_words=words), 0.9, 0.4, given.seed)
            for words in (False, True)
        ]
    if given.out is not None:
        given.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
