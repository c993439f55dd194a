"""Random small collections, rules and users for searches: what both implementations play on.

Everything is a function of a numpy Generator. Words are stems with endings, so that many are like
one another; documents are few and short, so that scores tie; some texts are empty, some needs long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from reference.convsim_world import SearchTables, luck_of

from recosim.envs.convsim.rules import Rewards, SearchRules
from recosim.users import Population
from recosim.users.behaviour import WORDS
from recosim.world.arrays import SPLITS
from recosim.world.csr import Csr, csr_from_lists
from recosim.world.strings import StringTable
from recosim.world.topics import Topics, judgements_of
from recosim.world.world import World, build_world

__all__ = [
    "SearchCase",
    "collection",
    "random_case",
    "random_collection",
    "random_search_rules",
    "random_search_users",
    "units_of",
]

NOBODY = Csr(np.zeros(1, np.int64), np.zeros(0, np.int32))
STEMS = (
    *("ferry", "harbour", "quay", "sea", "seal", "ship", "tea", "teach", "teapot", "port"),
    *("report", "sport", "café", "naïve", "wind", "window", "winding", "mill", "mile", "smile"),
    *("x", "ab", "q1", "2026", "under_score", "railway", "rail", "trail"),
)
ENDINGS = ("", "s", "ing", "er", "ers", "ed")
FUNCTION_WORDS = ("the", "of", "and", "what", "is")

# Values of each setting that are met, the usual ones more often.
NUMBERS: dict[str, tuple[Any, ...]] = {
    "cooperativeness": (0.0, 0.3, 0.7, 1.0, 1.0),
    "similarity": (0.6, 0.0, 0.3, 0.5, 1.0),
    "dont_know": (0.0, 0.0, 0.3),
    "answer_noise": (0.0, 0.0, 0.4),
    "off_topic": (0.0, 0.0, 0.4, 1.0),
    "named_terms": (1, 2, 3, 4),
    "like_share": (0.5, 0.0, 0.25, 1.0),
    "satisfied_share": (2.0, 2.0, 2.0, 2.0, 1.0, 0.5, 0.0),
    "vague": (0.0, 0.5, 1.0),
    "examination": (1.0, 0.7, 0.0),
    "patience": (None, None, None, 1, 3, 5),
    "question_patience": (None, None, None, 1, 3),
}
CHOICES = ("cooperation_trend", "naming")
TALKATIVE = ("critique", "instruction", "edit", "edit")


@dataclass(frozen=True)
class SearchCase:
    """What a batch is made of.

    Attributes:
        options: further arguments of the batch.
        outside: users answer from outside of the kernels, and some as no rule user would.
    """

    world: World
    rules: SearchRules
    users: Population
    size: int
    options: dict[str, Any]
    outside: bool = False


def collection(
    texts: Sequence[str],
    turns: Sequence[dict[str, Any]],
    *,
    grades: Sequence[dict[int, int]] | None = None,
    split: Sequence[int] | None = None,
    facets: dict[str, Sequence[str]] | None = None,
    names: Sequence[str] | None = None,
) -> World:
    """A collection from lists.

    Args:
        texts: of the documents, which are called `names`: d0, d1, ... if not given.
        turns: of each `topic` (0 if not given, ascending), `says`, `needs`, `rewrite`, `answer`,
            and `after`, the earlier turns of its conversation.
        grades: judgements of each turn; by default document 0 is relevant to all.
        split: of each topic; by default they are all of the test split.
        facets: facet -> its attributes. No document has any.
    """
    topic = [turn.get("topic", 0) for turn in turns]
    n = max(topic) + 1
    of_facet = [(f, a) for f, (_, row) in enumerate((facets or {}).items()) for a in row]
    ids = list(names or [f"d{v}" for v in range(len(texts))])
    return build_world(
        name="small",
        item_attributes=csr_from_lists([[]] * len(texts)),
        train=NOBODY,
        valid=NOBODY,
        test=NOBODY,
        n_attributes=len(of_facet),
        attribute_facet=[f for f, _ in of_facet],
        facet_names=list(facets or {}),
        attribute_names=[a for _, a in of_facet],
        item_names=ids,
        item_ids=ids,
        item_texts=list(texts),
        topics=Topics(
            names=StringTable.of(f"topic {t}" for t in range(n)),
            split=np.array([2] * n if split is None else split, dtype=np.int8),
            turn_topic=np.array(topic, dtype=np.int32),
            turn_names=StringTable.of(f"turn {t}" for t in range(len(turns))),
            utterances=StringTable.of(turn.get("says", "") for turn in turns),
            needs=StringTable.of(turn["needs"] for turn in turns),
            rewrites=StringTable.of(turn.get("rewrite", "") for turn in turns),
            answers=StringTable.of(turn.get("answer", "") for turn in turns),
            history=csr_from_lists([turn.get("after", ()) for turn in turns]),
        ),
        judgements=judgements_of([{0: 1}] * len(turns) if grades is None else grades),
    )


def random_collection(rng: np.random.Generator) -> World:
    """Up to 80 documents and 6 topics; some have no words, no judgements, or one document."""
    vocabulary = np.array([stem + ending for stem in STEMS for ending in ENDINGS])
    size = int(rng.choice([6, 25, 60, len(vocabulary)]))
    known = rng.permutation(vocabulary)[:size].tolist()
    weights = 1 / np.arange(1, size + 3) ** rng.choice([0.0, 1.0])  # two for strangers

    def text(least: int, most: int, of: Sequence[str] = known) -> str:
        p = weights[: len(of)] / weights[: len(of)].sum()
        words = rng.choice(np.array(of), int(rng.integers(least, most + 1)), p=p)
        some = rng.choice(FUNCTION_WORDS, len(words))
        spoken = [
            f"{filler} {word}" if rng.random() < 0.2 else str(word)
            for filler, word in zip(some, words, strict=True)
        ]
        return " ".join(spoken)

    n = int(rng.choice([1, 2, 4, 12, 30, 80]))
    longest = int(rng.choice([3, 12, 40, 150]))
    texts = ["" if rng.random() < 0.05 else text(0, longest) for _ in range(n)]
    mostly = rng.choice([4, 8, 200], p=[0.5, 0.4, 0.1])
    strangers = [*known, "unheard", "unknown"]
    turns: list[dict[str, Any]] = []
    for topic in range(int(rng.integers(1, 7))):
        first = len(turns)
        for t in range(first, first + int(rng.integers(1, 5))):
            after = [e for e in range(first, t) if rng.random() < 0.7]
            need = text(1, mostly, strangers)
            turns.append(
                {
                    "topic": topic,
                    "needs": need,
                    "says": text(0, 4) if rng.random() < 0.7 else " ".join(need.split()[:2]),
                    "rewrite": text(1, 5) if rng.random() < 0.7 else "",
                    "answer": text(5, 10),
                    "after": after,
                }
            )
    grades = [
        {int(v): int(rng.integers(0, 4)) for v in rng.permutation(n)[: rng.integers(0, 6)]}
        for _ in turns
    ]
    facets = {
        f"facet {f}": [f"{text(0, 3)} {f} {a}" for a in range(rng.integers(1, 5))]
        for f in range(rng.choice([0, 2, 5, 35], p=[0.4, 0.3, 0.25, 0.05]))
    }
    split = rng.choice(3, turns[-1]["topic"] + 1)
    return collection(texts, turns, grades=grades, split=split.tolist(), facets=facets)


def units_of(tables: SearchTables, split: str) -> list[int]:
    """The turns that searches of a split can be about."""
    of_split, answerable = tables.topics.split, tables.judgements.answerable()
    return [
        turn
        for turn, topic in enumerate(tables.topic)
        if of_split[topic] == SPLITS.index(split) and answerable[turn] and tables.needs[turn]
    ]


def random_case(rng: np.random.Generator, sizes: tuple[int, ...]) -> SearchCase:
    """A batch over a random collection that it can be played in, with its settings drawn too."""
    while True:
        world, rules = random_collection(rng), random_search_rules(rng)
        tables, split = SearchTables(world, rules), str(rng.choice(SPLITS))
        units = units_of(tables, split)
        if not units:
            continue
        luck = luck_of(0, 0)
        unsaid = [t for u in units for t in tables.needs[u] if t not in tables.first_query(u, luck)]
        if rules.start != "partial" and not unsaid:
            continue
        return SearchCase(
            world=world,
            rules=rules,
            users=random_search_users(rng),
            size=int(rng.choice(sizes)),
            options={"split": split, "threads": int(rng.integers(1, 4))},
            outside=bool(rng.random() < 0.2),
        )


def random_search_rules(rng: np.random.Generator) -> SearchRules:
    """A preset with other limits, or any combination of choices."""
    limits: dict[str, Any] = {
        "max_turns": int(rng.choice([1, 4, 12, 20])),
        "rounds": int(rng.choice([0, 1, 3, 10])),
        "top_k": int(rng.choice([1, 3, 10, 100])),
        "reads": int(rng.choice([1, 3, 8, 100])),
        "rewrite": str(rng.choice(["append", "append", "rocchio", "rm3"])),
        "plurals": bool(rng.random() < 0.7),
    }
    if rng.random() < 0.3:
        preset = SearchRules.PRESETS[str(rng.choice(sorted(SearchRules.PRESETS)))]
        return replace(preset, **limits)
    # Four different rewards, so that no two events can be taken for one another.
    rewards = Rewards(*(rng.permutation(np.arange(-2, 2) / 8 + 1 / 16).tolist()))
    return SearchRules(
        **limits,
        start=rng.choice(["said", "rewrite", "partial"]).item(),
        before=int(rng.choice([0, 1, 2, 5])),
        dropped=float(rng.choice([0.0, 0.4, 0.5, 0.9, 1.0])),
        questions=int(rng.choice([0, 1, 3, 8, 32])),
        shortlist=rng.choice(["split", "likely"]).item(),
        split_over=int(rng.choice([1, 2, 5, 20])),
        no_weight=float(rng.choice([0.0, 0.3, 2.0])),
        k1=float(rng.choice([0.9, 0.0, 1.5])),
        b=float(rng.choice([0.4, 0.0, 1.0])),
        depth=int(rng.choice([1, 5, 100])),
        ndcg_at=int(rng.choice([1, 3, 20])),
        oracle_stop=bool(rng.random() < 0.2),
        stop_at=float(rng.choice([0.753, 0.3, 0.99])),  # that no sum meets exactly
        rewards=rewards,
    )


def random_search_users(rng: np.random.Generator) -> Population:
    """Users who are alike, or who differ in half of their settings."""
    varied = rng.random() < 0.6
    settings: dict[str, Any] = {}
    for name, values in [*NUMBERS.items(), *((name, WORDS[name]) for name in CHOICES)]:
        if varied and rng.random() < 0.5:
            settings[name] = {"choice": list(values)}
        elif rng.random() > 0.25:
            settings[name] = values[rng.integers(len(values))]
    forms = TALKATIVE if rng.random() < 0.7 else WORDS["feedback"]
    settings["feedback"] = {"choice": list(forms)}
    return Population("random", settings, seed=int(rng.integers(1000)))
