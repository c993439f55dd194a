"""Fields of a family, and the tables that kernels get."""

from __future__ import annotations

import numpy as np
import pytest
from reference.random_worlds import random_vectors, random_world

from recosim.envs.cpr.dialogues import Dialogues
from recosim.envs.cpr.fields import fields as cpr
from recosim.envs.cpr.protocol import Protocol
from recosim.kernels.compiling import entry
from recosim.kernels.table import Fields, Memory, Table

# A second family beside CPR's, in one process: one number, lists of numbers, and their sums.
fields = Fields("sums")
rows = fields.dimension("rows")
width = fields.dimension("width")
scale = fields.dimension("scale")
numbers = fields.array2("numbers", np.float32, "rows", "width")
sums = fields.array1("sums", np.float64, "rows")
names = fields.array1("names", np.int32, "width")


@entry
def add_up(t: Table, lo: int, hi: int) -> None:
    for b in range(lo, hi):
        for k in range(width(t)):
            sums(t)[b] += scale(t) * numbers(t)[b, k]


def test_families_have_tables_of_their_own() -> None:
    slots = len(cpr)
    memory = Memory(fields, {"rows": 3, "width": 2, "scale": 10}, {})
    memory.arrays["numbers"][:] = [[1, 2], [3, 4], [5, 6]]
    add_up(memory.table, 0, 2)
    assert memory.arrays["sums"].tolist() == [30.0, 70.0, 0.0]
    rng = np.random.default_rng(0)
    world = random_world(rng, n_attributes=9, n_items=40)
    batch = Dialogues(world, random_vectors(rng, world), Protocol(), 2)
    batch.open(seeds=[1, 2])
    opened = batch.state()
    Fields("third").dimension("rows")
    again = Dialogues(world, batch.vectors, Protocol(), 2)
    again.open(seeds=[1, 2])
    for name, array in opened.items():
        assert array.tobytes() == again.arrays[name].tobytes(), name
    assert opened["n_candidates"].min() > 0
    assert len(cpr) == slots == len(batch.table)


def test_only_arrays_by_row_are_the_state_of_a_batch() -> None:
    assert fields.row_arrays() == ["numbers", "sums"]
    assert {"status", "seed"} < set(cpr.row_arrays())
    assert "bitsets" not in cpr.row_arrays()


def test_given_arrays_are_used_where_they_are() -> None:
    given = np.ones((1, 2), dtype=np.float32)
    memory = Memory(fields, {"rows": 1, "width": 2, "scale": 1}, {"numbers": given})
    given[0, 0] = 7
    add_up(memory.table, 0, 1)
    assert memory.arrays["sums"][0] == 8


@pytest.mark.parametrize(
    ("sizes", "given", "message"),
    [
        ({"rows": 1, "width": 2}, {}, r"not given: \['scale'\]"),
        ({"rows": 1, "width": 2, "scale": 1, "wdth": 3}, {}, r"not declared: \['wdth'\]"),
        ({"rows": 1, "width": 2, "scale": 1}, {"sum": np.zeros(1)}, r"not declared: \['sum'\]"),
        ({"rows": 1, "width": 2, "scale": 1}, {"sums": np.zeros(2)}, "sums: "),
        ({"rows": 1, "width": 2, "scale": 1}, {"sums": np.zeros(1, np.float32)}, "sums: "),
    ],
)
def test_what_does_not_fit_the_declaration_is_refused(
    sizes: dict[str, int], given: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        Memory(fields, sizes, given)


def test_a_name_is_declared_once_and_before_it_is_used() -> None:
    other = Fields("other")
    other.dimension("rows")
    with pytest.raises(AssertionError, match="'rows' twice"):
        other.array1("rows", np.int64, "rows")
    with pytest.raises(AssertionError, match="'width'"):
        other.array1("values", np.int64, "width")
