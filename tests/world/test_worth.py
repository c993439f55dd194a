"""Length, quality and appeal of items: what is allowed, and the numbers that lives count with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recosim.errors import OptionError, UnknownNameError, WorldError
from recosim.world.csr import csr_from_lists
from recosim.world.world import World, build_world

unit = st.one_of(st.just(math.nan), st.floats(0, 1, width=32))


def world_with(**items: Any) -> World:
    """Two users, four items, three attributes, and what is said of the items."""
    return build_world(
        name="w",
        item_attributes=csr_from_lists([[0, 2], [1], [0], []]),
        train=csr_from_lists([[0], [1]]),
        valid=csr_from_lists([[1], []]),
        test=csr_from_lists([[3], [0, 2]]),
        n_attributes=3,
        **items,
    )


@pytest.mark.parametrize("field", ["item_quality", "item_appeal"])
@pytest.mark.parametrize("value", [-0.01, 1.01, 130, math.inf, -math.inf, 1e39])
def test_what_is_not_0_to_1_is_refused(field: str, value: float) -> None:
    given: dict[str, Any] = {field: [0.0, math.nan, value, 1.0]}
    with pytest.raises(WorldError, match=rf"{field} of item 2 is .*; allowed: 0 to 1, or unknown"):
        world_with(**given)


@pytest.mark.parametrize("value", [-0.5, -3.0, math.inf, 1e39])
def test_a_length_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(
        WorldError, match=r"item_length of item 1 .*; allowed: a finite number of min"
    ):
        world_with(item_length=[4.0, value, math.nan, 2.0])


def test_appeal_is_part_of_the_fingerprint_only_where_it_is_known() -> None:
    plain = world_with()
    unknown = world_with(item_appeal=[math.nan] * 4)
    assert unknown.fingerprint == plain.fingerprint
    some = world_with(item_appeal=[math.nan, 0.5, math.nan, math.nan])
    other = world_with(item_appeal=[math.nan, 0.25, math.nan, math.nan])
    quality = world_with(item_quality=[math.nan, 0.5, math.nan, math.nan])
    found = {world.fingerprint for world in (plain, some, other, quality)}
    assert len(found) == 4


def test_a_world_is_known_by_its_fingerprint_and_by_that_of_before_it_had_appeal() -> None:
    plain = world_with(item_quality=[0.0, 0.5, 1.0, 1.0])
    world = world_with(item_quality=[0.0, 0.5, 1.0, 1.0], item_appeal=[0.5, math.nan, 1, 0])
    assert world.known_as(world.fingerprint)
    assert world.known_as(plain.fingerprint)
    assert not plain.known_as(world.fingerprint)
    assert not world.known_as(world_with().fingerprint)


def test_the_fingerprint_without_appeal_is_the_one_of_before() -> None:
    """Written down when worlds had no appeal."""
    digest = "7e865f23b7176a4a4c7cab58c99b7c35e5ac0e5daa5261dac193b67ed85a0c40"
    assert world_with().fingerprint == digest


@given(st.lists(unit, min_size=4, max_size=4), st.sampled_from(["quality", "appeal"]))
def test_worth_is_standardised_over_what_is_known(values: list[float], kind: Any) -> None:
    given: dict[str, Any] = {f"item_{kind}": values}
    worth = world_with(**given).item_worth(kind)
    assert worth.dtype == np.float64
    known = [v for v in values if not math.isnan(v)]
    if len(set(known)) < 2:
        assert worth.tolist() == [0.0] * 4
        return
    mean = math.fsum(known) / len(known)
    deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in known) / len(known))
    expected = [0.0 if math.isnan(v) else (v - mean) / deviation for v in values]
    np.testing.assert_allclose(worth, expected, rtol=1e-6, atol=1e-9)


def test_minutes_are_the_usual_ones_where_unknown() -> None:
    world = world_with(item_length=[2.5, math.nan, 90, 0])
    assert world.item_minutes().tolist() == [2.5, 4.0, 90.0, 4.0]
    assert world.item_minutes(7).tolist() == [2.5, 7.0, 90.0, 7.0]
    for usual in (0, -1, math.nan, math.inf):
        with pytest.raises(OptionError, match="a finite number above 0"):
            world.item_minutes(usual)


def test_another_worth_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'quality'"):
        world_with().item_worth("qualty")  # type: ignore[arg-type]
