"""How fast searching is: whole ConvSim searches, 256 queries, and the index of a large collection.

    python benchmarks/searches.py --data ../shared/data     # prints; --only one of the parts
    make benchmarks                                         # the first of them

SciFact is the user's own; without it the built-in collection of music is searched. `bm25s` and
`rank_bm25`, the baselines, are compared with where they are installed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scifact import scifact_as_beir

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from reference.convsim import ReferenceSearch
from reference.convsim_world import Found, Query, SearchTables

from recosim.acts import Moves
from recosim.envs.convsim.rules import SearchRules
from recosim.envs.convsim.searches import Searches
from recosim.retrieval.bm25 import BM25
from recosim.retrieval.index import build_index, index_of, searched_text
from recosim.retrieval.queries import Queries
from recosim.users import population
from recosim.world.catalog import open_world
from recosim.world.importers import import_data
from recosim.world.storage import open_folder, save_world
from recosim.world.world import World

__all__ = [
    "best",
    "collection_to_search",
    "environment_beside_retrieval",
    "plain_rate",
    "searches_rate",
]

DATA = Path("../shared/data")
BATCH = 1024
RULES = SearchRules(start="partial")
USERS = "typical"
SPLIT = "train"


def collection_to_search(data: Path, cache: Path) -> World:
    """SciFact where it is at hand, else the built-in collection of music; stored."""
    if not (data / "scifact").is_dir():
        return open_world("lastfm-search")
    made = import_data("beir", scifact_as_beir(data / "scifact", cache / "beir"), "scifact")
    return save_world(made, cache / "scifact")


def best(work: Callable[[], Any], seconds: float = 3.0) -> float:
    """Processor seconds of one run, the least of those that fit (noise only ever slows).

    Not those of the clock, so that other work on the machine does not count; all run on one thread.
    """
    work()
    times, started = [], time.perf_counter()
    while not times or time.perf_counter() - started < seconds:
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    return min(times)


# ---- whole searches: reflect where something is new, else ask and show by turns ---------------


def make_searches(world: World) -> Searches:
    return Searches(
        world,
        None,
        RULES,
        BATCH,
        users=population(USERS),
        split=SPLIT,
        raise_illegal=True,
        threads=1,
    )


def open_all(searches: Searches) -> None:
    searches.open(seeds=np.zeros(BATCH, dtype=np.uint64), conversations=np.arange(BATCH))


def next_moves(searches: Searches) -> Moves:
    """What is done next in each row; the same rule as that of `play_plain`."""
    a, n = searches.arrays, searches.n_askables
    codes = np.where(a["fresh"] == 1, n + 1, np.where(a["asked"] == a["lists"], -1, n))
    return Moves.from_flat(codes, n, verbs=searches.verbs)


def play_batch(searches: Searches) -> None:
    """The searches of a batch, from the opening to the end."""
    open_all(searches)
    while not searches.arrays["done"].all():
        searches.step(next_moves(searches))


def searches_rate(world: World, seconds: float) -> float:
    """Whole searches for each second of one core."""
    searches = make_searches(world)
    return BATCH / best(lambda: play_batch(searches), seconds)


def play_plain(search: ReferenceSearch) -> None:
    """One search that was opened, to its end."""
    while not search.done:
        if search.fresh:
            search.reflect()
        elif search.asked == search.lists:
            search.ask(search.best_ask())
        else:
            search.recommend()


def okapi_of(world: World) -> Callable[[Query, int], Found]:
    """`rank_bm25` as what finds documents, one query at a time.

    Raises:
        ImportError: it is not installed.
    """
    from rank_bm25 import BM25Okapi

    index = index_of(world, RULES.tokeniser)
    corpus = [index.tokeniser(searched_text(world, v)) for v in range(world.n_items)]
    okapi = BM25Okapi(corpus, k1=RULES.k1, b=RULES.b)

    def find(query: Query, k: int) -> Found:
        words = [w for term, weight in query.items() for w in index.words([term]) * int(weight)]
        scores = okapi.get_scores(words)
        order = np.argsort(-scores, kind="stable")[:k].tolist()
        return [(v, float(scores[v])) for v in order if scores[v] > 0]

    return find


def plain_rate(
    world: World, seconds: float, find: Callable[[Query, int], Found] | None = None
) -> float:
    """The same acts in plain Python, one search after the other: searches for each second."""
    tables, crowd = SearchTables(world, RULES, find), population(USERS)
    batch = make_searches(world)
    open_all(batch)
    needs = batch.arrays["need"].tolist()
    users = {need: crowd.behaviour(tables.topic[need]) for need in set(needs)}

    def play(conversation: int) -> None:
        search = ReferenceSearch(tables, RULES)
        need = needs[conversation]
        search.open(0, conversation, need, users[need])
        play_plain(search)

    play(0)  # compiled before it is timed
    played, before = 0, time.process_time()
    while played < BATCH and time.process_time() - before < seconds:
        play(played)
        played += 1
    return played / (time.process_time() - before)


def environment_beside_retrieval(world: World, seconds: float) -> tuple[float, float]:
    """Processor seconds of a batch of whole searches, and of finding the same queries alone."""
    searches = make_searches(world)
    asked_for = []
    open_all(searches)
    asked_for.append(searches.queries())
    while not searches.arrays["done"].all():
        before = searches.arrays["query_terms"].copy()
        searches.step(next_moves(searches))
        # Only what is searched: a reflection that leaves the query as it is searches for nothing.
        rows = np.flatnonzero((searches.arrays["query_terms"] != before).any(axis=1))
        if len(rows):
            asked_for.append(searches.queries(rows))
    bm25 = BM25(searches.index, RULES.k1, RULES.b)

    def retrieve() -> None:
        for queries in asked_for:
            bm25.rank(queries, searches.n_found)

    return best(lambda: play_batch(searches), seconds), best(retrieve, seconds)


def whole_searches(world: World, seconds: float = 5.0) -> dict[str, Any]:
    """Whole searches a second beside plain Python, and the environment beside retrieval."""
    row: dict[str, Any] = {"searches a second": searches_rate(world, seconds)}
    row["plain Python a second, our index"] = plain_rate(world, seconds)
    if find_spec("rank_bm25"):
        row["plain Python a second, rank_bm25"] = plain_rate(world, seconds, okapi_of(world))
    inside, alone = environment_beside_retrieval(world, seconds)
    row |= {"environment, s": inside, "retrieval alone, s": alone, "ratio": inside / alone}
    print(f"\n{BATCH} searches in {world.name} ({world.n_items:,} documents), one core:", row)
    return row


# ---- queries ----------------------------------------------------------------------------------


def many_queries(world: World, k: int = 100) -> dict[str, Any]:
    """256 utterances from tokens to the best k, on one thread, beside bm25s and rank_bm25."""
    index = index_of(world)
    bm25 = BM25(index)
    assert world.topics is not None
    queries = [index.tokeniser(world.topics.utterances[t]) for t in range(256)]

    def ours() -> Any:
        return bm25.rank(Queries.of([index.count(words) for words in queries]), k)

    row: dict[str, Any] = {"k": k, "recosim": best(ours)}
    corpus = [index.tokeniser(searched_text(world, v)) for v in range(world.n_items)]
    if find_spec("bm25s"):
        import bm25s

        theirs = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
        theirs.index(corpus, show_progress=False)

        def other() -> Any:
            return theirs.retrieve(queries, k=k, show_progress=False, n_threads=0)

        row["bm25s"] = best(other)
        difference = np.abs(np.asarray(other().scores, dtype=np.float64) - ours().scores).max()
        row["largest difference of scores"] = float(difference)
    if find_spec("rank_bm25"):
        from rank_bm25 import BM25Okapi

        naive = BM25Okapi(corpus)
        row["rank_bm25"] = best(lambda: [np.argsort(-naive.get_scores(q))[:k] for q in queries[:8]])
        row["rank_bm25"] *= 256 / 8
    print(f"\n256 queries on {world.name} ({world.n_items:,} documents), k={k}, processor time:")
    for name in ("recosim", "bm25s", "rank_bm25"):
        if name in row:
            print(f"  {name}: {1000 * row[name]:.1f} ms, {row[name] / row['recosim']:.2f}x")
        else:
            print(f"  {name} is not installed")
    print(f"  largest difference of scores: {row.get('largest difference of scores')}")
    return row


# ---- a large collection -----------------------------------------------------------------------


def large(folder: Path, n: int = 100_000, words: int = 80) -> dict[str, Any]:
    """The index of 100,000 documents of Zipf-distributed words: build, size, opening, memory."""
    import resource

    rng = np.random.default_rng(0)
    odds = 1.0 / np.arange(1, 50_001)
    cumulative = np.cumsum(odds / odds.sum())
    ids = np.searchsorted(cumulative, rng.random((n, words)))
    texts = [" ".join(f"w{i}" for i in row) for row in ids.tolist()]
    started = time.process_time()
    index = build_index(texts)
    row: dict[str, Any] = {"build, s": time.process_time() - started, "terms": index.n_terms}
    lines = (json.dumps({"_id": str(i), "text": text}) for i, text in enumerate(texts))
    (folder / "raw" / "qrels").mkdir(parents=True)
    (folder / "raw" / "corpus.jsonl").write_text("\n".join(lines))
    (folder / "raw" / "queries.jsonl").write_text('{"_id": "q", "text": "w1"}\n')
    (folder / "raw" / "qrels" / "test.tsv").write_text("q\t0\t1\n")
    del texts, index
    world = save_world(import_data("beir", folder / "raw", "large"), folder / "large")
    index_of(world)
    (kept,) = (folder / "large").glob("index.*")
    row["size, MB"] = sum(f.stat().st_size for f in kept.iterdir()) / 1e6
    world = open_folder(folder / "large")
    started = time.perf_counter()
    index_of(world)
    row["opening, ms"] = 1000 * (time.perf_counter() - started)
    row["peak memory, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"\nindex of {n:,} documents of {words} words:", row)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--only", choices=("searches", "queries", "large"))
    parser.add_argument("--out", type=Path, help="write all figures as JSON")
    given = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        if given.only != "large":
            world = collection_to_search(given.data, Path(name))
            if given.only in (None, "searches"):
                found["searches"] = whole_searches(world)
            if given.only in (None, "queries"):
                found["queries"] = [many_queries(world, k) for k in (10, 100)]
        if given.only in (None, "large"):
            found["large"] = large(Path(name))
    if given.out is not None:
        given.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
