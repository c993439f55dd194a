"""`World`: what it derives, what it refuses, and what its fingerprint depends on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recosim.errors import OptionError, UnknownNameError, WorldError
from recosim.world.arrays import arrays_of
from recosim.world.csr import csr_from_lists, csr_from_pairs
from recosim.world.strings import StringTable
from recosim.world.world import World, build_world


def parts(**changes: Any) -> dict[str, Any]:
    """The parts of a sound world of 2 users, 4 items and 3 attributes, with changes."""
    return {
        "name": "w",
        "item_attributes": csr_from_lists([[0, 2], [1], [0], []]),
        "train": csr_from_lists([[0], [1]]),
        "valid": csr_from_lists([[1], []]),
        "test": csr_from_lists([[3], [0, 2]]),
        "n_attributes": 3,
        **changes,
    }


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2**31 - 1))))
def test_csr_holds_each_link_once_and_sorted(pairs: list[tuple[int, int]]) -> None:
    table = csr_from_pairs([r for r, _ in pairs], [i for _, i in pairs], 7)
    expected = sorted(set(pairs))
    assert list(zip(*(c.tolist() for c in table.pairs()), strict=True)) == expected
    assert table.rows == 7
    assert table.links == len(expected)
    assert table.degrees().tolist() == [sum(r == k for r, _ in expected) for k in range(7)]


def test_csr_transposes_and_is_its_own_transposes_transpose() -> None:
    table = csr_from_lists([[0, 2], [], [1, 2]])
    other = table.transpose(4)
    assert [other.row(r).tolist() for r in range(4)] == [[0], [2], [0, 2], []]
    assert [other.transpose(3).row(r).tolist() for r in range(3)] == [[0, 2], [], [1, 2]]
    with pytest.raises(OptionError, match="1 rows were given, 2 are needed"):
        csr_from_lists([[0]], 2)


@given(st.lists(st.text()))
def test_a_string_table_is_a_sequence_of_its_strings(strings: list[str]) -> None:
    strings = [s.encode("utf-8", "replace").decode() for s in strings]
    table = StringTable.of(strings)
    assert list(table) == strings
    assert len(table) == len(strings)
    assert table[1:3] == strings[1:3]
    if strings:
        assert table[-1] == strings[-1]
    with pytest.raises(IndexError):
        table[len(strings)]


def test_postings_bitsets_and_cooccurrence_follow_from_the_attributes() -> None:
    world = build_world(**parts())
    assert [world.attribute_items.row(a).tolist() for a in range(3)] == [[0, 2], [1], [0]]
    assert world.bitsets.dtype == np.uint64
    assert world.bitsets.tolist() == [[0b101], [0b010], [0b001]]
    assert world.cooccurrence.tolist() == [[2, 0, 1], [0, 1, 0], [1, 0, 1]]


def test_bitsets_of_many_attributes_and_words_agree_with_the_postings() -> None:
    rng = np.random.default_rng(0)
    links = rng.integers(200 * 100, size=900)
    world = build_world(
        **parts(
            item_attributes=csr_from_pairs(links // 100, links % 100, 200),
            train=csr_from_lists([[0], [199]]),
            n_attributes=100,
        )
    )
    assert world.bitsets.shape == (100, 4)
    for a in range(100):
        bits = np.unpackbits(world.bitsets[a].view(np.uint8), bitorder="little")
        np.testing.assert_array_equal(np.flatnonzero(bits), world.attribute_items.row(a))


def test_counts_popularity_facets_and_dialogues() -> None:
    world = build_world(**parts(attribute_facet=[1, -1, 1], facet_names=["a", "b"]))
    assert (world.n_users, world.n_items, world.n_attributes, world.n_facets) == (2, 4, 3, 2)
    assert world.n_interactions == 6
    assert world.popularity.tolist() == [1, 1, 0, 0]
    assert [world.facet_attributes.row(f).tolist() for f in range(2)] == [[], [0, 2]]
    # Item 3 has no attribute to open with.
    assert world.dialogues("test").tolist() == [[1, 0], [1, 2]]
    with pytest.raises(UnknownNameError, match="Did you mean 'test'"):
        world.split("tests")


def test_friends_are_made_symmetric_and_nobody_is_their_own() -> None:
    world = build_world(**parts(friends=csr_from_lists([[0, 1], []])))
    assert [world.friends.row(u).tolist() for u in range(2)] == [[1], [0]]


def test_all_arrays_are_read_only() -> None:
    for label, array in arrays_of(build_world(**parts())).items():
        assert not array.flags.writeable, label


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"item_attributes": csr_from_lists([[], [], [], []])}, "no item has an attribute"),
        ({"n_attributes": 2}, r"item_attributes has an id outside 0\.\.1"),
        ({"train": csr_from_lists([[], []])}, "the train split is empty"),
        ({"valid": csr_from_lists([[], []])}, "the valid split is empty"),
        ({"test": csr_from_lists([[], []])}, "the test split is empty"),
        ({"test": csr_from_lists([[4], []])}, r"test has an id outside 0\.\.3"),
        ({"test": csr_from_lists([[3]])}, "test has 1 users, train has 2"),
        ({"test": csr_from_lists([[0], []])}, "user 0 and item 0 are in two splits"),
        ({"friends": csr_from_lists([[5], []])}, r"friends has an id outside 0\.\.1"),
        ({"item_names": ["a"]}, "1 item_names for 4"),
        ({"item_length": [1.0]}, r"item_length has shape \(1,\), not \(4,\)"),
        ({"attribute_facet": [0, 1]}, "2 facets for 3 attributes"),
        ({"attribute_facet": [0, 1, 2], "facet_names": ["a"]}, r"a facet is outside 0\.\.0"),
    ],
)
def test_parts_that_make_no_world_are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(WorldError, match=problem):
        build_world(**parts(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"item_attributes": csr_from_lists([[0, 2], [1], [0], [1]])},
        {"n_attributes": 4},
        {"valid": csr_from_lists([[2], []])},
        {"friends": csr_from_lists([[1], []])},
        {"attribute_names": ["a", "b", "c"]},
        {"item_names": ["a", "b", "c", "d"]},
        {"item_texts": ["a", "b", "c", "d"]},
        {"item_quality": [0.0, 0.5, 1.0, 1.0]},
        {"attribute_facet": [0, 0, -1], "facet_names": ["attribute"]},
    ],
)
def test_the_fingerprint_changes_with_the_content(changes: dict[str, Any]) -> None:
    assert build_world(**parts(**changes)).fingerprint != build_world(**parts()).fingerprint


def test_the_fingerprint_is_of_the_content_alone() -> None:
    named = build_world(**parts(name="other", source="s", licence="l", settings={"seed": 1}))
    assert named.fingerprint == build_world(**parts()).fingerprint


def test_worlds_name_their_sizes_and_fingerprint() -> None:
    world: World = build_world(**parts())
    assert "users=2, items=4, attributes=3" in repr(world)
    assert world.fingerprint[:12] in repr(world)
