"""What must never leak (docs/convsim.md, section 7): 1,000 conversations each, byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recosim.acts import Moves
from recosim.envs.convsim.rules import SearchRules
from recosim.envs.convsim.searches import Searches
from recosim.users import Population
from recosim.world.arrays import SPLITS
from recosim.world.catalog import open_world
from recosim.world.strings import StringTable
from recosim.world.topics import judgements_of
from recosim.world.world import World, build_world

CONVERSATIONS = 1_000
# Users who do and say all that users can.
LIVELY = Population(
    "lively",
    {
        "cooperativeness": {"uniform": [0, 1]},
        "cooperation_trend": "falling",
        "dont_know": 0.1,
        "answer_noise": 0.1,
        "off_topic": 0.1,
        "named_terms": {"choice": [1, 2]},
        "naming": {"choice": ["any", "order", "rare"]},
        "satisfied_share": {"choice": [2.0, 0.8]},
        "vague": 0.3,
        "examination": 0.9,
        "feedback": {"choice": ["none", "unary", "binary", "critique", "instruction", "edit"]},
        "patience": {"choice": [None, 4]},
    },
)
RULES: dict[str, dict[str, Any]] = {
    "append": {"no_weight": 0.3},
    "rocchio": {"rewrite": "rocchio", "start": "partial"},
    "rm3": {"rewrite": "rm3", "shortlist": "likely"},
}
# All that docs/convsim.md keeps of a search, but for what judgements decide.
TRANSCRIPT = (
    "user", "need", "turn", "step", "done", "terminated", "truncated", "left", "lists", "asked",
    "words", "disappointments", "start_terms", "start_weights", "n_start", "query_terms",
    "query_weights", "n_query", "heard_terms", "heard_values", "n_heard", "marked_items",
    "marked_up", "n_marked", "fresh", "asked_facets", "found_items", "found_scores", "candidates",
    "candidate_shares", "questions", "question_shares", "question_idf", "at_turn", "verb",
    "about", "term", "facet", "shown", "n_shown", "levels", "kind", "named", "removed", "outcome",
    "leaving", "move_words", "mask",
)  # fmt: skip
JUDGED = (
    "ndcg", "start_ndcg", "ceiling", "reciprocal_rank", "recall", "gain", "utility", "reward",
    "reward_terms",
)  # fmt: skip
# Of what the user says and does.
SAID = ("kind", "named", "removed", "levels", "leaving", "words", "disappointments")


@pytest.fixture(scope="module")
def music() -> World:
    """A built-in collection whose documents are called by the ids of a source."""
    world = open_world("lastfm-small-search")
    return rebuilt(world, labels=[f"d{v}" for v in range(world.n_items)])


def rebuilt(world: World, labels: list[str] | None = None, **changes: Any) -> World:
    """The same collection with some parts changed; `labels` are ids and names of documents."""
    names = (
        "name", "item_attributes", "train", "valid", "test", "n_attributes", "attribute_facet",
        "facet_names", "attribute_names", "item_names", "item_texts", "item_ids", "topics",
        "judgements",
    )  # fmt: skip
    parts = {name: getattr(world, name) for name in names}
    if labels is not None:
        parts |= {"item_names": labels, "item_ids": labels}
    return build_world(**{**parts, **changes})


def legal(searches: Searches, luck: np.ndarray) -> np.ndarray:
    """Any legal action of each row, by a number below 1."""
    order = np.cumsum(searches.legal_actions(), axis=1)
    pick = (luck * order[:, -1]).astype(np.int64)
    return np.argmax(order > pick[:, None], axis=1)


def talks(searches: Searches, luck: np.ndarray) -> np.ndarray:
    """Questions that no document has a part in: the facets, then the open question."""
    first, last = searches.protocol.questions, searches.n_askables - 1
    step = int(searches.arrays["step"].max())
    return np.full(searches.size, min(first + step, last))


def play(
    world: World,
    policy: Callable[[Searches, np.ndarray], np.ndarray] = legal,
    names: tuple[str, ...] = TRANSCRIPT,
    **rules: Any,
) -> tuple[list[bytes], list[bytes]]:
    """Search with a random agent; what was kept after each move, and what judgements decided."""
    protocol = SearchRules(**rules)
    searches = Searches(world, None, protocol, CONVERSATIONS, users=LIVELY, split="train")
    searches.open(
        seeds=np.full(CONVERSATIONS, 3, dtype=np.uint64), conversations=np.arange(CONVERSATIONS)
    )
    rng, a = np.random.default_rng(0), searches.arrays
    kept: list[bytes] = []
    judged: list[bytes] = []
    for _ in range(40):
        kept.append(b"".join(a[name].tobytes() for name in names))
        judged.append(b"".join(a[name].tobytes() for name in JUDGED))
        if a["done"].all():
            break
        codes = policy(searches, rng.random(CONVERSATIONS))
        searches.step(Moves.from_flat(codes, searches.n_askables, verbs=searches.verbs))
    assert a["done"].all()
    return kept, judged


def permuted(world: World) -> World:
    """The same turns can be answered, by other documents."""
    order = np.random.default_rng(1).permutation(world.n_items)
    graded = [world.judgements.of(t) for t in range(world.topics.n_turns)]
    other = [{int(order[v]): grade for v, grade in row.items()} for row in graded]
    return rebuilt(world, judgements=judgements_of(other))


@pytest.mark.parametrize("name", RULES)
def test_permuted_judgements_change_rewards_alone(music: World, name: str) -> None:
    kept, judged = play(music, **RULES[name])
    again, other = play(permuted(music), **RULES[name])
    assert again == kept
    assert judged[-1] != other[-1]


def test_and_the_transcript_where_an_oracle_stops() -> None:
    music = open_world("lastfm-small-search")
    oracle = {"oracle_stop": True, "stop_at": 0.5}
    assert play(music, **oracle)[0] != play(permuted(music), **oracle)[0]


@pytest.mark.parametrize("name", RULES)
def test_relabelled_documents_change_nothing(music: World, name: str) -> None:
    rng = np.random.default_rng(2)
    labels = [f"harbour {v:x} rock" for v in rng.permutation(music.n_items)]
    other = rebuilt(music, labels=labels)
    assert other.fingerprint != music.fingerprint
    assert play(other, **RULES[name]) == play(music, **RULES[name])


def test_which_document_holds_what_changes_no_answer(music: World) -> None:
    """The texts are dealt anew, so that all that is found is another document."""
    order = np.random.default_rng(3).permutation(music.n_items)
    texts = [music.item_texts[v] for v in order]
    dealt = rebuilt(music, item_texts=texts)
    said = play(music, talks, SAID)[0]
    assert play(dealt, talks, SAID)[0] == said
    kept = play(music, talks)[0]
    assert play(dealt, talks)[0] != kept


@pytest.mark.parametrize("name", RULES)
def test_canonical_answers_are_never_used(music: World, name: str) -> None:
    n = music.topics.n_turns
    secrets = StringTable.of(f"secret{t} {music.topics.needs[t]}" for t in range(n))
    other = rebuilt(music, topics=music.topics._replace(answers=secrets))
    assert other.fingerprint != music.fingerprint
    assert play(other, **RULES[name]) == play(music, **RULES[name])


def test_needs_do_change_what_is_said(music: World) -> None:
    """So that the tests above can fail."""
    needs = list(music.topics.needs)
    other = rebuilt(music, topics=music.topics._replace(needs=StringTable.of(needs[::-1])))
    assert play(other)[0] != play(music)[0]


def test_topics_are_split_and_not_turns(music: World) -> None:
    topics = []
    for split in SPLITS:
        searches = Searches(music, None, SearchRules(), 1, users=LIVELY, split=split)
        units = searches.units()
        topics.append(set(music.topics.turn_topic[units.table[:, -1]].tolist()))
        assert topics[-1] == set(np.asarray(units.cluster).tolist())
    train, valid, test = topics
    assert train.isdisjoint(valid | test)
    assert valid.isdisjoint(test)
    assert all(topics)
