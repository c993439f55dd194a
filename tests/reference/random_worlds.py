"""Random small worlds, vectors, protocols and users: what both implementations are played on.

Everything is a function of a numpy Generator. Vectors hold small multiples of 1/8, so that scores
are exact in float32 and in float64 alike and ties in score are real ties.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from recosim.envs.cpr.protocol import PRESETS, Protocol, Rewards
from recosim.estimators.base import Vectors
from recosim.users import Behaviour
from recosim.users.behaviour import WORDS
from recosim.world.csr import csr_from_pairs
from recosim.world.world import World, build_world

__all__ = ["random_behaviour", "random_protocol", "random_vectors", "random_world"]

# Items that a world has: fewer than one 64-bit word of a set holds, about one, two, and four.
ITEMS = ((3, 12), (13, 60), (61, 68), (100, 200))
# Probability that an item has an attribute: rare, usual and popular ones.
POPULARITY = (0.03, 0.25, 0.8)
# Probability of each form of feedback, none to edit: mostly those that say something.
TALKATIVE = (0.1, 0.1, 0.1, 0.25, 0.15, 0.3)


def random_world(
    rng: np.random.Generator,
    n_attributes: int | None = None,
    n_items: int | None = None,
    n_facets: int | None = None,
) -> World:
    """A world in which every split has an interaction that can be opened with a facet (if any).

    Some attributes are in no facet, some facets are empty, some items have no attributes, some
    users have no train items or a single item, and some worlds have no co-occurrence table.
    """
    n_items = n_items or int(rng.integers(*ITEMS[rng.integers(len(ITEMS))], endpoint=True))
    n_attributes = n_attributes or int(rng.integers(2, 41))
    n_users = int(rng.integers(1, 9))
    n_facets = int(rng.integers(0, 7)) if n_facets is None else n_facets

    has = rng.random((n_items, n_attributes)) < rng.choice(POPULARITY, n_attributes)
    has[rng.random(n_items) < 0.05] = False
    facet = rng.integers(0, n_facets, n_attributes) if n_facets else np.full(n_attributes, -1)
    if rng.random() < 0.5:
        facet[rng.random(n_attributes) < 0.3] = -1

    # 0 train, 1 valid, 2 test, -1 none
    split = rng.choice(4, size=(n_users, n_items), p=[0.4, 0.2, 0.2, 0.2]) - 1
    for user in range(n_users):
        shape = rng.random()
        if shape < 0.15:
            split[user][split[user] == 0] = -1
        elif shape < 0.3:
            split[user, rng.permutation(n_items)[1:]] = -1
    first = int(rng.integers(n_attributes))
    if n_facets:
        facet[first] = int(rng.integers(n_facets))
    for which, item in enumerate(rng.permutation(n_items)[:3]):
        split[rng.integers(n_users), item] = which
        has[item, first] = True

    world = build_world(
        name="random",
        item_attributes=csr_from_pairs(*np.nonzero(has), n_items),
        train=csr_from_pairs(*np.nonzero(split == 0), n_users),
        valid=csr_from_pairs(*np.nonzero(split == 1), n_users),
        test=csr_from_pairs(*np.nonzero(split == 2), n_users),
        n_attributes=n_attributes,
        attribute_facet=facet,
        facet_names=[f"facet {f}" for f in range(n_facets)],
    )
    if rng.random() < 0.3:  # as in worlds of more than 2,048 attributes
        return replace(world, cooccurrence=np.zeros((0, 0), dtype=np.int32))
    return world


def random_vectors(rng: np.random.Generator, world: World) -> Vectors:
    """Multiples of 1/8 of at most 1, or of at most 1/8 for many ties, or nothing but zeros."""
    largest = int(rng.choice([0, 1, 2, 8]))
    d = int(rng.choice([8, 16]))

    def eighths(*shape: int) -> np.ndarray:
        return (rng.integers(-largest, largest, shape, endpoint=True) / 8).astype(np.float32)

    return Vectors(
        user=eighths(world.n_users, d),
        item=eighths(world.n_items, d),
        attribute=eighths(world.n_attributes, d),
        item_bias=eighths(world.n_items),
        reflect_rate=float(rng.choice([0.01, 0.1, 1.0])),
        reflect_steps=int(rng.integers(1, 4)),
        penalise_rejected=bool(rng.random() < 0.3),
    ).check(world)


def random_protocol(rng: np.random.Generator, question: str) -> Protocol:
    """A preset, or any combination of choices with this question."""
    options = {
        "max_turns": int(rng.integers(2, 16)),
        "top_k": int(rng.integers(1, 11)),
        "on_reject": str(rng.choice(["keep", "remove"])),
        "feedback_on": str(rng.choice(["reflect", "reflect", "refusal"])),
        "inquiries": str(rng.choice(["free", "turn"])),
        "aspects": int(rng.integers(0, 4)),
        "yes_if": str(rng.choice(["item", "item", "item_and_user"])),
    }
    if rng.random() < 0.2:
        return PRESETS[str(rng.choice(sorted(PRESETS)))].with_options(**options)
    # Nine different rewards, so that no two events can be taken for one another.
    values = rng.permutation(np.arange(-4, 5) / 8 + 1 / 16).tolist()
    return Protocol(
        **options,
        question=question,  # type: ignore[arg-type]
        choices=int(rng.integers(1, 6)),
        drop_failed=str(rng.choice(["always", "if_more_than_k"])),
        opening_counts=bool(rng.random() < 0.5),
        last_turn_acts=bool(rng.random() < 0.5),
        targets=int(rng.integers(1, 4)),
        rewards=Rewards(*values) if rng.random() < 0.7 else Rewards(),
    )


def random_behaviour(rng: np.random.Generator) -> Behaviour:
    """About half of the users never err, and a third are those of the papers but for errors."""
    errors = {
        "answer_noise": float(rng.choice([0.0, 0.0, 0.4])),
        "dont_know": float(rng.choice([0.0, 0.0, 0.3])),
    }
    if rng.random() < 1 / 3:
        return Behaviour(**errors)
    patience = int(rng.integers(0, 7))
    return Behaviour(
        **errors,
        cooperativeness=float(rng.choice([0.0, 0.5, 1.0])),
        cooperation_trend=str(rng.choice(WORDS["cooperation_trend"])),  # type: ignore[arg-type]
        patience=patience if 1 <= patience <= 4 else None,
        leave_hazard=float(rng.choice([0.0, 0.0, 0.3])),
        examination=float(rng.choice([1.0, 0.5])),
        choice_temperature=float(rng.choice([0.0, 0.0, 0.7])),
        feedback=str(rng.choice(WORDS["feedback"], p=TALKATIVE)),  # type: ignore[arg-type]
        critic=str(rng.choice(WORDS["critic"])),  # type: ignore[arg-type]
        **(random_wishes(rng) | random_manners(rng)),
    )


def random_wishes(rng: np.random.Generator) -> dict[str, Any]:
    """Settings of what is wanted; half of the users want one item and nothing else."""
    if rng.random() < 0.5:
        return {}
    return {
        "acceptable": int(rng.choice([0, 0, 1, 3, 32])),
        "musts": int(rng.choice([0, 0, 1, 2, 8])),
        "weighting": str(rng.choice(WORDS["weighting"])),
        "drift": float(rng.choice([0.0, 0.0, 0.3, 1.0])),
        "standing": str(rng.choice(WORDS["standing"])),
    }


def random_manners(rng: np.random.Generator) -> dict[str, Any]:
    """Settings of what is said beside answers, taken, and borne; a third have none of them."""
    if rng.random() < 1 / 3:
        return {}

    def perhaps(*values: float) -> float:
        """0 as often as not, that each setting is also met without the others."""
        return 0.0 if rng.random() < 0.5 else float(rng.choice(values))

    takes = int(rng.choice([1, 1, 2, 3, 8]))
    more = {} if takes == 1 else {"acceptable": int(rng.choice([0, 2, 5, 32]))}
    return more | {
        "seen": perhaps(0.5, 1.0),
        "asks_about": perhaps(0.2, 0.6, 1.0),
        "critique_unasked": perhaps(0.5, 1.0),
        "want_unasked": perhaps(0.5, 1.0),
        "takes": takes,
        "opening": str(rng.choice(WORDS["opening"])),
        "question_patience": int(rng.integers(1, 6)) if rng.random() < 0.2 else None,
        "bad_list_hazard": perhaps(0.1, 0.4),
        "bad_list_rise": perhaps(0.1, 0.7),
        "deflects": perhaps(0.3, 1.0),
    }
