"""The digest of what is compiled into a kernel: its code, and every value that it takes in.

numba keeps compiled functions on disk until the file of the *cached* function changes. But the
constants of other modules (positions of settings, numbers of outcomes, slots of fields) and the
functions that it calls are compiled in too. So the cache is keyed by what a kernel really consists
of, which `digest_of` follows from name to name: no list of files to forget one in.
"""

from __future__ import annotations

import enum
import hashlib
import sys
from collections.abc import Callable
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher

__all__ = ["digest_of"]

# What these hold is told by their version, which numba keys its cache by; all others are followed.
_VERSIONED = {"numba", "numpy", "llvmlite", *sys.stdlib_module_names} - {"__main__"}
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), np.generic)


def digest_of(function: Any) -> str:
    """sha256 of the code of a function, of all that it calls, and of every constant in them.

    Args:
        function: a Python function, or what numba or `recosim.kernels.compiling` made of one.

    Raises:
        TypeError: it uses a global value of a kind that cannot be told apart by content.
    """
    digest = hashlib.sha256()
    _Walk(digest.update).value(function)
    return digest.hexdigest()


class _Walk:
    """Feeds what can be reached from a value, depth first, each function once."""

    def __init__(self, update: Callable[[bytes], None]) -> None:
        self.update = update
        self.seen: dict[int, int] = {}  # id -> order in which it was met

    def text(self, *words: object) -> None:
        self.update("\x1f".join(map(str, words)).encode() + b"\x1e")

    def value(self, value: Any) -> None:
        """One value that a kernel refers to."""
        python = _python_function(value)
        if python is not None:
            if id(python) in self.seen:
                self.text("again", self.seen[id(python)])
                return
            if isinstance(value, Dispatcher):
                options = {k: v for k, v in value.targetoptions.items() if k != "cache"}
                self.text("options", sorted((k, _option(v)) for k, v in options.items()))
            self.function(python)
        elif isinstance(value, enum.Enum):
            self.text("enum", type(value).__qualname__, value.name, value.value)
        elif isinstance(value, _PLAIN):
            self.text(type(value).__name__, repr(value))
        elif isinstance(value, (tuple, list)):
            self.text("sequence", len(value))
            for part in value:
                self.value(part)
        elif isinstance(value, (set, frozenset)):
            self.text("set", sorted(map(repr, value)))
        elif isinstance(value, dict):
            self.text("mapping", len(value))
            for key, part in value.items():
                self.text(key)
                self.value(part)
        elif isinstance(value, np.ndarray):
            self.text("array", value.dtype, value.shape)
            self.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, (type, ModuleType, np.dtype)) or callable(value):
            self.text("named", getattr(value, "__module__", ""), _name(value))
            self.text(*getattr(value, "_fields", ()))  # a named tuple is read by position
        else:
            raise TypeError(
                f"a kernel uses a global {type(value).__name__} ({value!r}), whose content cannot "
                "be told; use numbers, strings, arrays, tuples of them, or functions."
            )

    def function(self, function: FunctionType) -> None:
        if _is_versioned(function.__module__):
            self.text("named", function.__module__, function.__qualname__)
            return
        self.seen[id(function)] = len(self.seen)
        self.text("function", function.__name__)
        self.code(function.__code__, function.__globals__)
        for cell in function.__closure__ or ():
            self.value(cell.cell_contents)
        self.value(function.__defaults__)
        for name, annotation in sorted(function.__annotations__.items()):
            fields = getattr(_resolved(annotation, function.__globals__), "_fields", None)
            if fields is not None:
                self.text("argument", name, *fields)

    def code(self, code: CodeType, names: dict[str, Any]) -> None:
        self.text(code.co_name, code.co_varnames, code.co_freevars, code.co_names)
        self.update(code.co_code)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self.code(constant, names)
            else:
                self.value(constant)
        modules = []
        for name in code.co_names:
            if name in names:
                value = names[name]
                if isinstance(value, ModuleType):
                    if not _is_versioned(value.__name__):
                        modules.append(value)
                else:
                    self.text("global", name)
                    self.value(value)
        # What is read of modules: their names beside those of the functions and arrays.
        for module in modules:
            for name in code.co_names:
                if name != module.__name__ and hasattr(module, name):
                    self.text("of", module.__name__, name)
                    self.value(getattr(module, name))


def _python_function(value: Any) -> FunctionType | None:
    """The Python function behind a function, a compiled one, an entry kernel or an intrinsic."""
    for attribute in ("py_func", "_defn", "function"):
        inner = getattr(value, attribute, None)
        if isinstance(inner, FunctionType):
            return inner
    return value if isinstance(value, FunctionType) else None


def _is_versioned(module: str | None) -> bool:
    return module is not None and module.partition(".")[0] in _VERSIONED


def _option(value: Any) -> str:
    flags = getattr(value, "flags", value)
    return repr(sorted(flags)) if isinstance(flags, (set, frozenset)) else repr(flags)


def _resolved(annotation: Any, names: dict[str, Any]) -> Any:
    return names.get(annotation) if isinstance(annotation, str) else annotation


def _name(value: Any) -> str:
    return str(getattr(value, "__qualname__", getattr(value, "__name__", repr(value))))
