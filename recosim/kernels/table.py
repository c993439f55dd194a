"""How kernels reach the arrays of a batch: one table of addresses instead of fifty arguments.

numba unpacks every array argument at each call, which would cost a scalar environment more than
its step. A kernel takes one int64 array instead, the *table*: sizes and addresses. A family of
environments declares what is in its own as `Fields`, whose accessors turn a slot into an array at
no cost in compiled code. Whoever builds a table keeps the arrays alive (`Memory` does).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import carray, njit, types  # type: ignore[attr-defined]
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = ["Fields", "Memory", "Table"]

Table = NDArray[np.int64]


@intrinsic
def _typed_pointer(typing_context: Any, address: Any, dtype: Any) -> Any:
    pointer = types.CPointer(dtype.dtype)  # type: ignore[no-untyped-call]

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(pointer))

    return pointer(address, dtype), code


# What an intrinsic takes in compiled code: without the typing context.
_pointer: Any = _typed_pointer


class Fields:
    """The whole numbers and arrays that the kernels of one family use.

    Each declaration takes the next slot of the family's table and returns an accessor, which a
    kernel calls with its table. Families do not share slots: one more field of one of them changes
    no other. A kernel must get a table of the fields that it reads.

    Args:
        name: of the family, for messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.dimensions: dict[str, int] = {}  # name -> slot
        # name -> (slot, dtype, names of its dimensions)
        self.arrays: dict[str, tuple[int, Any, tuple[str, ...]]] = {}

    def __len__(self) -> int:
        """Slots of a table."""
        return len(self.dimensions) + len(self.arrays)

    def dimension(self, name: str) -> Callable[[Table], int]:
        """Declare a whole number of the table (a size or a setting); returns its accessor."""
        slot = self._new_slot(name)
        self.dimensions[name] = slot

        @njit
        def read(table: Table) -> Any:
            return table[slot]

        accessor: Callable[[Table], int] = read
        return accessor

    def array1(self, name: str, dtype: Any, rows: str) -> Callable[[Table], NDArray[Any]]:
        """Declare a one-dimensional array of the table; returns its accessor."""
        slot, first = self._new_slot(name), self.slot_of(rows)
        self.arrays[name] = (slot, dtype, (rows,))

        @njit
        def read(table: Table) -> Any:
            return carray(_pointer(table[slot], dtype), (table[first],), dtype)

        accessor: Callable[[Table], NDArray[Any]] = read
        return accessor

    def array2(
        self, name: str, dtype: Any, rows: str, columns: str
    ) -> Callable[[Table], NDArray[Any]]:
        """Declare a two-dimensional array of the table; returns its accessor."""
        slot, first, second = self._new_slot(name), self.slot_of(rows), self.slot_of(columns)
        self.arrays[name] = (slot, dtype, (rows, columns))

        @njit
        def read(table: Table) -> Any:
            return carray(_pointer(table[slot], dtype), (table[first], table[second]), dtype)

        accessor: Callable[[Table], NDArray[Any]] = read
        return accessor

    def slot_of(self, name: str) -> int:
        """The slot of a whole number in a table."""
        if name not in self.dimensions:
            raise AssertionError(f"{self.name} declares no whole number {name!r} (yet)")
        return self.dimensions[name]

    def row_arrays(self) -> list[str]:
        """The arrays that have one entry for each of the `rows`: the state of a batch."""
        return [name for name, (_, _, sizes) in self.arrays.items() if sizes[0] == "rows"]

    def _new_slot(self, name: str) -> int:
        if name in self.dimensions or name in self.arrays:
            raise AssertionError(f"{self.name} declares {name!r} twice")
        return len(self)


class Memory:
    """The arrays of one batch and the table that points at them.

    Attributes:
        table: int64, sizes and addresses, what a kernel gets.
        arrays: name -> array; the table is valid while this object lives.
    """

    def __init__(
        self, fields: Fields, sizes: dict[str, int], given: dict[str, NDArray[Any]]
    ) -> None:
        """Take the given arrays as they are and allocate the others, filled with zeros.

        Args:
            fields: of the family.
            sizes: every whole number that it declares. given: some of its arrays.
        """
        unknown = sorted((sizes.keys() - fields.dimensions) | (given.keys() - fields.arrays))
        missing = sorted(fields.dimensions.keys() - sizes)
        if unknown or missing:
            raise AssertionError(f"{fields.name}: not declared: {unknown}; not given: {missing}")
        self.table: Table = np.zeros(len(fields), dtype=np.int64)
        for name, slot in fields.dimensions.items():
            self.table[slot] = sizes[name]
        self.arrays: dict[str, NDArray[Any]] = {}
        for name, (slot, dtype, dimensions) in fields.arrays.items():
            shape = tuple(sizes[d] for d in dimensions)
            array = given.get(name)
            if array is None:
                array = np.zeros(shape, dtype=dtype)
            elif array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
                raise AssertionError(f"{name}: {array.shape} {array.dtype}, not {shape} {dtype}")
            self.arrays[name] = array
            self.table[slot] = array.ctypes.data
