"""How kernels reach the arrays of a batch: one table of addresses instead of fifty arguments.

numba unpacks every array argument at each call, which would cost a scalar environment more than its
step. A kernel takes one int64 array instead, the *table*: sizes and addresses. The accessors of
`recosim.envs.cpr.fields` turn a slot of it into an array, at no cost in compiled code. Whoever
builds a table keeps the arrays alive (`Memory` does).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numba import carray, njit, types  # type: ignore[attr-defined]
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = [
    "Entry",
    "Memory",
    "Table",
    "array1",
    "array2",
    "dimension",
    "entry",
    "kernel",
    "popcount",
    "row_arrays",
    "slot_of",
    "trailing_zeros",
]

Table = NDArray[np.int64]
Function = TypeVar("Function", bound=Callable[..., Any])


def _source_digest() -> str:
    """Of all kernel sources: numba itself would look at the file of the cached function alone."""
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    compiled = ("kernels/*.py", "envs/cpr/*.py", "users/behaviour.py", "acts.py", "standing.py")
    for path in sorted(path for pattern in compiled for path in package.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


_DIGEST = _source_digest()


def kernel(function: Function) -> Function:
    """Compile a part of a kernel: inlined into the entry kernels that call it."""
    compiled: Any = njit(nogil=True, error_model="numpy")(function)
    return compiled


class Entry:
    """An entry kernel: cached on disk, and a word on the terminal while it compiles."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.dispatcher: Any = njit(nogil=True, error_model="numpy", cache=True)(function)
        self.function = function
        self.ready = False
        cache_file: Any = getattr(getattr(self.dispatcher, "_cache", None), "_cache_file", None)
        if hasattr(cache_file, "_source_stamp"):
            cache_file._source_stamp = _DIGEST

    def __call__(self, table: Table, lo: int, hi: int) -> Any:
        if not self.ready:
            self._load(table, lo, hi)
        return self.dispatcher(table, lo, hi)

    def _load(self, table: Table, lo: int, hi: int) -> None:
        """Compile, or load from the cache, saying so if it is the slow one of the two."""
        signature = (types.int64[::1], types.int64, types.int64)
        cache_file = getattr(getattr(self.dispatcher, "_cache", None), "_cache_file", None)
        index = Path(
            getattr(cache_file, "_cache_path", "."), getattr(cache_file, "_index_name", "-")
        )
        if not index.is_file() and sys.stderr.isatty():
            print(
                f"recosim: compiling kernel {self.function.__name__!r}, once on this machine ...",
                file=sys.stderr,
            )
        self.dispatcher.compile(signature)
        self.ready = True


def entry(function: Callable[..., Any]) -> Entry:
    """An entry kernel with the signature (table, lo, hi), for the rows lo..hi-1."""
    return Entry(function)


@intrinsic
def _typed_pointer(typing_context: Any, address: Any, dtype: Any) -> Any:
    pointer = types.CPointer(dtype.dtype)  # type: ignore[no-untyped-call]

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(pointer))

    return pointer(address, dtype), code


# What an intrinsic takes in compiled code: without the typing context.
_pointer: Any = _typed_pointer


@intrinsic
def _popcount(typing_context: Any, word: Any) -> Any:
    """Number of set bits of a uint64, as int64."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), code


@intrinsic
def _trailing_zeros(typing_context: Any, word: Any) -> Any:
    """Position of the lowest set bit of a uint64 that is not 0, as int64."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        from llvmlite import ir

        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), code


popcount: Callable[[Any], Any] = _popcount  # type: ignore[assignment]
trailing_zeros: Callable[[Any], Any] = _trailing_zeros  # type: ignore[assignment]

# name -> (slot, dtype, names of its dimensions)
_ARRAYS: dict[str, tuple[int, Any, tuple[str, ...]]] = {}
_DIMENSIONS: dict[str, int] = {}
_SLOTS = 160


def _slot() -> int:
    slot = len(_ARRAYS) + len(_DIMENSIONS)
    if slot >= _SLOTS:
        raise AssertionError("raise _SLOTS")
    return slot


def dimension(name: str) -> Callable[[Table], int]:
    """Declare a whole number of the table (a size or a setting); returns its accessor."""
    slot = _DIMENSIONS.setdefault(name, _slot())

    @njit
    def read(table: Table) -> Any:
        return table[slot]

    accessor: Callable[[Table], int] = read
    return accessor


def array1(name: str, dtype: Any, rows: str) -> Callable[[Table], NDArray[Any]]:
    """Declare a one-dimensional array of the table; returns its accessor."""
    slot = _slot()
    _ARRAYS[name] = (slot, dtype, (rows,))
    first = _DIMENSIONS[rows]

    @njit
    def read(table: Table) -> Any:
        return carray(_pointer(table[slot], dtype), (table[first],), dtype)

    accessor: Callable[[Table], NDArray[Any]] = read
    return accessor


def array2(name: str, dtype: Any, rows: str, columns: str) -> Callable[[Table], NDArray[Any]]:
    """Declare a two-dimensional array of the table; returns its accessor."""
    slot = _slot()
    _ARRAYS[name] = (slot, dtype, (rows, columns))
    first, second = _DIMENSIONS[rows], _DIMENSIONS[columns]

    @njit
    def read(table: Table) -> Any:
        return carray(_pointer(table[slot], dtype), (table[first], table[second]), dtype)

    accessor: Callable[[Table], NDArray[Any]] = read
    return accessor


def slot_of(name: str) -> int:
    """The slot of a whole number in a table."""
    return _DIMENSIONS[name]


def row_arrays() -> list[str]:
    """The arrays that have one entry for each conversation: the state of a batch."""
    return [name for name, (_, _, dimensions) in _ARRAYS.items() if dimensions[0] == "rows"]


class Memory:
    """The arrays of one batch and the table that points at them.

    Attributes:
        table: int64, sizes and addresses, what a kernel gets.
        arrays: name -> array; the table is valid while this object lives.
    """

    def __init__(self, sizes: dict[str, int], given: dict[str, NDArray[Any]]) -> None:
        """Take the given arrays as they are and allocate the others, filled with zeros."""
        self.table: Table = np.zeros(_SLOTS, dtype=np.int64)
        for name, slot in _DIMENSIONS.items():
            self.table[slot] = sizes[name]
        self.arrays: dict[str, NDArray[Any]] = {}
        for name, (slot, dtype, dimensions) in _ARRAYS.items():
            shape = tuple(sizes[d] for d in dimensions)
            array = given.get(name)
            if array is None:
                array = np.zeros(shape, dtype=dtype)
            elif array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
                raise AssertionError(f"{name}: {array.shape} {array.dtype}, not {shape} {dtype}")
            self.arrays[name] = array
            self.table[slot] = array.ctypes.data
