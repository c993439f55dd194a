"""A reader of pickles that builds plain containers only: nothing that a pickle names is run.

A pickle is a program that may call anything. Here every name that it asks for becomes a plain
stand-in: a dictionary that keeps what it is given. Sets, ordered and default dictionaries, and
arrays and numbers of numpy are read as what they hold.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from recosim.world.importers.source import SHOWN, bad, reading

__all__ = ["Plain", "read_pickle"]


class Plain(dict[Any, Any]):
    """What stands in for an object of any class: its attributes, and its entries, as they are."""

    def __new__(cls, *_: Any, **__: Any) -> Plain:
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        parts = state if isinstance(state, tuple) else (state,)
        for part in parts:
            if isinstance(part, dict):
                self.update(part)

    def append(self, value: Any) -> None:
        self[len(self)] = value

    def extend(self, values: Any) -> None:
        for value in values:
            self.append(value)

    def add(self, value: Any) -> None:
        self[value] = None


class _Dtype:
    """The code of a dtype of numpy ("i8") and its byte order."""

    def __init__(self, code: Any = "", *_: Any) -> None:
        self.code, self.order = code if isinstance(code, str) else "", "="

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
            self.order = state[1]

    def values(self, data: Any) -> list[Any]:
        if isinstance(data, str):
            data = data.encode("latin-1")
        if self.code not in ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"):
            raise pickle.UnpicklingError(f"an array of numpy of type {self.code!r}")
        order = self.order if self.order in ("<", ">") else "<"
        values: list[Any] = np.frombuffer(data, dtype=np.dtype(order + self.code)).tolist()
        return values


class _Array(list[Any]):
    """The entries of an array of numpy, as lists."""

    def __init__(self, *_: Any) -> None:
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        if isinstance(data, list):  # objects
            self[:] = data
            return
        values = np.array(dtype.values(data)).reshape(shape, order="F" if fortran else "C")
        self[:] = values.tolist()


def _scalar(dtype: Any, data: Any = b"") -> Any:
    return dtype.values(data)[0]


def _array(*_: Any) -> _Array:
    return _Array()


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any = "C") -> _Array:
    array = _Array()
    array.__setstate__((1, shape, dtype, order == "F", data))
    return array


def _bytes(text: Any = "", *_: Any) -> bytes:
    """Bytes as the older protocols hold them: a text, a character a byte."""
    return text.encode("latin-1") if isinstance(text, str) else b""


def _rebuilt(*_: Any) -> Plain:
    return Plain()


def _dictionary(*arguments: Any) -> dict[Any, Any]:
    """A default or ordered dictionary: its entries, and no factory that could be called."""
    pairs = arguments[-1] if arguments and isinstance(arguments[-1], (list, dict)) else ()
    return dict(pairs)


def _set(values: Any = ()) -> set[Any]:
    return set(values) if isinstance(values, (list, tuple, set)) else set()


# What names stand for. Everything else is `Plain`.
KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): _dictionary,
    ("collections", "defaultdict"): _dictionary,
    ("collections", "Counter"): _dictionary,
    ("builtins", "set"): _set,
    ("builtins", "frozenset"): _set,
    ("__builtin__", "set"): _set,
    ("__builtin__", "frozenset"): _set,
    ("_codecs", "encode"): _bytes,
    ("builtins", "bytes"): _bytes,
    ("__builtin__", "bytes"): _bytes,
    ("builtins", "bytearray"): _bytes,
    ("copyreg", "_reconstructor"): _rebuilt,
    ("copy_reg", "_reconstructor"): _rebuilt,
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _array,
    ("numpy._core.multiarray", "_reconstruct"): _array,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "scalar"): _scalar,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return KNOWN.get((module, name), Plain)


def read_pickle(path: Path) -> Any:
    """What a pickle holds, in dictionaries, lists, tuples, sets, texts and numbers.

    Raises:
        ImportDataError: no pickle, a damaged one, or one that holds what is not plain.
    """
    with reading(path) as (_, stream):
        data = stream.read()
    try:
        return _Reader(io.BytesIO(data), encoding="latin-1").load()
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to say
        text = (str(error).splitlines() or [""])[0][:SHOWN]
        problem = f"cannot be read as a pickle of plain containers: {type(error).__name__} {text}"
        raise bad(path, problem.strip()) from None
