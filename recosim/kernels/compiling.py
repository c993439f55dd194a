"""Compiling kernels: parts that are inlined, and functions that are kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit, types
from numba.core.caching import IndexDataCacheFile

from recosim.kernels import watch  # noqa: F401  (says what is compiled)
from recosim.kernels.digest import digest_of
from recosim.kernels.table import Table

__all__ = ["Entry", "cached", "entry", "kernel"]

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a part of a kernel: inlined into the entry kernels that call it."""
    compiled: Any = njit(nogil=True, error_model="numpy")(function)
    return compiled


def cached(**options: Any) -> Callable[[Function], Function]:
    """Compile a function that Python calls, kept on disk until anything compiled in changes.

    Args:
        options: those of `numba.njit`.
    """

    def compile_function(function: Function) -> Function:
        dispatcher: Any = njit(cache=True, **options)(function)
        _keep_by_content(dispatcher)
        compiled: Function = dispatcher
        return compiled

    return compile_function


class _CacheFile(IndexDataCacheFile):
    """Entries on disk that hold as long as the digest of the function does.

    It is read late: what a function calls may be defined after it.
    """

    def __init__(self, path: str, index: str, dispatcher: Any) -> None:
        self.dispatcher, self.digest = dispatcher, ""
        super().__init__(path, index, None)  # type: ignore[no-untyped-call]

    @property
    def _source_stamp(self) -> str:
        self.digest = self.digest or digest_of(self.dispatcher)
        return self.digest

    @_source_stamp.setter
    def _source_stamp(self, stamp: Any) -> None:
        """numba's, of the one file that the function is in, is not used."""


def _keep_by_content(dispatcher: Any) -> None:
    cache = dispatcher._cache
    if hasattr(cache, "_cache_file"):  # no cache where no folder can be written to
        path, base = cache._cache_path, cache._impl.filename_base
        cache._cache_file = _CacheFile(path, base, dispatcher)


class Entry:
    """An entry kernel: cached on disk, compiled or opened when it first runs."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.dispatcher: Any = cached(nogil=True, error_model="numpy")(function)
        self.function = function
        self.ready = False

    def __call__(self, table: Table, lo: int, hi: int) -> Any:
        if not self.ready:
            self.compile()
        return self.dispatcher(table, lo, hi)

    def compile(self) -> None:
        """Compile, or load from the cache, without a table to run on."""
        self.dispatcher.compile((types.int64[::1], types.int64, types.int64))
        self.ready = True


def entry(function: Callable[..., Any]) -> Entry:
    """An entry kernel with the signature (table, lo, hi), for the rows lo..hi-1."""
    return Entry(function)
