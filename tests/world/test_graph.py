"""Worlds as typed networkx graphs: nothing is lost on the way there and back."""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recosim.errors import OptionError, WorldError
from recosim.world.csr import csr_from_lists, csr_from_pairs
from recosim.world.graph import explanation_paths, to_networkx
from recosim.world.world import World, build_world


@st.composite
def worlds(draw: Any) -> World:
    """Small worlds, with isolated users, items and attributes, empty and double facet names."""
    n_users = draw(st.integers(1, 5))
    n_items = draw(st.integers(3, 8))
    n_attributes = draw(st.integers(1, 5))
    n_facets = draw(st.integers(0, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    pairs = rng.permutation(n_users * n_items)
    taken = pairs[: max(3, draw(st.integers(0, len(pairs))))]
    where = np.concatenate([[0, 1, 2], rng.integers(3, size=len(taken) - 3)])
    train, valid, test = (
        csr_from_pairs(taken[where == s] // n_items, taken[where == s] % n_items, n_users)
        for s in range(3)
    )
    links = rng.integers(n_items * n_attributes, size=draw(st.integers(1, 20)))
    friends = rng.integers(n_users, size=(draw(st.integers(0, 6)), 2))
    names = st.sampled_from(["", "one", "two", "zwölf", "日本"])
    return build_world(
        name="w",
        item_attributes=csr_from_pairs(links // n_attributes, links % n_attributes, n_items),
        train=train,
        valid=valid,
        test=test,
        friends=csr_from_pairs(friends[:, 0], friends[:, 1], n_users),
        n_attributes=n_attributes,
        attribute_facet=rng.integers(-1, n_facets, n_attributes)
        if n_facets
        else [-1] * n_attributes,
        facet_names=[draw(names) for _ in range(n_facets)],
        attribute_names=[draw(names) for _ in range(n_attributes)],
        item_names=[draw(names) for _ in range(n_items)],
        item_texts=[draw(names) for _ in range(n_items)],
        item_length=[draw(st.sampled_from([math.nan, 0.1, 90.0])) for _ in range(n_items)],
        item_quality=rng.random(n_items),
        item_appeal=[draw(st.sampled_from([math.nan, 0.0, 0.7])) for _ in range(n_items)],
        source="s",
        licence="l",
        settings={"seed": 1},
    )


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_the_round_trip_keeps_the_fingerprint(world: World) -> None:
    again = World.from_networkx(world.to_networkx(), "again")
    assert again.fingerprint == world.fingerprint
    assert again.name == "again"
    assert (again.source, again.licence, again.settings) == ("s", "l", {"seed": 1})


@pytest.fixture
def world() -> World:
    return build_world(
        name="films",
        item_attributes=csr_from_lists([[0, 1], [0], [0, 1, 2], [2], []]),
        train=csr_from_lists([[0, 1], [3]]),
        valid=csr_from_lists([[3], []]),
        test=csr_from_lists([[2], [0]]),
        friends=csr_from_lists([[1], []]),
        n_attributes=3,
        attribute_names=["funny", "short", "old"],
        item_names=["A", "B", "C", "D", "E"],
        attribute_facet=[0, 1, -1],
        facet_names=["mood", "length"],
    )


def test_nodes_and_edges_are_typed(world: World) -> None:
    graph = to_networkx(world)
    assert graph.number_of_nodes() == 2 + 5 + 3
    assert graph.nodes["item", 4] == {"kind": "item", "name": "E"}
    assert graph.nodes["attribute", 1]["facet"] == "length"
    assert graph.nodes["attribute", 2]["facet"] is None
    assert graph.edges[("user", 0), ("item", 3)] == {"kind": "interaction", "split": "valid"}
    assert graph.edges[("item", 2), ("attribute", 1)] == {"kind": "has"}
    assert graph.edges[("user", 1), ("user", 0)] == {"kind": "friend"}
    assert graph.number_of_edges() == 6 + 7 + 1


def test_a_graph_with_nodes_of_any_name_becomes_a_world() -> None:
    graph = nx.Graph()
    graph.add_nodes_from(["ann", "bob"], kind="user")
    graph.add_nodes_from(["tea", "rum"], kind="item")
    graph.add_node("strong", kind="attribute", facet="taste")
    graph.add_edge("ann", "tea", split="train")
    graph.add_edge("rum", "ann", split="test")
    graph.add_edge("bob", "rum", split="valid")
    graph.add_edge("strong", "rum")
    graph.add_edge("bob", "ann")
    world = World.from_networkx(graph, "drinks")
    assert (world.n_users, world.n_items, world.n_attributes) == (2, 2, 1)
    assert list(world.facet_names) == ["taste"]
    assert world.test.row(0).tolist() == [1]
    assert world.item_attributes.row(1).tolist() == [0]
    assert world.friends.row(0).tolist() == [1]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda g: g.add_node("x"), "the node 'x' has kind None; allowed: user, item, attribute"),
        (lambda g: g.add_edge(("user", 0), ("attribute", 0)), "joins attribute and user"),
        (lambda g: g.add_edge(("user", 0), ("item", 4)), "has split None; set it to one of train"),
        (lambda g: g.add_edge(("user", 0), ("item", 4), kind="has"), "user as 'has'"),
        (
            lambda g: g.remove_edges_from(
                [e for e in g.edges if g.edges[e].get("split") == "test"]
            ),
            "the test split is empty",
        ),
    ],
)
def test_a_graph_that_is_no_world_is_refused(world: World, change: Any, problem: str) -> None:
    graph = to_networkx(world)
    change(graph)
    with pytest.raises(WorldError, match=problem):
        World.from_networkx(graph, "broken")


def test_paths_lead_over_attributes_of_train_items_strongest_first(world: World) -> None:
    paths = explanation_paths(world, user=0, item=2)
    # Train items of user 0 are A (funny, short) and B (funny); C is old too, but only the
    # validation item D is, and that explains nothing.
    assert [p.attribute for p in paths] == [0, 1]
    assert [p.support for p in paths] == [2, 1]
    assert paths[0].strength == pytest.approx(2 / 2 * math.log(5 / 3))
    assert paths[1].strength == pytest.approx(1 / 2 * math.log(5 / 2))
    assert paths[0].nodes == (("user", 0), ("attribute", 0), ("item", 2))
    assert explanation_paths(world, user=0, item=2, max_paths=1) == paths[:1]


def test_an_item_does_not_explain_itself_and_may_have_no_path(world: World) -> None:
    assert explanation_paths(world, user=1, item=3) == []
    assert explanation_paths(world, user=0, item=4) == []


def test_paths_of_nobody_are_refused(world: World) -> None:
    with pytest.raises(OptionError, match=r"user 2 does not exist; allowed: 0\.\.1"):
        explanation_paths(world, user=2, item=0)
    with pytest.raises(OptionError, match=r"item -1 does not exist"):
        explanation_paths(world, user=0, item=-1)
    with pytest.raises(OptionError, match="max_paths is 0"):
        explanation_paths(world, user=0, item=0, max_paths=0)
