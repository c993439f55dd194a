"""Worlds as typed networkx graphs, there and back, and path explanations on them.

Nodes are `("user", u)`, `("item", v)` and `("attribute", a)`; each has `kind` and `name`, where it
has a name. Edges have `kind`: "interaction" (with `split`), "has" (item - attribute) or "friend".
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np

from recosim.errors import OptionError, WorldError
from recosim.world.arrays import SPLITS, WorldArrays
from recosim.world.csr import csr_from_pairs

__all__ = ["ExplanationPath", "explanation_paths", "parts_of", "to_networkx"]

KINDS = ("user", "item", "attribute")

# What an edge means, by the kinds of its ends in alphabetical order.
EDGE_KINDS = {
    ("item", "user"): "interaction",
    ("attribute", "item"): "has",
    ("user", "user"): "friend",
}


def to_networkx(world: WorldArrays) -> nx.Graph:
    """The typed, undirected graph of a world. At Yelp size it takes gigabytes: mind the memory.

    Items carry `name`, and `text`, `length` (minutes), `quality` and `appeal` (0 to 1) where known;
    attributes carry `name`, `facet` (a name, or None) and `facet_index` (-1 for none).
    `graph.graph` holds `name`, `facets`, `source`, `licence` and `settings`, and `topics` and
    `judgements` as the world has them.
    """
    graph = nx.Graph(
        name=world.name,
        facets=list(world.facet_names),
        source=world.source,
        licence=world.licence,
        settings=dict(world.settings),
        topics=world.topics,
        judgements=world.judgements,
    )
    graph.add_nodes_from((("user", u), {"kind": "user"}) for u in range(world.n_users))
    for v in range(world.n_items):
        known: dict[str, Any] = {"kind": "item", "name": world.item_names[v]}
        if world.item_texts[v]:
            known["text"] = world.item_texts[v]
        if world.item_ids is not None:
            known["id"] = world.item_ids[v]
        for field in ("length", "quality", "appeal"):
            value = float(getattr(world, f"item_{field}")[v])
            if not math.isnan(value):
                known[field] = value
        graph.add_node(("item", v), **known)
    for a in range(world.n_attributes):
        f = int(world.attribute_facet[a])
        facet = world.facet_names[f] if f >= 0 else None
        name = world.attribute_names[a]
        # Two facets may have one name, so the number is what counts on the way back.
        graph.add_node(("attribute", a), kind="attribute", name=name, facet=facet, facet_index=f)
    for split in SPLITS:
        users, items = world.split(split).pairs()
        graph.add_edges_from(
            (
                (("user", u), ("item", v))
                for u, v in zip(users.tolist(), items.tolist(), strict=True)
            ),
            kind="interaction",
            split=split,
        )
    for label, table, row, column in (
        ("has", world.item_attributes, "item", "attribute"),
        ("friend", world.friends, "user", "user"),
    ):
        rows, ids = table.pairs()
        graph.add_edges_from(
            (((row, r), (column, c)) for r, c in zip(rows.tolist(), ids.tolist(), strict=True)),
            kind=label,
        )
    return graph


def parts_of(graph: nx.Graph, name: str) -> dict[str, Any]:
    """What a typed graph says of a world: the arguments of `build_world`.

    Nodes may be anything hashable that has `kind` "user", "item" or "attribute". They are numbered
    in the order of the graph, or by their number where each is `(kind, 0..n-1)`. The kind of an
    edge follows from its ends; an interaction needs `split`. Optional: `name`, `text`, `length`,
    `quality` and `appeal` of items, `name` and `facet` of attributes (a facet name or None; without
    any, all are in one facet), `graph.graph["facets"]` for the order of the facets.

    Raises:
        WorldError: a node without a known kind, an edge between kinds that do not go together, an
            interaction without a split.
    """
    index = _number_nodes(graph, name)
    nodes = {kind: list(ids) for kind, ids in index.items()}
    rows: dict[str, tuple[list[int], list[int]]] = {
        label: ([], []) for label in (*SPLITS, "has", "friend")
    }
    kind_of = {node: kind for kind, ids in nodes.items() for node in ids}
    for a, b, data in graph.edges(data=True):
        first, second = (a, b) if kind_of[a] <= kind_of[b] else (b, a)
        ends = (kind_of[first], kind_of[second])
        label = EDGE_KINDS.get(ends)
        if label is None or data.get("kind", label) != label:
            raise WorldError(
                f"graph {name!r}: the edge {a!r} - {b!r} joins {ends[0]} and {ends[1]} as "
                f"{data.get('kind')!r}; allowed: interaction (user - item), "
                "has (item - attribute), friend (user - user)."
            )
        if label == "interaction":
            label = data.get("split")
            if label not in SPLITS:
                raise WorldError(
                    f"graph {name!r}: the interaction {a!r} - {b!r} has split {label!r}; "
                    f"set it to one of {', '.join(SPLITS)}."
                )
            first, second = second, first  # rows are users
        if label == "has":
            first, second = second, first  # rows are items
        rows[label][0].append(index[kind_of[first]][first])
        rows[label][1].append(index[kind_of[second]][second])

    n_users, n_items = len(nodes["user"]), len(nodes["item"])
    items = [graph.nodes[v] for v in nodes["item"]]
    attributes = [graph.nodes[a] for a in nodes["attribute"]]
    facet, facet_names = _facets(graph, attributes)
    return {
        "name": name,
        "item_attributes": csr_from_pairs(*rows["has"], n_items),
        "train": csr_from_pairs(*rows["train"], n_users),
        "valid": csr_from_pairs(*rows["valid"], n_users),
        "test": csr_from_pairs(*rows["test"], n_users),
        "friends": csr_from_pairs(*rows["friend"], n_users),
        "n_attributes": len(attributes),
        "attribute_facet": facet,
        "facet_names": facet_names,
        "attribute_names": _names(attributes, "attribute") or None,
        "item_names": _names(items, "item") or None,
        "item_texts": [str(data.get("text", "")) for data in items] or None,
        "item_length": [data.get("length", math.nan) for data in items],
        "item_quality": [data.get("quality", math.nan) for data in items],
        "item_appeal": [data.get("appeal", math.nan) for data in items],
        "item_ids": [data["id"] for data in items] if items and "id" in items[0] else None,
        "topics": graph.graph.get("topics"),
        "judgements": graph.graph.get("judgements"),
        "source": str(graph.graph.get("source", "")),
        "licence": str(graph.graph.get("licence", "")),
        "settings": graph.graph.get("settings", {}),
    }


@dataclass(frozen=True)
class ExplanationPath:
    """One reason why a user may like an item: user -> attribute -> item.

    Attributes of the object:
        attribute: its id.
        support: how many of the user's train items have the attribute.
        strength: share of the user's train items that have it, times the natural logarithm of
            (items of the world / items that have it): often wanted, and telling.
        nodes: the three nodes, as in `to_networkx`.
    """

    attribute: int
    support: int
    strength: float
    nodes: tuple[tuple[str, int], ...]


def explanation_paths(
    world: WorldArrays, user: int, item: int, max_paths: int = 5
) -> list[ExplanationPath]:
    """The strongest paths user -> attribute -> item, strongest first, smallest id on ties.

    A user reaches an attribute if one of their *train* items has it: nothing is explained by what
    the recommender is not to know. No shared attribute gives an empty list.

    Raises:
        OptionError: no such user or item, or `max_paths` below 1.
    """
    for label, value, limit in (("user", user, world.n_users), ("item", item, world.n_items)):
        if not 0 <= value < limit:
            raise OptionError(f"{label} {value} does not exist; allowed: 0..{limit - 1}.")
    if max_paths < 1:
        raise OptionError(f"max_paths is {max_paths}; allowed: 1 or more.")
    train = world.train.row(user)
    carried = [world.item_attributes.row(int(v)) for v in train if v != item]
    support = np.bincount(
        np.concatenate(carried) if carried else np.zeros(0, np.int64),
        minlength=world.n_attributes,
    )
    graph = nx.DiGraph()
    source, target = ("user", user), ("item", item)
    graph.add_nodes_from([source, target])
    for a in world.item_attributes.row(item).tolist():
        if support[a]:
            rarity = math.log(world.n_items / len(world.attribute_items.row(a)))
            graph.add_edge(source, ("attribute", a), strength=support[a] / len(carried) * rarity)
            graph.add_edge(("attribute", a), target)
    paths = [
        ExplanationPath(
            attribute=nodes[1][1],
            support=int(support[nodes[1][1]]),
            strength=float(graph.edges[nodes[0], nodes[1]]["strength"]),
            nodes=tuple(nodes),
        )
        for nodes in nx.all_simple_paths(graph, source, target, cutoff=2)
    ]
    return sorted(paths, key=lambda path: (-path.strength, path.attribute))[:max_paths]


def _number_nodes(graph: nx.Graph, name: str) -> dict[str, dict[Hashable, int]]:
    """The position of each node among those of its kind."""
    nodes: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    for node, data in graph.nodes(data=True):
        kind = data.get("kind")
        if kind not in nodes:
            raise WorldError(
                f"graph {name!r}: the node {node!r} has kind {kind!r}; allowed: {', '.join(KINDS)}."
            )
        nodes[kind].append(node)
    for kind, members in nodes.items():
        if set(members) == {(kind, i) for i in range(len(members))}:
            members.sort(key=lambda node: int(node[1]))
    return {kind: {node: i for i, node in enumerate(m)} for kind, m in nodes.items()}


def _names(nodes: list[dict[str, Any]], kind: str) -> list[str]:
    return [str(data.get("name", f"{kind} {i}")) for i, data in enumerate(nodes)]


def _facets(
    graph: nx.Graph, attributes: list[dict[str, Any]]
) -> tuple[list[int] | None, list[str] | None]:
    """(facet of each attribute, names of the facets); None for both where no facet is given."""
    names = [str(f) for f in graph.graph.get("facets", ())]
    if not names and not any("facet" in data for data in attributes):
        return None, None
    of_name = {f: i for i, f in reversed(list(enumerate(names)))}
    facet = []
    for data in attributes:
        label = data.get("facet")
        given = data.get("facet_index", -1)
        if label is None:
            facet.append(-1)
        elif 0 <= given < len(names) and names[given] == label:
            facet.append(int(given))
        else:
            if str(label) not in of_name:
                of_name[str(label)] = len(names)
                names.append(str(label))
            facet.append(of_name[str(label)])
    return facet, names
