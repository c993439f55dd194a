"""A world of six items on which the rules can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from reference.cpr import ReferenceConversation, WorldTables

from recosim.envs.cpr.protocol import Protocol
from recosim.estimators.base import Vectors
from recosim.users import Behaviour
from recosim.users.behaviour import TRAITS
from recosim.world.csr import csr_from_lists
from recosim.world.world import build_world

__all__ = ["TABLES", "conversation", "vectors", "with_status"]

# Facet 0 has the attributes 0, 1, 2; facet 1 has 3, 4; attribute 5 is in no facet.
ITEMS = [
    {0, 3},
    {0, 1, 3},
    {0, 1, 4},
    {0, 2, 5},
    {1, 3, 5},
    {0, 2, 4},
]
WORLD = build_world(
    name="six",
    item_attributes=csr_from_lists(ITEMS),
    train=csr_from_lists([[4, 5], []]),
    valid=csr_from_lists([[3], []]),
    test=csr_from_lists([[0, 1, 2], [3]]),
    n_attributes=6,
    attribute_facet=[0, 0, 0, 1, 1, -1],
)
TABLES = WorldTables(WORLD)


def vectors(**changes: Any) -> Vectors:
    """User 0 scores item v with v (and user 1 with -v): the largest ids are the best."""
    user, item, attribute = (np.zeros((n, 8), dtype=np.float32) for n in (2, 6, 6))
    user[:, 0] = [1, -1]
    item[:, 0] = range(6)
    fields = {"user": user, "item": item, "attribute": attribute, "item_bias": np.zeros(6, "f4")}
    return Vectors(**(fields | changes)).check(WORLD)


def conversation(
    *,
    target: int = 1,
    opening: int | None = 0,
    names: str = "attribute",
    user: int = 0,
    tables: WorldTables = TABLES,
    split: tuple[int, ...] = (),
    estimator: Vectors | None = None,
    draws: Mapping[tuple[str, int], float] | None = None,
    **options: Any,
) -> ReferenceConversation:
    """An open conversation; `draws` maps (purpose, turn) to what is drawn there.

    Options are those of `Behaviour` and of `Protocol`; `names` is the `opening` of the behaviour,
    what the request names where the `opening` is not given.
    """
    settings = {name: options.pop(name) for name in TRAITS if name in options}
    behaviour = Behaviour(**settings, opening=names)  # type: ignore[arg-type]
    draws = draws or {}
    conv = ReferenceConversation(
        tables,
        Protocol(**({"max_turns": 6, "top_k": 2} | options)),
        estimator or vectors(),
        behaviour=behaviour,
        draw=lambda purpose, turn, n: int(draws[purpose, turn]),
        draw_unit=lambda purpose, turn: draws[purpose, turn],
    )
    conv.open(user, target, split, opening)
    return conv


def with_status(conv: ReferenceConversation, code: int) -> set[int]:
    return {a for a, s in conv.status.items() if s == code}
